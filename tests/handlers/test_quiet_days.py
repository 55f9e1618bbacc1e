"""Days on which nobody is disturbed: the public holidays, what the installation and each province says of them, and what moves with that."""

from datetime import UTC, date, datetime, time

import holidays
import pytest

from handlers.occasions import Occasion
from handlers.quiet_days import NotThatDay, QuietDays
from handlers.schedules import Schedules
from handlers.units import load_seed
from storage.database import Database
from surveys.rights import Actor, NotAllowed, Role
from surveys.schedules import Daily, Once, Schedule, following, told_due
from surveys.schedules import QuietDays as Rule
from surveys.schedules.quiet import QuietCalendar
from tests.conftest import Clock
from tests.handlers.notice_desk import LONG_DUC, PROVINCE

TODAY, TET = date(2026, 11, 22), date(2027, 2, 6)
DUNG = Actor("p1", "Phạm Thị Dung", "86-supervisor", Role.SUPERVISOR, PROVINCE, "Theo dõi, Công an tỉnh")
BINH = Actor("p2", "Trần Thị Bình", "29263-chief", Role.CHIEF, LONG_DUC, "Trưởng Công an phường")
ELSEWHERE = Actor("p3", "Lê Văn Cường", "01-supervisor", Role.SUPERVISOR, "01", "Theo dõi")


async def nothing(occasion: Occasion) -> str:
    return "xong"


@pytest.fixture
async def schedules(database: Database, clock: Clock) -> Schedules:
    await load_seed(database)
    begun = clock()
    return Schedules(database, {"deed": nothing}, clock, passed=lambda: (clock() - begun).total_seconds())


@pytest.fixture
def keeper(database: Database, schedules: Schedules, clock: Clock) -> QuietDays:
    return QuietDays(database, schedules, clock)


async def planned(schedules: Schedules, on: date, unit: str | None, rule: Rule = Rule.NEXT) -> str:
    once = Schedule(Once(on), time(8), TODAY, quiet_days=rule)
    made = await schedules.add(once, purpose="deed", title="Việc", unit=unit, owner="A")
    return made.row.id


async def next_of(schedules: Schedules, id: str) -> str:
    due = (await schedules.get(id)).row.next_due
    return told_due(due) if due else "không"


@pytest.mark.parametrize("year", range(2025, 2040))
def test_tet_and_every_public_holiday_is_quiet_as_the_library_knows_them(year: int):
    calendar = QuietCalendar()
    known = holidays.country_holidays("VN", language="vi", years=year)

    tet = [day for day, name in known.items() if "Tết Nguyên Đán" in name and day.year == year]
    assert len(tet) >= 1
    assert all(day in calendar and calendar.name(day) for day in known)
    # New Year's Eve and the first three days, however many the Government adds.
    first = min(day for day in tet if date(year, 1, 20) < day < date(year, 2, 22))
    schedule = Schedule(Once(first), time(8), first, quiet_days=Rule.NEXT)
    [due] = following(schedule, datetime(year, 1, 1, tzinfo=UTC), 5, calendar)
    assert due.date() > first
    assert due.date() not in calendar


