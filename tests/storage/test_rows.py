"""Rows as they come from a statement."""

import subprocess
import sys
from pathlib import Path

FIRST = """
from storage.rows import Unit, all_of, table

[unit] = all_of(Unit, [tuple(table(Unit).c.keys())])
assert (unit.code, unit.name) == ("code", "name")
"""


def test_the_first_thing_a_process_does_may_be_to_read() -> None:
    """Nothing was constructed before, and a constructor is what tells SQLAlchemy that every class is there."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
