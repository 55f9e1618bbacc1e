"""Who serves at which post, how they sign in, and what was done: posts, appointments, codes, sessions, the audit trail."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Moment

revision: str = "0005"
down_revision: str | None = "0004"
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
    make_people()
    make_ways_in()
    make_audit()
    forbid_changes("audit")


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


def make_people() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=True),
        sa.Column("totp", sa.LargeBinary, nullable=True),
        sa.Column("totp_step", sa.BigInteger, nullable=True),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("wrong_at", Moment, nullable=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=True),
        sa.Column("address", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("code", name="uq_staff_code"),
        sa.UniqueConstraint("fingerprint", name="uq_staff_fingerprint"),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_staff_named")),
        sa.CheckConstraint("(fingerprint IS NULL) = (address IS NULL)", name=op.f("ck_staff_account")),
        sa.CheckConstraint(
            "fingerprint IS NULL OR length(fingerprint) = 16", name=op.f("ck_staff_fingerprint")
        ),
        sa.CheckConstraint("totp IS NOT NULL OR code IS NULL", name=op.f("ck_staff_code_with_totp")),
        sa.CheckConstraint("wrong >= 0", name=op.f("ck_staff_wrong")),
        strict(
            "staff",
            id="text",
            name="text",
            added_at="text",
            code="blob?",
            totp="blob?",
            totp_step="integer?",
            wrong="integer",
            wrong_at="text?",
            fingerprint="blob?",
            address="blob?",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name="fk_posts_unit"),
        sa.CheckConstraint(
            "role IN ('officer', 'chief', 'duty', 'supervisor', 'moderator', 'auditor', 'operator')",
            name=op.f("ck_posts_role"),
        ),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_posts_titled")),
        strict("posts", id="text", role="text", unit="text", title="text"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posts_unit", "posts", ["unit"])
    op.create_table(
        "appointments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("until", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name="fk_appointments_post"),
        sa.ForeignKeyConstraint(["person"], ["staff.id"], name="fk_appointments_person"),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_appointments_in_order")),
        strict("appointments", id="text", post="text", person="text", since="text", until="text?"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_appointments_person", "appointments", ["person"])
    op.create_index(
        "ix_appointments_holder",
        "appointments",
        ["post"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def make_ways_in() -> None:
    op.create_table(
        "desk_codes",
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("handle", name="pk_desk_codes"),
        sa.ForeignKeyConstraint(["person"], ["staff.id"], name="fk_desk_codes_person"),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name="fk_desk_codes_post"),
        sa.CheckConstraint("kind IN ('enrol', 'link')", name=op.f("ck_desk_codes_kind")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_desk_codes_hash")),
        sa.CheckConstraint("wrong >= 0", name=op.f("ck_desk_codes_wrong")),
        strict(
            "desk_codes",
            handle="text",
            kind="text",
            hash="blob",
            person="text",
            post="text",
            expires_at="text",
            wrong="integer",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_desk_codes_person", "desk_codes", ["person"])
    op.create_table(
        "desk_sessions",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=True),
        sa.Column("begun_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_desk_sessions"),
        sa.ForeignKeyConstraint(["person"], ["staff.id"], name="fk_desk_sessions_person"),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name="fk_desk_sessions_post"),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_desk_sessions_hash")),
        sa.CheckConstraint("seen_at >= begun_at", name=op.f("ck_desk_sessions_in_order")),
        strict("desk_sessions", hash="blob", person="text", post="text?", begun_at="text", seen_at="text"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_desk_sessions_person", "desk_sessions", ["person"])


def make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("province", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_audit_number")),
        sa.CheckConstraint("length(digest) = 64 AND length(previous) = 64", name=op.f("ck_audit_chained")),
        strict(
            "audit",
            number="integer",
            at="text",
            person="text",
            name="text",
            post="text",
            role="text",
            title="text",
            action="text",
            object="text",
            unit="text?",
            province="text?",
            reason="text",
            previous="text",
            digest="text",
        ),
        sqlite_with_rowid=False,
    )
    for first in ("object", "unit", "province"):
        op.create_index(f"ix_audit_{first}_number", "audit", [first, "number"])
