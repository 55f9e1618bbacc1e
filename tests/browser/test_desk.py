"""The officers' desk in a real browser: a notice from its first word to its recall by several people, on a phone, from the keyboard alone,
without a script, and when the session ends in the middle."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from pypdf import PdfReader

from bot.web.desk_door import COOKIE
from surveys.delivery import DeliveryState
from surveys.notices import State
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_results import PALE
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, DeskTown, Furnished, a_desk_town
from tests.web.test_desk_results import six_years
from tests.web.test_notices_pages import on_its_way

PICTURES = Path(__file__).parents[1] / "output"
WORDS = (
    "Đang có người giả danh công an gọi điện yêu cầu cập nhật VNeID. Công an không làm việc qua điện thoại."
)
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"

SitDown = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@pytest.fixture
def sit_down(town: DeskTown, open_page: Open) -> SitDown:
    """Opens a page of the desk as somebody who is signed in. A refusal by the content security policy fails the test."""

    async def opened(name: str, path: str = "/desk", **settings: object) -> Page:
        page = await open_page("about:blank", **settings)
        await page.context.add_cookies([{"name": COOKIE, "value": await town.token(name), "url": town.url}])
        await page.goto(town.url + path)
        return page

    return opened


async def kept(page: Page) -> str:
    """Waits until the draft is on the server's disk; returns its code."""
    await expect(page.locator(".saved")).to_contain_text("Đã lưu nháp")
    code = await page.locator("#code").input_value()
    assert code
    return code


# ── A notice's way ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_written_submitted_approved_by_another_watched_stopped_and_taken_back(
    town: DeskTown, sit_down: SitDown
) -> None:
    an = await sit_down("an")
    await an.get_by_role("link", name="Soạn thông báo").click()
    await an.get_by_label("Cảnh báo lừa đảo").check()
    await an.get_by_label("Nội dung tiếng Việt").fill(WORDS)
    code = await kept(an)
    await expect(an.locator(".phone.zalo")).to_contain_text(f"mã {code}")
    await expect(an.locator(".phone.telegram")).to_contain_text("VNeID")
    assert an.url.endswith(f"/desk/notices/{code}/edit")
    await an.get_by_role("button", name="Trình duyệt").click()
    await expect(an.get_by_role("status").first).to_contain_text("Đã trình duyệt")
    await expect(an.get_by_text("Người soạn không tự duyệt được")).to_be_visible()

    binh = await sit_down("binh")
    await expect(binh.get_by_role("heading", name="Chờ ông/bà duyệt")).to_be_visible()
    await binh.get_by_role("link", name=re.compile("giả danh")).click()
    await binh.get_by_role("button", name="Duyệt", exact=True).click()
    await expect(binh.get_by_role("status").first).to_contain_text("Đã duyệt")

    await town.notices.step()
    await expect(binh.locator("#state")).to_contain_text(
        "Đang gửi"
    )  # by itself: nobody loaded the page again
    notice = await town.notices.get(town.actors["binh"], code)
    assert notice.campaign is not None
    await _fill(town, notice.campaign, 10)
    await expect(binh.locator("#progress")).to_contain_text("0 / 10 người")
    await _send(town, notice.campaign, 4)
    await expect(binh.locator("#progress")).to_contain_text("4 / 10 người")
    await expect(binh.locator("#progress .percent")).to_contain_text("40 %")

    # Whoever is typing a reason is not disturbed by the numbers that move.
    await binh.locator("#deed-recall > summary").click()
    await binh.get_by_label("Lý do", exact=True).fill("Số điện thoại trong tin bị sai")
    await an.goto(town.url + f"/desk/notices/{code}")
    await an.locator("#deed-stop > summary").click()
    await an.locator("#deed-stop button").click()
    await expect(binh.locator("#state")).to_contain_text("Đã dừng")
    await expect(binh.get_by_label("Lý do", exact=True)).to_have_value("Số điện thoại trong tin bị sai")
    await binh.locator("#deed-recall button").click()
    await expect(binh.get_by_role("status").first).to_contain_text("Đã thu hồi")
    history = await binh.locator(".history b").all_inner_texts()
    assert history == ["Thu hồi", "Dừng gửi", "Bắt đầu gửi", "Duyệt", "Trình duyệt", "Soạn"]


async def _fill(town: DeskTown, campaign: int, people: int) -> None:
    async with town.house.db.transaction() as tx:
        await tx.outbox.fix(campaign)
        await tx.outbox.add(campaign, [(f"{number:032x}", "telegram") for number in range(people)])


