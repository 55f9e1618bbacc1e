"""Criteria data against their schema: refused with row and reason."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scorecard import Faults, read_set
from surveys.scorecard.faults import Fault

MINIMAL = """
id = "x"
name = "X"
source = "Q"
document = "S9"
valid_from = 2026-01-01
[[group]]
id = "g"
name = "G"
[[item]]
id = "a"
groups = ["g"]
short = "A"
quotes = [{ line = 1, text = "A" }]
basis = ["entered"]
measure = "yes-no"
"""
ITEM = MINIMAL.split("[[item]]")[1]


def faults(text: str) -> list[Fault]:
    with pytest.raises(Faults) as refused:
        read_set(text)
    return list(refused.value.faults)


def test_a_set_that_is_whole_is_read():
    found = read_set(MINIMAL)

    assert found.criterion("a").short == "A"
    assert found.valid_from == date(2026, 1, 1)
    assert found.valid_to is None
    assert found.criterion("a").threshold is None


def item(**changes: str | None) -> str:
    """The minimal set with one item's lines replaced, added or (None) left out."""
    lines = dict(line.split(" = ", 1) for line in ITEM.strip().splitlines())
    lines |= {key: value for key, value in changes.items() if value is not None}
    for key, value in changes.items():
        if value is None:
            del lines[key]
    return (
        MINIMAL.split("[[item]]")[0]
        + "[[item]]\n"
        + "\n".join(f"{key} = {value}" for key, value in lines.items())
    )


SHARE = {"measure": '"share"', "counted": '"hồ sơ"'}
COUNT = {"measure": '"count"', "counted": '"vụ"'}


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"id": None}, "id", "còn trống"),
        ({"id": '" "'}, "id", "phải là chữ"),
        ({"id": "3"}, "id", "phải là chữ"),
        ({"short": None}, "short", "còn trống"),
        ({"groups": '["h"]'}, "groups", "không có nhóm “h”"),
        ({"groups": "[]"}, "groups", "còn trống"),
        ({"groups": '"g"'}, "groups", "phải là chữ"),
        ({"groups": "[1]"}, "groups", "phải là chữ"),
        ({"quotes": '[{ line = 0, text = "A" }]'}, "line", "số dòng"),
        ({"quotes": '[{ line = "1", text = "A" }]'}, "line", "số dòng"),
        ({"quotes": "[{ line = 1 }]"}, "text", "còn trống"),
        ({"basis": "[]"}, "basis", "còn trống"),
        ({"basis": '["rumour"]'}, "basis", "rumour"),
        ({"basis": '["register", "entered"]', **SHARE, "register": '"early"'}, "basis", "đi cùng"),
        ({"basis": '["survey-share"]'}, "basis", "phải đo bằng: tỷ lệ"),
        ({"basis": '["survey-held"]', **SHARE}, "basis", "phải đo bằng: có/không"),
        ({"basis": '["register"]', "register": '"early"'}, "basis", "phải đo bằng: tỷ lệ"),
        ({"basis": '["register"]', **SHARE}, "register", "early"),
        ({"register": '"early"'}, "register", "early"),
        ({"basis": '["register"]', **SHARE, "register": '"late"'}, "register", "late"),
        ({"measure": None}, "measure", "None"),
        ({"measure": '"feeling"'}, "measure", "feeling"),
        ({"measure": '"count"'}, "counted", "đếm cái gì"),
        ({"measure": '"share"'}, "counted", "đếm cái gì"),
        ({"counted": "5"}, "counted", "phải là chữ"),
        ({"at_least": '"1"'}, "threshold", "có/không"),
        ({**SHARE, "at_least": '"90"'}, "threshold", "0 đến 100"),
        ({**SHARE, "at_most": '"-1/2"'}, "threshold", "0 đến 100"),
        ({**SHARE, "at_least": "0.9"}, "at_least", "không phải ngưỡng"),
        ({**SHARE, "at_least": '"1/0"'}, "at_least", "không phải ngưỡng"),
        ({**SHARE, "at_least": '"nine"'}, "at_least", "không phải ngưỡng"),
        ({**SHARE, "at_least": '"1/2"', "at_most": '"1/3"'}, "threshold", "lớn hơn"),
        ({**COUNT, "at_least": '"1/2"'}, "threshold", "số nguyên"),
        ({**COUNT, "at_most": '"-1"'}, "threshold", "âm"),
        ({"fed_by": '"S1:L96"'}, "fed_by", "phải là chữ"),
        ({"source": '""'}, "source", "còn trống"),
        ({"treshold": '"0.1"'}, "treshold", "không biết mục"),
    ],
)  # fmt: skip
def test_an_item_that_does_not_fit_is_refused_with_its_place_and_the_reason(changes, column, reason):
    found = faults(item(**changes))

    assert any((fault.row, fault.column) == (1, column) and reason in fault.reason for fault in found), found


