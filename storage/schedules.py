"""What happens by itself and when it was due. Of any number of processes that ask at the same moment, one gets a yes."""

from datetime import date, datetime

from sqlalchemy import and_, bindparam, delete, or_, select, update

from storage import rows
from storage.schedule_rows import ClockHold, DueRow, QuietDayRow, ScheduleRow
from storage.statements import Connection, Prepared, upsert

__all__ = ["ClockHolds", "Dues", "QuietDays", "Schedules"]

_schedules = rows.table(ScheduleRow).c
_dues = rows.table(DueRow).c
_holds = rows.table(ClockHold).c
_days = rows.table(QuietDayRow).c


class Schedules:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, schedule: ScheduleRow) -> bool:
        """Whether this call did it: where there is one of that id, it stays as it is."""
        return bool(await self._connection.run(ADD_SCHEDULE, **schedule.model_dump()))

    async def get(self, id: str) -> ScheduleRow | None:
        return rows.first_of(ScheduleRow, await self._connection.fetch(SCHEDULE, id=id))

    async def all(self) -> list[ScheduleRow]:
        """By unit, then title."""
        return rows.all_of(ScheduleRow, await self._connection.fetch(SCHEDULES))

    async def relative(self) -> list[ScheduleRow]:
        """Active ones whose days depend on others': few, and asked for at every tick."""
        return rows.all_of(ScheduleRow, await self._connection.fetch(RELATIVE))

    async def due(self, now: datetime) -> list[ScheduleRow]:
        """Active ones whose moment has come, the oldest first."""
        return rows.all_of(ScheduleRow, await self._connection.fetch(DUE_SCHEDULES, now=now))

    async def advance(self, id: str, due: datetime | None, following: datetime | None) -> bool:
        """On to the next moment. Whether this call did it: it does not where another one did, or somebody changed it."""
        return bool(await self._connection.run(ADVANCE, wanted=id, was=due, following=following))

    async def change(self, schedule: ScheduleRow) -> bool:
        """Everything anew, under the next version. Whether it still was as the caller saw it."""
        given = schedule.model_dump(exclude={"id", "made_at", "version"})
        changed = {f"new_{name}": value for name, value in given.items()}
        return bool(await self._connection.run(CHANGE, wanted=schedule.id, seen=schedule.version, **changed))


class Dues:
    """Every time something was due: `due → running → done | failed`, or `skipped`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, due: DueRow) -> bool:
        """Nothing where it is known already. Whether it was new."""
        return bool(await self._connection.run(ADD_DUE, **due.model_dump()))

    async def open(self, now: datetime) -> list[DueRow]:
        """Those that wait, and those whose process is gone; the oldest first."""
        return rows.all_of(DueRow, await self._connection.fetch(OPEN_DUES, now=now))

    async def take(self, seen: DueRow, lease: str, now: datetime, until: datetime) -> bool:
        """Whether it is ours to do: it waits still, as it was seen."""
        return bool(
            await self._connection.run(
                TAKE,
                wanted=seen.schedule,
                at=seen.due,
                was=seen.tries,
                new_lease=lease,
                now=now,
                new_until=until,
            )
        )

    async def give_up(self, seen: DueRow, state: str, reason: str, now: datetime) -> bool:
        """Nobody does it any more. Whether it was still as it was seen."""
        return bool(
            await self._connection.run(
                GIVE_UP,
                wanted=seen.schedule,
                at=seen.due,
                was=seen.tries,
                new_state=state,
                new_reason=reason,
                now=now,
            )
        )

    async def ask_again(self, schedule: str, due: datetime, asked_by: str) -> bool:
        """What was skipped or failed waits once more. Whether it was one of these."""
        return bool(await self._connection.run(ASK_AGAIN, wanted=schedule, at=due, who=asked_by))

    async def keep(self, schedule: str, due: datetime, lease: str, until: datetime) -> bool:
        """Whether it still is."""
        return bool(
            await self._connection.run(KEEP, wanted=schedule, at=due, our_lease=lease, new_until=until)
        )

    async def settle(
        self, schedule: str, due: datetime, lease: str, state: str, reason: str | None, now: datetime
    ) -> bool:
        """Whether what came of it was ours to say."""
        return bool(
            await self._connection.run(
                SETTLE,
                wanted=schedule,
                at=due,
                our_lease=lease,
                new_state=state,
                new_reason=reason,
                now=now,
            )
        )

    async def of(self, schedule: str, some: int) -> list[DueRow]:
        """The newest first."""
        return rows.all_of(DueRow, await self._connection.fetch(DUES_OF, schedule=schedule, some=some))

    async def purge(self, purposes: str, before: datetime) -> int:
        """Forgets what came of it, of purposes that begin like this; what waits still is kept. How many."""
        return await self._connection.run(PURGE_DUES, purposes=f"{purposes}%", before=before)

    async def between(self, begin: datetime, end: datetime) -> list[DueRow]:
        return rows.all_of(DueRow, await self._connection.fetch(DUES_BETWEEN, begin=begin, end=end))


class ClockHolds:
    """Why nothing happens by itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def hold(self, cause: str, reason: str, since: datetime) -> None:
        await self._connection.run(HOLD, cause=cause, reason=reason, since=since)

    async def all(self) -> list[ClockHold]:
        return rows.all_of(ClockHold, await self._connection.fetch(HOLDS))

    async def release(self, cause: str) -> bool:
        """Whether there was one."""
        return bool(await self._connection.run(RELEASE, cause=cause))


