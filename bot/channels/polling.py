"""Asking a platform for updates: nothing is confirmed before it is handled, one person's never overtake each other, many
people's are handled at once. It knows no platform."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from bot.channels.contract import Outcome, RetryAfter
from storage.database import Unavailable

__all__ = ["Polling", "unless"]

log = structlog.get_logger(__name__)

FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(seconds=30)

Update = Mapping[str, Any]
T = TypeVar("T")


class Polling:
    def __init__(
        self,
        *,
        account: str,
        listen: Callable[[int], Awaitable[list[tuple[int, Update]]]],
        take: Callable[[Update], Awaitable[None]],
        sender_of: Callable[[Update], int | None],
        translate: Callable[[Exception], Outcome],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """`listen` gives the updates from a number on, and so confirms all before it; `take` handles one, and raises
        Unavailable when nothing was done."""
        self._account = account
        self._listen = listen
        self._take = take
        self._sender_of = sender_of
        self._translate = translate
        self._pause = pause
        self._confirmed = 0  # the next update to ask for
        self._ahead: set[int] = set()  # handled already, while one before them was not

    async def run(self, stop: asyncio.Event) -> int:
        """Until told to stop. The number up to which everything is handled, and may be confirmed."""
        failures = 0
        while not stop.is_set():
            try:
                batch = await unless(stop, self._listen(self._confirmed))
            except Exception as error:
                failures += 1
                outcome = self._translate(error)
                log.warning("polling.failed", account=self._account, outcome=repr(outcome))
                await self._back_off(stop, failures, outcome)
                continue
            if batch is None or await self._take_batch(batch):
                failures = 0
                continue
            failures += 1
            await self._back_off(stop, failures)
        return self._confirmed

    async def _take_batch(self, batch: list[tuple[int, Update]]) -> bool:
        """Whether all were handled."""
        if not batch:
            # Everything is confirmed. Asking from the first again costs nothing, and finds the updates whose numbers
            # start afresh, perhaps lower, after a quiet week.
            self._confirmed = 0
            self._ahead.clear()
        batch = sorted(batch, key=lambda numbered: numbered[0])
        people: dict[object, list[tuple[int, Update]]] = {}
        for number, update in batch:
            if number in self._ahead:
                continue
            sender = self._sender_of(update)
            people.setdefault(("nobody", number) if sender is None else sender, []).append((number, update))
        async with asyncio.TaskGroup() as group:
            for theirs in people.values():
                group.create_task(self._take_in_order(theirs))
        for number, _ in batch:
            if number not in self._ahead:
                return False
            self._confirmed = number + 1
            self._ahead.discard(number)
        return True

    async def _take_in_order(self, theirs: list[tuple[int, Update]]) -> None:
        for number, update in theirs:
            try:
                await self._take(update)
            except Unavailable as away:
                log.warning("polling.storage_away", account=self._account, update_id=number, reason=str(away))
                return  # what this person said next must not overtake it
            self._ahead.add(number)

    async def _back_off(self, stop: asyncio.Event, failures: int, outcome: Outcome | None = None) -> None:
        delay = min(FIRST_BACKOFF * 2 ** min(failures - 1, 10), LONGEST_BACKOFF)
        if isinstance(outcome, RetryAfter):
            delay = max(delay, outcome.delay)
        await unless(stop, self._pause(delay.total_seconds()))


async def unless(stop: asyncio.Event, wait: Awaitable[T]) -> T | None:
    """What is waited for; None when told to stop before."""
    waiting, stopping = asyncio.ensure_future(wait), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        return await waiting if waiting.done() else None
    finally:
        waiting.cancel()
        stopping.cancel()
        await asyncio.gather(waiting, stopping, return_exceptions=True)
