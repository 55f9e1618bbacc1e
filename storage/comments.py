"""What people wrote, apart from every ballot: who has read it, what was decided, and the tens it reached its ward in. And
the leaders whose names must not get there. No row here has a nullifier, a receipt or a time finer than a day."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert
from surveys.comments import BY_A_TEMPLATE
from surveys.forms.session import Mode
from surveys.results import SCORED

__all__ = ["Comments", "Count", "Leaders", "Reviewed", "Waiting"]

DECIDING = 0x636F6D6D656E7473  # “comments”: the advisory lock of whoever decides or hands over

_comments = rows.table(rows.Comment).c
_reviews = rows.table(rows.CommentReview).c
_leaders = rows.table(rows.Leader).c
_waves = rows.table(rows.Wave).c
_ballots = rows.table(rows.Ballot).c


class Reviewed(NamedTuple):
    """A comment with what was decided of it; None where nobody has decided."""

    comment: rows.Comment
    review: rows.CommentReview | None


class Waiting(NamedTuple):
    """A comment that was passed and has not reached its ward."""

    comment: rows.Comment
    form_id: str


class Count(NamedTuple):
    """How far the reading of one heap – a ward's comments of a wave – has come."""

    wave_id: int
    unit: str
    state: str | None
    """None: nobody has decided."""
    handed: bool
    number: int


class Comments:
    """By their random ids, everywhere: that is no order at all."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_many(self, comments: Iterable[rows.Comment]) -> None:
        await self._connection.run_many(ADD_COMMENT, (comment.model_dump() for comment in comments))

    async def of_wave(self, wave_id: int) -> list[rows.Comment]:
        found = await self._connection.fetch(COMMENTS_OF_WAVE, wave_id=wave_id)
        return [_comment(row) for row in found]

    async def numbers(self, wave_id: int) -> dict[str, int]:
        """Unit → how many; not what came by rating templates of Zalo, which is counted in no figure of the others."""
        return {
            str(unit): int(number) for unit, number in await self._connection.fetch(NUMBERS, wave_id=wave_id)
        }

    # ── Reading and deciding ──────────────────────────────────────────────────────────────────────────────────

    async def deciding(self) -> None:
        """Until this unit of work ends, nobody else decides, takes back or hands over."""
        await self._connection.lock(DECIDING)

    async def counts(self) -> list[Count]:
        return [
            Count(wave, unit, state, batch is not None, number)
            for wave, unit, state, batch, number in await self._connection.fetch(COUNTS)
        ]

    async def starting(self, id: str) -> list[Reviewed]:
        """Those whose id begins so; at most two, which is one too many."""
        found = await self._connection.fetch(STARTING, low=id, high=f"{id}g")
        return [_reviewed(row) for row in found]

    async def of_heap(self, wave_id: int, unit: str) -> list[Reviewed]:
        found = await self._connection.fetch(OF_HEAP, wave_id=wave_id, unit=unit)
        return [_reviewed(row) for row in found]

    async def next_unread(self, wave_id: int, unit: str, after: str) -> rows.Comment | None:
        """The first one after that id that nobody has decided, else the first of all."""
        for start in (after, ""):
            for row in await self._connection.fetch(NEXT_UNREAD, wave_id=wave_id, unit=unit, after=start):
                return _comment(row)
        return None

    async def decide(self, id: str, state: str, by: str, on: date) -> bool:
        """Whether this call decided it: nobody had before."""
        return bool(
            await self._connection.run(
                DECIDE, comment=id, state=state, decided_by=by, decided_on=on, batch=None
            )
        )

    async def take_back(self, id: str) -> bool:
        """Whether there was a decision that could be taken back: one not handed over."""
        return bool(await self._connection.run(TAKE_BACK, comment=id))

    # ── To the ward ───────────────────────────────────────────────────────────────────────────────────────────

    async def waiting(self, sealed_until: datetime) -> list[Waiting]:
        """Passed and not handed over, of waves that were sealed by then."""
        found = await self._connection.fetch(WAITING, sealed_until=sealed_until)
        return [Waiting(_comment(row[:-1]), row[-1]) for row in found]

    async def voices(self, wave_id: int) -> dict[str, int]:
        """Unit → how many anonymous ballots it has in a wave that came by a way that counts: whoever holds a poster's code could
        make as many others as they like."""
        found = await self._connection.fetch(VOICES, wave_id=wave_id)
        return {str(unit): int(number) for unit, number in found}

    async def rated_voices(self, wave_id: int) -> dict[str, int]:
        """Unit → how many ratings by templates of Zalo it has in a wave."""
        found = await self._connection.fetch(RATED_VOICES, wave_id=wave_id)
        return {str(unit): int(number) for unit, number in found}

    async def last_batch(self) -> int:
        [(number,)] = await self._connection.fetch(LAST_BATCH)
        return int(number or 0)

    async def hand(self, id: str, batch: int) -> bool:
        """Whether it was waiting."""
        return bool(await self._connection.run(HAND, wanted=id, number=batch))

    async def handed(self, unit: str) -> list[Reviewed]:
        """What the ward has, the first ten first."""
        return [_reviewed(row) for row in await self._connection.fetch(HANDED, unit=unit)]

    async def purge(self, released_before: datetime) -> int:
        """Deletes comments, and what was decided of them, of waves released before then. How many comments."""
        await self._connection.run(PURGE_REVIEWS, before=released_before)
        return await self._connection.run(PURGE, before=released_before)


class Leaders:
    """Chiefs and deputies, ward by ward."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, unit: str, name: str, post: str) -> None:
        await self._connection.run(PUT_LEADER, unit=unit, name=name, post=post)

    async def remove(self, unit: str, name: str) -> bool:
        return bool(await self._connection.run(REMOVE_LEADER, unit=unit, name=name))

    async def all(self) -> list[rows.Leader]:
        return [_leader(row) for row in await self._connection.fetch(LEADERS)]


