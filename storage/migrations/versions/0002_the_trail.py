"""The trail from ballot to scorecard: receipts apart from ballots, staging, ledger, tokens, reviews, records."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Day, Moment

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

APPEND_ONLY = ("documents", "wave_terms", "ledger", "criteria_sets", "records", "releases")


def strict(table: str, **columns: str) -> sa.CheckConstraint:
    """SQLite takes any value in any column, unless a check says no. A question mark stands for `or null`."""
    parts = (
        f"typeof({name}) IN ('{kind[:-1]}', 'null')" if kind.endswith("?") else f"typeof({name}) = '{kind}'"
        for name, kind in columns.items()
    )
    return sa.CheckConstraint(" AND ".join(parts), name=op.f(f"ck_{table}_types")).ddl_if(dialect="sqlite")


def upgrade() -> None:
    make_tables()
    part_receipts_from_ballots()
    for table in APPEND_ONLY:
        forbid_changes(table)


def part_receipts_from_ballots() -> None:
    """Ballots sealed so far keep their commitments, which were made with the receipt; no ledger speaks of them."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(
        "INSERT INTO receipts (receipt, wave_id) SELECT receipt, wave_id FROM ballots ORDER BY receipt"
    )
    op.rename_table("ballots", "ballots_with_receipts")
    if not is_sqlite:
        op.execute(
            "ALTER TABLE ballots_with_receipts RENAME CONSTRAINT pk_ballots TO pk_ballots_with_receipts"
        )
    make_ballots()
    kept = "wave_id, position, unit, stream, mode, answers, salt, commitment"
    op.execute(
        f"INSERT INTO ballots ({kept}) SELECT {kept} FROM ballots_with_receipts ORDER BY wave_id, position"
    )
    op.drop_table("ballots_with_receipts")


def forbid_changes(table: str) -> None:
    """From here on the database itself refuses to change or delete a row of this table."""
    sentence = f"{table} is append-only"
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
    )


