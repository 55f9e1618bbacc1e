"""The demo's clock in a real browser: a press, a bar that moves, and what has happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.web.demo_clock import PLACE
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_results import PALE
from tests.conftest import Clock
from tests.patience import PATIENCE
from tests.web.desk_town import Furnished
from tests.web.test_demo_clock import Demo, a_demo

PICTURES = Path(__file__).parents[1] / "output"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
LONG = PATIENCE * 1000  # ms


@pytest_asyncio.fixture(loop_scope="session")
async def demo(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[Demo]:
    async with a_demo(furnished_desk, tmp_path, clock) as demo:
        yield demo


async def test_one_press_and_one_watches_the_days_pass(demo: Demo, open_page: Open) -> None:
    page = await open_page(demo.url + PLACE)
    await expect(page.locator(".time-there")).to_contain_text("22/11/2026")

    await page.get_by_role("button", name="Đến việc kế tiếp").click()

    await expect(page.locator(".time-there")).to_contain_text("1/12/2026", timeout=LONG)
    await expect(page.get_by_role("button", name="+1 ngày")).to_be_visible(timeout=LONG)
    await expect(page.locator(".lines")).to_contain_text("Mở đợt")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["360", "1280"])
async def test_nothing_is_cut_off_or_pale(
    demo: Demo, open_page: Open, viewport: dict[str, int], scheme: str
) -> None:
    await demo.browser.posts(PLACE, to="next")
    running = await open_page(demo.url + PLACE, viewport=viewport, color_scheme=scheme)
    assert await running.evaluate(TOO_WIDE) <= 0
    await demo.arrives()
    page = await open_page(demo.url + PLACE, viewport=viewport, color_scheme=scheme)

    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"demo-clock-{viewport['width']}-{scheme}.png", full_page=True)
    assert await page.evaluate(TOO_WIDE) <= 0
    assert await page.evaluate(PALE) == []
