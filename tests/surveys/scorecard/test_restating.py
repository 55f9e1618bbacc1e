"""Yesterday's cards seen through today's units: only when asked, and never as a score."""

from dataclasses import replace
from datetime import date

import pytest

from surveys.assessment import Verdict
from surveys.results import Proportion
from surveys.scorecard import Records, baseline_2023, load_set, restate, restate_baseline
from surveys.scorecard.criteria import Basis
from surveys.units import Lineage, Succession, tra_vinh
from tests.surveys.scorecard.made import card, entry, share, signed

QD1578 = load_set("qd1578")
DATA = tra_vinh()
LINEAGE = Lineage(DATA.units, DATA.successions)
TODAY, END_2023, SPRING_2025 = "29242", date(2023, 12, 31), date(2025, 3, 1)
PARTS = ("TV-P1", "TV-P9", "TV-P2", "TV-P3", "TV-P6")
MET, NOT_MET, TOO_FEW, NO_BASIS = Verdict.MET, Verdict.NOT_MET, Verdict.TOO_FEW, Verdict.NO_BASIS


def cards(year: int = 2023, parts=PARTS, **values):
    """Part → card; every part says the same but for `values` (part with _ for -)."""
    made = {}
    for part in parts:
        value = values.get(part.replace("-", "_"), True)
        records = Records() if value is None else signed(entry("R1.1", value, unit=part, year=year))
        made[part] = card(QD1578, records, unit=part, year=year)
    return made


def test_the_parts_are_the_units_of_that_day():
    found = restate(TODAY, END_2023, LINEAGE, cards())

    assert set(found.parts) == set(PARTS)
    assert found.without_card == found.divided == ()
    spring = restate(TODAY, SPRING_2025, LINEAGE, cards(2025, ("TV-P1", "TV-P3-2025", "TV-P9")))
    assert set(spring.parts) == {"TV-P1", "TV-P3-2025", "TV-P9"}


@pytest.mark.parametrize(
    ("values", "verdict", "counts"),
    [
        ({}, MET, (5, 0, 0)),
        ({"TV_P2": False}, NOT_MET, (4, 1, 0)),
        ({"TV_P2": False, "TV_P3": None}, NOT_MET, (3, 1, 1)),
        ({"TV_P3": None}, NO_BASIS, (4, 0, 1)),
    ],
)
def test_met_in_every_part_or_not_met(values, verdict, counts):
    line = restate(TODAY, END_2023, LINEAGE, cards(**values)).lines[0]

    assert line.criterion == "R1.1"
    assert line.verdict is verdict
    assert (line.met, line.failed, line.open) == counts
    assert line.of == 5


def test_too_few_ballots_in_a_part_are_too_few():
    whole = cards()
    line = replace(whole["TV-P1"].lines[0], verdict=TOO_FEW)
    whole["TV-P1"] = replace(whole["TV-P1"], lines=(line, *whole["TV-P1"].lines[1:]))

    assert restate(TODAY, END_2023, LINEAGE, whole).lines[0].verdict is TOO_FEW


def test_a_part_without_a_card_leaves_it_open():
    whole = cards()
    del whole["TV-P6"]

    found = restate(TODAY, END_2023, LINEAGE, whole)

    assert found.without_card == ("TV-P6",)
    assert (found.lines[0].verdict, found.lines[0].open) == (NO_BASIS, 1)
    assert found.lines[0].text == "4 đạt, 0 chưa đạt, 1 chưa kết luận trong 5 đơn vị cũ"


def test_a_part_that_went_into_two_units_leaves_it_open():
    away = Succession("TV-P9", "29263", date(2025, 7, 1), "test")
    divided = Lineage(DATA.units, [*DATA.successions, away])

    found = restate(TODAY, END_2023, divided, cards(TV_P9=False))

    assert found.divided == ("TV-P9",)
    assert (found.lines[0].met, found.lines[0].failed, found.lines[0].open) == (4, 0, 1)


def test_counts_of_officers_and_registers_are_added_up_only_if_all_have_them():
    whole = {
        part: card(
            QD1578,
            signed(entry("T7.3", share(1, 100 + place), basis=Basis.REGISTER, unit=part, year=2023)),
            unit=part,
            year=2023,
        )
        for place, part in enumerate(PARTS)
    }

    def figure() -> Proportion | None:
        lines = restate(TODAY, END_2023, LINEAGE, whole).lines
        return next(line.figure for line in lines if line.criterion == "T7.3")

    assert figure() == Proportion(5, 510)
    del whole["TV-P1"]
    assert figure() is None
    assert restate(TODAY, END_2023, LINEAGE, cards()).lines[0].figure is None


def test_what_cannot_be_read_as_one_is_refused():
    with pytest.raises(ValueError, match="its own scorecard"):
        restate("TV-P1", END_2023, LINEAGE, cards())
    with pytest.raises(ValueError, match="No part"):
        restate(TODAY, END_2023, LINEAGE, {})
    with pytest.raises(ValueError, match="Nothing that existed"):
        restate(TODAY, date(2000, 1, 1), LINEAGE, cards())
    with pytest.raises(ValueError, match="different years"):
        restate(TODAY, END_2023, LINEAGE, cards() | cards(2024, ("TV-P1",)))
    with pytest.raises(ValueError, match="different years"):
        restate(TODAY, date(2024, 12, 31), LINEAGE, cards())
    with pytest.raises(KeyError):
        restate("0", END_2023, LINEAGE, cards())
    other = card(replace(QD1578, name="?"), Records(), unit="TV-P1", year=2023)
    with pytest.raises(ValueError, match="criteria sets"):
        restate(TODAY, END_2023, LINEAGE, cards() | {"TV-P1": other})


def test_the_baseline_of_phuong_tra_vinh_is_counted_in_its_parts():
    found = restate_baseline(TODAY, baseline_2023(), END_2023, LINEAGE)

    assert found["1"] == (4, 5)  # P1, P2, P6, P9 of P1, P2, P3, P6, P9
    assert found["5"] == (5, 5)
    assert found["3"] == (1, 5)
    assert restate_baseline("29263", baseline_2023(), END_2023, LINEAGE)["6"] == (1, 1)
    with pytest.raises(ValueError, match="no part"):
        restate_baseline("29263", replace(baseline_2023(), wards=("TV-P1",)), END_2023, LINEAGE)


def test_all_54_cells_are_found_again_in_the_six_wards_of_today():
    wards = [unit.code for unit in DATA.units if unit.province == "86" and unit.kind == "ward"]
    restated = [restate_baseline(ward, baseline_2023(), END_2023, LINEAGE) for ward in wards]

    assert len(wards) == 6
    assert sum(named for groups in restated for named, _ in groups.values()) == 54
    assert sum(groups["1"][1] for groups in restated) == 11
