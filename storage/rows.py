"""What the database holds, one class a table. Rows hold data, not rules, and no two tables together tell who said what."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.orm import class_mapper
from sqlalchemy.orm.base import instance_dict, manager_of_class
from sqlmodel import Field, SQLModel

from storage.moments import Day, Moment

__all__ = [
    "APPEND_ONLY",
    "AUDIENCES",
    "STATES",
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
    "keep_types",
    "metadata",
    "table",
]

STATES = ("draft", "open", "closed", "sealed", "released")
AUDIENCES = ("residents", "businesses", "visits", "forum")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """The base of every table of ours."""

    metadata = metadata


def table(row: type[Row]) -> Table:
    """The table behind a row class, for Core statements."""
    return row.__table__  # type: ignore[attr-defined, no-any-return]


R = TypeVar("R", bound=Row)


def all_of(row: type[R], found: Iterable[tuple[Any, ...]]) -> list[R]:
    """Whole rows as a statement gave them, of that class.

    Made as SQLAlchemy's own loading makes them, past the constructor: that one sets field by field, and cost more than reading did."""
    # Whoever starts on a database that is there reads before anything was constructed, which would have done this.
    class_mapper(row)
    names = table(row).c.keys()
    return [_made(row, dict(zip(names, each, strict=True))) for each in found]


def _made(row: type[R], values: dict[str, Any]) -> R:
    made: R = manager_of_class(row).new_instance()
    instance_dict(made).update(values)
    return made


def first_of(row: type[R], found: Iterable[tuple[Any, ...]]) -> R | None:
    return next(iter(all_of(row, found)), None)


def one_of(column: str, words: tuple[str, ...], *, name: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=name)


def key(kind: Any, **options: Any) -> Any:
    return Field(sa_column=Column(kind, primary_key=True, nullable=False, **options))


def column(kind: Any, *constraints: Any, nullable: bool = False, **options: Any) -> Any:
    made = Column(kind, *constraints, nullable=nullable, **options)
    return Field(default=None, sa_column=made) if nullable else Field(sa_column=made)


# ── Units: where things happen, and what became of them ──────────────────────────────────────────────────────────


class Unit(Row, table=True):
    """A ward, commune or province as it was between two days."""

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint("length(code) > 0 AND length(name) > 0", name="named"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid"),
    )

    code: str = key(Text)
    name: str = column(Text)
    kind: str = column(Text)
    province: str | None = column(Text, nullable=True)
    """The code of the province it lies in; None for a province itself."""
    valid_from: date = column(Day)
    valid_to: date | None = column(Day, nullable=True)
    """The first day on which it is no more."""
    source: str = column(Text)


