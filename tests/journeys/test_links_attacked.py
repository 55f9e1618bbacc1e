"""One person at several addresses says stop at one of them, and means it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.vault import Vault
from surveys.entry import Stream
from tests.conftest import Clock
from tests.journeys.invitations import LetterBox, agrees, invited, snoozing
from tests.journeys.test_links import code_of, linked
from tests.journeys.test_notices import contact, wanted
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import LONG_DUC, Resident, Town, a_town


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


YEARLY = "nam-2026"


async def evening(town: Town, *people: Resident) -> dict[str, int]:
    """How many letters each of them has by half past seven."""
    town.clock.advance(hours=11)
    boxes = {each.account: LetterBox(each.account) for each in people}
    await snoozing(town, boxes).step()
    return {each.name: len(boxes[each.account].letters.get(each.name, ())) for each in people}


@pytest.mark.parametrize("how", ["nothing", "/dung", "forget"])
async def test_stop_at_one_address_ends_what_was_put_off_at_another(town: Town, how: str) -> None:
    """They were promised that nothing more would come, and the evening's question came all the same."""
    first, second = await linked(town)
    wave = await town.opens_yearly()
    await second.starts(town.link(LONG_DUC, Stream.INVITED, YEARLY))
    await second.says("đồng ý")
    assert "19:00" in await second.says("SAU")

    if how == "forget":
        await town.residents.forget(first.address)
    elif how == "/dung":
        await first.says(how)

    is_kept = town.snoozes.of(town.vault.fingerprint(second.address), wave) is not None
    assert is_kept is (how == "nothing")
    assert await evening(town, first, second) == {first.name: 0, second.name: int(how == "nothing")}


async def test_no_more_of_a_survey_at_one_address_is_no_more_at_any(town: Town, tmp_path: Path) -> None:
    first, second = await linked(town)
    third = Resident(town, "77", account="telegram")
    await third.says(await code_of(first))
    await agrees(second)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, second)
    await first.starts(town.link(LONG_DUC, Stream.INVITED, YEARLY))
    assert "19:00" in await first.taps("Để tối nay")

    assert "không nhắc về phiếu này nữa" in await second.taps("Không tham gia")

    assert await evening(town, first, second) == {first.name: 0, second.name: 0}
    for each in (first, second, third):
        known = town.snoozes.of(town.vault.fingerprint(each.address), wave)
        assert known is not None
        assert known.is_quiet
