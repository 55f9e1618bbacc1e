"""Criteria as somebody published them, in their own words, each with its line."""

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from surveys.assessment import load_criteria
from surveys.canonical import canonical
from surveys.scorecard import Threshold, baseline_2023, load_roadmaps, load_set
from surveys.scorecard.criteria import Basis, Measure, RegisterShare
from surveys.scorecard.reading import IDS, quoted_lines
from surveys.scorecard.words import DATA, say, words_of

QD1578 = load_set("qd1578")

# II.3.b and III.1-III.7: every line of the decision that asks for something, and the headings between them.
REQUIREMENTS = range(82, 89)
TASKS = [
    *range(91, 94),
    *range(95, 99),
    *range(100, 103),
    *range(104, 108),
    *range(109, 114),
    *range(115, 120),
    *range(121, 124),
]
# How many of each kind are numbered: R1.1-R1.3, R2.1-R2.4 …
NUMBERED = {"R": (3, 4, 1, 3, 2, 2, 1), "T": (1, 4, 2, 4, 3, 5, 6)}
NAMED = [
    f"{kind}{part}.{number}"
    for kind, parts in NUMBERED.items()
    for part, count in enumerate(parts, start=1)
    for number in range(1, count + 1)
]


def stands_in(line: str, quote: str) -> bool:
    """Whether the parts of a quote, between …, stand in a line in this order."""
    place = 0
    for part in quote.split("…"):
        found = line.find(part.strip(), place)
        if found < 0:
            return False
        place = found + len(part.strip())
    return True


# ── QĐ 1578 ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("criterion", QD1578.criteria, ids=lambda criterion: criterion.id)
def test_every_wording_stands_in_the_line_it_names(criterion):
    assert criterion.quotes
    for quote in criterion.quotes:
        assert stands_in(quoted_lines()[f"S1:L{quote.line}"], quote.text)


@pytest.mark.parametrize("group", QD1578.groups, ids=lambda group: group.id)
def test_every_group_is_named_in_the_line_it_names(group):
    assert group.name in quoted_lines()[f"S1:L{group.line}"]


@pytest.mark.parametrize("line", [*REQUIREMENTS, *TASKS])
def test_no_line_that_asks_for_something_is_left_out(line):
    assert any(quote.line == line for criterion in QD1578.criteria for quote in criterion.quotes)


@pytest.mark.parametrize("line", [*range(81, 124)])
def test_every_line_between_is_there_to_be_read(line):
    text = quoted_lines()[f"S1:L{line}"]

    asks = text.startswith("- ")
    assert asks is (line in REQUIREMENTS or line in TASKS)


def test_requirements_and_tasks_carry_the_names_they_are_known_by():
    ids = [criterion.id for criterion in QD1578.criteria]

    assert set(NAMED) <= set(ids)
    for criterion in QD1578.criteria:
        lines = {quote.line for quote in criterion.quotes}
        assert lines & set(REQUIREMENTS if criterion.id.startswith("R") else TASKS)


def test_the_eight_groups_are_those_of_line_56_in_order():
    eight = [group for group in QD1578.groups if group.line == 56]

    assert [group.id for group in eight] == list("12345678")
    line = quoted_lines()["S1:L56"]
    for group in eight:
        assert f"({group.id}) {group.name}" in line
    assert "(9)" not in line
    assert all(QD1578.of_group(group.id) for group in QD1578.groups)


THRESHOLDS = {
    "R2.4": (Measure.SHARE, Fraction(1), None, "100%"),
    "R4.1": (Measure.COUNT, None, Fraction(0), "Không có"),
    "R4.2": (Measure.COUNT, None, Fraction(0), "không có"),
    "R4.3": (Measure.COUNT, None, Fraction(0), "không có"),
    "R5.2": (Measure.SHARE, Fraction(1), None, "100%"),
    "R6.1": (Measure.SHARE, Fraction(1), None, "100%"),
    "T2.3": (Measure.COUNT, Fraction(10), None, "ít nhất 10 biên chế"),
    "T2.3b": (Measure.COUNT, Fraction(4), None, "04 tổ"),
    "T4.3": (Measure.COUNT, None, Fraction(0), "không để xảy ra"),
    "T4.3b": (Measure.COUNT, None, Fraction(0), "không để xảy ra"),
    "T5.1": (Measure.SHARE, Fraction(1), None, "100%"),
    "T5.2": (Measure.SHARE, Fraction(1), None, "100%"),
    "T5.3": (Measure.COUNT, None, Fraction(0), "không để tồn đọng"),
    "T7.3": (Measure.SHARE, Fraction(1, 10), None, "ít nhất 10%"),
}


def test_thresholds_stand_exactly_where_the_decision_gives_a_number():
    found = {
        criterion.id: (criterion.measure, criterion.threshold.at_least, criterion.threshold.at_most)
        for criterion in QD1578.criteria
        if criterion.threshold
    }

    assert found == {id: row[:3] for id, row in THRESHOLDS.items()}
    for id, (*_, words) in THRESHOLDS.items():
        assert words in QD1578.criterion(id).quotes[0].text


