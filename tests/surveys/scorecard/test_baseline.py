"""2023: 8 groups × 11 wards, 54 failing cells."""

import pytest

from surveys.scorecard import Cell, baseline_2023, load_set
from surveys.scorecard.baseline import read_baseline
from surveys.scorecard.words import DATA, words_of
from surveys.units import tra_vinh

BASELINE = baseline_2023()

# The table, as it was drawn from the decision by hand: groups down; TV P1-P9, DH P1-P2 across.
TABLE = """
1 ●● ●●●  ●
2 ●● ●●●● ●●●
3  ●       ●●
4 ●●●●●●●●●●
5 ●●●●●●●●●●●
6 ●  ●●
7 ●● ●● ●  ●●
8 ●  ●●    ●●
""".strip("\n").splitlines()


def test_the_matrix_is_the_one_drawn_by_hand():
    for line in TABLE:
        group, marks = line[0], line[2:].ljust(11)
        for ward, mark in zip(BASELINE.wards, marks, strict=True):
            assert BASELINE.cell(group, ward).mark == mark.strip(), (group, ward)


def test_the_totals_of_groups_are_those_the_decision_counts():
    assert [BASELINE.of_group(group) for group in "12345678"] == [6, 9, 3, 10, 11, 3, 7, 5]


def test_the_totals_of_wards():
    assert [BASELINE.of_ward(ward) for ward in BASELINE.wards] == [7, 6, 2, 7, 7, 4, 4, 2, 4, 6, 5]


def test_54_cells_fail():
    assert BASELINE.total == 54
    assert len(BASELINE.groups) * len(BASELINE.wards) == 88


def test_what_is_counted_is_what_the_decision_counts():
    assert [row.stated for row in BASELINE.rows] == [6, 9, 3, 10, 11, 3, 7, 5, 1]
    assert all(len(row.fails) == row.stated for row in BASELINE.rows)


def test_the_two_parts_of_group_8_are_one_group():
    parts = {row.part: row.fails for row in BASELINE.rows if row.group == "8"}

    assert parts["8b"] == {"DH-P1"}
    assert parts["8b"] < parts["8a"] == BASELINE.fails("8")


def test_not_being_named_is_not_passing():
    assert BASELINE.cell("1", "TV-P3") is Cell.NOT_NAMED
    assert Cell.NOT_NAMED.mark == ""
    assert Cell.FAILS.mark == "●"
    assert "không có nghĩa là đạt" in words_of("baseline")["legend"]


def test_the_groups_are_those_of_the_criteria_and_the_wards_those_there_were():
    criteria = load_set(BASELINE.criteria)

    assert set(BASELINE.groups) == {group.id for group in criteria.groups if group.line == 56}
    units = {unit.code: unit for unit in tra_vinh().units}
    assert len(BASELINE.wards) == 11
    assert all(units[ward].valid_from.year == BASELINE.year for ward in BASELINE.wards)


@pytest.mark.parametrize(("group", "ward"), [("9", "TV-P1"), ("1", "TV-P10")])
def test_a_cell_that_is_not_there_is_not_blank(group, ward):
    with pytest.raises(KeyError):
        BASELINE.cell(group, ward)


def test_a_row_that_does_not_add_up_is_refused():
    text = (DATA / "baseline-2023.toml").read_text(encoding="utf-8")

    with pytest.raises(ValueError, match="its source counts 7"):
        read_baseline(text.replace("stated = 6", "stated = 7"))
    with pytest.raises(ValueError, match="no ward here"):
        read_baseline(text.replace('fails = ["DH-P1"]', 'fails = ["DH-P3"]'))
