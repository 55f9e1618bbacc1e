"""Who stands for whom, and the hour in which somebody who agreed to notices last wrote."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Moment

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_heard"),
        sa.CheckConstraint("length(fingerprint) = 16", name=op.f("ck_heard_fingerprint")),
        sa.CheckConstraint(
            "typeof(fingerprint) = 'blob' AND typeof(at) = 'text'", name=op.f("ck_heard_types")
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "links",
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("first", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_links"),
        sa.CheckConstraint(
            "length(fingerprint) = 16 AND length(first) = 16", name=op.f("ck_links_fingerprints")
        ),
        sa.CheckConstraint(
            "typeof(fingerprint) = 'blob' AND typeof(first) = 'blob' AND typeof(address) = 'blob'",
            name=op.f("ck_links_types"),
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_first", "links", ["first"])
