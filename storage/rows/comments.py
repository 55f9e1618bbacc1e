"""Rows of what people wrote, apart from every ballot; who reads it, and whom it must not reach. They know no nullifier, no receipt
and no time finer than a day."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Text
from sqlmodel import Field

from storage.moments import Day
from storage.rows.tables import Row, column, keep_types, key, one_of, table

__all__ = ["Comment", "CommentReview", "Leader"]


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


class CommentReview(Row, table=True):
    """What the province decided of a comment."""

    __tablename__ = "comment_reviews"
    __table_args__ = (
        one_of("state", ("passed", "withheld"), name="state"),
        CheckConstraint("batch IS NULL OR state = 'passed'", name="handed"),
        {"sqlite_with_rowid": False},
    )

    comment: str = Field(sa_column=Column(Text, ForeignKey("comments.id"), primary_key=True))
    state: str = column(Text)
    decided_by: str = column(Text)
    decided_on: date = column(Day)
    batch: int | None = column(Integer, nullable=True)
    """The ten it was shown to its ward with; None while it waits for them."""


class Leader(Row, table=True):
    """The chief or a deputy of a ward: what names them never goes to that ward."""

    __tablename__ = "leaders"
    __table_args__ = ({"sqlite_with_rowid": False},)

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    name: str = key(Text)
    post: str = column(Text)


keep_types(table(row) for row in (Comment, CommentReview, Leader))
