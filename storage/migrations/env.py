"""Where Alembic hands over: the connection comes from `storage.migrate`, and nowhere else."""

from alembic import context

from storage import (  # noqa: F401  (each registers its tables)
    desk_rows,
    notice_rows,
    outbox_rows,
    outside_rows,
    rows,
    schedule_rows,
)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=rows.metadata,
    # SQLite cannot alter most things in place; batch mode makes the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
