"""Rows of the trail: what was fixed of a wave, what happened, what waits for a second person. They know no resident.

Documents, terms and the ledger's lines are only ever appended: the database itself refuses to change or delete one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, Text
from sqlmodel import Field

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["Document", "KeyPostponement", "LedgerLine", "Proposal", "WaveSeal", "WaveTerms"]


class Document(Row, table=True):
    """A text that a digest stands for: terms, weights, formulas, criteria."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("length(digest) = 64", name="digest"),
        {"sqlite_with_rowid": False},
    )

    digest: str = key(Text)
    body: str = column(Text)


class WaveTerms(Row, table=True):
    """What was fixed before a wave took its first answer: digests of documents, and what its sample is drawn with."""

    __tablename__ = "wave_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    terms: str = column(Text, ForeignKey("documents.digest"))
    weights: str = column(Text, ForeignKey("documents.digest"))
    formulas: str = column(Text, ForeignKey("documents.digest"))
    criteria: str = column(Text, ForeignKey("documents.digest"))
    seed: str = column(Text)


class WaveSeal(Row, table=True):
    """How a wave was sealed, and what may still hold its next step up."""

    __tablename__ = "wave_seals"
    __table_args__ = (
        CheckConstraint("places >= 0 AND withdrawn >= 0", name="counts"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    root: bytes = column(LargeBinary)
    places: int = column(Integer)
    """Leaves of the tree, blank ones among them."""
    withdrawn: int = column(Integer)
    release_due: datetime = column(Moment)
    """Not before: a flagged stratum gets its days for a decision."""


class KeyPostponement(Row, table=True):
    """A wave's key is kept until then: two persons decided so and said why. The latest one counts."""

    __tablename__ = "key_postponements"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    until: datetime = Field(sa_column=Column(Moment, primary_key=True))


class LedgerLine(Row, table=True):
    """One entry of the ledger, as it is signed."""

    __tablename__ = "ledger"
    __table_args__ = (CheckConstraint("number >= 1", name="number"), {"sqlite_with_rowid": False})

    number: int = key(Integer, autoincrement=False)
    line: str = column(Text)


class Proposal(Row, table=True):
    """What one person asks for and another must confirm."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    kind: str = column(Text)
    subject: str = column(Text)
    """The wave's slug, or whatever else it is about."""
    body: str = column(Text)
    """JSON."""
    proposed_by: str = column(Text)
    proposed_at: datetime = column(Moment)
    confirmed_by: str | None = column(Text, nullable=True)
    confirmed_at: datetime | None = column(Moment, nullable=True)


keep_types(table(row) for row in (Document, WaveTerms, WaveSeal, KeyPostponement, LedgerLine, Proposal))
