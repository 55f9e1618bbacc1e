"""Notices at the web desk, through the real application: written, approved by another, watched, stopped, taken back; and that nothing
somebody typed is lost, whatever goes wrong."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.web.desk_door import action_of
from bot.web.notices import DEEDS
from handlers.waves import Plan
from surveys.conversation import Style
from surveys.delivery import DeliveryState
from surveys.forms import library
from surveys.notices import Audience, Deed, State, Text
from surveys.rights import Action
from surveys.waves import Audience as SurveyAudience
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, PROVINCE, TRA_VINH, DeskTown, Furnished, Seat, a_desk_town

WORDS = "Đang có người giả danh công an gọi điện yêu cầu cập nhật VNeID."
NEW = "/desk/notices/new"


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@pytest.fixture
async def an(town: DeskTown) -> Seat:
    """An officer of Long Đức."""
    return await town.seat("an")


@pytest.fixture
async def binh(town: DeskTown) -> Seat:
    """The chief of Long Đức."""
    return await town.seat("binh")


def filled(**more: str) -> dict[str, str]:
    return {"category": "scam", "text_vi": WORDS, "send": "now", "over": "0"} | more


def code_in(place: str) -> str:
    found = re.search(r"[A-Z]\d-\d{3,5}", place)
    assert found, place
    return found[0]


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_from_a_form_to_what_a_resident_reads(town: DeskTown, an: Seat) -> None:
    there = await an.sends(
        NEW,
        units=(LONG_DUC,),
        **filled(
            do="submit",
            bold_vi="giả danh công an",
            italic_vi="VNeID",
            link_words_vi_0="cập nhật",
            link_to_vi_0="dichvucong.gov.vn/tra-cuu",
            expires_at="2026-12-01T20:00",
            over="60",
        ),
    )

    notice = await town.notices.get(town.actors["an"], code_in(there))
    assert there == f"/desk/notices/{notice.code}?done=submit"
    assert notice.state is State.SUBMITTED
    assert notice.over == timedelta(hours=1)
    said = notice.texts["vi"]
    assert said.text == WORDS
    assert [(each.style, said.text[each.offset : each.end], each.url) for each in said.entities] == [
        (Style.BOLD, "giả danh công an", ""),
        (Style.LINK, "cập nhật", "https://dichvucong.gov.vn/tra-cuu"),
        (Style.ITALIC, "VNeID", ""),
    ]
    page = await an.opens(there)
    assert "Đã trình duyệt." in page
    assert "<b>giả danh công an</b>" in page
    assert "cập nhật (https://dichvucong.gov.vn/tra-cuu)" in page
    assert "20:00 ngày 1/12/2026" in page


async def test_what_is_typed_is_text_and_never_markup(an: Seat) -> None:
    evil = '<script>alert(1)</script> {{ 7*7 }} </textarea><b>x</b> "&amp;'
    there = await an.sends(NEW, units=(LONG_DUC,), **filled(do="save", text_vi=evil))

    page = await an.opens(there)

    assert "<script>alert" not in page
    assert "</textarea><b>x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in page


async def test_every_problem_stands_beside_its_field_and_nothing_is_lost(an: Seat) -> None:
    page = await an.sends(
        NEW,
        422,
        **filled(
            do="submit",
            text_vi="Xem bit.ly/qua nhé",
            bold_vi="không có",
            send="later",
            send_at="ngày mai",
            expires_at="2020-01-01T00:00",
        ),
    )

    def beside(name: str) -> str:
        found = re.search(rf'id="beside-{name}">(.*?)</div>', page, re.DOTALL)
        assert found, name
        return found[1]

    assert "bit.ly/qua" in beside("text")
    assert "Chưa chọn nơi nhận" in beside("units")
    assert "Chưa đọc được ngày giờ" in beside("send_at")
    assert "lùi ngày hết hiệu lực" in beside("expires_at")
    assert "không có" in beside("lost-vi")
    assert "Xem bit.ly/qua nhé</textarea>" in page
    assert 'value="ngày mai"' in page
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    "given",
    [
        {"text_vi": "có NUL \0 ở đây"},
        {"over": "sáu mươi"},
        {"category": "gift"},
        {"send": "later"},
        {"units": "\0"},
    ],
)
async def test_what_cannot_be_read_is_said_and_kept(an: Seat, given: dict[str, str]) -> None:
    units = (given.pop("units"),) if "units" in given else (LONG_DUC,)

    page = await an.sends(NEW, 422, units=units, **(filled(do="submit") | given))

    assert 'class="problem"' in page
    assert given.get("text_vi", WORDS).replace("\0", "")[:6] in page


async def test_while_one_types_a_draft_is_kept_and_shown_as_every_phone_will(
    town: DeskTown, an: Seat
) -> None:
    page = await an.opens(NEW)
    tab = field(page, "page")
    htmx = {"hx-request": "true", "hx-current-url": an.url + NEW}

    empty = await an.sends("/desk/notices/look", 200, headers=htmx, **filled(page=tab, text_vi=""))
    first = await an.sends(
        "/desk/notices/look", 200, headers=htmx, units=(LONG_DUC,), **filled(page=tab, text_vi="Đang")
    )
    second = await an.sends("/desk/notices/look", 200, headers=htmx, units=(LONG_DUC,), **filled(page=tab))

    assert 'id="version"' not in empty  # nothing is begun without a word
    [notice] = await town.notices.of(town.actors["an"])
    assert f'value="{notice.code}" hx-swap-oob' in first
    assert notice.texts["vi"].text == WORDS
    assert notice.version == 2
    assert field(second.replace(' id="version"', ""), "version") == "2"
    for phone in ("Zalo", "Telegram", "Web"):
        assert f"<b>{phone}</b>" in second
    assert "/ 1.900 ký tự" in second
    deeds = [row.action for row in await town.house.trail.of(f"notice:{notice.code}")]
    assert deeds == ["notice.write"]  # a pause is no deed


async def test_a_form_that_overtakes_its_own_autosave_is_not_somebody_else(town: DeskTown, an: Seat) -> None:
    tab = field(await an.opens(NEW), "page")
    htmx = {"hx-request": "true"}
    await an.sends("/desk/notices/look", 200, headers=htmx, units=(LONG_DUC,), **filled(page=tab))

    # The page has not heard yet which notice it is by now.
    there = await an.sends(NEW, units=(LONG_DUC,), **filled(page=tab, do="submit"))

    [notice] = await town.notices.of(town.actors["an"])
    assert code_in(there) == notice.code
    assert notice.state is State.SUBMITTED


async def test_two_who_write_at_once_learn_of_each_other_and_lose_nothing(
    town: DeskTown, an: Seat, binh: Seat
) -> None:
    notice = await town.wrote()
    await binh.sends(
        f"/desk/notices/{notice.code}/edit",
        units=(LONG_DUC,),
        **filled(do="save", version="1", text_vi="Bản của Bình", page="b"),
    )

    mine = filled(do="submit", version="1", text_vi="Bản của An", page="a")
    page = await an.sends(f"/desk/notices/{notice.code}/edit", 409, units=(LONG_DUC,), **mine)

    assert "đã có người sửa: Trần Thị Bình" in page
    assert "Bản của Bình" in page
    assert "Bản của An</textarea>" in page
    version = field(page.replace(' id="version"', ""), "version")
    await an.sends(
        f"/desk/notices/{notice.code}/edit", units=(LONG_DUC,), **(mine | {"version": version, "do": "save"})
    )
    [now] = await town.notices.of(town.actors["an"])
    assert now.texts["vi"].text == "Bản của An"


async def test_a_picture_is_made_anew_and_shown_to_those_who_may_see_it(town: DeskTown, an: Seat) -> None:
    notice = await town.wrote()
    stream = BytesIO()
    Image.new("RGB", (64, 48), "green").save(stream, "PNG")
    place = f"/desk/notices/{notice.code}/picture"

    there = await an.uploads(place, stream.getvalue(), version="1", do="add")

    assert there == f"/desk/notices/{notice.code}/edit?saved=1"
    assert f'src="{place}.jpg"' in await an.opens(there)
    await (await town.seat("em")).opens(f"{place}.jpg", 404)
    assert "không phải ảnh" in await an.uploads(place, b"\r\n--x\r\nGIF89a", 422, version="2", do="add")
    assert "Xin chọn một tệp ảnh" in await an.uploads(place, b"", 422, version="2", do="add")
    await an.uploads(place, b"", version="2", do="remove")
    assert (await town.notices.get(town.actors["an"], notice.code)).image is None


async def test_a_province_writes_to_some_of_its_wards(town: DeskTown) -> None:
    dung = await town.seat("dung")

    there = await dung.sends(NEW, units=(LONG_DUC, TRA_VINH), **filled(do="submit"))

    notice = await town.notices.get(town.actors["dung"], code_in(there))
    assert notice.audience.units == (LONG_DUC, TRA_VINH)
    page = await dung.opens(f"/desk/notices/{notice.code}")
    assert "Phường Long Đức, Phường Trà Vinh" in page


async def test_a_template_is_written_filled_in_and_becomes_a_draft(
    town: DeskTown, an: Seat, binh: Seat
) -> None:
    words = "Cấm đường {đường:place} từ {giờ:time} ngày {ngày:date}."
    new = {"name": "Cấm đường", "category": "traffic", "text_vi": words, "bold_vi": "Cấm đường"}
    refused = await binh.sends("/desk/templates/new", 422, **(new | {"text_vi": "{giờ:clock}"}))
    await an.sends("/desk/templates/new", 403, **new)
    await binh.sends("/desk/templates/new", **new)
    place = re.search(r"/desk/templates/[0-9a-f]{16}", await an.opens("/desk/templates"))

    assert "Không có loại chỗ trống “clock”" in refused
    assert "{giờ:clock}</textarea>" in refused
    assert place is not None
    wrong = await an.sends(place[0], 422, gap_0="Nguyễn Đáng", gap_1="bảy giờ", gap_2="30/11/2026")
    there = await an.sends(place[0], gap_0="Nguyễn Đáng", gap_1="7h", gap_2="30/11/2026")
    assert "“giờ” phải là giờ, như 07:30." in wrong
    assert 'value="Nguyễn Đáng"' in wrong
    notice = await town.notices.get(town.actors["an"], code_in(there))
    assert notice.texts["vi"].text == "Cấm đường Nguyễn Đáng từ 07:00 ngày 30/11/2026."
    assert notice.category == "traffic"
    await (await town.seat("em")).opens(place[0], 404)
    await binh.sends(f"{place[0]}/edit", version="1", **(new | {"name": "Cấm đường, tên mới"}))
    assert "vừa được người khác" in await binh.sends(f"{place[0]}/edit", 422, version="1", **new)
    await binh.sends(f"{place[0]}/remove")
    assert "Chưa có mẫu nào" in await an.opens("/desk/templates")


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_approved_by_another(town: DeskTown, binh: Seat) -> None:
    notice = await town.submitted()

    there = await binh.sends(f"/desk/notices/{notice.code}/approve", version=str(notice.version))

    page = await binh.opens(there)
    assert "Đã duyệt." in page
    assert "Trần Thị Bình, Trưởng Công an phường Long Đức" in page  # in its history


async def test_nobody_approves_their_own_words(town: DeskTown, an: Seat, binh: Seat) -> None:
    notice = await town.submitted(by="binh")
    place = f"/desk/notices/{notice.code}"

    assert "/approve" not in await binh.opens(place)
    page = await binh.sends(f"{place}/approve", 422, version=str(notice.version))
    await an.sends(f"{place}/approve", 403, version=str(notice.version))

    assert "Người soạn không tự duyệt được" in page
    assert (await town.notices.get(town.actors["an"], notice.code)).state is State.SUBMITTED


async def test_what_was_looked_at_is_what_is_approved(town: DeskTown, binh: Seat) -> None:
    notice = await town.submitted()
    an = town.actors["an"]
    changed = await town.notices.change(
        an, notice.code, notice.version, replace(notice.draft, texts={"vi": Text.of("Khác")})
    )
    await town.notices.submit(an, notice.code, changed.version)

    page = await binh.sends(f"/desk/notices/{notice.code}/approve", 409, version=str(notice.version))

    assert "vừa được người khác thay đổi" in page
    assert (await town.notices.get(an, notice.code)).state is State.SUBMITTED


async def test_handed_back_with_a_reason_and_the_writer_finds_it(
    town: DeskTown, an: Seat, binh: Seat
) -> None:
    notice = await town.submitted()
    place = f"/desk/notices/{notice.code}"

    refused = await binh.sends(f"{place}/reject", 422, version=str(notice.version), reason="  ")
    await binh.sends(f"{place}/reject", version=str(notice.version), reason="Ghi rõ số điện thoại <113>")

    assert "Xin ghi lý do" in refused
    home = await an.opens("/desk")
    assert "Bị trả lại, cần sửa" in home
    assert "Ghi rõ số điện thoại &lt;113&gt;" in home
    assert "Ghi rõ số điện thoại &lt;113&gt;" in await an.opens(f"{place}/edit")


async def test_a_reason_typed_for_a_stale_page_is_still_there(town: DeskTown, binh: Seat) -> None:
    notice = await town.submitted()

    page = await binh.sends(
        f"/desk/notices/{notice.code}/reject", 409, version="1", reason="Sai tên đường Nguyễn Đáng"
    )

    assert "Sai tên đường Nguyễn Đáng</textarea>" in page
    assert re.search(r'id="deed-reject"[^>]* open>', page)


async def test_while_a_survey_runs_the_province_reads_which_words_might_sway_it(
    town: DeskTown, binh: Seat
) -> None:
    now = town.clock()
    await town.house.waves.open(
        Plan(
            slug="2026",
            form=library.load("hang_nam_nguoi_dan"),
            title="Đợt 2026",
            audience=SurveyAudience.RESIDENTS,
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=20),
            units={LONG_DUC: 100},
            k=10,
        )
    )
    notice = await town.submitted("Khi được hỏi, bà con hãy chọn rất hài lòng.")
    place = f"/desk/notices/{notice.code}"
    dung = await town.seat("dung")

    stopped = await binh.sends(f"{place}/approve", 422, version=str(notice.version))
    home, page = await dung.opens("/desk"), await dung.opens(place)
    unsaid = await dung.sends(f"{place}/clear", 422, version=str(notice.version), reason="")
    await dung.sends(f"{place}/clear", version=str(notice.version), reason="Không nói về Công an")
    await binh.sends(f"{place}/approve", version=str(notice.version + 1))

    assert "chờ giám sát của tỉnh cho qua" in stopped
    assert "Chờ ông/bà đọc và cho qua" in home
    assert "<mark>hãy chọn</mark>" in page
    assert "<mark>rất hài lòng</mark>" in page
    assert "dùng chữ của thang đánh giá" in page
    assert "Xin ghi lý do" in unsaid
    assert "Không nói về Công an" in await binh.opens(place)


async def test_a_notice_to_nobody_reaches_nobody(town: DeskTown, an: Seat) -> None:
    notice = await town.wrote()
    await town.notices.change(town.actors["an"], notice.code, 1, replace(notice.draft, audience=Audience()))

    assert "Sẽ tới 0 người" in await an.opens(f"/desk/notices/{notice.code}/reach")


async def test_an_urgent_notice_needs_two_and_says_how_many_there_are(town: DeskTown, binh: Seat) -> None:
    notice = await town.submitted(is_urgent=True)
    place = f"/desk/notices/{notice.code}"
    cuong = await town.seat("cuong")
    assert "Cần thêm người xác nhận khẩn" in await cuong.opens("/desk")

    await binh.sends(f"{place}/urge", version=str(notice.version))
    page = await binh.sends(f"{place}/urge", 409, version=str(notice.version))
    again = await binh.sends(f"{place}/urge", 422, version=str(notice.version + 1))
    await cuong.sends(f"{place}/urge", version=str(notice.version + 1))

    assert "vừa được người khác thay đổi" in page
    assert "cần một người thứ hai" in again
    assert (await town.notices.get(town.actors["an"], notice.code)).overrides


async def test_in_an_emergency_the_duty_post_approves_its_own_and_everybody_sees_it(
    town: DeskTown, an: Seat
) -> None:
    notice = await town.submitted(by="cuong", is_urgent=True)
    cuong = await town.seat("cuong")
    place = f"/desk/notices/{notice.code}"
    assert "đang tự duyệt thông báo khẩn" in await cuong.opens(place)

    await cuong.sends(f"{place}/approve", version=str(notice.version))

    page = await an.opens(place)
    assert "Trực ban tự duyệt trong trường hợp khẩn" in page
    assert "Tự duyệt (khẩn)" in page


# ── On its way ───────────────────────────────────────────────────────────────────────────────────────────────────


async def on_its_way(town: DeskTown, people: int = 10) -> str:
    """A notice that is being sent to so many; returns its code."""
    notice = await town.approved()
    await town.notices.step()
    notice = await town.notices.get(town.actors["an"], notice.code)
    assert notice.campaign is not None
    async with town.house.db.transaction() as tx:
        await tx.outbox.fix(notice.campaign)
        await tx.outbox.add(notice.campaign, [(f"{number:032x}", "telegram") for number in range(people)])
    return notice.code


async def test_progress_asks_again_while_it_is_sent_and_stops_when_it_is_not(
    town: DeskTown, an: Seat
) -> None:
    code = await on_its_way(town)

    page = await an.opens(f"/desk/notices/{code}")
    part = await an.opens(f"/desk/notices/{code}/progress?was=sending")

    for each in (page, part):
        assert 'hx-trigger="every 2s"' in each
        assert "0 / 10 người" in each
        assert "<b>10</b> đang chờ" in each
    assert 'id="deeds"' not in part  # whoever is typing a reason goes on typing
    await town.notices.stop(town.actors["an"], code)
    part = await an.opens(f"/desk/notices/{code}/progress?was=sending")
    assert "hx-trigger" not in part
    assert 'id="deeds" hx-swap-oob="true"' in part
    assert "Đã dừng" in part


async def test_stopped_and_taken_back_with_a_reason(town: DeskTown, an: Seat, binh: Seat) -> None:
    code = await on_its_way(town)
    place = f"/desk/notices/{code}"

    await an.sends(f"{place}/stop", reason="")
    await an.sends(f"{place}/recall", 403, reason="Số điện thoại sai")
    unsaid = await binh.sends(f"{place}/recall", 422, reason="")
    await binh.sends(f"{place}/recall", reason="Số điện thoại sai")

    assert "Xin ghi lý do" in unsaid
    page = await an.opens(place)
    assert "Đã thu hồi" in page
    assert "Số điện thoại sai" in page
    assert "/recall" not in page


async def test_outcomes_are_told_in_words_and_every_state_has_some(town: DeskTown, an: Seat) -> None:
    from bot.web.notice_views import OUTCOMES
    from bot.web.words import Words

    say = Words("vi", "notices")

    assert {state for state, _ in OUTCOMES} == set(DeliveryState)
    assert all(say(f"notices.outcome_{state}") for state in DeliveryState)
    assert all(say(f"notices.done_{deed}") for deed in DEEDS)


# ── Whose they are ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_notice_of_another_ward_is_as_if_it_were_not_there(town: DeskTown) -> None:
    notice = await town.submitted()
    em = await town.seat("em")
    place = f"/desk/notices/{notice.code}"

    for path in ("", "/edit", "/progress", "/reach", "/picture", "/picture.jpg"):
        await em.opens(place + path, 404)
    for deed in DEEDS:
        await em.sends(
            f"{place}/{deed.value}", 404 if deed is not Deed.CLEAR else 403, version="2", reason="x"
        )
    await em.sends("/desk/notices/look", 404, **filled(code=notice.code, page="x"))
    assert notice.code not in await em.opens("/desk/notices")
    assert WORDS[:10] not in await em.opens("/desk")


@pytest.mark.parametrize("name", ["giang", "hai", "khanh"])
async def test_who_has_nothing_to_do_with_notices_sees_none(town: DeskTown, name: str) -> None:
    notice = await town.submitted()
    seat = await town.seat(name)

    await seat.opens(f"/desk/notices/{notice.code}", 403)
    await seat.opens("/desk/notices", 403)
    assert notice.code not in await seat.opens("/desk")


async def test_a_form_of_another_site_does_nothing(town: DeskTown, binh: Seat) -> None:
    notice = await town.submitted()

    await binh.sends(
        f"/desk/notices/{notice.code}/approve",
        403,
        headers={"sec-fetch-site": "cross-site"},
        version=str(notice.version),
    )

    assert (await town.notices.get(town.actors["an"], notice.code)).state is State.SUBMITTED


async def test_every_address_about_notices_names_its_action(town: DeskTown) -> None:
    from bot.desk import desk_rooms
    from bot.web.pages import Pages

    rooms = desk_rooms(town.house, Pages(demo=False, telegram_url=None, k=10))
    found = {route.path: action_of(route.endpoint) for route in rooms if "/desk/notices" in route.path}

    assert len(found) >= 18
    assert all(isinstance(action, Action) for action in found.values()), found


# ── Signed out in the middle ─────────────────────────────────────────────────────────────────────────────────────


async def test_words_sent_after_the_session_ended_come_back_to_be_sent_again(
    town: DeskTown, an: Seat
) -> None:
    assert an.token is not None
    await town.house.people.end_session(an.token)

    page = await an.sends(NEW, 403, units=(LONG_DUC,), **filled(do="submit", page="p"))

    assert f"{WORDS}</textarea>" in page
    assert f"{LONG_DUC}</textarea>" in page
    assert 'action="/desk/notices/new"' in page
    assert 'href="/sign-in?next=%2Fdesk"' in page
    part = await an.sends(
        "/desk/notices/look",
        401,
        headers={"hx-request": "true", "hx-current-url": f"{an.url}/desk/notices/new"},
        **filled(page="p"),
    )
    assert "Chữ vẫn còn trên trang" in part
    assert "next=%2Fdesk%2Fnotices%2Fnew" in part


async def test_words_of_another_site_are_not_shown_to_anybody(town: DeskTown) -> None:
    nobody = await town.seat(None)

    page = await nobody.sends(NEW, 403, headers={"sec-fetch-site": "cross-site"}, **filled())

    assert WORDS not in page


async def test_a_post_that_ended_ends_the_session_at_once(town: DeskTown, an: Seat) -> None:
    await an.opens("/desk/notices")
    await town.house.people.end(None, town.actors["an"].post, "nghỉ hưu", by="test")

    assert (await an.opens("/desk/notices", 303)).startswith("/sign-in")


# ── Lists and the first page ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_list_is_narrowed_by_state_and_topic(town: DeskTown, an: Seat) -> None:
    await town.wrote("Bản nháp một")
    await town.submitted("Đang chờ hai")

    everything = await an.opens("/desk/notices")
    waiting = await an.opens("/desk/notices?state=submitted")

    assert everything.index("Đang chờ hai") < everything.index("Bản nháp một")
    assert "Đang chờ hai" in waiting
    assert "Bản nháp một" not in waiting
    assert "Không có thông báo nào như vậy" in await an.opens("/desk/notices?category=fire")
    await an.opens("/desk/notices?state=nothing&category=%00&page=99999&unit=%27")


async def test_a_province_sees_whose_each_is(town: DeskTown) -> None:
    await town.submitted()

    page = await (await town.seat("dung")).opens("/desk/notices")

    assert "Phường Long Đức" in page
    assert PROVINCE not in re.findall(r'option value="(\d+)"', page)


async def test_the_first_page_tells_what_waits_and_is_calm_when_nothing_does(
    town: DeskTown, an: Seat, binh: Seat
) -> None:
    assert "Không có việc gì đang chờ" in await binh.opens("/desk")

    await town.submitted()

    page = await binh.opens("/desk")
    assert "Chờ ông/bà duyệt" in page
    assert "Không có việc gì đang chờ" in await an.opens("/desk")  # their own words are not theirs to approve


async def test_nothing_of_the_desk_is_stored_by_a_browser(town: DeskTown, an: Seat) -> None:
    notice = await town.wrote()
    import aiohttp

    async with aiohttp.ClientSession(cookies={"langnghe_desk": an.token or ""}) as session:
        for path in ("/desk", "/desk/notices", NEW, f"/desk/notices/{notice.code}"):
            async with session.get(an.url + path) as response:
                assert response.headers["cache-control"] == "no-store"
                assert "unsafe" not in response.headers["content-security-policy"]
                text = await response.text()
                assert " style=" not in text
                assert "<script>" not in text
                assert not re.search(r"\son[a-z]+=", text)
