"""What the ward sees, as it is seen: behind the second tab of a phone, beside the chat on a desk, on paper."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESK, PHONE, Open

expect.set_options(timeout=10_000)
PICTURES = Path(__file__).parents[1] / "output"


async def test_on_a_phone_the_results_stand_behind_the_second_tab(page):
    await expect(page.locator(".results")).to_be_hidden()

    await page.click("text=Phường thấy gì >> nth=0")
    await expect(page.locator(".results")).to_be_visible()
    await expect(page.locator(".chat")).to_be_hidden()
    await page.go_back()

    await expect(page.locator(".chat")).to_be_visible()


async def test_on_a_desk_both_are_seen(server, open_page: Open):
    page = await open_page(server.url, viewport=DESK)

    await expect(page.locator(".chat")).to_be_visible()
    await expect(page.locator(".results")).to_be_visible()
    await expect(page.locator(".tabs")).to_be_hidden()


async def test_a_bar_is_as_long_as_its_share_and_its_whisker_as_the_interval(server, open_page: Open):
    page = await open_page(server.url + "/results", viewport=DESK)
    card = page.locator(".ward", has_text="Phường Long Đức")
    track = await card.locator(".track").bounding_box()
    share = await card.locator("rect.share").bounding_box()
    whisker = await card.locator(".whisker").first.bounding_box()
    label = await card.locator(".bar").get_attribute("aria-label")

    assert track
    assert share
    assert whisker
    written = float((await card.locator(".index").inner_text()).split()[-2].replace(",", ".").rstrip("%"))
    assert share["width"] / track["width"] * 100 == pytest.approx(written, abs=0.1)
    assert whisker["x"] < share["x"] + share["width"] < whisker["x"] + whisker["width"]
    assert label
    assert "khoảng tin cậy" in label
    assert "Ngưỡng 90" in label


async def test_too_small_is_drawn_like_empty(server, open_page: Open):
    page = await open_page(server.url + "/results")
    card = page.locator(".ward", has_text="Phường Trường Long Hòa")

    assert await card.locator("rect.share").count() == 0
    assert await card.locator(".whisker").count() == 0
    assert "–" in await card.locator(".index").inner_text()


async def test_on_paper_every_table_is_there_and_the_chat_is_not(server, open_page: Open):
    page = await open_page(server.url, viewport=DESK)
    await page.wait_for_selector(".option")
    await page.emulate_media(media="print")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")

    await expect(page.locator(".chat")).to_be_hidden()
    for table in await page.locator(".ward table").all():
        await expect(table).to_be_visible()
    paper = await page.pdf()
    assert paper.startswith(b"%PDF")


async def test_questions_open_without_a_script(server, open_page: Open):
    page = await open_page(server.url + "/results", java_script_enabled=False)

    await page.click("summary >> nth=0")

    await expect(page.locator(".ward table").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_page_can_be_read_in_any_light(server, open_page: Open, scheme, viewport):
    page = await open_page(server.url, viewport=viewport, color_scheme=scheme)
    await page.wait_for_selector(".option")
    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"page-{viewport['width']}-{scheme}.png")
    await page.evaluate("location.hash = '#ket-qua'")

    pale = await page.evaluate(PALE)

    assert pale == []


# Every text on the page against what lies behind it: WCAG 2.2 asks for 4.5 : 1, and 3 : 1 where letters are large.
PALE = """() => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const [r, g, b] = channels(colour).map(value => value / 255)
            .map(value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (let node = element; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if ((channels(colour)[3] ?? 1) > 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    return Array.from(document.querySelectorAll('body *'))
        .filter(element => element.getClientRects().length && !element.closest('.unseen, .skip, svg, :disabled')
            && Array.from(element.childNodes).some(node => node.nodeType === 3 && node.textContent.trim()))
        .map(element => {
            const style = getComputedStyle(element);
            const [a, b] = [light(style.color), light(behind(element))].sort((x, y) => y - x);
            const large = parseFloat(style.fontSize) >= 24;
            return {ratio: (a + 0.05) / (b + 0.05), least: large ? 3 : 4.5, what: element.outerHTML.slice(0, 90)};
        })
        .filter(found => found.ratio < found.least)
        .map(found => `${found.ratio.toFixed(2)} ${found.what}`);
}"""
