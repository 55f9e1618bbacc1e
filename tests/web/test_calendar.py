"""The calendar of the desk, as it is served: which month, whose, and what it says of what gets into each other's way."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from handlers.clock_holds import OLDER
from handlers.occasions import Occasion
from handlers.schedules import Schedules
from surveys.delivery import Audience, Campaign, Why
from surveys.schedules import Once, Schedule
from surveys.schedules.purposes import Purpose
from surveys.waves import LOCAL
from surveys.windows import Purpose as For
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, PROVINCE, TRA_VINH, DeskTown, Furnished, a_desk_town

A_DAY = timedelta(days=1)
FORUM: dict[str, Any] = {
    "form": "dien_dan",
    "slug": "dien-dan-{year}-{month}-{day}",
    "title": "Sau diễn đàn ngày {day}/{month}",
    "audience": "forum",
    "days": 10,
}


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


async def plans(town: DeskTown, id: str, on: date, unit: str = PROVINCE, **subject: Any) -> None:
    starts = town.clock().astimezone(LOCAL).date()
    await town.house.schedules.add(
        Schedule(Once(on), time(8), starts, lateness=2 * A_DAY),
        purpose=Purpose.OPEN_WAVE,
        title=id,
        unit=unit,
        owner="Phạm Thị Dung",
        subject={**FORUM, **subject},
        id=id,
    )


class Days(HTMLParser):
    """The days of the list, and what each says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self._day: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section":
            self._day = given.get("id") if "day" in (given.get("class") or "").split() else None

    def handle_data(self, data: str) -> None:
        if self._day:
            self.said[self._day] = f"{self.said.get(self._day, '')} {data.strip()}".strip()


async def test_a_wave_stands_on_the_days_of_its_life_and_ends_with_its_last_one(town: DeskTown) -> None:
    await plans(town, "forum", date(2026, 12, 1))
    supervisor = await town.seat("dung")

    days = Days(await supervisor.opens("/desk/calendar?month=2026-12")).said

    assert "Mở đợt" in days["2026-12-01"]
    assert "cả 6 phường, xã" in days["2026-12-01"]
    assert "đến hết 10/12/2026" in days["2026-12-01"]
    assert "24:00" in days["2026-12-10"], "nobody calls midnight the day after"
    assert "Đóng đợt" in days["2026-12-10"]
    assert "Niêm phong, hủy khóa, công bố" in " ".join(days["2026-12-18"].replace(" ,", ",").split())


async def test_what_collides_is_said_in_words_and_marked_where_it_stands(town: DeskTown) -> None:
    await plans(town, "forum", date(2026, 12, 1))
    await plans(town, "again", date(2026, 12, 5), LONG_DUC)
    supervisor = await town.seat("dung")

    page = await supervisor.opens("/desk/calendar?month=2026-12")

    assert (
        "Cùng những người dân bị hỏi hai lần: “Sau diễn đàn ngày 1/12” còn mở đến hết 10/12/2026 "
        "thì “Sau diễn đàn ngày 5/12” mở (08:00 5/12/2026), ở Phường Long Đức." in page
    )
    assert page.count('href="#vuong-1"') == 2
    assert "Không có việc nào vướng nhau" not in page
    assert "Không có việc nào vướng nhau" in await (await town.seat("em")).opens(
        "/desk/calendar?month=2026-12"
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("push", "có người sẽ đến lượt ngoài giờ 07:00–21:00"),
        ("quiet", "đúng ngày nghỉ: Tết Dương lịch"),
        ("two", "Hai phiếu đến cùng một nhà trong vòng 48 giờ"),
        ("late", "rơi sau khi đợt đã đóng"),
        ("closes", "nhận trả lời đến hết 1/1/2027, đúng ngày nghỉ: Tết Dương lịch"),
    ],
)
async def test_every_rule_has_its_words(town: DeskTown, rule: str, said: str) -> None:
    def at(day: int, hour: int, month: int = 12) -> datetime:
        return datetime(2027 if month == 1 else 2026, month, day, hour, tzinfo=LOCAL)

    if rule == "closes":
        await plans(town, "forum", date(2026, 12, 23))
    elif rule == "late":
        await plans(town, "forum", date(2026, 12, 1), invite="all", remind_after_days=[12])
    else:
        moments = {"push": [at(3, 22)], "quiet": [at(1, 9, 1)], "two": [at(3, 9), at(4, 9)]}[rule]
        async with town.house.db.transaction() as tx:
            for place, moment in enumerate(moments):
                campaign = Campaign("invite", f"dot-{place}", For.NOTICE, Audience((LONG_DUC,)), moment)
                await tx.outbox.create(campaign)
    month = "2027-01" if rule in ("quiet", "closes") else "2026-12"

    page = await (await town.seat("dung")).opens(f"/desk/calendar?month={month}")

    assert said in page
    assert page.count('<li id="vuong-') == 1


