"""The page by which a province's supervisor keeps the days on which nobody is disturbed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.web.desk_town import PROVINCE, DeskTown, Furnished, a_desk_town

PLACE = "/desk/quiet-days"


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


async def test_a_day_is_added_taken_away_and_forgotten(town: DeskTown) -> None:
    dung = await town.seat("dung")
    before = await dung.opens(PLACE)
    assert "Tết Nguyên Đán" in before
    assert "Ngày hội" not in before

    await dung.sends(PLACE, day="2026-12-01", kind="quiet", name="Ngày hội của <tỉnh>")
    await dung.sends(PLACE, day="2027-01-01", kind="working", name="Trực lễ")

    shown = await dung.opens(f"{PLACE}?done=1")
    assert "Thứ Ba, 1/12/2026" in shown
    assert "Ngày hội của &lt;tỉnh&gt;" in shown
    assert "tỉnh bỏ: như ngày thường" in shown
    assert "Trực lễ" in shown
    assert "Đã ghi" in shown
    assert "Nghỉ: Ngày hội của &lt;tỉnh&gt;" in await dung.opens("/desk/calendar?month=2026-12")
    quiet = await town.house.schedules.quiet_at(PROVINCE)
    assert quiet.name(town.clock().date().replace(month=12, day=1)) == "Ngày hội của <tỉnh>"

    for day in ("2026-12-01", "2027-01-01"):
        await dung.sends(PLACE, day=day, kind="as_before")
    assert await dung.opens(PLACE) == before


@pytest.mark.parametrize(
    ("day", "kind", "name", "said"),
    [
        ("2026-11-01", "quiet", "Hôm qua", "đã qua"),
        ("mai", "quiet", "Nghỉ", "Xin chọn ngày"),
        ("2026-12-01", "quiet", "", "Xin ghi tên ngày"),
        ("2026-12-01", "as_before", "", "không có gì để bỏ"),
    ],
)
async def test_what_cannot_be_says_so_and_keeps_what_was_typed(
    town: DeskTown, day: str, kind: str, name: str, said: str
) -> None:
    dung = await town.seat("dung")

    page = await dung.sends(PLACE, 422, day=day, kind=kind, name=name)

    assert said in page
    assert f'value="{day}"' in page


async def test_it_is_for_whoever_keeps_the_province_s_schedules(town: DeskTown) -> None:
    assert PLACE in await (await town.seat("dung")).opens("/desk/schedules")
    for name in ("an", "binh"):
        seat = await town.seat(name)
        assert PLACE not in await seat.opens("/desk/schedules")
        await seat.opens(PLACE, 403)
        await seat.sends(PLACE, 403, day="2026-12-01", kind="quiet", name="Nghỉ")
