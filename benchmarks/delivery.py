"""Sending to very many: at the platform's pace, beside replies, by the million, and beside plain SQL.

The platform is a process of its own that counts by true windows (`tests.bulk_server`); what is measured is read from its log. The
sender, the channel and the database are the real ones."""

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector

from bot.channels.contract import Limits, Outcome, Sent
from bot.channels.pacing import Place, Window
from bot.channels.telegram_requests import Call
from bot.sender import Patience, Sender
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.outbox import Outcome as Settled
from storage.vault import Vault
from surveys.conversation import Address, Say
from surveys.delivery import DeliveryState
from tests.bot.sending_town import ACCOUNT, Town, nobody, nothing_waits
from tests.bulk_server.server import TOKEN, busiest_second

DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # nine in the morning, whenever this is run
BEGUN = time.monotonic()
PATIENCE = Patience(look=timedelta(seconds=0.2))
SLOW, SLOW_PEOPLE = 30, 600
FAST, FAST_PEOPLE = 1_000, 40_000  # long enough that the careful first seconds weigh little
UNLIMITED = 10**9
CEILING_CALLS = 5_000
AT_ONCE = 64
REPLIES, REPLIES_A_SECOND = 100, 4
MANY = int(os.environ.get("RECIPIENTS", "100000"))
ALONE = 5.0  # seconds in which answers have the database to themselves, for comparison
PAGE = 5_000
HAND = 100  # rows claimed at a time, beside plain SQL


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """On the disk the project lies on: /tmp may be memory, where a sync costs nothing."""
    root = Path("var/bench")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as name:
        yield Path(name)


def running() -> datetime:
    return DAY + timedelta(seconds=time.monotonic() - BEGUN)


@asynccontextmanager
async def a_town(directory: Path, people: int) -> AsyncIterator[Town]:
    url = f"sqlite:///{directory / 'db.sqlite'}"
    await migrate.up(url)
    db = await Database.open(url)
    try:
        town = Town(db, Vault(FileKeys(directory / "keys")), directory, running, "", patience=PATIENCE)
        fill(directory / "db.sqlite", town.vault, people)
        yield town
    finally:
        await db.close()


@contextmanager
def platform(limit: int) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bulk_server.server", str(limit), "1"], stdout=subprocess.PIPE, text=True
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


async def send_all(town: Town, channel: Any) -> float:
    """Creates a campaign for everybody and sends it. Seconds until everybody is written down and has an outcome."""
    campaign = await town.campaign()
    sender = Sender(town.office(), lambda: {ACCOUNT: channel}, nothing_waits)
    stop, begun = asyncio.Event(), time.perf_counter()
    running_ = asyncio.ensure_future(sender.run(stop))
    while (await town.standing(campaign)).state != "done":  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    took = time.perf_counter() - begun
    stop.set()
    await running_
    return took


# ── At the platform's pace ───────────────────────────────────────────────────────────────────────────────────────


async def at_pace(directory: Path, limit: int, people: int) -> dict[str, Any]:
    from bot.channels.telegram_residents import TelegramResidents

    async with a_town(directory, people) as town:
        with platform(UNLIMITED) as server:
            ceiling = (
                await asyncio.to_thread(lambda: asyncio.run(plain_calls(server))) if limit >= FAST else None
            )
        with platform(limit) as server:
            async with TelegramResidents(
                TOKEN, nobody, refusal="-", api=server, account=ACCOUNT, window=Window(limit)
            ) as telegram:
                await send_all(town, telegram)
            log, refused = await asyncio.to_thread(told_by, server)
    moments = sorted(at for at, *_ in log)
    # Without its first and last second, in which it begins carefully and runs out.
    steady = [at for at in moments if moments[0] + 1 <= at <= moments[-1] - 1]
    rate = (len(steady) - 1) / (steady[-1] - steady[0])
    found = {
        "limit": limit,
        "a_second": round(rate, 1),
        "busiest_second": busiest_second(moments),
        "refused_429": sum(refused.values()),
        "sent": len(log),
        "twice": len(log) - len({chat for _, _, chat, _ in log}),
    }
    if ceiling is not None:
        found |= {"aiohttp_alone_a_second": round(ceiling, 1), "ratio": round(rate / ceiling, 2)}
    return found


async def plain_calls(server: str) -> float:
    """What aiohttp alone gets through here: the same request, nothing counted and nothing written down."""
    async with ClientSession(connector=TCPConnector(limit=AT_ONCE)) as session:
        left = iter(range(CEILING_CALLS))

        async def one() -> None:
            for number in left:
                payload = {"chat_id": 10**7 + number, "text": "Q7-204"}
                async with session.post(f"{server}/bot{TOKEN}/sendMessage", json=payload) as response:
                    await response.read()

        begun = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        return CEILING_CALLS / (time.perf_counter() - begun)


