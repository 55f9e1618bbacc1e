"""The 22 criteria as a workbook, out and in."""

import zipfile
from dataclasses import replace
from datetime import date
from fractions import Fraction
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.scorecard import CriteriaSet, Faults, Threshold, import_framework, load_set, template
from surveys.scorecard.criteria import Basis, Measure, RegisterShare
from surveys.scorecard.words import words_of

FRAME = load_set("khung-5764")
HEADER = ["Số", "Nhóm", "Nội dung tiêu chí (nguyên văn)", "Tên ngắn", "Loại căn cứ", "Cách đo", "Ngưỡng", "Đếm gì", "Mục khảo sát", "Nguồn (văn bản, trang)"]  # fmt: skip


def workbook(*rows: list[object], header: list[str] = HEADER) -> bytes:
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def imported(content: bytes, name: str = "khung.xlsx", **changes: object) -> CriteriaSet:
    known = {"id": "5764-2026", "source": "Văn bản 99/HD-BCA", "valid_from": date(2026, 7, 1), **changes}
    return import_framework(FRAME, name, content, **known)  # type: ignore[arg-type]


def refused(content: bytes, name: str = "khung.xlsx") -> list[str]:
    with pytest.raises(Faults) as faults:
        imported(content, name)
    return [str(fault) for fault in faults.value.faults]


ONE = [
    1,
    "Xây dựng Đảng",
    "Đảng bộ phường đạt …",
    "Đảng bộ",
    "nhập tay",
    "có/không",
    None,
    None,
    None,
    "tr. 2",
]
SHARE = [
    2,
    "Phòng, chống tội phạm",
    "Giải quyết …",
    None,
    "Nhập  tay",
    "Tỷ lệ",
    "≥ 90 %",
    "tin báo",
    None,
    "tr. 3",
]


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_template_has_22_numbered_rows_and_nothing_in_them():
    book = openpyxl.load_workbook(BytesIO(template(FRAME)))
    rows = list(book.worksheets[0].iter_rows(values_only=True))

    assert list(rows[0]) == HEADER
    assert [row[0] for row in rows[1:]] == list(range(1, 23))
    assert all(cell is None for row in rows[1:] for cell in row[1:])
    assert "giả định" in str(list(book.worksheets[1].iter_rows(values_only=True)))


def test_the_same_set_is_the_same_bytes():
    content = template(FRAME)

    assert content == template(FRAME)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2021-07-13T00:00:00Z" in archive.read("docProps/core.xml")


def test_an_empty_template_comes_back_as_it_went():
    found = imported(template(FRAME))

    assert found.criteria == FRAME.criteria
    assert found.pass_rule == FRAME.pass_rule
    assert found.groups == ()


def test_a_filled_set_comes_back_as_it_went():
    filled = imported(workbook(ONE, SHARE, [3, "Phòng, chống tội phạm", "Trả kết quả …", "x", "sổ hồ sơ: trước hạn", "tỷ lệ", "≥ 12,5 %", "hồ sơ", None, "tr. 4"]))  # fmt: skip

    again = imported(template(filled))

    assert again == filled
    assert template(again) == template(filled)


def test_text_that_looks_like_a_formula_leaves_as_text():
    filled = imported(workbook(ONE))
    evil = replace(
        filled, criteria=(replace(filled.criteria[0], short="=HYPERLINK(1)"), *filled.criteria[1:])
    )

    with zipfile.ZipFile(BytesIO(template(evil))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()

    assert '<c r="D2" t="inlineStr"><is><t>=HYPERLINK(1)</t>' in sheet
    assert "<f>" not in sheet


# ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_becomes_a_criterion_in_its_own_words():
    found = imported(workbook(ONE, SHARE))

    first, second = found.criteria[:2]
    assert first.id == "5764.1"
    assert first.quotes[0].text == "Đảng bộ phường đạt …"
    assert (first.short, first.basis, first.measure, first.threshold) == (
        "Đảng bộ",
        (Basis.ENTERED,),
        Measure.YES_NO,
        None,
    )
    assert first.source == "tr. 2"
    assert second.short == "Tiêu chí 2"
    assert (second.measure, second.threshold, second.counted) == (
        Measure.SHARE,
        Threshold(Fraction(9, 10)),
        "tin báo",
    )
    assert [group.name for group in found.groups] == ["Xây dựng Đảng", "Phòng, chống tội phạm"]
    assert found.of_group("2") == (second,)
    assert all(criterion.is_slot for criterion in found.criteria[2:])


def test_what_is_imported_is_another_set():
    found = imported(workbook(ONE))

    assert (found.id, found.source, found.valid_from) == ("5764-2026", "Văn bản 99/HD-BCA", date(2026, 7, 1))
    assert found.digest != FRAME.digest
    assert found.pass_rule is not None
    assert found.pass_rule.is_assumed
    assert load_set("khung-5764").criteria[0].is_slot


@pytest.mark.parametrize("changes", [{"id": ""}, {"id": "khung-5764"}, {"source": ""}])
def test_it_needs_a_name_and_a_source_of_its_own(changes):
    with pytest.raises(ValueError, match="id of its own"):
        imported(workbook(ONE), **changes)


def test_csv_serves_as_well_with_semicolons_or_commas_whatever_the_order():
    for delimiter in ";,\t":
        rows = [
            ["nguon (van ban, trang)", "SỐ", "Nhóm", "Nội dung tiêu chí (nguyên văn)"],
            ["tr. 2", "1", "g", "w"],
        ]
        text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)

        found = imported(text.encode("utf-8-sig"), "khung.csv")

        assert found.criteria[0].quotes[0].text == "w"
        assert found.criteria[0].basis == (Basis.ENTERED,)


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("sổ hồ sơ: trước hạn", ((Basis.REGISTER,), RegisterShare.EARLY)),
        ("SO HO SO: KHONG TRE HAN", ((Basis.REGISTER,), RegisterShare.ON_TIME)),
        ("tỷ lệ qua phiếu", ((Basis.SURVEY_SHARE,), None)),
    ],
)
def test_every_kind_of_basis_can_be_written(basis, expected):
    found = imported(
        workbook([1, "g", "w", None, basis, "tỷ lệ", None, "phiếu", "S1:L88 S1:L96", "tr. 1"])
    ).criteria[0]

    assert (found.basis, found.register) == expected
    assert found.fed_by == ("S1:L88", "S1:L96")


