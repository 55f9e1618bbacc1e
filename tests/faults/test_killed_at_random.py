"""Promise 1: an acknowledged answer counts exactly once, whatever becomes of the process."""

import json
from pathlib import Path

import pytest

from tests.nursery import Nursery

KILLS = 50  # times four, in parallel where there are workers


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1578, 5764, 3140, 2026])
def test_no_acknowledged_answer_is_lost_and_none_counts_twice(tmp_path: Path, nursery: Nursery, seed: int):
    words = (str(tmp_path), str(KILLS), str(seed))
    done = nursery.run("tests.faults.killing", *words, directory=tmp_path)

    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] == KILLS
    assert found["acknowledged"] > KILLS, "too little was under way for this to show anything"
    assert found["ballots"] >= found["people"]
