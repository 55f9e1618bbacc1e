"""Rows of what everybody may know: units in time, forms as they were published, waves; and the markers that say when any of it
changed. They know no person."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, Text
from sqlmodel import Field

from storage.moments import Day, Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table

__all__ = ["AUDIENCES", "STATES", "Form", "Marker", "Unit", "UnitAlias", "UnitSuccessor", "Wave", "WaveUnit"]

STATES = ("draft", "open", "closed", "sealed", "released")
AUDIENCES = ("residents", "businesses", "visits", "forum")


# ── Units: where things happen, and what became of them ──────────────────────────────────────────────────────────


class Unit(Row, table=True):
    """A ward, commune or province as it was between two days."""

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint("length(code) > 0 AND length(name) > 0", name="named"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid"),
    )

    code: str = key(Text)
    name: str = column(Text)
    kind: str = column(Text)
    province: str | None = column(Text, nullable=True)
    """The code of the province it lies in; None for a province itself."""
    valid_from: date = column(Day)
    valid_to: date | None = column(Day, nullable=True)
    """The first day on which it is no more."""
    source: str = column(Text)


class UnitSuccessor(Row, table=True):
    """On that day the one became (part of) the other."""

    __tablename__ = "unit_successors"
    __table_args__ = (
        CheckConstraint("unit <> successor", name="onward"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    successor: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    on_date: date = column(Day)
    source: str = column(Text)


class UnitAlias(Row, table=True):
    """Another name people use for a unit."""

    __tablename__ = "unit_aliases"
    __table_args__ = (
        CheckConstraint("length(alias) > 0", name="named"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    alias: str = key(Text)


# ── Forms and waves: what is asked, when, of whom ────────────────────────────────────────────────────────────────


class Form(Row, table=True):
    """A published form. It never changes: another version is another row."""

    __tablename__ = "forms"
    __table_args__ = (CheckConstraint("length(digest) = 64", name="digest"),)

    id: str = key(Text)
    version: str = key(Text)
    digest: str = column(Text)
    body: str = column(Text)
    """The form as canonical JSON."""


class Wave(Row, table=True):
    """One run of a form over an audience and a period (đợt)."""

    __tablename__ = "waves"
    __table_args__ = (
        ForeignKeyConstraint(["form_id", "form_version"], ["forms.id", "forms.version"]),
        CheckConstraint("length(slug) BETWEEN 1 AND 40", name="slug"),
        one_of("audience", AUDIENCES, name="audience"),
        one_of("state", STATES, name="state"),
        CheckConstraint("opens_at < closes_at", name="period"),
        CheckConstraint("k >= 5", name="floor"),
        CheckConstraint("key_destroyed_at IS NULL OR state IN ('sealed', 'released')", name="key"),
        {"sqlite_autoincrement": True},  # an id that was used once must never name another wave's key
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True))
    slug: str = column(Text, unique=True)
    form_id: str = column(Text)
    form_version: str = column(Text)
    title: str = column(Text)
    audience: str = column(Text)
    state: str = column(Text)
    opens_at: datetime = column(Moment)
    closes_at: datetime = column(Moment)
    closed_at: datetime | None = column(Moment, nullable=True)
    sealed_at: datetime | None = column(Moment, nullable=True)
    released_at: datetime | None = column(Moment, nullable=True)
    key_destroyed_at: datetime | None = column(Moment, nullable=True)
    k: int = column(Integer)
    """The smallest group that may be shown: 10, never below 5."""
    threshold: str | None = column(Text, nullable=True)
    """The share that passes, as a decimal (`0.9`), exactly as it was written; None when nobody has said."""


class WaveUnit(Row, table=True):
    """A unit that takes part in a wave, and how many were invited there."""

    __tablename__ = "wave_units"
    __table_args__ = (
        CheckConstraint("invited IS NULL OR invited >= 0", name="invited"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    invited: int | None = column(Integer, nullable=True)


# ── What of it was read before, and still holds ──────────────────────────────────────────────────────────────────


class Marker(Row, table=True):
    """A number that moves when something changed, so that a process may keep what it has read until then."""

    __tablename__ = "markers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: str = key(Text)
    value: int = column(BigInteger)


keep_types(table(row) for row in (Unit, UnitSuccessor, UnitAlias, Form, Wave, WaveUnit, Marker))