@pytest.mark.parametrize(
    ("measure", "text", "expected"),
    [
        ("tỷ lệ", "≥ 90 %", Threshold(at_least=Fraction(9, 10))),
        ("tỷ lệ", ">=92,5%", Threshold(at_least=Fraction(37, 40))),
        ("tỷ lệ", "<= 5 %", Threshold(at_most=Fraction(1, 20))),
        ("số lượng", "≥ 10", Threshold(at_least=Fraction(10))),
        ("số lượng", "≤ 0", Threshold(at_most=Fraction(0))),
    ],
)
def test_thresholds_are_read_exactly(measure, text, expected):
    row = [1, "g", "w", None, None, measure, text, "vụ", None, "tr. 1"]

    assert imported(workbook(row)).criteria[0].threshold == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([0, *ONE[1:]], "dòng 2, cột “Số”: số tiêu chí phải từ 1 đến 22"),
        ([23, *ONE[1:]], "dòng 2, cột “Số”"),
        (["một", *ONE[1:]], "dòng 2, cột “Số”"),
        ([1.5, *ONE[1:]], "dòng 2, cột “Số”"),
        ([1, None, *ONE[2:]], "dòng 2, cột “Nhóm”: còn trống"),
        ([*ONE[:2], None, *ONE[3:]], "dòng 2, cột “Nội dung tiêu chí (nguyên văn)”: còn trống"),
        ([*ONE[:9], None], "dòng 2, cột “Nguồn (văn bản, trang)”: còn trống"),
        ([*ONE[:4], "nghe nói", *ONE[5:]], "dòng 2, cột “Loại căn cứ”: “nghe nói” không nằm trong"),
        ([*ONE[:5], "cảm tính", *ONE[6:]], "dòng 2, cột “Cách đo”"),
        ([*ONE[:6], "≥ 90 %", *ONE[7:]], "dòng 2, cột “Ngưỡng”"),
        ([*SHARE[:6], "90", *SHARE[7:]], "dòng 2, cột “Ngưỡng”: “90” không phải ngưỡng"),
        ([*SHARE[:6], "≥ 90", *SHARE[7:]], "dòng 2, cột “Ngưỡng”"),
        ([*SHARE[:6], "≥ 900 %", *SHARE[7:]], "0 đến 100 %"),
        ([*SHARE[:7], None, *SHARE[8:]], "dòng 2, cột “Đếm gì”: chưa ghi đếm cái gì"),
        (
            [*ONE[:4], "tỷ lệ qua phiếu", *ONE[5:]],
            "dòng 2, cột “Loại căn cứ”: loại căn cứ này phải đo bằng: tỷ lệ",
        ),
        ([1, "g", "=A1", *ONE[3:]], "dòng 2: ô là công thức"),
        ([1, "g", "#REF!", *ONE[3:]], "dòng 2: ô báo lỗi #REF!"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_place_and_the_reason(row, reason):
    assert any(reason in fault for fault in refused(workbook(row))), refused(workbook(row))


def test_the_same_number_twice_is_refused_and_names_the_first():
    assert "dòng 4, cột “Số”: trùng với dòng 2" in refused(workbook(ONE, SHARE, ONE))


def test_an_empty_row_between_does_not_move_the_numbers():
    assert "dòng 4, cột “Nhóm”: còn trống" in refused(workbook(ONE, [None] * 10, [2, None, *SHARE[2:]]))


def test_all_faults_are_told_at_once_in_the_order_of_rows():
    found = refused(workbook([1, None, *ONE[2:]], [99], [2, "g", None, *SHARE[3:]]))

    assert [fault.split(",")[0] for fault in found] == ["dòng 2", "dòng 3", "dòng 4"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (workbook(ONE, header=HEADER[:2] + HEADER[3:]), "thiếu cột “Nội dung tiêu chí (nguyên văn)”"),
        (workbook(ONE, header=[*HEADER[:3], "Nhóm", *HEADER[4:]]), "có hai cột “Nhóm”"),
        (workbook(), "không có dòng"),
        (b"", "không có dòng"),
        (b"\xff\xfe\x00S", "UTF-8"),
        ("Số\0".encode(), "không phải bảng CSV"),
        (b"PK\x03\x04 not a zip", "không mở được hoặc quá lớn"),
        (b"x" * 5_000_001, "quá lớn"),
        ('"Số;Nhóm'.encode(), "không phải bảng CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content, reason):
    assert any(reason in fault for fault in refused(content)), refused(content)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["k.xlsx", "k.csv"]))
def test_no_bytes_do_worse_than_be_refused(content, name):
    with pytest.raises(Faults):
        imported(content, name)


def test_the_words_of_the_workbook_are_all_there():
    assert {key.partition(":")[0] for key in words_of("basis")} == set(Basis)
    assert set(words_of("measure")) == set(Measure)
