"""Kills processes that send reminders, again and again, and then looks who got one: nobody who had answered, nobody twice, and no row that says
which of the two somebody was.

`python -m tests.faults.reminding DIRECTORY KILLS SEED [DATABASE_URL]` prints what it found as JSON. The platform is a process of its own,
so it remembers what arrived from a sender that did not live to hear the answer."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.channels.pacing import Window
from bot.channels.telegram_residents import TelegramResidents
from bot.logs import configure
from bot.sender import Epochs, Sender
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.outbox import Outcome
from storage.vault import Vault
from surveys.delivery import DeliveryState
from tests.bot.inviting_town import InvitingTown
from tests.bot.sending_town import ACCOUNT, nobody, nothing_waits
from tests.bulk_server.server import TOKEN
from tests.faults.killing import in_child
from tests.faults.sending import (
    DAY,
    PATIENCE,
    READY,
    on_its_way,
    platform,
    query,
    running,
    told_by,
    wait_until_done,
)

PEOPLE = range(1, 401)
SENDERS = 2
EARLIEST, LATEST = 0.05, 0.5  # seconds between two kills
A_BEAT, A_BEAT_TAKES = 20, 0.25  # messages, and of how many seconds: 80 a second
BEFORE = timedelta(days=3)
# Longer than a busy machine stands still: whoever's lease ends here was killed.
LONGER = replace(
    PATIENCE, account=timedelta(seconds=2), row=timedelta(seconds=10), attempt=timedelta(seconds=8)
)


def kill_and_compare(directory: Path, kills: int, seed: int, url: str) -> dict[str, Any]:
    """Raises AssertionError for a reminder to who had answered, a second one, or a row that tells."""
    chance = random.Random(seed)
    answered = set(chance.sample(PEOPLE, len(PEOPLE) // 2))
    campaign = asyncio.run(prepare(directory, url, answered))
    in_flight, killed = 0, 0
    with platform() as server:
        alive: dict[int, str] = {}
        try:
            while killed < kills and not is_over(url, campaign):
                while len(alive) < SENDERS:
                    owner = f"sender-{killed}-{len(alive)}"
                    alive[start(directory, url, server, owner)] = owner
                time.sleep(chance.uniform(EARLIEST, LATEST))  # the instant of the kill is what is random here
                victim = chance.choice(list(alive))
                end(victim, signal.SIGKILL)
                killed += 1
                in_flight += on_its_way(url, alive.pop(victim))
            alive[start(directory, url, server, "last")] = "last"
            wait_until_done(url, [campaign])
        finally:
            for survivor in alive:
                end(survivor, signal.SIGTERM)
        log, _ = told_by(server)
    return {"killed": killed, "in_flight": in_flight, **compare(url, campaign, answered, log, in_flight)}


def end(process: int, by: signal.Signals) -> None:
    os.kill(process, by)
    os.waitpid(process, 0)


def compare(
    url: str, campaign: int, answered: set[int], log: list[list[Any]], in_flight: int
) -> dict[str, Any]:
    got = Counter(int(chat) for _, _, chat, _ in log)
    assert not answered & set(got), f"reminded although they had answered: {sorted(answered & set(got))[:5]}"
    assert max(got.values(), default=0) <= 1, (
        f"reminded twice: {[who for who, times in got.items() if times > 1]}"
    )
    rows = query(url, f"SELECT contact, state, reason FROM deliveries WHERE campaign = {campaign}")
    states = Counter(state for _, state, _ in rows)
    assert len(rows) == len(PEOPLE)
    assert set(states) <= {"sent", "unknown"}
    assert states["unknown"] <= in_flight
    told = {(state, reason) for _, state, reason in rows}
    assert told <= {("sent", ""), ("unknown", "its sender died")}, told
    missed = {int(contact, 16) for contact, state, _ in rows if state == "sent"} - answered - set(got)
    assert not missed, f"said to be reminded, and were not: {sorted(missed)[:5]}"
    return {"reminded": len(got), "states": dict(states)}


def is_over(url: str, campaign: int) -> bool:
    return query(url, f"SELECT state FROM campaigns WHERE id = {campaign}") == [("done",)]


# ── A town whose people were invited three days ago ──────────────────────────────────────────────────────────────


async def prepare(directory: Path, url: str, answered: set[int]) -> int:
    """The reminder's campaign."""
    await migrate.up(url)
    async with a_town(directory, url) as town:
        town.now = lambda: DAY - BEFORE
        wave = await town.open()
        await town.people(PEOPLE)
        invited = await town.invite()
        async with town.db.transaction() as tx:
            while not invited.is_written_down:
                invited = await tx.outbox.expand(invited, len(PEOPLE))
            await all_got_it(town, tx.outbox, invited.id)
        for number in sorted(answered):
            await town.answers(number, wave)
        town.now = running
        return (await town.remind(1)).id


async def all_got_it(town: InvitingTown, box: Any, campaign: int) -> None:
    then, later = DAY - BEFORE, DAY - BEFORE + timedelta(minutes=5)
    await box.lease(ACCOUNT, "then", now=then, until=later)
    claimed = await box.claim(campaign, ACCOUNT, "then", now=then, until=later, some=len(PEOPLE))
    leaving = await box.sending(ACCOUNT, "then", [each.id for each in claimed], now=then)
    await Epochs(town.directory / "epochs").accept({ACCOUNT: leaving.epoch})
    free = then + timedelta(hours=49)
    outcomes = [Outcome(each.id, DeliveryState.SENDING, DeliveryState.SENT, until=free) for each in claimed]
    await box.settle("then", outcomes)
    await box.walked(campaign, later)
    assert await box.finish(campaign)
    await box.let_go(ACCOUNT, "then")


@asynccontextmanager
async def a_town(directory: Path, url: str, server: str = "") -> AsyncIterator[InvitingTown]:
    db = await Database.open(url)
    try:
        yield InvitingTown(db, Vault(FileKeys(directory / "keys")), directory, running, server)
    finally:
        await db.close()


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
    window = Window(A_BEAT, second=A_BEAT_TAKES)
    async with (
        a_town(directory, url, server) as town,
        TelegramResidents(TOKEN, nobody, refusal="-", api=server, account=ACCOUNT, window=window) as telegram,
    ):
        office = replace(town.office(), owner=owner, patience=LONGER)
        os.write(notes, READY)
        await Sender(office, lambda: {ACCOUNT: telegram}, nothing_waits).run(stop)


if __name__ == "__main__":
    configure("error", "text")
    _directory = Path(sys.argv[1])
    _url = sys.argv[4] if len(sys.argv) > 4 else f"sqlite:///{_directory / 'db.sqlite'}"
    print(json.dumps(kill_and_compare(_directory, int(sys.argv[2]), int(sys.argv[3]), _url)))  # noqa: T201
