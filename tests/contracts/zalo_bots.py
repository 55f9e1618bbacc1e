"""A person in front of our bot on the strict Bot Platform, by webhook and by polling."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.channels.zalo_bot import Quota, ZaloBot
from bot.intake import Intake
from bot.lanes import Lanes
from surveys.conversation import Address
from tests.contracts.conftest import REFUSAL, SORRY, RecordingQuarantine, RecordingResidents
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to
from tests.zalo_server.bots import Chatter
from tests.zalo_server.server import ZaloServer

__all__ = ["HINT", "SECRET", "ZaloBotRig", "by_bot_polling", "by_bot_webhook", "until", "zalo_bot"]

SECRET = "a-secret_of-the-Bot-42"
HINT = "Xin gõ bằng chữ."


async def a_moment(seconds: float) -> None:
    """In place of asyncio.sleep where nobody measures how long is waited."""
    await asyncio.sleep(0.005)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  (anything may make it true)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def zalo_bot(
    server: ZaloServer, residents: RecordingResidents, *, secret: str | None = SECRET, token: str = ""
) -> AsyncIterator[ZaloBot]:
    intake = Intake(residents, Lanes(), RecordingQuarantine(), sorry=lambda language: SORRY)
    channel = ZaloBot(
        token or server.bots.token,
        intake.accept,
        refusal=REFUSAL,
        hint=HINT,
        secret=secret,
        api=server.bots_url,
        quota=Quota(server.time),
        pause=server.time.pause if secret else a_moment,
    )
    async with channel:
        yield channel


class ZaloBotRig:
    def __init__(self, server: ZaloServer, channel: ZaloBot) -> None:
        self.server, self.channel = server, channel
        self.person: Chatter = server.bots.chatter()
        self.address = Address("zalobot", self.person.id)

    async def starts(self, payload: str) -> None:
        await self.says(f"/start {payload}")

    async def says(self, text: str) -> None:
        self.person.says(text)
        await self._brought()

    async def chooses(self, place: int) -> None:
        await self.says(str(place))

    def sees(self) -> str:
        return "\n".join(self.person.texts)

    async def until(self, true: Callable[[], bool]) -> None:
        await until(true)

    async def _brought(self) -> None:
        if self.server.bots.webhook is not None:
            await self.server.bots.bring(post_to(self.channel.webhook))
            await self.server.bots.bring(post_to(self.channel.webhook))


@asynccontextmanager
async def by_bot_webhook(residents: RecordingResidents) -> AsyncIterator[ZaloBotRig]:
    async with ZaloServer() as server:
        async with zalo_bot(server, residents) as channel:
            await channel.set_webhook("https://bot.test/zalo-bot")
            yield ZaloBotRig(server, channel)
        assert server.violations == []


@asynccontextmanager
async def by_bot_polling(residents: RecordingResidents) -> AsyncIterator[ZaloBotRig]:
    async with ZaloServer() as server:
        async with zalo_bot(server, residents, secret=None) as channel:
            stop = asyncio.Event()
            polling = asyncio.create_task(channel.poll(stop))
            yield ZaloBotRig(server, channel)
            stop.set()
            await polling
        assert server.violations == []
