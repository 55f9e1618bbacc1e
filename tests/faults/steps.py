"""A wave is sealed, its key destroyed, its figures released – by a process that kills itself with SIGKILL at one boundary.

A child passes boundaries one after another: before, within and after every unit of work, after each heap is moved, around the end
of the key. It dies at the one it was told to. Its parent then looks at what is there – the state before or the state after, never
between – lets another process finish, and looks again.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from handlers import sealing
from handlers.units import load_seed
from handlers.waves import Plan, Waves
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.transaction import Tx
from storage.vault import Vault
from surveys import attacker, ballot_box
from surveys.ballots import new_receipt
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.session import Session
from surveys.ledger import verify_chain
from surveys.records import KeyDestroyed, Sealed, Withdrawals
from surveys.releases import Released
from surveys.waves import GRACE, LAST_ONES, Audience, State

SLUG = "2026"
OPENS = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
CLOSES = datetime(2026, 12, 10, 17, 0, tzinfo=UTC)
SEALABLE = CLOSES + GRACE + LAST_ONES
WARDS = ("29263", "29398")
ANSWERED, COMMENTED, WITHDRAWN, SILENT = 30, 12, 4, 2
PEOPLE = ANSWERED + WITHDRAWN + SILENT
PAGE = 20  # so that few people are several pages


class Fate:
    """Ends this process at one of the boundaries it passes."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.passed = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedDatabase:
    def __init__(self, db: Database, fate: Fate) -> None:
        self._db = db
        self._fate = fate

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        self._fate.point()
        async with self._db.transaction() as tx:
            self._dooms(tx._connection)
            yield tx
            self._fate.point()
        self._fate.point()

    def _dooms(self, connection: Any) -> None:
        run_long = connection.run_long

        async def doomed(*statement: Any, **values: Any) -> Any:
            done = await run_long(*statement, **values)
            self._fate.point()
            return done

        connection.run_long = doomed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


class DoomedVault:
    def __init__(self, vault: Vault, fate: Fate) -> None:
        self._vault = vault
        self._fate = fate

    def destroy_wave(self, wave_id: int) -> None:
        self._fate.point()
        self._vault.destroy_wave(wave_id)
        self._fate.point()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)


# ── The wave, closed and due ─────────────────────────────────────────────────────────────────────────────────────


