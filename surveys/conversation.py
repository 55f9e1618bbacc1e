"""What people and the bot say to each other, in words no platform owns. Pure."""

from dataclasses import dataclass

__all__ = ["Address", "Incoming", "Option", "Reply", "Say"]


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


@dataclass(frozen=True, slots=True)
class Say:
    """One message to a person: plain text, never markup."""

    text: str
    options: tuple[Option, ...] = ()
    file: tuple[str, bytes] | None = None
    """A document to hand over (name, content): the person's own data, for example."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What we answer to one `Incoming`. Never stored: it would tell who answered what."""

    messages: tuple[Say, ...] = ()
    stamp: str | None = None
    """What the tapped message becomes where the platform can edit (“3/5  Đã ghi.”): never the choice itself."""
