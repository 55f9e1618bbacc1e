"""The tablet on the counter: a code of this half-minute for whoever has its address, nothing for anybody else."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot import qr
from surveys import counter
from surveys.counter import Counter
from tests.journeys.conftest import town as town  # the same town, as a fixture
from tests.journeys.town import LONG_DUC, Resident, Town
from tests.web.visits import LINKS, issuing, site_of


@pytest.fixture
async def url(town: Town) -> AsyncIterator[str]:
    async with site_of(town) as url:
        yield url


async def fetched(url: str) -> tuple[int, str, aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text(), response


async def test_the_tablet_shows_the_code_of_the_moment(town: Town, url: str) -> None:
    door = await issuing(town).counter_door(LONG_DUC, 1, 40)
    place = f"{url}/counter/{LONG_DUC}/1/{door}"

    status, page, response = await fetched(place)
    assert status == 200
    assert "<h1>Công an phường Long Đức</h1>" in page
    assert f'src="/counter/{LONG_DUC}/1/{door}/code.svg?' in page
    assert '<noscript><meta http-equiv="refresh" content="20"></noscript>' in page
    assert response.headers["cache-control"] == "no-store"

    shown = []
    for _ in range(3):
        status, drawn, response = await fetched(place + "/code.svg")
        assert (status, response.content_type) == (200, "image/svg+xml")
        assert drawn == qr.svg(LINKS + counter.mint(Counter(LONG_DUC, 1), town.clock(), town.vault.entry_key))
        shown.append(drawn)
        town.clock.advance(seconds=30)
    assert len(set(shown)) == 3


async def test_what_the_tablet_shows_is_a_visit(town: Town) -> None:
    wave = await town.opens_visits()
    person = Resident(town)
    await person.starts(counter.mint(Counter(LONG_DUC, 7), town.clock(), town.vault.entry_key))
    await person.taps("Đồng ý, bắt đầu")

    assert [each.stream for each in await town.sessions(wave)] == ["visit"]


@pytest.mark.parametrize(
    "place",
    [
        "29263/1/wrong",
        "29263/1/{code}",
        "29263/2/{door}",
        "29242/1/{door}",
        "29263/x/{door}",
        "29263/-1/{door}",
        "29263/111111/{door}",
        "29263/1/{door}%00",
        "29263/1/đức",
    ],
)
async def test_whoever_lacks_the_address_finds_nothing(town: Town, url: str, place: str) -> None:
    door = await issuing(town).counter_door(LONG_DUC, 1, 40)
    code = counter.mint(Counter(LONG_DUC, 1), town.clock(), town.vault.entry_key)
    for rest in ("", "/code.svg"):
        status, page, _ = await fetched(f"{url}/counter/{place.format(door=door, code=code[-12:])}{rest}")

        assert status == 404
        assert "<path d" not in page or "29263" not in page
