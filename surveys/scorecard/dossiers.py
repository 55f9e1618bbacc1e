"""The dossier register (sổ hồ sơ): how many procedures were resolved, early and late. Official figures; what residents say of
time stands beside them and is never mixed in.

“Ít nhất 10% hồ sơ được giải quyết trước thời gian quy định” (S1:L121) names no denominator. Ours is the dossiers *resolved* in the
period: those still open have no result that could be early.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Protocol

from surveys.results import Proportion
from surveys.scorecard.criteria import Basis, CriteriaSet, RegisterShare
from surveys.scorecard.evidence import Document, Entered, enter
from surveys.scorecard.faults import Fault, Faults
from surveys.scorecard.table import Cell, Row, read_table, text_of, whole_of
from surveys.scorecard.words import say
from surveys.units import Unit

__all__ = ["Dossiers", "Month", "Register", "Totals", "entries", "read_register"]

COLUMNS = ("unit", "period", "procedure", "resolved", "early", "on_time", "late")
OPTIONAL = ("procedure", "on_time")
COUNTS = ("resolved", "early", "late")
MONTH = re.compile(r"(?:(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})|(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4}))")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)


@dataclass(frozen=True, slots=True)
class Dossiers:
    """One row of the register: one unit, one month, perhaps one procedure."""

    unit: str
    period: Month
    procedure: str
    """Empty where a row counts all procedures."""
    resolved: int
    early: int
    late: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a register says of one unit over some months."""

    resolved: int
    early: int
    late: int
    months: tuple[Month, ...]
    """The months there are rows for, in order. A month without rows is not a month without dossiers."""

    def share(self, which: RegisterShare) -> Proportion | None:
        """Among the dossiers resolved, exact; None when none were."""
        if not self.resolved:
            return None
        return Proportion(
            self.early if which is RegisterShare.EARLY else self.resolved - self.late, self.resolved
        )


@dataclass(frozen=True, slots=True)
class Register:
    """A register as it was handed in."""

    digest: str
    """SHA-256 of the file, in hexadecimal: what the evidence made from it points to."""
    rows: tuple[Dossiers, ...]

    def of(self, unit: str, year: int) -> Totals | None:
        """None when it has no row of the unit in that year."""
        rows = [row for row in self.rows if row.unit == unit and row.period.year == year]
        return _total(rows) if rows else None

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(sorted({row.unit for row in self.rows}))


def _total(rows: Iterable[Dossiers]) -> Totals:
    rows = tuple(rows)
    return Totals(
        sum(row.resolved for row in rows),
        sum(row.early for row in rows),
        sum(row.late for row in rows),
        tuple(sorted({row.period for row in rows})),
    )


def entries(
    criteria: CriteriaSet,
    register: Register,
    unit: str,
    year: int,
    *,
    document: Document,
    officer: str,
    entered_at: datetime,
) -> tuple[Entered, ...]:
    """Evidence for every criterion that asks for a share of the register, to be countersigned like any other.

    `document`: the paper the register came with; its file is the register. None arose where no dossier was resolved. Empty
    when the register has no row of the unit. Raises NotFitting.
    """
    totals = register.of(unit, year)
    if totals is None:
        return ()
    return tuple(
        enter(
            criteria,
            Entered(
                id=f"{register.digest[:16]}/{criteria.id}/{unit}/{criterion.id}",
                criterion=criterion.id,
                unit=unit,
                year=year,
                value=totals.share(criterion.register),
                document=Document(document.number, document.issued_on, document.title, register.digest),
                officer=officer,
                entered_at=entered_at,
                basis=Basis.REGISTER,
                note=", ".join(map(str, totals.months)),
            ),
        )
        for criterion in criteria.criteria
        if criterion.register is not None
    )


def read_register(name: str, content: bytes, *, year: int, units: Mapping[str, Unit]) -> Register:
    """A .xlsx or .csv with the columns of `words.toml`, all rows of one year. `units`: code → unit.

    One bad row refuses the whole file, so that no half of it is ever counted. Raises Faults.
    """
    columns = {column: say("dossiers", column) for column in COLUMNS}
    faults: list[Fault] = []
    found: list[Dossiers] = []
    seen: dict[tuple[str, Month, str], int] = {}
    for row in read_table(name, content, columns, OPTIONAL):
        dossiers = _dossiers(row, year, units, faults)
        if dossiers is None:
            continue
        key = (dossiers.unit, dossiers.period, dossiers.procedure.casefold())
        if key in seen:
            faults.append(Fault.because(row.number, None, "duplicate", other=seen[key]))
        seen.setdefault(key, row.number)
        found.append(dossiers)
    if faults:
        raise Faults(sorted(faults, key=lambda fault: fault.row or 0))
    return Register(sha256(content).hexdigest(), tuple(found))


def _dossiers(row: Row, year: int, units: Mapping[str, Unit], faults: list[Fault]) -> Dossiers | None:
    def note(column: str | None, key: str, **parts: object) -> None:
        title = say("dossiers", column) if column else None
        faults.append(Fault.because(row.number, title, key, **parts))

    before = len(faults)
    month = _month(row.cells["period"])
    if month is None:
        note("period", "bad_period", value=text_of(row.cells["period"]))
    elif month.year != year:
        note("period", "other_year", value=month, year=year)
    code = text_of(row.cells["unit"])
    if code not in units:
        note("unit", "unknown_unit", value=code)
    elif month and month.year == year and not _was_there(units[code], month):
        note("unit", "unit_not_then", value=code)
    counts = {column: _count(row, column, note) for column in (*COUNTS, "on_time")}
    if len(faults) > before or month is None:
        return None
    resolved, early, late = (counts[column] or 0 for column in COUNTS)
    if early + late > resolved:
        note(None, "more_than_resolved", early=early, late=late, resolved=resolved)
        return None
    on_time = counts["on_time"]
    if on_time is not None and early + on_time + late != resolved:
        note(None, "does_not_add_up", sum=early + on_time + late, resolved=resolved)
        return None
    return Dossiers(code, month, text_of(row.cells.get("procedure")), resolved, early, late)


class _Note(Protocol):
    def __call__(self, column: str | None, key: str, **parts: object) -> None: ...


def _count(row: Row, column: str, note: _Note) -> int | None:
    cell = row.cells.get(column)
    if cell is None:
        if column in COUNTS:
            note(column, "missing")
        return None
    number = whole_of(cell)
    if number is None:
        note(column, "not_whole", value=text_of(cell))
    elif number < 0:
        note(column, "negative")
    return number


def _month(cell: Cell) -> Month | None:
    if isinstance(cell, date):
        return Month(cell.year, cell.month)
    match = MONTH.fullmatch(text_of(cell))
    if match is None:
        return None
    month = Month(int(match["year"] or match["y"]), int(match["month"] or match["m"]))
    return month if 1 <= month.month <= 12 and month.year else None


def _was_there(unit: Unit, month: Month) -> bool:
    """Whether the unit existed on any day of the month."""
    first = month.first_day
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return unit.valid_from < following and (unit.valid_to is None or first < unit.valid_to)
