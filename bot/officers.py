"""The officers' bot in this process: the same use cases as the web desk, behind a token of its own. Imported by whoever serves; the
library behind it only where there is a token."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.contract import Misconfigured, Sent
from bot.channels.polling import unless
from bot.clock import Clock, Tick
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.app import House
    from bot.channels.telegram_officers import TelegramOfficers

__all__ = ["WEBHOOK", "listen", "officers_bot"]

log = structlog.get_logger(__name__)

WEBHOOK = "/telegram-officers"
LOOKS_EVERY = timedelta(seconds=4)
AGAIN = timedelta(seconds=30)  # until the address is told anew, where Telegram was away


async def officers_bot(house: "House", stack: AsyncExitStack) -> "TelegramOfficers | None":
    settings = house.settings
    if settings.officers_token is None:
        return None
    from bot.channels.telegram_officers import Rooms, TelegramOfficers
    from handlers.beneath import Beneath
    from handlers.notice_files import NoticePictures
    from handlers.notice_templates import NoticeTemplates
    from handlers.planning import Planning
    from handlers.tidings import Tidings

    notices = house.notices
    templates = NoticeTemplates(house.db, house.now, notices.policies)
    rooms = Rooms(
        people=house.people,
        notices=notices,
        pictures=NoticePictures(house.db, house.now),
        templates=templates,
        beneath=Beneath(house.db),
        results=house.waves.results,
        scorecards=house.scorecards,
        tidings=Tidings(house.db, house.vault, notices, house.now),
        planning=Planning(house.db, house.schedules, templates, house.now),
        now=house.now,
        desk=settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}",
    )
    secret = settings.officers_secret
    return await stack.enter_async_context(
        TelegramOfficers(
            settings.officers_token.get_secret_value(),
            rooms,
            secret=secret.get_secret_value() if secret and settings.officers_mode == "webhook" else None,
            api=settings.officers_api,
        )
    )


async def listen(bot: "TelegramOfficers", settings: Settings, stop: asyncio.Event) -> None:
    """Until told to stop. Its own clock ticks here and not on the house's: what it looks after is who talks to this process."""
    async with Clock((Tick("officers", LOOKS_EVERY, bot.tick),)):
        if settings.officers_mode == "polling":
            await bot.poll(stop)
            return
        await _tell_the_address(bot, settings.public_url.rstrip("/") + WEBHOOK, stop)
        await stop.wait()


async def _tell_the_address(bot: "TelegramOfficers", address: str, stop: asyncio.Event) -> None:
    """Until Telegram has it, or will never take it."""
    while not stop.is_set():
        outcome = await bot.set_webhook(address)
        log.info("officers.webhook", outcome=repr(outcome))
        if isinstance(outcome, Sent | Misconfigured):
            return
        await unless(stop, asyncio.sleep(AGAIN.total_seconds()))
