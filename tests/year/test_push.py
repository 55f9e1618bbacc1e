"""A push to many at a platform's limit, in the platform's own seconds. To a hundred thousand: `make bench ARGS=push`, and with --long."""

import asyncio
from pathlib import Path

import pytest

from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from tests.bot.sending_town import Town
from tests.year.push import A_SECOND, DAY, FAR, Push, pushed

MANY, VERY_MANY = 1_200, 100_000
A_CAREFUL_BEGINNING = (
    2.0  # seconds: an account has few under way until its platform has shown that it takes them
)
AT_ONCE = 2_000


@pytest.fixture
def find_people(sqlite_url: str, tmp_path: Path):
    async def found(people: int) -> None:
        db = await Database.open(sqlite_url)
        town = Town(db, Vault(FileKeys(tmp_path / "keys")), tmp_path, lambda: DAY, "")
        for first in range(1, people + 1, AT_ONCE):
            await town.people(range(first, min(first + AT_ONCE, people + 1)))
        await db.close()

    return lambda people: asyncio.run(found(people))


def everybody_is_reached_at_the_limit(push: Push) -> None:
    assert push.reached == push.people
    assert push.twice == push.refused == 0
    assert push.busiest_second <= A_SECOND
    # One who answers never waits for the notices of others: a place comes free every thirtieth of a second.
    assert push.replies > push.took
    assert max(push.reply_waits) < 1.0


def test_many_are_reached_in_the_limits_own_time_and_replies_go_first(
    find_people, sqlite_url: str, tmp_path: Path
):
    find_people(MANY)
    push = pushed(tmp_path, sqlite_url, MANY)
    everybody_is_reached_at_the_limit(push)
    assert push.took <= push.limits_own_time * 1.01 + A_CAREFUL_BEGINNING


def test_of_a_platform_far_away_no_second_is_overfilled_and_nobody_waits_longer_than_its_answers_take(
    find_people, sqlite_url: str, tmp_path: Path
):
    """Nobody can tell when in between a message arrived, so it keeps its place from leaving until a second after its answer."""
    find_people(MANY)
    push = pushed(tmp_path, sqlite_url, MANY, FAR)
    everybody_is_reached_at_the_limit(push)
    assert push.took <= push.limits_own_time * (1 + max(FAR)) + A_CAREFUL_BEGINNING


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_a_hundred_thousand_are_as_well(find_people, sqlite_url: str, tmp_path: Path):
    find_people(VERY_MANY)
    push = pushed(tmp_path, sqlite_url, VERY_MANY)
    everybody_is_reached_at_the_limit(push)
    assert push.took <= push.limits_own_time * 1.01
