"""The Word document."""

import io
import zipfile

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from bot.documents import Format, document
from surveys.report import report
from tests.bot.documents.opened import sample_bytes
from tests.surveys.reporting import LETTERHEAD, NOW, province, sample


@pytest.fixture(scope="module")
def opened():
    return docx.Document(io.BytesIO(sample_bytes(Format.DOCX)))


def test_it_is_set_in_times_new_roman_and_in_vietnamese(opened):
    normal = opened.styles["Normal"]
    defaults = opened.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")

    assert (normal.font.name, normal.font.size.pt) == ("Times New Roman", 13)
    assert {opened.styles[f"Heading {level}"].font.name for level in (1, 2, 3)} == {"Times New Roman"}
    assert defaults.find(qn("w:lang")).get(qn("w:val")) == "vi-VN"


def test_no_font_of_a_theme_wins_over_the_one_named():
    with zipfile.ZipFile(io.BytesIO(sample_bytes(Format.DOCX))) as archive:
        assert "Theme" not in archive.read("word/document.xml").decode()


def test_the_matrix_lies_on_a_landscape_page(opened):
    across = [section.orientation for section in opened.sections]

    assert across == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT]
    assert opened.sections[1].page_width > opened.sections[1].page_height


def test_every_table_repeats_its_header_and_has_a_style_of_the_document(opened):
    framed = [table for table in opened.tables if table._tbl.tblPr.find(qn("w:tblStyle")) is not None]
    ruled = [table for table in framed if len(table.columns) > 1]

    assert len(ruled) >= 3 + 3 * len(sample().wards)
    assert {table.style.name for table in framed} == {"Table Grid"}
    for table in ruled:
        assert table._tbl.tr_lst[0].trPr.find(qn("w:tblHeader")) is not None


def test_every_table_reads_as_the_report_has_it(opened):
    report = sample()
    summary = report.results.tables[0]
    (found,) = [table for table in opened.tables if table.cell(0, 0).text == summary.columns[0].title][:1]

    assert [cell.text for cell in found.rows[1].cells][:4] == [
        "29242",
        "Phường Trà Vinh",
        "chưa có căn cứ",
        "56",
    ]
    assert len(found.rows) == len(summary.rows) + 1


def test_every_paragraph_has_a_style_that_is_there(opened):
    named = {each.get(qn("w:val")) for each in opened.element.body.iter(qn("w:pStyle"))}

    assert named <= {style.style_id for style in opened.styles}


def test_its_properties_come_from_the_report(opened):
    about = opened.core_properties

    assert about.author == "Công an tỉnh Vĩnh Long"
    assert (about.language, about.identifier) == ("vi-VN", sample().digest)
    assert about.created == about.modified == NOW


def test_the_template_of_the_library_leaves_no_picture():
    with zipfile.ZipFile(io.BytesIO(sample_bytes(Format.DOCX))) as archive:
        assert not [name for name in archive.namelist() if "thumbnail" in name]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_matrix_wider_than_a_page_comes_in_pieces_each_with_its_first_columns():
    made = report(province(20), LETTERHEAD, NOW)
    opened = docx.Document(io.BytesIO(document(made, Format.DOCX)))
    pieces = [
        table for table in opened.tables if table._tbl.tr_lst[0].trPr.find(qn("w:trHeight")) is not None
    ]

    names = [[tc.p_lst[0].text for tc in table._tbl.tr_lst[0].tc_lst] for table in pieces]
    assert [each[:2] for each in names] == [["Mã", "Tiêu chí"]] * 2
    assert [name for each in names for name in each[2:]] == [ward.name for ward in made.wards]
