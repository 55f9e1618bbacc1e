"""A Telegram that is strict, a channel that talks to it, and residents that write down what reached them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.channels.telegram_residents import TelegramResidents
from bot.intake import Intake
from bot.lanes import Lanes
from surveys.conversation import Address, Incoming, Reply, Say
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import TOKEN, TelegramServer

SECRET = "a-secret_of-Telegram-42"
SORRY = "Xin lỗi, có trục trặc."
REFUSAL = "Trợ lý chỉ trò chuyện riêng."


class RecordingResidents:
    """In place of the use case: keeps what came and answers as the test says."""

    def __init__(self) -> None:
        self.received: list[Incoming] = []
        self.answer: Callable[[Incoming], Reply] = lambda incoming: Reply((Say("Đã nhận."),))

    async def receive(self, incoming: Incoming) -> Reply:
        self.received.append(incoming)
        return self.answer(incoming)


class RecordingQuarantine:
    def __init__(self) -> None:
        self.kept: list[tuple[Address, str]] = []

    async def add(self, sender: Address, error: str) -> None:
        self.kept.append((sender, error))


@pytest.fixture
def residents() -> RecordingResidents:
    return RecordingResidents()


@pytest.fixture
def quarantine() -> RecordingQuarantine:
    return RecordingQuarantine()


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Strict to the end: a test that made one malformed request fails, whatever else it asserts."""
    async with TelegramServer() as server:
        yield server
    assert server.violations == []


@asynccontextmanager
async def telegram(
    server: TelegramServer,
    residents: RecordingResidents,
    quarantine: RecordingQuarantine,
    **more: object,
) -> AsyncIterator[TelegramResidents]:
    intake = Intake(residents, Lanes(), quarantine, sorry=lambda language: SORRY)
    channel = TelegramResidents(
        TOKEN,
        intake.accept,
        refusal=REFUSAL,
        secret=SECRET,
        api=server.url,
        pause=server.time.pause,
        **more,
    )
    async with channel:
        yield channel


@pytest.fixture
async def channel(
    server: TelegramServer, residents: RecordingResidents, quarantine: RecordingQuarantine
) -> AsyncIterator[TelegramResidents]:
    async with telegram(server, residents, quarantine) as channel:
        yield channel


@pytest.fixture
async def hooked(server: TelegramServer, channel: TelegramResidents) -> TelegramResidents:
    """The channel with its webhook set, reached without a socket."""
    await channel.set_webhook("https://bot.test/telegram")
    server.post = post_to(channel.webhook)
    return channel
