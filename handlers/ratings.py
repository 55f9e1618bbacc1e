"""Takes ratings by templates of Zalo into the waves of visits: a session like any other, with its mode, under a name made of the
message's id. However often and in whatever order one comes – as an event, in the results – it is one ballot. It knows no platform
call, and of no person: Zalo does not say who rated."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from handlers.running_waves import RunningWaves
from storage.database import Database
from storage.transaction import Tx
from storage.vault import KeyGone, Tampered, Vault
from surveys.ballots import RECEIPT_BYTES, new_receipt
from surveys.forms.session import Session
from surveys.preregistration import formulas_in
from surveys.ratings import TOO_OLD, Rating, Refused, Template, answers_of, begun, later
from surveys.releasing import RATINGS_SINCE
from surveys.running import Running, local
from surveys.waves import GRACE, Audience

__all__ = ["Ratings"]


class Ratings:
    def __init__(self, db: Database, vault: Vault, now: Callable[[], datetime]) -> None:
        self._db = db
        self._vault = vault
        self._now = now
        self._waves = RunningWaves(db, vault, GRACE)
        self._versions: dict[int, int] = {}

    async def take(self, template: Template, rating: Rating) -> Refused | None:
        """Why it is not taken; None when it is, now or before, and on the disk. Raises Unavailable when it is not."""
        if template.unit is None:
            return Refused.TEMPLATE
        now = self._now()
        if not now - TOO_OLD <= rating.submitted_at:
            return Refused.DAYS
        visits = [wave for wave in await self._waves.now() if wave.audience == Audience.VISITS]
        named = self._named(rating, visits)
        async with self._db.transaction() as tx:
            # One name in all waves: whichever of them it lies in, only one of us looks.
            await tx.alone_with(self._vault.lobby(_name(rating)))
            found = await tx.sessions.of(list(named.values()))
            there = {wave for wave, _ in found.values()}
            wave = _where(template.unit, rating, visits, there, now)
            if wave is None or wave.id not in named:
                return None if there else Refused.DAYS
            answers = await self._answers(tx, wave, template, rating)
            if isinstance(answers, Refused):
                return answers
            nullifier = named[wave.id]
            before = self._opened(wave.id, nullifier, found[nullifier][1]) if nullifier in found else None
            session = later(before or self._begun(wave, template.unit), rating, answers)
            if session is not None:
                body = self._vault.seal_body(wave.id, nullifier, session.to_json())
                await tx.sessions.save(nullifier, wave.id, body)
        return None

    async def _answers(
        self, tx: Tx, wave: Running, template: Template, rating: Rating
    ) -> Mapping[str, str] | Refused:
        if await self._version(tx, wave) < RATINGS_SINCE:
            return Refused.VERSION
        answers = answers_of(template, rating, wave.form, local(wave.closes_at).date())
        return Refused.QUESTION if answers is None else answers

    def _named(self, rating: Rating, waves: Iterable[Running]) -> dict[int, bytes]:
        """Wave → the nullifier it has there."""
        named = {}
        for wave in waves:
            try:
                named[wave.id] = self._vault.nullifier(wave.id, _name(rating))
            except KeyGone:
                self._waves.forget()  # sealed since we looked
        return named

    async def _version(self, tx: Tx, wave: Running) -> int:
        if wave.id not in self._versions:
            fixed = await tx.wave_terms.of(wave.id)
            text = await tx.documents.get(fixed.formulas) if fixed is not None else ""
            self._versions[wave.id] = formulas_in(text) or 0
        return self._versions[wave.id]

    def _begun(self, wave: Running, unit: str) -> Session:
        return begun(wave.id, unit, wave.form, new_receipt(secrets.token_bytes(RECEIPT_BYTES)))

    def _opened(self, wave: int, nullifier: bytes, sealed: bytes) -> Session | None:
        try:
            return Session.from_json(self._vault.open_body(wave, nullifier, sealed))
        except (Tampered, ValueError, KeyError):
            return None


def _name(rating: Rating) -> bytes:
    return b"\0".join((b"zbs", rating.message.encode()))


def _where(
    unit: str, rating: Rating, visits: Iterable[Running], there: set[int], now: datetime
) -> Running | None:
    """The wave it lies in already, else the newest in whose days it was submitted: a month of visits stays open into the next. It
    may come until sealing, because it was answered in time."""
    open_then = [
        wave
        for wave in visits
        if unit in wave.units
        and wave.opens_at <= rating.submitted_at < wave.closes_at
        and wave.can_withdraw(now)
        and not (wave.is_closed and now < wave.closes_at)
    ]
    known = [wave for wave in open_then if wave.id in there]
    return max(known or open_then, key=lambda wave: (wave.opens_at, wave.id), default=None)
