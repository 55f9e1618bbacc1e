"""The demo's Zalo before the real house: one process, one ward with a survey, whoever plays on the phone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.app import House, opened, serve, utc_now
from bot.demo_zalo import LocalZalo, local_zalo, phone_rooms
from bot.settings import load
from bot.web.server import listen
from handlers.units import load_seed
from handlers.waves import Plan
from surveys.forms import library
from surveys.waves import Audience
from tests.patience import PATIENCE

__all__ = ["WARD", "Played", "a_phone"]

WARD = "29242"


@dataclass(frozen=True)
class Played:
    url: str
    house: House
    zalo: LocalZalo


@asynccontextmanager
async def a_phone(sqlite_url: str, keys_dir: Path) -> AsyncIterator[Played]:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    settings = load(_env_file=None, database_url=sqlite_url, keys_dir=keys_dir, port=port)
    async with local_zalo(port, utc_now) as zalo:
        assert zalo is not None, "this is a clone"
        async with opened(zalo.settings_for(settings)) as house:
            await load_seed(house.db)
            await _a_survey(house)
            await house.residents.refresh()
            await zalo.connect(house)
            stop = asyncio.Event()
            serving = asyncio.create_task(
                serve(house, listener, stop, demo=True, phone=partial(phone_rooms, house, zalo))
            )
            try:
                yield Played(f"http://127.0.0.1:{port}", house, zalo)
            finally:
                stop.set()
                await asyncio.wait_for(serving, PATIENCE)
        assert zalo.violations == ()


async def _a_survey(house: House) -> None:
    now = utc_now()
    await house.waves.open(
        Plan(
            slug="nguoi-dan",
            form=library.load("hang_nam_nguoi_dan"),
            title="Công an lắng nghe ý kiến của Nhân dân",
            audience=Audience.RESIDENTS,
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=20),
            units={WARD: 2400},
            k=10,
        )
    )
