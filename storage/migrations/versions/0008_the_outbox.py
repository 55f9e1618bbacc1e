"""What is to be sent to whom, and what came of it."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel  # noqa: F401  (later migrations name its types)
from alembic import op

from storage.moments import Moment

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATES = (
    *("pending", "claimed", "sending", "sent", "failed"),
    *("blocked", "window_closed", "unknown", "expired", "cancelled"),
)
WAITING = sa.text("state = 'pending'")
ODD = sa.text("state NOT IN ('pending', 'sent')")


def upgrade() -> None:
    make_campaigns()
    make_deliveries()
    make_senders()
    number_contacts()


def number_contacts() -> None:
    """From here on the database itself writes beside a contact which campaigns it came before."""
    op.create_table(
        "contact_entries",
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("contact", name="pk_contact_entries"),
        strict("contact_entries", contact="text", number="integer"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO contact_entries (contact, number) SELECT id, 0 FROM contacts ORDER BY id")
    number = "COALESCE((SELECT value FROM markers WHERE name = 'audiences'), 0)"
    came = f"INSERT INTO contact_entries (contact, number) VALUES (NEW.id, {number})"
    went = "DELETE FROM contact_entries WHERE contact = OLD.id"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER contacts_come AFTER INSERT ON contacts BEGIN {came}; END")
        op.execute(f"CREATE TRIGGER contacts_go AFTER DELETE ON contacts BEGIN {went}; END")
        return
    for name, event, deed in (("contacts_come", "INSERT", came), ("contacts_go", "DELETE", went)):
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {deed}; RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON contacts FOR EACH ROW EXECUTE FUNCTION {name}()")


def one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        f"{column} IN ({', '.join(repr(word) for word in words)})", name=op.f(f"ck_{table}_{column}")
    )


def strict(table: str, **columns: str) -> sa.CheckConstraint:
    """SQLite takes any value in any column, unless a check says no. A question mark stands for `or null`."""
    parts = (
        f"typeof({name}) IN ('{kind[:-1]}', 'null')" if kind.endswith("?") else f"typeof({name}) = '{kind}'"
        for name, kind in columns.items()
    )
    return sa.CheckConstraint(" AND ".join(parts), name=op.f(f"ck_{table}_types")).ddl_if(dialect="sqlite")


def make_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("not_before", Moment, nullable=False),
        sa.Column("over_seconds", sa.Integer, nullable=False),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("is_urgent", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("poison_at", sa.Integer, nullable=False),
        sa.Column("fixed_at", sa.BigInteger, nullable=True),
        sa.Column("cell", sa.Integer, nullable=True),
        sa.Column("after", sa.LargeBinary, nullable=False),
        sa.Column("walked_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        one_of("campaigns", "state", ("open", "paused", "stopped", "done")),
        one_of("campaigns", "purpose", ("reply", "notice", "invitation", "template")),
        sa.CheckConstraint(
            "over_seconds >= 0 AND repeats >= 0 AND poison_at > 0", name=op.f("ck_campaigns_numbers")
        ),
        sa.CheckConstraint("is_urgent IN (0, 1)", name=op.f("ck_campaigns_urgent")),
        strict(
            "campaigns",
            kind="text",
            subject="text",
            purpose="text",
            audience="text",
            not_before="text",
            over_seconds="integer",
            expires_at="text?",
            is_urgent="integer",
            repeats="integer",
            state="text",
            why="text",
            poison_at="integer",
            fixed_at="integer?",
            cell="integer?",
            after="blob",
            walked_at="text?",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_campaigns_kind_subject", "campaigns", ["kind", "subject"], unique=True)


def make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("campaign", sa.Integer, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("repeated", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=True),
        sa.Column("until", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_deliveries_campaign"),
        one_of("deliveries", "state", STATES),
        sa.CheckConstraint("attempts >= 0 AND repeated >= 0", name=op.f("ck_deliveries_numbers")),
        sa.CheckConstraint(
            "(state IN ('claimed', 'sending')) = (owner IS NOT NULL)", name=op.f("ck_deliveries_owned")
        ),
        sa.CheckConstraint("owner IS NULL OR until IS NOT NULL", name=op.f("ck_deliveries_leased")),
        strict(
            "deliveries",
            campaign="integer",
            contact="text",
            account="text",
            state="text",
            reason="text",
            attempts="integer",
            repeated="integer",
            owner="text?",
            until="text?",
        ),
    )
    op.create_index("uq_deliveries_contact_campaign", "deliveries", ["contact", "campaign"], unique=True)
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["campaign", "account", "id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index(
        "ix_deliveries_odd",
        "deliveries",
        ["state", "campaign", "id"],
        sqlite_where=ODD,
        postgresql_where=ODD,
    )
    op.create_table(
        "delivery_counts",
        sa.Column("campaign", sa.Integer, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "account", "state", name="pk_delivery_counts"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_delivery_counts_campaign"),
        one_of("delivery_counts", "state", STATES),
        sa.CheckConstraint("number >= 0", name=op.f("ck_delivery_counts_number")),
        strict("delivery_counts", campaign="integer", account="text", state="text", number="integer"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sent_messages",
        sa.Column("delivery", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("purge_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("delivery", name="pk_sent_messages"),
        strict("sent_messages", delivery="integer", message="blob", purge_at="text"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sent_messages_purge_at", "sent_messages", ["purge_at"])


def make_senders() -> None:
    op.create_table(
        "senders",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("until", Moment, nullable=True),
        sa.Column("paused_until", Moment, nullable=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_senders"),
        sa.CheckConstraint("epoch >= 0", name=op.f("ck_senders_epoch")),
        strict(
            "senders",
            account="text",
            owner="text",
            until="text?",
            paused_until="text?",
            why="text",
            epoch="integer",
        ),
        sqlite_with_rowid=False,
    )
