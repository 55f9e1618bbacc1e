"""Functions of several answers at once: counting, adding, joining."""

import math
from collections.abc import Callable, Iterator, Mapping

from surveys.forms.functions.calls import ANY, Argument, BadExpression, Context, Function, Run, made
from surveys.forms.lexical import Value, as_number, as_text

__all__ = ["FUNCTIONS"]


def _texts(arguments: tuple[Argument, ...]) -> Callable[[Context], Iterator[Value]]:
    """The arguments' values, with `${a} | ${b}` counted as two."""

    def values(context: Context) -> Iterator[Value]:
        for argument in arguments:
            if len(argument.names) > 1:
                yield from (context.value(name) or "" for name in argument.names)
            else:
                yield argument.run(context)

    return values


def _names(function: str, arguments: tuple[Argument, ...]) -> tuple[str, ...]:
    for argument in arguments:
        if not argument.names:
            raise BadExpression(f"{function}() counts questions: write {function}(${{question}})")
    return tuple(name for argument in arguments for name in argument.names)


def _count(arguments: tuple[Argument, ...]) -> Run:
    names = _names("count", arguments)
    return lambda context: float(sum(context.value(name) is not None for name in names))


def _count_non_empty(arguments: tuple[Argument, ...]) -> Run:
    names = _names("count-non-empty", arguments)
    return lambda context: float(sum(bool(context.value(name)) for name in names))


def _numbers(arguments: tuple[Argument, ...]) -> Callable[[Context], list[float]]:
    # An unanswered question adds nothing: it is neither zero nor a reason to know nothing of the others.
    values = _texts(arguments)
    return lambda context: [as_number(value) for value in values(context) if as_text(value) != ""]


def _sum(arguments: tuple[Argument, ...]) -> Run:
    numbers = _numbers(arguments)
    return lambda context: float(sum(numbers(context)))


def _min(arguments: tuple[Argument, ...]) -> Run:
    numbers = _numbers(arguments)
    return lambda context: min(numbers(context), default=math.nan)


def _max(arguments: tuple[Argument, ...]) -> Run:
    numbers = _numbers(arguments)
    return lambda context: max(numbers(context), default=math.nan)


def _concat(arguments: tuple[Argument, ...]) -> Run:
    values = _texts(arguments)
    return lambda context: "".join(map(as_text, values(context)))


def _join(arguments: tuple[Argument, ...]) -> Run:
    separator, values = arguments[0].run, _texts(arguments[1:])
    return lambda context: as_text(separator(context)).join(map(as_text, values(context)))


FUNCTIONS: Mapping[str, Function] = {
    "count": made(_count, 1, ANY),
    "count-non-empty": made(_count_non_empty, 1, ANY),
    "sum": made(_sum, 1, ANY),
    "min": made(_min, 1, ANY),
    "max": made(_max, 1, ANY),
    "concat": made(_concat, 1, ANY),
    "join": made(_join, 2, ANY),
}
