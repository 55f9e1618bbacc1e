"""Expressions of a form: read once with elementpath's XPath 1.0 grammar, evaluated as ODK's engines do.

elementpath reads the text and knows precedence and syntax; its evaluator follows the W3C, where a date is no number and
an empty answer is an error, so the tree it hands over is compiled here into plain Python calls. No XML is involved.
"""

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from surveys.forms.functions import FUNCTIONS, REFUSED, Argument, BadExpression, Context, Run
from surveys.forms.lexical import Value, are_equal, as_number, as_truth

__all__ = ["REFERENCE", "BadExpression", "Context", "Expression"]

LENGTH = 8_000  # characters; the longest expression in ODK's own examples has 600
DEPTH = 100  # brackets, calls and sums within one another

# A reference is written ${name}; elementpath knows it as a variable, $name. Quoted text is passed over, but for the
# reference in it that jr:choice-name() takes.
TOKEN = re.compile(r"""("[^"]*"|'[^']*')|\$\{\s*([^}]*?)\s*\}|\bjr:choice-name\b""")
REFERENCE = re.compile(r"\$\{\s*([^}]*?)\s*\}")
"""`${name}`, in expressions and in labels."""
CALL = re.compile(r"[\w:.\-]+(?=\s*\()")
NAME = re.compile(r"[^\W\d][\w.\-]*")
CHOICE_NAME = "jr-choice-name"

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NOT_HERE = {
    "/": "a path; write ${question}",
    "//": "a path; write ${question}",
    "..": "a path; write ${question}",
    "[": "a path with a condition; write ${question}, or filter choices in the choice_filter column",
    "|": "a union, which only count(), sum(), min(), max(), concat() and join() take",
    "@": "an XML attribute; write ${question}",
    ":": "a name with a prefix; write ${question}",
    "{": "a name with a namespace; write ${question}",
}


