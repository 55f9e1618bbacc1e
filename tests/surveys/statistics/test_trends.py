"""Control limits."""

from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.results import Proportion, Side
from surveys.statistics import laney_chart, p_chart
from surveys.statistics.trends import PERIODS

# D. C. Montgomery, Introduction to Statistical Quality Control, 6th ed., Table 7.1: cans of frozen orange juice, 50 a sample.
CANS = [
    12,
    15,
    8,
    10,
    4,
    7,
    16,
    9,
    14,
    10,
    5,
    6,
    17,
    12,
    22,
    8,
    10,
    5,
    13,
    11,
    20,
    18,
    24,
    15,
    9,
    12,
    7,
    13,
    9,
    6,
]
# The same, Table 7.4: purchase orders with mistakes, samples of unequal size.
ORDERS = [12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9]
SIZES = [
    100,
    80,
    80,
    100,
    110,
    110,
    100,
    100,
    90,
    90,
    110,
    120,
    120,
    120,
    110,
    80,
    80,
    80,
    90,
    100,
    100,
    100,
    100,
    90,
    90,
]

FIGURES = st.lists(
    st.integers(1, 900).flatmap(lambda n: st.builds(Proportion, st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=40,
)


def figures(counts: list[int], sizes: list[int]) -> list[Proportion]:
    return [Proportion(x, n) for x, n in zip(counts, sizes, strict=True)]


def test_montgomerys_cans():
    chart = p_chart(figures(CANS, [50] * 30))

    assert chart.centre == Fraction(347, 1500)  # 0.2313
    assert {(f"{point.low:.4f}", f"{point.high:.4f}") for point in chart.points} == {("0.0524", "0.4102")}
    assert chart.signals == (14, 22)  # samples 15 and 23
    assert chart.sigma_z == 1


def test_montgomerys_purchase_orders():
    chart = p_chart(figures(ORDERS, SIZES))

    assert chart.centre == Fraction(234, 2450)  # 0.096
    assert f"{chart.points[0].high:.3f}" == "0.184"
    assert f"{chart.points[1].high:.3f}" == "0.194"
    assert chart.signals == (10,)  # sample 11


@given(FIGURES)
def test_laneys_limits_are_the_p_charts_stretched_by_sigma_z(points):
    chart = laney_chart(points)

    x = numpy.array([point.numerator for point in points], float)
    n = numpy.array([point.denominator for point in points], float)
    p = x.sum() / n.sum()
    if p in (0, 1):
        assert chart.signals == ()
        assert chart.sigma_z == 1
        return
    sigma = numpy.sqrt(p * (1 - p) / n)
    z = (x / n - p) / sigma
    sigma_z = numpy.abs(numpy.diff(z)).mean() / 1.128
    assert chart.sigma_z == pytest.approx(sigma_z, abs=1e-12)
    assert [point.low for point in chart.points] == pytest.approx(
        numpy.maximum(0, p - 3 * sigma * sigma_z), abs=1e-9
    )
    assert [point.high for point in chart.points] == pytest.approx(
        numpy.minimum(1, p + 3 * sigma * sigma_z), abs=1e-9
    )


@given(FIGURES)
def test_a_point_signals_exactly_when_it_lies_outside(points):
    for chart in (p_chart(points), laney_chart(points)):
        for point in chart.points:
            share = float(point.figure.share)
            if point.side is Side.ABOVE:
                assert share >= point.high - 1e-12
            elif point.side is Side.BELOW:
                assert share <= point.low + 1e-12
            else:
                assert point.low - 1e-12 <= share <= point.high + 1e-12


def test_months_that_swing_by_themselves_are_not_called_signals():
    swinging = figures([9000, 9400, 9050, 9380, 9010, 9420, 9030], [10_000] * 7)

    assert len(p_chart(swinging).signals) == 7
    assert laney_chart(swinging).signals == ()
    assert laney_chart(swinging).sigma_z > 10


def test_a_month_that_falls_out_of_a_steady_run_is_called_one():
    steady = figures([90, 91, 90, 89, 90, 91, 60], [100] * 7)

    assert laney_chart(steady).signals == (6,)
    assert laney_chart(steady).points[6].side is Side.BELOW
    assert p_chart(figures([10, 9, 10, 11, 10, 9, 40], [100] * 7)).points[6].side is Side.ABOVE


def test_a_point_on_its_limit_lies_within():
    # 36 of 100 months answer 1 of 2 around a centre of one half: (p − ½)² = 9 · ¼ / 9 exactly at n = 9.
    chart = p_chart([Proportion(9, 9), Proportion(0, 9)])

    assert chart.centre == Fraction(1, 2)
    assert chart.signals == ()
    assert p_chart([Proportion(10, 10), Proportion(0, 10)]).signals == (0, 1)


@pytest.mark.parametrize("x", [0, 9])
def test_when_nothing_ever_varies_nothing_signals(x):
    chart = laney_chart([Proportion(x, 9)] * 3)

    assert chart.signals == ()
    assert chart.sigma_z == 1


def test_limits_on_few_periods_are_provisional():
    assert p_chart([Proportion(1, 2)] * (PERIODS - 1)).is_provisional
    assert not p_chart([Proportion(1, 2)] * PERIODS).is_provisional
    assert PERIODS == 20


def test_without_figures_there_is_no_chart():
    with pytest.raises(ValueError, match="needs figures"):
        p_chart([])
    with pytest.raises(ValueError, match="two periods"):
        laney_chart([Proportion(1, 2)])
