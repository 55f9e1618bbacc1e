"""What happens by itself, seen by whoever writes a schedule: noted once, done once, never late by surprise."""

import asyncio
import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from handlers.noting import AuditTrail
from handlers.schedules import CLOCK_LEAPT, LEASE, Changed, NotNow, Occasion, Schedules
from storage.database import Database, Unavailable
from surveys.schedules import Daily, Once, Schedule
from tests.storage.conftest import a_unit
from tests.year.weather import Faulty, Weather

WARD = "29242"
TODAY = date(2026, 11, 22)


class Diary:
    """A deed that writes down what it was asked to do."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.fails: Exception | None = None

    async def __call__(self, occasion: Occasion) -> str:
        self.keys.append(occasion.key)
        if self.fails is not None:
            raise self.fails
        return f"xong {occasion.subject.get('what', '')}".strip()


class RealTime:
    """Seconds that pass beside the clock, unless the clock leaps."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock, self._begun, self.leapt = clock, clock(), timedelta(0)

    def __call__(self) -> float:
        return (self._clock() - self._begun - self.leapt).total_seconds()


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def real_time(clock) -> RealTime:
    return RealTime(clock)


@pytest.fixture
async def schedules(database: Database, clock, diary, real_time) -> Schedules:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    return Schedules(database, {"diary": diary}, clock, passed=real_time)


def daily(**given: object) -> Schedule:
    return Schedule(Daily(TODAY), time(9), TODAY, **given)  # type: ignore[arg-type]


async def added(schedules: Schedules, schedule: Schedule, **given: object) -> str:
    planned = await schedules.add(
        schedule, purpose="diary", title="Nhật ký", unit=WARD, owner="Nguyễn Văn A", **given
    )
    return planned.row.id


async def told(schedules: Schedules, id: str) -> list[tuple[str, str | None]]:
    return [(each.state, each.reason) for each in reversed(await schedules.history(id))]


async def test_it_happens_when_it_is_due_and_not_before(schedules, diary, clock):
    id = await added(schedules, daily(), subject={"what": "việc"})

    assert await schedules.tick() == 0
    clock.advance(minutes=30)
    assert await schedules.tick() == 1
    assert await schedules.tick() == 0

    assert diary.keys == [f"{id}-20261122T0200"]
    assert await told(schedules, id) == [("done", "xong việc")]


async def test_what_is_later_than_it_may_be_is_skipped_and_says_so(schedules, diary, clock):
    id = await added(schedules, daily(lateness=timedelta(hours=2)))

    clock.advance(days=2, hours=1)
    await schedules.tick()

    assert diary.keys == [f"{id}-20261124T0200"]
    assert await told(schedules, id) == [
        ("skipped", "Trễ 48 giờ, quá mức cho phép, nên không thực hiện."),
        ("skipped", "Trễ 24 giờ, quá mức cho phép, nên không thực hiện."),
        ("done", "xong"),
    ]


async def test_noted_in_time_and_nobody_there_to_do_it(schedules, database, diary, clock):
    id = await added(schedules, daily(lateness=timedelta(hours=2)))
    clock.advance(minutes=31)
    await schedules._doing.note_what_is_due()  # and then the process was gone

    clock.advance(hours=3)
    await schedules.tick()

    assert diary.keys == []
    assert [state for state, _ in await told(schedules, id)] == ["skipped"]


async def test_what_a_process_left_half_done_is_begun_again_under_the_same_key(
    schedules, database, clock, diary
):
    id = await added(schedules, daily())
    clock.advance(minutes=31)
    await schedules._doing.note_what_is_due()
    async with database.transaction() as tx:
        [due] = await tx.dues.open(clock())
        assert await tx.dues.take(due, "another", clock(), clock() + LEASE)

    assert await schedules.tick() == 0
    clock.advance(seconds=61)
    assert await schedules.tick() == 1

    assert diary.keys == [f"{id}-20261122T0200"]
    [row] = await schedules.history(id)
    assert (row.state, row.tries) == ("done", 2)


async def test_a_deed_that_fails_is_tried_again_and_then_its_owner_must_look(schedules, diary, clock):
    id = await added(schedules, daily(lateness=timedelta(hours=1)))
    diary.fails = RuntimeError("không có mẫu phiếu")
    clock.advance(minutes=31)

    for _ in range(7):
        await schedules.tick()
        clock.advance(seconds=61)

    assert len(diary.keys) == 5
    assert await told(schedules, id) == [("failed", "5 lần không được: không có mẫu phiếu")]


async def test_a_deed_that_cannot_be_is_skipped_with_its_own_words(schedules, diary, clock):
    id = await added(schedules, daily())
    diary.fails = NotNow("Đợt này đã mở rồi.")
    clock.advance(minutes=31)

    await schedules.tick()

    assert await told(schedules, id) == [("skipped", "Đợt này đã mở rồi.")]


async def test_paused_ended_and_resumed(schedules, diary, clock):
    id = await added(schedules, daily())
    paused = await schedules.pause(id, 1)
    clock.advance(days=1)
    assert await schedules.tick() == 0

    resumed = await schedules.resume(id, paused.row.version)
    clock.advance(minutes=31)
    assert await schedules.tick() == 1
    ended = await schedules.end(id, resumed.row.version)
    clock.advance(days=1)
    assert await schedules.tick() == 0

    # What would have been due while it rested is not made up for.
    assert diary.keys == [f"{id}-20261123T0200"]
    assert schedules.coming(ended) == ()
    with pytest.raises(Changed):
        await schedules.resume(id, ended.row.version)


