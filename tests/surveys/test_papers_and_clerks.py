"""Who may type in for others, and what a typed sheet amounts to."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from surveys.clerks import FRONT, ClerkLink, Partial, checked, mint, read
from surveys.forms import library
from surveys.forms.session import Mode
from surveys.papers import Judged, judged
from surveys.units import Gazetteer, seed

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
LINK = ClerkLink("l1", "2026-nguoi-dan", "29263", "29242", Mode.PAPER, date(2026, 11, 30))
VISIT = library.load("tham_luot")
FULL = {"thu_tuc": ["khac"], "thoi_han": ["0"], "thai_do": ["5"], "chung": ["2"], "gop_y": ["ghế chờ ít quá"]}


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    data = seed.tra_vinh()
    return Gazetteer(data.units, data.successions)


# ── Clerks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_brings_back_what_it_was_made_for() -> None:
    assert read(mint(LINK, KEY), KEY) == LINK


@pytest.mark.parametrize("changed", [{"unit": "29242"}, {"until": date(2027, 1, 1)}, {"mode": Mode.ASSISTED}])
def test_a_link_that_was_changed_or_made_elsewhere_is_none(changed: dict[str, object]) -> None:
    ours, other = mint(LINK, KEY), mint(replace(LINK, **changed), OTHER_KEY)  # type: ignore[arg-type]

    assert read(other, KEY) is None
    assert read(other[:-16] + ours[-16:], KEY) is None
    assert read("", KEY) is read("x" * 500, KEY) is read("đ" * 30, KEY) is None


@pytest.mark.parametrize("by", ["29242", FRONT])
def test_another_unit_or_the_front_may_type(gazetteer: Gazetteer, by: str) -> None:
    assert checked(replace(LINK, by=by), gazetteer).by == by


def test_nobody_types_for_the_own_unit_its_parts_or_what_became_of_it(gazetteer: Gazetteer) -> None:
    parts = [unit.code for unit in gazetteer.lineage.ancestors("29263")]
    assert parts
    for by in ("29263", *parts):
        with pytest.raises(Partial):
            checked(replace(LINK, by=by), gazetteer)
        # The other way round: what became of a unit does not type for it.
        with pytest.raises(Partial):
            checked(replace(LINK, unit=by, by="29263"), gazetteer)


def test_a_unit_there_is_not_types_nothing(gazetteer: Gazetteer) -> None:
    with pytest.raises(KeyError):
        checked(replace(LINK, by="99999"), gazetteer)


# ── Papers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def typed(written: dict[str, list[str]], whole: frozenset[str] = frozenset()) -> Judged:
    return judged(VISIT, written, whole, seed="1", now=NOW)


def test_a_whole_paper_is_taken_as_it_is() -> None:
    assert typed(FULL) == Judged({name: marks[0] for name, marks in FULL.items()}, {})


def test_a_choice_is_its_name_and_not_its_place_in_the_list() -> None:
    """“5” is Rất hài lòng, the first of the list, and not the fifth."""
    assert typed({"chung": ["5"]}).answers["chung"] == "5"


def test_what_the_paper_leaves_empty_is_skipped() -> None:
    found = typed({"chung": ["4"], "gop_y": [""], "thai_do": [""]})

    assert found.faults == {}
    assert {name for name, value in found.answers.items() if value} == {"chung"}


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ({"chung": ["9"]}, "chung"),
        ({"chung": ["5", "4"]}, "chung"),
        ({"gop_y": ["gọi tôi số 0912345678"]}, "gop_y"),
        ({"gop_y": ["x" * 4001]}, "gop_y"),
    ],
)
def test_a_fault_stands_beside_its_question(written: dict[str, list[str]], wrong: str) -> None:
    assert set(typed(written).faults) == {wrong}


def test_traces_go_to_the_province_when_the_person_wants_it_so() -> None:
    found = typed({"gop_y": ["gọi tôi số 0912345678"]}, frozenset({"gop_y"}))

    assert (found.faults, found.answers["gop_y"]) == ({}, "gọi tôi số 0912345678")
