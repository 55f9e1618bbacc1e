"""What happens by itself, in the officers' bot: looked at, paused, made in four steps, and said when it did not happen."""

import json
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.channels.telegram_officers_rules import read_around, read_rule
from handlers.notice_templates import NoticeTemplates
from handlers.planning import Wanted
from handlers.schedules import CLOCK_LEAPT
from surveys.notices import Category, Text
from surveys.schedules import (
    LAST,
    Daily,
    Event,
    Monthly,
    NthWeekday,
    Once,
    Relative,
    Schedule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
)
from surveys.schedules.purposes import Purpose
from tests.officers.conftest import LONG_DUC, PROVINCE, TRA_VINH
from tests.officers.test_journeys import actor

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=ZoneInfo("UTC"))  # a Sunday, half past eight in the morning here
TODAY = date(2026, 11, 22)


async def reminding(office, dung, *, unit: str = PROVINCE, title: str = "Báo cáo năm", **given):
    schedule = Schedule(
        **({"rule": Weekly((Weekday.MONDAY,), TODAY), "at": time(8), "starts_on": TODAY} | given)
    )
    wanted = Wanted(Purpose.REMIND_OFFICERS, title, unit, schedule, {"about": title})
    return await office.rooms.planning.add(await actor(office, dung), wanted)


async def schedules(office):
    return await office.rooms.planning._schedules.all()


async def tick(office):
    return await office.rooms.planning._schedules.tick()


async def release(office):
    await office.rooms.planning._schedules.release(CLOCK_LEAPT)


# ── Looking and turning ──────────────────────────────────────────────────────────────────────────────────────────


async def test_the_list_says_when_and_the_card_the_next_five_times(office, dung):
    await reminding(office, dung)

    [heard] = await dung.says("/lich")
    assert "▪️ Báo cáo năm\nThứ Hai hằng tuần, 08:00\nLần tới: thứ Hai, 23/11/2026, 08:00" in heard

    [card] = await dung.taps("Báo cáo năm")
    assert "1. thứ Hai, 23/11/2026, 08:00" in card
    assert "5. thứ Hai, 21/12/2026, 08:00" in card
    assert "Người đặt: Phạm Thị Dung" in card


async def test_paused_and_resumed_by_whoever_may_under_their_name(office, dung):
    seen = await reminding(office, dung)
    await dung.says("/lich")
    await dung.taps("Báo cáo năm")

    await dung.taps("Tạm dừng")
    assert (await schedules(office))[0].row.state == "paused"
    assert "Tạm dừng" in dung.last
    await dung.taps("Cho chạy lại")
    assert (await schedules(office))[0].row.state == "active"

    async with office.people._db.reading() as tx:
        rows = await tx.audit.page(1 << 62, 10, object=f"schedule:{seen.row.id}")
    post = (await actor(office, dung)).post
    assert [(row.action, row.post) for row in reversed(rows)] == [
        ("schedule.add", post),
        ("schedule.pause", post),
        ("schedule.resume", post),
    ]


async def test_a_button_under_an_old_card_changes_nothing_and_shows_what_is(office, dung):
    seen = await reminding(office, dung)
    await dung.says("/lich")
    await dung.taps("Báo cáo năm")
    old = dung.data_of("Tạm dừng")
    await office.rooms.planning.pause(await actor(office, dung), seen.row.id, 1)
    await office.rooms.planning.resume(await actor(office, dung), seen.row.id, 2)

    heard = await dung.forges(old)

    assert any("vừa được người khác sửa" in each for each in heard)
    assert (await schedules(office))[0].row.state == "active"


