"""A push to very many on virtual time: the real outbox, the real sender and the real window, and a platform in memory that counts by a true
sliding second. What it takes is told in the platform's seconds, however long this machine works at it; what it costs the machine is measured by
`make bench ARGS=delivery_million`."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bot.channels.contract import Limits, Outcome, RetryAfter, Sent
from bot.channels.pacing import Place, Window
from bot.channels.throttle import Priority
from bot.sender import Patience, Sender
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.conversation import Address, Say
from surveys.delivery import DeliveryState
from tests.bot.sending_town import ACCOUNT, Town, nothing_waits
from tests.year.virtual import VirtualLoop, lived

__all__ = ["A_SECOND", "DAY", "FAR", "NEAR", "Push", "pushed"]

DAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # eight in the morning
A_SECOND = 30
NEAR, FAR = (0.002, 0.008), (0.04, 0.3)
"""Seconds within which a platform answers: one next door, one at the other end of a country."""
REPLY_EVERY = 0.5  # seconds, on average: somebody answers
WINDOW_SECOND = 1.0


@dataclass
class Push:
    """What came of it."""

    people: int
    reached: int = 0
    twice: int = 0
    refused: int = 0
    busiest_second: int = 0
    took: float = 0.0
    """Seconds from its beginning until the last one was reached."""
    replies: int = 0
    reply_waits: list[float] = field(default_factory=list)
    """Seconds each reply waited for its place, all through."""

    @property
    def limits_own_time(self) -> float:
        """What the platform's limit alone makes of so many messages, replies among them."""
        return (self.people + self.replies) / A_SECOND


class CountingPlatform:
    """Takes so many in any second, and refuses the one too many."""

    account = ACCOUNT
    limits = Limits(text=4096, buttons=True, edits=True, files=True)

    def __init__(self, loop: VirtualLoop, found: Push, answers_in: tuple[float, float]) -> None:
        self._answers_in = answers_in
        self.window = Window(A_SECOND)
        self._loop = loop
        self._found = found
        self._chance = Random(1578)
        self._last: deque[float] = deque()
        self._reached: set[str] = set()
        self.last_at = 0.0
        self.all_reached = asyncio.Event()

    async def send(self, address: Address, say: Say) -> Outcome:
        await asyncio.sleep(self._chance.uniform(*self._answers_in) / 2)  # on its way there
        if not self._has_room():
            self._found.refused += 1
            return RetryAfter(timedelta(seconds=1))
        self.last_at = self._loop.time()
        if address.id in self._reached:
            self._found.twice += 1
        self._reached.add(address.id)
        self._found.reached = len(self._reached)
        if self._found.reached == self._found.people:
            self.all_reached.set()
        await asyncio.sleep(self._chance.uniform(*self._answers_in) / 2)  # and back
        return Sent(str(len(self._reached)))

    async def send_in(self, place: Place, address: Address, say: Say) -> Outcome:
        try:
            return await self.send(address, say)
        finally:
            place.leave()

    async def replies(self) -> None:
        """To whoever has just answered: before all others."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / REPLY_EVERY))
            asked = self._loop.time()
            place = await self.window.place(Priority.REPLY)
            self._found.reply_waits.append(self._loop.time() - asked)
            await asyncio.sleep(self._chance.uniform(*self._answers_in))
            if not self._has_room():
                self._found.refused += 1
            place.leave()
            self._found.replies += 1

    def _has_room(self) -> bool:
        now = self._loop.time()
        while self._last and self._last[0] <= now - WINDOW_SECOND:
            self._last.popleft()
        if len(self._last) >= A_SECOND:
            return False
        self._last.append(now)
        self._found.busiest_second = max(self._found.busiest_second, len(self._last))
        return True


def pushed(directory: Path, url: str, people: int, answers_in: tuple[float, float] = NEAR) -> Push:
    """To so many, whose contacts are in the database already."""
    found = Push(people)
    lived(lambda loop: _push(loop, directory, url, found, answers_in))
    return found


async def _push(
    loop: VirtualLoop, directory: Path, url: str, found: Push, answers_in: tuple[float, float]
) -> None:
    def now() -> datetime:
        return DAY + timedelta(seconds=loop.time())

    db = await Database.open(url)
    town = Town(db, Vault(FileKeys(directory / "keys")), directory, now, "", patience=Patience())
    platform = CountingPlatform(loop, found, answers_in)
    campaign, begun = await town.campaign(), loop.time()
    stop = asyncio.Event()
    sending = asyncio.ensure_future(
        Sender(town.office(), lambda: {ACCOUNT: platform}, nothing_waits).run(stop)
    )
    replying = asyncio.ensure_future(platform.replies())
    await platform.all_reached.wait()
    found.took = platform.last_at - begun
    replying.cancel()
    await town.until_done(campaign)
    stop.set()
    await asyncio.gather(sending, replying, return_exceptions=True)
    counts = await town.counts(campaign)
    assert counts == {DeliveryState.SENT: found.people}, counts
    await db.close()
