"""The pages about what happens by itself, as a browser is served them: shown before it is kept, within reach, under a name, and never
over somebody else's change."""

import json
import re
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.notice_templates import NoticeTemplates
from handlers.schedules import CLOCK_LEAPT, Planned
from handlers.units import Places
from storage import rows
from surveys.notices import Category, Text
from surveys.schedules import (
    LAST,
    Daily,
    Event,
    Monthly,
    NthWeekday,
    Once,
    QuietDays,
    Relative,
    Rule,
    Schedule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
)
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, PROVINCE, TRA_VINH, DeskTown, Furnished, Seat, a_desk_town

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = date(2026, 11, 22)
PLACE = "/desk/schedules"
WAVE: dict[str, Any] = {
    "purpose": "wave.open",
    "title": "Đánh giá hằng tháng",
    "form": "tham_luot",
    "wave_title": "Đánh giá tháng {month}/{year}",
    "until": "month_end",
    "rule": "monthly",
    "day": "1",
    "months_in": "all",
    "hour": "08",
    "minute": "00",
    "lateness": "1440",
    "quiet_days": "keep",
}


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@pytest.fixture
async def dung(town: DeskTown) -> Seat:
    return await town.seat("dung")


def seal_in(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]*)"', page)
    assert found is not None
    return found[1]


