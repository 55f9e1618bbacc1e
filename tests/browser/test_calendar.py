"""The calendar in a real browser: a list first on a telephone, a sheet beside it where there is room, by day and by night."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.web.desk_door import COOKIE
from surveys.delivery import Audience, Campaign
from surveys.schedules import Once, Schedule
from surveys.schedules.purposes import Purpose
from surveys.schedules.standard import standing_orders
from surveys.waves import LOCAL
from surveys.windows import Purpose as For
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_results import PALE
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, PROVINCE, TRA_VINH, DeskTown, Furnished, a_desk_town

PICTURES = Path(__file__).parents[1] / "output"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
SMALL = """() => [...document.querySelectorAll("main a, main button, main summary, main select")]
    .filter(each => each.offsetParent && each.getBoundingClientRect().height < 24)
    .map(each => each.textContent.trim())"""
A_DAY = timedelta(days=1)

SitDown = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        await a_busy_december(town)
        yield town


async def a_busy_december(town: DeskTown) -> None:
    """Standing orders, a forum that collides, a push by night, one that was skipped, a notice that waits."""
    schedules, today = town.house.schedules, town.clock().astimezone(LOCAL).date()
    for order in standing_orders(today):
        if order.purpose == Purpose.OPEN_WAVE:
            await schedules.add(
                order.schedule,
                purpose=order.purpose,
                title=order.title,
                unit=PROVINCE,
                owner="Phạm Thị Dung",
                subject=order.subject,
                id=order.id,
            )
    forum = {"form": "dien_dan", "audience": "forum", "days": 10}
    for id, on, unit, more in (
        ("forum-1", date(2026, 12, 2), PROVINCE, {"invite": "all", "remind_after_days": [3, 12]}),
        ("forum-2", date(2026, 12, 4), LONG_DUC, {"invite": "all"}),
        ("forum-3", today + A_DAY, TRA_VINH, {"form": "khong_co"}),
    ):
        title = f"Diễn đàn “Công an lắng nghe ý kiến Nhân dân”, lần {id[-1]}"
        await schedules.add(
            Schedule(Once(on), time(8), today),
            purpose=Purpose.OPEN_WAVE,
            title=title,
            unit=unit,
            owner="Phạm Thị Dung",
            subject={**forum, "slug": id, "title": title, **more},
            id=id,
        )
    town.clock.advance(days=2)
    await town.house.tick_schedules()
    late = datetime(2026, 11, 27, 22, tzinfo=LOCAL)
    async with town.house.db.transaction() as tx:
        await tx.outbox.create(
            Campaign("invite", "2026-doanh-nghiep", For.NOTICE, Audience((LONG_DUC,)), late)
        )
    await town.submitted(send_at=late + 2 * A_DAY)


@pytest.fixture
def sit_down(town: DeskTown, open_page: Open) -> SitDown:
    async def opened(name: str, path: str, **settings: object) -> Page:
        page = await open_page("about:blank", **settings)
        await page.context.add_cookies([{"name": COOKIE, "value": await town.token(name), "url": town.url}])
        await page.goto(town.url + path)
        return page

    return opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["360", "1280"])
@pytest.mark.parametrize(
    ("name", "path"),
    [("calendar", "/desk/calendar"), ("calendar-month", "/desk/calendar?month=2026-12&view=month")],
)
async def test_nothing_is_cut_off_pale_or_too_small(
    sit_down: SitDown, viewport: dict[str, int], scheme: str, name: str, path: str
) -> None:
    page = await sit_down("dung", path, viewport=viewport, color_scheme=scheme)

    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"desk-{name}-{viewport['width']}-{scheme}.png", full_page=True)
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert await page.evaluate(TOO_WIDE) <= 0
    assert await page.evaluate(PALE) == []
    assert await page.evaluate(SMALL) == []


async def test_a_telephone_shows_the_list_and_a_desk_the_sheet_as_well(sit_down: SitDown) -> None:
    phone, desk = await asyncio.gather(
        sit_down("dung", "/desk/calendar"), sit_down("dung", "/desk/calendar", viewport=DESK)
    )

    await expect(phone.locator(".list-of-days")).to_be_visible()
    await expect(phone.locator(".sheet-of-days")).to_be_hidden()
    await expect(desk.locator(".list-of-days")).to_be_visible()
    await expect(desk.locator(".sheet-of-days")).to_be_visible()


async def test_the_sheet_can_be_chosen_on_a_telephone_and_leads_into_the_list(sit_down: SitDown) -> None:
    page = await sit_down("dung", "/desk/calendar?month=2026-12")
    await page.locator(".narrowing > summary").click()
    await page.get_by_role("link", name="Tờ lịch").click()
    await expect(page.locator(".sheet-of-days")).to_be_visible()

    await page.locator(".sheet-of-days").get_by_role("link", name="2", exact=True).tap()

    assert page.url.endswith("#2026-12-02")
    await expect(page.locator('[id="2026-12-02"]')).to_be_in_viewport()


async def test_a_mark_leads_to_the_words_that_explain_it(sit_down: SitDown) -> None:
    page = await sit_down("dung", "/desk/calendar?month=2026-12", java_script_enabled=False)

    await page.locator('[id="2026-12-04"]').get_by_role("link", name="Vướng").first.click()

    await expect(page.locator("li:target")).to_contain_text("ở Phường Long Đức")
    await expect(page.locator("li:target")).to_be_in_viewport()