def make_ballots() -> None:
    op.create_table(
        "ballots",
        sa.Column("wave_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "position", name="pk_ballots"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_ballots_unit"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_ballots_wave_id"),
        sa.CheckConstraint("position >= 0", name=op.f("ck_ballots_position")),
        sa.CheckConstraint("length(commitment) = 32", name=op.f("ck_ballots_commitment")),
        strict(
            "ballots",
            wave_id="integer",
            position="integer",
            unit="text",
            stream="text",
            mode="text",
            answers="text",
            salt="blob",
            commitment="blob",
        ),
        sqlite_with_rowid=False,
    )


def make_tables() -> None:
    op.create_table(
        "criteria_sets",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_criteria_sets"),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_criteria_sets_digest")),
        strict(
            "criteria_sets",
            digest="text",
            id="text",
            line="text",
            added_at="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "documents",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_documents"),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_documents_digest")),
        strict(
            "documents",
            digest="text",
            body="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issuers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("units", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_issuers"),
        sa.UniqueConstraint("key_hash", name="uq_issuers_key_hash"),
        sa.UniqueConstraint("name", name="uq_issuers_name"),
        strict(
            "issuers",
            id="text",
            name="text",
            key_hash="blob",
            units="text",
            created_at="text",
            revoked_at="text?",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_ledger_number")),
        strict(
            "ledger",
            number="integer",
            line="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", Moment, nullable=False),
        sa.Column("confirmed_by", sa.Text, nullable=True),
        sa.Column("confirmed_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_proposals_confirmed")
        ),
        sa.CheckConstraint("confirmed_by <> proposed_by", name=op.f("ck_proposals_two_persons")),
        strict(
            "proposals",
            id="text",
            kind="text",
            subject="text",
            body="text",
            proposed_by="text",
            proposed_at="text",
            confirmed_by="text?",
            confirmed_at="text?",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_ballots",
        sa.Column("wave_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "position", name="pk_staged_ballots"),
        strict(
            "staged_ballots",
            wave_id="integer",
            position="integer",
            unit="text",
            stream="text",
            mode="text",
            answers="text",
            salt="blob",
            commitment="blob",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_comments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("week", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staged_comments"),
        strict(
            "staged_comments",
            id="text",
            wave_id="integer",
            unit="text",
            week="text",
            body="blob",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_receipts",
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("receipt", name="pk_staged_receipts"),
        strict(
            "staged_receipts",
            receipt="text",
            wave_id="integer",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leaders",
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("unit", "name", name="pk_leaders"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_leaders_unit"),
        strict(
            "leaders",
            unit="text",
            name="text",
            post="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "officer_accounts",
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_officer_accounts"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_officer_accounts_unit"),
        sa.CheckConstraint("length(fingerprint) = 16", name=op.f("ck_officer_accounts_fingerprint")),
        strict(
            "officer_accounts",
            fingerprint="blob",
            unit="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counters",
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("hours_a_week", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("unit", "number", name="pk_counters"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_counters_unit"),
        sa.CheckConstraint("number BETWEEN 1 AND 99", name=op.f("ck_counters_number")),
        sa.CheckConstraint("hours_a_week BETWEEN 1 AND 168", name=op.f("ck_counters_hours")),
        strict("counters", unit="text", number="integer", hours_a_week="integer"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "records",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("year", sa.Integer, nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_records_unit"),
        strict(
            "records",
            id="text",
            kind="text",
            unit="text?",
            year="integer?",
            body="text",
            at="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_records_unit_year"), "records", ["unit", "year"])
    op.create_table(
        "key_postponements",
        sa.Column("wave_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("until", Moment, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "until", name="pk_key_postponements"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_key_postponements_wave_id"),
        strict(
            "key_postponements",
            wave_id="integer",
            until="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipts",
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("receipt", name="pk_receipts"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_receipts_wave_id"),
        strict(
            "receipts",
            receipt="text",
            wave_id="integer",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spent",
        sa.Column("mark", sa.LargeBinary, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_spent"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_spent_wave_id"),
        strict(
            "spent",
            mark="blob",
            wave_id="integer",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "strata",
        sa.Column("wave_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "unit", "stream", "mode", name="pk_strata"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_strata_unit"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_strata_wave_id"),
        strict(
            "strata",
            wave_id="integer",
            unit="text",
            stream="text",
            mode="text",
            body="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token_batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("issued_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("entered_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_token_batches"),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"], name="fk_token_batches_issuer"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_token_batches_unit"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_token_batches_wave_id"),
        sa.CheckConstraint("size > 0", name=op.f("ck_token_batches_size")),
        strict(
            "token_batches",
            id="text",
            wave_id="integer",
            unit="text",
            issuer="text?",
            size="integer",
            issued_at="text",
            expires_at="text",
            entered_at="text?",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wave_seals",
        sa.Column("wave_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("places", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Integer, nullable=False),
        sa.Column("release_due", Moment, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", name="pk_wave_seals"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_wave_seals_wave_id"),
        sa.CheckConstraint("places >= 0 AND withdrawn >= 0", name=op.f("ck_wave_seals_counts")),
        strict(
            "wave_seals",
            wave_id="integer",
            root="blob",
            places="integer",
            withdrawn="integer",
            release_due="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wave_terms",
        sa.Column("wave_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
        sa.Column("formulas", sa.Text, nullable=False),
        sa.Column("criteria", sa.Text, nullable=False),
        sa.Column("seed", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", name="pk_wave_terms"),
        sa.ForeignKeyConstraint(["criteria"], ["documents.digest"], name="fk_wave_terms_criteria"),
        sa.ForeignKeyConstraint(["formulas"], ["documents.digest"], name="fk_wave_terms_formulas"),
        sa.ForeignKeyConstraint(["terms"], ["documents.digest"], name="fk_wave_terms_terms"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_wave_terms_wave_id"),
        sa.ForeignKeyConstraint(["weights"], ["documents.digest"], name="fk_wave_terms_weights"),
        strict(
            "wave_terms",
            wave_id="integer",
            terms="text",
            weights="text",
            formulas="text",
            criteria="text",
            seed="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "comment_reviews",
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_on", Day, nullable=False),
        sa.Column("batch", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("comment", name="pk_comment_reviews"),
        sa.ForeignKeyConstraint(["comment"], ["comments.id"], name="fk_comment_reviews_comment"),
        sa.CheckConstraint("state IN ('passed', 'withheld')", name=op.f("ck_comment_reviews_state")),
        sa.CheckConstraint("batch IS NULL OR state = 'passed'", name=op.f("ck_comment_reviews_handed")),
        strict(
            "comment_reviews",
            comment="text",
            state="text",
            decided_by="text",
            decided_on="text",
            batch="integer?",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tokens",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("batch", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_tokens"),
        sa.ForeignKeyConstraint(["batch"], ["token_batches.id"], name="fk_tokens_batch"),
        strict(
            "tokens",
            hash="blob",
            batch="text",
        ),
        sqlite_with_rowid=False,
    )