async def prepare(url: str, keys: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    await migrate.up(url)
    db = await Database.open(url)
    vault = Vault(FileKeys(keys))
    now = OPENS
    try:
        await load_seed(db)
        waves = Waves(db, vault, lambda: now)
        form = library.load("hang_nam_nguoi_dan")
        plan = Plan(
            SLUG, form, "Đợt 2026", Audience.RESIDENTS, OPENS, CLOSES, {WARDS[0]: 400, WARDS[1]: None}
        )
        wave_id = await waves.open(plan)
        async with db.transaction() as tx:
            for person in range(PEOPLE):
                nullifier = vault.nullifier(wave_id, f"person-{person}".encode())
                await tx.sessions.save(
                    nullifier, wave_id, vault.seal_body(wave_id, nullifier, a_session(wave_id, person))
                )
        now = CLOSES
        await waves.close(SLUG)
    finally:
        await db.close()


def a_session(wave_id: int, person: int) -> bytes:
    if person >= ANSWERED + SILENT:
        return b""  # withdrawn
    overall = str(1 + person % 5) if person < ANSWERED else None
    answers = (("chung", overall), ("gop_y", f"góp ý {person}" if person < COMMENTED else None))
    receipt = new_receipt(secrets.token_bytes(10))
    return Session(wave_id, WARDS[0], Stream.INVITED, "vi", receipt, seed="1", answers=answers).to_json()


async def advance(url: str, keys: Path, fate: Fate | None = None) -> None:
    db: Any = await Database.open(url)
    vault: Any = Vault(FileKeys(keys))
    try:
        if fate is not None:
            db, vault = DoomedDatabase(db, fate), DoomedVault(vault, fate)
        await Waves(db, vault, lambda: SEALABLE).advance()
    finally:
        await db.close()


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Found:
    state: State
    key_recorded: bool


async def look(url: str, keys: Path) -> Found:
    """Raises AssertionError for anything that is neither before a step nor after it."""
    db = await Database.open(url)
    vault = Vault(FileKeys(keys))
    try:
        async with db.reading() as tx:
            wave = await tx.waves.by_slug(SLUG)
            assert wave is not None
            assert wave.id is not None
            found = Found(State(wave.state), wave.key_destroyed_at is not None)
            sessions = await tx.sessions.count(wave.id)
            ballots = [ballot async for ballot in tx.ballots.of_wave(wave.id)]
            receipts = [receipt async for receipt in tx.receipts.of_wave(wave.id)]
            comments = len(await tx.comments.of_wave(wave.id))
            strata = len(await tx.strata.of_wave(wave.id))
            seal = await tx.wave_seals.of(wave.id)
            staged = await tx.staging.counts(wave.id)
            released = len(await tx.releases.of_wave(wave.id))
            lines = [line async for line in tx.ledger.each()]
        signer = vault.ledger_signer("langnghe")
        said = [entry.record for entry in verify_chain(lines, signer.key)]
        if found.state is State.CLOSED:
            assert (sessions, ballots, receipts, comments, strata, seal) == (PEOPLE, [], [], 0, 0, None)
            assert not any(isinstance(record, Sealed | Withdrawals) for record in said)
            assert vault.has_wave(wave.id)
            return found
        assert seal is not None
        assert (sessions, staged) == (0, (0, 0, 0))
        assert (len(ballots), len(receipts), comments, strata) == (ANSWERED, ANSWERED, COMMENTED, 1)
        assert (seal.places, seal.withdrawn) == (ANSWERED + WITHDRAWN, WITHDRAWN)
        assert ballot_box.root_of(ballots, seal.places) == seal.root
        [sealed] = [record for record in said if isinstance(record, Sealed)]
        [withdrawals] = [record for record in said if isinstance(record, Withdrawals)]
        assert (sealed.root, withdrawals.count) == (seal.root.hex(), WITHDRAWN)
        digest = ballot_box.ReceiptsDigest()
        for receipt in receipts:
            digest.add(receipt)
        assert sealed.receipts == digest.hexdigest()
        assert sum(isinstance(record, KeyDestroyed) for record in said) == found.key_recorded
        assert not (found.key_recorded and vault.has_wave(wave.id))
        assert (found.state is State.RELEASED) == (released > 0)
        return found
    finally:
        await db.close()


# ── Killing ──────────────────────────────────────────────────────────────────────────────────────────────────────

Copies = Callable[[], AbstractContextManager[tuple[str, Path]]]
"""Gives a fresh copy of the prepared wave: a database's URL and a directory of keys."""


def kill_at_every_boundary(copies: Copies, times: int, part: int = 0, parts: int = 1) -> dict[str, int]:
    """How many boundaries there are, and how many kills ended where. `part` of `parts`: only every so many-th boundary, where
    there are several workers."""
    boundaries = _boundaries(copies)
    seen = {"boundaries": boundaries, "kills": 0, "closed": 0, "sealed": 0, "key_destroyed": 0, "released": 0}
    for boundary in range(1 + part, boundaries + 1, parts):
        for _ in range(times):
            with copies() as (url, keys):
                _kill(url, keys, boundary)
                found = asyncio.run(look(url, keys))
                seen["kills"] += 1
                seen[
                    "key_destroyed" if found.key_recorded and found.state is State.SEALED else found.state
                ] += 1
                asyncio.run(advance(url, keys))
                assert asyncio.run(look(url, keys)) == Found(State.RELEASED, key_recorded=True)
    return seen


def _boundaries(copies: Copies) -> int:
    fate = Fate(at=0)
    with copies() as (url, keys):
        asyncio.run(advance(url, keys, fate))
    return fate.passed


def _kill(url: str, keys: Path, boundary: int) -> None:
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(advance(url, keys, Fate(boundary)))
        except BaseException as problem:
            os.write(2, f"{type(problem).__name__}: {problem}\n".encode())
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the child did not die where it should"


# ── On SQLite: a file and a directory of keys, copied ────────────────────────────────────────────────────────────


def on_sqlite(directory: Path) -> Copies:
    origin = directory / "origin"
    origin.mkdir()
    asyncio.run(prepare(f"sqlite:///{origin / 'db.sqlite'}", origin / "keys"))

    @contextmanager
    def copies() -> Iterator[tuple[str, Path]]:
        copy = directory / "copy"
        shutil.copytree(origin, copy)
        try:
            yield f"sqlite:///{copy / 'db.sqlite'}", copy / "keys"
        finally:
            shutil.rmtree(copy)

    return copies


def on_postgres(directory: Path, server: str, name: str) -> Copies:
    """Each copy is a database of its own, made from one that is only read."""
    import psycopg

    def execute(statement: str) -> None:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    execute(f"CREATE DATABASE {name}")
    asyncio.run(prepare(f"{server}/{name}", directory / "keys"))

    @contextmanager
    def copies() -> Iterator[tuple[str, Path]]:
        keys = directory / "copied-keys"
        shutil.copytree(directory / "keys", keys)
        execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
        try:
            yield f"{server}/{name}_copy", keys
        finally:
            # The server may still be clearing up after the one that was killed.
            execute(f"DROP DATABASE {name}_copy WITH (FORCE)")
            shutil.rmtree(keys)

    return copies


def judged_once() -> None:
    """Every copy holds the same answers, so it is the same release that the attacker is set on, four hundred times over. Nobody dies
    while he thinks, and what he finds has tests of its own: here he thinks once about each release, whatever it says."""
    found: dict[tuple[str, ...], Any] = {}
    think = attacker.exposures

    def exposures(lines: Iterable[Released], *truth: Any) -> Any:
        released = list(lines)
        said = tuple(line.to_json() for line in released)
        if said not in found:
            found[said] = think(released, *truth)
        return found[said]

    attacker.exposures = exposures


def main(directory: str, times: str, part: str, parts: str, server: str) -> None:
    sealing.PAGE = PAGE
    judged_once()
    made = on_postgres(Path(directory), server, f"steps_{part}") if server else on_sqlite(Path(directory))
    print(json.dumps(kill_at_every_boundary(made, int(times), int(part), int(parts))))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
