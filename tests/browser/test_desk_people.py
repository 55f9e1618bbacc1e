"""Coming in and appointing in a real browser: from a code to a working desk by keyboard alone, on a telephone, in any light."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.rights import Role
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_results import PALE
from tests.conftest import Clock
from tests.offices import BINH, HUNG, LONG_DUC, PROVINCE, Office
from tests.web.test_people_pages import site_with_people

PICTURES = Path(__file__).parents[1] / "output"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
LOW = (
    "Math.min(...[...document.querySelectorAll('main button, main select, main input:not([type=hidden]):not(.unseen)')]"
    ".map(each => each.getBoundingClientRect().height), 99)"
)


class Desk:
    def __init__(self, url: str, office: Office) -> None:
        self.url, self.office = url, office

    async def signs_in(self, page: Page, name: str) -> None:
        """By keyboard alone."""
        self.office.clock.advance(seconds=60)
        await page.goto(f"{self.url}/sign-in?next=%2Fdesk%2Fpeople")
        await page.get_by_label("Mã cá nhân").focus()
        await page.keyboard.type(self.office.personal[name].lower())
        await page.keyboard.press("Tab")
        await page.keyboard.type(self.office.digits(name))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{self.url}/desk/people")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(sqlite_url: str, vault: Vault, clock: Clock) -> AsyncIterator[Desk]:
    database = await Database.open(sqlite_url)
    await load_seed(database)
    office = Office(database, vault, clock)
    await office.serves(BINH, Role.SUPERVISOR, PROVINCE)
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with site_with_people(office) as url:
        yield Desk(url, office)
    await database.close()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
async def test_a_newcomer_comes_in_with_a_code_and_a_telephone(
    desk: Desk, open_page: Open, javascript: bool
) -> None:
    chief = await open_page(desk.url, java_script_enabled=javascript)
    await desk.signs_in(chief, BINH)
    await chief.get_by_label("Họ và tên người được giao").fill("Nguyễn Thị Lan")
    await chief.get_by_label("Vai trò").first.select_option("officer")
    await chief.get_by_label("Đơn vị").nth(1).select_option(LONG_DUC)
    await chief.get_by_label("Tên chức vụ").first.fill("Cán bộ Công an phường Long Đức")
    await chief.get_by_role("button", name="Giao và lấy mã").click()
    code = await chief.locator("#code").inner_text()

    newcomer = await open_page(desk.url + "/sign-in", java_script_enabled=javascript)
    await newcomer.get_by_role("link", name="có mã đăng ký").click()
    await newcomer.get_by_label("Mã đăng ký").fill(code.lower())
    await newcomer.keyboard.press("Enter")
    await expect(newcomer.locator("h1")).to_have_text("Chào Nguyễn Thị Lan")
    telephone = pyotp.TOTP((await newcomer.locator(".secret").inner_text()).replace(" ", ""))
    await newcomer.get_by_label("6 số trên điện thoại").fill(telephone.at(desk.office.clock()))
    await newcomer.keyboard.press("Enter")
    await expect(newcomer.locator("h1")).to_have_text("Mã cá nhân của ông/bà")

    await newcomer.goto(desk.url + "/desk/account")
    await expect(newcomer.locator(".who")).to_contain_text("Cán bộ Công an phường Long Đức")
    await newcomer.get_by_role("button", name="Đăng xuất").click()
    await expect(newcomer.locator("h1")).to_have_text("Đăng nhập")


async def test_whoever_hands_a_post_over_sees_the_other_signed_out(desk: Desk, open_page: Open) -> None:
    chief, supervisor = await open_page(desk.url), await open_page(desk.url)
    await desk.signs_in(chief, HUNG)
    await desk.signs_in(supervisor, BINH)
    await supervisor.get_by_role("link", name=f"chief ở {LONG_DUC}").click()
    await supervisor.get_by_label("Họ và tên người nhận").fill("Lê Thị Mai")
    await supervisor.get_by_role("button", name="Bàn giao và lấy mã").click()
    await expect(supervisor.locator("#code")).to_be_visible()

    await chief.get_by_role("link", name="Nhật ký").click()

    await expect(chief.locator("h1")).to_have_text("Đăng nhập")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_every_page_fits_and_can_be_read_in_any_light(
    desk: Desk, open_page: Open, viewport: dict[str, int], scheme: str
) -> None:
    page = await open_page(desk.url + "/sign-in", viewport=viewport, color_scheme=scheme)
    PICTURES.mkdir(exist_ok=True)
    outside = {"sign-in": "/sign-in", "enrol": "/desk/enrol", "link": "/desk/link/none"}
    inside = {
        "people": "/desk/people",
        "post": "/desk/people/29263-chief",
        "audit": "/desk/audit",
        "account": "/desk/account",
    }
    for name, path in (*outside.items(), *inside.items()):
        if name == "people":
            await desk.signs_in(page, BINH)
        await page.goto(desk.url + path)
        await page.screenshot(path=PICTURES / f"desk-{name}-{viewport['width']}-{scheme}.png", full_page=True)
        assert await page.evaluate(TOO_WIDE) <= 0, name
        assert await page.evaluate(PALE) == [], name
        assert await page.evaluate(LOW) >= 44, name


async def test_whoever_has_only_a_keyboard_sees_where_they_are(desk: Desk, open_page: Open) -> None:
    page = await open_page(desk.url, viewport=DESK)
    await desk.signs_in(page, BINH)

    for _ in range(18):
        await page.keyboard.press("Tab")
        outline = await page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 })()"
        )
        assert outline, await page.evaluate("document.activeElement.outerHTML.slice(0, 80)")


async def test_on_paper_there_are_people_and_no_forms(desk: Desk, open_page: Open) -> None:
    page = await open_page(desk.url, viewport=DESK)
    await desk.signs_in(page, BINH)
    await page.emulate_media(media="print")

    await expect(page.get_by_text(HUNG).first).to_be_visible()
    await expect(page.get_by_role("button", name="Giao và lấy mã")).to_be_hidden()
