"""Two hundred random schedules, eight who tick with clocks ten minutes apart, killed at random, and stopped for hours in the middle of a deed:
what was due is what an independent oracle says, each once, and nobody began what they had not taken."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from handlers.schedules import LEASE, Occasion, Schedules
from storage.database import Database
from surveys.schedules import Rule, Schedule
from surveys.waves import LOCAL
from tests.storage.conftest import a_unit
from tests.surveys.schedules.oracle import RULES, by_the_oracle

WARD = "29242"
BEGIN = datetime(2027, 12, 20, tzinfo=UTC)  # over a New Year, into a leap year's February
END = BEGIN + timedelta(days=80)
SKEW = 600  # seconds
TICKERS = 8
SCHEDULES = 200


class Shared:
    """What the deeds did to the world, by key: begun as often as it may be, done once."""

    def __init__(self, chance: random.Random) -> None:
        self.begun: Counter[str] = Counter()
        self.done: set[str] = set()
        self.asleep: set[asyncio.Task[object] | None] = set()
        self.slept = 0
        self.fell_asleep, self.wakes = asyncio.Event(), asyncio.Event()
        self._chance = chance

    async def deed(self, occasion: Occasion) -> str:
        self.begun[occasion.key] += 1
        await asyncio.sleep(0)
        if self._chance.random() < 0.06:
            await self._sleep()
        if self._chance.random() < 0.02:
            raise RuntimeError("hỏng")
        self.done.add(occasion.key)
        return "xong"

    async def _sleep(self) -> None:
        """Its process is stopped here; by the time it goes on, somebody else has long done it."""
        task = asyncio.current_task()
        self.asleep.add(task)
        self.slept += 1
        self.fell_asleep.set()
        try:
            await self.wakes.wait()
        finally:
            self.asleep.discard(task)

    def wake(self) -> None:
        self.wakes.set()
        self.wakes = asyncio.Event()


class World:
    """One true time, by which every ticker's clock is wrong."""

    def __init__(self, database: Database, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = BEGIN
        self.shared = Shared(self.chance)
        self._database = database
        self.tickers = [self._ticker() for _ in range(TICKERS)]
        self._ticking: dict[int, asyncio.Task[int]] = {}

    def _ticker(self) -> Schedules:
        skew = timedelta(seconds=self.chance.uniform(-SKEW, SKEW))
        return Schedules(
            self._database,
            {"deed": self.shared.deed},
            lambda: self.now + skew,
            passed=lambda: self.now.timestamp(),
        )

    async def tick(self) -> None:
        """All who are not stopped tick at once; some are killed wherever they are, and others take their place."""
        self.shared.wake()
        for place, ticker in enumerate(self.tickers):
            if place not in self._ticking and self.chance.random() >= 0.2:
                self._ticking[place] = asyncio.create_task(ticker.tick())
        for place, task in self._ticking.items():
            if self.chance.random() < 0.15:
                for _ in range(self.chance.randrange(40)):
                    await asyncio.sleep(0)
                task.cancel()
                self.tickers[place] = self._ticker()
        await self._until_all_are_still()
        for place, task in list(self._ticking.items()):
            if task.done():
                del self._ticking[place]
                assert task.cancelled() or task.exception() is None, task

    async def ended(self) -> None:
        """Whoever is stopped still goes on, and finds nothing to do."""
        self.shared.wake()
        await asyncio.gather(*self._ticking.values(), return_exceptions=True)

    async def _until_all_are_still(self) -> None:
        while awake := [
            task for task in self._ticking.values() if not task.done() and task not in self.shared.asleep
        ]:
            self.shared.fell_asleep.clear()
            falling = asyncio.create_task(self.shared.fell_asleep.wait())
            await asyncio.wait([*awake, falling], return_when=asyncio.FIRST_COMPLETED)
            falling.cancel()

    def pass_by(self) -> None:
        self.now += timedelta(minutes=self.chance.choice((1, 5, 30, 90, 400, 1500)))


def some_rules(count: int) -> list[Rule]:
    """Of hypothesis's making, the same in every run."""
    found: list[Rule] = []

    @settings(
        max_examples=count * 3,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(RULES)
    def collect(rule: Rule) -> None:
        found.append(rule)

    collect()
    return found[:count]


def a_schedule(rule: Rule, chance: random.Random) -> Schedule:
    return Schedule(
        rule,
        time(chance.randrange(24), chance.randrange(60)),
        date(1996, 1, 1),
        lateness=timedelta(hours=chance.choice((1, 6, 100))),
    )


def expected(schedule: Schedule) -> Iterator[datetime]:
    days = by_the_oracle(schedule.rule, BEGIN.astimezone(LOCAL).date() - timedelta(days=1))
    moments = (datetime.combine(day, schedule.at, LOCAL).astimezone(UTC) for day in days)
    return (due for due in takewhile(lambda due: due <= END, moments) if due > BEGIN)


async def lived_through(database: Database, seed: int, count: int) -> tuple[World, dict[str, Schedule]]:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    world = World(database, seed)
    plain = Schedules(database, {"deed": world.shared.deed}, lambda: BEGIN)
    written = {}
    for number, rule in enumerate(some_rules(count)):
        schedule = a_schedule(rule, world.chance)
        written[f"s{number}"] = schedule
        await plain.add(schedule, purpose="deed", title="Việc", unit=WARD, owner="A", id=f"s{number}")
    while world.now < END + timedelta(minutes=20):
        await world.tick()
        world.pass_by()
    for _ in range(12):  # until every lease has ended and every failure was tried again
        world.now += LEASE + timedelta(seconds=2 * SKEW)
        await world.tick()
    await world.ended()
    return world, written


@pytest.mark.timeout(900)
async def test_every_due_happens_once_and_is_the_oracles(database: Database):
    world, written = await lived_through(database, 20_261_122, SCHEDULES)

    assert len(written) == SCHEDULES
    plain = Schedules(database, {"deed": world.shared.deed}, lambda: world.now)
    kept: Counter[str] = Counter()
    for id, schedule in written.items():
        history = [each for each in await plain.history(id, 500) if each.due <= END]
        assert [each.due for each in reversed(history)] == list(expected(schedule)), schedule
        for each in history:
            key = f"{id}-{each.due:%Y%m%dT%H%M}"
            kept[each.state] += 1
            # Each time it was taken it was begun once at the most: never by two, and never after it was settled.
            assert world.shared.begun[key] <= each.tries, each
            match each.state:
                case "done":
                    assert key in world.shared.done
                case "skipped":
                    assert key not in world.shared.begun, each
                case "failed":
                    assert each.tries > 0, each  # begun, its process killed, and then it was too late
                case _:
                    pytest.fail(f"{key} is {each.state}")
    assert kept["done"] > 200
    assert kept["skipped"] > 20
    assert kept["failed"] < kept["done"] / 10
    assert world.shared.slept > 5
