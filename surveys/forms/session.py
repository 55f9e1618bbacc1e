"""One person's way through one wave, as a value. Pure: no clock, no database, no network, no platform.

A session is a log of answers that is replayed, so back is free and a changed answer needs no undoing. How the conversation
moves is in `surveys.forms.turns`; here is only what is remembered."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Self

from surveys.entry import Stream

__all__ = ["MOST_SECONDS", "Held", "Menu", "Mode", "Said", "Session"]

Menu = tuple[tuple[int, str], ...]
"""What typing a number does after a menu: number → act."""


MOST_SECONDS = 3600  # who takes longer went away and came back; nothing is asked of longer times

JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Mode(StrEnum):
    """Who pressed the buttons."""

    SELF = "self"
    ASSISTED = "assisted"
    PAPER = "paper"
    ZBS = "zbs"
    """They answered a rating template of Zalo, where the office and Zalo know who they are: not anonymous, and in no score."""


STREAMS = {stream.value: stream for stream in Stream}
MODES = {mode.value: mode for mode in Mode}


class Held(StrEnum):
    """Why a text waits for a decision before it is kept."""

    ALARM = "alarm"
    DENUNCIATION = "denunciation"
    TRACES = "traces"


class Said(NamedTuple):
    """What sealing takes out of a session. A plain tuple, read without the rest, because there are a million of them."""

    unit: str
    stream: Stream
    mode: Mode
    receipt: str
    seed: str
    answers: Mapping[str, str | None]
    whole: tuple[str, ...]
    begun_hour: int | None
    seconds: int | None

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Raises ValueError, KeyError or TypeError for anything `Session.to_json` did not write."""
        read = json.loads(body.decode())
        return cls(
            read["unit"],
            STREAMS[read["stream"]],
            MODES[read["mode"]],
            read["receipt"],
            read["seed"],
            dict(read["answers"]),
            tuple(read["whole"]),
            read.get("begun_hour"),
            read.get("seconds"),
        )


@dataclass(frozen=True, slots=True)
class Session:
    wave: int
    unit: str
    stream: Stream
    language: str
    receipt: str
    """Random, and the same however often the answers change: proof of inclusion, never of content."""
    seed: str
    """What choices in random order are shuffled by."""
    mode: Mode = Mode.SELF
    answers: tuple[tuple[str, str | None], ...] = ()
    """One per question, in the order they were first given. None = skipped; "" = a note that was shown."""
    at: str | None = None
    """The question asked again; None = the first that has no answer."""
    picked: tuple[str, ...] = ()
    """Choices tapped so far where several may be chosen."""
    held: str | None = None
    """A text that waits for a decision, and why."""
    held_for: Held | None = None
    whole: tuple[str, ...] = ()
    """Questions whose text goes to the province exactly as it was written, at the person's wish."""
    menu: Menu = ()
    """Empty when a question was the last thing said."""
    has_ended: bool = False
    """Whether the last question was reached once."""
    seen: bytes = b""
    turn: int = 0
    """Grows with every turn over all sessions of a person: the greatest is where the person is."""
    begun_hour: int | None = None
    """Whole hours since 1970. Sealing counts how many began in each, for a whole stratum, and forgets it."""
    seconds: int | None = None
    """From the first question to the last answer, up to `MOST_SECONDS`; for sealing to count, too."""
    since: int | None = None
    """When the first question was put, in seconds since 1970: only until the survey was ended once."""
    heard: int | None = None
    """When they wrote last and were answered here, in seconds since 1970; sealing forgets it. See `Lobby.heard`."""

    @property
    def values(self) -> Mapping[str, str | None]:
        return dict(self.answers)

    @property
    def is_begun(self) -> bool:
        """Whether anything was said that a ballot would count."""
        return any(value for _, value in self.answers)

    def answered(self, question: str, value: str | None) -> Self:
        """The session with this answer in the place of an earlier one, and nothing pending any more."""
        answers = dict(self.answers)
        answers[question] = value
        return replace(
            self, answers=tuple(answers.items()), at=None, picked=(), held=None, held_for=None, menu=()
        )

    def timed(self, moment: float) -> Self:
        """This answer came at that moment. Who comes back to change an answer is not timed again."""
        if self.since is None:
            return self
        seconds = min(max(0, int(moment) - self.since), MOST_SECONDS)
        return replace(self, seconds=seconds, since=None if self.has_ended else self.since)

    def to_json(self) -> bytes:
        written = JSON.encode(
            {
                "wave": self.wave,
                "unit": self.unit,
                "stream": self.stream,
                "language": self.language,
                "receipt": self.receipt,
                "seed": self.seed,
                "mode": self.mode,
                "answers": self.answers,
                "at": self.at,
                "picked": self.picked,
                "held": self.held,
                "held_for": self.held_for,
                "whole": self.whole,
                "menu": self.menu,
                "has_ended": self.has_ended,
                "seen": b64encode(self.seen).decode(),
                "turn": self.turn,
                "begun_hour": self.begun_hour,
                "seconds": self.seconds,
                "since": self.since,
                "heard": self.heard,
            }
        )
        return written.encode()

    @classmethod
    def from_json(cls, body: bytes | str) -> Self:
        """Raises ValueError or KeyError for anything `to_json` did not write."""
        read = json.loads(body if isinstance(body, str) else body.decode())
        return cls(
            wave=read["wave"],
            unit=read["unit"],
            stream=Stream(read["stream"]),
            language=read["language"],
            receipt=read["receipt"],
            seed=read["seed"],
            mode=Mode(read["mode"]),
            answers=tuple(map(tuple, read["answers"])),
            at=read["at"],
            picked=tuple(read["picked"]),
            held=read["held"],
            held_for=Held(read["held_for"]) if read["held_for"] else None,
            whole=tuple(read["whole"]),
            menu=tuple(map(tuple, read["menu"])),
            has_ended=read["has_ended"],
            seen=b64decode(read["seen"]),
            turn=read["turn"],
            # A session begun by an earlier version has none of these.
            begun_hour=read.get("begun_hour"),
            seconds=read.get("seconds"),
            since=read.get("since"),
            heard=read.get("heard"),
        )
