"""Rows of what sealing leaves behind of answers, and of what is published of them: under no name, in no order of arrival. A release is
appended and nothing else: the database itself refuses to change or delete one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, Text
from sqlmodel import Field

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["Ballot", "Receipt", "Release", "Stratum"]


class Ballot(Row, table=True):
    """A sealed ballot (lá phiếu). Its position follows from the wave's key, which is gone: no one can compute it any more."""

    __tablename__ = "ballots"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("length(commitment) = 32", name="commitment"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    position: int = key(Integer, autoincrement=False)
    unit: str = column(Text, ForeignKey("units.code"))
    stream: str = column(Text)
    mode: str = column(Text)
    answers: str = column(Text)
    """JSON: question → value."""
    salt: bytes = column(LargeBinary)
    commitment: bytes = column(LargeBinary)


class Release(Row, table=True):
    """What a ward may see of a wave: computed once, never again."""

    __tablename__ = "releases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    body: str = column(Text)
    """JSON: the fixed tables."""
    released_at: datetime = column(Moment)


class Receipt(Row, table=True):
    """A receipt of a wave's ballots, apart from them: whoever has it learns that its ballot is included, never which one it is."""

    __tablename__ = "receipts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    receipt: str = key(Text)
    wave_id: int = column(Integer, ForeignKey("waves.id"))


class Stratum(Row, table=True):
    """Ballots of one unit that came one way, as far as sealing looked at how they came; their times are gone with the sessions."""

    __tablename__ = "strata"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    stream: str = key(Text)
    mode: str = key(Text)
    body: str = column(Text)
    """JSON: what the detectors counted."""


keep_types(table(row) for row in (Ballot, Release, Receipt, Stratum))
