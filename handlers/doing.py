"""What the clock asks for: each time something is due it is noted once, whoever ticks, and then done by one of those who tick.

Any number of processes may tick, be killed or be slow at any point. That a moment has come is a row that exists once; doing it is under
a lease, and may be begun again after a crash. So a deed must be harmless to repeat: it is given a key of its own for each
time it is due, by which it knows what it did before.

Nothing is done late by surprise: what is later than its schedule allows is skipped, with the reason, for its owner to see."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile

import structlog

from handlers import noting
from handlers.clock_holds import ClockHolds
from handlers.occasions import Deed, Found, NotNow, Occasion
from handlers.schedule_days import DaysOf, Planned, follows_a_wave
from storage.database import Database, Unavailable
from storage.schedule_rows import DueRow, ScheduleRow
from storage.transaction import Tx
from surveys.schedules import Schedule, dues, is_too_late, met, told_due
from surveys.schedules.subjects import is_over
from surveys.waves import LOCAL

__all__ = ["LEASE", "Doing"]

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
KEPT_EVERY = LEASE / 3
TRIES = 5  # of one deed; then its owner must look
MOST_TOLD = 200  # characters of what went wrong
MOST_DONE = 1000  # characters of what came of it: several waves of one day, with what was left undone
WAITING = frozenset({"due", "running"})
OVER = "Đợt đã đóng."
MISSED = {"skipped": "schedule.skip", "failed": "schedule.fail"}
MOST_MISSED = 1000  # moments of one schedule noted in one tick: years of silence are caught up in several


class Doing:
    def __init__(
        self,
        db: Database,
        deeds: Mapping[str, Deed],
        now: Callable[[], datetime],
        days: DaysOf,
        holds: ClockHolds,
    ) -> None:
        self._db = db
        self._deeds = deeds
        self._now = now
        self._days = days
        self._holds = holds
        self._lease = secrets.token_hex(8)

    # ── Noting ────────────────────────────────────────────────────────────────────────────────────────────────

    async def follow_waves(self, concerns: Callable[[str], bool]) -> None:
        """Three days after a wave's opening is a day only once there is that wave; and a wave may turn up whose day is earlier than the
        one we wait for."""
        async with self._db.reading() as tx:
            rows = [row for row in await tx.schedules.relative() if concerns(row.purpose)]
            if not rows:
                return
            days = await self._days.now(tx)
            following = [each for each in _readable(rows, days.planned) if follows_a_wave(each.schedule)]
            noted = {each.row.id: await tx.dues.of(each.row.id, MOST_MISSED) for each in following}
        for each in following:
            there = {due.due: due.state for due in noted[each.row.id]}
            moments = dues(each.schedule, each.row.since, each.quiet)
            due = next((moment for moment in moments if moment not in there), None)
            if due != each.row.next_due:
                async with self._db.transaction() as tx:
                    await tx.schedules.advance(each.row.id, each.row.next_due, due)
            elif due is None and WAITING.isdisjoint(there.values()):
                await self._ended_if_over(each)

    async def _ended_if_over(self, planned: Planned) -> None:
        """What reminded of one wave is no schedule any more once that is closed; what came of it stays to be seen."""
        row, now = planned.row, self._now()
        if not is_over(row.purpose, planned.schedule, now.astimezone(LOCAL).date()):
            return
        row.state = "ended"
        async with self._db.transaction() as tx:
            if await tx.schedules.change(row):
                object = f"schedule:{row.id}"
                await noting.note(tx, None, "schedule.end", object, unit=row.unit, reason=OVER, at=now)

    async def note_what_is_due(self) -> None:
        now = self._now()
        async with self._db.reading() as tx:
            rows = await tx.schedules.due(now)
            days = await self._days.now(tx) if rows else None
        if days is not None:
            for each in _readable(rows, days.planned):
                await self._note(each, now)

    async def _note(self, planned: Planned, now: datetime) -> None:
        row, schedule = planned.row, planned.schedule
        assert row.next_due is not None
        coming = chain((row.next_due,), dues(schedule, row.next_due, planned.quiet))
        moments = list(islice(takewhile(lambda due: due <= now, coming), MOST_MISSED))
        following = next(iter(dues(schedule, moments[-1], planned.quiet)), None)
        async with self._db.transaction() as tx:
            if not await tx.schedules.advance(row.id, row.next_due, following):
                return  # somebody else did, or it was changed
            noted = [_noted(row.id, moment, schedule, now) for moment in moments]
            new = [due for due in noted if await tx.dues.add(due)]
            if late := [due for due in new if due.state == "skipped"]:
                # One line for its owner, however long nobody was there.
                await self._missed(tx, row, late[-1].due, "skipped", _late(late[-1].due, now), len(late))

    # ── Doing ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def do_what_waits(self, concerns: Callable[[str], bool]) -> int:
        """The oldest first, of those purposes. How many came to an end by this call."""
        async with self._db.reading() as tx:
            waiting = await tx.dues.open(self._now())
        return sum([await self._done(due, concerns) for due in waiting])

    async def _done(self, due: DueRow, concerns: Callable[[str], bool]) -> bool:
        now = self._now()
        async with self._db.reading() as tx:
            row = await tx.schedules.get(due.schedule)
            days = await self._days.now(tx)
        assert row is not None, "a due's schedule is held by a foreign key"
        readable = _readable([row], days.planned) if concerns(row.purpose) else []
        if not readable:
            return False
        [planned] = readable
        if due.asked_by is None and is_too_late(planned.schedule, due.due, now):
            return await self._given_up(row, due, now)
        async with self._db.transaction() as tx:
            if not await tx.dues.take(due, self._lease, now, now + LEASE):
                return False
            epoch = await self._holds.moved(tx)
        await self._holds.written(epoch)
        return await self._carried_out(planned, due)

    async def _given_up(self, row: ScheduleRow, due: DueRow, now: datetime) -> bool:
        """Noted in time and nobody there to do it; or begun, cut short, and nobody there to go on."""
        state, why = (
            ("failed", f"Làm dở dang. {_late(due.due, now)}")
            if due.tries
            else ("skipped", _late(due.due, now))
        )
        async with self._db.transaction() as tx:
            is_given_up = await tx.dues.give_up(due, state, why, now)
            if is_given_up:
                await self._missed(tx, row, due.due, state, why)
        return is_given_up

    async def _carried_out(self, planned: Planned, due: DueRow) -> bool:
        keeping = asyncio.create_task(self._keep(due))
        try:
            told = await self._deeds[planned.row.purpose](_occasion(planned, due))
        except NotNow as reason:
            return await self._settled(planned.row, due, "skipped", str(reason))
        except Found as trouble:
            log.error("schedules.found", schedule=due.schedule, what=str(trouble))
            return await self._settled(planned.row, due, "failed", str(trouble)[:MOST_TOLD])
        except Unavailable:
            raise  # its lease ends, and it is begun again
        except Exception as surprise:
            # One of few places that catch broadly: one deed keeps no other waiting.
            log.error(
                "schedules.deed_failed", schedule=due.schedule, due=due.due.isoformat(), reason=repr(surprise)
            )
            if due.tries + 1 >= TRIES:
                why = f"{TRIES} lần không được: {surprise}"[:MOST_TOLD]
                return await self._settled(planned.row, due, "failed", why)
            return False
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
        return await self._settled(planned.row, due, "done", told[:MOST_DONE])

    async def _keep(self, due: DueRow) -> None:
        """While a deed takes its time, nobody else begins it."""
        while True:
            await asyncio.sleep(KEPT_EVERY.total_seconds())
            with suppress(Unavailable):
                async with self._db.transaction() as tx:
                    await tx.dues.keep(due.schedule, due.due, self._lease, self._now() + LEASE)

    async def _settled(self, row: ScheduleRow, due: DueRow, state: str, reason: str) -> bool:
        async with self._db.transaction() as tx:
            is_ours = await tx.dues.settle(due.schedule, due.due, self._lease, state, reason, self._now())
            if is_ours and state in MISSED:
                await self._missed(tx, row, due.due, state, reason)
        return is_ours

    async def _missed(
        self, tx: Tx, row: ScheduleRow, due: datetime, state: str, why: str, times: int = 1
    ) -> None:
        """Into the trail, from which its owner is told."""
        reason = f"{told_due(due)}: {why}" + (f" ({times} lần)" if times > 1 else "")
        object = f"schedule:{row.id}"
        await noting.note(tx, None, MISSED[state], object, unit=row.unit, reason=reason, at=self._now())


def _readable(rows: Iterable[ScheduleRow], read: Callable[[ScheduleRow], Planned]) -> list[Planned]:
    """One that cannot be read keeps nobody else waiting."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except ValueError as trouble:
            log.error("schedules.unreadable", schedule=row.id, reason=str(trouble))
    return found


def _noted(schedule_id: str, due: datetime, schedule: Schedule, now: datetime) -> DueRow:
    if is_too_late(schedule, due, now):
        return DueRow(
            schedule=schedule_id, due=due, state="skipped", tries=0, reason=_late(due, now), settled_at=now
        )
    return DueRow(schedule=schedule_id, due=due, state="due", tries=0)


def _late(due: datetime, now: datetime) -> str:
    minutes = round((now - due).total_seconds() / 60)
    late = f"{minutes} phút" if minutes < 120 else f"{minutes // 60} giờ"
    return f"Trễ {late}, quá mức cho phép, nên không thực hiện."


def _occasion(planned: Planned, due: DueRow) -> Occasion:
    row = planned.row
    return Occasion(
        row.id,
        due.due,
        row.purpose,
        row.title,
        row.unit or "",
        json.loads(row.subject),
        planned.schedule.over,
        row.owner,
        met(planned.schedule, due.due, planned.quiet),
    )