async def _send(town: DeskTown, campaign: int, some: int) -> None:
    """As a sender would note it."""
    async with town.house.db.transaction() as tx:
        await tx.outbox._move(  # a sender takes a platform; what the desk shows is what is counted
            {
                (campaign, "telegram", DeliveryState.PENDING): -some,
                (campaign, "telegram", DeliveryState.SENT): some,
            }
        )


async def test_the_wrong_person_is_told_no_and_why(town: DeskTown, sit_down: SitDown) -> None:
    notice = await town.submitted(by="binh")
    binh = await sit_down("binh", f"/desk/notices/{notice.code}")
    await expect(binh.get_by_role("button", name="Duyệt", exact=True)).to_have_count(0)

    # A page that was open before, or somebody with a will: the form is sent all the same.
    await binh.evaluate(
        """place => {
            const form = document.createElement("form");
            form.method = "post"; form.action = place;
            const version = document.createElement("input");
            version.name = "version"; version.value = "2";
            form.append(version); document.body.append(form); form.submit();
        }""",
        f"/desk/notices/{notice.code}/approve",
    )

    await expect(binh.get_by_role("alert")).to_contain_text("Người soạn không tự duyệt được")
    assert (await town.notices.get(town.actors["an"], notice.code)).state is State.SUBMITTED


async def test_it_stops_asking_when_nothing_will_happen_any_more(town: DeskTown, sit_down: SitDown) -> None:
    code = await on_its_way(town)
    page = await sit_down("an", f"/desk/notices/{code}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/progress" in request.url else None)
    await expect(page.locator("#progress")).to_have_attribute("hx-trigger", "every 2s")

    await town.notices.stop(town.actors["an"], code)
    await expect(page.locator("#state")).to_contain_text("Đã dừng")

    await expect(page.locator("#progress[hx-trigger]")).to_have_count(0)
    number = len(asked)
    await asyncio.sleep(3)  # longer than it waited between two questions
    assert len(asked) == number


# ── Nothing typed is lost ────────────────────────────────────────────────────────────────────────────────────────


async def test_when_the_session_ends_in_the_middle_the_words_stay_and_are_kept_once_signed_in(
    town: DeskTown, sit_down: SitDown
) -> None:
    page = await sit_down("an", "/desk/notices/new")
    await page.get_by_label("Nội dung tiếng Việt").fill("Đoạn đầu đã lưu.")
    code = await kept(page)
    [cookie] = [each for each in await page.context.cookies() if each["name"] == COOKIE]
    await town.house.people.end_session(cookie["value"])

    await page.get_by_label("Nội dung tiếng Việt").fill("Đoạn đầu đã lưu. Đoạn sau chưa lưu.")
    await expect(page.get_by_role("alert").filter(has_text="Phiên đăng nhập đã hết")).to_be_visible()
    await expect(page.get_by_label("Nội dung tiếng Việt")).to_have_value(
        "Đoạn đầu đã lưu. Đoạn sau chưa lưu."
    )
    await page.get_by_role("button", name="Lưu nháp").click()
    await expect(page.get_by_role("heading", name="chữ của ông/bà còn đây")).to_be_visible()
    await expect(page.locator(".theirs")).to_contain_text("Đoạn sau chưa lưu.")
    # Signed in in another tab, at the same post.
    await page.context.add_cookies([{"name": COOKIE, "value": await town.token("an"), "url": town.url}])
    await page.get_by_role("button", name="gửi lại").click()

    await expect(page.get_by_label("Nội dung tiếng Việt")).to_have_value(
        "Đoạn đầu đã lưu. Đoạn sau chưa lưu."
    )
    notice = await town.notices.get(town.actors["an"], code)
    assert notice.texts["vi"].text == "Đoạn đầu đã lưu. Đoạn sau chưa lưu."


async def test_a_broken_line_is_said_and_what_follows_is_kept(town: DeskTown, sit_down: SitDown) -> None:
    page = await sit_down("an", "/desk/notices/new")
    text = page.get_by_label("Nội dung tiếng Việt")
    await text.fill("Đoạn đầu.")
    code = await kept(page)

    await page.context.set_offline(True)
    await text.fill("Đoạn đầu. Đoạn sau.")
    await expect(page.locator("#unsent")).to_be_visible()
    await page.context.set_offline(False)
    await text.press_sequentially(" Hết.")

    await expect(page.locator("#unsent")).to_be_hidden()
    await expect(page.locator("#version")).to_have_value("2")
    notice = await town.notices.get(town.actors["an"], code)
    assert notice.texts["vi"].text == "Đoạn đầu. Đoạn sau. Hết."


