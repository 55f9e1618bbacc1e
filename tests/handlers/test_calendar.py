"""Everything that is coming and has happened, side by side, as far as whoever looks may see."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from handlers.calendar import Calendar, Shown
from handlers.happenings import OPEN_WAVE, WaveOpening
from handlers.notices import Notices
from handlers.schedules import NotNow, Occasion, Schedules
from handlers.units import load_seed
from handlers.waves import Waves
from storage.database import Database
from storage.vault import Vault
from surveys.calendar import Happening, Kind, Rule, Standing
from surveys.delivery import Audience, Campaign
from surveys.rights import NotAllowed, Role
from surveys.schedules import Daily, Event, Once, QuietDays, Relative, Schedule, Yearly
from surveys.schedules.purposes import Purpose
from surveys.schedules.standard import standing_orders
from surveys.waves import GRACE, LAST_ONES, LOCAL
from surveys.windows import Purpose as For
from tests.conftest import Clock
from tests.handlers.notice_desk import (
    CHIEF,
    LONG_DUC,
    OFFICER,
    PROVINCE,
    SUPERVISOR,
    TRA_VINH,
    a_draft,
    actor,
)

OPERATOR = actor("p-khanh", "Hồ Văn Khánh", Role.OPERATOR, PROVINCE)
AUDITOR = actor("p-hai", "Bùi Văn Hải", Role.AUDITOR, PROVINCE)
FORUM: dict[str, Any] = {
    "form": "dien_dan",
    "slug": "dien-dan-{year}",
    "title": "Sau diễn đàn năm {year}",
    "audience": "forum",
    "days": 10,
}
A_DAY = timedelta(days=1)
LATENESS = 2 * A_DAY


def at(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), LOCAL)


class Town:
    """A province's clock, and a calendar of it."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self.db, self.clock = database, clock
        self.told: list[str] = []
        self.waves = Waves(database, vault, clock)
        deeds = {purpose.value: self.tell for purpose in Purpose} | {
            OPEN_WAVE: WaveOpening(database, self.waves)
        }
        self.schedules = Schedules(database, deeds, clock)
        self.notices = Notices(database, clock)
        self.calendar = Calendar(database, self.schedules, clock)

    @property
    def today(self) -> date:
        return self.clock().astimezone(LOCAL).date()

    async def tell(self, occasion: Occasion) -> str:
        self.told.append(occasion.title)
        if "hỏng" in occasion.title:
            raise NotNow("Không còn mẫu thông báo này.")
        return "Đã làm."

    async def plans(self, id: str, rule: Any, purpose: str = OPEN_WAVE, hour: int = 8, **more: Any) -> None:
        schedule = Schedule(
            rule, time(hour), self.today, lateness=LATENESS, quiet_days=more.pop("quiet", QuietDays.KEEP)
        )
        await self.schedules.add(
            schedule,
            purpose=purpose,
            title=more.pop("title", id),
            unit=more.pop("unit", PROVINCE),
            owner="Phạm Thị Dung",
            subject=more.pop("subject", FORUM),
            id=id,
        )

    async def sees(self, who=SUPERVISOR, begin: date | None = None, days: int = 60) -> Shown:
        first = at(begin or self.today)
        return await self.calendar.between(who, first, first + days * A_DAY)


@pytest.fixture
async def town(database: Database, vault: Vault, clock: Clock) -> Town:
    await load_seed(database)
    return Town(database, vault, clock)


def told(shown: Shown) -> list[tuple[Kind, Standing, datetime]]:
    return [(each.kind, each.standing, each.at) for each in shown.happenings]


