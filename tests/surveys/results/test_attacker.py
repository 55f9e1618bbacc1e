"""Whoever subtracts, divides and knows our rules learns of no count that is hidden. And the attacker is good enough to say so:
what would give something away is found."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from surveys.attacker import Case, exposures, exposures_in
from surveys.disclosure import Bound, Side
from surveys.entry import Stream
from surveys.forms import library
from surveys.releases import Part, ReleasedWard, Terms
from surveys.releasing import release, tally_for
from surveys.results import SATISFIED, Proportion, Tally
from tests.surveys.results.years import CRITERIA, FORM, year

YEARS = 500


@pytest.mark.parametrize(("first", "k"), [(0, 10), (YEARS // 2, 5)])
def test_five_hundred_years_of_releases_expose_nobody(first: int, k: int) -> None:
    found = exposures_in(year(seed, k) for seed in range(first, first + YEARS // 2))

    assert not found, [str(each) for each in found[:5]]


def test_five_hundred_years_hold_ratings_too() -> None:
    shown = [
        line
        for case in (year(seed) for seed in range(1, 20, 2))
        for line in case.released
        if isinstance(line, ReleasedWard) and any(table.n for table in line.ratings or ())
    ]

    assert shown


# ── What an attacker is good for ─────────────────────────────────────────────────────────────────────────────────


def one_ward(satisfied: int, dissatisfied: int, others: int = 0) -> tuple[Case, ReleasedWard]:
    """One ward, and with `others` a second one of which nothing is to be seen but by subtraction."""
    units: dict[str, tuple[str, int | None]] = {"a": ("Phường A", None), "b": ("Phường B", None)}
    terms = Terms("w", "Đợt", "residents", 10, None, units, 10)
    tally = tally_for(FORM)
    for unit, counts in (("a", {"5": satisfied, "2": dissatisfied}), ("b", {"5": others})):
        for step, number in counts.items():
            for _ in range(number):
                tally.add(unit, Stream.INVITED, {"chung": step})
    made = release(FORM, tally, {}, terms, CRITERIA)
    ward = made["a"]
    assert isinstance(ward, ReleasedWard)
    return Case(tuple(made.values()), FORM, tally), ward


def with_changed(case: Case, unit: str, **changes: object) -> Case:
    lines = tuple(
        replace(line, **changes) if line.unit == unit else line  # type: ignore[arg-type]
        for line in case.released
    )
    return replace(case, released=lines)


def found_in(case: Case) -> set[tuple[str, str]]:
    return {
        (each.unit, each.question) for each in exposures(case.released, case.form, case.tally, case.findings)
    }


def test_a_release_as_it_is_exposes_nobody() -> None:
    case, _ = one_ward(40, 20, others=7)

    assert found_in(case) == set()


def test_a_total_that_gives_a_hidden_ward_away_is_found() -> None:
    """Seven people in ward B, and a total over both wards: 67 − 60."""
    case, _ = one_ward(40, 20, others=7)
    total = replace(case.released[0].wave.total, figure=Proportion(47, 67))
    wave = replace(case.released[0].wave, total=total, covers=("a", "b"))
    told = replace(case, released=tuple(replace(line, wave=wave) for line in case.released))

    assert ("b", "chung") in found_in(told)


def test_a_stream_that_leaves_a_handful_of_the_other_is_found() -> None:
    case, ward = one_ward(40, 20)
    invited, visits = ward.streams
    told = with_changed(case, "a", streams=(replace(invited, n=57), visits))

    assert ("a", "streams") in found_in(told)


def test_a_figure_without_a_handful_of_flagged_ballots_is_found() -> None:
    case, ward = one_ward(40, 20)
    without = Part("without_flagged", {}, 56, replace(ward.index, figure=Proportion(38, 56)))

    assert ("a", "beside") in found_in(with_changed(case, "a", beside=without))


def test_an_exact_figure_of_a_nearly_unanimous_ward_is_found() -> None:
    case, ward = one_ward(57, 3)
    [table] = [table for table in ward.questions if table.name == "chung"]
    assert table.index is not None
    shown = replace(table, index=replace(table.index, figure=Proportion(57, 60), bound=None))
    others = tuple(each for each in ward.questions if each.name != "chung")

    assert ("a", "chung") in found_in(with_changed(case, "a", questions=(shown, *others)))


def test_a_bound_that_says_all_is_found_and_never_made() -> None:
    """Of nine people “≥ 90 %” are all nine: with k = 5 the bound would say what it hides."""
    terms = Terms("w", "Đợt", "residents", 5, None, {"a": ("Phường A", None)}, 5)
    tally = tally_for(FORM)
    for _ in range(9):
        tally.add("a", Stream.INVITED, {"chung": "5"})
    made = release(FORM, tally, {}, terms, CRITERIA)
    case = Case(tuple(made.values()), FORM, tally)
    ward = made["a"]
    assert isinstance(ward, ReleasedWard)
    [table] = [table for table in ward.questions if table.name == "chung"]
    assert table.index is not None
    bounded = replace(table, index=replace(table.index, bound=Bound(Side.AT_LEAST, 90)))
    others = tuple(each for each in ward.questions if each.name != "chung")

    assert table.index.bound is None
    assert found_in(case) == set()
    assert ("a", "chung") in found_in(with_changed(case, "a", questions=(bounded, *others)))


def test_what_leads_to_another_question_is_not_narrowed_by_it() -> None:
    """Forty-five rated the forum; were the number asked published, five who stayed away would show."""
    forum = library.load("dien_dan")
    terms = Terms("w", "Đợt", "forum", 10, None, {"a": ("Phường A", None)}, 10)
    tally = tally_for(forum)
    for number in range(50):
        came = number < 45
        given = {"tham_du": "truc_tiep" if came else "khong"}
        answers = {"chung": "5" if number % 2 else "2"} if came else {}
        tally.add("a", Stream.INVITED, {**given, **answers})
    made = release(forum, tally, {}, terms, CRITERIA)
    case = Case(tuple(made.values()), forum, tally)
    ward = made["a"]
    assert isinstance(ward, ReleasedWard)
    [asked] = [table for table in ward.questions if table.name == "tham_du"]
    others = tuple(each for each in ward.questions if each.name != "tham_du")
    told = with_changed(case, "a", questions=(replace(asked, n=50), *others))

    assert asked.n is None
    assert ward.answered == 45
    assert found_in(case) == set()
    assert ("a", "tham_du") in found_in(told)


# ── Every table there could be, one by one ───────────────────────────────────────────────────────────────────────

Five = tuple[int, int, int, int, int]


def possible(ward: ReleasedWard, most: int) -> Iterator[Five]:
    """Every way in which a ward may have answered the question of the index, as far as its own line tells. Read from the JSON
    that is published, apart from the attacker's way of reading it."""
    [table] = [table for table in ward.questions if table.name == "chung"]
    shown = {
        "".join(group): line.figure.numerator
        for group, line in [
            *(((line.name,), line) for line in table.answers),
            (SATISFIED, table.index),
            (("2", "1"), table.lowest_two),
        ]
        if line is not None and line.figure is not None
    }
    bound = table.index.bound if table.index else None
    sizes = [table.n] if table.n is not None else range(most + 1)
    for n in sizes:
        low, high = bound.limits(n) if bound else (0, n)
        for five, four in product(range(n + 1), repeat=2):
            if not low <= five + four <= high or shown.get("54", five + four) != five + four:
                continue
            if (shown.get("5", five), shown.get("4", four)) != (five, four):
                continue
            left = n - five - four
            for three, two in product(range(left + 1), repeat=2):
                one = left - three - two
                if one < 0 or shown.get("21", two + one) != two + one:
                    continue
                if (shown.get("3", three), shown.get("2", two), shown.get("1", one)) == (three, two, one):
                    yield five, four, three, two, one


