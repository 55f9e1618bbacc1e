"""Values as XForms sees them: text, numbers, truths and days, and how one turns into another.

The rules are those of ODK's engines (getodk.github.io/xforms-spec, “XPath functions”): an unanswered question is empty
text, empty text is no number (NaN), and a date counts as its days since 1 January 1970. It knows no form and no clock.
"""

import math
import re
from datetime import date, datetime, timedelta

__all__ = [
    "EPOCH",
    "Value",
    "are_equal",
    "as_day",
    "as_moment",
    "as_number",
    "as_text",
    "as_truth",
    "half_up",
]

Value = str | float | bool | date | datetime
"""What an expression may yield. A datetime is a date too: ask for it first."""

EPOCH = date(1970, 1, 1)
A_DAY = 86_400.0  # seconds

NUMBER = re.compile(r"\s*-?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})\s*", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def as_number(value: Value) -> float:
    """The number a value stands for; NaN for none. A day is its days since 1970, also when it is written as text."""
    if isinstance(value, str):
        if NUMBER.fullmatch(value):
            return float(value)
        moment = as_moment(value) if DAY.match(value) else None
        return math.nan if moment is None else as_number(moment)
    if isinstance(value, datetime):
        return (value.date() - EPOCH).days + (
            value - value.replace(hour=0, minute=0, second=0, microsecond=0)
        ) / (timedelta(days=1))
    if isinstance(value, date):
        return float((value - EPOCH).days)
    return float(value)


def as_text(value: Value) -> str:
    """The lexical form: `3`, not `3.0`; `2026-03-05`; `true`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat()


def _number_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 1e15:  # beyond that a float no longer counts in ones
        return str(int(value))
    return repr(value)


def as_truth(value: Value) -> bool:
    """Empty text, zero and NaN are false; everything else is true, the text “false” included (XPath 1.0, 4.3)."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    if isinstance(value, str | bool):
        return bool(value)
    return True


def as_moment(value: Value) -> date | datetime | None:
    """The day or moment a value stands for, if any: ISO text, or a number of days since 1970."""
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if DAY.fullmatch(value) else datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not math.isfinite(value):
        return None
    try:
        if value.is_integer():
            return EPOCH + timedelta(days=value)
        return datetime(1970, 1, 1) + timedelta(days=value)  # noqa: DTZ001 – days have no zone
    except OverflowError:
        return None


def as_day(value: Value) -> date | None:
    moment = as_moment(value)
    return moment.date() if isinstance(moment, datetime) else moment


def are_equal(left: Value, right: Value) -> bool:
    """`=` of XPath 1.0: as truths if one is a truth, else as numbers if one is a number or a day, else as text."""
    if isinstance(left, bool) or isinstance(right, bool):
        return as_truth(left) == as_truth(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return as_number(left) == as_number(right)


def half_up(number: float) -> float:
    """Rounded to a whole number, the half upwards (XPath 1.0, 4.4); NaN and the infinities as they are."""
    return number if not math.isfinite(number) else float(math.floor(number + 0.5))
