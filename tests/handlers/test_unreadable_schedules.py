"""One schedule whose row cannot be read – restored from elsewhere, written by a newer version, damaged – is shown as that, with what to do; all
the others are seen, and happen, as ever."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from handlers.calendar import Calendar
from handlers.happenings import OfficersReminded
from handlers.notice_templates import NoticeTemplates
from handlers.planning import Planning, Wanted
from handlers.quiet_days import QuietDays
from handlers.schedule_days import UNREADABLE
from handlers.schedules import Changed, Schedules
from handlers.units import load_seed
from storage.database import Database
from surveys.rights import Actor, Role
from surveys.schedules import Daily, Relative, Schedule, YearlyDay
from surveys.schedules.purposes import Purpose
from tests.conftest import Clock

PROVINCE = "86"
DUNG = Actor("p1", "Phạm Thị Dung", "t1", Role.SUPERVISOR, PROVINCE, "Theo dõi tỉnh")
TODAY = date(2026, 11, 22)
EVERY_DAY = Schedule(Daily(TODAY), time(8), TODAY, lateness=timedelta(hours=3))
AROUND = replace(EVERY_DAY, rule=Relative(-30, YearlyDay(12, 25)))
BROKEN = {
    "no JSON": {"calendar": "{"},
    "a list": {"calendar": "[1, 2]"},
    "a number": {"calendar": "7"},
    "a rule of tomorrow": {
        "calendar": '{"rule": "every_full_moon", "at": "08:00", "starts_on": "2026-11-22"}'
    },
    "no hour": {
        "calendar": '{"rule": "daily", "first": "2026-11-22", "every": 1, "starts_on": "2026-11-22"}'
    },
    "an hour there is not": {
        "calendar": '{"rule": "daily", "first": "2026-11-22", "every": 1, "at": "25:00", "starts_on": "2026-11-22"}'
    },
    "a zone there is not": {
        "calendar": '{"rule": "daily", "first": "2026-11-22", "every": 1, "at": "08:00", "starts_on": "2026-11-22", "zone": "X/Y"}'
    },
    "relative to nothing": {
        "calendar": '{"rule": "relative", "days_after": 1, "to": 3, "at": "08:00", "starts_on": "2026-11-22"}'
    },
    "a subject that is no JSON": {"subject": "about: it"},
    "a subject that is a list": {"subject": '["about"]'},
}


@pytest.fixture
async def schedules(database: Database, clock: Clock) -> Schedules:
    clock.moment = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)  # half past seven there
    await load_seed(database)
    made = Schedules(
        database,
        {Purpose.REMIND_OFFICERS: OfficersReminded(database, clock)},
        clock,
        passed=lambda: clock().timestamp(),
    )
    for id in ("broken", "whole"):
        await made.add(
            EVERY_DAY,
            purpose=Purpose.REMIND_OFFICERS,
            title=f"Nhắc việc {id}",
            unit=PROVINCE,
            owner=DUNG.name,
            subject={"about": "báo cáo"},
            id=id,
        )
    return made


@pytest.fixture
def planning(database: Database, schedules: Schedules, clock: Clock) -> Planning:
    return Planning(database, schedules, NoticeTemplates(database, clock), clock)


async def breaks(database: Database, **how: str) -> None:
    async with database.transaction() as tx:
        row = await tx.schedules.get("broken")
        assert row is not None
        for name, value in how.items():
            setattr(row, name, value)
        assert await tx.schedules.change(row)


@pytest.mark.parametrize("how", BROKEN.values(), ids=BROKEN)
async def test_it_is_seen_as_what_it_is_and_the_others_as_ever(
    database: Database, schedules: Schedules, planning: Planning, how: dict[str, str]
) -> None:
    await breaks(database, **how)

    broken, whole = await planning.all(DUNG)

    assert (broken.row.id, broken.words, broken.coming, broken.subject) == ("broken", UNREADABLE, (), {})
    assert broken.planned.trouble
    assert (whole.words, len(whole.coming), whole.subject) == ("hằng ngày, 08:00", 5, {"about": "báo cáo"})
    assert (await planning.get(DUNG, "broken")).words == UNREADABLE
    assert [each.order.id for each in await planning.proposals(DUNG)]
    assert await planning.waves(DUNG)


@pytest.mark.parametrize("how", BROKEN.values(), ids=BROKEN)
async def test_the_others_happen_and_it_never_does(
    database: Database, schedules: Schedules, planning: Planning, clock: Clock, how: dict[str, str]
) -> None:
    await breaks(database, **how)
    clock.advance(hours=1)

    for _ in range(2):
        await schedules.tick()
        clock.advance(hours=24)

    assert [due.state for due in await schedules.history("whole")] == ["done", "done"]
    assert await schedules.history("broken") == []


async def test_the_calendar_shows_the_others_and_what_came_of_it_before(
    database: Database, schedules: Schedules, clock: Clock
) -> None:
    clock.advance(hours=1)
    await schedules.tick()
    await breaks(database, calendar="{", subject="{")

    begin = clock() - timedelta(days=1)
    shown = await Calendar(database, schedules, clock).between(DUNG, begin, begin + timedelta(days=3))

    assert [(each.title, each.at.day) for each in shown.happenings] == [
        ("Nhắc việc broken", 22),
        ("Nhắc việc whole", 22),
        ("Nhắc việc whole", 23),
        ("Nhắc việc whole", 24),
    ]


async def test_quiet_days_move_the_others(database: Database, schedules: Schedules, clock: Clock) -> None:
    await breaks(database, calendar="{")
    async with database.reading() as tx:
        row = await tx.schedules.get("broken")
    assert row is not None

    await QuietDays(database, schedules, clock).add(DUNG, PROVINCE, date(2026, 12, 1), "Ngày của tỉnh")

    async with database.reading() as tx:
        after = await tx.schedules.get("broken")
    assert after is not None
    assert after.next_due == row.next_due, "it stays as it is"


async def test_it_is_paused_resumed_and_ended_like_any_other(
    database: Database, schedules: Schedules, planning: Planning
) -> None:
    await breaks(database, calendar="{", subject="{")
    for deed, state in ((planning.pause, "paused"), (planning.resume, "active"), (planning.end, "ended")):
        seen = await planning.get(DUNG, "broken")
        await deed(DUNG, "broken", seen.row.version)
        assert (await planning.get(DUNG, "broken")).row.state == state


async def test_it_cannot_be_run_and_is_written_anew(
    database: Database, schedules: Schedules, planning: Planning, clock: Clock
) -> None:
    await breaks(database, calendar="{", subject="{")
    with pytest.raises(Changed):
        await planning.run(DUNG, "broken")
    seen = await planning.get(DUNG, "broken")

    wanted = Wanted(Purpose.REMIND_OFFICERS, "Nhắc lại", PROVINCE, EVERY_DAY, {"about": "báo cáo"})
    mended = await planning.change(DUNG, "broken", seen.row.version, wanted)
    clock.advance(hours=1)
    await schedules.tick()

    assert (mended.words, mended.planned.trouble) == ("hằng ngày, 08:00", "")
    assert [due.state for due in await schedules.history("broken")] == ["done"]
