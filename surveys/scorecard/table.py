"""A sheet that officers made, .xlsx or .csv, as rows of cells; refused with row and reason. It knows no meaning of a column.

Formulas are refused: what a formula shows depends on who opens the file. Nothing is guessed: “1.250” may be 1250 or 1.25.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

from surveys.forms.faults import FormFaults
from surveys.forms.files import suffix_of
from surveys.scorecard.faults import Fault, Faults

__all__ = ["Cell", "Row", "read_table", "same_words", "text_of", "whole_of"]

Cell = str | int | float | date | None

BYTES = 5_000_000
ROWS = 60_000  # a province's wards × months × procedures
DIGITS = re.compile(r"[0-9]{1,9}")
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row, its cells by column key; an empty cell is None."""

    number: int
    """As the spreadsheet counts, the header being 1 where it stands first."""
    cells: Mapping[str, Cell]


def read_table(
    name: str, content: bytes, columns: Mapping[str, str], optional: Iterable[str] = ()
) -> list[Row]:
    """`columns`: key → header, found whatever its case, accents and place. Other columns are left aside. Empty rows too.

    Raises Faults: all of them, not just the first.
    """
    if len(content) > BYTES:
        raise Faults([Fault.because(None, None, "too_large")])
    faults: list[Fault] = []
    records = _workbook(name, content, faults) if content.startswith(b"PK") else _text(content, faults)
    rows = iter([record for record in records if any(cell is not None for cell in record[1])])
    header = next(rows, None)
    if header is None:
        raise Faults([Fault.because(None, None, "no_rows")])
    places = _places([_header(cell) for cell in header[1]], columns, set(optional))
    found = [Row(number, _cells(cells, places)) for number, cells in rows]
    if faults:
        raise Faults(faults)
    if not found:
        raise Faults([Fault.because(None, None, "no_rows")])
    return found


def text_of(cell: Cell) -> str:
    """What a cell says, as text: `1` for 1 and for 1.0."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def whole_of(cell: Cell) -> int | None:
    """A whole number, written without separators; None for anything else."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else None
    if isinstance(cell, int):
        return cell
    if isinstance(cell, str) and DIGITS.fullmatch(cell.removeprefix("-")):
        return int(cell)
    return None


def same_words(text: str) -> str:
    """A text by which two spellings of the same words can be known: no case, accents or double spaces."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.split())


# ── Header ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(cell: Cell) -> str:
    return same_words(text_of(cell))


def _places(header: list[str], columns: Mapping[str, str], optional: set[str]) -> dict[str, int]:
    faults: list[Fault] = []
    places: dict[str, int] = {}
    for key, title in columns.items():
        wanted = same_words(title)
        if header.count(wanted) > 1:
            faults.append(Fault.because(None, None, "double_column", title=title))
        elif wanted in header:
            places[key] = header.index(wanted)
        elif key not in optional:
            faults.append(Fault.because(None, None, "missing_column", title=title))
    if faults:
        raise Faults(faults)
    return places


def _cells(cells: tuple[Cell, ...], places: Mapping[str, int]) -> dict[str, Cell]:
    return {key: cells[place] if place < len(cells) else None for key, place in places.items()}


# ── The two kinds of file ────────────────────────────────────────────────────────────────────────────────────────


def _text(content: bytes, faults: list[Fault]) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Faults([Fault.because(None, None, "not_utf8")]) from None
    if "\0" in text:
        raise Faults([Fault.because(None, None, "unreadable")])
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        for number, record in enumerate(
            csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        ):
            _count(number)
            yield number, tuple(_checked(cell, number, "s", faults) for cell in record)
    except csv.Error:
        raise Faults([Fault.because(None, None, "unreadable")]) from None


def _workbook(name: str, content: bytes, faults: list[Fault]) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    import openpyxl  # takes a third of a second to import, and few processes read workbooks

    try:
        suffix_of(name, content)
    except FormFaults:
        raise Faults([Fault.because(None, None, "bad_workbook")]) from None
    try:
        book = openpyxl.load_workbook(BytesIO(content), read_only=True)
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size may be wrong
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            _count(number)
            yield number, tuple(_checked(cell.value, number, cell.data_type, faults) for cell in cells)
    except Faults:
        raise
    except Exception:  # openpyxl meets a damaged file with whatever the damage leads to
        raise Faults([Fault.because(None, None, "bad_workbook")]) from None


def _count(number: int) -> None:
    if number > ROWS:
        raise Faults([Fault.because(None, None, "too_many_rows", limit=ROWS)])


def _checked(value: object, number: int, kind: str, faults: list[Fault]) -> Cell:
    if kind == "f" or (isinstance(value, str) and value.lstrip().startswith("=")):
        faults.append(Fault.because(number, None, "formula"))
        return None
    if kind == "e":
        faults.append(Fault.because(number, None, "cell_error", value=value))
        return None
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip() or None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, int | float | date) else None
