"""From standing evidence to a verdict on one criterion, exact and unrounded: 89.96 % is not 90 %. It knows no set as a whole.

A figure that counts everything (a register, an officer's count) is compared as it is. A figure from answers is compared with
its whole interval (`surveys.assessment`), and only as far as the release shows it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from surveys.assessment import Seen, Verdict
from surveys.results import Proportion, Side
from surveys.scorecard.criteria import Basis, CriteriaSet, Criterion, Measure, Threshold
from surveys.scorecard.evidence import SurveyFed, Value
from surveys.scorecard.records import Standing
from surveys.scorecard.words import say

__all__ = ["FixedBySource", "Line", "Terms", "judge"]

# Of several things that can show a criterion any one suffices: the best of what each shows.
BEST_FIRST = (Verdict.MET, Verdict.TOO_FEW, Verdict.NOT_MET, Verdict.NO_BASIS)


class FixedBySource(ValueError):
    """The source itself sets this threshold; only a what-if may try another."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody decided where the sources are silent. It stands in every scorecard that was judged by it."""

    minimum: int
    """How many valid answers a survey needs to count as held; at least 1."""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    """Criterion → threshold, for criteria whose source gives none."""

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ValueError("A survey that nobody answered was not held.")

    def checked(self, criteria: CriteriaSet) -> "Terms":
        """Raises KeyError for an unknown criterion, FixedBySource where the source has spoken."""
        for id in self.thresholds:
            criterion = criteria.criterion(id)
            if criterion.threshold is not None or criterion.measure is Measure.YES_NO:
                raise FixedBySource(f"The threshold of {id} is not ours to set.")
        return self

    def within(self, criteria: CriteriaSet) -> "Terms":
        """Without thresholds for criteria that the set does not have, or does not leave open: another version of it may."""
        open_ones = {
            criterion.id
            for criterion in criteria.criteria
            if criterion.threshold is None and criterion.measure is not Measure.YES_NO
        }
        return Terms(self.minimum, {id: each for id, each in self.thresholds.items() if id in open_ones})


@dataclass(frozen=True, slots=True)
class Line:
    """The verdict on one criterion, with what it rests on."""

    criterion: str
    verdict: Verdict
    reason: str
    """A key of `words.toml`, [reason]."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """What the reason's words are filled with."""
    figure: Value = None
    """What an officer or a register says; None where a survey speaks, or nobody."""
    seen: Seen | None = None
    """The share of answers that was compared; the lowest where there are several."""
    threshold: Threshold | None = None
    """What it was compared with."""
    rests_on: tuple[str, ...] = ()
    """Digests of the evidence, or of the survey figures, behind the verdict."""
    beside: tuple[SurveyFed, ...] = ()
    """What residents said of it where that does not decide: shown beside, mixed with nothing."""

    @property
    def text(self) -> str:
        """The reason, in Vietnamese."""
        return say("reason", self.reason, **self.numbers)


def judge(criterion: Criterion, standing: Standing, terms: Terms) -> Line:
    """The verdict on a criterion by what stood. A slot without wording has no basis, whatever was entered."""
    if criterion.is_slot:
        return Line(criterion.id, Verdict.NO_BASIS, "slot")
    threshold = terms.thresholds.get(criterion.id, criterion.threshold)
    fed = standing.fed(criterion.id)
    lines = [_by(basis, criterion, standing, fed, threshold, terms) for basis in criterion.basis]
    line = min(lines, key=lambda line: (BEST_FIRST.index(line.verdict), line.reason == "no_evidence"))
    return Line(
        line.criterion,
        line.verdict,
        line.reason,
        line.numbers,
        line.figure,
        line.seen,
        threshold,
        line.rests_on,
        tuple(survey for survey in fed if survey.digest not in line.rests_on),
    )