async def test_two_who_change_it_at_once(schedules, clock):
    id = await added(schedules, daily())
    await schedules.change(id, 1, daily(over=timedelta(hours=3)), title="Một", owner="A")

    with pytest.raises(Changed):
        await schedules.change(id, 1, daily(), title="Hai", owner="B")

    planned = await schedules.get(id)
    assert planned.row.title == "Một"
    assert planned.words == "hằng ngày, 09:00, gửi rải trong 3 giờ"
    assert len(schedules.coming(planned)) == 5


async def test_a_schedule_of_a_known_id_is_written_once(schedules):
    first = await added(schedules, daily(), id="nam-2026")

    again = await schedules.add(
        Schedule(Once(TODAY), time(9), TODAY), purpose="diary", title="Khác", unit=WARD, owner="B", id=first
    )

    assert again.row.title == "Nhật ký"


async def test_what_nobody_can_do_cannot_be_scheduled(schedules):
    with pytest.raises(ValueError, match="diary"):
        await schedules.add(daily(), purpose="coffee", title="Cà phê", unit=WARD, owner="A")


async def test_by_hand_beside_the_calendar(schedules, diary, clock):
    id = await added(schedules, daily())

    await schedules.run_once(id, asked_by="Nguyễn Văn A")
    await schedules.tick()

    assert diary.keys == [f"{id}-20261122T0130"]


async def test_what_was_cut_short_and_is_late_by_now_waits_for_a_person(schedules, database, diary, clock):
    id = await added(schedules, daily(lateness=timedelta(hours=2)))
    clock.advance(minutes=31)
    await schedules._doing.note_what_is_due()
    async with database.transaction() as tx:
        [due] = await tx.dues.open(clock())
        await tx.dues.take(due, "another", clock(), clock() + LEASE)

    clock.advance(hours=3)
    await schedules.tick()
    assert await told(schedules, id) == [
        ("failed", "Làm dở dang. Trễ 3 giờ, quá mức cho phép, nên không thực hiện.")
    ]
    assert await schedules.run_again(id, due.due, asked_by="Nguyễn Văn A")
    await schedules.tick()

    assert diary.keys == [f"{id}-20261122T0200"]
    assert await told(schedules, id) == [("done", "xong")]
    assert not await schedules.run_again(id, due.due, asked_by="Nguyễn Văn A")


async def test_a_clock_that_leaps_forward_makes_everything_wait_for_a_person(
    schedules, diary, clock, real_time
):
    id = await added(schedules, daily(lateness=timedelta(days=1)))
    await schedules.tick()

    clock.advance(minutes=45)
    real_time.leapt = timedelta(minutes=40)
    assert await schedules.tick() == 0
    [hold] = await schedules.holds()
    assert hold.cause == CLOCK_LEAPT
    clock.advance(minutes=1)
    assert await schedules.tick() == 0

    assert await schedules.release(CLOCK_LEAPT)
    assert await schedules.tick() == 1
    assert diary.keys == [f"{id}-20261122T0200"]


async def test_a_leap_while_the_database_is_away_makes_everything_wait_once_it_is_back(
    schedules, database, diary, clock, real_time
):
    """A machine that slept: its clock is hours on, and its connections are dead."""
    weather = Weather(Random(0))
    woken = Schedules(
        Faulty(database, weather, lambda: False, None), {"diary": diary}, clock, passed=real_time
    )
    await added(woken, daily(lateness=timedelta(days=1)))
    await woken.tick()

    clock.advance(hours=5)
    real_time.leapt, weather.is_away = timedelta(hours=5), True
    with pytest.raises(Unavailable):
        await woken.tick()
    clock.advance(seconds=20)
    weather.is_away = False
    await woken.tick()

    assert diary.keys == []
    assert [hold.cause for hold in await schedules.holds()] == [CLOCK_LEAPT]


async def test_a_clock_that_is_put_back_repeats_nothing(schedules, diary, clock, real_time):
    await added(schedules, daily())
    clock.advance(minutes=31)
    await schedules.tick()

    clock.advance(hours=-5)
    await schedules.tick()
    clock.advance(hours=5, minutes=1)
    await schedules.tick()

    assert len(diary.keys) == 1


async def test_one_that_cannot_be_read_keeps_nobody_waiting(schedules, database, diary, clock):
    broken = await added(schedules, daily())
    whole = await added(schedules, daily())
    async with database.transaction() as tx:
        row = await tx.schedules.get(broken)
        row.calendar = json.dumps({"rule": "sometimes"})
        await tx.schedules.change(row)
    clock.advance(minutes=31)

    await schedules.tick()

    assert diary.keys == [f"{whole}-20261122T0200"]


async def test_processes_that_begin_at_once_make_the_same_schedule_once(
    database: Database, schedules: Schedules, clock: Callable[[], datetime], diary: Diary
):
    beginning = [Schedules(database, {"deed": diary}, clock) for _ in range(8)]

    made = await asyncio.gather(
        *(each.add(daily(), purpose="deed", title="Việc", unit=None, owner="A", id="x") for each in beginning)
    )

    assert [each.row.id for each in made] == ["x"] * 8
    assert [each.row.id for each in await schedules.all()] == ["x"]
    noted = [line.action async for line in AuditTrail(database).everything()]
    assert noted.count("schedule.add") == 1
