"""What can go wrong with a database, wrapped around a real one: it is away, it loses a unit of work on the way out, or keeps it and the
news of that is lost; and the process that works with it dies in the middle, after which nothing it still tries has any effect.

It stands for outages that a real server would have to be made to have at one very moment, and so could not be replayed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from random import Random

from storage.database import Database, Unavailable
from storage.transaction import Tx

__all__ = ["Faulty", "Weather"]


@dataclass
class Weather:
    """What befalls everybody's database at this moment."""

    chance: Random
    is_away: bool = False
    lost: float = 0.0
    """How many of a thousand units of work are undone at their end, and say so."""
    unsure: float = 0.0
    """How many are kept, and the news of it is lost."""
    happened: dict[str, int] = field(default_factory=dict)

    def draws(self, what: str, of_a_thousand: float) -> bool:
        if not of_a_thousand or self.chance.random() >= of_a_thousand / 1000:
            return False
        self.happened[what] = self.happened.get(what, 0) + 1
        return True


class Faulty(Database):
    """One process's way to the database."""

    def __init__(
        self, real: Database, weather: Weather, is_dead: Callable[[], bool], turnstile: asyncio.Lock | None
    ) -> None:
        """`turnstile`: where two processes share one file in one thread, the second would wait for the first with the thread in its hands."""
        self._real = real
        self._weather = weather
        self._is_dead = is_dead
        self._turnstile = turnstile

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self._turnstile or nullcontext():
            self._look()
            async with self._real.transaction() as tx:
                yield tx
                if self._is_dead():
                    raise asyncio.CancelledError
                if self._weather.is_away or self._weather.draws("lost", self._weather.lost):
                    raise Unavailable("The database went away, and this with it.")
        if self._weather.draws("unsure", self._weather.unsure):
            raise Unavailable("The database kept this, and nobody heard of it.")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        self._look()
        async with self._real.reading() as tx:
            yield tx

    async def close(self) -> None:
        await self._real.close()

    def _look(self) -> None:
        if self._is_dead():
            raise asyncio.CancelledError
        if self._weather.is_away:
            raise Unavailable("The database is away.")
