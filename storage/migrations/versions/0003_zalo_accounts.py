"""Official Accounts on Zalo, and the tokens that open them."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Moment

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TYPES = (
    "typeof(id) = 'text' AND typeof(name) = 'text' AND typeof(kind) = 'integer' AND typeof(unit) IN ('text', 'null') "
    "AND typeof(pair) = 'blob' AND typeof(generation) = 'integer' AND typeof(lease_until) IN ('text', 'null') "
    "AND typeof(journal) IN ('blob', 'null') AND typeof(trouble) IN ('text', 'null') AND typeof(address) IN ('text', 'null')"
)


def upgrade() -> None:
    op.create_table(
        "zalo_accounts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("pair", sa.LargeBinary, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("lease_until", Moment, nullable=True),
        sa.Column("journal", sa.LargeBinary, nullable=True),
        sa.Column("trouble", sa.Text, nullable=True),
        sa.Column("address", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_zalo_accounts"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_zalo_accounts_unit"),
        sa.CheckConstraint("generation >= 0", name=op.f("ck_zalo_accounts_generation")),
        sa.CheckConstraint("address IN ('v2', 'v3')", name=op.f("ck_zalo_accounts_address")),
        sa.CheckConstraint(TYPES, name=op.f("ck_zalo_accounts_types")).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
