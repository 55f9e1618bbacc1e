"""What a schedule's moments hang on beside its own calendar: the days of waves, and the days on which nobody is to be disturbed where it
belongs. Read anew each time, because both are moved by people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

from handlers.published import id_of
from handlers.units import Places, reach_of
from handlers.wave_days import known_days
from storage.rows import Wave
from storage.schedule_rows import ScheduleRow
from storage.transaction import Tx
from surveys.schedules import Event, Known, Once, Relative, Schedule, described, schedule_from_json
from surveys.schedules.quiet import QuietCalendar
from surveys.units import Gazetteer
from surveys.waves import State

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
    asked_in: Mapping[str, frozenset[str]]
    """Wave → the wards that take part."""
    places: Gazetteer | None
    """None where no wave was ever taken anywhere."""

    def quiet(self, unit: str | None) -> QuietCalendar:
        return self.of_provinces.get(self.provinces.get(unit or "", unit or ""), self.everywhere)

    def planned(self, row: ScheduleRow) -> Planned:
        """Raises ValueError for a row that cannot be read."""
        _about(row)
        try:
            schedule = schedule_from_json(json.loads(row.calendar), self.known)
        except (TypeError, AttributeError) as problem:  # it is JSON, and no object
            raise ValueError(f"a schedule does not look like this: {problem}") from problem
        if row.unit is not None and follows_a_wave(schedule):
            schedule = replace(schedule, known=self._known_in(row.unit))
        return Planned(row, schedule, self.quiet(row.unit))

    def _known_in(self, unit: str) -> Known:
        """What one unit follows is not due because another one's wave has its day."""
        if self.places is None:
            return self.known
        try:
            reach = reach_of(self.places, unit)
        except KeyError:
            return self.known
        elsewhere = {slug for slug, wards in self.asked_in.items() if wards and wards.isdisjoint(reach)}
        return {event: day for event, day in self.known.items() if event.of not in elsewhere}

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
        self._asked_in: dict[str, frozenset[str]] = {}
        """Of waves that are open or over: their wards are what they are."""

    async def now(self, tx: Tx) -> Days:
        rows = await tx.quiet_days.all()
        of_provinces: dict[str, QuietCalendar] = {}
        provinces: dict[str, str] = {}
        waves = await tx.waves.all()
        asked_in = {wave.slug: await self._wards_of(tx, wave) for wave in waves}
        known = await self._places.known(tx) if rows or any(asked_in.values()) else None
        if known is not None:
            for unit in {row.unit for row in rows}:
                added = {row.day: row.name for row in rows if row.unit == unit and row.is_quiet}
                taken_away = {row.day for row in rows if row.unit == unit and not row.is_quiet}
                of_provinces[unit] = self.everywhere.with_days(added, taken_away)
                provinces |= {ward.code: unit for ward in known.wards(unit)}
        return Days(known_days(waves), self.everywhere, of_provinces, provinces, asked_in, known)

    async def _wards_of(self, tx: Tx, wave: Wave) -> frozenset[str]:
        if wave.slug not in self._asked_in:
            wards = frozenset(each.unit for each in await tx.wave_units.of_wave(id_of(wave)))
            if wave.state == State.DRAFT:
                return wards
            self._asked_in[wave.slug] = wards
        return self._asked_in[wave.slug]


def follows_a_wave(schedule: Schedule) -> bool:
    """Nobody knows its days until there is one."""
    return isinstance(schedule.rule, Relative) and isinstance(schedule.rule.to, Event)


def _about(row: ScheduleRow) -> dict[str, Any]:
    """Raises ValueError."""
    about = json.loads(row.subject)
    if not isinstance(about, dict):
        raise ValueError("a subject is names and values")
    return about
