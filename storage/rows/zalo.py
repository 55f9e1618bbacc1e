"""Rows of Official Accounts on Zalo: whose they are, and the tokens that open them, encrypted. They know nobody who writes to one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, LargeBinary, Text

from storage.moments import Moment
from storage.rows.tables import Row, column, keep_types, key, one_of, table

__all__ = ["ZaloAccount"]


class ZaloAccount(Row, table=True):
    """An Official Account that is connected, and its pair of tokens. The refresh token works once: whoever renews holds the
    lease, and Zalo's answer rests in the journal before anybody reads it."""

    __tablename__ = "zalo_accounts"
    __table_args__ = (
        CheckConstraint("generation >= 0", name="generation"),
        one_of("address", ("v2", "v3"), name="address"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    name: str = column(Text)
    kind: int = column(Integer)
    """Zalo's number: 2 an enterprise, 4 an agency of the state."""
    unit: str | None = column(Text, ForeignKey("units.code"), nullable=True)
    """Whose it is: it speaks for this unit and those below it."""
    pair: bytes = column(LargeBinary)
    """Access and refresh token with their ends, encrypted."""
    generation: int = column(Integer)
    """Grows with every new pair."""
    lease_until: datetime | None = column(Moment, nullable=True)
    """Somebody is renewing; set without a journal and past, nobody knows how it ended."""
    journal: bytes | None = column(LargeBinary, nullable=True)
    """Zalo's answer to a renewal as it came, encrypted, until it is the pair."""
    trouble: str | None = column(Text, nullable=True)
    """Why nothing can be sent until a person connects the account again."""
    address: str | None = column(Text, nullable=True)
    """Which of the two sending addresses this account turned out to need."""


keep_types(table(row) for row in (ZaloAccount,))
