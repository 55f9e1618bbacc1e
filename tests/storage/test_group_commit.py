"""Many people's answers in one commit: each as if alone, none acknowledged before the disk has it."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest
import uvloop

from storage import sqlite
from storage.database import Database, Unavailable
from storage.sqlite import SqliteDatabase, path_of
from storage.transaction import Tx
from tests.storage.conftest import prepare


class Unlucky(Exception):
    """A unit of work went wrong."""


def nullifier(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.fixture
async def db(sqlite_url: str, clock: Callable[[], datetime]) -> AsyncIterator[SqliteDatabase]:
    opened = await Database.open(sqlite_url)
    assert isinstance(opened, SqliteDatabase)
    await prepare(opened, clock())
    yield opened
    if not opened._is_closing:
        await opened.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch however slow the machine: what is tested is the sharing, not when it ends."""
    monkeypatch.setattr(sqlite, "OLD_ENOUGH", 60.0)


def statements(db: SqliteDatabase) -> list[str]:
    """Everything the writer executes from now on."""
    heard: list[str] = []
    db._writer.set_trace_callback(heard.append)
    return heard


async def answer(db: Database, number: int, body: bytes = b"1") -> None:
    async with db.transaction() as tx:
        await tx.sessions.save(nullifier(number), 1, body)


async def answered(db: Database) -> set[int]:
    async with db.reading() as tx:
        return {int.from_bytes(each, "big") async for each, _ in tx.sessions.of_wave(1)}


def driver_of(tx: Tx) -> sqlite3.Connection:
    driver: sqlite3.Connection = tx._connection.driver  # type: ignore[attr-defined]
    return driver


async def make_the_commit_fail(tx: Tx) -> None:
    # A reference to a wave that does not exist, looked at only when everything is committed.
    driver_of(tx).execute("PRAGMA defer_foreign_keys = ON")
    await tx.sessions.save(nullifier(999), 999, b"")


async def test_forty_people_share_one_commit(db: SqliteDatabase, patient: None):
    heard = statements(db)

    await asyncio.gather(*(answer(db, number) for number in range(40)))

    assert heard.count("COMMIT") == 1
    assert await answered(db) == set(range(40))


async def test_someone_alone_does_not_wait_for_company(db: SqliteDatabase):
    heard = statements(db)

    await answer(db, 1)
    await answer(db, 2)

    assert heard.count("COMMIT") == 2


async def test_an_old_batch_is_committed_although_people_are_waiting(
    db: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "OLD_ENOUGH", 0.0)
    heard = statements(db)

    await asyncio.gather(*(answer(db, number) for number in range(10)))

    assert heard.count("COMMIT") == 10


async def test_nobody_is_acknowledged_before_the_commit(db: SqliteDatabase):
    """What another connection to the file does not see yet is not acknowledged yet."""
    witness = sqlite3.connect(path_of(f"sqlite:///{db._path}"))

    async def answer_and_look(number: int) -> bool:
        await answer(db, number)
        found = witness.execute("SELECT 1 FROM sessions WHERE nullifier = ?", (nullifier(number),)).fetchone()
        return found is not None

    assert all(await asyncio.gather(*(answer_and_look(number) for number in range(100))))
    witness.close()


async def test_units_run_one_at_a_time_in_the_order_they_came(db: SqliteDatabase):
    seen: list[tuple[str, int]] = []

    async def unit(number: int) -> None:
        async with db.transaction() as tx:
            seen.append(("in", number))
            await tx.sessions.save(nullifier(number), 1, b"")
            await asyncio.sleep(0)
            seen.append(("out", number))

    await asyncio.gather(*(unit(number) for number in range(5)))

    assert seen == [step for number in range(5) for step in (("in", number), ("out", number))]


async def test_a_unit_sees_what_those_before_it_in_the_batch_did(db: SqliteDatabase):
    async def count() -> int:
        async with db.transaction() as tx:
            number = await tx.sessions.count(1)
            await tx.sessions.save(nullifier(number), 1, b"")
            return number

    assert await asyncio.gather(*(count() for _ in range(20))) == list(range(20))


async def test_a_failed_unit_takes_back_its_own_and_nothing_else(db: SqliteDatabase, patient: None):
    async def unit(number: int) -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(nullifier(number), 1, b"")
            if number % 3 == 0:
                raise Unlucky

    heard = statements(db)
    outcomes = await asyncio.gather(*(unit(number) for number in range(9)), return_exceptions=True)

    assert [isinstance(outcome, Unlucky) for outcome in outcomes] == [number % 3 == 0 for number in range(9)]
    assert await answered(db) == {1, 2, 4, 5, 7, 8}
    assert heard.count("COMMIT") == 1


