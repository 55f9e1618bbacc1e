"""Journey 2: the yearly survey, with numbers, by hand, over days."""

import json

from surveys.entry import Stream
from tests.journeys.town import LONG_DUC, Resident, Town


async def agrees(town: Town, resident: Resident) -> None:
    await resident.starts(town.link(LONG_DUC, Stream.INVITED, "nam-2026"))
    await resident.says("1")


async def test_every_question_can_be_answered_by_typing(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)

    for words in ("2", "hài lòng", "hai long", "0", "5", "Rất hài lòng", "2.", "1", "1", "1", "1", "1"):
        await resident.says(words)
    heard = await resident.says("cần tuần tra ban đêm nhiều hơn")

    assert "Mã biên nhận" in heard
    [answers] = await town.answers(wave)
    assert list(answers.values()) == [
        *("4", "4", "4", "0", "1", "5", "khong", "5", "5", "5", "5", "5"),
        "cần tuần tra ban đêm nhiều hơn",
    ]


async def test_words_that_answer_nothing_get_the_question_again_and_a_hint(
    town: Town, resident: Resident
) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")
    asked = resident.heard.texts[-1]

    heard = await resident.says("cho tôi hỏi làm căn cước ở đâu")

    assert asked in heard
    assert "chưa hiểu" in heard
    assert len(heard.text.splitlines()) < 6
    assert len((await town.answers(wave))[0]) == 1


