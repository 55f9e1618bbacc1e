"""Two platforms in memory, as far as a sender can tell: they take messages, refuse them, ask for patience, lose the answer, and remember
what really arrived. In memory because a socket knows no virtual time; how real platforms fail is tests/contracts'."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from bot.channels.contract import (
    Channel,
    ContactGone,
    Limits,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
)
from bot.channels.pacing import Place, Window
from surveys.conversation import Address, Say

if TYPE_CHECKING:
    from tests.year.process import Process
    from tests.year.world import World

__all__ = ["TELEGRAM", "ZALO", "Arrived", "Platform"]

TELEGRAM, ZALO = "telegram", "zalo:77"
A_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message that lies in somebody's chat, whatever became of the news of it."""

    at: datetime
    address: Address
    say: Say
    is_known: bool
    """Whether the platform said so."""
    sender: "Process"


@dataclass
class Platform:
    world: "World"
    chance: Random
    log: list[Arrived] = field(default_factory=list)
    troubles: float = 0.0
    """How many of a thousand calls go wrong."""
    gone: dict[Address, datetime] = field(default_factory=dict)
    """Who has blocked us, and since when."""
    received: Callable[[Arrived], None] = lambda arrived: None
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def channels_of(self, process: "Process") -> Callable[[], Mapping[str, Channel]]:
        channels = {account: InMemory(account, self, process) for account in (TELEGRAM, ZALO)}
        return lambda: channels

    async def takes(self, address: Address, say: Say, sender: "Process") -> Outcome:
        await asyncio.sleep(self.chance.uniform(0.02, 0.2))
        trouble = self.chance.random() * 1000 < self.troubles
        kind = self.chance.choice(("haste", "lost", "late", "refused")) if trouble else ""
        if address in self.gone:
            return self._told(ContactGone("blocked"))
        match kind:
            case "haste":
                return self._told(RetryAfter(timedelta(seconds=self.chance.uniform(1, 90))))
            case "refused":
                return self._told(Rejected(f"400 of its own kind {self.chance.random()}"))
            case "lost":
                if self.chance.random() < 0.5:
                    self._arrives(address, say, sender, is_known=False)
                return self._told(Unknown("connection reset"))
            case "late":
                self._arrives(address, say, sender, is_known=False)
                await asyncio.sleep(self.chance.uniform(10, 120))
                return self._told(Sent(str(len(self.log))))
        self._arrives(address, say, sender, is_known=True)
        return self._told(Sent(str(len(self.log))))

    def _told(self, outcome: Outcome) -> Outcome:
        self.outcomes[type(outcome).__name__] += 1
        return outcome

    def _arrives(self, address: Address, say: Say, sender: "Process", *, is_known: bool) -> None:
        arrived = Arrived(self.world.now(), address, say, is_known, sender)
        self.log.append(arrived)
        self.received(arrived)


class InMemory:
    """A process's way to one account of the platform."""

    limits = Limits(text=4096, buttons=True, edits=True, files=True)

    def __init__(self, account: str, platform: Platform, process: "Process") -> None:
        self.account = account
        self.window = Window(A_SECOND)
        self._platform = platform
        self._process = process

    async def send(self, address: Address, say: Say) -> Outcome:
        if self._process.is_dead:
            raise asyncio.CancelledError
        return await self._platform.takes(address, say, self._process)

    async def send_in(self, place: Place, address: Address, say: Say) -> Outcome:
        try:
            return await self.send(address, say)
        finally:
            place.leave()