async def test_a_ward_reads_and_touches_nothing(office, an, dung):
    await reminding(office, dung)
    await reminding(office, dung, unit=TRA_VINH, title="Riêng Trà Vinh")
    seen = await reminding(office, dung, unit=LONG_DUC, title="Riêng Long Đức")

    [heard] = await an.says("/lich")
    assert "Riêng Long Đức" in heard
    assert "Báo cáo năm" in heard, "a province's happens in its wards"
    assert "Riêng Trà Vinh" not in heard
    assert "Đặt lịch" not in an.buttons
    await an.taps("Riêng Long Đức")
    assert "Tạm dừng" not in an.buttons

    await dung.says("/lich")
    await dung.taps("Riêng Long Đức")
    forged = await an.forges(dung.data_of("Tạm dừng"))
    assert forged == ["Chức vụ của đồng chí không có quyền làm việc này."]
    assert (await office.rooms.planning.get(await actor(office, dung), seen.row.id)).row.state == "active"
    await dung.says("/lich")
    await dung.taps("Riêng Trà Vinh")
    assert "Không có lịch này" in (await an.forges(dung.data_of("Tạm dừng")))[0]


# ── What did not happen ──────────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_skipped_is_said_to_whoever_keeps_it_and_done_after_all_by_a_tap(office, an, dung):
    await reminding(office, dung, rule=Once(TODAY), at=time(9), lateness=timedelta(minutes=30))
    await office.ticks()
    said = len(an.heard)

    office.clock.advance(hours=5)
    await tick(office)
    await office.ticks()

    assert "Báo cáo năm" in dung.last
    assert "quá mức cho phép" in dung.last
    assert len(an.heard) == said, "who can do nothing about it is not told"
    await dung.taps("Xem lịch này")
    assert "bỏ qua" in dung.last
    await dung.says("/lich")
    await dung.taps("Báo cáo năm")
    assert "bỏ qua" in dung.last
    assert await dung.taps("Làm lại lần vừa rồi") == ["Sẽ làm lại trong một phút."]
    assert "Lần đó không bị bỏ qua" in (await dung.taps("Làm lại lần vừa rồi"))[0]
    await tick(office)
    await office.ticks()
    assert "Nhắc việc: Báo cáo năm" in an.last


async def test_everything_that_waits_is_let_go_on_by_whoever_may(office, an, dung):
    await reminding(office, dung)
    await office.rooms.planning._schedules.hold(CLOCK_LEAPT, "the clock leapt")
    await office.ticks()
    assert "Đồng hồ máy chủ nhảy" in dung.last, "told at once, in their own language"

    heard = await dung.says("/lich")
    assert "Mọi việc theo lịch đang dừng" in heard[0]
    held = dung.data_of("Đã xem, cho chạy tiếp")
    assert "Mọi việc theo lịch đang dừng" in (await an.says("/lich"))[0]
    assert await an.forges(held) == ["Chức vụ của đồng chí không có quyền làm việc này."]

    await dung.forges(held)

    assert await office.rooms.planning._schedules.holds() == []
    assert "có người vừa cho chạy tiếp" in str(await dung.forges(held) or dung.last)


# ── Making one ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_reminder_is_made_in_four_steps_and_shown_before_it_is_kept(office, dung):
    await dung.says("/datlich")
    await dung.taps("Nhắc cán bộ")
    await dung.says("Báo cáo tuần gửi Công an tỉnh")
    assert "Chưa hiểu" in (await dung.says("khi nào cũng được"))[0]
    [shown] = await dung.says("thứ Sáu hằng tuần, 3h chiều")

    assert "Thứ Sáu hằng tuần, 15:00, gặp ngày nghỉ lễ thì lùi sang ngày sau" in shown
    assert "1. thứ Sáu, 27/11/2026, 15:00" in shown
    assert "5. thứ Sáu, 25/12/2026, 15:00" in shown
    assert await schedules(office) == [], "nothing is kept before it was shown and said yes to"

    await dung.taps("Gõ lại ngày giờ")
    await dung.says("ngày 1 hằng tháng 7h30")
    keep = dung.data_of("Lưu lịch")
    await dung.taps("Lưu lịch")

    [planned] = await schedules(office)
    assert planned.schedule.rule == Monthly(1)
    assert planned.schedule.at == time(7, 30)
    assert (planned.row.title, planned.row.unit) == ("Báo cáo tuần gửi Công an tỉnh", PROVINCE)
    assert planned.row.owner == "Phạm Thị Dung"
    # The same button again makes no second one.
    assert "lần đặt lịch đã xong" in (await dung.forges(keep))[0]
    assert len(await schedules(office)) == 1


