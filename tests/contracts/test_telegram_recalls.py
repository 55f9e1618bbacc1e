"""What was sent on Telegram can say something else, or be deleted for two days: against the strict server."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.contract import Paced, Recalls, Rejected, Sent
from bot.channels.telegram_residents import TelegramResidents
from surveys.conversation import Address, Incoming, Option, Reply, Say
from tests.telegram_server.server import TOKEN, TelegramServer

LAN = 4001
TAKEN_BACK = Say("Thông báo Q7-204 đã được thu hồi: số điện thoại trong đó sai.")
TWO_DAYS = 48 * 3600


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(burst=10) as server:
        server.world.person(LAN).says("/start")
        yield server
        assert server.violations == []


@pytest.fixture
async def telegram(server: TelegramServer) -> AsyncIterator[TelegramResidents]:
    async with TelegramResidents(TOKEN, nobody, refusal="-", api=server.url) as channel:
        yield channel


async def nobody(incoming: Incoming) -> Reply:
    raise AssertionError("nobody writes to us here")


async def sent(channel: TelegramResidents, say: Say) -> tuple[str, ...]:
    outcome = await channel.send(Address("telegram", str(LAN)), say)
    assert isinstance(outcome, Sent)
    return outcome.ids


async def recalled(channel: TelegramResidents, ids: tuple[str, ...]) -> object:
    return await channel.recall(Address("telegram", str(LAN)), ids, TAKEN_BACK)


async def test_a_notice_says_that_it_was_taken_back(server: TelegramServer, telegram: TelegramResidents):
    ids = await sent(telegram, Say("Cảnh báo …", (Option("Đã xem", "seen"),)))

    assert isinstance(await recalled(telegram, ids), Sent)

    chat = server.world.people[LAN]
    assert chat.heard == [TAKEN_BACK.text]
    assert chat.buttons == []


async def test_of_a_long_one_the_rest_is_deleted(server: TelegramServer, telegram: TelegramResidents):
    ids = await sent(telegram, Say("Một câu. " * 1000))
    assert len(ids) == 3

    assert isinstance(await recalled(telegram, ids), Sent)

    assert server.world.people[LAN].heard == [TAKEN_BACK.text]


async def test_under_a_document_it_stands_in_its_caption(server: TelegramServer, telegram: TelegramResidents):
    ids = await sent(telegram, Say("Mẫu đơn", file=("don.pdf", b"%PDF")))

    assert isinstance(await recalled(telegram, ids), Sent)

    assert server.world.people[LAN].heard == [TAKEN_BACK.text]


async def test_twice_is_once(telegram: TelegramResidents):
    ids = await sent(telegram, Say("Cảnh báo …"))

    assert isinstance(await recalled(telegram, ids), Sent)
    assert isinstance(await recalled(telegram, ids), Sent)


async def test_what_its_reader_has_deleted_is_gone_already(
    server: TelegramServer, telegram: TelegramResidents
):
    ids = await sent(telegram, Say("Cảnh báo …"))
    server.world.people[LAN].messages.clear()

    assert isinstance(await recalled(telegram, ids), Sent)


async def test_what_cannot_be_edited_nor_deleted_any_more_is_said_anew(
    server: TelegramServer, telegram: TelegramResidents
):
    ids = await sent(telegram, Say("Cảnh báo …"))
    server.time.pass_by(TWO_DAYS + 1)
    [message] = server.world.people[LAN].from_bot
    server.world.people[LAN].messages[message["message_id"]]["from"] = {"id": 1, "is_bot": True}

    assert isinstance(await recalled(telegram, ids), Rejected)


def test_the_channel_says_what_it_can(telegram: TelegramResidents):
    assert isinstance(telegram, Recalls)
    assert isinstance(telegram, Paced)
