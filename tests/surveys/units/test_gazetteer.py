"""Residents say where they live in the words they have: old names, no diacritics, slips of the finger."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.units import (
    Found,
    FoundKind,
    Gazetteer,
    Lineage,
    Succession,
    Unit,
    UnitKind,
    read_units,
    tra_vinh,
)
from tests.counting import counted

DATA = tra_vinh()


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(DATA.units, DATA.successions, DATA.aliases)


# ── What was, and what it became ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "wards"), [(date(2023, 12, 31), 11), (date(2025, 3, 1), 9), (date(2026, 11, 22), 6)]
)
def test_eleven_wards_became_nine_and_then_six(day: date, wards: int) -> None:
    there = Lineage(DATA.units, DATA.successions).on(day)

    assert sum(unit.kind is UnitKind.WARD for unit in there) == wards


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("TV-P1", "29242"),
        ("TV-P2", "29242"),
        ("TV-P3", "29242"),
        ("TV-P4", "29263"),
        ("TV-P5", "29398"),
        ("TV-P6", "29242"),
        ("TV-P7", "29254"),
        ("TV-P8", "29254"),
        ("TV-P9", "29242"),
        ("DH-P1", "29512"),
        ("DH-P2", "29516"),
    ],
)
def test_each_ward_of_the_decision_leads_to_its_ward_of_today(old: str, today: str) -> None:
    assert [unit.code for unit in Lineage(DATA.units, DATA.successions).today(old)] == [today]


def test_everything_that_went_into_a_ward_is_known() -> None:
    ancestors = Lineage(DATA.units, DATA.successions).ancestors("29242")

    assert {unit.code for unit in ancestors} == {"TV-P1", "TV-P2", "TV-P3", "TV-P6", "TV-P9", "TV-P3-2025"}


def test_every_fact_names_its_source() -> None:
    assert all(unit.source for unit in DATA.units)
    assert all(succession.source for succession in DATA.successions)


def test_a_line_cannot_run_in_a_circle() -> None:
    day = date(2025, 7, 1)
    one = Unit("1", "Xã Một", UnitKind.COMMUNE, None, date(2020, 1, 1), day, "")
    two = Unit("2", "Xã Hai", UnitKind.COMMUNE, None, date(2020, 1, 1), day, "")

    with pytest.raises(ValueError, match="cannot have become"):
        Lineage([one, two], [Succession("1", "2", day, ""), Succession("2", "1", day, "")])


def test_a_unit_without_a_source_is_refused_by_its_code() -> None:
    with pytest.raises(ValueError, match="Unit 7 lacks source"):
        read_units('[[unit]]\ncode="7"\nname="Xã Bảy"\nkind="commune"\nvalid_from=2025-07-01')


# ── Finding ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "typed",
    ["phuong 4 tra vinh", "P4 TP Trà Vinh", "p.4 tra vinh", "Phường 4, thành phố Trà Vinh", "PHUONG 04"],
)
def test_an_old_ward_is_found_and_says_why(gazetteer: Gazetteer, typed: str) -> None:
    found = gazetteer.find(typed)

    assert found.kind is FoundKind.WAS
    assert found.old is not None
    assert found.unit is not None
    assert found.old.name == "Phường 4 (TP Trà Vinh)"
    assert found.since == date(2025, 7, 1)
    assert gazetteer.place_within(found.unit) == "phường Long Đức, tỉnh Vĩnh Long"


@pytest.mark.parametrize(
    "typed",
    ["Long Đức", "long duc", "phuong long duc", "LONG DUC, VINH LONG", "phường long đức tỉnh vĩnh long"],
)
def test_a_ward_of_today_is_found_however_it_is_typed(gazetteer: Gazetteer, typed: str) -> None:
    found = gazetteer.find(typed)

    assert (found.kind, found.unit and found.unit.code) == (FoundKind.EXACT, "29263")


@pytest.mark.parametrize("typed", ["hòa thuận", "hoà thuận", "Hoa Thuan"])
def test_where_the_tone_mark_stands_makes_no_difference(gazetteer: Gazetteer, typed: str) -> None:
    found = gazetteer.find(typed)

    assert found.unit is not None
    assert found.unit.code == "29398"


@pytest.mark.parametrize(
    ("typed", "first"),
    [("loong duc", "29263"), ("nguyet hoaa", "29254"), ("truong long", "29516"), ("duyen hia", "29512")],
)
def test_a_misspelling_is_asked_about(gazetteer: Gazetteer, typed: str, first: str) -> None:
    found = gazetteer.find(typed)

    assert found.kind is FoundKind.SEVERAL
    assert found.suggestions[0].code == first


def test_a_misspelling_also_offers_the_commune_that_joined(gazetteer: Gazetteer) -> None:
    names = [unit.name for unit in gazetteer.find("loong duc").suggestions]

    assert names == ["Phường Long Đức", "Xã Long Đức (TP Trà Vinh)"]


def test_two_wards_of_one_name_are_asked_about(gazetteer: Gazetteer) -> None:
    found = gazetteer.find("phường 1")

    assert found.kind is FoundKind.SEVERAL
    assert {unit.code for unit in found.suggestions} == {"TV-P1", "DH-P1"}


def test_a_ward_that_never_was_is_not_found(gazetteer: Gazetteer) -> None:
    """A well-known converter answers “Phường Trà Vinh” to this."""
    assert gazetteer.find("phường 99, TP Trà Vinh") == Found(FoundKind.NONE)


def test_a_province_offers_its_wards(gazetteer: Gazetteer) -> None:
    found = gazetteer.find("vinh long")

    assert (found.kind, found.unit and found.unit.code) == (FoundKind.PROVINCE, "86")
    assert [unit.name for unit in gazetteer.wards("86")][:2] == ["Phường Duyên Hải", "Phường Hòa Thuận"]


def test_a_former_province_leads_to_that_of_today(gazetteer: Gazetteer) -> None:
    found = gazetteer.find("tỉnh Trà Vinh")

    assert found.kind is FoundKind.PROVINCE
    assert found.old is not None
    assert found.unit is not None
    assert (found.old.code, found.unit.code) == ("TV", "86")


def test_a_former_town_offers_what_lies_in_it_today(gazetteer: Gazetteer) -> None:
    found = gazetteer.find("thị xã Duyên Hải")

    assert {unit.code for unit in found.suggestions} == {"29512", "29516"}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_nothing_that_is_typed_breaks_the_search(typed: str) -> None:
    found = Gazetteer(DATA.units, DATA.successions, DATA.aliases).find(typed)

    assert (found.unit is not None) is (found.kind in (FoundKind.EXACT, FoundKind.WAS, FoundKind.PROVINCE))


def test_diacritics_tell_names_apart() -> None:
    def ward(code: str, name: str) -> Unit:
        return Unit(code, name, UnitKind.WARD, None, date(2025, 7, 1), None, "")

    gazetteer = Gazetteer([ward("1", "Phường Bình Thạnh"), ward("2", "Phường Bình Thanh")])

    assert gazetteer.find("bình thạnh").unit == gazetteer.unit("1")
    assert gazetteer.find("bình thanh").unit == gazetteer.unit("2")
    assert gazetteer.find("binh thanh").kind is FoundKind.SEVERAL


def test_a_unit_that_was_divided_is_asked_about() -> None:
    day = date(2025, 7, 1)
    old = Unit("old", "Phường Cũ (quận 1)", UnitKind.WARD, None, date(2020, 1, 1), day, "")
    parts = [Unit(code, f"Phường {code}", UnitKind.WARD, None, day, None, "") for code in ("Một", "Hai")]

    found = Gazetteer([old, *parts], [Succession("old", part.code, day, "") for part in parts]).find(
        "phuong cu"
    )

    assert (found.kind, found.old) == (FoundKind.SEVERAL, old)
    assert set(found.suggestions) == set(parts)


def test_among_the_whole_country_finding_looks_at_no_unit_one_by_one() -> None:
    syllables = [
        "an",
        "bình",
        "châu",
        "đức",
        "giang",
        "hòa",
        "khánh",
        "long",
        "mỹ",
        "nam",
        "phú",
        "tân",
        "thạnh",
        "vĩnh",
        "xuân",
    ]
    names = [f"{a} {b} {c}".title() for a in syllables for b in syllables for c in syllables]
    units = [
        Unit(
            str(place), f"Xã {names[place % len(names)]}", UnitKind.COMMUNE, None, date(2025, 7, 1), None, ""
        )
        for place in range(13_321)
    ]
    gazetteer = Gazetteer([*units, *DATA.units], DATA.successions, DATA.aliases).ready()
    for typed in ("tann phuu longg", "phuong 4 tra vinh"):
        gazetteer.find(typed)  # the first search loads the library

        with counted() as work:
            gazetteer.find(typed)

        assert work.calls < len(units) / 10
