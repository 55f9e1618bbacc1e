"""From an empty database the migrations lead to exactly what the rows say, checks and all, on both databases."""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import migrate, rows
from storage.database import Unavailable
from storage.sqlite import path_of
from tests.postgres import PostgresServer

Look = Callable[[str], object]


def create_all(url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    rows.metadata.create_all(engine)
    engine.dispose()


def look_at_sqlite(url: str) -> object:
    """Every table and index, in SQLite's own words."""
    with sqlite3.connect(path_of(url)) as connection:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type <> 'trigger' AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
        ).fetchall()
    connection.close()
    return {name: _parts(re.sub(r"\s+", " ", sql).replace('"', "")) for name, sql in found}


def _parts(sql: str) -> object:
    # The order of constraints means nothing; the order of columns does.
    head, _, rest = sql.partition(" (")
    body, _, tail = rest.rpartition(")")
    parts = (
        body.split(", ") if sql.startswith("CREATE INDEX") else re.split(r", (?=CONSTRAINT|\w+ [A-Z]+)", body)
    )
    columns = [part.strip() for part in parts if not part.startswith("CONSTRAINT")]
    constraints = {part.strip() for part in parts if part.startswith("CONSTRAINT")}
    return head, columns, constraints, tail.strip()


def look_at_postgres(url: str) -> object:
    """Every column, constraint and index, in PostgreSQL's own words."""
    with psycopg.connect(url) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default "
                "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' "
                "ORDER BY 1, 2",
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE connamespace = 'public'::regnamespace AND conname <> 'alembic_version_pkc' ORDER BY 1, 2",
                "SELECT tablename, indexname, indexdef FROM pg_indexes "
                "WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2",
            )
        ]


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> tuple[str, str, str, Look]:
    """One to migrate, one to create (for us, and for SQLAlchemy), and how to look at them."""
    migrated, created = (f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("migrated", "created"))
    return migrated, created, created, look_at_sqlite


@pytest.fixture
def empty_postgres(postgres_server: PostgresServer) -> Iterator[tuple[str, str, str, Look]]:
    names = ("empty_to_migrate", "empty_to_create")
    for name in names:
        postgres_server.execute(f"CREATE DATABASE {name}")
    migrated, created = (postgres_server.url(name) for name in names)
    yield migrated, created, created.replace("postgresql:", "postgresql+psycopg:"), look_at_postgres
    for name in names:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest) -> tuple[str, str, str, Look]:
    found: tuple[str, str, str, Look] = request.getfixturevalue(f"empty_{request.param}")
    return found


async def test_up_from_empty_equals_the_models(empty: tuple[str, str, str, Look]):
    migrated, created, engine_url, look = empty

    await migrate.up(migrated)
    create_all(engine_url)

    assert look(migrated) == look(created)


async def test_alembic_sees_nothing_left_to_do(empty: tuple[str, str, str, Look]):
    migrated, created, engine_url, _ = empty
    await migrate.up(migrated)

    engine = sqlalchemy.create_engine(engine_url.replace(created, migrated).replace("create", "migrate"))
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), rows.metadata)
    engine.dispose()

    assert found == []


async def test_up_twice_is_up_once(empty: tuple[str, str, str, Look]):
    migrated, _, _, look = empty
    assert await migrate.at(migrated) is None

    await migrate.up(migrated)
    once = look(migrated)
    await migrate.up(migrated)

    assert look(migrated) == once
    assert await migrate.at(migrated) == migrate.head()


async def test_several_processes_may_ask_at_once(empty: tuple[str, str, str, Look]):
    migrated, *_ = empty

    await asyncio.gather(*(migrate.up(migrated) for _ in range(4)))

    assert await migrate.at(migrated) == migrate.head()


def test_migrations_form_one_line():
    script = ScriptDirectory(str(migrate.MIGRATIONS))

    revisions = list(script.walk_revisions())

    assert len(script.get_heads()) == len(script.get_bases()) == 1
    assert [revision.revision for revision in reversed(revisions)] == [
        f"{number:04}" for number in range(1, len(revisions) + 1)
    ]


async def test_a_database_that_is_away(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"not a database" * 100)

    with pytest.raises(Unavailable):
        await migrate.up("postgresql://postgres@127.0.0.1:1/nowhere")
    with pytest.raises(Unavailable):
        await migrate.up(f"sqlite:///{tmp_path}/file")


def test_a_migration_written_tomorrow_would_import_what_it_names():
    template = (migrate.MIGRATIONS / "script.py.mako").read_text()

    assert "import sqlmodel" in template
