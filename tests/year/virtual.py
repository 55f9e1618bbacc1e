"""An event loop whose clock stands still while anybody works and jumps to the next timer when nobody does: a year passes in seconds, and
what waits for three hours waits for three hours. It knows no bot.

What would go to a thread is done where it is asked for, and told a moment later: with a database in a file everything happens in one
order, which a seed can bring back. Where sockets are waited for – a PostgreSQL server – the clock waits as well, and the order is the
network's."""

import asyncio
import os
import random
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["VirtualLoop", "lived"]

T = TypeVar("T")
FINE = 1e-6  # seconds: after a year of them a float tells no finer ones apart
REAL_PATIENCE = 60.0  # seconds of real time in which a server must have answered


class Stuck(RuntimeError):
    """Everybody waits, and for nothing that will come."""


class _Selector(selectors.DefaultSelector):
    """Asks for what is there; has nobody anything, time passes."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if len(self.get_map()) > 1:  # beside the loop's own pipe: somebody waits for a server
            ready = super().select(REAL_PATIENCE)
            if not ready:
                raise Stuck("no server answers")
            return ready
        if timeout is None:
            raise Stuck("everybody waits, and nothing will come")
        self.loop.pass_by(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._passed = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = FINE
        self.steps = 0
        """How often everybody who could go on has gone on: by this one finds the same moment again."""
        self.at_each_step: Callable[[int], None] = lambda step: None

    def time(self) -> float:
        return self._passed

    def pass_by(self, seconds: float) -> None:
        self._passed += max(seconds, FINE)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        future: asyncio.Future[T] = self.create_future()
        try:
            done, failure = func(*args), None
        except Exception as problem:
            done, failure = None, problem

        def tell() -> None:
            if future.done():
                return  # whoever asked was cancelled meanwhile, as with a real thread
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(done)  # type: ignore[arg-type]

        self.call_soon(tell)
        return future

    def _run_once(self) -> None:
        self.steps += 1
        self.at_each_step(self.steps)
        super()._run_once()  # type: ignore[misc]


def lived(story: Callable[[VirtualLoop], Coroutine[Any, Any, T]], seed: int | None = None) -> T:
    """Runs it to its end. With a seed, whatever is drawn by chance anywhere – keys, names, nonces – is drawn by that seed."""
    loop = VirtualLoop()
    with _its_own_time(loop), _drawn_by(seed):
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(story(loop))
        finally:
            asyncio.set_event_loop(None)
            loop.close()


@contextmanager
def _its_own_time(loop: VirtualLoop) -> Iterator[None]:
    """Who remembers for two seconds what the catalogue said remembers it for two of these seconds."""
    real = time.monotonic
    time.monotonic = loop.time
    try:
        yield
    finally:
        time.monotonic = real


@contextmanager
def _drawn_by(seed: int | None) -> Iterator[None]:
    if seed is None:
        yield
        return
    drawn = random.Random(f"urandom {seed}").randbytes
    real, real_in_random = os.urandom, random._urandom  # type: ignore[attr-defined]
    os.urandom = random._urandom = drawn  # type: ignore[attr-defined]
    try:
        yield
    finally:
        os.urandom, random._urandom = real, real_in_random  # type: ignore[attr-defined]
