"""Kills senders again and again in the middle of a campaign, and compares what the platform's own log says with what the outbox does.

`python -m tests.faults.sending DIRECTORY KILLS SEED [DATABASE_URL]` prints what it found as JSON. Two senders are always at work; this
process only imports, forks, and kills one of them at a random instant. The platform is a process of its own, so it remembers what
arrived from a sender that did not live to hear the answer."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bot.channels.pacing import Window
from bot.channels.telegram_residents import TelegramResidents
from bot.logs import configure
from bot.sender import Epochs, Office, Patience, Sender
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.sqlite import path_of
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import DeliveryState, Why
from tests.bot.sending_town import ACCOUNT, Town, Words, nobody, nothing_waits
from tests.bulk_server.server import TOKEN
from tests.faults.killing import in_child

PEOPLE = 600
SENDERS = 2
EARLIEST, LATEST = 0.02, 0.5  # seconds between two kills
A_BEAT, A_BEAT_TAKES = 60, 0.2  # messages, and of how many seconds: 300 a second
DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # nine in the morning, for ever
PATIENCE = Patience(
    account=timedelta(seconds=0.4),
    row=timedelta(seconds=4),
    attempt=timedelta(seconds=3),
    look=timedelta(seconds=0.05),
    walk=timedelta(seconds=0.5),
    drain=timedelta(seconds=0.3),
)
READY = b"ready\n"
SLOW = ("no answer in time", "its sender went")
"""What a row says of an attempt that took too long, or longer than its sender had left when told to stop."""
IN_THE_END = 600.0  # seconds for the rest to complete by itself; a busy machine takes its time, and a stuck campaign takes for ever


def kill_and_compare(directory: Path, kills: int, seed: int, url: str) -> dict[str, Any]:
    """Raises AssertionError for a duplicate, for a recipient in a state that says something else than what happened, and for more
    unknown ones than were on their way."""
    chance = random.Random(seed)
    asyncio.run(prepare(directory, url))
    in_flight, killed = 0, 0
    campaigns = [asyncio.run(a_campaign(directory, url, 1))]
    with platform() as server:
        alive: dict[int, str] = {}
        numbers = iter(range(10**6))
        while killed < kills:
            while len(alive) < SENDERS:
                owner = f"sender-{next(numbers)}"
                alive[start(directory, url, server, owner)] = owner
            time.sleep(chance.uniform(EARLIEST, LATEST))  # the instant of the kill is what is random here
            victim = chance.choice(list(alive))
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            killed += 1
            in_flight += on_its_way(url, alive.pop(victim))
            if nobody_waits(url, campaigns[-1]):
                campaigns.append(asyncio.run(a_campaign(directory, url, len(campaigns) + 1)))
        last = start(directory, url, server, "last")
        wait_until_done(url, campaigns)
        for survivor in (last, *alive):
            os.kill(survivor, signal.SIGTERM)
            os.waitpid(survivor, 0)
        log, refused = told_by(server)
    found = compare(url, campaigns, log, in_flight)
    return {
        "killed": killed,
        "campaigns": len(campaigns),
        "in_flight": in_flight,
        "refused": refused,
        **found,
    }


def compare(url: str, campaigns: list[int], log: list[list[Any]], in_flight: int) -> dict[str, Any]:
    arrived = Counter((str(text), int(chat)) for _, _, chat, text in log)
    twice = [who for who, times in arrived.items() if times > 1]
    assert not twice, f"{len(twice)} people got a notice twice: {twice[:5]}"
    rows = query(url, "SELECT campaign, contact, state FROM deliveries")
    assert Counter(campaign for campaign, _, _ in rows) == Counter(dict.fromkeys(campaigns, PEOPLE))
    states: Counter[str] = Counter()
    for campaign, contact, state in rows:
        states[state] += 1
        did_arrive = bool(arrived[f"campaign {campaigns.index(campaign) + 1}", int(contact, 16)])
        may_say = (DeliveryState.SENT, DeliveryState.UNKNOWN) if did_arrive else (DeliveryState.UNKNOWN,)
        assert state in may_say, f"{state}, and it did {'' if did_arrive else 'not '}arrive"
    counted = dict(query(url, "SELECT state, sum(number) FROM delivery_counts GROUP BY state"))
    assert {state: int(number) for state, number in counted.items() if number} == dict(states)
    # Whom a platform did not answer in time is unknown too, and says so: on a busy machine three seconds can pass without an answer.
    [(left_behind,)] = query(
        url, f"SELECT count(*) FROM deliveries WHERE state = 'unknown' AND reason = '{Why.LEASE.value}'"
    )
    assert left_behind <= in_flight, f"{left_behind} left behind, {in_flight} were on their way"
    others = query(url, "SELECT DISTINCT reason FROM deliveries WHERE state = 'unknown'")
    assert {reason for (reason,) in others} <= {Why.LEASE.value, *SLOW}
    return {"arrived": len(arrived), "states": dict(states)}


# ── A sender of its own ──────────────────────────────────────────────────────────────────────────────────────────


def start(directory: Path, url: str, server: str, owner: str) -> int:
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(here)
        in_child(lambda: asyncio.run(send_for_ever(directory, url, server, owner, there)))
    os.close(there)
    with os.fdopen(here, "rb") as notes:
        assert notes.readline() == READY, "the sender did not start"
    return child


async def send_for_ever(directory: Path, url: str, server: str, owner: str, notes: int) -> None:
    configure("critical", "text")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = await Database.open(url)
    office = Office(
        db,
        Vault(FileKeys(directory / "keys")),
        {"notice": Words()},
        has_left=lambda fingerprint: False,
        left=_left,
        epochs=Epochs(directory / "epochs"),
        now=running,
        cap=None,
        patience=PATIENCE,
        owner=owner,
    )
    window = Window(A_BEAT, second=A_BEAT_TAKES)
    async with TelegramResidents(
        TOKEN, nobody, refusal="-", api=server, account=ACCOUNT, window=window
    ) as telegram:
        os.write(notes, READY)
        await Sender(office, lambda: {ACCOUNT: telegram}, nothing_waits).run(stop)
    await db.close()


async def _left(address: Address) -> None:
    raise AssertionError("nobody leaves here")


BEGUN = time.monotonic()


def running() -> datetime:
    """Daytime, whenever this is run; the same for every process, which were forked from one."""
    return DAY + timedelta(seconds=time.monotonic() - BEGUN)


# ── The town, the platform, the database ─────────────────────────────────────────────────────────────────────────


async def prepare(directory: Path, url: str) -> None:
    await migrate.up(url)
    async with a_town(directory, url) as town:
        await town.people(range(1, PEOPLE + 1))


async def a_campaign(directory: Path, url: str, number: int) -> int:
    async with a_town(directory, url) as town:
        return await town.campaign(f"campaign {number}")


class a_town:
    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory
        self._url = url

    async def __aenter__(self) -> Town:
        self._db = await Database.open(self._url)
        vault = Vault(FileKeys(self._directory / "keys"))
        return Town(self._db, vault, self._directory, running, "")

    async def __aexit__(self, *_: object) -> None:
        await self._db.close()


@contextmanager
def platform() -> Iterator[str]:
    """As many as come, and several to one person in a second: what is looked for here is what comes twice."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bulk_server.server", "100000", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def told_by(server: str) -> tuple[list[list[Any]], dict[str, int]]:
    with urllib.request.urlopen(f"{server}/log") as answer:
        told = json.load(answer)
    return told["log"], told["refused"]


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(url), timeout=10)) as connection:
            return connection.execute(sql).fetchall()
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