def version_in(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


async def looked(seat: Seat, **fields: Any) -> str:
    return unescape(await seat.sends(f"{PLACE}/look", 200, headers={"hx-request": "true"}, **fields))


async def made(seat: Seat, **fields: Any) -> str:
    """Looked at, then kept: its id."""
    page = await seat.sends(f"{PLACE}/new", 200, do="look", **fields)
    place = await seat.sends(f"{PLACE}/new", 303, do="save", seen=seal_in(page), **fields)
    return place.removeprefix(f"{PLACE}/").removesuffix("?done=add")


async def of(town: DeskTown, id: str) -> Planned:
    return await town.house.schedules.get(id)


def about(planned: Planned) -> dict[str, Any]:
    """What it is about."""
    kept: dict[str, Any] = json.loads(planned.row.subject)
    return kept


# ── Shown before it is kept ──────────────────────────────────────────────────────────────────────────────────────


async def test_the_words_and_the_next_five_times_are_shown_while_it_is_written(dung: Seat) -> None:
    page = await looked(dung, **WAVE)

    assert "Ngày 1 hằng tháng, 08:00" in page
    times = re.findall(r"<time[^>]*>([^<]+)</time>", page)
    assert times == [
        "Thứ Ba, 01/12/2026, 08:00",
        "Thứ Sáu, 01/01/2027, 08:00",
        "Thứ Hai, 01/02/2027, 08:00",
        "Thứ Hai, 01/03/2027, 08:00",
        "Thứ Năm, 01/04/2027, 08:00",
    ]
    assert "Tết Dương lịch" in page, "what the first of January is called"
    assert "Asia/Ho_Chi_Minh" in page
    assert "Đánh giá tháng 12/2026" in page, "what residents will read"


async def test_nothing_is_kept_that_was_not_shown(town: DeskTown, dung: Seat) -> None:
    first = await dung.sends(f"{PLACE}/new", 200, do="save", **WAVE)
    assert "Xin xem các lần tới" in first
    seen = seal_in(first)

    # Changed since it was shown.
    again = await dung.sends(f"{PLACE}/new", 200, do="save", seen=seen, **WAVE | {"hour": "09"})
    assert "09:00" in again
    assert await town.house.schedules.all() == []

    await dung.sends(f"{PLACE}/new", 303, do="save", seen=seal_in(again), **WAVE | {"hour": "09"})
    [planned] = await town.house.schedules.all()
    assert planned.schedule.at == time(9)
    assert planned.row.owner == "Phạm Thị Dung"


async def test_what_the_house_does_is_not_written_here(town: DeskTown, dung: Seat) -> None:
    """A form that was made by hand."""
    for purpose in ("chore.backup", "coffee.make"):
        fields = WAVE | {"purpose": purpose}
        page = await dung.sends(f"{PLACE}/new", 200, do="look", **fields)
        await dung.sends(
            f"{PLACE}/new", 403 if purpose == "chore.backup" else 422, do="save", seen=seal_in(page), **fields
        )
    assert await town.house.schedules.all() == []


# ── What follows a wave, what drafts a notice ────────────────────────────────────────────────────────────────────

FOLLOWING: dict[str, Any] = {
    "title": "Theo đợt",
    "rule": "around_wave",
    "wave": "form:hang_nam_nguoi_dan",
    "event": "opening",
    "away": "0",
    "side": "after",
    "hour": "09",
    "minute": "00",
    "lateness": "1440",
    "over": "180",
    "quiet_days": "next",
}


async def far_away(town: DeskTown) -> str:
    """Another province, of one ward."""
    async with town.house.db.transaction() as tx:
        like = {unit.code: unit for unit in await tx.units.all()}
        away = ((PROVINCE, "999", "Thành phố Xa", None), (LONG_DUC, "99901", "Phường Xa", "999"))
        await tx.units.upsert_many(
            rows.Unit(**like[code].model_dump() | {"code": new, "name": name, "province": of})
            for code, new, name, of in away
        )
    return "999"


async def opened(town: DeskTown, slug: str = "2026-nguoi-dan", *, unit: str = PROVINCE) -> None:
    """A wave, by the clock, now."""
    about = {"form": "hang_nam_nguoi_dan", "slug": slug, "title": "Lấy ý kiến 2026", "days": 21}
    made = await town.house.schedules.add(
        Schedule(Yearly(11, 1), time(8), TODAY),
        purpose="wave.open",
        title="Mở",
        unit=unit,
        owner="Phạm Thị Dung",
        subject=about | {"audience": "residents"},
    )
    await town.house.schedules.run_once(made.row.id, asked_by="Phạm Thị Dung")
    await town.house.schedules.tick()
    await town.house.schedules.end(made.row.id, 1)


@pytest.mark.parametrize(
    ("fields", "rule", "subject", "words", "what"),
    [
        (
            {"purpose": "wave.invite", "invite": "everybody"},
            Relative(0, Event("opening", "form:hang_nam_nguoi_dan")),
            {"invite": "all"},
            "Đúng ngày mở đợt bất kỳ của phiếu hằng năm của người dân, 09:00, gửi rải trong 3 giờ",
            "Mời mọi người đã đồng ý nhận.",
        ),
        (
            {"purpose": "wave.invite", "invite": "some", "sample": "200", "wave": "2026-nguoi-dan"},
            Relative(0, Event("opening", "2026-nguoi-dan")),
            {"invite": {"sample": 200}, "wave": "2026-nguoi-dan"},
            "Đúng ngày mở đợt 2026-nguoi-dan, 09:00",
            "Mời 200 người mỗi phường, xã, rút thăm",
        ),
        (
            {"purpose": "wave.remind", "number": "2", "away": "3", "side": "before", "event": "closing"},
            Relative(-3, Event("closing", "form:hang_nam_nguoi_dan")),
            {"number": 2},
            "3 ngày trước ngày đóng đợt bất kỳ của phiếu hằng năm của người dân",
            "Nhắc lần 2: chỉ người đã được mời mà chưa trả lời.",
        ),
        (
            {
                "purpose": "wave.remind",
                "number": "1",
                "rule": "once",
                "on": "2026-11-25",
                "wave": "2026-nguoi-dan",
            },
            Once(date(2026, 11, 25)),
            {"number": 1, "wave": "2026-nguoi-dan"},
            "Một lần, thứ Tư 25/11/2026, 09:00",
            "Nhắc lần 1",
        ),
        (
            {"purpose": "results.tell", "event": "release", "away": "1", "wave": "*"},
            Relative(1, Event("release", "*")),
            {},
            "1 ngày sau ngày công bố đợt bất kỳ, 09:00",
            "cho mọi người đăng ký ở đó, như nhau",
        ),
    ],
    ids=["invite", "invite a sample", "remind before closing", "remind once", "tell results"],
)
async def test_what_follows_a_wave_is_written_shown_read_back_and_written_again(
    town: DeskTown,
    dung: Seat,
    fields: dict[str, Any],
    rule: Rule,
    subject: dict[str, Any],
    words: str,
    what: str,
) -> None:
    await opened(town)
    blank = fields_of(await dung.opens(f"{PLACE}/new?purpose={fields['purpose']}"))
    wanted = blank | FOLLOWING | fields
    page = await looked(dung, **wanted)
    assert words in page
    assert what in page

    id = await made(dung, **wanted)

    planned = await of(town, id)
    assert (planned.schedule.rule, about(planned)) == (rule, subject)
    again = fields_of(await dung.opens(f"{PLACE}/{id}/edit"))
    page = await dung.sends(f"{PLACE}/{id}/edit", 200, **again | {"do": "look"})
    await dung.sends(f"{PLACE}/{id}/edit", 303, **again | {"do": "save", "seen": seal_in(page)})
    kept = await of(town, id)
    assert (kept.schedule, about(kept)) == (planned.schedule, subject)
    assert what in await dung.opens(f"{PLACE}/{id}")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"purpose": "wave.invite", "invite": "some", "sample": "0"}, "Xin ghi số người cần mời."),
        ({"purpose": "wave.remind", "number": "3"}, "Xin chọn lần nhắc 1 hoặc 2."),
        (
            {"purpose": "wave.remind", "number": "1", "rule": "once", "on": "2026-12-01"},
            "chọn một đợt có tên",
        ),
        ({"purpose": "wave.remind", "number": "1", "wave": "{x}"}, "Xin chọn đợt."),
        ({"purpose": "wave.invite", "rule": "once", "on": "2026-12-01", "wave": "{"}, "chọn một đợt có tên"),
    ],
)
async def test_of_a_wave_what_cannot_be_read_is_said(
    town: DeskTown, dung: Seat, fields: dict[str, Any], said: str
) -> None:
    wanted = FOLLOWING | {"invite": "everybody"} | fields

    for do in ("look", "save"):
        assert said in unescape(await dung.sends(f"{PLACE}/new", 422, do=do, **wanted))

    assert await town.house.schedules.all() == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"purpose": "wave.invite", "event": "release"}, "Chỉ mời và nhắc được khi đợt đang mở"),
        ({"purpose": "wave.invite", "away": "1", "side": "before"}, "Trước ngày mở thì chưa mời"),
        ({"purpose": "wave.remind", "number": "1", "event": "closing", "away": "1"}, "Sau ngày đóng"),
        ({"purpose": "results.tell", "wave": "*"}, "Kết quả chỉ báo được từ ngày công bố."),
    ],
)
async def test_of_a_wave_nothing_is_kept_that_could_never_happen(
    town: DeskTown, dung: Seat, fields: dict[str, Any], said: str
) -> None:
    wanted = FOLLOWING | {"invite": "everybody"} | fields
    page = await dung.sends(f"{PLACE}/new", 200, do="look", **wanted)
    assert said in page, "before it is kept"

    page = await dung.sends(f"{PLACE}/new", 422, do="save", seen=seal_in(page), **wanted)

    assert said in page
    assert await town.house.schedules.all() == []