async def test_two_at_once_see_each_other(town: DeskTown, sit_down: SitDown) -> None:
    notice = await town.wrote("Bản đầu.")
    place = f"/desk/notices/{notice.code}/edit"
    an, binh = await sit_down("an", place), await sit_down("binh", place)
    await binh.get_by_label("Nội dung tiếng Việt").fill("Bản của chị Bình.")
    await kept(binh)

    await an.get_by_label("Nội dung tiếng Việt").fill("Bản của anh An.")
    await expect(an.locator(".saved")).to_contain_text("Trần Thị Bình vừa sửa")
    await an.get_by_role("button", name="Lưu nháp").click()

    await expect(an.locator("#moved")).to_contain_text("đã có người sửa")
    await an.locator("#moved summary").click()
    await expect(an.locator("#moved")).to_contain_text("Bản của chị Bình.")
    await expect(an.get_by_label("Nội dung tiếng Việt")).to_have_value("Bản của anh An.")


async def test_selected_words_become_bold_and_the_text_stays_as_it_was_typed(
    town: DeskTown, sit_down: SitDown
) -> None:
    page = await sit_down("an", "/desk/notices/new")
    text = page.get_by_label("Nội dung tiếng Việt")
    await text.fill(WORDS)
    await page.locator("details.marks > summary").first.click()
    await text.evaluate(
        "(field, words) => field.setSelectionRange(field.value.indexOf(words), field.value.indexOf(words) + words.length)",
        "giả danh công an",
    )
    await page.get_by_role("button", name="Đậm").first.click()

    await expect(page.locator(".phone.telegram b", has_text="giả danh công an")).to_be_visible()
    await expect(page.locator(".phone.zalo b", has_text="giả danh công an")).to_have_count(0)
    await expect(text).to_have_value(WORDS)


# ── By keyboard, without a script, on a small phone ──────────────────────────────────────────────────────────────


async def test_from_the_keyboard_alone(town: DeskTown, sit_down: SitDown) -> None:
    page = await sit_down("an", "/desk/notices/new", viewport=DESK, has_touch=False)
    keys = page.keyboard

    async def tab_to(what: str) -> None:
        for _ in range(80):
            await keys.press("Tab")
            focused = await page.evaluate(
                "[document.activeElement.id, document.activeElement.name, document.activeElement.value].join(' ')"
            )
            if re.search(what, focused):
                outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"nobody sees that {what} has the focus"
                return
        pytest.fail(f"no way to {what} by Tab")

    await tab_to("category")
    await keys.press("ArrowDown")
    await tab_to("text_vi")
    await keys.type("Đường Nguyễn Đáng cấm xe tải.")
    await tab_to("do submit")
    await keys.press("Enter")

    await expect(page.get_by_role("status").first).to_contain_text("Đã trình duyệt")
    [notice] = await town.notices.of(town.actors["an"])
    assert notice.category == "traffic"
    assert notice.audience.units == (LONG_DUC,)


