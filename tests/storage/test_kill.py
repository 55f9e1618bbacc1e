"""kill -9 at any instant: what was acknowledged is there, whole, and once."""

import asyncio
import os
import random
import signal
import sqlite3
from collections.abc import Callable
from datetime import datetime

import psycopg
import pytest
import uvloop

from storage.database import Database
from storage.sqlite import path_of
from tests.storage.conftest import prepare

PEOPLE = 40
COPIES = 2  # rows that every unit writes, and that must never differ
RECORD = 5  # bytes of one acknowledgement: who, and their count


async def person(db: Database, number: int, heard: int) -> None:
    """Writes 1, 2, 3 … to two rows in one unit of work, and says so once it is committed."""
    count = 0
    while True:
        count += 1
        async with db.transaction() as tx:
            for copy in range(COPIES):
                await tx.sessions.save(bytes([number, copy]) + bytes(14), 1, count.to_bytes(4, "big"))
        os.write(heard, bytes([number]) + count.to_bytes(4, "big"))


async def write(url: str, heard: int) -> None:
    db = await Database.open(url)
    await asyncio.gather(*(person(db, number, heard) for number in range(PEOPLE)))


def kill_under_load(url: str, after: int) -> dict[int, int]:
    """Person → the last count that was acknowledged, having killed the writer after so many acknowledgements."""
    reading, writing = os.pipe()
    writer = os.fork()  # importing everything anew would take longer than the test
    if writer == 0:
        os.close(reading)
        try:
            uvloop.run(write(url, writing))
        finally:
            os._exit(1)
    os.close(writing)
    heard = b""
    while len(heard) < RECORD * after:
        more = os.read(reading, 65536)
        assert more, "the writer stopped by itself"
        heard += more
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    while more := os.read(reading, 65536):
        heard += more
    os.close(reading)
    acknowledged: dict[int, int] = {}
    for place in range(0, len(heard), RECORD):
        acknowledged[heard[place]] = int.from_bytes(heard[place + 1 : place + RECORD], "big")
    return acknowledged


def sqlite_rows(url: str) -> list[tuple[bytes, bytes]]:
    with sqlite3.connect(path_of(url)) as connection:
        found = connection.execute("SELECT nullifier, body FROM sessions").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return found


def postgres_rows(url: str) -> list[tuple[bytes, bytes]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT nullifier, body FROM sessions").fetchall()


def campaign(url: str, kills: int, look: Callable[[str], list[tuple[bytes, bytes]]]) -> None:
    chance = random.Random(kills)
    for _ in range(kills):
        acknowledged = kill_under_load(url, after=chance.randrange(1, 400))

        stored: dict[int, set[int]] = {}
        for nullifier, body in look(url):
            stored.setdefault(nullifier[0], set()).add(int.from_bytes(body, "big"))

        assert all(len(counts) == 1 for counts in stored.values())  # both rows or neither
        for person, count in acknowledged.items():
            [kept] = stored[person]
            # One more may have been committed that nobody was told of.
            assert kept in (count, count + 1)


@pytest.fixture
async def url(sqlite_url: str, clock: Callable[[], datetime]) -> str:
    db = await Database.open(sqlite_url)
    await prepare(db, clock())
    await db.close()
    return sqlite_url


@pytest.fixture
async def server_url(postgres_url: str, clock: Callable[[], datetime]) -> str:
    db = await Database.open(postgres_url)
    await prepare(db, clock())
    await db.close()
    return postgres_url


def test_killed_on_sqlite(url: str):
    campaign(url, 20, sqlite_rows)


@pytest.mark.postgres
def test_killed_on_postgres(server_url: str):
    campaign(server_url, 5, postgres_rows)


@pytest.mark.long
def test_killed_two_hundred_times(url: str):
    campaign(url, 200, sqlite_rows)
