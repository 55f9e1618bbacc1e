"""Figures: checked against published examples, and against scipy and statsmodels everywhere else."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2
from statsmodels.stats.proportion import proportion_confint

from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.results import (
    SCORED,
    Z_SQUARED,
    Counts,
    Grade,
    Proportion,
    Side,
    Tally,
    _is_cut_at_commas,
    grade,
)
from tests.surveys.results.forms import YEARLY

PROPORTIONS = st.integers(1, 5000).flatmap(
    lambda n: st.integers(0, n).map(lambda numerator: Proportion(numerator, n))
)


@pytest.mark.parametrize(
    ("numerator", "n", "low", "high"),
    [(9, 10, 59.6, 98.2), (27, 30, 74.4, 96.5), (90, 100, 82.6, 94.5), (347, 385, 86.7, 92.7)],
)
def test_published_examples_of_the_interval(numerator: int, n: int, low: float, high: float) -> None:
    interval = Proportion(numerator, n).interval

    assert (round(interval.low * 100, 1), round(interval.high * 100, 1)) == (low, high)


def test_the_square_of_z_that_verdicts_are_reached_by_is_the_95_per_cent_point_of_chi_squared() -> None:
    assert float(Z_SQUARED) == pytest.approx(chi2.ppf(0.95, 1), rel=1e-14)


@settings(deadline=None)
@given(PROPORTIONS)
def test_the_interval_is_scipys_and_statsmodels(proportion: Proportion) -> None:
    interval = proportion.interval
    scipys = binomtest(proportion.numerator, proportion.denominator).proportion_ci(method="wilson")
    theirs = proportion_confint(proportion.numerator, proportion.denominator, method="wilson")

    assert interval.low == pytest.approx(scipys.low, abs=1e-12)
    assert interval.high == pytest.approx(scipys.high, abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx(theirs, abs=1e-9)


@settings(deadline=None)
@given(PROPORTIONS)
def test_an_interval_holds_its_share_and_stays_between_nought_and_one(proportion: Proportion) -> None:
    interval = proportion.interval

    assert 0 <= interval.low <= proportion.share <= interval.high <= 1


@settings(deadline=None)
@given(PROPORTIONS, st.fractions(min_value=0, max_value=1, max_denominator=1000))
def test_comparing_exactly_agrees_with_the_interval(proportion: Proportion, value: Fraction) -> None:
    interval = proportion.interval
    side = proportion.side(value)

    if value < interval.low - 1e-9:
        assert side is Side.ABOVE
    elif value > interval.high + 1e-9:
        assert side is Side.BELOW
    elif interval.low + 1e-9 < value < interval.high - 1e-9:
        assert side is Side.WITHIN


def test_the_interval_narrows_towards_its_share_but_rounding_never_helps() -> None:
    """8 996 of 10 000 is 89.96 %: not 90 %, whatever the page would round it to."""
    just_under = Proportion(8_996_000_000, 10_000_000_000)

    assert just_under.side(Fraction(90, 100)) is Side.BELOW
    assert Proportion(9_004_000_000, 10_000_000_000).side(Fraction(90, 100)) is Side.ABOVE


@pytest.mark.parametrize("n", [1, 10, 230, 10**6])
def test_a_lower_bound_that_equals_the_value_has_reached_it_and_an_upper_one_is_not_below(n: int) -> None:
    """Of nobody and of everybody, Wilson's bounds are fractions: z²/(n + z²) and n/(n + z²)."""
    upper, lower = Z_SQUARED / (n + Z_SQUARED), n / (n + Z_SQUARED)

    assert Proportion(0, n).side(upper) is Side.WITHIN
    assert Proportion(n, n).side(lower) is Side.ABOVE
    assert Proportion(0, n).side(upper + Fraction(1, 10**30)) is Side.BELOW
    assert Proportion(n, n).side(lower + Fraction(1, 10**30)) is Side.WITHIN


@pytest.mark.parametrize(
    ("n", "value", "first_within", "first_above"),
    [(100, "0.9", 85, 96), (385, "0.9", 335, 359), (100, "0.5", 41, 60), (385, "0.5", 174, 212)],
)
def test_each_side_begins_where_scipys_interval_does(
    n: int, value: str, first_within: int, first_above: int
) -> None:
    sides = [Proportion(numerator, n).side(Fraction(value)) for numerator in range(n + 1)]

    def wilson(numerator: int) -> tuple[float, float]:
        found = binomtest(numerator, n).proportion_ci(method="wilson")
        return found.low, found.high

    assert (sides.index(Side.WITHIN), sides.index(Side.ABOVE)) == (first_within, first_above)
    assert wilson(first_within - 1)[1] < float(value) <= wilson(first_within)[1]
    assert wilson(first_above - 1)[0] < float(value) <= wilson(first_above)[0]


def test_a_value_of_nought_is_passed_by_one_and_held_by_none() -> None:
    assert Proportion(0, 20).side(Fraction(0)) is Side.WITHIN
    assert Proportion(1, 20).side(Fraction(0)) is Side.ABOVE


def test_everybody_agreeing_does_not_prove_a_threshold_of_all() -> None:
    assert Proportion(50, 50).side(Fraction(1)) is Side.WITHIN


