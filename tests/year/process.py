"""One process of the bot in a simulated year: the real house with the real ticks and the real sender, killed and made anew at any moment.

Three things are not as in the running bot. The metronome is ours: APScheduler reads the machine's clock, and ticking every twenty
seconds for a year would be a million ticks at which nothing is due; this one jumps to the next moment that the rows name, and ticks
besides at moments nobody chose. The sender works only while a campaign has somebody left, and looks less often, for the same reason. And
the platforms are in memory (`tests.year.platform`): no socket lives on virtual time."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from structlog import DropEvent
from structlog.typing import EventDict

from bot import app, outgoing, sender
from bot.clock import Tick
from bot.sender import Office, Patience
from bot.sending import recorder
from storage import migrate, rows
from storage.database import Database, Unavailable
from storage.transaction import Tx
from surveys.delivery import CampaignState
from tests.year.weather import Faulty

if TYPE_CHECKING:
    from tests.year.world import World

__all__ = ["Gone", "Process", "as_in_this_world", "of_the_living"]

T = TypeVar("T")
UNHURRIED = Patience(
    account=timedelta(hours=4),
    row=timedelta(hours=5),
    look=timedelta(hours=4),
    walk=timedelta(hours=6),
)
"""As patient in hours as the running bot is in seconds; what one message takes is as it is."""
OFTEN, SELDOM = timedelta(seconds=20), timedelta(days=10)
OFTEN_WHILE_HELD = timedelta(hours=1)
WHILE_COUNTING = timedelta(minutes=10)
A_MINUTE = timedelta(minutes=1)
TICKED_SELDOM = timedelta(minutes=5)
"""A tick that the running bot makes more seldom than this is not made more often here."""
OF_PROCESS: ContextVar["Process | None"] = ContextVar("OF_PROCESS", default=None)


class Gone(Exception):
    """The process died, or is not there."""


@contextmanager
def as_in_this_world(world: "World") -> Iterator[None]:
    """Whose each task is, is known; and every database opened by a process is one that things befall."""
    opens = Database.open

    async def open_database(url: str) -> Database:
        process, real = OF_PROCESS.get(), await opens(url)
        return real if process is None else Faulty(real, world.weather, process.is_gone, world.turnstile)

    async def has_its_tables(url: str) -> None:
        """Looking at each start costs more than all else it does; that it brings tables up to date is shown elsewhere."""

    world.loop.set_task_factory(_of_its_process)  # type: ignore[arg-type]
    with (
        patch.object(Database, "open", open_database),
        patch.object(migrate, "up", has_its_tables),
        patch.object(sender, "LOOK_EVERY", UNHURRIED.look.total_seconds()),
        patch.object(recorder, "A_MOMENT", 60.0),
    ):
        yield


def of_the_living(logger: Any, method: str, entry: EventDict) -> EventDict:
    """What a process says after SIGKILL nobody hears."""
    process = OF_PROCESS.get()
    if process is not None and process.is_dead:
        raise DropEvent
    return entry


def _of_its_process(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **given: Any
) -> "asyncio.Task[Any]":
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **given)
    context = given.get("context")
    process = context.get(OF_PROCESS) if context is not None else OF_PROCESS.get()
    if process is not None:
        process.tasks.add(task)
        task.add_done_callback(process.tasks.discard)
    return task


class Process:
    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.tasks: set[asyncio.Task[Any]] = set()
        self.is_dead = False
        self.ended_at: datetime | None = None
        self._told_at = world.now()
        self.house: app.House | None = None
        self._stop = asyncio.Event()
        self._states: dict[str, str] = {}
        self._ticked: dict[str, datetime] = {}
        self._sending: asyncio.Task[None] | None = None

    # ── Its life ──────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self) -> "asyncio.Task[None]":
        return self._inside(self._live())

    def is_gone(self) -> bool:
        return self.is_dead

    def kill(self) -> None:
        """As SIGKILL: from this moment on nothing of it has any effect."""
        self.is_dead = True
        self.ended_at = self.world.now()
        self.house = None
        self._cancel_all()

    def told_again(self) -> None:
        """What swallowed its first cancelling, as a pool's workers do; asked at every step, and seldom true."""
        if self.is_dead and self.world.now() - self._told_at > A_MINUTE:
            self._cancel_all()

    def _cancel_all(self) -> None:
        self._told_at = self.world.now()
        for task in list(self.tasks):
            task.cancel()

    def stop(self) -> None:
        """As Ctrl-C."""
        self.ended_at = self.world.now()
        self._stop.set()

    async def ended(self) -> None:
        """Until nothing of it is left: what swallows its first cancelling is told again."""
        while self.tasks:
            if self.is_dead:
                self._cancel_all()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await asyncio.wait(list(self.tasks))

    async def call(self, work: Callable[[app.House], Coroutine[Any, Any, T]]) -> T:
        """Something this process is asked for. Raises Gone when it dies meanwhile, and whatever the work raises."""
        if self.house is None or self._stop.is_set():
            raise Gone
        task = self._inside(work(self.house))
        await asyncio.wait({task})
        if task.cancelled():
            raise Gone
        return task.result()

    def _inside(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        token = OF_PROCESS.set(self)
        try:
            return asyncio.ensure_future(work)
        finally:
            OF_PROCESS.reset(token)

    async def _live(self) -> None:
        opened = app.opened(self.world.settings, now=self.world.now, passed=self.world.loop.time)
        house = await opened.__aenter__()
        try:
            self.house = house
            await self.world.office.settle_in(house)
            ticking = asyncio.ensure_future(self._tick_for_ever(house))
            await self._stop.wait()
            self.house = None
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await self._end_sending()
        except BaseException as problem:
            with suppress(BaseException):
                await opened.__aexit__(type(problem), problem, problem.__traceback__)
            raise
        await opened.__aexit__(None, None, None)

    # ── What the clock asks for ───────────────────────────────────────────────────────────────────────────────

    async def _tick_for_ever(self, house: app.House) -> None:
        while True:
            for tick in app._ticks(house):
                await self._tick(tick)
            try:
                await self._send_if_needed(house)
                pause = await self._until_something_is_due(house)
            except Unavailable:
                pause = timedelta(minutes=self.world.chance.uniform(1, 30))
            chance = self.world.chance
            await asyncio.sleep(pause.total_seconds() + chance.uniform(0, 20))

    async def _tick(self, tick: Tick) -> None:
        """As `bot.clock` does it."""
        now = self.world.now()
        last = self._ticked.get(tick.name)
        if tick.every >= TICKED_SELDOM and last is not None and now - last < tick.every:
            return
        self._ticked[tick.name] = now
        try:
            await tick.work()
        except Exception as surprise:
            self.world.tells(f"{self.name}: tick {tick.name}: {type(surprise).__name__}: {surprise}")
            if not isinstance(surprise, Unavailable):
                self.world.surprises.append(f"tick {tick.name}: {surprise!r}")

    async def _until_something_is_due(self, house: app.House) -> timedelta:
        """What the rows say comes next, read from them directly: nothing of the program's decides when it is asked."""
        now = self.world.now()
        moments = [now + self.world.chance.uniform(0.2, 1.0) * SELDOM]
        async with house.db.reading() as tx:
            schedules = await tx.schedules.all()
            dues = await tx.dues.between(now - timedelta(days=40), now)
            waves = await tx.waves.all()
            is_held = bool(await tx.clock_holds.all())
            is_to_count = [wave for wave in waves if wave.state == "open" and await _is_to_count(tx, wave)]
            seals = {
                wave.slug: await tx.wave_seals.of(wave.id or 0) for wave in waves if wave.state == "sealed"
            }
        moments += [each.next_due for each in schedules if each.next_due is not None]
        moments += [each.lease_until or now for each in dues if each.state in ("due", "running")]
        moments += [now + WHILE_COUNTING for _ in is_to_count]
        states = {wave.slug: wave.state for wave in waves}
        if states != self._states:
            moments.append(now)  # what follows a wave has its moment once the wave is there
        self._states = states
        for wave in waves:
            match wave.state:
                case "open":
                    moments.append(wave.closes_at)
                case "closed":
                    moments.append(wave.closes_at + timedelta(days=7, minutes=1))
                case "sealed":
                    seal = seals[wave.slug]
                    moments.append(now if seal is None or seal.release_due is None else seal.release_due)
        self.world.is_held(is_held)
        return max(OFTEN_WHILE_HELD if is_held else OFTEN, min(moments) - now)

    # ── What it sends ─────────────────────────────────────────────────────────────────────────────────────────

    async def _send_if_needed(self, house: app.House) -> None:
        async with house.db.reading() as tx:
            unfinished = await tx.outbox.unfinished()
        wanted = any(each.state is not CampaignState.PAUSED for each in unfinished)
        if self._sending is not None and self._sending.done():
            self.world.surprises.append(f"the sender ended: {self._sending!r}")
            self._sending = None
        if wanted and self._sending is None:
            with patch.object(outgoing, "Office", _unhurried):
                sending = outgoing.sender_of(house, self.world.platform.channels_of(self))
            self._sent_out = asyncio.Event()
            self._sending = asyncio.ensure_future(sending.run(self._sent_out))
        elif not wanted:
            await self._end_sending()

    async def _end_sending(self) -> None:
        if self._sending is not None:
            self._sent_out.set()
            await asyncio.gather(self._sending, return_exceptions=True)
            self._sending = None


async def _is_to_count(tx: Tx, wave: rows.Wave) -> bool:
    """Whether people are invited to it, and their number is not known."""
    if await tx.outbox.by_subject("invite", wave.slug) is None:
        return False
    return all(each.invited is None for each in await tx.wave_units.of_wave(wave.id or 0))


def _unhurried(*given: Any, **named: Any) -> Office:
    return Office(*given, **named, patience=UNHURRIED)
