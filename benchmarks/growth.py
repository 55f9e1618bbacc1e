"""What one answer costs when a million ballots lie in the database, beside what it costs when ten thousand do."""

import gc
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.ours import OurBot, arrive, our_bot, temporary
from benchmarks.people import buttons, tap, text_of

FEW, MANY = 10_000, 1_000_000
PEOPLE = 100
ANSWERS_EACH = 8
ROUNDS = 5
BODY = 12 + 1024 + 16  # bytes of a session at rest: nonce, two blocks, tag


async def run() -> dict[str, Any]:
    """One person after another, so that what is measured is one answer and not the queue before it."""
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    async with (
        temporary() as few,
        temporary() as many,
        our_bot(f"sqlite:///{few}/db.sqlite", few) as small,
        our_bot(f"sqlite:///{many}/db.sqlite", many) as large,
    ):
        fill(few / "db.sqlite", FEW)
        fill(many / "db.sqlite", MANY)
        for place in range(ROUNDS):
            for size, bot in ((FEW, small), (MANY, large)):
                gc.collect()
                costs[size].append(await cost(bot, 1 + place * PEOPLE))
    ratio = median(costs[MANY]) / median(costs[FEW])
    return {
        "benchmark": "growth_sqlite",
        "ratio": round(ratio, 3),
        "target": "≤ 1.2",
        "ms_an_answer": {str(size): round(1000 * median(each), 3) for size, each in costs.items()},
    }


async def cost(bot: OurBot, first: int) -> float:
    """Seconds of processor time an answer: what the disk takes to sync is the same for both, and noisy."""
    spent = 0.0
    for person in range(first, first + PEOPLE):
        reply = await arrive(bot, person)
        for _ in range(ANSWERS_EACH):
            body = tap(person, buttons(reply)[0][1], text_of(reply))
            begun = time.thread_time()
            reply = await bot.post(body)
            spent += time.thread_time() - begun
    return spent / (PEOPLE * ANSWERS_EACH)


def fill(path: Path, ballots: int) -> None:
    """Half of them still under their nullifiers, half sealed: both tables are as large as they get."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    (wave,) = connection.execute("SELECT id FROM waves").fetchone()
    connection.executemany(
        "INSERT INTO sessions (nullifier, wave_id, body) VALUES (?, ?, ?)", sessions(wave, ballots // 2)
    )
    connection.executemany(
        "INSERT INTO ballots (wave_id, position, unit, stream, mode, answers, salt, commitment)"
        " VALUES (?, ?, '29263', 'invited', 'self', '{\"chung\":\"5\"}', ?, ?)",
        ((wave, place, os.urandom(16), os.urandom(32)) for place in range(ballots // 2)),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def sessions(wave: int, number: int) -> Iterator[tuple[bytes, int, bytes]]:
    for nullifier in sorted(os.urandom(16) for _ in range(number)):
        yield nullifier, wave, os.urandom(BODY)


def growth() -> dict[str, Any]:
    import uvloop

    return uvloop.run(run())
