"""Rows of the officers' desk: posts, who holds them, codes, sessions, and the audit trail. No resident is named here."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Text
from sqlmodel import Field

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table
from surveys.rights import Role

__all__ = ["Appointment", "AuditRow", "DeskCode", "DeskSession", "Post", "Staff"]


class Staff(Row, table=True):
    """Somebody who serves, and how they are known again: by a personal code with a time code, or by an account of theirs."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="named"),
        CheckConstraint("(fingerprint IS NULL) = (address IS NULL)", name="account"),
        CheckConstraint("fingerprint IS NULL OR length(fingerprint) = 16", name="fingerprint"),
        CheckConstraint("totp IS NOT NULL OR code IS NULL", name="code_with_totp"),
        CheckConstraint("wrong >= 0", name="wrong"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    name: str = column(Text)
    added_at: datetime = column(Moment)
    code: bytes | None = column(LargeBinary, unique=True, nullable=True)
    """The hash of their personal code; it is of no use without the time code."""
    totp: bytes | None = column(LargeBinary, nullable=True)
    """The secret their telephone makes time codes from, encrypted."""
    totp_step: int | None = column(BigInteger, nullable=True)
    """The latest step of time whose code was used: none is used twice."""
    wrong: int = column(Integer)
    """Wrong time codes in a row."""
    wrong_at: datetime | None = column(Moment, nullable=True)
    fingerprint: bytes | None = column(LargeBinary, unique=True, nullable=True)
    """Of their account at the officers' bot."""
    address: bytes | None = column(LargeBinary, nullable=True)
    """That account, encrypted."""


class Post(Row, table=True):
    """A post at a unit. Rights belong to it; whoever holds it has them."""

    __tablename__ = "posts"
    __table_args__ = (
        one_of("role", tuple(role.value for role in Role), name="role"),
        CheckConstraint("length(title) > 0", name="titled"),
        Index(None, "unit"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    """`29242-chief`, `29242-officer-2`: people type it."""
    role: str = column(Text)
    unit: str = column(Text, ForeignKey("units.code"))
    title: str = column(Text)


class Appointment(Row, table=True):
    """That somebody holds a post, since when and until when. At any moment a post is held by one person at most."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("until IS NULL OR until >= since", name="in_order"),
        Index(
            "ix_appointments_holder",
            "post",
            unique=True,
            sqlite_where=Column("until").is_(None),
            postgresql_where=Column("until").is_(None),
        ),
        Index(None, "person"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    post: str = column(Text, ForeignKey("posts.id"))
    person: str = column(Text, ForeignKey("staff.id"))
    since: datetime = column(Moment)
    until: datetime | None = column(Moment, nullable=True)


class DeskCode(Row, table=True):
    """A code that works once: to enrol, or to come from the bot to the desk. Its row goes when it is used."""

    __tablename__ = "desk_codes"
    __table_args__ = (
        one_of("kind", ("enrol", "link"), name="kind"),
        CheckConstraint("length(hash) = 32", name="hash"),
        CheckConstraint("wrong >= 0", name="wrong"),
        Index(None, "person"),
        {"sqlite_with_rowid": False},
    )

    handle: str = key(Text)
    """Its beginning, by which it is found; the rest is compared as a hash."""
    kind: str = column(Text)
    hash: bytes = column(LargeBinary)
    person: str = column(Text, ForeignKey("staff.id"))
    post: str = column(Text, ForeignKey("posts.id"))
    expires_at: datetime = column(Moment)
    wrong: int = column(Integer)
    """How often its beginning was right and the rest was not."""


class DeskSession(Row, table=True):
    """That a browser is signed in as somebody, at one of their posts. The browser has the token, we have its hash."""

    __tablename__ = "desk_sessions"
    __table_args__ = (
        CheckConstraint("length(hash) = 32", name="hash"),
        CheckConstraint("seen_at >= begun_at", name="in_order"),
        Index(None, "person"),
        {"sqlite_with_rowid": False},
    )

    hash: bytes = key(LargeBinary)
    person: str = column(Text, ForeignKey("staff.id"))
    post: str | None = column(Text, ForeignKey("posts.id"), nullable=True)
    """None until somebody with several posts has chosen one."""
    begun_at: datetime = column(Moment)
    seen_at: datetime = column(Moment)


class AuditRow(Row, table=True):
    """One thing that somebody did. Each row carries the digest of the one before; the database refuses to change one."""

    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("length(digest) = 64 AND length(previous) = 64", name="chained"),
        Index(None, "object", "number"),
        Index(None, "unit", "number"),
        Index(None, "province", "number"),
        {"sqlite_with_rowid": False},
    )

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False, autoincrement=False))
    at: datetime = column(Moment)
    person: str = column(Text)
    """The id of who did it; empty for the system by itself and for the operator at the machine."""
    name: str = column(Text)
    post: str = column(Text)
    role: str = column(Text)
    title: str = column(Text)
    action: str = column(Text)
    object: str = column(Text)
    """`post:29242-chief`, `notice:Q7-204`."""
    unit: str | None = column(Text, nullable=True)
    """The unit it happened in; None for what concerns the whole installation."""
    province: str | None = column(Text, nullable=True)
    reason: str = column(Text)
    previous: str = column(Text)
    digest: str = column(Text)


keep_types(table(row) for row in (Staff, Post, Appointment, DeskCode, DeskSession, AuditRow))
