"""Documents opened again by other libraries than those that wrote them."""

import io
import re
import zipfile
from functools import cache
from typing import Any

import docx
import openpyxl
from pypdf import PdfReader

from bot.documents import Format, document
from surveys.report import Report
from tests.surveys.reporting import named, sample

__all__ = ["HOSTILE", "cells", "paragraphs", "pdf_text", "sample_bytes", "shape", "squeezed"]

# What would do something if anything read it as more than a name.
HOSTILE = (
    "=cmd|' /C calc'!A0", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "http://a.vn", "internal:'Ma trận'!A1", "{=1}",
    "#let x = 1", "#panic()", "*đậm* _nghiêng_ $x^2$ `thô` @ai <nhãn>", "// không /* phải */ \\ chú thích", "-- --- ...",
    "{{ x }}", "{% for a in b %}", "{# a #}", "<w:p>", "</w:t></w:r>", "&amp; &#65; ]]>", "{\\rtf1\\b x}", "_x0041_ _x000D_",
    "a\x00b\x07c", "a\ud800b", "a\ufffeb", "a\u202eb", "%PDF (a) Tj", "“Phường” 1’s", "0123", "1e5", "TRUE", "#N/A",
)  # fmt: skip


@cache
def sample_bytes(format: Format) -> bytes:
    return document(sample(), format)


def cells(content: bytes) -> list[Any]:
    """Every cell of a workbook that holds something."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]


def paragraphs(content: bytes) -> list[str]:
    """Every paragraph of a Word document, those of its tables too."""
    body = docx.Document(io.BytesIO(content)).element.body
    return ["".join(text.text or "" for text in each.iter(TEXT)) for each in body.iter(PARAGRAPH)]


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TEXT, PARAGRAPH = f"{W}t", f"{W}p"


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def squeezed(text: str) -> str:
    """Without its spaces: a page breaks lines where it must."""
    return "".join(text.split())


def shape(report: Report, format: Format) -> dict[str, list[str]]:
    """Part → its tags in order, without what they hold: what a name must not be able to change."""
    with zipfile.ZipFile(io.BytesIO(document(report, format))) as archive:
        return {
            name: re.findall(r"<(/?[\w:]+)", archive.read(name).decode())
            for name in archive.namelist()
            if name.endswith((".xml", ".rels")) and "sharedStrings" not in name
        }


@cache
def harmless_shape(format: Format) -> dict[str, list[str]]:
    return shape(named("Phường An"), format)
