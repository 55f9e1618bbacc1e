"""What happens by itself: each time something is due it is noted once, whoever ticks, and then done by one of those who tick.

Any number of processes may tick, be killed or be slow at any point. That a moment has come is a row that exists once; doing it is under
a lease, and may be begun again after a crash. So a deed must be harmless to repeat: it is given a key of its own for each
time it is due, by which it knows what it did before.

Nothing is done late by surprise: what is later than its schedule allows is skipped, with the reason, for its owner to see. And nothing is
done while a person has to look first: after a clock that leapt, after a restore."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain, islice, takewhile
from typing import Any, Protocol

import structlog

from handlers import noting
from handlers.wave_days import known_days
from storage.database import Database, Unavailable
from storage.schedule_rows import ClockHold, DueRow, ScheduleRow
from storage.transaction import Tx
from surveys.rights import Actor
from surveys.schedules import (
    Known,
    Schedule,
    described,
    dues,
    following,
    is_too_late,
    schedule_from_json,
    schedule_to_json,
    told_due,
)

__all__ = [
    "CLOCK_LEAPT",
    "Changed",
    "Deed",
    "NoSuchSchedule",
    "NotNow",
    "Occasion",
    "Planned",
    "Schedules",
]

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
KEPT_EVERY = LEASE / 3
TRIES = 5  # of one deed; then its owner must look
SINCE_FIXED = timedelta(minutes=10)
LEAP = timedelta(minutes=10)
"""So much more of the clock than of real time between two ticks, and a person looks first."""
CLOCK_LEAPT = "clock"
ID_BYTES = 6
MOST_TOLD = 200  # characters of what came of it
TURNED = {"paused": "schedule.pause", "active": "schedule.resume", "ended": "schedule.end"}
MISSED = {"skipped": "schedule.skip", "failed": "schedule.fail"}
MOST_MISSED = 1000  # moments of one schedule noted in one tick: years of silence are caught up in several


class NoSuchSchedule(LookupError):
    """There is no such schedule."""


class Changed(Exception):
    """Somebody changed it meanwhile."""


class NotNow(Exception):
    """The deed cannot be done on this occasion and never will be; the message says why, for people to read."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that something is due."""

    schedule: str
    due: datetime
    purpose: str
    title: str
    unit: str
    subject: Mapping[str, Any]
    over: timedelta

    @property
    def key(self) -> str:
        """The same each time this very occasion is begun, and never another's."""
        return f"{self.schedule}-{self.due:%Y%m%dT%H%M}"