async def test_a_broken_rule_of_the_schema_is_the_units_own_failure(db: SqliteDatabase, patient: None):
    async def bad() -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(b"too short", 1, b"")

    good, broken = await asyncio.gather(answer(db, 1), bad(), return_exceptions=True)

    assert good is None
    assert isinstance(broken, sqlite3.IntegrityError)
    assert await answered(db) == {1}


async def test_a_failed_commit_fails_everyone_in_it_and_nobody_after(db: SqliteDatabase, patient: None):
    async def bad() -> None:
        async with db.transaction() as tx:
            await make_the_commit_fail(tx)

    outcomes = await asyncio.gather(answer(db, 1), bad(), answer(db, 2), return_exceptions=True)
    await answer(db, 3)

    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert await answered(db) == {3}


async def test_when_sqlite_rolls_everything_back_everyone_hears_of_it(db: SqliteDatabase, patient: None):
    """Disk full or an I/O error may undo the whole transaction, not just the statement."""

    async def bad() -> None:
        async with db.transaction() as tx:
            driver_of(tx).execute("ROLLBACK")
            raise Unlucky

    first, second, third = await asyncio.gather(answer(db, 1), bad(), answer(db, 2), return_exceptions=True)

    assert isinstance(first, Unavailable)
    assert isinstance(second, Unlucky)
    assert third is None
    assert await answered(db) == {2}


async def test_a_full_disk_is_unavailable_and_passes(db: SqliteDatabase):
    db._writer.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size for the least
    with pytest.raises(Unavailable):
        await answer(db, 1, bytes(10_000_000))

    db._writer.execute("PRAGMA max_page_count = 1000000")
    await answer(db, 2)

    assert await answered(db) == {2}


