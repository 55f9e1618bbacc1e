"""The demo, as somebody meets it who has just cloned the project."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from bot.app import opened
from bot.demo import WARDS, directories, prepare
from bot.settings import load
from storage.sqlite import path_of
from surveys.schedules.standard import standing_orders
from surveys.waves import LOCAL
from tests.patience import PATIENCE

HERE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A province of 480 residents, made once."""
    root = tmp_path_factory.mktemp("demo")
    asyncio.run(prepare(load(), root, 480, lambda what, done, total: None))
    return root


async def ready(province: Path):
    return await prepare(load(), province, 480, lambda what, done, total: None)


async def yearly(house) -> list:
    """What is released of the survey of a year ago."""
    return [ward for ward in await house.waves.results() if ward.wave.audience == "residents"]


async def test_two_waves_are_released_and_two_are_open(province):
    async with opened(await ready(province)) as house:
        async with house.db.reading() as tx:
            waves = await tx.waves.all()
        released = await house.waves.results()

    assert sorted(wave.state for wave in waves) == ["open", "open", "released", "released"]
    assert {ward.unit for ward in released} == {ward.code for ward in WARDS}


async def test_every_figure_comes_with_its_n(province):
    async with opened(await ready(province)) as house:
        released = await yearly(house)

    shown = [ward for ward in released if ward.index.figure is not None]
    assert shown
    for ward in shown:
        assert ward.answered == ward.index.figure.denominator
        assert ward.invited is not None
        assert {conclusion.source for conclusion in ward.conclusions} >= {"S1:L96"}


async def test_a_ward_with_too_few_answers_shows_nothing_at_all(province):
    async with opened(await ready(province)) as house:
        smallest = next(ward for ward in await yearly(house) if ward.unit == "29516")

    assert smallest.answered is None
    assert smallest.index.figure is None
    assert all(line.figure is None for table in smallest.questions for line in table.answers)


async def test_the_visits_of_a_month_came_by_slips(province):
    async with opened(await ready(province)) as house:
        visits = [ward for ward in await house.waves.results() if ward.wave.audience == "visits"]
        async with house.db.reading() as tx:
            ledger = await tx.ledger.after(0)
            [wave] = {ward.wave.slug for ward in visits}
            found = await tx.waves.by_slug(wave)
            issued = await tx.tokens.issued(found.id)

    answered = [ward.answered for ward in visits if ward.answered is not None]
    assert answered
    assert all(number >= 10 for number in answered)
    assert sum(answered) < sum(issued.values())
    assert sum('"tokens_issued"' in line for line in ledger) == 20


async def test_the_year_is_planned_and_some_agreed_to_be_asked(province):
    settings = await ready(province)
    async with opened(settings) as house:
        taken = {each.row.id for each in await house.schedules.all()}
        today = house.now().astimezone(LOCAL).date()
    with closing(sqlite3.connect(path_of(settings.database_url))) as database:
        [(asked,)] = database.execute("SELECT count(*) FROM subscriptions WHERE topic = 'surveys'")
        [(everybody,)] = database.execute("SELECT count(*) FROM contacts")

    assert {order.id for order in standing_orders(today)} <= taken
    assert 0 < asked < everybody, "nobody agrees to surveys by agreeing to notices"


async def test_this_years_survey_is_taken_to_them_as_soon_as_the_demo_runs(province):
    settings = await ready(province)
    async with opened(settings) as house:
        await house.tick_schedules()
        async with house.db.reading() as tx:
            [slug] = [
                wave.slug
                for wave in await tx.waves.all()
                if wave.audience == "residents" and wave.state == "open"
            ]
            invited = await tx.outbox.by_subject("invite", slug)

    assert invited is not None
    assert len(invited.campaign.audience.units) == len(WARDS)


async def test_nobody_finds_what_was_said_in_the_demo_before(province):
    settings = await ready(province)
    async with opened(settings) as house, house.db.transaction() as tx:
        await tx.markers.bump("left-behind")

    async with opened(await ready(province)) as house, house.db.reading() as tx:
        assert await tx.markers.value("left-behind") == 0


async def test_a_province_of_other_code_or_another_day_is_made_again(province):
    places = directories(province)
    before = places.made_for.read_text()
    assert re.fullmatch(r"[0-9a-f]{64}", before)
    places.made_for.write_text("made by something older")
    seen: list[str] = []

    await prepare(load(), province, 480, lambda what, done, total: seen.append(what))

    assert "residents" in seen
    assert places.made_for.read_text() == before


def started(province: Path, port: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", "--residents", "480", "--directory", str(province)],
        cwd=HERE,
        env={**os.environ, "PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_serves_its_page_and_its_health_and_stops_at_ctrl_c(province):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = started(province, port)
    try:
        assert process.stderr is not None
        said = []
        assert any(said.append(line) or f"http://127.0.0.1:{port}" in line for line in process.stderr), said
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE) as answer:
            assert json.load(answer)["status"] == "ok"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as page:
            assert "Phường Long Đức" in page.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)

    assert code == 0


def test_a_taken_port_is_one_clear_sentence(province):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = started(province, port)
        said = process.communicate(timeout=PATIENCE)[1]

    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in said
    assert "PORT=" in said
    assert "Traceback" not in said
