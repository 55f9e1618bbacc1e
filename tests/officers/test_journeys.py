"""From a one-time code to a notice that is recalled: what an officer and their chief see and tap."""

import pytest

from bot.channels.telegram_officers_reception import ACCOUNT
from storage.database import Database
from surveys.conversation import Address
from surveys.delivery import DeliveryState
from surveys.notices import State
from surveys.rights import Role
from tests.officers.conftest import LONG_DUC, an_office

WORDS = "Đang có người giả danh công an gọi điện yêu cầu “cập nhật VNeID”."


async def written(officer, words=WORDS):
    """Up to the preview."""
    await officer.says("/thongbao")
    await officer.taps("Cảnh báo lừa đảo")
    await officer.says(words)
    await officer.taps("Không kèm ảnh")
    await officer.taps("Xong, bước tiếp")
    return await officer.taps("Ngay khi được duyệt")


async def the_notice(office):
    async with office.rooms.people._db.reading() as tx:
        [notice] = await tx.notices.of_units([LONG_DUC])
    return notice


async def test_a_code_makes_an_account_an_officer_s(office):
    code = await office.people.appoint(
        None, name="Nguyễn Văn An", role=Role.OFFICER, unit=LONG_DUC, title="Cán bộ"
    )
    an = office.stranger()

    [first] = await an.says("xin chào")
    [welcome] = await an.says(code)
    await an.says("/trogiup")

    assert "mã một lần" in first
    assert "Chào đồng chí Nguyễn Văn An" in welcome
    assert "/thongbao – Soạn thông báo" in an.last
    assert "thongbao" in office.server.world.commands[an.phone.id]
    assert office.server.world.commands[None] == ["start"]


async def test_step_by_step_to_the_preview(office, an):
    [category] = await an.says("/thongbao")
    [words] = await an.taps("Cảnh báo lừa đảo")
    [picture] = await an.says(WORDS)
    [audience] = await an.taps("Không kèm ảnh")
    [time] = await an.taps("Xong, bước tiếp")
    preview, whole = await an.taps("07:00 ngày mai")

    steps = [each.split(":")[0] for each in (category, words, picture, audience, time)]
    assert steps == [f"Soạn thông báo, bước {place}/5" for place in range(1, 6)]
    notice = await the_notice(office)
    assert preview.startswith(f"Công an phường Long Đức · Cảnh báo lừa đảo · mã {notice.code}\n\n{WORDS}")
    assert f"/xacthuc {notice.code}" in preview
    assert "Gửi tới 0 người" in whole
    assert "Gửi lúc 07:00 ngày 23/11/2026" in whole


async def test_the_preview_shows_each_channel_in_its_place(office, an):
    await written(an)
    message = next(each for each in an.phone.from_bot if "• Zalo" in str(each.get("reply_markup")))
    assert "entities" not in message

    assert await an.taps("Telegram", message) == []

    shown = an.phone.messages[message["message_id"]]
    assert shown["entities"][0]["type"] == "bold"
    assert [button["text"] for button in shown["reply_markup"]["inline_keyboard"][0]] == [
        "Zalo",
        "• Telegram",
        "Web",
    ]


async def test_written_submitted_approved_watched_stopped_recalled(office, an, binh):
    await written(an)
    await an.taps("Trình duyệt")
    assert "Người soạn không tự duyệt được" in an.last
    await office.ticks()
    notice = await the_notice(office)
    assert f"Thông báo {notice.code} chờ duyệt." in binh.last
    assert {"Duyệt", "Trả lại, ghi lý do", "Xem đủ"} <= set(binh.buttons)

    await binh.taps("Duyệt")
    assert "Duyệt: Trần Thị Bình" in binh.last
    await office.notices.step()
    await office.ticks()
    assert "Đang gửi" in binh.last
    assert f"Thông báo {notice.code} của đồng chí đã được duyệt." in an.last
    campaign = (await the_notice(office)).campaign
    async with office.people._db.reading() as tx:
        assert sum((await tx.outbox.counts(campaign)).values()) == 0

    await binh.taps("Dừng")
    assert "ghi lý do" in binh.last
    await binh.says("Sai giờ tiếp dân.")
    assert "Dừng gửi" in binh.last
    await binh.taps("Dừng ngay")
    assert (await the_notice(office)).state is State.STOPPED

    await binh.taps("Thu hồi")
    await binh.says("Thông báo ghi sai số điện thoại.")
    assert "Người dân sẽ đọc" in binh.last
    await binh.taps("Thu hồi ngay")
    notice = await the_notice(office)
    assert notice.state is State.RECALLED
    assert notice.ended.reason == "Thông báo ghi sai số điện thoại."
    await office.ticks()
    assert "đang được thu hồi" in an.last
    assert (
        DeliveryState.SENT not in (await office.notices.progress(await actor(office, binh), notice.id)).counts
    )


async def actor(office, officer):
    [found] = await office.people.actor_of(Address(ACCOUNT, str(officer.phone.id)))
    return found


@pytest.mark.postgres
async def test_on_postgresql_too(server, postgres_url, vault, clock):
    database = await Database.open(postgres_url)
    try:
        async with an_office(server, database, vault, clock) as office:
            an = await office.officer("Nguyễn Văn An", Role.OFFICER, title="Cán bộ Công an phường Long Đức")
            binh = await office.officer("Trần Thị Bình", Role.CHIEF, title="Trưởng Công an phường Long Đức")
            await test_written_submitted_approved_watched_stopped_recalled(office, an, binh)
    finally:
        await database.close()
