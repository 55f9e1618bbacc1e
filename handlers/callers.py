"""Who speaks to us, and what comes of it: values that a message's rooms hand to each other. They know no platform, and are never kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from surveys import marks, texts
from surveys.conversation import Address, Incoming
from surveys.forms.session import Session
from surveys.lobby import Effect, Lobby
from surveys.running import Running
from surveys.taps import Message
from surveys.told_notices import ToldNotice
from surveys.waves import Audience

__all__ = ["Caller", "Outcome"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks, for as long as they speak: what rests about them, opened."""

    incoming: Incoming
    """Its sender is the address that this one stands for: itself, mostly."""
    here: Address
    """Where they are writing from."""
    now: datetime
    mark: bytes
    running: Mapping[int, Running]
    nullifiers: Mapping[int, bytes]
    """Wave → nullifier, for every running wave."""
    lobby: Lobby | None
    sessions: Mapping[int, Session]
    gone: frozenset[int] = frozenset()
    """Waves in which something rests about them that nobody can read: what they took back, mostly."""
    notices: Sequence[ToldNotice] | None = None
    """Of their ward, once they were asked for."""
    known_language: str | None = None
    """What they were written to in, where nothing rests about them."""

    @property
    def has_had_this(self) -> bool:
        """Whether this very message was answered before."""
        if not self.incoming.key:
            return False
        seen = [each.seen for each in self.sessions.values()]
        if self.lobby is not None:
            seen.append(self.lobby.seen)
        return any(marks.holds(each, self.mark) for each in seen)

    @property
    def latest(self) -> Session | None:
        return max(self.sessions.values(), key=lambda session: session.turn, default=None)

    @property
    def language(self) -> str:
        if self.lobby is not None:
            return self.lobby.language
        if (latest := self.latest) is not None:
            return latest.language
        wish = (self.known_language or self.incoming.language or "")[:2].lower()
        return wish if wish in texts.LANGUAGES else texts.DEFAULT

    @property
    def heard(self) -> int:
        """When they last had an answer with something to choose in it, in seconds since 1970; 0 where nothing is known."""
        known = [each.heard for each in self.sessions.values()]
        if self.lobby is not None:
            known.append(self.lobby.heard)
        return max((each for each in known if each is not None), default=0)

    def is_open(self, session: Session) -> bool:
        return self.running[session.wave].is_open(self.now)

    @property
    def is_answering(self) -> bool:
        """Whether they stopped on the way through a survey that is open: a number they type may be for it."""
        return any(not each.has_ended and self.is_open(each) for each in self.sessions.values())

    @property
    def may_be_invited(self) -> bool:
        """Whether they may have been invited to something they have not begun. Nobody is invited to rate a visit."""
        return any(
            wave.is_open(self.now) and wave.audience != Audience.VISITS and wave.id not in self.sessions
            for wave in self.running.values()
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said, and what is kept. What is None stays as it is."""

    say: tuple[Message, ...] = ()
    stamp: str | None = None
    session: Session | None = None
    lobby: Lobby | None = None
    leaves_lobby: bool = False
    effect: Effect | None = None
    spends: bytes | None = None
    """The hash of the token this session begins by."""
    joins: Address | None = None
    """The address that the one they write from stands for, from now on."""
    has_ended: bool = False
    """They came to the end of a survey, for the first time."""
