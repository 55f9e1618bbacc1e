"""kill -9 at any instant: what was acknowledged is there, whole, and once."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime

import psycopg
import pytest

from storage.database import Database
from storage.sqlite import path_of
from tests.storage.conftest import prepare

PEOPLE = 20
TWICE = 2  # rows that every unit writes, and that must never differ

# Each person writes 1, 2, 3 … to two rows in one unit of work, and says so once it is committed.
WRITER = f"""
import asyncio, os, sys
import uvloop
from storage.database import Database

async def person(db, number):
    count = 0
    while True:
        count += 1
        async with db.transaction() as tx:
            for copy in range({TWICE}):
                await tx.sessions.save(bytes([number, copy]) + bytes(14), 1, count.to_bytes(4, "big"))
        os.write(1, bytes([number]) + count.to_bytes(4, "big"))

async def main():
    db = await Database.open(sys.argv[1])
    await asyncio.gather(*(person(db, number) for number in range({PEOPLE})))

uvloop.run(main())
"""


def kill_under_load(url: str, after: int) -> dict[int, int]:
    """Person → the last count that was acknowledged, having killed the writer after so many acknowledgements."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    heard = os.read(writer.stdout.fileno(), 5)
    while len(heard) < 5 * after:
        heard += os.read(writer.stdout.fileno(), 65536)
    writer.send_signal(signal.SIGKILL)
    heard += writer.stdout.read()
    writer.wait()
    acknowledged: dict[int, int] = {}
    for place in range(0, len(heard) - 4, 5):
        acknowledged[heard[place]] = int.from_bytes(heard[place + 1 : place + 5], "big")
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
    campaign(url, 3, sqlite_rows)


@pytest.mark.postgres
def test_killed_on_postgres(server_url: str):
    campaign(server_url, 2, postgres_rows)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_two_hundred_times(url: str):
    campaign(url, 200, sqlite_rows)