class Expression:
    """One cell's expression, parsed when made. Two with the same text are equal. Raises BadExpression."""

    __slots__ = ("_run", "columns", "functions", "names", "text")

    text: str
    names: frozenset[str]
    """The questions it refers to."""
    columns: frozenset[str]
    """The columns of the choices sheet it refers to."""
    functions: frozenset[str]
    """The functions it calls."""

    def __init__(self, text: str, *, of_choices: bool = False) -> None:
        self.text = text
        reader = _Reader(of_choices)
        self._run = reader.read(text)
        self.names = frozenset(reader.names)
        self.columns = frozenset(reader.columns)
        self.functions = frozenset(reader.functions)

    def evaluate(self, context: Context) -> Value:
        """Never raises: what has no value is NaN or empty text."""
        try:
            return self._run(context)
        except RecursionError:
            # Forms are refused long before they lean on one another so deeply; nobody's answer may end here.
            return math.nan

    @property
    def is_steady(self) -> bool:
        """Whether the same answers always give the same value: no clock, no chance."""
        return not self.functions & {"today", "now", "random", "once"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class _Reader:
    """Reads one expression, and remembers what it refers to."""

    def __init__(self, of_choices: bool) -> None:
        self._of_choices = of_choices
        self.names: set[str] = set()
        self.columns: set[str] = set()
        self.functions: set[str] = set()
        self._depth = 0

    def read(self, text: str) -> Run:
        if len(text) > LENGTH:
            raise BadExpression(f"the expression has {len(text)} characters; {LENGTH} is the limit")
        for name in CALL.findall(TOKEN.sub(lambda found: "jr:" if found[1] is None else "", text)):
            if name in REFUSED:  # before the grammar trips over the path that usually follows
                raise BadExpression(f"{name}() {REFUSED[name]}")
        try:
            return self._compile(_parse(TOKEN.sub(_prepared, text)))
        except RecursionError:
            raise BadExpression("the expression is nested too deeply") from None

    def _compile(self, token: Any) -> Run:
        self._depth += 1
        if self._depth > DEPTH:
            raise BadExpression("the expression is nested too deeply")
        try:
            return self._compiled(token)
        finally:
            self._depth -= 1

    def _compiled(self, token: Any) -> Run:
        match token.symbol:
            case "(string)" | "(integer)" | "(decimal)" | "(float)":
                literal = _literal(token.value)
                return lambda context: literal
            case "$":
                return self._variable(str(token.value))
            case ".":
                return lambda context: context.current
            case "(" if len(token) == 1:
                return self._compile(token[0])
            case "(name)":
                return self._column(str(token.value))
            case "-" | "+" if len(token) == 1:
                sign, only = (-1.0 if token.symbol == "-" else 1.0), self._compile(token[0])
                return lambda context: sign * as_number(only(context))
            case "and" if len(token) == 2:
                return _all([self._compile(part) for part in _chain(token)])
            case "or" if len(token) == 2:
                return _any([self._compile(part) for part in _chain(token)])
        if token.label == "function":
            return self._call(token)
        if len(token) == 2 and token.symbol not in NOT_HERE:
            return _binary(token.symbol, self._compile(token[0]), self._compile(token[1]))
        raise BadExpression(f"“{token.symbol}” is {NOT_HERE.get(token.symbol, 'not understood in a form')}")

    def _variable(self, name: str) -> Run:
        self.names.add(name)
        return lambda context: context.value(name) or ""

    def _column(self, name: str) -> Run:
        if not self._of_choices:
            raise BadExpression(
                f"“{name}” is neither quoted text nor a question: write '{name}' or ${{{name}}}"
            )
        self.columns.add(name)
        return lambda context: context.columns.get(name, "")

    def _call(self, token: Any) -> Run:
        name = "jr:choice-name" if token.symbol == CHOICE_NAME else str(token.symbol)
        function = FUNCTIONS.get(name)
        if function is None:
            raise BadExpression(f"there is no function {name}()")
        if len(token) < function.least or (function.most is not None and len(token) > function.most):
            raise BadExpression(f"{name}() takes {_count(function.least, function.most)}, not {len(token)}")
        self.functions.add(name)
        if name == "position":
            return function.make(())
        arguments = tuple(self._argument(each) for each in token)
        if name == "jr:choice-name" and isinstance(arguments[1].literal, str):
            self.names.add(arguments[1].literal.strip().lstrip("$").strip())
        return function.make(arguments)

    def _argument(self, token: Any) -> Argument:
        names = tuple(_union(token))
        if len(names) > 1:
            self.names.update(names)
            return Argument(lambda context: context.value(names[0]) or "", names=names)
        literal = _literal(token.value) if token.symbol in ("(string)", "(integer)", "(decimal)") else None
        return Argument(self._compile(token), literal, names)


def _union(token: Any) -> list[str]:
    """The questions of `${a}` or `${a} | ${b}`; none for anything else."""
    if token.symbol == "$":
        return [str(token.value)]
    if token.symbol == "(" and len(token) == 1:
        return _union(token[0])
    if token.symbol != "|":
        return []
    left, right = _union(token[0]), _union(token[1])
    return left + right if left and right else []


def _chain(token: Any) -> list[Any]:
    """The parts of `a or b or c`, which the grammar hands over as `(a or b) or c`: long lists of them are common."""
    parts, left = [token[1]], token[0]
    while left.symbol == token.symbol and len(left) == 2:
        parts.append(left[1])
        left = left[0]
    return [left, *reversed(parts)]


def _all(runs: list[Run]) -> Run:
    return lambda context: all(as_truth(run(context)) for run in runs)


def _any(runs: list[Run]) -> Run:
    return lambda context: any(as_truth(run(context)) for run in runs)


def _binary(symbol: str, left: Run, right: Run) -> Run:
    match symbol:
        case "=":
            return lambda context: are_equal(left(context), right(context))
        case "!=":
            return lambda context: not are_equal(left(context), right(context))
        case "<" | "<=" | ">" | ">=":
            compare = COMPARISONS[symbol]
            return lambda context: compare(as_number(left(context)), as_number(right(context)))
        case "+":
            return lambda context: as_number(left(context)) + as_number(right(context))
        case "-":
            return lambda context: as_number(left(context)) - as_number(right(context))
        case "*":
            return lambda context: as_number(left(context)) * as_number(right(context))
        case "div":
            return lambda context: _divided(as_number(left(context)), as_number(right(context)))
        case "mod":
            return lambda context: _remainder(as_number(left(context)), as_number(right(context)))
    raise BadExpression(f"“{symbol}” is not understood in a form")


def _divided(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _remainder(left: float, right: float) -> float:
    """With the sign of the dividend (XPath 1.0, 3.5)."""
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


def _literal(value: str | int | float | Decimal) -> str | float:
    if isinstance(value, str):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _count(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least} argument{'s' * (least != 1)}"
    return f"{least} argument{'s' * (least != 1)}" if least == most else f"{least} to {most} arguments"


def _prepared(found: re.Match[str]) -> str:
    quoted, name = found[1], found[2]
    if quoted is not None:
        return REFERENCE.sub(r"$\1", quoted)
    if name is None:
        return CHOICE_NAME
    if name.startswith("last-saved#"):
        raise BadExpression("${last-saved#…} needs the answers of an earlier form, and none are kept")
    if not NAME.fullmatch(name):
        raise BadExpression(f"“${{{name}}}” is not a reference to a question")
    return f" ${name} "


def _parse(text: str) -> Any:
    """elementpath's tree of the text. Its messages carry a position and a code of the standard: only the words are kept."""
    from elementpath import ElementPathError

    try:
        # A parser remembers where it is: each text has its own.
        return _grammar()().parse(text)
    except (ElementPathError, SyntaxError, ValueError) as problem:
        message = str(problem).rpartition("] ")[2].strip()
        unknown = re.match(r"unknown function '([^']*)'", message)
        raise BadExpression(
            f"there is no function {unknown[1]}()" if unknown else f"cannot be read: {message}"
        ) from None


@cache
def _grammar() -> Callable[[], Any]:
    """Made when the first expression is met: importing elementpath takes half a second that a form without any spares."""
    from surveys.forms.grammar import Grammar

    return Grammar.with_functions(
        name.replace("jr:choice-name", CHOICE_NAME) for name in (*FUNCTIONS, *REFUSED)
    )
