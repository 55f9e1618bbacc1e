"""A day and an hour as an officer types them: “7h30 mai”, “15:00”, “25/11 07:00”. Pure; the clock is told to it."""

import re
from datetime import datetime, timedelta

from surveys.emergency import unmarked
from surveys.waves import LOCAL

__all__ = ["read_moment", "told_moment"]

HOUR = re.compile(r"(?<![\d/.-])(\d{1,2})(?::(\d{2})(?!\d)|\s?(?:gio|h|g)(?:\s?(\d{2})(?![\d/.-]))?)")
DAY = re.compile(r"(?<![\d:])(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?(?!\d)")
NAMED = (("hom nay", 0), ("ngay mai", 1), ("mai", 1), ("ngay kia", 2), ("mot", 2))
"""Words for days from today, without marks; longer ones first."""
AFTERNOON = re.compile(r"\b(chieu|toi)\b")
FILLING = re.compile(r"\b(luc|ngay|sang|trua|chieu|toi|gio|vao|khoang)\b|[,.;]")
TO_A_YEAR = 366


def read_moment(text: str, now: datetime) -> datetime | None:
    """The next such moment; None for what is none, or leaves something unread. An hour alone is today's, or tomorrow's when it has
    passed."""
    said = unmarked(text.lower()).strip()
    local = now.astimezone(LOCAL)
    if (hour := HOUR.search(said)) is None or (clock := _clock(hour, said)) is None:
        return None
    rest = said[: hour.start()] + " " + said[hour.end() :]
    day, rest = _day(rest, local)
    if FILLING.sub("", rest).strip():
        return None
    if day is not None:
        return _at(day, clock)
    today = _at(local, clock)
    return today if today is None or today > now else _at(local + timedelta(days=1), clock)


def told_moment(moment: datetime) -> str:
    """“07:00 ngày 25/11/2026”."""
    local = moment.astimezone(LOCAL)
    return f"{local:%H:%M} ngày {local.day}/{local.month}/{local.year}"


def _clock(found: re.Match[str], said: str) -> tuple[int, int] | None:
    hour, minute = int(found[1]), int(found[2] or found[3] or 0)
    if AFTERNOON.search(said) and 1 <= hour < 12:
        hour += 12
    return (hour, minute) if hour < 24 and minute < 60 else None


def _day(said: str, today: datetime) -> tuple[datetime | None, str]:
    """The day that is meant, and what is said beside it."""
    for words, days in NAMED:
        if re.search(rf"\b{words}\b", said):
            return today + timedelta(days=days), re.sub(rf"\b{words}\b", "", said, count=1)
    found = DAY.search(said)
    if found is None:
        return None, said
    rest = said[: found.start()] + said[found.end() :]
    day, month, year = int(found[1]), int(found[2]), int(found[3] or 0)
    for each in (year,) if year else (today.year, today.year + 1):
        try:
            meant = today.replace(year=each, month=month, day=day)
        except ValueError:
            continue
        if year or meant.date() >= today.date():
            return meant, rest
    return None, said  # the thirty-first of February stands unread, and so nothing is


def _at(day: datetime, clock: tuple[int, int]) -> datetime | None:
    hour, minute = clock
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)
