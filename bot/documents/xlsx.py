"""The report as a workbook: a sheet a table, all wards of a kind in one. Every text is written as text; nothing in it is ever
a formula, a link or a number in disguise. Shares are texts too: a spreadsheet would round them to the width of their column."""

from collections.abc import Iterable
from datetime import UTC
from io import BytesIO
from typing import Any

import xlsxwriter

from bot.documents.archive import steady
from surveys.assessment import Verdict
from surveys.report import Cell, Column, Report, Row, Table, mark, say, verdict_words

__all__ = ["write"]

FONT = "Times New Roman"
HEADER = 3  # the row of column titles: the table's name and note stand above it
MOST_ROTATED = 8  # so many columns may stand upright; beyond, names are turned
A4 = 9
ACROSS = (("unit", 9), ("ward", 24))  # what tells the wards apart in a sheet of all of them

# Pale, and told apart in grey as well; the words or letters say it without them.
SHADES = {
    Verdict.MET: "#DDEFD9",
    Verdict.NOT_MET: "#F4C7C3",
    Verdict.TOO_FEW: "#FFF2CC",
    Verdict.NO_BASIS: "#F2F2F2",
}
# Nothing may become what it is not, whatever it looks like.
AS_IT_STANDS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write(report: Report) -> bytes:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, **AS_IT_STANDS})
    head = report.head
    book.set_properties(
        {
            "title": f"{head.title}: {head.subject}",
            "author": head.office,
            "comments": report.digest,
            "created": report.written_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        }
    )
    sheets = Sheets(book)
    sheets.lines(say("sheet", "head"), _head(report))
    for table in (*_tables(report), *_of_all_wards(report)):
        sheets.table(table)
    sheets.lines(say("sheet", "method"), [report.method.title, *report.method.lines])
    book.close()
    return steady(made.getvalue())


def _head(report: Report) -> list[str]:
    head = report.head
    return [
        *(head.superior, head.office, head.number, head.country, head.motto, head.place_and_day),
        *(head.title, head.subject),
        *report.deadline.lines,
        *report.results.lines,
        *report.roadmap.lines,
        *(head.recipients_title, *(f"- {each}" for each in head.recipients), head.signer_title, head.signer),
    ]


def _tables(report: Report) -> Iterable[Table]:
    for part in (report.results, report.roadmap, report.waves, report.matrix):
        yield from part.tables


def _of_all_wards(report: Report) -> Iterable[Table]:
    """The wards' tables of one kind under each other, each row with its ward."""
    kinds: dict[str, Table] = {}
    rows: dict[str, list[Row]] = {}
    for ward in report.wards:
        for table in ward.part.tables:
            kinds.setdefault(table.key, table)
            whose = (ward.unit, ward.name)
            rows.setdefault(table.key, []).extend(Row((*whose, *row.cells)) for row in table.rows)
    across = tuple(Column(key, say("column", key), width) for key, width in ACROSS)
    for key, table in kinds.items():
        columns = (*across, *table.columns)
        yield Table(key, table.title, table.sheet, columns, tuple(rows[key]), len(across))


class Sheets:
    """A workbook being filled."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._text = self._format(text_wrap=True, valign="top", border=1)
        self._number = self._format(num_format="#,##0", valign="top", border=1)
        self._right = self._format(align="right", valign="top", border=1)
        self._group = self._format(text_wrap=True, valign="top", border=1, bold=True, bg_color="#EDEDED")
        self._header = self._format(
            bold=True, text_wrap=True, align="center", valign="vcenter", border=1, bg_color="#D9E2F3"
        )
        self._turned = self._format(bold=True, rotation=90, border=1, bg_color="#D9E2F3", valign="bottom")
        self._title = self._format(bold=True, font_size=14)
        self._plain = self._format(text_wrap=True, valign="top", font_size=13)
        self._verdicts = {
            (verdict, bold): self._format(
                align="center", valign="top", border=1, bg_color=shade, bold=bold, text_wrap=True
            )
            for verdict, shade in SHADES.items()
            for bold in (False, True)
        }

    def lines(self, name: str, lines: Iterable[str]) -> None:
        """A sheet of sentences, one a row."""
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 110)
        sheet.set_portrait()
        for row, line in enumerate(lines):
            _text(sheet, row, 0, line, self._plain)

    def table(self, table: Table) -> None:
        sheet = self._sheet(table.sheet)
        sheet.set_landscape()
        _text(sheet, 0, 0, table.title, self._title)
        _text(sheet, 1, 0, table.note, None)
        self._columns(sheet, table)
        as_letters = table.key == "matrix"
        for place, row in enumerate(table.rows, start=HEADER + 1):
            for column, cell in enumerate(row.cells):
                self._cell(sheet, place, column, cell, table.columns[column], row, as_letters)
        last = HEADER + len(table.rows), len(table.columns) - 1
        if not as_letters and table.rows:
            sheet.autofilter(HEADER, 0, *last)
        sheet.freeze_panes(HEADER + 1, table.fixed)
        sheet.repeat_rows(HEADER)
        sheet.repeat_columns(0, table.fixed - 1)
        sheet.print_area(0, 0, *last)
        if len(table.columns) <= MOST_ROTATED + table.fixed:
            sheet.fit_to_pages(1, 0)

    def _columns(self, sheet: Any, table: Table) -> None:
        turned = len(table.columns) - table.fixed > MOST_ROTATED and table.key == "matrix"
        for place, column in enumerate(table.columns):
            is_turned = turned and place >= table.fixed
            width = (
                5
                if is_turned
                else max(column.width, 12 if table.key == "matrix" and place >= table.fixed else 0)
            )
            sheet.set_column(place, place, width)
            _text(sheet, HEADER, place, column.title, self._turned if is_turned else self._header)
        if turned:
            sheet.set_row(HEADER, 150)

    def _cell(
        self, sheet: Any, row: int, place: int, cell: Cell, column: Column, whole: Row, as_letters: bool
    ) -> None:
        if isinstance(cell, Verdict):
            words = mark(cell) if as_letters else verdict_words(cell)
            _text(sheet, row, place, words, self._verdicts[cell, whole.is_heading])
        elif isinstance(cell, int):
            sheet.write_number(row, place, cell, self._number)
        else:
            plain = self._right if column.is_number else self._text
            _text(sheet, row, place, cell, self._group if whole.is_heading else plain)

    def _sheet(self, name: str) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.set_paper(A4)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.set_footer("&C&P/&N")
        sheet.hide_gridlines(2)
        return sheet

    def _format(self, **how: object) -> Any:
        return self._book.add_format({"font_name": FONT, "font_size": 12, **how})


def _text(sheet: Any, row: int, column: int, text: str, how: Any) -> None:
    """As text, never as anything else; an empty one leaves the cell empty."""
    if text and sheet.write_string(row, column, text, how) != 0:
        raise ValueError(f"The sheet does not take the text in row {row + 1}.")
    if not text and how is not None:
        sheet.write_blank(row, column, None, how)
