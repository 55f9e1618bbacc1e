"""The workbook."""

import io
import re
import zipfile

import openpyxl
import pytest

from bot.documents import Format
from tests.bot.documents.opened import cells, sample_bytes
from tests.surveys.reporting import NOW, sample


@pytest.fixture(scope="module")
def book():
    return openpyxl.load_workbook(io.BytesIO(sample_bytes(Format.XLSX)))


def test_there_is_a_sheet_a_table(book):
    assert book.sheetnames == [
        "Báo cáo", "Tổng hợp", "Lộ trình", "Đợt khảo sát", "Ma trận", "Theo nhóm", "Khảo sát", "Hồ sơ",
        "Chưa đạt và số liệu", "Thiếu căn cứ", "Cách tính",
    ]  # fmt: skip


def test_there_is_no_formula_anywhere():
    with zipfile.ZipFile(io.BytesIO(sample_bytes(Format.XLSX))) as archive:
        for name in archive.namelist():
            content = archive.read(name).decode()
            assert not re.search(r"<f[ >/]|hyperlink|externalLink|ddeLink|oleLink", content), name


def test_counts_are_numbers_and_shares_are_texts(book):
    row = [cell.value for cell in book["Khảo sát"][5]]

    assert row[:2] == ["29242", "Phường Trà Vinh"]
    assert row[5:8] == [286, 319, "89,66\u00a0%"]


def test_titles_stay_in_sight_and_are_printed_on_every_page(book):
    matrix = book["Ma trận"]

    assert matrix.freeze_panes == "C5"
    assert matrix.print_title_rows == "$4:$4"
    assert matrix.print_title_cols == "$A:$B"
    assert matrix.page_setup.orientation == "landscape"
    assert matrix.column_dimensions["B"].width > 30


def test_the_matrix_holds_every_verdict(book):
    matrix = sample().matrix.tables[0]
    marks = {"Đ", "C", "P", "T"}
    found = list(book["Ma trận"].iter_rows(min_row=5, min_col=3, values_only=True))

    assert len(found) == len(matrix.rows)
    assert {cell for row in found for cell in row} == marks


def test_it_carries_the_moment_of_the_report(book):
    assert book.properties.created == NOW.replace(tzinfo=None)
    assert sample().digest in (book.properties.description or "")


def test_every_text_is_text():
    assert {cell.data_type for cell in cells(sample_bytes(Format.XLSX))} == {"s", "n"}