async def test_another_process_with_the_lock_makes_us_wait_but_not_stand_still(db: SqliteDatabase):
    other = sqlite3.connect(db._path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    waiting = asyncio.create_task(answer(db, 1))
    turns = 0
    while turns < 100:  # the loop turns although the lock is not to be had
        await asyncio.sleep(0)
        turns += 1
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    await waiting

    assert await answered(db) == {1}


async def test_a_lock_that_is_never_given_back_is_unavailable(
    db: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "WAIT", "PRAGMA busy_timeout = 20")
    other = sqlite3.connect(db._path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    outcomes = await asyncio.gather(*(answer(db, number) for number in range(3)), return_exceptions=True)
    other.close()
    await answer(db, 4)

    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert await answered(db) == {4}


async def test_whoever_waits_too_long_for_a_turn_is_told(db: SqliteDatabase, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite, "PATIENCE", 0.01)

    async with db.transaction():
        with pytest.raises(Unavailable):
            await answer(db, 1)
    await answer(db, 2)

    assert await answered(db) == {2}


async def test_cancelled_while_waiting_for_a_turn(db: SqliteDatabase):
    async with db.transaction():
        waiting = [asyncio.create_task(answer(db, number)) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
    await asyncio.wait(waiting)

    assert waiting[1].cancelled()
    assert await answered(db) == {0, 2}


async def test_cancelled_inside_a_unit_takes_back_that_unit(db: SqliteDatabase):
    inside = asyncio.Event()

    async def unit() -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(nullifier(1), 1, b"")
            inside.set()
            await asyncio.Event().wait()

    cancelled = asyncio.create_task(unit())
    await inside.wait()
    other = asyncio.create_task(answer(db, 2))
    cancelled.cancel()
    await asyncio.wait([cancelled, other])

    assert cancelled.cancelled()
    assert await answered(db) == {2}


async def test_cancelled_while_waiting_for_the_commit_disturbs_nobody(db: SqliteDatabase, patient: None):
    done = asyncio.Event()

    async def unit() -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(nullifier(1), 1, b"")
            done.set()

    cancelled = asyncio.create_task(unit())
    other = asyncio.create_task(answer(db, 2))
    await done.wait()
    cancelled.cancel()
    await asyncio.wait([cancelled, other])

    assert cancelled.cancelled()
    assert other.exception() is None
    # It was past its own end: what it did is kept with the others', and doing it again changes nothing.
    assert await answered(db) == {1, 2}


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_becomes_of_the_units_the_acknowledged_are_there(db: SqliteDatabase, seed: int):
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    possible: set[int] = set()

    async def unit(number: int, fate: str) -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(nullifier(number), 1, b"")
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)
            if fate == "fails":
                raise Unlucky
            if fate == "breaks the commit":
                await make_the_commit_fail(tx)
            possible.add(number)
        acknowledged.add(number)

    fates = chance.choices(["fine", "fails", "breaks the commit"], [20, 5, 1], k=80)
    tasks = [asyncio.create_task(unit(number, fate)) for number, fate in enumerate(fates)]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        if chance.random() < 0.1:
            chance.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await answer(db, 1000)

    assert acknowledged | {1000} <= await answered(db) <= possible | {1000}


async def test_a_unit_that_is_over_cannot_write(db: SqliteDatabase):
    async with db.transaction() as tx:
        kept = tx

    with pytest.raises(RuntimeError, match="over"):
        await kept.sessions.save(nullifier(1), 1, b"")


async def test_reading_is_one_picture_beside_the_writers(db: SqliteDatabase):
    await answer(db, 1)

    async with db.reading() as tx:
        before = await tx.sessions.count(1)
        await answer(db, 2)
        after = await tx.sessions.count(1)

    assert (before, after) == (1, 1)
    assert await answered(db) == {1, 2}


async def test_nobody_writes_while_reading(db: SqliteDatabase):
    async with db.reading() as tx:
        with pytest.raises(Unavailable):
            async with db.reading() as other:
                await other.sessions.save(nullifier(1), 1, b"")
        assert await tx.sessions.count(1) == 0


async def test_closing_waits_for_whoever_is_under_way(sqlite_url: str, clock: Callable[[], datetime]):
    db = await Database.open(sqlite_url)
    await prepare(db, clock())
    under_way = [asyncio.create_task(answer(db, number)) for number in range(10)]
    await asyncio.sleep(0)

    await db.close()
    await asyncio.gather(*under_way)
    with pytest.raises(Unavailable):
        await answer(db, 11)

    reopened = await Database.open(sqlite_url)
    assert await answered(reopened) == set(range(10))
    await reopened.close()


async def test_the_file_is_durable_strict_and_its_owners(db: SqliteDatabase):
    def pragma(name: str) -> object:
        return db._writer.execute(f"PRAGMA {name}").fetchone()[0]

    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)
    assert pragma("secure_delete") == 1
    assert pragma("temp_store") == 0  # 2 makes sealing quadratic


async def test_one_answer_is_one_select_and_one_upsert(db: SqliteDatabase):
    await answer(db, 1)
    heard = statements(db)

    async with db.transaction() as tx:
        await tx.alone_with(nullifier(0))
        person = await tx.people.at(nullifier(0), [nullifier(1), nullifier(2)])
        await tx.sessions.save(nullifier(1), 1, b"2")

    assert set(person.sessions) == {nullifier(1)}
    assert [each.split()[0] for each in heard] == [
        "BEGIN",
        "SAVEPOINT",
        "SELECT",
        "INSERT",
        "RELEASE",
        "COMMIT",
    ]


async def test_what_was_deleted_does_not_linger_in_the_file(db: SqliteDatabase):
    bodies = {number: bytes([number]) * 600 for number in range(100)}
    for number, body in bodies.items():
        await answer(db, number, body)
    await answer(db, 7, b"changed")
    async with db.transaction() as tx:
        await tx.sessions.delete(nullifier(8))
    await db.close()  # and with it the write-ahead log

    left = db._path.read_bytes()

    assert {number for number, body in bodies.items() if body in left} == set(bodies) - {7, 8}
    assert not db._path.with_name(db._path.name + "-wal").exists()


async def test_a_new_file_is_for_its_owner_only(tmp_path: Path):
    db = await Database.open(f"sqlite:///{tmp_path}/new/langnghe.sqlite")
    await db.close()

    assert (tmp_path / "new" / "langnghe.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
async def test_an_address_that_cannot_be_kept_is_refused(url: str):
    with pytest.raises(ValueError, match="database"):
        await Database.open(url)


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("this is not a database, however long it may be " * 50)

    with pytest.raises(Unavailable):
        await Database.open(f"sqlite:///{path}")


def test_it_is_the_same_on_uvloop(sqlite_url: str, clock: Callable[[], datetime]):
    async def many() -> set[int]:
        db = await Database.open(sqlite_url)
        await prepare(db, clock())
        await asyncio.gather(*(answer(db, number) for number in range(100)))
        found = await answered(db)
        await db.close()
        return found

    assert uvloop.run(many()) == set(range(100))
