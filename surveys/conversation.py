"""What people and the bot say to each other, in words no platform owns. Pure."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Address", "Entity", "Incoming", "Option", "Reply", "Say", "Style"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person can be written to: an account of ours (`telegram`, `web`, `console`, `zalo:<oa>`) and the id
    the platform gives them there. Personal data: it lives in memory while a message is handled, and encrypted at rest."""

    account: str
    id: str

    @property
    def person(self) -> bytes:
        """The bytes that nullifiers are made of: one person on one account is one person."""
        return f"{self.account}/{self.id}".encode()

    def __repr__(self) -> str:
        # An address printed by accident must not name anybody.
        return f"Address({self.account!r}, …)"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person did, as every channel tells it. Text is NFC, without NUL and lone surrogates."""

    sender: Address
    key: str
    """The platform's own id of this message: the same message delivered twice has the same key."""
    text: str = ""
    tap: str | None = None
    """The token of an `Option` that was offered to this person; anything else is a forgery or very old."""
    start: str | None = None
    """The payload of a deep link or QR; '' for a bare start; None when this is not a start."""
    location: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""
    photo: str | None = None
    """The platform's reference of a picture."""
    language: str | None = None
    """What the platform says of the person's language (`vi`, `km`, `en` …): a display hint, nothing more."""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice a person may tap. Where a platform has no buttons, its place in the list (from 1) is typed instead."""

    label: str
    token: str
    """At most 64 bytes of ASCII: opaque, made for one person and one question of one wave."""
    number: int | None = None
    """The number to type for it, when it is not its place in the list (“0. Không ý kiến”)."""


class Style(StrEnum):
    """How a stretch of text stands out, where a platform can show it."""

    BOLD = "bold"
    ITALIC = "italic"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of a text and its style. Counted in characters (code points); a platform that counts otherwise converts."""

    style: Style
    offset: int
    length: int
    url: str = ""
    """Of a LINK alone: where it leads."""

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Say:
    """One message to a person: plain text, never markup."""

    text: str
    options: tuple[Option, ...] = ()
    file: tuple[str, bytes] | None = None
    """A document to hand over (name, content): the person's own data, for example."""
    image: bytes | None = None
    """A JPEG above the text; a channel that cannot carry one sends the text alone."""
    entities: tuple[Entity, ...] = ()
    """What stands out in the text; a channel that cannot show it sends the text alone. Bold and italic, which do not cross."""
    is_aside: bool = False
    """It comes while a person may be at a question of a survey: its choices can be tapped, and never stand there as numbers, for a
    number they type answers the question."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What we answer to one `Incoming`. Never stored: it would tell who answered what."""

    messages: tuple[Say, ...] = ()
    stamp: str | None = None
    """What the tapped message becomes where the platform can edit (“3/5  Đã ghi.”): never the choice itself."""
