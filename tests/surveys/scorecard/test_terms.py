"""What somebody decided where the sources are silent, beside a set that changed since: what no longer fits is left out, the rest stays."""

from dataclasses import replace
from fractions import Fraction

import pytest

from surveys.scorecard import FixedBySource, Terms, Threshold, load_set
from surveys.scorecard.criteria import CriteriaSet, Measure

QD1578 = load_set("qd1578")
NINETY, HALF = Threshold(Fraction(9, 10)), Threshold(Fraction(1, 2))


def changed(id: str, **how: object) -> CriteriaSet:
    """QĐ 1578 as a later version of it might be."""
    criteria = tuple(
        replace(each, **how) if each.id == id else each  # type: ignore[arg-type]
        for each in QD1578.criteria
    )
    return replace(QD1578, criteria=criteria)


def without(id: str) -> CriteriaSet:
    return replace(QD1578, criteria=tuple(each for each in QD1578.criteria if each.id != id))


def test_terms_that_fit_stay_as_they_are() -> None:
    terms = Terms(41, {"R7.1": NINETY, "T7.2": HALF})

    assert terms.within(QD1578) == terms
    assert terms.checked(QD1578) is terms


def test_a_criterion_that_is_gone_takes_its_threshold_with_it() -> None:
    terms = Terms(41, {"R7.1": NINETY, "T7.2": HALF})

    assert terms.within(without("R7.1")) == Terms(41, {"T7.2": HALF})
    with pytest.raises(KeyError, match=r"R7\.1"):
        terms.checked(without("R7.1"))


def test_a_threshold_that_the_source_sets_since_replaces_ours() -> None:
    spoken = changed("R7.1", threshold=Threshold(Fraction(95, 100)))

    assert Terms(41, {"R7.1": NINETY, "T7.2": HALF}).within(spoken) == Terms(41, {"T7.2": HALF})
    with pytest.raises(FixedBySource, match=r"R7\.1"):
        Terms(41, {"R7.1": NINETY}).checked(spoken)


def test_what_is_a_yes_or_a_no_since_has_no_threshold() -> None:
    answered = changed("T7.2", measure=Measure.YES_NO)

    assert Terms(41, {"R7.1": NINETY, "T7.2": HALF}).within(answered) == Terms(41, {"R7.1": NINETY})


@pytest.mark.parametrize(
    "criteria",
    [
        QD1578,
        without("R7.1"),
        changed("R7.1", threshold=NINETY),
        changed("T7.2", measure=Measure.YES_NO),
        load_set("khung-5764"),
    ],
)
def test_what_is_within_a_set_may_judge_by_it(criteria: CriteriaSet) -> None:
    terms = Terms(41, {"R7.1": NINETY, "T7.2": HALF}).within(criteria)

    assert terms.checked(criteria) is terms
    assert terms.minimum == 41
