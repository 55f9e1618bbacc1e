"""The drawn phone in a real Chromium: at 360 px, in the dark, by keyboard, with buttons that grow old."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect

from bot.web.zalo_phone import PHONE
from tests.browser.conftest import DESK, Open
from tests.web.zalo_town import Played, a_phone


@pytest_asyncio.fixture(loop_scope="session")
async def played(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Played]:
    async with a_phone(sqlite_url, tmp_path / "keys") as played:
        yield played


async def test_following_tapping_and_tapping_an_old_button(played: Played, open_page: Open):
    page = await open_page(played.url + PHONE)
    await page.click(".follow")
    await expect(page.locator(".theirs").first).to_contain_text("trợ lý tự động")
    await expect(page.locator(".follow")).to_have_text("Bỏ quan tâm")

    await page.locator(".theirs").first.locator(".buttons button").first.click()
    await expect(page.locator(".theirs")).not_to_have_count(1)
    shown = await page.locator(".theirs").count()
    await expect(page.locator(".mine")).to_have_count(0)

    await page.locator(".theirs").first.locator(".buttons button").first.click()
    await expect(page.locator(".theirs").nth(shown)).to_be_visible()


async def test_by_keyboard_alone(played: Played, open_page: Open):
    page = await open_page(played.url + PHONE, viewport=DESK, color_scheme="dark")
    await page.focus("#nhan")
    await page.keyboard.type("menu")
    await page.keyboard.press("Enter")
    await expect(page.locator(".mine")).to_contain_text("menu")
    await expect(page.locator(".theirs").first).to_be_visible()

    await page.locator(".theirs .buttons button").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".theirs").nth(1)).to_be_visible()


async def test_nothing_is_wider_than_the_phone_and_every_button_is_large_enough(
    played: Played, open_page: Open
):
    for scheme in ("light", "dark"):
        page = await open_page(played.url + PHONE, color_scheme=scheme)
        await page.click(".follow")
        await expect(page.locator(".buttons button").first).to_be_visible()

        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        for button in await page.locator(".phone button:visible").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 44


async def test_the_newest_message_is_in_sight_with_its_buttons(played: Played, open_page: Open):
    page = await open_page(played.url + PHONE)
    await page.click(".follow")

    await expect(page.locator(".buttons button").last).to_be_in_viewport()


async def test_time_an_officer_and_a_picture_on_the_narrowest_phone(played: Played, open_page: Open):
    for scheme in ("light", "dark"):
        page = await open_page(played.url + PHONE, color_scheme=scheme)
        await page.click(".follow")
        await expect(page.locator(".window")).to_contain_text("miễn phí")
        await page.click("[data-act=picture]")
        await expect(page.locator(".mine .is-picture")).to_be_in_viewport()

        for deed, told in (
            ("[data-hours='168']", "7 ngày"),
            ("[data-hours='24']", "1 ngày"),
            ("[data-act=notify]", "7 ngày"),
        ):
            await page.click(".stage summary")
            for button in await page.locator(".stage button").all():
                box = await button.bounding_box()
                assert box is not None
                assert box["height"] >= 44
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360
            await page.click(deed)
            await expect(page.locator(".told").last).to_contain_text(told)
            await expect(page.locator(".told").last).to_be_in_viewport()
        await expect(page.locator(".window")).to_have_text("OA không được nhắn trước")

        await page.get_by_role("button", name="Thông báo mới").first.click()
        await expect(page.locator(".window")).to_contain_text("miễn phí")
        await page.context.clear_cookies()


async def test_on_a_desk_what_else_can_be_tried_stands_beside_the_phone(played: Played, open_page: Open):
    page = await open_page(played.url + PHONE, viewport=DESK)
    await page.click(".follow")
    await expect(page.locator(".theirs").first).to_be_visible()

    await page.get_by_role("button", name="Cán bộ tự trả lời").click()

    await expect(page.locator(".by-hand")).to_be_in_viewport()
    await expect(page.locator(".told")).to_contain_text("im lặng nửa giờ")
    await expect(page.locator(".stage .deeds")).to_be_visible()
