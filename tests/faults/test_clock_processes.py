"""Several real processes on one PostgreSQL: whoever leads is killed, or freezes and wakes again beside another who leads by then. What
comes due meanwhile happens, each time once."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.app import House, opened
from bot.settings import load
from handlers.notice_templates import NoticeTemplates
from handlers.noting import NEWEST
from handlers.units import load_seed
from storage.database import Unavailable
from surveys.conversation import Address
from surveys.notices import Category, State, Text
from surveys.rights import Role
from surveys.schedules import Daily, Schedule
from surveys.schedules.purposes import Purpose
from tests.faults.clocks import Clocks
from tests.handlers.notice_desk import LONG_DUC, PROVINCE
from tests.nursery import Nursery
from tests.patience import PATIENCE
from tests.postgres import PostgresServer

REMINDERS, DRAFTS, DAYS = 9, 2, 8  # schedules of a round, and times each of them was due already
LONG = timedelta(days=60)
AT = time(6, 15)


@pytest.fixture
async def house(tmp_path: Path, postgres_server: PostgresServer) -> AsyncIterator[House]:
    """Of the operator, who looks on; it serves nothing."""
    postgres_server.execute("DROP DATABASE IF EXISTS clocks WITH (FORCE)")
    postgres_server.execute("CREATE DATABASE clocks")
    settings = load(database_url=postgres_server.url("clocks"), keys_dir=tmp_path / "keys")
    async with opened(settings) as house:
        await load_seed(house.db)
        yield house


class Work:
    """What is to happen: rounds of schedules whose times were due over the last days, and may still happen."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.expected: set[tuple[str, datetime]] = set()
        self._begins = datetime.now(UTC).date() - timedelta(days=DAYS + 1)
        self._template = ""

    async def prepared(self) -> None:
        code = await self.house.people.appoint(
            None, name="Trần Thị Bình", role=Role.CHIEF, unit=LONG_DUC, title="Trưởng Công an phường"
        )
        chief = await self.house.people.enrol_by_bot(code, Address("telegram-officers", "1"))
        words = {"vi": Text.of("Phường làm việc cả ngày thứ Bảy. Mời bà con đến.")}
        templates = NoticeTemplates(self.house.db, self.house.now)
        self._template = (await templates.write(chief, "Thứ Bảy", Category.PROCEDURE, words)).id
        self.chief = chief

    async def comes_due(self, round_: int) -> None:
        for number in range(REMINDERS):
            await self._add(
                f"r{round_}-{number}", Purpose.REMIND_OFFICERS, PROVINCE, {"about": f"{round_}-{number}"}
            )
        for number in range(DRAFTS):
            await self._add(
                f"d{round_}-{number}", Purpose.DRAFT_NOTICE, LONG_DUC, {"template": self._template}
            )

    async def _add(self, id: str, purpose: Purpose, unit: str, subject: dict[str, str]) -> None:
        # Who froze with the trail locked keeps it for a minute: a person would be told to try again, and so do we.
        async with asyncio.timeout(5 * PATIENCE):
            while True:
                try:
                    return await self._added(id, purpose, unit, subject)
                except Unavailable:
                    continue

    async def _added(self, id: str, purpose: Purpose, unit: str, subject: dict[str, str]) -> None:
        schedule = Schedule(
            Daily(self._begins), AT, self._begins, self._begins + timedelta(days=DAYS - 1), lateness=LONG
        )
        planned = await self.house.schedules.add(
            schedule, purpose=purpose, title=id, unit=unit, owner="An", subject=subject, id=id
        )
        moments = [_moment(self._begins + timedelta(days=each)) for each in range(DAYS)]
        async with self.house.db.transaction() as tx:
            assert await tx.schedules.advance(id, planned.row.next_due, moments[0])
        self.expected |= {(id, moment) for moment in moments}

    async def is_done(self) -> bool:
        found = await self._dues()
        return found.keys() >= self.expected and not {"due", "running"} & set(found.values())

    async def some_is_done(self) -> bool:
        states = Counter((await self._dues()).values())
        return states["done"] > 0 and states["due"] + states["running"] > 0

    async def until(self, what: str, clocks: Clocks) -> None:
        # A process that froze with a transaction open keeps what it locked for a minute: then the server ends it.
        async with asyncio.timeout(5 * PATIENCE):
            while not await getattr(self, what)():
                assert any(each.is_there for each in clocks.all), clocks.logs
                await asyncio.sleep(0.1)

    async def _dues(self) -> dict[tuple[str, datetime], str]:
        begin, end = _moment(self._begins), _moment(self._begins + timedelta(days=DAYS))
        found = await self.house.schedules.between(begin, end)
        return {(each.schedule, each.due): each.state for each in found}

    async def shown(self, clocks: Clocks) -> None:
        """Each time once, in what it did to the world as well as in what is kept of it."""
        found = await self._dues()
        assert found.keys() == self.expected
        assert set(found.values()) == {"done"}, clocks.logs
        async with self.house.db.reading() as tx:
            reminded = [
                row.object for row in await tx.audit.page(NEWEST, 5000) if row.action == "officers.remind"
            ]
            drafted = [
                row.object for row in await tx.audit.page(NEWEST, 5000) if row.action == "notice.submit"
            ]
        keys = {f"occasion:{id}-{due:%Y%m%dT%H%M}" for id, due in self.expected if id.startswith("r")}
        assert Counter(reminded) == Counter(keys)
        notices = await self.house.notices.of(self.chief)
        assert Counter(drafted) == Counter(f"notice:{each.code}" for each in notices)
        assert len(notices) == sum(id.startswith("d") for id, _ in self.expected)
        assert {each.state for each in notices} == {State.SUBMITTED}
        assert await self.house.trail.verify() is None
        assert await self.house.schedules.holds() == []


def _moment(day: date) -> datetime:
    return datetime.combine(day, AT, tzinfo=UTC) - timedelta(hours=7)


def free_ports(count: int) -> tuple[int, ...]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(each.getsockname()[1] for each in sockets)
    for each in sockets:
        each.close()
    return ports


@pytest.mark.postgres
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("count", "parts"), [(3, ("clock",)), (2, ())], ids=["three clocks", "two of everything"]
)
async def test_whoever_leads_is_killed_or_freezes(
    house: House, nursery: Nursery, tmp_path: Path, count: int, parts: tuple[str, ...]
):
    work = Work(house)
    await work.prepared()
    ports = free_ports(count + 2)
    with Clocks(nursery, tmp_path, house.settings.database_url, count, *parts, ports=ports) as clocks:
        first = await asyncio.to_thread(clocks.leader)

        await work.comes_due(0)
        await work.until("some_is_done", clocks)
        first.killed()
        clocks.one_more()

        second = await asyncio.to_thread(clocks.leader, first)
        await work.comes_due(1)
        await work.until("some_is_done", clocks)
        second.frozen()
        third = await asyncio.to_thread(clocks.leader, second)
        await work.comes_due(2)
        await work.until("some_is_done", clocks)
        # It wakes in the middle of what it did, and leads as far as it knows; so does the other.
        second.thawed()
        await work.until("is_done", clocks)

        await work.comes_due(3)
        third.frozen()
        await work.until("is_done", clocks)
        third.thawed()

        await work.shown(clocks)
