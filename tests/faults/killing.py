"""Kills the whole bot again and again while people answer, and looks each time whether what was acknowledged is there.

`python -m tests.faults.killing DIRECTORY TIMES SEED` prints what it found as JSON. This process only imports and forks: a child
that starts with everything imported is at work within a moment, so two hundred kills take minutes and not hours.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.ours import WAVE, OurBot, arrive, our_bot
from benchmarks.people import buttons, tap, text_of
from bot.app import opened, utc_now
from bot.logs import configure
from bot.settings import load
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.forms.session import Session

PEOPLE_AT_ONCE = 12
MOST_LINES = 140  # of what it does that are read before the kill; twelve people together write that many
A_STEP = 0.003  # seconds; within as many after that line it dies
READY, RESTS = b"ready\n", b"rests\n"

Acknowledged = dict[int, dict[str, str]]
"""Person → question → the choice whose acknowledgement was received last."""


def kill_and_look(directory: Path, times: int, seed: int) -> dict[str, int]:
    """Raises AssertionError in the first round in which something acknowledged is missing, or counted twice."""
    chance = random.Random(seed)
    acknowledged: Acknowledged = defaultdict(dict)
    under_way: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    killed = 0
    # Whatever is imported or read on first use is so before the first fork; the loop and its threads are gone by then.
    asyncio.run(one_person(directory))
    for round_ in range(times):
        lines = one_round(
            directory,
            first=1 + round_ * PEOPLE_AT_ONCE,
            seed=chance.random(),
            after=chance.randrange(MOST_LINES),
            moment=chance.uniform(0, A_STEP),
        )
        killed += 1
        for word, person, question, value in lines:
            if word == "sends":
                under_way[person][question].add(value)
            else:
                acknowledged[person][question] = value
                under_way[person][question].clear()
        asyncio.run(compare(directory, acknowledged, under_way))
    ballots = asyncio.run(sealed(directory))
    assert ballots >= len(acknowledged), (
        f"{len(acknowledged)} people were acknowledged, {ballots} ballots are there"
    )
    assert ballots <= len(under_way), f"{len(under_way)} people ever answered, {ballots} ballots are there"
    return {
        "killed": killed,
        "acknowledged": sum(len(answers) for answers in acknowledged.values()),
        "people": len(acknowledged),
        "ballots": ballots,
    }


# ── One round: a child that works until it is killed ─────────────────────────────────────────────────────────────


def one_round(
    directory: Path, *, first: int, seed: float, after: int, moment: float
) -> list[tuple[str, int, str, str]]:
    """What the child wrote down before its end: every answer it sent, every acknowledgement it got. It dies a moment after so many
    lines: counted in what it has done, and not in seconds, in which a busy machine may do nothing at all."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(here)
        in_child(lambda: asyncio.run(answer_for_ever(directory, first, random.Random(seed), there)))
    os.close(there)
    with os.fdopen(here, "rb") as notes:
        assert notes.readline() == READY, "the bot did not start"
        lines = [line for _, line in zip(range(after), iter(notes.readline, RESTS), strict=False)]
        time.sleep(moment)  # the instant of the kill is what is random here
        os.kill(child, signal.SIGKILL)
        lines += notes.readlines()
    os.waitpid(child, 0)
    return [parsed(line) for line in b"".join(lines).decode().splitlines() if line.endswith(";")]


def parsed(line: str) -> tuple[str, int, str, str]:
    word, person, question, value = line.rstrip(";").split(" ")
    return word, int(person), question, value


async def one_person(directory: Path) -> None:
    async with our_bot(f"sqlite:///{directory / 'db.sqlite'}", directory) as bot:
        await arrive(bot, 0)


async def answer_for_ever(directory: Path, first: int, chance: random.Random, notes: int) -> None:
    async with our_bot(f"sqlite:///{directory / 'db.sqlite'}", directory) as bot:
        os.write(notes, READY)
        async with asyncio.TaskGroup() as people:
            for person in range(first, first + PEOPLE_AT_ONCE):
                people.create_task(answer(bot, person, random.Random(chance.random()), notes))
        os.write(notes, RESTS)
        await asyncio.Event().wait()


async def answer(bot: OurBot, person: int, chance: random.Random, notes: int) -> None:
    """Answers, sometimes taps twice at once, sometimes sends what was sent before."""
    reply = await arrive(bot, person)
    while choices := [(label, data) for label, data in buttons(reply) if label in SCALE]:
        label, data = chance.choice(choices)
        question = text_of(reply).partition("/")[0]
        body = tap(person, data, text_of(reply))
        os.write(notes, f"sends {person} {question} {SCALE[label]};\n".encode())
        if chance.random() < 0.2:
            reply, again = await asyncio.gather(bot.post(body), bot.post(body))
            reply = again if len(again) > len(reply) else reply
        else:
            reply = await bot.post(body)
        os.write(notes, f"acknowledged {person} {question} {SCALE[label]};\n".encode())


SCALE = {
    "Rất hài lòng": "5",
    "Hài lòng": "4",
    "Bình thường": "3",
    "Không hài lòng": "2",
    "Rất không hài lòng": "1",
    "Không ý kiến": "0",
}


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def compare(
    directory: Path, acknowledged: Acknowledged, under_way: dict[int, dict[str, set[str]]]
) -> None:
    # Without a house, which would take longer to open than this to look at: two hundred times it is looked at from outside.
    db = await Database.open(f"sqlite:///{directory / 'db.sqlite'}")
    vault = Vault(FileKeys(directory / "keys"))
    try:
        async with db.reading() as tx:
            wave = await tx.waves.by_slug(WAVE)
            assert wave is not None
            assert wave.id is not None
            rests = {nullifier: body async for nullifier, body in tx.sessions.of_wave(wave.id)}
        for person, answers in acknowledged.items():
            nullifier = vault.nullifier(wave.id, f"telegram/{person}".encode())
            session = Session.from_json(vault.open_body(wave.id, nullifier, rests[nullifier]))
            names = [name for name, _ in session.answers]
            assert len(names) == len(set(names)), f"a question answered twice: {names}"
            for place, value in answers.items():
                kept = session.answers[int(place) - 1][1]
                assert kept == value or kept in under_way[person][place], (
                    f"acknowledged {value}, found {kept}"
                )
    finally:
        await db.close()


async def sealed(directory: Path) -> int:
    """How many ballots there are in the end: one a person, or the primary key of receipts would have refused."""
    settings = load(
        database_url=f"sqlite:///{directory / 'db.sqlite'}", keys_dir=directory / "keys", _env_file=None
    )
    async with opened(settings, now=lambda: utc_now() + timedelta(days=40)) as house:
        await house.waves.close(WAVE)
        done = await house.waves.seal(WAVE)
        assert done is not None
        return done.ballots


def in_child(work: Callable[[], Any]) -> None:
    code = 1
    with contextlib.suppress(BaseException):
        try:
            work()
            code = 0
        except BaseException as problem:
            os.write(2, f"{type(problem).__name__}: {problem}\n".encode())
    os._exit(code)


if __name__ == "__main__":
    configure("error", "text")
    print(json.dumps(kill_and_look(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
