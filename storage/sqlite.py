"""The database as one SQLite file: one writer, many readers, and one sync for many people's answers (group commit).

Statements take microseconds and run where they are called, on the event loop's thread. What takes milliseconds –
waiting for another process's lock, syncing the disk – happens in a thread of its own. Units of work go through a
turnstile one by one, each a savepoint of the batch that is open. When nobody is waiting any more, or the batch is old
enough, it is committed; whoever comes meanwhile is in the next. A unit returns only after its batch is on disk.
"""

import asyncio
import os
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import make_url

from storage.database import Database, Unavailable
from storage.statements import Prepared
from storage.transaction import Tx

__all__ = ["SqliteDatabase", "connect", "path_of"]

DIALECT: Dialect = sqlite_dialect.dialect()

OLD_ENOUGH = (
    0.010  # seconds a batch takes people in while others are waiting for it; a sync costs 0.5 to 5 ms
)
PATIENCE = 10.0  # seconds a unit of work waits for its turn; a platform gives up on a webhook after 10 to 60
BUSY_TIMEOUT = 5_000  # milliseconds SQLite waits for another process's lock
PAGE = 500  # rows between two turns of the event loop
SPARE_READERS = 4

# A deferred BEGIN that reads and then writes fails with "database is locked" as soon as another process writes in between;
# taking the write lock at once makes them queue.
BEGIN = "BEGIN IMMEDIATE"

# The disk or another process is at fault, not the statement.
AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}

# temp_store stays as it is: in memory, SQLite walks a savepoint's whole journal after every statement in it, and
# what takes a second takes minutes.
WAIT, DO_NOT_WAIT = f"PRAGMA busy_timeout = {BUSY_TIMEOUT}", "PRAGMA busy_timeout = 0"
PRAGMAS = f"""
{WAIT};
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = ON;
PRAGMA trusted_schema = OFF;
"""


