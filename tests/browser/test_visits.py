"""The tablet and the papers in a real browser: an old small tablet, a phone, a desk."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
import pytest_asyncio
from playwright.async_api import expect

from surveys import clerks
from surveys.clerks import FRONT, ClerkLink
from surveys.forms.session import Mode
from tests.browser.conftest import DESK, PHONE, Open
from tests.journeys.town import LONG_DUC, Town
from tests.web.visits import issuing, site_of

OLD_TABLET = {"width": 600, "height": 1024}


@pytest_asyncio.fixture(loop_scope="session")
async def url(town: Town) -> AsyncIterator[str]:
    await town.opens_yearly()
    async with site_of(town) as url:
        yield url


@pytest.mark.parametrize("screen", [PHONE, OLD_TABLET, DESK], ids=["phone", "tablet", "desk"])
async def test_the_tablet_shows_a_code_that_fits_and_renews_itself(
    town: Town, url: str, open_page: Open, screen: dict[str, int]
) -> None:
    place = f"{url}/counter/{LONG_DUC}/1/{await issuing(town).counter_door(LONG_DUC, 1, 40)}"
    page = await open_page(place, viewport=screen)
    code = page.locator("#code")
    before = await code.get_attribute("src")

    box = await code.bounding_box()
    assert box is not None
    assert box["width"] >= 240
    assert abs(box["width"] - box["height"]) < 2
    assert await page.evaluate("document.documentElement.scrollWidth") == screen["width"]
    # What a tablet does that was asleep: it looks at once.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(code).not_to_have_attribute("src", before or "")
    assert await code.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


async def test_without_script_the_page_renews_itself(town: Town, url: str, open_page: Open) -> None:
    door = await issuing(town).counter_door(LONG_DUC, 1, 40)
    page = await open_page(f"{url}/counter/{LONG_DUC}/1/{door}", java_script_enabled=False)

    assert await page.locator("#code").is_visible()
    assert await page.locator("noscript").count() == 1


async def test_a_paper_is_typed_in_with_a_slip_and_nothing_is_lost(
    town: Town, url: str, open_page: Open
) -> None:
    link = ClerkLink("l1", "nam-2026", LONG_DUC, FRONT, Mode.PAPER, date(2026, 11, 30))
    page = await open_page(f"{url}/phieu-giay/{clerks.mint(link, town.vault.entry_key)}")
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    await page.locator('input[name="q.chung"][value="4"]').check()
    await page.locator('textarea[name="q.gop_y"]').fill("gọi 0912345678")
    await page.locator("button[type=submit]").click()
    await expect(page.locator("main")).to_contain_text("Chưa lưu: còn 2 chỗ")
    assert await page.locator('input[name="q.chung"][value="4"]').is_checked()
    assert await town.sessions(1) == []

    await page.locator("#number").fill("17")
    await page.locator('textarea[name="q.gop_y"]').fill("Ghế chờ ít quá")
    await page.locator("button[type=submit]").click()
    await expect(page.locator(".saved")).to_contain_text("Đã lưu phiếu số 17.")

    [session] = await town.sessions(1)
    assert {name: value for name, value in session.answers if value} == {
        "chung": "4",
        "gop_y": "Ghế chờ ít quá",
    }
