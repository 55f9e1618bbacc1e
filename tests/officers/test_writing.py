"""Writing a notice: forwards, backwards, interrupted, taken up again."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from bot.channels.telegram_officers_desk import LEFT_LYING
from surveys.conversation import Entity, Style
from surveys.notices import Category, Draft, State, Text
from surveys.rights import Role
from tests.officers.conftest import LONG_DUC, PROVINCE, TRA_VINH, a_bot
from tests.officers.test_journeys import WORDS, actor, the_notice, written
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import Fault


def a_picture(side=64, form="JPEG"):
    stream = BytesIO()
    Image.new("RGB", (side, side), "red").save(stream, form)
    return stream.getvalue()


async def test_back_leads_to_the_step_before_and_loses_nothing(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(WORDS)
    assert "bước 3/5" in an.last
    for step in ("2/5", "1/5"):
        [shown] = await an.taps("Quay lại")
        assert step in shown
    await an.taps("Thủ tục")
    assert "bước 2/5" in an.last
    await an.taps("Giữ nội dung đã gõ")
    assert "bước 3/5" in an.last

    notice = await the_notice(office)
    assert (notice.category, notice.draft.texts["vi"].text) == (Category.PROCEDURE, WORDS)


async def test_bold_and_italic_are_telegram_s_own_and_a_link_keeps_its_address(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    said = "🚨 Chú ý: xem trang của Công an tỉnh."
    entities = [
        {"type": "bold", "offset": 3, "length": 5},
        {"type": "italic", "offset": 10, "length": 3},
        {"type": "text_link", "offset": 14, "length": 5, "url": "https://congan.vinhlong.gov.vn/"},
        {"type": "underline", "offset": 20, "length": 3},
    ]
    await an.says(said, entities)

    text = (await the_notice(office)).draft.texts["vi"]
    assert text.text == said
    assert [(each.style, said[each.offset : each.end], each.url) for each in text.entities] == [
        (Style.BOLD, "Chú ý", ""),
        (Style.ITALIC, "xem", ""),
        (Style.LINK, "trang", "https://congan.vinhlong.gov.vn/"),
    ]


async def test_markup_is_letters(office, an):
    said = "<b>Không</b> *đậm* _nghiêng_ [x](https://a.gov.vn) &amp; \\n"
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(said)

    assert (await the_notice(office)).draft.texts["vi"].text == said
    assert not any("parse_mode" in call for call in office.server.calls("sendMessage"))


async def test_what_is_wrong_with_the_words_is_said_while_they_are_written(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    heard = await an.says("Xem https://bit.ly/abc\n" + "x" * 3000)

    assert any("bit.ly" in each for each in heard)
    assert any("Zalo" in each and "bớt" in each for each in heard)


async def test_a_picture_a_file_and_their_words(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    an.phone.sends_photo(WORDS, a_picture())
    await office.settled()
    assert "bước 4/5" in an.last

    notice = await the_notice(office)
    assert notice.draft.texts["vi"].text == WORDS
    assert notice.image is not None
    await an.taps("Quay lại")
    assert "đang có ảnh" in an.last
    an.phone.sends_file("so-do.png", a_picture(form="PNG"))
    await office.settled()
    assert (await the_notice(office)).image is not None
    await an.taps("Quay lại")
    await an.taps("Giữ ảnh này")
    assert (await the_notice(office)).image is not None
    await an.taps("Quay lại")
    await an.taps("Bỏ ảnh")
    assert (await the_notice(office)).image is None


@pytest.mark.parametrize("content", [b"%PDF-1.7 not a picture", b"", a_picture(8)])
async def test_what_is_no_picture_is_refused_and_asked_again(office, an, content):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(WORDS)
    an.phone.sends_file("a.jpg", content)
    await office.settled()

    assert "anh" in an.last.lower() or "ảnh" in an.last.lower()
    assert (await the_notice(office)).image is None
    await an.taps("Không kèm ảnh")
    assert "bước 4/5" in an.last


async def test_a_picture_that_cannot_be_fetched_is_asked_for_again(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(WORDS)
    office.server.fails("file", Fault(502, b"<html>"))
    an.phone.sends_photo(content=a_picture())
    await office.settled()

    assert "bước 3/5" in an.last
    assert any("Chưa tải được tệp" in each for each in an.heard)


async def test_of_pictures_sent_together_the_first_counts(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(WORDS)
    before = len(an.heard)
    for _ in range(4):
        an.phone.sends_photo(content=a_picture(), album="13")
    await office.settled()

    assert len(an.heard) == before + 1
    assert "bước 4/5" in an.last


async def test_a_translation_is_written_shown_and_taken_out(office, an):
    await written(an)
    await an.taps("Bản tiếng Anh")
    assert "bản English" in an.last
    await an.says("Somebody pretends to be the police.")
    preview = [each for each in an.phone.from_bot if "• Zalo" in str(each.get("reply_markup"))][-1]
    await an.taps("English", preview)
    assert "Somebody pretends" in an.phone.messages[preview["message_id"]]["text"]

    await an.taps("Bản tiếng Anh")
    await an.taps("Bỏ bản này")
    assert set((await the_notice(office)).texts) == {"vi"}


async def test_languages_and_topics_narrow_the_audience(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(WORDS)
    await an.taps("Không kèm ảnh")
    for label in ("ភាសាខ្មែរ", "Thủ tục"):
        await an.taps(label)
    audience = (await the_notice(office)).audience
    assert audience.languages == ("km",)
    assert audience.topics == (Category.TRAFFIC, Category.PROCEDURE)
    await an.taps("✓ ភាសាខ្មែរ")
    await an.taps("✓ Thủ tục")
    audience = (await the_notice(office)).audience
    assert (audience.languages, audience.topics) == ((), ())


async def test_a_province_chooses_its_wards_by_tap_and_by_name(office, dung):
    await dung.says("/thongbao")
    await dung.taps("Giao thông")
    await dung.says(WORDS)
    await dung.taps("Không kèm ảnh")
    assert "chưa chọn" in dung.last
    await dung.says("long duc")
    await dung.taps("Phường Long Đức")
    await dung.says("tra vinh")
    await dung.taps("Phường Trà Vinh")
    async with office.people._db.reading() as tx:
        [notice] = await tx.notices.of_units([PROVINCE])
    assert set(notice.audience.units) == {LONG_DUC, TRA_VINH}

    await dung.says("không có nơi này")
    assert "Không tìm thấy" in dung.last


async def test_a_time_is_typed_as_people_type_it(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says(WORDS)
    await an.taps("Không kèm ảnh")
    await an.taps("Xong, bước tiếp")
    await an.says("khi nào tiện")
    assert "Chưa đọc được giờ" in an.last
    await an.says("7h30 sáng mai")

    assert (await the_notice(office)).send_at == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    await an.taps("Hết hiệu lực")
    await an.says("30/11 17:00")
    assert (await the_notice(office)).expires_at == datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
    assert "Hết hiệu lực lúc 17:00 ngày 30/11/2026" in an.last
    await an.taps("Gửi rải: không")
    assert "Gửi rải: 1 giờ" in an.buttons


async def test_one_s_own_trial_goes_to_nobody_else(office, an, binh):
    await written(an)
    before = len(binh.heard)
    await an.taps("Gửi thử cho tôi")

    assert an.last.startswith("[Gửi thử")
    assert WORDS in an.last
    assert "reply_markup" not in an.phone.from_bot[-1]
    assert len(binh.heard) == before
    assert (await the_notice(office)).state is State.DRAFT


async def test_a_trial_asked_for_at_the_web_desk(office, an):
    await written(an)
    writer = await actor(office, an)
    telling = await office.notices.test_to_self(writer, (await the_notice(office)).id, "telegram")

    assert await office.bot.try_out(writer, telling)
    await office.quiet()
    assert an.last.startswith("[Gửi thử")

    assert not await office.bot.try_out(replace(writer, person="nobody"), telling)


async def test_a_trial_with_its_picture(office, an):
    await written(an)
    await an.taps("Ảnh")
    an.phone.sends_photo(content=a_picture())
    await office.settled()
    await an.taps("Gửi thử cho tôi")

    assert "photo" in an.phone.from_bot[-1]
    assert an.phone.from_bot[-1]["caption"].startswith("[Gửi thử")


async def test_huy_keeps_the_words_and_says_where(office, an):
    await an.says("/thongbao")
    assert "Đã thôi soạn" in (await an.says("/huy"))[0]
    await written(an)
    code = (await the_notice(office)).code

    assert f"Bản nháp {code} vẫn được giữ" in (await an.says("/huy"))[0]
    assert "Không có việc nào" in (await an.says("/huy"))[0]
    await an.says("/bannhap")
    assert an.buttons[0].startswith(f"{code} · Bản nháp · Đang có người")
    await an.taps(an.buttons[0])
    await an.taps("Sửa")
    assert "Bước cuối" in an.last


async def test_a_draft_is_dropped_only_when_it_is_meant(office, an):
    await written(an)
    await an.taps("Bỏ")
    assert (await the_notice(office)).state is State.DRAFT
    await an.taps("Bỏ hẳn")

    assert (await the_notice(office)).state is State.CANCELLED


async def test_whoever_goes_away_is_told_so(office, an):
    await written(an)
    office.clock.advance(seconds=LEFT_LYING.total_seconds() - 1)
    await office.ticks()
    assert "30 phút" not in an.last
    office.clock.advance(seconds=1)
    await office.ticks()
    await office.ticks()

    assert [each for each in an.heard if "Đã 30 phút" in each] == [an.last]
    assert (await the_notice(office)).code in an.last
    assert "Không có bản nào đang soạn" in (await an.says("còn nữa"))[0]
    assert "không hiểu" in (await an.says("còn nữa"))[0]


async def test_after_a_restart_the_words_are_still_there(office, an):
    await written(an)
    async with a_bot(office.server, office.rooms) as again:
        office.bot = again
        office.server.post = post_to(again.webhook)
        assert await again.set_webhook("https://bot.test/officers")
        await an.taps("Trình duyệt")
        assert any("lần soạn đã xong" in each for each in an.heard)
        await an.says("/bannhap")
        await an.taps(an.buttons[0])
        await an.taps("Trình duyệt")

    assert (await the_notice(office)).state is State.SUBMITTED


async def test_changed_at_the_desk_meanwhile_theirs_is_shown(office, an, binh):
    await written(an)
    notice = await the_notice(office)
    theirs = Draft(Category.FIRE, notice.draft.texts, notice.audience)
    await office.notices.change(await actor(office, binh), notice.id, notice.version, theirs)

    heard = await an.taps("Khẩn")

    assert any("người khác sửa" in each for each in heard)
    assert (await the_notice(office)).category is Category.FIRE


async def test_a_second_draft_leaves_the_first_where_it_is(office, an):
    await written(an)
    first = (await the_notice(office)).code
    heard = await an.says("/thongbao")

    assert first in heard[0]
    assert "bước 1/5" in heard[1]


async def test_old_buttons_of_another_draft_change_nothing(office, an):
    await an.says("/thongbao")
    old = an.data_of("Giao thông")
    await written(an)
    await an.forges(old)

    assert (await the_notice(office)).category is Category.SCAM


async def test_a_picture_before_words_is_asked_for_words(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    an.phone.sends_photo(content=a_picture())
    await office.settled()

    assert "bước 2/5" in an.last


async def test_a_deed_in_between_leads_back_to_the_draft(office, an, binh):
    await written(an)
    await an.taps("Trình duyệt")
    notice = await the_notice(office)
    await binh.says("/thongbao")
    await binh.taps("Giao thông")
    await binh.says("Đường đang sửa.")
    await binh.forges(f"rj.{notice.id}.{notice.version}")
    heard = await binh.says("Thiếu ngày.")

    assert (await office.notices.get(await actor(office, binh), notice.id)).state is State.REJECTED
    assert "bước 3/5" in heard[-1]


async def test_a_template_is_filled_in_gap_by_gap(office, an, binh):
    await office.rooms.templates.write(
        await actor(office, binh),
        "Làm căn cước lưu động",
        Category.PROCEDURE,
        {"vi": Text.of("Làm căn cước ngày {ngày:date} lúc {giờ:time}, hỏi {số gọi:phone}.")},
    )
    await an.says("/thongbao")
    await an.taps("Dùng mẫu có sẵn")
    await an.taps("Làm căn cước lưu động · Thủ tục")
    assert "Xin điền “ngày” (ngày, như 30/11/2026)" in an.last
    heard = await an.says("thứ hai")
    assert heard == ["“ngày” phải là ngày, như 30/11/2026.", "Xin điền “ngày” (ngày, như 30/11/2026)."]
    await an.says("1/12/2026")
    await an.says("7h30")
    await an.says("0294 3855 555")

    notice = await the_notice(office)
    assert notice.draft.texts["vi"].text == "Làm căn cước ngày 01/12/2026 lúc 07:30, hỏi 0294 3855 555."
    assert (notice.category, notice.audience.units) == (Category.PROCEDURE, (LONG_DUC,))
    assert "bước 3/5" in an.last


async def test_where_there_is_no_template_it_is_said(office, an):
    await an.says("/thongbao")

    assert (await an.taps("Dùng mẫu có sẵn"))[0].startswith("Chưa có mẫu nào")
    await an.taps("Giao thông")
    assert "bước 2/5" in an.last


async def test_back_from_a_gap_leads_to_the_beginning(office, an, binh):
    await office.rooms.templates.write(
        await actor(office, binh), "Mẫu", Category.FIRE, {"vi": Text.of("Lúc {giờ:time}.")}
    )
    await an.says("/thongbao")
    await an.taps("Dùng mẫu có sẵn")
    await an.taps(an.buttons[0])
    await an.taps("Quay lại")

    assert "bước 1/5" in an.last


async def test_an_urgent_one_says_what_it_means(office, an):
    duty = await office.officer("Lê Văn Cường", Role.DUTY, title="Trực ban Công an phường Long Đức")
    await written(duty)
    await duty.taps("Khẩn")
    assert "KHẨN" in duty.last
    await duty.taps("Trình duyệt")

    assert (await the_notice(office)).is_urgent
    assert any("hai người xác nhận khẩn" in each for each in duty.heard)


def test_an_entity_of_ours_is_counted_as_telegram_counts():
    from bot.channels.telegram_officers_calls import as_telegram_counts

    [found] = as_telegram_counts("🚨 Chú ý", [Entity(Style.BOLD, 2, 5)])
    assert (found.offset, found.length) == (3, 5)


async def test_looking_at_what_waits_takes_nothing_back(office, an):
    """Opened for a change, tried, and left as it was: it still waits for the same approval."""
    await written(an)
    await an.taps("Trình duyệt")
    submitted = await the_notice(office)
    await an.says("/danhsach")
    await an.taps(an.buttons[0])
    await an.taps("Sửa")
    await an.taps("Gửi thử cho tôi")
    await an.taps("Loại")
    await an.taps("Cảnh báo lừa đảo")

    assert await the_notice(office) == submitted
    await an.taps("Loại")
    await an.taps("Giao thông")
    assert (await the_notice(office)).state is State.DRAFT


async def test_submitted_with_words_of_somebody_else_in_it_they_are_shown_first(office, an, binh):
    await written(an)
    notice = await the_notice(office)
    theirs = Draft(Category.FIRE, notice.draft.texts, notice.audience)
    await office.notices.change(await actor(office, binh), notice.id, notice.version, theirs)

    heard = await an.taps("Trình duyệt")

    assert "người khác sửa" in heard[0]
    assert (await the_notice(office)).state is State.DRAFT
    await an.taps("Trình duyệt")
    assert (await the_notice(office)).state is State.SUBMITTED


@pytest.mark.parametrize("step", ["reason", "sure", "gap", "ready", "nothing", ""])
async def test_a_forged_step_leads_nowhere_else(office, an, step):
    await written(an)
    nonce = an.data_of("Trình duyệt").split(".")[1]
    await an.forges(f"w.{nonce}.to.{step}")
    await an.taps("Trình duyệt")

    assert (await the_notice(office)).state is State.SUBMITTED
