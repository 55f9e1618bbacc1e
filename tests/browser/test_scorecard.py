"""The scorecard's pages as they are seen and used: on a phone, on a desk, on paper, in any light, without a script, by keyboard,
with six wards and with a whole province."""

import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_results import PALE
from tests.web.test_scorecard import office

PICTURES = Path(__file__).parents[1] / "output"
PAGES = {
    "matrix": "/scorecard",
    "frame": "/scorecard?set=khung-5764",
    "ward": "/scorecard/units/29512",
    "what-if": "/scorecard/units/29242/what-if?set=qd1578&year=2026&t.T7.3=15&minimum=x",
    "roadmap": "/scorecard/roadmap",
    "baseline": "/scorecard/baseline",
}
EVERYTHING_OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def url() -> AsyncIterator[str]:
    async with office() as url:
        yield url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", PAGES)
async def test_every_page_fits_the_screen_and_can_be_read_in_any_light(
    url, open_page: Open, name, viewport, scheme
):
    page = await open_page(url + PAGES[name], viewport=viewport, color_scheme=scheme)
    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"scorecard-{name}-{viewport['width']}-{scheme}.png")
    await page.evaluate(EVERYTHING_OPEN)

    assert await page.evaluate(TOO_WIDE) <= 0
    assert await page.evaluate(PALE) == []


async def at(page: Page, selector: str) -> dict[str, float]:
    box = await page.locator(selector).first.bounding_box()
    assert box is not None
    return dict(box)


@pytest.mark.parametrize("crowd", [0, 118])
async def test_criterion_and_ward_stay_in_sight_wherever_one_scrolls(open_page: Open, crowd):
    async with office(crowd) as url:
        page = await open_page(url + "/scorecard")
        await page.evaluate("document.querySelector('.matrix').scrollIntoView()")
        column, heads = await at(page, "tr.item-row th"), await at(page, ".matrix thead th:nth-child(2)")

        await page.evaluate("document.querySelector('.matrix').scrollBy(150, 600)")

        await page.wait_for_function("document.querySelector('.matrix').scrollTop > 500")
        assert (await at(page, "tr.item-row th"))["x"] == column["x"]
        after = await at(page, ".matrix thead th:nth-child(2)")
        assert after["y"] == heads["y"]
        assert after["x"] < heads["x"]
        assert await page.evaluate(TOO_WIDE) <= 0


async def test_on_a_phone_three_wards_stand_beside_the_criterion(url, open_page: Open):
    page = await open_page(url + "/scorecard")

    frame, third = await at(page, ".matrix"), await at(page, ".matrix thead th:nth-child(4)")

    assert third["x"] + third["width"] / 2 <= frame["x"] + frame["width"]


async def test_the_matrix_is_the_first_picture(url, open_page: Open):
    for viewport in (PHONE, DESK):
        page = await open_page(url + "/scorecard", viewport=viewport)

        assert (await at(page, ".matrix tbody td"))["y"] < viewport["height"]


async def test_groups_fold_and_filters_work_without_a_script(url, open_page: Open):
    page = await open_page(url + "/scorecard", java_script_enabled=False)
    rows = page.locator("tbody.group").first.locator("tr.item-row")
    await expect(rows.first).to_be_visible()

    await page.locator(".fold input").first.check()
    await expect(rows.first).to_be_hidden()

    await page.locator("summary").first.click()
    await page.locator(".filters a", has_text="III.7").click()
    await expect(page.locator("tr.item-row")).to_have_count(7)
    await page.locator(".filters a", has_text="Chưa đạt").click()
    await expect(page).to_have_url(re.compile(r"verdict=chua_dat"))
    assert "group=III.7" in page.url


async def test_a_cell_leads_to_its_criterion_opened(url, open_page: Open):
    page = await open_page(url + "/scorecard")

    await page.locator("tr.item-row", has_text="T7.3").locator("td a").first.click()

    await expect(page.locator("[id='T7.3']")).to_be_visible()
    await expect(page.locator("[id='T7.3']")).to_contain_text("trước thời gian quy định")


async def test_another_day_is_asked_for_and_kept(url, open_page: Open):
    page = await open_page(url + "/scorecard", java_script_enabled=False)
    await page.locator("summary").first.click()

    await page.fill("#as_of", "2026-11-14")
    await page.click("form.fields button")

    await expect(page).to_have_url(re.compile(r"as_of=2026-11-14"))
    await expect(page.locator("text=Tính đến hết ngày 14/11/2026")).to_be_visible()
    matrix = page.url
    await page.locator(".matrix thead a").first.click()
    await expect(page).not_to_have_url(matrix)
    assert "as_of=2026-11-14" in page.url


async def test_a_threshold_is_tried_without_a_script_and_nothing_changes(url, open_page: Open):
    page = await open_page(url + "/scorecard/units/29242", java_script_enabled=False)

    await page.fill("[id='t.T7.3']", "15,5")
    await page.click("form.try button")

    await expect(page.locator("text=Đổi kết luận ở 1 tiêu chí")).to_be_visible()
    await expect(page.locator("text=Không lưu gì").first).to_be_visible()
    await expect(page.locator("[id='t.T7.3']")).to_have_value("15,5")


async def test_what_was_typed_wrong_is_said_beside_the_field(url, open_page: Open):
    page = await open_page(url + "/scorecard/units/29242", java_script_enabled=False)

    await page.fill("[id='t.T7.3']", "nhiều")
    await page.click("form.try button")

    field = page.locator("[id='t.T7.3']")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("[id='t.T7.3-fault']")).to_contain_text("Chưa phải là số")


async def test_whoever_has_only_a_keyboard_sees_where_they_are(url, open_page: Open):
    page = await open_page(url + "/scorecard", viewport=DESK)

    for _ in range(12):
        await page.keyboard.press("Tab")
        outline = await page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 })()"
        )
        assert outline, await page.evaluate("document.activeElement.outerHTML.slice(0, 80)")


async def on_paper(page: Page) -> PdfReader:
    return PdfReader(BytesIO(await page.pdf(prefer_css_page_size=True)))


async def test_on_paper_the_matrix_lies_across_with_every_ward_and_verdict_in_words(url, open_page: Open):
    page = await open_page(url + "/scorecard", viewport=DESK)
    await page.locator(".fold input").first.check()

    paper = await on_paper(page)

    first = paper.pages[0]
    assert first.mediabox.width > first.mediabox.height
    text = "".join(each.extract_text() for each in paper.pages)
    assert "Trường Long Hòa" in text
    assert "R1.1" in text  # folded on the screen, open on paper
    assert "T7.6" in text
    assert "Đăng xuất" not in text
    assert len(paper.pages) <= 6


async def test_on_paper_a_ward_has_every_criterion_and_no_form(url, open_page: Open):
    page = await open_page(url + "/scorecard/units/29512", viewport=DESK)

    paper = await on_paper(page)

    text = "".join(each.extract_text() for each in paper.pages)
    for criterion in ("R1.1", "T2.1", "T7.6"):
        assert criterion in text
    assert "Thử ngưỡng khác" not in text


async def test_a_whole_province_is_drawn(open_page: Open):
    async with office(118) as url:
        page = await open_page(url + "/scorecard", viewport=DESK)

        assert await page.locator("td.v").count() == (59 + 11 + 1) * 124
        assert await page.evaluate(TOO_WIDE) <= 0