async def test_the_waves_one_may_choose_are_those_in_reach_and_people_are_asked_by_none_for_visits(
    town: DeskTown, dung: Seat
) -> None:
    await opened(town)
    await opened(town, "2026-phuong-xa", unit=await far_away(town))
    await made(dung, **WAVE)

    choices = {purpose: await chosen_from(dung, purpose) for purpose in ("wave.invite", "results.tell")}

    assert choices["wave.invite"] == [
        "form:hang_nam_nguoi_dan",
        "form:hang_nam_doanh_nghiep",
        "form:hoi_dien_dan",
        "form:dien_dan",
        "2026-nguoi-dan",
    ]
    assert choices["results.tell"][0] == "*"
    assert "tham-luot-{year}-{month:02}" in choices["results.tell"]
    assert "form:tham_luot" in choices["results.tell"]
    assert "2026-phuong-xa" not in choices["results.tell"]


async def chosen_from(seat: Seat, purpose: str) -> list[str]:
    page = await seat.opens(f"{PLACE}/new?purpose={purpose}")
    options = re.search(r'<select id="wave".*?</select>', page, re.DOTALL)
    assert options is not None
    return [unescape(each) for each in re.findall(r'<option value="([^"]*)"', options[0])]


async def test_an_invitation_written_here_asks_in_its_own_province_alone(town: DeskTown, dung: Seat) -> None:
    """Somebody else's wave of the same form, met on its day."""
    await made(dung, **FOLLOWING | {"purpose": "wave.invite", "invite": "everybody"})
    await opened(town)
    await opened(town, "2026-phuong-xa", unit=await far_away(town))
    town.clock.advance(hours=1)
    await town.house.schedules.tick()
    await town.house.schedules.release(CLOCK_LEAPT)
    await town.house.schedules.tick()

    async with town.house.db.reading() as tx:
        invited = await tx.outbox.by_subject("invite", "2026-nguoi-dan")
        assert await tx.outbox.by_subject("invite", "2026-phuong-xa") is None
        known = await Places().known(tx)
    assert invited is not None
    assert set(invited.campaign.audience.units) == {ward.code for ward in known.wards(PROVINCE)}


