"""The report as a PDF, set by typst. What it says goes in as data (JSON), never as markup: a name that looks like a command is
printed as it stands. Fonts are those that typst carries, so the same report is the same page on every machine."""

import json
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

import typst

from surveys.assessment import Verdict
from surveys.figures import whole
from surveys.report import Cell, Part, Report, Row, Table, mark, verdict_words
from surveys.waves import LOCAL

__all__ = ["picture", "write"]

TEMPLATES = Path(__file__).with_name("templates")
NO_GLYPH = "could not be displayed"
NO_PACKAGES = str(TEMPLATES / "none")  # there is no such folder, and so no package


def write(report: Report) -> bytes:
    # Typst knows no zones: the moment is written as it is here.
    local = report.written_at.astimezone(LOCAL)
    data = {
        "head": _plain(report.head),
        "deadline": {"lines": report.deadline.lines, "is_late": report.deadline.is_late},
        "main": [_part(part) for part in report.main],
        "matrix": _part(report.matrix),
        "wards_title": report.wards_title,
        "wards": [_part(ward.part) for ward in report.wards],
        "written": [local.year, local.month, local.day, local.hour, local.minute, local.second],
        "digest": report.digest,
    }
    source = _only_ours("report", data)
    written = int(report.written_at.astimezone(UTC).timestamp())
    try:
        # Tagged (PDF/UA), so that it can be read aloud.
        made = typst.compile(**source, format="pdf", timestamp=written, pdf_standards="ua-1", pdf_tags=True)
    except typst.TypstError as trouble:
        if NO_GLYPH not in str(trouble):
            raise
        # A name in a script that our fonts do not have: boxes in its place, and no claim to the standard.
        made = typst.compile(**source, format="pdf", timestamp=written, pdf_tags=True)
    assert isinstance(made, bytes), "one document is one file"
    return made


def picture(template: str, data: object, format: Literal["png", "svg"], ppi: float) -> bytes:
    """What a template of one page makes of the data."""
    made = typst.compile(**_only_ours(template, data), format=format, ppi=ppi, timestamp=0)
    assert isinstance(made, bytes), "one page is one picture"
    return made


def _only_ours(template: str, data: object) -> Any:
    """A template and its data; no other file, font or package is read."""
    return {
        "input": TEMPLATES / f"{template}.typ",
        "root": TEMPLATES,
        "ignore_system_fonts": True,
        "package_path": NO_PACKAGES,
        "package_cache_path": NO_PACKAGES,
        "sys_inputs": {"data": json.dumps(data, ensure_ascii=False)},
    }


def _plain(head: Any) -> dict[str, object]:
    return {name: getattr(head, name) for name in type(head).__dataclass_fields__}


def _part(part: Part) -> dict[str, object]:
    return {"title": part.title, "lines": part.lines, "tables": [_table(table) for table in part.tables]}


def _table(table: Table) -> dict[str, object]:
    is_matrix = table.key == "matrix"
    return {
        "key": table.key,
        "title": table.title,
        "note": table.note,
        "fixed": table.fixed,
        "columns": [[column.title, column.width, column.is_number] for column in table.columns],
        "rows": [[row.is_heading, _cells(row, is_matrix)] for row in table.rows],
    }


def _cells(row: Row, as_letters: bool) -> list[list[str]]:
    return [_cell(cell, as_letters) for cell in row.cells]


def _cell(cell: Cell, as_letters: bool) -> list[str]:
    """Its words, and what it is: a verdict, a number or a text."""
    if isinstance(cell, Verdict):
        return [mark(cell) if as_letters else verdict_words(cell), cell.value]
    if isinstance(cell, int):
        return [whole(cell), "number"]
    return [cell, "text"]
