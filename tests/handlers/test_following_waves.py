"""Schedules that follow the waves of other schedules, from the opening by itself to the results a day after their release: each once, on its
day, for the right wave."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.app import House, opened
from bot.settings import load
from handlers.happenings import reminder_id
from handlers.schedules import Changed
from handlers.units import load_seed
from surveys.schedules import (
    ANY,
    Event,
    Monthly,
    Once,
    QuietDays,
    Relative,
    Schedule,
    described,
    following,
    from_json,
    met,
    to_json,
    told_due,
)
from surveys.schedules.purposes import Purpose
from surveys.schedules.quiet import QuietCalendar
from surveys.waves import LOCAL
from tests.conftest import Clock
from tests.storage.conftest import a_form, a_wave

PROVINCE, TODAY = "86", date(2026, 11, 22)
PULSE = {
    "form": "hang_nam_nguoi_dan",
    "slug": "{year}-{month:02}-nguoi-dan",
    "title": "Ý kiến tháng {month}/{year}",
    "audience": "residents",
    "days": 10,
}


class Life:
    """A house whose clock is moved an hour at a time."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house = house
        self.clock = clock

    async def goes_on(self, days: int, by: timedelta = timedelta(hours=1)) -> None:
        until = self.clock() + timedelta(days=days)
        while self.clock() < until:
            self.clock.advance(seconds=by.total_seconds())
            await self.house.schedules.tick()
            await self.house.waves.advance()

    async def schedules(
        self, rule: Any, purpose: Purpose, hour: int, subject: Mapping[str, Any], **more: Any
    ) -> str:
        schedule = Schedule(rule, time(hour), TODAY, lateness=timedelta(hours=5), **more)
        planned = await self.house.schedules.add(
            schedule,
            purpose=purpose,
            title=purpose,
            unit=PROVINCE,
            owner="An",
            subject=subject,
            id=f"{purpose}-{hour}",
        )
        return planned.row.id

    async def dues(self, id: str) -> list[tuple[str, str]]:
        found = await self.house.schedules.history(id)
        return [(told_due(each.due), each.state) for each in reversed(found)]

    async def campaigns(self) -> list[tuple[str, str]]:
        async with self.house.db.reading() as tx:
            found = await tx.outbox.latest(200)
        return sorted((each.campaign.kind, each.campaign.subject) for each in found)


@pytest.fixture
async def life(database_url: str, tmp_path, clock: Clock):
    begun = clock()
    settings = load(database_url=database_url, keys_dir=tmp_path / "keys")
    async with opened(settings, now=clock, passed=lambda: (clock() - begun).total_seconds()) as house:
        await load_seed(house.db)
        yield Life(house, clock)


async def test_three_days_after_an_opening_by_another_schedule(life: Life):
    """The wave is none when this is written; each month's has another name, and is about itself."""
    slug = PULSE["slug"]
    await life.schedules(Monthly(1), Purpose.OPEN_WAVE, 8, PULSE)
    invite = await life.schedules(Relative(0, Event("opening", slug)), Purpose.INVITE, 7, {})
    first = await life.schedules(Relative(3, Event("opening", slug)), Purpose.REMIND, 9, {"number": 1})
    before_the_end = await life.schedules(
        Relative(-1, Event("closing", slug)), Purpose.REMIND, 10, {"number": 2}
    )
    results = await life.schedules(Relative(1, Event("release", ANY)), Purpose.TELL_RESULTS, 9, {})
    assert [(await life.house.schedules.get(each)).row.next_due for each in (invite, first, results)] == [
        None
    ] * 3

    await life.goes_on(days=62)

    # The invitation's hour was an hour before the wave was there: late, and still within what it may be.
    assert await life.dues(invite) == [
        ("thứ Ba, 01/12/2026, 07:00", "done"),
        ("thứ Sáu, 01/01/2027, 07:00", "done"),
    ]
    assert await life.dues(first) == [
        ("thứ Sáu, 04/12/2026, 09:00", "done"),
        ("thứ Hai, 04/01/2027, 09:00", "done"),
    ]
    assert await life.dues(before_the_end) == [
        ("thứ Tư, 09/12/2026, 10:00", "done"),
        ("thứ Bảy, 09/01/2027, 10:00", "done"),
    ]
    async with life.house.db.reading() as tx:
        released = {wave.slug: wave.released_at for wave in await tx.waves.all() if wave.released_at}
    assert sorted(released) == ["2026-12-nguoi-dan", "2027-01-nguoi-dan"]
    days = [moment.astimezone(LOCAL).date() + timedelta(days=1) for moment in sorted(released.values())]
    assert await life.dues(results) == [
        (told_due(datetime.combine(day, time(9), LOCAL)), "done") for day in days
    ]
    asked = ("2026-12-nguoi-dan", "2027-01-nguoi-dan")
    assert [each for each in await life.campaigns() if each[0] != "results"] == [
        *(("invite", slug) for slug in asked),
        *(("remind", f"{slug}.{number}") for slug in asked for number in (1, 2)),
    ]
    told = [subject for kind, subject in await life.campaigns() if kind == "results"]
    assert len(told) == len(set(told)) == 12  # six wards, twice


