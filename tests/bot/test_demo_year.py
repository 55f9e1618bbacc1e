"""The demo's year: its clock goes where it is asked to, what is due on the way happens in its order, and the house takes none of it for a
clock that leapt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import House, _ticks, opened
from bot.deeds import made_chores
from bot.demo_clock import DemoClock
from bot.demo_notices import find_listeners
from bot.demo_schedules import take_standing_orders
from bot.demo_year import Asked, Progress, Year
from bot.outgoing import sender_of
from handlers.schedules import CLOCK_LEAPT
from surveys.calendar import Kind, Standing
from surveys.ledger import read_entry
from surveys.records import KeyDestroyed, ReleasePublished
from surveys.schedules import Once, Schedule
from surveys.schedules.purposes import Purpose
from surveys.schedules.standard import standing_orders
from surveys.waves import FLAGGED, LOCAL
from tests.conftest import Clock
from tests.patience import PATIENCE
from tests.web.desk_town import LONG_DUC, Furnished

A_DAY = timedelta(days=1)
RESIDENTS = 60
FORUM: dict[str, Any] = {
    "form": "dien_dan",
    "slug": "dien-dan",
    "title": "Sau diễn đàn",
    "audience": "forum",
    "days": 5,
    "invite": "all",
    "remind_after_days": [3],
}


@dataclass
class Playing:
    house: House
    year: Year
    real: Clock
    stop: asyncio.Event

    @property
    def clock(self) -> DemoClock:
        return self.year.clock

    async def goes(self, until: datetime) -> Progress:
        assert self.year.ask(Asked(until))
        await self.arrives()
        assert self.year.progress is not None
        return self.year.progress

    async def arrives(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.year.is_running:  # noqa: ASYNC110 – the demo's page asks as well, and is told by nobody
                await asyncio.sleep(0.02)

    async def plans(self, on: date, **subject: Any) -> None:
        await self.house.schedules.add(
            Schedule(Once(on), time(8), self.clock().astimezone(LOCAL).date()),
            purpose=Purpose.OPEN_WAVE,
            title="Diễn đàn",
            unit=LONG_DUC,
            owner="Phạm Thị Dung",
            subject={**FORUM, **subject},
            id="forum",
        )


@asynccontextmanager
async def a_year(furnished: Furnished, directory: Path, real: Clock) -> AsyncIterator[Playing]:
    clock = DemoClock(real, lambda: 0.0)
    year = Year(clock, RESIDENTS)
    stop = asyncio.Event()
    async with (
        opened(furnished.copied(directory / "desk"), now=clock, passed=clock.passed) as house,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(year.run(house, _ticks(house), stop))
        tasks.create_task(sender_of(house, lambda: {year.dice.account: year.dice}).run(stop))
        try:
            yield Playing(house, year, real, stop)
        finally:
            stop.set()


@pytest.fixture
async def playing(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[Playing]:
    async with a_year(furnished_desk, tmp_path, clock) as playing:
        yield playing


# ── The clock ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_goes_forward_only_and_both_of_its_times_together(clock: Clock) -> None:
    made = DemoClock(clock, lambda: 100.0)
    begun = clock()

    made.move_to(begun + A_DAY)
    made.move_to(begun)

    assert made() == begun + A_DAY
    assert made.passed() == 100.0 + A_DAY.total_seconds()
    clock.advance(minutes=5)
    assert made() == begun + A_DAY + timedelta(minutes=5), "and goes on from there"


async def test_days_that_were_made_to_pass_are_no_leap_and_a_leap_still_is_one(playing: Playing) -> None:
    await playing.house.tick_schedules()
    playing.clock.move_to(playing.clock() + 40 * A_DAY)
    await playing.house.tick_schedules()
    assert await playing.house.schedules.holds() == []

    playing.real.advance(hours=3)  # and no time has passed by the other one
    await playing.house.tick_schedules()

    assert [hold.cause for hold in await playing.house.schedules.holds()] == [CLOCK_LEAPT]


# ── Days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_surveys_whole_life_passes_in_its_order(playing: Playing) -> None:
    house, today = playing.house, playing.clock().astimezone(LOCAL).date()
    await find_listeners(house, playing.clock(), {LONG_DUC: 25})
    await playing.plans(today + A_DAY)

    # Dice answer in bursts; where that looks like stuffing, the release waits three days for two persons.
    progress = await playing.goes(playing.clock() + 15 * A_DAY + FLAGGED)

    happened = [each for each in reversed(progress.happened) if each.kind is not Kind.OFFICERS]
    assert [each.kind for each in happened] == [
        *(Kind.OPEN, Kind.PUSH, Kind.REMIND),
        *(Kind.CLOSE, Kind.SEAL, Kind.DESTROY_KEY, Kind.RELEASE),
    ]
    assert {each.standing for each in happened if each.kind not in (Kind.PUSH, Kind.REMIND)} == {
        Standing.DONE
    }
    assert [each.at for each in happened] == sorted(each.at for each in happened)
    assert progress.answered > RESIDENTS / 25 * 3
    assert playing.clock() >= progress.until
    assert await house.schedules.holds() == []
    async with house.db.reading() as tx:
        wave = await tx.waves.by_slug("dien-dan")
        ledger = [read_entry(line).record for line in await tx.ledger.after(0)]
    assert wave is not None
    assert wave.state == "released"
    assert wave.closed_at == wave.closes_at, "on the minute, though nobody was there for days"
    assert [type(each) for each in ledger][-2:] == [KeyDestroyed, ReleasePublished]
    assert await house.waves.results(wave="dien-dan")


async def test_who_was_invited_answers_on_their_own_telephone(playing: Playing) -> None:
    house, today = playing.house, playing.clock().astimezone(LOCAL).date()
    await find_listeners(house, playing.clock(), {LONG_DUC: 25})
    await playing.plans(today + A_DAY, remind_after_days=[])

    await playing.goes(datetime.combine(today + A_DAY, time(8, 30), LOCAL))
    asked = set(playing.year.dice.asked)
    await playing.goes(playing.clock() + 2 * A_DAY)

    assert len(asked) > 10
    assert all(id.startswith(LONG_DUC) for id in asked)
    assert set(playing.year.dice.asked) < asked, "some of them have taken it up"


async def test_nothing_is_skipped_for_being_late_however_fast_days_pass(playing: Playing) -> None:
    await take_standing_orders(playing.house, playing.clock())
    await made_chores(playing.house)

    progress = await playing.goes(datetime(2026, 12, 2, tzinfo=LOCAL))

    assert [each.kind for each in progress.happened] == [Kind.OPEN], "December's visits"
    async with playing.house.db.reading() as tx:
        noted = await tx.dues.between(playing.real(), playing.clock())
    assert len(noted) > 10
    assert {due.state for due in noted} == {"done"}


async def test_a_journey_that_is_under_way_is_not_given_another_goal(playing: Playing) -> None:
    assert playing.year.ask(Asked(playing.clock() + A_DAY))

    assert not playing.year.ask(Asked(playing.clock() + 9 * A_DAY))
    await playing.arrives()
    assert playing.clock() == playing.real() + A_DAY
    assert not playing.year.ask(Asked(playing.clock())), "nor one that lies behind"


async def test_a_step_that_fails_ends_the_journey_and_not_the_demo(playing: Playing, monkeypatch) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("the disk is full")

    # What breaks in a step is any of its parts; the first one stands for them.
    monkeypatch.setattr(playing.house.waves, "advance", breaks)
    await playing.goes(playing.clock() + A_DAY)
    assert playing.clock() < playing.real() + A_DAY
    monkeypatch.undo()

    await playing.goes(playing.real() + A_DAY)

    assert playing.clock() == playing.real() + A_DAY


async def test_every_order_we_propose_is_taken_and_known_to_the_house(playing: Playing) -> None:
    await take_standing_orders(playing.house, playing.clock())

    taken = {each.row.id: each.row for each in await playing.house.schedules.all()}

    proposed = standing_orders(playing.clock().astimezone(LOCAL).date())
    assert {order.id for order in proposed} <= taken.keys()
    assert all(taken[order.id].state == "active" for order in proposed)
