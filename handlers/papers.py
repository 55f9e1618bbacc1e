"""Puts down what somebody types in for others: a session like any other, with its mode, under a name made of the clerk's link and the
paper's number. It knows no page."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.running_waves import RunningWaves
from storage.database import Database
from storage.vault import KeyGone, Tampered, Vault
from surveys.ballots import RECEIPT_BYTES, new_receipt
from surveys.clerks import ClerkLink
from surveys.forms.session import Mode, Session
from surveys.running import Running, local
from surveys.stuffing import hour_of
from surveys.waves import GRACE

__all__ = ["Closed", "Papers", "Saved"]


class Closed(Exception):
    """Nothing can be typed in by this link any more."""


@dataclass(frozen=True, slots=True)
class Saved:
    receipt: str
    has_replaced: bool
    """Whether the same number was there before."""


class Papers:
    def __init__(self, db: Database, vault: Vault, now: Callable[[], datetime]) -> None:
        self._db = db
        self._vault = vault
        self._now = now
        self._waves = RunningWaves(db, vault, GRACE)

    async def wave(self, link: ClerkLink) -> tuple[Running, str]:
        """The wave it is for, and its unit's name. Raises Closed."""
        now = self._now()
        for wave in await self._waves.now():
            if wave.slug == link.wave and wave.is_open(now) and link.unit in wave.units:
                if local(now).date() > link.until:
                    break
                return wave, self._waves.gazetteer.unit(link.unit).name
        raise Closed

    async def save(
        self,
        link: ClerkLink,
        number: str,
        answers: Mapping[str, str | None],
        whole: frozenset[str],
        *,
        seconds: int | None = None,
    ) -> Saved:
        """When this returns, it is on the disk. The same number takes the place of what was there. Raises Closed."""
        wave, _ = await self.wave(link)
        paper = b"\0".join((b"paper", link.id.encode(), number.encode()))
        try:
            nullifier = self._vault.nullifier(wave.id, paper)
        except KeyGone:
            raise Closed from None
        async with self._db.transaction() as tx:
            await tx.alone_with(nullifier)
            found = (await tx.sessions.of([nullifier])).get(nullifier)
            before = self._opened(wave.id, nullifier, found[1]) if found else None
            session = replace(
                before or self._begun(wave, link, number),
                answers=tuple(answers.items()),
                whole=tuple(sorted(whole)),
                has_ended=True,
                seconds=seconds,
            )
            body = self._vault.seal_body(wave.id, nullifier, session.to_json())
            await tx.sessions.save(nullifier, wave.id, body)
        return Saved(session.receipt, before is not None)

    def _begun(self, wave: Running, link: ClerkLink, number: str) -> Session:
        return Session(
            wave=wave.id,
            unit=link.unit,
            stream=link.stream,
            language=wave.form.language,
            receipt=new_receipt(secrets.token_bytes(RECEIPT_BYTES)),
            seed=number,  # by which the answers were judged: at sealing the same questions must arise
            mode=Mode(link.mode),
            begun_hour=hour_of(self._now()),
        )

    def _opened(self, wave: int, nullifier: bytes, sealed: bytes) -> Session | None:
        try:
            return Session.from_json(self._vault.open_body(wave, nullifier, sealed))
        except (Tampered, ValueError, KeyError):
            return None
