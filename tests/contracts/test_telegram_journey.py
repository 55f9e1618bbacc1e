"""A resident answers a real survey on Telegram, from the QR code to the receipt: real residents, real SQLite, and a Telegram
that judges every request. By webhook over real HTTP, and by long polling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.channels.telegram_residents import TelegramResidents
from bot.intake import Intake
from bot.lanes import Lanes
from bot.web.app import build
from bot.web.server import listen, serve_on
from surveys.entry import Stream
from tests.contracts.conftest import REFUSAL, SECRET, SORRY, RecordingQuarantine
from tests.journeys.town import LONG_DUC, a_town
from tests.patience import PATIENCE
from tests.telegram_server.server import TOKEN, TelegramServer


@pytest.fixture
async def town(sqlite_url, tmp_path, vault, clock):
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        yield town


@pytest.fixture
async def channel(server, town) -> AsyncIterator[TelegramResidents]:
    quarantine = RecordingQuarantine()
    intake = Intake(town.residents, Lanes(), quarantine, sorry=lambda language: SORRY)
    async with TelegramResidents(
        TOKEN, intake.accept, refusal=REFUSAL, secret=SECRET, api=server.url, pause=server.time.pause
    ) as channel:
        yield channel
    assert quarantine.kept == []


@asynccontextmanager
async def by_webhook(server: TelegramServer, channel: TelegramResidents) -> AsyncIterator[None]:
    async def nothing() -> dict[str, object]:
        return {}

    site = build(
        results=nothing,
        web_chat=None,
        webhooks={"/telegram": channel.webhook},
        health=nothing,
        cookie_key=b"a key of the tests, not of anybody",
    )
    listener = listen("127.0.0.1", 0)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_on(listener, site, stop))
    await channel.set_webhook(f"http://127.0.0.1:{listener.getsockname()[1]}/telegram")
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(serving, PATIENCE)


@asynccontextmanager
async def by_polling(server: TelegramServer, channel: TelegramResidents) -> AsyncIterator[None]:
    stop = asyncio.Event()
    polling = asyncio.create_task(channel.poll(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(polling, PATIENCE)


@pytest.mark.parametrize("way", [by_webhook, by_polling])
async def test_a_visit_is_rated_on_telegram(server, channel, town, way):
    wave = await town.opens_visits()
    ann = server.world.person(42)

    async def then(appears: str) -> None:
        if server.webhook is not None:
            assert set(await server.bring()) <= {200}
        await server.until(lambda: any(appears in text for text in ann.heard))
        server.time.pass_by(1)

    async with way(server, channel):
        ann.starts(town.link(LONG_DUC, Stream.VISIT))
        await then("Công an phường Long Đức")
        ann.taps("Đồng ý, bắt đầu")
        await then("1/5")
        for label, following in (
            ("Cư trú", "2/5"),
            ("Trước hạn", "3/5"),
            ("Hài lòng", "4/5"),
            ("Rất hài lòng", "5/5"),
        ):
            ann.taps(label)
            await then(following)
        ann.says("ghế chờ ít quá")
        await then("Xin cảm ơn")
        await server.until(lambda: "4/5  Đã ghi." in ann.heard)

    [session] = await town.sessions(wave)
    assert session.values["thai_do"] == "4"
    assert session.values["gop_y"] == "ghế chờ ít quá"
    assert session.receipt in "\n".join(ann.heard)
    assert not any("Hài lòng" in text for text in ann.heard), "a choice was echoed"
    assert len(server.world.answered) == 5, "every button's spinner was stopped"


async def test_two_taps_on_one_question_leave_one_answer(server, channel, town):
    wave = await town.opens_visits()
    ann = server.world.person(42)
    async with by_webhook(server, channel):
        ann.starts(town.link(LONG_DUC, Stream.VISIT))
        await server.bring()
        server.time.pass_by(1)
        ann.taps("Đồng ý, bắt đầu")
        await server.bring()
        server.time.pass_by(1)

        ann.taps("Cư trú")
        ann.taps("Căn cước")
        await server.bring_at_once()

    [session] = await town.sessions(wave)
    assert len(session.values) == 1


async def test_every_update_brought_twice_changes_nothing(server, channel, town):
    wave = await town.opens_visits()
    ann = server.world.person(42)
    async with by_webhook(server, channel):
        ann.starts(town.link(LONG_DUC, Stream.VISIT))
        await server.bring(order=lambda waiting: [each for each in waiting for _ in range(2)])
        server.time.pass_by(1)
        for label in ("Đồng ý, bắt đầu", "Cư trú", "Trước hạn", "Hài lòng"):
            await server.until(lambda label=label: label in ann.buttons)
            ann.taps(label)
            await server.bring(order=lambda waiting: [each for each in waiting for _ in range(2)])
            server.time.pass_by(1)

    [session] = await town.sessions(wave)
    assert session.values == {"thu_tuc": "cu_tru", "thoi_han": "truoc_han", "thai_do": "4"}
