"""In the demo one sits down as whoever one likes; nowhere else is there such an address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bot.app import _web_rooms, opened
from bot.demo import WARDS
from bot.demo_people import take_their_posts
from bot.settings import Settings
from bot.web.app import build
from bot.web.pages import Pages
from handlers.units import load_seed
from surveys.rights import PROVINCIAL, Role
from tests.conftest import Clock
from tests.offices import Visitor, visitor
from tests.web.conftest import KEY, running


@dataclass
class Hand:
    """A clock set by hand, as the demo has one."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@asynccontextmanager
async def served(sqlite_url: str, directory: Path, clock: Clock, *, demo: bool) -> AsyncIterator[Visitor]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=sqlite_url,
        keys_dir=directory / "keys",
    )
    hand = Hand(clock())
    async with opened(settings, now=hand) as house:
        await load_seed(house.db)
        await take_their_posts(house.people, [ward.code for ward in WARDS], hand)
        site = build(
            results=house.waves.results,
            web_chat=None,
            webhooks={},
            health=house.health,
            cookie_key=KEY,
            rooms=_web_rooms(house, Pages(demo=demo, telegram_url=None, k=10, demo_desk=demo), demo=demo),
            pages=Pages(demo=demo, telegram_url=None, k=10, demo_desk=demo),
        )
        async with running(site) as url, visitor(url) as browser:
            yield browser


@pytest.fixture
async def demo(sqlite_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Visitor]:
    async with served(sqlite_url, tmp_path, clock, demo=True) as browser:
        yield browser


async def test_every_role_the_demo_offers_is_one_click(demo: Visitor) -> None:
    page = await demo.opens("/demo")
    wards = [
        f"{ward.code}-{role.value}"
        for ward in WARDS
        for role in (Role.OFFICER, Role.CHIEF)
        if role not in PROVINCIAL
    ]
    posts = ["86-supervisor", "86-moderator", "86-auditor", *wards]
    for post in posts:
        assert f'value="{post}"' in page
    for post in ("86-supervisor", "86-moderator", "86-auditor", "29263-chief", "29263-officer"):
        went = await demo.posts("/demo", post=post)
        assert (went.status, went.headers["location"]) == (303, "/desk")
        assert "(ví dụ)" in await demo.opens("/desk/account"), "nobody there is a real person"


async def test_the_way_there_stands_on_every_page_of_the_demo(demo: Visitor) -> None:
    for path in ("/", "/results", "/sign-in"):
        assert 'href="/demo"' in await demo.opens(path)


async def test_no_other_site_sits_anybody_down(demo: Visitor) -> None:
    for headers in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert (await demo.posts("/demo", headers, post="86-supervisor")).status == 403
    assert (await demo.posts("/demo", post="nobody")).headers["location"] == "/demo"
    assert (await demo.asks("/desk")).headers["location"].startswith("/sign-in")


async def test_nowhere_else_is_there_such_an_address(sqlite_url: str, tmp_path: Path, clock: Clock) -> None:
    async with served(sqlite_url, tmp_path, clock, demo=False) as browser:
        assert 'href="/demo"' not in await browser.opens("/results")
        await browser.opens("/demo", 404)
        assert (await browser.posts("/demo", post="86-supervisor")).status == 404
