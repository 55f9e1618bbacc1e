"""The 22 criteria as a workbook: an empty one to fill in, and what comes back. It knows the columns, and no wording.

What is imported is a new set with its own id and digest; the shipped frame stays empty. The same set gives the same bytes.
"""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

from surveys.scorecard.criteria import (
    Basis,
    CriteriaSet,
    Criterion,
    Group,
    Measure,
    Quote,
    RegisterShare,
    Threshold,
)
from surveys.scorecard.faults import Fault, Faults
from surveys.scorecard.reading import faults_of
from surveys.scorecard.table import Row, read_table, same_words, text_of, whole_of
from surveys.scorecard.words import say, words_of

__all__ = ["import_framework", "template"]

COLUMNS = (
    "number",
    "group",
    "wording",
    "short",
    "basis",
    "measure",
    "threshold",
    "counted",
    "fed_by",
    "source",
)
OPTIONAL = ("short", "basis", "measure", "threshold", "counted", "fed_by")
WIDTHS = (6, 28, 70, 36, 24, 12, 12, 20, 16, 36)
# How the schema's own columns are called in the workbook, for faults found there.
SHOWN = {"id": "number", "groups": "group", "register": "basis"}
THRESHOLD = re.compile(r"(≥|>=|≤|<=)\s*([0-9]+(?:[.,][0-9]+)?)\s*(%?)")
AT_LEAST = ("≥", ">=")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment a zip archive can write down


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def template(criteria: CriteriaSet) -> bytes:
    """A workbook (.xlsx) with a row a criterion: what is known of it, and room for what is not. The same set, the same bytes."""
    import openpyxl  # takes a third of a second to import, and few processes write workbooks

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = say("framework", "sheet")
    titles = words_of("framework")
    groups = {group.id: group.name for group in criteria.groups}
    _write_row(sheet, 1, [titles[column] for column in COLUMNS])
    for number, criterion in enumerate(criteria.criteria, start=1):
        _write_row(sheet, number + 1, [number, *_written(criterion, groups)])
    for place, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJ"[place]].width = width
    sheet.freeze_panes = "A2"
    guide: Any = book.create_sheet(say("framework", "help_sheet"))
    for number, line in enumerate(titles["help"].splitlines(), start=1):
        _write_row(guide, number, [line])
    buffer = BytesIO()
    book.save(buffer)
    return _without_time(buffer.getvalue())


def _written(criterion: Criterion, groups: dict[str, str]) -> list[str]:
    if criterion.is_slot:
        return [""] * (len(COLUMNS) - 1)
    basis = criterion.basis[0]
    key = f"{basis}:{criterion.register}" if criterion.register else basis.value
    return [
        groups[criterion.groups[0]],
        "\n".join(quote.text for quote in criterion.quotes),
        criterion.short,
        words_of("basis")[key],
        words_of("measure")[criterion.measure],
        _threshold_text(criterion),
        criterion.counted,
        " ".join(criterion.fed_by),
        criterion.source,
    ]


def _threshold_text(criterion: Criterion) -> str:
    threshold = criterion.threshold
    if threshold is None:
        return ""
    sign, bound = ("≥", threshold.at_least) if threshold.at_least is not None else ("≤", threshold.at_most)
    assert bound is not None
    if criterion.measure is Measure.SHARE:
        percent = Decimal(bound.numerator * 100) / bound.denominator
        return f"{sign} {percent.normalize():f} %".replace(".", ",")
    return f"{sign} {bound}"


def _write_row(sheet: Any, number: int, values: Sequence[str | int]) -> None:
    for place, value in enumerate(values, start=1):
        if value == "":
            continue
        cell = sheet.cell(row=number, column=place, value=value)
        if isinstance(value, str):
            cell.data_type = "s"  # a text that begins with “=” stays a text


