"""Reading comments on a small phone: everything within the screen, large enough for a thumb, without a script."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.rights import Role
from tests.browser.conftest import DESK, PHONE, Open
from tests.conftest import Clock
from tests.offices import PROVINCE, Office
from tests.sealed_comments import LAN, Town, remarks
from tests.web.test_comments import HEAP, site_with_comments


@pytest_asyncio.fixture(loop_scope="session")
async def office(sqlite_url: str, vault: Vault, clock: Clock) -> AsyncIterator[tuple[str, Office]]:
    """Its address, and the office with a moderator in it."""
    database = await Database.open(sqlite_url)
    await load_seed(database)
    town = Town(database, vault, clock)
    await town.seals([*remarks(3), f"Rất dài {'không nghỉ' * 30} và số 0912345678 nữa"], whole=True)
    async with site_with_comments(town) as (url, office):
        await office.serves(LAN, Role.MODERATOR, PROVINCE)
        yield url, office
    await database.close()


async def signs_in(page: Page, office: Office) -> None:
    """By keyboard alone."""
    await page.get_by_label("Mã cá nhân").fill(office.personal[LAN])
    await page.get_by_label("6 số trên điện thoại").fill(office.digits(LAN))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/comments")


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_comment_is_read_passed_and_taken_back_by_keyboard_without_a_script(
    office: tuple[str, Office], open_page: Open, screen: dict[str, int]
) -> None:
    url, people = office
    page = await open_page(f"{url}/sign-in?next=%2Fcomments", viewport=screen, java_script_enabled=False)
    await signs_in(page, people)
    await page.get_by_role("link", name="Phường Long Đức").click()
    await page.get_by_role("button", name="Cho qua").focus()
    await page.keyboard.press("Enter")

    await page.get_by_text(f"Đã cho qua ({LAN}").wait_for()
    await page.get_by_role("button", name="Hoàn tác").click()
    await page.get_by_text("chưa đọc 4").wait_for()


async def test_nothing_is_wider_than_a_small_phone_and_every_button_is_for_a_thumb(
    office: tuple[str, Office], open_page: Open
) -> None:
    url, people = office
    page = await open_page(f"{url}/sign-in?next=%2Fcomments")
    await signs_in(page, people)
    for path in ("/comments", HEAP, f"{HEAP}/decided"):
        await page.goto(url + path)
        for _ in range(4 if path == HEAP else 1):
            width = await page.evaluate("document.documentElement.scrollWidth")
            low = await page.evaluate(
                "Math.min(...[...document.querySelectorAll('main button, main a, main input:not([type=hidden])')]"
                ".map(e => e.getBoundingClientRect().height))"
            )
            assert width == PHONE["width"]
            assert low >= 40
            later = page.get_by_role("link", name="Để sau")
            if await later.count():
                async with page.expect_navigation():
                    await later.click()
