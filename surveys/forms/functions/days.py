"""Functions of days and times."""

import math
from collections.abc import Mapping
from datetime import time

from surveys.forms.dates import formatted
from surveys.forms.functions.calls import Argument, Context, Function, Run, made, of_values
from surveys.forms.lexical import Value, as_day, as_moment, as_number, as_text

__all__ = ["FUNCTIONS"]


def _today(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: context.today


def _now(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: context.now


def _date(value: Value) -> Value:
    return as_day(value) or ""


def _date_time(value: Value) -> Value:
    return as_moment(value) or ""


def _decimal_date_time(value: Value) -> Value:
    moment = as_moment(value)
    return math.nan if moment is None else as_number(moment)


def _decimal_time(value: Value) -> Value:
    try:
        moment = time.fromisoformat(as_text(value))
    except ValueError:
        return math.nan
    return (moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6) / 86_400


def _format(arguments: tuple[Argument, ...]) -> Run:
    moment, written = (argument.run for argument in arguments)

    def run(context: Context) -> Value:
        value = as_moment(moment(context))
        return "" if value is None else formatted(value, as_text(written(context)), context.language)

    return run


FUNCTIONS: Mapping[str, Function] = {
    "today": made(_today, 0),
    "now": made(_now, 0),
    "date": of_values(_date, 1),
    "date-time": of_values(_date_time, 1),
    "decimal-date-time": of_values(_decimal_date_time, 1),
    "decimal-time": of_values(_decimal_time, 1),
    "format-date": made(_format, 2),
    "format-date-time": made(_format, 2),
}
