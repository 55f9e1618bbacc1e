"""“This evening”: kept beside the keys, taken once, and never in the database."""

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.snoozes import Snoozes, Wish
from storage.vault import Vault
from surveys.conversation import Address

EVENING = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN, BINH = Address("telegram", "42"), Address("zalo:1", "43")


@pytest.fixture
def snoozes(tmp_path: Path, vault: Vault) -> Snoozes:
    return Snoozes(tmp_path / "snoozes", vault)


async def test_what_is_due_is_taken_once(snoozes: Snoozes) -> None:
    await snoozes.later(ANN, 7, EVENING)
    await snoozes.later(BINH, 7, EVENING + timedelta(days=1))

    assert await snoozes.take(EVENING - timedelta(seconds=1), 9) == []
    assert await snoozes.take(EVENING, 9) == [Wish(ANN, 7, EVENING)]
    assert await snoozes.take(EVENING, 9) == []


async def test_of_many_who_take_at_once_one_gets_it(tmp_path: Path, vault: Vault, snoozes: Snoozes) -> None:
    for wave in range(40):
        await snoozes.later(ANN, wave, EVENING)
    others = [Snoozes(tmp_path / "snoozes", vault) for _ in range(8)]

    taken = await asyncio.gather(*(each.take(EVENING, 40) for each in others))

    assert sorted(wish.wave for some in taken for wish in some) == list(range(40))


async def test_whoever_waits_already_goes_on_waiting_for_the_first_evening(snoozes: Snoozes) -> None:
    await snoozes.later(ANN, 7, EVENING)

    await snoozes.later(ANN, 7, EVENING + timedelta(days=1))

    assert len(await snoozes.take(EVENING + timedelta(days=2), 9)) == 1


async def test_what_is_known_of_a_wish(vault: Vault, snoozes: Snoozes) -> None:
    ann = vault.fingerprint(ANN)
    assert snoozes.of(ann, 7) is None

    await snoozes.later(ANN, 7, EVENING)
    waiting = snoozes.of(ann, 7)
    [wish] = await snoozes.take(EVENING, 9)
    await snoozes.told(wish, EVENING)
    told = snoozes.of(ann, 7)

    assert waiting is not None
    assert (waiting.waits_until, waiting.told_at) == (EVENING, None)
    assert told is not None
    assert (told.waits_until, told.told_at, told.is_quiet) == (None, EVENING, False)
    assert snoozes.of(ann, 8) is None


async def test_what_certainly_did_not_leave_waits_again_and_was_not_told(
    vault: Vault, snoozes: Snoozes
) -> None:
    await snoozes.later(ANN, 7, EVENING)
    [wish] = await snoozes.take(EVENING, 9)
    await snoozes.told(wish, EVENING)

    await snoozes.give_back(wish, EVENING + timedelta(minutes=10))

    found = snoozes.of(vault.fingerprint(ANN), 7)
    assert found is not None
    assert (found.waits_until, found.told_at) == (EVENING + timedelta(minutes=10), None)


async def test_whoever_wants_to_hear_no_more_waits_for_nothing(vault: Vault, snoozes: Snoozes) -> None:
    await snoozes.later(ANN, 7, EVENING)
    await snoozes.later(ANN, 8, EVENING)

    await snoozes.quiet({vault.fingerprint(ANN)}, 7)

    assert [wish.wave for wish in await snoozes.take(EVENING, 9)] == [8]
    found = snoozes.of(vault.fingerprint(ANN), 7)
    assert found is not None
    assert found.is_quiet


async def test_forgetting_a_person_and_a_wave(tmp_path: Path, vault: Vault, snoozes: Snoozes) -> None:
    for who in (ANN, BINH):
        await snoozes.later(who, 7, EVENING)
        await snoozes.later(who, 8, EVENING + timedelta(days=1))
    await snoozes.quiet({vault.fingerprint(ANN)}, 9)

    await snoozes.forget({vault.fingerprint(ANN)})
    await snoozes.purge({8})

    assert await snoozes.take(EVENING + timedelta(days=3), 9) == [Wish(BINH, 8, EVENING + timedelta(days=1))]
    assert [path for path in (tmp_path / "snoozes").rglob("*") if path.is_file()] == []


