"""Zalo's webhook under load, over real HTTP: so many signed events a second against the running channel with the real residents,
on SQLite, while its replies go out to the strict local Zalo. Three processes: Zalo's webhook sender, our bot, Zalo's API.

An event is due at its moment whether or not the one before was answered, and its time counts from then. Some come twice, as
Zalo's do. In the end everybody's answers are counted in the database."""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks.ours import WARD, WAVE, link, temporary
from bot.app import House, opened
from bot.settings import load
from handlers.units import load_seed
from handlers.waves import Plan
from storage import rows
from surveys.forms import library
from surveys.forms.session import Session
from surveys.waves import Audience

EVENTS_A_SECOND = 300
SECONDS = 60.0
TWICE = 0.03  # of all events come a second time
ANSWERS_EACH = 10
EVENTS_EACH = ANSWERS_EACH + 2  # coming, agreeing
CONNECTIONS = 64
APP, KEY, SECRET = "431111111111111111", "an-oa-key-of-the-benchmark", "an-app-secret-of-the-benchmark"
OA = "579745863508352884"
PATH = "/zalo"
FIRST = 10**17  # the id of the first person


# ── Our bot, and Zalo's API, each in its process ─────────────────────────────────────────────────────────────────


def serve_bot(port: int, directory: str, zalo_url: str, ready: Connection) -> None:
    import uvloop

    from bot.logs import configure

    configure("error", "text")
    uvloop.run(_bot(port, Path(directory), zalo_url, ready))


async def _bot(port: int, directory: Path, zalo_url: str, ready: Connection) -> None:
    from bot.channels.zalo_client import Hosts, ZaloClient
    from bot.channels.zalo_oa import Door, ZaloAccount
    from bot.channels.zalo_tokens import Pair, Tokens
    from bot.web.app import build
    from bot.web.server import listen, serve_on

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    token = await asyncio.to_thread(ready.recv)
    async with a_house(directory) as house:
        await _open_wave(house)
        now = house.now()
        sealed = house.vault.seal_tokens(OA, Pair(token, "-", now, now + timedelta(days=1)).to_json())
        async with house.db.transaction() as tx:
            await tx.zalo_accounts.save(rows.ZaloAccount(id=OA, name="-", kind=4, pair=sealed, generation=0))
        hosts = Hosts(f"{zalo_url}/oauth", f"{zalo_url}/openapi")
        async with ZaloClient(APP, SECRET, hosts=hosts) as client:
            tokens = Tokens(OA, house.db, house.vault, client.renew, client.works, house.now)
            async with ZaloAccount(
                OA, house.intake.accept, client, tokens, now=house.now, started=link(house), address="v2"
            ) as account:
                site = build(
                    results=house.waves.results,
                    web_chat=None,
                    webhooks={PATH: Door(APP, [KEY], [account])},
                    health=house.health,
                    cookie_key=house.vault.cookie_key,
                )
                listener = listen("127.0.0.1", port)
                ready.send(listener.getsockname()[1])
                before = time.process_time()
                await serve_on(listener, site, stop)
    ready.send(time.process_time() - before)


def a_house(directory: Path) -> Any:
    settings = load(
        database_url=f"sqlite:///{directory / 'zalo.sqlite'}", keys_dir=directory / "keys", _env_file=None
    )
    return opened(settings)


async def _open_wave(house: House) -> None:
    await load_seed(house.db)
    now = house.now()
    form = library.load("hang_nam_nguoi_dan")
    begins, ends = now - timedelta(hours=1), now + timedelta(days=20)
    await house.waves.open(
        Plan(WAVE, form, "Công an lắng nghe", Audience.RESIDENTS, begins, ends, {WARD: 1_000_000})
    )
    await house.residents.refresh()


def serve_zalo(people: int, ready: Connection) -> None:
    import uvloop

    uvloop.run(_zalo(people, ready))


async def _zalo(people: int, ready: Connection) -> None:
    from tests.zalo_server.server import ZaloServer

    class Now:
        def __call__(self) -> float:
            return time.time()

    async with ZaloServer(time=Now()) as zalo:  # type: ignore[arg-type]
        zalo.app.id, zalo.app.secret, zalo.app.oa_key = APP, SECRET, KEY
        zalo.world.echoes = False
        # What we answer goes out as fast as it can: the webhook is what is measured.
        zalo.a_minute = zalo.oa.a_minute = 10**9
        for number in range(people):
            zalo.world.resident(zalo.oa, str(FIRST + number)).last_interaction = time.time()
        ready.send((zalo.url, zalo.oauth.issue(zalo.oa.id)["access_token"]))
        while (word := await asyncio.to_thread(ready.recv)) == "how many":
            ready.send((zalo.violations[:3], sum(len(each.heard) for each in zalo.world.residents.values())))
        assert word == "go"


