"""Promise 1: an acknowledged answer counts exactly once, whatever becomes of the process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 50  # times four, in parallel where there are workers


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1578, 5764, 3140, 2026])
def test_no_acknowledged_answer_is_lost_and_none_counts_twice(tmp_path: Path, seed: int):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.killing", str(tmp_path), str(KILLS), str(seed)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] == KILLS
    assert found["acknowledged"] > KILLS, "too little was under way for this to show anything"
    assert found["ballots"] >= found["people"]
