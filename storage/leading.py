"""Which of several processes lets the clock tick: whoever has the lock. Everything that ticks is right with two leaders as well; one is
enough, and spares the database the others' questions.

On PostgreSQL it is an advisory lock on a connection of its own, which the server lets go when the process dies. A process that is
frozen keeps its connection: whoever waits sees that it has said nothing for a while, and ends it. On SQLite it is a lock on a file
beside the keys, which the kernel lets go."""

import asyncio
import fcntl
import os
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import structlog
from sqlalchemy.engine import make_url

__all__ = ["LOOK", "SILENT", "FileLeader", "Leader", "PostgresLeader", "leader_for"]

log = structlog.get_logger(__name__)

LOOK = timedelta(seconds=1)
SILENT = timedelta(seconds=3)
"""A leader that has not been heard for so long is frozen or cut off. With a look or two, another leads within five seconds."""
PATIENCE = 2.0  # seconds for one question to the server
LOCK = 0x636C6F636B2E2E2E  # “clock...”
# A machine that was unplugged says no goodbye.
KEEPALIVE = "-c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2"


class Leader(ABC):
    """`async with` it: looks every second whether it leads. `is_leading` is what the last look found."""

    def __init__(self, look: timedelta = LOOK) -> None:
        self.is_leading = False
        self._every = look
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._look()
        self._looking = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        self.is_leading = False
        await self._let_go()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._every.total_seconds())
            await self._look()

    async def _look(self) -> None:
        was, self.is_leading = self.is_leading, await self._leads()
        if was != self.is_leading:
            log.info("clock.leads" if self.is_leading else "clock.leads_no_more", process=os.getpid())

    @abstractmethod
    async def _leads(self) -> bool:
        """Whether the lock is ours now; takes it where it is free."""

    @abstractmethod
    async def _let_go(self) -> None: ...


class FileLeader(Leader):
    def __init__(self, directory: Path, look: timedelta = LOOK) -> None:
        super().__init__(look)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(directory / "leader", os.O_RDWR | os.O_CREAT, 0o600)

    async def _leads(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def _let_go(self) -> None:
        os.close(self._file)


class PostgresLeader(Leader):
    def __init__(self, url: str, look: timedelta = LOOK, silent: timedelta = SILENT) -> None:
        super().__init__(look)
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._silent = silent
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None

    async def _leads(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):  # not `wait_for`: it may forget that we were cancelled
                return await self._ask()
        except (psycopg.Error, OSError, TimeoutError):
            # Away, or another has ended us: from here on we do not lead, whatever the server thinks.
            await self._let_go()
            return False

    async def _ask(self) -> bool:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=2,
                application_name="langnghe clock",
                options=KEEPALIVE,
            )
            self.is_leading = False
        if self.is_leading:
            # By this the others see that we are awake.
            await self._connection.execute("SELECT 1")
            return True
        found = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,))
        [(is_ours,)] = await found.fetchall()
        if not is_ours:
            await self._end_who_is_silent(self._connection)
        return bool(is_ours)

    async def _end_who_is_silent(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        silent = await connection.execute(WHO_IS_SILENT, (LOCK >> 32, LOCK & 0xFFFFFFFF, self._silent))
        for (process,) in await silent.fetchall():
            log.warning("clock.leader_was_silent", backend=process)
            # In a statement of its own: among other conditions, the server may ask this one first.
            await connection.execute("SELECT pg_terminate_backend(%s)", (process,))

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await connection.close()


WHO_IS_SILENT = """
SELECT held.pid FROM pg_locks AS held JOIN pg_stat_activity AS who ON who.pid = held.pid
WHERE held.locktype = 'advisory' AND held.granted AND held.classid = %s AND held.objid = %s AND held.objsubid = 1
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND who.state = 'idle' AND now() - who.state_change > %s
"""


def leader_for(url: str, keys_dir: Path) -> Leader:
    return FileLeader(keys_dir) if url.startswith("sqlite") else PostgresLeader(url)