# ── Zalo's webhook sender ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Found:
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class Sender:
    """HTTP/1.1 by hand on kept connections: the driver must not be what is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def post(self, body: bytes, timestamp: str) -> int:
        from tests.zalo_server.events import mac

        async with self._places:
            reader, writer = await self._connection()
            writer.write(
                b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"X-ZEvent-Signature: mac=%b\r\nContent-Length: %d\r\n\r\n%b"
                % (PATH.encode(), mac(APP, body, timestamp, KEY).encode(), len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            self._free.append((reader, writer))  # no answer of the webhook's has a body
            return int(head.split(b" ", 2)[1])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The one that has waited longest: what waits longer than five seconds, the server closes."""
        while self._free:
            reader, writer = self._free.popleft()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


def events(people: int) -> Iterator[tuple[bytes, str]]:
    """Everybody comes, agrees and types answers, a step each turn."""
    numbers = count(1)
    for step in range(EVENTS_EACH):
        for person in range(people):
            stamp = str(int(time.time() * 1000))
            common = {"app_id": APP, "user_id_by_app": "1", "timestamp": stamp}
            id = str(FIRST + person)
            if step == 0:
                what: dict[str, Any] = {"event_name": "follow", "oa_id": OA, "follower": {"id": id}}
            else:
                what = {
                    "event_name": "user_send_text",
                    "sender": {"id": id},
                    "recipient": {"id": OA},
                    "message": {"text": "1" if step == 1 else "2", "msg_id": f"m{next(numbers):016x}"},
                }
            yield json.dumps(common | what, ensure_ascii=False).encode(), stamp


async def send(port: int, people: int, a_second: float) -> Found:
    sender, found, dice = Sender(port), Found(), random.Random(1)
    begun = time.perf_counter()

    async def one(body: bytes, stamp: str, due: float) -> None:
        found.statuses[await sender.post(body, stamp)] += 1
        found.latencies.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for number, (body, stamp) in enumerate(events(people)):
            due = begun + number / a_second
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(body, stamp, due))
            if dice.random() < TWICE:
                group.create_task(one(body, stamp, due))
    return found


# ── All of it ────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def process(serve: Callable[..., None], *arguments: object) -> Iterator[tuple[Connection, BaseProcess]]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    started = spawn.Process(target=serve, args=(*arguments, there))
    started.start()
    try:
        yield here, started
    finally:
        if started.pid is not None and started.is_alive():
            os.kill(started.pid, signal.SIGTERM)
        started.join(10)


async def run(seconds: float = SECONDS, a_second: float = EVENTS_A_SECOND) -> dict[str, Any]:
    people = round(seconds * a_second / EVENTS_EACH)
    async with temporary() as directory:
        with process(serve_zalo, people) as (zalo, _):
            url, token = await asyncio.to_thread(zalo.recv)
            with process(serve_bot, 0, str(directory), url) as (bot, bot_process):
                bot.send(token)
                port = await asyncio.to_thread(bot.recv)
                begun = time.perf_counter()
                found = await send(port, people, a_second)
                took = time.perf_counter() - begun
                violations, heard = await _quiet(zalo, people * EVENTS_EACH)
                assert bot_process.pid is not None
                os.kill(bot_process.pid, signal.SIGTERM)
                busy = await asyncio.to_thread(bot.recv)
        answered = await counted(directory, people)
    return {
        "benchmark": "zalo_webhook",
        "events": len(found.latencies),
        "a_second": round(len(found.latencies) / took, 1),
        "statuses": dict(found.statuses),
        **_summary(found.latencies),
        "busy_ms_an_event": round(1000 * busy / len(found.latencies), 2),
        "target": "p99 < 300 ms, none > 2 s, none lost, none twice",
        "people": people,
        "lost": sum(max(0, ANSWERS_EACH - each) for each in answered),
        "twice": sum(max(0, each - ANSWERS_EACH) for each in answered),
        "replies": heard,
        "violations": violations,
    }


async def _quiet(zalo: Connection, wanted: int) -> tuple[list[str], int]:
    """How many messages people have heard, once no more come."""
    heard, before, violations = 0, -1, []
    while before < heard < wanted or before < 0:
        before = heard
        await asyncio.sleep(1)
        zalo.send("how many")
        violations, heard = await asyncio.to_thread(zalo.recv)
    return violations, heard


def _summary(latencies: list[float]) -> dict[str, float]:
    ordered = sorted(latencies)

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return {
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "longest_ms": at(1.0),
        "over_2_s": sum(each > 2 for each in ordered),
    }


async def counted(directory: Path, people: int) -> list[int]:
    """How many answers everybody has in the database."""
    async with a_house(directory) as house:
        async with house.db.reading() as tx:
            wave = await tx.waves.by_slug(WAVE)
            assert wave is not None
            assert wave.id is not None
            rests = {nullifier: body async for nullifier, body in tx.sessions.of_wave(wave.id)}
        found = []
        for number in range(people):
            nullifier = house.vault.nullifier(wave.id, f"zalo:{OA}/{FIRST + number}".encode())
            body = rests.get(nullifier)
            opened_body = b"" if body is None else house.vault.open_body(wave.id, nullifier, body)
            found.append(len(Session.from_json(opened_body).answers) if opened_body else 0)
        return found


def zalo() -> dict[str, Any]:
    import uvloop

    return uvloop.run(run()) | {"when": f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}", "load": os.getloadavg()[0]}


if __name__ == "__main__":
    print(json.dumps(zalo()))