# ── What is coming ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_wave_that_will_open_shows_its_whole_life(town: Town):
    opens = town.today + 3 * A_DAY
    await town.plans("forum", Once(opens))

    shown = await town.sees()

    ends, sealed = at(opens + 10 * A_DAY), at(opens + 10 * A_DAY) + GRACE + LAST_ONES
    assert told(shown) == [
        (Kind.OPEN, Standing.AHEAD, at(opens, 8)),
        (Kind.CLOSE, Standing.AHEAD, ends),
        (Kind.SEAL, Standing.AHEAD, sealed),
        (Kind.DESTROY_KEY, Standing.AHEAD, sealed),
        (Kind.RELEASE, Standing.AHEAD, sealed),
    ]
    assert {each.title for each in shown.happenings} == {f"Sau diễn đàn năm {opens.year}"}
    assert all(len(each.units) == 6 for each in shown.happenings)
    assert [each.is_reckoned for each in shown.happenings] == [False, True, True, True, True]


async def test_its_invitation_and_reminders_come_along_and_midnight_waits_for_the_morning(town: Town):
    opens = town.today + 3 * A_DAY
    subject = {**FORUM, "invite": "all", "remind_after_days": [3, 7]}
    await town.plans("forum", Once(opens), hour=0, subject=subject)

    shown = await town.sees()

    pushed = [each for each in shown.happenings if each.kind in (Kind.PUSH, Kind.REMIND)]
    assert [each.at for each in pushed] == [at(opens + days * A_DAY, 7) for days in (0, 3, 7)]
    assert shown.collisions == ()


async def test_what_follows_a_wave_is_told_before_there_is_one(town: Town):
    opens = town.today + 3 * A_DAY
    await town.plans("forum", Once(opens))
    for id, days, event, purpose in (
        ("invite", 0, "opening", Purpose.INVITE),
        ("remind", 3, "opening", Purpose.REMIND),
        ("late", 1, "closing", Purpose.REMIND),
        ("results", 1, "release", Purpose.TELL_RESULTS),
    ):
        rule = Relative(days, Event(event, "dien-dan-{year}"))
        await town.plans(id, rule, purpose, 9, subject={})

    shown = await town.sees()

    followed = [each for each in shown.happenings if each.of != "schedule:forum"]
    released = opens + 10 * A_DAY + GRACE
    assert [(each.kind, each.at) for each in followed] == [
        (Kind.PUSH, at(opens, 9)),
        (Kind.REMIND, at(opens + 3 * A_DAY, 9)),
        (Kind.REMIND, at(opens + 10 * A_DAY, 9)),
        (Kind.RESULTS, at(released + A_DAY, 9)),
    ]
    assert all(each.is_reckoned and each.wave == f"dien-dan-{opens.year}" for each in followed)
    assert {each.about for each in followed} == {f"Sau diễn đàn năm {opens.year}"}
    assert {each.about for each in shown.happenings if each not in followed} == {""}, "their titles say it"
    assert [each.rule for each in shown.collisions] == [Rule.LATE_REMINDER]


async def test_once_it_is_open_it_is_shown_once_and_by_what_happened(town: Town):
    await town.plans("forum", Once(town.today + A_DAY))
    town.clock.advance(days=1, hours=9)
    await town.schedules.tick()

    found = told(await town.sees(begin=town.today - A_DAY))

    assert [(kind, standing) for kind, standing, _ in found] == [
        (Kind.OPEN, Standing.DONE),
        (Kind.CLOSE, Standing.AHEAD),
        (Kind.SEAL, Standing.AHEAD),
        (Kind.DESTROY_KEY, Standing.AHEAD),
        (Kind.RELEASE, Standing.AHEAD),
    ]


async def test_a_step_that_is_overdue_says_that_somebody_has_to_look(town: Town):
    await town.plans("forum", Once(town.today + A_DAY))
    town.clock.advance(days=1, hours=9)
    await town.schedules.tick()
    town.clock.advance(days=11)

    shown = await town.sees(begin=town.today - 20 * A_DAY)

    [closing] = [each for each in shown.happenings if each.kind is Kind.CLOSE]
    assert closing.standing is Standing.WAITS
    assert "người vận hành" in closing.why


