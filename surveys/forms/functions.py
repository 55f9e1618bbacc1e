"""The functions an expression may call: those of the XLSForm reference (docs.getodk.org/form-operators-functions).

Each is made once, when the expression is read, from its compiled arguments. What a chat cannot keep the promise of is
listed too, with the reason an author is told. It knows values and a context, never a form.
"""

import hashlib
import math
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from random import Random

from surveys.forms.dates import formatted
from surveys.forms.lexical import Value, as_day, as_moment, as_number, as_text, as_truth
from surveys.forms.patterns import pattern_of

__all__ = ["FUNCTIONS", "REFUSED", "Argument", "BadExpression", "Context", "Function", "Run"]

REGEX_SUBJECT = 500  # characters: longer text matches no pattern, and holds nobody up


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


FUNCTIONS: dict[str, Function] = {}

REFUSED: Mapping[str, str] = {
    "indexed-repeat": "needs a repeat group, and a chat has none",
    "index": "needs a repeat group, and a chat has none",
    "last": "needs a repeat group, and a chat has none",
    "instance": "reads an external list; put the choices on the choices sheet",
    "pulldata": "reads an external file; put the data in the form",
    "search": "reads an external file; put the choices on the choices sheet",
    "current": "is not needed here; write ${question}",
    "randomize": "works on choices; write randomize=true in the parameters column",
    "uuid": "would put a mark on the ballot by which it could be found again",
    "area": "needs a shape drawn on a map, and a chat has none",
    "distance": "needs a line drawn on a map, and a chat has none",
    "geofence": "needs a shape drawn on a map, and a chat has none",
    "intersects": "needs a shape drawn on a map, and a chat has none",
    "property": "reads the device, and a chat must not",
    "extract-signed": "is for ODK's signed QR codes",
    "base64-decode": "is for ODK's binary data",
    "id": "looks at XML, not at answers",
    "name": "looks at XML, not at answers",
    "local-name": "looks at XML, not at answers",
    "namespace-uri": "looks at XML, not at answers",
    "lang": "looks at XML, not at answers",
}


