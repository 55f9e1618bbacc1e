"""Where the tests' other processes are born with everything imported.

To import the program takes longer than most of what its processes are started for. One process does it once, and from then on forks:
whoever is born runs a module as `python -m` would, in a process of its own that may be stopped, killed and looked at. The nursery itself
does nothing else – no loop, no thread, no database – so that nobody inherits anything but what was imported.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

__all__ = ["Born", "Nursery"]

# What takes long: the house with all its rooms, both libraries of a platform, what the benchmarks make of it.
IMPORTED = (
    "benchmarks.ours",
    "bot.cli.serve",
    "bot.app",
    "bot.channels.telegram_residents",
    "bot.sender",
    "psycopg",
)
HERE = Path(__file__).parents[1]
LONGEST = 65536  # bytes of one wish


class Born:
    """One process, as `subprocess.Popen` has it."""

    def __init__(self, words: tuple[str, ...], told: IO[bytes]) -> None:
        self.args = words
        self._told = told  # by whoever waits for it: its number, and in the end how it ended
        self.pid = int(told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            return self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class Nursery:
    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
                cwd=HERE,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def start(
        self,
        module: str,
        *words: str,
        stdout: int | IO[Any],
        stderr: int | IO[Any],
        env: Mapping[str, str] | None = None,
    ) -> Born:
        """As `python -m module words…` would, from the directory the project lies in."""
        said, told = os.pipe()
        with ExitStack() as ours:
            ours.callback(os.close, told)
            outs = [each if isinstance(each, int) else each.fileno() for each in (stdout, stderr)]
            wish = json.dumps(
                {"module": module, "words": words, "env": dict(os.environ if env is None else env)}
            )
            socket.send_fds(self._door, [wish.encode()], [*outs, told])
        return Born((module, *words), os.fdopen(said, "rb"))

    def run(self, module: str, *words: str, directory: Path) -> subprocess.CompletedProcess[str]:
        """To its end. What it says goes through files in `directory`: nobody has to read it meanwhile."""
        out, err = directory / "said.out", directory / "said.err"
        with out.open("w") as stdout, err.open("w") as stderr:
            code = self.start(module, *words, stdout=stdout, stderr=stderr).wait()
        return subprocess.CompletedProcess((module, *words), code, out.read_text(), err.read_text())

    def closes(self) -> None:
        self._door.close()
        self._process.wait()


# ── The nursery ──────────────────────────────────────────────────────────────────────────────────────────────────


def serve(door: socket.socket) -> None:
    """Until the other end of the door is closed."""
    while True:
        wish, given, _, _ = socket.recv_fds(door, LONGEST, 3)
        if not wish:
            return
        if os.fork() == 0:
            door.close()
            wait_for(json.loads(wish), *given)
        for each in given:
            os.close(each)


def let_go(*_: object) -> None:
    """Of everybody who has waited to the end."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def wait_for(wish: dict[str, Any], stdout: int, stderr: int, told: int) -> None:
    """A process that has one child, and says how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(told)
        be_born(wish, stdout, stderr)
    os.close(stdout)
    os.close(stderr)
    os.write(told, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def be_born(wish: dict[str, Any], stdout: int, stderr: int) -> None:
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(wish["env"])
    sys.argv = [wish["module"], *wish["words"]]
    code = 0
    try:
        runpy.run_module(wish["module"], run_name="__main__", alter_sys=True)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(door: int) -> None:
    # Ctrl-C is for the tests; they close the door.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, let_go)
    for name in IMPORTED:
        importlib.import_module(name)
    # What is there now stays for good: children neither look through it for what could be thrown away, nor copy it by looking.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=door) as ours:
        serve(ours)


if __name__ == "__main__":
    main(int(sys.argv[1]))
