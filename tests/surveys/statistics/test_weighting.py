"""Weights that were written down before anybody answered."""

from dataclasses import replace
from fractions import Fraction

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from surveys.statistics import CannotWeight, NotRegistered, Plan, Stratum, checked, plans_digest, weigh

POPULATIONS = st.lists(st.integers(1, 5000), min_size=1, max_size=6)


def plan(
    *populations: int, cap: Fraction | int = 100, minimum: int = 1, joins: dict[str, str] | None = None
) -> Plan:
    strata = [
        Stratum(f"s{place}", population, (joins or {}).get(f"s{place}"))
        for place, population in enumerate(populations)
    ]
    return Plan("29242", "tuoi", tuple(strata), "Công an phường, 1/10/2026", Fraction(cap), minimum)


def test_lohrs_teachers_are_1270():
    # S. Lohr, Sampling: Design and Analysis, ch. 4: of 400 students, 240 women (84 plan to teach) and 160 men (40 do);
    # there are 2,700 women and 1,300 men. Unweighted 1,240 would teach; post-stratified 1,270.
    lohr = Plan("college", "sex", (Stratum("women", 2700), Stratum("men", 1300)), "Lohr", Fraction(100), 1)

    found = weigh(lohr, {"women": 240, "men": 160}).estimate({"women": (84, 240), "men": (40, 160)})

    assert found.share * 4000 == 1270
    assert found.n == 400


def test_the_mean_weight_is_one_and_each_group_counts_as_among_residents():
    weights = weigh(plan(600, 300, 100), {"s0": 20, "s1": 40, "s2": 40})

    assert [cell.weight for cell in weights.cells] == [3, Fraction(3, 4), Fraction(1, 4)]
    assert [cell.full for cell in weights.cells] == [3, Fraction(3, 4), Fraction(1, 4)]
    assert sum(cell.weight * cell.n for cell in weights.cells) == 100


def test_a_weight_above_the_cap_is_cut_and_the_excess_shared_out():
    weights = weigh(plan(600, 300, 100, cap=2), {"s0": 20, "s1": 40, "s2": 40})

    # 20 · 2 = 40 are left to s0; the other 60 go to s1 and s2 as 3 : 1.
    assert [cell.weight for cell in weights.cells] == [2, Fraction(9, 8), Fraction(3, 8)]
    assert weights.cells[0].full == 3


def test_cutting_one_may_lift_another_above_the_cap():
    weights = weigh(plan(800, 190, 10, cap=Fraction(11, 10)), {"s0": 20, "s1": 20, "s2": 60})

    assert [cell.weight for cell in weights.cells] == [Fraction(11, 10), Fraction(11, 10), Fraction(14, 15)]


def test_the_lowest_cap_makes_everybody_count_alike():
    weights = weigh(plan(600, 300, 100, cap=1), {"s0": 20, "s1": 40, "s2": 40})

    assert {cell.weight for cell in weights.cells} == {1}


@given(POPULATIONS, st.data(), st.fractions(1, 5))
def test_trimming_keeps_the_mean_the_cap_and_the_order(populations, data, cap):
    counts = data.draw(st.lists(st.integers(1, 400), min_size=len(populations), max_size=len(populations)))

    weights = weigh(plan(*populations, cap=cap), {f"s{place}": count for place, count in enumerate(counts)})

    assert sum(cell.weight * cell.n for cell in weights.cells) == sum(counts)
    assert all(0 < cell.weight <= cap for cell in weights.cells)
    for one in weights.cells:
        for other in weights.cells:
            assert one.full > other.full or one.weight <= other.weight
            if one.full <= cap < other.full:
                assert other.weight == cap


@given(POPULATIONS, st.data())
def test_share_and_design_effect_are_those_of_a_weighted_sample(populations, data):
    counts = data.draw(st.lists(st.integers(1, 200), min_size=len(populations), max_size=len(populations)))
    satisfied = [data.draw(st.integers(0, count)) for count in counts]
    names = [f"s{place}" for place in range(len(counts))]
    weights = weigh(plan(*populations), dict(zip(names, counts, strict=True)))

    found = weights.estimate({name: (x, n) for name, x, n in zip(names, satisfied, counts, strict=True)})

    w = numpy.concatenate(
        [numpy.full(n, float(weights.of(name))) for name, n in zip(names, counts, strict=True)]
    )
    x = numpy.concatenate(
        [numpy.r_[numpy.ones(s), numpy.zeros(n - s)] for s, n in zip(satisfied, counts, strict=True)]
    )
    assert float(found.share) == pytest.approx(DescrStatsW(x, weights=w).mean, abs=1e-12)
    assert float(found.design_effect) == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)
    assert float(found.design_effect) == pytest.approx(1 + (w.std() / w.mean()) ** 2)
    assert float(found.effective) == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert found.design_effect >= 1
    assert found.n == len(w)


@given(POPULATIONS, st.integers(1, 50))
def test_answers_in_proportion_to_residents_change_nothing(populations, each):
    counts = {f"s{place}": population * each for place, population in enumerate(populations)}

    weights = weigh(plan(*populations), counts)

    assert {cell.weight for cell in weights.cells} == {1}
    assert weights.estimate({name: (n, n) for name, n in counts.items()}).design_effect == 1


def test_who_did_not_say_their_group_counts_as_one():
    weights = weigh(plan(600, 400), {"s0": 10, "s1": 40})

    assert weights.of(None) == 1
    found = weights.estimate({"s0": (10, 10), "s1": (0, 40), None: (10, 10)})
    assert found.share == Fraction(3 * 10 + 10, 3 * 10 + 20 + 10)
    assert found.n == 60


