"""Promise 2, whatever becomes of the processes: a reminder goes to who has not answered and to nobody else, once, and what is written down of it
says of neither who they were."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_sending_killed import a_database
from tests.nursery import Nursery
from tests.postgres import PostgresServer

KILLS = 8
FEWEST = 3  # of them, before everybody has been reminded
SEED = 1578


def killed(nursery: Nursery, directory: Path, *url: str) -> dict[str, Any]:
    words = (str(directory), str(KILLS), str(SEED), *url)
    done = nursery.run("tests.faults.reminding", *words, directory=directory)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def shows_something(found: dict[str, Any]) -> bool:
    return found["killed"] >= FEWEST and found["reminded"] > 0


@pytest.mark.timeout(600)
def test_killed_at_random_who_has_answered_is_left_alone(tmp_path: Path, nursery: Nursery) -> None:
    assert shows_something(killed(nursery, tmp_path))


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_on_a_server_too(tmp_path: Path, nursery: Nursery, postgres_server: PostgresServer) -> None:
    assert shows_something(killed(nursery, tmp_path, a_database(postgres_server, "reminded")))
