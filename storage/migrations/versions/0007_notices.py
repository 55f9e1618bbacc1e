"""Notices, what they carry, and who wants which."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Day, Moment

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TOPICS = ("scam", "traffic", "procedure", "fire", "other")
ONE_OF_THEM = "IN ('scam', 'traffic', 'procedure', 'fire', 'other')"


def strict(table: str, **columns: str) -> sa.CheckConstraint:
    """SQLite takes any value in any column, unless a check says no. A question mark stands for `or null`."""
    parts = (
        f"typeof({name}) IN ('{kind[:-1]}', 'null')" if kind.endswith("?") else f"typeof({name}) = '{kind}'"
        for name, kind in columns.items()
    )
    return sa.CheckConstraint(" AND ".join(parts), name=op.f(f"ck_{table}_types")).ddl_if(dialect="sqlite")


def upgrade() -> None:
    make_notices()
    make_what_they_carry()
    make_subscriptions()
    who_agreed_before_wants_everything()


def make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_urgent", sa.Integer, nullable=False),
        sa.Column("is_self_approved", sa.Integer, nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("approved_by", sa.Text, nullable=True),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=True),
        sa.Column("begun_at", Moment, nullable=True),
        sa.Column("recalled_at", Moment, nullable=True),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("campaign", sa.Integer, nullable=True),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("code", name="uq_notices_code"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_notices_unit"),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'rejected', 'approved', 'scheduled', 'sending', 'sent', 'stopped', 'recalled', "
            "'cancelled', 'expired', 'archived')",
            name=op.f("ck_notices_state"),
        ),
        sa.CheckConstraint(f"category {ONE_OF_THEM}", name=op.f("ck_notices_category")),
        sa.CheckConstraint("length(code) BETWEEN 6 AND 8", name=op.f("ck_notices_code")),
        sa.CheckConstraint("version >= 1 AND seen >= 0", name=op.f("ck_notices_numbers")),
        sa.CheckConstraint(
            "is_urgent IN (0, 1) AND is_self_approved IN (0, 1)", name=op.f("ck_notices_facts")
        ),
        sa.CheckConstraint(
            "approved_by IS NOT NULL OR state IN ('draft', 'submitted', 'rejected', 'cancelled', 'expired', 'archived')",
            name=op.f("ck_notices_approved"),
        ),
        sa.CheckConstraint(
            "begun_at IS NULL OR approved_by IS NOT NULL", name=op.f("ck_notices_left_approved")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> written_by OR (is_self_approved = 1 AND is_urgent = 1)",
            name=op.f("ck_notices_by_another"),
        ),
        strict(
            "notices",
            id="text",
            code="text",
            unit="text",
            category="text",
            state="text",
            version="integer",
            is_urgent="integer",
            is_self_approved="integer",
            written_by="text",
            approved_by="text?",
            written_at="text",
            changed_at="text",
            due_at="text?",
            begun_at="text?",
            recalled_at="text?",
            expires_at="text?",
            campaign="integer?",
            seen="integer",
            body="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notices_unit_begun_at", "notices", ["unit", "begun_at"])
    op.create_index("ix_notices_state_due_at", "notices", ["state", "due_at"])


def make_what_they_carry() -> None:
    op.create_table(
        "notice_pictures",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("taken_on", Day, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_notice_pictures"),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_notice_pictures_digest")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_notice_pictures_size")),
        strict(
            "notice_pictures",
            digest="text",
            content="blob",
            width="integer",
            height="integer",
            taken_on="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_templates",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_templates"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_notice_templates_unit"),
        sa.CheckConstraint(f"category {ONE_OF_THEM}", name=op.f("ck_notice_templates_category")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_notice_templates_named")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_notice_templates_version")),
        strict(
            "notice_templates",
            id="text",
            unit="text",
            name="text",
            category="text",
            version="integer",
            body="text",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notice_templates_unit", "notice_templates", ["unit"])


def make_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "unit", "topic", name="pk_subscriptions"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_subscriptions_unit"),
        sa.CheckConstraint("length(fingerprint) = 16", name=op.f("ck_subscriptions_fingerprint")),
        sa.CheckConstraint(f"topic {ONE_OF_THEM}", name=op.f("ck_subscriptions_topic")),
        strict("subscriptions", fingerprint="blob", unit="text", topic="text"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_subscriptions_unit_topic_fingerprint", "subscriptions", ["unit", "topic", "fingerprint"]
    )
    op.create_table(
        "notice_seen",
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("notice", "fingerprint", name="pk_notice_seen"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_seen_notice"),
        sa.CheckConstraint("length(fingerprint) = 16", name=op.f("ck_notice_seen_fingerprint")),
        strict("notice_seen", notice="text", fingerprint="blob"),
        sqlite_with_rowid=False,
    )


def who_agreed_before_wants_everything() -> None:
    """Until now one agreed to a ward's notices as a whole."""
    for topic in TOPICS:
        op.execute(
            "INSERT INTO subscriptions (fingerprint, unit, topic) "
            f"SELECT fingerprint, unit, '{topic}' FROM contacts WHERE unit IS NOT NULL AND purposes LIKE '%\"notices\"%'"
        )
