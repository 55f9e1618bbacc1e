"""Rows of schedules: when what happens by itself, and what came of every time it was due; and the days on which a province wants
nobody disturbed. No person is named but who wrote one."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Text
from sqlmodel import Field

from storage.moments import Day, Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table

__all__ = ["DUE_STATES", "SCHEDULE_STATES", "ClockHold", "DueRow", "QuietDayRow", "ScheduleRow"]

SCHEDULE_STATES = ("active", "paused", "ended")
DUE_STATES = ("due", "running", "done", "skipped", "failed")


class ScheduleRow(Row, table=True):
    """What happens by itself, again and again."""

    __tablename__ = "schedules"
    __table_args__ = (
        one_of("state", SCHEDULE_STATES, name="state"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("state = 'active' OR next_due IS NULL", name="only_active_is_due"),
        Index(None, "next_due"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    purpose: str = column(Text)
    """What happens: a word that the handlers know."""
    title: str = column(Text)
    unit: str | None = column(Text, ForeignKey("units.code"), nullable=True)
    """Whose it is: a ward's, or a province's; None for what concerns the whole installation."""
    subject: str = column(Text)
    """JSON: what it is about, as its purpose reads it."""
    calendar: str = column(Text)
    """JSON of the schedule: rule, hour, zone, limits."""
    state: str = column(Text)
    next_due: datetime | None = column(Moment, nullable=True)
    version: int = column(Integer)
    owner: str = column(Text)
    """Who wrote it, as their colleagues know them."""
    made_at: datetime = column(Moment)
    since: datetime = column(Moment)
    """Written, changed or resumed then: what follows a day that was not known yet counts from there."""


class DueRow(Row, table=True):
    """One time it was due. There is one row for each, whoever ticks."""

    __tablename__ = "dues"
    __table_args__ = (
        one_of("state", DUE_STATES, name="state"),
        CheckConstraint("state <> 'running' OR lease_until IS NOT NULL", name="running_is_leased"),
        CheckConstraint("state NOT IN ('skipped', 'failed') OR reason IS NOT NULL", name="reason"),
        Index(None, "state", "due"),
        {"sqlite_with_rowid": False},
    )

    schedule: str = Field(sa_column=Column(Text, ForeignKey("schedules.id"), primary_key=True))
    due: datetime = Field(sa_column=Column(Moment, primary_key=True))
    state: str = column(Text)
    tries: int = column(Integer)
    asked_by: str | None = column(Text, nullable=True)
    """Who wanted it beside the calendar, or once more: then nothing is too late."""
    lease: str | None = column(Text, nullable=True)
    """Which process is at it."""
    lease_until: datetime | None = column(Moment, nullable=True)
    reason: str | None = column(Text, nullable=True)
    """What came of it, or why nothing did."""
    settled_at: datetime | None = column(Moment, nullable=True)


class ClockHold(Row, table=True):
    """Nothing happens by itself while there is a row: a person has to look first."""

    __tablename__ = "clock_holds"
    __table_args__ = ({"sqlite_with_rowid": False},)

    cause: str = key(Text)
    reason: str = column(Text)
    since: datetime = column(Moment)


class QuietDayRow(Row, table=True):
    """A day that a province added to the public holidays, or took away from them."""

    __tablename__ = "quiet_days"
    __table_args__ = (
        CheckConstraint("is_quiet IN (0, 1)", name="is_quiet"),
        CheckConstraint("length(name) > 0", name="name"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    day: date = Field(sa_column=Column(Day, primary_key=True))
    is_quiet: int = column(Integer)
    """0: a holiday on which things happen as on any day."""
    name: str = column(Text)
    """What people call it, or why it is none."""


keep_types(table(row) for row in (ScheduleRow, DueRow, ClockHold, QuietDayRow))