class UnitSuccessor(Row, table=True):
    """On that day the one became (part of) the other."""

    __tablename__ = "unit_successors"
    __table_args__ = (
        CheckConstraint("unit <> successor", name="onward"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    successor: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    on_date: date = column(Day)
    source: str = column(Text)


class UnitAlias(Row, table=True):
    """Another name people use for a unit."""

    __tablename__ = "unit_aliases"
    __table_args__ = (
        CheckConstraint("length(alias) > 0", name="named"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    alias: str = key(Text)


# ── Forms and waves: what is asked, when, of whom ────────────────────────────────────────────────────────────────


class Form(Row, table=True):
    """A published form. It never changes: another version is another row."""

    __tablename__ = "forms"
    __table_args__ = (CheckConstraint("length(digest) = 64", name="digest"),)

    id: str = key(Text)
    version: str = key(Text)
    digest: str = column(Text)
    body: str = column(Text)
    """The form as canonical JSON."""


class Wave(Row, table=True):
    """One run of a form over an audience and a period (đợt)."""

    __tablename__ = "waves"
    __table_args__ = (
        ForeignKeyConstraint(["form_id", "form_version"], ["forms.id", "forms.version"]),
        CheckConstraint("length(slug) BETWEEN 1 AND 40", name="slug"),
        one_of("audience", AUDIENCES, name="audience"),
        one_of("state", STATES, name="state"),
        CheckConstraint("opens_at < closes_at", name="period"),
        CheckConstraint("k >= 5", name="floor"),
        CheckConstraint("key_destroyed_at IS NULL OR state IN ('sealed', 'released')", name="key"),
        {"sqlite_autoincrement": True},  # an id that was used once must never name another wave's key
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True))
    slug: str = column(Text, unique=True)
    form_id: str = column(Text)
    form_version: str = column(Text)
    title: str = column(Text)
    audience: str = column(Text)
    state: str = column(Text)
    opens_at: datetime = column(Moment)
    closes_at: datetime = column(Moment)
    closed_at: datetime | None = column(Moment, nullable=True)
    sealed_at: datetime | None = column(Moment, nullable=True)
    released_at: datetime | None = column(Moment, nullable=True)
    key_destroyed_at: datetime | None = column(Moment, nullable=True)
    k: int = column(Integer)
    """The smallest group that may be shown: 10, never below 5."""
    threshold: str | None = column(Text, nullable=True)
    """The share that passes, as a decimal (`0.9`), exactly as it was written; None when nobody has said."""


class WaveUnit(Row, table=True):
    """A unit that takes part in a wave, and how many were invited there."""

    __tablename__ = "wave_units"
    __table_args__ = (
        CheckConstraint("invited IS NULL OR invited >= 0", name="invited"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    invited: int | None = column(Integer, nullable=True)


# ── Before sealing: ciphertext under a nullifier. Without rowids, because a rowid tells who came first ───────────────


class Session(Row, table=True):
    """One person's way through one wave, unreadable without the wave's key."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("length(nullifier) = 16", name="nullifier"),
        Index(None, "wave_id", "nullifier"),  # by which a wave is looked through
        {"sqlite_with_rowid": False},
    )

    nullifier: bytes = key(LargeBinary)
    wave_id: int = column(Integer, ForeignKey("waves.id"))
    body: bytes = column(LargeBinary)


class Lobby(Row, table=True):
    """Where a person is before they agree to a survey: choosing a language, a ward."""

    __tablename__ = "lobbies"
    __table_args__ = (
        CheckConstraint("length(nullifier) = 16", name="nullifier"),
        {"sqlite_with_rowid": False},
    )

    nullifier: bytes = key(LargeBinary)
    body: bytes = column(LargeBinary)
    touched_on: date = column(Day)


# ── After sealing: answers under no name ─────────────────────────────────────────────────────────────────────────


class Ballot(Row, table=True):
    """A sealed ballot (lá phiếu). Its position follows from the wave's key, which is gone: no one can compute it any more."""

    __tablename__ = "ballots"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("length(commitment) = 32", name="commitment"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    position: int = key(Integer, autoincrement=False)
    unit: str = column(Text, ForeignKey("units.code"))
    stream: str = column(Text)
    mode: str = column(Text)
    answers: str = column(Text)
    """JSON: question → value."""
    salt: bytes = column(LargeBinary)
    commitment: bytes = column(LargeBinary)


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


class Release(Row, table=True):
    """What a ward may see of a wave: computed once, never again."""

    __tablename__ = "releases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    body: str = column(Text)
    """JSON: the fixed tables."""
    released_at: datetime = column(Moment)


class Receipt(Row, table=True):
    """A receipt of a wave's ballots, apart from them: whoever has it learns that its ballot is included, never which one it is."""

    __tablename__ = "receipts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    receipt: str = key(Text)
    wave_id: int = column(Integer, ForeignKey("waves.id"))


class Stratum(Row, table=True):
    """Ballots of one unit that came one way, as far as sealing looked at how they came; their times are gone with the sessions."""

    __tablename__ = "strata"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    stream: str = key(Text)
    mode: str = key(Text)
    body: str = column(Text)
    """JSON: what the detectors counted."""


# ── While a wave is being sealed: what will be moved in one transaction. It is in no order that anything else is in ──


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


# ── The trail: what was fixed, what happened. Nothing here is ever changed ───────────────────────────────────────


class Document(Row, table=True):
    """A text that a digest stands for: terms, weights, formulas, criteria."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("length(digest) = 64", name="digest"),
        {"sqlite_with_rowid": False},
    )

    digest: str = key(Text)
    body: str = column(Text)


class WaveTerms(Row, table=True):
    """What was fixed before a wave took its first answer: digests of documents, and what its sample is drawn with."""

    __tablename__ = "wave_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    terms: str = column(Text, ForeignKey("documents.digest"))
    weights: str = column(Text, ForeignKey("documents.digest"))
    formulas: str = column(Text, ForeignKey("documents.digest"))
    criteria: str = column(Text, ForeignKey("documents.digest"))
    seed: str = column(Text)


class WaveSeal(Row, table=True):
    """How a wave was sealed, and what may still hold its next step up."""

    __tablename__ = "wave_seals"
    __table_args__ = (
        CheckConstraint("places >= 0 AND withdrawn >= 0", name="counts"),
        {"sqlite_with_rowid": False},
    )

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    root: bytes = column(LargeBinary)
    places: int = column(Integer)
    """Leaves of the tree, blank ones among them."""
    withdrawn: int = column(Integer)
    release_due: datetime = column(Moment)
    """Not before: a flagged stratum gets its days for a decision."""


class KeyPostponement(Row, table=True):
    """A wave's key is kept until then: two persons decided so and said why. The latest one counts."""

    __tablename__ = "key_postponements"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave_id: int = Field(sa_column=Column(Integer, ForeignKey("waves.id"), primary_key=True))
    until: datetime = Field(sa_column=Column(Moment, primary_key=True))


class LedgerLine(Row, table=True):
    """One entry of the ledger, as it is signed."""

    __tablename__ = "ledger"
    __table_args__ = (CheckConstraint("number >= 1", name="number"), {"sqlite_with_rowid": False})

    number: int = key(Integer, autoincrement=False)
    line: str = column(Text)


class Proposal(Row, table=True):
    """What one person asks for and another must confirm."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    kind: str = column(Text)
    subject: str = column(Text)
    """The wave's slug, or whatever else it is about."""
    body: str = column(Text)
    """JSON."""
    proposed_by: str = column(Text)
    proposed_at: datetime = column(Moment)
    confirmed_by: str | None = column(Text, nullable=True)
    confirmed_at: datetime | None = column(Moment, nullable=True)


# ── Tokens for visits: issued here, spent under a name that only the wave's key can compute ──────────────────────


class Issuer(Row, table=True):
    """A case system or an office that may issue tokens; its key is kept as a hash."""

    __tablename__ = "issuers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = key(Text)
    name: str = column(Text, unique=True)
    key_hash: bytes = column(LargeBinary, unique=True)
    units: str = column(Text)
    """JSON list of codes it may issue for."""
    created_at: datetime = column(Moment)
    revoked_at: datetime | None = column(Moment, nullable=True)


class TokenBatch(Row, table=True):
    __tablename__ = "token_batches"
    __table_args__ = (CheckConstraint("size > 0", name="size"), {"sqlite_with_rowid": False})

    id: str = key(Text)
    wave_id: int = column(Integer, ForeignKey("waves.id"))
    unit: str = column(Text, ForeignKey("units.code"))
    issuer: str | None = column(Text, ForeignKey("issuers.id"), nullable=True)
    size: int = column(Integer)
    issued_at: datetime = column(Moment)
    expires_at: datetime = column(Moment)
    entered_at: datetime | None = column(Moment, nullable=True)
    """When the ledger came to speak of it."""


class Token(Row, table=True):
    """A one-time token as a hash. This row never changes: that a token is spent is written elsewhere, under another name."""

    __tablename__ = "tokens"
    __table_args__ = ({"sqlite_with_rowid": False},)

    hash: bytes = key(LargeBinary)
    batch: str = column(Text, ForeignKey("token_batches.id"))


class Spent(Row, table=True):
    """That some token of a wave is spent: an HMAC under the wave's key, gone with the sessions."""

    __tablename__ = "spent"
    __table_args__ = ({"sqlite_with_rowid": False},)

    mark: bytes = key(LargeBinary)
    wave_id: int = column(Integer, ForeignKey("waves.id"))


class Counter(Row, table=True):
    """A counter with a tablet, and how long it is open in a week: what so many visits can come from."""

    __tablename__ = "counters"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 99", name="number"),
        CheckConstraint("hours_a_week BETWEEN 1 AND 168", name="hours"),
        {"sqlite_with_rowid": False},
    )

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    number: int = key(Integer, autoincrement=False)
    hours_a_week: int = column(Integer)


class OfficerAccount(Row, table=True):
    """An account of somebody who serves at a ward, and so has no voice in that ward's survey."""

    __tablename__ = "officer_accounts"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    unit: str = column(Text, ForeignKey("units.code"))


# ── Who reads comments, and whom they must not reach ─────────────────────────────────────────────────────────────


class Leader(Row, table=True):
    """The chief or a deputy of a ward: what names them never goes to that ward."""

    __tablename__ = "leaders"
    __table_args__ = ({"sqlite_with_rowid": False},)

    unit: str = Field(sa_column=Column(Text, ForeignKey("units.code"), primary_key=True))
    name: str = key(Text)
    post: str = column(Text)


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


# ── Official Accounts on Zalo: whose they are, and the tokens that open them ─────────────────────────────────────


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


# ── The scorecard: sets and records, append-only ─────────────────────────────────────────────────────────────────


class CriteriaSetRow(Row, table=True):
    """A criteria set as canonical JSON."""

    __tablename__ = "criteria_sets"
    __table_args__ = (
        CheckConstraint("length(digest) = 64", name="digest"),
        {"sqlite_with_rowid": False},
    )

    digest: str = key(Text)
    id: str = column(Text)
    line: str = column(Text)
    added_at: datetime = column(Moment)


class Record(Row, table=True):
    """Evidence, a signature, a withdrawal, a frozen card, an appeal …: what was put on record, as canonical JSON."""

    __tablename__ = "records"
    __table_args__ = (Index(None, "unit", "year"), {"sqlite_with_rowid": False})

    id: str = key(Text)
    kind: str = column(Text)
    unit: str | None = column(Text, ForeignKey("units.code"), nullable=True)
    """None for what holds for every unit."""
    year: int | None = column(Integer, nullable=True)
    body: str = column(Text)
    at: datetime = column(Moment)


APPEND_ONLY = ("documents", "wave_terms", "ledger", "criteria_sets", "records", "releases")
"""Tables whose rows the database itself refuses to change or delete."""


# ── People we may write to. Nothing above knows of them ──────────────────────────────────────────────────────────


class Contact(Row, table=True):
    """Someone who agreed to notices, and to which."""

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    id: str = key(Text)
    """Random."""
    account: str = column(Text)
    fingerprint: bytes = column(LargeBinary, unique=True)
    address: bytes = column(LargeBinary)
    unit: str | None = column(Text, ForeignKey("units.code"), nullable=True)
    language: str = column(Text)
    purposes: str = column(Text)
    """JSON list of what they agreed to."""
    consented_on: date = column(Day)
    consent_text: str = column(Text)
    """The very words they agreed to."""


class HeardAt(Row, table=True):
    """When somebody who agreed to notices last wrote, to the hour: where a platform lets us write only for a while after."""

    __tablename__ = "heard"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16", name="fingerprint"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    at: datetime = column(Moment)


class Link(Row, table=True):
    """An address that stands for another one, because its person said with a code that both are theirs."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 16 AND length(first) = 16", name="fingerprints"),
        Index(None, "first"),
        {"sqlite_with_rowid": False},
    )

    fingerprint: bytes = key(LargeBinary)
    first: bytes = column(LargeBinary)
    """The fingerprint of the address it stands for."""
    address: bytes = column(LargeBinary)
    """That address, encrypted."""


class Quarantined(Row, table=True):
    """An update that we could not handle: what broke, never what it said."""

    __tablename__ = "quarantine"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = key(Text)
    account: str = column(Text)
    fingerprint: bytes = column(LargeBinary)
    error: str = column(Text)
    on_date: date = column(Day)


class Marker(Row, table=True):
    """A number that moves when something changed, so that a process may keep what it has read until then."""

    __tablename__ = "markers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: str = key(Text)
    value: int = column(BigInteger)


# ── SQLite takes any value in any column: a check per table makes it as strict as PostgreSQL is by nature ────────

STORED_AS = {
    Integer: "integer",
    BigInteger: "integer",
    Text: "text",
    LargeBinary: "blob",
    Moment: "text",
    Day: "text",
}


def only_its_own_types(columns: Any) -> str:
    """SQL that is true when every value is of its column's type."""
    parts = []
    for each in columns:
        stored = STORED_AS[type(each.type)]
        # The id of a rowid table is an integer by construction.
        if each.autoincrement is True:
            continue
        wanted = f"IN ('{stored}', 'null')" if each.nullable else f"= '{stored}'"
        parts.append(f"typeof({each.name}) {wanted}")
    return " AND ".join(parts)


def keep_types(tables: Iterable[Table]) -> None:
    """For each module of rows to call once, when its tables are there."""
    for each in tables:
        each.append_constraint(
            CheckConstraint(only_its_own_types(each.columns), name="types").ddl_if(dialect="sqlite")
        )


keep_types(metadata.tables.values())
