"""Functions of text."""

import hashlib
import math
from base64 import b64encode
from collections.abc import Mapping

from surveys.forms.functions.calls import (
    Argument,
    BadExpression,
    Context,
    Function,
    Run,
    made,
    of_current,
    of_values,
)
from surveys.forms.lexical import Value, as_number, as_text, half_up
from surveys.forms.patterns import pattern_of

__all__ = ["FUNCTIONS"]

REGEX_SUBJECT = 500  # characters: longer text matches no pattern, and holds nobody up


def _contains(text: Value, part: Value) -> Value:
    return as_text(part) in as_text(text)


def _starts_with(text: Value, part: Value) -> Value:
    return as_text(text).startswith(as_text(part))


def _ends_with(text: Value, part: Value) -> Value:
    return as_text(text).endswith(as_text(part))


def _substr(text: Value, start: Value, end: Value = math.inf) -> Value:
    """From zero, up to but not including `end`; negative places count from the end."""
    whole = as_text(text)
    return whole[_place(start, 0) : _place(end, len(whole))]


def _place(value: Value, missing: int) -> int:
    number = as_number(value)
    return int(number) if math.isfinite(number) else missing


def _substring(text: Value, start: Value, length: Value = math.inf) -> Value:
    """From one, as XPath 1.0 (4.2) counts: the characters whose place is at least round(start)."""
    first = half_up(as_number(start))
    past = first + half_up(as_number(length))
    return "".join(letter for place, letter in enumerate(as_text(text), start=1) if first <= place < past)


def _substring_before(text: Value, target: Value) -> Value:
    before, found, _ = as_text(text).partition(as_text(target) or "\0")
    return before if found else ""


def _substring_after(text: Value, target: Value) -> Value:
    wanted = as_text(target)
    return as_text(text).partition(wanted)[2] if wanted else as_text(text)


def _translate(text: Value, sources: Value, targets: Value) -> Value:
    source, target = as_text(sources), as_text(targets)
    table: dict[int, str | None] = {}
    for place, letter in enumerate(source):
        table.setdefault(ord(letter), target[place] if place < len(target) else None)
    return as_text(text).translate(table)


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


def _digest(data: Value, algorithm: Value, encoding: Value = "base64") -> Value:
    name = as_text(algorithm).replace("-", "").lower()
    if name not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        return ""
    hashed = hashlib.new(name, as_text(data).encode(), usedforsecurity=False)
    return hashed.hexdigest() if as_text(encoding) == "hex" else b64encode(hashed.digest()).decode()


FUNCTIONS: Mapping[str, Function] = {
    "string": of_current(lambda text: text),
    "string-length": of_current(lambda text: float(len(text))),
    "normalize-space": of_current(lambda text: " ".join(text.split())),
    "contains": of_values(_contains, 2),
    "starts-with": of_values(_starts_with, 2),
    "ends-with": of_values(_ends_with, 2),
    "substr": of_values(_substr, 2, 3),
    "substring": of_values(_substring, 2, 3),
    "substring-before": of_values(_substring_before, 2),
    "substring-after": of_values(_substring_after, 2),
    "translate": of_values(_translate, 3),
    "regex": made(_regex, 2),
    "digest": of_values(_digest, 2, 3),
}
