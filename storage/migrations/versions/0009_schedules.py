"""What happens by itself, and every time it was due."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Moment

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_due", Moment, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_schedules_unit"),
        sa.CheckConstraint("state IN ('active', 'paused', 'ended')", name=op.f("ck_schedules_state")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_schedules_version")),
        sa.CheckConstraint(
            "state = 'active' OR next_due IS NULL", name=op.f("ck_schedules_only_active_is_due")
        ),
        sa.CheckConstraint(
            "typeof(id) = 'text' AND typeof(purpose) = 'text' AND typeof(title) = 'text' "
            "AND typeof(unit) = 'text' AND typeof(subject) = 'text' AND typeof(calendar) = 'text' "
            "AND typeof(state) = 'text' AND typeof(next_due) IN ('text', 'null') AND typeof(version) = 'integer' "
            "AND typeof(owner) = 'text' AND typeof(made_at) = 'text'",
            name=op.f("ck_schedules_types"),
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_schedules_next_due", "schedules", ["next_due"])
    op.create_table(
        "dues",
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("due", Moment, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=True),
        sa.Column("lease", sa.Text, nullable=True),
        sa.Column("lease_until", Moment, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("settled_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("schedule", "due", name="pk_dues"),
        sa.ForeignKeyConstraint(["schedule"], ["schedules.id"], name="fk_dues_schedule"),
        sa.CheckConstraint(
            "state IN ('due', 'running', 'done', 'skipped', 'failed')", name=op.f("ck_dues_state")
        ),
        sa.CheckConstraint(
            "state <> 'running' OR lease_until IS NOT NULL", name=op.f("ck_dues_running_is_leased")
        ),
        sa.CheckConstraint(
            "state NOT IN ('skipped', 'failed') OR reason IS NOT NULL", name=op.f("ck_dues_reason")
        ),
        sa.CheckConstraint(
            "typeof(schedule) = 'text' AND typeof(due) = 'text' AND typeof(state) = 'text' AND typeof(tries) = 'integer' "
            "AND typeof(asked_by) IN ('text', 'null') AND typeof(lease) IN ('text', 'null') AND typeof(lease_until) IN ('text', 'null') "
            "AND typeof(reason) IN ('text', 'null') AND typeof(settled_at) IN ('text', 'null')",
            name=op.f("ck_dues_types"),
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dues_state_due", "dues", ["state", "due"])
    op.create_table(
        "clock_holds",
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("cause", name="pk_clock_holds"),
        sa.CheckConstraint(
            "typeof(cause) = 'text' AND typeof(reason) = 'text' AND typeof(since) = 'text'",
            name=op.f("ck_clock_holds_types"),
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
