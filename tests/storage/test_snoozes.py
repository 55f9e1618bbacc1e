"""“This evening”: kept beside the keys, taken once, and never in the database."""

import asyncio
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

    await snoozes.quiet(ANN, 7)

    assert [wish.wave for wish in await snoozes.take(EVENING, 9)] == [8]
    found = snoozes.of(vault.fingerprint(ANN), 7)
    assert found is not None
    assert found.is_quiet


async def test_forgetting_a_person_and_a_wave(tmp_path: Path, snoozes: Snoozes) -> None:
    for who in (ANN, BINH):
        await snoozes.later(who, 7, EVENING)
        await snoozes.later(who, 8, EVENING + timedelta(days=1))
    await snoozes.quiet(ANN, 9)

    await snoozes.forget(ANN)
    await snoozes.purge({8})

    assert await snoozes.take(EVENING + timedelta(days=3), 9) == [Wish(BINH, 8, EVENING + timedelta(days=1))]
    assert [path for path in (tmp_path / "snoozes").rglob("*") if path.is_file()] == []


async def test_no_file_says_who_or_what(tmp_path: Path, snoozes: Snoozes) -> None:
    await snoozes.later(BINH, 7, EVENING)
    await snoozes.quiet(ANN, 7)

    content = b"".join(path.read_bytes() for path in (tmp_path / "snoozes").rglob("*") if path.is_file())

    assert not any(word in content for word in (b"42", b"43", b"zalo", b"telegram"))


async def test_what_a_crash_left_in_hand_is_never_sent(
    tmp_path: Path, vault: Vault, snoozes: Snoozes
) -> None:
    await snoozes.later(ANN, 7, EVENING)
    [waiting] = [path for path in (tmp_path / "snoozes" / "waiting").rglob("*") if path.is_file()]
    waiting.rename(waiting.with_name(".in-hand"))

    again = Snoozes(tmp_path / "snoozes", vault)

    assert await again.take(EVENING, 9) == []
    await again.purge({7})
    assert [path for path in (tmp_path / "snoozes").rglob("*") if path.is_file()] == []
