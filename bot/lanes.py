"""One lane per sender: one person's messages are taken in order, many people's at once. It knows nothing of what is done."""

import asyncio
from collections import deque
from contextlib import suppress
from types import TracebackType

from surveys.conversation import Address

__all__ = ["Crowded", "Lanes"]

PLACES = 10_000  # messages in the house at once; at a kilobyte or two each, some 20 MB
PLACES_OF_ONE = 32  # a person types and taps far slower; more than this is a flood


class Crowded(Exception):
    """Too many messages are waiting: this one was not taken, and its platform should bring it again."""


class Lanes:
    """`async with lanes.of(address):` waits until everything this person sent before is done.

    Fair: a lane is first come, first served, and no sender can hold more than a few of the places, so a flood
    from one is refused while everybody else is served. Nothing is kept of a person with nothing under way.
    """

    def __init__(self, *, places: int = PLACES, of_one: int = PLACES_OF_ONE) -> None:
        self._free = places
        self._of_one = of_one
        # A busy sender has an entry; its queue is made only when somebody has to wait.
        self._busy: dict[Address, deque[asyncio.Future[None]] | None] = {}

    def of(self, sender: Address) -> "Place":
        """A place in the sender's lane. Entering it raises Crowded when there is none."""
        return Place(self, sender)

    def is_busy(self, sender: Address) -> bool:
        return sender in self._busy

    def __len__(self) -> int:
        """How many people have something under way."""
        return len(self._busy)

    async def _enter(self, sender: Address) -> None:
        if self._free <= 0:
            raise Crowded
        if sender not in self._busy:
            self._busy[sender] = None
            self._free -= 1
            return
        queue = self._busy[sender]
        if queue is None:
            queue = self._busy[sender] = deque()
        if len(queue) + 1 >= self._of_one:
            raise Crowded
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._free -= 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():  # still waiting: step out of the queue
                self._free += 1
                with suppress(ValueError):  # whoever left the lane meanwhile has passed over it
                    queue.remove(turn)
            else:  # cancelled just as its turn came: the next one must not wait for ever
                self._leave(sender)
            raise

    def _leave(self, sender: Address) -> None:
        self._free += 1
        queue = self._busy[sender]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._busy[sender]


class Place:
    """One message's place in its sender's lane."""

    __slots__ = ("_lanes", "_sender")

    def __init__(self, lanes: Lanes, sender: Address) -> None:
        self._lanes = lanes
        self._sender = sender

    async def __aenter__(self) -> None:
        await self._lanes._enter(self._sender)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lanes._leave(self._sender)
