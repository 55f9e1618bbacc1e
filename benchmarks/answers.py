"""Durable answers per second through the whole path – webhook body, verified, committed, reply request built – for 200 people
at once, beside the bot anyone would write, turn by turn in one run."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.ours import OurBot, arrive, our_bot, temporary
from benchmarks.people import Tally, crowd, message
from benchmarks.plain_bot import PlainBot, engine_for

PEOPLE = 200
ANSWERS_EACH = 10
PLAIN_ANSWERS_EACH = 4  # it takes its time; a rate needs no more
ROUNDS = 3
QUESTIONS = 13  # of the plain bot: as many as the yearly survey asks
SECRET = "a-secret-of-the-benchmark"

Round = Callable[[int], Awaitable[Tally]]


async def run(database: "Database") -> dict[str, Any]:
    """`database` names fresh databases for both bots."""
    async with (
        temporary() as directory,
        ours(database, directory) as our,
        plain(database, directory) as their,
    ):
        ours_tallies, plain_tallies = [], []
        for place in range(ROUNDS):
            first = 1 + place * PEOPLE
            for round_, tallies in ((our, ours_tallies), (their, plain_tallies)):
                gc.collect()
                tallies.append(await round_(first))
    ratio = median(o.per_second for o in ours_tallies) / median(p.per_second for p in plain_tallies)
    return {
        "benchmark": f"answers_{database.name}",
        "people": PEOPLE,
        "ratio": round(ratio, 2),
        "target": "≥ 4, aim 10",
        "ours": summary(ours_tallies),
        "plain": summary(plain_tallies),
        "p99_target_ms": "≤ 150, aim 50",
    }


def summary(tallies: list[Tally]) -> dict[str, float]:
    return {
        "per_second": round(median(t.per_second for t in tallies), 1),
        "p50_ms": round(1000 * median(t.percentile(0.5) for t in tallies), 1),
        "p99_ms": round(1000 * median(t.percentile(0.99) for t in tallies), 1),
    }


@asynccontextmanager
async def ours(database: "Database", directory: Path) -> AsyncIterator[Round]:
    async with our_bot(await database.fresh(directory, "ours"), directory) as bot:

        async def round_(first: int) -> Tally:
            async def come(person: int) -> bytes:
                return await arrive(bot, person)

            return await crowd(bot.post, people=PEOPLE, answers_each=ANSWERS_EACH, arrive=come, first=first)

        await warm(bot)
        yield round_


async def warm(bot: OurBot) -> None:
    await crowd(
        bot.post, people=20, answers_each=5, arrive=lambda person: arrive(bot, person), first=10_000_000
    )


@asynccontextmanager
async def plain(database: "Database", directory: Path) -> AsyncIterator[Round]:
    engine = await engine_for(database.for_sqlalchemy(await database.fresh(directory, "plain")))
    bot = PlainBot(engine, SECRET, QUESTIONS)

    async def post(body: bytes) -> bytes:
        answer = await bot.post(body, SECRET)
        assert answer is not None
        return answer

    async def round_(first: int) -> Tally:
        async def come(person: int) -> bytes:
            return await post(message(person, "/start"))

        return await crowd(post, people=PEOPLE, answers_each=PLAIN_ANSWERS_EACH, arrive=come, first=first)

    await crowd(
        post, people=20, answers_each=5, arrive=lambda p: post(message(p, "/start")), first=10_000_000
    )
    try:
        yield round_
    finally:
        await engine.dispose()


class Database:
    """Where both bots get an empty database of the same kind."""

    name = "sqlite"

    async def fresh(self, directory: Path, who: str) -> str:
        return f"sqlite:///{directory / who}.sqlite"

    def for_sqlalchemy(self, url: str) -> str:
        return url.replace("sqlite:", "sqlite+aiosqlite:", 1)


class Postgres(Database):
    """On a server of the benchmark's own, with its sync on."""

    name = "postgres"

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url

    async def fresh(self, directory: Path, who: str) -> str:
        import psycopg

        name = f"bench_{who}_{abs(hash(directory)) % 10**8}"
        connection = await psycopg.AsyncConnection.connect(self._server_url, autocommit=True)
        async with connection:
            await connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        return self._server_url.rsplit("/", 1)[0] + f"/{name}"

    def for_sqlalchemy(self, url: str) -> str:
        return url.replace("postgresql:", "postgresql+psycopg:", 1)


def sqlite() -> dict[str, Any]:
    import uvloop

    return uvloop.run(run(Database()))


def postgres() -> dict[str, Any]:
    """On a server of its own that syncs every commit."""
    import uvloop

    from tests.postgres import DURABLE, PostgresServer, binaries

    if binaries() is None:
        return {"benchmark": "answers_postgres", "not_run": "this machine has no PostgreSQL"}
    server = PostgresServer(*DURABLE)
    try:
        return uvloop.run(run(Postgres(server.url())))
    finally:
        server.remove()
