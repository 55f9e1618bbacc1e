"""The same over real HTTP: a server in a process of its own, webhook in and reply out on loopback, 200 people at once.

Ours is uvicorn with the site in front, as `langnghe run` serves it. The plain bot is served by aiogram's own aiohttp handler,
told to answer in the webhook's response, which spares it the call out that most authors would make.
"""

import asyncio
import json
import multiprocessing
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.ours import arrive_by, link, our_bot, temporary
from benchmarks.people import Tally, crowd, message

PEOPLE = 200
ANSWERS_EACH = 10
PLAIN_ANSWERS_EACH = 4  # it takes its time; a rate needs no more
ROUNDS = 3
SECRET = "a-secret-of-the-benchmark"
PATH = "/telegram"


class Client:
    """HTTP/1.1 by hand, a kept connection a person: the driver must not be what is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: bytes) -> bytes:
        reader, writer = (
            self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        )
        writer.write(
            b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"X-Telegram-Bot-Api-Secret-Token: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (PATH.encode(), SECRET.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        answer = await _body(reader, headers)
        self._free.append((reader, writer))
        if " 200 " not in status:
            raise RuntimeError(status)
        return answer

    def close(self) -> None:
        """Lets every kept connection go: while the other bot has its turn, a server would hang up on them."""
        for _, writer in self._free:
            writer.close()
        self._free.clear()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    whole = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        whole += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return whole


def from_multipart(answer: bytes) -> bytes:
    """aiogram writes a reply into its response as a form; as JSON, every bot's reply is read alike."""
    fields = dict(re.findall(r'name="(\w+)"\r\n\r\n(.*?)\r\n--', answer.decode(), re.DOTALL))
    return json.dumps(fields, ensure_ascii=False).encode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ── The two servers, each in its process ─────────────────────────────────────────────────────────────────────────


def serve_ours(port: int, directory: str, ready: Connection) -> None:
    import uvloop

    from bot.logs import configure

    async def work() -> None:
        from bot.channels.web_chat import WebChat
        from bot.web.app import build
        from bot.web.server import listen, serve_on

        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with our_bot(f"sqlite:///{directory}/ours.sqlite", Path(directory)) as bot:
            house = bot.house
            site = build(
                results=house.waves.results,
                web_chat=WebChat(house.intake.accept),
                webhooks={PATH: bot.telegram.webhook},
                health=house.health,
                cookie_key=house.vault.cookie_key,
            )
            listener = listen("127.0.0.1", port)
            ready.send(link(house))
            await serve_on(listener, site, stop)

    configure("error", "text")
    uvloop.run(work())


def serve_plain(port: int, directory: str, ready: Connection) -> None:
    import uvloop

    async def work() -> None:
        from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
        from aiohttp import web

        from benchmarks.plain_bot import PlainBot, engine_for

        bot = PlainBot(await engine_for(f"sqlite+aiosqlite:///{directory}/plain.sqlite"), SECRET, 13)
        application = web.Application()
        handler = SimpleRequestHandler(
            bot.dispatcher, bot.bot, handle_in_background=False, secret_token=SECRET
        )
        handler.register(application, path=PATH)
        setup_application(application, bot.dispatcher, bot=bot.bot)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ready.send("")
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()

    uvloop.run(work())


@asynccontextmanager
async def served(
    serve: Callable[[int, str, Connection], None], directory: Path
) -> AsyncIterator[tuple[Client, str]]:
    """The server, its client, and what it said when it was ready."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    port = free_port()
    process = spawn.Process(target=serve, args=(port, str(directory), there))
    process.start()
    try:
        said = await asyncio.to_thread(here.recv)
        client = Client(port)
        yield client, said
        client.close()
    finally:
        if process.pid is not None:
            os.kill(process.pid, signal.SIGTERM)
        await asyncio.to_thread(process.join, 10)


async def run() -> dict[str, Any]:
    ours: list[Tally] = []
    plain: list[Tally] = []
    async with (
        temporary() as directory,
        served(serve_ours, directory) as (our, payload),
        served(serve_plain, directory) as (their, _),
    ):

        async def to_ours(person: int) -> bytes:
            return await arrive_by(our.post, payload, person)

        async def post_plain(body: bytes) -> bytes:
            return from_multipart(await their.post(body))

        async def to_plain(person: int) -> bytes:
            return await post_plain(message(person, "/start"))

        rounds = ((our.post, to_ours, ours, ANSWERS_EACH), (post_plain, to_plain, plain, PLAIN_ANSWERS_EACH))
        for post, come, _, _ in rounds:
            await crowd(post, people=20, answers_each=5, arrive=come, first=10_000_000)
        for place in range(ROUNDS):
            for post, come, tallies, each in rounds:
                first = 1 + place * PEOPLE
                tallies.append(await crowd(post, people=PEOPLE, answers_each=each, arrive=come, first=first))
                our.close()
                their.close()
    from benchmarks.answers import summary

    ratio = median(o.per_second for o in ours) / median(p.per_second for p in plain)
    return {
        "benchmark": "http_sqlite",
        "people": PEOPLE,
        "ratio": round(ratio, 2),
        "target": "≥ 3, aim 8",
        "ours": summary(ours),
        "plain": summary(plain),
    }


def over_http() -> dict[str, Any]:
    import uvloop

    return uvloop.run(run())