def _without_time(book: bytes) -> bytes:
    """openpyxl writes the hour into a workbook; the same content shall be the same bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2021-07-13T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


# ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def import_framework(
    frame: CriteriaSet, name: str, content: bytes, *, id: str, source: str, valid_from: date
) -> CriteriaSet:
    """A frame's slots filled from a workbook or CSV; a slot that is not in it stays empty, the pass rule stays the frame's.

    `id` and `source` are the new set's own; they may not be empty, nor the id the frame's. Raises Faults, ValueError.
    """
    if not id or not source or id == frame.id:
        raise ValueError("An imported set has an id of its own and a source.")
    columns = {column: say("framework", column) for column in COLUMNS}
    reader = _Reader(frame)
    for row in read_table(name, content, columns, OPTIONAL):
        reader.take(row)
    if reader.faults:
        raise Faults(reader.faults)
    criteria = tuple(reader.found.get(number, slot) for number, slot in enumerate(frame.criteria, start=1))
    found = replace(
        frame,
        id=id,
        source=source,
        valid_from=valid_from,
        valid_to=None,
        groups=tuple(Group(id, name) for name, id in reader.groups.items()),
        criteria=criteria,
    )
    rows = [reader.rows.get(number, 1) for number in range(1, len(criteria) + 1)]
    faults = list(faults_of(found, rows, lambda column: columns.get(SHOWN.get(column, column), column)))
    if faults:
        raise Faults(sorted(faults, key=lambda fault: fault.row or 0))
    return found


@dataclass
class _Reader:
    frame: CriteriaSet
    found: dict[int, Criterion] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    """Name → id, in the order in which they first appear."""
    faults: list[Fault] = field(default_factory=list)

    def take(self, row: Row) -> None:
        number = whole_of(row.cells["number"])
        if number is None or not 1 <= number <= len(self.frame.criteria):
            return self.note(row, "number", "bad_number", of=len(self.frame.criteria))
        if number in self.rows:
            return self.note(row, "number", "duplicate", other=self.rows[number])
        self.rows[number] = row.number
        filled = [column for column in COLUMNS if column != "number" and text_of(row.cells.get(column))]
        if not filled:
            return None
        for column in ("group", "wording", "source"):
            if column not in filled:
                self.note(row, column, "missing")
        self.found[number] = self.criterion(row, self.frame.criteria[number - 1])
        return None

    def criterion(self, row: Row, slot: Criterion) -> Criterion:
        basis, register = self.basis(row)
        group = self.groups.setdefault(self.text(row, "group"), str(len(self.groups) + 1))
        measure = self.word(row, "measure", Measure.YES_NO.value)
        return Criterion(
            id=slot.id,
            groups=(group,),
            short=self.text(row, "short") or slot.short,
            quotes=(Quote(None, self.text(row, "wording")),),
            basis=(basis,),
            measure=Measure(measure),
            threshold=self.threshold(row, measure),
            counted=self.text(row, "counted"),
            register=register,
            fed_by=tuple(self.text(row, "fed_by").split()),
            source=self.text(row, "source"),
        )

    def basis(self, row: Row) -> tuple[Basis, RegisterShare | None]:
        name, _, register = self.word(row, "basis", Basis.ENTERED.value).partition(":")
        return Basis(name), RegisterShare(register) if register else None

    def threshold(self, row: Row, measure: str) -> Threshold | None:
        text = self.text(row, "threshold")
        if not text:
            return None
        match = THRESHOLD.fullmatch(text)
        if match is None or (match[3] == "%") is not (measure == Measure.SHARE):
            self.note(row, "threshold", "bad_threshold", value=text)
            return None
        bound = Fraction(match[2].replace(",", ".")) / (100 if match[3] else 1)
        return Threshold(at_least=bound) if match[1] in AT_LEAST else Threshold(at_most=bound)

    def word(self, row: Row, column: str, usual: str) -> str:
        """The key of the word that stands in a cell; `usual` for an empty one."""
        text = self.text(row, column)
        if not text:
            return usual
        words = words_of(column)
        for key, word in words.items():
            if same_words(word) == same_words(text):
                return key
        self.note(row, column, "unknown_word", value=text, words="; ".join(words.values()))
        return usual

    def text(self, row: Row, column: str) -> str:
        return text_of(row.cells.get(column))

    def note(self, row: Row, column: str, key: str, **parts: object) -> None:
        self.faults.append(Fault.because(row.number, say("framework", column), key, **parts))
