"""Nothing: ratings by templates of Zalo rest in the tables there are, as sessions and ballots of a mode of their own. The number was
given away before that was known, and a number is never given twice."""

from collections.abc import Sequence

import sqlalchemy as sa  # noqa: F401
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op  # noqa: F401

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass
