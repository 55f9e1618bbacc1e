"""Rows of a wave while it is being sealed: what will be moved in one transaction. They are in no order that anything else is in, and
mean nothing to anybody but `storage.staging`."""

from sqlalchemy import Integer, LargeBinary, Text

from storage.rows.tables import Row, column, keep_types, key, table

__all__ = ["StagedBallot", "StagedComment", "StagedReceipt"]


class StagedBallot(Row, table=True):
    __tablename__ = "staged_ballots"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = key(Integer, autoincrement=False)
    position: int = key(Integer, autoincrement=False)
    unit: str = column(Text)
    stream: str = column(Text)
    mode: str = column(Text)
    answers: str = column(Text)
    salt: bytes = column(LargeBinary)
    commitment: bytes = column(LargeBinary)


class StagedReceipt(Row, table=True):
    __tablename__ = "staged_receipts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    receipt: str = key(Text)
    wave_id: int = column(Integer)


class StagedComment(Row, table=True):
    __tablename__ = "staged_comments"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = key(Text)
    wave_id: int = column(Integer)
    unit: str = column(Text)
    week: str = column(Text)
    body: bytes = column(LargeBinary)


keep_types(table(row) for row in (StagedBallot, StagedReceipt, StagedComment))
