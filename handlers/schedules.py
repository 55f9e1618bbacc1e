"""What happens by itself, as people write it and look at it: schedules, what came of every time one was due, and what keeps everything
waiting. How it is done when its moment comes stands in `handlers.doing`."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from handlers import noting
from handlers.clock_holds import CLOCK_LEAPT, RESTORED, ClockHolds, Epochs, NoEpochs
from handlers.doing import LEASE, Doing
from handlers.occasions import Deed, NotNow, Occasion
from handlers.schedule_days import DaysOf, Planned
from storage.database import Database
from storage.schedule_rows import ClockHold, DueRow, ScheduleRow
from storage.transaction import Tx
from surveys.rights import Actor
from surveys.schedules import Schedule, described, following, schedule_to_json
from surveys.schedules.purposes import is_chore
from surveys.schedules.quiet import QuietCalendar

__all__ = [
    "CLOCK_LEAPT",
    "LEASE",
    "RESTORED",
    "Changed",
    "Deed",
    "NoSuchSchedule",
    "NotNow",
    "Occasion",
    "Planned",
    "Schedules",
]

ID_BYTES = 6
TURNED = {"paused": "schedule.pause", "active": "schedule.resume", "ended": "schedule.end"}


class NoSuchSchedule(LookupError):
    """There is no such schedule."""


class Changed(Exception):
    """Somebody changed it meanwhile."""


class Schedules:
    def __init__(
        self,
        db: Database,
        deeds: Mapping[str, Deed],
        now: Callable[[], datetime],
        *,
        quiet: QuietCalendar | None = None,
        passed: Callable[[], float] = time.monotonic,
        epochs: Epochs | None = None,
    ) -> None:
        """`quiet`: days on which nobody is to be disturbed, where no province has said otherwise. `passed`: seconds of real time, from
        any beginning. `epochs`: by which a restored database is known."""
        self._db = db
        self._deeds = deeds
        self._now = now
        self._days = DaysOf(quiet or QuietCalendar())
        self._holds = ClockHolds(db, now, passed, epochs or NoEpochs())
        self._doing = Doing(db, deeds, now, self._days, self._holds)

    @property
    def purposes(self) -> frozenset[str]:
        """What can be scheduled here."""
        return frozenset(self._deeds)

    @property
    def quiet(self) -> QuietCalendar:
        """Where no province has said otherwise; see `quiet_at`."""
        return self._days.everywhere

    async def quiet_at(self, unit: str | None) -> QuietCalendar:
        """The days on which nobody is to be disturbed there."""
        async with self._db.reading() as tx:
            return (await self._days.now(tx)).quiet(unit)

    async def foreseen(self, schedule: Schedule, unit: str | None, count: int = 5) -> tuple[datetime, ...]:
        """The next moments of one that is not written yet, as one is shown them before saving."""
        async with self._db.reading() as tx:
            days = await self._days.now(tx)
        return following(replace(schedule, known=days.known), self._now(), count, days.quiet(unit))

    # ── Written by people ─────────────────────────────────────────────────────────────────────────────────────

    async def add(
        self,
        schedule: Schedule,
        *,
        purpose: str,
        title: str,
        unit: str | None,
        owner: str,
        subject: Mapping[str, Any] | None = None,
        id: str | None = None,
        by: Actor | None = None,
    ) -> Planned:
        """Active from now on. `unit` None: it concerns the whole installation. With an `id` that is taken, what there is stays as it is.
        Raises ValueError for an unknown purpose."""
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
            since=now,
        )
        async with self._db.transaction() as tx:
            days = await self._days.now(tx)
            known = await tx.schedules.get(row.id)
            if known is None:
                row.next_due = self._next(days.planned(row))
                if await tx.schedules.add(row):
                    await self._note(tx, "schedule.add", row, by or owner, described(schedule))
                else:  # another process was quicker
                    known = await tx.schedules.get(row.id)
        return days.shown(known or row)

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
        was = await self.get(id)
        row = was.row
        if row.state == "ended":
            raise Changed(id)
        row.version, row.title, row.owner = version, title.strip(), owner
        row.calendar = json.dumps(schedule_to_json(schedule), sort_keys=True)
        if subject is not None or was.trouble:
            row.subject = _as_json(subject or {})
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
        """Due at this moment, beside its calendar. Raises NoSuchSchedule, and Changed for one that cannot be read."""
        planned = await self.get(id)
        if planned.trouble:
            raise Changed(id)
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

    async def days_moved(self, tx: Tx) -> None:
        """Quiet days are others now: in the same transaction, what lies ahead gets its moment anew. What has come due stays so."""
        days, now = await self._days.now(tx), self._now()
        for row in await tx.schedules.all():
            if row.state != "active" or (row.next_due is not None and row.next_due <= now):
                continue
            planned = days.shown(row)
            due = self._next(planned)
            if due != row.next_due and not planned.trouble:
                await tx.schedules.advance(row.id, row.next_due, due)

    # ── Looked at ─────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, id: str) -> Planned:
        """Raises NoSuchSchedule."""
        async with self._db.reading() as tx:
            row = await tx.schedules.get(id)
            days = await self._days.now(tx)
        if row is None:
            raise NoSuchSchedule(id)
        return days.shown(row)

    async def all(self) -> list[Planned]:
        """Those that cannot be read among them: they say so."""
        async with self._db.reading() as tx:
            days = await self._days.now(tx)
            return [days.shown(row) for row in await tx.schedules.all()]

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
        return following(planned.schedule, self._now(), count, planned.quiet)

    # ── What keeps everything waiting ─────────────────────────────────────────────────────────────────────────

    async def holds(self) -> list[ClockHold]:
        return await self._holds.all()

    async def hold(self, cause: str, reason: str) -> None:
        """Nothing happens by itself until this cause is released."""
        await self._holds.hold(cause, reason)

    async def release(self, cause: str, *, by: Actor | None = None) -> bool:
        """A person has looked. Whether there was something to release."""
        return await self._holds.release(cause, by or noting.at_the_machine(""))

    # ── What the clock asks for ───────────────────────────────────────────────────────────────────────────────

    async def tick(self) -> int:
        """Notes what has come due and does what waits, the oldest first. How much this call did. Raises Unavailable."""
        return await self._tick(lambda purpose: True)

    async def tick_for_people(self) -> int:
        """`tick`, without chores: nobody's survey waits until a backup is made. See `tick_for_the_house`."""
        return await self._tick(lambda purpose: not is_chore(purpose))

    async def tick_for_the_house(self) -> int:
        """`tick`, of chores alone, which may take their time."""
        return await self._tick(is_chore)

    async def _tick(self, concerns: Callable[[str], bool]) -> int:
        if await self._holds.look():
            return 0
        await self._doing.follow_waves(concerns)
        await self._doing.note_what_is_due()
        return await self._doing.do_what_waits(concerns)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _next(self, planned: Planned) -> datetime | None:
        return next(iter(following(planned.schedule, self._now(), 1, planned.quiet)), None)

    async def _turned(self, id: str, version: int, state: str, by: Actor | None) -> Planned:
        row = (await self.get(id)).row
        if row.state == "ended":
            raise Changed(id)
        row.version, row.state = version, state
        return await self._written(row, TURNED[state], by or "", "")

    async def _written(self, row: ScheduleRow, action: str, by: Actor | str, reason: str) -> Planned:
        """What would have been due before is not made up for."""
        async with self._db.transaction() as tx:
            days = await self._days.now(tx)
            row.since = self._now()
            row.next_due = self._next(days.shown(row)) if row.state == "active" else None
            if not await tx.schedules.change(row):
                raise Changed(row.id)
            await self._note(tx, action, row, by, reason)
        return await self.get(row.id)

    async def _note(self, tx: Tx, action: str, row: ScheduleRow, by: Actor | str, reason: str) -> None:
        """`by`: somebody at their post, or how somebody at the machine named themselves."""
        who = noting.at_the_machine(by) if isinstance(by, str) else by
        object, at = f"schedule:{row.id}", self._now()
        await noting.note(tx, who, action, object, unit=row.unit, reason=reason, at=at)


def _as_json(subject: Mapping[str, Any]) -> str:
    return json.dumps(dict(subject), ensure_ascii=False, sort_keys=True)
