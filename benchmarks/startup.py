"""What a person waits for, and what an idle machine carries: the demo, `--help`, memory at rest."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.http import free_port
from benchmarks.ours import temporary_directory

LIMIT = 120.0  # seconds
HELPS = 7


def help_text() -> dict[str, Any]:
    """`python -m bot --help`, beside a Python that does nothing."""
    return {
        "benchmark": "help",
        "seconds": round(median(timed([sys.executable, "-m", "bot", "--help"]) for _ in range(HELPS)), 3),
        "python_alone": round(median(timed([sys.executable, "-c", ""]) for _ in range(HELPS)), 3),
        "target": "≤ 0.5",
    }


def timed(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def demo() -> dict[str, Any]:
    """`langnghe demo` with its environment there: to the page, of which the 600 residents; again; stopped; memory at rest."""
    with temporary_directory() as directory:
        residents = residents_seconds(directory)
        with served(directory) as first:
            pass
        with served(directory) as second:
            memory = resident_mb(second.process.pid)
            begun = time.perf_counter()
            second.process.send_signal(signal.SIGINT)
            second.process.wait(LIMIT)
            stopping = time.perf_counter() - begun
    return {
        "benchmark": "demo",
        "seconds_to_page": round(first.seconds, 1),
        "target": "≤ 60, of which the residents ≤ 20",
        "residents_seconds": round(residents, 1),
        "seconds_to_page_again": round(second.seconds, 1),
        "idle_mb": round(memory),
        "idle_mb_target": "≤ 200",
        "stop_seconds": round(stopping, 2),
        "stop_target": "≤ 2",
    }


RESIDENTS = """
import sys, time
from pathlib import Path
import uvloop
from bot.demo import prepare
from bot.logs import configure
from bot.settings import load
moments = {}
def progress(what, done, total):
    if what == "residents" and done in (0, total):
        moments[done] = time.perf_counter()
configure("error", "text")
uvloop.run(prepare(load(), Path(sys.argv[1]), 600, progress))
print(moments[600] - moments[0])
"""


def residents_seconds(directory: Path) -> float:
    """How long the 600 take to answer, by the province's own progress."""
    done = subprocess.run(
        [sys.executable, "-c", RESIDENTS, str(directory / "counted")],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


class Served:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.seconds = 0.0


@contextmanager
def served(directory: Path) -> Iterator[Served]:
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", "--directory", str(directory / "demo")],
        env={**os.environ, "PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    found = Served(process)
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - begun > LIMIT:
                raise RuntimeError("the demo did not come up")
        found.seconds = time.perf_counter() - begun
        yield found
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(LIMIT)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        time.sleep(0.05)  # a poll, not a synchronisation: the time to the page is what is measured
        return False


def resident_mb(pid: int) -> float:
    import psutil

    return float(psutil.Process(pid).memory_info().rss) / 2**20
