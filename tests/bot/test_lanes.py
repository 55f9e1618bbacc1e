"""One person's messages are taken in order, many people's at once, and a flood drowns only its sender."""

import asyncio

import pytest

from bot.lanes import Crowded, Lanes
from surveys.conversation import Address
from tests.counting import counted

ANN, BINH = Address("telegram", "1"), Address("telegram", "2")


class Work:
    """Messages that are done when the test says so."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def do(self, sender: Address, name: str) -> None:
        async with self.lanes.of(sender):
            self.begun.append(name)
            await self.gates.setdefault(name, asyncio.Event()).wait()

    def finish(self, name: str) -> None:
        self.gates.setdefault(name, asyncio.Event()).set()


async def settled() -> None:
    """Everything that can go on without us has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_person_is_served_in_order():
    work = Work(Lanes())
    async with asyncio.TaskGroup() as group:
        for name in ("first", "second", "third"):
            group.create_task(work.do(ANN, name))
        await settled()
        assert work.begun == ["first"]

        work.finish("second")  # ready, but not its turn
        await settled()
        assert work.begun == ["first"]

        work.finish("first")
        work.finish("third")

    assert work.begun == ["first", "second", "third"]


async def test_one_person_does_not_wait_for_another():
    work = Work(Lanes())
    async with asyncio.TaskGroup() as group:
        group.create_task(work.do(ANN, "slow"))
        group.create_task(work.do(BINH, "quick"))
        await settled()
        assert work.begun == ["slow", "quick"]
        work.finish("slow")
        work.finish("quick")


async def test_a_failed_message_frees_the_lane():
    lanes = Lanes()

    with pytest.raises(RuntimeError):
        async with lanes.of(ANN):
            raise RuntimeError

    async with lanes.of(ANN):
        pass
    assert len(lanes) == 0


async def test_nothing_is_kept_of_a_person_with_nothing_under_way():
    lanes = Lanes()
    work = Work(lanes)
    async with asyncio.TaskGroup() as group:
        for place in range(20):
            group.create_task(work.do(Address("telegram", str(place % 5)), str(place)))
            work.finish(str(place))

    assert len(lanes) == 0
    assert not lanes.is_busy(ANN)


@pytest.mark.parametrize("cancelled", [0, 1, 2, 3])
async def test_whoever_is_cancelled_the_next_one_still_gets_its_turn(cancelled):
    lanes = Lanes()
    work = Work(lanes)
    tasks = [asyncio.create_task(work.do(ANN, str(place))) for place in range(4)]
    await settled()

    tasks[cancelled].cancel()
    for place in range(4):
        work.finish(str(place))
    await asyncio.gather(*tasks, return_exceptions=True)

    assert [name for name in work.begun if name != str(cancelled)] == [
        str(place) for place in range(4) if place != cancelled
    ]
    assert len(lanes) == 0


async def test_cancelled_in_the_very_moment_its_turn_comes():
    lanes = Lanes()
    work = Work(lanes)
    first, second, third = (asyncio.create_task(work.do(ANN, name)) for name in ("1", "2", "3"))
    await settled()

    work.finish("1")
    await asyncio.sleep(0)  # the first one leaves and names the second, which has not run yet
    second.cancel()
    work.finish("3")
    await asyncio.gather(first, second, third, return_exceptions=True)

    assert work.begun == ["1", "3"]
    assert len(lanes) == 0


async def test_a_flood_is_refused_and_everybody_else_is_served():
    lanes = Lanes(of_one=3)
    work = Work(lanes)
    async with asyncio.TaskGroup() as group:
        for place in range(3):
            group.create_task(work.do(ANN, str(place)))
        await settled()

        with pytest.raises(Crowded):
            await work.do(ANN, "too many")
        group.create_task(work.do(BINH, "another's"))
        await settled()

        assert "another's" in work.begun
        for name in ("0", "1", "2", "another's"):
            work.finish(name)


async def test_a_full_house_is_refused_and_recovers():
    lanes = Lanes(places=2)
    work = Work(lanes)
    async with asyncio.TaskGroup() as group:
        group.create_task(work.do(ANN, "a"))
        group.create_task(work.do(BINH, "b"))
        await settled()
        with pytest.raises(Crowded):
            await work.do(Address("telegram", "3"), "c")
        work.finish("a")
        work.finish("b")

    work.finish("c")
    await work.do(Address("telegram", "3"), "c")
    assert work.begun == ["a", "b", "c"]


async def test_places_are_neither_lost_nor_gained_however_people_leave():
    lanes = Lanes(places=8, of_one=8)
    work = Work(lanes)
    for round in range(50):
        tasks = [asyncio.create_task(work.do(ANN, f"{round}.{place}")) for place in range(8)]
        await settled()
        for place, task in enumerate(tasks):
            if (round >> (place % 5)) & 1:
                task.cancel()
            work.finish(f"{round}.{place}")
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(lanes) == 0

    assert lanes._free == 8


def test_an_empty_lane_costs_next_to_nothing():
    lanes = Lanes()

    async def pass_through() -> None:
        async with lanes.of(ANN):
            pass

    with pytest.raises(StopIteration), counted() as work:  # without a turn of the loop
        pass_through().send(None)

    assert work.calls < 30  # sixteen, and what counting costs
