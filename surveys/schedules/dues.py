"""From a rule to moments: its days, at an hour of a zone's clock, between two days, around the quiet days. Pure.

An hour that a zone's clock leaves out happens when it would have been, an hour that it has twice happens the first time. Vietnam's
clock does neither; other zones are there for whoever needs them."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from surveys.schedules.rules import MOST_DAYS, Event, Known, Relative, Rule, from_json, to_json

__all__ = [
    "HOME",
    "QuietDays",
    "Schedule",
    "dues",
    "following",
    "is_too_late",
    "met",
    "schedule_from_json",
    "schedule_to_json",
]

HOME = "Asia/Ho_Chi_Minh"
A_DAY = timedelta(days=1)
DEFAULT_LATENESS = timedelta(hours=2)
LONGEST_AWAY = (MOST_DAYS + 2) * A_DAY
MOST_QUIET = 60  # days in a row: more, and it is no holiday but a mistake


class QuietDays(StrEnum):
    """What becomes of something that falls on a day on which nobody is to be disturbed."""

    KEEP = "keep"
    """It happens all the same: the sealing of a wave disturbs nobody."""
    SKIP = "skip"
    NEXT = "next"
    """The next day that is none of them."""


@dataclass(frozen=True, slots=True)
class Schedule:
    rule: Rule
    at: time
    """By the zone's clock, to the minute."""
    starts_on: date
    ends_on: date | None = None
    """The last day; None: until somebody ends it."""
    zone: str = HOME
    lateness: timedelta = DEFAULT_LATENESS
    """So long after its moment it may still happen; later, it is skipped, and its owner told."""
    over: timedelta = timedelta(0)
    """What it sends is spread over so long."""
    quiet_days: QuietDays = QuietDays.KEEP
    known: Known = field(default_factory=dict)

    def __post_init__(self) -> None:
        ZoneInfo(self.zone)  # raises for a zone there is not
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError("a schedule ends before it starts")
        if self.lateness <= timedelta(0) or self.over < timedelta(0):
            raise ValueError("a schedule may be late by some time, and spread over none or more")
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise ValueError("a schedule's hour is a plain one, to the minute")


def dues(schedule: Schedule, after: datetime, quiet: Container[date] = ()) -> Iterator[datetime]:
    """The moments after that one, in order, in UTC. None is given twice, though two quiet days may lead to one."""
    zone = ZoneInfo(schedule.zone)
    since = max(after.astimezone(zone).date() - MOST_QUIET * A_DAY, schedule.starts_on)
    last = after
    for day in schedule.rule.days(since, schedule.known):
        if schedule.ends_on is not None and day > schedule.ends_on:
            return
        kept = _kept(day, schedule.quiet_days, quiet)
        if kept is None:
            continue
        due = datetime.combine(kept, schedule.at, zone).astimezone(UTC)
        if due > last:
            last = due
            yield due


def following(
    schedule: Schedule, after: datetime, count: int = 5, quiet: Container[date] = ()
) -> tuple[datetime, ...]:
    """The next moments, as one is shown them before saving."""
    return tuple(islice(dues(schedule, after, quiet), count))


def met(schedule: Schedule, due: datetime, quiet: Container[date] = ()) -> tuple[str, ...]:
    """The waves it is about at that moment, by name: those whose day led to it. Beside its calendar – somebody wanted it now –
    those of the last such day; none for a schedule that follows no wave."""
    rule = schedule.rule
    if not isinstance(rule, Relative) or not isinstance(rule.to, Event):
        return ()
    met_by: dict[datetime, set[str]] = {}
    for event, day in schedule.known.items():
        if rule.to.is_met_by(event):
            alone = replace(schedule, known={event: day})
            for moment in dues(alone, datetime.combine(day, time(), UTC) - LONGEST_AWAY, quiet):
                met_by.setdefault(moment, set()).add(event.of)
    last = max((moment for moment in met_by if moment <= due), default=None)
    return tuple(sorted(met_by[last])) if last is not None else ()


def is_too_late(schedule: Schedule, due: datetime, now: datetime) -> bool:
    return now - due > schedule.lateness


def _kept(day: date, quiet_days: QuietDays, quiet: Container[date]) -> date | None:
    if quiet_days is QuietDays.KEEP or day not in quiet:
        return day
    if quiet_days is QuietDays.SKIP:
        return None
    for _ in range(MOST_QUIET):
        day += A_DAY
        if day not in quiet:
            return day
    return None


# ── Kept and read ────────────────────────────────────────────────────────────────────────────────────────────────


def schedule_to_json(schedule: Schedule) -> dict[str, Any]:
    """What rests of it; the days of events are looked up anew."""
    return {
        **to_json(schedule.rule),
        "at": f"{schedule.at:%H:%M}",
        "starts_on": schedule.starts_on.isoformat(),
        "ends_on": schedule.ends_on.isoformat() if schedule.ends_on else None,
        "zone": schedule.zone,
        "lateness": round(schedule.lateness.total_seconds()),
        "over": round(schedule.over.total_seconds()),
        "quiet_days": schedule.quiet_days.value,
    }


def schedule_from_json(given: Mapping[str, Any], known: Known | None = None) -> Schedule:
    """Raises ValueError, with what is wrong, for anything that is no schedule."""
    fields = dict(given)
    try:
        own = {name: fields.pop(name) for name in OWN if name in fields}
        return Schedule(
            from_json(fields),
            time.fromisoformat(own["at"]),
            date.fromisoformat(own["starts_on"]),
            date.fromisoformat(own["ends_on"]) if own.get("ends_on") else None,
            own.get("zone", HOME),
            timedelta(seconds=own.get("lateness", DEFAULT_LATENESS.total_seconds())),
            timedelta(seconds=own.get("over", 0)),
            QuietDays(own.get("quiet_days", QuietDays.KEEP)),
            known or {},
        )
    except (KeyError, TypeError) as problem:
        raise ValueError(f"a schedule does not look like this: {problem}") from problem


OWN = ("at", "starts_on", "ends_on", "zone", "lateness", "over", "quiet_days")
