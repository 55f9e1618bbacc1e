"""The page on which the demo's days pass: one button, told as it happens, and to be found in the demo alone."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.app import House, _ticks, _web_rooms, opened, serve
from bot.demo_clock import DemoClock
from bot.demo_schedules import take_standing_orders
from bot.demo_year import Year
from bot.web.app import build
from bot.web.demo_clock import PLACE, clock_rooms
from bot.web.desk_door import COOKIE
from bot.web.pages import Pages
from bot.web.server import listen
from tests.conftest import Clock
from tests.offices import Visitor, carrying, visitor
from tests.patience import PATIENCE
from tests.web.conftest import KEY, running
from tests.web.desk_town import Furnished

A_DAY = timedelta(days=1)


@dataclass
class Demo:
    house: House
    year: Year
    url: str
    browser: Visitor
    real: Clock

    async def arrives(self) -> str:
        """The page, when the days have passed."""
        async with asyncio.timeout(PATIENCE):
            while "hx-get" in (page := await self.browser.opens(PLACE)):  # noqa: ASYNC110 – a page can only be looked at again
                await asyncio.sleep(0.05)
        return page


@asynccontextmanager
async def a_demo(furnished: Furnished, directory: Path, real: Clock) -> AsyncIterator[Demo]:
    clock, stop = DemoClock(real, lambda: 0.0), asyncio.Event()
    year = Year(clock, 20)
    async with opened(furnished.copied(directory / "desk"), now=clock, passed=clock.passed) as house:
        await take_standing_orders(house, clock())
        pages = Pages(demo=True, telegram_url=None, k=10, demo_desk=True, has_clock=True)
        site = build(
            results=house.waves.results,
            web_chat=None,
            webhooks={},
            health=house.health,
            cookie_key=KEY,
            rooms=_web_rooms(house, pages, demo=True) + clock_rooms(house, year, pages),
            pages=pages,
        )
        async with running(site) as url, visitor(url) as browser, asyncio.TaskGroup() as tasks:
            tasks.create_task(year.run(house, _ticks(house), stop))
            try:
                yield Demo(house, year, url, browser, real)
            finally:
                stop.set()


@pytest.fixture
async def demo(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[Demo]:
    async with a_demo(furnished_desk, tmp_path, clock) as demo:
        yield demo


async def test_a_day_passes_at_a_button(demo: Demo) -> None:
    assert "22/11/2026" in await demo.browser.opens(PLACE)

    went = await demo.browser.posts(PLACE, to="day")
    page = await demo.arrives()

    assert (went.status, went.headers["location"]) == (303, PLACE)
    assert "23/11/2026" in page
    assert demo.year.clock() == demo.real() + A_DAY


async def test_it_goes_to_the_next_thing_and_tells_of_it(demo: Demo) -> None:
    page = await demo.browser.opens(PLACE)
    [said] = re.findall(r'value="next"><b>[^<]+</b>([^<]+)', page)
    assert said.startswith("00:00 1/12/2026 · Mở đợt: Đánh giá lượt đến trụ sở, tháng 12/2026")

    await demo.browser.posts(PLACE, to="next")
    page = await demo.arrives()

    assert "00:00</b> thứ Ba, 1/12/2026" in page
    happened = page.split("Đã diễn ra")[1]
    assert "Mở đợt" in happened
    assert "Đánh giá lượt đến trụ sở, tháng 12/2026" in happened
    async with demo.house.db.reading() as tx:
        assert await tx.waves.by_slug("tham-luot-2026-12") is not None


async def test_whoever_lets_days_pass_stays_where_they_sit(demo: Demo, furnished_desk: Furnished) -> None:
    token = await demo.house.people.begin(furnished_desk.actors["dung"])
    carrying(demo.browser.session, demo.url, token)

    await demo.browser.posts(PLACE, to="week")
    await demo.arrives()

    assert "Phạm Thị Dung" in await demo.browser.opens("/desk/calendar")
    async with aiohttp.ClientSession(headers={"cookie": f"{COOKIE}={token}"}) as other:
        async with other.get(demo.url + PLACE) as response:
            assert COOKIE not in response.cookies, "the session of a week ago is over for everybody else"
        async with other.get(demo.url + "/desk/calendar", allow_redirects=False) as response:
            assert response.status == 303


async def test_no_other_site_lets_days_pass(demo: Demo) -> None:
    for headers in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert (await demo.browser.posts(PLACE, headers, to="day")).status == 403
    assert not demo.year.is_running


@pytest.mark.parametrize("wanted", ["", "year", "2030-01-01", "-1"])
async def test_what_is_no_button_does_nothing(demo: Demo, wanted: str) -> None:
    assert (await demo.browser.posts(PLACE, to=wanted)).status == 303

    assert not demo.year.is_running
    assert demo.year.clock() == demo.real()
    assert (await demo.browser.posts(PLACE, to="x" * 5000)).status == 413


async def test_the_way_there_stands_on_every_page_of_the_demo(demo: Demo) -> None:
    for path in ("/results", "/sign-in", "/demo"):
        assert f'href="{PLACE}"' in await demo.browser.opens(path)


async def test_a_real_house_has_no_such_address_and_its_clock_cannot_be_moved(
    furnished_desk: Furnished, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with opened(furnished_desk.copied(tmp_path / "desk")) as house, visitor(url) as browser:
        serving = asyncio.create_task(serve(house, listener, stop))
        try:
            assert f'href="{PLACE}"' not in await browser.opens("/results")
            await browser.opens(PLACE, 404)
            assert (await browser.posts(PLACE, to="day")).status == 404
            assert not hasattr(house.now, "move_to")
        finally:
            stop.set()
            await serving
