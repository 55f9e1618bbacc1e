"""Looks after campaigns: fixes their audience, writes their recipients down page by page, looks again for whoever is missing, takes back
what nobody holds any more, ends what is over. Any number of processes may keep at once; the database lets one win."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bot.sending.office import Office
from storage.audiences import Drawing, cells_of
from storage.database import Unavailable
from storage.outbox import Standing
from surveys.delivery import CampaignState, DeliveryState, Why

__all__ = ["Keeper"]

log = structlog.get_logger(__name__)

PAGE = 500  # recipients written down in a transaction: on SQLite answers wait for as long as that takes
LOOKED_AT = 1_000  # recipients looked through for somebody who is missing, beside whoever writes
SOME = 500  # rows of other work in a transaction
PURGE_EVERY = timedelta(hours=1)
AT_A_STRETCH = 5.0  # seconds one campaign is written down before the others have their turn
BREATH = 0.002  # seconds between two pages, for answers


class Keeper:
    def __init__(self, office: Office, settle_contacts: Callable[[], Awaitable[object]]) -> None:
        """`settle_contacts`: writes what people said of their notices since, so that nobody is missed who said yes in time."""
        self._office = office
        self._settle_contacts = settle_contacts
        self._purge_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        pause = self._office.patience.look.total_seconds()
        while not stop.is_set():
            try:
                await self.step(stop)
            except Unavailable as away:
                log.warning("outbox.database_away", reason=str(away))
            except Exception as surprise:
                # One of the few places that catch broadly: a campaign in trouble must not keep the others from moving.
                log.error("outbox.keeper_failed", error=type(surprise).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()

    async def step(self, stop: asyncio.Event | None = None) -> None:
        """Everything that is due, once. Raises Unavailable."""
        stop = stop or asyncio.Event()
        office, now = self._office, self._office.now()
        async with office.db.transaction() as tx:
            await tx.outbox.end_leases(now, now + office.patience.repeat, SOME)
        async with office.db.reading() as tx:
            campaigns = await tx.outbox.unfinished()
        for standing in campaigns:
            await self._keep(standing, stop)
        if self._purge_at is None or now >= self._purge_at:
            self._purge_at = now + PURGE_EVERY
            async with office.db.transaction() as tx:
                await tx.outbox.purge_messages(now)

    async def _keep(self, standing: Standing, stop: asyncio.Event) -> None:
        now, campaign = self._office.now(), standing.campaign
        if standing.state is CampaignState.STOPPED:
            await self._drop(standing, DeliveryState.CANCELLED, Why.STOPPED)
        elif campaign.expires_at is not None and now >= campaign.expires_at:
            await self._drop(standing, DeliveryState.EXPIRED, "")
        if standing.state is CampaignState.OPEN and now >= campaign.not_before:
            if standing.fixed_at is None:
                standing = await self._fix(standing)
            standing = await self._write_down(standing, stop)
            if standing.is_written_down:
                await self._walk(standing, stop)
        await self._finish(standing)

    async def _fix(self, standing: Standing) -> Standing:
        await self._settle_contacts()
        async with self._office.db.transaction() as tx:
            await tx.outbox.fix(standing.id)
            return await tx.outbox.get(standing.id)

    async def _write_down(self, standing: Standing, stop: asyncio.Event) -> Standing:
        loop = asyncio.get_running_loop()
        until = loop.time() + AT_A_STRETCH
        while not standing.is_written_down and not stop.is_set() and loop.time() < until:
            if standing.campaign.audience.sample is not None:
                standing = await self._draw(standing, stop)
            else:
                async with self._office.db.transaction() as tx:
                    standing = await tx.outbox.expand(standing, PAGE)
            await asyncio.sleep(BREATH)
        return standing

    async def _draw(self, standing: Standing, stop: asyncio.Event) -> Standing:
        """A unit's sample: everybody passes by, beside whoever writes, and whom the lot has chosen is written down at once."""
        cells, drawing = cells_of(standing.campaign.audience), Drawing(standing.campaign.audience)
        assert standing.cell is not None
        after = b""
        for cell in cells[standing.cell : standing.cell + 1]:
            while not stop.is_set():
                async with self._office.db.reading() as tx:
                    people = await tx.outbox.people(standing, cell, after, LOOKED_AT)
                if not people:
                    break
                drawing.passes((bytes(key), contact, account) for key, contact, account in people)
                after = cell.kept(people[-1][0])
                await asyncio.sleep(BREATH)
        if stop.is_set():
            return standing
        async with self._office.db.transaction() as tx:
            return await tx.outbox.draw(standing, drawing.drawn)

    async def _walk(self, standing: Standing, stop: asyncio.Event) -> None:
        """Through the whole audience for somebody without a row: a contact whose transaction ended late, a row that was lost. Looking
        costs nobody anything; only who is missing is written."""
        now, patience = self._office.now(), self._office.patience
        if standing.walked_at is not None and now - standing.walked_at < patience.walk:
            return
        found = 0
        # A sample was drawn once and written down with it: whoever looked again might find others, because somebody left.
        is_drawn = standing.campaign.audience.sample is not None
        for cell in () if is_drawn else cells_of(standing.campaign.audience):
            after = b""
            while not stop.is_set():
                async with self._office.db.reading() as tx:
                    last = await tx.outbox.page_end(standing, cell, after, LOOKED_AT)
                    missing = 0 if last is None else await tx.outbox.missing(standing, cell, after, last)
                if last is None:
                    break
                if missing:
                    async with self._office.db.transaction() as tx:
                        found += await tx.outbox.write(standing, cell, after, last)
                after = cell.kept(last)
                await asyncio.sleep(BREATH)
        if stop.is_set():
            return
        if found:
            log.warning("outbox.were_missing", campaign=standing.id, recipients=found)
        async with self._office.db.transaction() as tx:
            await tx.outbox.walked(standing.id, now)

    async def _drop(self, standing: Standing, to: DeliveryState, why: str) -> None:
        while True:
            async with self._office.db.transaction() as tx:
                dropped = await tx.outbox.drop_waiting(standing.id, to, why, SOME)
            if not dropped:
                return
            await asyncio.sleep(BREATH)

    async def _finish(self, standing: Standing) -> None:
        """Done when nobody waits – after a walk that found nobody, and not before the campaign it speaks of is."""
        async with self._office.db.reading() as tx:
            standing = await tx.outbox.get(standing.id)
            original = standing.campaign.audience.of
            is_alone = original is None or (await tx.outbox.get(original)).state is CampaignState.DONE
            is_over = await tx.outbox.is_over(standing)
        is_stopped = standing.state is CampaignState.STOPPED
        if not is_over or not (is_stopped or (is_alone and standing.walked_at is not None)):
            return
        async with self._office.db.transaction() as tx:
            if await tx.outbox.finish(standing.id):
                log.info("outbox.done", campaign=standing.id, kind=standing.campaign.kind)
