"""What a small ward's share probably is."""

from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import betabinom

from surveys.results import Proportion
from surveys.statistics import Prior, TooFewWards, shrink

# Tumours among rats of 71 control groups: Tarone (1982); A. Gelman et al., Bayesian Data Analysis, 3rd ed., Table 5.1.
TUMOURS = (
    [0] * 14 + [1] * 8 + [2] * 9 + [1, 5, 2, 5, 3, 2, 7, 7, 3, 3, 2, 9, 10] + [4] * 7 + [10, 4, 4, 4, 5, 11, 12, 5, 5, 6, 5]
    + [6, 6, 6, 6, 16, 15, 15, 9, 4]
)  # fmt: skip
RATS = (
    [20] * 7 + [19] * 4 + [18, 18, 17] + [20] * 4 + [19, 19, 18, 18] + [25, 24, 23] + [20] * 6
    + [10, 49, 19, 46, 27, 17, 49, 47, 20, 20, 13, 48, 50] + [20] * 7
    + [48, 19, 19, 19, 22, 46, 49, 20, 20, 23, 19, 22, 20, 20, 20, 52, 46, 47, 24, 14]
)  # fmt: skip
GROUPS = [Proportion(x, n) for x, n in zip(TUMOURS, RATS, strict=True)]

WARDS = st.lists(
    st.integers(1, 500).flatmap(lambda n: st.builds(Proportion, st.integers(0, n), st.just(n))),
    min_size=4,
    max_size=20,
)


def test_the_table_is_the_published_one():
    shares = [float(group.share) for group in GROUPS[:70]]

    # “the observed sample mean and standard deviation of the 70 values y_j/n_j are 0.136 and 0.103”
    assert (f"{numpy.mean(shares):.3f}", f"{numpy.std(shares, ddof=1):.3f}") == ("0.136", "0.103")


def test_the_posterior_mean_is_the_published_one():
    # The same book, §5.1: a Beta(1.4, 8.6) prior and 4 tumours of 14 give a Beta(5.4, 18.6), whose mean is 5.4 of 24.
    prior = Prior(Fraction(14, 100), Fraction(10))

    found = prior.shrink(Proportion(4, 14))

    assert found.share == Fraction(54, 240)
    assert found.kept == Fraction(14, 24)


def test_moments_come_close_to_the_most_likely_prior():
    def unlikelihood(at: numpy.ndarray) -> float:
        return -betabinom.logpmf(TUMOURS, RATS, *numpy.exp(at)).sum()

    alpha, beta = numpy.exp(minimize(unlikelihood, [0.0, 2.0]).x)

    prior = Prior.of(GROUPS)

    assert prior.weight is not None
    assert float(prior.mean) == pytest.approx(alpha / (alpha + beta), abs=0.015)
    assert float(prior.weight) == pytest.approx(alpha + beta, rel=0.4)
    most_likely = [(alpha + x) / (alpha + beta + n) for x, n in zip(TUMOURS, RATS, strict=True)]
    ours = [float(prior.shrink(group).share) for group in GROUPS]
    assert numpy.allclose(ours, most_likely, atol=0.02)


@given(WARDS)
def test_the_prior_is_kleinmans(wards):
    x = numpy.array([ward.numerator for ward in wards], float)
    n = numpy.array([ward.denominator for ward in wards], float)
    prior = Prior.of(wards)

    p = x.sum() / n.sum()
    s = (n * (x / n - p) ** 2).sum()
    room = (n * (1 - n / n.sum())).sum() - (1 - n / n.sum()).sum()
    assert float(prior.mean) == pytest.approx(p)
    if prior.weight is None:
        assert p in (0, 1) or room == pytest.approx(0) or s <= p * (1 - p) * (len(n) - 1) + 1e-9
        return
    rho = (s - p * (1 - p) * (1 - n / n.sum()).sum()) / (p * (1 - p) * room)
    assert float(1 / (prior.weight + 1)) == pytest.approx(min(1, rho))


def test_the_prior_is_found_again_from_many_wards():
    random = numpy.random.default_rng(20261121)
    n = random.integers(20, 400, 3000)
    x = random.binomial(n, random.beta(18, 2, 3000))

    prior = Prior.of(Proportion(int(a), int(b)) for a, b in zip(x, n, strict=True))

    assert float(prior.mean) == pytest.approx(0.9, abs=0.005)
    assert float(prior.weight or 0) == pytest.approx(20, rel=0.08)


def test_shrunken_shares_miss_by_less_than_raw_ones():
    random = numpy.random.default_rng(1)
    true = random.beta(18, 2, 200)
    x = random.binomial(30, true)

    shrunken = shrink({str(i): Proportion(int(value), 30) for i, value in enumerate(x)})

    raw_error = ((x / 30 - true) ** 2).mean()
    error = numpy.mean([(float(shrunken[str(i)].share) - true[i]) ** 2 for i in range(200)])
    assert error < 0.75 * raw_error


@given(WARDS)
def test_a_shrunken_share_lies_between_the_raw_one_and_the_mean(wards):
    prior = Prior.of(wards)

    for ward in wards:
        found = prior.shrink(ward)
        assert min(ward.share, prior.mean) <= found.share <= max(ward.share, prior.mean)
        assert 0 <= found.kept <= 1
        assert found.raw == ward


@given(WARDS)
def test_more_answers_keep_more_of_their_own(wards):
    prior = Prior.of(wards)

    few, many = prior.shrink(Proportion(9, 10)), prior.shrink(Proportion(900, 1000))

    assert few.kept <= many.kept


def test_wards_that_differ_by_chance_alone_are_all_at_the_mean():
    wards = {name: Proportion(x, 10) for name, x in {"a": 9, "b": 8, "c": 9, "d": 10}.items()}

    assert {found.share for found in shrink(wards).values()} == {Fraction(9, 10)}
    assert {found.kept for found in shrink(wards).values()} == {0}


def test_wards_that_differ_entirely_keep_their_own():
    wards = {"a": Proportion(10, 10), "b": Proportion(0, 10), "c": Proportion(10, 10), "d": Proportion(0, 10)}

    assert all(found.share == found.raw.share for found in shrink(wards).values())


@pytest.mark.parametrize("x", [0, 5])
def test_when_everybody_says_the_same_there_is_nothing_to_learn(x):
    found = shrink({name: Proportion(x, 5) for name in "abcd"})

    assert {ward.share for ward in found.values()} == {Fraction(x, 5)}


def test_one_answer_a_ward_tells_nothing_of_how_wards_differ():
    found = shrink({name: Proportion(x, 1) for name, x in zip("abcd", (1, 0, 1, 1), strict=True)})

    assert {ward.share for ward in found.values()} == {Fraction(3, 4)}


def test_three_wards_are_too_few():
    with pytest.raises(TooFewWards):
        shrink({name: Proportion(1, 2) for name in "abc"})
    assert len(shrink({name: Proportion(1, 2) for name in "abcd"})) == 4
