"""From an officer's first word to “Đã xem”: the desk's use cases, the real sender, the real channel, and a Telegram that is strict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.channels.telegram_residents import TelegramResidents
from bot.intake import Intake
from bot.lanes import Lanes
from bot.notice_words import NoticeComposer
from bot.sender import Epochs, Office, Sender
from handlers.notice_clock import KIND, RECALLS
from handlers.notice_words import NoticeWords
from handlers.quarantine import Quarantine
from surveys.delivery import DeliveryState
from surveys.notices import State
from tests.bot.sending_town import SHORT
from tests.handlers.notice_desk import CHIEF, OFFICER
from tests.journeys.test_notices import sent
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import Resident, Town
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import TOKEN, TelegramServer

SECRET = "a-secret_of-Telegram-42"
CHATS = (42, 43, 44)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        for chat in CHATS:
            server.world.person(chat).says("chào")
        yield server
    assert server.violations == []


@asynccontextmanager
async def running(town: Town, server: TelegramServer, directory: Path) -> AsyncIterator[TelegramResidents]:
    """The residents' bot and the sender, on the town's database."""
    intake = Intake(town.residents, Lanes(), Quarantine(town.database, town.clock), lambda language: "!")
    async with TelegramResidents(
        TOKEN, intake.accept, refusal="?", secret=SECRET, api=server.url, pause=server.time.pause
    ) as channel:
        server.post = post_to(channel.webhook)
        words = NoticeComposer(NoticeWords(town.database, lambda: town.vault.tap_key))
        office = Office(
            town.database,
            town.vault,
            {KIND: words, RECALLS: words},
            has_left=town.arrivals.has_left,
            left=town.arrivals.leave,
            epochs=Epochs(directory / "epochs"),
            now=town.clock,
            patience=SHORT,
        )

        async def flush() -> None:
            await town.arrivals.flush(town.database)

        stop = asyncio.Event()
        task = asyncio.create_task(Sender(office, lambda: {"telegram": channel}, flush).run(stop))
        try:
            yield channel
        finally:
            stop.set()
            await asyncio.wait_for(task, PATIENCE)


async def agreed(town: Town, chat: int) -> Resident:
    resident = Resident(town, str(chat))
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    return resident


async def until(town: Town, id: str, state: State) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await town.notices.get(CHIEF, id)).state is not state:
            await town.notices.step()
            await asyncio.sleep(
                0.02
            )  # the sender is another task; there is nothing to wait on but the database


async def test_it_reaches_whoever_wants_it_once_and_nobody_who_said_stop(
    town: Town, server: TelegramServer, tmp_path: Path
) -> None:
    people = [await agreed(town, chat) for chat in CHATS]
    await town.arrivals.flush(town.database)
    await people[2].says("/dung")  # the contacts do not know yet
    notice = await sent(town)

    async with running(town, server, tmp_path) as channel:
        await until(town, notice.id, State.SENT)
        await channel.set_webhook("https://bot.test/telegram")
        server.world.updates.clear()
        server.world.people[42].taps("Đã xem")
        assert await server.bring() == [200]
    await town.seen.flush(town.database)

    heard = [
        sum(text.startswith("Công an") and notice.code in text for text in words_of(server, chat))
        for chat in CHATS
    ]
    assert heard == [1, 1, 0]
    progress = await town.notices.progress(CHIEF, notice.id)
    assert progress.counts.get(DeliveryState.SENT) == 2
    assert progress.seen == 1


async def test_a_recall_is_told_to_those_who_have_it(
    town: Town, server: TelegramServer, tmp_path: Path
) -> None:
    await agreed(town, 42)
    await town.arrivals.flush(town.database)
    notice = await sent(town)
    async with running(town, server, tmp_path):
        await until(town, notice.id, State.SENT)
        recalled = await town.notices.recall(CHIEF, notice.id, "Sai ngày")

        await server.until(lambda: any("Sai ngày" in text for text in words_of(server, 42)))

    assert recalled.state is State.RECALLED
    assert [text for text in words_of(server, 42) if "giả danh" in text] == []
    assert OFFICER.name not in "".join(words_of(server, 42))


def words_of(server: TelegramServer, chat: int) -> list[str]:
    """What stands in the chat now."""
    return [str(message.get("text", "")) for message in server.world.people[chat].messages.values()]