class QuietDays:
    """What provinces added to the public holidays, or took away from them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, day: QuietDayRow) -> None:
        """In place of what was said of that day there."""
        await self._connection.run(PUT_DAY, **day.model_dump())

    async def remove(self, unit: str, day: date) -> bool:
        """Whether anything was said of it."""
        return bool(await self._connection.run(REMOVE_DAY, unit=unit, day=day))

    async def all(self) -> list[QuietDayRow]:
        """By day: a handful for each province and year."""
        return rows.all_of(QuietDayRow, await self._connection.fetch(DAYS))


CHANGING = tuple(name for name in _schedules.keys() if name not in ("id", "made_at", "version"))  # noqa: SIM118
MOMENT = _dues.due.type

ADD_SCHEDULE = upsert(
    rows.table(ScheduleRow),
    "id",
    keeping=tuple(name for name in _schedules.keys() if name != "id"),  # noqa: SIM118
)
SCHEDULE = Prepared(select(rows.table(ScheduleRow)).where(_schedules.id == bindparam("id")))
SCHEDULES = Prepared(
    select(rows.table(ScheduleRow)).order_by(_schedules.unit, _schedules.title, _schedules.id)
)
RELATIVE = Prepared(
    select(rows.table(ScheduleRow))
    .where(_schedules.state == "active", _schedules.calendar.like('%"rule": "relative"%'))
    .order_by(_schedules.id)
)
DUE_SCHEDULES = Prepared(
    select(rows.table(ScheduleRow))
    .where(_schedules.state == "active", _schedules.next_due <= bindparam("now", type_=MOMENT))
    .order_by(_schedules.next_due, _schedules.id)
)
ADVANCE = Prepared(
    update(ScheduleRow)
    .where(
        _schedules.id == bindparam("wanted"),
        _schedules.state == "active",
        # Nothing may lie ahead, and then something does: a wave has opened.
        _schedules.next_due.is_not_distinct_from(bindparam("was", type_=MOMENT)),
    )
    .values(next_due=bindparam("following", type_=MOMENT))
)
CHANGE = Prepared(
    update(ScheduleRow)
    .where(_schedules.id == bindparam("wanted"), _schedules.version == bindparam("seen"))
    .values(
        version=_schedules.version + 1,
        **{name: bindparam(f"new_{name}", type_=_schedules[name].type) for name in CHANGING},
    )
)
KEPT = tuple(name for name in _dues.keys() if name not in ("schedule", "due"))  # noqa: SIM118
ADD_DUE = upsert(rows.table(DueRow), "schedule", "due", keeping=KEPT)
_WAITING = or_(
    _dues.state == "due",
    and_(_dues.state == "running", _dues.lease_until < bindparam("now", type_=MOMENT)),
)
OPEN_DUES = Prepared(select(rows.table(DueRow)).where(_WAITING).order_by(_dues.due, _dues.schedule))
_THIS = and_(_dues.schedule == bindparam("wanted"), _dues.due == bindparam("at", type_=MOMENT))
_AS_SEEN = and_(_THIS, _dues.tries == bindparam("was"), _WAITING)
_OURS = and_(_THIS, _dues.state == "running", _dues.lease == bindparam("our_lease"))
TAKE = Prepared(
    update(DueRow)
    .where(_AS_SEEN)
    .values(
        state="running",
        tries=_dues.tries + 1,
        lease=bindparam("new_lease"),
        lease_until=bindparam("new_until", type_=MOMENT),
    )
)
_SETTLED = {
    "state": bindparam("new_state"),
    "reason": bindparam("new_reason"),
    "lease": None,
    "lease_until": None,
    "settled_at": bindparam("now", type_=MOMENT),
}
GIVE_UP = Prepared(update(DueRow).where(_AS_SEEN).values(_SETTLED))
ASK_AGAIN = Prepared(
    update(DueRow)
    .where(_THIS, or_(_dues.state == "skipped", _dues.state == "failed"))
    .values(state="due", tries=0, asked_by=bindparam("who"), reason=None, settled_at=None)
)
KEEP = Prepared(update(DueRow).where(_OURS).values(lease_until=bindparam("new_until", type_=MOMENT)))
SETTLE = Prepared(update(DueRow).where(_OURS).values(_SETTLED))
DUES_OF = Prepared(
    select(rows.table(DueRow))
    .where(_dues.schedule == bindparam("schedule"))
    .order_by(_dues.due.desc())
    .limit(bindparam("some"))
)
DUES_BETWEEN = Prepared(
    select(rows.table(DueRow))
    .where(
        _dues.due >= bindparam("begin", type_=MOMENT),
        _dues.due < bindparam("end", type_=MOMENT),
    )
    .order_by(_dues.due, _dues.schedule)
)
PURGE_DUES = Prepared(
    delete(DueRow).where(
        _dues.settled_at < bindparam("before", type_=MOMENT),
        _dues.schedule.in_(select(_schedules.id).where(_schedules.purpose.like(bindparam("purposes")))),
    )
)
HOLD = upsert(rows.table(ClockHold), "cause", keeping=("since",))
HOLDS = Prepared(select(rows.table(ClockHold)).order_by(_holds.since, _holds.cause))
RELEASE = Prepared(delete(ClockHold).where(_holds.cause == bindparam("cause")))
PUT_DAY = upsert(rows.table(QuietDayRow), "unit", "day")
REMOVE_DAY = Prepared(
    delete(QuietDayRow).where(
        _days.unit == bindparam("unit"), _days.day == bindparam("day", type_=_days.day.type)
    )
)
DAYS = Prepared(select(rows.table(QuietDayRow)).order_by(_days.day, _days.unit))