async def test_a_wave_that_is_taken_to_its_people_plans_its_reminders(life: Life):
    subject = {**PULSE, "invite": {"sample": 20}, "remind_after_days": [3, 7]}
    opening = await life.schedules(
        Once(date(2026, 12, 1)), Purpose.OPEN_WAVE, 8, subject, over=timedelta(hours=2)
    )

    await life.goes_on(days=10)
    # Begun again, as after a crash before it could say that it was done.
    assert await life.house.schedules.run_once(opening, asked_by="An")
    slug = "2026-12-nguoi-dan"
    first, second = (reminder_id(slug, number) for number in (1, 2))
    planned = await life.house.schedules.get(first)
    assert planned.words == (
        f"3 ngày sau ngày mở đợt {slug}, 08:00, gửi rải trong 2 giờ, gặp ngày nghỉ lễ thì lùi sang ngày sau"
    )
    assert (planned.row.unit, planned.row.owner) == (PROVINCE, "An")
    await life.house.schedules.pause(second, 1)
    await life.goes_on(days=6)

    assert await life.dues(first) == [("thứ Sáu, 04/12/2026, 08:00", "done")]
    assert await life.dues(second) == []
    assert await life.campaigns() == [("invite", slug), ("remind", f"{slug}.1")]
    async with life.house.db.reading() as tx:
        standing = await tx.outbox.by_subject("invite", slug)
        wave = await tx.waves.by_slug(slug)
        assert wave is not None
        terms = await tx.wave_terms.of(wave.id or 0)
    assert standing is not None
    assert terms is not None
    assert (standing.campaign.audience.sample, standing.campaign.over) == (20, timedelta(hours=2))
    assert standing.campaign.audience.seed == terms.seed != "none"


async def test_what_reminded_of_one_wave_ends_with_it_and_what_follows_others_goes_on(life: Life):
    subject = {**PULSE, "invite": "all", "remind_after_days": [3, 7]}
    opening = await life.schedules(Once(date(2026, 12, 1)), Purpose.OPEN_WAVE, 8, subject)
    by_pattern = await life.schedules(
        Relative(5, Event("opening", PULSE["slug"])), Purpose.REMIND, 10, {"number": 2}
    )
    slug = "2026-12-nguoi-dan"
    own = [reminder_id(slug, number) for number in (1, 2)]

    async def states() -> list[str]:
        return [(await life.house.schedules.get(id)).row.state for id in (*own, by_pattern, opening)]

    await life.goes_on(days=18)  # the wave's last day, 10 December
    assert await states() == ["active"] * 4, "a person may still want one now"
    await life.goes_on(days=1)

    assert await states() == ["ended", "ended", "active", "active"]
    for id in own:
        assert len(await life.dues(id)) == 1, "what came of it stays to be seen"
        ended = [row for row in await life.house.trail.of(f"schedule:{id}") if row.action == "schedule.end"]
        assert [(row.post, row.reason) for row in ended] == [("", "Đợt đã đóng.")], "nobody did it"


async def test_what_nobody_was_there_to_do_is_skipped_before_its_schedule_ends(life: Life):
    subject = {**PULSE, "invite": "all", "remind_after_days": [3]}
    await life.schedules(Once(date(2026, 12, 1)), Purpose.OPEN_WAVE, 8, subject)
    await life.goes_on(days=10)
    own = reminder_id("2026-12-nguoi-dan", 1)
    life.clock.advance(days=20)
    await life.house.schedules.tick()
    for hold in await life.house.schedules.holds():
        await life.house.schedules.release(hold.cause)
    for _ in range(3):
        await life.house.schedules.tick()

    assert [state for _, state in await life.dues(own)] == ["skipped"]
    assert (await life.house.schedules.get(own)).row.state == "ended"


