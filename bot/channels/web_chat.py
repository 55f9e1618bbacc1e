"""The web chat as a channel: what a browser says becomes `Incoming`, what we answer waits in memory until every open page
of that visitor has it. It knows neither HTTP nor cookies; `bot/web/chat.py` does."""

import asyncio
import base64
import json
import re
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from bot.channels.contract import Accept, Limits, Outcome, Sent, WindowClosed, numbers
from surveys import texts
from surveys.conversation import Address, Incoming, Reply, Say

__all__ = ["Event", "Full", "Said", "TooFast", "TooLong", "Unreadable", "WebChat", "read"]

ACCOUNT = "web"
LONGEST_TEXT = 2000  # characters of one message; the page's text box holds no more
LONGEST_TOKEN = 256  # taps, link payloads and event ids are far shorter
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
WAYS_AROUND = ("button.skip", "button.back", "button.more")

# What we answered is kept in memory only, and only for a page that is about to come back: it is what a person was asked.
KEPT_FOR = timedelta(minutes=10)
EVENTS_KEPT = 40  # of one visitor; a page that missed more asks for the current question instead
BYTES_KEPT = 32 * 1024 * 1024  # of all visitors together
HEARTBEAT = timedelta(seconds=15)  # proxies close a stream that is silent for 30 to 60 seconds
PAGES_PER_VISITOR = 4
PAGES = 2000  # open streams of one process

BURST = 40  # messages a person can send at once: a whole survey in quick taps
PER_SECOND = 2.0  # and from then on


class Unreadable(Exception):
    """This is not a message of our page."""


class TooLong(Exception):
    """The text is longer than a message may be."""


class TooFast(Exception):
    """More messages than a person can write; the page waits and sends it again."""


