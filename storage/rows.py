"""What the database holds, one class a table. Rows hold data, not rules, and no two tables together tell who said what."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlmodel import Field, SQLModel

from storage.moments import Day, Moment

__all__ = [
    "AUDIENCES",
    "STATES",
    "Ballot",
    "Comment",
    "Contact",
    "Form",
    "Lobby",
    "Marker",
    "Quarantined",
    "Release",
    "Row",
    "Session",
    "Unit",
    "UnitAlias",
    "UnitSuccessor",
    "Wave",
    "WaveUnit",
    "metadata",
    "table",
]

STATES = ("draft", "open", "closed", "sealed", "released")
AUDIENCES = ("residents", "businesses", "visits", "forum")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """The base of every table of ours."""

    metadata = metadata


def table(row: type[Row]) -> Table:
    """The table behind a row class, for Core statements."""
    return row.__table__  # type: ignore[attr-defined, no-any-return]


def one_of(column: str, words: tuple[str, ...], *, name: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=name)


def key(kind: Any, **options: Any) -> Any:
    return Field(sa_column=Column(kind, primary_key=True, nullable=False, **options))


def column(kind: Any, *constraints: Any, nullable: bool = False, **options: Any) -> Any:
    made = Column(kind, *constraints, nullable=nullable, **options)
    return Field(default=None, sa_column=made) if nullable else Field(sa_column=made)


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


# ── Before sealing: ciphertext under a nullifier. Without rowids, because a rowid tells who came first ───────────────


class Session(Row, table=True):
    """One person's way through one wave, unreadable without the wave's key."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("length(nullifier) = 16", name="nullifier"),
        Index(None, "wave_id", "nullifier"),  # the order in which a wave is sealed
        {"sqlite_with_rowid": False},
    )

    nullifier: bytes = key(LargeBinary)
    wave_id: int = column(Integer, ForeignKey("waves.id"))
    body: bytes = column(LargeBinary)


class Lobby(Row, table=True):
    """Where a person is before they agree to a survey: choosing a language, a ward."""

    __tablename__ = "lobbies"
    __table_args__ = (
        CheckConstraint("length(nullifier) = 16", name="nullifier"),
        {"sqlite_with_rowid": False},
    )

    nullifier: bytes = key(LargeBinary)
    body: bytes = column(LargeBinary)
    touched_on: date = column(Day)


# ── After sealing: answers under no name ─────────────────────────────────────────────────────────────────────────


class Ballot(Row, table=True):
    """A sealed ballot (lá phiếu). Its position is its place in nullifier order, which no one can compute any more."""

    __tablename__ = "ballots"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("length(commitment) = 32", name="commitment"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    position: int = key(Integer, autoincrement=False)
    receipt: str = column(Text, unique=True)
    unit: str = column(Text, ForeignKey("units.code"))
    stream: str = column(Text)
    mode: str = column(Text)
    answers: str = column(Text)
    """JSON: question → value."""
    salt: bytes = column(LargeBinary)
    commitment: bytes = column(LargeBinary)


class Comment(Row, table=True):
    """What somebody wrote, kept apart from every ballot: no nullifier, no score, the week at most."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("length(week) = 8", name="week"),
        Index(None, "wave_id", "unit"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    """Random, so that the order of rows tells nothing."""
    wave_id: int = column(Integer, ForeignKey("waves.id"))
    unit: str = column(Text, ForeignKey("units.code"))
    week: str = column(Text)
    """ISO week, such as `2026-W47`."""
    body: bytes = column(LargeBinary)


class Release(Row, table=True):
    """What a ward may see of a wave: computed once, never again."""

    __tablename__ = "releases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    body: str = column(Text)
    """JSON: the fixed tables."""
    released_at: datetime = column(Moment)


# ── People we may write to. Nothing above knows of them ──────────────────────────────────────────────────────────


class Contact(Row, table=True):
    """Someone who agreed to notices, and to which."""

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    """Random."""
    account: str = column(Text)
    fingerprint: bytes = column(LargeBinary, unique=True)
    address: bytes = column(LargeBinary)
    unit: str | None = column(Text, ForeignKey("units.code"), nullable=True)
    language: str = column(Text)
    purposes: str = column(Text)
    """JSON list of what they agreed to."""
    consented_on: date = column(Day)
    consent_text: str = column(Text)
    """The very words they agreed to."""


class Quarantined(Row, table=True):
    """An update that we could not handle: what broke, never what it said."""

    __tablename__ = "quarantine"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = key(Text)
    account: str = column(Text)
    fingerprint: bytes = column(LargeBinary)
    error: str = column(Text)
    on_date: date = column(Day)


class Marker(Row, table=True):
    """A number that moves when something changed, so that a process may keep what it has read until then."""

    __tablename__ = "markers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: str = key(Text)
    value: int = column(BigInteger)


# ── SQLite takes any value in any column: a check per table makes it as strict as PostgreSQL is by nature ────────

STORED_AS = {
    Integer: "integer",
    BigInteger: "integer",
    Text: "text",
    LargeBinary: "blob",
    Moment: "text",
    Day: "text",
}


def only_its_own_types(columns: Any) -> str:
    """SQL that is true when every value is of its column's type."""
    parts = []
    for each in columns:
        stored = STORED_AS[type(each.type)]
        # The id of a rowid table is an integer by construction.
        if each.autoincrement is True:
            continue
        wanted = f"IN ('{stored}', 'null')" if each.nullable else f"= '{stored}'"
        parts.append(f"typeof({each.name}) {wanted}")
    return " AND ".join(parts)


for _table in metadata.tables.values():
    _table.append_constraint(
        CheckConstraint(only_its_own_types(_table.columns), name="types").ddl_if(dialect="sqlite")
    )