def on_its_way(url: str, owner: str) -> int:
    [(number,)] = query(url, f"SELECT count(*) FROM deliveries WHERE state = 'sending' AND owner = '{owner}'")
    return int(number)


def nobody_waits(url: str, campaign: int) -> bool:
    """Everybody was begun with: who dies now is killed with the next campaign in hand."""
    [(known, waiting)] = query(
        url,
        "SELECT count(*), count(*) FILTER (WHERE state = 'pending') "
        f"FROM deliveries WHERE campaign = {campaign}",
    )
    return int(known) == PEOPLE and not waiting


def is_done(url: str, campaign: int) -> bool:
    return query(url, f"SELECT state FROM campaigns WHERE id = {campaign}") == [("done",)]


def wait_until_done(url: str, campaigns: list[int]) -> None:
    until = time.monotonic() + IN_THE_END
    while not all(is_done(url, each) for each in campaigns):
        assert time.monotonic() < until, query(
            url, "SELECT campaign, state, number FROM delivery_counts WHERE number > 0"
        )
        time.sleep(0.1)


if __name__ == "__main__":
    configure("error", "text")
    _directory = Path(sys.argv[1])
    _url = sys.argv[4] if len(sys.argv) > 4 else f"sqlite:///{_directory / 'db.sqlite'}"
    print(json.dumps(kill_and_compare(_directory, int(sys.argv[2]), int(sys.argv[3]), _url)))  # noqa: T201
