"""Rows of the outbox: what goes to whom, and what came of it. A row names a contact and a campaign, never a text and no answer of
anybody's."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlmodel import Field

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table
from surveys.delivery import CampaignState, DeliveryState
from surveys.windows import Purpose

__all__ = ["CampaignRow", "ContactEntry", "Delivery", "DeliveryCount", "SenderRow", "SentMessage"]

WAITING = text("state = 'pending'")
ODD = text("state NOT IN ('pending', 'sent')")


class CampaignRow(Row, table=True):
    """One thing said to many people once, and how far its recipients are written down."""

    __tablename__ = "campaigns"
    __table_args__ = (
        one_of("state", tuple(each.value for each in CampaignState), name="state"),
        one_of("purpose", tuple(each.value for each in Purpose), name="purpose"),
        CheckConstraint("over_seconds >= 0 AND repeats >= 0 AND poison_at > 0", name="numbers"),
        CheckConstraint("is_urgent IN (0, 1)", name="urgent"),
        Index(None, "kind", "subject", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    kind: str = column(Text)
    subject: str = column(Text)
    purpose: str = column(Text)
    audience: str = column(Text)
    """JSON: units, languages, topics, of."""
    not_before: datetime = column(Moment)
    over_seconds: int = column(Integer)
    expires_at: datetime | None = column(Moment, nullable=True)
    is_urgent: int = column(Integer)
    repeats: int = column(Integer)
    state: str = column(Text)
    why: str = column(Text)
    """Why it is paused or stopped; empty otherwise."""
    poison_at: int = column(Integer)
    """So many people who failed alike stop it."""
    fixed_at: int | None = column(BigInteger, nullable=True)
    """Contacts whose entry is before this number are its audience; None until it is fixed."""
    cell: int | None = column(Integer, nullable=True)
    """Which part of the audience is being written down; None when all of it is."""
    after: bytes = column(LargeBinary)
    """The last one of that part that is."""
    walked_at: datetime | None = column(Moment, nullable=True)
    """When the audience was last gone through from its beginning for somebody who is missing."""


class ContactEntry(Row, table=True):
    """Before which campaigns a contact came. A trigger writes it with the contact, so that no newcomer is ever taken for somebody
    who was missed, and the other way round. The number moves when a campaign fixes its audience, and with nothing else."""

    __tablename__ = "contact_entries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    contact: str = key(Text)
    number: int = column(BigInteger)


class Delivery(Row, table=True):
    """One message to one contact, with its outcome. The contact may be gone; then its random id leads to nobody."""

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("state", tuple(each.value for each in DeliveryState), name="state"),
        CheckConstraint("attempts >= 0 AND repeated >= 0", name="numbers"),
        CheckConstraint("(state IN ('claimed', 'sending')) = (owner IS NOT NULL)", name="owned"),
        CheckConstraint("owner IS NULL OR until IS NOT NULL", name="leased"),
        # A person's other notices are found by the same index that keeps them from getting one twice.
        Index("uq_deliveries_contact_campaign", "contact", "campaign", unique=True),
        Index(
            "ix_deliveries_waiting",
            *("campaign", "account", "id"),
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_deliveries_odd", "state", "campaign", "id", sqlite_where=ODD, postgresql_where=ODD),
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    campaign: int = column(Integer, ForeignKey("campaigns.id"))
    contact: str = column(Text)
    account: str = column(Text)
    state: str = column(Text)
    reason: str = column(Text)
    """Why it ended so: a `Why` of ours, or what the platform said, without numbers that could be anybody's."""
    attempts: int = column(Integer)
    repeated: int = column(Integer)
    owner: str | None = column(Text, nullable=True)
    """Who has it in hand."""
    until: datetime | None = column(Moment, nullable=True)
    """Whose lease ends then; of a pending one, before when it does not go."""


class DeliveryCount(Row, table=True):
    """How many of a campaign are in a state on an account: moved in the transaction that moves the row, so that nobody has to count
    a million rows to draw a bar."""

    __tablename__ = "delivery_counts"
    __table_args__ = (
        one_of("state", tuple(each.value for each in DeliveryState), name="state"),
        CheckConstraint("number >= 0", name="number"),
        {"sqlite_with_rowid": False},
    )

    campaign: int = Field(sa_column=Column(Integer, ForeignKey("campaigns.id"), primary_key=True))
    account: str = key(Text)
    state: str = key(Text)
    number: int = column(Integer)


class SentMessage(Row, table=True):
    """The platform's own id of what was sent, encrypted: only where it can be taken back, and only for as long."""

    __tablename__ = "sent_messages"
    __table_args__ = (Index(None, "purge_at"), {"sqlite_with_rowid": False})

    delivery: int = key(Integer, autoincrement=False)
    message: bytes = column(LargeBinary)
    purge_at: datetime = column(Moment)
    """To the hour, so that nobody's moment stands here."""


class SenderRow(Row, table=True):
    """Who sends on an account, until when; and until when nobody does. The account `*` is all of them."""

    __tablename__ = "senders"
    __table_args__ = (CheckConstraint("epoch >= 0", name="epoch"), {"sqlite_with_rowid": False})

    account: str = key(Text)
    owner: str = column(Text)
    until: datetime | None = column(Moment, nullable=True)
    paused_until: datetime | None = column(Moment, nullable=True)
    why: str = column(Text)
    epoch: int = column(BigInteger)
    """Moves with everything that is about to be sent; the same number stands beside the keys."""


keep_types(table(row) for row in (CampaignRow, ContactEntry, Delivery, DeliveryCount, SentMessage, SenderRow))