@pytest.mark.parametrize(
    "changes",
    [{**SHARE, "at_least": '"0"', "at_most": '"1"'}, {**COUNT, "at_least": '"0"', "at_most": '"0"'}],
)
def test_the_widest_thresholds_are_thresholds(changes):
    assert read_set(item(**changes)).criterion("a").threshold is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id = ", "Invalid value"),
        (MINIMAL.replace('name = "X"\n', ""), "còn trống"),
        (MINIMAL.replace("2026-01-01", '"2026"'), "phải là ngày"),
        (MINIMAL.replace("2026-01-01", "2026-01-01\nvalid_to = 2026-01-01"), "sau ngày hiệu lực"),
        (MINIMAL.replace("2026-01-01", "2026-01-01T00:00:00"), "phải là ngày"),
        (MINIMAL.replace('[[group]]\nid = "g"', '[[group]]\nid = "g"\nname = "G"\n[[group]]\nid = "g"'), "trùng với dòng 1"),
        (MINIMAL + "[[item]]" + ITEM, "trùng với dòng 1"),
        (MINIMAL.split("[[item]]")[0], "không có dòng"),
        (MINIMAL + "[pass_rule]\nneeded = 2\nof = 1\nis_assumed = true\nsource = 'q'\n", "từ 1 đến 1"),
        (MINIMAL + "[pass_rule]\nneeded = 0\nof = 1\nis_assumed = true\nsource = 'q'\n", "từ 1 đến 1"),
        (MINIMAL + "[pass_rule]\nneeded = 1\nof = 2\nis_assumed = true\nsource = 'q'\n", "từ 1 đến 1"),
        (MINIMAL + "[pass_rule]\nneeded = 1\nof = 1\nsource = 'q'\n", "giả định"),
        (MINIMAL + "[pass_rule]\nneeded = 1\nof = 1\nis_assumed = false\n", "giả định"),
        (MINIMAL + "[pass_rule]\nneeded = true\nof = 1\nis_assumed = false\nsource = 'q'\n", "giả định"),
        ("surprise = 1\n" + MINIMAL, "không biết mục"),
    ],
)  # fmt: skip
def test_a_set_that_does_not_hold_together_is_refused(text, reason):
    assert any(reason in str(fault) for fault in faults(text))


def test_a_pass_rule_of_all_is_a_pass_rule():
    rule = read_set(MINIMAL + "[pass_rule]\nneeded = 1\nof = 1\nis_assumed = false\nsource = 'q'\n").pass_rule

    assert rule is not None
    assert not rule.is_assumed


def test_all_faults_are_told_at_once_in_an_officers_words():
    found = faults(item(short=None, measure='"count"'))

    assert [str(fault) for fault in found] == [
        "dòng 1, cột “short”: còn trống"
    ]  # what the schema says comes first
    assert str(Fault(None, None, "x")) == "tệp: x"
    assert str(Fault(3, None, "x")) == "dòng 3: x"


@given(st.text(max_size=80))
def test_no_text_does_worse_than_be_refused(text):
    with pytest.raises(Faults):
        read_set(text)