async def test_what_we_propose_for_a_year_collides_nowhere_but_on_days_off(town: Town):
    for order in standing_orders(town.today):
        await town.schedules.add(
            order.schedule,
            purpose=order.purpose,
            title=order.title,
            unit=PROVINCE,
            owner="Phạm Thị Dung",
            subject=order.subject,
            id=order.id,
        )

    shown = await town.sees(days=366)

    assert {each.rule for each in shown.collisions} <= {Rule.QUIET_CLOSE}
    assert len([each for each in shown.happenings if each.kind is Kind.OPEN]) >= 12 + 3
    assert any("Tết" in name for name in shown.quiet.values())


# ── What has happened ────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_skipped_and_what_failed_stand_there_with_the_reason(town: Town):
    about = {"title": "mẫu hỏng", "purpose": Purpose.DRAFT_NOTICE, "subject": {}}
    await town.plans("broken", Once(town.today + A_DAY), **about)
    await town.plans("late", Once(town.today + A_DAY), title="Nhắc báo cáo", purpose=Purpose.REMIND_OFFICERS)
    town.clock.advance(days=1, hours=9)
    await town.schedules.tick()
    await town.plans("down", Once(town.today + A_DAY), title="Nhắc họp", purpose=Purpose.REMIND_OFFICERS)
    town.schedules = Schedules(
        town.db, {Purpose.REMIND_OFFICERS: town.tell}, town.clock
    )  # it was down for days
    town.clock.advance(days=6)
    await town.schedules.tick()

    shown = await town.sees(begin=town.today - 20 * A_DAY)

    assert [(each.title, each.standing) for each in shown.happenings] == [
        ("Nhắc báo cáo", Standing.DONE),
        ("mẫu hỏng", Standing.SKIPPED),
        ("Nhắc họp", Standing.SKIPPED),
    ]
    assert shown.happenings[1].why == "Không còn mẫu thông báo này."
    assert "quá mức cho phép" in shown.happenings[2].why


async def test_while_everything_is_held_it_says_why(town: Town):
    await town.plans("late", Once(town.today + A_DAY), title="Nhắc báo cáo", purpose=Purpose.REMIND_OFFICERS)
    await town.schedules.hold("restored", "the database was restored")

    shown = await town.sees()

    assert [(each.cause, each.reason) for each in shown.holds] == [("restored", "the database was restored")]
    assert [each.standing for each in shown.happenings] == [Standing.AHEAD]


# ── Notices and pushes ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_notice_that_will_leave_and_one_that_nobody_has_approved(town: Town):
    ahead = at(town.today + 2 * A_DAY, 9)
    planned = await town.notices.write(OFFICER, a_draft("Phân luồng.", send_at=ahead))
    planned = await town.notices.submit(OFFICER, planned.code, planned.version)
    await town.notices.approve(CHIEF, planned.code, planned.version)
    waiting = await town.notices.write(OFFICER, a_draft("Cúp điện.", send_at=ahead + A_DAY))
    await town.notices.submit(OFFICER, waiting.code, waiting.version)
    await town.notices.write(OFFICER, a_draft("Đang soạn.", send_at=ahead + A_DAY))

    shown = await town.sees()

    assert [(each.title, each.standing, each.at) for each in shown.happenings] == [
        ("Phân luồng.", Standing.AHEAD, ahead),
        ("Cúp điện.", Standing.WAITS, ahead + A_DAY),
    ]
    assert told(await town.sees(OFFICER)) == told(shown)
    assert told(await town.sees(OPERATOR)) == [], "operators keep machines, and read nobody's notices"
    assert told(await town.sees(replace(OFFICER, unit=TRA_VINH))) == [], "nor does another ward"