async def test_a_notice_is_drafted_from_a_template_and_shown_as_it_would_be(
    town: DeskTown, dung: Seat
) -> None:
    place, form = f"{PLACE}/templates", f"{PLACE}/new?purpose=notice.from_template"
    assert "chưa có mẫu thông báo" in await dung.opens(place)
    assert await dung.opens(form, 303) == place
    templates = NoticeTemplates(town.house.db, town.clock)
    text = Text("Sáng {ngày:date}, Công an tiếp dân tại {nơi:place}.")
    template = await templates.write(town.actors["dung"], "Tiếp dân", Category.PROCEDURE, {"vi": text})
    assert "Tiếp dân" in await dung.opens(place)

    blank = fields_of(await dung.opens(f"{form}&template={template.id}"))
    assert blank["template"] == template.id
    wanted = blank | {"title": "Lịch tiếp dân", "unit": LONG_DUC, "gap.ngày": "5/{month}/{year}"}
    page = await looked(dung, **wanted)
    assert "“nơi” phải là địa điểm, một dòng." in page
    refused = await dung.sends(f"{PLACE}/new", 200, do="look", **wanted)
    await dung.sends(f"{PLACE}/new", 422, do="save", seen=seal_in(refused), **wanted)
    wanted |= {"gap.nơi": "Trụ sở <b>"}
    page = await dung.sends(f"{PLACE}/new", 200, do="look", **wanted)
    assert "Sáng 05/12/2026, Công an tiếp dân tại Trụ sở &lt;b&gt;." in page
    id = await made(dung, **wanted)

    kept = await of(town, id)
    assert about(kept) == {
        "template": template.id,
        "values": {"ngày": "5/{month}/{year}", "nơi": "Trụ sở <b>"},
    }
    assert fields_of(await dung.opens(f"{PLACE}/{id}/edit"))["gap.nơi"] == "Trụ sở <b>"
    await town.house.schedules.run_once(id, asked_by="Phạm Thị Dung")
    await town.house.schedules.tick()
    assert "và trình duyệt." in str((await town.house.schedules.history(id))[0].reason)


async def test_who_made_it_is_whoever_is_signed_in(town: DeskTown, dung: Seat) -> None:
    id = await made(dung, **WAVE, owner="Somebody Else", by="Somebody Else")

    rows = await town.house.trail.of(f"schedule:{id}")

    assert [(row.action, row.post) for row in rows] == [("schedule.add", town.actors["dung"].post)]


