"""So many calls a minute to one platform, and whoever waits for an answer goes first. It knows no platform.

The minute is a sliding one, and it holds at the platform, not only here: a call may arrive at any moment between its leaving and
its answer, so it keeps its place from when it leaves until a minute after its answer came."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

__all__ = ["IN_LINE", "NoRoom", "Priority", "Throttle", "Turn"]

A_MINUTE = 60.0  # seconds
A_MOMENT = 0.05  # seconds between two looks, where nobody can say when a call under way will end
SPARE = 4  # of so many places in a minute, bulk leaves one free: who writes now must not wait for those who did not


class Priority(IntEnum):
    REPLY = 0
    """Somebody has just written, and waits."""
    BULK = 1
    """Nobody waits: a notice, an invitation."""


IN_LINE = {Priority.REPLY: timedelta(minutes=2), Priority.BULK: timedelta(seconds=20)}
"""How long a call waits here before it is given back. A reply has lost its point by then; what goes out in bulk has a queue of its
own on disk, with a lease that must not run out while it waits here."""


class NoRoom(Exception):
    """Nothing was called, and it will be this long before it can be."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"no room for {delay.total_seconds():.0f} seconds")
        self.delay = delay


class Throttle:
    """One account's minute. For one process: where several share an account, each has its part of the number."""

    def __init__(
        self,
        a_minute: int,
        *,
        within: "Throttle | None" = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`within`: a wider limit that several accounts share. Raises ValueError for no calls at all."""
        if a_minute < 1:
            raise ValueError("at least one call a minute")
        self._limits = {Priority.REPLY: a_minute, Priority.BULK: max(1, a_minute - a_minute // SPARE)}
        self._within = within
        self._clock = clock
        self._pause = pause
        self._under_way = 0
        self._ended: deque[float] = deque()
        """When each call ended that still has its place."""
        self._lines: dict[Priority, deque[object]] = {priority: deque() for priority in Priority}
        self._rests_until = 0.0

    def at(self, priority: Priority) -> "Turn":
        return Turn(self, priority)

    def rest(self, delay: timedelta) -> None:
        """The platform says it is too much: nobody calls for so long."""
        self._rests_until = max(self._rests_until, self._clock() + delay.total_seconds())

    def waiting(self, priority: Priority) -> int:
        """How many calls stand in line."""
        return len(self._lines[priority])

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """A place for one call: enter it just before the call, leave it when the answer is there. Raises NoRoom."""
        await self._enter(priority)
        self._under_way += 1
        try:
            if self._within is None:
                yield
                return
            async with self._within.turn(priority):
                yield
        finally:
            self._under_way -= 1
            self._ended.append(self._clock())

    async def _enter(self, priority: Priority) -> None:
        line, ticket = self._lines[priority], object()
        until = self._clock() + IN_LINE[priority].total_seconds()
        line.append(ticket)
        try:
            while (delay := self._delay(priority, ticket)) > 0:
                if self._clock() + delay > until:
                    raise NoRoom(timedelta(seconds=delay))
                await self._pause(delay)
        finally:
            line.remove(ticket)

    def _delay(self, priority: Priority, ticket: object) -> float:
        """How long it must still wait, as far as anybody can tell; nothing when it is its turn."""
        now = self._clock()
        while self._ended and self._ended[0] <= now - A_MINUTE:
            self._ended.popleft()
        rest = max(0.0, self._rests_until - now)
        before_it = self._lines[priority].index(ticket)
        if priority is Priority.BULK and (replies := len(self._lines[Priority.REPLY])):
            # Even where there is room for all of them: nobody goes before somebody who waits.
            before_it, rest = before_it + replies, max(rest, A_MOMENT)
        # So many places must come free before it is its turn.
        short = self._under_way + len(self._ended) + before_it + 1 - self._limits[priority]
        if short <= 0:
            return rest
        if short > len(self._ended):  # it waits for calls whose end nobody knows
            return max(rest, self._free_in(len(self._ended), now) if self._ended else A_MOMENT)
        return max(rest, self._free_in(short, now))

    def _free_in(self, places: int, now: float) -> float:
        return max(self._ended[places - 1] + A_MINUTE - now, A_MOMENT)


@dataclass(frozen=True, slots=True)
class Turn:
    """A throttle as one kind of call sees it: what a client is given."""

    throttle: Throttle
    priority: Priority

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Raises NoRoom."""
        async with self.throttle.turn(self.priority):
            yield

    def rest(self, delay: timedelta) -> None:
        self.throttle.rest(delay)
