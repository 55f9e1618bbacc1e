"""Ratings by templates in the running house: what a setting names is read, as events and as results, and is one ballot; what is
refused is counted; nobody is named anywhere."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.app import House
from bot.settings import InvalidSettings, load
from bot.zalo import Zalo
from handlers.waves import Plan
from surveys.forms import library
from surveys.forms.session import Mode, Session
from surveys.ratings import Template
from surveys.waves import Audience
from tests.bot.test_zalo_in_the_house import a_house, connect
from tests.conftest import Clock
from tests.telegram_server.asgi import post_to
from tests.zalo_server.server import Fault, ZaloServer

TEMPLATE, OTHER, NOT_COUNTED = "123456", "234567", "345678"
LONG_DUC, TRA_VINH = "29263", "29242"
ASKED = "/rating/get"
DAY = 86_400


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as server:
        for template in (TEMPLATE, OTHER, NOT_COUNTED):
            server.oa.rating_templates[template] = []
        yield server
    assert server.violations == []


@asynccontextmanager
async def living(
    zalo: ZaloServer, url: str, keys: Path, clock: Clock, templates: dict[str, Any], **more: object
) -> AsyncIterator[tuple[House, Zalo, int]]:
    """A house with one account, these templates and a wave of visits that is open."""
    zalo.time.now = clock().timestamp()
    settings = {"zalo_ratings": {zalo.oa.id: templates}, "zalo_business_api": zalo.business_url, **more}
    async with a_house(zalo, url, keys, clock, **settings) as house:
        now = clock()
        plan = Plan(
            "tham", library.load("tham_luot"), "Tháng 11/2026", Audience.VISITS, now, now + timedelta(days=30),
            {LONG_DUC: None, TRA_VINH: None},
        )  # fmt: skip
        wave = await house.waves.open(plan)
        async with Zalo(house) as ours:
            await connect(house, zalo)
            await ours.look()
            zalo.sender.post = post_to(ours)
            yield house, ours, wave


async def ratings(house: House, wave: int) -> list[tuple[str, str]]:
    """Unit and stars of each that was taken."""
    async with house.db.reading() as tx:
        bodies = [(nullifier, body) async for nullifier, body in tx.sessions.of_wave(wave)]
    sessions = [Session.from_json(house.vault.open_body(wave, *each)) for each in bodies]
    assert all(session.mode is Mode.ZBS for session in sessions)
    return sorted((session.unit, str(session.values["chung"])) for session in sessions)


ONE = {TEMPLATE: {"unit": LONG_DUC, "comment": "gop_y"}}
TWO = {**ONE, OTHER: {"unit": TRA_VINH}}


def passes(zalo: ZaloServer, clock: Clock, seconds: float) -> None:
    clock.advance(seconds=seconds)
    zalo.time.pass_by(seconds)


async def test_event_and_results_are_one_ballot_in_either_order(zalo, sqlite_url, tmp_path, clock):
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, ONE) as (house, ours, wave):
        passes(zalo, clock, 60)
        zalo.world.rated(zalo.oa, TEMPLATE, 5, note="Làm nhanh", message="m1")
        await zalo.bring()
        await ours.read_ratings()
        zalo.world.rated(zalo.oa, TEMPLATE, 2, message="m2")
        await ours.read_ratings()
        await zalo.bring()
        await ours.read_ratings()

        assert await ratings(house, wave) == [(LONG_DUC, "2"), (LONG_DUC, "5")]
    assert set(zalo.sender.answers) == {200}


async def test_an_event_that_is_brought_again_and_again_is_one_ballot(zalo, sqlite_url, tmp_path, clock):
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, ONE) as (house, ours, wave):
        zalo.sender.twice = 1.0
        for number in range(5):
            zalo.world.rated(zalo.oa, TEMPLATE, 4, message=f"m{number}")
        await zalo.bring()
        await ours.look()

        assert len(await ratings(house, wave)) == 5


async def test_of_an_account_with_several_templates_the_results_say_which_it_was(
    zalo, sqlite_url, tmp_path, clock
):
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, TWO) as (house, ours, wave):
        zalo.world.rated(zalo.oa, TEMPLATE, 5)
        zalo.world.rated(zalo.oa, OTHER, 3)
        await zalo.bring()
        assert await ratings(house, wave) == []  # an event does not name its template

        await ours.read_ratings()

        assert await ratings(house, wave) == [(TRA_VINH, "3"), (LONG_DUC, "5")]


async def test_a_template_that_does_not_count_is_not_asked_about(zalo, sqlite_url, tmp_path, clock):
    templates = {**ONE, NOT_COUNTED: {"unit": None}}
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, templates) as (house, ours, wave):
        zalo.world.rated(zalo.oa, NOT_COUNTED, 1)
        zalo.world.rated(zalo.oa, TEMPLATE, 5)
        await zalo.bring()
        await ours.read_ratings()

        assert await ratings(house, wave) == [(LONG_DUC, "5")]
        assert {json.dumps(dict(each)) for each in zalo.calls(ASKED)} == {"{}"}


async def test_without_a_setting_events_are_counted_and_nothing_is_asked(zalo, sqlite_url, tmp_path, clock):
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, {}) as (house, ours, wave):
        zalo.world.rated(zalo.oa, TEMPLATE, 5, message="m1")
        zalo.world.rated(zalo.oa, TEMPLATE, 5, message="m1")
        await zalo.bring()
        await ours.read_ratings()

        assert await ratings(house, wave) == []
        assert ours.ratings == {"refused": {"template": 1}, "unread": {}}
        assert zalo.calls(ASKED) == []
    assert set(zalo.sender.answers) == {200}


async def test_what_is_refused_is_counted_once_and_named_by_its_reason_only(
    zalo, sqlite_url, tmp_path, clock
):
    with structlog.testing.capture_logs() as logged:
        async with living(zalo, sqlite_url, tmp_path / "keys", clock, TWO) as (_, ours, _wave):
            passes(zalo, clock, 2 * DAY)
            for number in range(3):
                zalo.world.rated(
                    zalo.oa, TEMPLATE, 5, message=f"m{number}", note="bí mật", at=zalo.time() - 3 * DAY
                )
            for _ in range(4):
                await ours.read_ratings()

            assert ours.ratings == {"refused": {"days": 3}, "unread": {}}

    refused = [each for each in logged if each["event"] == "zalo.rating_refused"]
    assert [each["reason"] for each in refused] == ["days"]
    assert not any(word in repr(logged) for word in ("m0", "bí mật"))


async def test_results_that_cannot_be_read_are_named_and_read_the_next_time(
    zalo, sqlite_url, tmp_path, clock
):
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, TWO) as (house, ours, wave):
        zalo.world.rated(zalo.oa, TEMPLATE, 5)
        zalo.world.rated(zalo.oa, OTHER, 4)
        zalo.fails(ASKED, Fault(error=-117))
        await ours.read_ratings()

        assert list(ours.ratings["unread"]) == [TEMPLATE]
        assert "-117" in ours.ratings["unread"][TEMPLATE]
        assert await ratings(house, wave) == [(TRA_VINH, "4")]  # the other template is read all the same

        await ours.read_ratings()
        assert ours.ratings["unread"] == {}
        assert len(await ratings(house, wave)) == 2


async def test_an_event_that_cannot_be_kept_is_not_acknowledged(
    zalo, sqlite_url, tmp_path, clock, monkeypatch
):
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, ONE) as (house, _, wave):
        zalo.world.rated(zalo.oa, TEMPLATE, 5)
        with (
            monkeypatch.context() as away
        ):  # a database that is away cannot be had at a given moment otherwise
            from storage.database import Unavailable

            def gone() -> None:
                raise Unavailable("away")

            away.setattr(house.db, "transaction", gone)
            await zalo.bring()
        assert zalo.sender.answers == [503]

        await zalo.passes(60)

        assert zalo.sender.answers == [503, 200]
        assert await ratings(house, wave) == [(LONG_DUC, "5")]


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_the_verb_is_a_setting(zalo, sqlite_url, tmp_path, clock, verb):
    zalo.rating_verb = verb
    async with living(zalo, sqlite_url, tmp_path / "keys", clock, TWO, zalo_rating_verb=verb) as (
        house,
        ours,
        wave,
    ):
        zalo.world.rated(zalo.oa, TEMPLATE, 5)
        await ours.read_ratings()

        assert len(await ratings(house, wave)) == 1


# ── The setting ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_setting_is_read_from_the_environment(monkeypatch, tmp_path):
    written = {
        "579745863508352884": {"123456": {"unit": "29242", "question": "thai_do", "choices": list("54321")}}
    }
    monkeypatch.setenv("ZALO_RATINGS", json.dumps(written))

    settings = load(_env_file=None)

    assert settings.zalo_ratings["579745863508352884"]["123456"] == Template(
        "29242", "thai_do", None, ("5", "4", "3", "2", "1")
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("no JSON", "it is no JSON"),
        ('["579"]', "it is no JSON"),
        ('{"579": {"123": "29242"}}', "it is no JSON|nobody knows"),
        ('{"579": {"123": {"wiht": "a"}}}', "nobody knows wiht"),
        ('{"579": {"123": {"unit": "29242", "choices": ["1"]}}}', "ZALO_RATINGS"),
        ('{"579": {"123": {"unit": 29242}}}', "ZALO_RATINGS"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_is_wrong(monkeypatch, written, said):
    monkeypatch.setenv("ZALO_RATINGS", written)

    with pytest.raises(InvalidSettings, match=said):
        load(_env_file=None)
