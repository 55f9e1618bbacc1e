"""One of several lets the clock tick: it dies, is cut off, or freezes, and another does within five seconds."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from storage.leading import FileLeader, PostgresLeader, leader_for
from tests.patience import PATIENCE

SOON = timedelta(milliseconds=50)
UNHURRIED = timedelta(seconds=PATIENCE)
"""So long a leader may be silent where nobody freezes: on a busy machine one that is all right is, now and then."""

ALONE = """
import asyncio, sys
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from pathlib import Path
from storage.leading import leader_for
async def lead():
    async with leader_for(sys.argv[1], Path(sys.argv[2])) as leader:
        while True:
            print(leader.is_leading, flush=True)
            await asyncio.sleep(0.1)
asyncio.run(lead())
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url, tmp_path / "lead"


@contextmanager
def another_process(url: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """It leads, and says so ten times a second."""
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, url, str(directory)], stdout=subprocess.PIPE, text=True
    )
    try:
        while said_by(process) != "True\n":
            assert process.poll() is None, "it did not start"
        yield process
    finally:
        process.kill()
        process.wait()


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def unhurried(url: str, directory: Path) -> FileLeader | PostgresLeader:
    leader = leader_for(url, directory)
    return PostgresLeader(url, silent=UNHURRIED) if isinstance(leader, PostgresLeader) else leader


async def leads(leader: FileLeader | PostgresLeader) -> None:
    async with asyncio.timeout(PATIENCE):
        while not leader.is_leading:  # noqa: ASYNC110  (it looks by itself, and tells nobody)
            await asyncio.sleep(0.05)


async def test_one_leads_and_the_next_when_it_goes(place):
    first = unhurried(*place)
    async with unhurried(*place) as second:
        await leads(second)
        async with first:
            assert not first.is_leading
    async with unhurried(*place) as third:
        await leads(third)


async def test_whoever_is_killed_is_followed(place, record_property):
    with another_process(*place) as another:
        async with unhurried(*place) as leader:
            assert not leader.is_leading

            another.kill()
            begun = time.monotonic()
            await leads(leader)

            record_property("seconds", time.monotonic() - begun)


@pytest.mark.postgres
async def test_whoever_freezes_is_followed_and_leads_no_more_when_it_wakes(postgres_url, tmp_path):
    with another_process(postgres_url, tmp_path) as another:
        async with PostgresLeader(postgres_url) as leader:
            os.kill(another.pid, signal.SIGSTOP)
            await leads(leader)

            os.kill(another.pid, signal.SIGCONT)
            async with asyncio.timeout(PATIENCE):
                while await asyncio.to_thread(said_by, another) == "True\n":
                    pass
            await leads(leader)


@pytest.mark.postgres
async def test_a_server_that_goes_away_takes_the_lead_with_it(postgres_url):
    async with PostgresLeader(postgres_url, look=SOON) as leader:
        await leads(leader)

        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'langnghe clock'"
            )
        await asyncio.sleep(0.2)
        await leads(leader)  # it has connected again, and nobody else was there


async def test_a_server_that_is_not_there(tmp_path):
    async with PostgresLeader("postgresql://nobody@127.0.0.1:9/nothing", look=SOON) as leader:
        assert not leader.is_leading
