"""The real house in a real browser: from the QR at the counter to a receipt, on a phone."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from bot.channels.web_chat import WebChat
from bot.intake import Intake
from bot.lanes import Lanes
from bot.web.app import build
from handlers.quarantine import Quarantine
from surveys.entry import Stream
from tests.browser.conftest import Open, says, taps
from tests.journeys.town import LONG_DUC, Town
from tests.web.conftest import KEY, health, running


@pytest_asyncio.fixture(loop_scope="session")
async def address(town: Town) -> AsyncIterator[str]:
    intake = Intake(
        town.residents, Lanes(), Quarantine(town.database, town.clock), lambda language: "Xin lỗi."
    )
    site = build(
        results=town.waves.results,
        web_chat=WebChat(intake.accept),
        webhooks={},
        health=health,
        cookie_key=KEY,
    )
    async with running(site) as url:
        yield url


async def test_a_visit_is_rated_at_the_counter(town, address, open_page: Open):
    wave = await town.opens_visits()
    page = await open_page(f"{address}/?start={town.link(LONG_DUC, Stream.VISIT)}")
    log = page.locator(".log")

    await taps(page, "Đồng ý, bắt đầu")
    for question in range(1, 5):
        await expect(log).to_contain_text(f"{question}/5")
        await page.locator(".option").first.click()
    await expect(log).to_contain_text("5/5")
    await says(page, "thêm ghế chờ")
    await expect(log).to_contain_text("Mã biên nhận")

    [answers] = await town.answers(wave)
    assert len(answers) == 5
    assert "Phường Long Đức" not in page.url


async def test_a_ward_is_found_by_its_old_name_and_the_talk_survives_a_reload(town, address, open_page: Open):
    await town.opens_visits()
    page = await open_page(address)
    await page.wait_for_selector(".option")

    await says(page, "phuong 4 tra vinh")
    await expect(page.locator(".log")).to_contain_text("Long Đức")
    await page.reload()

    await expect(page.locator(".option").first).to_contain_text("Long Đức")


async def test_ways_around_a_question_stand_below_its_answers(town, address, open_page: Open):
    await town.opens_visits()
    page = await open_page(f"{address}/?start={town.link(LONG_DUC, Stream.VISIT)}")
    await taps(page, "Đồng ý, bắt đầu")
    await expect(page.locator(".log")).to_contain_text("1/5")

    assert await page.locator(".option.aside").count() >= 2
    last_answer = await page.locator(".option:not(.aside)").last.bounding_box()
    first_aside = await page.locator(".option.aside").first.bounding_box()
    assert last_answer
    assert first_aside
    assert first_aside["y"] >= last_answer["y"] + last_answer["height"]


async def test_before_anything_is_released_the_ward_sees_nothing(town, address, open_page: Open):
    await town.opens_visits()
    page = await open_page(address + "/#ket-qua")

    await expect(page.locator(".results")).to_contain_text("Chưa có đợt nào được công bố")