async def test_what_was_fixed_while_nobody_was_there_is_late_by_its_own_hour(life: Life):
    """A wave is written down with a day that has passed: what follows it says so, and is not forgotten."""
    id = await life.schedules(Relative(0, Event("opening", "2026")), Purpose.REMIND, 9, {"number": 1})
    life.clock.advance(days=3)
    await life.house.schedules.tick()
    async with life.house.db.transaction() as tx:
        await tx.forms.add(a_form())
        await tx.waves.add(a_wave(life.clock(), opens_at=life.clock() - timedelta(days=1), state="draft"))

    await life.house.schedules.tick()

    [(due, state)] = await life.dues(id)
    assert (due, state) == ("thứ Ba, 24/11/2026, 09:00", "skipped")


async def test_what_passed_while_it_rested_is_not_made_up_for(life: Life):
    await life.schedules(Monthly(1), Purpose.OPEN_WAVE, 8, PULSE)
    id = await life.schedules(Relative(3, Event("opening", ANY)), Purpose.REMIND, 9, {"number": 1})
    await life.house.schedules.pause(id, 1)
    await life.goes_on(days=20)
    resumed = await life.house.schedules.resume(id, 2)
    await life.goes_on(days=25)

    assert [due for due, _ in await life.dues(id)] == ["thứ Hai, 04/01/2027, 09:00"]
    with pytest.raises(Changed):
        await life.house.schedules.pause(id, resumed.row.version - 1)


# ── By itself ────────────────────────────────────────────────────────────────────────────────────────────────────

OPENED = {
    Event("opening", "2026-nguoi-dan"): date(2026, 10, 1),
    Event("closing", "2026-nguoi-dan"): date(2026, 10, 21),
    Event("opening", "2027-nguoi-dan"): date(2027, 10, 1),
    Event("opening", "dien-dan-2027"): date(2027, 10, 1),
    Event("opening", "x2026-nguoi-dan"): date(2026, 1, 1),
}


@pytest.mark.parametrize(
    ("of", "days", "waves"),
    [
        ("{year}-nguoi-dan", ["2026-10-04", "2027-10-04"], ("2027-nguoi-dan",)),
        ("2026-nguoi-dan", ["2026-10-04"], ("2026-nguoi-dan",)),
        (ANY, ["2026-01-04", "2026-10-04", "2027-10-04"], ("2027-nguoi-dan", "dien-dan-2027")),
        ("{year}-{month:02}", [], ()),
        ("2026.nguoi-dan", [], ()),
    ],
)
def test_which_waves_a_pattern_names(of: str, days: list[str], waves: tuple[str, ...]):
    rule = Relative(3, Event("opening", of))
    schedule = Schedule(rule, time(9), date(2020, 1, 1), known=OPENED)

    found = following(schedule, datetime(2020, 1, 1, tzinfo=UTC), 9)

    assert [due.date().isoformat() for due in found] == days
    assert from_json(to_json(rule)) == rule
    assert met(schedule, datetime(2030, 1, 1, tzinfo=UTC)) == waves  # by hand, years later: the last one
    if found:
        assert met(schedule, found[-1]) == waves
        assert met(schedule, found[0] - timedelta(days=1)) == ()


def test_two_days_that_become_one_are_about_both_waves():
    """30 April and 1 May are quiet: both lead to the same morning."""
    known = {Event("opening", "a"): date(2027, 4, 30), Event("opening", "b"): date(2027, 5, 1)}
    rule = Relative(0, Event("opening", ANY))
    schedule = Schedule(rule, time(9), date(2027, 1, 1), quiet_days=QuietDays.NEXT, known=known)
    quiet = QuietCalendar()

    [due] = following(schedule, datetime(2027, 1, 1, tzinfo=UTC), 9, quiet)

    assert due.date() == date(2027, 5, 2)
    assert met(schedule, due, quiet) == ("a", "b")


@pytest.mark.parametrize("of", ["{week}", "{year", "{0}", "{year.real}"])
def test_what_names_no_wave(of: str):
    with pytest.raises(ValueError, match=r".+"):
        Event("opening", of)
    with pytest.raises(ValueError, match="opening"):
        Event("birthday", "2026")


def test_in_words():
    for of, words in (
        ("2026", "3 ngày sau ngày mở đợt 2026, 09:00"),
        ("{year}-nguoi-dan", "3 ngày sau ngày mở đợt có tên dạng …-nguoi-dan, 09:00"),
        (ANY, "3 ngày sau ngày mở đợt bất kỳ, 09:00"),
    ):
        assert described(Schedule(Relative(3, Event("opening", of)), time(9), TODAY)) == words
