"""Schedules that follow a wave, and what stands in the trail about those that were missed."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.schedules import CLOCK_LEAPT, Changed, NotNow, Occasion, Schedules
from storage.database import Database
from surveys.rights import Actor, Role
from surveys.schedules import Daily, Event, Once, Relative, Schedule
from tests.storage.conftest import a_form, a_unit, a_wave

WARD, TODAY = "29242", date(2026, 11, 22)
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
DUNG = Actor("p1", "Phạm Thị Dung", "86-supervisor", Role.SUPERVISOR, "86", "Theo dõi, Công an tỉnh")


class Diary:
    """A deed that writes down when it was asked."""

    def __init__(self) -> None:
        self.dues: list[datetime] = []
        self.fails: Exception | None = None

    async def __call__(self, occasion: Occasion) -> str:
        if self.fails is not None:
            raise self.fails
        self.dues.append(occasion.due)
        return "xong"


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
async def schedules(database: Database, clock, diary) -> Schedules:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
        await tx.forms.add(a_form())
    begun = clock()
    return Schedules(database, {"diary": diary}, clock, passed=lambda: (clock() - begun).total_seconds())


async def opens(database: Database, opens_at: datetime, slug: str = "2026") -> None:
    async with database.transaction() as tx:
        await tx.waves.add(a_wave(opens_at, slug, opens_at=opens_at, closes_at=opens_at + timedelta(days=10)))


async def three_days_after(schedules: Schedules, kind: str = "opening"):
    rule = Relative(3, Event(kind, "2026"))
    schedule = Schedule(rule, time(9), TODAY, lateness=timedelta(hours=2))
    return await schedules.add(schedule, purpose="diary", title="Nhắc", unit=WARD, owner="A")


async def trail(database: Database) -> list[tuple[str, str, str]]:
    async with database.reading() as tx:
        rows = await tx.audit.page(1 << 62, 50)
    return [(row.action, row.name, row.reason) for row in reversed(rows)]


async def test_three_days_after_a_wave_that_is_there_has_its_day_at_once(
    database: Database, schedules: Schedules
) -> None:
    await opens(database, datetime(2026, 11, 25, 8, tzinfo=LOCAL))

    planned = await three_days_after(schedules)

    assert planned.row.next_due == datetime(2026, 11, 28, 9, tzinfo=LOCAL)
    assert schedules.coming(planned) == (datetime(2026, 11, 28, 9, tzinfo=LOCAL),)


async def test_one_that_waits_for_a_wave_happens_once_there_is_one(
    database: Database, schedules: Schedules, diary: Diary, clock
) -> None:
    planned = await three_days_after(schedules)
    assert planned.row.next_due is None
    await schedules.tick()

    await opens(database, datetime(2026, 11, 25, 8, tzinfo=LOCAL))
    await schedules.tick()
    assert (await schedules.get(planned.row.id)).row.next_due == datetime(2026, 11, 28, 9, tzinfo=LOCAL)
    for _ in range(10 * 24):
        clock.advance(hours=1)
        await schedules.tick()

    assert diary.dues == [datetime(2026, 11, 28, 9, tzinfo=LOCAL)]


async def test_the_last_day_of_a_wave_is_the_one_it_ends_with(
    database: Database, schedules: Schedules
) -> None:
    await opens(database, datetime(2026, 11, 25, 0, tzinfo=LOCAL))  # ten days: to the end of 4 December

    planned = await three_days_after(schedules, "closing")

    assert planned.row.next_due == datetime(2026, 12, 7, 9, tzinfo=LOCAL)


async def test_what_was_missed_while_nobody_was_there_is_one_line_of_the_trail(
    database: Database, schedules: Schedules, clock
) -> None:
    schedule = Schedule(Daily(TODAY), time(9), TODAY)
    await schedules.add(schedule, purpose="diary", title="Một", unit=WARD, owner="A")

    clock.advance(days=30)
    await schedules.tick()

    [skipped] = [each for each in await trail(database) if each[0] == "schedule.skip"]
    assert skipped[1] == ""
    assert skipped[2].startswith("thứ Hai, 21/12/2026, 09:00: Trễ")
    assert skipped[2].endswith("(30 lần)")


@pytest.mark.parametrize(
    ("trouble", "action"), [(NotNow("Chưa có phiếu."), "schedule.skip"), (RuntimeError("ơ"), "schedule.fail")]
)
async def test_what_was_refused_or_failed_is_in_the_trail_once(
    database: Database, schedules: Schedules, diary: Diary, clock, trouble: Exception, action: str
) -> None:
    diary.fails = trouble
    schedule = Schedule(Once(TODAY + timedelta(days=1)), time(9), TODAY)
    await schedules.add(schedule, purpose="diary", title="Một", unit=WARD, owner="A")

    clock.advance(days=1)
    for _ in range(30):
        clock.advance(minutes=2)
        await schedules.tick()

    [missed] = [each for each in await trail(database) if each[0] in ("schedule.skip", "schedule.fail")]
    assert missed[0] == action
    assert str(trouble) in missed[2]


async def test_who_did_it_is_the_actor(database: Database, schedules: Schedules) -> None:
    schedule = Schedule(Daily(TODAY), time(9), TODAY)
    planned = await schedules.add(schedule, purpose="diary", title="Một", unit=WARD, owner=DUNG.name, by=DUNG)
    id = planned.row.id
    await schedules.change(id, 1, schedule, title="Hai", owner=DUNG.name, subject={"a": 1}, by=DUNG)
    await schedules.pause(id, 2, by=DUNG)
    await schedules.resume(id, 3, by=DUNG)
    await schedules.run_once(id, asked_by=DUNG.name, by=DUNG)
    ended = await schedules.end(id, 4, by=DUNG)
    await schedules.hold(CLOCK_LEAPT, "why")
    await schedules.hold(CLOCK_LEAPT, "why, again")
    await schedules.release(CLOCK_LEAPT, by=DUNG)

    async with database.reading() as tx:
        rows = list(reversed(await tx.audit.page(1 << 62, 50)))
    deeds = ("add", "change", "pause", "resume", "run", "end", "hold", "release")
    assert [row.action for row in rows] == [f"schedule.{deed}" for deed in deeds]
    assert [row.post for row in rows] == [DUNG.post] * 6 + ["", DUNG.post]
    assert ended.row.subject == '{"a": 1}'


async def test_what_has_ended_is_not_changed_any_more(schedules: Schedules) -> None:
    schedule = Schedule(Daily(TODAY), time(9), TODAY)
    planned = await schedules.add(schedule, purpose="diary", title="Một", unit=WARD, owner="A")
    ended = await schedules.end(planned.row.id, 1)

    with pytest.raises(Changed):
        await schedules.change(planned.row.id, ended.row.version, schedule, title="Hai", owner="A")