async def test_a_wave_is_made_and_opens_by_itself(office, dung):
    await dung.says("/datlich")
    await dung.taps("Mở đợt lấy ý kiến")
    await dung.taps("Đánh giá lượt làm việc tại trụ sở Công an phường (bản mẫu)")
    await dung.taps("Đến hết tháng")
    await dung.says("Đánh giá tháng {month}/{year}")
    await dung.says("8h ngày mai")
    await dung.taps("Lưu lịch")
    office.clock.advance(days=1)
    await tick(office)

    async with office.people._db.reading() as tx:
        [wave] = await tx.waves.all()
    assert wave.title == "Đánh giá tháng 11/2026"
    assert wave.opens_at == datetime(2026, 11, 23, 8, tzinfo=LOCAL)


async def test_a_wave_of_residents_is_made_with_whom_it_is_taken_to(office, dung):
    await dung.says("/datlich")
    await dung.taps("Mở đợt lấy ý kiến")
    await dung.taps(next(each for each in dung.buttons if "Nhân dân: phiếu hằng năm" in each))
    await dung.taps("21 ngày")
    await dung.taps("Rút thăm 200 người")
    await dung.taps("Nhắc sau 3 và 7 ngày")
    await dung.says("Lấy ý kiến {year}")
    await dung.says("1/10 hằng năm 8h")
    await dung.taps("Lưu lịch")

    [planned] = await schedules(office)
    about = json.loads(planned.row.subject)
    assert (about["invite"], about["remind_after_days"]) == ({"sample": 200}, [3, 7])
    assert planned.schedule.over == timedelta(hours=3), "what people get is spread"


@pytest.mark.parametrize(
    ("taps", "typed", "rule", "about", "shown"),
    [
        (
            ("Mời người dân trả lời", "Mỗi đợt của phiếu hằng năm của người dân", "Mọi người đã đồng ý nhận"),
            "đúng ngày mở 9h",
            Relative(0, Event("opening", "form:hang_nam_nguoi_dan")),
            {"invite": "all"},
            "Mời mọi người đã đồng ý nhận.",
        ),
        (
            ("Nhắc người chưa trả lời", "Mỗi đợt của phiếu hằng năm của người dân", "Lần 2"),
            "2 ngày trước khi đóng đợt, 9h30",
            Relative(-2, Event("closing", "form:hang_nam_nguoi_dan")),
            {"number": 2},
            "Nhắc lần 2: chỉ người đã được mời mà chưa trả lời.",
        ),
        (
            ("Báo kết quả cho người dân", "Bất kỳ đợt nào"),
            "1 ngày sau khi công bố kết quả 9h",
            Relative(1, Event("release", "*")),
            {},
            "cho mọi người đăng ký ở đó, như nhau",
        ),
    ],
    ids=["invite", "remind", "results"],
)
async def test_what_follows_a_wave_is_made_by_taps_and_a_line(office, dung, taps, typed, rule, about, shown):
    await dung.says("/datlich")
    for tap in taps:
        await dung.taps(next(each for each in dung.buttons if each.startswith(tap)))
    assert "Chưa hiểu" in (await dung.says("thứ hai hằng tuần 8h"))[0], "its days are the wave's"
    assert "Chưa hiểu" in (await dung.says("8h ngày mai"))[0], "of which one would it be?"
    [heard] = await dung.says(typed)
    assert shown in heard
    assert "Chưa có đợt nào như vậy" in heard
    await dung.taps("Lưu lịch")

    [planned] = await schedules(office)
    assert (planned.schedule.rule, json.loads(planned.row.subject)) == (rule, about)


