"""The ledger on a small phone: no word of it wider than the screen, every link large enough for a thumb."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from storage.database import Database
from tests.browser.conftest import DESK, PHONE, Open
from tests.web.ledgers import site_with_ledger


@pytest_asyncio.fixture(loop_scope="session")
async def url(sqlite_url: str) -> AsyncIterator[str]:
    database = await Database.open(sqlite_url)
    async with site_with_ledger(database) as (url, _):
        yield url
    await database.close()


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["vi", "en", "km"])
async def test_nothing_is_wider_than_the_screen(
    url: str, open_page: Open, screen: dict[str, int], language: str
) -> None:
    page = await open_page(f"{url}/ledger?lang={language}", viewport=screen)

    width = await page.evaluate("document.documentElement.scrollWidth")
    outside = await page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )

    assert (width, outside) == (screen["width"], 0)


async def test_a_thumb_hits_every_link_on_a_phone(url: str, open_page: Open) -> None:
    page = await open_page(url + "/ledger")

    heights = await page.evaluate(
        "[...document.querySelectorAll('main a')].map(e => e.getBoundingClientRect().height)"
    )

    assert heights
    assert min(heights) >= 32
