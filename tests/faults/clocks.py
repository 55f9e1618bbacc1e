"""`python -m tests.faults.clocks [PARTS…]`: the program as it is started, with shorter times, so that a test sees in seconds what takes
minutes. Beside it, whoever starts several of them, and knows which one leads."""

import os
import re
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Self

from tests.nursery import Nursery
from tests.patience import PATIENCE

__all__ = ["Clocks", "Running"]

TICK, LEASE = timedelta(seconds=1), timedelta(seconds=3)
LEADS = re.compile(r"clock\.(leads(?:_no_more)?)\b.*?process=(\d+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Running:
    """One process."""

    def __init__(
        self,
        nursery: Nursery,
        number: int,
        directory: Path,
        url: str,
        parts: tuple[str, ...],
        port: int,
    ) -> None:
        self._log = directory / f"clock-{number}.log"
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "KEYS_DIR": str(directory / "keys"),
            "PORT": str(port),
            "LOG_LEVEL": "info",
        }
        with self._log.open("w", encoding="utf-8") as log:
            self.process = nursery.start(
                "tests.faults.clocks", *parts, env=environment, stdout=log, stderr=log
            )
        self.is_frozen = False

    @property
    def is_there(self) -> bool:
        return self.process.poll() is None and not self.is_frozen

    @property
    def leads(self) -> bool:
        """As it said last; a frozen one says nothing any more."""
        said = [each for each in LEADS.findall(self.log) if each[1] == str(self.process.pid)]
        return self.is_there and bool(said) and said[-1][0] == "leads"

    @property
    def log(self) -> str:
        return COLOURS.sub("", self._log.read_text("utf-8", "replace"))

    def killed(self) -> None:
        self.process.kill()
        self.process.wait()

    def frozen(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)
        self.is_frozen = True

    def thawed(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)
        self.is_frozen = False


class Clocks:
    """`with` it: so many of them, and none is left behind."""

    def __init__(
        self,
        nursery: Nursery,
        directory: Path,
        url: str,
        count: int,
        *parts: str,
        ports: tuple[int, ...] = (),
    ) -> None:
        self._nursery = nursery
        self._directory = directory
        self._url = url
        self._parts = parts
        self._ports = ports or (0,)
        self._started = 0
        self.all = [self._new() for _ in range(count)]

    def _new(self) -> Running:
        number, self._started = self._started, self._started + 1
        port = self._ports[number % len(self._ports)]
        return Running(self._nursery, number, self._directory, self._url, self._parts, port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.all:
            if each.is_frozen:
                each.thawed()
            each.killed()

    def one_more(self) -> None:
        self.all.append(self._new())

    def leader(self, besides: Running | None = None) -> Running:
        """Waits for it. Raises AssertionError when there is none."""
        until = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < until:
            found = [each for each in self.all if each is not besides and each.leads]
            if found:
                return found[0]
            assert any(each.is_there for each in self.all), self.logs
            time.sleep(0.05)
        raise AssertionError(f"nobody leads: {self.logs}")

    @property
    def logs(self) -> str:
        return "\n".join(each.log[-2000:] for each in self.all)


def main(parts: list[str]) -> int:
    import bot.app
    import handlers.doing
    from bot.cli.serve import run
    from bot.parts import ALL, Part

    # What a test may not wait for: the rhythm of the ticks, and how long a process that is gone keeps what it had in hand.
    bot.app.SCHEDULES_EVERY = TICK
    handlers.doing.LEASE, handlers.doing.KEPT_EVERY = LEASE, LEASE / 3
    return run(frozenset(map(Part, parts)) or ALL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
