"""Where a person is before they have agreed to a survey, and after: greeting, ward, privacy card, menu, their data. Pure.

The lobby knows of surveys only which there are and whether this person has a session in them; what it decides beyond itself
is an `Effect`, which the handler carries out."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from surveys.entry import Entry, Stream
from surveys.forms.session import Menu
from surveys.notices import Push, Topic

__all__ = [
    "AskLater",
    "AskNoMore",
    "Begin",
    "Effect",
    "Enrol",
    "Export",
    "Lobby",
    "Resume",
    "SeeNews",
    "SeeResults",
    "SeeSubscriptions",
    "Unfollow",
    "Unsubscribe",
    "Verify",
    "Withdraw",
]


BY_NO_LINK = Entry()


@dataclass(frozen=True, slots=True)
class Lobby:
    language: str
    entry: Entry = BY_NO_LINK
    """How they came; its unit is the ward they chose since."""
    view: str = "wards"
    """The act whose page they see: said again whenever something cannot be understood."""
    menu: Menu = ()
    seen: bytes = b""
    heard: int | None = None
    """When they wrote last and were answered here, in seconds since 1970: whether what they type now answers this page, or what was
    sent to them since."""
    follows: bool = False
    """They are looking for a ward whose notices they want, not for one to answer in."""

    @property
    def unit(self) -> str | None:
        return self.entry.unit

    def to_json(self) -> bytes:
        return json.dumps(
            {
                "language": self.language,
                "unit": self.entry.unit,
                "stream": self.entry.stream,
                "wave": self.entry.wave,
                "token": self.entry.token.hex() if self.entry.token else None,
                "view": self.view,
                "menu": self.menu,
                "seen": b64encode(self.seen).decode(),
                "follows": self.follows,
                "heard": self.heard,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_json(cls, body: bytes | str) -> Self:
        """Raises ValueError or KeyError for anything `to_json` did not write."""
        read = json.loads(body)
        return cls(
            language=read["language"],
            entry=Entry(read["unit"], Stream(read["stream"]), read["wave"], _token(read.get("token"))),
            view=read["view"],
            menu=tuple((number, act) for number, act in read["menu"]),
            seen=b64decode(read["seen"]),
            follows=bool(read.get("follows", False)),
            heard=read.get("heard"),
        )

    def in_ward(self, unit: str) -> Self:
        """The lobby after choosing a ward: a link for another ward says nothing any more."""
        if unit == self.entry.unit:
            return self
        return replace(self, entry=Entry(unit))


def _token(written: str | None) -> bytes | None:
    return bytes.fromhex(written) if written else None


@dataclass(frozen=True, slots=True)
class Begin:
    """They agreed to this wave's card."""

    wave: int
    unit: str
    stream: Stream


@dataclass(frozen=True, slots=True)
class Resume:
    """Back to a session they have."""

    wave: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Their answers in these waves are to be erased."""

    waves: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Enrol:
    """They agreed to these topics of this unit; what they agreed to before stays."""

    unit: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Unfollow:
    """They want nothing more of this unit."""

    unit: str


@dataclass(frozen=True, slots=True)
class Verify:
    """They want to know whether the notice of this code is real."""

    code: str
    language: str


@dataclass(frozen=True, slots=True)
class SeeSubscriptions:
    """They want to see which notices they get, and to change that."""

    joining: str | None = None
    """A unit whose surveys they may want besides."""
    push: Push = Push.SURVEYS
    """Which of them."""


@dataclass(frozen=True, slots=True)
class AskLater:
    """They want to be asked again at that moment."""

    wave: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AskNoMore:
    """They want to hear no more of this wave."""

    wave: int


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Nothing may be sent to them unasked any more."""


@dataclass(frozen=True, slots=True)
class Export:
    """They want to see what we hold."""


@dataclass(frozen=True, slots=True)
class SeeResults:
    """They want to see what was released of their ward."""


@dataclass(frozen=True, slots=True)
class SeeNews:
    """They want to read notices: whoever carries it out asks for them, and then for the same page again."""

    units: tuple[str, ...]
    """Their ward, and what it lies in."""
    language: str


Effect = (
    Begin
    | Resume
    | Withdraw
    | Enrol
    | Unfollow
    | AskLater
    | AskNoMore
    | Unsubscribe
    | Export
    | SeeNews
    | SeeResults
    | SeeSubscriptions
    | Verify
)