async def test_a_push_is_one_thing_however_many_wards_it_goes_to(town: Town):
    await town.plans("forum", Once(town.today + A_DAY))
    town.clock.advance(days=1, hours=9)
    await town.schedules.tick()
    slug = f"dien-dan-{town.today.year}"
    leaves = at(town.today + A_DAY, 9)
    async with town.db.transaction() as tx:
        for unit in (LONG_DUC, TRA_VINH):
            campaign = Campaign("results", f"{slug}.{unit}", For.NOTICE, Audience((unit,)), leaves)
            await tx.outbox.create(campaign)
        paused = await tx.outbox.create(Campaign("invite", slug, For.NOTICE, Audience((LONG_DUC,)), leaves))
        await tx.outbox.pause(paused, "three people failed alike")

    shown = await town.sees()

    found = [each for each in shown.happenings if each.kind in (Kind.RESULTS, Kind.PUSH)]
    assert [(each.kind, each.standing, each.units, each.wave) for each in found] == [
        (Kind.PUSH, Standing.WAITS, (LONG_DUC,), slug),
        (Kind.RESULTS, Standing.AHEAD, (TRA_VINH, LONG_DUC), slug),
    ]
    assert found[0].why == "three people failed alike"


# ── Whose calendar it is ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_ward_sees_what_concerns_it_and_no_other_wards_name(town: Town):
    await town.plans(
        "own", Once(town.today + A_DAY), unit=TRA_VINH, subject={**FORUM, "slug": "rieng-{year}"}
    )
    await town.plans("all", Once(town.today + 2 * A_DAY))

    shown = await town.sees(OFFICER)

    assert {each.units for each in shown.happenings} == {(LONG_DUC,)}
    assert {each.wave for each in shown.happenings} == {f"dien-dan-{(town.today + 2 * A_DAY).year}"}
    assert [place.code for place in shown.places] == [LONG_DUC]


async def test_two_wards_of_one_province_collide_only_where_both_are_asked(town: Town):
    await town.plans(
        "own", Once(town.today + A_DAY), unit=TRA_VINH, subject={**FORUM, "slug": "rieng-{year}"}
    )
    await town.plans("all", Once(town.today + 2 * A_DAY))

    [clash] = (await town.sees()).collisions

    assert (clash.rule, clash.units) == (Rule.OVERLAP, (TRA_VINH,))
    assert (await town.sees(OFFICER)).collisions == (), "not in this ward"
    assert (await town.sees(begin=town.today + 40 * A_DAY)).collisions == (), "nor on other days"


async def test_chores_are_for_whoever_serves_the_province(town: Town):
    await town.plans("chore", Daily(town.today), Purpose.BACKUP, 2, unit=None, subject={})

    assert {each.kind for each in (await town.sees(OPERATOR, days=3)).happenings} == {Kind.CHORE}
    assert (await town.sees(OFFICER, days=3)).happenings == ()


async def test_whoever_has_no_right_to_schedules_sees_no_calendar(town: Town):
    with pytest.raises(NotAllowed):
        await town.sees(AUDITOR)


async def test_a_day_that_a_province_took_off_is_called_by_its_name(town: Town):
    await town.plans("late", Yearly(4, 30), title="Nhắc", purpose=Purpose.REMIND_OFFICERS)

    shown = await town.sees(days=366)

    thirtieth = next(day for day in shown.quiet if (day.month, day.day) == (4, 30))
    assert shown.quiet[thirtieth] == "Ngày Chiến thắng"
    [reminder] = shown.happenings
    assert isinstance(reminder, Happening)
    assert reminder.kind is Kind.OFFICERS


# ── The next thing ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_next_thing_is_the_first_after_a_moment_and_never_a_chore(town: Town):
    await town.plans("chore", Daily(town.today), Purpose.BACKUP, 2, unit=None, subject={})
    await town.plans("forum", Once(town.today + 3 * A_DAY))
    now = town.clock()

    first = await town.calendar.next_after(SUPERVISOR, now, 60 * A_DAY)
    assert first is not None
    second = await town.calendar.next_after(SUPERVISOR, first.at, 60 * A_DAY)

    assert second is not None
    assert [first.kind, second.kind] == [Kind.OPEN, Kind.CLOSE]
    assert await town.calendar.next_after(SUPERVISOR, now, A_DAY) is None
