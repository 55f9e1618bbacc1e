"""How long nothing is led when the leader of several clocks is killed, or freezes: real processes on a real PostgreSQL, seen from its locks."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg

from tests.postgres import PostgresServer

__all__ = ["takeover"]

CLOCKS, TIMES = 3, 5
WAITS = 300.0  # seconds until it is called lost
WHO = """
SELECT activity.client_port FROM pg_locks AS held JOIN pg_stat_activity AS activity ON activity.pid = held.pid
WHERE held.locktype = 'advisory' AND held.granted AND activity.application_name = 'langnghe clock'
"""


def takeover() -> dict[str, object]:
    """Seconds from the signal to another's lock."""
    server = PostgresServer()
    try:
        with (
            tempfile.TemporaryDirectory() as directory,
            psycopg.connect(server.url(), autocommit=True) as look,
        ):
            server.execute("CREATE DATABASE clocks")
            clocks = _Clocks(Path(directory), server.url("clocks"), look)
            try:
                killed = [clocks.follows(signal.SIGKILL) for _ in range(TIMES)]
                frozen = [clocks.follows(signal.SIGSTOP) for _ in range(TIMES)]
            finally:
                clocks.end()
    finally:
        server.remove()
    return {
        "benchmark": "takeover",
        "clocks": CLOCKS,
        "killed_median_s": round(median(killed), 2),
        "killed_most_s": round(max(killed), 2),
        "frozen_median_s": round(median(frozen), 2),
        "frozen_most_s": round(max(frozen), 2),
    }


class _Clocks:
    def __init__(self, directory: Path, url: str, look: "psycopg.Connection[tuple[int]]") -> None:
        self._environment = {**os.environ, "DATABASE_URL": url, "KEYS_DIR": str(directory / "keys")}
        self._log = directory / "log"
        self._look = look
        self._all = [self._started() for _ in range(CLOCKS)]

    def follows(self, by: signal.Signals) -> float:
        """Ends or stops the leader. How long until another leads; then there are as many as before."""
        port = self._leader()
        process = next(each for each in self._all if port in _ports_of(each.pid))
        # Whoever is to follow has to be there, and to know that somebody leads.
        self._are_there()
        begun = time.monotonic()
        process.send_signal(by)
        while (now := self._who()) is None or now == port:
            assert time.monotonic() - begun < WAITS, "nobody follows"
            time.sleep(0.01)
        lasted = time.monotonic() - begun
        process.kill()
        process.wait()
        self._all.remove(process)
        self._all.append(self._started())
        return lasted

    def end(self) -> None:
        for each in self._all:
            each.kill()
            each.wait()

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "bot", "run", "--only", "clock"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def _leader(self) -> int:
        until = time.monotonic() + WAITS
        while (port := self._who()) is None:
            assert time.monotonic() < until, "nobody leads"
            time.sleep(0.05)
        return port

    def _are_there(self) -> None:
        until = time.monotonic() + WAITS
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'langnghe clock'"
        while (found := self._look.execute(query.encode()).fetchone()) is None or found[0] < CLOCKS:
            is_well = time.monotonic() < until and all(each.poll() is None for each in self._all)
            assert is_well, f"they do not start: {self._log.read_text('utf-8')}"
            time.sleep(0.05)

    def _who(self) -> int | None:
        """The leader's port, as the server sees it."""
        found = self._look.execute(WHO.encode()).fetchone()
        return found[0] if found else None


def _ports_of(process: int) -> set[int]:
    """The local ports of its connections."""
    sockets = set()
    for each in Path(f"/proc/{process}/fd").iterdir():
        try:
            sockets.add(os.readlink(each))
        except FileNotFoundError:
            continue
    ports = set()
    for line in Path(f"/proc/{process}/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if f"socket:[{fields[9]}]" in sockets:
            ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
