"""What the database itself promises of posts, codes and sessions, on both databases."""

from datetime import datetime, timedelta

import pytest

from storage.database import Database
from storage.desk_rows import Appointment, DeskCode, DeskSession, Post, Staff
from tests.conftest import Clock
from tests.storage.conftest import a_unit

HASH = bytes(32)


@pytest.fixture
async def office(database: Database, clock: Clock) -> Database:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
        for id in ("p1", "p2"):
            await tx.staff.add(Staff(id=id, name=id, added_at=clock(), wrong=0))
        await tx.posts.add(Post(id="29242-chief", role="chief", unit="29242", title="Trưởng"))
        await tx.posts.appoint(held(clock(), "p1"))
    return database


def held(since: datetime, person: str, id: str = "") -> Appointment:
    return Appointment(id=id or person, post="29242-chief", person=person, since=since, until=None)


async def test_a_post_has_one_holder_at_a_time_and_many_in_time(office: Database, clock: Clock) -> None:
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        async with office.transaction() as tx:
            await tx.posts.appoint(held(clock(), "p2"))

    clock.advance(days=1)
    async with office.transaction() as tx:
        await tx.posts.end("29242-chief", clock())
        await tx.posts.appoint(held(clock(), "p2"))
    clock.advance(days=1)
    async with office.transaction() as tx:
        await tx.posts.end("29242-chief", clock())
        await tx.posts.appoint(held(clock(), "p1", "again"))

    async with office.reading() as tx:
        holder = await tx.posts.holder("29242-chief")
        assert holder is not None
        assert holder.person == "p1"
        assert [each.person for each in await tx.posts.all()] == ["p1", "p2", "p1"]


async def test_of_two_who_spend_a_code_at_once_one_does(office: Database, clock: Clock) -> None:
    code = DeskCode(
        handle="ABCD",
        kind="enrol",
        hash=HASH,
        person="p1",
        post="29242-chief",
        expires_at=clock() + timedelta(hours=1),
        wrong=0,
    )
    async with office.transaction() as tx:
        await tx.codes.add(code)

    spent = []
    for _ in range(2):
        async with office.transaction() as tx:
            spent.append(await tx.codes.spend("ABCD"))

    assert spent == [True, False]


async def test_no_time_code_is_used_twice_and_none_before_a_used_one(office: Database) -> None:
    async with office.transaction() as tx:
        await tx.staff.set_totp("p1", b"sealed", 100, HASH)
        used = [await tx.staff.use_step("p1", step) for step in (100, 99, 101, 101, 103, 102)]

    assert used == [False, False, True, False, True, False]


async def test_whoever_was_stripped_keeps_their_name_and_nothing_else(office: Database, clock: Clock) -> None:
    async with office.transaction() as tx:
        await tx.staff.set_totp("p1", b"sealed", 100, HASH)
        await tx.staff.set_account("p1", bytes(16), b"address")
        await tx.staff.was_wrong("p1", clock())
        await tx.staff.strip("p1")

    async with office.reading() as tx:
        left = await tx.staff.get("p1")
        assert left is not None
        kept = {name: value for name, value in left.model_dump().items() if value not in (None, 0)}
        assert kept == {"id": "p1", "name": "p1", "added_at": clock()}


async def test_sessions_that_are_over_are_forgotten(office: Database, clock: Clock) -> None:
    async with office.transaction() as tx:
        for number, (begun, seen) in enumerate([(0, 0), (60, 0), (60, 50)]):
            await tx.desk_sessions.add(
                DeskSession(
                    hash=bytes([number]) * 32,
                    person="p1",
                    post=None,
                    begun_at=clock() - timedelta(minutes=begun),
                    seen_at=clock() - timedelta(minutes=seen),
                )
            )
        gone = await tx.desk_sessions.purge(clock() - timedelta(hours=12), clock() - timedelta(minutes=30))

    assert gone == 1


@pytest.mark.parametrize(
    "row",
    [
        Post(id="x", role="king", unit="29242", title="T"),
        Post(id="x", role="chief", unit="nowhere", title="T"),
        Post(id="x", role="chief", unit="29242", title=""),
    ],
    ids=["role", "unit", "title"],
)
async def test_the_schema_refuses_a_post_that_makes_no_sense(office: Database, row: Post) -> None:
    with pytest.raises(Exception, match=r"(?i)constraint"):
        async with office.transaction() as tx:
            await tx.posts.add(row)
