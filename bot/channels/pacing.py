"""So many messages in any second to one platform, and whoever waits for an answer goes first. It knows no platform.

The second is a sliding one, and it holds at the platform, not only here: a message may arrive at any moment between its leaving and
its answer, so it keeps its place from when it leaves until a second after its answer came. Bulk is spread over the second instead of
filling it at once, so that a place comes free every few milliseconds and a reply never waits for the next second."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from bot.channels.throttle import Priority

__all__ = ["Place", "Sliding", "Window"]

A_SECOND = 1.0
EVENLY = 0.9  # of its fair share of the second bulk waits between two; the window itself is what binds
LATE = 0.02  # seconds a timer may be late; what should have left meanwhile follows at once, and never more


class Sliding:
    """The count alone: how many are under way or ended less than a second ago. No waiting, and no clock of its own."""

    def __init__(self, limit: int, second: float = A_SECOND) -> None:
        if limit < 1:
            raise ValueError("at least one message a second")
        self.limit = limit
        self.second = second
        self.under_way = 0
        self._ended: deque[float] = deque()

    def taken(self, now: float) -> int:
        while self._ended and self._ended[0] + self.second < now:
            self._ended.popleft()
        return self.under_way + len(self._ended)

    def enter(self, now: float) -> bool:
        """Whether there was room."""
        if self.taken(now) >= self.limit:
            return False
        self.under_way += 1
        return True

    def leave(self, now: float) -> None:
        self.under_way -= 1
        self._ended.append(now)

    def give_back(self) -> None:
        """It never left, so it never arrived."""
        self.under_way -= 1

    def fill(self, now: float) -> None:
        """As if everything had just been used: whoever used this account before may have."""
        self._ended.extend([now] * (self.limit - self.taken(now)))

    def free_at(self) -> float | None:
        """When the next place comes free by itself; None when only an answer can free one."""
        return self._ended[0] + self.second if self._ended else None


class Place:
    """One message's place in the window: left once, when its answer is there, or given back unused."""

    __slots__ = ("_window",)

    def __init__(self, window: "Window") -> None:
        self._window: Window | None = window

    def leave(self) -> None:
        if self._window is not None:
            self._window._leave()
            self._window = None

    def give_back(self) -> None:
        if self._window is not None:
            self._window._give_back()
            self._window = None


class Window:
    """One account's second, for everything that sends on it. For one process: only one sends on an account."""

    def __init__(
        self, a_second: int, clock: Callable[[], float] | None = None, second: float = A_SECOND
    ) -> None:
        """`second`: where something else than a second counts."""
        self._sliding = Sliding(a_second, second)
        self._clock = clock
        self._lines: dict[Priority, deque[asyncio.Future[Place]]] = {each: deque() for each in Priority}
        self._spacing = EVENLY * second / a_second
        self._next_bulk = 0.0
        self._rests_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        return self._sliding.limit

    @property
    def waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    async def place(self, priority: Priority) -> Place:
        """Waits for its turn. Cancelled while it waits, it has none."""
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._lines[priority].append(turn)
        self._advance()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                turn.result().give_back()
            raise

    def at_once(self, priority: Priority) -> Place | None:
        """A place if there is one free and nobody before."""
        now = self._now()
        if any(self._lines[each] for each in Priority if each <= priority) or not self._may(priority, now):
            return None
        return self._granted(priority, now) if self._sliding.enter(now) else None

    def rest(self, delay: timedelta) -> None:
        """The platform says it is too much: nobody sends for so long."""
        self._rests_until = max(self._rests_until, self._now() + delay.total_seconds())

    def fill(self) -> None:
        """Begins with a full second: another process may have used it."""
        self._sliding.fill(self._now())

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()

    def _may(self, priority: Priority, now: float) -> bool:
        return now >= self._rests_until and (priority is Priority.REPLY or now >= self._next_bulk)

    def _granted(self, priority: Priority, now: float) -> Place:
        if priority is Priority.BULK:
            # A timer that was late is made up for, but never with a burst.
            self._next_bulk = max(self._next_bulk, now - LATE) + self._spacing
        return Place(self)

    def _leave(self) -> None:
        self._sliding.leave(self._now())
        self._advance()

    def _give_back(self) -> None:
        self._sliding.give_back()
        self._advance()

    def _advance(self) -> None:
        """Gives places to whoever is next, then sleeps until there is another."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._now()
        for priority in Priority:
            line = self._lines[priority]
            while line:
                if line[0].done():  # cancelled while waiting
                    line.popleft()
                elif self._may(priority, now) and self._sliding.enter(now):
                    line.popleft().set_result(self._granted(priority, now))
                else:
                    self._wake(priority, now)
                    return

    def _wake(self, priority: Priority, now: float) -> None:
        """Looks again when the first in line may go. A place that only an answer can free needs no timer: leaving wakes us."""
        moment = max(self._rests_until, self._next_bulk if priority is Priority.BULK else 0.0)
        if self._sliding.taken(now) >= self.limit:
            free_at = self._sliding.free_at()
            if free_at is None:
                return
            moment = max(moment, free_at)
        # A hair later than the moment: a place is free only when its second is over.
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, moment - now) + 0.0005, self._advance)
