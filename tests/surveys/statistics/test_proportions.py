"""The interval of a difference, against Newcombe's own table and statsmodels."""

from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from surveys.results import Proportion, Z
from surveys.statistics import Estimate, Order, critical, difference

# R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, Table II, method 10, 95 %.
NEWCOMBE = [
    ((56, 70), (48, 80), "0.0524", "0.3339"),
    ((9, 10), (3, 10), "0.1705", "0.8090"),
    ((6, 7), (2, 7), "0.0582", "0.8062"),
    ((5, 56), (0, 29), "-0.0381", "0.1926"),
    ((0, 10), (0, 20), "-0.1611", "0.2775"),
    ((0, 10), (0, 10), "-0.2775", "0.2775"),
    ((10, 10), (0, 20), "0.6791", "1.0000"),
    ((10, 10), (0, 10), "0.6075", "1.0000"),
]

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def estimate(counts: tuple[int, int]) -> Estimate:
    return Estimate.of(Proportion(*counts))


@pytest.mark.parametrize(("first", "second", "low", "high"), NEWCOMBE)
def test_the_interval_of_a_difference_is_the_published_one(first, second, low, high):
    found = difference(estimate(first), estimate(second))

    assert (f"{found.low:.4f}", f"{found.high:.4f}") == (low, high)
    assert found.estimate == Fraction(*first) - Fraction(*second)


@given(COUNTS, COUNTS)
def test_the_interval_of_a_difference_is_that_of_statsmodels(first, second):
    found = difference(estimate(first), estimate(second))

    oracle = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")

    assert isclose(found.low, oracle[0], abs_tol=1e-9)
    assert isclose(found.high, oracle[1], abs_tol=1e-9)


@given(COUNTS, COUNTS)
def test_seen_from_the_other_side_the_interval_is_mirrored(first, second):
    one, other = difference(estimate(first), estimate(second)), difference(estimate(second), estimate(first))

    assert isclose(one.low, -other.high, abs_tol=1e-12)
    assert one.estimate == -other.estimate
    assert (one.order is Order.ABOVE) == (other.order is Order.BELOW)


@given(COUNTS)
def test_nobody_is_above_themselves(counts):
    assert difference(estimate(counts), estimate(counts)).order is Order.NOT_TOLD


def test_an_order_is_claimed_only_when_the_interval_excludes_zero():
    assert difference(estimate((56, 70)), estimate((48, 80))).order is Order.ABOVE
    assert difference(estimate((48, 80)), estimate((56, 70))).order is Order.BELOW
    assert difference(estimate((5, 56)), estimate((0, 29))).order is Order.NOT_TOLD


@given(COUNTS, st.floats(0.5, 5))
def test_the_interval_of_a_share_is_wilsons(counts, z):
    found = estimate(counts).interval(z)

    low, high = proportion_confint(*counts, alpha=2 * norm.sf(z), method="wilson")

    assert isclose(found.low, low, abs_tol=1e-9)
    assert isclose(found.high, high, abs_tol=1e-9)


@given(COUNTS)
def test_at_95_percent_it_is_the_interval_that_is_shown(counts):
    shown = Proportion(*counts).interval

    assert estimate(counts).interval() == shown


def test_bounds_at_none_and_all_are_exact():
    assert estimate((0, 7)).interval().low == 0
    assert estimate((7, 7)).interval().high == 1


def test_an_effective_number_widens_the_interval():
    full, effective = Estimate(Fraction(9, 10), Fraction(100)), Estimate(Fraction(9, 10), Fraction(100) / 2)

    assert effective.interval().low < full.interval().low
    assert effective.interval() == Estimate.of(Proportion(45, 50)).interval()


@pytest.mark.parametrize(
    ("share", "n"), [(Fraction(-1, 2), 1), (Fraction(3, 2), 1), (Fraction(1, 2), 0), (Fraction(1, 2), -1)]
)
def test_what_is_no_share_is_refused(share, n):
    with pytest.raises(ValueError, match="cannot be"):
        Estimate(share, Fraction(n))


def test_shares_of_none_and_all_are_shares():
    assert Estimate(Fraction(0), Fraction(1)).share == 0
    assert Estimate(Fraction(1), Fraction(1)).share == 1


@given(st.floats(0.5, 0.999), st.integers(1, 7750))
def test_the_critical_value_is_bonferronis(confidence, comparisons):
    found = critical(confidence, comparisons)

    assert isclose(found, norm.isf((1 - confidence) / (2 * comparisons)), rel_tol=1e-6)


def test_one_comparison_at_95_percent_is_the_z_we_use():
    assert isclose(critical(), Z, rel_tol=1e-15)
    assert f"{critical(0.95, 55):.3f}" == "3.317"


@pytest.mark.parametrize(("confidence", "comparisons"), [(0, 1), (1, 1), (0.95, 0)])
def test_a_confidence_that_is_none_is_refused(confidence, comparisons):
    with pytest.raises(ValueError, match="no confidence"):
        critical(confidence, comparisons)
