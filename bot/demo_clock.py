"""The demo's clock: the present, and however far somebody has moved it on. It goes on by itself, and only forward. Nowhere else is there a
clock that can be moved."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.app import utc_now

__all__ = ["DemoClock"]


class DemoClock:
    def __init__(
        self, now: Callable[[], datetime] = utc_now, passed: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._passed = passed
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._now() + self._ahead

    def passed(self) -> float:
        """Seconds of a time that was moved on with the days: whoever holds the two side by side sees no leap in what is meant to be one,
        and still sees one that is not."""
        return self._passed() + self._ahead.total_seconds()

    def move_to(self, moment: datetime) -> None:
        """Nothing where that is over."""
        self._ahead = max(self._ahead, moment - self._now())
