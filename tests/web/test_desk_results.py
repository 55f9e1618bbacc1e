"""Released results behind the sign-in: one's own ward first, the province beside it, and nothing that is not public anyway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.web.app import build
from bot.web.desk_door import Door
from bot.web.desk_results import DeskResults
from bot.web.pages import Pages
from tests.conftest import Clock
from tests.web import sample
from tests.web.conftest import KEY, health, running
from tests.web.desk_town import DeskTown, Furnished, Seat, a_desk_town


async def years() -> object:
    return sample.years()


async def nothing() -> tuple[()]:
    return ()


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@asynccontextmanager
async def six_years(town: DeskTown) -> AsyncIterator[str]:
    """A desk with so many years of released waves."""
    pages = Pages(demo=False, telegram_url=None, k=10)
    door = Door(town.house.people, pages, secure=False)
    rooms = [*door.routes, *DeskResults(years, nothing, pages, door).routes]
    site = build(
        results=years, web_chat=None, webhooks={}, health=health, cookie_key=KEY, rooms=rooms, pages=pages
    )
    async with running(site) as url:
        yield url


@pytest.fixture
async def url(town: DeskTown) -> AsyncIterator[str]:
    async with six_years(town) as url:
        yield url


async def seat(town: DeskTown, url: str, name: str) -> Seat:
    there = await town.seat(name)
    there.url = url
    return there


async def test_ones_own_ward_comes_first_with_its_trend(town: DeskTown, url: str) -> None:
    page = await (await seat(town, url, "an")).opens("/desk/results")

    own, others = page.index("Phường Long Đức</h2>"), page.index("Các phường, xã trong tỉnh")
    assert own < others
    assert 'class="trend' in page[own:others]
    assert "Phường Trà Vinh" in page[others:]


async def test_a_province_sees_its_wards_side_by_side(town: DeskTown, url: str) -> None:
    for name in ("dung", "hai", "giang"):
        page = await (await seat(town, url, name)).opens("/desk/results")

        assert "plot-row" in page
        assert "Phường Trà Vinh" in page


async def test_who_may_not_is_told_so_and_who_is_not_signed_in_signs_in(town: DeskTown, url: str) -> None:
    await (await seat(town, url, "khanh")).opens("/desk/results", 403)

    nobody = await town.seat(None)
    nobody.url = url
    assert (await nobody.opens("/desk/results", 303)).startswith("/sign-in?next=")


async def test_before_the_first_release_it_says_so(town: DeskTown) -> None:
    page = await (await town.seat("an")).opens("/desk/results")

    assert "Chưa có kết quả nào của đơn vị được công bố" in page
