"""When something happens by itself: rules of the calendar, the moments that follow from them, and how one says them. Pure.

A schedule says *when*, never *what*: that is a purpose's to know. And it knows no clock: the moment it is asked about is passed in."""

from surveys.schedules.dues import (
    QuietDays,
    Schedule,
    dues,
    following,
    is_too_late,
    schedule_from_json,
    schedule_to_json,
)
from surveys.schedules.rules import (
    LAST,
    Daily,
    Event,
    Known,
    Monthly,
    NthWeekday,
    Once,
    Relative,
    Rule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
    from_json,
    to_json,
)
from surveys.schedules.words import described, told_due

__all__ = [
    "LAST",
    "Daily",
    "Event",
    "Known",
    "Monthly",
    "NthWeekday",
    "Once",
    "QuietDays",
    "Relative",
    "Rule",
    "Schedule",
    "Weekday",
    "Weekly",
    "Yearly",
    "YearlyDay",
    "described",
    "dues",
    "following",
    "from_json",
    "is_too_late",
    "schedule_from_json",
    "schedule_to_json",
    "to_json",
    "told_due",
]
