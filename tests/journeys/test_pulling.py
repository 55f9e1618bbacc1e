"""Where a platform does not let us write first, whoever comes finds what waits for their ward."""

import pytest

from surveys import commands
from surveys.commands import Word
from tests.journeys.town import Resident, Town


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("Thông báo mới", Word.NEWS),
        ("thong bao moi", Word.NEWS),
        ("/thongbaomoi", Word.NEWS),
        ("Phiếu đang mở", Word.SURVEYS),
        ("phieu dang mo", Word.SURVEYS),
        ("nhận thông báo", Word.NOTICES),
    ],
)
def test_the_words_of_the_accounts_menu(typed: str, word: Word) -> None:
    command = commands.read(typed)

    assert command is not None
    assert command.word is word


async def in_ward(town: Town, resident: Resident) -> None:
    await resident.starts()
    await resident.says("Long Đức")


async def test_without_a_ward_it_is_asked_first(town: Town, resident: Resident) -> None:
    assert "chọn phường trước" in await resident.says("phiếu đang mở")
    assert "chọn phường trước" in await resident.says("thông báo mới")


async def test_what_is_open_in_the_ward_can_be_begun(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    assert "không có phiếu nào đang mở" in await resident.says("phiếu đang mở")
    await town.opens_yearly()

    heard = await resident.says("phiếu đang mở")

    assert "Các phiếu đang mở" in heard
    assert len(heard.buttons) == 3
    assert "Đồng ý, bắt đầu" in (await resident.says("1")).buttons


async def test_an_empty_list_of_notices_says_so_kindly(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)

    heard = await resident.says("thông báo mới")

    assert "Hiện chưa có thông báo mới" in heard
    assert heard.buttons[0] == "Phiếu đang mở"
    assert "không có phiếu" in await resident.taps("Phiếu đang mở")


async def test_in_the_middle_of_a_survey_it_is_seen_and_nothing_lost(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    await resident.says("1")

    assert "Các phiếu đang mở" in await resident.says("phiếu đang mở")
    assert "chưa có thông báo mới" in await resident.says("thông báo mới")

    assert (await resident.says("tiếp tục")).text.startswith("2/5")
    assert len(await town.answers(wave)) == 1


# ── When somebody last wrote ─────────────────────────────────────────────────────────────────────────────────────


async def enrolled(town: Town, account: str) -> Resident:
    resident = Resident(town, "7", account=account)
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    return resident


async def heard_at(town: Town, resident: Resident):
    async with town.database.reading() as tx:
        return await tx.heard.at(town.vault.fingerprint(resident.address))


async def test_of_whoever_agreed_to_notices_the_hour_is_kept_in_bulk(town: Town) -> None:
    resident = await enrolled(town, "zalo:579745863508352884")
    assert await heard_at(town, resident) is None

    await town.arrivals.flush(town.database)

    first = await heard_at(town, resident)
    assert first == town.clock().replace(minute=0, second=0, microsecond=0)
    town.clock.advance(hours=3)
    await resident.says("menu")
    assert await heard_at(town, resident) == first
    await town.arrivals.flush(town.database)
    assert await heard_at(town, resident) == town.clock().replace(minute=0, second=0, microsecond=0)


async def test_of_anybody_else_nothing_is_kept(town: Town) -> None:
    stranger = Resident(town, "8", account="zalo:579745863508352884")
    await in_ward(town, stranger)
    on_telegram = await enrolled(town, "telegram")
    await town.arrivals.flush(town.database)

    assert await heard_at(town, stranger) is None
    assert await heard_at(town, on_telegram) is None


async def test_who_leaves_takes_the_hour_along(town: Town) -> None:
    resident = await enrolled(town, "zalo:579745863508352884")
    await town.arrivals.flush(town.database)

    await resident.says("dừng")
    await town.arrivals.flush(town.database)

    assert await heard_at(town, resident) is None


async def test_a_database_that_is_away_keeps_the_hours_for_the_next_time(town: Town) -> None:
    resident = await enrolled(town, "zalo:579745863508352884")
    await town.arrivals.flush(town.database)
    town.clock.advance(hours=1)
    await resident.says("menu")
    reading = town.database.reading

    def away():
        from storage.database import Unavailable

        raise Unavailable("gone")

    town.database.reading = away  # type: ignore[method-assign, assignment]
    with pytest.raises(Exception, match="gone"):
        await town.arrivals.flush(town.database)
    town.database.reading = reading  # type: ignore[method-assign]
    await town.arrivals.flush(town.database)

    assert await heard_at(town, resident) == town.clock().replace(minute=0, second=0, microsecond=0)