def test_no_percentage_of_the_decision_is_left_without_a_threshold():
    for criterion in QD1578.criteria:
        for quote in criterion.quotes:
            if re.search(r"[0-9]+ ?%", quote.text):
                assert criterion.threshold is not None


def test_the_decision_has_no_pass_rule_and_none_is_made_up():
    assert QD1578.pass_rule is None


def test_what_surveys_feed_is_what_the_released_criteria_name():
    released = load_criteria("qd1578")

    for item in released.items:
        fed = QD1578.fed_by(item.id)
        assert len(fed) == 1, item.id
        line = int(item.id.split(":")[1].removeprefix("L"))
        assert any(quote.line == line for quote in fed[0].quotes)


def test_early_dossiers_come_from_the_register_and_nothing_else():
    early = QD1578.criterion("T7.3")

    assert early.basis == (Basis.REGISTER,)
    assert early.register is RegisterShare.EARLY
    assert QD1578.criterion("T7.2").register is RegisterShare.ON_TIME


def test_the_yearly_survey_or_the_conference_suffices():
    assert QD1578.criterion("T2.1").basis == (Basis.SURVEY_HELD, Basis.ENTERED)
    assert "hoặc" in QD1578.criterion("T2.1").quotes[0].text


# ── The empty frame ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_frame_is_22_numbers_without_a_word():
    frame = load_set("khung-5764")

    assert len(frame.criteria) == 22
    assert all(criterion.is_slot for criterion in frame.criteria)
    assert [criterion.short for criterion in frame.criteria] == [
        f"Tiêu chí {number}" for number in range(1, 23)
    ]
    assert [criterion.id for criterion in frame.criteria] == [f"5764.{number}" for number in range(1, 23)]
    assert frame.groups == ()


def test_20_of_22_is_marked_as_assumed():
    rule = load_set("khung-5764").pass_rule

    assert rule is not None
    assert (rule.needed, rule.of, rule.is_assumed) == (20, 22, True)
    assert "giả định" in rule.source
    assert "144 đơn vị đạt 20/22 tiêu chí" in quoted_lines()["S4:L7"]


# ── Sets ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_the_sets_we_ship_are_shipped():
    with pytest.raises(KeyError):
        load_set("../words")
    assert set(IDS) == {"qd1578", "khung-5764"}


def test_a_digest_covers_every_word():
    digest = QD1578.digest

    assert load_set("qd1578").digest == digest
    for change in (
        {"name": "?"},
        {"valid_to": date(2030, 1, 1)},
        {"criteria": QD1578.criteria[:-1]},
        {"groups": QD1578.groups[:-1]},
        {"pass_rule": load_set("khung-5764").pass_rule},
        {"criteria": (replace(QD1578.criteria[0], short="?"), *QD1578.criteria[1:])},
        {"criteria": (replace(QD1578.criteria[0], threshold=Threshold(Fraction(1))), *QD1578.criteria[1:])},
    ):
        assert replace(QD1578, **change).digest != digest
    assert canonical(QD1578.as_plain())


def test_a_set_is_valid_from_its_first_day_until_its_last():
    ended = replace(QD1578, valid_to=date(2030, 1, 1))

    assert not QD1578.is_valid_on(date(2023, 10, 19))
    assert QD1578.is_valid_on(date(2023, 10, 20))
    assert QD1578.is_valid_on(date(2050, 1, 1))
    assert ended.is_valid_on(date(2029, 12, 31))
    assert not ended.is_valid_on(date(2030, 1, 1))


@pytest.mark.parametrize(
    ("threshold", "value", "is_met"),
    [
        (Threshold(at_least=Fraction(9, 10)), Fraction(8996, 10000), False),
        (Threshold(at_least=Fraction(9, 10)), Fraction(9, 10), True),
        (Threshold(at_most=Fraction(0)), 0, True),
        (Threshold(at_most=Fraction(0)), 1, False),
        (Threshold(Fraction(1), Fraction(2)), 3, False),
        (Threshold(Fraction(1), Fraction(2)), 0, False),
        (Threshold(Fraction(1), Fraction(2)), 2, True),
        (Threshold(), -5, True),
    ],
)
def test_a_threshold_is_compared_unrounded(threshold, value, is_met):
    assert threshold.is_met_by(value) is is_met


# ── Quotes of the other data ─────────────────────────────────────────────────────────────────────────────────────


def test_the_baseline_quotes_line_56():
    for row in baseline_2023().rows:
        assert row.quote in quoted_lines()["S1:L56"]


def test_every_target_quotes_its_line():
    for roadmap in load_roadmaps().values():
        for target in roadmap.targets:
            assert stands_in(quoted_lines()[target.line], target.quote)


def test_every_word_officers_read_has_its_place():
    assert say("reason", "no_threshold") == "chưa quy định ngưỡng"
    for section in ("reason", "fault", "basis", "measure", "framework", "dossiers", "baseline", "roadmap"):
        assert words_of(section)
    with pytest.raises(KeyError):
        say("reason", "held")
    assert (DATA / "words.toml").exists()
