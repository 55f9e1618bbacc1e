"""A true sliding second: whatever the network does to what is under way, the platform never sees more in any second."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.pacing import Place, Sliding, Window
from bot.channels.throttle import Priority

LIMIT = 5


@given(
    waits=st.lists(st.floats(0, 0.7), min_size=20, max_size=60),
    latencies=st.lists(st.floats(0, 2), min_size=60, max_size=60),
    arrivals=st.lists(st.floats(0, 1), min_size=60, max_size=60),
)
@settings(deadline=None)
def test_no_second_at_the_platform_sees_more(
    waits: list[float], latencies: list[float], arrivals: list[float]
):
    """`arrivals`: where between its leaving and its answer each message arrives."""
    sliding, now = Sliding(LIMIT), 0.0
    under_way: list[float] = []
    arrived: list[float] = []
    for wait, latency, share in zip(waits, latencies, arrivals, strict=False):
        now += wait
        for ends in sorted(each for each in under_way if each <= now):
            sliding.leave(ends)
            under_way.remove(ends)
        if sliding.enter(now):
            under_way.append(now + latency)
            arrived.append(now + share * latency)

    arrived.sort()
    for place, moment in enumerate(arrived):
        assert len([each for each in arrived[place:] if each - moment < 1.0]) <= LIMIT


class Seconds:
    """A clock that moves only when told to; timers are looked at by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def take_all(window: Window, seconds: Seconds, wanted: list[Priority]) -> list[tuple[Priority, float]]:
    """In what order, and when, places are given while each message takes no time at all."""
    given: list[tuple[Priority, float]] = []

    async def one(priority: Priority) -> None:
        place = await window.place(priority)
        given.append((priority, seconds.now))
        place.leave()

    tasks = [asyncio.ensure_future(one(priority)) for priority in wanted]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        seconds.now += 0.01
        window._advance()
        await asyncio.sleep(0)
    return given


async def test_bulk_is_spread_over_the_second():
    seconds = Seconds()

    given = await take_all(Window(10, seconds), seconds, [Priority.BULK] * 30)

    moments = [moment for _, moment in given]
    assert all(len([each for each in moments if start <= each < start + 1]) <= 10 for start in moments)
    assert max(b - a for a, b in pairwise(moments)) < 0.3, "bulk came in bursts"


async def test_a_reply_goes_before_all_bulk():
    seconds = Seconds()

    given = await take_all(Window(10, seconds), seconds, [Priority.BULK] * 20 + [Priority.REPLY] * 3)

    first = [priority for priority, _ in given[:4]]
    assert first.count(Priority.REPLY) == 3


async def test_who_stops_waiting_costs_nobody_a_place():
    seconds = Seconds()
    window = Window(1, seconds)
    held = await window.place(Priority.BULK)
    waiting = asyncio.ensure_future(window.place(Priority.REPLY))
    await asyncio.sleep(0)
    waiting.cancel()
    held.give_back()
    seconds.now += 2

    assert isinstance(window.at_once(Priority.REPLY), Place)
    assert window.waiting == 0


async def test_a_place_that_was_not_used_is_free_again():
    window = Window(1, Seconds())

    first = window.at_once(Priority.REPLY)
    assert first is not None
    assert window.at_once(Priority.REPLY) is None
    first.give_back()
    first.give_back()  # once is enough

    assert window.at_once(Priority.REPLY) is not None


async def test_another_process_may_have_used_the_second():
    seconds = Seconds()
    window = Window(3, seconds)

    window.fill()

    assert window.at_once(Priority.REPLY) is None
    seconds.now += 1.1
    assert window.at_once(Priority.REPLY) is not None
