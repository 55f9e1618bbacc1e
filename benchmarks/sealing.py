"""A wave of a million ballots: how long it takes to seal and to release, what memory that needs beside a hundred thousand, how
long other residents wait meanwhile, and how long a released page takes.

Sessions are what the bot would have stored: the yearly survey's answers, drawn by dice, under the wave's own key."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ours import temporary
from handlers.units import load_seed
from handlers.waves import Plan, Waves
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.ballots import new_receipt
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.form import Form, Kind
from surveys.forms.session import Session
from surveys.waves import Audience

FEW, MANY = 100_000, 1_000_000
PAGE = 2000  # sessions stored at a time
WARDS = ("29242", "29263", "29254", "29398", "29512", "29516")
SLUG = "2026-nguoi-dan"
COMMENTING = 0.15
LOOKS = 20  # at a released page
LIFE = timedelta(days=40)  # from opening until everything is due


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


async def fill(db: Database, vault: Vault, wave_id: int, form: Form, sessions: int) -> None:
    """As if so many people had answered; their nullifiers are random, as HMACs are."""
    dice = random.Random(sessions)
    for begin in range(0, sessions, PAGE):
        async with db.transaction() as tx:
            for _ in range(begin, min(begin + PAGE, sessions)):
                nullifier = dice.randbytes(16)
                body = vault.seal_body(wave_id, nullifier, _session(wave_id, form, dice).to_json())
                await tx.sessions.save(nullifier, wave_id, body)


def _session(wave_id: int, form: Form, dice: random.Random) -> Session:
    return Session(
        wave=wave_id,
        unit=dice.choice(WARDS),
        stream=Stream.INVITED,
        language="vi",
        receipt=new_receipt(dice.randbytes(10)),
        seed=dice.randbytes(8).hex(),
        answers=tuple(_answers(form, dice)),
        has_ended=True,
        seen=dice.randbytes(64),
    )


def _answers(form: Form, dice: random.Random) -> Iterator[tuple[str, str | None]]:
    for question in form.questions:
        if not question.is_asked:
            continue
        names = [choice.name for choice in question.choices]
        if question.kind is Kind.SELECT_MULTIPLE:
            yield question.name, " ".join(sorted(dice.sample(names, min(2, len(names)))))
        elif names:
            yield question.name, dice.choices(names, [2.0**-place for place in range(len(names))])[0]
        elif question.kind is Kind.TEXT:
            yield question.name, "Ghế chờ ít quá." if dice.random() < COMMENTING else None
        else:
            yield question.name, ""


async def run(url: str, directory: Path, sessions: int) -> dict[str, Any]:
    clock = Clock()
    await migrate.up(url)
    db = await Database.open(url)
    vault = Vault(FileKeys(directory / "keys"))
    try:
        await load_seed(db)
        waves = Waves(db, vault, clock)
        form = library.load("hang_nam_nguoi_dan")
        plan = Plan(
            SLUG,
            form,
            "Năm 2026",
            Audience.RESIDENTS,
            clock.at,
            clock.at + timedelta(days=21),
            dict.fromkeys(WARDS, sessions // 4),
        )
        wave_id = await waves.open(plan)
        await fill(db, vault, wave_id, form, sessions)
        clock.at += LIFE
        await waves.close(SLUG)
        async with _watched() as seal, _others(db) as waits:
            await waves.seal(SLUG)
        clock.at += LIFE
        async with _watched() as rest:
            await waves.advance()
        begun = time.perf_counter()
        for _ in range(LOOKS):
            released = await Waves(db, vault, clock).results(unit=WARDS[0])
        page = (time.perf_counter() - begun) / LOOKS
        assert len(released) == 1, "the wave is not released"
    finally:
        await db.close()
    return {
        "ballots": sessions,
        "seal_s": round(seal["seconds"], 1),
        "seal_mb": round(seal["grown"] / 2**20),
        "release_s": round(rest["seconds"], 1),
        "release_mb": round(rest["grown"] / 2**20),
        "others_wait_longest_s": round(max(waits, default=0.0), 2),
        "released_read_ms": round(1000 * page, 2),
    }


@asynccontextmanager
async def _watched() -> AsyncIterator[dict[str, float]]:
    """Seconds, and by how many bytes the process grew at most."""
    process = psutil.Process()
    before = process.memory_info().rss
    found = {"seconds": time.perf_counter(), "grown": 0.0}

    async def watch() -> None:
        while True:
            found["grown"] = max(found["grown"], process.memory_info().rss - before)
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    try:
        yield found
    finally:
        watching.cancel()
        found["seconds"] = time.perf_counter() - found["seconds"]


@asynccontextmanager
async def _others(db: Database) -> AsyncIterator[list[float]]:
    """Somebody else writes meanwhile: how long each such write took."""
    waits: list[float] = []

    async def write() -> None:
        while True:
            begun = time.perf_counter()
            async with db.transaction() as tx:
                await tx.lobbies.save(b"somebody else 16"[:16], b"", datetime.now(UTC).date())
            waits.append(time.perf_counter() - begun)
            await asyncio.sleep(0.1)

    writing = asyncio.create_task(write())
    try:
        yield waits
    finally:
        writing.cancel()


async def _on_sqlite(sessions: int) -> dict[str, Any]:
    async with temporary() as directory:
        return await run(f"sqlite:///{directory}/db.sqlite", directory, sessions)


def sealing() -> dict[str, Any]:
    import uvloop

    few, many = (uvloop.run(_on_sqlite(sessions)) for sessions in (FEW, MANY))
    return {
        "benchmark": "sealing_sqlite",
        "seconds_ratio": round(many["seal_s"] / few["seal_s"], 2),
        "memory_ratio": round(many["seal_mb"] / max(1, few["seal_mb"]), 2),
        "runs": [few, many],
    }


def sealing_postgres() -> dict[str, Any]:
    import uvloop

    from tests.postgres import DURABLE, PostgresServer

    server = PostgresServer(*DURABLE)
    try:
        results = []
        for sessions in (FEW, MANY):
            server.execute(f"CREATE DATABASE seal_{sessions}")

            async def on(sessions: int = sessions) -> dict[str, Any]:
                async with temporary() as directory:
                    return await run(server.url(f"seal_{sessions}"), directory, sessions)

            results.append(uvloop.run(on()))
    finally:
        server.remove()
    few, many = results
    return {
        "benchmark": "sealing_postgres",
        "seconds_ratio": round(many["seal_s"] / few["seal_s"], 2),
        "memory_ratio": round(many["seal_mb"] / max(1, few["seal_mb"]), 2),
        "runs": results,
    }
