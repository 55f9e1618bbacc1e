"""The golden journeys on the Bot Platform, by typed numbers alone: real residents, a real database, a platform that judges every
request. By webhook, every message brought twice, and by polling."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.channels.zalo_bot import ZaloBot
from bot.intake import Intake
from bot.lanes import Lanes
from surveys.entry import Stream
from tests.contracts.conftest import REFUSAL, SORRY, RecordingQuarantine
from tests.contracts.zalo_bots import HINT, SECRET, a_moment, until
from tests.journeys.town import LONG_DUC, Town, a_town
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to
from tests.zalo_server.bots import Chatter
from tests.zalo_server.server import ZaloServer

RECEIPT = re.compile(r"\b\w{4}(?:-\w{4}){3}\b")


@pytest.fixture
async def town(sqlite_url, tmp_path, vault, clock):
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        yield town


@pytest.fixture
async def zalo():
    async with ZaloServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def bot(zalo, town) -> AsyncIterator[ZaloBot]:
    quarantine = RecordingQuarantine()
    intake = Intake(town.residents, Lanes(), quarantine, sorry=lambda language: SORRY)
    async with ZaloBot(
        zalo.bots.token,
        intake.accept,
        refusal=REFUSAL,
        hint=HINT,
        secret=SECRET,
        api=zalo.bots_url,
        pause=a_moment,
    ) as channel:
        yield channel
    assert quarantine.kept == []


class Person:
    def __init__(self, zalo: ZaloServer, bot: ZaloBot) -> None:
        self.zalo, self.bot = zalo, bot
        self.phone: Chatter = zalo.bots.chatter()

    async def says(self, text: str) -> str:
        before = len(self.phone.texts)
        self.phone.says(text)
        if self.zalo.bots.webhook is not None:
            assert set(await self.zalo.bots.bring(post_to(self.bot.webhook), times=2)) == {200}
        await until(lambda: len(self.phone.texts) > before and not len(self.bot._replies))
        return "\n".join(self.phone.texts[before:])


@asynccontextmanager
async def by_webhook(bot: ZaloBot) -> AsyncIterator[None]:
    await bot.set_webhook("https://bot.test/zalo-bot")
    yield


@asynccontextmanager
async def by_polling(bot: ZaloBot) -> AsyncIterator[None]:
    stop = asyncio.Event()
    polling = asyncio.create_task(bot.poll(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(polling, PATIENCE)


@pytest.fixture(params=[by_webhook, by_polling], ids=lambda way: way.__name__)
async def person(request, zalo, bot, town) -> AsyncIterator[Person]:
    async with request.param(bot):
        yield Person(zalo, bot)


async def begins(town: Town, person: Person) -> str:
    await person.says(f"/start {town.link(LONG_DUC, Stream.VISIT)}")
    return await person.says("1")


async def test_a_visit_is_rated_by_numbers_alone(town, person):
    wave = await town.opens_visits()
    card = await person.says(f"/start {town.link(LONG_DUC, Stream.VISIT)}")
    assert "1. Đồng ý, bắt đầu" in card
    assert "Zalo" in card  # who else sees it

    heard = await person.says("1")
    for question in range(1, 6):
        assert heard.startswith(f"{question}/5")
        heard = await person.says("bỏ qua" if question == 5 else "1")

    assert RECEIPT.search(heard)
    [answers] = await town.answers(wave)
    assert len(answers) >= 4


async def test_stop_language_data_and_an_old_number(town, person):
    wave = await town.opens_visits()
    assert (await begins(town, person)).startswith("1/5")

    assert (await person.says("English")).startswith("1/5")
    page = await person.says("/dulieu")
    export = next(
        line.split(".")[0] for line in page.splitlines() if "what you hold" in line and line[:1].isdigit()
    )
    await person.says(export)
    assert "── " in await person.says("1")  # no file can be sent here: its content is
    assert (await person.says("continue")).startswith("1/5")
    await person.says("1")
    assert (await person.says("back")).startswith("1/5")
    await person.says("99")
    assert len(await town.sessions(wave)) == 1
    assert await person.says("stop")


async def test_two_quick_messages_are_taken_in_order(town, zalo, person):
    wave = await town.opens_visits()
    await begins(town, person)
    before = len(person.phone.texts)

    person.phone.says("1")
    person.phone.says("2")
    if zalo.bots.webhook is not None:
        await zalo.bots.bring(post_to(person.bot.webhook))
    await until(lambda: len(person.phone.texts) == before + 2)

    assert [text[:3] for text in person.phone.texts[before:]] == ["2/5", "3/5"]
    assert len((await town.answers(wave))[0]) == 2
