"""Writes down what became of an account's messages, many at once and as often as the last writing is done: what is not on disk when we
die is unknown. It also sees what many outcomes say together: a message nobody's platform takes, people who are gone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from bot.sending.office import Office
from storage.database import Unavailable
from storage.outbox import Outbox, Outcome, Standing
from surveys.conversation import Address
from surveys.delivery import POISON, DeliveryState, Why

__all__ = ["Recorder"]

log = structlog.get_logger(__name__)

A_MOMENT = 1.0  # seconds, while the database is away
NOBODY_THERE = 20  # gone in a row: then it is the bot that is wrong, not the people


class Recorder:
    def __init__(
        self,
        account: str,
        office: Office,
        campaigns: Callable[[], Iterable[Standing]],
        rest: Callable[[timedelta, str], None],
        written: Callable[[list[Outcome]], None],
    ) -> None:
        """`campaigns`: those under way here; `rest`: keeps the account quiet for a while; `written`: is told what is on disk now."""
        self._account = account
        self._office = office
        self._campaigns = campaigns
        self._rest = rest
        self._written = written
        self._outcomes: list[Outcome] = []
        self._pause: tuple[datetime, str] | None = None
        self._gone: list[Address] = []
        self._refusals: Counter[tuple[int, str]] = Counter()
        self._news = asyncio.Event()
        self._is_ending = False

    def add(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._news.set()

    def pause(self, until: datetime, why: str) -> None:
        """The account's pause, on disk with the next outcomes: a restart does not forget it."""
        self._pause = until, why
        self._news.set()

    def is_gone(self, address: Address) -> None:
        self._gone.append(address)

    def is_refused(self, campaign: int, reason: str) -> None:
        """By the platform, of a campaign whose rows do not tell."""
        self._refusals[campaign, reason] += 1

    def end(self) -> None:
        """Nothing more comes."""
        self._is_ending = True
        self._news.set()

    async def run(self) -> None:
        while not (self._is_ending and not self._outcomes and self._pause is None):
            await self._news.wait()
            self._news.clear()
            outcomes, self._outcomes = self._outcomes, []
            pause, self._pause = self._pause, None
            try:
                await self._write_down(outcomes, pause)
            except Unavailable as away:
                log.warning("outbox.not_written_down", account=self._account, reason=str(away))
                if self._is_ending:
                    return  # their leases end, and tell
                self._outcomes = outcomes + self._outcomes
                self._pause = self._pause or pause
                await asyncio.sleep(A_MOMENT)
                self._news.set()
                continue
            except BaseException:
                # It breaks, and its line with it; what was not written down is still here for `last`.
                self._outcomes = outcomes + self._outcomes
                raise
            await self._part(any(each.state is DeliveryState.SENT for each in outcomes))

    async def last(self) -> None:
        """Once more, what is left when `run` has broken: these messages have an outcome, and need not be unknown."""
        outcomes, self._outcomes = self._outcomes, []
        await self._write_down(outcomes, None)

    async def _write_down(self, outcomes: list[Outcome], pause: tuple[datetime, str] | None) -> None:
        if not outcomes and pause is None:
            return
        async with self._office.db.transaction() as tx:
            settled = await tx.outbox.settle(self._office.owner, outcomes)
            if self._office.beyond is not None:
                await self._office.beyond.settled(tx, outcomes, settled)
            if pause is not None:
                await tx.outbox.pause_account(self._account, *pause)
            if any(each.state is DeliveryState.FAILED for each in outcomes):
                await self._stop_poison(tx.outbox)
            await self._stop_refused(tx.outbox)
        if self._office.beyond is not None:
            self._office.beyond.written(outcomes)
        self._written(outcomes)

    async def _stop_poison(self, box: Outbox) -> None:
        """A message that three different people's platform refuses alike will be refused for all of them."""
        for standing in self._campaigns():
            reason, people = await box.alike(standing.id)
            if people >= standing.poison_at and await box.pause(standing.id, f"{Why.POISON}: {reason}"):
                log.error(
                    "outbox.poison",
                    campaign=standing.id,
                    people=people,
                    reason=reason,
                    do=f"Look at it: langnghe outbox dead {standing.id}",
                )

    async def _stop_refused(self, box: Outbox) -> None:
        """The same of a campaign of which nobody may see whom it reached: counted here, and by this process alone."""
        for (campaign, reason), people in list(self._refusals.items()):
            if people >= POISON:
                del self._refusals[campaign, reason]
                if await box.pause(campaign, f"{Why.POISON}: {reason}"):
                    log.error("outbox.poison", campaign=campaign, reason=reason)

    async def _part(self, somebody_is_there: bool) -> None:
        """Who is gone is let go of – but not before somebody else was reached: with a wrong token, everybody seems gone."""
        if somebody_is_there:
            gone, self._gone = self._gone, []
            for address in gone:
                await self._office.left(address)
        elif len(self._gone) >= NOBODY_THERE:
            self._gone.clear()
            log.error(
                "outbox.nobody_there", account=self._account, do="Is this the right bot for this database?"
            )
            self._rest(self._office.patience.gone, "nobody at all seems to be there")
