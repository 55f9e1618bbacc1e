"""At the desk, one schedule whose row cannot be read stands among the others, and can be set anew."""

from collections.abc import AsyncIterator
from datetime import date, time
from pathlib import Path

import pytest

from surveys.schedules import Daily, Schedule
from tests.conftest import Clock
from tests.web.desk_town import PROVINCE, DeskTown, Furnished, a_desk_town

PLACE = "/desk/schedules"
WAVE = {
    "form": "hang_nam_nguoi_dan",
    "slug": "lang-nghe-{year}",
    "title": "Công an lắng nghe {year}",
    "audience": "residents",
    "days": 21,
}


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@pytest.mark.parametrize(
    ("purpose", "subject"),
    [("officers.remind", {"about": "báo cáo"}), ("wave.open", WAVE), ("wave.invite", {})],
)
async def test_it_stands_among_the_others_and_is_set_anew_or_ended(
    town: DeskTown, purpose: str, subject: dict[str, object]
) -> None:
    for id in ("hong", "lanh"):
        await town.house.schedules.add(
            Schedule(Daily(date(2026, 11, 23)), time(8), date(2026, 11, 22)),
            purpose=purpose if id == "hong" else "officers.remind",
            title=f"Lịch {id}",
            unit=PROVINCE,
            owner="Phạm Thị Dung",
            subject=subject,
            id=id,
        )
    async with town.house.db.transaction() as tx:
        row = await tx.schedules.get("hong")
        assert row is not None
        row.calendar, row.subject = "{", "{"
        assert await tx.schedules.change(row)
    dung = await town.seat("dung")

    page = await dung.opens(PLACE)
    assert "Lịch hong" in page
    assert "Lịch lanh" in page
    assert page.index("Lịch hong") < page.index("Lịch lanh"), "what needs somebody comes first"
    assert "Không đọc được lịch này" in page
    for place in (f"{PLACE}/hong", f"{PLACE}/lanh", f"{PLACE}/hong/edit", f"{PLACE}/new", "/desk/calendar"):
        assert "Lịch" in await dung.opens(place)
    card = await dung.opens(f"{PLACE}/hong")
    assert "xin đặt lại ngày giờ, hoặc kết thúc lịch" in card
    assert f"{PLACE}/hong/edit" in card
    assert f"{PLACE}/hong/run" not in card
    assert "Không đọc được" in await (await town.seat("binh")).opens(f"{PLACE}/hong"), "a ward reads it, too"

    await dung.sends(f"{PLACE}/hong/end", version=str((await town.house.schedules.get("hong")).row.version))
    assert (await town.house.schedules.get("hong")).row.state == "ended"
