"""Invited at the other one of two addresses: what lies there is answered there, by a tap, by a number, and in the evening."""

from pathlib import Path

import pytest

from surveys.entry import Stream
from tests.journeys.invitations import LetterBox, agrees, brought, invited, reminded, snoozing
from tests.journeys.town import LONG_DUC, Resident, Town

YEARLY = "nam-2026"
OA = "zalo:579745863508352884"


async def moved_on(town: Town, directory: Path, account: str) -> tuple[Resident, Resident, int]:
    """They agreed at an Official Account, stand for another address there, and have not written to the account for days: then what the
    account would have to be paid for, or could not bring at all, comes to the other one."""
    contact = await agrees(Resident(town, "7", account=OA))
    other = Resident(town, "8", account=account)
    code = (await other.says("/lienket")).text.partition("LK-")[2][:9]
    assert "Đã nối" in await contact.says(f"LK-{code}")
    town.clock.advance(hours=9 * 24)
    wave = await town.opens_yearly()
    before = contact.heard
    await invited(town, YEARLY, directory, contact, other)
    assert contact.heard is before
    assert "Rất hài lòng" in other.heard.buttons
    return contact, other, wave


@pytest.mark.parametrize("said", ["2", "Hài lòng", "tap"])
@pytest.mark.parametrize("account", ["telegram", "zalobot"])
async def test_it_is_answered_where_it_lies(town: Town, account: str, said: str, tmp_path: Path) -> None:
    _, other, wave = await moved_on(town, tmp_path, account)

    heard = await (other.taps("Hài lòng") if said == "tap" else other.says(said))

    assert heard.text.startswith("2/13")
    [session] = await town.sessions(wave)
    assert (session.unit, session.stream, dict(session.answers)) == (
        LONG_DUC,
        Stream.INVITED,
        {"kip_thoi": "4"},
    )


@pytest.mark.parametrize("account", ["telegram", "zalobot"])
async def test_where_they_are_a_contact_it_does_not_lie_and_a_number_is_no_answer(
    town: Town, account: str, tmp_path: Path
) -> None:
    contact, _, wave = await moved_on(town, tmp_path, account)

    await contact.says("2")

    assert await town.sessions(wave) == []


async def test_on_the_same_account_it_lies_with_one_of_the_two(town: Town, tmp_path: Path) -> None:
    """Two chats with one Official Account: the contact has it, and in the other one nothing was said."""
    contact = await agrees(Resident(town, "7", account=OA))
    other = Resident(town, "8", account=OA)
    code = (await other.says("/lienket")).text.partition("LK-")[2][:9]
    assert "Đã nối" in await contact.says(f"LK-{code}")
    wave = await town.opens_yearly()
    before = other.heard
    await invited(town, YEARLY, tmp_path, contact, other)
    assert other.heard is before

    await other.says("2")
    assert await town.sessions(wave) == []
    town.clock.advance(hours=72)
    await contact.says("menu")
    await reminded(town, YEARLY, tmp_path, contact, other, hours=24)

    assert (await contact.says("2")).text.startswith("2/13")


@pytest.mark.parametrize("said", ["Để tối nay", "sau"])
@pytest.mark.parametrize("account", ["telegram", "zalobot"])
async def test_put_off_there_it_comes_there_in_the_evening(
    town: Town, account: str, said: str, tmp_path: Path
) -> None:
    _, other, wave = await moved_on(town, tmp_path, account)
    invitation = other.heard

    put_off = await (other.taps(said) if said in invitation.buttons else other.says(said))
    assert "Chúng tôi sẽ nhắc một lần lúc 19:00" in put_off
    town.clock.advance(hours=10.5)
    box = LetterBox(account)
    await snoozing(town, {account: box}).step()

    heard = brought(other, box)
    assert heard is not None
    assert heard.text.startswith("Như ông/bà đã hẹn:\n")
    assert heard.buttons == invitation.buttons
    assert (await other.says("2")).text.startswith("2/13")
    [session] = await town.sessions(wave)
    assert (session.unit, session.stream) == (LONG_DUC, Stream.INVITED)


@pytest.mark.parametrize("account", ["telegram", "zalobot"])
async def test_a_reminder_that_came_there_is_answered_there(town: Town, account: str, tmp_path: Path) -> None:
    contact, other, wave = await moved_on(town, tmp_path, account)
    town.clock.advance(hours=20)
    menu = await other.says("menu")
    await reminded(town, YEARLY, tmp_path, contact, other)
    assert other.heard is not menu

    assert (await other.says("2")).text.startswith("2/13")
    [session] = await town.sessions(wave)
    assert dict(session.answers) == {"kip_thoi": "4"}
