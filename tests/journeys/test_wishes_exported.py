"""What somebody wished of a survey rests with us, so it is in what we hand them about themselves: a line each, in their language."""

import json
from pathlib import Path

import pytest

from bot.channels.contract import ContactGone
from tests.journeys.invitations import LetterBox, agrees, invited, snoozing
from tests.journeys.town import TITLES, Heard, Resident, Town

YEARLY = "nam-2026"
TITLE = TITLES[YEARLY]


def wished(heard: Heard) -> list[str]:
    assert heard.file is not None
    found: list[str] = json.loads(heard.file[1])["wishes"]
    return found


async def export(resident: Resident) -> list[str]:
    """They ask for it, and mean it."""
    heard = await resident.says("my data")
    while heard.file is None:
        heard = await resident.taps(heard.buttons[0])
    return wished(heard)


@pytest.mark.parametrize(
    ("language", "waits", "quiet"),
    [
        (
            "vi",
            f"Ông/bà hẹn được nhắc lúc 19:00 ngày 22/11/2026: {TITLE}.",
            f"Ông/bà không muốn được nhắc nữa: {TITLE}.",
        ),
        (
            "km",
            f"លោក/លោកស្រីបានណាត់ឱ្យរំលឹកនៅ ម៉ោង 19:00 ថ្ងៃ 22/11/2026៖ {TITLE}។",
            f"លោក/លោកស្រីមិនចង់ឱ្យរំលឹកទៀតទេ៖ {TITLE}។",
        ),
        (
            "en",
            f"You asked to be reminded at 19:00 on 22 November 2026: {TITLE}.",
            f"You want no more reminders of: {TITLE}.",
        ),
    ],
)
async def test_waiting_and_no_more(town: Town, language: str, waits: str, quiet: str) -> None:
    resident = Resident(town, "7", language=language)
    wave = await town.opens_yearly()
    await resident.starts()
    await town.snoozes.later(resident.address, wave, town.clock().replace(hour=12, minute=0))

    assert await export(resident) == [waits]

    await town.snoozes.quiet({town.vault.fingerprint(resident.address)}, wave)
    assert await export(resident) == [quiet]


async def test_of_one_that_was_sent_or_could_not_be_it_is_said_that_there_was_one(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    assert await export(resident) == []
    await resident.says("menu")
    await town.snoozes.later(resident.address, wave, town.clock().replace(hour=12, minute=0))
    town.clock.advance(hours=10.5)
    box = LetterBox(resident.account)
    box.outcome = ContactGone("blocked")
    await snoozing(town, {resident.account: box}).step()

    assert await export(resident) == [f"Ông/bà đã hẹn được nhắc một lần: {TITLE}."]


async def test_at_another_of_their_addresses_it_is_theirs_as_well_and_told_once(
    town: Town, resident: Resident
) -> None:
    other = Resident(town, "9", account="zalobot")
    code = (await resident.says("/lienket")).text.partition("LK-")[2][:9]
    assert "Đã nối" in await other.says(f"LK-{code}")
    wave = await town.opens_yearly()
    theirs = {town.vault.fingerprint(each.address) for each in (resident, other)}
    await town.snoozes.later(other.address, wave, town.clock().replace(hour=12, minute=0))

    assert await export(resident) == [f"Ông/bà hẹn được nhắc lúc 19:00 ngày 22/11/2026: {TITLE}."]
    await town.snoozes.quiet(theirs, wave)
    assert await export(other) == await export(resident) == [f"Ông/bà không muốn được nhắc nữa: {TITLE}."]
