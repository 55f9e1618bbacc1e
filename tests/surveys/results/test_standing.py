"""Bands, shrunken shares, limits and sums along the lineage: read from releases, and from nothing else."""

from datetime import date

import pytest

from surveys.entry import Stream
from surveys.merged import AskedTwice, asked_apart, restated
from surveys.releases import ReleasedWard, Terms
from surveys.releasing import release, tally_for
from surveys.results import Proportion, Side
from surveys.standing import rank, shrunken, trend
from surveys.units import Lineage, Succession, Unit, UnitKind
from tests.surveys.results.years import CRITERIA, FORM


def wave(counts: dict[str, tuple[int, int]], slug: str = "2026") -> dict[str, ReleasedWard]:
    """Unit → (satisfied, dissatisfied)."""
    units: dict[str, tuple[str, int | None]] = {unit: (f"Phường {unit}", None) for unit in counts}
    tally = tally_for(FORM)
    for unit, (satisfied, not_satisfied) in counts.items():
        for step, number in (("5", satisfied), ("2", not_satisfied)):
            for _ in range(number):
                tally.add(unit, Stream.INVITED, {"chung": step})
    made = release(FORM, tally, {}, Terms(slug, slug, "residents", 10, None, units, 10), CRITERIA)
    return {line.unit: line for line in made.values() if isinstance(line, ReleasedWard)}


def test_wards_stand_in_bands_and_hidden_ones_stand_nowhere() -> None:
    found = rank(wave({"a": (190, 10), "b": (185, 15), "c": (100, 100), "d": (5, 1)}).values())

    assert found.bands == (("a", "b"), ("c",))
    assert found.hidden == ("d",)
    assert found.ordering.is_above("a", "c")
    assert not found.ordering.is_above("a", "b")


def test_a_strict_order_claims_no_more_than_a_plain_one() -> None:
    wards = wave({"a": (180, 20), "b": (164, 36), "c": (100, 100)}).values()

    plain, strict = rank(wards), rank(wards, strictly=True)

    assert plain.bands == (("a",), ("b",), ("c",))
    assert strict.bands == (("a", "b"), ("c",))


def test_small_wards_get_a_share_drawn_towards_the_others() -> None:
    wards = wave({"a": (190, 60), "b": (60, 140), "c": (150, 50), "d": (120, 80), "e": (50, 10)})

    found = shrunken(wards.values())

    assert set(found) == {"e"}
    assert found["e"].raw == Proportion(50, 60)
    assert found["e"].share < found["e"].raw.share


def test_too_few_wards_teach_nothing() -> None:
    assert shrunken(wave({"a": (40, 20), "b": (40, 20)}).values()) == {}


def test_a_month_out_of_the_ordinary_lies_outside_its_limits() -> None:
    shares = [(150, 50), (152, 48), (149, 51), (151, 49), (150, 50), (90, 110)]
    months = [wave({"a": counts}, f"t{place}")["a"] for place, counts in enumerate(shares)]
    hidden = wave({"a": (3, 1)}, "t9")["a"]

    found = trend("a", [*months, hidden])

    assert found.waves == tuple(f"t{place}" for place in range(6))
    assert found.hidden == ("t9",)
    assert found.chart is not None
    assert found.chart.points[-1].side is Side.BELOW


def test_one_month_has_no_limits() -> None:
    assert trend("a", [wave({"a": (40, 20)})["a"]]).chart is None


def test_wards_of_two_waves_are_not_compared() -> None:
    with pytest.raises(ValueError, match="within one wave"):
        rank([wave({"a": (40, 20)})["a"], wave({"b": (40, 20)}, "2027")["b"]])


# ── Along the lineage ────────────────────────────────────────────────────────────────────────────────────────────

THEN, DAY = date(2020, 1, 1), date(2025, 7, 1)


def unit(code: str, *, ends: bool) -> Unit:
    since = THEN if ends else DAY
    return Unit(code, f"Phường {code}", UnitKind.WARD, "86", since, DAY if ends else None, "thử")


LINEAGE = Lineage(
    [unit("cu1", ends=True), unit("cu2", ends=True), unit("moi", ends=False), unit("khac", ends=False)],
    [Succession("cu1", "moi", DAY, "thử"), Succession("cu2", "moi", DAY, "thử")],
)


def test_a_wave_does_not_ask_a_unit_beside_what_it_became() -> None:
    asked_apart(["cu1", "cu2"], LINEAGE)
    asked_apart(["moi", "khac"], LINEAGE)

    with pytest.raises(AskedTwice, match=r"cu2 .* became moi"):
        asked_apart(["moi", "cu2"], LINEAGE)


def test_what_a_merged_ward_would_have_been_is_a_sum_of_what_was_released() -> None:
    found = restated("moi", wave({"cu1": (40, 20), "cu2": (60, 40)}), LINEAGE)

    assert found is not None
    assert (found.parts, found.figure) == (("cu1", "cu2"), Proportion(100, 160))


def test_a_hidden_part_hides_the_sum() -> None:
    found = restated("moi", wave({"cu1": (40, 20), "cu2": (6, 1)}), LINEAGE)

    assert found is not None
    assert (found.hidden, found.figure) == (("cu2",), None)


def test_a_unit_that_was_asked_itself_is_not_restated() -> None:
    assert restated("moi", wave({"moi": (40, 20)}), LINEAGE) is None
