"""The commands that go on until they are stopped: run, demo, chat."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from bot.parts import ALL, Part
from bot.settings import InvalidSettings, Settings, load

__all__ = ["chat", "demo", "run"]


def run(parts: frozenset[Part] = ALL) -> int:
    from bot.app import opened, serve
    from bot.logs import configure
    from bot.web.server import listen

    async def work(settings: Settings) -> None:
        if parts != ALL and settings.database_url.startswith("sqlite"):
            raise InvalidSettings(
                "--only needs PostgreSQL: on SQLite one process does it all. Set DATABASE_URL, or leave --only out."
            )
        configure(settings.log_level, settings.log_format)
        listener = listen(settings.host, settings.port) if Part.WEB in parts else None
        async with opened(settings) as house:
            what = f"http://{settings.host}:{settings.port}" if listener else " and ".join(sorted(parts))
            _tell(f"Lắng Nghe: {what}   (Ctrl-C stops it)")
            await serve(house, listener, _stop_on_signals(), parts=parts)

    return _carried_out(work)


def demo(residents: int, directory: Path) -> int:
    from bot.app import opened, serve
    from bot.demo import prepare
    from bot.demo_clock import DemoClock
    from bot.demo_officers import codes_for_the_bot
    from bot.demo_year import Year
    from bot.demo_zalo import local_zalo, phone_rooms
    from bot.logs import configure
    from bot.web.server import listen
    from bot.web.zalo_phone import PHONE

    async def work(settings: Settings) -> None:
        configure("warning", settings.log_format)
        # First the port: nobody should wait for a province they cannot look at.
        listener = listen(settings.host, settings.port)
        stop = _stop_on_signals()
        with _progress() as progress:
            preparing = asyncio.ensure_future(prepare(settings, directory, residents, progress))
            if not await _unless_stopped(preparing, stop):
                return
        clock = DemoClock()
        year = Year(clock, residents)
        async with local_zalo(settings.port, clock) as zalo:
            prepared = preparing.result() if zalo is None else zalo.settings_for(preparing.result())
            async with opened(prepared, now=clock, passed=clock.passed) as house:
                address = f"http://{settings.host}:{settings.port}"
                _tell(f"\nMở / open   {address}   (Ctrl-C: dừng / stop)")
                if prepared.officers_token is not None:
                    for title, code in await codes_for_the_bot(house.people):
                        _tell(f"{title}: /start {code}")
                if zalo is None:
                    await serve(house, listener, stop, demo=True, year=year)
                    return
                await zalo.connect(house)
                _tell(f"Zalo        {address}{PHONE}")
                phone = partial(phone_rooms, house, zalo)
                await serve(house, listener, stop, demo=True, phone=phone, year=year)

    return _carried_out(work)


def chat(start: str) -> int:
    from bot.app import opened
    from bot.channels.console import Console
    from bot.demo import prepare
    from bot.logs import configure

    async def work(settings: Settings) -> None:
        configure("error", settings.log_format)
        with _progress() as progress:
            async with opened(await _playable(settings, prepare, progress)) as house:
                await Console(house.intake.accept).run(start)

    return _carried_out(work)


async def _playable(
    settings: Settings, prepare: Callable[..., Awaitable[Settings]], progress: Any
) -> Settings:
    """The operator's own database when there is one, else a demo province: the first talk must need nothing."""
    from storage.sqlite import path_of

    if not settings.database_url.startswith("sqlite") or path_of(settings.database_url).exists():
        return settings
    _tell("No database yet, so this is a demo province: nothing said here is kept.")
    return await prepare(settings, Path("var/chat"), 60, progress)


def _carried_out(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """Runs it on uvloop; expected trouble is one sentence on stderr."""
    import uvloop

    from bot.web.server import PortTaken
    from storage.database import Unavailable

    try:
        uvloop.run(work(load()))
    except (InvalidSettings, PortTaken, Unavailable) as trouble:
        _tell(str(trouble))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _unless_stopped(work: "asyncio.Future[Any]", stop: asyncio.Event) -> bool:
    """Whether the work was done before somebody said stop."""
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if work.done():
        work.result()
        return True
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return False


class _progress:
    """A bar for each part of long work, on a terminal or not."""

    WORDS: ClassVar = {
        "residents": "Simulated residents answer",
        "seal": "The wave is closed, sealed, released",
    }

    def __enter__(self) -> Callable[[str, int, int], None]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._tasks: dict[str, Any] = {}
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._bars.start()
        return self._moved

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def _moved(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(self.WORDS.get(what, what), total=total)
        self._bars.update(self._tasks[what], completed=done)


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
