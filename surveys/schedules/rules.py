"""Rules of the calendar: which days something falls on. Each gives its days from a day on, in order and without end (but for what
happens once); what a month does not have, it has on its last day. It knows no hours and no zones.

The words are iCalendar's (RFC 5545); what a month lacks is treated as offices do, who mean the month's end, and not as
iCalendar does, which leaves such a month out."""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import MAXYEAR, date, timedelta
from enum import IntEnum
from functools import lru_cache
from string import Formatter
from typing import Any

__all__ = [
    "ANY",
    "EVENTS",
    "LAST",
    "OF_FORM",
    "Daily",
    "Event",
    "Known",
    "Monthly",
    "NthWeekday",
    "Once",
    "Relative",
    "Rule",
    "Weekday",
    "Weekly",
    "Yearly",
    "YearlyDay",
    "from_json",
    "to_json",
]

LAST = -1
"""The last day of a month, or the last such weekday in it."""
ALL_YEAR = tuple(range(1, 13))
A_DAY = timedelta(days=1)
LEAP_YEAR = 2000  # in which 29 February is a day
MOST_DAYS = 366  # before or after what a rule is relative to
MOST_EVERY = 366

Known = Mapping["Event", date]
"""The days of events that have happened, or are fixed."""


class Weekday(IntEnum):
    """As `date.weekday()` counts them."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Once:
    on: date

    def days(self, since: date, known: Known) -> Iterator[date]:
        if self.on >= since:
            yield self.on


@dataclass(frozen=True, slots=True)
class Daily:
    first: date
    """The day from which the days are counted."""
    every: int = 1

    def __post_init__(self) -> None:
        _between("every", self.every, 1, MOST_EVERY)

    def days(self, since: date, known: Known) -> Iterator[date]:
        behind = max((since - self.first).days, 0)
        steps = -(-behind // self.every)
        for day in _on(self.first, timedelta(days=steps * self.every)):
            while True:
                yield day
                if (date.max - day).days < self.every:
                    return
                day += timedelta(days=self.every)


@dataclass(frozen=True, slots=True)
class Weekly:
    weekdays: tuple[Weekday, ...]
    first: date
    """A day of the first week; weeks begin on Monday."""
    every: int = 1

    def __post_init__(self) -> None:
        _between("every", self.every, 1, MOST_EVERY)
        if not self.weekdays:
            raise ValueError("a weekly rule names at least one weekday")

    def days(self, since: date, known: Known) -> Iterator[date]:
        monday = self.first - timedelta(days=self.first.weekday())
        for day in _each_day(max(since, self.first)):
            weeks = (day - monday).days // 7
            if weeks % self.every == 0 and day.weekday() in self.weekdays:
                yield day


@dataclass(frozen=True, slots=True)
class Monthly:
    day: int
    """1 to 31, or LAST. A month without that day has it on its last one."""
    months: tuple[int, ...] = ALL_YEAR

    def __post_init__(self) -> None:
        if self.day != LAST:
            _between("day", self.day, 1, 31)
        _are_months(self.months)

    def days(self, since: date, known: Known) -> Iterator[date]:
        for year, month in _months(since, self.months):
            day = _in_month(year, month, self.day)
            if day >= since:
                yield day


@dataclass(frozen=True, slots=True)
class NthWeekday:
    nth: int
    """1 to 4, or LAST."""
    weekday: Weekday
    months: tuple[int, ...] = ALL_YEAR

    def __post_init__(self) -> None:
        if self.nth != LAST:
            _between("nth", self.nth, 1, 4)  # not every month has a fifth one
        _are_months(self.months)

    def days(self, since: date, known: Known) -> Iterator[date]:
        for year, month in _months(since, self.months):
            day = self._in(year, month)
            if day >= since:
                yield day

    def _in(self, year: int, month: int) -> date:
        if self.nth == LAST:
            last = _in_month(year, month, LAST)
            return last - timedelta(days=(last.weekday() - self.weekday) % 7)
        first = date(year, month, 1)
        return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))


@dataclass(frozen=True, slots=True)
class Yearly:
    month: int
    day: int

    def __post_init__(self) -> None:
        YearlyDay(self.month, self.day)

    def days(self, since: date, known: Known) -> Iterator[date]:
        return Monthly(self.day, (self.month,)).days(since, known)


@dataclass(frozen=True, slots=True)
class YearlyDay:
    """A day that every year has; 29 February is the 28th in most."""

    month: int
    day: int

    def __post_init__(self) -> None:
        _are_months((self.month,))
        _between("day", self.day, 1, monthrange(LEAP_YEAR, self.month)[1])


EVENTS = ("opening", "closing", "release")
ANY = "*"
"""Any wave."""
OF_FORM = "form:"
"""Before a form's id: any wave of it."""
PARTS = {"year": r"\d+", "month": r"\d+", "day": r"\d+"}
"""What a schedule names its waves by, and what may stand there."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something of which nobody knows the day until it is fixed: a wave's opening."""

    kind: str
    """One of EVENTS."""
    of: str
    """The wave's name; `{year}-nguoi-dan`: each that is named like this; `form:dien_dan`: each that asks this form; ANY."""
    asks: str = field(default="", compare=False)
    """The form that wave asks, of an event there has been; no rule has it."""

    def __post_init__(self) -> None:
        if self.kind not in EVENTS:
            raise ValueError(f"an event is one of {', '.join(EVENTS)}, not {self.kind!r}")
        _names(self.of)

    @property
    def form(self) -> str | None:
        """Whose waves are meant, whatever they are called; None where they are meant by name."""
        return self.of.removeprefix(OF_FORM) if self.of.startswith(OF_FORM) else None

    @property
    def is_one(self) -> bool:
        """One wave is meant, and no other ever."""
        return self.form is None and self.of != ANY and "{" not in self.of

    def is_met_by(self, other: "Event") -> bool:
        if self.kind != other.kind:
            return False
        if self.form is not None:
            return self.form == other.asks
        return _names(self.of).fullmatch(other.of) is not None


