"""What is typed under a reminder: the question stands there once more, and a number answers it; but only where it really came."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from surveys.entry import Stream
from tests.journeys.invitations import LetterBox, agrees, brought, invited, reminded, snoozing
from tests.journeys.town import Resident, Town

YEARLY = "nam-2026"
ACCOUNTS = ["telegram", "zalo:579745863508352884", "zalobot"]


async def invited_and_then_at_the_menu(town: Town, resident: Resident, directory: Path) -> int:
    """The usual case: on an Official Account whoever can be reminded wrote a short while ago."""
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, directory, resident)
    town.clock.advance(hours=20)
    return wave


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_number_answers_it_though_they_wrote_since_the_invitation(
    town: Town, account: str, tmp_path: Path
) -> None:
    resident = Resident(town, "7", account=account)
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    menu = await resident.says("menu")
    await reminded(town, YEARLY, tmp_path, resident)
    assert resident.heard is not menu
    assert "Rất hài lòng" in resident.heard.buttons

    assert (await resident.says("2")).text.startswith("2/13")

    [session] = await town.sessions(wave)
    assert (session.stream, dict(session.answers)) == (Stream.INVITED, {"kip_thoi": "4"})


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_put_off_under_it_it_comes_in_the_evening_and_a_number_answers_it(
    town: Town, account: str, tmp_path: Path
) -> None:
    resident = Resident(town, "7", account=account)
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    await resident.says("menu")
    await reminded(town, YEARLY, tmp_path, resident)

    assert "Chúng tôi sẽ nhắc một lần lúc 19:00" in await resident.says("sau")
    town.clock.advance(hours=10.5)
    box = LetterBox(account)
    await snoozing(town, {account: box}).step()
    assert brought(resident, box) is not None

    assert (await resident.says("2")).text.startswith("2/13")
    [session] = await town.sessions(wave)
    assert dict(session.answers) == {"kip_thoi": "4"}


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_page_opened_after_it_is_what_numbers_are_for(
    town: Town, account: str, tmp_path: Path
) -> None:
    resident = Resident(town, "7", account=account)
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    await resident.says("menu")
    await reminded(town, YEARLY, tmp_path, resident)
    town.clock.advance(hours=1)
    await resident.says("menu")

    await resident.says("2")

    assert await town.sessions(wave) == []


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("why", ["quiet", "waiting", "asked", "refused"])
async def test_who_wished_otherwise_was_sent_nothing_and_answers_nothing_by_a_number(
    town: Town, account: str, why: str, tmp_path: Path
) -> None:
    """Their row looks as if it had come."""
    resident = Resident(town, "7", account=account)
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    if why == "quiet":
        await town.snoozes.quiet({town.vault.fingerprint(resident.address)}, wave)
    elif why == "waiting":
        await town.snoozes.later(resident.address, wave, in_hours(town, 60))
    elif why == "asked":
        await town.snoozes.later(resident.address, wave, in_hours(town, 10))
        [wish] = await town.snoozes.take(in_hours(town, 11), 1)
        await town.snoozes.told(wish, in_hours(town, 10))
    await resident.says("menu")
    if why == "asked":
        town.clock.advance(hours=11)
        await resident.says("menu")
    if why == "refused":
        await town.snoozes.later(resident.address, wave, in_hours(town, 60))
    menu = resident.heard
    await reminded(town, YEARLY, tmp_path, resident, hours=40 if why == "asked" else 52)
    assert resident.heard is menu
    if why == "refused":
        # After the reminder passed them over, the platform would not take what they had wished for either.
        [wish] = await town.snoozes.take(in_hours(town, 24), 1)
        await town.snoozes.told(wish, None)

    await resident.says("2")

    assert await town.sessions(wave) == []


def in_hours(town: Town, hours: float) -> datetime:
    return town.clock() + timedelta(hours=hours)


async def test_who_was_asked_in_an_evening_long_before_it_was_sent_it(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    await town.snoozes.later(resident.address, wave, town.clock())
    [wish] = await town.snoozes.take(town.clock(), 1)
    await town.snoozes.told(wish, town.clock())
    town.clock.advance(hours=1)
    menu = await resident.says("menu")
    await reminded(town, YEARLY, tmp_path, resident, hours=51)
    assert resident.heard is not menu

    assert (await resident.says("2")).text.startswith("2/13")

    [session] = await town.sessions(wave)
    assert dict(session.answers) == {"kip_thoi": "4"}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("in_a_small_ward", [False, True])
async def test_who_took_their_answers_back_answers_nothing_by_a_number(
    town: Town, account: str, in_a_small_ward: bool, tmp_path: Path
) -> None:
    """Where few were invited it did come, to everybody alike; where many were it only looks so. A number begins nothing in either."""
    resident = Resident(town, "7", account=account)
    if not in_a_small_ward:
        for number in range(12):
            await agrees(Resident(town, f"neighbour-{number}", account=account))
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    await resident.says("2")
    await resident.says("dữ liệu của tôi")
    await resident.taps("Rút lại và xóa câu trả lời")
    menu = await resident.taps(resident.heard.buttons[0])
    assert await town.sessions(wave) == []
    await reminded(town, YEARLY, tmp_path, resident)
    assert (resident.heard is not menu) is in_a_small_ward

    await resident.says("2")

    assert await town.sessions(wave) == []


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_who_has_answered_goes_on_where_they_are(town: Town, account: str, tmp_path: Path) -> None:
    """In a ward as small as this one they are reminded like everybody."""
    resident = Resident(town, "7", account=account)
    wave = await invited_and_then_at_the_menu(town, resident, tmp_path)
    for _ in range(12):
        await resident.says("2")
    assert "Xin cảm ơn" in await resident.says("bỏ qua")
    before = await town.answers(wave)
    await reminded(town, YEARLY, tmp_path, resident)

    await resident.says("3")

    assert await town.answers(wave) == before
