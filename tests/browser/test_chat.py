"""The chat as a person has it: on a phone, over a bad connection, with a keyboard, with a screen reader."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESK, Open, offered, says, taps
from tests.web.conftest import serving
from tests.web.talker import GREETING, THANKS


async def kept(page: Page) -> str:
    return await page.evaluate("sessionStorage.getItem('langnghe') || ''")


async def test_a_whole_survey_by_tapping(page, talker):
    await taps(page, "Đồng ý, bắt đầu")
    await taps(page, "Căn cước")
    await taps(page, "Đúng hạn")
    await taps(page, "Rất hài lòng")
    await says(page, "thêm ghế chờ")

    await expect(page.locator(".log")).to_contain_text("K7QF-3M2X-9TWA-5H8C")
    [person] = talker.people.values()
    assert person.answers == ["Đồng ý, bắt đầu", "Căn cước", "Đúng hạn", "Rất hài lòng", "thêm ghế chờ"]


async def test_a_choice_is_neither_shown_again_nor_kept(page):
    await taps(page, "Đồng ý, bắt đầu")
    await taps(page, "Căn cước")
    await expect(page.locator(".log")).to_contain_text("1/4 Đã ghi.")
    await says(page, "3")
    await expect(page.locator(".log")).to_contain_text("2/4 Đã ghi.")
    await taps(page, "Rất không hài lòng")
    await expect(page.locator(".log")).to_contain_text("4/4")
    await says(page, "thêm ghế chờ")
    await expect(page.locator(".log")).to_contain_text("biên nhận")

    seen, stored = await page.inner_text(".log"), await kept(page)
    for choice in ("Căn cước", "Trễ hạn", "Rất không hài lòng"):
        assert choice not in seen
        assert choice not in stored
    assert "ghế" not in stored


async def test_nothing_is_lost_when_the_page_is_loaded_again(page):
    await taps(page, "Đồng ý, bắt đầu")
    await taps(page, "Cư trú")
    await expect(page.locator(".log")).to_contain_text("2/4")

    await page.reload()

    await expect(page.locator(".option")).to_have_count(4)
    assert await page.locator(".log .ours").count() == 3
    assert (await page.inner_text(".log")).count("2/4") == 1
    await taps(page, "Trước hạn")
    await expect(page.locator(".log")).to_contain_text("3/4")


async def test_an_answer_on_its_way_while_the_page_is_loaded_again_counts_once(page, talker):
    await page.route("**/chat/say", lambda route: route.abort())
    await taps(page, "Đồng ý, bắt đầu")
    await page.unroute("**/chat/say")

    await page.reload()

    await expect(page.locator(".log")).to_contain_text("1/4")
    [person] = talker.people.values()
    assert person.answers == ["Đồng ý, bắt đầu"]


async def test_a_post_whose_answer_was_lost_is_repeated_and_counts_once(page, talker):
    lost = 0

    async def lose_the_answer(route) -> None:
        nonlocal lost
        if lost < 2 and "tap" in route.request.post_data:
            lost += 1
            await route.fetch()
            await route.abort()
            return
        await route.continue_()

    await page.route("**/chat/say", lose_the_answer)
    await taps(page, "Đồng ý, bắt đầu")

    await expect(page.locator(".log")).to_contain_text("1/4")
    await expect(page.locator(".banner")).to_be_empty()
    [person] = talker.people.values()
    assert person.answers == ["Đồng ý, bắt đầu"]
    assert (await page.inner_text(".log")).count("1/4") == 1


async def test_two_quick_taps_are_one_answer(page, talker):
    await offered(page, "Đồng ý, bắt đầu").dblclick()

    await expect(page.locator(".log")).to_contain_text("1/4")
    [person] = talker.people.values()
    assert person.answers == ["Đồng ý, bắt đầu"]


async def test_a_double_tap_does_not_answer_the_question_that_comes_up_under_it(page):
    is_under_the_finger = await page.evaluate(
        """() => new Promise(done => {
            new MutationObserver(() => {
                const button = document.querySelector('.option:not(:disabled)');
                if (!button) return;
                const {left, top, width, height} = button.getBoundingClientRect();
                done(button.contains(document.elementFromPoint(left + width / 2, top + height / 2)));
            }).observe(document.querySelector('.log'), {childList: true});
            document.querySelector('.option').click();
        })"""
    )

    assert is_under_the_finger is False
    await taps(page, "Cư trú")
    await expect(page.locator(".log")).to_contain_text("2/4")


async def test_the_database_away_for_a_moment_costs_nothing(page, talker):
    talker.is_away = True
    await taps(page, "Đồng ý, bắt đầu")
    await expect(page.locator(".banner")).to_contain_text("đang thử lại")

    talker.is_away = False

    await expect(page.locator(".log")).to_contain_text("1/4")
    await expect(page.locator(".banner")).to_be_empty()


async def test_after_a_restart_of_the_server_the_talk_goes_on(talker, open_page: Open):
    async with serving(talker) as server:
        port = int(server.url.rpartition(":")[2])
        page = await open_page(server.url)
        await taps(page, "Đồng ý, bắt đầu")
        await expect(page.locator(".log")).to_contain_text("1/4")
    await expect(page.locator(".banner")).to_contain_text("mất kết nối")
    async with serving(talker, port):
        await expect(page.locator(".banner")).to_be_empty()
        await taps(page, "Cư trú")
        await expect(page.locator(".log")).to_contain_text("2/4")


async def test_offline_is_said_and_what_was_said_then_arrives_later(page, talker):
    await page.context.set_offline(True)
    await expect(page.locator(".banner")).to_contain_text("mất kết nối")
    await taps(page, "Đồng ý, bắt đầu")

    await page.context.set_offline(False)

    await expect(page.locator(".log")).to_contain_text("1/4")
    await expect(page.locator(".banner")).to_be_empty()


async def test_where_streams_are_held_back_the_posts_are_enough(server, open_page: Open):
    page = await open_page("about:blank")
    await page.route("**/chat/events*", lambda route: None)  # never answered
    await page.goto(server.url)

    await taps(page, "Đồng ý, bắt đầu")

    await expect(page.locator(".log")).to_contain_text("1/4")


async def test_a_link_begins_as_it_says_and_only_once(server, open_page: Open, talker):
    page = await open_page(server.url + "/?start=payload-of-a-poster")
    await page.wait_for_selector(".option")
    await page.reload()
    await page.wait_for_selector(".option")

    assert "start=" not in page.url
    assert [incoming.start for incoming in talker.heard] == ["payload-of-a-poster", None]


async def test_enter_sends_and_shift_enter_begins_a_line(page, talker):
    await page.focus("#said")
    await page.keyboard.type("một")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("hai")
    async with page.expect_response("**/chat/say"):
        await page.keyboard.press("Enter")

    await expect(page.locator("#said")).to_have_value("")
    await expect(page.locator(".yours")).to_contain_text("hai")
    assert talker.heard[-1].text == "một\nhai"


async def test_dots_show_that_an_answer_is_being_written(page):
    gate = asyncio.Event()

    async def slow(route) -> None:
        await gate.wait()
        await route.continue_()

    await page.route("**/chat/say", slow)
    await taps(page, "Đồng ý, bắt đầu")
    await expect(page.locator(".typing i").first).to_be_visible()
    await expect(page.locator(".typing [role=status]")).to_have_text("Đang soạn câu trả lời")
    gate.set()

    await expect(page.locator(".typing i").first).to_be_hidden()


async def test_in_an_emergency_the_numbers_can_be_dialled(page):
    await says(page, "cháy nhà")

    assert await page.locator(".log a[href='tel:114']").inner_text() == "114"


async def test_ones_own_data_can_be_downloaded(page, tmp_path: Path):
    await says(page, "dữ liệu của tôi")
    async with page.expect_download() as downloading:
        await page.click(".file")
    download = await downloading.value
    await download.save_as(tmp_path / "du-lieu.json")

    assert download.suggested_filename == "du-lieu.json"
    assert json.loads((tmp_path / "du-lieu.json").read_text()) == {"answers": []}
    assert "answers" not in await kept(page)


async def test_the_screen_can_be_cleared(page):
    await taps(page, "Đồng ý, bắt đầu")
    await taps(page, "Cư trú")
    await expect(page.locator(".log")).to_contain_text("2/4")

    await page.click(".clear")

    # The question that was there had four options too.
    await expect(page.locator(".log")).not_to_contain_text("1/4")
    await expect(page.locator(".option")).to_have_count(4)
    assert GREETING[:20] not in await kept(page)


async def test_two_tabs_of_one_person_stay_together(server, open_page: Open):
    one = await open_page(server.url)
    await one.wait_for_selector(".option")
    other = await one.context.new_page()
    await other.goto(server.url)
    await other.wait_for_selector(".option")

    await taps(one, "Đồng ý, bắt đầu")

    await expect(other.locator(".log")).to_contain_text("1/4")


async def test_a_cookie_that_is_gone_is_said_with_a_way_out(page):
    await page.context.clear_cookies()
    await taps(page, "Đồng ý, bắt đầu")

    await expect(page.locator(".banner")).to_contain_text("tải lại trang")
    await page.click(".banner button")
    await page.wait_for_selector(".option")


async def test_a_survey_by_keyboard_alone(page, talker):
    await page.focus(".option")
    await page.keyboard.press("Enter")
    await expect(page.locator(".log")).to_contain_text("1/4")

    await expect(page.locator(".options:focus")).to_have_attribute("class", "options")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")

    await expect(page.locator(".log")).to_contain_text("2/4")
    [person] = talker.people.values()
    assert person.answers == ["Đồng ý, bắt đầu", "Căn cước"]


async def test_a_screen_reader_finds_its_way(page):
    log = page.get_by_role("log", name="Cuộc trò chuyện")
    assert await log.get_attribute("aria-live") == "polite"
    await expect(page.get_by_role("textbox", name="Câu trả lời của ông/bà")).to_be_visible()
    await expect(page.get_by_role("button", name="Gửi")).to_be_visible()
    await expect(page.get_by_role("button", name="Đồng ý, bắt đầu")).to_be_visible()
    assert await page.get_by_role("group").first.get_attribute("aria-label")
    tree = await page.locator("main").aria_snapshot()
    assert "Lắng Nghe:" in tree


async def test_history_is_not_read_out_again(page):
    await page.reload()
    await page.wait_for_selector(".option")

    await expect(page.locator(".log")).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize("viewport", [{"width": 320, "height": 568}, {"width": 360, "height": 740}, DESK])
async def test_everything_to_touch_is_large_enough_and_nothing_sticks_out(server, open_page: Open, viewport):
    page = await open_page(server.url, viewport=viewport)
    await taps(page, "Đồng ý, bắt đầu")
    await expect(page.locator(".log")).to_contain_text("1/4")

    too_small = await page.evaluate(
        """() => Array.from(document.querySelectorAll('button, a, textarea, summary'))
            .map(element => ({box: element.getBoundingClientRect(), element}))
            .filter(({box, element}) => box.width && !element.classList.contains('skip')
                    && !element.classList.contains('brand') && (box.height < 44 || box.width < 44))
            .map(({box, element}) => element.outerHTML.slice(0, 80) + ` ${box.width}×${box.height}`)"""
    )
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    tall = await page.evaluate(
        "document.documentElement.scrollHeight - document.documentElement.clientHeight"
    )
    assert too_small == []
    assert (wide, tall) == (0, 0)


async def test_nothing_jumps_while_the_page_comes_up(server, open_page: Open):
    page = await open_page(server.url)
    await page.wait_for_selector(".option")

    shift = await page.evaluate(
        """() => new Promise(done => {
            let sum = 0;
            const observer = new PerformanceObserver(list => {
                list.getEntries().forEach(entry => { sum += entry.value; });
            });
            observer.observe({type: 'layout-shift', buffered: true});
            requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
        })"""
    )
    assert shift < 0.01


async def test_without_javascript_the_page_says_what_it_needs(server, open_page: Open):
    page = await open_page(server.url, java_script_enabled=False)

    await expect(page.locator(".needs")).to_contain_text("cần JavaScript")
    await expect(page.locator(".needs")).to_contain_text("Zalo")
    await expect(page.locator(".composer")).to_be_hidden()
    await page.click(".to-results")
    await expect(page.locator(".results")).to_contain_text("Phường Long Đức")


async def test_a_browser_too_old_for_the_script_is_told_after_a_while(server, browser):
    page = await browser.new_page()  # it complains, as it should
    await page.route(
        "**/chat.*.js",
        lambda route: route.fulfill(body="this does not parse ?", content_type="text/javascript"),
    )
    await page.goto(server.url)

    await expect(page.locator(".needs")).to_contain_text("cần JavaScript")
    await expect(page.locator(".needs")).to_be_visible()
    await page.close()


async def test_the_last_message_is_the_same_whatever_was_answered(page, talker):
    for text in ("Đồng ý, bắt đầu", "Cư trú", "Trễ hạn", "Không ý kiến", "Bỏ qua"):
        await taps(page, text)

    await expect(page.locator(".log")).to_contain_text(THANKS.splitlines()[0])
