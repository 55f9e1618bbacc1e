"""Brings a database's schema up to date, forward only. Alembic is imported when it is needed: it takes its time."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from storage.database import Unavailable
from storage.sqlite import connect, path_of

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["at", "head", "up", "up_now"]

MIGRATIONS = Path(__file__).parent / "migrations"
ONE_AT_A_TIME = 0x6C616E676E676865  # “langnghe”: the advisory lock of whoever migrates a PostgreSQL database


async def up(url: str) -> None:
    """Creates what is missing, up to the newest revision; several processes may ask at once.

    Raises storage.database.Unavailable when the database is away.
    """
    await asyncio.to_thread(up_now, url)


async def at(url: str) -> str | None:
    """The revision a database is at; None for an empty one."""
    return await asyncio.to_thread(_at, url)


def head() -> str:
    """The newest revision there is."""
    from alembic.script import ScriptDirectory

    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def up_now(url: str) -> None:
    """The same, where no event loop runs."""
    from alembic import command

    config = _config()
    with _connected(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _at(url: str) -> str | None:
    from alembic.migration import MigrationContext

    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """One transaction around everything, and nobody else in it."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    try:
        with _sqlite(url) if is_sqlite else _postgres(url) as connection:
            yield connection
    except (OperationalError, sqlite3.Error) as problem:
        raise Unavailable(f"The database is away: {problem}") from problem


@contextmanager
def _sqlite(url: str) -> Iterator[Connection]:
    driver = connect(path_of(url))
    engine = create_engine("sqlite://", creator=lambda: driver, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    # Making a table anew (batch mode) drops the old one, which others point to; what they point to is checked after.
    driver.execute("PRAGMA foreign_keys = OFF")
    with closing(driver), engine.begin() as connection:
        yield connection
        if astray := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise ValueError(f"The migration left rows that point nowhere: {astray[:10]}")


@contextmanager
def _postgres(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_AT_A_TIME})
        yield connection
