"""What a schedule's moments hang on beside its own calendar: the days of waves, and the days on which nobody is to be disturbed where it
belongs. Read anew each time, because both are moved by people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from handlers.units import Places
from handlers.wave_days import known_days
from storage.schedule_rows import ScheduleRow
from storage.transaction import Tx
from surveys.schedules import Event, Known, Once, Relative, Schedule, described, schedule_from_json
from surveys.schedules.quiet import QuietCalendar

__all__ = ["UNREADABLE", "Days", "DaysOf", "Planned", "follows_a_wave"]

UNREADABLE = "không đọc được lịch này, nên chưa có gì diễn ra: xin đặt lại ngày giờ, hoặc kết thúc lịch"
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule as people see it."""

    row: ScheduleRow
    schedule: Schedule
    quiet: QuietCalendar
    """The days on which nobody is to be disturbed there."""
    trouble: str = ""
    """Why its row cannot be read; then it is never due, and about nothing."""

    @property
    def words(self) -> str:
        return UNREADABLE if self.trouble else described(self.schedule)

    @property
    def about(self) -> dict[str, Any]:
        """Its subject."""
        return {} if self.trouble else _about(self.row)


@dataclass(frozen=True, slots=True)
class Days:
    """At one moment."""

    known: Known
    everywhere: QuietCalendar
    of_provinces: Mapping[str, QuietCalendar]
    """Where a province changed something."""
    provinces: Mapping[str, str]
    """Unit → the province it lies in, for units of such provinces."""

    def quiet(self, unit: str | None) -> QuietCalendar:
        return self.of_provinces.get(self.provinces.get(unit or "", unit or ""), self.everywhere)

    def planned(self, row: ScheduleRow) -> Planned:
        """Raises ValueError for a row that cannot be read."""
        _about(row)
        try:
            schedule = schedule_from_json(json.loads(row.calendar), self.known)
        except (TypeError, AttributeError) as problem:  # it is JSON, and no object
            raise ValueError(f"a schedule does not look like this: {problem}") from problem
        return Planned(row, schedule, self.quiet(row.unit))

    def shown(self, row: ScheduleRow) -> Planned:
        """As `planned`; one that cannot be read says so, and keeps nobody from seeing the others."""
        try:
            return self.planned(row)
        except ValueError as trouble:
            before = row.made_at.date() - A_DAY
            return Planned(row, Schedule(Once(before), time(), before), self.quiet(row.unit), str(trouble))


class DaysOf:
    def __init__(self, everywhere: QuietCalendar) -> None:
        """`everywhere`: where no province has said otherwise."""
        self.everywhere = everywhere
        self._places = Places()

    async def now(self, tx: Tx) -> Days:
        rows = await tx.quiet_days.all()
        of_provinces: dict[str, QuietCalendar] = {}
        provinces: dict[str, str] = {}
        if rows:
            known = await self._places.known(tx)
            for unit in {row.unit for row in rows}:
                added = {row.day: row.name for row in rows if row.unit == unit and row.is_quiet}
                taken_away = {row.day for row in rows if row.unit == unit and not row.is_quiet}
                of_provinces[unit] = self.everywhere.with_days(added, taken_away)
                provinces |= {ward.code: unit for ward in known.wards(unit)}
        return Days(await known_days(tx), self.everywhere, of_provinces, provinces)


def follows_a_wave(schedule: Schedule) -> bool:
    """Nobody knows its days until there is one."""
    return isinstance(schedule.rule, Relative) and isinstance(schedule.rule.to, Event)


def _about(row: ScheduleRow) -> dict[str, Any]:
    """Raises ValueError."""
    about = json.loads(row.subject)
    if not isinstance(about, dict):
        raise ValueError("a subject is names and values")
    return about