async def test_of_a_wave_nothing_is_kept_that_could_never_happen(office, dung):
    await dung.says("/datlich")
    await dung.taps("Báo kết quả cho người dân")
    await dung.taps("Bất kỳ đợt nào")

    [heard] = await dung.says("3 ngày sau khi mở 9h")

    assert heard == "Kết quả chỉ báo được từ ngày công bố."
    assert "Lưu lịch" not in dung.buttons
    await dung.taps("Gõ lại ngày giờ")
    await dung.says("đúng ngày công bố 15h")
    await dung.taps("Lưu lịch")
    assert len(await schedules(office)) == 1


async def test_a_notice_is_drafted_by_itself_and_waits_for_whoever_approves(office, dung):
    await dung.says("/datlich")
    assert "chưa có mẫu thông báo" in (await dung.taps("Soạn sẵn thông báo chờ duyệt"))[0]
    by = await actor(office, dung)
    text = Text("Sáng {ngày:date}, Công an tiếp dân tại {nơi:place}.")
    templates = NoticeTemplates(office.people._db, office.clock)
    await templates.write(by, "Tiếp dân", Category.PROCEDURE, {"vi": text})

    await dung.says("/datlich")
    await dung.taps("Soạn sẵn thông báo chờ duyệt")
    await dung.taps("Tiếp dân")
    await dung.says("5/{month}/{year}")
    await dung.says("Trụ sở Công an tỉnh")
    await dung.says("Lịch tiếp dân")
    [heard] = await dung.says("ngày 1 hằng tháng 8h")
    assert "Sáng 05/12/2026, Công an tiếp dân tại Trụ sở Công an tỉnh." in heard
    await dung.taps("Lưu lịch")

    [planned] = await schedules(office)
    await office.rooms.planning.run(by, planned.row.id)
    await tick(office)
    [due] = await office.rooms.planning.history(by, planned.row.id)
    assert (due.state, "và trình duyệt." in due.reason) == ("done", True)


async def test_what_does_not_fit_into_a_gap_is_said_before_it_is_kept(office, dung):
    text = Text("Ngày {ngày:date}.")
    templates = NoticeTemplates(office.people._db, office.clock)
    await templates.write(await actor(office, dung), "Tiếp dân", Category.PROCEDURE, {"vi": text})
    await dung.says("/datlich")
    await dung.taps("Soạn sẵn thông báo chờ duyệt")
    await dung.taps("Tiếp dân")
    await dung.says("hôm nào đó")
    await dung.says("Lịch tiếp dân")

    [heard] = await dung.says("ngày 1 hằng tháng 8h")

    assert heard == "“ngày” phải là ngày, như 30/11/2026."
    assert "Lưu lịch" not in dung.buttons
    assert await schedules(office) == []


async def test_what_has_passed_is_not_kept(office, dung):
    await dung.says("/datlich")
    await dung.taps("Nhắc cán bộ")
    await dung.says("Việc gấp")
    heard = await dung.says("8h hôm nay")

    assert heard == ["Theo lịch này thì không có lần nào sắp tới."]
    assert "Lưu lịch" not in dung.buttons


async def test_it_is_left_in_the_middle_and_a_notice_begun_instead(office, dung):
    await dung.says("/datlich")
    await dung.taps("Nhắc cán bộ")
    assert await dung.says("/huy") == ["Đã thôi đặt lịch."]
    assert "không hiểu" in (await dung.says("Báo cáo"))[0]

    await dung.says("/datlich")
    keep = dung.data_of("Nhắc cán bộ")
    await dung.says("/thongbao")
    await dung.says("/huy")
    assert "lần đặt lịch đã xong" in (await dung.forges(keep))[0]


async def test_whoever_goes_away_is_told_that_it_is_over(office, dung):
    await dung.says("/datlich")
    await dung.taps("Nhắc cán bộ")
    office.clock.advance(minutes=31)

    await office.ticks()

    assert "việc đang làm dở đã thôi" in dung.last


