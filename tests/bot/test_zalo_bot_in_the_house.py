"""The whole process with nothing but a bot's token: whoever writes to it is greeted."""

import asyncio

from bot.app import opened, serve
from bot.settings import Settings
from bot.web.server import listen
from tests.contracts.zalo_bots import SECRET, until
from tests.patience import PATIENCE
from tests.zalo_server.server import ZaloServer


def settings(tmp_path, zalo: ZaloServer, **more: object) -> Settings:
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path}/house.sqlite",
        keys_dir=tmp_path / "keys",
        zalo_bot_token=zalo.bots.token,
        zalo_bot_api=zalo.bots_url,
        **more,
    )


async def test_by_polling_somebody_is_greeted(tmp_path):
    async with ZaloServer() as zalo, opened(settings(tmp_path, zalo)) as house:
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(house, listen("127.0.0.1", 0), stop))
        chatter = zalo.bots.chatter()
        chatter.says("xin chào")
        await until(lambda: len(chatter.texts) >= 1)
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await serving

    assert "trợ lý tự động" in chatter.texts[0]
    assert zalo.violations == []


async def test_by_webhook_the_platform_is_told_where(tmp_path):
    hooked = {"zalo_bot_mode": "webhook", "zalo_bot_secret": SECRET, "public_url": "https://bot.test"}
    async with ZaloServer() as zalo, opened(settings(tmp_path, zalo, **hooked)) as house:
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(house, listen("127.0.0.1", 0), stop))
        await until(lambda: zalo.bots.webhook is not None)
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await serving

    assert zalo.bots.webhook == ("https://bot.test/zalo-bot", SECRET)