def _function(
    name: str, least: int, most: int | None = -1
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register a plain function of values."""

    def register(function: Callable[..., Value]) -> Callable[..., Value]:
        def make(arguments: tuple[Argument, ...]) -> Run:
            runs = [argument.run for argument in arguments]
            if len(runs) == 1:
                (only,) = runs
                return lambda context: function(only(context))
            return lambda context: function(*[run(context) for run in runs])

        FUNCTIONS[name] = Function(least, least if most == -1 else most, make)
        return function

    return register


def _special(
    name: str, least: int, most: int | None = -1
) -> Callable[[Callable[[tuple[Argument, ...]], Run]], Callable[[tuple[Argument, ...]], Run]]:
    """Register a function that needs more than its arguments' values: the context, laziness, or what was written."""

    def register(make: Callable[[tuple[Argument, ...]], Run]) -> Callable[[tuple[Argument, ...]], Run]:
        FUNCTIONS[name] = Function(least, least if most == -1 else most, make)
        return make

    return register


# ── control flow ──────────────────────────────────────────────────────────────────────────────────────────────────────


@_special("if", 3)
def _if(arguments: tuple[Argument, ...]) -> Run:
    condition, then, otherwise = (argument.run for argument in arguments)
    return lambda context: then(context) if as_truth(condition(context)) else otherwise(context)


@_special("coalesce", 2, None)
def _coalesce(arguments: tuple[Argument, ...]) -> Run:
    runs = [argument.run for argument in arguments]

    def run(context: Context) -> Value:
        for each in runs:
            value = each(context)
            if as_text(value) not in ("", "NaN"):
                return value
        return ""

    return run


@_special("once", 1)
def _once(arguments: tuple[Argument, ...]) -> Run:
    first = arguments[0].run
    return lambda context: context.current or first(context)


@_special("position", 0, 1)
def _position(arguments: tuple[Argument, ...]) -> Run:
    # Only a repeat group has a second place, and a chat has no repeat groups.
    return lambda context: 1.0


@_special("true", 0)
def _true(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: True


@_special("false", 0)
def _false(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: False


@_function("not", 1)
def _not(value: Value) -> Value:
    return not as_truth(value)


@_function("boolean", 1)
def _boolean(value: Value) -> Value:
    return as_truth(value)


@_function("boolean-from-string", 1)
def _boolean_from_string(value: Value) -> Value:
    return as_text(value) in ("true", "1")


@_function("checklist", 3, None)
def _checklist(least: Value, most: Value, *responses: Value) -> Value:
    return _within(float(sum(as_text(each) == "yes" for each in responses)), least, most)


@_function("weighted-checklist", 4, None)
def _weighted_checklist(least: Value, most: Value, *pairs: Value) -> Value:
    total = sum(
        as_number(weight)
        for each, weight in zip(pairs[::2], pairs[1::2], strict=False)
        if as_text(each) == "yes"
    )
    return _within(total, least, most)


def _within(total: float, least: Value, most: Value) -> bool:
    low, high = as_number(least), as_number(most)
    return (low == -1 or total >= low) and (high == -1 or total <= high)


# ── selects ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@_function("selected", 2)
def _selected(value: Value, name: Value) -> Value:
    return as_text(name).strip() in as_text(value).split()


@_function("selected-at", 2)
def _selected_at(value: Value, place: Value) -> Value:
    names, number = as_text(value).split(), as_number(place)
    if not number >= 0 or number >= len(names):
        return ""
    return names[int(number)]


@_function("count-selected", 1)
def _count_selected(value: Value) -> Value:
    return float(len(as_text(value).split()))


@_special("jr:choice-name", 2)
def _choice_name(arguments: tuple[Argument, ...]) -> Run:
    choice, question = arguments
    name = question.literal.strip() if isinstance(question.literal, str) else ""
    if not name.startswith("$"):
        raise BadExpression("the second argument of jr:choice-name must be written in quotes: '${question}'")
    name = name[1:].strip()
    return lambda context: context.choice_label(name, as_text(choice.run(context)))


# ── several values ────────────────────────────────────────────────────────────────────────────────────────────────────


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


@_special("count", 1, None)
def _count(arguments: tuple[Argument, ...]) -> Run:
    names = _names("count", arguments)
    return lambda context: float(sum(context.value(name) is not None for name in names))


@_special("count-non-empty", 1, None)
def _count_non_empty(arguments: tuple[Argument, ...]) -> Run:
    names = _names("count-non-empty", arguments)
    return lambda context: float(sum(bool(context.value(name)) for name in names))


def _numbers(arguments: tuple[Argument, ...]) -> Callable[[Context], list[float]]:
    # An unanswered question adds nothing: it is neither zero nor a reason to know nothing of the others.
    values = _texts(arguments)
    return lambda context: [as_number(value) for value in values(context) if as_text(value) != ""]


@_special("sum", 1, None)
def _sum(arguments: tuple[Argument, ...]) -> Run:
    numbers = _numbers(arguments)
    return lambda context: float(sum(numbers(context)))


@_special("min", 1, None)
def _min(arguments: tuple[Argument, ...]) -> Run:
    numbers = _numbers(arguments)
    return lambda context: min(numbers(context), default=math.nan)


@_special("max", 1, None)
def _max(arguments: tuple[Argument, ...]) -> Run:
    numbers = _numbers(arguments)
    return lambda context: max(numbers(context), default=math.nan)


@_special("concat", 1, None)
def _concat(arguments: tuple[Argument, ...]) -> Run:
    values = _texts(arguments)
    return lambda context: "".join(map(as_text, values(context)))


@_special("join", 2, None)
def _join(arguments: tuple[Argument, ...]) -> Run:
    separator, values = arguments[0].run, _texts(arguments[1:])
    return lambda context: as_text(separator(context)).join(map(as_text, values(context)))


# ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_current(name: str, function: Callable[[str], Value]) -> None:
    """A function of one text that looks at `.` when it is called without one."""

    def make(arguments: tuple[Argument, ...]) -> Run:
        if not arguments:
            return lambda context: function(context.current)
        (argument,) = arguments
        return lambda context: function(as_text(argument.run(context)))

    FUNCTIONS[name] = Function(0, 1, make)


_of_current("string", lambda text: text)
_of_current("string-length", lambda text: float(len(text)))
_of_current("normalize-space", lambda text: " ".join(text.split()))


@_function("contains", 2)
def _contains(text: Value, part: Value) -> Value:
    return as_text(part) in as_text(text)


@_function("starts-with", 2)
def _starts_with(text: Value, part: Value) -> Value:
    return as_text(text).startswith(as_text(part))


@_function("ends-with", 2)
def _ends_with(text: Value, part: Value) -> Value:
    return as_text(text).endswith(as_text(part))


@_function("substr", 2, 3)
def _substr(text: Value, start: Value, end: Value = math.inf) -> Value:
    """From zero, up to but not including `end`; negative places count from the end."""
    whole = as_text(text)
    return whole[_place(start, 0) : _place(end, len(whole))]


def _place(value: Value, missing: int) -> int:
    number = as_number(value)
    return int(number) if math.isfinite(number) else missing


@_function("substring", 2, 3)
def _substring(text: Value, start: Value, length: Value = math.inf) -> Value:
    """From one, as XPath 1.0 (4.2) counts: the characters whose place is at least round(start)."""
    first = _half_up(as_number(start))
    past = first + _half_up(as_number(length))
    return "".join(letter for place, letter in enumerate(as_text(text), start=1) if first <= place < past)


@_function("substring-before", 2)
def _substring_before(text: Value, target: Value) -> Value:
    before, found, _ = as_text(text).partition(as_text(target) or "\0")
    return before if found else ""


@_function("substring-after", 2)
def _substring_after(text: Value, target: Value) -> Value:
    wanted = as_text(target)
    return as_text(text).partition(wanted)[2] if wanted else as_text(text)


@_function("translate", 3)
def _translate(text: Value, sources: Value, targets: Value) -> Value:
    source, target = as_text(sources), as_text(targets)
    table: dict[int, str | None] = {}
    for place, letter in enumerate(source):
        table.setdefault(ord(letter), target[place] if place < len(target) else None)
    return as_text(text).translate(table)


@_special("regex", 2)
def _regex(arguments: tuple[Argument, ...]) -> Run:
    subject, written = arguments
    if not isinstance(written.literal, str):
        raise BadExpression("the pattern of regex() must be written out in quotes")
    try:
        pattern = pattern_of(written.literal)
    except ValueError as problem:
        raise BadExpression(f"regex(): {problem}") from None

    def run(context: Context) -> Value:
        text = as_text(subject.run(context))
        return len(text) <= REGEX_SUBJECT and pattern.fullmatch(text) is not None

    return run


@_function("digest", 2, 3)
def _digest(data: Value, algorithm: Value, encoding: Value = "base64") -> Value:
    name = as_text(algorithm).replace("-", "").lower()
    if name not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        return ""
    hashed = hashlib.new(name, as_text(data).encode(), usedforsecurity=False)
    return hashed.hexdigest() if as_text(encoding) == "hex" else b64encode(hashed.digest()).decode()


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _half_up(number: float) -> float:
    return number if not math.isfinite(number) else math.floor(number + 0.5)


@_special("number", 0, 1)
def _number(arguments: tuple[Argument, ...]) -> Run:
    if not arguments:
        return lambda context: as_number(context.current)
    (argument,) = arguments
    return lambda context: as_number(argument.run(context))


@_function("int", 1)
def _int(value: Value) -> Value:
    number = as_number(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


@_function("round", 1, 2)
def _round(value: Value, places: Value = 0.0) -> Value:
    number, shift = as_number(value), as_number(places)
    if not (math.isfinite(number) and math.isfinite(shift)) or abs(shift) > 15:
        return number
    scale = 10.0 ** int(shift)
    return _half_up(number * scale) / scale


def _of_number(name: str, function: Callable[[float], float]) -> None:
    """A mathematical function of one number: NaN where it has no value."""

    def run(value: Value) -> Value:
        try:
            return float(function(as_number(value)))
        except (ValueError, OverflowError):
            return math.nan

    _function(name, 1)(run)


MATHEMATICAL: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "exp10": lambda number: 10.0**number,
    "log": math.log,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "floor": math.floor,
    "ceiling": math.ceil,
}
for _name, _mathematical in MATHEMATICAL.items():
    _of_number(_name, _mathematical)


@_function("atan2", 2)
def _atan2(y: Value, x: Value) -> Value:
    return math.atan2(as_number(y), as_number(x))


@_function("pow", 2)
def _pow(base: Value, exponent: Value) -> Value:
    try:
        return math.pow(as_number(base), as_number(exponent))
    except (ValueError, OverflowError):
        return math.nan


@_special("pi", 0)
def _pi(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: math.pi


@_special("random", 0)
def _random(arguments: tuple[Argument, ...]) -> Run:
    # Drawn from the session's seed, so that a form seen again is the same form: `once(random())` needs no memory.
    return lambda context: Random(context.seed).random()


# ── days and times ────────────────────────────────────────────────────────────────────────────────────────────────────


@_special("today", 0)
def _today(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: context.today


@_special("now", 0)
def _now(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: context.now


@_function("date", 1)
def _date(value: Value) -> Value:
    return as_day(value) or ""


@_function("date-time", 1)
def _date_time(value: Value) -> Value:
    return as_moment(value) or ""


@_function("decimal-date-time", 1)
def _decimal_date_time(value: Value) -> Value:
    moment = as_moment(value)
    return math.nan if moment is None else as_number(moment)


@_function("decimal-time", 1)
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


_special("format-date", 2)(_format)
_special("format-date-time", 2)(_format)