async def test_no_file_says_who_or_what(tmp_path: Path, vault: Vault, snoozes: Snoozes) -> None:
    await snoozes.later(BINH, 7, EVENING)
    await snoozes.quiet({vault.fingerprint(ANN)}, 7)

    content = b"".join(path.read_bytes() for path in (tmp_path / "snoozes").rglob("*") if path.is_file())

    assert not any(word in content for word in (b"42", b"43", b"zalo", b"telegram"))


async def test_what_a_crash_left_in_hand_is_never_sent(
    tmp_path: Path, vault: Vault, snoozes: Snoozes
) -> None:
    await snoozes.later(ANN, 7, EVENING)
    [waiting] = [path for path in (tmp_path / "snoozes" / "waiting").rglob("*") if path.is_file()]
    in_hand = waiting.rename(waiting.with_name(".in-hand"))
    again = Snoozes(tmp_path / "snoozes", vault)

    assert await again.take(EVENING, 9) == []
    await again.purge({7})
    assert in_hand.exists(), "for all the sweep knows, somebody is reading it"
    os.utime(in_hand, (0, 0))
    await again.purge({7})

    assert [path for path in (tmp_path / "snoozes").rglob("*") if path.is_file()] == []


async def test_a_wish_that_is_being_written_survives_the_sweep_of_another_process(
    tmp_path: Path, vault: Vault, snoozes: Snoozes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, is_written, go_on = os.fsync, threading.Event(), threading.Event()

    def slowly(file: int) -> None:
        is_written.set()
        assert go_on.wait(60)
        real(file)

    # There is no other way into the middle of a write.
    monkeypatch.setattr(os, "fsync", slowly)
    writing = asyncio.ensure_future(snoozes.later(ANN, 7, EVENING))
    await asyncio.to_thread(is_written.wait, 60)

    await Snoozes(tmp_path / "snoozes", vault).purge({7})
    go_on.set()
    await writing

    assert await snoozes.take(EVENING, 9) == [Wish(ANN, 7, EVENING)]


async def test_a_wish_that_is_in_hand_survives_the_sweep_of_another_process(
    tmp_path: Path, vault: Vault, snoozes: Snoozes
) -> None:
    await snoozes.later(ANN, 7, EVENING)
    [waiting] = [path for path in (tmp_path / "snoozes" / "waiting").rglob("*") if path.is_file()]
    os.utime(waiting, (0, 0))  # they put it off long ago
    hand = Hand(tmp_path / "snoozes", vault)
    taking = asyncio.ensure_future(hand.take(EVENING, 9))
    await asyncio.to_thread(hand.has_it.wait, 60)

    await snoozes.purge({7})
    hand.go_on.set()

    assert await taking == [Wish(ANN, 7, EVENING)]


class Hand(Snoozes):
    """Has what it took in hand until it is told to go on."""

    def __init__(self, directory: Path, vault: Vault) -> None:
        super().__init__(directory, vault)
        self.has_it, self.go_on = threading.Event(), threading.Event()

    def _open(self, fingerprint: bytes, path: Path) -> object:
        self.has_it.set()
        assert self.go_on.wait(60)
        return super()._open(fingerprint, path)


class Slow(Snoozes):
    """Has listed the evenings, and looks into them a while later."""

    evenings: tuple[tuple[datetime, Path], ...] | None = None

    def _moments(self) -> Iterator[tuple[datetime, Path]]:
        return iter(self.evenings) if self.evenings is not None else super()._moments()


async def test_an_evening_that_another_process_sweeps_away_meanwhile_is_nobodys_trouble(
    tmp_path: Path, vault: Vault, snoozes: Snoozes
) -> None:
    await snoozes.later(ANN, 7, EVENING)
    slow = Slow(tmp_path / "snoozes", vault)
    slow.evenings = tuple(slow._moments())
    await snoozes.take(EVENING, 9)
    await snoozes.purge({7})
    assert not any(path.exists() for _, path in slow.evenings)

    await slow.forget({vault.fingerprint(ANN)})
    await slow.purge({7})

    assert await slow.take(EVENING, 9) == []
