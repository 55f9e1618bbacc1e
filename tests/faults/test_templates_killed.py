"""Not one template more than somebody agreed to pay for, and none twice – whatever becomes of the processes that send them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_sending_killed import a_database
from tests.postgres import PostgresServer

KILLS = 6  # on each database; `--long` kills 100
MANY = 100


def killed(directory: Path, kills: int, seed: int, *url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.templates", str(directory), str(kills), str(seed), *url],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(900)
def test_killed_at_random_nobody_pays_for_one_more(tmp_path: Path) -> None:
    found = killed(tmp_path, KILLS, 1578)

    assert found["killed"] == KILLS
    assert 0 < found["sent"] <= found["sold"] <= found["taken"]


@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_on_a_server_too(tmp_path: Path, postgres_server: PostgresServer) -> None:
    found = killed(tmp_path, KILLS, 5764, a_database(postgres_server, "t5764"))

    assert 0 < found["sent"] <= found["sold"] <= found["taken"]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_very_often(tmp_path: Path) -> None:
    assert killed(tmp_path, MANY, 1578)["in_flight"] > 0
