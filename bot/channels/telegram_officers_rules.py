"""A rule of the calendar as an officer types it: “thứ Hai hằng tuần 8h”, “ngày 1 hằng tháng 7h30”, “30 ngày trước 15/11, 8h”. Pure; the clock
is told to it. What it understood is said back in words before anything is kept, so it may be generous."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from bot.channels.telegram_officers_moments import read_moment
from surveys.emergency import unmarked
from surveys.schedules import (
    LAST,
    Daily,
    Event,
    Monthly,
    NthWeekday,
    Once,
    Relative,
    Rule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
)
from surveys.waves import LOCAL

__all__ = ["read_around", "read_rule"]

HOUR = re.compile(r"(?<![\d/.-])(\d{1,2})(?::(\d{2})|\s?(?:gio|h|g)(?:\s?(\d{2}))?)(?![a-z\d])")
AFTERNOON = re.compile(r"\b(?:chieu|toi)\b")
FILLING = re.compile(r"\b(?:luc|vao|sang|trua|chieu|toi|cua|va)\b|[,.;]")
WEEKDAYS: Mapping[Weekday, str] = {
    Weekday.MONDAY: "thu hai|thu 2|t2",
    Weekday.TUESDAY: "thu ba|thu 3|t3",
    Weekday.WEDNESDAY: "thu tu|thu 4|t4",
    Weekday.THURSDAY: "thu nam|thu 5|t5",
    Weekday.FRIDAY: "thu sau|thu 6|t6",
    Weekday.SATURDAY: "thu bay|thu 7|t7",
    Weekday.SUNDAY: "chu nhat|cn",
}
NTH: Mapping[int, str] = {
    1: "dau tien|dau|thu nhat",
    2: "thu hai|thu 2",
    3: "thu ba|thu 3",
    4: "thu tu|thu 4",
    LAST: "cuoi cung|cuoi",
}
A_WEEKDAY = f"(?:{'|'.join(WEEKDAYS.values())})"
A_PLACE = f"(?:{'|'.join(NTH.values())})"
EVERY = "(?:hang|moi)"
MONTHS = f"(?P<months>{EVERY} thang|{EVERY} quy)"
A_DAY = r"(?P<day>\d{1,2})[/-](?P<month>\d{1,2})"
EVENTS: Mapping[str, str] = {"opening": "mo", "closing": "dong", "release": "cong bo"}
AN_EVENT = f"(?:{'|'.join(EVENTS.values())})"
AROUND = re.compile(
    rf"(?:(?:dung )?ngay (?P<that_day>{AN_EVENT})"
    rf"|(?P<days>\d{{1,3}}) ngay (?P<side>truoc|sau)(?: khi| ngay)? (?P<event>{AN_EVENT}))(?: dot| ket qua)*"
)
EVERY_MONTH, EVERY_QUARTER = tuple(range(1, 13)), (1, 4, 7, 10)

Found = re.Match[str]


def read_rule(text: str, now: datetime) -> tuple[Rule, time] | None:
    """The days and the hour; None for what is no rule, or leaves something unread."""
    parts = _parts(text)
    if parts is None:
        return None
    rest, at = parts
    today = now.astimezone(LOCAL).date()
    for pattern, rule in RULES:
        if found := pattern.fullmatch(rest):
            try:
                return rule(found, today), at
            except ValueError:
                return None  # the thirty-first of February
    moment = read_moment(text, now)
    return (Once(moment.astimezone(LOCAL).date()), at) if moment else None


def read_around(text: str, wave: str) -> tuple[Rule, time] | None:
    """So many days before or after something of a wave, and the hour; None for what is none."""
    parts = _parts(text)
    found = AROUND.fullmatch(parts[0]) if parts else None
    if parts is None or found is None:
        return None
    days = int(found["days"] or 0)
    kind = next(kind for kind, name in EVENTS.items() if name in (found["that_day"], found["event"]))
    try:
        return Relative(-days if found["side"] == "truoc" else days, Event(kind, wave)), parts[1]
    except ValueError:
        return None  # more days than a rule may be away


def _parts(text: str) -> tuple[str, time] | None:
    """The words without the hour, and the hour."""
    said = unmarked(text.lower()).strip()
    hour = HOUR.search(said)
    at = _clock(hour, said) if hour else None
    if hour is None or at is None:
        return None
    return " ".join(FILLING.sub(" ", f"{said[: hour.start()]} {said[hour.end() :]}").split()), at


def _clock(found: Found, said: str) -> time | None:
    hour, minute = int(found[1]), int(found[2] or found[3] or 0)
    if AFTERNOON.search(said) and 1 <= hour < 12:
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _months(found: Found) -> tuple[int, ...]:
    return EVERY_QUARTER if "quy" in found["months"] else EVERY_MONTH


def _weekday(text: str) -> Weekday:
    return next(day for day, names in WEEKDAYS.items() if text in names.split("|"))


def _weekly(found: Found, today: date) -> Rule:
    named = re.findall(A_WEEKDAY, found["weekdays"])
    return Weekly(tuple(sorted({_weekday(each) for each in named})), today)


def _nth(found: Found, today: date) -> Rule:
    nth = next(number for number, names in NTH.items() if found["nth"] in names.split("|"))
    return NthWeekday(nth, _weekday(found["weekday"]), _months(found))


def _monthly(found: Found, today: date) -> Rule:
    return Monthly(int(found["day"]), _months(found))


def _last(found: Found, today: date) -> Rule:
    return Monthly(LAST, _months(found))


def _yearly(found: Found, today: date) -> Rule:
    return Yearly(int(found["month"]), int(found["day"]))


def _relative(found: Found, today: date) -> Rule:
    days = int(found["days"])
    to = YearlyDay(int(found["month"]), int(found["day"]))
    return Relative(-days if found["side"] == "truoc" else days, to)


RULES: tuple[tuple[re.Pattern[str], Callable[[Found, date], Rule]], ...] = (
    (re.compile(f"{EVERY} ngay"), lambda found, today: Daily(today)),
    (re.compile(rf"(?P<weekdays>{A_WEEKDAY}(?: {A_WEEKDAY})*) {EVERY} tuan"), _weekly),
    (re.compile(rf"{EVERY} (?P<weekdays>{A_WEEKDAY}(?: {A_WEEKDAY})*)"), _weekly),
    (re.compile(rf"(?P<weekday>{A_WEEKDAY})(?: tuan)? (?P<nth>{A_PLACE}) {MONTHS}"), _nth),
    (re.compile(rf"(?:ngay )?(?P<day>\d{{1,2}}) {MONTHS}"), _monthly),
    (re.compile(rf"(?:ngay )?cuoi {MONTHS}"), _last),
    (re.compile(rf"(?:ngay )?{A_DAY} {EVERY} nam"), _yearly),
    (
        re.compile(rf"(?P<days>\d{{1,3}}) ngay (?P<side>truoc|sau) (?:ngay )?{A_DAY}(?: {EVERY} nam)?"),
        _relative,
    ),
)