def _by(
    basis: Basis,
    criterion: Criterion,
    standing: Standing,
    fed: Iterable[SurveyFed],
    threshold: Threshold | None,
    terms: Terms,
) -> Line:
    yearly = [survey for survey in fed if survey.is_yearly]
    if basis is Basis.SURVEY_HELD:
        return _held(criterion, yearly, terms)
    if basis is Basis.SURVEY_SHARE:
        return _share_of_answers(criterion, yearly, threshold)
    return _entered(basis, criterion, standing, threshold)


# ── What officers and registers say ──────────────────────────────────────────────────────────────────────────────


def _entered(basis: Basis, criterion: Criterion, standing: Standing, threshold: Threshold | None) -> Line:
    signed = standing.entry(criterion.id, basis)
    if signed is None:
        waiting = standing.is_waiting(criterion.id, basis)
        return Line(criterion.id, Verdict.NO_BASIS, "unsigned" if waiting else "no_evidence")
    value = signed.entered.value
    verdict, reason = _compared(value, threshold)
    return Line(criterion.id, verdict, reason, figure=value, rests_on=(signed.entered.digest,))


def _compared(value: Value, threshold: Threshold | None) -> tuple[Verdict, str]:
    if isinstance(value, bool):
        return (Verdict.MET, "yes") if value else (Verdict.NOT_MET, "no")
    if value is None:
        return Verdict.NO_BASIS, "none_arose"
    if threshold is None:
        return Verdict.NO_BASIS, "no_threshold"
    amount = value.share if isinstance(value, Proportion) else Fraction(value)
    return (Verdict.MET, "met") if threshold.is_met_by(amount) else (Verdict.NOT_MET, "not_met")


# ── What surveys show ────────────────────────────────────────────────────────────────────────────────────────────


def _held(criterion: Criterion, fed: list[SurveyFed], terms: Terms) -> Line:
    """One released wave with enough valid answers shows that the year's survey was held."""
    if not fed:
        return Line(criterion.id, Verdict.NO_BASIS, "no_evidence")
    enough = [survey for survey in fed if survey.n is not None and survey.n >= terms.minimum]
    if not enough:
        return Line(
            criterion.id,
            Verdict.TOO_FEW,
            "too_few",
            {"minimum": terms.minimum},
            rests_on=tuple(survey.digest for survey in fed),
        )
    numbers = {"n": max(survey.n or 0 for survey in enough), "minimum": terms.minimum}
    rests_on = tuple(survey.digest for survey in enough)
    return Line(criterion.id, Verdict.MET, "held", numbers, rests_on=rests_on)


def _share_of_answers(criterion: Criterion, fed: list[SurveyFed], threshold: Threshold | None) -> Line:
    """Every yearly figure that feeds the criterion has to reach the threshold: no good one makes up for a bad one."""
    if not fed:
        return Line(criterion.id, Verdict.NO_BASIS, "no_evidence")
    lowest = min((s.seen for s in fed if s.seen), key=lambda seen: seen.low.share, default=None)
    rests_on = tuple(survey.digest for survey in fed)
    if threshold is None or threshold.at_least is None:
        return Line(criterion.id, Verdict.NO_BASIS, "no_threshold", seen=lowest, rests_on=rests_on)
    sides = [_side(survey.seen, threshold.at_least) for survey in fed]
    worst = min(sides, key=lambda side: WORST_FIRST.index(side[0]))
    return Line(criterion.id, *worst, seen=lowest, rests_on=rests_on)


WORST_FIRST = (Verdict.NOT_MET, Verdict.TOO_FEW, Verdict.MET)


def _side(seen: Seen | None, threshold: Fraction) -> tuple[Verdict, str]:
    """The whole interval against the threshold, as everybody may know it."""
    if seen is None:
        return Verdict.TOO_FEW, "hidden"
    if seen.low.side(threshold) is Side.ABOVE:
        return Verdict.MET, "above"
    if seen.high.side(threshold) is Side.BELOW:
        return Verdict.NOT_MET, "below"
    return Verdict.TOO_FEW, "within" if seen.low == seen.high else "hidden"
