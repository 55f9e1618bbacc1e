"""Rows of where people are before a wave is sealed: ciphertext under a nullifier. They know no person and no ward, and no time finer than
a day. They are without rowids, because a rowid tells who came first."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary

from storage.moments import Day
from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["Lobby", "Session"]


class Session(Row, table=True):
    """One person's way through one wave, unreadable without the wave's key."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("length(nullifier) = 16", name="nullifier"),
        Index(None, "wave_id", "nullifier"),  # by which a wave is looked through
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


keep_types(table(row) for row in (Session, Lobby))
