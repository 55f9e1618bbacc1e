"""What still goes out to people after their message was acknowledged: in order for each, many at once, drained at stop.
It knows no platform and keeps nothing on disk: what is lost in a crash is a question, asked again at the next word."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

__all__ = ["Allowance", "Errand", "Errands", "Pace"]

log = structlog.get_logger(__name__)

DRAIN = timedelta(seconds=1)  # Ctrl-C has two seconds in all

CHATS = 20_000  # remembered by a `Pace`: some 4 MB

Errand = Callable[[], Awaitable[object]]


class Errands:
    """An async context: leaving it waits a little for what is under way, then drops the rest."""

    def __init__(self, drain: timedelta = DRAIN) -> None:
        self._drain = drain
        self._group = asyncio.TaskGroup()
        self._waiting: dict[Hashable, deque[Errand]] = {}
        self._dropped = 0

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            async with asyncio.timeout(self._drain.total_seconds()):
                await self._group.__aexit__(None, None, None)
        except TimeoutError:
            log.warning("errands.dropped", errands=self._dropped)

    def add(self, chat: Hashable, errands: Iterable[Errand]) -> None:
        """Runs them after everything this chat still waits for."""
        queue = self._waiting.get(chat)
        if queue is not None:
            queue.extend(errands)
            return
        queue = deque(errands)
        if queue:
            self._waiting[chat] = queue
            self._group.create_task(self._run(chat, queue))

    def is_busy(self, chat: Hashable) -> bool:
        return chat in self._waiting

    def __len__(self) -> int:
        """How many chats have something on its way."""
        return len(self._waiting)

    async def _run(self, chat: Hashable, queue: deque[Errand]) -> None:
        try:
            while queue:
                try:
                    await queue[0]()
                except Exception as surprise:
                    log.error("errands.failed", error=type(surprise).__name__)
                queue.popleft()
        finally:
            self._dropped += len(queue)
            del self._waiting[chat]


class Allowance:
    """So many a second, and no more."""

    def __init__(self, a_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = a_second
        self._clock = clock
        self._second = 0
        self._left = a_second

    def take(self) -> bool:
        second = int(self._clock())
        if second != self._second:
            self._second, self._left = second, self._a_second
        self._left -= 1
        return self._left >= 0


class Pace:
    """One message a second to each chat, and before that a burst: what a platform takes without complaint. A chat is
    forgotten once it may have a whole burst again."""

    def __init__(self, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = float(burst)
        self._clock = clock
        self._left: dict[Hashable, tuple[float, float]] = {}

    def take(self, chat: Hashable, messages: int) -> bool:
        """Counts them. Whether they are still within the pace."""
        now = self._clock()
        left, since = self._left.get(chat, (self._burst, now))
        left = min(self._burst, left + now - since) - messages
        if chat not in self._left and len(self._left) >= CHATS:
            self._forget(now)
        self._left[chat] = (max(left, 0.0), now)
        return left >= 0

    def _forget(self, now: float) -> None:
        self._left = {
            chat: spent for chat, spent in self._left.items() if spent[0] + now - spent[1] < self._burst
        }
        if len(self._left) >= CHATS:  # a crowd such as no bot has: better forget than grow
            self._left.clear()
