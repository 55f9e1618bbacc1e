"""A minute's calls, against a clock that passes when everybody waits: never one too many, and whoever waits for an answer first."""

import asyncio
import heapq
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.throttle import IN_LINE, NoRoom, Priority, Throttle

REPLY, BULK = Priority.REPLY, Priority.BULK


@dataclass
class Clock:
    """Seconds that pass once nobody can do anything but wait."""

    now: float = 1000.0
    sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        due = asyncio.get_running_loop().create_future()
        heapq.heappush(self.sleepers, (self.now + seconds, next(self.numbers), due))
        await due

    async def run(self, *deeds: Coroutine[Any, Any, Any]) -> None:
        tasks = [asyncio.ensure_future(deed) for deed in deeds]
        while not all(task.done() for task in tasks):
            for _ in range(20):  # whoever was woken goes as far as they can
                await asyncio.sleep(0)
            if self.sleepers:
                self.now, _, due = heapq.heappop(self.sleepers)
                due.done() or due.set_result(None)
        for task in tasks:
            task.result()


@dataclass
class Platform:
    """Notes when each call arrived: somewhere between its leaving and its answer."""

    clock: Clock
    throttle: Throttle
    arrived: list[tuple[float, str]] = field(default_factory=list)
    refused: list[tuple[str, timedelta]] = field(default_factory=list)

    async def call(self, name: str, priority: Priority, there: float = 0.1, back: float = 0.1) -> None:
        try:
            async with self.throttle.turn(priority):
                await self.clock.pause(there)
                self.arrived.append((self.clock(), name))
                await self.clock.pause(back)
        except NoRoom as crowd:
            self.refused.append((name, crowd.delay))

    async def later(self, seconds: float, name: str, priority: Priority) -> None:
        await self.clock.pause(seconds)
        await self.call(name, priority)

    @property
    def busiest(self) -> int:
        """The most calls that arrived in any minute."""
        moments = sorted(moment for moment, _ in self.arrived)
        return max(sum(begin <= each < begin + 60 for each in moments) for begin in moments)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def throttled(clock: Clock, a_minute: int, **more: Any) -> Platform:
    return Platform(clock, Throttle(a_minute, clock=clock, pause=clock.pause, **more))


def test_no_calls_at_all_is_no_limit():
    with pytest.raises(ValueError, match="at least one"):
        Throttle(0)


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 12),
    calls=st.lists(
        st.tuples(st.floats(0, 150), st.sampled_from(Priority), st.floats(0.01, 20), st.floats(0.01, 20)),
        min_size=1,
        max_size=60,
    ),
)
def test_no_minute_ever_sees_one_too_many(limit, calls):
    """However long each takes to arrive, and however long its answer takes."""
    clock = Clock()
    platform = throttled(clock, limit)

    async def come(number: int, at: float, priority: Priority, there: float, back: float) -> None:
        await clock.pause(at)
        await platform.call(str(number), priority, there, back)

    asyncio.run(clock.run(*(come(number, *call) for number, call in enumerate(calls))))

    assert len(platform.arrived) + len(platform.refused) == len(calls), "each was made, or given back"
    assert platform.busiest <= limit if platform.arrived else platform.refused
    assert [platform.throttle.waiting(each) for each in Priority] == [0, 0]


async def test_a_whole_minute_is_used_and_the_next_begins_when_a_place_is_free(clock):
    platform = throttled(clock, 4)

    await clock.run(*(platform.call(str(number), REPLY) for number in range(6)))

    moments = [round(moment - 1000, 1) for moment, _ in platform.arrived]
    assert moments[:4] == [0.1] * 4
    assert [60 < each < 61 for each in moments[4:]] == [True, True]


async def test_replies_overtake_whatever_stands_in_line_in_bulk(clock):
    platform = throttled(clock, 4)
    filling = [platform.call(f"first {number}", REPLY) for number in range(4)]
    bulk = [platform.later(45 + number / 100, f"notice {number}", BULK) for number in range(2)]
    replies = [platform.later(50 + number / 100, f"reply {number}", REPLY) for number in range(3)]

    await clock.run(*filling, *bulk, *replies)

    assert [name for _, name in platform.arrived[4:7]] == ["reply 0", "reply 1", "reply 2"]


async def test_bulk_leaves_room_for_whoever_writes_meanwhile(clock):
    platform = throttled(clock, 8)

    await clock.run(
        *(platform.call(f"notice {number}", BULK) for number in range(8)),
        *(platform.later(1 + number, f"reply {number}", REPLY) for number in range(2)),
    )

    assert [name for _, name in platform.arrived] == [
        *(f"notice {number}" for number in range(6)),
        "reply 0",
        "reply 1",
    ]
    assert platform.arrived[-1][0] < 1003, "they did not wait"


async def test_bulk_that_would_wait_too_long_is_given_back_at_once(clock):
    platform = throttled(clock, 4)

    await clock.run(*(platform.call(str(number), BULK) for number in range(4)))

    [(name, delay)] = platform.refused
    assert name == "3"
    assert delay > IN_LINE[BULK]
    assert clock.now < 1001, "it did not stand in line before"


async def test_whoever_is_told_to_rest_rests_and_then_goes_on(clock):
    platform = throttled(clock, 10)
    platform.throttle.rest(timedelta(minutes=1))

    await clock.run(platform.call("reply", REPLY), platform.call("notice", BULK))

    [(arrived, name)] = platform.arrived
    assert (name, round(arrived - 1000)) == ("reply", 60)
    assert [name for name, _ in platform.refused] == ["notice"]


async def test_accounts_share_the_limit_of_their_app(clock):
    app = Throttle(5, clock=clock, pause=clock.pause)
    one, other = (throttled(clock, 4, within=app) for _ in range(2))

    await clock.run(*(each.call(str(number), REPLY) for number in range(4) for each in (one, other)))

    both = Platform(clock, app, [*one.arrived, *other.arrived])
    assert len(both.arrived) == 8
    assert both.busiest <= 5


async def test_a_call_that_fails_and_one_that_gives_up_free_their_places(clock):
    throttle = Throttle(1, clock=clock, pause=clock.pause)

    async def fails() -> None:
        with pytest.raises(OSError, match="broken"):
            async with throttle.turn(REPLY):
                raise OSError("broken")

    await clock.run(fails())
    waiting = asyncio.ensure_future(_entered(throttle))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert throttle.waiting(REPLY) == 0
    clock.now += 61
    await asyncio.wait_for(_entered(throttle), 5)


async def _entered(throttle: Throttle) -> None:
    async with throttle.turn(REPLY):
        pass


def test_the_clock_of_these_tests_is_what_they_count_by():
    """Two calls a minute apart are not one minute's."""
    platform = Platform(Clock(), Throttle(1), [(0.0, "a"), (60.0, "b")])

    assert platform.busiest == 1
