"""Where a wave is laid out before it is sealed: ballots, receipts and comments in secret orders, moved in one transaction.

Whoever lays out takes a number first; a later number ends an earlier one's work, so that two processes never mix what they lay
out. It knows no session and no key."""

from collections.abc import Iterable

from sqlalchemy import Integer, Table, bindparam, delete, func, select
from sqlalchemy.sql.expression import ColumnElement

from storage import rows
from storage.catalogue import Markers
from storage.statements import Connection, Prepared, insert
from surveys.ballot_box import SealedBallot

__all__ = ["Staging", "Superseded"]

SEALING = 0x7365616C00000000  # “seal....”: the advisory locks of whoever lays out a wave, by its id

_staged_ballots = rows.table(rows.StagedBallot)
_staged_receipts = rows.table(rows.StagedReceipt)
_staged_comments = rows.table(rows.StagedComment)


class Superseded(Exception):
    """Another process has begun to seal this wave."""


class Staging:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(self, wave_id: int) -> int:
        """A new number. Whoever has an earlier one lays out nothing any more."""
        await self._alone(wave_id)
        markers = Markers(self._connection)
        await markers.bump(_marker(wave_id))
        return await markers.value(_marker(wave_id))

    async def go_on(self, wave_id: int, number: int) -> None:
        """Until this unit of work ends, nobody takes the wave over. Raises Superseded when somebody has."""
        await self._alone(wave_id)
        if await Markers(self._connection).value(_marker(wave_id)) != number:
            raise Superseded(f"Another process is sealing wave {wave_id}.")

    async def add_ballots(self, wave_id: int, ballots: Iterable[SealedBallot]) -> None:
        values = ({"wave_id": wave_id, **ballot._asdict()} for ballot in ballots)
        await self._connection.run_many(ADD_BALLOT, values)

    async def add_receipts(self, wave_id: int, receipts: Iterable[str]) -> None:
        values = ({"wave_id": wave_id, "receipt": receipt} for receipt in receipts)
        await self._connection.run_many(ADD_RECEIPT, values)

    async def add_comments(self, comments: Iterable[rows.Comment]) -> None:
        await self._connection.run_many(ADD_COMMENT, (comment.model_dump() for comment in comments))

    async def receipts_after(self, wave_id: int, receipt: str, some: int) -> list[str]:
        """The next ones, in order."""
        found = await self._connection.fetch(RECEIPTS_AFTER, wave_id=wave_id, after=receipt, some=some)
        return [str(each) for (each,) in found]

    async def counts(self, wave_id: int) -> tuple[int, int, int]:
        """Ballots, receipts, comments."""
        ballots, receipts, comments = [
            int((await self._connection.fetch(statement, wave_id=wave_id))[0][0]) for statement in COUNTS
        ]
        return ballots, receipts, comments

    async def clear_some(self, wave_id: int, some: int) -> int:
        """Deletes so many rows of each heap at the most. How many there were."""
        return sum(
            [await self._connection.run(statement, wave_id=wave_id, some=some) for statement in CLEAR_SOME]
        )

    async def move(self, wave_id: int) -> None:
        """Everything that is laid out of a wave lies where it is sealed, each heap in its own order, and nothing is left here."""
        for statement in (*MOVE, *CLEAR):
            await self._connection.run_long(statement, wave_id=wave_id)

    async def _alone(self, wave_id: int) -> None:
        await self._connection.lock(SEALING + wave_id)


def _marker(wave_id: int) -> str:
    return f"sealing-{wave_id}"


def _of_wave(table: Table) -> ColumnElement[bool]:
    return table.c.wave_id == bindparam("wave_id")


def _moved(staged: Table, kept: Table, place: str) -> Prepared:
    names = [column.name for column in staged.columns]
    chosen = select(*staged.columns).where(_of_wave(staged)).order_by(staged.c[place])
    return Prepared(kept.insert().from_select(names, chosen))


def _some_cleared(staged: Table, place: str) -> Prepared:
    some = select(staged.c[place]).where(_of_wave(staged)).limit(bindparam("some", type_=Integer))
    return Prepared(delete(staged).where(_of_wave(staged), staged.c[place].in_(some)))


HEAPS = (
    (_staged_ballots, rows.table(rows.Ballot), "position"),
    (_staged_receipts, rows.table(rows.Receipt), "receipt"),
    (_staged_comments, rows.table(rows.Comment), "id"),
)
ADD_BALLOT, ADD_RECEIPT, ADD_COMMENT = (insert(staged) for staged, _, _ in HEAPS)
RECEIPTS_AFTER = Prepared(
    select(_staged_receipts.c.receipt)
    .where(_of_wave(_staged_receipts), _staged_receipts.c.receipt > bindparam("after"))
    .order_by(_staged_receipts.c.receipt)
    .limit(bindparam("some", type_=Integer))
)
COUNTS = tuple(
    Prepared(select(func.count()).select_from(staged).where(_of_wave(staged))) for staged, _, _ in HEAPS
)
MOVE = tuple(_moved(staged, kept, place) for staged, kept, place in HEAPS)
CLEAR = tuple(Prepared(delete(staged).where(_of_wave(staged))) for staged, _, _ in HEAPS)
CLEAR_SOME = tuple(_some_cleared(staged, place) for staged, _, place in HEAPS)
