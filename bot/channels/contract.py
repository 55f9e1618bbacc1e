"""What every channel promises: a `Say` becomes a request, a failure becomes one of a few kinds named by what we must do.
It knows no platform."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from bot.channels.pacing import Place, Window
from surveys.conversation import Address, Incoming, Option, Reply, Say

__all__ = [
    "Accept",
    "Channel",
    "ContactGone",
    "Limits",
    "Misconfigured",
    "Outcome",
    "Paced",
    "Recalls",
    "Rejected",
    "RetryAfter",
    "Sent",
    "Unknown",
    "WindowClosed",
    "deliver",
    "numbered",
    "numbers",
    "parts",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform took it."""

    id: str
    """The platform's id of the (last) message."""
    earlier: tuple[str, ...] = ()
    """Those of the messages before it, where one `Say` took several."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.earlier, self.id)


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Certainly not sent: try again, no sooner than this."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform will never take this message: repeating it is useless."""

    reason: str


@dataclass(frozen=True, slots=True)
class ContactGone:
    """This person has blocked us or left: write no more until they write again."""

    reason: str


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """The platform lets us write only for a while after the person's last message, and that while is over."""

    reason: str


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """Ours to mend: a revoked token, a wrong secret, a second process on the same account. Nothing will be taken until then."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have arrived or not: a connection broke or a server failed in the middle."""

    reason: str


Outcome = Sent | RetryAfter | Rejected | ContactGone | WindowClosed | Misconfigured | Unknown


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message on this channel can carry."""

    text: int
    """Longest text, in UTF-16 units: the strictest way a platform counts."""
    buttons: bool
    """False where choices must be written as numbered lines."""
    edits: bool
    """True where a message already sent can be changed: only there does a `Reply.stamp` show."""
    files: bool


class Accept(Protocol):
    """How a channel hands over what a person did: `Intake.accept`. When it returns, the effect is on disk and may be
    acknowledged. Raises `Unavailable` when it is not: then the platform must keep the message and send it again."""

    async def __call__(self, incoming: Incoming, /) -> Reply: ...


class Channel(Protocol):
    """One account on one platform. Incoming traffic it turns into `Incoming` and hands to its `Accept`, one person's in
    order; a platform's message is acknowledged only after that returned."""

    @property
    def account(self) -> str:
        """The `Address.account` of everybody who writes here."""
        ...

    @property
    def limits(self) -> Limits: ...

    async def send(self, address: Address, say: Say) -> Outcome:
        """One attempt at one message. Trouble is a value, never an exception; no outcome names a person or a secret."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A channel whose platform takes so many messages in a second. Who sends in bulk asks for a place in the window first, writes down
    that the message leaves, and sends it in that place; replies of the channel's own go by the same window, and first."""

    @property
    def window(self) -> Window | None: ...

    async def send_in(self, place: Place, address: Address, say: Say) -> Outcome:
        """As `send`. The place is left when the answer is there."""
        ...


@runtime_checkable
class Recalls(Protocol):
    """A channel on which what was sent can be taken back for a while."""

    @property
    def recalls_for(self) -> timedelta: ...

    async def recall(self, address: Address, ids: tuple[str, ...], say: Say) -> Outcome:
        """The messages of these ids say this instead, or are no more. Rejected where neither can be: then it must be said anew."""
        ...


async def deliver(channel: Channel, address: Address, messages: Iterable[Say]) -> Outcome | None:
    """Sends them in order and stops at the first one not taken. The last outcome; None when there was nothing to send."""
    outcome: Outcome | None = None
    for say in messages:
        outcome = await channel.send(address, say)
        if not isinstance(outcome, Sent):
            return outcome
    return outcome


def numbers(options: tuple[Option, ...]) -> tuple[int, ...]:
    """What to type for each: its own number, else its place in the list from 1."""
    return tuple(
        place if option.number is None else option.number for place, option in enumerate(options, start=1)
    )


def numbered(say: Say) -> str:
    """A message for a channel without buttons: the choices become lines to answer by their number."""
    if not say.options or say.is_aside:
        return say.text
    lines = [
        f"{number}. {option.label}" for number, option in zip(numbers(say.options), say.options, strict=True)
    ]
    return "\n".join((say.text, *lines)) if say.text else "\n".join(lines)


SENTENCE_ENDS = (".", "!", "?", "…", ":", ";", "។", "៕")
"""After which a long text may be cut; the last two end a Khmer sentence and a Khmer paragraph."""


def parts(text: str, limit: int) -> tuple[str, ...]:
    """The text in pieces of at most `limit` UTF-16 units, cut at the best place there is: a paragraph, a line, a sentence,
    a word. Nothing but white space at the cuts is lost. No piece is empty: a blank text has none."""
    pieces: list[str] = []
    rest = text.strip()
    while _length(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        pieces.append(rest)
    return tuple(pieces)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, limit: int) -> int:
    """Where the first piece ends: as far on as possible, but not in the first half unless nothing else will do."""
    reach = _reach(text, limit)
    window = text[: reach + 1]
    for found in (window.rfind("\n\n"), window.rfind("\n"), _sentence_end(window)):
        if found > reach // 2:
            return found
    space = max(window.rfind(" "), window.rfind("\u200b"))  # Khmer parts its words with zero-width spaces
    if space > 0:
        return space
    while reach > 1 and _clings(text, reach):
        reach -= 1
    return reach


def _reach(text: str, limit: int) -> int:
    """How many characters fit in the limit; at least one, or a limit of 1 would never get past an emoji."""
    units = 0
    for place, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > limit:
            return max(place, 1)
    return len(text)


def _sentence_end(window: str) -> int:
    for place in range(len(window) - 1, 0, -1):
        if window[place].isspace() and window[place - 1] in SENTENCE_ENDS:
            return place
    return -1


def _clings(text: str, place: int) -> bool:
    """Whether cutting here would tear a vowel sign or an emoji sequence from its base."""
    return unicodedata.category(text[place])[0] == "M" or "\u200d" in text[place - 1 : place + 1]
