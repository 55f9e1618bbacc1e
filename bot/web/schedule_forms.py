"""The form in which a schedule is written: what stands in its fields, and the schedule they come to. Whatever somebody typed is kept as it
was typed; what cannot be read is said beside the field it stands in. It knows no request and no page."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from bot.web.schedule_subjects import SEVERAL as SUBJECT_SEVERAL
from bot.web.schedule_subjects import Values, read_subject, subject_values
from surveys.schedules import (
    HOME,
    LAST,
    Daily,
    Event,
    Monthly,
    NthWeekday,
    Once,
    QuietDays,
    Relative,
    Rule,
    Schedule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
    schedule_to_json,
)
from surveys.schedules.subjects import WRITTEN_HERE

__all__ = ["EVENTS", "FIELDS", "LATENESS", "MONTHS_IN", "OVER", "RULES", "Filled", "Read", "seal_of"]

RULES = ("once", "daily", "weekly", "monthly", "nth_weekday", "yearly", "around_day", "around_wave")
EVENTS = ("opening", "closing", "release")
LATENESS = (30, 60, 120, 360, 1440, 4320)
"""Minutes that something may be late and still happen."""
OVER = (0, 30, 60, 120, 180, 240, 480, 720)
"""Minutes over which what it sends is spread."""
QUARTERS = {"first": (1, 4, 7, 10), "second": (2, 5, 8, 11), "third": (3, 6, 9, 12)}
EVERY_MONTH = tuple(range(1, 13))
MONTHS_IN = ("all", *QUARTERS, "some")
FIELDS = (
    *("title", "unit", "rule", "on", "every_days", "weekdays", "every_weeks", "day", "nth", "months"),
    *("year_day", "away", "wave", "at", "lateness", "over", "starts_on", "ends_on", "quiet_days"),
    *("form", "wave_title", "days", "sample", "remind_after", "slug", "about", "number", "template"),
)
"""Beside which something may be wrong."""
SEVERAL = frozenset({"weekdays", "months"}) | SUBJECT_SEVERAL
LONGEST_VALUE = 2_000
DAYS = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


@dataclass(frozen=True, slots=True)
class Read:
    """What a form came to: nothing, where something in it cannot be read."""

    schedule: Schedule | None
    subject: dict[str, Any]
    faults: Mapping[str, tuple[str, ...]]
    """Field → keys of texts."""

    is_edited: bool
    """The form has fields for what it is about."""

    @property
    def is_whole(self) -> bool:
        return self.schedule is not None and not self.faults


class Misread(Exception):
    """Field and text, of what stands in it and is nothing we can read."""


@dataclass(frozen=True, slots=True)
class Filled(Values):
    """The fields, as they were typed."""

    values: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    # ── Out of a request, out of a schedule ───────────────────────────────────────────────────────────────────

    @classmethod
    def of_form(cls, pairs: Iterable[tuple[str, str]]) -> "Filled":
        values: dict[str, str] = {}
        several: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            if name in SEVERAL:
                several[name] = (*several.get(name, ()), value[:LONGEST_VALUE])
            else:
                values[name] = value[:LONGEST_VALUE]
        return cls(values, several)

    @classmethod
    def of(
        cls, schedule: Schedule, title: str, unit: str, purpose: str, about: Mapping[str, Any]
    ) -> "Filled":
        values, several = _rule_values(schedule.rule)
        of_subject, several_of_subject = subject_values(purpose, about)
        values = (
            of_subject
            | values
            | {
                "purpose": purpose,
                "title": title,
                "unit": unit,
                "hour": f"{schedule.at:%H}",
                "minute": f"{schedule.at:%M}",
                "lateness": _minutes(schedule.lateness),
                "over": _minutes(schedule.over),
                "starts_on": schedule.starts_on.isoformat(),
                "ends_on": schedule.ends_on.isoformat() if schedule.ends_on else "",
                "quiet_days": schedule.quiet_days.value,
            }
        )
        return cls(values, several | several_of_subject)

    def with_values(
        self, more: Mapping[str, str], several: Mapping[str, tuple[str, ...]] | None = None
    ) -> "Filled":
        return Filled({**self.values, **more}, {**self.several, **(several or {})})

    def with_purpose(self, purpose: str) -> "Filled":
        """Which no form may change."""
        return self.with_values({"purpose": purpose})

    # ── Into a schedule ───────────────────────────────────────────────────────────────────────────────────────

    def read(self, today: date, base: Schedule | None, ward: str | None) -> Read:
        """`base`: what it was before, for what the form has no field for. `ward`: where it is one ward's own."""
        faults: dict[str, tuple[str, ...]] = {}

        def taken(reading: Callable[[], Any], instead: Any) -> Any:
            try:
                return reading()
            except Misread as problem:
                name, key = problem.args
                faults[name] = (f"schedules.{key}",)
                return instead

        if not self["title"].strip():
            faults["title"] = ("schedules.no_title",)
        starts_on = taken(lambda: self._day_or("starts_on", today), today)
        rule = taken(lambda: self._rule(starts_on), None)
        at = taken(self._at, None)
        ends_on = taken(lambda: self._day_or("ends_on", None), None)
        if ends_on is not None and ends_on < starts_on:
            faults["ends_on"] = ("schedules.ends_before",)
            ends_on = None
        lateness = taken(lambda: self._number("lateness", 1, 60 * 24 * 60, "no_number"), 120)
        over = taken(lambda: self._number("over", 0, 60 * 24, "no_number", "0"), 0)
        schedule = None
        if rule is not None and at is not None:
            schedule = Schedule(
                rule,
                at,
                min(starts_on, rule.on) if isinstance(rule, Once) else starts_on,
                None if isinstance(rule, Once) else ends_on,
                zone=base.zone if base else HOME,
                lateness=timedelta(minutes=lateness),
                over=timedelta(minutes=over),
                quiet_days=_quiet_days(self["quiet_days"]),
            )
        subject, wrong = read_subject(self, rule, ward)
        return Read(schedule, subject, {**faults, **wrong}, self["purpose"] in WRITTEN_HERE)

    def _at(self) -> time:
        """Raises Misread."""
        hour = self._number("hour", 0, 23, "no_hour", beside="at")
        return time(hour, self._number("minute", 0, 59, "no_hour", "0", beside="at"))

    def _rule(self, starts_on: date) -> Rule:
        """Raises Misread."""
        match self["rule"]:
            case "once":
                return Once(self._day("on"))
            case "daily":
                return Daily(starts_on, self._number("every_days", 1, 366, "no_number", "1"))
            case "weekly":
                return self._weekly(starts_on)
            case "monthly":
                return Monthly(self._day_of_month(), self._months())
            case "nth_weekday":
                nth = LAST if self["nth"] == "last" else self._number("nth", 1, 4, "no_number")
                return NthWeekday(
                    nth, Weekday(self._number("weekday", 0, 6, "no_weekday", beside="nth")), self._months()
                )
            case "yearly":
                day = self._day_of_year()
                return Yearly(day.month, day.day)
            case "around_day":
                return Relative(self._away(), self._day_of_year())
            case "around_wave":
                wave = self["wave"].strip()
                try:
                    event = Event(self["event"], wave)
                except ValueError:
                    raise Misread("wave", "no_wave") from None
                if not wave:
                    raise Misread("wave", "no_wave")
                return Relative(self._away(), event)
        raise Misread("rule", "no_rule")

    def _weekly(self, starts_on: date) -> Weekly:
        chosen = {int(each) for each in self.many("weekdays") if each in "0123456" and len(each) == 1}
        if not chosen:
            raise Misread("weekdays", "no_weekday")
        every = self._number("every_weeks", 1, 52, "no_number", "1")
        return Weekly(tuple(Weekday(each) for each in sorted(chosen)), starts_on, every)

    def _months(self) -> tuple[int, ...]:
        wanted = self["months_in"]
        if wanted in QUARTERS:
            return QUARTERS[wanted]
        if wanted != "some":
            return EVERY_MONTH
        chosen = {
            int(each) for each in self.many("months") if each.isdecimal() and each.isascii() and len(each) < 3
        }
        if not chosen or not chosen <= set(EVERY_MONTH):
            raise Misread("months", "no_months")
        return tuple(sorted(chosen))

    def _day_of_month(self) -> int:
        return LAST if self["day"] == "last" else self._number("day", 1, 31, "no_day_of_month")

    def _day_of_year(self) -> YearlyDay:
        month = self._number("year_month", 1, 12, "no_day_of_year", beside="year_day")
        try:
            return YearlyDay(month, self._number("year_day", 1, 31, "no_day_of_year"))
        except ValueError:
            raise Misread("year_day", "no_day_of_year") from None

    def _away(self) -> int:
        days = self._number("away", 0, 366, "no_away")
        return -days if self["side"] == "before" else days

    def _number(
        self, name: str, least: int, most: int, key: str, instead: str = "", *, beside: str = ""
    ) -> int:
        text = self[name].strip() or instead
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1
        if not least <= number <= most:
            raise Misread(beside or name, key)
        return number

    def _day(self, name: str) -> date:
        day = _day(self[name])
        if day is None:
            raise Misread(name, "no_day")
        return day

    def _day_or(self, name: str, instead: date | None) -> date | None:
        return self._day(name) if self[name].strip() else instead


