"""Scorecards as people read them in a terminal, and as programs read them."""

import json
import sys
from collections.abc import Sequence
from datetime import date

from bot.cli.desk import _print
from surveys.assessment import Seen, Verdict
from surveys.figures import percent, trimmed_percent
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Criterion,
    Line,
    Measure,
    Scorecard,
    Threshold,
)
from surveys.scorecard.book import FrozenCard
from surveys.scorecard.evidence import Value

__all__ = [
    "LEGEND",
    "MARKS",
    "WORDS",
    "card_out",
    "cut",
    "day_text",
    "figure",
    "heads_of",
    "print_json",
    "seen_text",
    "threshold_text",
    "value_text",
]

WORDS = {
    Verdict.MET: "met",
    Verdict.NOT_MET: "not met",
    Verdict.TOO_FEW: "too few answers",
    Verdict.NO_BASIS: "no evidence",
}
MARKS = {Verdict.MET: "✓", Verdict.NOT_MET: "✗", Verdict.TOO_FEW: "?", Verdict.NO_BASIS: "·"}
LEGEND = "   ".join(f"{mark} {WORDS[verdict]}" for verdict, mark in MARKS.items())
MOST_BY_CODE = 3  # wards whose codes over their marks still leave room for the criteria


def day_text(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def cut(text: str, most: int) -> str:
    return text if len(text) <= most or not sys.stdout.isatty() else text[: most - 1].rstrip() + "…"


def heads_of(codes: Sequence[str]) -> list[str]:
    """Codes over the marks; numbers where a screen has no room for so many."""
    by_code = len(codes) <= MOST_BY_CODE or not sys.stdout.isatty()
    return list(codes) if by_code else [str(number) for number in range(1, len(codes) + 1)]


def value_text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "no case arose"
    if isinstance(value, Proportion):
        return f"{value.numerator}/{value.denominator} = {percent(value.share)}"
    return str(value)


def figure(line: Line) -> str:
    if line.figure is not None:
        return value_text(line.figure)
    return seen_text(line.seen) if line.seen else ""


def seen_text(seen: Seen) -> str:
    low, high = seen.low, seen.high
    if low == high:
        return f"{low.numerator}/{low.denominator} = {percent(low.share)}"
    return f"{low.numerator} to {high.numerator} of {low.denominator}"


def threshold_text(threshold: Threshold, criterion: Criterion) -> str:
    sign, bound = ("≥", threshold.at_least) if threshold.at_least is not None else ("≤", threshold.at_most)
    assert bound is not None
    return f"{sign} {trimmed_percent(bound) if criterion.measure is Measure.SHARE else bound}"


def card_out(card: Scorecard, criteria: CriteriaSet, frozen: FrozenCard | None) -> dict[str, object]:
    return {
        "unit": card.unit,
        "year": card.year,
        "set": criteria.id,
        "set_digest": card.criteria_digest,
        "as_of": card.standing.as_of.isoformat(),
        "minimum": card.terms.minimum,
        "lines": [
            {
                "criterion": line.criterion,
                "short": criteria.criterion(line.criterion).short,
                "verdict": line.verdict.value,
                "reason": line.reason,
                "text": line.text,
                "figure": figure(line),
                "rests_on": list(line.rests_on),
                "beside": [survey.digest for survey in line.beside],
            }
            for line in card.lines
        ],
        "groups": {group.group: group.verdict.value for group in card.groups},
        "overall": card.overall.verdict.value,
        "overall_text": card.overall.text,
        "frozen": frozen and {"digest": frozen.frozen.digest, "entry": frozen.entry},
    }


def print_json(value: object) -> None:
    _print(json.dumps(value, ensure_ascii=False, indent=1))
