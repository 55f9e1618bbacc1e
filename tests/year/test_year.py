"""Years of a province on a virtual clock: two hundred residents in six wards, everything that happens by itself, and whatever can go wrong.

`YEAR_SEED=17 pytest tests/year` lives that year again and prints its story when something is wrong with it; `make years YEARS=1000` lives so
many. With nothing said there are fifty, and the last of them once more on a server."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from storage.database import Database
from tests.year.checks import what_is_wrong
from tests.year.process import of_the_living
from tests.year.virtual import VirtualLoop, lived
from tests.year.world import World

YEARS = int(os.environ.get("YEARS", "50"))
SEEDS = [int(os.environ["YEAR_SEED"])] if "YEAR_SEED" in os.environ else list(range(1, YEARS + 1))
ON_POSTGRES = 50  # each fiftieth year: there it is mostly waiting, some minutes of it


async def a_year(loop: VirtualLoop, seed: int, directory: Path, url: str) -> None:
    world = World(loop, seed, directory, url)
    with capture_logs(processors=[of_the_living]) as world.logged:
        await world.lives()
    database = await Database.open(url)
    try:
        wrong = await what_is_wrong(world, database)
    finally:
        await database.close()
    assert not wrong, "\n".join([*wrong, "", world.story(), "", f"YEAR_SEED={seed}"])


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_year_is_as_it_should_be(seed: int, sqlite_url: str, tmp_path: Path):
    lived(lambda loop: a_year(loop, seed, tmp_path, sqlite_url), seed)


@pytest.mark.timeout(1_800)
@pytest.mark.postgres
@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % ON_POSTGRES == 0 or len(SEEDS) == 1])
def test_a_year_on_a_server_is_as_well(seed: int, postgres_url: str, tmp_path: Path):
    lived(lambda loop: a_year(loop, seed, tmp_path, postgres_url), seed)
