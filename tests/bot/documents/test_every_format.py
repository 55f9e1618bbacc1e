"""What holds for a report in whichever format."""

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.documents import Format, document, file_name
from surveys.report import printable, report
from tests.bot.documents.opened import (
    HOSTILE,
    cells,
    harmless_shape,
    paragraphs,
    pdf_text,
    sample_bytes,
    shape,
    squeezed,
)
from tests.surveys.reporting import LETTERHEAD, NOW, named, province, sample

DIGESTS = """
from hashlib import sha256
from bot.documents import Format, document
from tests.surveys.reporting import sample
print(*(sha256(document(sample(), format)).hexdigest() for format in Format))
"""


def test_the_same_report_is_the_same_bytes_in_any_process_zone_and_locale():
    ours = [sha256(sample_bytes(format)).hexdigest() for format in Format]

    for zone, locale, seed in (("America/New_York", "vi_VN.UTF-8", "1"), ("Asia/Ho_Chi_Minh", "C", "2")):
        elsewhere = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"}
        said = subprocess.run(
            [sys.executable, "-c", DIGESTS], env=elsewhere, capture_output=True, text=True, check=True
        ).stdout
        assert said.split() == ours


def test_twice_in_one_process_is_the_same_too():
    assert all(document(sample(), format) == sample_bytes(format) for format in Format)


def test_every_format_says_the_digest_the_deadline_and_every_ward():
    made = sample()
    said = {
        Format.DOCX: squeezed("".join(paragraphs(sample_bytes(Format.DOCX)))),
        Format.XLSX: squeezed("".join(str(cell.value) for cell in cells(sample_bytes(Format.XLSX)))),
        Format.PDF: squeezed(pdf_text(sample_bytes(Format.PDF))),
    }

    for text in said.values():
        assert made.digest in text
        assert squeezed("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") in text
        assert squeezed("Độc lập - Tự do - Hạnh phúc") in text
        assert squeezed(made.deadline.lines[1]) in text
        assert squeezed("286 319 89,66 %") in text
        for ward in made.wards:
            assert squeezed(ward.name) in text


def test_a_file_is_named_by_year_and_set():
    assert file_name(sample(), Format.DOCX) == "bao-cao-2026-qd1578.docx"


@pytest.fixture(scope="module")
def province_of_hostile_names():
    there = province(len(HOSTILE))
    return report(replace(there, names=dict(zip(there.cards, HOSTILE, strict=True))), LETTERHEAD, NOW)


def test_a_name_is_a_name_whatever_it_looks_like_in_word(province_of_hostile_names):
    said = set(paragraphs(document(province_of_hostile_names, Format.DOCX)))

    assert {printable(name) for name in HOSTILE} <= said


def test_a_name_is_a_name_whatever_it_looks_like_in_a_workbook(province_of_hostile_names):
    names = {printable(name) for name in HOSTILE}
    found = [cell for cell in cells(document(province_of_hostile_names, Format.XLSX)) if cell.value in names]

    assert {cell.value for cell in found} == names
    assert {cell.data_type for cell in found} == {"s"}


def test_a_name_is_a_name_whatever_it_looks_like_in_a_pdf(province_of_hostile_names):
    said = squeezed(pdf_text(document(province_of_hostile_names, Format.PDF)))

    assert not [name for name in HOSTILE if squeezed(printable(name)) not in said]


@settings(max_examples=12, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(lambda text: printable(text).strip()))
def test_no_name_changes_the_shape_of_a_word_document(name):
    made = named(name)

    assert shape(made, Format.DOCX) == harmless_shape(Format.DOCX)
    assert printable(name) in paragraphs(document(made, Format.DOCX))


@settings(max_examples=12, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(lambda text: printable(text).strip()))
def test_no_name_becomes_a_formula_a_link_or_a_number(name):
    made = named(name)
    found = cells(document(made, Format.XLSX))

    assert shape(made, Format.XLSX) == harmless_shape(Format.XLSX)
    assert printable(name) in {cell.value for cell in found}
    assert {cell.data_type for cell in found} <= {"s", "n"}
    assert not [cell for cell in found if cell.hyperlink]


@settings(max_examples=6, deadline=None)
@given(st.text("aáảãạăằơởưựđĐ #*_`$@<>=/\\~-+[](){}\"'%&;:,.0159", min_size=1, max_size=40).filter(str.strip))
def test_no_name_is_set_as_markup(name):
    assert squeezed(printable(name)) in squeezed(pdf_text(document(named(name), Format.PDF)))
