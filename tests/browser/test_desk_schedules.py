"""What happens by itself, written and kept in a real browser: on a telephone, without a script, from the keyboard, by two at once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.web.desk_door import COOKIE
from handlers.notice_templates import NoticeTemplates
from handlers.planning import Planning, Wanted
from handlers.schedules import CLOCK_LEAPT
from surveys.schedules import Event, Monthly, NthWeekday, Once, Relative, Schedule, Weekday
from surveys.schedules.purposes import Purpose
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_desk import NAMELESS, POINTS_NOWHERE, SMALL, TWICE
from tests.browser.test_results import PALE
from tests.conftest import Clock
from tests.web.desk_town import PROVINCE, DeskTown, Furnished, a_desk_town

PICTURES = Path(__file__).parents[1] / "output"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
PLACE = "/desk/schedules"
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = date(2026, 11, 22)

SitDown = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@pytest.fixture
def sit_down(town: DeskTown, open_page: Open) -> SitDown:
    """Opens a page of the desk as somebody who is signed in. A refusal by the content security policy fails the test."""

    async def opened(name: str, path: str = PLACE, **settings: object) -> Page:
        page = await open_page("about:blank", **settings)
        await page.context.add_cookies([{"name": COOKIE, "value": await town.token(name), "url": town.url}])
        await page.goto(town.url + path)
        return page

    return opened


async def reminding(town: DeskTown, title: str = "Báo cáo tháng", **given: object) -> str:
    schedule = Schedule(**({"rule": Monthly(1), "at": time(8), "starts_on": TODAY} | given))  # type: ignore[arg-type]
    planning = Planning(
        town.house.db, town.house.schedules, NoticeTemplates(town.house.db, town.clock), town.clock
    )
    wanted = Wanted(Purpose.REMIND_OFFICERS, title, PROVINCE, schedule, {"about": title})
    return (await planning.add(town.actors["dung"], wanted)).row.id


# ── Written ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_what_a_schedule_comes_to_is_seen_while_it_is_written_and_then_it_is_kept(
    town: DeskTown, sit_down: SitDown, viewport: dict[str, int]
) -> None:
    page = await sit_down("dung", viewport=viewport)
    await page.get_by_role("link", name="Đặt lịch").click()
    await page.get_by_role("link", name="Mở đợt lấy ý kiến").click()
    look = page.locator("#look")
    await expect(look).to_contain_text("Ngày 1 hằng tháng, 08:00")

    await page.get_by_label("Tên việc").fill("Đánh giá đầu quý")
    await page.get_by_label("Hằng tháng, theo thứ").check()
    await expect(page.get_by_label("Thứ", exact=True)).to_be_visible()
    await expect(page.get_by_label("Ngày trong tháng")).to_be_hidden()
    await page.get_by_label("Tháng nào").select_option("first")
    await page.get_by_label("Giờ", exact=True).select_option("09")
    await page.get_by_label("Hết tháng").check()
    await page.get_by_label("Mời mọi người đã đồng ý").check()
    await page.get_by_label("sau 7 ngày").check()

    await expect(look).to_contain_text("Thứ Hai đầu tiên của tháng đầu mỗi quý, 09:00")
    await expect(look.locator(".coming li")).to_have_text(
        [
            "Thứ Hai, 04/01/2027, 09:00",
            "Thứ Hai, 05/04/2027, 09:00",
            "Thứ Hai, 05/07/2027, 09:00",
            "Thứ Hai, 04/10/2027, 09:00",
            "Thứ Hai, 03/01/2028, 09:00 Tết Dương lịch (nghỉ bù)",
        ]
    )
    await expect(look).to_contain_text("Asia/Ho_Chi_Minh")
    await expect(look).to_contain_text("“Đánh giá đầu quý”, đến hết 31/1/2027")
    await expect(look).to_contain_text("Mời mọi người đã đồng ý nhận khảo sát; nhắc sau 7 ngày")
    assert await page.evaluate(TOO_WIDE) <= 0
    await page.get_by_role("button", name="Lưu lịch").click()

    await expect(page.get_by_role("status")).to_contain_text("Đã đặt lịch.")
    await expect(page.locator("p.words")).to_contain_text("Thứ Hai đầu tiên của tháng đầu mỗi quý, 09:00")
    [planned] = await town.house.schedules.all()
    assert planned.schedule.rule == NthWeekday(1, Weekday.MONDAY, (1, 4, 7, 10))
    assert planned.row.owner == "Phạm Thị Dung"


async def test_each_kind_of_rule_shows_its_own_fields_and_no_other(sit_down: SitDown) -> None:
    page = await sit_down("dung", f"{PLACE}/new?purpose=officers.remind")
    fields = {
        "once": ["on"],
        "daily": ["every_days"],
        "weekly": ["every_weeks"],
        "monthly": ["day", "months_in"],
        "nth_weekday": ["weekday", "nth", "months_in"],
        "yearly": ["year_day", "year_month"],
        "around_day": ["away", "side", "year_day", "year_month"],
        "around_wave": ["away", "side", "event", "wave"],
    }
    every = sorted({name for names in fields.values() for name in names})

    for rule, names in fields.items():
        await page.locator(f'[name="rule"][value="{rule}"]').check()
        shown = [name for name in every if await page.locator(f"#{name}").is_visible()]
        assert shown == sorted(names), rule
        # Each comes to something at once: there is a beginning in every field.
        await expect(page.locator("#look .words")).to_be_visible()
        assert await page.locator(".beside .problem").count() == 0, rule
        assert await page.evaluate(TOO_WIDE) <= 0, rule


async def test_without_a_script_it_is_looked_at_by_a_button_and_nothing_is_kept_unseen(
    town: DeskTown, sit_down: SitDown
) -> None:
    page = await sit_down("dung", f"{PLACE}/new?purpose=officers.remind", java_script_enabled=False)
    await page.get_by_label("Tên việc").fill("Báo cáo tuần")
    await page.locator('[name="rule"][value="weekly"]').check()
    await page.get_by_label("Thứ Sáu").check()
    # Pressed at once: it is shown first.
    await page.get_by_role("button", name="Lưu lịch").click()
    await expect(page.get_by_role("status")).to_contain_text("Xin xem các lần tới")
    await expect(page.locator("#look")).to_contain_text("Thứ Hai và thứ Sáu hằng tuần, 08:00")
    assert await town.house.schedules.all() == []

    await page.get_by_label("Thứ Hai").uncheck()
    await page.get_by_role("button", name="Xem trước").last.click()
    await expect(page.locator("#look")).to_contain_text("Thứ Sáu hằng tuần, 08:00")
    await page.get_by_role("button", name="Lưu lịch").click()

    await expect(page.get_by_role("status")).to_contain_text("Đã đặt lịch.")
    [planned] = await town.house.schedules.all()
    assert planned.words.startswith("thứ Sáu hằng tuần, 08:00")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_an_invitation_is_written_shown_and_kept(
    town: DeskTown, sit_down: SitDown, script: bool
) -> None:
    page = await sit_down("dung", f"{PLACE}/new", viewport=PHONE, java_script_enabled=script)
    await page.get_by_role("link", name="Mời người dân trả lời").click()
    await page.get_by_label("Tên việc").fill("Mời người dân")
    await page.get_by_label("Đợt", exact=True).select_option("form:dien_dan")
    await page.get_by_label("Mời một số người").check()
    await page.get_by_label("Số người mỗi phường, xã").fill("200")
    await page.get_by_label("Số ngày").fill("1")
    await expect(page.locator('[name="rule"]')).to_have_count(2)
    if not script:
        await page.get_by_role("button", name="Xem trước").last.click()

    look = page.locator("#look")
    await expect(look).to_contain_text("1 ngày sau ngày mở đợt bất kỳ của phiếu sau diễn đàn, 09:00")
    await expect(look).to_contain_text("Mời 200 người mỗi phường, xã, rút thăm")
    await expect(look).to_contain_text("Chưa có đợt nào như vậy")
    assert await page.evaluate(TOO_WIDE) <= 0
    await page.get_by_role("button", name="Lưu lịch").click()

    await expect(page.get_by_role("status")).to_contain_text("Đã đặt lịch.")
    [planned] = await town.house.schedules.all()
    assert planned.schedule.rule == Relative(1, Event("opening", "form:dien_dan"))


async def test_the_enter_key_looks_and_keeps_nothing(town: DeskTown, sit_down: SitDown) -> None:
    page = await sit_down("dung", f"{PLACE}/new?purpose=officers.remind")
    await page.get_by_label("Tên việc").fill("Báo cáo tuần")

    await page.keyboard.press("Enter")

    await expect(page.get_by_label("Tên việc")).to_have_value("Báo cáo tuần")
    await expect(page.locator("#look .words")).to_be_visible()
    assert await town.house.schedules.all() == []


async def test_what_is_wrong_is_said_beside_its_field_and_typed_words_stay(
    town: DeskTown, sit_down: SitDown
) -> None:
    page = await sit_down("dung", f"{PLACE}/new?purpose=officers.remind")
    await page.locator('[name="rule"][value="yearly"]').check()
    await page.get_by_label("Ngày", exact=True).last.select_option("31")
    await page.get_by_label("Tháng", exact=True).select_option("2")

    await expect(page.locator("#beside-year_day")).to_contain_text("Không có ngày này")
    await page.get_by_role("button", name="Lưu lịch").click()

    await expect(page.locator("#beside-title")).to_contain_text("Xin ghi tên việc")
    await expect(page.locator('[name="rule"][value="yearly"]')).to_be_checked()
    assert await town.house.schedules.all() == []


async def test_of_two_who_change_it_the_second_is_told_by_whom_and_loses_nothing(
    town: DeskTown, sit_down: SitDown
) -> None:
    id = await reminding(town)
    mine, theirs = await sit_down("dung", f"{PLACE}/{id}/edit"), await sit_down("dung", f"{PLACE}/{id}/edit")
    await theirs.get_by_label("Giờ", exact=True).select_option("10")
    await expect(theirs.locator("#look")).to_contain_text("10:00")
    await theirs.get_by_role("button", name="Lưu lịch").click()
    await expect(theirs.get_by_role("status")).to_contain_text("Đã sửa lịch.")

    await mine.get_by_label("Tên việc").fill("Tên của tôi")
    await mine.get_by_label("Giờ", exact=True).select_option("11")
    await expect(mine.locator("#look")).to_contain_text("11:00")
    await mine.get_by_role("button", name="Lưu lịch").click()

    alert = mine.get_by_role("alert")
    await expect(alert).to_contain_text("Phạm Thị Dung vừa sửa lịch này")
    await expect(alert).to_contain_text("10:00")
    await expect(mine.get_by_label("Tên việc")).to_have_value("Tên của tôi")
    assert (await town.house.schedules.get(id)).schedule.at == time(10)
    await mine.get_by_role("button", name="Lưu lịch").click()
    await expect(mine.get_by_role("status")).to_contain_text("Đã sửa lịch.")
    assert (await town.house.schedules.get(id)).schedule.at == time(11)


async def test_when_the_session_ends_in_the_middle_what_was_typed_is_handed_back(
    town: DeskTown, sit_down: SitDown
) -> None:
    page = await sit_down("dung", f"{PLACE}/new?purpose=officers.remind")
    [cookie] = [each for each in await page.context.cookies() if each["name"] == COOKIE]
    await town.house.people.end_session(cookie["value"])

    await page.get_by_label("Tên việc").fill("Chữ đã gõ")
    await expect(page.get_by_role("alert").filter(has_text="Phiên đăng nhập đã hết")).to_be_visible()
    await page.get_by_role("button", name="Lưu lịch").click()
    await expect(page.get_by_role("heading", name="chữ của ông/bà còn đây")).to_be_visible()
    await page.context.add_cookies([{"name": COOKIE, "value": await town.token("dung"), "url": town.url}])
    await page.get_by_role("button", name="gửi lại").click()

    await expect(page.get_by_label("Tên việc")).to_have_value("Chữ đã gõ")
    assert await town.house.schedules.all() == []


# ── Kept ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_proposal_is_taken_by_one_press(town: DeskTown, sit_down: SitDown) -> None:
    page = await sit_down("dung", f"{PLACE}/proposals")
    forum = page.locator("#forum")
    await forum.locator("summary").click()
    await expect(forum.locator(".coming li").first).to_have_text("Thứ Sáu, 20/08/2027, 08:00")

    await forum.get_by_role("button", name="Chọn lịch này").click()

    await expect(page.get_by_role("status")).to_contain_text("Đã chọn: Sau diễn đàn")
    await forum.get_by_role("link", name="Xem").click()
    await expect(page.locator("p.words")).to_have_text("Ngày 20/8 hằng năm, 08:00")
    assert [each.row.id for each in await town.house.schedules.all()] == ["86-forum"]


async def test_paused_resumed_run_and_ended_on_a_telephone(town: DeskTown, sit_down: SitDown) -> None:
    id = await reminding(town)
    page = await sit_down("dung", f"{PLACE}/{id}")
    await page.get_by_role("button", name="Tạm dừng").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã tạm dừng")
    await page.get_by_role("button", name="Cho chạy lại").click()
    await expect(page.get_by_role("status")).to_contain_text("chạy lại từ bây giờ")
    await page.get_by_text("Làm ngay một lần").click()
    await page.get_by_role("button", name="Làm ngay").click()
    await expect(page.locator(".past").first).to_contain_text("Chờ làm")
    await town.house.schedules.tick()
    await page.reload()
    await expect(page.locator(".past").first).to_contain_text("Đã nhắc: Báo cáo tháng")
    await page.locator("summary").filter(has_text="Kết thúc hẳn").click()
    await page.get_by_role("button", name="Kết thúc hẳn").click()

    await expect(page.get_by_role("status")).to_contain_text("Đã kết thúc.")
    await page.get_by_text("Ai đã làm gì").click()
    deeds = await page.locator(".past").last.locator("b").all_inner_texts()
    assert deeds[0] == "Kết thúc lịch"
    assert len(deeds) == 5


async def test_what_did_not_happen_is_on_the_first_page_and_is_done_after_all(
    town: DeskTown, sit_down: SitDown
) -> None:
    await reminding(town, "Nhắc buổi sáng", rule=Once(TODAY), at=time(9), lateness=timedelta(minutes=30))
    await town.house.schedules.tick()
    town.clock.advance(hours=5)
    await town.house.schedules.tick()
    assert [each.cause for each in await town.house.schedules.holds()] == [CLOCK_LEAPT]

    page = await sit_down("dung", "/desk")
    await expect(page.get_by_role("alert")).to_contain_text("Mọi việc theo lịch đang dừng")
    await page.get_by_role("button", name="Đã xem, cho chạy tiếp").click()
    await expect(page.get_by_role("status")).to_contain_text("chạy tiếp")
    await town.house.schedules.tick()

    await page.goto(f"{town.url}/desk")
    missed = page.locator("section").filter(has_text="Bị bỏ qua")
    await expect(missed).to_contain_text("Trễ 4 giờ")
    await missed.get_by_role("link", name="Nhắc buổi sáng").click()
    await page.get_by_role("button", name="Làm lại lần này").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await town.house.schedules.tick()
    await page.goto(f"{town.url}/desk")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_text("Nhắc buổi sáng")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_every_page_of_the_room_fits_and_can_be_read(
    town: DeskTown, sit_down: SitDown, viewport: dict[str, int], scheme: str
) -> None:
    id = await reminding(town, "Một việc có tên rất dài để xem nó xuống dòng ra sao trên màn hình hẹp")
    await town.house.schedules.run_once(id, asked_by="Phạm Thị Dung", by=town.actors["dung"])
    await town.house.schedules.tick()
    await town.house.schedules.hold(CLOCK_LEAPT, "the clock leapt")
    page = await sit_down("dung", viewport=viewport, color_scheme=scheme)
    PICTURES.mkdir(exist_ok=True)

    for name, path in {
        "list": PLACE,
        "one": f"{PLACE}/{id}",
        "form": f"{PLACE}/new?purpose=wave.open",
        "new": f"{PLACE}/new",
        "proposals": f"{PLACE}/proposals",
    }.items():
        await page.goto(town.url + path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        picture = f"schedules-{name}-{viewport['width']}-{scheme}.png"
        await page.screenshot(path=PICTURES / picture, full_page=True)
        await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert await page.evaluate(TOO_WIDE) <= 0, name
        for wrong in (PALE, NAMELESS, SMALL, TWICE, POINTS_NOWHERE):
            assert await page.evaluate(wrong) == [], name
