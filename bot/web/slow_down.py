"""Slows guessing down without shutting anybody out. It knows nothing of who tries, and remembers nobody's address."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

__all__ = ["AT_ONCE", "FAILS_AFTER", "FREE_TRIES", "SlowDown"]

FREE_TRIES = 3  # a hand that slips
FIRST_WAIT = 0.5  # seconds, doubled with every further wrong try
LONGEST_WAIT = 8.0
FORGOTTEN_AFTER = timedelta(minutes=15)
AT_ONCE = 1_000  # tries that wait, 20 MB; whoever comes on top of them is asked to come again
# Fewer would let anybody with a handful of connections keep every office out. Guessing gains nothing by it: codes have 80 bits and more,
# and a time code is locked after ten.
FAILS_AFTER = 0.375  # seconds from a try to its “no”: longer than any reason for it takes to find


class SlowDown:
    """After wrong tries everybody who tries waits before they are looked at, whoever they are: what is right still gets in, and
    how long it took tells nothing of it. And every “no” takes the same time, whatever the reason."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`clock` counts seconds. `pause` waits so many of them."""
        self._clock = clock
        self._pause = pause
        self._wrong = 0
        self._last = 0.0
        self._waiting = 0

    async def waited(self) -> bool:
        """False when too many wait already."""
        seconds = self._seconds()
        if not seconds:
            return True
        if self._waiting >= AT_ONCE:
            return False
        self._waiting += 1
        try:
            await self._pause(seconds)
        finally:
            self._waiting -= 1
        return True

    async def was_wrong(self, since: float) -> None:
        """Since when, by the clock, this try was looked at. Returns when a “no” may be said."""
        self._wrong += 1
        self._last = self._clock()
        await self._pause(max(0.0, since + FAILS_AFTER - self._last))

    def now(self) -> float:
        return self._clock()

    def _seconds(self) -> float:
        if self._clock() - self._last > FORGOTTEN_AFTER.total_seconds():
            self._wrong = 0
        beyond = self._wrong - FREE_TRIES
        return 0.0 if beyond < 0 else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(beyond, 10))
