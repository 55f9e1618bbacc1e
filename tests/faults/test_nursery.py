"""Whoever is born in the nursery is a process like any other: its words, its surroundings, its end are its own."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.nursery import Born, Nursery
from tests.patience import PATIENCE


def does(nursery: Nursery, deed: str, said: Path, **environment: str) -> Born:
    """A line of Python, which `python -m timeit` runs once."""
    with said.open("w") as out:
        return nursery.start(
            "timeit", "-n1", "-r1", deed, stdout=out, stderr=out, env={**os.environ, **environment}
        )


def test_its_words_its_surroundings_and_how_it_ends_are_its_own(nursery: Nursery, tmp_path: Path) -> None:
    deed = "import os; print(os.environ['WORD'], os.getpid(), flush=True); os._exit(3)"

    one = does(nursery, deed, tmp_path / "one", WORD="một")
    other = does(nursery, deed, tmp_path / "other", WORD="hai")

    assert (one.wait(PATIENCE), other.wait(PATIENCE)) == (3, 3)
    assert (tmp_path / "one").read_text() == f"một {one.pid}\n"
    assert (tmp_path / "other").read_text() == f"hai {other.pid}\n"
    assert "WORD" not in os.environ


def test_it_is_there_until_it_is_killed(nursery: Nursery, tmp_path: Path) -> None:
    process = does(nursery, "import signal; signal.pause()", tmp_path / "said")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None

    process.kill()

    assert process.wait(PATIENCE) == process.poll() == -signal.SIGKILL


def test_what_went_wrong_is_said(nursery: Nursery, tmp_path: Path) -> None:
    done = nursery.run("tests.of_nothing", directory=tmp_path)

    assert done.returncode == 1
    assert "No module named tests.of_nothing" in done.stderr
