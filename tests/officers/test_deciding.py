"""Approving and everything after it: who may, who may not, twice, at once, too late."""

import asyncio

import pytest

from surveys.notices import State
from surveys.rights import Role
from tests.officers.conftest import LONG_DUC, TRA_VINH
from tests.officers.test_journeys import WORDS, actor, the_notice, written


@pytest.fixture
async def submitted(office, an):
    await written(an)
    await an.taps("Trình duyệt")
    return await the_notice(office)


async def trail(office, notice):
    async with office.people._db.reading() as tx:
        rows = await tx.audit.page(1 << 62, 200, object=f"notice:{notice.code}")
    return [row.action for row in reversed(rows)]


async def test_the_writer_s_tap_is_refused_in_words(office, an, submitted):
    [no] = await an.forges(f"ap.{submitted.id}.{submitted.version}")

    assert no == "Chức vụ của đồng chí không có quyền làm việc này."
    assert (await the_notice(office)).state is State.SUBMITTED


async def test_a_chief_does_not_approve_their_own_words(office, binh):
    await written(binh)
    await binh.taps("Trình duyệt")
    notice = await the_notice(office)
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])

    [no] = await binh.taps("Duyệt")

    assert no == "Người soạn không tự duyệt được thông báo của mình."
    assert (await the_notice(office)).state is State.SUBMITTED
    assert "notice.approve" not in await trail(office, notice)


async def test_to_another_ward_it_is_not_there(office, submitted):
    other = await office.officer("Võ Văn Em", Role.CHIEF, TRA_VINH, "Trưởng Công an phường Trà Vinh")

    for deed in ("ap", "rj", "cl", "st", "rc", "ca", "ar", "n", "pv", "pg", "ed", "su", "ur"):
        heard = await other.forges(f"{deed}.{submitted.id}.{submitted.version}")
        assert heard in (
            ["Không có thông báo này."],
            ["Chức vụ của đồng chí không có quyền làm việc này."],
        ), deed
        assert WORDS not in str(other.heard)
        assert submitted.code not in str(other.heard)
    assert (await the_notice(office)).state is State.SUBMITTED


async def test_two_taps_at_once_approve_once(office, binh, submitted):
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    for _ in range(2):
        binh.phone.taps("Duyệt")

    assert await office.server.bring_at_once() == [200, 200]
    await office.quiet()

    assert (await trail(office, submitted)).count("notice.approve") == 1
    assert "Duyệt: Trần Thị Bình" in binh.last
    assert "vừa được người khác" not in str(binh.heard)


async def test_of_two_people_at_once_one_is_told_that_it_moved(office, binh, dung, submitted):
    for each in (binh, dung):
        await each.says("/choduyet")
        await each.taps(each.buttons[0])
    binh.phone.taps("Duyệt")
    dung.phone.taps("Duyệt")

    assert await office.server.bring_at_once() == [200, 200]
    await office.quiet()

    assert (await trail(office, submitted)).count("notice.approve") == 1
    told = [each for each in (*binh.heard, *dung.heard) if "vừa được người khác" in each]
    assert len(told) == 1


async def test_an_update_that_comes_again_does_nothing_again(office, binh, submitted):
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    update = binh.phone.taps("Duyệt")
    await office.settled()
    before = len(binh.heard)

    assert await office.server.deliver(update) == 200
    await office.quiet()

    assert len(binh.heard) == before
    assert (await trail(office, submitted)).count("notice.approve") == 1


async def test_words_that_changed_since_are_not_approved(office, an, binh, submitted):
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    notice = await office.notices.change(
        await actor(office, an), submitted.id, submitted.version, submitted.draft
    )
    await office.notices.submit(await actor(office, an), notice.id, notice.version)

    heard = await binh.taps("Duyệt")

    assert heard == ["Thông báo vừa được người khác thay đổi. Xem lại bản mới rồi làm tiếp."]
    assert (await the_notice(office)).state is State.SUBMITTED
    await binh.taps("Duyệt")
    assert (await the_notice(office)).state is State.APPROVED


async def test_handing_back_needs_a_reason(office, an, binh, submitted):
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    await binh.taps("Trả lại, ghi lý do")
    assert (await the_notice(office)).state is State.SUBMITTED
    await binh.says("   ")
    await binh.says("Thiếu số điện thoại trực ban.")

    notice = await the_notice(office)
    assert (notice.state, notice.rejected.reason) == (State.REJECTED, "Thiếu số điện thoại trực ban.")
    await office.ticks()
    assert "bị trả lại" in an.last
    assert "Thiếu số điện thoại trực ban." in an.last
    assert "Sửa" in an.buttons


