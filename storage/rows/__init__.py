"""What the database holds, one class a table. Rows hold data, not rules, and no two tables together tell who said what.

Each module has the name of the repository that asks for its rows: those of `rows/ballots.py` are asked for in `storage/ballots.py`.
`rows/tables.py` says what a table is made of. The desk, notices, schedules, the outbox and what goes outside windows have their rows
beside this package: `storage/notice_rows.py`.
"""

from storage.rows.ballots import Ballot, Receipt, Release, Stratum
from storage.rows.catalogue import Form, Marker, Unit, UnitAlias, UnitSuccessor, Wave, WaveUnit
from storage.rows.comments import Comment, CommentReview, Leader
from storage.rows.contacts import Contact, HeardAt, Link, Quarantined
from storage.rows.officers import OfficerAccount
from storage.rows.people import Lobby, Session
from storage.rows.scorecards import CriteriaSetRow, Record
from storage.rows.staging import StagedBallot, StagedComment, StagedReceipt
from storage.rows.tables import Row, all_of, first_of, metadata, table
from storage.rows.tokens import Counter, Issuer, Spent, Token, TokenBatch
from storage.rows.trail import Document, KeyPostponement, LedgerLine, Proposal, WaveSeal, WaveTerms
from storage.rows.zalo import ZaloAccount

__all__ = [
    "Ballot",
    "Comment",
    "CommentReview",
    "Contact",
    "Counter",
    "CriteriaSetRow",
    "Document",
    "Form",
    "HeardAt",
    "Issuer",
    "KeyPostponement",
    "Leader",
    "LedgerLine",
    "Link",
    "Lobby",
    "Marker",
    "OfficerAccount",
    "Proposal",
    "Quarantined",
    "Receipt",
    "Record",
    "Release",
    "Row",
    "Session",
    "Spent",
    "StagedBallot",
    "StagedComment",
    "StagedReceipt",
    "Stratum",
    "Token",
    "TokenBatch",
    "Unit",
    "UnitAlias",
    "UnitSuccessor",
    "Wave",
    "WaveSeal",
    "WaveTerms",
    "WaveUnit",
    "ZaloAccount",
    "all_of",
    "first_of",
    "metadata",
    "table",
]
