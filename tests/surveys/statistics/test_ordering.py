"""Bands instead of false ranks."""

from hypothesis import given
from hypothesis import strategies as st

from surveys.results import Proportion
from surveys.statistics import Estimate, Ordering, critical, order, pairs

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
WARDS = st.dictionaries(st.sampled_from("abcdefghijklmnop"), COUNTS, max_size=9)


def ordered(**wards: tuple[int, int]) -> Ordering:
    return order({name: Estimate.of(Proportion(*counts)) for name, counts in wards.items()})


def test_wards_that_cannot_be_told_apart_share_a_band():
    assert ordered(a=(90, 100), b=(88, 100)).bands == (("a", "b"),)


def test_wards_that_are_told_apart_stand_in_bands_highest_first():
    assert ordered(a=(40, 100), b=(90, 100)).bands == (("b",), ("a",))


def test_not_being_told_apart_is_not_passed_on():
    # a and c are told apart, b from neither: no break may fall between them.
    ordering = ordered(a=(920, 1000), b=(18, 20), c=(860, 1000))

    assert ordering.is_above("a", "c")
    assert not ordering.is_above("a", "b")
    assert not ordering.is_above("b", "c")
    assert ordering.bands == (("a", "b", "c"),)
    assert [ordering.places(name) for name in "abc"] == [(1, 2), (1, 3), (2, 3)]


def test_a_break_is_made_as_soon_as_it_is_honest():
    ordering = ordered(a=(990, 1000), b=(985, 1000), c=(700, 1000), d=(300, 1000), e=(5, 10))

    assert ordering.names == ("a", "b", "c", "e", "d")
    assert ordering.bands == (("a", "b"), ("c", "e", "d"))
    assert ordering.places("d") == (4, 5)


def test_equal_shares_stand_by_name_and_claim_nothing():
    assert ordered(b=(9, 10), a=(90, 100)).names == ("a", "b")


def test_nobody_and_one_are_no_trouble():
    assert order({}).bands == ()
    assert ordered(a=(1, 2)).bands == (("a",),)


def test_asking_for_all_comparisons_at_once_claims_less():
    wards = {
        name: Estimate.of(Proportion(*counts))
        for name, counts in {"a": (870, 1000), "b": (840, 1000)}.items()
    }

    # 0.03 ± 0.031 at 95 %; of eleven wards nothing is left of it
    assert order(wards, critical(0.90)).is_above("a", "b")
    assert not order(wards, critical(0.90, pairs(11))).is_above("a", "b")
    assert pairs(11) == 55


@given(WARDS)
def test_being_above_is_a_strict_order(wards):
    ordering = ordered(**wards)

    for one in wards:
        assert not ordering.is_above(one, one)
        for other in wards:
            assert not (ordering.is_above(one, other) and ordering.is_above(other, one))
            for third in wards:
                if ordering.is_above(one, other) and ordering.is_above(other, third):
                    assert ordering.is_above(one, third)


@given(WARDS)
def test_bands_hold_everybody_once_and_every_break_is_earned(wards):
    ordering = ordered(**wards)
    bands = ordering.bands

    assert sorted(name for band in bands for name in band) == sorted(wards)
    for place, band in enumerate(bands):
        later = [name for rest in bands[place + 1 :] for name in rest]
        assert all(ordering.is_above(name, other) for name in band for other in later)


@given(WARDS)
def test_no_honest_break_is_missed(wards):
    ordering = ordered(**wards)

    for band in ordering.bands:
        for cut in range(1, len(band)):
            assert not all(ordering.is_above(a, b) for a in band[:cut] for b in band[cut:])


@given(WARDS)
def test_places_agree_with_who_is_above_whom(wards):
    ordering = ordered(**wards)

    for name in wards:
        best, worst = ordering.places(name)
        assert best == 1 + sum(ordering.is_above(other, name) for other in wards)
        assert worst == len(wards) - sum(ordering.is_above(name, other) for other in wards)
        assert 1 <= best <= worst <= len(wards)
