"""The database as a PostgreSQL server: a plain transaction for each unit of work; the server groups commits itself.

psycopg's own pool and cursors, without an engine between: measured, that is 2.4 times the units of work a second,
and a tenth of the waiting for the slowest (docs/decisions.md).
"""

import asyncio
import select
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.engine import make_url

from storage.database import Database, Unavailable
from storage.statements import Prepared
from storage.transaction import Tx

__all__ = ["PostgresDatabase"]

# $1, $2 …: what the server itself reads, so that psycopg has nothing to translate.
DIALECT: Dialect = psycopg_dialect.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

Driver = psycopg.AsyncConnection[tuple[Any, ...]]

CONNECTIONS = 16  # beyond this, two cores only take turns
PATIENCE = 5.0  # seconds a unit of work waits for a connection
CONNECT_LIMIT = 5  # seconds
RETRY_LIMIT = 5.0  # seconds of growing pauses before the pool begins afresh with short ones
PAGE = 500  # rows

# Connections lost, disks full, locks not had in time, one of a deadlock, a server that goes down or only reads.
AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)

SESSION = (
    "SET TIME ZONE 'UTC'; SET synchronous_commit = on; SET lock_timeout = '10s'; "
    "SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = error"
)


class PostgresConnection:
    """A unit of work's way to the server. After the unit it is dead.

    The transaction begins with the first statement, and where that is a lock, in the same message: on a busy machine
    each message to and fro costs as much as the statement in it.
    """

    dialect = DIALECT

    def __init__(self, driver: Driver, begin: bytes) -> None:
        self._driver: Driver | None = driver
        self._begin = begin
        self._has_begun = False
        self._streams = 0

    async def fetch(self, statement: Prepared, **values: Any) -> Sequence[tuple[Any, ...]]:
        compiled = statement.on(DIALECT)
        cursor = psycopg.AsyncRawCursor(await self._begun())
        await cursor.execute(compiled.text, compiled.values(values), binary=True)
        return compiled.rows(await cursor.fetchall())

    async def each(self, statement: Prepared, **values: Any) -> AsyncIterator[tuple[Any, ...]]:
        compiled = statement.on(DIALECT)
        self._streams += 1
        name = f"stream_{self._streams}"
        async with psycopg.AsyncRawServerCursor(await self._begun(), name) as cursor:
            await cursor.execute(compiled.text, compiled.values(values), binary=True)
            while rows := await cursor.fetchmany(PAGE):
                for row in compiled.rows(rows):
                    yield row

    async def run(self, statement: Prepared, **values: Any) -> int:
        compiled = statement.on(DIALECT)
        cursor = psycopg.AsyncRawCursor(await self._begun())
        await cursor.execute(compiled.text, compiled.values(values))
        return cursor.rowcount

    async def run_long(self, statement: Prepared, **values: Any) -> int:
        return await self.run(statement, **values)

    async def run_many(self, statement: Prepared, many: Iterable[Mapping[str, Any]]) -> None:
        compiled = statement.on(DIALECT)
        cursor = psycopg.AsyncRawCursor(await self._begun())
        await cursor.executemany(compiled.text, (compiled.values(each) for each in many))

    async def lock(self, number: int) -> None:
        # The lock comes in a statement of its own, so that what is read next is read after it was had.
        lock = b"SELECT pg_advisory_xact_lock(%d)" % number
        begin = b"" if self._has_begun else self._begin + b"; "
        self._has_begun = True
        await self.driver.execute(begin + lock)

    async def commit(self) -> None:
        if self._has_begun:
            await self.driver.execute(b"COMMIT")

    async def roll_back(self) -> None:
        """As far as there is still a server to tell."""
        if self._has_begun:
            with suppress(psycopg.Error):
                await self.driver.execute(b"ROLLBACK")

    def end(self) -> None:
        self._driver = None

    @property
    def driver(self) -> Driver:
        if self._driver is None:
            raise RuntimeError("This unit of work is over.")
        return self._driver

    async def _begun(self) -> Driver:
        if not self._has_begun:
            self._has_begun = True
            await self.driver.execute(self._begin)
        return self.driver


class PostgresDatabase(Database):
    def __init__(self, pool: AsyncConnectionPool[Driver]) -> None:
        self._pool = pool

    @classmethod
    async def at(cls, url: str) -> "PostgresDatabase":
        """Raises Unavailable when the server does not answer."""
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        pool: AsyncConnectionPool[Driver] = AsyncConnectionPool(
            address,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=PATIENCE,
            reconnect_timeout=RETRY_LIMIT,
            configure=_configure,
            check=_is_alive,
            open=False,
            kwargs={"autocommit": True, "connect_timeout": CONNECT_LIMIT, "application_name": "langnghe"},
            name="langnghe",
        )
        try:
            await pool.open(wait=True, timeout=PATIENCE)
        except PoolTimeout as problem:
            await pool.close()
            raise Unavailable("The database server does not answer.") from problem
        return cls(pool)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self._unit(b"BEGIN") as tx:
            yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        async with self._unit(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as tx:
            yield tx

    async def close(self) -> None:
        await self._pool.close(PATIENCE)

    async def _driver(self) -> Driver:
        """Not `pool.connection()`: what it does besides (a second context, a second commit) takes 0.1 ms."""
        me = asyncio.current_task()
        before = me.cancelling() if me is not None else 0
        driver = await self._pool.getconn()
        if me is not None and me.cancelling() > before:
            # The pool waits with `asyncio.wait_for`, which on Python 3.11 forgets who was cancelled as the connection came: a part of
            # the program that was told to end would go on for ever.
            await self._pool.putconn(driver)
            raise asyncio.CancelledError
        return driver

    @asynccontextmanager
    async def _unit(self, begin: bytes) -> AsyncIterator[Tx]:
        try:
            driver = await self._driver()
        except (PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError) as problem:
            raise Unavailable("The database server does not answer.") from problem
        connection = PostgresConnection(driver, begin)
        try:
            yield Tx(connection)
            await connection.commit()
        except BaseException as problem:
            await connection.roll_back()
            if isinstance(problem, AWAY):
                raise Unavailable("The database could not keep this.") from problem
            raise
        finally:
            connection.end()
            await self._pool.putconn(driver)


async def _configure(driver: Driver) -> None:
    await driver.execute(SESSION.encode())


async def _is_alive(driver: Driver) -> None:
    """An idle connection on which something can be read has been closed by the server, or is about to tell us why."""
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(driver)
