"""Keeps the running waves, their forms and the gazetteer in memory, so that an answer costs no query for them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from handlers.units import gazetteer
from storage import rows
from storage.catalogue import CATALOGUE
from storage.database import Database
from storage.transaction import Tx
from storage.vault import Vault
from surveys.forms.form import Form
from surveys.forms.published import form_from_json
from surveys.reach import EVERYWHERE, Reach, Served, served
from surveys.running import Running
from surveys.units import Gazetteer

__all__ = ["RunningWaves"]

ZALO = "zalo"  # an Official Account's address is at `zalo:<its id>`
LOOK_AGAIN = 2.0  # seconds between two looks at the marker; a wave's own times need none


class RunningWaves:
    def __init__(self, db: Database, vault: Vault, grace: timedelta) -> None:
        self._db = db
        self._vault = vault
        self._grace = grace
        self._waves: tuple[Running, ...] | None = None
        self._serves_at: Mapping[bytes, str] = {}
        self._served: Mapping[str, Served] = {}
        self._reaches: dict[frozenset[str], Reach] = {}
        self._as_seen: dict[tuple[str, Reach], tuple[Running, ...]] = {}
        self._gazetteer = Gazetteer(())
        self._forms: dict[tuple[str, str], Form] = {}
        self._marker = -1
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    @property
    def gazetteer(self) -> Gazetteer:
        return self._gazetteer

    async def now(self) -> tuple[Running, ...]:
        """Every wave that can be answered or withdrawn from. Raises Unavailable when they were never read and cannot be."""
        if self._waves is None or (self._is_stale and not self._looking.locked()):
            await self._look(only_if_stale=True)
        return self._waves or ()

    async def open_to(self, account: bytes, *through: str) -> tuple[Running, ...]:
        """As `now`, without the ward this account's owner serves at, and nowhere but where the accounts they write through serve:
        asked of everybody, answered from memory."""
        waves = await self.now()
        seen_from = self._serves_at.get(account, ""), self.reach(*through)
        if seen_from == ("", EVERYWHERE):
            return waves
        if seen_from not in self._as_seen:
            self._as_seen[seen_from] = self._as_seen_from(waves, *seen_from)
        return self._as_seen[seen_from]

    def reach(self, *through: str) -> Reach:
        """How far whoever has these accounts gets: as far as the widest of them."""
        accounts = frozenset(through)
        if not accounts or not accounts <= self._served.keys():
            return EVERYWHERE  # a channel that belongs to no unit
        if accounts not in self._reaches:
            by, others = (
                tuple(each for name, each in self._served.items() if (name in accounts) is wanted)
                for wanted in (True, False)
            )
            self._reaches[accounts] = Reach(by, others)
        return self._reaches[accounts]

    async def refresh(self) -> None:
        """Looks at once, for whoever has just changed something in this process."""
        await self._look()

    def forget(self) -> None:
        """What is known may be wrong: the next one who asks reads anew."""
        self._waves, self._marker = None, -1

    @property
    def _is_stale(self) -> bool:
        return time.monotonic() - self._looked_at > LOOK_AGAIN

    async def _look(self, *, only_if_stale: bool = False) -> None:
        async with self._looking:
            if only_if_stale and self._waves is not None and not self._is_stale:
                return  # somebody looked while we waited
            async with self._db.reading() as tx:
                marker = await tx.markers.value(CATALOGUE)
                if marker != self._marker or self._waves is None:
                    await self._load(tx)
                    self._marker = marker
            self._looked_at = time.monotonic()

    async def _load(self, tx: Tx) -> None:
        taking_part: dict[int, set[str]] = {}
        for each in await tx.wave_units.all():
            taking_part.setdefault(each.wave_id, set()).add(each.unit)
        waves = [
            await self._running(tx, wave, frozenset(taking_part.get(wave.id or 0, ())))
            for wave in await tx.waves.all()
            if wave.state in ("open", "closed") and self._vault.has_wave(wave.id or 0)
        ]
        self._gazetteer = await gazetteer(tx)
        self._waves = tuple(waves)
        self._serves_at = await tx.officers.all()
        self._served = {
            account: served(account, each.name, each.unit, self._gazetteer)
            for each in await tx.zalo_accounts.all()
            if each.unit is not None
            for account in [f"{ZALO}:{each.id}"]
        }
        self._reaches, self._as_seen = {}, {}

    def _as_seen_from(self, waves: tuple[Running, ...], serves_at: str, reach: Reach) -> tuple[Running, ...]:
        """Open where the accounts serve; to an officer nowhere at their own unit, nor in what it became."""
        try:
            own = {serves_at, *(each.code for each in self._gazetteer.today(serves_at))}
        except KeyError:
            own = {serves_at}
        return tuple(
            replace(
                wave,
                units=frozenset(unit for unit in wave.units - own if reach.covers(unit, self._gazetteer)),
            )
            for wave in waves
        )

    async def _running(self, tx: Tx, wave: rows.Wave, units: frozenset[str]) -> Running:
        assert wave.id is not None
        return Running(
            id=wave.id,
            slug=wave.slug,
            title=wave.title,
            audience=wave.audience,
            form=await self._form(tx, wave.form_id, wave.form_version),
            units=units,
            opens_at=wave.opens_at,
            closes_at=wave.closes_at,
            k=wave.k,
            grace=self._grace,
            is_closed=wave.state == "closed",
        )

    async def _form(self, tx: Tx, id: str, version: str) -> Form:
        """A published version never changes, so it is read once."""
        if (id, version) not in self._forms:
            row = await tx.forms.get(id, version)
            if row is None:
                raise LookupError(f"A wave asks {id} {version}, which was never published.")
            self._forms[id, version] = form_from_json(row.body)
        return self._forms[id, version]
