"""Journey 1: a visit rating at the counter, from a QR code to a receipt."""

import re

from surveys.entry import Stream
from tests.journeys.town import LONG_DUC, TRA_VINH, Resident, Town

RECEIPT = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}")


async def test_forty_five_seconds_at_the_counter(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()

    heard = await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    assert "Công an phường Long Đức" in heard
    assert "không gắn với tên" in heard
    assert "từ 10 người trở lên" in heard
    assert "Telegram vẫn thấy" in heard
    assert heard.buttons[:3] == ["Đồng ý, bắt đầu", "Để tối nay", "Không tham gia"]

    heard = await resident.taps("Đồng ý, bắt đầu")
    assert heard.text == "1/5  Ông/bà làm thủ tục gì?"
    heard = await resident.taps("Cư trú")
    assert heard.stamp == "1/5  Đã ghi."
    heard = await resident.taps("Trước hạn")
    heard = await resident.taps("Hài lòng")
    heard = await resident.taps("Rất hài lòng")
    assert heard.text.startswith("5/5  Điều gì Công an phường nên làm tốt hơn?")

    heard = await resident.says("ghế chờ ít quá, 0912345678 gọi tôi")
    assert heard.buttons == ["Bỏ số đi rồi gửi", "Viết lại", "Gửi nguyên văn cho Công an tỉnh Vĩnh Long"]
    heard = await resident.taps("Bỏ số đi rồi gửi")

    assert "Xin cảm ơn" in heard
    assert RECEIPT.search(heard.text)
    assert heard.buttons == [
        "Xem lại và sửa",
        "Nhận phiếu và kết quả",
        "Nhận thông báo của phường",
        "Việc khác",
    ]
    [session] = await town.sessions(wave)
    assert session.values == {
        "thu_tuc": "cu_tru",
        "thoi_han": "truoc_han",
        "thai_do": "4",
        "chung": "5",
        "gop_y": "ghế chờ ít quá, (đã bỏ) gọi tôi",
    }
    assert (session.unit, session.stream) == (LONG_DUC, Stream.VISIT)
    assert session.receipt in heard


async def test_the_last_message_is_the_same_whatever_was_answered(town: Town) -> None:
    await town.opens_visits()
    farewells = []
    for name, choice in (
        ("ba-sau", "Rất hài lòng"),
        ("ong-bay", "Rất không hài lòng"),
        ("co-tu", "Không ý kiến"),
    ):
        resident = Resident(town, name)
        await resident.agrees_at_the_counter()
        await resident.says("1")
        await resident.says("2")
        await resident.taps(choice)
        await resident.taps(choice)
        await resident.says("bỏ qua")
        farewells.append(
            (RECEIPT.sub("…", resident.heard.text), resident.heard.buttons, resident.heard.stamp)
        )

    assert farewells[0] == farewells[1] == farewells[2]


async def test_no_reply_shows_which_choice_was_made(town: Town) -> None:
    await town.opens_visits()
    one, other = Resident(town, "ba-sau"), Resident(town, "ong-bay")
    await one.agrees_at_the_counter()
    await other.agrees_at_the_counter()

    for taken, taken_by_the_other in (("1", "2"), ("3", "4"), ("Rất hài lòng", "Không hài lòng"), ("1", "0")):
        heard, heard_by_the_other = await one.says(taken), await other.says(taken_by_the_other)

        assert heard == heard_by_the_other
        assert heard.stamp == heard_by_the_other.stamp


async def test_a_choice_called_like_a_command_is_the_choice(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()

    await resident.says("việc khác")

    assert await town.answers(wave) == [{"thu_tuc": "khac"}]


async def test_who_declines_leaves_no_ballot(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))

    heard = await resident.taps("Không tham gia")

    assert "không giữ lại gì" in heard
    assert await town.sessions(wave) == []


async def test_nothing_is_asked_before_consent(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))

    for words in ("2", "hài lòng", "xin chào", "bỏ qua", "không biết"):
        heard = await resident.says(words)
        assert "1/5" not in heard

    assert await town.sessions(wave) == []


async def test_a_typed_yes_is_consent(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))

    heard = await resident.says("Đồng ý")

    assert heard.text.startswith("1/5")


async def test_stop_is_no_consent(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))

    heard = await resident.says("DUNG")

    assert "Đã dừng" in heard
    assert await town.sessions(wave) == []


async def test_the_card_names_the_platform_and_stays_within_four_lines(town: Town) -> None:
    await town.opens_visits()
    for account, words in (
        ("telegram", "Telegram"),
        ("zalo:oa-1", "Zalo"),
        ("web", "Trình duyệt"),
        ("console", ""),
    ):
        heard = await Resident(town, account=account).starts(town.link(LONG_DUC, Stream.VISIT))

        card = heard.text.split("\n\n")[1]
        assert words in card
        assert len(card.splitlines()) <= 4


async def test_a_poster_and_a_forged_link_are_the_open_stream(town: Town) -> None:
    wave = await town.opens_visits()
    signed = town.link(LONG_DUC, Stream.VISIT)
    for name, payload in (
        ("poster", town.link(LONG_DUC, Stream.OPEN)),
        ("forged", signed[:-1] + ("A" if signed[-1] != "A" else "B")),
        ("moved", signed.replace(LONG_DUC, TRA_VINH)),
    ):
        resident = Resident(town, name)
        await resident.starts(payload)
        await resident.taps("Đồng ý, bắt đầu")
        await resident.says("1")

    assert [session.stream for session in await town.sessions(wave)] == [Stream.OPEN] * 3


async def test_garbage_behind_start_is_a_plain_start(town: Town, resident: Resident) -> None:
    await town.opens_visits()

    for payload in ("", "x" * 64, "v", "i_", "v29263_", "-", "o99999_nothing", "29263"):
        heard = await Resident(town, f"p{len(payload)}{payload[:3]}").starts(payload)
        assert heard.messages


async def test_a_comment_may_be_rewritten_or_sent_whole(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    for words in ("1", "1", "1", "1"):
        await resident.says(words)

    await resident.says("gọi 0912 345 678")
    heard = await resident.taps("Viết lại")
    assert heard.text.startswith("5/5")
    await resident.says("xe 84B1-123.45 đậu trước cổng")
    await resident.taps("Gửi nguyên văn cho Công an tỉnh Vĩnh Long")

    [session] = await town.sessions(wave)
    assert session.values["gop_y"] == "xe 84B1-123.45 đậu trước cổng"
    assert session.whole == ("gop_y",)


async def test_a_text_that_waits_may_simply_be_written_anew(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    for words in ("1", "1", "1", "1", "gọi 0912 345 678"):
        await resident.says(words)

    await resident.says("ghế chờ ít quá")

    [session] = await town.sessions(wave)
    assert session.values["gop_y"] == "ghế chờ ít quá"
    assert session.held is None
