"""What sealing leaves behind of answers, and what is published of them. Under no name, in no order of arrival."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from storage import rows
from storage.statements import Connection, Prepared, insert
from surveys.ballot_box import SealedBallot

__all__ = ["Ballots", "Receipts", "Releases", "SealedBallot", "Strata"]

_ballots = rows.table(rows.Ballot).c
_releases = rows.table(rows.Release).c
_strata = rows.table(rows.Stratum).c
_receipts = rows.table(rows.Receipt).c


class Ballots:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_many(self, wave_id: int, ballots: Iterable[SealedBallot]) -> None:
        await self._connection.run_many(
            ADD_BALLOT, ({"wave_id": wave_id, **ballot._asdict()} for ballot in ballots)
        )

    async def of_wave(self, wave_id: int) -> AsyncIterator[SealedBallot]:
        """By position, one by one."""
        async for row in self._connection.each(BALLOTS_OF_WAVE, wave_id=wave_id):
            yield SealedBallot._make(row)

    async def count(self, wave_id: int) -> int:
        [(number,)] = await self._connection.fetch(COUNT_BALLOTS, wave_id=wave_id)
        return int(number)

    async def number(self, wave_id: int, unit: str, stream: str, mode: str) -> int:
        [(number,)] = await self._connection.fetch(
            NUMBER_OF_BALLOTS, wave_id=wave_id, unit=unit, stream=stream, mode=mode
        )
        return int(number)


class Receipts:
    """Receipts of sealed ballots, apart from them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_many(self, wave_id: int, receipts: Iterable[str]) -> None:
        await self._connection.run_many(
            ADD_RECEIPT, ({"wave_id": wave_id, "receipt": receipt} for receipt in receipts)
        )

    async def wave_of(self, receipt: str) -> int | None:
        """The id of the wave whose sealed ballots it is among."""
        found = await self._connection.fetch(WAVE_OF_RECEIPT, receipt=receipt)
        return int(found[0][0]) if found else None

    async def of_wave(self, wave_id: int) -> AsyncIterator[str]:
        """In order, one by one."""
        async for (receipt,) in self._connection.each(RECEIPTS_OF_WAVE, wave_id=wave_id):
            yield receipt


class Strata:
    """What was counted of how ballots came, unit by unit and way by way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_many(self, strata: Iterable[rows.Stratum]) -> None:
        await self._connection.run_many(ADD_STRATUM, (stratum.model_dump() for stratum in strata))

    async def of_wave(self, wave_id: int) -> list[rows.Stratum]:
        """By unit, stream and mode."""
        found = await self._connection.fetch(STRATA_OF_WAVE, wave_id=wave_id)
        return [rows.Stratum(**dict(zip(_strata.keys(), row, strict=True))) for row in found]


class Releases:
    """What wards may see. A release is never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, wave_id: int, unit: str, body: str, released_at: datetime) -> None:
        """Raises the driver's IntegrityError when the unit has one for this wave."""
        await self._connection.run(
            ADD_RELEASE, wave_id=wave_id, unit=unit, body=body, released_at=released_at
        )

    async def all(self) -> list[rows.Release]:
        """The latest first, units in order."""
        return [_release(row) for row in await self._connection.fetch(RELEASES)]

    async def of_wave(self, wave_id: int) -> list[rows.Release]:
        return [_release(row) for row in await self._connection.fetch(RELEASES_OF_WAVE, wave_id=wave_id)]

    async def of_unit(self, unit: str) -> list[rows.Release]:
        """The latest first."""
        return [_release(row) for row in await self._connection.fetch(RELEASES_OF_UNIT, unit=unit)]


def _release(row: tuple[Any, ...]) -> rows.Release:
    return rows.Release(**dict(zip(_releases.keys(), row, strict=True)))


_sealed = [_ballots[name] for name in SealedBallot._fields]
_newest = (_releases.released_at.desc(), _releases.wave_id.desc(), _releases.unit)

ADD_BALLOT = insert(rows.table(rows.Ballot))
BALLOTS_OF_WAVE = Prepared(
    select(*_sealed).where(_ballots.wave_id == bindparam("wave_id")).order_by(_ballots.position)
)
COUNT_BALLOTS = Prepared(select(func.count()).where(_ballots.wave_id == bindparam("wave_id")))
ADD_STRATUM = insert(rows.table(rows.Stratum))
STRATA_OF_WAVE = Prepared(
    select(rows.table(rows.Stratum))
    .where(_strata.wave_id == bindparam("wave_id"))
    .order_by(_strata.unit, _strata.stream, _strata.mode)
)
NUMBER_OF_BALLOTS = Prepared(
    select(func.count()).where(
        _ballots.wave_id == bindparam("wave_id"),
        _ballots.unit == bindparam("unit"),
        _ballots.stream == bindparam("stream"),
        _ballots.mode == bindparam("mode"),
    )
)
ADD_RECEIPT = insert(rows.table(rows.Receipt))
WAVE_OF_RECEIPT = Prepared(select(_receipts.wave_id).where(_receipts.receipt == bindparam("receipt")))
RECEIPTS_OF_WAVE = Prepared(
    select(_receipts.receipt).where(_receipts.wave_id == bindparam("wave_id")).order_by(_receipts.receipt)
)
ADD_RELEASE = insert(rows.table(rows.Release))
RELEASES = Prepared(select(rows.table(rows.Release)).order_by(*_newest))
RELEASES_OF_WAVE = Prepared(
    select(rows.table(rows.Release)).where(_releases.wave_id == bindparam("wave_id")).order_by(*_newest)
)
RELEASES_OF_UNIT = Prepared(
    select(rows.table(rows.Release)).where(_releases.unit == bindparam("unit")).order_by(*_newest)
)
