"""Evidence, cards and releases made for tests."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from surveys.assessment import Seen
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Document,
    Entered,
    Records,
    ReleaseRef,
    Scorecard,
    Standing,
    SurveyFed,
    Terms,
    countersign,
    score,
)
from surveys.scorecard.criteria import Basis
from surveys.scorecard.evidence import Value

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = NOON + timedelta(days=30)
WARD = "29242"
TERMS = Terms(minimum=30)


def share(numerator: int, denominator: int) -> Proportion:
    return Proportion(numerator, denominator)


def entry(
    criterion: str, value: Value = True, *, id: str | None = None, at: datetime = NOON, unit: str = WARD, year: int = 2026,
    officer: str = "an", basis: Basis = Basis.ENTERED, note: str = "",
) -> Entered:  # fmt: skip
    paper = Document("125/QĐ-CAT", date(2026, 9, 1), "Quyết định công nhận")
    return Entered(
        id or f"e-{criterion}-{value}", criterion, unit, year, value, paper, officer, at, basis, note
    )


def fed(
    criterion: str, *, n: int | None = 400, seen: tuple[int, int] | Seen | None = None, wave: str = "hang-nam-2026",
    audience: str = "residents", question: str = "chung", at: datetime = NOON, unit: str = WARD, year: int = 2026,
) -> SurveyFed:  # fmt: skip
    known = Seen.exactly(Proportion(*seen)) if isinstance(seen, tuple) else seen
    return SurveyFed(
        criterion, unit, year, ReleaseRef(wave, unit, "ab" * 32, at), audience, question, n, known
    )


def signed(
    *entries: Entered, by: str = "binh", after: timedelta = HOUR, surveys: tuple[SurveyFed, ...] = ()
) -> Records:
    """Records in which each entry was countersigned by another person an hour later."""
    signatures = tuple(countersign(entered, by, entered.entered_at + after) for entered in entries)
    return Records(entries, signatures, (), surveys)


def standing(records: Records, unit: str = WARD, year: int = 2026, as_of: datetime = LATER) -> Standing:
    return records.standing(unit, year, as_of)


def card(criteria: CriteriaSet, records: Records, terms: Terms = TERMS, **where: object) -> Scorecard:
    return score(criteria, standing(records, **where), terms)  # type: ignore[arg-type]


def all_met(
    criteria: CriteriaSet, but: Mapping[str, Value] | None = None, unit: str = WARD, year: int = 2026
) -> Records:
    """Every criterion that officers or registers show is met, but for some."""
    entries = []
    for criterion in criteria.criteria:
        for basis in criterion.basis:
            if basis in (Basis.ENTERED, Basis.REGISTER):
                value = (but or {}).get(criterion.id, _met(criterion))
                entries.append(entry(criterion.id, value, basis=basis, unit=unit, year=year))
    return signed(*entries)


def _met(criterion: object) -> Value:
    from surveys.scorecard.criteria import Criterion, Measure

    assert isinstance(criterion, Criterion)
    if criterion.measure is Measure.YES_NO:
        return True
    if criterion.measure is Measure.COUNT:
        bound = criterion.threshold and criterion.threshold.at_least
        return int(bound or 0)
    return Proportion(20, 20)