def rate() -> dict[str, Any]:
    import uvloop

    with temporary_directory() as slow, temporary_directory() as fast:
        thirty = uvloop.run(at_pace(slow, SLOW, SLOW_PEOPLE))
        thousand = uvloop.run(at_pace(fast, FAST, FAST_PEOPLE))
    target = "≥ 28.5/s, no 429, no second over 30; ≥ 900/s, or aiohttp alone here where that is less"
    return {"benchmark": "delivery_rate", "thirty": thirty, "thousand": thousand, "target": target, **when()}


# ── Replies beside bulk ──────────────────────────────────────────────────────────────────────────────────────────


async def beside_bulk(directory: Path) -> dict[str, Any]:
    from bot.channels.telegram_residents import TelegramResidents

    async with a_town(directory, REPLIES // REPLIES_A_SECOND * SLOW + 200) as town:
        with platform(SLOW) as server:
            async with TelegramResidents(
                TOKEN, nobody, refusal="-", api=server, account=ACCOUNT, window=Window(SLOW)
            ) as telegram:
                bulk = asyncio.ensure_future(send_all(town, telegram))
                await asyncio.sleep(3)
                asked: dict[int, float] = {}
                replies = []
                for number in range(REPLIES):
                    chat = 10**9 + number
                    asked[chat] = time.monotonic()
                    call = Call("sendMessage", {"chat_id": chat, "text": "trả lời"})
                    replies.append(asyncio.ensure_future(telegram._insist(call)))
                    await asyncio.sleep(1 / REPLIES_A_SECOND)
                await asyncio.gather(*replies)
                log, refused = await asyncio.to_thread(told_by, server)
                bulk.cancel()
                await asyncio.gather(bulk, return_exceptions=True)
    waits = sorted(at - asked[chat] for at, _, chat, _ in log if chat in asked)
    moments = [at for at, *_ in log]
    return {
        "benchmark": "delivery_replies",
        "p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "p99_ms": round(1000 * waits[min(len(waits) - 1, int(0.99 * len(waits)))], 1),
        "longest_ms": round(1000 * waits[-1], 1),
        "replies": len(waits),
        "all_a_second": round(len(moments) / (max(moments) - min(moments)), 1),
        "busiest_second": busiest_second(moments),
        "refused_429": sum(refused.values()),
        "target": "p99 < 1 s while notices fill the bot's second",
        **when(),
    }


def replies() -> dict[str, Any]:
    import uvloop

    with temporary_directory() as directory:
        return uvloop.run(beside_bulk(directory))


# ── By the million: in a process of its own, whose memory is what is asked about ─────────────────────────────────


class AtOnce:
    """A platform that takes everything at once: what remains is what sending costs us. Not a real channel, because no platform takes
    a million in a minute."""

    account = ACCOUNT
    limits = Limits(text=4096, buttons=True, edits=True, files=True)

    def __init__(self) -> None:
        self.window = Window(1_000_000)
        self.taken = 0

    async def send(self, address: Address, say: Say) -> Outcome:
        self.taken += 1
        return Sent(str(self.taken))

    async def send_in(self, place: Place, address: Address, say: Say) -> Outcome:
        await asyncio.sleep(0)
        return await self.send(address, say)


async def through(directory: Path, people: int) -> dict[str, Any]:
    async with a_town(directory, people) as town:
        before = memory_mb()
        alone: list[float] = []
        answering = asyncio.ensure_future(answers(town, alone))
        await asyncio.sleep(ALONE)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        waits: list[float] = []
        answering = asyncio.ensure_future(answers(town, waits))
        written = asyncio.ensure_future(written_down(town, people))
        took = await send_all(town, AtOnce())
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        counts = await town.counts(1)
    waits.sort()
    alone.sort()
    return {
        "recipients": people,
        "written_down_s": round(await written, 1),
        "sent_through_s": round(took, 1),
        "a_second": round(people / took),
        "memory_mb": memory_mb(),
        "memory_before_mb": before,
        "outcomes": {state.value: number for state, number in counts.items()},
        "answer_alone_p50_ms": round(1000 * alone[len(alone) // 2], 1),
        "answer_alone_p99_ms": round(1000 * alone[int(0.99 * (len(alone) - 1))], 1),
        "answers": len(waits),
        "answer_p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "answer_p99_ms": round(1000 * waits[int(0.99 * (len(waits) - 1))], 1),
        "answer_longest_ms": round(1000 * waits[-1], 1),
    }


def fill(path: Path, vault: Vault, people: int) -> None:
    """So many contacts, in a moment."""
    from tests.bot.sending_town import WARD, a_unit

    unit = a_unit()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute(
        "INSERT OR IGNORE INTO units (code, name, kind, province, valid_from, valid_to, source) VALUES (?, ?, ?, NULL, '2025-07-01', NULL, '-')",
        (WARD, unit.name, unit.kind),
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(1, people + 1):
            address = Address(ACCOUNT, str(number))
            yield f"{number:032x}", ACCOUNT, vault.fingerprint(address), vault.seal_address(address), WARD

    connection.executemany(
        "INSERT INTO contacts (id, account, fingerprint, address, unit, language, purposes, consented_on, consent_text)"
        " VALUES (?, ?, ?, ?, ?, 'vi', '[\"notices\"]', '2026-11-01', '-')",
        rows(),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def written_down(town: Town, people: int) -> float:
    begun = time.perf_counter()
    while True:
        async with town.db.reading() as tx:
            campaigns = await tx.outbox.latest(1)
        if campaigns and campaigns[0].is_written_down:
            return time.perf_counter() - begun
        await asyncio.sleep(0.1)


async def answers(town: Town, waits: list[float]) -> None:
    """Somebody answers ten times a second, and waits until it is on disk."""
    while True:
        begun = time.perf_counter()
        async with town.db.transaction() as tx:
            await tx.markers.bump("an answer of the benchmark")
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.1)


def memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def million() -> dict[str, Any]:
    """RECIPIENTS=1000000 for the whole of it."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.delivery", str(MANY)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    target = "10⁶ written down in minutes, memory ≤ 256 MB, answers wait ≤ 50 ms"
    return {"benchmark": "delivery_million", **found, "target": target, **when()}


# ── Beside plain SQL ─────────────────────────────────────────────────────────────────────────────────────────────

PLAIN = (
    "UPDATE deliveries SET state='claimed', owner='me', until=:until WHERE id IN (SELECT id FROM deliveries "
    "WHERE campaign=1 AND account='telegram' AND state='pending' ORDER BY id LIMIT :some) RETURNING id",
    "UPDATE deliveries SET state='sending' WHERE id=? AND state='claimed'",
    "UPDATE deliveries SET state='sent', owner=NULL, until=NULL, attempts=attempts+1 WHERE id=? AND state='sending'",
)


async def beside_sql(directory: Path, people: int) -> dict[str, Any]:
    """The same rows through the same three states, a commit for each hundred at each step: the outbox with all it checks and counts,
    and three statements by hand, which check nothing and count nothing."""
    ours, plain = directory / "ours", directory / "plain"
    rates: dict[str, float] = {}
    for place, work in ((ours, through_the_outbox), (plain, by_hand)):
        place.mkdir()
        async with a_town(place, people) as town:
            campaign = await town.campaign()
            async with town.db.transaction() as tx:
                await tx.outbox.fix(campaign)
                standing = await tx.outbox.get(campaign)
            while not standing.is_written_down:
                async with town.db.transaction() as tx:
                    standing = await tx.outbox.expand(standing, PAGE)
            begun = time.perf_counter()
            await work(town, place / "db.sqlite")
            rates[place.name] = people / (time.perf_counter() - begun)
    return {
        "benchmark": "delivery_claims",
        "recipients": people,
        "ours_a_second": round(rates["ours"]),
        "plain_sql_a_second": round(rates["plain"]),
        "ratio": round(rates["ours"] / rates["plain"], 2),
        **when(),
    }


async def through_the_outbox(town: Town, path: Path) -> None:
    owner, until = "me", running() + timedelta(hours=1)
    async with town.db.transaction() as tx:
        await tx.outbox.lease(ACCOUNT, owner, now=running(), until=until)
    while True:
        async with town.db.transaction() as tx:
            held = await tx.outbox.claim(1, ACCOUNT, owner, now=running(), until=until, some=HAND)
        if not held:
            return
        ids = [each.id for each in held]
        async with town.db.transaction() as tx:
            await tx.outbox.sending(ACCOUNT, owner, ids, now=running())
        async with town.db.transaction() as tx:
            await tx.outbox.settle(
                owner, [Settled(id, DeliveryState.SENDING, DeliveryState.SENT, attempts=1) for id in ids]
            )


async def by_hand(town: Town, path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    claim, leave, settle = PLAIN
    while True:
        connection.execute("BEGIN IMMEDIATE")
        ids = connection.execute(claim, {"until": "2026-11-23T03:00:00.000000Z", "some": HAND}).fetchall()
        connection.execute("COMMIT")
        if not ids:
            return connection.close()
        for statement in (leave, settle):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, ids)
            connection.execute("COMMIT")


def claims() -> dict[str, Any]:
    import uvloop

    with temporary_directory() as directory:
        return uvloop.run(beside_sql(directory, min(MANY, 100_000)))


def when() -> dict[str, Any]:
    return {"when": f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}", "load": round(os.getloadavg()[0], 1)}


def main(people: int) -> None:
    import uvloop

    with temporary_directory() as directory:
        print(json.dumps(uvloop.run(through(directory, people))))


if __name__ == "__main__":
    from bot.logs import configure

    configure("critical", "text")
    main(int(sys.argv[1]))