def _comment(row: tuple[Any, ...]) -> rows.Comment:
    return rows.Comment(**dict(zip(_comments.keys(), row, strict=True)))


def _reviewed(row: tuple[Any, ...]) -> Reviewed:
    width = len(_comments)
    comment, review = _comment(row[:width]), row[width:]
    if review[0] is None:
        return Reviewed(comment, None)
    return Reviewed(comment, rows.CommentReview(**dict(zip(_reviews.keys(), review, strict=True))))


def _leader(row: tuple[Any, ...]) -> rows.Leader:
    return rows.Leader(**dict(zip(_leaders.keys(), row, strict=True)))


_with_review = rows.table(rows.Comment).outerjoin(
    rows.table(rows.CommentReview), _reviews.comment == _comments.id
)
_both = select(rows.table(rows.Comment), rows.table(rows.CommentReview)).select_from(_with_review)
_is_handed = _reviews.batch.is_not(None)
_old = select(_waves.id).where(_waves.released_at < bindparam("before", type_=_waves.released_at.type))
_heap = and_(_comments.wave_id == bindparam("wave_id"), _comments.unit == bindparam("unit"))

ADD_COMMENT = insert(rows.table(rows.Comment))
NUMBERS = Prepared(
    select(_comments.unit, func.count())
    .where(_comments.wave_id == bindparam("wave_id"), _comments.id.not_like(f"{BY_A_TEMPLATE}%"))
    .group_by(_comments.unit)
)
COMMENTS_OF_WAVE = Prepared(
    select(rows.table(rows.Comment)).where(_comments.wave_id == bindparam("wave_id")).order_by(_comments.id)
)
COUNTS = Prepared(
    select(_comments.wave_id, _comments.unit, _reviews.state, func.max(_reviews.batch), func.count())
    .select_from(_with_review)
    .group_by(_comments.wave_id, _comments.unit, _reviews.state, _is_handed)
    .order_by(_comments.wave_id.desc(), _comments.unit)
)
STARTING = Prepared(
    _both.where(_comments.id >= bindparam("low"), _comments.id < bindparam("high"))
    .order_by(_comments.id)
    .limit(2)
)
OF_HEAP = Prepared(_both.where(_heap).order_by(_comments.id))
NEXT_UNREAD = Prepared(
    select(rows.table(rows.Comment))
    .select_from(_with_review)
    .where(_heap, _reviews.comment.is_(None), _comments.id > bindparam("after"))
    .order_by(_comments.id)
    .limit(1)
)
DECIDE = upsert(
    rows.table(rows.CommentReview), "comment", keeping=("state", "decided_by", "decided_on", "batch")
)
TAKE_BACK = Prepared(
    delete(rows.CommentReview).where(_reviews.comment == bindparam("comment"), _reviews.batch.is_(None))
)
WAITING = Prepared(
    select(rows.table(rows.Comment), _waves.form_id)
    .select_from(_with_review.join(rows.table(rows.Wave), _waves.id == _comments.wave_id))
    .where(
        _reviews.state == "passed",
        _reviews.batch.is_(None),
        _waves.sealed_at <= bindparam("sealed_until", type_=_waves.sealed_at.type),
    )
    .order_by(_comments.id)
)
VOICES = Prepared(
    select(_ballots.unit, func.count())
    .where(
        _ballots.wave_id == bindparam("wave_id"),
        or_(*(_ballots.stream == each.value for each in SCORED)),
        _ballots.mode != Mode.ZBS.value,
    )
    .group_by(_ballots.unit)
)
RATED_VOICES = Prepared(
    select(_ballots.unit, func.count())
    .where(_ballots.wave_id == bindparam("wave_id"), _ballots.mode == Mode.ZBS.value)
    .group_by(_ballots.unit)
)
LAST_BATCH = Prepared(select(func.max(_reviews.batch)))
HAND = Prepared(
    update(rows.CommentReview)
    .where(_reviews.comment == bindparam("wanted"), _reviews.state == "passed", _reviews.batch.is_(None))
    .values(batch=bindparam("number"))
)
HANDED = Prepared(
    _both.where(_comments.unit == bindparam("unit"), _is_handed).order_by(_reviews.batch, _comments.id)
)
PURGE_REVIEWS = Prepared(
    delete(rows.CommentReview).where(
        _reviews.comment.in_(select(_comments.id).where(_comments.wave_id.in_(_old)))
    )
)
PURGE = Prepared(delete(rows.Comment).where(_comments.wave_id.in_(_old)))
PUT_LEADER = upsert(rows.table(rows.Leader), "unit", "name")
REMOVE_LEADER = Prepared(
    delete(rows.Leader).where(_leaders.unit == bindparam("unit"), _leaders.name == bindparam("name"))
)
LEADERS = Prepared(select(rows.table(rows.Leader)).order_by(_leaders.unit, _leaders.name))
