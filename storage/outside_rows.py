"""Rows of what goes to people outside their windows: which costs somebody agreed to, what was spent of that, how far articles are. Sums and
steps only: who got a template stands beside their delivery, as every outcome does."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Text
from sqlmodel import Field

from storage.moments import Day, Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table
from surveys.outside import ArticleState

__all__ = ["ArticleRow", "BilledRow", "TemplateDay", "TemplateOrder"]


class TemplateOrder(Row, table=True):
    """So many templates may be sent for a campaign, and not one more: the database itself keeps that promise. It is there before its
    campaign is, and known by the same two words."""

    __tablename__ = "template_orders"
    __table_args__ = (
        CheckConstraint("agreed >= 0 AND price >= 0", name="numbers"),
        CheckConstraint("taken BETWEEN 0 AND agreed", name="not_one_more"),
        CheckConstraint("sent BETWEEN 0 AND taken", name="sent"),
        CheckConstraint("length(agreed_by) > 0", name="somebody"),
        {"sqlite_with_rowid": False},
    )

    kind: str = key(Text)
    subject: str = key(Text)
    agreed: int = column(Integer)
    price: int = column(Integer)
    """Of one, in đồng, as it was shown to whoever agreed."""
    agreed_by: str = column(Text)
    """As their colleagues know them."""
    agreed_at: datetime = column(Moment)
    taken: int = column(Integer)
    """How many were begun and not certainly refused: on disk before the first byte of each leaves."""
    sent: int = column(Integer)
    """How many Zalo took. The others of `taken` are under way, or nobody knows."""


class TemplateDay(Row, table=True):
    """How many templates an account has begun on a day of Việt Nam's."""

    __tablename__ = "template_days"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken"), {"sqlite_with_rowid": False})

    account: str = key(Text)
    day: date = Field(sa_column=Column(Day, primary_key=True))
    taken: int = column(Integer)


class BilledRow(Row, table=True):
    """How many ordinary messages of a campaign the platform took after their free time."""

    __tablename__ = "billed_messages"
    __table_args__ = (CheckConstraint("number >= 0", name="number"), {"sqlite_with_rowid": False})

    campaign: int = Field(sa_column=Column(Integer, ForeignKey("campaigns.id"), primary_key=True))
    number: int = column(Integer)


class ArticleRow(Row, table=True):
    """One account's article about one campaign: there is one, and each of its steps is on disk before it is taken."""

    __tablename__ = "articles"
    __table_args__ = (
        one_of("state", tuple(each.value for each in ArticleState), name="state"),
        CheckConstraint("state NOT IN ('creating', 'sending') OR until IS NOT NULL", name="leased"),
        CheckConstraint("steps >= 0", name="steps"),
        CheckConstraint("state <> 'created' OR token IS NOT NULL", name="created"),
        CheckConstraint("state NOT IN ('ready', 'sending', 'sent') OR article IS NOT NULL", name="ready"),
        {"sqlite_with_rowid": False},
    )

    campaign: int = Field(sa_column=Column(Integer, ForeignKey("campaigns.id"), primary_key=True))
    account: str = key(Text)
    state: str = column(Text)
    token: str | None = column(Text, nullable=True)
    """By which Zalo is asked whether it is processed."""
    article: str | None = column(Text, nullable=True)
    """Its id at Zalo."""
    why: str = column(Text)
    until: datetime | None = column(Moment, nullable=True)
    """Of a step under way: who was not heard of by then is gone. Of one that waits: before when it is not tried."""
    changed_at: datetime = column(Moment)
    steps: int = column(Integer)
    """How many calls were begun that may have done something. Their sum on an account stands beside the keys too."""


keep_types(table(row) for row in (TemplateOrder, TemplateDay, BilledRow, ArticleRow))
