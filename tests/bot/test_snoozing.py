"""Who said “this evening” is asked again, also where something is away for a while."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.contract import Misconfigured
from bot.snoozing import Snoozing
from storage.database import Unavailable
from storage.snoozes import Snoozes, Wish
from storage.vault import Vault
from surveys.conversation import Address, Say
from surveys.evenings import next_evening
from tests.conftest import Clock
from tests.journeys.invitations import LetterBox

WAVE = 7


class Asking:
    """Knows one wave, and what to ask."""

    def __init__(self) -> None:
        self.open = {WAVE}
        self.is_away = False

    async def open_waves(self) -> frozenset[int]:
        return frozenset(self.open)

    async def say(self, wish: Wish) -> Say | None:
        if self.is_away:
            raise Unavailable("away")
        return Say("1/13")


@pytest.fixture
def snoozes(tmp_path: Path, vault: Vault) -> Snoozes:
    return Snoozes(tmp_path / "snoozes", vault)


@pytest.fixture
def box() -> LetterBox:
    return LetterBox("telegram")


@pytest.fixture
async def waiting(snoozes: Snoozes, clock: Clock) -> list[Address]:
    people = [Address("telegram", str(number)) for number in range(50)]
    for each in people:
        await snoozes.later(each, WAVE, next_evening(clock()))
    clock.moment = next_evening(clock())
    return people


async def test_everybody_once(snoozes: Snoozes, box: LetterBox, clock: Clock, waiting: list[Address]) -> None:
    two = [Snoozing(snoozes, Asking(), lambda: {"telegram": box}, clock) for _ in range(2)]

    sent = [await each.step() for each in two]

    assert sent == [len(waiting), 0]
    assert {id: len(letters) for id, letters in box.letters.items()} == {each.id: 1 for each in waiting}


async def test_while_the_database_is_away_they_wait(
    snoozes: Snoozes, box: LetterBox, clock: Clock, waiting: list[Address]
) -> None:
    asking = Asking()
    snoozing = Snoozing(snoozes, asking, lambda: {"telegram": box}, clock)
    asking.is_away = True
    with pytest.raises(Unavailable):
        await snoozing.step()
    assert box.letters == {}
    asking.is_away = False

    assert await snoozing.step() == len(waiting)


async def test_an_account_that_cannot_send_is_tried_again_in_a_while(
    snoozes: Snoozes, box: LetterBox, clock: Clock, waiting: list[Address]
) -> None:
    accounts: dict[str, LetterBox] = {}
    snoozing = Snoozing(snoozes, Asking(), lambda: accounts, clock)

    assert await snoozing.step() == 0
    accounts["telegram"] = box
    box.outcome = Misconfigured("a revoked token")
    clock.advance(minutes=10)
    assert await snoozing.step() == 0
    box.outcome = None
    assert await snoozing.step() == 0
    clock.advance(minutes=10)

    assert await snoozing.step() == len(waiting)


async def test_what_is_about_a_wave_that_is_over_is_swept_away(
    snoozes: Snoozes, box: LetterBox, clock: Clock, waiting: list[Address], tmp_path: Path
) -> None:
    asking = Asking()
    asking.open = set()

    assert await Snoozing(snoozes, asking, lambda: {"telegram": box}, clock).step() == 0

    assert box.letters == {}
    assert [path for path in (tmp_path / "snoozes").rglob("*") if path.is_file()] == []


async def test_two_hours_late_is_another_evening(
    snoozes: Snoozes, box: LetterBox, clock: Clock, vault: Vault
) -> None:
    ann = Address("telegram", "42")
    evening = next_evening(clock())
    await snoozes.later(ann, WAVE, evening)
    clock.moment = evening + timedelta(days=2, hours=-6)  # one in the afternoon, long after

    assert await Snoozing(snoozes, Asking(), lambda: {"telegram": box}, clock).step() == 0

    known = snoozes.of(vault.fingerprint(ann), WAVE)
    assert known is not None
    assert (known.waits_until, known.told_at) == (evening + timedelta(days=2), None)
