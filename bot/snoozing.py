"""Asks again in the evening who said “this evening”: once, while people are awake, a few at a time so that replies go first. It knows
channels and the clock, and nothing of what is said.

A wish is taken from those that wait before its message leaves. What certainly did not leave goes back; what may have is not sent again."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.channels.contract import Channel, Misconfigured, RetryAfter, Sent, Unknown
from storage.database import Unavailable
from storage.snoozes import Snoozes, Wish
from surveys.conversation import Say
from surveys.delivery import is_awake
from surveys.evenings import TOO_LATE, next_evening

__all__ = ["Asking", "Snoozing"]

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=30)
SWEEP_EVERY = timedelta(hours=1)
SOME = 20  # in hand at a time: so many are lost at most with the process
A_WHILE = timedelta(minutes=10)  # before another try, where an account could not send


class Asking(Protocol):
    """What is asked, by whoever knows the surveys: `handlers.evenings.Evenings`."""

    async def open_waves(self) -> frozenset[int]: ...

    async def say(self, wish: Wish, /) -> Say | None: ...


class Snoozing:
    """Any number of processes may run one: of those who take the same wish, one wins."""

    def __init__(
        self,
        snoozes: Snoozes,
        asking: Asking,
        channels: Callable[[], Mapping[str, Channel]],
        now: Callable[[], datetime],
    ) -> None:
        self._snoozes = snoozes
        self._asking = asking
        self._channels = channels
        self._now = now
        self._swept_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                await self.step()
            except Unavailable as away:
                log.warning("snoozing.database_away", reason=str(away))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY.total_seconds()):
                    await stop.wait()

    async def step(self) -> int:
        """Sends what is due. Returns how many that were. Raises Unavailable; then what was in hand waits again."""
        await self._swept()
        number = 0
        while is_awake(self._now()):
            wishes = await self._snoozes.take(self._now(), SOME)
            for place, wish in enumerate(wishes):
                try:
                    number += await self._asked(wish)
                except Unavailable:
                    for each in wishes[place:]:
                        await self._snoozes.give_back(each, each.at)
                    raise
            if len(wishes) < SOME:
                break
        return number

    async def _swept(self) -> None:
        """What concerns waves that are over is nobody's wish any more."""
        now = self._now()
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        await self._snoozes.purge(await self._asking.open_waves())
        self._swept_at = now

    async def _asked(self, wish: Wish) -> bool:
        now = self._now()
        if now - wish.at > TOO_LATE:
            # Nobody is asked at breakfast what they put off until the evening.
            await self._snoozes.give_back(wish, next_evening(now))
            return False
        say = await self._asking.say(wish)
        if say is None:
            return False
        channel = self._channels().get(wish.address.account)
        if channel is None:
            await self._snoozes.give_back(wish, now + A_WHILE)
            return False
        await self._snoozes.told(wish, now)
        outcome = await channel.send(wish.address, say)
        if isinstance(outcome, RetryAfter | Misconfigured):
            delay = outcome.delay if isinstance(outcome, RetryAfter) else A_WHILE
            await self._snoozes.give_back(wish, now + delay)
        elif not isinstance(outcome, Sent | Unknown):
            await self._snoozes.told(wish, None)
        if not isinstance(outcome, Sent):
            log.warning("snoozing.not_sent", account=wish.address.account, outcome=type(outcome).__name__)
        return isinstance(outcome, Sent)