async def test_without_a_script_everything_is_there(town: DeskTown, sit_down: SitDown) -> None:
    page = await sit_down("an", "/desk/notices/new", java_script_enabled=False)
    await page.get_by_label("Nội dung tiếng Việt").fill(WORDS)
    await page.get_by_role("button", name="Xem thử").click()
    await expect(page.locator(".phone.zalo")).to_contain_text("VNeID")
    await page.get_by_role("button", name="Trình duyệt").click()
    await expect(page.get_by_role("status").first).to_contain_text("Đã trình duyệt")
    binh = await sit_down("binh", java_script_enabled=False)
    await binh.get_by_role("link", name=re.compile("giả danh")).click()
    await binh.get_by_role("link", name="Sẽ tới bao nhiêu người?").click()
    await expect(binh.get_by_text("Sẽ tới 0 người.")).to_be_visible()
    await binh.go_back()
    await binh.locator("#deed-reject summary").click()
    await binh.get_by_label("Lý do", exact=True).first.fill("Thêm số điện thoại trực ban.")
    await binh.locator("#deed-reject button").click()
    await expect(binh.get_by_text("Đã trả lại người soạn.")).to_be_visible()

    await page.goto(town.url + "/desk")
    await expect(page.get_by_text("Thêm số điện thoại trực ban.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_results_are_a_drawing_people_look_at(
    town: DeskTown, sit_down: SitDown, viewport: dict[str, int], scheme: str
) -> None:
    async with six_years(town) as url:
        page = await sit_down("an", viewport=viewport, color_scheme=scheme)
        await page.goto(url + "/desk/results")
        PICTURES.mkdir(exist_ok=True)
        await page.screenshot(
            path=PICTURES / f"desk-results-{viewport['width']}-{scheme}.png", full_page=True
        )

        assert await page.locator(".trend-drawing .point, .trend-drawing .outside rect").count() == 6
        assert await page.evaluate(TOO_WIDE) <= 0
        assert await page.evaluate(PALE) == []


async def test_on_paper_there_is_what_was_said_and_done_and_no_button(
    busy: dict[str, str], sit_down: SitDown
) -> None:
    who, path = busy["approve"].split(" ")
    page = await sit_down(who, path, viewport=DESK)

    paper = PdfReader(BytesIO(await page.pdf(prefer_css_page_size=True)))

    text = " ".join(each.extract_text() for each in paper.pages)
    assert "giả danh công an" in text
    assert "Ai đã làm gì" in text
    assert "Lê Văn Cường" in text
    assert "Lấy về sửa" not in text
    assert "Đăng xuất" not in text


# What a reader of the screen needs: a name for every field and button, nothing smaller than a thumb.
NAMELESS = """() => Array.from(document.querySelectorAll('main input:not([type=hidden]), main select, main textarea:not([hidden]), main button, main a[href], main summary, main img'))
    .filter(each => each.getClientRects().length)
    .filter(each => !(each.labels && each.labels.length) && !each.getAttribute('aria-label') && !each.alt && !each.textContent.trim())
    .map(each => each.outerHTML.slice(0, 120))"""
SMALL = """() => Array.from(document.querySelectorAll('main input:not([type=hidden]):not([type=checkbox]):not([type=radio]), main select, main textarea:not([hidden]), main button, main .choice, main summary, main ul.notices a'))
    .filter(each => each.getClientRects().length && each.getBoundingClientRect().height < 40)
    .map(each => each.outerHTML.slice(0, 120))"""
TWICE = """() => { const seen = new Set(); return Array.from(document.querySelectorAll('[id]')).map(each => each.id)
    .filter(id => seen.has(id) || !seen.add(id)); }"""
POINTS_NOWHERE = """() => Array.from(document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
    .flatMap(each => (each.getAttribute('aria-describedby') || each.getAttribute('aria-labelledby')).split(' '))
    .filter(id => id && !document.getElementById(id))"""


@pytest_asyncio.fixture(loop_scope="session")
async def busy(town: DeskTown) -> dict[str, str]:
    """A desk with notices in every state. Name of a page → who opens it and where."""
    await town.wrote(
        "Bản nháp về cấm đường quanh chợ Trà Vinh dịp lễ hội đua ghe ngo, từ ngày 20 đến ngày 24."
    )
    rejected = await town.submitted("Lịch tiếp dân tháng 12.")
    await town.notices.reject(town.actors["binh"], rejected.code, rejected.version, "Ghi rõ giờ và địa điểm.")
    waiting = await town.submitted(WORDS, is_urgent=True)
    await town.notices.urge(town.actors["cuong"], waiting.code)
    code = await on_its_way(town, 3412)
    sending = await town.notices.get(town.actors["an"], code)
    assert sending.campaign is not None
    await _send(town, sending.campaign, 2081)
    return {
        "home": "binh /desk",
        "list": "an /desk/notices",
        "write": f"an /desk/notices/{rejected.code}/edit",
        "approve": f"binh /desk/notices/{waiting.code}",
        "sending": f"binh /desk/notices/{code}",
        "province": "dung /desk/notices/new",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", ["home", "list", "write", "approve", "sending", "province"])
async def test_every_page_fits_the_screen_and_can_be_read_and_used(
    busy: dict[str, str], sit_down: SitDown, name: str, viewport: dict[str, int], scheme: str
) -> None:
    who, path = busy[name].split(" ")
    page = await sit_down(who, path, viewport=viewport, color_scheme=scheme)
    await page.wait_for_load_state("networkidle") if name != "sending" else None
    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"desk-{name}-{viewport['width']}-{scheme}.png", full_page=True)
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert await page.evaluate(TOO_WIDE) <= 0
    assert await page.evaluate(PALE) == []
    assert await page.evaluate(NAMELESS) == []
    assert await page.evaluate(SMALL) == []
    assert await page.evaluate(TWICE) == []
    assert await page.evaluate(POINTS_NOWHERE) == []