async def test_what_it_is_about_is_kept_as_its_deed_reads_it(town: DeskTown, dung: Seat) -> None:
    id = await made(dung, **WAVE | {"unit": LONG_DUC, "invite": "some", "sample": "500", "remind_after": "7"})

    planned = await of(town, id)

    assert planned.row.unit == LONG_DUC
    assert planned.row.purpose == "wave.open"
    assert re.sub(r"\s", "", planned.row.subject) == re.sub(
        r"\s",
        "",
        """{"audience": "visits", "form": "tham_luot", "invite": {"sample": 500}, "remind_after_days": [7],
        "slug": "tham-luot-{year}-{month:02}-29263", "title": "Đánhgiátháng{month}/{year}", "until": "month_end"}""",
    )


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"rule": "once", "on": "2026-12-24"}, Once(date(2026, 12, 24))),
        ({"rule": "once", "on": "24/12/2026"}, Once(date(2026, 12, 24))),
        ({"rule": "daily", "every_days": "2", "starts_on": "2026-12-01"}, Daily(date(2026, 12, 1), 2)),
        ({"rule": "weekly", "weekdays": "4"}, Weekly((Weekday.FRIDAY,), TODAY)),
        ({"rule": "monthly", "day": "last", "months_in": "all"}, Monthly(LAST)),
        (
            {"rule": "nth_weekday", "nth": "1", "weekday": "0", "months_in": "first"},
            NthWeekday(1, Weekday.MONDAY, (1, 4, 7, 10)),
        ),
        ({"rule": "yearly", "year_day": "29", "year_month": "2"}, Yearly(2, 29)),
        (
            {"rule": "around_day", "away": "30", "side": "before", "year_day": "15", "year_month": "11"},
            Relative(-30, YearlyDay(11, 15)),
        ),
        (
            {"rule": "around_wave", "away": "3", "side": "after", "event": "opening", "wave": "*"},
            Relative(3, Event("opening", "*")),
        ),
    ],
)
async def test_every_rule_is_written_read_back_and_written_again(
    town: DeskTown, dung: Seat, fields: dict[str, Any], rule: Rule
) -> None:
    id = await made(dung, **WAVE | fields | {"lateness": "30", "over": "180", "quiet_days": "next"})
    kept = (await of(town, id)).schedule
    assert kept.rule == rule
    assert (kept.at, kept.lateness, kept.over) == (time(8), timedelta(minutes=30), timedelta(hours=3))
    assert kept.quiet_days is QuietDays.NEXT

    # The form as it comes back says the same.
    form = await dung.opens(f"{PLACE}/{id}/edit")
    fields = fields_of(form)
    page = await dung.sends(f"{PLACE}/{id}/edit", 200, **fields | {"do": "look"})
    await dung.sends(f"{PLACE}/{id}/edit", 303, **fields | {"do": "save", "seen": seal_in(page)})

    assert (await of(town, id)).schedule == kept


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the form, as it stands there; of several boxes the last one that is ticked."""
    form = page[page.index('<form id="schedule"') : page.index("</form>", page.index('<form id="schedule"'))]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{each}="([^"]*)"', tag) for each in ("name", "value"))
        is_box = 'type="radio"' in tag or 'type="checkbox"' in tag
        if name and value and (not is_box or " checked" in tag):
            fields[name[1]] = unescape(value[1])
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)
        fields[name] = unescape(chosen[0])
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL):
        fields[name] = unescape(text)
    return fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": " "}, "Xin ghi tên việc."),
        ({"rule": ""}, "Xin chọn khi nào."),
        ({"rule": "once", "on": "31/11/2026"}, "Xin ghi ngày"),
        ({"rule": "weekly"}, "Xin chọn ít nhất một ngày"),
        ({"rule": "daily", "every_days": "0"}, "Xin ghi một số nguyên."),
        ({"rule": "monthly", "day": "1", "months_in": "some"}, "Xin chọn ít nhất một tháng."),
        ({"rule": "yearly", "year_day": "31", "year_month": "11"}, "Không có ngày này."),
        ({"rule": "around_day", "away": "x", "year_day": "1", "year_month": "1"}, "Xin ghi số ngày"),
        ({"rule": "around_wave", "away": "1"}, "Xin chọn đợt."),
        ({"hour": "25"}, "Xin chọn giờ."),
        ({"starts_on": "2027-01-02", "ends_on": "2027-01-01"}, "Ngày kết thúc trước ngày bắt đầu."),
        ({"until": "days", "days": "0"}, "Xin ghi số ngày mở đợt"),
        ({"invite": "some"}, "Xin ghi số người cần mời."),
        ({"form": ""}, "Xin chọn mẫu phiếu."),
    ],
)
async def test_what_cannot_be_read_is_said_beside_it_and_nothing_typed_is_lost(
    town: DeskTown, dung: Seat, fields: dict[str, Any], said: str
) -> None:
    page = await dung.sends(f"{PLACE}/new", 422, do="save", **WAVE | {"wave_title": "Chữ đã gõ"} | fields)

    assert said in unescape(page)
    assert "Chữ đã gõ" in page
    assert await town.house.schedules.all() == []


async def test_what_never_comes_is_not_kept(town: DeskTown, dung: Seat) -> None:
    past = WAVE | {"rule": "once", "on": "2026-11-01"}
    page = await dung.sends(f"{PLACE}/new", 200, do="look", **past)
    assert "không có lần nào sắp tới" in page

    refused = await dung.sends(f"{PLACE}/new", 422, do="save", seen=seal_in(page), **past)

    assert "Giờ đó đã qua." in refused
    assert await town.house.schedules.all() == []


# ── Two at the same one ──────────────────────────────────────────────────────────────────────────────────────────


async def test_of_two_who_change_it_the_second_is_told_and_keeps_their_words(
    town: DeskTown, dung: Seat
) -> None:
    id = await made(dung, **WAVE)
    mine = fields_of(await dung.opens(f"{PLACE}/{id}/edit")) | {"title": "Của tôi", "hour": "10"}
    planned = await of(town, id)
    await town.house.schedules.change(
        id, 1, planned.schedule, title="Của người khác", owner="Trần Văn Khác", by=town.actors["dung"]
    )

    page = await dung.sends(f"{PLACE}/{id}/edit", 200, **mine | {"do": "look"})
    seen = seal_in(page)
    told = await dung.sends(f"{PLACE}/{id}/edit", 409, **mine | {"do": "save", "seen": seen})

    assert "Trần Văn Khác vừa sửa lịch này" in told
    assert "Của tôi" in told
    assert (await of(town, id)).row.title == "Của người khác"
    # Having read that, one may want one's own all the same.
    await dung.sends(
        f"{PLACE}/{id}/edit", 303, **mine | {"do": "save", "seen": seen, "version": version_in(told)}
    )
    assert (await of(town, id)).row.title == "Của tôi"


@pytest.mark.parametrize("deed", ["pause", "resume", "end"])
async def test_a_button_of_an_old_page_does_nothing_and_says_so(
    town: DeskTown, dung: Seat, deed: str
) -> None:
    id = await made(dung, **WAVE)
    await town.house.schedules.pause(id, 1)

    page = await dung.sends(f"{PLACE}/{id}/{deed}", 409, version="1")

    assert "vừa được người khác sửa" in page
    assert (await of(town, id)).row.state == "paused"


# ── What may be done with it ─────────────────────────────────────────────────────────────────────────────────────


async def test_paused_resumed_and_ended(town: DeskTown, dung: Seat) -> None:
    id = await made(dung, **WAVE)
    for deed, state in (("pause", "paused"), ("resume", "active"), ("end", "ended")):
        version = version_in(await dung.opens(f"{PLACE}/{id}"))
        place = await dung.sends(f"{PLACE}/{id}/{deed}", version=version)
        assert place == f"{PLACE}/{id}?done={deed}"
        assert (await of(town, id)).row.state == state
    rows = await town.house.trail.of(f"schedule:{id}")
    post = town.actors["dung"].post
    assert [(row.action, row.post) for row in reversed(rows)][1:] == [
        ("schedule.pause", post),
        ("schedule.resume", post),
        ("schedule.end", post),
    ]
    page = await dung.opens(f"{PLACE}/{id}")
    assert "Kết thúc hẳn" not in page, "it has ended"
    assert await dung.opens(f"{PLACE}/{id}/edit", 303) == f"{PLACE}/{id}"


async def test_run_now_and_what_came_of_it(town: DeskTown, dung: Seat) -> None:
    id = await made(dung, **WAVE)

    assert await dung.sends(f"{PLACE}/{id}/run") == f"{PLACE}/{id}?done=run"
    assert "Chờ làm" in await dung.opens(f"{PLACE}/{id}")
    await town.house.schedules.tick()

    page = await dung.opens(f"{PLACE}/{id}")
    assert "Đã làm" in page
    assert "Đã mở đợt tham-luot-2026-11" in page
    assert "do Phạm Thị Dung yêu cầu" in page


async def missed(town: DeskTown, seat: Seat) -> tuple[str, datetime]:
    """A schedule whose time passed while nobody was there: its id, and when."""
    id = await made(seat, **WAVE | {"rule": "once", "on": "2026-11-23", "hour": "08", "lateness": "30"})
    town.clock.advance(days=2)
    await town.house.schedules.tick()
    # The clock leapt as well: that is another page's.
    await town.house.schedules.release(CLOCK_LEAPT)
    await town.house.schedules.tick()
    return id, datetime(2026, 11, 23, 8, tzinfo=LOCAL)


async def test_what_was_skipped_is_on_the_first_page_until_it_is_done_after_all(
    town: DeskTown, dung: Seat
) -> None:
    id, due = await missed(town, dung)
    for place in ("/desk", PLACE, f"{PLACE}/{id}"):
        page = await (await town.seat("dung")).opens(place)
        assert "Bỏ qua" in page, place
        assert "quá mức cho phép" in page, place
    assert "Bỏ qua" not in await (await town.seat("an")).opens("/desk"), "who can do nothing about it"

    again = await town.seat("dung")
    await again.sends(f"{PLACE}/{id}/again", due=due.isoformat())
    await town.house.schedules.tick()

    page = await again.opens(f"{PLACE}/{id}")
    assert "Đã mở đợt" in page
    assert "Bỏ qua" not in await again.opens("/desk")
    told = await again.sends(f"{PLACE}/{id}/again", 409, due=due.isoformat())
    assert "không bị bỏ qua" in told
    await again.sends(f"{PLACE}/{id}/again", 409, due="tomorrow")
    await again.sends(f"{PLACE}/{id}/again", 409, due="0001-01-01T00:00:00+14:00")


# ── What we propose ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_proposal_is_taken_by_one_press_and_only_once(town: DeskTown, dung: Seat) -> None:
    page = await dung.opens(f"{PLACE}/proposals")
    assert "Ngày 20/8 hằng năm, 08:00" in page
    assert "S1:L115" in page, "where the day comes from"
    assert await town.house.schedules.all() == [], "nothing is in force by being proposed"

    for _ in range(2):
        assert await dung.sends(f"{PLACE}/proposals", take="forum") == f"{PLACE}/proposals?taken=86-forum"

    [planned] = await town.house.schedules.all()
    assert (planned.row.id, planned.row.unit) == ("86-forum", PROVINCE)
    assert "Đã chọn" in await dung.opens(f"{PLACE}/proposals")
    assert len(await town.house.trail.of("schedule:86-forum")) == 1
    assert "Không có đề xuất này." in await dung.sends(f"{PLACE}/proposals", 422, take="coffee")


# ── Within reach ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_ward_reads_its_own_and_its_province_s_and_nobody_else_s(town: DeskTown, dung: Seat) -> None:
    ids = {
        unit: await made(dung, **WAVE | {"unit": unit, "title": f"Lịch của {unit}"})
        for unit in (PROVINCE, LONG_DUC, TRA_VINH)
    }
    an = await town.seat("an")

    page = await an.opens(PLACE)

    assert f"Lịch của {LONG_DUC}" in page
    assert f"Lịch của {PROVINCE}" in page, "it happens in the ward as well"
    assert f"Lịch của {TRA_VINH}" not in page
    assert "Đặt lịch" not in page
    await an.opens(f"{PLACE}/{ids[TRA_VINH]}", 404)
    for unit in (LONG_DUC, PROVINCE):
        shown = await an.opens(f"{PLACE}/{ids[unit]}")
        assert "Tạm dừng" not in shown
        await an.sends(f"{PLACE}/{ids[unit]}/pause", 403, version="1")
        await an.opens(f"{PLACE}/{ids[unit]}/edit", 403)
    assert {each.row.state for each in await town.house.schedules.all()} == {"active"}


async def test_what_the_house_does_for_itself_is_the_operator_s(town: DeskTown, dung: Seat) -> None:
    schedule = Schedule(Daily(TODAY), time(3), TODAY)
    purpose = next(iter(sorted(each for each in town.house.schedules.purposes if each.startswith("chore."))))
    chore = await town.house.schedules.add(
        schedule, purpose=purpose, title="Việc đêm", unit=None, owner="system", id="chore-night"
    )
    khanh = await town.seat("khanh")

    assert "Việc đêm" in await dung.opens(PLACE)
    assert "Việc đêm" not in await (await town.seat("an")).opens(PLACE)
    await dung.sends(f"{PLACE}/chore-night/pause", 403, version=str(chore.row.version))
    fields = fields_of(await khanh.opens(f"{PLACE}/chore-night/edit")) | {"hour": "04"}
    page = await khanh.sends(f"{PLACE}/chore-night/edit", 200, **fields | {"do": "look"})
    await khanh.sends(f"{PLACE}/chore-night/edit", 303, **fields | {"do": "save", "seen": seal_in(page)})

    kept = await of(town, "chore-night")
    assert kept.schedule.at == time(4)
    assert kept.row.subject == chore.row.subject


# ── What keeps everything waiting ────────────────────────────────────────────────────────────────────────────────


async def test_a_clock_that_leapt_is_said_and_released_by_whoever_may(town: DeskTown, dung: Seat) -> None:
    await town.house.schedules.hold(CLOCK_LEAPT, "the clock leapt")
    an, khanh = await town.seat("an"), await town.seat("khanh")
    for seat in (dung, khanh):
        for place in ("/desk", PLACE):
            assert "Đã xem, cho chạy tiếp" in await seat.opens(place)
    assert "Đồng hồ máy chủ nhảy" in await an.opens(PLACE)
    assert "Đã xem, cho chạy tiếp" not in await an.opens(PLACE)
    await an.sends(f"{PLACE}/release", 403, cause=CLOCK_LEAPT)

    assert await khanh.sends(f"{PLACE}/release", cause=CLOCK_LEAPT) == f"{PLACE}?released=1"

    assert await town.house.schedules.holds() == []
    assert "chạy tiếp" in await khanh.opens(f"{PLACE}?released=1")
    [row] = [each for each in await town.house.trail.of(f"clock:{CLOCK_LEAPT}") if each.post]
    assert (row.action, row.post) == ("schedule.release", town.actors["khanh"].post)
    told = await dung.sends(f"{PLACE}/release", 409, cause=CLOCK_LEAPT)
    assert "có người vừa cho chạy tiếp" in told


async def test_words_out_of_the_database_are_never_markup(dung: Seat) -> None:
    id = await made(dung, **WAVE | {"title": "<script>alert(1)</script>"})

    for place in (PLACE, f"{PLACE}/{id}", f"{PLACE}/{id}/edit"):
        page = await dung.opens(place)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
