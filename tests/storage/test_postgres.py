"""What only PostgreSQL can do to us: go away, come back, lock, and be shared by several processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime

import pytest

from storage import migrate
from storage.database import Database, Unavailable
from storage.postgres import CONNECTIONS, PostgresDatabase
from tests.patience import PATIENCE
from tests.postgres import DURABLE, PostgresServer
from tests.storage.conftest import prepare

pytestmark = pytest.mark.postgres

PERSON, ANOTHER = bytes(16), bytes([1] * 16)


@pytest.fixture
async def db(postgres_url: str, clock: Callable[[], datetime]) -> AsyncIterator[PostgresDatabase]:
    opened = await Database.open(postgres_url)
    assert isinstance(opened, PostgresDatabase)
    await prepare(opened, clock())
    yield opened
    await opened.close()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, which it may stop."""
    own = PostgresServer(*DURABLE)
    migrate.up_now(own.url())
    yield own
    own.remove()


async def answer(db: Database, person: bytes = PERSON, body: bytes = b"1") -> None:
    async with db.transaction() as tx:
        await tx.sessions.save(person, 1, body)


async def setting(db: Database, name: str) -> str:
    async with db.transaction() as tx:
        cursor = await tx._connection.driver.execute(f"SHOW {name}")  # type: ignore[attr-defined]
        return str((await cursor.fetchone())[0])


async def test_commits_wait_for_the_disk(db: PostgresDatabase):
    assert await setting(db, "synchronous_commit") == "on"
    assert await setting(db, "TimeZone") == "UTC"


async def test_an_outage_is_unavailable_and_over_when_it_is_over(
    server: PostgresServer, clock: Callable[[], datetime]
):
    db = await Database.open(server.url())
    await prepare(db, clock())
    await asyncio.gather(*(answer(db, bytes([number] * 16)) for number in range(10)))

    server.stop()
    with pytest.raises(Unavailable):
        await answer(db)
    server.start()
    # Not one failure after it is back, although the pool was full of connections to a server that is no more.
    await asyncio.gather(*(answer(db, bytes([number] * 16)) for number in range(20)))

    async with db.reading() as tx:
        assert await tx.sessions.count(1) == 20
    await db.close()


async def test_thrown_out_in_the_middle(db: PostgresDatabase, postgres_server: PostgresServer):
    async def unit() -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(PERSON, 1, b"1")
            postgres_server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'langnghe'"
            )
            await tx.sessions.save(ANOTHER, 1, b"1")

    with pytest.raises(Unavailable):
        await unit()
    await answer(db, ANOTHER)

    async with db.reading() as tx:
        assert set(await tx.sessions.of([PERSON, ANOTHER])) == {ANOTHER}


async def test_no_server_at_all_is_unavailable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storage.postgres.PATIENCE", 0.2)

    with pytest.raises(Unavailable):
        await Database.open("postgresql://postgres@127.0.0.1:1/nowhere")


async def test_two_processes_take_one_person_in_turn(db: PostgresDatabase, postgres_url: str):
    other = await Database.open(postgres_url)
    order: list[str] = []
    inside = asyncio.Event()

    async def first() -> None:
        async with db.transaction() as tx:
            await tx.alone_with(PERSON)
            inside.set()
            await waits_for_a_lock(db)
            order.append("first")

    async def second() -> None:
        await inside.wait()
        async with other.transaction() as tx:
            await tx.alone_with(PERSON)
            order.append("second")

    await asyncio.gather(first(), second())
    await other.close()

    assert order == ["first", "second"]


async def waits_for_a_lock(db: PostgresDatabase) -> None:
    """Returns when somebody waits for an advisory lock."""
    while True:
        async with db.transaction() as tx:
            cursor = await tx._connection.driver.execute(  # type: ignore[attr-defined]
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            if (await cursor.fetchone())[0]:
                return


async def test_two_people_do_not_wait_for_each_other(db: PostgresDatabase):
    async with asyncio.timeout(PATIENCE), db.transaction() as tx:
        await tx.alone_with(PERSON)
        async with db.transaction() as other:
            await other.alone_with(ANOTHER)


async def test_a_deadlock_is_unavailable_for_one_of_the_two(db: PostgresDatabase):
    met = asyncio.Barrier(2)

    async def unit(first: bytes, second: bytes) -> None:
        async with db.transaction() as tx:
            await tx.alone_with(first)
            await met.wait()
            await tx.alone_with(second)

    outcomes = await asyncio.gather(unit(PERSON, ANOTHER), unit(ANOTHER, PERSON), return_exceptions=True)

    assert sorted(type(outcome) for outcome in outcomes if outcome is not None) == [Unavailable]


async def test_a_cancelled_unit_gives_its_connection_back(db: PostgresDatabase):
    async def unit() -> None:
        async with db.transaction() as tx:
            await tx.sessions.save(PERSON, 1, b"1")
            await asyncio.Event().wait()

    for _ in range(40):  # more than there are connections
        task = asyncio.create_task(unit())
        await asyncio.wait([task], timeout=0.005)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    async with db.reading() as tx:
        assert await tx.sessions.count(1) == 0


async def test_cancelled_in_the_very_moment_a_connection_comes_free_is_cancelled(db: PostgresDatabase):
    async def unit(begun: asyncio.Event, stay: asyncio.Event) -> None:
        async with db.reading():
            begun.set()
            await stay.wait()

    for moments in range(40):  # from the return of a connection until whoever waits for it has it
        stay, begun = asyncio.Event(), [asyncio.Event() for _ in range(CONNECTIONS)]
        others = [asyncio.create_task(unit(each, stay)) for each in begun]
        await asyncio.gather(*(each.wait() for each in begun))
        waiting = asyncio.create_task(unit(asyncio.Event(), asyncio.Event()))
        await asyncio.sleep(0.01)
        stay.set()
        for _ in range(moments):
            await asyncio.sleep(0)
        waiting.cancel()

        await asyncio.wait([waiting], timeout=PATIENCE)
        assert waiting.cancelled(), moments
        await asyncio.gather(*others)


async def test_reading_is_one_picture_beside_the_writers(db: PostgresDatabase):
    async with db.reading() as tx:
        before = await tx.sessions.count(1)
        await answer(db)
        after = await tx.sessions.count(1)

    assert (before, after) == (0, 0)


async def test_nobody_writes_while_reading(db: PostgresDatabase):
    with pytest.raises(Unavailable):
        async with db.reading() as tx:
            await tx.sessions.save(PERSON, 1, b"1")


async def test_two_hundred_people_on_sixteen_connections(db: PostgresDatabase):
    people = [number.to_bytes(16, "big") for number in range(200)]

    await asyncio.gather(*(answer(db, person) for person in people))

    async with db.reading() as tx:
        assert await tx.sessions.count(1) == 200
