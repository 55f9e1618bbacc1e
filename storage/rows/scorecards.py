"""Rows of the scorecard: criteria sets, and what was put on record. They are only ever appended: the database itself refuses to change or
delete one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["CriteriaSetRow", "Record"]


class CriteriaSetRow(Row, table=True):
    """A criteria set as canonical JSON."""

    __tablename__ = "criteria_sets"
    __table_args__ = (
        CheckConstraint("length(digest) = 64", name="digest"),
        {"sqlite_with_rowid": False},
    )

    digest: str = key(Text)
    id: str = column(Text)
    line: str = column(Text)
    added_at: datetime = column(Moment)


class Record(Row, table=True):
    """Evidence, a signature, a withdrawal, a frozen card, an appeal …: what was put on record, as canonical JSON."""

    __tablename__ = "records"
    __table_args__ = (Index(None, "unit", "year"), {"sqlite_with_rowid": False})

    id: str = key(Text)
    kind: str = column(Text)
    unit: str | None = column(Text, ForeignKey("units.code"), nullable=True)
    """None for what holds for every unit."""
    year: int | None = column(Integer, nullable=True)
    body: str = column(Text)
    at: datetime = column(Moment)


keep_types(table(row) for row in (CriteriaSetRow, Record))
