"""The metronome: it says when, the database says what. It keeps nothing; a tick that is missed is made up for by the next."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

__all__ = ["Clock", "Tick"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """Work that is due again and again. It must be harmless to do twice."""

    name: str
    every: timedelta
    work: Callable[[], Awaitable[object]]
    is_shared: bool = True
    """One process does it for all; otherwise each does it for itself. Done by two at once it must be harmless as well."""


class Clock:
    """Ticks while its block is open; leaving it waits for no tick, because each may be cut short and done again."""

    def __init__(self, ticks: tuple[Tick, ...], leads: Callable[[], bool] = lambda: True) -> None:
        """`leads`: whether this process is the one that does what is shared."""
        self._leads = leads
        self._scheduler: Any = AsyncIOScheduler(timezone="UTC")
        for tick in ticks:
            self._scheduler.add_job(
                self._run,
                IntervalTrigger(seconds=round(tick.every.total_seconds()), timezone="UTC"),
                args=(tick,),
                id=tick.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,  # the default drops a job that is a second late
            )

    async def __aenter__(self) -> Self:
        self._scheduler.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._scheduler.shutdown(wait=False)

    async def _run(self, tick: Tick) -> None:
        if tick.is_shared and not self._leads():
            return
        try:
            await tick.work()
        except Exception as surprise:
            # One of three places that catch broadly: the next tick tries again.
            log.error("clock.tick_failed", tick=tick.name, reason=type(surprise).__name__)
