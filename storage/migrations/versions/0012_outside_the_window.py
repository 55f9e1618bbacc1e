"""What may be spent on people outside their windows, what was, and how far articles are."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Day, Moment

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATES = (
    *("wanted", "creating", "created", "ready", "sending"),
    *("sent", "refused", "unknown", "dropped"),
)


def upgrade() -> None:
    make_orders()
    make_articles()


def make_orders() -> None:
    op.create_table(
        "template_orders",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("agreed", sa.Integer, nullable=False),
        sa.Column("price", sa.Integer, nullable=False),
        sa.Column("agreed_by", sa.Text, nullable=False),
        sa.Column("agreed_at", Moment, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_template_orders"),
        sa.CheckConstraint("agreed >= 0 AND price >= 0", name=op.f("ck_template_orders_numbers")),
        sa.CheckConstraint("taken BETWEEN 0 AND agreed", name=op.f("ck_template_orders_not_one_more")),
        sa.CheckConstraint("sent BETWEEN 0 AND taken", name=op.f("ck_template_orders_sent")),
        sa.CheckConstraint("length(agreed_by) > 0", name=op.f("ck_template_orders_somebody")),
        strict(
            "template_orders",
            kind="text",
            subject="text",
            agreed="integer",
            price="integer",
            agreed_by="text",
            agreed_at="text",
            taken="integer",
            sent="integer",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "template_days",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("day", Day, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account", "day", name="pk_template_days"),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_template_days_taken")),
        strict("template_days", account="text", day="text", taken="integer"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "billed_messages",
        sa.Column("campaign", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("campaign", name="pk_billed_messages"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_billed_messages_campaign"),
        sa.CheckConstraint("number >= 0", name=op.f("ck_billed_messages_number")),
        strict("billed_messages", campaign="integer", number="integer"),
        sqlite_with_rowid=False,
    )


def make_articles() -> None:
    op.create_table(
        "articles",
        sa.Column("campaign", sa.Integer, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=True),
        sa.Column("article", sa.Text, nullable=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("until", Moment, nullable=True),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "account", name="pk_articles"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_articles_campaign"),
        sa.CheckConstraint(
            f"state IN ({', '.join(repr(state) for state in STATES)})", name=op.f("ck_articles_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('creating', 'sending') OR until IS NOT NULL", name=op.f("ck_articles_leased")
        ),
        sa.CheckConstraint("steps >= 0", name=op.f("ck_articles_steps")),
        sa.CheckConstraint("state <> 'created' OR token IS NOT NULL", name=op.f("ck_articles_created")),
        sa.CheckConstraint(
            "state NOT IN ('ready', 'sending', 'sent') OR article IS NOT NULL", name=op.f("ck_articles_ready")
        ),
        strict(
            "articles",
            campaign="integer",
            account="text",
            state="text",
            token="text?",
            article="text?",
            why="text",
            until="text?",
            changed_at="text",
            steps="integer",
        ),
        sqlite_with_rowid=False,
    )


def strict(table: str, **columns: str) -> sa.CheckConstraint:
    """SQLite takes any value in any column, unless a check says no. A question mark stands for `or null`."""
    parts = (
        f"typeof({name}) IN ('{kind[:-1]}', 'null')" if kind.endswith("?") else f"typeof({name}) = '{kind}'"
        for name, kind in columns.items()
    )
    return sa.CheckConstraint(" AND ".join(parts), name=op.f(f"ck_{table}_types")).ddl_if(dialect="sqlite")
