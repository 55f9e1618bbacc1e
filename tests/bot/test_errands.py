"""What goes out after the acknowledgement: in order, at a pace, and never more than there is room for."""

import asyncio

import pytest

from bot.channels import errands as errands_module
from bot.channels.errands import Allowance, Errands, Pace


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


async def test_each_chat_s_errands_run_in_order_and_one_that_fails_holds_up_nothing():
    done: list[str] = []

    async def errand(name):
        await asyncio.sleep(0)
        if name == "a2":
            raise ZeroDivisionError
        done.append(name)

    async with Errands() as errands:
        errands.add(1, [lambda: errand("a1"), lambda: errand("a2")])
        errands.add(2, [lambda: errand("b1")])
        errands.add(1, [lambda: errand("a3")])
        errands.add(3, [])
        assert errands.is_busy(1)
        assert len(errands) == 2

    assert [name for name in done if name[0] == "a"] == ["a1", "a3"]
    assert "b1" in done
    assert len(errands) == 0


def test_an_allowance_is_so_many_a_second(clock):
    allowance = Allowance(3, clock)
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]
    clock.now += 1
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]


def test_a_chat_has_its_burst_and_then_one_a_second(clock):
    pace = Pace(3, clock)
    assert [pace.take(1, 1) for _ in range(4)] == [True, True, True, False]
    assert pace.take(2, 3)
    clock.now += 1
    assert [pace.take(1, 1) for _ in range(2)] == [True, False]
    clock.now += 60
    assert [pace.take(1, 1) for _ in range(4)] == [True, True, True, False]


def test_chats_that_rested_are_forgotten_and_the_memory_has_an_end(clock, monkeypatch):
    monkeypatch.setattr(errands_module, "CHATS", 10)
    pace = Pace(3, clock)
    for chat in range(10):
        pace.take(chat, 1)
    clock.now += 60
    pace.take(99, 1)
    assert list(pace._left) == [99]
    for chat in range(100):
        pace.take(chat, 3)
    assert len(pace._left) <= 10
