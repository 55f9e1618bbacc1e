"""A sender under which the ground moves."""

import asyncio

from sqlalchemy import text

from storage.outbox import ALL
from storage.statements import Prepared
from surveys.delivery import DeliveryState, Why
from tests.bot.sending_town import Town
from tests.bot.test_sender import running, server, town
from tests.bulk_server.server import BulkServer

__all__ = ["running", "server", "town"]


async def test_a_backup_put_in_place_under_a_sender_that_runs_is_seen_before_anything_leaves(
    town: Town, server: BulkServer
) -> None:
    """It held the account all the while, so nobody asked at a take-over whether this is the database it was."""
    await town.people(range(1, 11))
    async with town.sending():
        await town.until_done(await town.campaign())
        server.log.clear()
        async with town.db.transaction() as tx:
            await tx._connection.run(Prepared(text("UPDATE senders SET epoch = epoch - 1")))
        second = await town.campaign("sent already, says who was there")
        await town.until_resting(ALL)
        await asyncio.sleep(0.2)  # in which nothing happens

    assert server.log == []
    assert (await town.senders())[ALL].why == Why.RESTORED
    assert await town.counts(second) == {DeliveryState.PENDING: 10}
