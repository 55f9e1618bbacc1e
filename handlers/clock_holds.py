"""What keeps everything waiting that would happen by itself: a person has to look first. After a clock that leapt; after a database that
turns out to be older than what was done from it. It knows no schedule."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from handlers import noting
from storage.database import Database
from storage.schedule_rows import ClockHold
from storage.transaction import Tx
from surveys.rights import Actor

__all__ = [
    "CLOCK_LEAPT",
    "OLDER",
    "RESTORED",
    "ClockHolds",
    "Epochs",
    "NoEpochs",
    "both_numbers",
    "held",
    "is_older",
]

log = structlog.get_logger(__name__)

CLOCK_LEAPT, RESTORED = "clock", "restored"
OLDER = "the database is older than what has happened from it: a backup was put back"
LEAP = timedelta(minutes=10)
"""So much more of the clock than of real time between two ticks, and a person looks first."""
EPOCH = "schedules"
"""The number that moves with everything that is about to happen: in the database, and beside the keys."""


class Epochs(Protocol):
    """Numbers beside the keys, outside the database and its backups."""

    def known(self, name: str, /) -> int | None: ...

    async def begin(self, name: str, /) -> None: ...

    async def write(self, name: str, epoch: int, /) -> None: ...

    async def accept(self, epochs: Mapping[str, int], /) -> None: ...


class NoEpochs:
    """Where nothing is kept beside the database, nobody can tell that it was restored."""

    def known(self, name: str, /) -> int | None:
        return 0

    async def begin(self, name: str, /) -> None:
        return

    async def write(self, name: str, epoch: int, /) -> None:
        return

    async def accept(self, epochs: Mapping[str, int], /) -> None:
        return


class ClockHolds:
    def __init__(
        self, db: Database, now: Callable[[], datetime], passed: Callable[[], float], epochs: Epochs
    ) -> None:
        self._db = db
        self._now = now
        self._passed = passed
        self._epochs = epochs
        self._seen: tuple[datetime, float] | None = None

    async def all(self) -> list[ClockHold]:
        async with self._db.reading() as tx:
            return await tx.clock_holds.all()

    async def hold(self, cause: str, reason: str) -> None:
        async with self._db.transaction() as tx:
            await held(tx, cause, reason, self._now())

    async def release(self, cause: str, by: Actor) -> bool:
        """A person has looked. Whether there was something to release."""
        async with self._db.transaction() as tx:
            is_released = await tx.clock_holds.release(cause)
            epoch = await tx.markers.value(EPOCH)
            if is_released:
                object, at = f"clock:{cause}", self._now()
                await noting.note(tx, by, "schedule.release", object, unit=None, at=at)
        if is_released and cause == RESTORED:
            await self._epochs.accept({EPOCH: epoch})
        return is_released

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────

    async def look(self) -> bool:
        """Whether anything is held, after a look at the clock and at the database."""
        await self._look_at_the_clock()
        is_held = False

        async def in_the_database() -> int:
            nonlocal is_held
            async with self._db.reading() as tx:
                is_held = bool(await tx.clock_holds.all())
                return await tx.markers.value(EPOCH)

        epoch, known = await both_numbers(in_the_database, lambda: self._epochs.known(EPOCH))
        if epoch == 0 and known is None:
            await self._epochs.begin(EPOCH)
        if is_held or not is_older(epoch, known):
            return is_held
        log.error(
            "schedules.restored", do="look at `schedules list`, then: langnghe schedules release restored"
        )
        await self.hold(
            RESTORED, "the database is older than what has happened from it: a backup was put back"
        )
        return True

    async def _look_at_the_clock(self) -> None:
        now, passed = self._now(), self._passed()
        seen = self._seen or (now, passed)
        leapt = (now - seen[0]) - timedelta(seconds=passed - seen[1])
        if leapt > LEAP:
            minutes = round(leapt.total_seconds() / 60)
            log.error("schedules.clock_leapt", minutes=minutes)
            await self.hold(
                CLOCK_LEAPT, f"the clock leapt {minutes} minutes forward, to {now:%Y-%m-%d %H:%M} UTC"
            )
        # Only now: a leap whose hold is not kept yet, because the database is away, is seen again at the next look.
        self._seen = now, passed

    # ── What moves with everything that happens ───────────────────────────────────────────────────────────────

    async def moved(self, tx: Tx) -> int:
        """In the transaction by which something is about to happen."""
        await tx.markers.bump(EPOCH)
        return await tx.markers.value(EPOCH)

    async def written(self, epoch: int) -> None:
        """When that is on disk, and before it happens."""
        await self._epochs.write(EPOCH, epoch)


async def both_numbers(
    in_the_database: Callable[[], Awaitable[int]], beside_the_keys: Callable[[], int | None]
) -> tuple[int, int | None]:
    """The database's number and the one beside the keys, asked so that others who move both meanwhile are taken for no backup.

    The one beside the keys first: the database has each number before it is written there, so the later answer can only be ahead. Where
    there is none and the database has one, somebody may have begun in between: then it stands there by now, and both are asked again."""
    known = beside_the_keys()
    epoch = await in_the_database()
    if known is None and epoch > 0:
        known = beside_the_keys()
        epoch = await in_the_database()
    return epoch, known


def is_older(epoch: int, known: int | None) -> bool:
    """Whether a database with that number is older than what came of it, by the number that stood beside the keys; without one nobody
    can tell, unless nothing ever came of it."""
    return epoch > 0 if known is None else epoch < known


async def held(tx: Tx, cause: str, reason: str, now: datetime) -> None:
    """Nothing happens by itself until this cause is released; in a transaction of whoever found it."""
    is_held = any(each.cause == cause for each in await tx.clock_holds.all())
    await tx.clock_holds.hold(cause, reason, now)
    if not is_held:
        await noting.note(tx, None, "schedule.hold", f"clock:{cause}", unit=None, reason=reason, at=now)
