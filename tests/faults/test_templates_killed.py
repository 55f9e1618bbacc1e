"""Not one template more than somebody agreed to pay for, and none twice – whatever becomes of the processes that send them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_sending_killed import a_database
from tests.nursery import Nursery
from tests.postgres import PostgresServer

KILLS = 6  # on each database; `--long` kills 100
MANY = 100


def killed(nursery: Nursery, directory: Path, kills: int, seed: int, *url: str) -> dict[str, Any]:
    words = (str(directory), str(kills), str(seed), *url)
    done = nursery.run("tests.faults.templates", *words, directory=directory)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(900)
def test_killed_at_random_nobody_pays_for_one_more(tmp_path: Path, nursery: Nursery) -> None:
    found = killed(nursery, tmp_path, KILLS, 1578)

    assert found["killed"] == KILLS
    assert 0 < found["sent"] <= found["sold"] <= found["taken"]


@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_on_a_server_too(tmp_path: Path, nursery: Nursery, postgres_server: PostgresServer) -> None:
    found = killed(nursery, tmp_path, KILLS, 5764, a_database(postgres_server, "t5764"))

    assert 0 < found["sent"] <= found["sold"] <= found["taken"]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_very_often(tmp_path: Path, nursery: Nursery) -> None:
    assert killed(nursery, tmp_path, MANY, 1578)["in_flight"] > 0
