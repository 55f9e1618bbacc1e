"""A wave that a schedule will open, before there is one: its name and how long it will be open follow from the day. Pure."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from string import Formatter
from typing import Any

from surveys.waves import LOCAL

__all__ = ["MONTH_END", "closes_at", "filled"]

MONTH_END = "month_end"


def filled(pattern: str, due: datetime) -> str:
    """`{year}`, `{month}`, `{day}` of the day it is due, by the clock of Việt Nam. Raises ValueError for anything but the three names:
    a format string could ask for more of a number than its digits."""
    if any("." in name or "[" in name for _, name, *_ in Formatter().parse(pattern) if name):
        raise ValueError(pattern)
    day = due.astimezone(LOCAL)
    return pattern.format(year=day.year, month=day.month, day=day.day)


def closes_at(wanted: Mapping[str, Any], due: datetime) -> datetime:
    """The end of a day of Vietnam's calendar: so many `days` later, or `until: month_end`."""
    day = due.astimezone(LOCAL).date()
    if wanted.get("until") == MONTH_END:
        last = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        last = day + timedelta(days=wanted["days"])
    return datetime.combine(last, time(), LOCAL)