def small_wave(seed: int, k: int) -> Case:
    chance = Random(seed)
    units: dict[str, tuple[str, int | None]] = {
        f"{ward}": (f"Phường {ward}", None) for ward in range(chance.randint(1, 4))
    }
    terms = Terms("w", "Đợt", "residents", k, None, units, k)
    tally = Tally(FORM)
    for unit in units:
        satisfied = chance.choice((0.95, 0.5, chance.random()))
        for _ in range(chance.choice((0, 3, 4, chance.randint(5, 22)))):
            step = chance.choice("54") if chance.random() < satisfied else chance.choice("321")
            tally.add(unit, Stream.INVITED, {"chung": step})
    made = release(FORM, tally, {}, terms, CRITERIA)
    return Case(tuple(made.values()), FORM, tally)


@pytest.mark.parametrize("seed", range(60))
def test_counting_every_possible_table_finds_no_hidden_count_narrower_than_k(seed: int) -> None:
    k = 5
    wards = [line for line in small_wave(seed, k).released if isinstance(line, ReleasedWard)]
    wave = wards[0].wave
    ways = {ward.unit: set(possible(ward, most=12)) for ward in wards}
    if wave.total.figure is not None:
        ways |= within_the_total(ways, wave.covers, wave.total.figure)

    for ward in wards:
        own = {five[0] + five[1] for five in possible(ward, most=12)}
        for wanted in ([0], [1], [2], [3], [4], [0, 1], [2, 3, 4]):
            counts = {sum(five[place] for place in wanted) for five in ways[ward.unit]}
            width = max(counts) - min(counts)
            if width == 0:
                assert min(counts) >= k
            else:
                # “≥ 90 %” is meant to be known; nothing else may say more than it.
                assert width >= min(k, max(own) - min(own)), (ward.unit, wanted, counts)


def within_the_total(
    ways: Mapping[str, set[Five]], covers: tuple[str, ...], total: Proportion
) -> dict[str, set[Five]]:
    """Of each ward, the ways that the others can make up for."""

    def ends(five: Five) -> tuple[int, int]:
        return five[0] + five[1], sum(five)

    pairs = {unit: {ends(five) for five in ways[unit]} for unit in covers}
    left = {}
    for unit in covers:
        sums = {(0, 0)}
        for other in covers:
            if other != unit:
                sums = {(a + c, b + d) for a, b in sums for c, d in pairs[other]}
        left[unit] = {
            five
            for five in ways[unit]
            if (total.numerator - ends(five)[0], total.denominator - ends(five)[1]) in sums
        }
    return left
