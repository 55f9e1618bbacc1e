"""Two provinces in one house, and both take what we propose: each has waves of its own, and whatever follows these follows its own."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest

from handlers.calendar import Calendar
from handlers.happenings import OfficersReminded, ResultsTold, WaveOpening
from handlers.inviting import Inviting, Reminding
from handlers.notice_templates import NoticeTemplates
from handlers.planning import Planning, Wanted
from handlers.schedules import Schedules
from handlers.units import load_seed
from handlers.waves import Waves
from storage import rows
from storage.database import Database
from storage.vault import Vault
from surveys.calendar import Kind
from surveys.reminding import INVITE, REMIND
from surveys.rights import Actor, Role
from surveys.schedules import Event, Relative, Schedule, Yearly
from surveys.schedules.purposes import Purpose
from surveys.schedules.standard import standing_orders
from tests.conftest import Clock
from tests.handlers.test_inviting import nothing_waits

ONE, OTHER = "86", "82"
WARDS = ("28249", "28252")  # of the other
DUNG = Actor("p1", "Phạm Thị Dung", "t1", Role.SUPERVISOR, ONE, "Theo dõi tỉnh")
GIANG = Actor("p2", "Võ Thị Giang", "t2", Role.SUPERVISOR, OTHER, "Theo dõi tỉnh")
RESIDENTS = {
    "form": "hang_nam_nguoi_dan",
    "slug": "{year}-nguoi-dan",
    "title": "Ý dân {year}",
    "audience": "residents",
    "days": 21,
}
PROPOSED = ("residents", "residents-invite", "residents-remind-1", "residents-remind-2")


@dataclass
class TwoProvinces:
    database: Database
    clock: Clock
    schedules: Schedules
    planning: Planning
    waves: Waves

    async def take(self, actor: Actor, *proposals: str) -> None:
        for each in proposals:
            await self.planning.take(actor, each)

    async def until(self, day: date) -> None:
        """An hour at a time, from early in the morning on."""
        self.clock.moment = datetime.combine(day, time(0), UTC)
        for _ in range(6):
            await self.schedules.tick()
            self.clock.advance(hours=1)

    async def wards_of(self, slug: str) -> set[str]:
        async with self.database.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            assert wave is not None, slug
            assert wave.id is not None
            return {each.unit for each in await tx.wave_units.of_wave(wave.id)}

    async def pushes(self) -> dict[tuple[str, str], set[str]]:
        async with self.database.reading() as tx:
            made = [each.campaign for each in await tx.outbox.latest()]
        return {(each.kind, each.subject): set(each.audience.units) for each in made}

    async def outcomes(self) -> set[str]:
        return {
            due.state
            for each in await self.schedules.all()
            for due in await self.schedules.history(each.row.id)
        }


@pytest.fixture
async def two(database: Database, vault: Vault, clock: Clock) -> TwoProvinces:
    clock.moment = datetime(2026, 9, 1, 2, tzinfo=UTC)
    await load_seed(database)
    async with database.transaction() as tx:
        await tx.units.upsert_many(
            [
                a_unit(OTHER, "Tỉnh Đồng Tháp", "province", None),
                *(a_unit(each, "Phường Thử", "ward", OTHER) for each in WARDS),
            ]
        )
    waves = Waves(database, vault, clock)
    schedules = Schedules(
        database,
        {
            Purpose.OPEN_WAVE: WaveOpening(database, waves),
            Purpose.INVITE: Inviting(database, clock, nothing_waits),
            Purpose.REMIND: Reminding(database, clock),
            Purpose.TELL_RESULTS: ResultsTold(database, clock),
            Purpose.REMIND_OFFICERS: OfficersReminded(database, clock),
        },
        clock,
        passed=lambda: clock().timestamp(),
    )
    planning = Planning(database, schedules, NoticeTemplates(database, clock), clock)
    return TwoProvinces(database, clock, schedules, planning, waves)


def a_unit(code: str, name: str, kind: str, province: str | None) -> rows.Unit:
    return rows.Unit(
        code=code,
        name=name,
        kind=kind,
        province=province,
        valid_from=date(2025, 7, 1),
        valid_to=None,
        source="a test",
    )


@pytest.mark.parametrize(
    "order", [PROPOSED, tuple(reversed(PROPOSED))], ids=["opening first", "opening last"]
)
async def test_each_has_waves_of_its_own_and_people_are_asked_and_reminded_of_theirs(
    two: TwoProvinces, order: tuple[str, ...]
) -> None:
    """Whichever is taken first, and however the two get into each other's way."""
    await two.take(DUNG, *order[:2])
    await two.take(GIANG, *order)
    await two.take(DUNG, *order[2:])

    await two.until(date(2026, 10, 1))
    await two.until(date(2026, 10, 4))
    await two.until(date(2026, 10, 8))

    assert await two.wards_of("2026-nguoi-dan-82") == set(WARDS)
    own = await two.wards_of("2026-nguoi-dan")
    assert own
    assert not own & set(WARDS)
    assert await two.pushes() == {
        (INVITE, "2026-nguoi-dan"): own,
        (REMIND, "2026-nguoi-dan.1"): own,
        (REMIND, "2026-nguoi-dan.2"): own,
        (INVITE, "2026-nguoi-dan-82"): set(WARDS),
        (REMIND, "2026-nguoi-dan-82.1"): set(WARDS),
        (REMIND, "2026-nguoi-dan-82.2"): set(WARDS),
    }
    assert await two.outcomes() == {"done"}


