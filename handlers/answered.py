"""How far the person behind an address has come in a wave: asked while a message to them is in hand, told to nobody, and kept nowhere.

The address leads to the nullifier, the nullifier to the session; both ways lie in memory alone, and no row is written or locked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.resting import Resting
from handlers.running_waves import RunningWaves
from storage.database import Database
from storage.links import Links
from storage.people import Person
from storage.vault import Vault
from surveys.conversation import Address
from surveys.forms.session import Session
from surveys.reminding import Progress
from surveys.running import Running

__all__ = ["Answered", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    person: Address
    """The address that this one stands for: itself, mostly."""
    progress: Progress
    is_answering: bool
    """Whether they stopped on the way through a survey, this one or another: a number they type may be for it."""


class Answered:
    def __init__(self, db: Database, vault: Vault, waves: RunningWaves, links: Links | None = None) -> None:
        """Without `links` every address is a person of its own."""
        self._db = db
        self._waves = waves
        self._links = links
        self._resting = Resting(vault, waves.forget)

    async def of(self, address: Address, wave: Running, now: datetime) -> Seen:
        """Raises Unavailable."""
        running = {each.id: each for each in await self._waves.now() if each.is_open(now)}
        async with self._db.reading() as tx:
            first = address if self._links is None else await self._links.first(tx, address)
            nullifiers = self._resting.nullifiers(first.person, running)
            rests = await tx.sessions.of(tuple(nullifiers.values()))
        sessions = self._resting.sessions(Person(None, rests))
        has_row = nullifiers.get(wave.id) in rests
        is_answering = any(not each.has_ended for each in sessions.values())
        return Seen(first, _progress(sessions, wave.id, has_row=has_row), is_answering)


def _progress(sessions: Mapping[int, Session], wave: int, *, has_row: bool) -> Progress:
    session = sessions.get(wave)
    if session is None:
        # There, and nothing in it: they took everything back, and that was their answer.
        return Progress.DONE if has_row else Progress.UNTOUCHED
    if session.has_ended:
        return Progress.DONE
    return Progress.HALF if session.is_begun else Progress.UNTOUCHED