async def test_back_skip_help_and_language_work_at_any_question(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")

    assert (await resident.says("QUAYLAI")).text.startswith("1/13")
    assert (await resident.says("tiếp tục")).text.startswith("2/13")
    assert (await resident.says("/boqua")).text.startswith("3/13")
    heard = await resident.says("/trogiup")
    assert "QUAYLAI" in heard
    assert "\n3/13" in heard
    assert (await resident.says("english")).text.startswith("3/13  ")
    assert "Skip" in resident.heard.buttons
    assert (await resident.taps("Back")).text.startswith("2/13")
    assert (await resident.says("tiếng Việt")).text.startswith("2/13")
    assert (await resident.taps("Bỏ qua")).text.startswith("3/13")

    [answers] = await town.answers(wave)
    assert list(answers.values()) == ["4", None]


async def test_machine_made_khmer_says_so(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await agrees(town, resident)

    heard = await resident.says("/ngonngu")
    heard = await resident.taps("ភាសាខ្មែរ")

    assert "chưa thẩm định" in heard
    assert "1/13" in heard


async def test_the_first_question_has_nothing_before_it(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await agrees(town, resident)

    heard = await resident.says("quay lai")

    assert "câu đầu tiên" in heard
    assert "Quay lại" not in heard.buttons


async def test_going_back_and_keeping_changes_nothing(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")

    await resident.taps("Quay lại")
    heard = await resident.taps("Giữ như cũ")

    assert heard.text.startswith("2/13")
    assert await town.answers(wave) == [{"kip_thoi": "4"}]


async def test_days_later_and_after_a_restart_an_old_button_still_knows_its_place(
    town: Town, resident: Resident
) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    first = resident.heard.token("Hài lòng")
    for _ in range(6):
        await resident.says("2")

    town.clock.advance(days=3)
    town.restarts()
    heard = await resident.taps_token(first)
    assert heard.text == "Ông/bà đang ở câu 7/13."
    assert heard.buttons == ["Tiếp tục câu 7", "Sửa câu 1"]

    heard = await resident.taps("Sửa câu 1")
    assert heard.text.startswith("1/13")
    heard = await resident.says("5")
    assert heard.text.startswith("7/13")
    [answers] = await town.answers(wave)
    assert list(answers.values()) == ["1", "4", "4", "4", "4", "4"]


async def test_a_bare_start_in_the_middle_goes_on(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")

    assert (await resident.starts()).text.startswith("2/13")
    assert (await resident.starts(town.link(LONG_DUC, Stream.INVITED, "nam-2026"))).text.startswith("2/13")


async def test_stop_keeps_what_was_said_and_lets_go_on(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")

    heard = await resident.says("DUNG")
    assert "Đã dừng" in heard
    assert len((await town.answers(wave))[0]) == 1

    assert (await resident.says("1")).text.startswith("2/13")


async def test_later_is_no_answer(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)

    heard = await resident.says("SAU")

    assert "lúc nào cũng được" in heard
    assert "19:00 ngày 22/11/2026" in heard
    assert await town.answers(wave) == [{}]
    assert (await resident.says("tiếp tục")).text.startswith("1/13")


async def test_a_button_of_the_question_itself_leads_out_and_back(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await agrees(town, resident)

    heard = await resident.taps("☰ Thêm")
    assert "Dừng" in heard.buttons
    heard = await resident.taps("Việc khác")
    assert "Trả lời tiếp: Công an lắng nghe ý kiến của Nhân dân năm 2026" in heard.buttons
    heard = await resident.says("1")

    assert heard.text.startswith("1/13")


async def test_review_lists_questions_and_never_answers(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    for _ in range(12):
        await resident.says("2")
    await resident.says("bỏ qua")

    heard = await resident.taps("Xem lại và sửa")
    assert "1. " in heard
    assert "Hài lòng" not in heard.text
    assert heard.buttons[:2] == ["Câu 1", "Câu 2"]

    await resident.says("12")
    heard = await resident.says("5")
    assert "Mã biên nhận" in heard
    assert list((await town.answers(wave))[0].values())[11] == "1"
    heard = await resident.says("sửa lại câu khác")
    assert "Mã biên nhận" in heard


async def test_a_wave_that_closes_in_the_middle_loses_nothing(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")
    token = resident.heard.token("Hài lòng")

    town.clock.advance(days=19)
    heard = await resident.taps_token(token)

    assert "đã kết thúc" in heard
    assert "1 câu ông/bà đã trả lời vẫn được tính" in heard
    assert len((await town.answers(wave))[0]) == 1
    assert (await resident.says("2")).messages

    heard = await resident.says("dữ liệu của tôi")
    heard = await resident.taps("Rút lại và xóa câu trả lời")
    heard = await resident.taps("Xóa, tôi chắc chắn")
    assert await town.sessions(wave) == []


async def test_an_emergency_comes_before_the_news_that_a_wave_has_closed(
    town: Town, resident: Resident
) -> None:
    await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")

    town.clock.advance(days=19)

    assert "113" in await resident.says("có cướp")
    town.restarts()
    assert "đang giữ" in await resident.says("dữ liệu của tôi")


async def test_the_card_of_a_wave_that_closed_meanwhile_is_too_late(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await resident.starts(town.link(LONG_DUC, Stream.INVITED, "nam-2026"))

    town.clock.advance(days=19)
    heard = await resident.taps("Đồng ý, bắt đầu")

    assert "đã kết thúc" in heard
    assert await town.sessions(wave) == []


async def test_two_surveys_are_kept_apart(town: Town, resident: Resident) -> None:
    visits, yearly = await town.opens_visits(), await town.opens_yearly()
    await resident.agrees_at_the_counter()
    await resident.taps("Cư trú")
    at_the_counter = resident.heard.token("Trước hạn")

    await resident.says("menu")
    await resident.taps("Trả lời: Công an lắng nghe ý kiến của Nhân dân năm 2026")
    heard = await resident.taps("Đồng ý, bắt đầu")
    assert heard.text.startswith("1/13")
    assert (await resident.says("2")).text.startswith("2/13")
    heard = await resident.taps_token(at_the_counter)
    assert heard.text.startswith("3/5")
    assert (await resident.says("2")).text.startswith("4/5")

    assert len((await town.answers(visits))[0]) == 3
    assert len((await town.answers(yearly))[0]) == 1


async def test_a_person_sees_what_is_held_and_can_withdraw_it(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await agrees(town, resident)
    await resident.says("2")

    heard = await resident.says("/dulieu")
    assert "năm 2026" in heard
    heard = await resident.taps("Xem dữ liệu đang giữ")
    assert "Ai mở cuộc trò chuyện này cũng đọc được" in heard
    heard = await resident.taps("Gửi tệp cho tôi")
    assert heard.file is not None
    name, content = heard.file
    assert name.endswith(".json")
    [survey] = json.loads(content)["surveys"]
    assert survey["answers"][0]["label"] == "Hài lòng"

    await resident.taps("Rút lại và xóa câu trả lời")
    assert len(await town.sessions(wave)) == 1
    heard = await resident.taps("Xóa, tôi chắc chắn")
    assert "Đã rút lại" in heard
    assert await town.sessions(wave) == []
    assert "Trả lời: Công an lắng nghe ý kiến của Nhân dân năm 2026" in heard.buttons


async def test_an_old_erase_button_erases_nothing_else(town: Town, resident: Resident) -> None:
    visits, yearly = await town.opens_visits(), await town.opens_yearly()
    await resident.agrees_at_the_counter()
    await resident.says("1")
    await resident.says("dulieu")
    await resident.taps("Rút lại và xóa câu trả lời")
    erase = resident.heard.token("Xóa, tôi chắc chắn")
    await resident.taps_token(erase)
    await agrees(town, resident)
    await resident.says("2")

    await resident.taps_token(erase)

    assert await town.sessions(visits) == []
    assert len(await town.sessions(yearly)) == 1


async def test_one_of_two_surveys_can_be_withdrawn(town: Town, resident: Resident) -> None:
    visits, yearly = await town.opens_visits(), await town.opens_yearly()
    await resident.agrees_at_the_counter()
    await agrees(town, resident)

    await resident.says("dulieu")
    heard = await resident.taps("Rút: Đánh giá lượt làm việc tháng 11/2026")
    assert "• Đánh giá lượt làm việc tháng 11/2026" in heard
    await resident.taps("Xóa, tôi chắc chắn")

    assert await town.sessions(visits) == []
    assert len(await town.sessions(yearly)) == 1
