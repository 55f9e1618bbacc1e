"""The first schema: units, forms, waves, sessions, ballots, releases, contacts."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Day, Moment

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def strict(table: str, **columns: str) -> sa.CheckConstraint:
    """SQLite takes any value in any column, unless a check says no. A question mark stands for `or null`."""
    parts = (
        f"typeof({name}) IN ('{kind[:-1]}', 'null')" if kind.endswith("?") else f"typeof({name}) = '{kind}'"
        for name, kind in columns.items()
    )
    return sa.CheckConstraint(" AND ".join(parts), name=op.f(f"ck_{table}_types")).ddl_if(dialect="sqlite")


def upgrade() -> None:
    op.create_table(
        "forms",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_forms"),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_forms_digest")),
        strict(
            "forms",
            id="text",
            version="text",
            digest="text",
            body="text",
        ),
    )
    op.create_table(
        "lobbies",
        sa.Column("nullifier", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("touched_on", Day, nullable=False),
        sa.PrimaryKeyConstraint("nullifier", name="pk_lobbies"),
        sa.CheckConstraint("length(nullifier) = 16", name=op.f("ck_lobbies_nullifier")),
        strict(
            "lobbies",
            nullifier="blob",
            body="blob",
            touched_on="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "markers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_markers"),
        strict(
            "markers",
            name="text",
            value="integer",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("on_date", Day, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        strict(
            "quarantine",
            id="text",
            account="text",
            fingerprint="blob",
            error="text",
            on_date="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "units",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=True),
        sa.Column("valid_from", Day, nullable=False),
        sa.Column("valid_to", Day, nullable=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_units"),
        sa.CheckConstraint("length(code) > 0 AND length(name) > 0", name=op.f("ck_units_named")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_units_valid")),
        strict(
            "units",
            code="text",
            name="text",
            kind="text",
            province="text?",
            valid_from="text",
            valid_to="text?",
            source="text",
        ),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("purposes", sa.Text, nullable=False),
        sa.Column("consented_on", Day, nullable=False),
        sa.Column("consent_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_contacts_unit"),
        sa.UniqueConstraint("fingerprint", name="uq_contacts_fingerprint"),
        sa.CheckConstraint("length(fingerprint) = 16", name=op.f("ck_contacts_fingerprint")),
        strict(
            "contacts",
            id="text",
            account="text",
            fingerprint="blob",
            address="blob",
            unit="text?",
            language="text",
            purposes="text",
            consented_on="text",
            consent_text="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unit_aliases",
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("unit", "alias", name="pk_unit_aliases"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_unit_aliases_unit"),
        sa.CheckConstraint("length(alias) > 0", name=op.f("ck_unit_aliases_named")),
        strict(
            "unit_aliases",
            unit="text",
            alias="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unit_successors",
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("successor", sa.Text, nullable=False),
        sa.Column("on_date", Day, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("unit", "successor", name="pk_unit_successors"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_unit_successors_unit"),
        sa.ForeignKeyConstraint(["successor"], ["units.code"], name="fk_unit_successors_successor"),
        sa.CheckConstraint("unit <> successor", name=op.f("ck_unit_successors_onward")),
        strict(
            "unit_successors",
            unit="text",
            successor="text",
            on_date="text",
            source="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "waves",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("form_id", sa.Text, nullable=False),
        sa.Column("form_version", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opens_at", Moment, nullable=False),
        sa.Column("closes_at", Moment, nullable=False),
        sa.Column("closed_at", Moment, nullable=True),
        sa.Column("sealed_at", Moment, nullable=True),
        sa.Column("released_at", Moment, nullable=True),
        sa.Column("key_destroyed_at", Moment, nullable=True),
        sa.Column("k", sa.Integer, nullable=False),
        sa.Column("threshold", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_waves"),
        sa.ForeignKeyConstraint(
            ["form_id", "form_version"], ["forms.id", "forms.version"], name="fk_waves_form_id_form_version"
        ),
        sa.UniqueConstraint("slug", name="uq_waves_slug"),
        sa.CheckConstraint("length(slug) BETWEEN 1 AND 40", name=op.f("ck_waves_slug")),
        sa.CheckConstraint(
            "audience IN ('residents', 'businesses', 'visits', 'forum')", name=op.f("ck_waves_audience")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'closed', 'sealed', 'released')", name=op.f("ck_waves_state")
        ),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_waves_period")),
        sa.CheckConstraint("k >= 5", name=op.f("ck_waves_floor")),
        sa.CheckConstraint(
            "key_destroyed_at IS NULL OR state IN ('sealed', 'released')", name=op.f("ck_waves_key")
        ),
        strict(
            "waves",
            id="integer",
            slug="text",
            form_id="text",
            form_version="text",
            title="text",
            audience="text",
            state="text",
            opens_at="text",
            closes_at="text",
            closed_at="text?",
            sealed_at="text?",
            released_at="text?",
            key_destroyed_at="text?",
            k="integer",
            threshold="text?",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ballots",
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "position", name="pk_ballots"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_ballots_wave_id"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_ballots_unit"),
        sa.UniqueConstraint("receipt", name="uq_ballots_receipt"),
        sa.CheckConstraint("position >= 0", name=op.f("ck_ballots_position")),
        sa.CheckConstraint("length(commitment) = 32", name=op.f("ck_ballots_commitment")),
        strict(
            "ballots",
            wave_id="integer",
            position="integer",
            receipt="text",
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
        "comments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("week", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_comments_wave_id"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_comments_unit"),
        sa.CheckConstraint("length(week) = 8", name=op.f("ck_comments_week")),
        strict(
            "comments",
            id="text",
            wave_id="integer",
            unit="text",
            week="text",
            body="blob",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_comments_wave_id_unit"), "comments", ["wave_id", "unit"])
    op.create_table(
        "releases",
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("released_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "unit", name="pk_releases"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_releases_wave_id"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_releases_unit"),
        strict(
            "releases",
            wave_id="integer",
            unit="text",
            body="text",
            released_at="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sessions",
        sa.Column("nullifier", sa.LargeBinary, nullable=False),
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("nullifier", name="pk_sessions"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_sessions_wave_id"),
        sa.CheckConstraint("length(nullifier) = 16", name=op.f("ck_sessions_nullifier")),
        strict(
            "sessions",
            nullifier="blob",
            wave_id="integer",
            body="blob",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sessions_wave_id_nullifier"), "sessions", ["wave_id", "nullifier"])
    op.create_table(
        "wave_units",
        sa.Column("wave_id", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("invited", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("wave_id", "unit", name="pk_wave_units"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_wave_units_wave_id"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_wave_units_unit"),
        sa.CheckConstraint("invited IS NULL OR invited >= 0", name=op.f("ck_wave_units_invited")),
        strict(
            "wave_units",
            wave_id="integer",
            unit="text",
            invited="integer?",
        ),
        sqlite_with_rowid=False,
    )
