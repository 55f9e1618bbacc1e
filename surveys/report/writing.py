"""How a verdict, a count, a threshold or a bound is written in a report, and how a table is put together."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from surveys import disclosure
from surveys.assessment import Seen, Verdict, words_of
from surveys.disclosure import Bound, Side
from surveys.figures import NOTHING, NUMBER_SPACE, percent, span, trimmed_percent, whole
from surveys.report.values import (
    Cell,
    Column,
    Row,
    Table,
)
from surveys.report.words import say
from surveys.results import Proportion
from surveys.scorecard.criteria import Criterion, Measure, Threshold
from surveys.scorecard.evidence import Value

TALLY = ("met", "failed", "too_few", "no_basis")
VERDICTS = dict(zip(TALLY, Verdict, strict=True))


def verdict_words(verdict: Verdict) -> str:
    return words_of("verdict")[verdict]["vi"]


def mark(verdict: Verdict) -> str:
    """One letter, for a matrix."""
    return say("mark", verdict)


def table(
    key: str, columns: Iterable[tuple[Any, ...]], rows: Iterable[tuple[Cell, ...]], *, fixed: int = 1
) -> Table:
    """`columns`: key, width, and whether it holds numbers."""
    return Table(
        key,
        say("table", key),
        say("sheet", key),
        tuple(_column(*column) for column in columns),
        tuple(Row(cells) for cells in rows),
        fixed,
    )


def _column(key: str, width: int, is_number: bool = False) -> Column:
    """Never narrower than the longest word of its title."""
    title = say("column", key)
    return Column(key, title, max(width, *(len(word) + 3 for word in title.split())), is_number)


def known(section: str, key: str) -> str:
    """Its words; itself where another version has one that we do not know."""
    try:
        return say(section, key)
    except KeyError:
        return key


def value_text(value: Value) -> str:
    if isinstance(value, bool):
        return say("figure", "yes" if value else "no")
    if isinstance(value, Proportion):
        return say("figure", "share", **fraction(value))
    return NOTHING if value is None else whole(value)


def fraction(value: Proportion) -> dict[str, object]:
    return {
        "numerator": whole(value.numerator),
        "denominator": whole(value.denominator),
        "share": percent(value.share),
    }


def answers(seen: Seen) -> str:
    if seen.low == seen.high:
        return say("figure", "answers", **fraction(seen.low), interval=span(seen.low.interval))
    bound = bound_of(seen)
    return (
        say("figure", "bound", bound=bound_text(bound), denominator=whole(seen.high.denominator))
        if bound
        else NOTHING
    )


def bound_of(seen: Seen) -> Bound | None:
    """The words that were released of it: “≥ 90 %” stays “≥ 90 %”, whatever follows from it for this n."""
    n = seen.high.denominator
    for bound in (
        Bound(Side.AT_LEAST, disclosure.NEARLY_ALL),
        Bound(Side.AT_MOST, 100 - disclosure.NEARLY_ALL),
    ):
        if bound.limits(n) == (seen.low.numerator, seen.high.numerator):
            return bound
    return None


def bound_text(bound: Bound) -> str:
    return f"{bound.side.value}{NUMBER_SPACE}{trimmed_percent(Fraction(bound.percent, 100))}"


def threshold_text(threshold: Threshold | None, criterion: Criterion) -> str:
    if threshold is None:
        return NOTHING
    write: Callable[[Fraction], str] = trimmed_percent if criterion.measure is Measure.SHARE else str
    ends = (("at_least", threshold.at_least), ("at_most", threshold.at_most))
    return "; ".join(say("figure", key, value=write(value)) for key, value in ends if value is not None)
