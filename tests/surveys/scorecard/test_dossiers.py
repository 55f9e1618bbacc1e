"""The dossier register: counted exactly, refused with row and reason."""

from datetime import date
from fractions import Fraction
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.assessment import Verdict
from surveys.results import Proportion
from surveys.scorecard import (
    Document,
    Faults,
    Records,
    Register,
    countersign,
    entries,
    load_set,
    read_register,
)
from surveys.scorecard.criteria import Basis, RegisterShare
from surveys.scorecard.dossiers import Dossiers, Month, Totals
from surveys.scorecard.table import same_words, text_of, whole_of
from surveys.units import tra_vinh
from tests.surveys.scorecard.made import HOUR, NOON, card

UNITS = {unit.code: unit for unit in tra_vinh().units}
HEADER = ["Mã đơn vị", "Tháng", "Đã giải quyết", "Trước hạn", "Trễ hạn"]


def csv(
    *rows: str, header: str = "Mã đơn vị,Tháng,Thủ tục,Đã giải quyết,Trước hạn,Đúng hạn,Trễ hạn"
) -> bytes:
    return "\n".join([header, *rows]).encode("utf-8-sig")


def workbook(*rows: list[object], header: list[str] = HEADER) -> bytes:
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(content: bytes, name: str = "so.csv", year: int = 2026) -> Register:
    return read_register(name, content, year=year, units=UNITS)


def refused(content: bytes, name: str = "so.csv", year: int = 2026) -> list[str]:
    with pytest.raises(Faults) as faults:
        read(content, name, year)
    return [str(fault) for fault in faults.value.faults]


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_are_added_up_by_unit_and_year():
    register = read(
        csv("29242,2026-01,cu_tru,90,9,80,1", "29242,02/2026,cu_tru,10,1,,0", "29263,1/2026,,50,0,50,0")
    )

    assert register.of("29242", 2026) == Totals(100, 10, 1, (Month(2026, 1), Month(2026, 2)))
    assert register.of("29263", 2026) == Totals(50, 0, 0, (Month(2026, 1),))
    assert register.of("29242", 2025) is None
    assert register.of("29254", 2026) is None
    assert register.units == ("29242", "29263")


def test_the_denominator_is_the_dossiers_resolved():
    totals = Totals(200, 20, 5, ())

    assert totals.share(RegisterShare.EARLY) == Proportion(20, 200)
    assert totals.share(RegisterShare.ON_TIME) == Proportion(195, 200)
    assert Totals(0, 0, 0, ()).share(RegisterShare.EARLY) is None


