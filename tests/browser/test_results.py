"""What the ward sees, as it is seen: behind the second tab of a phone, beside the chat on a desk, on paper."""

from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from pypdf import PdfReader

from bot.web.app import Results, Site, build
from surveys.releases import ReleasedWard
from tests.browser.conftest import DESK, PHONE, Open
from tests.web import conftest, sample
from tests.web.conftest import running

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


@pytest_asyncio.fixture(loop_scope="session")
async def six_years() -> AsyncIterator[str]:
    async def results() -> Sequence[ReleasedWard]:
        return sample.years()

    async with running(released(results)) as url:
        yield url


def released(results: Results) -> Site:
    return build(results=results, web_chat=None, webhooks={}, health=conftest.health, cookie_key=conftest.KEY)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["vi", "en", "km"])
@pytest.mark.parametrize("path", ["/results", "/results/29242"])
async def test_results_fit_the_screen_in_every_language_and_any_light(
    six_years, open_page: Open, path, language, viewport, scheme
):
    page = await open_page(f"{six_years}{path}?lang={language}", viewport=viewport, color_scheme=scheme)
    PICTURES.mkdir(exist_ok=True)
    name = path.strip("/").replace("/", "-")
    if language == "vi":
        await page.screenshot(path=PICTURES / f"{name}-{viewport['width']}-{scheme}.png")
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await page.evaluate(PALE) == []


async def test_in_the_plot_a_ward_with_a_higher_share_stands_further_right(six_years, open_page: Open):
    page = await open_page(six_years + "/results", viewport=DESK)
    places = {}
    for row in await page.locator("tbody .plot-row").all():
        point = row.locator(".point")
        if await point.count():
            box = await point.bounding_box()
            assert box
            share = float(
                (await row.locator(".value").inner_text()).split()[0].replace(",", ".").split("\xa0")[0]
            )
            places[box["x"]] = share

    assert len(places) >= 4
    assert [places[x] for x in sorted(places)] == sorted(places.values())


async def test_a_trend_is_higher_where_satisfaction_was(six_years, open_page: Open):
    page = await open_page(six_years + "/results/29242")
    heights = [
        await mark.bounding_box() for mark in await page.locator(".trend-drawing .point, .outside rect").all()
    ]

    assert len(heights) == 6
    lowest = max(heights, key=lambda box: box["y"] if box else 0)
    marked = [await each.bounding_box() for each in await page.locator(".outside rect").all()]
    assert any(lowest == box for box in marked)


async def test_from_the_picture_to_the_ward_and_back_without_a_script(six_years, open_page: Open):
    page = await open_page(six_years + "/results", java_script_enabled=False)

    await page.click(".plot-row a:has-text('Phường Long Đức')")
    await expect(page.locator("h1")).to_have_text("Phường Long Đức")
    await page.click("text=Tất cả kết quả")

    await expect(page.locator(".plot")).to_be_visible()


async def test_a_whole_province_is_one_picture(open_page: Open):
    async def results() -> Sequence[ReleasedWard]:
        return sample.province()

    async with running(released(results)) as url:
        for viewport in (PHONE, DESK):
            page = await open_page(url + "/results", viewport=viewport)

            assert await page.locator("tbody .plot-row").count() == 124
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


async def test_on_paper_a_ward_has_its_drawing_and_its_tables(six_years, open_page: Open):
    page = await open_page(six_years + "/results/29263", viewport=DESK)

    paper = PdfReader(BytesIO(await page.pdf(prefer_css_page_size=True)))

    text = "".join(each.extract_text() for each in paper.pages)
    assert "Phường Long Đức" in text
    assert "2021" in text
    assert "Khoảng 95" in text