async def test_nobody_but_a_supervisor_makes_one(office, an):
    for said in (await an.says("/datlich"), await an.forges("ln.0.begin")):
        assert said == ["Chức vụ của đồng chí không có quyền làm việc này."]


# ── As one says it ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "rule", "at"),
    [
        ("hằng ngày 8h", Daily(TODAY), time(8)),
        ("mỗi ngày lúc 20:15", Daily(TODAY), time(20, 15)),
        ("thứ hai hằng tuần 8h", Weekly((Weekday.MONDAY,), TODAY), time(8)),
        ("8h30 thứ 2, thứ 6 hằng tuần", Weekly((Weekday.MONDAY, Weekday.FRIDAY), TODAY), time(8, 30)),
        ("mỗi chủ nhật 7 giờ tối", Weekly((Weekday.SUNDAY,), TODAY), time(19)),
        ("ngày 1 hằng tháng 8h", Monthly(1), time(8)),
        ("ngày 15 mỗi quý, 8h", Monthly(15, (1, 4, 7, 10)), time(8)),
        ("ngày cuối tháng 17h", None, None),
        ("ngày cuối mỗi tháng 17h", Monthly(LAST), time(17)),
        ("thứ Hai đầu tiên mỗi quý 8h", NthWeekday(1, Weekday.MONDAY, (1, 4, 7, 10)), time(8)),
        ("thứ Hai tuần đầu mỗi quý 8h", NthWeekday(1, Weekday.MONDAY, (1, 4, 7, 10)), time(8)),
        ("thứ sáu cuối cùng hằng tháng 16h", NthWeekday(LAST, Weekday.FRIDAY), time(16)),
        ("thứ hai thứ hai hằng tháng 8h", NthWeekday(2, Weekday.MONDAY), time(8)),
        ("15/11 hằng năm 8h", Yearly(11, 15), time(8)),
        ("29/2 hằng năm, 8 giờ", Yearly(2, 29), time(8)),
        ("31/2 hằng năm 8h", None, None),
        ("30 ngày trước 15/11, 8h", Relative(-30, YearlyDay(11, 15)), time(8)),
        ("1 ngày sau 19/8 hằng năm lúc 8h", Relative(1, YearlyDay(8, 19)), time(8)),
        ("8h mai", Once(date(2026, 11, 23)), time(8)),
        ("25/12 7h30", Once(date(2026, 12, 25)), time(7, 30)),
        ("thứ hai hằng tuần", None, None),
        ("ngày 1 hằng tháng", None, None),
        ("thứ hai hằng tuần 25h", None, None),
        ("ngày 40 hằng tháng 8h", None, None),
        ("lúc nào rảnh 8h", None, None),
        ("", None, None),
    ],
)
def test_a_rule_as_one_says_it(typed, rule, at):
    assert read_rule(typed, NOW) == (None if rule is None else (rule, at))


@pytest.mark.parametrize(
    ("typed", "rule", "at"),
    [
        ("đúng ngày mở 9h", Relative(0, Event("opening", "x")), time(9)),
        ("ngày đóng đợt 7 giờ tối", Relative(0, Event("closing", "x")), time(19)),
        ("3 ngày sau khi mở, 9h", Relative(3, Event("opening", "x")), time(9)),
        ("9h30 sáng, 2 ngày trước ngày đóng đợt", Relative(-2, Event("closing", "x")), time(9, 30)),
        ("1 ngày sau khi công bố kết quả 9h", Relative(1, Event("release", "x")), time(9)),
        ("999 ngày sau khi mở 9h", None, None),
        ("3 ngày sau khi mở", None, None),
        ("3 ngày sau khi mở quầy 9h", None, None),
        ("3 ngày trước 15/11, 8h", None, None),
    ],
)
def test_a_day_of_a_wave_as_one_says_it(typed, rule, at):
    assert read_around(typed, "x") == (None if rule is None else (rule, at))