class Full(Exception):
    """As many pages are open as this process will serve."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a page: what was said, and how far the page has read."""

    key: str
    text: str = ""
    tap: str | None = None
    start: str | None = None
    after: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One reply, or one message of ours, as pages get it."""

    id: str
    data: str
    """JSON on one line."""


def read(body: bytes) -> Said:
    """What a page posted: `{"key", "after", "language"}` and one of `text`, `tap`, `start`, `again`.
    Raises Unreadable, or TooLong when only the text is."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise Unreadable("not JSON") from problem
    if not isinstance(given, dict):
        raise Unreadable("not an object")
    said = [name for name in ("text", "tap", "start", "again") if given.get(name) is not None]
    if len(said) != 1:
        raise Unreadable("one of text, tap, start, again")
    key = given.get("key")
    if not isinstance(key, str) or not KEY.match(key):
        raise Unreadable("no key")
    language = given.get("language")
    return Said(
        key=key,
        text=_text(given.get("text")),
        # Asking for the current question is an old tap: it changes nothing, and is answered with where one is.
        tap="again" if said == ["again"] else _token(given.get("tap")),
        start=_token(given.get("start")),
        after=_token(given.get("after")) or "",
        language=language if isinstance(language, str) and language in texts.LANGUAGES else None,
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise Unreadable("no text")
    if len(value) > LONGEST_TEXT:
        raise TooLong("the text is too long")
    return value


def _token(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TOKEN or not value.isascii():
        raise Unreadable("not a token")
    return value


@dataclass(eq=False, slots=True)
class _Page:
    """One open stream: woken when there is something new, or when it must end."""

    bell: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def end(self) -> None:
        self.ended = True
        self.bell.set()


@dataclass(eq=False, slots=True)
class _Line:
    """All we hold of one visitor: the last replies, the open pages, how fast they write."""

    id: str
    """Random: ids of an earlier process, or of a line we have forgotten, are never taken for ours."""
    heard_at: float
    allowance: float = BURST
    count: int = 0
    events: deque[Event] = field(default_factory=deque)
    pages: list[_Page] = field(default_factory=list)
    size: int = 0

    def place(self, event_id: str) -> int | None:
        """How far a page has read; None when what came after is not all here."""
        line, _, number = event_id.partition(".")
        if line != self.id or not number.isdecimal():
            return None
        read = int(number)
        return read if self.count - len(self.events) <= read <= self.count else None

    def since(self, place: int) -> tuple[Event, ...]:
        return tuple(self.events)[max(0, len(self.events) - (self.count - place)) :]

    def id_of(self, place: int) -> str:
        return f"{self.id}.{place}"


class WebChat:
    """The channel behind `/chat`. A visitor is the random id in their signed cookie."""

    account = ACCOUNT
    limits = Limits(text=4000, buttons=True, edits=True, files=True)

    def __init__(self, accept: Accept, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._accept = accept
        self._clock = clock
        self._lines: OrderedDict[str, _Line] = OrderedDict()  # the one heard of longest ago first
        self._size = 0
        self._pages = 0
        self._closed = False

    async def say(self, visitor: str, said: Said) -> Sequence[Event]:
        """Hands over what was said; when it returns, the effect is on disk. Gives what this page has not read yet: streams
        get the same, but some proxies hold streams back. Raises TooFast; Unavailable when the database is away."""
        self._spend(self._line(visitor))
        reply = await self._accept(
            Incoming(
                Address(ACCOUNT, visitor),
                said.key,
                text=said.text,
                tap=said.tap,
                start=said.start,
                language=said.language,
            )
        )
        line = self._line(visitor)  # perhaps a new one: forgetting does not wait for us
        place = line.place(said.after)
        event = self._add(line, _as_data(reply, said.key))
        return (event,) if place is None else line.since(place)

    async def send(self, address: Address, say: Say) -> Outcome:
        """One message without being asked: it arrives only where a page is open."""
        line = self._lines.get(address.id)
        if line is None or not line.pages:
            return WindowClosed("no page is open")
        return Sent(self._add(line, _as_data(Reply((say,)), None)).id)

    def listen(self, visitor: str, after: str) -> AsyncIterator[bytes]:
        """The stream of one page, in the wire format of server-sent events; it ends when the page goes or we stop.
        It begins with `hello`: `again` is true when the page should ask for the current question. Raises Full."""
        if self._closed or self._pages >= PAGES:
            raise Full("too many open pages")
        return self._stream(visitor, after)

    def hang_up(self) -> None:
        """Ends every stream, now and for good: the process is about to stop. Pages come back by themselves."""
        self._closed = True
        for line in self._lines.values():
            for page in line.pages:
                page.end()

    async def _stream(self, visitor: str, after: str) -> AsyncIterator[bytes]:
        line = self._line(visitor)
        page = _Page()
        line.pages.append(page)
        self._pages += 1
        for surplus in line.pages[:-PAGES_PER_VISITOR]:
            surplus.end()
        found = line.place(after)
        # Fixed before the first byte leaves: what is said while it is on its way is news to this page.
        place = line.count if found is None else found
        try:
            yield b"retry: 1500\n\n"
            yield _hello(line.id_of(place), again=found is None)
            while not (page.ended or self._closed):
                page.bell.clear()
                if line.place(line.id_of(place)) is None:  # so slow that the oldest are gone
                    place = line.count
                    yield _hello(line.id_of(place), again=True)
                for event in line.since(place):
                    place += 1
                    yield _wire("reply", event.id, event.data)
                if place == line.count and not await _rung(page.bell, HEARTBEAT):
                    yield b": still here\n\n"
                    self._forget()
        finally:
            self._pages -= 1
            line.pages.remove(page)

    def _line(self, visitor: str) -> _Line:
        self._forget()
        line = self._lines.get(visitor)
        if line is None:
            line = self._lines[visitor] = _Line(secrets.token_urlsafe(6), self._clock())
        self._touch(visitor, line)
        return line

    def _touch(self, visitor: str, line: _Line) -> None:
        now = self._clock()
        line.allowance = min(BURST, line.allowance + (now - line.heard_at) * PER_SECOND)
        line.heard_at = now
        self._lines.move_to_end(visitor)

    def _spend(self, line: _Line) -> None:
        if line.allowance < 1:
            raise TooFast("more messages than a person can write")
        line.allowance -= 1

    def _add(self, line: _Line, data: str) -> Event:
        line.count += 1
        event = Event(line.id_of(line.count), data)
        line.events.append(event)
        self._grow(line, len(data))
        while len(line.events) > EVENTS_KEPT:
            self._grow(line, -len(line.events.popleft().data))
        self._forget()
        for page in line.pages:
            page.bell.set()
        return event

    def _grow(self, line: _Line, by: int) -> None:
        line.size += by
        self._size += by

    def _forget(self) -> None:
        """Lets go of who has not been heard of for a while, and of the oldest when there is too much."""
        too_old = self._clock() - KEPT_FOR.total_seconds()
        while self._lines:
            visitor, line = next(iter(self._lines.items()))
            if line.heard_at > too_old and self._size <= BYTES_KEPT:
                return
            self._grow(line, -line.size)
            line.events.clear()
            if line.pages:
                self._touch(visitor, line)  # an open page keeps its line, not what was said
            else:
                del self._lines[visitor]


async def _rung(bell: asyncio.Event, patience: timedelta) -> bool:
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await bell.wait()
    except TimeoutError:
        return False
    return True


def _hello(event_id: str, *, again: bool) -> bytes:
    return _wire("hello", event_id, json.dumps({"again": again}))


def _wire(name: str, event_id: str, data: str) -> bytes:
    return f"event: {name}\nid: {event_id}\ndata: {data}\n\n".encode()


def _as_data(reply: Reply, key: str | None) -> str:
    return json.dumps(
        {"key": key, "stamp": reply.stamp, "messages": [_message(say) for say in reply.messages]},
        ensure_ascii=False,
        separators=(",", ":"),
    )


@cache
def asides() -> frozenset[str]:
    """Labels that are ways around a question rather than answers to it: the page draws them smaller, below the answers."""
    around = (texts.say(language, key) for language in texts.LANGUAGES for key in WAYS_AROUND)
    return frozenset(around) | frozenset(texts.NAMES.values())


def _message(say: Say) -> Mapping[str, Any]:
    message: dict[str, Any] = {"text": say.text}
    if say.options:
        message["options"] = [
            {
                "label": option.label,
                "token": option.token,
                "number": number,
                "aside": option.label in asides(),
            }
            for option, number in zip(say.options, numbers(say.options), strict=True)
        ]
    if say.file:
        name, content = say.file
        message["file"] = {"name": name, "content": base64.b64encode(content).decode()}
    return message
