"""Notices through a real Official Account's channel, against the strict local Zalo: the window is asked before each of them."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from bot.channels.zalo_oa import ZaloAccount
from bot.sender import Sender
from storage.database import Database
from storage.vault import Vault
from surveys.delivery import DeliveryState
from tests.bot.sending_town import Town, nothing_waits
from tests.contracts.conftest import clock_of
from tests.zalo_server.server import ZaloServer

LONG_AGO, LATELY = timedelta(days=8), timedelta(hours=3)
FIRST = 186_729_651_760_683_225  # a person's id, as Zalo writes them
MORNING = 2  # o'clock in UTC: nine in Việt Nam


async def test_who_wrote_within_seven_days_gets_it_and_nobody_else_is_tried(
    zalo: ZaloServer, oa: ZaloAccount, sqlite_database: Database, vault: Vault, tmp_path: Path
):
    now = clock_of(zalo)
    zalo.time.pass_by((MORNING - now().hour) % 24 * 3600)
    by_day = now()
    begun = asyncio.get_running_loop().time()

    def running() -> datetime:
        return by_day + timedelta(seconds=asyncio.get_running_loop().time() - begun)

    town = Town(sqlite_database, vault, tmp_path, running, "")
    residents = {number: zalo.world.resident(zalo.oa, str(number)) for number in range(FIRST, FIRST + 6)}
    for number in range(FIRST, FIRST + 3):
        residents[number].says("chào")
    await town.people(range(FIRST, FIRST + 3), oa.account, heard=by_day - LATELY)
    await town.people(range(FIRST + 3, FIRST + 5), oa.account, heard=by_day - LONG_AGO)
    await town.people(range(FIRST + 5, FIRST + 6), oa.account)
    campaign = await town.campaign()
    sender = Sender(town.office(), lambda: {oa.account: oa}, nothing_waits)
    stop = asyncio.Event()
    sending = asyncio.ensure_future(sender.run(stop))

    await town.until_done(campaign)
    stop.set()
    await sending

    assert await town.counts(campaign) == {DeliveryState.SENT: 3, DeliveryState.WINDOW_CLOSED: 3}
    assert {number for number, each in residents.items() if "Q7-204" in each.texts} == {
        FIRST,
        FIRST + 1,
        FIRST + 2,
    }
