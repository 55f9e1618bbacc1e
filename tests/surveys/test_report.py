"""What the yearly report says."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.assessment import Verdict
from surveys.disclosure import Bound, Side
from surveys.figures import NOTHING, percent, span, trimmed_percent, whole
from surveys.releases import Flagged, LeftOut, Line, Part, WeightedLine
from surveys.report import Letterhead, Report, Row, Table, deadline, printable, report
from surveys.results import Proportion
from surveys.scorecard.card import what_if
from surveys.scorecard.criteria import Threshold
from tests.surveys.reporting import FRAME, LETTERHEAD, NOW, QD1578, named, province, sample, sources

WARD = "29242"


def text(report: Report) -> str:
    """Everything it says, a line a text."""
    return "\n".join(_texts(report))


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str) and not isinstance(value, Verdict):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _texts(getattr(value, name))


def table(report: Report, unit: str, key: str) -> Table:
    (ward,) = [ward for ward in report.wards if ward.unit == unit]
    (found,) = [table for table in ward.part.tables if table.key == key]
    return found


# ── The deadline ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "days", "said"),
    [
        (datetime(2026, 11, 10, 3, tzinfo=UTC), 4, "còn 4 ngày"),
        (datetime(2026, 11, 14, 16, 59, 59, tzinfo=UTC), 0, "hôm nay là ngày cuối"),
        (datetime(2026, 11, 14, 17, 0, tzinfo=UTC), -1, "đã quá hạn 1 ngày"),  # midnight in Vietnam
        (datetime(2027, 1, 2, 3, tzinfo=UTC), -49, "đã quá hạn 49 ngày"),
    ],
)
def test_the_fourteenth_of_november_is_the_last_day(moment, days, said):
    due = deadline(2026, moment)

    assert (due.last_day, due.days, due.is_late) == (date(2026, 11, 14), days, days < 0)
    assert said in due.lines[1]
    assert "S1:L171" in due.lines[2]


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (Fraction(8996, 10_000), "89,96\u00a0%"),
        (Fraction(89_996, 100_000), "89,996\u00a0%"),
        (Fraction(9, 10), "90,00\u00a0%"),
        (Fraction(999_999_999, 1_000_000_000), "99,999999\u00a0%"),
        (Fraction(1), "100,00\u00a0%"),
        (Fraction(0), "0,00\u00a0%"),
        (Fraction(1, 3), "33,33\u00a0%"),
    ],
)
def test_a_share_is_never_rounded_up_to_a_whole_per_cent(share, shown):
    assert percent(share) == shown


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 100))
def test_no_share_seems_to_reach_a_threshold_that_it_misses(part, of, threshold):
    share = Fraction(min(part, of), of)
    shown = Fraction(percent(share).removesuffix("\u00a0%").replace(",", "."))

    assert (shown >= threshold) is (share * 100 >= threshold) or shown < threshold
    assert abs(shown - share * 100) <= Fraction(1, 100)


def test_numbers_are_written_as_in_vietnam():
    assert whole(1_234_567) == "1.234.567"
    assert trimmed_percent(Fraction(925, 1000)) == "92,5\u00a0%"
    assert trimmed_percent(Fraction(1, 10)) == "10\u00a0%"


def test_an_interval_is_rounded_outwards():
    assert span(Proportion(347, 385).interval) == "86,7–92,8"
    assert span(Proportion(0, 10).interval).startswith("0,0–")
    assert span(Proportion(10, 10).interval).endswith("–100,0")


# ── What it says of a ward ───────────────────────────────────────────────────────────────────────────────────────


def test_a_survey_figure_carries_everything_it_needs():
    first = table(sample(), WARD, "surveys").rows[0].cells

    assert first == (
        "nam-2026", "mời và sau giao dịch", "Hài lòng chung", 286, 319, "89,66\u00a0%", "85,8–92,6", 2417, "13,20\u00a0%", "B",
    )  # fmt: skip


def test_suppressed_looks_like_empty():
    """The ward with six answers, and the same ward with none."""
    there = sources()
    hidden = [ward for ward in there.released if ward.unit == "29516"]
    assert hidden[0].answered is None, "six answers are too few to show"
    empty = [replace(ward, questions=(), open_questions=()) for ward in hidden]
    others = tuple(ward for ward in there.released if ward.unit != "29516")

    of_six = report(replace(there, released=(*others, *hidden)), LETTERHEAD, NOW)
    of_none = report(replace(there, released=(*others, *empty)), LETTERHEAD, NOW)

    scored = [row.cells for row in table(of_six, "29516", "surveys").rows][:3]
    assert scored == [row.cells for row in table(of_none, "29516", "surveys").rows][:3]
    assert {cell for row in scored for cell in row[3:]} == {NOTHING, 402}


def test_a_bound_is_shown_as_it_was_released():
    there = sources()
    first = replace(there.released[0], index=Line("index", {}, None, Bound(Side.AT_LEAST, 90)), answered=97)

    made = report(replace(there, released=(first,)), LETTERHEAD, NOW)

    row = table(made, first.unit, "surveys").rows[0].cells
    assert row[3:7] == (NOTHING, 97, "≥\u00a090\u00a0%", NOTHING)


def test_ways_and_modes_stand_beside_the_score():
    there = sources().released[0]
    paper = Part("paper", {}, 40, Line("index", {}, Proportion(30, 40)))
    seen = replace(there, streams=(), modes=(Part("self", {}, None, Line("index", {})), paper))

    rows = [
        row.cells
        for row in table(report(replace(sources(), released=(seen,)), LETTERHEAD, NOW), WARD, "surveys").rows
    ]

    assert [row[1] for row in rows[3:]] == ["tất cả, phiếu giấy", "mở (trọng số 0)"]
    assert rows[3][3:6] == (30, 40, "75,00\u00a0%")


def test_what_was_left_out_is_told_with_its_reason_and_the_figure_with_it():
    there = sources().released[0]
    left_out = replace(
        there,
        beside=Part("beside", {}, 400, Line("index", {}, Proportion(390, 400))),
        left_out=(LeftOut("visit", "assisted", "=cmd: 60 phiếu trong một giờ"),),
    )
    made = report(replace(sources(), released=(left_out,)), LETTERHEAD, NOW)

    assert any(
        "để ngoài phiếu của nhóm sau giao dịch, có người giúp. Lý do: =cmd: 60 phiếu trong một giờ" in line
        for line in made.wards[0].part.lines
    )
    assert ("kể cả phiếu đã để ngoài", 390, 400) in {
        (row.cells[1], row.cells[3], row.cells[4]) for row in table(made, WARD, "surveys").rows
    }


def test_a_flag_is_called_a_question_and_a_weighted_figure_concludes_nothing():
    marked = replace(
        sources().released[0],
        flags=(Flagged("invited", "self", ("burst",)),),
        weighted=WeightedLine(Decimal("0.897"), 260, Decimal("1.2"), "Niên giám 2025"),
    )

    said = "\n".join(report(replace(sources(), released=(marked,)), LETTERHEAD, NOW).wards[0].part.lines)

    assert "nhóm phiếu mời, tự trả lời bị gắn cờ" in said
    assert "Cờ là câu hỏi" in said
    assert "89,7\u00a0%" in said
    assert "không dùng để kết luận" in said


def test_dossiers_and_what_residents_say_stand_side_by_side_and_are_never_mixed():
    rows = [row.cells for row in table(sample(), WARD, "dossiers").rows]

    assert rows[-1] == (
        "T7.3", "Ít nhất 10% hồ sơ giải quyết trước hạn", "sổ hồ sơ", 150, 1250, "12,00\u00a0%", "≥\u00a010\u00a0%", Verdict.MET,
    )  # fmt: skip
    said = [row for row in rows if "lời người dân" in str(row[2])]
    assert said, "residents were asked about the time it took"
    assert {row[-1] for row in said} == {NOTHING}, "what residents say concludes nothing"


def test_just_under_ten_per_cent_is_not_ten():
    (row,) = [row.cells for row in table(sample(), "29254", "findings").rows if row.cells[0] == "T7.3"]

    assert row[2:5] == (Verdict.NOT_MET, "8.996/90.000 (9,996\u00a0%)", "≥\u00a010\u00a0%")


def test_what_lacks_evidence_is_named_by_its_reason():
    reasons = {row.cells[0]: row.cells for row in table(sample(), "29398", "missing").rows}

    assert reasons["chưa có căn cứ nào được nhập"][1] > 50
    assert "R1.1, R1.2" in reasons["chưa có căn cứ nào được nhập"][2]


def test_a_frozen_card_is_named_by_its_digest_and_another_said_to_be_open():
    said = {ward.unit: "\n".join(ward.part.lines) for ward in sample().wards}

    assert "cd" * 32 in said[WARD]
    assert "chưa chốt" in said["29254"]


def test_an_appeal_that_waits_is_told():
    made = report(replace(sources(), appeals={WARD: 2}), LETTERHEAD, NOW)

    assert any("Còn 2 kiến nghị" in line for line in made.wards[0].part.lines)


# ── What it says of the province ─────────────────────────────────────────────────────────────────────────────────


def test_the_matrix_has_a_row_a_criterion_and_a_column_a_ward():
    (matrix,) = sample().matrix.tables

    assert [column.key for column in matrix.columns] == ["number", "criterion", *sorted(sources().cards)]
    plain = [row.cells[0] for row in matrix.rows if not row.is_heading]
    assert set(plain) == {criterion.id for criterion in QD1578.criteria}
    assert matrix.rows[-1].cells[1] == "Kết luận chung"
    assert all(isinstance(cell, Verdict) for row in matrix.rows for cell in row.cells[2:])


def test_a_verdict_in_the_matrix_is_the_cards():
    (matrix,) = sample().matrix.tables
    (row,) = [row for row in matrix.rows if row.cells[0] == "T7.3"]

    cards = [sources().cards[unit] for unit in sorted(sources().cards)]
    assert row.cells[2:] == tuple(card.line("T7.3").verdict for card in cards)


def test_an_assumed_pass_rule_is_said_to_be_assumed():
    said = text(sample(FRAME))

    assert "Quy tắc 20/22 là giả định" in said
    assert "giả định" not in "\n".join(sample(QD1578).results.lines)


def test_the_roadmap_stands_beside_what_is_scored():
    rows = [row.cells for row in sample().roadmap.tables[0].rows]

    assert [(row[1], row[2]) for row in rows if row[1] == "2026"] == [("2026", "5/11 đơn vị")]
    assert any("mẫu số đã khác" in str(row[4]) for row in rows)


def test_it_says_how_to_check_it():
    said = text(sample())

    for piece in (
        QD1578.digest,
        "vinhlong.langnghe",
        "14 mục",
        "0a" * 32,
        "5f3c9a1e",
        "langnghe verify",
        "dưới 10 người",
    ):
        assert piece in said
    assert sample().digest in "\n".join(sample().method.lines)


def test_thresholds_that_somebody_chose_are_told_as_assumed():
    there = sources()
    cards = {
        unit: replace(
            what_if(QD1578, card, thresholds={"R7.1": Threshold(at_least=Fraction(9, 10))}).after,
            is_what_if=False,
        )
        for unit, card in there.cards.items()
    }

    assert "R7.1 ≥\u00a090\u00a0%" in text(report(replace(there, cards=cards), LETTERHEAD, NOW))


def test_units_are_in_the_order_of_their_codes_which_claims_nothing():
    shuffled = dict(reversed(sources().cards.items()))

    assert report(replace(sources(), cards=shuffled), LETTERHEAD, NOW) == sample()


def test_a_card_of_another_set_or_year_is_refused():
    with pytest.raises(ValueError, match="was not judged by khung-5764"):
        report(replace(sources(), criteria=FRAME), LETTERHEAD, NOW)


def test_nothing_scored_is_a_report_too():
    made = report(replace(sources(), cards={}, released=(), roadmaps=(), ledger=None), Letterhead(), NOW)

    assert "Chưa có đơn vị nào được chấm" in text(made)
    assert made.wards == ()


# ── The frame ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_nobody_told_us_stays_a_dotted_blank():
    head = report(sources(), Letterhead(), NOW).head

    assert head.number == "Số: ……/BC-……"
    assert head.place_and_day == "……, ngày …… tháng …… năm 2026"
    assert set(head.office) == set(head.superior) == {"…"}


def test_the_day_is_written_as_in_official_papers():
    head = report(
        sources(), Letterhead(place="Vĩnh Long", signed_on=date(2027, 1, 5), number="12", symbol="CAT"), NOW
    ).head

    assert head.place_and_day == "Vĩnh Long, ngày 05 tháng 01 năm 2027"
    assert head.number == "Số: 12/BC-CAT"


# ── Texts and digest ─────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text())
def test_a_printable_text_is_composed_and_holds_no_controls(raw):
    shown = printable(raw)

    assert unicodedata.is_normalized("NFC", shown)
    assert not [letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs")]
    assert printable(shown) == shown
    shown.encode()


def test_letters_that_were_typed_in_pieces_are_put_together():
    assert printable(unicodedata.normalize("NFD", "Phường Nguyệt Hóa")) == "Phường Nguyệt Hóa"


def test_a_mark_that_turns_the_reading_direction_is_left_out():
    assert printable("gnol\u202e hnĩV") == "gnol hnĩV"


def test_every_text_of_a_report_is_printable():
    for each in _texts(named("a\0b\ud800c\u202ed\ne\u0301")):
        assert printable(each) == each


def test_the_same_sources_are_the_same_report_and_another_word_is_another_digest():
    assert report(sources(), LETTERHEAD, NOW).digest == sample().digest
    assert named("Phường A").digest != named("Phường Á").digest
    assert sample(now=NOW.replace(minute=31)).digest != sample().digest


def test_a_province_of_124_wards_is_read_in_one_go():
    made = report(province(124), LETTERHEAD, NOW)

    assert len(made.wards) == 124
    assert all(isinstance(row, Row) and len(row.cells) == 126 for row in made.matrix.tables[0].rows)