class Deed(Protocol):
    """What a purpose does. To be repeated without harm. Returns, in a line for people, what came of it. Raises NotNow."""

    async def __call__(self, occasion: Occasion, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule as people see it."""

    row: ScheduleRow
    schedule: Schedule

    @property
    def words(self) -> str:
        return described(self.schedule)


class Schedules:
    def __init__(
        self,
        db: Database,
        deeds: Mapping[str, Deed],
        now: Callable[[], datetime],
        *,
        quiet: Container[date] = (),
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        """`quiet`: days on which nobody is to be disturbed. `passed`: seconds of real time, from any beginning."""
        self._db = db
        self._deeds = deeds
        self._now = now
        self._quiet = quiet
        self._passed = passed
        self._lease = secrets.token_hex(8)
        self._seen: tuple[datetime, float] | None = None

    @property
    def purposes(self) -> frozenset[str]:
        """What can be scheduled here."""
        return frozenset(self._deeds)

    @property
    def quiet(self) -> Container[date]:
        return self._quiet

    # ── Written by people ─────────────────────────────────────────────────────────────────────────────────────

    async def add(
        self,
        schedule: Schedule,
        *,
        purpose: str,
        title: str,
        unit: str,
        owner: str,
        subject: Mapping[str, Any] | None = None,
        id: str | None = None,
        by: Actor | None = None,
    ) -> Planned:
        """Active from now on. With an `id` that is taken, what there is stays as it is. Raises ValueError for an unknown purpose."""
        if purpose not in self._deeds:
            raise ValueError(f"nothing is known that does {purpose!r}: {', '.join(sorted(self._deeds))}")
        now = self._now()
        row = ScheduleRow(
            id=id or secrets.token_hex(ID_BYTES),
            purpose=purpose,
            title=title.strip(),
            unit=unit,
            subject=_as_json(subject or {}),
            calendar=json.dumps(schedule_to_json(schedule), sort_keys=True),
            state="active",
            next_due=None,
            version=1,
            owner=owner,
            made_at=now,
        )
        async with self._db.transaction() as tx:
            days = await known_days(tx)
            known = await tx.schedules.get(row.id)
            if known is None:
                row.next_due = self._next(replace(schedule, known=days), now)
                await tx.schedules.add(row)
                await self._note(tx, "schedule.add", row, by or owner, described(schedule))
        return _planned(known or row, days)

    async def change(
        self,
        id: str,
        version: int,
        schedule: Schedule,
        *,
        title: str,
        owner: str,
        subject: Mapping[str, Any] | None = None,
        by: Actor | None = None,
    ) -> Planned:
        """From now on it follows another rule; what was due stays noted. Without a `subject` it is about what it was about.
        Raises NoSuchSchedule and Changed."""
        planned = await self.get(id)
        row = planned.row
        if row.state == "ended":
            raise Changed(id)
        row.version, row.title, row.owner = version, title.strip(), owner
        row.calendar = json.dumps(schedule_to_json(schedule), sort_keys=True)
        if subject is not None:
            row.subject = _as_json(subject)
        if row.state == "active":
            row.next_due = self._next(replace(schedule, known=planned.schedule.known), self._now())
        return await self._written(row, "schedule.change", by or owner, described(schedule))

    async def pause(self, id: str, version: int, *, by: Actor | None = None) -> Planned:
        """Nothing more is due until it is resumed. Raises NoSuchSchedule and Changed."""
        return await self._turned(id, version, "paused", by)

    async def resume(self, id: str, version: int, *, by: Actor | None = None) -> Planned:
        """What would have been due meanwhile is not made up for. Raises NoSuchSchedule and Changed."""
        return await self._turned(id, version, "active", by)

    async def end(self, id: str, version: int, *, by: Actor | None = None) -> Planned:
        """For good; what happened stays to be seen. Raises NoSuchSchedule and Changed."""
        return await self._turned(id, version, "ended", by)

    async def run_once(self, id: str, *, asked_by: str, by: Actor | None = None) -> DueRow:
        """Due at this moment, beside its calendar. Raises NoSuchSchedule."""
        planned = await self.get(id)
        this_minute = self._now().replace(second=0, microsecond=0)
        due = DueRow(schedule=id, due=this_minute, state="due", tries=0, asked_by=asked_by)
        async with self._db.transaction() as tx:
            await tx.dues.add(due)
            await self._note(tx, "schedule.run", planned.row, by or asked_by, f"{due.due:%Y-%m-%dT%H:%MZ}")
        return due

    async def run_again(self, id: str, due: datetime, *, asked_by: str, by: Actor | None = None) -> bool:
        """What was skipped or failed is done after all, however late it is. Whether it was one of these."""
        planned = await self.get(id)
        async with self._db.transaction() as tx:
            is_asked = await tx.dues.ask_again(id, due, asked_by)
            if is_asked:
                await self._note(tx, "schedule.run", planned.row, by or asked_by, f"{due:%Y-%m-%dT%H:%MZ}")
        return is_asked

    async def get(self, id: str) -> Planned:
        """Raises NoSuchSchedule."""
        async with self._db.reading() as tx:
            row = await tx.schedules.get(id)
            days = await known_days(tx)
        if row is None:
            raise NoSuchSchedule(id)
        return _planned(row, days)

    async def all(self) -> list[Planned]:
        async with self._db.reading() as tx:
            days = await known_days(tx)
            return [_planned(row, days) for row in await tx.schedules.all()]

    async def history(self, id: str, some: int = 20) -> list[DueRow]:
        """The newest first."""
        async with self._db.reading() as tx:
            return await tx.dues.of(id, some)

    async def between(self, begin: datetime, end: datetime) -> list[DueRow]:
        async with self._db.reading() as tx:
            return await tx.dues.between(begin, end)

    def coming(self, planned: Planned, count: int = 5) -> tuple[datetime, ...]:
        """The next moments; none of a schedule that is not active."""
        if planned.row.state != "active":
            return ()
        return following(planned.schedule, self._now(), count, self._quiet)

    # ── What keeps everything waiting ─────────────────────────────────────────────────────────────────────────

    async def holds(self) -> list[ClockHold]:
        async with self._db.reading() as tx:
            return await tx.clock_holds.all()

    async def hold(self, cause: str, reason: str) -> None:
        """Nothing happens by itself until this cause is released."""
        now = self._now()
        async with self._db.transaction() as tx:
            is_held = any(each.cause == cause for each in await tx.clock_holds.all())
            await tx.clock_holds.hold(cause, reason, now)
            if not is_held:
                object = f"clock:{cause}"
                await noting.note(tx, None, "schedule.hold", object, unit=None, reason=reason, at=now)

    async def release(self, cause: str, *, by: Actor | None = None) -> bool:
        """A person has looked. Whether there was something to release."""
        async with self._db.transaction() as tx:
            is_released = await tx.clock_holds.release(cause)
            if is_released:
                who, at = by or noting.at_the_machine(""), self._now()
                await noting.note(tx, who, "schedule.release", f"clock:{cause}", unit=None, at=at)
        return is_released

    # ── What the clock asks for ───────────────────────────────────────────────────────────────────────────────

    async def tick(self) -> int:
        """Notes what has come due and does what waits, the oldest first. How much this call did. Raises Unavailable."""
        await self._watch_the_clock()
        if await self.holds():
            return 0
        await self._follow_what_was_fixed()
        await self._note_what_is_due()
        return await self._do_what_waits()

    async def _watch_the_clock(self) -> None:
        now, passed = self._now(), self._passed()
        seen, self._seen = self._seen, (now, passed)
        if seen is None:
            return
        leapt = (now - seen[0]) - timedelta(seconds=passed - seen[1])
        if leapt > LEAP:
            log.error("schedules.clock_leapt", minutes=round(leapt.total_seconds() / 60))
            reason = f"the clock leapt {round(leapt.total_seconds() / 60)} minutes forward, to {now:%Y-%m-%d %H:%M} UTC"
            await self.hold(CLOCK_LEAPT, reason)

    async def _follow_what_was_fixed(self) -> None:
        """Three days after a wave's opening is a day only once there is that wave."""
        async with self._db.reading() as tx:
            idle = [each for each in await tx.schedules.all() if _waits_for_a_day(each)]
            days = await known_days(tx) if idle else {}
        for row in idle:
            # It may have been fixed since the last tick, for this very minute.
            due = self._next(_planned(row, days).schedule, self._now() - SINCE_FIXED)
            if due is None or any(each.due == due for each in await self.history(row.id)):
                continue
            row.next_due = due
            async with self._db.transaction() as tx:
                await tx.schedules.change(row)

    async def _note_what_is_due(self) -> None:
        now = self._now()
        async with self._db.reading() as tx:
            due = await tx.schedules.due(now)
        for row in due:
            try:
                await self._noted(row, now)
            except ValueError as trouble:
                # One that cannot be read keeps nobody else waiting.
                log.error("schedules.unreadable", schedule=row.id, reason=str(trouble))

    async def _noted(self, row: ScheduleRow, now: datetime) -> None:
        async with self._db.reading() as tx:
            schedule = _planned(row, await known_days(tx)).schedule
        assert row.next_due is not None
        coming = chain((row.next_due,), dues(schedule, row.next_due, self._quiet))
        moments = list(islice(takewhile(lambda due: due <= now, coming), MOST_MISSED))
        async with self._db.transaction() as tx:
            if not await tx.schedules.advance(row.id, row.next_due, self._next(schedule, moments[-1])):
                return  # somebody else did, or it was changed
            noted = [_noted(row.id, moment, schedule, now) for moment in moments]
            for due in noted:
                await tx.dues.add(due)
            if late := [due for due in noted if due.state == "skipped"]:
                # One line for its owner, however long nobody was there.
                await self._missed(tx, row, late[-1].due, "skipped", _late(late[-1].due, now), len(late))

    async def _do_what_waits(self) -> int:
        async with self._db.reading() as tx:
            waiting = await tx.dues.open(self._now())
        return sum([await self._done(due) for due in waiting])

    async def _done(self, due: DueRow) -> bool:
        now = self._now()
        planned = await self.get(due.schedule)
        if due.asked_by is None and is_too_late(planned.schedule, due.due, now):
            return await self._given_up(planned.row, due, now)
        async with self._db.transaction() as tx:
            is_ours = await tx.dues.take(due, self._lease, now, now + LEASE)
        return is_ours and await self._carried_out(planned, due)

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
        return await self._settled(planned.row, due, "done", told[:MOST_TOLD])

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

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _next(self, schedule: Schedule, after: datetime) -> datetime | None:
        return next(iter(following(schedule, after, 1, self._quiet)), None)

    async def _turned(self, id: str, version: int, state: str, by: Actor | None) -> Planned:
        planned = await self.get(id)
        row = planned.row
        if row.state == "ended":
            raise Changed(id)
        row.version, row.state = version, state
        row.next_due = self._next(planned.schedule, self._now()) if state == "active" else None
        return await self._written(row, TURNED[state], by or "", "")

    async def _written(self, row: ScheduleRow, action: str, by: Actor | str, reason: str) -> Planned:
        async with self._db.transaction() as tx:
            if not await tx.schedules.change(row):
                raise Changed(row.id)
            await self._note(tx, action, row, by, reason)
        return await self.get(row.id)

    async def _note(self, tx: Tx, action: str, row: ScheduleRow, by: Actor | str, reason: str) -> None:
        """`by`: somebody at their post, or how somebody at the machine named themselves."""
        who = noting.at_the_machine(by) if isinstance(by, str) else by
        object, at = f"schedule:{row.id}", self._now()
        await noting.note(tx, who, action, object, unit=row.unit, reason=reason, at=at)


def _waits_for_a_day(row: ScheduleRow) -> bool:
    """Follows something of which nobody knew the day."""
    to = json.loads(row.calendar).get("to") if row.state == "active" and row.next_due is None else None
    return isinstance(to, dict) and "kind" in to


def _planned(row: ScheduleRow, days: Known) -> Planned:
    return Planned(row, schedule_from_json(json.loads(row.calendar), days))


def _as_json(subject: Mapping[str, Any]) -> str:
    return json.dumps(dict(subject), ensure_ascii=False, sort_keys=True)


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
        row.unit,
        json.loads(row.subject),
        planned.schedule.over,
    )