async def test_a_day_that_a_province_adds_moves_what_lies_on_it_and_only_there(
    schedules: Schedules, keeper: QuietDays, database: Database
):
    day = date(2026, 12, 1)
    ours, ward_s, house_s, kept = [
        await planned(schedules, day, unit, rule)
        for unit, rule in (
            (PROVINCE, Rule.NEXT),
            (LONG_DUC, Rule.SKIP),
            (None, Rule.NEXT),
            (LONG_DUC, Rule.KEEP),
        )
    ]

    await keeper.add(DUNG, PROVINCE, day, "Ngày hội của tỉnh")

    assert [await next_of(schedules, id) for id in (ours, ward_s, house_s, kept)] == [
        "thứ Tư, 02/12/2026, 08:00",
        "không",
        "thứ Ba, 01/12/2026, 08:00",
        "thứ Ba, 01/12/2026, 08:00",
    ]
    assert (await schedules.quiet_at(LONG_DUC)).name(day) == "Ngày hội của tỉnh"
    assert (await schedules.quiet_at("01")).name(day) == ""
    assert [row.name for row in await keeper.of(PROVINCE)] == ["Ngày hội của tỉnh"]
    async with database.reading() as tx:
        row = await tx.audit.last()
    assert row is not None
    assert (row.action, row.name, row.unit) == ("quiet_days.change", DUNG.name, PROVINCE)
    assert row.reason == "01/12/2026: không làm phiền: Ngày hội của tỉnh"

    assert await keeper.forget(DUNG, PROVINCE, day)
    assert not await keeper.forget(DUNG, PROVINCE, day)
    assert await next_of(schedules, ward_s) == "thứ Ba, 01/12/2026, 08:00"


async def test_a_holiday_may_be_a_day_like_any_other(schedules: Schedules, keeper: QuietDays):
    id = await planned(schedules, TET, LONG_DUC, Rule.SKIP)
    assert await next_of(schedules, id) == "không"

    await keeper.take_away(None, PROVINCE, TET, "Trực Tết", by="An")

    assert await next_of(schedules, id) == "thứ Bảy, 06/02/2027, 08:00"
    assert TET not in await schedules.quiet_at(PROVINCE)
    assert TET in schedules.quiet


async def test_what_is_shown_before_saving_keeps_to_the_same_days(schedules: Schedules, keeper: QuietDays):
    await keeper.add(DUNG, PROVINCE, date(2026, 11, 24), "Nghỉ")
    daily = Schedule(Daily(TODAY), time(8), TODAY, quiet_days=Rule.SKIP)

    days = [due.date().day for due in await schedules.foreseen(daily, LONG_DUC, 3)]

    assert days == [23, 25, 26]
    made = await schedules.add(daily, purpose="deed", title="Việc", unit=LONG_DUC, owner="A")
    assert [due.date().day for due in schedules.coming(made, 3)] == days


async def test_what_has_come_due_stays_due(schedules: Schedules, keeper: QuietDays, clock: Clock):
    daily = Schedule(Daily(TODAY), time(9), TODAY, quiet_days=Rule.SKIP)
    made = await schedules.add(daily, purpose="deed", title="Việc", unit=PROVINCE, owner="A")
    clock.advance(hours=1)  # due, and nobody has ticked yet

    await keeper.add(DUNG, PROVINCE, TODAY, "Nghỉ từ trưa")
    await schedules.tick()

    assert [due.state for due in await schedules.history(made.row.id)] == ["done"]


@pytest.mark.parametrize(
    ("actor", "unit", "day"),
    [(BINH, LONG_DUC, "2026-12-01"), (BINH, PROVINCE, "2026-12-01"), (ELSEWHERE, PROVINCE, "2026-12-01")],
)
async def test_who_may_not(keeper: QuietDays, actor: Actor, unit: str, day: str):
    for change in (keeper.add, keeper.take_away):
        with pytest.raises(NotAllowed):
            await change(actor, unit, date.fromisoformat(day), "Nghỉ")
    with pytest.raises(NotAllowed):
        await keeper.forget(actor, unit, date.fromisoformat(day))


@pytest.mark.parametrize(
    ("unit", "day", "name"),
    [(PROVINCE, "2026-11-21", "Hôm qua"), (PROVINCE, "2026-12-01", " "), (LONG_DUC, "2026-12-01", "Nghỉ"), ("0", "2026-12-01", "Nghỉ")],
)  # fmt: skip
async def test_what_cannot_be(keeper: QuietDays, unit: str, day: str, name: str):
    with pytest.raises(NotThatDay):
        await keeper.add(None, unit, date.fromisoformat(day), name, by="An")
    assert await keeper.of(unit) == []
