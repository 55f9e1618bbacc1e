"""`langnghe outbox …`, as an operator types it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.sender import Epochs
from handlers.clock_holds import is_older
from storage.database import Database
from storage.keys import FileKeys
from storage.outbox import ALL, Outbox, Outcome
from storage.vault import Vault
from surveys.delivery import CampaignState, DeliveryState, Why
from tests.bot.sending_town import ACCOUNT, Town

A_MINUTE = timedelta(minutes=1)
Among = Callable[[Callable[[Outbox], Awaitable[object]]], object]


@pytest.fixture
def among(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Among:
    """Does something in the outbox that the commands then find. It holds one campaign: one sent, two failed, one unknown, two wait."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)

    def done(work: Callable[[Outbox], Awaitable[object]]) -> object:
        async def inside() -> object:
            db = await Database.open(sqlite_url)
            try:
                async with db.transaction() as tx:
                    return await work(tx.outbox)
            finally:
                await db.close()

        return asyncio.run(inside())

    async def begin() -> None:
        db = await Database.open(sqlite_url)
        town = Town(db, Vault(FileKeys(tmp_path / "keys")), tmp_path, now, "")
        await town.people(range(1, 7))
        await town.campaign()
        await db.close()

    asyncio.run(begin())
    done(send_some)
    return done


def now() -> datetime:
    return datetime.now(UTC)


async def send_some(box: Outbox) -> None:
    await box.fix(1)
    standing = await box.get(1)
    while not standing.is_written_down:
        standing = await box.expand(standing, 100)
    await box.lease(ACCOUNT, "me", now=now(), until=now() + A_MINUTE)
    held = await box.claim(1, ACCOUNT, "me", now=now(), until=now() + A_MINUTE, some=4)
    await box.sending(ACCOUNT, "me", [each.id for each in held], now=now())
    fates = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
    reasons = ("", "400: too long", "400: too long", "no answer in time")
    await box.settle(
        "me",
        [
            Outcome(each.id, DeliveryState.SENDING, fate, reason, attempts=1)
            for each, fate, reason in zip(held, fates, reasons, strict=True)
        ],
    )


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["outbox", *words])


def said(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.output


def test_status_tells_how_far_everything_is(among: Among):
    told = said("status")

    assert "notice Q7-204  open" in told
    assert "6 recipients: pending 2, sent 1, failed 2, unknown 1" in told
    assert "telegram" in told


def test_dead_letters_have_reasons_and_no_names(among: Among):
    told = said("dead", "1")

    assert "2  failed         400: too long" in told
    assert "1  unknown        no answer in time" in told
    assert "langnghe outbox retry 1" in told


def test_retry_never_sends_what_may_have_arrived(among: Among):
    assert "2 wait again" in said("retry", "1")
    assert "pending 4, sent 1, unknown 1" in said("status")
    assert "0 wait again" in said("retry", "1", "--reason", "something else")


def test_pause_and_resume_a_campaign(among: Among):
    said("pause", "--campaign", "1", "--reason", "wrong number in the text")
    assert "paused (wrong number in the text)" in said("status")

    said("resume", "--campaign", "1")

    assert "notice Q7-204  open" in said("status")
    assert "is not paused" in refused("resume", "--campaign", "1")


def test_pause_and_resume_everything(among: Among):
    said("pause", "--reason", "maintenance")
    assert "maintenance" in said("status")

    said("resume")

    assert "maintenance" not in said("status")


def test_stop_is_for_good(among: Among):
    said("stop", "1", "--reason", "sent by mistake")

    assert "stopped (sent by mistake)" in said("status")
    assert "is over" in refused("stop", "1", "--reason", "again")


def test_a_campaign_there_is_not(among: Among):
    assert "There is no campaign 77" in refused("dead", "77")


def test_after_a_restore_only_release_lets_it_go_on(among: Among, tmp_path: Path):
    asyncio.run(Epochs(tmp_path / "keys" / "outbox").write(ACCOUNT, 1_000))
    among(lambda box: box.pause_account(ALL, now() + timedelta(days=3650), Why.RESTORED))
    assert "older than what was sent" in said("status")
    assert "langnghe outbox release" in refused("resume")

    said("release")

    assert "older" not in said("status")
    assert not is_older(1, Epochs(tmp_path / "keys" / "outbox").known(ACCOUNT))


def test_whoever_is_forgiven_stops_it_again_only_after_three_more(among: Among):
    said("pause", "--campaign", "1", "--reason", "poison")
    said("resume", "--campaign", "1")

    async def limit(box: Outbox) -> int:
        standing = await box.get(1)
        assert standing.state is CampaignState.OPEN
        return standing.poison_at

    assert among(limit) == 5
