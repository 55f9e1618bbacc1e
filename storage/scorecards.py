"""Criteria sets and what people put on record, as lines that only grow in number; and which releases there are to read.

A line that does not read back into what was written is refused here: whoever could write to the database is not believed.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert
from surveys.cards import read_set_line, set_line
from surveys.scorecard import CriteriaSet
from surveys.scorecard.deeds import Deed, line_of, read_deed

__all__ = ["AddedSet", "ReleasedKey", "Scorecards"]

_sets = rows.table(rows.CriteriaSetRow).c
_records = rows.table(rows.Record).c
_releases = rows.table(rows.Release).c
_waves = rows.table(rows.Wave).c


class AddedSet(NamedTuple):
    criteria: CriteriaSet
    added_at: datetime


class ReleasedKey(NamedTuple):
    """Which release of which wave, without its figures."""

    wave_id: int
    unit: str
    released_at: datetime


class Scorecards:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ── Criteria sets ─────────────────────────────────────────────────────────────────────────────────────────

    async def add_set(self, criteria: CriteriaSet, at: datetime) -> None:
        """One that is there already stays as it was added."""
        await self._connection.run(
            ADD_SET, digest=criteria.digest, id=criteria.id, line=set_line(criteria), added_at=at
        )

    async def sets(self) -> list[AddedSet]:
        """In the order in which they were added. Raises BadSet."""
        found = await self._connection.fetch(SETS)
        return [AddedSet(read_set_line(line), added_at) for line, added_at in found]

    async def set_line(self, digest: str) -> str | None:
        """A set as it travels with the cards that were judged by it."""
        found = await self._connection.fetch(SET_LINE, digest=digest)
        return str(found[0][0]) if found else None

    # ── Records ───────────────────────────────────────────────────────────────────────────────────────────────

    async def add(self, id: str, deed: Deed, *, unit: str | None, year: int) -> None:
        """Raises the driver's IntegrityError when there is one of that id."""
        await self._connection.run(
            ADD_RECORD, id=id, kind=deed.kind, unit=unit, year=year, body=line_of(deed), at=deed.at
        )

    async def has(self, id: str) -> bool:
        return bool(await self._connection.fetch(HAS_RECORD, id=id))

    async def year_of(self, id: str) -> int | None:
        """The year a record is about; None when there is no such record."""
        found = await self._connection.fetch(HAS_RECORD, id=id)
        return found[0][0] if found else None

    async def of_year(self, year: int) -> list[Deed]:
        """In the order of their moments. Raises BadDeed."""
        found = await self._connection.fetch(RECORDS_OF_YEAR, year=year)
        return [read_deed(kind, body) for kind, body in found]

    async def years(self) -> list[int]:
        """The years there is anything on record of, in order."""
        return [int(year) for (year,) in await self._connection.fetch(YEARS)]

    async def units(self) -> set[str]:
        """Every unit there is anything on record of."""
        return {str(unit) for (unit,) in await self._connection.fetch(UNITS_ON_RECORD)}

    async def card(self, digest: str) -> Deed | None:
        """A frozen card by its digest, as the ledger names it. Raises BadDeed."""
        found = await self._connection.fetch(RECORD, id=digest)
        return read_deed(*found[0]) if found else None

    # ── Releases ──────────────────────────────────────────────────────────────────────────────────────────────

    async def released(self, opened_from: datetime, opened_before: datetime) -> list[ReleasedKey]:
        """Of the waves that opened in between, in the order in which they were released."""
        found = await self._connection.fetch(RELEASED, since=opened_from, before=opened_before)
        return [ReleasedKey._make(each) for each in found]

    async def release(self, wave_id: int, unit: str) -> str:
        """What was released of a unit, as it was hashed. Raises LookupError."""
        found = await self._connection.fetch(RELEASE, wave_id=wave_id, unit=unit)
        if not found:
            raise LookupError(f"Nothing was released of {unit} in wave {wave_id}.")
        return str(found[0][0])


ADD_SET = upsert(rows.table(rows.CriteriaSetRow), "digest", keeping=("id", "line", "added_at"))
SETS = Prepared(select(_sets.line, _sets.added_at).order_by(_sets.added_at, _sets.digest))
SET_LINE = Prepared(select(_sets.line).where(_sets.digest == bindparam("digest")))
ADD_RECORD = insert(rows.table(rows.Record))
HAS_RECORD = Prepared(select(_records.year).where(_records.id == bindparam("id")))
RECORD = Prepared(select(_records.kind, _records.body).where(_records.id == bindparam("id")))
RECORDS_OF_YEAR = Prepared(
    select(_records.kind, _records.body)
    .where(_records.year == bindparam("year"))
    .order_by(_records.at, _records.id)
)
YEARS = Prepared(select(_records.year).where(_records.year.is_not(None)).distinct().order_by(_records.year))
UNITS_ON_RECORD = Prepared(select(_records.unit).where(_records.unit.is_not(None)).distinct())
RELEASED = Prepared(
    select(_releases.wave_id, _releases.unit, _releases.released_at)
    .join(rows.table(rows.Wave), _waves.id == _releases.wave_id)
    .where(_waves.opens_at >= bindparam("since"), _waves.opens_at < bindparam("before"))
    .order_by(_releases.released_at, _releases.wave_id, _releases.unit)
)
RELEASE = Prepared(
    select(_releases.body).where(
        _releases.wave_id == bindparam("wave_id"), _releases.unit == bindparam("unit")
    )
)
