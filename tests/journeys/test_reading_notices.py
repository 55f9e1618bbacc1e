"""Notices for whoever comes and asks: a list of the newest, one of them whole, and nothing is kept of who read what."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from handlers.residents import Residents, ResidentsSettings
from storage.sqlite import SqliteDatabase
from surveys import texts
from surveys.told_notices import MOST, ToldNotice, newest, whole
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import DOORS, LONG_DUC, Resident, Town

LONG = "Một đoạn dài. " * 300


def notice(number: int, title: str = "Cắt điện", text: str = "Từ 7 giờ đến 11 giờ.") -> ToldNotice:
    return ToldNotice(
        f"LD-{number:03}", title, text, "phường Long Đức", date(2026, 11, 1) + timedelta(days=number)
    )


@dataclass
class Board:
    """What hangs there, and what was asked of it while no transaction was open."""

    town: Town
    notices: list[ToldNotice] = field(default_factory=list)
    asked: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    async def __call__(self, units: Sequence[str], language: str, now: datetime) -> Sequence[ToldNotice]:
        async with self.town.database.transaction():
            pass  # on SQLite there is one writer: inside of a person's own transaction this would never end
        self.asked.append((tuple(units), language))
        return self.notices


@pytest.fixture
def board(town: Town) -> Board:
    board = Board(town)
    town.residents = Residents(
        town.database,
        town.vault,
        town.arrivals,
        ResidentsSettings(doors=DOORS),
        now=town.clock,
        links=town.links,
        notices=board,
    )
    return board


def dump(town: Town) -> list[str]:
    """Every row of every table."""
    assert isinstance(town.database, SqliteDatabase)
    with closing(sqlite3.connect(town.database._path)) as reader:
        return list(reader.iterdump())


async def test_the_newest_are_listed_and_one_is_read_whole(
    town: Town, resident: Resident, board: Board
) -> None:
    board.notices = [notice(number, f"Thông báo số {number}") for number in (3, 9, 1, 7, 5, 2, 8)]
    await in_ward(town, resident)

    heard = await resident.says("thông báo mới")
    assert heard.buttons[:MOST] == [f"{1 + each}/11/2026 · Thông báo số {each}" for each in (9, 8, 7, 5, 3)]
    assert board.asked == [((LONG_DUC, "86"), "vi")]

    heard = await resident.says("2")
    assert heard.text.startswith("Thông báo số 8\nphường Long Đức · 9/11/2026 · LD-008\n\nTừ 7 giờ")
    assert (await resident.says("1")).text.startswith("Thông báo số 9"), "a number still means the list"


async def test_a_tap_reads_it_from_however_old_a_list(town: Town, resident: Resident, board: Board) -> None:
    board.notices = [notice(1)]
    await in_ward(town, resident)
    heard = await resident.says("thông báo mới")
    [first] = [each for each in heard.buttons if "Cắt điện" in each]
    token = heard.token(first)
    await resident.says("menu")

    assert "LD-001" in await resident.sends(resident.message(tap=token))
    board.notices = []
    assert "không còn hiệu lực" in await resident.sends(resident.message(tap=token))


async def test_reading_writes_nothing(town: Town, resident: Resident, board: Board) -> None:
    wave = await town.opens_yearly()
    board.notices = [notice(1), notice(2)]
    await in_ward(town, resident)
    await resident.taps("Đồng ý, bắt đầu")
    await resident.says("2")
    await resident.says("thông báo mới")
    await town.arrivals.flush(town.database)
    before = dump(town)

    for words in ("1", "2", "thông báo mới", "1"):
        await resident.says(words)
    await town.arrivals.flush(town.database)

    assert "LD-002" in resident.heard
    assert dump(town) == before
    assert len((await town.answers(wave))[0]) == 1
    assert (await resident.says("tiếp tục")).text.startswith("2/")


async def test_what_is_open_is_looked_at_and_nothing_written(town: Town, resident: Resident) -> None:
    await town.opens_yearly()
    await in_ward(town, resident)
    await resident.says("phiếu đang mở")
    before = dump(town)

    await resident.says("phiếu đang mở")

    assert dump(town) == before


async def test_an_old_tap_asks_for_the_notices_again(town: Town, resident: Resident, board: Board) -> None:
    """The page they are on is said again, whatever was not understood."""
    board.notices = [notice(1)]
    await in_ward(town, resident)
    await resident.says("thông báo mới")

    heard = await resident.sends(resident.message(tap="not-one-of-ours"))

    assert "2/11/2026 · Cắt điện" in heard.buttons


async def test_without_a_board_there_is_nothing_and_that_is_said(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)

    assert "chưa có thông báo mới" in await resident.says("thông báo mới")


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_longest_notice_fits_in_a_message(language: str) -> None:
    assert texts.length(whole(language, notice(1, text=LONG))) <= texts.LONGEST


def test_of_one_day_the_order_is_always_the_same() -> None:
    same_day = [notice(1), ToldNotice("B", "b", "b", "p", date(2026, 11, 2))]

    assert newest(same_day) == newest(same_day[::-1])