def seal_of(schedule: Schedule, title: str, unit: str | None, subject: Mapping[str, Any]) -> str:
    """By which a form shows that exactly this was looked at."""
    kept = json.dumps([schedule_to_json(schedule), title, unit, subject], sort_keys=True)
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def _rule_values(rule: Rule) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    match rule:
        case Once(on):
            return {"rule": "once", "on": on.isoformat()}, {}
        case Daily(_, every):
            return {"rule": "daily", "every_days": str(every)}, {}
        case Weekly(weekdays, _, every):
            chosen = tuple(str(int(each)) for each in weekdays)
            return {"rule": "weekly", "every_weeks": str(every)}, {"weekdays": chosen}
        case Monthly(day, months):
            values, several = _months_values(months)
            return {"rule": "monthly", "day": "last" if day == LAST else str(day)} | values, several
        case NthWeekday(nth, weekday, months):
            values, several = _months_values(months)
            named = {"nth": "last" if nth == LAST else str(nth), "weekday": str(int(weekday))}
            return {"rule": "nth_weekday"} | named | values, several
        case Yearly(month, day):
            return {"rule": "yearly", "year_month": str(month), "year_day": str(day)}, {}
        case Relative(days, to):
            away = {"away": str(abs(days)), "side": "before" if days < 0 else "after"}
            if isinstance(to, Event):
                return {"rule": "around_wave", "event": to.kind, "wave": to.of} | away, {}
            return {"rule": "around_day", "year_month": str(to.month), "year_day": str(to.day)} | away, {}


def _months_values(months: tuple[int, ...]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    named = tuple(sorted(set(months)))
    if named == EVERY_MONTH:
        return {"months_in": "all"}, {}
    for name, quarter in QUARTERS.items():
        if named == quarter:
            return {"months_in": name}, {}
    return {"months_in": "some"}, {"months": tuple(map(str, named))}


def _minutes(span: timedelta) -> str:
    return str(round(span.total_seconds() / 60))


def _quiet_days(value: str) -> QuietDays:
    try:
        return QuietDays(value)
    except ValueError:
        return QuietDays.KEEP


def _day(text: str) -> date | None:
    """As browsers send a day, and as people type it."""
    found = DAYS.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
