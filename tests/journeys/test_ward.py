"""Journey 3: choosing a ward."""

import pytest

from tests.journeys.town import Resident, Town


async def test_an_old_name_is_found_and_explained(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await resident.starts()

    heard = await resident.says("phuong 4 tra vinh")
    assert "Phường 4 (TP Trà Vinh) từ 1/7/2025 thuộc phường Long Đức, tỉnh Vĩnh Long" in heard
    heard = await resident.taps("Đúng, chọn phường Long Đức")

    assert "phường Long Đức" in heard
    assert "Đồng ý, bắt đầu" in heard.buttons


async def test_a_slip_of_the_finger_gets_suggestions(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await resident.starts()

    heard = await resident.says("loong duc")

    assert heard.buttons[0] == "Phường Long Đức, Vĩnh Long"
    assert heard.buttons[-1] == "Không có trong danh sách"
    assert "Đồng ý, bắt đầu" in (await resident.says("1")).buttons


async def test_an_old_commune_among_the_suggestions_leads_to_what_it_became(
    town: Town, resident: Resident
) -> None:
    await town.opens_yearly()
    await resident.starts()
    heard = await resident.says("loong duc")

    heard = await resident.taps(heard.buttons[1])

    assert "thuộc phường Long Đức" in heard


@pytest.mark.parametrize("words", ["Long Đức", "long duc", "LONG ĐỨC", "phường long đức", "p. Long Đức"])
async def test_a_name_is_taken_however_it_is_written(town: Town, resident: Resident, words: str) -> None:
    await town.opens_yearly()
    await resident.starts()

    heard = await resident.says(words)

    assert "Đồng ý, bắt đầu" in heard.buttons


async def test_the_first_words_may_be_the_ward_itself(town: Town, resident: Resident) -> None:
    await town.opens_yearly()

    heard = await resident.says("phường long đức")

    assert "Đồng ý, bắt đầu" in heard.buttons


async def test_a_greeting_is_greeted(town: Town, resident: Resident) -> None:
    await town.opens_yearly()

    heard = await resident.says("xin chào")

    assert "Xin chào ông/bà" in heard
    assert "không bao giờ hỏi mã OTP" in heard
    assert "phường, xã nào" in heard


async def test_by_province_then_ward(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await resident.starts()

    heard = await resident.taps("Chọn theo tỉnh")
    assert "Phường Long Đức" in heard.buttons
    heard = await resident.taps("Phường Long Đức")

    assert "Đồng ý, bắt đầu" in heard.buttons


async def test_a_ward_without_a_survey_says_so(town: Town, resident: Resident) -> None:
    await resident.starts()

    heard = await resident.says("Long Đức")

    assert "chưa có đợt lấy ý kiến nào" in heard


async def test_an_unknown_name_is_asked_again(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await resident.starts()

    heard = await resident.says("Atlantis qwzx")

    assert "Chưa tìm thấy" in heard
    assert "Chọn theo tỉnh" in heard.buttons


async def test_the_language_of_the_phone_is_a_hint_and_a_button_away(town: Town) -> None:
    await town.opens_yearly()
    resident = Resident(town, language="en-GB")

    heard = await resident.starts()
    assert "Welcome" in heard
    heard = await resident.taps("Tiếng Việt")

    assert "phường, xã nào" in heard


async def test_a_language_chosen_on_the_card_shows_the_card_again(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await resident.says("Long Đức")

    heard = await resident.taps("English")

    assert "I agree, start" in heard.buttons
    assert (await resident.taps("I agree, start")).text.startswith("1/13  ")


async def test_a_phone_in_khmer_is_told_that_nobody_has_read_this_yet(town: Town) -> None:
    await town.opens_yearly()

    heard = await Resident(town, language="km").starts()

    assert "chưa thẩm định" in heard


async def test_right_without_marks_confirms_a_ward(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await resident.says("phuong 4 tra vinh")

    heard = await resident.says("dung")

    assert "Đồng ý, bắt đầu" in heard.buttons
