"""What stands beside a ward's score: streams, modes, services, weights. Shown where it tells on nobody."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys import beside
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.session import Mode
from surveys.releases import Detail, ReleasedProvince, ReleasedWard, Terms
from surveys.releasing import Findings, codes, release, tally_for
from surveys.results import Proportion, Tally
from surveys.statistics import Plan, Stratum
from tests.surveys.results.forms import choice, form, scale
from tests.surveys.results.years import CRITERIA, FORM

UNITS: dict[str, tuple[str, int | None]] = {"a": ("Phường A", None), "b": ("Phường B", None)}
TERMS = Terms("w", "Đợt", "visits", 10, None, UNITS, 10, {"t": ("Tỉnh", ("a", "b"))})


def add(tally: Tally, unit: str, number: int, answers: dict[str, str], mode: Mode = Mode.SELF) -> None:
    for _ in range(number):
        tally.add(unit, Stream.INVITED, answers, mode)


def ward_of(tally: Tally, terms: Terms = TERMS, **given: object) -> ReleasedWard:
    ward = release(tally.form, tally, {}, terms, CRITERIA, **given)["a"]  # type: ignore[arg-type]
    assert isinstance(ward, ReleasedWard)
    return ward


def test_modes_are_shown_down_to_the_last_that_holds_k() -> None:
    tally = tally_for(FORM)
    add(tally, "a", 60, {"chung": "5"})
    add(tally, "a", 20, {"chung": "2"})
    add(tally, "a", 15, {"chung": "5"}, Mode.ASSISTED)
    add(tally, "a", 3, {"chung": "5"}, Mode.PAPER)

    by_self, assisted, paper = ward_of(tally).modes

    assert (by_self.n, assisted.n, paper.n) == (80, None, None)
    assert by_self.index.figure is None  # nobody helped was dissatisfied: 20 − 20


def test_both_sides_of_a_mode_are_shown_where_each_holds_k() -> None:
    tally = tally_for(FORM)
    for mode in (Mode.SELF, Mode.PAPER):
        add(tally, "a", 30, {"chung": "5"}, mode)
        add(tally, "a", 10, {"chung": "2"}, mode)

    by_self, assisted, paper = ward_of(tally).modes

    assert by_self.index.figure == Proportion(30, 40)
    assert (assisted.n, paper.n) == (None, None)


def test_services_are_compared_over_the_province_instead_of_ward_by_ward() -> None:
    tally = tally_for(FORM)
    for unit in UNITS:
        add(tally, unit, 30, {"chung": "5", "viec": "cu_tru"})
        add(tally, unit, 10, {"chung": "2", "viec": "cu_tru"})
        add(tally, unit, 12, {"chung": "4", "viec": "can_cuoc"})
        add(tally, unit, 8, {"chung": "1", "viec": "can_cuoc"})
        add(tally, unit, 2, {"chung": "1", "viec": "xe"})

    made = release(FORM, tally, {}, TERMS, CRITERIA)

    province, ward = made["t"], made["a"]
    assert isinstance(province, ReleasedProvince)
    assert isinstance(ward, ReleasedWard)
    assert codes(FORM, TERMS) == tuple(sorted(made)) == ("a", "b", "t")
    assert "viec" not in {table.name for table in ward.questions}
    figures = {part.name: part.index.figure for part in province.services}
    assert figures["cu_tru"] == Proportion(60, 80)
    assert figures["xe"] is None
    assert ReleasedProvince.from_json(province.to_json()).to_json() == province.to_json()


def test_what_leads_to_the_index_is_no_service() -> None:
    assert beside.service(library.load("tham_luot")) is not None
    assert beside.service(library.load("dien_dan")) is None
    assert beside.service(library.load("hang_nam_doanh_nghiep")) is None


def test_of_visits_the_persons_invited_are_the_tokens_issued() -> None:
    tally = tally_for(FORM)
    add(tally, "a", 30, {"chung": "5"})
    add(tally, "a", 10, {"chung": "2"})

    ward = ward_of(tally, findings=Findings(issued={"a": 80}))

    assert (ward.invited, ward.response_rate) == (80, Fraction(1, 2))


def test_who_was_invited_after_the_opening_stands_in_the_ledger() -> None:
    tally = tally_for(FORM)
    add(tally, "a", 40, {"chung": "5"})

    counted, told = (
        ward_of(
            tally,
            replace(TERMS, audience="residents", units={**UNITS, "a": ("A", number)}),
            findings=Findings(invited={"a": 160}),
        )
        for number in (50, None)
    )

    assert (counted.invited, told.invited) == (50, 160)
    assert told.response_rate == Fraction(1, 4)


AGES = form(scale("chung"), choice("tuoi", "tre", "gia"))
PLAN = Plan("a", "tuoi", (Stratum("tre", 6000), Stratum("gia", 2000)), "Tổng điều tra 2019")


def aged(old_dissatisfied: int) -> Tally:
    tally = tally_for(AGES, [PLAN])
    add(tally, "a", 30, {"chung": "5", "tuoi": "tre"})
    add(tally, "a", 30, {"chung": "2", "tuoi": "tre"})
    add(tally, "a", 100 - old_dissatisfied, {"chung": "5", "tuoi": "gia"})
    add(tally, "a", old_dissatisfied, {"chung": "2", "tuoi": "gia"})
    return tally


def test_a_weighted_index_stands_beside_the_plain_one() -> None:
    """Young 50 % of 3/4, old 80 % of 1/4: 57.5 %, by hand. Weights 2 and 0.4 on 60 and 100 of 160: Σw² = 256, deff 1.6."""
    ward = ward_of(aged(20), plans=[PLAN])

    assert ward.index.figure == Proportion(110, 160)
    assert ward.weighted is not None
    assert (ward.weighted.share, ward.weighted.design_effect) == (Decimal("0.575"), Decimal("1.60"))
    assert ward.weighted.effective == 100
    assert ward.weighted.source == "Tổng điều tra 2019"


def test_no_weighted_index_where_one_of_its_groups_could_not_be_shown() -> None:
    assert ward_of(aged(9), plans=[PLAN]).weighted is None


@pytest.mark.parametrize(("silent", "is_shown"), [(0, True), (1, False), (9, False), (10, True)])
def test_no_weighted_index_where_few_did_not_say_their_group(silent: int, is_shown: bool) -> None:
    """Of 62 people, 30 young and 30 old, the weighted figures allowed one solution: of the two silent ones, one is satisfied."""
    tally = aged(20)
    add(tally, "a", silent, {"chung": "5"})
    add(tally, "a", silent, {"chung": "2"})

    assert (ward_of(tally, plans=[PLAN]).weighted is not None) is is_shown


def test_less_detail_shows_no_more_than_the_tables() -> None:
    tally = tally_for(FORM)
    for unit in UNITS:
        add(tally, unit, 30, {"chung": "5", "viec": "cu_tru"})
        add(tally, unit, 10, {"chung": "2", "viec": "can_cuoc"}, Mode.PAPER)

    made = release(FORM, tally, {}, TERMS, CRITERIA, detail=Detail.TABLES)

    ward, province = made["a"], made["t"]
    assert isinstance(ward, ReleasedWard)
    assert isinstance(province, ReleasedProvince)
    assert ward.wave.detail is Detail.TABLES
    assert ward.index.figure == Proportion(30, 40)
    assert not ward.streams
    assert not ward.modes
    assert all(part.n is None for part in province.services)
