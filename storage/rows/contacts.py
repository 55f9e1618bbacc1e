"""Rows of people we may write to, and of what we could not handle. No row of answers knows of them, and they know of none."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text

from storage.moments import Day, Moment
from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["Contact", "HeardAt", "Link", "Quarantined"]


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


class HeardAt(Row, table=True):
    """When somebody who agreed to notices last wrote, to the hour: where a platform lets us write only for a while after."""

    __tablename__ = "heard"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    at: datetime = column(Moment)


class Link(Row, table=True):
    """An address that stands for another one, because its person said with a code that both are theirs."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16 AND length(first) = 16", name="fingerprints"),
        Index(None, "first"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    first: bytes = column(LargeBinary)
    """The fingerprint of the address it stands for."""
    address: bytes = column(LargeBinary)
    """That address, encrypted."""


class Quarantined(Row, table=True):
    """An update that we could not handle: what broke, never what it said."""

    __tablename__ = "quarantine"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = key(Text)
    account: str = column(Text)
    fingerprint: bytes = column(LargeBinary)
    error: str = column(Text)
    on_date: date = column(Day)


keep_types(table(row) for row in (Contact, HeardAt, Link, Quarantined))
