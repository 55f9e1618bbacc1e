"""Yesterday's scorecards seen through today's units. Only on request, always marked, never frozen: history stays where it
happened. Eleven wards became nine and then six; what one of the six would have scored in 2023 nobody ever measured.

So nothing is averaged. A criterion of the new unit is met only if it was met in every part, and not met as soon as it was
not met in one. A part without a card, or one that was divided among several units, leaves it open. Survey shares are not
pooled: the parts were asked in different measure, and a sum beside its parts would be one more equation about the answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from surveys.assessment import Verdict
from surveys.results import Proportion
from surveys.scorecard.baseline import Baseline
from surveys.scorecard.card import Scorecard
from surveys.scorecard.judging import Line
from surveys.scorecard.words import say
from surveys.units import Lineage

__all__ = ["Restated", "RestatedLine", "restate", "restate_baseline"]


@dataclass(frozen=True, slots=True)
class RestatedLine:
    criterion: str
    verdict: Verdict
    met: int
    failed: int
    open: int
    of: int
    """Parts."""
    figure: Proportion | None
    """What officers and registers counted in all parts, added up; None unless every part has a count."""

    @property
    def text(self) -> str:
        return say("reason", "restated", met=self.met, failed=self.failed, open=self.open, of=self.of)


@dataclass(frozen=True, slots=True)
class Restated:
    """A reading, not a score."""

    unit: str
    year: int
    on: date
    parts: tuple[str, ...]
    """The units that went into this one, as they were on that day."""
    without_card: tuple[str, ...]
    divided: tuple[str, ...]
    """Parts that also went into another unit."""
    lines: tuple[RestatedLine, ...]


def restate(unit: str, on: date, lineage: Lineage, cards: Mapping[str, Scorecard]) -> Restated:
    """`cards`: unit → card of that year; all of one year and one criteria set. `on`: a day of that year, to say which parts.

    Raises KeyError for an unknown unit, ValueError when the unit itself existed then, nothing went into it, no part has a
    card, or the cards are not comparable.
    """
    parts = _parts(unit, on, lineage)
    divided = tuple(part for part in parts if len(lineage.today(part)) > 1)
    there = [cards[part] for part in parts if part in cards]
    if not there:
        raise ValueError(f"No part of {unit} has a scorecard.")
    if len({(card.year, card.criteria_digest) for card in there}) > 1 or there[0].year != on.year:
        raise ValueError("Cards of different years or criteria sets cannot be read as one.")
    whole = [cards.get(part) if part not in divided else None for part in parts]
    return Restated(
        unit,
        on.year,
        on,
        parts,
        tuple(part for part in parts if part not in cards),
        divided,
        tuple(
            _line(line.criterion, [card.line(line.criterion) if card else None for card in whole])
            for line in there[0].lines
        ),
    )


def restate_baseline(
    unit: str, baseline: Baseline, on: date, lineage: Lineage
) -> Mapping[str, tuple[int, int]]:
    """Group → how many of the unit's parts were named as failing it, of how many parts that the baseline speaks of.

    Raises KeyError and ValueError as `restate` does.
    """
    parts = [part for part in _parts(unit, on, lineage) if part in baseline.wards]
    if not parts:
        raise ValueError(f"The baseline speaks of no part of {unit}.")
    return {group: (len(baseline.fails(group).intersection(parts)), len(parts)) for group in baseline.groups}


def _parts(unit: str, on: date, lineage: Lineage) -> tuple[str, ...]:
    if lineage.unit(unit).existed_on(on):
        raise ValueError(f"{unit} existed on {on}: its own scorecard stands.")
    parts = tuple(ancestor.code for ancestor in lineage.ancestors(unit) if ancestor.existed_on(on))
    if not parts:
        raise ValueError(f"Nothing that existed on {on} went into {unit}.")
    return parts


def _line(criterion: str, lines: Sequence[Line | None]) -> RestatedLine:
    verdicts = [line.verdict if line else Verdict.NO_BASIS for line in lines]
    met, failed = verdicts.count(Verdict.MET), verdicts.count(Verdict.NOT_MET)
    figures = [line.figure if line else None for line in lines]
    counts = [figure for figure in figures if isinstance(figure, Proportion)]
    return RestatedLine(
        criterion,
        _verdict(verdicts),
        met,
        failed,
        len(verdicts) - met - failed,
        len(verdicts),
        _sum(counts) if len(counts) == len(lines) else None,
    )


def _verdict(verdicts: Sequence[Verdict]) -> Verdict:
    for worse in (Verdict.NOT_MET, Verdict.NO_BASIS, Verdict.TOO_FEW):
        if worse in verdicts:
            return worse
    return Verdict.MET


def _sum(counts: Sequence[Proportion]) -> Proportion:
    return Proportion(sum(each.numerator for each in counts), sum(each.denominator for each in counts))