async def test_the_only_province_keeps_the_names_it_has(two: TwoProvinces) -> None:
    await two.take(DUNG, *PROPOSED)

    subjects = [each.order.subject for each in await two.planning.proposals(DUNG)]

    as_we_call_them = [each.subject for each in standing_orders(date(2026, 9, 1))]
    assert [each.get("slug") for each in subjects] == [each.get("slug") for each in as_we_call_them]
    await two.until(date(2026, 10, 1))
    assert await two.wards_of("2026-nguoi-dan")


async def test_only_what_somebody_else_calls_so_is_called_otherwise(two: TwoProvinces) -> None:
    await two.take(DUNG, "residents")

    await two.take(GIANG, "visits", "residents", "businesses")

    slugs = {
        each.row.id: each.row.subject.split('"slug": "')[1].split('"')[0]
        for each in await two.schedules.all()
        if each.row.unit == OTHER
    }
    assert slugs == {
        "82-visits": "tham-luot-{year}-{month:02}",
        "82-residents": "{year}-nguoi-dan-82",
        "82-businesses": "{year}-doanh-nghiep",
    }


async def follows(two: TwoProvinces, unit: str, of: str) -> None:
    await two.schedules.add(
        Schedule(Relative(0, Event("opening", of)), time(9), date(2026, 9, 1), lateness=timedelta(hours=20)),
        purpose=Purpose.INVITE,
        title="Mời",
        unit=unit,
        owner="An",
        subject={"invite": "all"},
        id=f"{unit}-asks",
    )


@pytest.mark.parametrize("of", ["form:hang_nam_nguoi_dan", "*"])
async def test_what_one_follows_is_not_due_because_the_other_ones_wave_opens(
    two: TwoProvinces, of: str
) -> None:
    await two.take(DUNG, "residents")
    opens = Wanted(
        Purpose.OPEN_WAVE,
        "Phiếu người dân",
        OTHER,
        Schedule(Yearly(10, 12), time(8), date(2026, 9, 1), lateness=timedelta(days=2)),
        {**RESIDENTS, "slug": "y-dan-{year}"},
    )
    await two.planning.add(GIANG, opens)
    for unit in (ONE, OTHER):
        await follows(two, unit, of)

    begin = two.clock()
    foreseen = {
        actor.unit: {
            (each.wave, each.at.day)
            for each in (
                await Calendar(two.database, two.schedules, two.clock).between(
                    actor, begin, begin + timedelta(days=60)
                )
            ).happenings
            if each.kind is Kind.PUSH
        }
        for actor in (DUNG, GIANG)
    }
    await two.until(date(2026, 10, 1))
    await two.until(date(2026, 10, 12))

    assert foreseen == {ONE: {("2026-nguoi-dan", 1)}, OTHER: {("y-dan-2026", 12)}}
    assert [len(await two.schedules.history(f"{unit}-asks")) for unit in (ONE, OTHER)] == [1, 1]
    assert await two.outcomes() == {"done"}
    assert set(await two.pushes()) == {(INVITE, "2026-nguoi-dan"), (INVITE, "y-dan-2026")}


async def test_what_follows_a_wave_follows_it_under_the_name_its_province_gave_it(two: TwoProvinces) -> None:
    await two.schedules.add(
        Schedule(Yearly(10, 1), time(8), date(2026, 9, 1), lateness=timedelta(days=2)),
        purpose=Purpose.OPEN_WAVE,
        title="Phiếu người dân",
        unit=OTHER,
        owner="Võ Thị Giang",
        subject={**RESIDENTS, "slug": "y-dan-{year}"},
        id=f"{OTHER}-residents",
    )

    await two.take(GIANG, "residents-invite")
    await two.until(date(2026, 10, 1))

    assert await two.pushes() == {(INVITE, "y-dan-2026"): set(WARDS)}
