"""Functions of numbers, and chance."""

import math
from collections.abc import Callable, Mapping
from random import Random

from surveys.forms.functions.calls import Argument, Function, Run, made, of_values
from surveys.forms.lexical import Value, as_number, half_up

__all__ = ["FUNCTIONS"]


def _number(arguments: tuple[Argument, ...]) -> Run:
    if not arguments:
        return lambda context: as_number(context.current)
    (argument,) = arguments
    return lambda context: as_number(argument.run(context))


def _int(value: Value) -> Value:
    number = as_number(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def _round(value: Value, places: Value = 0.0) -> Value:
    number, shift = as_number(value), as_number(places)
    if not (math.isfinite(number) and math.isfinite(shift)) or abs(shift) > 15:
        return number
    scale = 10.0 ** int(shift)
    return half_up(number * scale) / scale


def _of_number(function: Callable[[float], float]) -> Function:
    """A mathematical function of one number: NaN where it has no value."""

    def run(value: Value) -> Value:
        try:
            return float(function(as_number(value)))
        except (ValueError, OverflowError):
            return math.nan

    return of_values(run, 1)


def _atan2(y: Value, x: Value) -> Value:
    return math.atan2(as_number(y), as_number(x))


def _pow(base: Value, exponent: Value) -> Value:
    try:
        return math.pow(as_number(base), as_number(exponent))
    except (ValueError, OverflowError):
        return math.nan


def _pi(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: math.pi


def _random(arguments: tuple[Argument, ...]) -> Run:
    # Drawn from the session's seed, so that a form seen again is the same form: `once(random())` needs no memory.
    return lambda context: Random(context.seed).random()


FUNCTIONS: Mapping[str, Function] = {
    "abs": _of_number(abs),
    "sqrt": _of_number(math.sqrt),
    "exp": _of_number(math.exp),
    "exp10": _of_number(lambda number: 10.0**number),
    "log": _of_number(math.log),
    "log10": _of_number(math.log10),
    "sin": _of_number(math.sin),
    "cos": _of_number(math.cos),
    "tan": _of_number(math.tan),
    "asin": _of_number(math.asin),
    "acos": _of_number(math.acos),
    "atan": _of_number(math.atan),
    "floor": _of_number(math.floor),
    "ceiling": _of_number(math.ceil),
    "number": made(_number, 0, 1),
    "int": of_values(_int, 1),
    "round": of_values(_round, 1, 2),
    "atan2": of_values(_atan2, 2),
    "pow": of_values(_pow, 2),
    "pi": made(_pi, 0),
    "random": made(_random, 0),
}