def path_of(url: str) -> Path:
    """Raises ValueError: a database in memory would be gone with its first connection."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise ValueError("A SQLite database needs a file: sqlite:///langnghe.sqlite")
    return Path(name)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that begins and commits nothing by itself. The file is for its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    driver = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        # Not executescript: it commits, and some pragmas answer with a row.
        for pragma in PRAGMAS.strip().splitlines():
            driver.execute(pragma).fetchall()
    except BaseException:
        driver.close()
        raise
    return driver


class SqliteConnection:
    """A unit of work's way to the file. After the unit it is dead, so that nobody writes into somebody else's."""

    dialect = DIALECT

    def __init__(self, driver: sqlite3.Connection, disk: ThreadPoolExecutor) -> None:
        self._driver: sqlite3.Connection | None = driver
        self._disk = disk

    def end(self) -> None:
        self._driver = None

    @property
    def driver(self) -> sqlite3.Connection:
        if self._driver is None:
            raise RuntimeError("This unit of work is over.")
        return self._driver

    async def fetch(self, statement: Prepared, **values: Any) -> Sequence[tuple[Any, ...]]:
        compiled = statement.on(DIALECT)
        return compiled.rows(self.driver.execute(compiled.text, compiled.values(values)).fetchall())

    async def each(self, statement: Prepared, **values: Any) -> AsyncIterator[tuple[Any, ...]]:
        compiled = statement.on(DIALECT)
        cursor = self.driver.execute(compiled.text, compiled.values(values))
        try:
            while rows := cursor.fetchmany(PAGE):
                for row in compiled.rows(rows):
                    yield row
                await asyncio.sleep(0)
        finally:
            cursor.close()

    async def run(self, statement: Prepared, **values: Any) -> int:
        compiled = statement.on(DIALECT)
        return self.driver.execute(compiled.text, compiled.values(values)).rowcount

    async def run_long(self, statement: Prepared, **values: Any) -> int:
        compiled = statement.on(DIALECT)
        driver, bound = self.driver, compiled.values(values)
        # Whoever runs has the writer to themselves, and SQLite lets go of Python while it works.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._disk, lambda: driver.execute(compiled.text, bound).rowcount)

    async def run_many(self, statement: Prepared, many: Iterable[Mapping[str, Any]]) -> None:
        compiled = statement.on(DIALECT)
        page: list[list[Any]] = []
        for values in many:
            page.append(compiled.values(values))
            if len(page) == PAGE:
                self.driver.executemany(compiled.text, page)
                page.clear()
                await asyncio.sleep(0)
        self.driver.executemany(compiled.text, page)

    async def lock(self, number: int) -> None:
        """Nothing to do: whoever may write at all is alone."""


class Batch:
    """Units of work that share one commit."""

    __slots__ = ("_done", "_full_at", "failure", "units")

    def __init__(self, loop: asyncio.AbstractEventLoop, old_enough: float = OLD_ENOUGH) -> None:
        self._done: asyncio.Future[None] = loop.create_future()
        self._full_at = time.monotonic() + old_enough
        self.failure: BaseException | None = None
        self.units = 0

    @property
    def is_full(self) -> bool:
        return self.units > 0 and time.monotonic() > self._full_at

    def settle(self, failure: BaseException | None) -> None:
        self.failure = failure
        self._done.set_result(None)

    async def settled(self) -> None:
        """Raises Unavailable when the batch did not reach the disk."""
        # Shielded, because the future is everybody's: one cancelled unit must not cancel the others' wait.
        await asyncio.shield(self._done)
        if self.failure is not None:
            raise Unavailable("The database could not keep this.") from self.failure


class State(Enum):
    IDLE = auto()
    BEGINNING = auto()
    OPEN = auto()
    COMMITTING = auto()


class SqliteDatabase(Database):
    """Everything but `_begin_in_time`, `_commit` and `_close` runs on the event loop's thread."""

    def __init__(self, path: Path, writer: sqlite3.Connection, disk: ThreadPoolExecutor) -> None:
        self._path = path
        self._writer = writer
        self._writer.execute(DO_NOT_WAIT)  # on the event loop's thread
        self._disk = disk
        self._loop = asyncio.get_running_loop()
        self._state = State.IDLE
        self._batch: Batch | None = None
        self._is_taken = False
        self._queue: deque[asyncio.Future[Batch]] = deque()
        self._readers: list[sqlite3.Connection] = []
        self._is_closing = False
        self._is_in_a_hurry = False
        self._quiet = asyncio.Event()
        self._quiet.set()

    @classmethod
    async def at(cls, url: str) -> "SqliteDatabase":
        """Raises Unavailable."""
        path = path_of(url)
        disk = ThreadPoolExecutor(1, thread_name_prefix="disk")
        try:
            writer = await asyncio.get_running_loop().run_in_executor(disk, connect, path)
        except BaseException as problem:
            disk.shutdown()
            if isinstance(problem, sqlite3.Error | OSError):
                raise Unavailable(f"{path} cannot be opened: {problem}") from problem
            raise
        return cls(path, writer, disk)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        batch = await self._turn()
        connection = SqliteConnection(self._writer, self._disk)
        try:
            self._writer.execute("SAVEPOINT unit")
            yield Tx(connection)
            self._writer.execute("RELEASE unit")
        except BaseException as problem:
            self._undo(batch, problem)
            if is_away(problem):
                raise Unavailable("The database could not keep this.") from problem
            raise
        finally:
            connection.end()
            self._is_taken = False
            self._advance()
        await batch.settled()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        if self._is_closing:
            raise Unavailable("The database is closing.")
        reader = self._readers.pop() if self._readers else self._new_reader()
        connection = SqliteConnection(reader, self._disk)
        try:
            reader.execute("BEGIN")
            yield Tx(connection)
        except sqlite3.Error as problem:
            if is_away(problem):
                raise Unavailable("The database cannot be read.") from problem
            raise
        finally:
            connection.end()
            if reader.in_transaction:
                reader.execute("ROLLBACK")
            if len(self._readers) < SPARE_READERS and not self._is_closing:
                self._readers.append(reader)
            else:
                reader.close()

    def hurry(self) -> None:
        """For a file that is made anew when anything goes wrong, before anybody writes: nothing waits for the disk."""
        self._writer.execute("PRAGMA synchronous = OFF")
        self._is_in_a_hurry = True

    async def close(self) -> None:
        self._is_closing = True
        await self._quiet.wait()
        for reader in self._readers:
            reader.close()
        self._readers.clear()
        await self._loop.run_in_executor(self._disk, self._writer.close)
        self._disk.shutdown()

    # ── The turnstile ─────────────────────────────────────────────────────────────────────────────────────────

    async def _turn(self) -> Batch:
        """Waits until this unit of work may run alone in an open batch."""
        if self._is_closing:
            raise Unavailable("The database is closing.")
        turn: asyncio.Future[Batch] = self._loop.create_future()
        self._queue.append(turn)
        self._advance()
        # A timer on the future, because asyncio.timeout costs as much as a statement.
        timer = self._loop.call_later(PATIENCE, _give_up, turn)
        try:
            return await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The turn came at the very moment of giving up: hand it on.
                self._is_taken = False
                self._advance()
            raise
        finally:
            timer.cancel()

    def _advance(self) -> None:
        """Does whatever comes next, if anything may."""
        if self._is_taken:
            return
        if self._state is State.IDLE:
            if self._someone_waits():
                self._quiet.clear()
                self._state = State.BEGINNING
                self._loop.call_soon(self._begin_at_once)
            else:
                self._quiet.set()
        elif self._state is State.OPEN:
            assert self._batch is not None
            if self._batch.failure is not None or not self._someone_waits() or self._batch.is_full:
                self._state = State.COMMITTING
                self._on_disk(self._commit if self._batch.failure is None else self._abandon, self._committed)
            else:
                self._is_taken = True
                self._batch.units += 1
                self._queue.popleft().set_result(self._batch)

    def _someone_waits(self) -> bool:
        while self._queue and self._queue[0].done():
            self._queue.popleft()  # cancelled while waiting
        return bool(self._queue)

    def _begin_at_once(self) -> None:
        """Here, because it is a few microseconds and two changes of thread are many; in the disk's thread where it must wait."""
        try:
            self._writer.execute(BEGIN)
        except sqlite3.Error as problem:
            if problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                self._on_disk(self._begin_in_time, self._begun)
            else:
                self._begun(problem)
        else:
            self._begun(None)

    def _begun(self, failure: BaseException | None) -> None:
        if failure is None:
            self._state = State.OPEN
            self._batch = Batch(self._loop, PATIENCE / 2 if self._is_in_a_hurry else OLD_ENOUGH)
        else:
            self._state = State.IDLE
            while self._someone_waits():
                unavailable = Unavailable("The database cannot be written to.")
                unavailable.__cause__ = failure
                self._queue.popleft().set_exception(unavailable)
        self._advance()

    def _committed(self, failure: BaseException | None) -> None:
        assert self._batch is not None
        self._batch.settle(self._batch.failure or failure)
        self._batch = None
        self._state = State.IDLE
        self._advance()

    def _undo(self, batch: Batch, problem: BaseException) -> None:
        """Takes back one unit. Where SQLite has already taken back everything, the whole batch has failed."""
        try:
            if not self._writer.in_transaction:
                raise problem
            self._writer.execute("ROLLBACK TO unit")
            self._writer.execute("RELEASE unit")
        except BaseException as failure:
            batch.failure = failure

    # ── In the disk's thread ──────────────────────────────────────────────────────────────────────────────────

    def _on_disk(self, work: Callable[[], None], then: Callable[[BaseException | None], None]) -> None:
        if self._is_in_a_hurry:
            self._loop.call_soon(lambda: then(_failure_of(work)))
            return
        # A callback rather than a task: no cancelled unit of work can leave a batch half open.
        future = self._loop.run_in_executor(self._disk, work)
        future.add_done_callback(lambda done: then(done.exception()))

    def _begin_in_time(self) -> None:
        self._writer.execute(WAIT)
        try:
            self._writer.execute(BEGIN)
        finally:
            self._writer.execute(DO_NOT_WAIT)

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except BaseException:
            self._abandon()
            raise

    def _abandon(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _new_reader(self) -> sqlite3.Connection:
        try:
            reader = connect(self._path)
        except sqlite3.Error as problem:
            raise Unavailable(f"{self._path} cannot be opened: {problem}") from problem
        reader.execute("PRAGMA query_only = ON")
        return reader


def _failure_of(work: Callable[[], None]) -> BaseException | None:
    try:
        work()
    except Exception as failure:
        return failure
    return None


def _give_up(turn: "asyncio.Future[Batch]") -> None:
    if not turn.done():
        turn.set_exception(Unavailable("The database is busy."))


def is_away(problem: BaseException) -> bool:
    # The lowest byte is the primary code; what is above only says where it happened.
    return isinstance(problem, sqlite3.Error) and getattr(problem, "sqlite_errorcode", 0) & 0xFF in AWAY
