"""Sealing, the end of the key, the release: whoever is killed at any boundary leaves the state before or the state after."""

import json
from pathlib import Path

import pytest

from tests.nursery import Nursery
from tests.postgres import PostgresServer

TIMES = 10
WORKERS = 4  # each takes every fourth boundary, in parallel where there are workers
LEAST_BOUNDARIES = 35


def killed(
    nursery: Nursery, directory: Path, times: int, part: int, parts: int, server: str = ""
) -> dict[str, int]:
    words = (str(directory), str(times), str(part), str(parts), server)
    done = nursery.run("tests.faults.steps", *words, directory=directory)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(WORKERS))
def test_killed_at_a_boundary_a_wave_is_before_the_step_or_after_it(
    tmp_path: Path, nursery: Nursery, part: int
) -> None:
    found = killed(nursery, tmp_path, TIMES, part, WORKERS)

    assert found["boundaries"] >= LEAST_BOUNDARIES
    assert found["kills"] >= TIMES * (found["boundaries"] // WORKERS)
    assert found["closed"] > 0
    assert found["sealed"] > 0


@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_on_a_server_too(tmp_path: Path, nursery: Nursery, postgres_server: PostgresServer) -> None:
    server = postgres_server.url("").rstrip("/")

    found = killed(nursery, tmp_path, 1, 0, 1, server)

    assert found["boundaries"] >= LEAST_BOUNDARIES
    assert {state for state in ("closed", "sealed", "key_destroyed", "released") if found[state]} == {
        "closed",
        "sealed",
        "key_destroyed",
        "released",
    }
