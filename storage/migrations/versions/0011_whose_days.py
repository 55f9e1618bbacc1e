"""What concerns the whole installation is no unit's; what follows a day counts from when it was written; quiet days of a province."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Day, Moment

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        make_schedules_anew()
    else:
        op.alter_column("schedules", "unit", nullable=True)
        op.add_column("schedules", sa.Column("since", Moment, nullable=True))
        op.execute("UPDATE schedules SET since = made_at")
        op.alter_column("schedules", "since", nullable=False)
    op.create_table(
        "quiet_days",
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("day", Day, nullable=False),
        sa.Column("is_quiet", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("unit", "day", name="pk_quiet_days"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_quiet_days_unit"),
        sa.CheckConstraint("is_quiet IN (0, 1)", name=op.f("ck_quiet_days_is_quiet")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_quiet_days_name")),
        sa.CheckConstraint(
            "typeof(unit) = 'text' AND typeof(day) = 'text' AND typeof(is_quiet) = 'integer' AND typeof(name) = 'text'",
            name=op.f("ck_quiet_days_types"),
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )


def make_schedules_anew() -> None:
    """SQLite changes no column in place."""
    op.create_table(
        "new_schedules",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_due", Moment, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_schedules_unit"),
        sa.CheckConstraint("state IN ('active', 'paused', 'ended')", name=op.f("ck_schedules_state")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_schedules_version")),
        sa.CheckConstraint(
            "state = 'active' OR next_due IS NULL", name=op.f("ck_schedules_only_active_is_due")
        ),
        sa.CheckConstraint(
            "typeof(id) = 'text' AND typeof(purpose) = 'text' AND typeof(title) = 'text' "
            "AND typeof(unit) IN ('text', 'null') AND typeof(subject) = 'text' AND typeof(calendar) = 'text' "
            "AND typeof(state) = 'text' AND typeof(next_due) IN ('text', 'null') AND typeof(version) = 'integer' "
            "AND typeof(owner) = 'text' AND typeof(made_at) = 'text' AND typeof(since) = 'text'",
            name=op.f("ck_schedules_types"),
        ),
        sqlite_with_rowid=False,
    )
    kept = "id, purpose, title, unit, subject, calendar, state, next_due, version, owner, made_at"
    op.execute(f"INSERT INTO new_schedules ({kept}, since) SELECT {kept}, made_at FROM schedules")
    op.drop_table("schedules")
    op.rename_table("new_schedules", "schedules")
    op.create_index("ix_schedules_next_due", "schedules", ["next_due"])
