"""One person at several addresses says stop at one of them, and means it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.vault import Vault
from tests.conftest import Clock
from tests.journeys.test_links import code_of, linked
from tests.journeys.test_notices import contact, wanted
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import Resident, Town, a_town


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


async def subscribes(resident: Resident) -> None:
    await in_ward(resident.town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")


async def is_reached(town: Town, resident: Resident) -> bool:
    return bool(await wanted(town, resident)) or await contact(town, resident) is not None


@pytest.mark.parametrize("is_written", [False, True])
async def test_stop_at_one_address_is_stop_at_all(town: Town, is_written: bool) -> None:
    """They agreed at the second address; the first one did not know of it, and what they were sent went on."""
    first, second = await linked(town)
    third = Resident(town, "77", account="telegram")
    await third.says(await code_of(first))
    await subscribes(second)
    if is_written:
        await town.arrivals.flush(town.database)
        await town.residents._links.flush(town.database, town.clock())  # type: ignore[union-attr]

    await (first if is_written else third).says("/dung")

    assert town.arrivals.has_left(town.vault.fingerprint(second.address))
    for each in (first, second, third):
        assert not await is_reached(town, each)


async def test_who_agrees_at_another_address_is_not_written_to_twice(town: Town) -> None:
    first, second = await linked(town)
    await subscribes(second)
    assert await wanted(town, second)

    await in_ward(town, first)
    assert "Long Đức" in await first.says("nhận thông báo")
    await first.says("/dung")
    await subscribes(first)

    assert await wanted(town, first)
    assert await contact(town, second) is None
    await subscribes(second)  # shown what they get already, and asked anew
    await second.says("1")
    assert [await is_reached(town, each) for each in (first, second)] == [False, True]


async def test_who_has_everything_deleted_is_written_to_nowhere(town: Town) -> None:
    first, second = await linked(town)
    await subscribes(second)
    await town.arrivals.flush(town.database)

    await town.residents.forget(first.address)

    assert not await is_reached(town, second)
