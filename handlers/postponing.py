"""Keeping a wave's key beyond its day: one person asks, another confirms, and everybody can read why. It destroys nothing and seals
nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import structlog

from handlers.ledger import Ledger
from handlers.proposals import Proposals
from handlers.published import id_of
from storage import rows
from storage.database import Database
from surveys.ledger import read_entry
from surveys.records import KeyDestructionPostponed
from surveys.waves import GRACE, LOCAL, State

__all__ = ["KEEP_KEY", "Postponement", "Postponing"]

log = structlog.get_logger()

KEEP_KEY = "keep_key"
"""The kind of proposal."""


@dataclass(frozen=True, slots=True)
class Postponement:
    """A wave whose key was, or is, kept for longer: who decided it, and why."""

    wave: str
    until: date
    """The last day on which the key is kept."""
    reason: str
    persons: tuple[str, ...]
    at: datetime


class Postponing:
    def __init__(self, db: Database, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._db = db
        self._ledger = ledger
        self._now = now
        self._proposals = Proposals(db, now)

    async def propose(self, wave: rows.Wave, until: date, reason: str, *, by: str) -> str:
        """The proposal's id. Raises ValueError for what cannot be."""
        self._check(wave, until, reason, by)
        body = {"until": until.isoformat(), "reason": reason.strip()}
        return await self._proposals.propose(KEEP_KEY, wave.slug, body, by=by)

    async def confirm(self, id: str, *, by: str) -> Postponement:
        """Raises NoSuchProposal, SamePerson, and ValueError when it cannot be any more."""
        async with self._db.transaction() as tx:
            proposal = await self._proposals.confirmed(tx, id, KEEP_KEY, by=by)
            wave = await tx.waves.by_slug(proposal.subject)
            assert wave is not None, "no wave is ever deleted"
            body = json.loads(proposal.body)
            until, reason = date.fromisoformat(body["until"]), str(body["reason"])
            self._check(wave, until, reason, by)
            persons = (proposal.proposed_by, by.strip())
            record = KeyDestructionPostponed(wave.slug, until.isoformat(), reason, persons)
            entry = await self._ledger.append(tx, record, self._now())
            await tx.wave_seals.postpone_key(id_of(wave), _end_of(until))
            await self._proposals.note(tx, "wave.keep_key", wave.slug, reason, by=by)
        log.warning("wave.key_kept", wave=wave.slug, until=until.isoformat())
        return Postponement(wave.slug, until, reason, persons, entry.at)

    async def all(self) -> list[Postponement]:
        """The latest first."""
        found: list[Postponement] = []
        async with self._db.reading() as tx:
            async for line in tx.ledger.each():
                entry = read_entry(line)
                record = entry.record
                if isinstance(record, KeyDestructionPostponed):
                    until = date.fromisoformat(record.until)
                    found.append(
                        Postponement(record.wave, until, record.reason, tuple(record.persons), entry.at)
                    )
        return found[::-1]

    def _check(self, wave: rows.Wave, until: date, reason: str, by: str) -> None:
        if wave.key_destroyed_at is not None:
            raise ValueError(f"{wave.slug}: its key is destroyed; nothing can be postponed any more.")
        if wave.state == State.DRAFT:
            raise ValueError(f"{wave.slug} is not open yet; it has no key to keep.")
        if not reason.strip() or not by.strip():
            raise ValueError("A postponement needs a reason and a name; both are published.")
        due = max(wave.closes_at + GRACE, self._now())
        if _end_of(until) <= due:
            day = due.astimezone(LOCAL)
            raise ValueError(
                f"{wave.slug}: its key is kept until {day:%Y-%m-%d} anyway; name a later last day."
            )


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), LOCAL)