@lru_cache(256)
def _names(of: str) -> re.Pattern[str]:
    """What a wave may be called. Raises ValueError for a pattern with anything but PARTS in it."""
    if of == ANY:
        return re.compile(".+")
    found = ""
    for literal, name, _, _ in Formatter().parse(of):
        if name is not None and name not in PARTS:
            raise ValueError(f"a wave's name has {', '.join(PARTS)} in it, not {name!r}")
        found += re.escape(literal) + (PARTS[name] if name is not None else "")
    return re.compile(found)


@dataclass(frozen=True, slots=True)
class Relative:
    """So many days before (negative) or after something."""

    days_after: int
    to: YearlyDay | Event

    def __post_init__(self) -> None:
        _between("days_after", self.days_after, -MOST_DAYS, MOST_DAYS)

    def days(self, since: date, known: Known) -> Iterator[date]:
        away = timedelta(days=self.days_after)
        if isinstance(self.to, Event):
            anchors = {day for event, day in known.items() if self.to.is_met_by(event)}
            yield from (day + away for day in sorted(anchors) if day + away >= since)
            return
        # Three hundred days before New Year lie in the year before.
        begins = max(since - away - A_DAY, date.min)
        for anchor in Monthly(self.to.day, (self.to.month,)).days(begins, known):
            for day in _on(anchor, away):
                if day >= since:
                    yield day


Rule = Once | Daily | Weekly | Monthly | NthWeekday | Yearly | Relative
KINDS: Mapping[str, type[Rule]] = {
    "once": Once,
    "daily": Daily,
    "weekly": Weekly,
    "monthly": Monthly,
    "nth_weekday": NthWeekday,
    "yearly": Yearly,
    "relative": Relative,
}
NAMES = {kind: name for name, kind in KINDS.items()}


# ── Kept and read ────────────────────────────────────────────────────────────────────────────────────────────────


def to_json(rule: Rule) -> dict[str, Any]:
    """Plain values: days as `2026-11-15`."""
    fields: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(rule).items()
    }
    if isinstance(rule, Relative) and isinstance(rule.to, Event):
        fields["to"] = {"kind": rule.to.kind, "of": rule.to.of}
    return {"rule": NAMES[type(rule)], **fields}


def from_json(given: Mapping[str, Any]) -> Rule:
    """Raises ValueError, with what is wrong, for anything `to_json` would not have written."""
    fields = dict(given)
    name = fields.pop("rule", None)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"there is no rule {name!r}: {', '.join(KINDS)}")
    try:
        for day in {"on", "first"} & fields.keys():
            fields[day] = date.fromisoformat(fields[day])
        for several in {"weekdays", "months"} & fields.keys():
            fields[several] = tuple(fields[several])
        if "weekdays" in fields:
            fields["weekdays"] = tuple(Weekday(each) for each in fields["weekdays"])
        if "weekday" in fields:
            fields["weekday"] = Weekday(fields["weekday"])
        if "to" in fields:
            to = dict(fields["to"])
            fields["to"] = Event(**to) if "kind" in to else YearlyDay(**to)
        return kind(**fields)
    except (TypeError, AttributeError) as problem:
        raise ValueError(f"a {name} rule does not look like this: {problem}") from problem


# ── Days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _on(day: date, away: timedelta) -> Iterator[date]:
    """That day, if the calendar has it."""
    try:
        yield day + away
    except OverflowError:
        return


def _each_day(since: date) -> Iterator[date]:
    day = since
    while day < date.max:
        yield day
        day += A_DAY


def _months(since: date, months: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for year in range(since.year, MAXYEAR + 1):
        for month in sorted(set(months)):
            if (year, month) >= (since.year, since.month):
                yield year, month


def _in_month(year: int, month: int, day: int) -> date:
    last = monthrange(year, month)[1]
    return date(year, month, last if day == LAST else min(day, last))


def _between(name: str, value: int, least: int, most: int) -> None:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} is a whole number from {least} to {most}, not {value!r}")


def _are_months(months: tuple[int, ...]) -> None:
    if not months:
        raise ValueError("a rule names at least one month")
    for month in months:
        _between("month", month, 1, 12)
