"""Days and times as people in Vietnam type them (the day first, hours with “h” or “giờ”), and as forms print them. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta

__all__ = ["formatted", "read_day", "read_time"]

FIRST_YEAR, LAST_YEAR = 1900, 2100
CENTURY_TURNS = 50  # a year written with two digits: 49 is 2049, 50 is 1950

MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan មករា",
            "february feb កុម្ភៈ កុម្ភៈ",
            "march mar មីនា",
            "april apr មេសា",
            "may ឧសភា",
            "june jun មិថុនា",
            "july jul កក្កដា",
            "august aug សីហា",
            "september sep sept កញ្ញា",
            "october oct តុលា",
            "november nov វិច្ឆិកា",
            "december dec ធ្នូ",
        ],
        start=1,
    )
    for name in names.split()
}
RELATIVE = {
    "hom nay": 0,
    "today": 0,
    "ថ្ងៃនេះ": 0,
    "hom qua": -1,
    "yesterday": -1,
    "ម្សិលមិញ": -1,
    "hom kia": -2,
    "ngay mai": 1,
    "mai": 1,
    "tomorrow": 1,
    "ថ្ងៃស្អែក": 1,
}

ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
# After folding, whatever stood between the numbers is a space.
DAY_FIRST = re.compile(
    r"(?:ngay |ថ្ងៃទី ?)?(\d{1,2}) (?:thang |thg |th |ខែ ?)?(\d{1,2})(?: (?:nam |ឆ្នាំ ?)?(\d{2}|\d{4}))?",
    re.ASCII,
)
MONTH_AND_YEAR = re.compile(r"(?:thang |ខែ ?)?(\d{1,2}) (?:nam |ឆ្នាំ ?)?(\d{4})", re.ASCII)
A_YEAR = re.compile(r"(?:nam |ឆ្នាំ ?)?(\d{4})", re.ASCII)
NAMED = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th)? )?([^\W\d]+)(?: (\d{1,2})(?:st|nd|rd|th)?)?(?: (\d{4}))?", re.ASCII
)
NAMED_ANYWHERE = re.compile(r"(?:ថ្ងៃទី ?)?(\d{1,2}) (?:ខែ ?)?(\D+?) (?:ឆ្នាំ ?)?(\d{4})")

CLOCK = re.compile(
    r"(?:luc |vao luc |at )?(\d{1,2})(?: ?(?:h|gio|g|ម៉ោង) ?| )?(\d{1,2})?(?: ?(?:phut|p|m))?(?: (\d{2}))?"
    r"(?: ?(sang|trua|chieu|toi|dem|am|pm|a m|p m))?",
    re.ASCII,
)


def read_day(folded: str, written: str, today: date | None, appearance: str = "") -> date | None:
    """The day meant, or None. `folded` is the text without diacritics and punctuation, `written` the text with them;
    `appearance` is ODK's: `month-year` and `year` ask for no day."""
    if folded in RELATIVE:
        return today + timedelta(days=RELATIVE[folded]) if today else None
    for year, month, day in _readings(folded, written.strip(), today, appearance):
        if FIRST_YEAR <= year <= LAST_YEAR:
            try:
                return date(year, month, day)
            except ValueError:
                continue
    return None


def _readings(
    folded: str, written: str, today: date | None, appearance: str
) -> Iterator[tuple[int, int, int]]:
    if found := ISO.fullmatch(written):
        yield int(found[1]), int(found[2]), int(found[3])
    if "month-year" in appearance and (found := MONTH_AND_YEAR.fullmatch(folded)):
        yield int(found[2]), int(found[1]), 1
    if "year" in appearance and (found := A_YEAR.fullmatch(folded)):
        yield int(found[1]), 1, 1
    if (found := DAY_FIRST.fullmatch(folded)) and (found[3] or today):
        yield _year(found[3], today), int(found[2]), int(found[1])
    found = NAMED.fullmatch(folded)
    if found and found[2] in MONTHS and bool(found[1]) != bool(found[3]) and (found[4] or today):
        yield _year(found[4], today), MONTHS[found[2]], int(found[1] or found[3])
    if (found := NAMED_ANYWHERE.fullmatch(folded)) and found[2] in MONTHS:
        yield int(found[3]), MONTHS[found[2]], int(found[1])


def _year(written: str | None, today: date | None) -> int:
    if written is None:
        return today.year if today else 0
    year = int(written)
    if len(written) == 4:
        return year
    return year + (2000 if year < CENTURY_TURNS else 1900)


def read_time(folded: str) -> time | None:
    """“17h30”, “17:30”, “5 giờ chiều”, “8h”, “5 30 pm” (folded: without diacritics and punctuation), or None."""
    found = CLOCK.fullmatch(folded)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    part = (found[4] or "").replace(" ", "")
    if (part in ("chieu", "toi", "pm") and hour < 12) or (part == "trua" and hour < 3):
        hour += 12
    elif part in ("am", "dem") and hour == 12:
        hour = 0
    elif part == "dem" and 6 < hour < 12:  # “11 giờ đêm” is 23:00; “2 giờ đêm” is 2:00
        hour += 12
    if part in ("sang", "am") and hour > 12:
        return None
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


FIELD = re.compile(r"%([YymnbdeaHhMS3])")


def formatted(moment: date | datetime, pattern: str, language: str) -> str:
    """`format-date()`: the codes are ODK's, the names of months and weekdays the language's own."""
    at = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    fields: Mapping[str, Callable[[], str]] = {
        "Y": lambda: f"{at.year:04}",
        "y": lambda: f"{at.year % 100:02}",
        "m": lambda: f"{at.month:02}",
        "n": lambda: str(at.month),
        "b": lambda: _names_of("months", language)[at.month],
        "d": lambda: f"{at.day:02}",
        "e": lambda: str(at.day),
        "a": lambda: _names_of("days", language)[at.weekday()],
        "H": lambda: f"{at.hour:02}",
        "h": lambda: str(at.hour),
        "M": lambda: f"{at.minute:02}",
        "S": lambda: f"{at.second:02}",
        "3": lambda: f"{at.microsecond // 1000:03}",
    }
    return FIELD.sub(lambda found: fields[found[1]](), pattern)


def _names_of(what: str, language: str) -> Mapping[int, str]:
    from babel import UnknownLocaleError, dates

    names = dates.get_month_names if what == "months" else dates.get_day_names
    try:
        return names("abbreviated", locale=language)
    except (UnknownLocaleError, ValueError):
        return names("abbreviated", locale="en")
