"""A backup put back: nothing happens once more by itself, until a person has looked."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from bot.sending.epochs import Epochs
from handlers.clock_holds import RESTORED
from handlers.schedules import Occasion, Schedules
from storage.backup import backed_up
from storage.database import Database
from storage.sqlite import path_of
from surveys.schedules import Daily, Schedule
from tests.conftest import Clock
from tests.storage.conftest import a_unit

WARD, TODAY = "29242", date(2026, 11, 22)


class Mailbox:
    """What has left, and cannot be taken back by a backup."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def __call__(self, occasion: Occasion) -> str:
        self.left.append(occasion.key)
        return "đã gửi"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


Opened = Callable[[Database], Schedules]


@pytest.fixture
def schedules_of(mailbox: Mailbox, clock: Clock, tmp_path: Path) -> Opened:
    """Of a process that begins now; the keys are where they were."""

    def begin(database: Database) -> Schedules:
        begun = clock()
        return Schedules(
            database,
            {"mail": mailbox},
            clock,
            passed=lambda: (clock() - begun).total_seconds(),
            epochs=Epochs(tmp_path / "keys" / "schedules"),
        )

    return begin


async def put_back(database: Database, url: str, file: Path) -> Database:
    await database.close()
    for each in path_of(url).parent.glob(path_of(url).name + "-*"):
        each.unlink()  # the old one's journal is not the copy's
    shutil.copyfile(file, path_of(url))
    return await Database.open(url)


async def a_day_s_mail(schedules: Schedules, database: Database) -> str:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    daily = Schedule(Daily(TODAY), time(9), TODAY, lateness=timedelta(days=1))
    planned = await schedules.add(daily, purpose="mail", title="Thư", unit=WARD, owner="A")
    return planned.row.id


async def test_what_has_left_does_not_leave_again_until_somebody_has_looked(
    sqlite_url: str, schedules_of: Opened, mailbox: Mailbox, clock: Clock, tmp_path: Path
):
    database = await Database.open(sqlite_url)
    await a_day_s_mail(schedules_of(database), database)
    clock.advance(days=1)
    await schedules_of(database).tick()
    backup = await backed_up(sqlite_url, tmp_path / "copies", clock())
    clock.advance(hours=20)
    await schedules_of(database).tick()
    assert len(mailbox.left) == 2

    database = await put_back(database, sqlite_url, backup)
    woken = schedules_of(database)
    for _ in range(3):
        clock.advance(minutes=1)
        assert await woken.tick() == 0

    assert len(mailbox.left) == 2
    [hold] = await woken.holds()
    assert (hold.cause, "a backup was put back" in hold.reason) == (RESTORED, True)
    assert await woken.release(RESTORED)
    assert await woken.tick() == 1  # a person said so: what is not too late happens
    assert await woken.holds() == []
    assert len(mailbox.left) == 3
    assert mailbox.left[2] == mailbox.left[1]  # under the same key, by which a deed knows what it did
    await database.close()


async def test_put_back_under_a_process_that_runs(
    sqlite_url: str, schedules_of: Opened, mailbox: Mailbox, clock: Clock, tmp_path: Path
):
    """The number beside the keys is asked at every tick, not only at the start."""
    database = await Database.open(sqlite_url)
    running = schedules_of(database)
    await a_day_s_mail(running, database)
    clock.advance(minutes=31)
    backup = await backed_up(sqlite_url, tmp_path / "copies", clock())
    await running.tick()
    assert len(mailbox.left) == 1

    database = await put_back(database, sqlite_url, backup)
    running._db = running._holds._db = running._doing._db = (
        database  # the same process, another file under it
    )
    clock.advance(minutes=1)
    await running.tick()

    assert len(mailbox.left) == 1
    assert [hold.cause for hold in await running.holds()] == [RESTORED]
    await database.close()


async def test_a_start_after_a_crash_is_no_restore(
    database: Database, schedules_of: Opened, mailbox: Mailbox, clock: Clock, tmp_path: Path
):
    """Whatever a power cut takes from the file beside the keys makes it older, never newer."""
    id = await a_day_s_mail(schedules_of(database), database)
    for _ in range(3):
        clock.advance(days=1)
        await schedules_of(database).tick()
    [number] = (tmp_path / "keys" / "schedules").iterdir()
    number.write_text(f"{1:020}", "ascii")

    clock.advance(days=1)
    await schedules_of(database).tick()

    assert await schedules_of(database).holds() == []
    assert len(mailbox.left) == len(await schedules_of(database).history(id)) == 4


async def test_two_who_tick_and_write_the_number_at_once(
    database: Database, schedules_of: Opened, clock: Clock
):
    """One has the database further than the other has the file: that is no restore."""
    tickers = [schedules_of(database) for _ in range(4)]
    await a_day_s_mail(tickers[0], database)
    for number in range(8):
        daily = Schedule(Daily(TODAY), time(9, number), TODAY)
        await tickers[0].add(daily, purpose="mail", title=f"Thư {number}", unit=WARD, owner="A")
    for _ in range(20):
        clock.advance(minutes=5)
        await asyncio.gather(*(each.tick() for each in tickers))

    assert await tickers[0].holds() == []
