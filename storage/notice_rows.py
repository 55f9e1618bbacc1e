"""Rows of notices: what was written, in which state, and which topics of which wards somebody wants."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Text
from sqlmodel import Field

from storage.moments import Day, Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table
from surveys.notices import EVERY_TOPIC, Category, State

__all__ = ["NoticeRow", "NoticeTemplate", "Picture", "Seen", "Subscription"]

CATEGORIES = tuple(category.value for category in Category)
TOPICS = tuple(topic.value for topic in EVERY_TOPIC)
UNAPPROVED = tuple(
    each.value
    for each in (
        State.DRAFT,
        State.SUBMITTED,
        State.REJECTED,
        State.CANCELLED,
        State.EXPIRED,
        State.ARCHIVED,
    )
)
"""Whatever is in another state was approved: the database itself keeps that promise."""


class NoticeRow(Row, table=True):
    """A notice. What is looked for has a column; the rest is `body`."""

    __tablename__ = "notices"
    __table_args__ = (
        one_of("state", tuple(state.value for state in State), name="state"),
        one_of("category", CATEGORIES, name="category"),
        CheckConstraint("length(code) BETWEEN 6 AND 8", name="code"),
        CheckConstraint("version >= 1 AND seen >= 0", name="numbers"),
        CheckConstraint("is_urgent IN (0, 1) AND is_self_approved IN (0, 1)", name="facts"),
        CheckConstraint(
            f"approved_by IS NOT NULL OR state IN ({', '.join(repr(word) for word in UNAPPROVED)})",
            name="approved",
        ),
        CheckConstraint("begun_at IS NULL OR approved_by IS NOT NULL", name="left_approved"),
        CheckConstraint(
            "approved_by IS NULL OR approved_by <> written_by OR (is_self_approved = 1 AND is_urgent = 1)",
            name="by_another",
        ),
        Index(None, "unit", "begun_at"),
        Index(None, "state", "due_at"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    """Random."""
    code: str = column(Text, unique=True)
    unit: str = column(Text, ForeignKey("units.code"))
    category: str = column(Text)
    state: str = column(Text)
    version: int = column(Integer)
    is_urgent: int = column(Integer)
    is_self_approved: int = column(Integer)
    written_by: str = column(Text)
    """The person whose words the present ones are."""
    approved_by: str | None = column(Text, nullable=True)
    written_at: datetime = column(Moment)
    changed_at: datetime = column(Moment)
    due_at: datetime | None = column(Moment, nullable=True)
    begun_at: datetime | None = column(Moment, nullable=True)
    recalled_at: datetime | None = column(Moment, nullable=True)
    expires_at: datetime | None = column(Moment, nullable=True)
    campaign: int | None = column(Integer, nullable=True)
    seen: int = column(Integer)
    body: str = column(Text)
    """The draft, and who did what to it, as canonical JSON."""


class Picture(Row, table=True):
    """A picture as it was made anew from what an officer sent. It never changes."""

    __tablename__ = "notice_pictures"
    __table_args__ = (
        CheckConstraint("length(digest) = 64", name="digest"),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        {"sqlite_with_rowid": False},
    )

    digest: str = key(Text)
    content: bytes = column(LargeBinary)
    """A JPEG of our own making."""
    width: int = column(Integer)
    height: int = column(Integer)
    taken_on: date = column(Day)


class NoticeTemplate(Row, table=True):
    """A text with gaps, of a unit or of its province."""

    __tablename__ = "notice_templates"
    __table_args__ = (
        one_of("category", CATEGORIES, name="category"),
        CheckConstraint("length(name) > 0", name="named"),
        CheckConstraint("version >= 1", name="version"),
        Index(None, "unit"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    unit: str = column(Text, ForeignKey("units.code"))
    name: str = column(Text)
    category: str = column(Text)
    version: int = column(Integer)
    body: str = column(Text)
    """Its texts, as JSON."""


class Subscription(Row, table=True):
    """That somebody wants a topic of a ward. Written in bulk with their contact, never beside an answer."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        one_of("topic", TOPICS, name="topic"),
        Index(None, "unit", "topic", "fingerprint"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    """Of the contact."""
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    topic: str = key(Text)


class Seen(Row, table=True):
    """That somebody pressed “Đã xem”. Written in bulk; goes when the notice is archived, and only the number stays."""

    __tablename__ = "notice_seen"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    notice: str = Field(sa_column=Column(Text, ForeignKey("notices.id"), primary_key=True))
    fingerprint: bytes = key(LargeBinary)


keep_types(table(row) for row in (NoticeRow, Picture, NoticeTemplate, Subscription, Seen))
