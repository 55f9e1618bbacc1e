"""What a function of an expression is: its arguments, and what it may look at when it is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from surveys.forms.lexical import Value, as_text

__all__ = [
    "ANY",
    "Argument",
    "BadExpression",
    "Context",
    "Function",
    "Run",
    "made",
    "of_current",
    "of_values",
]

ANY = None  # however many arguments


class BadExpression(ValueError):
    """The expression cannot be used; the message tells its author why."""


@dataclass(slots=True)
class Context:
    """What an expression may look at while it is evaluated."""

    value: Callable[[str], str | None]
    """A question's value by name: '' while unanswered, None while the question is not relevant."""
    choice_label: Callable[[str, str], str]
    """(question, choice name) → its label in the language in use."""
    today: date
    now: datetime
    seed: str = ""
    """What `random()` starts from: the same seed, the same numbers."""
    language: str = "vi"
    current: str = ""
    """The value of `.`: the question's own."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The columns of the choice a choice_filter looks at."""


Run = Callable[[Context], Value]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call: how to evaluate it, and what was written."""

    run: Run
    literal: str | float | None = None
    """Its value, when it is written out."""
    names: tuple[str, ...] = ()
    """The questions of a `${a}` or `${a} | ${b}`: what ODK calls a nodeset."""


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments a function takes (`most` None: any number), and what makes it."""

    least: int
    most: int | None
    make: Callable[[tuple[Argument, ...]], Run]


def made(make: Callable[[tuple[Argument, ...]], Run], least: int, most: int | None = 0) -> Function:
    """A function that needs more than its arguments' values: the context, laziness, or what was written. `most` 0: as
    many as `least`."""
    return Function(least, least if most == 0 else most, make)


def of_values(function: Callable[..., Value], least: int, most: int | None = 0) -> Function:
    """A function of its arguments' values and nothing else."""

    def make(arguments: tuple[Argument, ...]) -> Run:
        runs = [argument.run for argument in arguments]
        return lambda context: function(*[run(context) for run in runs])

    return made(make, least, most)


def of_current(function: Callable[[str], Value]) -> Function:
    """A function of one text, which is `.` when none is given."""

    def make(arguments: tuple[Argument, ...]) -> Run:
        if not arguments:
            return lambda context: function(context.current)
        (argument,) = arguments
        return lambda context: function(as_text(argument.run(context)))

    return Function(0, 1, make)
