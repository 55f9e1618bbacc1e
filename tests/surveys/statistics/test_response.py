"""Who of those we asked answered."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.results import Grade, Proportion
from surveys.statistics import Dispositions, reliability
from surveys.statistics.response import BIAS_STUDY_BELOW

# I 500, P 20, R 300, NC 150, O 30, U 200, ineligible 1,000: the formulas of AAPOR's Standard Definitions by hand.
CASES = Dispositions(500, 20, 300, 150, 30, 200, 1000)


def test_the_rates_are_those_of_aapor():
    assert CASES.eligible == 1000
    assert CASES.rr1 == Proportion(500, 1200)
    assert CASES.rr2 == Proportion(520, 1200)
    assert CASES.rr3 == Fraction(500, 1100)  # e = 1000 / 2000
    assert CASES.rr5 == Proportion(500, 1000)


@given(st.tuples(*[st.integers(0, 1000)] * 7))
def test_the_rates_stand_in_their_order(counts):
    cases = Dispositions(*counts)

    if cases.rr1 and cases.rr2 and cases.rr3 is not None and cases.rr5:
        assert cases.rr1.share <= cases.rr2.share
        assert cases.rr1.share <= cases.rr3 <= cases.rr5.share


def test_nobody_asked_is_no_rate():
    assert Dispositions(0).rr1 is Dispositions(0).rr2 is Dispositions(0).rr3 is Dispositions(0).rr5 is None
    assert Dispositions(0, unknown=3).rr1 == Proportion(0, 3)
    assert Dispositions(0, unknown=3).rr3 is None
    assert Dispositions(0, not_eligible=3).rr1 is None


def test_a_wave_knows_less_and_counts_silence_against_itself():
    cases = Dispositions.of_wave(invited=385, complete=100, partial=10, undelivered=25)

    assert cases == Dispositions(100, 10, not_reached=250, unknown=25)
    assert cases.rr1 == Proportion(100, 385)


@pytest.mark.parametrize("place", range(7))
def test_a_negative_count_is_refused(place):
    counts = [0] * 7
    counts[place] = -1

    with pytest.raises(ValueError, match="not negative"):
        Dispositions(*counts)


def test_more_answers_than_invitations_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        Dispositions.of_wave(invited=9, complete=10)
    assert Dispositions.of_wave(invited=10, complete=10).rr1 == Proportion(10, 10)


def test_fineness_alone_earns_no_a():
    assert reliability(400, Proportion(400, 800)).grade is Grade.A
    assert reliability(400, Proportion(399, 800)).grade is Grade.B
    assert reliability(400, None).grade is Grade.B
    assert reliability(400, None).precision is Grade.A


def test_few_answers_are_coarse_however_many_were_asked():
    assert reliability(100, Proportion(1, 1)).grade is Grade.B
    assert reliability(100, Proportion(1, 10)).grade is Grade.B
    assert reliability(30, Proportion(1, 1)).grade is Grade.C
    assert reliability(30, None).grade is Grade.C


def test_weighting_costs_its_design_effect():
    half = Proportion(1, 2)

    assert reliability(381, half).grade is Grade.A
    assert reliability(Fraction(381) / 2, half).grade is Grade.B
    assert reliability(Fraction(3809, 10), half).grade is Grade.B  # a started answer does not count


def test_the_silent_are_studied_below_80_percent():
    assert Fraction(4, 5) == BIAS_STUDY_BELOW
    assert reliability(400, Proportion(79, 100)).needs_bias_study
    assert not reliability(400, Proportion(80, 100)).needs_bias_study
    assert reliability(400, None).needs_bias_study
