"""Leaving ballots out of the count: one person asks, another confirms, the ledger says how many and why, everybody can read it. The
ballots stay where they are; nothing is deleted."""

import json
from collections.abc import Callable
from datetime import datetime

import structlog

from handlers.ledger import Ledger
from handlers.proposals import Proposals
from handlers.published import id_of
from storage import rows
from storage.database import Database
from storage.transaction import Tx
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.records import Exclusion
from surveys.results import ANONYMOUS
from surveys.waves import State

__all__ = ["EXCLUDE", "LET_STAND", "Exclusions"]

log = structlog.get_logger()

EXCLUDE = "exclude"
LET_STAND = "let-stand"
"""The kinds of proposal. Either decides how a wave is published, so either takes two."""


class Exclusions:
    def __init__(self, db: Database, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._db = db
        self._ledger = ledger
        self._now = now
        self._proposals = Proposals(db, now)

    async def propose(
        self, slug: str, unit: str, stream: Stream, mode: Mode | None, reason: str, *, by: str
    ) -> str:
        """The id by which another person confirms it. `mode`: None for whoever pressed the buttons. Raises ValueError for what
        cannot be."""
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
            await self._count(tx, wave, unit, stream, mode)
        if not reason.strip() or not by.strip():
            raise ValueError("Give a --reason that can be published, and your full name with --by.")
        body = {"unit": unit, "stream": stream, "mode": mode, "reason": reason.strip()}
        return await self._proposals.propose(EXCLUDE, slug, body, by=by)

    async def confirm(self, id: str, *, by: str) -> Exclusion:
        """These ballots are counted no more. Raises NoSuchProposal, SamePerson, and ValueError when it cannot be any more."""
        async with self._db.transaction() as tx:
            await tx.ledger.writing()  # a release that is under way is done before, or waits
            proposal = await self._proposals.confirmed(tx, id, EXCLUDE, by=by)
            body = json.loads(proposal.body)
            unit, stream = body["unit"], Stream(body["stream"])
            mode = None if body["mode"] is None else Mode(body["mode"])
            wave = await self._wave(tx, proposal.subject)
            count = await self._count(tx, wave, unit, stream, mode)
            persons = (proposal.proposed_by, by.strip())
            record = Exclusion(wave.slug, unit, stream, mode, count, body["reason"], persons)
            await self._ledger.append(tx, record, self._now())
            await self._proposals.note(tx, "wave.exclude", wave.slug, body["reason"], unit=unit, by=by)
        log.warning("wave.excluded", wave=wave.slug, unit=unit, stream=stream.value, count=count)
        return record

    async def propose_letting_stand(self, slug: str, *, by: str) -> str:
        """The id by which another person ends the days of waiting. Raises ValueError."""
        if not by.strip():
            raise ValueError("Give your full name with --by.")
        async with self._db.reading() as tx:
            await self._wave(tx, slug)
        return await self._proposals.propose(LET_STAND, slug, {}, by=by)

    async def let_stand(self, id: str, *, by: str) -> str:
        """What is flagged is published as it is, with the flag beside it; nobody waits any longer. The wave's slug.
        Raises NoSuchProposal, SamePerson, and ValueError when it cannot be any more."""
        async with self._db.transaction() as tx:
            proposal = await self._proposals.confirmed(tx, id, LET_STAND, by=by)
            wave = await self._wave(tx, proposal.subject)
            await tx.wave_seals.set_release_due(id_of(wave), self._now())
            await self._proposals.note(tx, "wave.let_stand", wave.slug, "", by=by)
        log.warning("wave.flags_stand", wave=wave.slug)
        return wave.slug

    async def _wave(self, tx: Tx, slug: str) -> rows.Wave:
        wave = await tx.waves.by_slug(slug)
        if wave is None:
            raise ValueError(f"There is no wave {slug}. See: langnghe waves list")
        if wave.state != State.SEALED:
            raise ValueError(f"{slug} is {wave.state}: this is decided after sealing and before the release.")
        if await tx.wave_seals.of(id_of(wave)) is None:
            raise ValueError(f"{slug} was sealed before there was a ledger: nothing can be left out of it.")
        return wave

    async def _count(self, tx: Tx, wave: rows.Wave, unit: str, stream: Stream, mode: Mode | None) -> int:
        """Raises ValueError where the number itself, which is published, would tell of too few."""
        modes = ANONYMOUS if mode is None else [mode]
        count = 0
        for each in modes:
            count += await tx.ballots.number(id_of(wave), unit, stream.value, each.value)
        if count < wave.k:
            raise ValueError(
                f"Fewer than {wave.k} ballots came to {unit} that way. The ledger publishes the number, so fewer "
                "cannot be left out by themselves; leave out the whole stream (without --mode), or let them stand."
            )
        return count
