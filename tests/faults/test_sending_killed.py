"""Promise 4: nobody gets a notice twice, nobody is silently missed – whatever becomes of the processes that send it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.nursery import Nursery
from tests.postgres import PostgresServer

KILLS = 25  # times two seeds and two databases; `--long` kills 200 each
MANY = 200
SEEDS = [1578, 5764]


def killed(nursery: Nursery, directory: Path, kills: int, seed: int, *url: str) -> dict[str, Any]:
    words = (str(directory), str(kills), str(seed), *url)
    done = nursery.run("tests.faults.sending", *words, directory=directory)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def shows_something(found: dict[str, Any], kills: int) -> bool:
    return found["killed"] == kills and found["in_flight"] > 0 and found["states"]["sent"] > kills


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_random_nobody_gets_it_twice(tmp_path: Path, nursery: Nursery, seed: int) -> None:
    assert shows_something(killed(nursery, tmp_path, KILLS, seed), KILLS)


@pytest.mark.postgres
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_on_a_server_too(
    tmp_path: Path, nursery: Nursery, postgres_server: PostgresServer, seed: int
) -> None:
    assert shows_something(
        killed(nursery, tmp_path, KILLS, seed, a_database(postgres_server, f"k{seed}")), KILLS
    )


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_very_often(tmp_path: Path, nursery: Nursery, seed: int) -> None:
    assert shows_something(killed(nursery, tmp_path, MANY, seed), MANY)


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_very_often_on_a_server(
    tmp_path: Path, nursery: Nursery, postgres_server: PostgresServer, seed: int
) -> None:
    assert shows_something(
        killed(nursery, tmp_path, MANY, seed, a_database(postgres_server, f"m{seed}")), MANY
    )


def a_database(server: PostgresServer, name: str) -> str:
    server.execute(f"DROP DATABASE IF EXISTS {name}")
    server.execute(f"CREATE DATABASE {name}")
    return server.url(name)
