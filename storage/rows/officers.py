"""Rows of accounts of people who serve at a ward: fingerprints, enough to know one again, not enough to list who they are."""

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text

from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["OfficerAccount"]


class OfficerAccount(Row, table=True):
    """An account of somebody who serves at a ward, and so has no voice in that ward's survey."""

    __tablename__ = "officer_accounts"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    unit: str = column(Text, ForeignKey("units.code"))


keep_types(table(row) for row in (OfficerAccount,))