async def test_the_past_of_this_month_is_folded_away_and_the_list_goes_on_into_the_next(
    town: DeskTown,
) -> None:
    await plans(town, "forum", date(2026, 12, 5))
    town.clock.advance(days=14)  # the sixth of December
    await town.house.tick_schedules()
    await plans(town, "next", date(2027, 1, 4))

    page = await (await town.seat("dung")).opens("/desk/calendar")

    days = Days(page).said
    assert page.index("Đã qua trong tháng") < page.index('id="2026-12-05"') < page.index("Sắp tới</h2>")
    assert "Đã bỏ qua" not in days["2026-12-05"]
    assert "Xong" in days["2026-12-05"]
    assert "Mở đợt" in days["2027-01-04"]


async def test_tet_is_called_by_its_name(town: DeskTown) -> None:
    page = await (await town.seat("an")).opens("/desk/calendar?month=2027-02")

    assert "Nghỉ: Tết Nguyên Đán" in page
    assert "Nghỉ: Giao thừa Tết Nguyên Đán" in page


async def test_a_skipped_one_stands_there_with_its_reason(town: DeskTown) -> None:
    await plans(town, "forum", date(2026, 11, 24), form="khong_co")
    town.clock.advance(days=2)
    await town.house.tick_schedules()

    days = Days(await (await town.seat("dung")).opens("/desk/calendar")).said

    assert "Đã bỏ qua" in days["2026-11-24"]
    assert "Chưa có phiếu khong_co" in days["2026-11-24"]


async def test_one_ward_can_be_looked_at_by_whoever_sees_all(town: DeskTown) -> None:
    await plans(town, "forum", date(2026, 12, 1), TRA_VINH)
    supervisor, chief = await town.seat("dung"), await town.seat("em")

    assert "Mở đợt" in await supervisor.opens(f"/desk/calendar?month=2026-12&unit={TRA_VINH}")
    assert (
        "2026-12-01" not in Days(await supervisor.opens(f"/desk/calendar?month=2026-12&unit={LONG_DUC}")).said
    )
    page = await chief.opens("/desk/calendar?month=2026-12")
    assert "2026-12-01" in Days(page).said
    assert '<select id="unit"' not in page


async def test_chores_are_shown_when_asked_for_and_when_they_went_wrong(town: DeskTown) -> None:
    async def purges(occasion: Occasion) -> str:
        return ""

    starts = town.clock().astimezone(LOCAL).date()
    chores = Schedules(town.house.db, {Purpose.PURGE: purges}, town.clock)
    for id, title, days in (("good", "Sao lưu thử", 1), ("later", "Dọn thử", 3)):
        schedule = Schedule(Once(starts + days * A_DAY), time(2), starts)
        await chores.add(schedule, purpose=Purpose.PURGE, title=title, unit=None, owner="system", id=id)
    town.clock.advance(days=2)  # nobody was there in time
    await Schedules(town.house.db, {Purpose.PURGE: purges}, town.clock).tick()
    operator = await town.seat("khanh")

    page, all_of_it = await operator.opens("/desk/calendar"), await operator.opens("/desk/calendar?chores=1")

    assert "Sao lưu thử" in page, "it was skipped"
    assert "Dọn thử" not in page
    assert "Dọn thử" in all_of_it
    assert "Sao lưu thử" not in await (await town.seat("an")).opens("/desk/calendar?chores=1")


