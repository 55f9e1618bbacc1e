"""Taking one's answers back: nothing is left of them but a blank place, and after the days of grace it is too late."""

from datetime import timedelta

import pytest

from surveys.forms.session import MOST_SECONDS, Session
from surveys.ledger import read_entry
from surveys.records import Withdrawals
from surveys.waves import GRACE, LAST_ONES
from tests.journeys.test_yearly import agrees
from tests.journeys.town import Resident, Town

DAYS = 18  # of the yearly wave


async def withdraws(resident: Resident) -> None:
    await resident.says("dulieu")
    await resident.taps("Rút lại và xóa câu trả lời")
    heard = await resident.taps("Xóa, tôi chắc chắn")
    assert "Đã rút lại" in heard


async def rows_of(town: Town, wave: int) -> dict[bytes, bytes]:
    async with town.database.reading() as tx:
        return {nullifier: body async for nullifier, body in tx.sessions.of_wave(wave)}


async def test_a_withdrawn_session_is_as_large_as_one_just_begun(town: Town) -> None:
    wave = await town.opens_yearly()
    one, other = Resident(town, "ba-sau"), Resident(town, "ong-bay")
    await agrees(town, one)
    for words in ("2", "3", "1"):
        await one.says(words)
    await withdraws(one)
    await agrees(town, other)

    sizes = {len(body) for body in (await rows_of(town, wave)).values()}

    assert len(await rows_of(town, wave)) == 2
    assert len(sizes) == 1


async def test_nothing_is_shown_of_what_was_withdrawn(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")
    await withdraws(resident)

    heard = await resident.says("dulieu")

    assert "Không có phiếu nào đang mở" in heard
    assert "Rút lại và xóa câu trả lời" not in heard.buttons


async def test_who_withdrew_and_answers_again_has_one_ballot(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")
    await withdraws(resident)
    await agrees(town, resident)
    await resident.says("1")
    [again] = await town.sessions(wave)
    town.clock.advance(days=DAYS)
    town.clock.moment += GRACE + LAST_ONES

    await town.waves.advance()

    assert len([value for _, value in again.answers if value]) == 1
    async with town.database.reading() as tx:
        assert await tx.ballots.count(wave) == 1
        seal = await tx.wave_seals.of(wave)
    assert seal is not None
    assert (seal.places, seal.withdrawn) == (1, 0)


async def test_a_withdrawn_ballot_is_a_blank_place_that_the_ledger_counts(town: Town) -> None:
    wave = await town.opens_yearly()
    for number in range(5):
        resident = Resident(town, f"nguoi-{number}")
        await agrees(town, resident)
        await resident.says("2")
        if number < 2:
            await withdraws(resident)
    town.clock.advance(days=DAYS)
    town.clock.moment += GRACE + LAST_ONES

    await town.waves.advance()

    async with town.database.reading() as tx:
        positions = [ballot.position async for ballot in tx.ballots.of_wave(wave)]
        seal = await tx.wave_seals.of(wave)
        said = [read_entry(line).record async for line in tx.ledger.each()]
    assert seal is not None
    assert (seal.places, seal.withdrawn, len(positions)) == (5, 2, 3)
    assert max(positions) < 5
    assert [record.count for record in said if isinstance(record, Withdrawals)] == [2]


@pytest.mark.parametrize(
    ("language", "kindly"),
    [("tiếng việt", "đã hết hạn rút lại"), ("english", "too late to withdraw"), ("khmer", "ផុតកំណត់ដកវិញ")],
)
async def test_after_the_days_of_grace_it_is_too_late(
    town: Town, resident: Resident, language: str, kindly: str
) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")
    await resident.says("dulieu")
    await resident.taps("Rút lại và xóa câu trả lời")
    erase = resident.heard.token("Xóa, tôi chắc chắn")
    town.clock.advance(days=DAYS)
    await town.waves.advance()
    town.clock.moment += GRACE - timedelta(seconds=1)
    await resident.says("/dulieu")
    assert "Rút lại và xóa câu trả lời" in resident.heard.buttons
    town.clock.moment += timedelta(seconds=1)
    await resident.says(language)

    heard = await resident.taps_token(erase)

    assert kindly in heard
    assert len(await town.sessions(wave)) == 1
    heard = await resident.says("/dulieu")
    assert len(heard.buttons) == 3  # the file, no notices, the menu: nothing to withdraw


async def test_a_session_knows_the_hour_it_began_and_how_long_it_took(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    hour = int(town.clock().timestamp()) // 3600
    for _ in range(3):
        town.clock.advance(seconds=20)
        await resident.says("2")

    [session] = await town.sessions(wave)

    assert (session.begun_hour, session.seconds) == (hour, 60)


async def test_who_goes_away_is_not_timed_beyond_an_hour(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    town.clock.advance(hours=30)
    await resident.says("2")

    [session] = await town.sessions(wave)

    assert session.seconds == MOST_SECONDS


async def test_who_comes_back_to_change_an_answer_is_not_timed_again(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    while not (await town.sessions(wave))[0].has_ended:
        town.clock.advance(seconds=5)
        await resident.says("/boqua")
    [before] = await town.sessions(wave)
    town.clock.advance(minutes=30)
    await resident.says("/quaylai")
    await resident.says("Góp ý thêm về ghế chờ")

    [after] = await town.sessions(wave)

    assert after.answers != before.answers
    assert before.since is after.since is None
    assert after.seconds == before.seconds


def test_a_session_of_an_earlier_version_is_read() -> None:
    body = (
        '{"wave":1,"unit":"29263","stream":"open","language":"vi","receipt":"r","seed":"s","mode":"self","answers":[["a","1"]],'
        '"at":null,"picked":[],"held":null,"held_for":null,"whole":[],"menu":[],"has_ended":false,"seen":"","turn":1}'
    )

    session = Session.from_json(body)

    assert (session.begun_hour, session.seconds, session.since) == (None, None, None)
    assert session.timed(1_800_000_000.0) == session
