"""A release as one plain table: a row a number, the same rows for every file and for the API. It computes nothing but shares and
intervals of released counts; what is empty and what is hidden are the same empty row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace

from surveys.forms.session import Mode
from surveys.releases import Line, Part, QuestionTable, Released, ReleasedProvince, ReleasedWard

__all__ = ["COLUMNS", "Row", "rows"]

LANGUAGE = "vi"
NOT_ANONYMOUS = "không ẩn danh"
PLACES = 6  # decimals of a share between 0 and 1: a ten-thousandth of a per cent


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a release. None: empty, or too few to show; nobody can tell which."""

    wave: str
    unit: str
    unit_name: str
    table: str
    """`ward`, `question`, `open`, `stream`, `mode`, `beside`, `service`, `total`; `zbs`: not anonymous, and in none of the others."""
    question: str
    answer: str
    label: str
    numerator: int | None
    denominator: int | None
    share: float | None
    low: float | None
    """Of the 95 % interval."""
    high: float | None
    bound: str | None
    """`≥ 90 %`."""

    @property
    def values(self) -> tuple[str | int | float | None, ...]:
        """By `COLUMNS`."""
        return tuple(getattr(self, name) for name in COLUMNS)


COLUMNS = tuple(field.name for field in fields(Row))


def rows(released: Iterable[Released]) -> Iterator[Row]:
    """In the order of what is released; each total once."""
    totals: set[str] = set()
    for line in released:
        if isinstance(line, ReleasedProvince):
            yield from _province(line)
            continue
        if line.wave.slug not in totals:
            totals.add(line.wave.slug)
            yield _row(line.wave.slug, "", "", "total", "", line.wave.total)
        yield from _ward(line)


def _ward(ward: ReleasedWard) -> Iterator[Row]:
    slug, unit, name = ward.wave.slug, ward.unit, ward.unit_name
    for figure in (ward.index, ward.top, ward.lowest_two):
        yield _row(slug, unit, name, "ward", "", figure, ward.answered)
    for kind, tables in (("question", ward.questions), ("open", ward.open_questions)):
        for table in tables:
            for line in _lines(table):
                yield _row(slug, unit, name, kind, table.name, line, table.n)
    for table in ward.ratings or ():
        for line in _lines(table):
            row = _row(slug, unit, name, Mode.ZBS.value, table.name, line, table.n)
            # Whoever cuts rows out of this table takes these words with them.
            yield replace(row, label=f"{row.label} ({NOT_ANONYMOUS})")
    for kind, parts in (("stream", ward.streams), ("mode", ward.modes)):
        for part in parts:
            yield _part(slug, unit, name, kind, part)
    if ward.beside is not None:
        yield _part(slug, unit, name, "beside", ward.beside)


def _province(province: ReleasedProvince) -> Iterator[Row]:
    slug, unit, name = province.wave.slug, province.unit, province.unit_name
    yield _row(slug, unit, name, "total", "", province.index, province.n)
    for part in province.services:
        yield _part(slug, unit, name, "service", part)


def _lines(table: QuestionTable) -> Iterator[Line]:
    yield from (line for line in (table.index, table.lowest_two) if line)
    yield from table.answers


def _part(slug: str, unit: str, name: str, kind: str, part: Part) -> Row:
    line = Line(part.name, part.label, part.index.figure)
    return _row(slug, unit, name, kind, "", line, part.n)


def _row(slug: str, unit: str, name: str, kind: str, question: str, line: Line, n: int | None = None) -> Row:
    figure = line.figure
    interval = figure.interval if figure else None
    return Row(
        slug,
        unit,
        name,
        kind,
        question,
        line.name,
        _word(line.label),
        figure.numerator if figure else None,
        figure.denominator if figure else n,
        round(float(figure.share), PLACES) if figure else None,
        round(interval.low, PLACES) if interval else None,
        round(interval.high, PLACES) if interval else None,
        str(line.bound) if line.bound else None,
    )


def _word(words: Mapping[str, str]) -> str:
    return words.get(LANGUAGE) or next(iter(words.values()), "")