async def test_while_everything_is_held_it_says_so_first(town: DeskTown) -> None:
    await town.house.schedules.hold("restored", OLDER)

    page = await (await town.seat("dung")).opens("/desk/calendar")

    assert "Mọi lịch đang tạm giữ" in page
    assert "Dữ liệu vừa được phục hồi từ bản sao lưu. Xin xem việc nào đã làm rồi, kẻo làm lại." in page
    assert OLDER not in page, "that is for whoever reads the log"


async def test_a_leap_of_the_clock_says_so_and_what_a_person_held_says_why_in_their_words(
    town: DeskTown,
) -> None:
    await town.house.schedules.hold("clock", "the clock leapt by 300 minutes")
    await town.house.schedules.hold("storm", "Chờ bão số 9 đi qua.")

    page = await (await town.seat("binh")).opens("/desk/calendar")

    assert "Đồng hồ máy chủ nhảy tới trước hơn 10 phút. Xin xem giờ máy chủ đúng chưa." in page
    assert "Chờ bão số 9 đi qua." in page
    assert "leapt" not in page


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (f"{Why.POISON}: -200 message invalid", "Ba người liên tiếp không nhận được vì cùng một lý do"),
        (f"{Why.WORDS}: KeyError", "Không soạn được nội dung tin, nên đã tạm dừng."),
        ("Chờ trưởng công an phường xem lại.", "Chờ trưởng công an phường xem lại."),
    ],
)
async def test_why_an_invitation_stands_still_is_told_in_words_for_people(
    town: DeskTown, why: str, told: str
) -> None:
    leaves = town.clock() + timedelta(days=1)
    async with town.house.db.transaction() as tx:
        campaign = Campaign("invite", "dot-thu", For.INVITATION, Audience((LONG_DUC,)), leaves)
        await tx.outbox.pause(await tx.outbox.create(campaign), why)

    page = await (await town.seat("dung")).opens("/desk/calendar")

    assert told in page
    assert "KeyError" not in page
    assert "-200" not in page


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13",
        "month=0001-01",
        "month=9999-12",
        "month=%00",
        "view=<script>",
        "unit=' OR 1",
        "unit=99999",
        "month=2026-12&month=x",
    ],
)
async def test_whatever_stands_in_the_address_is_a_page_or_the_present_month(
    town: DeskTown, query: str
) -> None:
    page = await (await town.seat("dung")).opens(f"/desk/calendar?{query}")

    assert "<script>" not in page
    assert "Lịch tháng 1" in page


async def test_both_views_can_be_chosen_and_lead_to_each_other(town: DeskTown) -> None:
    supervisor = await town.seat("dung")

    assert "calendar show-both" in await supervisor.opens("/desk/calendar")
    assert "calendar show-month" in await supervisor.opens("/desk/calendar?view=month")
    page = await supervisor.opens("/desk/calendar?view=list&month=2026-12")
    assert "calendar show-list" in page
    assert 'href="/desk/calendar?month=2026-12&amp;view=month"' in page
    assert 'href="/desk/calendar?month=2027-01&amp;view=list"' in page


async def test_the_room_stands_in_the_navigation_of_whoever_may_enter(town: DeskTown) -> None:
    for name, enters in (
        ("an", True),
        ("binh", True),
        ("dung", True),
        ("khanh", True),
        ("giang", False),
        ("hai", False),
    ):
        seat = await town.seat(name)
        assert ('href="/desk/calendar"' in await seat.opens("/desk")) is enters, name
        await seat.opens("/desk/calendar", 200 if enters else 403)


async def test_a_line_leads_to_where_it_can_be_looked_at(town: DeskTown) -> None:
    await plans(town, "of-all", date(2026, 12, 1))

    for name in ("dung", "an"):
        seat = await town.seat(name)
        assert 'href="/desk/schedules/of-all"' in await seat.opens("/desk/calendar?month=2026-12")
        await seat.opens("/desk/schedules/of-all")