@pytest.mark.parametrize(("numerator", "n"), [(1, 0), (0, 0), (-1, 3), (4, 3)])
def test_no_share_without_somebody_to_be_a_share_of(numerator: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        Proportion(numerator, n)


def test_silence_and_no_opinion_are_not_satisfaction() -> None:
    counts = Counts({"5": 30, "4": 20, "3": 5, "2": 3, "1": 2, "0": 40, "": 9})

    assert counts.index() == Proportion(50, 60)


def test_nobody_who_chose_a_step_is_no_figure() -> None:
    assert Counts({"0": 7}).index() is None


@pytest.mark.parametrize(
    ("n", "expected"), [(1, "C"), (92, "C"), (93, "B"), (380, "B"), (381, "A"), (10**6, "A")]
)
def test_the_grade_is_the_widest_half_width_at_that_n(n: int, expected: str) -> None:
    """Five points at 381 and more, ten at 93: at 50 % the Wilson interval is z/(2·√(n + z²)) to each side."""
    assert grade(n) is Grade(expected)


@settings(deadline=None)
@given(st.integers(2, 3000))
def test_the_grade_promises_no_more_than_the_interval_holds(n: int) -> None:
    interval = Proportion(n // 2, n).interval
    half_width = (interval.high - interval.low) / 2

    assert half_width <= {Grade.A: 0.05, Grade.B: 0.10, Grade.C: 0.5}[grade(n)] + 1e-12


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ballots_are_counted_by_unit_stream_and_answer() -> None:
    tally = Tally(YEARLY)
    tally.add("29263", Stream.INVITED, {"chung": "5", "niem_yet": "co"})
    tally.add("29263", Stream.VISIT, {"chung": "4"})
    tally.add("29263", Stream.OPEN, {"chung": "1"})
    tally.add("29254", Stream.INVITED, {"chung": "2"})

    assert tally.counts("29263", SCORED, "chung").of == {"5": 1, "4": 1}
    assert tally.counts("29263", (Stream.OPEN,), "chung").of == {"1": 1}
    assert tally.counts("29263", SCORED, "niem_yet").of == {"co": 1}
    assert tally.number("29254", [(Stream.INVITED, Mode.SELF)]) == 1


def test_several_choices_of_one_person_count_once_each_and_the_person_once() -> None:
    tally = Tally(YEARLY)
    tally.add("29263", Stream.INVITED, {"viec": "cu_tru can_cuoc cu_tru"})
    tally.add("29263", Stream.INVITED, {"viec": "cu_tru"})

    assert tally.counts("29263", SCORED, "viec").of == {"": 2, "cu_tru": 2, "can_cuoc": 1}


def test_whatever_is_asked_for_first_has_been_counted() -> None:
    """Ballots wait to be counted together; who asks does not wait."""
    everybody, pair = [(Stream.INVITED, Mode.SELF)], ("chung", "niem_yet")

    def tallied() -> Tally:
        tally = Tally(YEARLY, [pair])
        tally.add("29263", Stream.INVITED, {"chung": "5", "niem_yet": "co"})
        tally.add("29263", Stream.INVITED, {"chung": "5"})
        return tally

    assert tallied().together("29263", everybody, pair) == {("5", "co"): 1, ("5", ""): 1}
    assert tallied().number("29263", everybody) == 2
    assert tallied().counts("29263", SCORED, "chung").of == {"5": 2}
    assert tallied().counts("29263", SCORED, "gop_y").of == {}  # what is written is not counted
    assert tallied().together("29254", everybody, pair) == {}


@pytest.mark.parametrize(
    ("inner", "is_cut"),
    [
        ('"chung":"5"', True),
        ('"chung":"5","niem_yet":"co","viec":"cu_tru can_cuoc"', True),
        ('"khac":"xe, nhà"', False),
        ('"khac":"xe\\"","chung":"5"', False),
        ('"chung":"5","khac":"a,b"', False),
    ],
)
def test_only_what_a_comma_cannot_misread_is_cut_at_commas(inner: str, is_cut: bool) -> None:
    """Nearly all ballots are, which is why counting them is fast."""
    assert _is_cut_at_commas(inner) is is_cut


VALUES = st.one_of(
    st.sampled_from(
        ["5", "co", "cu_tru can_cuoc", "", ",", ":", '","', '":"', 'a","chung":"5', "\\", 'x"y', "a,b", "\n"]
    ),
    st.text(max_size=6),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from(["chung", "niem_yet", "viec", "khac"]), VALUES), max_size=30))
def test_counting_words_counts_what_reading_json_counts(ballots: list[dict[str, str]]) -> None:
    """Whatever stands in a value: commas, quotes, escapes, what looks like another answer."""
    tally = Tally(YEARLY, [("chung", "niem_yet")])
    for answers in ballots:
        tally.add("29263", Stream.INVITED, answers)

    for name in ("chung", "niem_yet"):
        read = Counter(answers[name] for answers in ballots if answers.get(name))
        assert tally.counts("29263", SCORED, name).of == read
    pairs = Counter((answers.get("chung", ""), answers.get("niem_yet", "")) for answers in ballots)
    everybody = [(Stream.INVITED, Mode.SELF)]
    assert tally.together("29263", everybody, ("chung", "niem_yet")) == pairs
    assert tally.number("29263", everybody) == len(ballots)