async def test_huy_leaves_a_deed_undone(office, binh, submitted):
    await binh.forges(f"rj.{submitted.id}.{submitted.version}")
    assert "giữ nguyên" in (await binh.says("/huy"))[0]
    await binh.says("Thiếu ngày.")

    assert (await the_notice(office)).state is State.SUBMITTED


async def test_an_old_question_is_answered_to_nothing(office, an, binh, submitted):
    await an.forges(f"ca.{submitted.id}.{submitted.version}")
    yes = an.data_of("Hủy thông báo")
    await an.taps("Không")
    assert "giữ nguyên" in an.last

    heard = await an.forges(yes)

    assert "Câu hỏi này đã qua" in heard[0]
    assert (await the_notice(office)).state is State.SUBMITTED


async def test_cancelled_and_archived(office, an, submitted):
    await an.says("/danhsach")
    await an.taps(an.buttons[0])
    await an.taps("Hủy")
    await an.taps("Hủy thông báo")
    assert (await the_notice(office)).state is State.CANCELLED
    await an.taps("Lưu trữ")
    assert (await the_notice(office)).state is State.ARCHIVED
    assert "chưa có thông báo nào" in (await an.says("/danhsach"))[0]


async def test_all_of_it_is_one_tap_away(office, an, binh):
    await written(an, WORDS + "\n" + "Xin nhắc lại. " * 60)
    await an.taps("Trình duyệt")
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    assert binh.last.count("Xin nhắc lại.") < 60

    heard = await binh.taps("Xem đủ")

    assert heard[0].count("Xin nhắc lại.") == 60
    assert "Duyệt" in binh.buttons


async def test_an_urgent_one_takes_two_persons(office, an, binh):
    duty = await office.officer("Lê Văn Cường", Role.DUTY, title="Trực ban Công an phường Long Đức")
    await written(an)
    await an.taps("Khẩn")
    await an.taps("Trình duyệt")
    notice = await the_notice(office)
    await office.ticks()
    assert "KHẨN" in binh.last
    await binh.taps("Xác nhận khẩn")
    assert "Cần thêm 1 người" in binh.last
    [no] = await binh.taps("Xác nhận khẩn")
    assert "cần một người thứ hai" in no
    await office.ticks()
    assert f"Thông báo khẩn {notice.code} cần người thứ hai" in duty.last

    await duty.taps("Xác nhận khẩn")

    assert (await the_notice(office)).overrides


async def test_the_duty_post_approves_its_own_urgent_words_and_all_see_it(office, binh):
    duty = await office.officer("Lê Văn Cường", Role.DUTY, title="Trực ban Công an phường Long Đức")
    await written(duty)
    await duty.taps("Trình duyệt")
    await duty.says("/danhsach")
    await duty.taps(duty.buttons[0])
    [no] = await duty.taps("Duyệt")
    assert "chỉ tự duyệt được thông báo khẩn" in no
    await duty.taps("Sửa")
    await duty.taps("Khẩn")
    await duty.taps("Trình duyệt")
    await duty.says("/danhsach")
    await duty.taps(duty.buttons[0])
    await duty.taps("Duyệt")

    assert (await the_notice(office)).is_self_approved
    assert "Trực ban tự duyệt trong trường hợp khẩn" in duty.last
    await binh.says("/danhsach")
    await binh.taps(binh.buttons[0])
    assert "Trực ban tự duyệt trong trường hợp khẩn" in binh.last


async def test_one_person_s_two_deeds_at_once_stay_in_order(office, an):
    await an.says("/thongbao")
    an.phone.taps("Giao thông")
    an.phone.says(WORDS)
    an.phone.taps("Cảnh báo lừa đảo")
    statuses = await office.server.bring_at_once()
    await office.quiet()
    await asyncio.sleep(0)

    assert statuses == [200, 200, 200]
    notice = await the_notice(office)
    assert (notice.unit, notice.draft.texts["vi"].text) == (LONG_DUC, WORDS)


async def test_a_card_shows_the_buttons_a_post_has_a_use_for_there(office, an, binh, dung, submitted):
    """The province approves a ward's notice, and changes none of its words."""
    shown = {}
    for name, each in (("officer", an), ("chief", binh), ("supervisor", dung)):
        await each.says("/danhsach")
        await each.taps(each.buttons[0])
        shown[name] = set(each.buttons)

    assert shown == {
        "officer": {"Sửa", "Hủy", "Xem đủ"},
        "chief": {"Duyệt", "Trả lại, ghi lý do", "Sửa", "Hủy", "Xem đủ"},
        "supervisor": {"Duyệt", "Trả lại, ghi lý do", "Xem đủ"},
    }