@given(
    st.lists(
        st.integers(0, 1000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
        min_size=1,
        max_size=12,
    )
)
def test_the_share_is_exact_whatever_the_months(months):
    rows = [
        f"29242,2026-{month:02},,{resolved},{early},,0"
        for month, (resolved, early) in enumerate(months, start=1)
    ]

    totals = read(csv(*rows)).of("29242", 2026)

    assert totals is not None
    resolved, early = sum(n for n, _ in months), sum(e for _, e in months)
    share = totals.share(RegisterShare.EARLY)
    assert (share.share if share else None) == (Fraction(early, resolved) if resolved else None)


@pytest.mark.parametrize(
    ("resolved", "early", "verdict"),
    [(1000, 100, Verdict.MET), (1000, 99, Verdict.NOT_MET), (10_000, 999, Verdict.NOT_MET), (7, 1, Verdict.MET), (0, 0, Verdict.NO_BASIS)],
)  # fmt: skip
def test_a_tenth_early_is_reached_unrounded(resolved, early, verdict):
    # 999 of 10,000 are 9.99 %: “10 %” when rounded, and not met.
    register = read(csv(f"29242,2026-01,,{resolved},{early},,0"))
    criteria = load_set("qd1578")
    made = entries(criteria, register, "29242", 2026, document=paper(), officer="an", entered_at=NOON)
    records = Records(made, tuple(countersign(entered, "binh", NOON + HOUR) for entered in made))

    line = card(criteria, records).line("T7.3")

    assert line.verdict is verdict
    assert line.figure == (Proportion(early, resolved) if resolved else None)


def paper() -> Document:
    return Document("12/BC-CAP", date(2026, 9, 30), "Sổ hồ sơ")


def test_evidence_from_a_register_points_to_the_file_and_waits_for_another_person():
    content = csv("29242,2026-01,,100,10,,3", "29242,2026-03,,100,20,,0")
    register = read(content)
    criteria = load_set("qd1578")

    made = entries(criteria, register, "29242", 2026, document=paper(), officer="an", entered_at=NOON)

    assert {entered.criterion: entered.value for entered in made} == {
        "T7.2": Proportion(197, 200),
        "T7.3": Proportion(30, 200),
    }
    assert {entered.document.digest for entered in made} == {register.digest}
    assert {entered.basis for entered in made} == {Basis.REGISTER}
    assert made[0].note == "2026-01, 2026-03"
    assert len({entered.id for entered in made}) == 2
    assert card(criteria, Records(made)).line("T7.3").reason == "unsigned"
    assert entries(criteria, register, "29263", 2026, document=paper(), officer="an", entered_at=NOON) == ()


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_workbook_reads_like_a_csv():
    content = workbook([29242, date(2026, 3, 1), 12.0, "3", 0], ["29263", "3/2026", 5, 0, 5])

    register = read(content, "so.xlsx")

    assert register.rows == (
        Dossiers("29242", Month(2026, 3), "", 12, 3, 0),
        Dossiers("29263", Month(2026, 3), "", 5, 0, 5),
    )
    assert len(register.digest) == 64
    assert register.digest != read(csv("29242,2026-03,,12,3,,0")).digest


def test_a_unit_that_is_no_more_may_stand_in_the_months_it_was_there():
    assert read(csv("TV-P2,2024-12,,5,1,,0"), year=2024).units == ("TV-P2",)
    assert "không tồn tại trong kỳ này" in refused(csv("TV-P2,2025-01,,5,1,,0"), year=2025)[0]
    assert read(csv("TV-P1,2025-06,,5,1,,0"), year=2025).units == ("TV-P1",)
    assert "không tồn tại" in refused(csv("29242,2025-06,,5,1,,0"), year=2025)[0]
    assert read(csv("29242,2025-07,,5,1,,0"), year=2025).units == ("29242",)
    assert read(csv("29242,2025-12,,5,1,,0"), year=2025).units == ("29242",)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("99999,2026-01,,5,1,,0", "dòng 2, cột “Mã đơn vị”: không có đơn vị mang mã “99999”"),
        (",2026-01,,5,1,,0", "dòng 2, cột “Mã đơn vị”: không có đơn vị mang mã “”"),
        ("29242,,,5,1,,0", "dòng 2, cột “Tháng”: “” không phải tháng"),
        ("29242,2026-13,,5,1,,0", "dòng 2, cột “Tháng”"),
        ("29242,2026-00,,5,1,,0", "dòng 2, cột “Tháng”"),
        ("29242,0000-01,,5,1,,0", "dòng 2, cột “Tháng”"),
        ("29242,quý 1,,5,1,,0", "dòng 2, cột “Tháng”"),
        ("29242,2025-12,,5,1,,0", "dòng 2, cột “Tháng”: kỳ 2025-12 không thuộc năm 2026"),
        ("29242,9999-12,,5,1,,0", "kỳ 9999-12 không thuộc năm 2026"),
        ("29242,2026-01,,,1,,0", "dòng 2, cột “Đã giải quyết”: còn trống"),
        ("29242,2026-01,,5,,,0", "dòng 2, cột “Trước hạn”: còn trống"),
        ("29242,2026-01,,5,1,,", "dòng 2, cột “Trễ hạn”: còn trống"),
        ("29242,2026-01,,1.250,1,,0", "cột “Đã giải quyết”: “1.250” không phải số nguyên viết liền"),
        ("29242,2026-01,,5,một,,0", "“một” không phải số nguyên"),
        ("29242,2026-01,,5,1,x,0", "dòng 2, cột “Đúng hạn”: “x” không phải số nguyên"),
        ("29242,2026-01,,5,-1,,0", "dòng 2, cột “Trước hạn”: số không được âm"),
        ("29242,2026-01,,5,3,,3", "dòng 2: trước hạn (3) cộng trễ hạn (3) nhiều hơn đã giải quyết (5)"),
        ("29242,2026-01,,5,1,2,1", "dòng 2: trước hạn + đúng hạn + trễ hạn = 4, khác đã giải quyết (5)"),
        ("29242,2026-01,,=2+3,1,,1", "dòng 2: ô là công thức; hãy dán giá trị"),
        ("29242,2026-01,,9999999999,1,,1", "không phải số nguyên"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_place_and_the_reason(row, reason):
    assert any(reason in fault for fault in refused(csv(row))), refused(csv(row))


def test_the_most_a_row_can_say_is_accepted():
    assert read(csv("29242,2026-01,,5,3,,2")).rows[0].early == 3
    assert read(csv("29242,2026-12,,5,1,2,2")).rows[0].late == 2
    assert read(csv("29242,2026-01,,0,0,0,0")).rows[0].resolved == 0


def test_one_bad_row_refuses_all_and_every_bad_row_is_told():
    found = refused(
        csv("29242,2026-01,,5,1,,0", "99,2026-01,,5,9,,0", "29242,2026-02,,x,1,,0", "29242,2026-01,,5,1,,0")
    )

    assert [fault.split(",")[0].split(":")[0] for fault in found] == ["dòng 3", "dòng 4", "dòng 5"]
    assert found[2] == "dòng 5: trùng với dòng 2"


def test_the_same_month_twice_is_no_fault_for_two_procedures():
    assert len(read(csv("29242,2026-01,cu_tru,5,1,,0", "29242,2026-01,can_cuoc,5,1,,0")).rows) == 2
    assert "trùng với dòng 2" in refused(csv("29242,2026-01,Cư trú,5,1,,0", "29242,2026-01,cư trú,5,1,,0"))[0]


def test_a_month_is_the_same_however_it_is_written():
    assert "trùng" in refused(csv("29242,2026-01,,5,1,,0", "29242,1/2026,,5,1,,0"))[0]


def test_a_workbooks_formula_and_error_are_refused():
    assert "dòng 2: ô là công thức" in refused(workbook(["29242", "2026-01", "=SUM(1)", 1, 0]), "so.xlsx")[0]
    assert "dòng 2: ô báo lỗi #N/A" in refused(workbook(["29242", "2026-01", "#N/A", 1, 0]), "so.xlsx")[0]
    assert "không phải số nguyên" in refused(workbook(["29242", "2026-01", 1.5, 1, 0]), "so.xlsx")[0]
    assert "không phải số nguyên" in refused(workbook(["29242", "2026-01", True, 1, 0]), "so.xlsx")[0]


def test_missing_columns_are_named():
    assert refused(csv("29242,1", header="Mã đơn vị,Tháng")) == [
        "tệp: thiếu cột “Đã giải quyết”",
        "tệp: thiếu cột “Trước hạn”",
        "tệp: thiếu cột “Trễ hạn”",
    ]


def test_too_many_rows_are_refused():
    assert refused(csv(*["29242,2026-01,,5,1,,0"] * 60_000)) == ["tệp: quá 60000 dòng"]
    assert refused(workbook(*[["29242", "2026-01", 5, 1, 0]] * 5_001), "so.xlsx") == [
        "tệp: không mở được hoặc quá lớn (một tệp Excel nhiều nhất 5.000 dòng); hãy lưu lại dạng .xlsx, hoặc dùng CSV UTF-8"
    ]


@pytest.mark.parametrize(("cell", "number"), [("12", 12), ("-3", -3), (12.0, 12), (1.5, None), ("1.5", None), ("", None), (None, None), ("١٢", None), (7, 7), ("--3", None), (date(2026, 1, 1), None)])  # fmt: skip
def test_whole_numbers_are_written_plainly(cell, number):
    assert whole_of(cell) == number


def test_cells_as_text():
    assert [text_of(cell) for cell in (None, 1.0, 1.5, 2, "x", date(2026, 1, 2))] == [
        "",
        "1",
        "1.5",
        "2",
        "x",
        "2026-01-02",
    ]
    assert same_words("  Đã   GIẢI quyết ") == same_words("da giai quyet")
    assert str(Month(2026, 3)) == "2026-03"
    assert Month(2026, 3) < Month(2026, 12)
