"""Whether this process may send on an account: who holds it, what is paused, which campaigns are under way. It sends nothing."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bot.channels.pacing import Window
from bot.sending.office import Office
from handlers.clock_holds import OLDER, RESTORED, both_numbers, held, is_older
from storage.database import Unavailable
from storage.outbox import ALL, Standing
from surveys.delivery import CampaignState, Why

__all__ = ["Holding"]

log = structlog.get_logger(__name__)

FOREVER = timedelta(days=3650)
OF_THE_LEASE = 2 / 3  # left of it when it is taken for longer
JUST_NOW = 2.0  # seconds in which a pause of our own may not be on disk yet


class Holding:
    def __init__(self, account: str, office: Office, window: Window) -> None:
        self._account = account
        self._office = office
        self._window = window
        self.campaigns: dict[int, Standing] = {}
        """Those that go on, in the order they are sent."""
        self._leased_until: datetime | None = None
        self._rests_until: datetime | None = None
        self._said_at = -JUST_NOW

    @property
    def is_ours(self) -> bool:
        return self._leased_until is not None and self._office.now() < self._leased_until

    @property
    def rests(self) -> bool:
        return self._rests_until is not None and self._office.now() < self._rests_until

    @property
    def may_send(self) -> bool:
        return self.is_ours and not self.rests

    def lost(self) -> None:
        self._leased_until = None

    def rest(self, until: datetime) -> bool:
        """Whether that is longer than it rested anyway."""
        if self._rests_until is not None and until <= self._rests_until:
            return False
        self._rests_until = until
        self._said_at = asyncio.get_running_loop().time()
        return True

    async def look(self) -> None:
        """Raises Unavailable."""
        office, now = self._office, self._office.now()
        lease = office.patience.account
        if self._leased_until is None or self._leased_until - now < lease * OF_THE_LEASE:
            async with office.db.transaction() as tx:
                is_ours = await tx.outbox.lease(self._account, office.owner, now=now, until=now + lease)
            if is_ours and not self.is_ours:
                await self._take_over()
            self._leased_until = now + lease if is_ours else None
        async with office.db.reading() as tx:
            senders = await tx.outbox.senders()
            campaigns = await tx.outbox.unfinished() if self.is_ours else []
        self.campaigns = {each.id: each for each in campaigns if each.state is CampaignState.OPEN}
        pauses = [each.paused_until for name in (ALL, self._account) if (each := senders.get(name))]
        if asyncio.get_running_loop().time() - self._said_at < JUST_NOW:
            pauses.append(self._rests_until)
        self._rests_until = max((each for each in pauses if each is not None), default=None)

    async def let_go(self) -> None:
        """A standby need not wait for the lease to end."""
        with suppress(Unavailable):
            async with self._office.db.transaction() as tx:
                await tx.outbox.let_go(self._account, self._office.owner)

    async def _take_over(self) -> None:
        """Whoever held the account a moment ago may have used this second; and this may be another database than they had."""
        self._window.fill()
        epochs = self._office.epochs
        epoch, known = await both_numbers(self._epoch, lambda: epochs.known(self._account))
        if not await self.is_restored(epoch, known) and epoch == 0:
            await epochs.begin(self._account)

    async def _epoch(self) -> int:
        async with self._office.db.reading() as tx:
            return (await tx.outbox.senders())[self._account].epoch

    async def is_restored(self, epoch: int, known: int | None) -> bool:
        """Whether the database, whose number that is, is older than what was sent from it, by the number that stood beside the keys; then
        nothing more is sent on any account until somebody has looked. Raises Unavailable."""
        if not is_older(epoch, known):
            return False
        log.error(
            "outbox.restored",
            account=self._account,
            do="The database is older than what was sent from it. Nothing is sent until: langnghe outbox release",
        )
        async with self._office.db.transaction() as tx:
            await tx.outbox.pause_account(ALL, self._office.now() + FOREVER, Why.RESTORED)
            # What happens by itself would send again as well, by another way.
            await held(tx, RESTORED, OLDER, self._office.now())
        self.rest(self._office.now() + FOREVER)
        return True
