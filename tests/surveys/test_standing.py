"""Where wards stand to one another and to themselves, from released figures alone."""

from dataclasses import replace

import pytest

from surveys.releases import ReleasedWard
from surveys.results import Proportion, Side
from surveys.standing import SMALL, rank, shrunken, trend
from tests.web import sample


def ward(unit: str, numerator: int, denominator: int, year: int = 2026) -> ReleasedWard:
    found = sample.released()[0]
    wave = replace(found.wave, slug=f"nam-{year}")
    index = replace(found.index, figure=Proportion(numerator, denominator), bound=None)
    return replace(found, unit=unit, wave=wave, index=index)


def hidden(unit: str, year: int = 2026) -> ReleasedWard:
    found = ward(unit, 1, 2, year)
    return replace(found, index=replace(found.index, figure=None))


def test_two_wards_are_ordered_only_where_their_difference_excludes_zero():
    found = rank([ward("a", 460, 500), ward("b", 455, 500), ward("c", 300, 500), hidden("d")])

    assert found.bands == (("a", "b"), ("c",))
    assert found.ordering.is_above("a", "c")
    assert not found.ordering.is_above("a", "b")
    assert found.hidden == ("d",)


def test_all_pairs_at_once_are_held_to_more():
    wards = [ward("a", 270, 300), ward("b", 252, 300), ward("c", 240, 300)]

    assert rank(wards).ordering.is_above("a", "b")
    assert not rank(wards, strictly=True).ordering.is_above("a", "b")


def test_only_small_wards_have_a_shrunken_share_beside_the_raw_one():
    wards = [ward("a", 19, 20), ward("b", 400, 500), ward("c", 300, 500), ward("d", 410, 500)]

    found = shrunken(wards)

    assert set(found) == {"a"}
    assert found["a"].raw.denominator < SMALL
    assert found["a"].share < found["a"].raw.share


def test_wards_of_different_waves_are_not_compared():
    with pytest.raises(ValueError, match="one wave"):
        rank([ward("a", 9, 10), ward("b", 9, 10, 2025)])


def test_of_few_years_the_one_that_fell_cannot_hide_itself():
    years = [ward("a", 450, 500, year) for year in range(2020, 2025)] + [ward("a", 380, 500, 2025)]

    chart = trend("a", years).chart

    assert chart is not None
    assert chart.sigma_z == 1
    assert chart.points[-1].side is Side.ABOVE or chart.points[-1].side is Side.BELOW
    assert chart.is_provisional


def test_of_two_years_nothing_is_said():
    found = trend("a", [ward("a", 450, 500, 2024), hidden("a", 2025), ward("a", 100, 500, 2026)])

    assert found.chart is None
    assert found.waves == ("nam-2024", "nam-2026")
    assert found.hidden == ("nam-2025",)


def test_many_months_that_differ_anyway_are_no_alarm():
    shares = [430, 470] * 12
    months = [ward("a", share * 4, 2000, year) for year, share in enumerate(shares)]

    chart = trend("a", months).chart

    assert chart is not None
    assert chart.sigma_z > 1
    assert chart.signals == ()


def test_other_questions_are_another_series():
    other = ward("a", 9, 10, 2025)
    other = replace(other, wave=replace(other.wave, form="tham_luot 2026.1"))

    with pytest.raises(ValueError, match="no series"):
        trend("a", [other, ward("a", 9, 10)])
    with pytest.raises(ValueError, match="not all of a"):
        trend("a", [ward("b", 9, 10)])
