"""Rows of tokens for visits: issued here, spent under a name that only the wave's key can compute. They know nobody who holds one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, Text
from sqlmodel import Field

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["Counter", "Issuer", "Spent", "Token", "TokenBatch"]


class Issuer(Row, table=True):
    """A case system or an office that may issue tokens; its key is kept as a hash."""

    __tablename__ = "issuers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = key(Text)
    name: str = column(Text, unique=True)
    key_hash: bytes = column(LargeBinary, unique=True)
    units: str = column(Text)
    """JSON list of codes it may issue for."""
    created_at: datetime = column(Moment)
    revoked_at: datetime | None = column(Moment, nullable=True)


class TokenBatch(Row, table=True):
    __tablename__ = "token_batches"
    __table_args__ = (CheckConstraint("size > 0", name="size"), {"sqlite_with_rowid": False})

    id: str = key(Text)
    wave_id: int = column(Integer, ForeignKey("waves.id"))
    unit: str = column(Text, ForeignKey("units.code"))
    issuer: str | None = column(Text, ForeignKey("issuers.id"), nullable=True)
    size: int = column(Integer)
    issued_at: datetime = column(Moment)
    expires_at: datetime = column(Moment)
    entered_at: datetime | None = column(Moment, nullable=True)
    """When the ledger came to speak of it."""


class Token(Row, table=True):
    """A one-time token as a hash. This row never changes: that a token is spent is written elsewhere, under another name."""

    __tablename__ = "tokens"
    __table_args__ = ({"sqlite_with_rowid": False},)

    hash: bytes = key(LargeBinary)
    batch: str = column(Text, ForeignKey("token_batches.id"))


class Spent(Row, table=True):
    """That some token of a wave is spent: an HMAC under the wave's key, gone with the sessions."""

    __tablename__ = "spent"
    __table_args__ = ({"sqlite_with_rowid": False},)

    mark: bytes = key(LargeBinary)
    wave_id: int = column(Integer, ForeignKey("waves.id"))


class Counter(Row, table=True):
    """A counter with a tablet, and how long it is open in a week: what so many visits can come from."""

    __tablename__ = "counters"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 99", name="number"),
        CheckConstraint("hours_a_week BETWEEN 1 AND 168", name="hours"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    number: int = key(Integer, autoincrement=False)
    hours_a_week: int = column(Integer)


keep_types(table(row) for row in (Issuer, TokenBatch, Token, Spent, Counter))
