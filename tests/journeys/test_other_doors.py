"""Journey 4: what comes to us and belongs elsewhere."""

import pytest

from tests.journeys.town import Resident, Town


async def at_the_comment(town: Town, resident: Resident) -> None:
    await resident.agrees_at_the_counter()
    for words in ("1", "1", "1", "1"):
        await resident.says(words)


@pytest.mark.parametrize("where", ["nowhere", "lobby", "card", "question"])
async def test_an_emergency_comes_before_anything(town: Town, resident: Resident, where: str) -> None:
    await town.opens_visits()
    if where == "lobby":
        await resident.starts()
    if where == "card":
        await resident.says("Long Đức")
    if where == "question":
        await resident.agrees_at_the_counter()

    heard = await resident.says("có trộm đang phá cửa nhà bên cạnh")

    assert "113" in heard.texts[0]
    assert "0294 000 000" in heard
    assert heard.buttons == ["Tôi không có việc khẩn cấp, tiếp tục"]
    heard = await resident.taps("Tôi không có việc khẩn cấp, tiếp tục")
    assert heard.messages


async def test_an_emergency_at_a_question_leaves_the_question(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()

    await resident.says("cháy nhà!!!")
    heard = await resident.says("1")

    assert heard.text.startswith("1/5")
    assert await town.answers(wave) == [{}]


async def test_alarming_words_in_a_comment_wait_for_the_person(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await at_the_comment(town, resident)

    heard = await resident.says("hôm trước có cháy ở chợ, xe đến chậm")
    assert "114" in heard
    assert "gop_y" not in (await town.answers(wave))[0]

    heard = await resident.taps("Tôi không có việc khẩn cấp, tiếp tục")
    assert "Mã biên nhận" in heard
    assert (await town.answers(wave))[0]["gop_y"] == "hôm trước có cháy ở chợ, xe đến chậm"


async def test_an_alarm_does_not_let_a_number_slip_past(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await at_the_comment(town, resident)
    await resident.says("hôm trước có cháy, gọi tôi 0912345678")

    heard = await resident.taps("Tôi không có việc khẩn cấp, tiếp tục")
    assert "Bỏ số đi rồi gửi" in heard.buttons
    await resident.taps("Bỏ số đi rồi gửi")

    assert (await town.answers(wave))[0]["gop_y"] == "hôm trước có cháy, gọi tôi (đã bỏ)"


async def test_a_denunciation_is_shown_its_door(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await resident.agrees_at_the_counter()

    heard = await resident.says("tôi muốn tố cáo trưởng công an phường")

    assert "Góp ý ẩn danh không phải là đơn tố cáo" in heard
    assert "Công an tỉnh Vĩnh Long: số 1, phường Long Châu" in heard
    assert heard.texts[-1].startswith("1/5")


async def test_a_denunciation_in_a_comment_may_go_to_the_province_as_a_remark(
    town: Town, resident: Resident
) -> None:
    wave = await town.opens_visits()
    await at_the_comment(town, resident)

    heard = await resident.says("tôi muốn tố cáo trưởng công an phường nhận tiền")
    assert heard.buttons == ["Gửi góp ý đến Công an tỉnh Vĩnh Long", "Viết lại"]
    heard = await resident.taps("Gửi góp ý đến Công an tỉnh Vĩnh Long")

    assert "Mã biên nhận" in heard
    [session] = await town.sessions(wave)
    assert session.whole == ("gop_y",)


async def test_pictures_and_places_nobody_asked_for_are_not_kept(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()

    assert "không nhận ảnh" in await resident.photographs("file-1")
    assert "không cần vị trí" in await resident.shares(9.93, 106.34)
    assert await town.answers(wave) == [{}]
