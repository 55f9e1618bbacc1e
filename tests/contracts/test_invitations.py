"""Invitations on the real channels, judged by strict platforms: the sender brings the first question, the phone's own button or a typed number
answers it, and “this evening” brings it again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.telegram_residents import TelegramResidents
from bot.intake import Intake
from bot.lanes import Lanes
from surveys.entry import Stream
from tests.conftest import Clock
from tests.contracts.conftest import REFUSAL, SECRET, SORRY, RecordingQuarantine, door_to, official_account
from tests.contracts.test_zalo_journey import OnZalo, TownTime, shown
from tests.journeys.invitations import SURVEYS, agrees, all_settled, invites, sending, snoozing
from tests.journeys.town import LONG_DUC, Resident, Town, a_town
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import TOKEN, TelegramServer
from tests.zalo_server.server import ZaloServer

YEARLY = "nam-2026"
UNTIL_SEVEN = 10.5  # hours


@pytest.fixture
async def town(sqlite_url, tmp_path, vault, clock) -> AsyncIterator[Town]:
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        yield town


# ── Telegram ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def telegram(server: TelegramServer, town: Town) -> AsyncIterator[TelegramResidents]:
    quarantine = RecordingQuarantine()
    intake = Intake(town.residents, Lanes(), quarantine, sorry=lambda language: SORRY)
    async with TelegramResidents(
        TOKEN, intake.accept, refusal=REFUSAL, secret=SECRET, api=server.url, pause=server.time.pause
    ) as channel:
        server.post = post_to(channel.webhook)
        await channel.set_webhook("https://bot.test/telegram")
        yield channel
    assert quarantine.kept == []


async def on_telegram(server: TelegramServer, town: Town):
    """A person with a phone who has agreed to be asked."""
    ann = server.world.person(42)
    ann.says("chào")
    await server.bring()
    server.time.pass_by(1)
    await agrees(Resident(town, "42"))
    return ann


async def test_one_tap_on_telegram_is_an_answer(server, telegram, town, tmp_path: Path):
    ann = await on_telegram(server, town)
    wave = await town.opens_yearly()
    town.clock.advance(minutes=1)
    await invites(town, YEARLY)
    async with sending(town, {"telegram": telegram}, tmp_path):
        await all_settled(town)
    assert sum("1/13  Khi ông/bà cần" in text for text in ann.heard) == 1

    ann.taps("Hài lòng")
    ann.taps("Hài lòng")
    await server.bring_at_once()

    [session] = await town.sessions(wave)
    assert (session.unit, session.stream) == (LONG_DUC, Stream.INVITED)
    assert dict(session.answers) == {"kip_thoi": "4"}
    await server.until(lambda: "1/13  Đã ghi." in ann.heard)
    assert not any("Hài lòng" in text for text in ann.heard), "a choice was echoed"


async def test_a_number_on_telegram_and_this_evening(server, telegram, town, tmp_path: Path):
    ann = await on_telegram(server, town)
    wave = await town.opens_yearly()
    town.clock.advance(minutes=1)
    await invites(town, YEARLY)
    async with sending(town, {"telegram": telegram}, tmp_path):
        await all_settled(town)
    town.clock.advance(minutes=1)
    server.time.pass_by(60)
    ann.taps("Để tối nay")
    await server.bring()
    await server.until(lambda: any("19:00 ngày 22/11/2026" in text for text in ann.heard))
    server.time.pass_by(1)

    town.clock.advance(hours=UNTIL_SEVEN)
    server.time.pass_by(60)
    assert await snoozing(town, {"telegram": telegram}).step() == 1
    await server.until(lambda: any(text.startswith("Như ông/bà đã hẹn") for text in ann.heard))
    server.time.pass_by(1)
    ann.says("2")
    await server.bring()

    [session] = await town.sessions(wave)
    assert (session.stream, dict(session.answers)) == (Stream.INVITED, {"kip_thoi": "4"})


# ── Zalo ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def zalo(clock: Clock) -> AsyncIterator[ZaloServer]:
    async with ZaloServer(time=TownTime(clock)) as zalo:
        yield zalo
    assert zalo.violations == []


@pytest.fixture
async def account(zalo, town, vault):
    class Now:
        async def receive(self, incoming):
            return await town.residents.receive(incoming)

    quarantine = RecordingQuarantine()
    intake = Intake(Now(), Lanes(), quarantine, sorry=lambda language: SORRY)
    async with official_account(
        zalo, intake.accept, town.database, vault, left=town.arrivals.leave
    ) as account:
        door_to(zalo, account)
        yield account
    assert quarantine.kept == []


@pytest.fixture
def resident(zalo, town, account) -> OnZalo:
    return OnZalo(town).connect(zalo, account)


async def brought(resident: OnZalo, town: Town, tmp_path: Path):
    """What the phone shows after the sender has been at it."""
    town.clock.advance(minutes=1)
    await invites(town, YEARLY)
    before = len(resident.phone.heard)
    async with sending(town, {resident.account: resident.channel}, tmp_path):
        await all_settled(town)
    town.clock.advance(minutes=1)
    return [shown(each) for each in resident.phone.heard[before:]]


async def agrees_on_zalo(resident: OnZalo, town: Town) -> None:
    await resident.starts()
    await resident.says("Long Đức")
    await resident.says("nhận thông báo")
    await resident.taps(SURVEYS)
    await resident.says("đồng ý")
    await town.arrivals.flush(town.database)


@pytest.mark.parametrize("answers_by", ["its button", "a number"])
async def test_an_invitation_on_an_official_account(town, resident, tmp_path, answers_by):
    await agrees_on_zalo(resident, town)
    wave = await town.opens_yearly()

    [say] = await brought(resident, town, tmp_path)
    assert [(each.number, each.label) for each in say.options][:2] == [(1, "Rất hài lòng"), (2, "Hài lòng")]
    assert [each.label for each in say.options][-2:] == ["Để tối nay", "Không tham gia"]
    heard = await (
        resident.says("2") if answers_by == "a number" else resident.taps_token(say.options[1].token)
    )

    assert heard.text.startswith("2/13")
    [session] = await town.sessions(wave)
    assert (session.unit, session.stream, dict(session.answers)) == (
        LONG_DUC,
        Stream.INVITED,
        {"kip_thoi": "4"},
    )


async def test_this_evening_on_an_official_account(town, resident, tmp_path):
    await agrees_on_zalo(resident, town)
    wave = await town.opens_yearly()
    await brought(resident, town, tmp_path)
    assert "19:00 ngày 22/11/2026" in await resident.says("SAU")
    town.clock.advance(hours=UNTIL_SEVEN)
    before = len(resident.phone.heard)

    assert await snoozing(town, {resident.account: resident.channel}).step() == 1

    [say] = [shown(each) for each in resident.phone.heard[before:]]
    assert say.text.startswith("Như ông/bà đã hẹn:")
    await resident.says("2")
    [session] = await town.sessions(wave)
    assert dict(session.answers) == {"kip_thoi": "4"}


async def test_two_phones_of_one_person_at_once(town, resident, tmp_path):
    """The same account on two devices: two taps on their way at the same moment."""
    await agrees_on_zalo(resident, town)
    wave = await town.opens_yearly()
    [say] = await brought(resident, town, tmp_path)
    good, bad = say.options[1].token, say.options[4].token

    await asyncio.gather(
        *(
            town.residents.receive(Resident(town, resident.name, resident.account).message(tap=each))
            for each in (good, bad)
        )
    )

    [session] = await town.sessions(wave)
    assert len(session.answers) == 1
