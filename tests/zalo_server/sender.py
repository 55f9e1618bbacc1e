"""The webhook sender: signs what happened, waits two seconds for an answer, and tries again on a ladder. It knows no event."""

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from tests.zalo_server.events import signed, written
from tests.zalo_server.oauth import App
from tests.zalo_server.world import World

__all__ = ["Delivery", "Post", "Sender"]

Post = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]
"""How the webhook is reached: body and headers in; status, headers and body out."""

PATIENCE = 2.0  # seconds
LADDER = (30.0, 300.0, 900.0, 1800.0, 3600.0)  # seconds after each failure (A8.1)


@dataclass(order=True)
class Delivery:
    due: float
    number: int
    body: bytes = field(compare=False)
    headers: dict[str, str] = field(compare=False)
    tries: int = field(default=0, compare=False)


class Sender:
    def __init__(self, app: App, world: World, now: Callable[[], float], seed: int = 0) -> None:
        self.app = app
        self.world = world
        self.now = now
        self.post: Post | None = None
        self.dice = random.Random(seed)
        self.dropped: list[Delivery] = []
        """Given up after the last rung: nobody will ever hear of these."""
        self.answers: list[int] = []
        """Every status; 0 for none within the two seconds."""
        self.twice = 0.0
        """How often a delivery comes a second time though it was answered."""
        self.shuffles = False
        self._waiting: list[Delivery] = []
        self._count = count()

    def take(self) -> None:
        """What has happened since, ready to be brought."""
        while self.world.happened:
            _, event = self.world.happened.popleft()
            event = {"app_id": self.app.id, **event}
            body = written(event, self.dice)
            headers = signed(self.app.id, body, event["timestamp"], self.app.oa_key)
            self.put(body, headers)
            if self.dice.random() < self.twice:
                self.put(body, headers)

    def put(self, body: bytes, headers: dict[str, str]) -> None:
        heapq.heappush(self._waiting, Delivery(self.now(), next(self._count), body, headers))

    @property
    def next_at(self) -> float | None:
        return self._waiting[0].due if self._waiting else None

    async def bring(self) -> None:
        """Everything that is due now, and what happens because of it."""
        self.take()
        while self._waiting and self._waiting[0].due <= self.now():
            due = []
            while self._waiting and self._waiting[0].due <= self.now():
                due.append(heapq.heappop(self._waiting))
            if self.shuffles:
                self.dice.shuffle(due)
            for delivery in due:
                await self._try(delivery)
            self.take()

    async def _try(self, delivery: Delivery) -> None:
        assert self.post is not None, "nobody said how the webhook is reached"
        headers = dict(delivery.headers)
        if delivery.tries:
            headers["num_retry"] = str(delivery.tries)
        try:
            async with asyncio.timeout(PATIENCE):
                status, _, _ = await self.post(delivery.body, headers)
        except (TimeoutError, OSError):
            status = 0
        self.answers.append(status)
        if status == 200:
            return
        if delivery.tries == len(LADDER):
            self.dropped.append(delivery)
            return
        delivery.due = self.now() + LADDER[delivery.tries]
        delivery.tries += 1
        heapq.heappush(self._waiting, delivery)