def test_an_estimate_has_the_interval_of_its_effective_number():
    found = weigh(plan(600, 400), {"s0": 10, "s1": 40}).estimate({"s0": (5, 10), "s1": (30, 40)})

    assert found.estimate.n == found.effective == Fraction(50) / found.design_effect
    assert found.estimate.share == found.share == Fraction(3, 5)


def test_answers_that_cannot_be_are_refused():
    weights = weigh(plan(600, 400), {"s0": 10, "s1": 40})

    for answers in ({"s0": (11, 10)}, {"s0": (-1, 10)}, {"s0": (0, 0)}, {}):
        with pytest.raises(CannotWeight):
            weights.estimate(answers)
    with pytest.raises(KeyError):
        weights.estimate({"stray": (1, 1)})


# ── Strata that are too small ────────────────────────────────────────────────────────────────────────────────────


def test_a_stratum_with_too_few_answers_joins_the_one_the_plan_names():
    weights = weigh(plan(500, 300, 200, minimum=10, joins={"s2": "s1"}), {"s0": 50, "s1": 40, "s2": 9})

    assert [(cell.strata, cell.population, cell.n) for cell in weights.cells] == [
        (("s0",), 500, 50),
        (("s1", "s2"), 500, 49),
    ]
    assert weights.of("s1") == weights.of("s2") == Fraction(500 * 99, 1000 * 49)


def test_ten_of_ten_stand_alone():
    weights = weigh(plan(500, 500, minimum=10, joins={"s1": "s0"}), {"s0": 50, "s1": 10})

    assert len(weights.cells) == 2


def test_joining_goes_on_until_there_are_enough():
    joins = {"s0": "s1", "s1": "s2", "s2": "s1"}

    weights = weigh(plan(10, 20, 30, minimum=10, joins=joins), {"s0": 3, "s1": 4, "s2": 5})

    assert [(cell.strata, cell.n) for cell in weights.cells] == [(("s0", "s1", "s2"), 12)]


def test_two_small_strata_may_join_the_same_third():
    joins = {"s0": "s1", "s2": "s1"}

    weights = weigh(plan(10, 20, 30, minimum=10, joins=joins), {"s0": 3, "s1": 40, "s2": 5})

    assert weights.cells[0].strata == ("s0", "s1", "s2")
    assert weights.cells[0].population == 60


@pytest.mark.parametrize("joins", [{}, {"s0": "s1", "s1": "s0"}])
def test_without_enough_answers_and_nobody_left_to_join_there_are_no_weights(joins):
    with pytest.raises(CannotWeight, match="joins no other"):
        weigh(plan(10, 20, minimum=10, joins=joins), {"s0": 4, "s1": 5})


def test_nobody_answered_is_no_basis_for_weights():
    with pytest.raises(CannotWeight):
        weigh(plan(10, 20), {})


def test_an_answer_the_plan_does_not_know_is_refused():
    with pytest.raises(CannotWeight, match="stray"):
        weigh(plan(10, 20), {"s0": 4, "stray": 5})


# ── Registered beforehand ────────────────────────────────────────────────────────────────────────────────────────


def test_the_plan_that_was_registered_is_the_only_one_that_serves():
    registered = plan(600, 400).digest

    assert checked(plan(600, 400), registered) == plan(600, 400)
    assert weigh(plan(600, 400), {"s0": 1, "s1": 1}).plan == registered


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "29263"},
        {"question": "gioi"},
        {"strata": (Stratum("s0", 600), Stratum("s1", 401))},
        {"strata": (Stratum("s0", 600), Stratum("s2", 400))},
        {"strata": (Stratum("s0", 600, "s1"), Stratum("s1", 400))},
        {"strata": (Stratum("s1", 400), Stratum("s0", 600))},
        {"source": "elsewhere"},
        {"cap": Fraction(2)},
        {"minimum": 2},
    ],
)
def test_any_change_of_a_plan_is_seen(change):
    with pytest.raises(NotRegistered):
        checked(replace(plan(600, 400), **change), plan(600, 400).digest)


def test_the_plans_of_a_wave_have_one_digest_in_any_order():
    one, other = plan(600, 400), replace(plan(600, 400), unit="29263")

    assert plans_digest([one, other]) == plans_digest([other, one])
    assert plans_digest([one]) != plans_digest([other])


@given(st.integers(1, 9), st.integers(1, 9))
def test_different_plans_have_different_digests(first, second):
    assume(first != second)

    assert plan(first).digest != plan(second).digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"strata": ()}, "each of its strata once"),
        ({"strata": (Stratum("a", 1), Stratum("a", 1))}, "each of its strata once"),
        ({"strata": (Stratum("a", 0),)}, "without people"),
        ({"strata": (Stratum("a", 1, "a"),)}, "joins another"),
        ({"strata": (Stratum("a", 1, "b"),)}, "joins another"),
        ({"cap": Fraction(99, 100)}, "No cap below"),
        ({"minimum": 0}, "without answers"),
        ({"source": ""}, "have a source"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        replace(plan(600, 400), **change)


def test_what_a_plan_is_unless_it_says_otherwise():
    usual = Plan("u", "q", (Stratum("a", 1),), "s")

    assert (usual.cap, usual.minimum, usual.strata[0].joins) == (3, 10, None)
