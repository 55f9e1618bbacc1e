"""Small waits that are promised a length, each alone: a released page, a ward among the whole country's, a new laptop's
database, a text made to be slow, a province's page in a browser. Seconds are the best of several: a busy machine adds to them."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from itertools import count, product
from pathlib import Path
from typing import Any

from benchmarks import sealing
from benchmarks.ours import temporary
from handlers.units import load_seed
from handlers.waves import Plan, Waves
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.forms import library
from surveys.screening import findings
from surveys.units import Gazetteer, Unit, UnitKind, tra_vinh
from surveys.waves import Audience

WARD = "29242"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
TRIES = 7
WARDS_OF_THE_COUNTRY = 13_321
BALLOTS = 2_000
HOSTILE = "(0)"  # of those in tests/surveys/test_screening.py the one with most groups


def waits() -> dict[str, Any]:
    import uvloop

    return {
        "benchmark": "waits",
        "released_page_ms": _ms(uvloop.run(released_page())),
        "released_page_target": "≤ 50, its ballots gone",
        "ward_search_ms": {typed: _ms(seconds) for typed, seconds in ward_search().items()},
        "ward_search_target": "≤ 20",
        "first_migration_ms": _ms(uvloop.run(first_migration())),
        "first_migration_target": "≤ 1,000",
        "screening_100_kb_ms": _ms(_best(screening)),
        "province_drawn_ms": None if _chromium() is None else _ms(asyncio.run(province_drawn())),
        "province_drawn_target": "≤ 3,000",
    }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)


def _best(work: Callable[[], object]) -> float:
    def once() -> float:
        begun = time.process_time()
        work()
        return time.process_time() - begun

    return min(once() for _ in range(TRIES))


async def _best_of(work: Callable[[], Awaitable[object]]) -> float:
    spent = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        await work()
        spent.append(time.perf_counter() - begun)
    return min(spent)


# ── A released page ──────────────────────────────────────────────────────────────────────────────────────────────


async def released_page() -> float:
    """Over HTTP, from a process that has just begun, with every table renamed that a ballot lay in."""
    import aiohttp

    async with temporary() as directory:
        path, vault, clock = directory / "db.sqlite", Vault(FileKeys(directory / "keys")), sealing.Clock()
        await migrate.up(f"sqlite:///{path}")
        db = await Database.open(f"sqlite:///{path}")
        try:
            await _release(Waves(db, vault, clock), db, vault, clock)
            _without_ballots(path)
            async with _served(Waves(db, vault, clock)) as url, aiohttp.ClientSession() as http:

                async def look() -> None:
                    async with http.get(url) as response:
                        assert response.status == 200
                        assert WARD.encode() in await response.read()

                return await _best_of(look)
        finally:
            await db.close()


async def _release(waves: Waves, db: Database, vault: Vault, clock: sealing.Clock) -> None:
    await load_seed(db)
    form = library.load("hang_nam_nguoi_dan")
    ends = clock.at + timedelta(days=21)
    plan = Plan(
        "2026", form, "Năm 2026", Audience.RESIDENTS, clock.at, ends, dict.fromkeys(sealing.WARDS, BALLOTS)
    )
    await sealing.fill(db, vault, await waves.open(plan), form, BALLOTS)
    for step in (waves.close("2026"), waves.seal("2026"), waves.advance()):
        clock.at += sealing.LIFE
        await step


def _without_ballots(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys=OFF")
    for table in ("ballots", "comments", "receipts", "strata"):
        connection.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
    connection.commit()
    connection.close()


@asynccontextmanager
async def _served(waves: Waves) -> AsyncIterator[str]:
    from bot.web.app import build
    from bot.web.server import listen, serve_on

    site = build(
        results=waves.results,
        provinces=waves.provinces,
        web_chat=None,
        webhooks={},
        health=_well,
        cookie_key=b"a key of the benchmark, not of anybody",
    )
    stop, listener = asyncio.Event(), listen("127.0.0.1", 0)
    serving = asyncio.create_task(serve_on(listener, site, stop))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/results"
    finally:
        stop.set()
        await serving


async def _well() -> dict[str, object]:
    return {"status": "ok"}


# ── The others ───────────────────────────────────────────────────────────────────────────────────────────────────


def ward_search() -> dict[str, float]:
    syllables = "an bình châu đức giang hòa khánh long mỹ nam phú tân thạnh vĩnh xuân".split()  # noqa: SIM905
    names = [" ".join(each).title() for each in product(syllables, repeat=3)]
    since = date(2025, 7, 1)
    units = [
        Unit(str(place), f"Xã {names[place % len(names)]}", UnitKind.COMMUNE, None, since, None, "")
        for place in range(WARDS_OF_THE_COUNTRY)
    ]
    seed = tra_vinh()
    gazetteer = Gazetteer([*units, *seed.units], seed.successions, seed.aliases).ready()
    gazetteer.find("tann phuu longg")  # the first search loads the library
    return {
        typed: _best(lambda typed=typed: gazetteer.find(typed))  # type: ignore[misc]
        for typed in ("tann phuu longg", "phuong 4 tra vinh")
    }


async def first_migration() -> float:
    numbers = count()
    async with temporary() as directory:
        await migrate.up(f"sqlite:///{directory}/imports-alembic.sqlite")
        return await _best_of(lambda: migrate.up(f"sqlite:///{directory}/{next(numbers)}.sqlite"))


def screening() -> None:
    findings(HOSTILE * (100_000 // len(HOSTILE)))


def _chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


async def province_drawn() -> float:
    """From the last byte of a scorecard of 124 wards until it can be read."""
    from playwright.async_api import async_playwright

    from tests.web.test_scorecard import office

    spent = []
    async with async_playwright() as playwright, office(118) as url:
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        for _ in range(TRIES):
            page = await browser.new_page()
            await page.goto(f"{url}/scorecard")
            spent.append(
                await page.evaluate(
                    "performance.timing.domContentLoadedEventEnd - performance.timing.responseEnd"
                )
            )
            await page.close()
        await browser.close()
    return float(min(spent)) / 1000
