"""The survey of offices and businesses is a topic of its own, and nobody has agreed to it yet."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ONE_OF_THEM = "topic IN ('scam', 'traffic', 'procedure', 'fire', 'other', 'surveys', 'businesses')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        make_it_anew()
        return
    op.drop_constraint(op.f("ck_subscriptions_topic"), "subscriptions", type_="check")
    op.create_check_constraint(op.f("ck_subscriptions_topic"), "subscriptions", ONE_OF_THEM)


def make_it_anew() -> None:
    """SQLite changes no check in place."""
    op.create_table(
        "new_subscriptions",
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "unit", "topic", name="pk_subscriptions"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_subscriptions_unit"),
        sa.CheckConstraint("length(fingerprint) = 16", name=op.f("ck_subscriptions_fingerprint")),
        sa.CheckConstraint(ONE_OF_THEM, name=op.f("ck_subscriptions_topic")),
        sa.CheckConstraint(
            "typeof(fingerprint) = 'blob' AND typeof(unit) = 'text' AND typeof(topic) = 'text'",
            name=op.f("ck_subscriptions_types"),
        ),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO new_subscriptions SELECT fingerprint, unit, topic FROM subscriptions")
    op.drop_table("subscriptions")
    op.rename_table("new_subscriptions", "subscriptions")
    op.create_index(
        "ix_subscriptions_unit_topic_fingerprint", "subscriptions", ["unit", "topic", "fingerprint"]
    )
