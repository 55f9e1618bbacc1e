"""What a province lets happen by itself: waves that open on their day, once, and close on theirs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from handlers.happenings import OPEN_WAVE, WaveOpening
from handlers.schedules import NotNow, Occasion, Schedules
from handlers.units import load_seed
from handlers.waves import Waves
from storage.database import Database
from storage.vault import Vault
from surveys.schedules import Monthly, Once, Relative, Schedule, YearlyDay, following, told_due
from surveys.schedules.quiet import QuietCalendar
from surveys.schedules.standard import REMIND_OFFICERS, standing_orders
from surveys.schedules.subjects import WaveWanted
from surveys.waves import Audience

PROVINCE, WARD = "86", "29242"
VISITS = {
    "form": "tham_luot",
    "slug": "tham-luot-{year}-{month:02}",
    "title": "Lượt đến trụ sở, tháng {month}/{year}",
    "audience": "visits",
    "until": "month_end",
}


@pytest.fixture
async def waves(database: Database, vault: Vault, clock) -> Waves:
    await load_seed(database)
    return Waves(database, vault, clock)


@pytest.fixture
def opening(database: Database, waves: Waves) -> WaveOpening:
    return WaveOpening(database, waves)


def an_occasion(subject: Mapping[str, Any], unit: str = PROVINCE) -> Occasion:
    due = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # midnight in Trà Vinh, the first of December
    return Occasion("s", due, OPEN_WAVE, "Đợt", unit, subject, timedelta(0))


async def test_a_month_of_visits_opens_and_is_open_until_its_end(opening, database, clock):
    told = await opening(an_occasion(VISITS))
    again = await opening(an_occasion(VISITS))

    assert told == again == "Đã mở đợt tham-luot-2026-12 ở 6 đơn vị, đến hết 31/12/2026."
    async with database.reading() as tx:
        [wave] = await tx.waves.all()
        units = await tx.wave_units.all()
    assert (wave.slug, wave.title, wave.state) == (
        "tham-luot-2026-12",
        "Lượt đến trụ sở, tháng 12/2026",
        "open",
    )
    assert wave.opens_at == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert wave.closes_at == datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert len(units) == 6


async def test_a_ward_may_have_one_of_its_own(opening, database):
    told = await opening(an_occasion({**VISITS, "until": None, "days": 5}, WARD))

    assert told == "Đã mở đợt tham-luot-2026-12 ở 1 đơn vị, đến hết 05/12/2026."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": ""}, "thiếu “slug”"),
        ({"slug": "{week}"}, "chỉ dùng được"),
        ({"title": "{year.real}"}, "chỉ dùng được"),
        ({"audience": "everybody"}, "đối tượng"),
        ({"until": None}, "“days”"),
        ({"until": None, "days": 400}, "“days”"),
        ({"form": "khong_co"}, "Chưa có phiếu khong_co"),
        ({"form": "tham_luot", "version": "1900"}, "Chưa có phiếu tham_luot 1900"),
    ],
)
async def test_what_cannot_be_opened_says_why(opening, change, said):
    with pytest.raises(NotNow, match=said):
        await opening(an_occasion({**VISITS, **change}))


async def test_a_unit_there_is_not(opening):
    with pytest.raises(NotNow, match="Không có phường"):
        await opening(an_occasion(VISITS, "99999"))


async def test_another_wave_of_that_name_stays_as_it_is(opening):
    await opening(an_occasion(VISITS))

    with pytest.raises(NotNow, match="Không mở được đợt tham-luot-2026-12"):
        await opening(an_occasion({**VISITS, "form": "dien_dan"}))


@pytest.mark.parametrize(
    ("unit", "days"), [(PROVINCE, 1), (WARD, 0)], ids=["on another day", "somewhere else"]
)
async def test_a_wave_that_cannot_be_told_from_one_that_was_there_is_not_said_to_be_open(
    opening, database, unit, days
):
    first = an_occasion(VISITS)
    await opening(first)

    with pytest.raises(NotNow, match="Đã có đợt tham-luot-2026-12 khác"):
        await opening(replace(first, unit=unit, due=first.due + timedelta(days=days)))

    async with database.reading() as tx:
        [wave] = await tx.waves.all()
    assert wave.opens_at == first.due


@pytest.mark.parametrize(
    "rules",
    [
        (Once(date(2026, 3, 1)), Once(date(2026, 9, 1))),
        (Relative(3, YearlyDay(3, 1)), Relative(3, YearlyDay(9, 1))),
        (Once(date(2026, 3, 1)), Once(date(2026, 3, 20))),
    ],
    ids=["on two days", "after two days", "twice in a month"],
)
async def test_a_form_that_is_asked_twice_in_a_year_is_two_waves(opening, database, waves, clock, rules):
    """Named by the program: whoever schedules them gave none of them a name."""
    wanted = WaveWanted("hang_nam_nguoi_dan", "Phiếu người dân", Audience.RESIDENTS, days=10)

    for rule in rules:
        schedule = Schedule(rule, time(8), date(2026, 1, 1))
        due = following(schedule, datetime(2026, 1, 1, tzinfo=UTC), 1)[0]
        clock.moment = due
        await waves.advance()
        occasion = an_occasion(wanted.subject(rule, None))
        await opening(replace(occasion, due=due))

    async with database.reading() as tx:
        assert len({wave.slug for wave in await tx.waves.all()}) == 2


async def test_months_that_open_and_close_by_themselves(opening, database, waves, clock):
    schedules = Schedules(database, {OPEN_WAVE: opening}, clock, passed=lambda: clock().timestamp())
    await schedules.add(
        Schedule(Monthly(1), time(0), date(2026, 12, 1), lateness=timedelta(days=25)),
        purpose=OPEN_WAVE,
        title="Lượt đến trụ sở",
        unit=PROVINCE,
        owner="A",
        subject=VISITS,
    )

    for _ in range(38):
        clock.advance(days=4)
        await schedules.tick()
        await waves.advance()

    async with database.reading() as tx:
        states = {wave.slug: wave.state for wave in await tx.waves.all()}
    assert len(states) == 5
    assert states["tham-luot-2027-02"] == "released"
    assert states["tham-luot-2027-04"] == "open"


# ── What we propose ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_year_we_propose(opening):
    orders = {each.id: each for each in standing_orders(date(2026, 1, 1))}

    next_one = {
        id: told_due(due[0])
        if (due := following(each.schedule, datetime(2026, 1, 1, tzinfo=UTC), 1))
        else "không"
        for id, each in orders.items()
    }

    assert next_one["residents"] == "thứ Năm, 01/10/2026, 08:00"
    assert next_one["forum"] == "thứ Năm, 20/08/2026, 08:00"
    assert [
        next_one[f"report-{month}-{day}"][-17:-7] for month, day in ((10, 15), (11, 1), (11, 8), (11, 14))
    ] == [
        "15/10/2026",
        "01/11/2026",
        "08/11/2026",
        "14/11/2026",
    ]
    for each in orders.values():
        assert each.source, each.id
        if each.purpose == OPEN_WAVE:
            await opening(
                Occasion(
                    each.id,
                    datetime(2026, 11, 30, tzinfo=UTC),
                    OPEN_WAVE,
                    "",
                    PROVINCE,
                    each.subject,
                    timedelta(0),
                )
            )
        elif each.purpose == REMIND_OFFICERS:
            assert each.subject["about"] == each.title
        else:
            # What follows a wave waits for one, and is spread.
            assert next_one[each.id] == "không"
            assert each.schedule.over > timedelta(0)
            assert "do Lắng Nghe đề xuất" in each.source


def test_quiet_days():
    calendar = QuietCalendar(added=[date(2027, 2, 11)], taken_away=[date(2027, 1, 1)])

    assert date(2027, 2, 6) in calendar
    assert calendar.name(date(2027, 2, 6)) == "Tết Nguyên Đán"
    assert date(2027, 2, 11) in calendar
    assert calendar.name(date(2027, 2, 11)) == "ngày nghỉ do đơn vị đặt"
    assert date(2027, 1, 1) not in calendar
    assert calendar.name(date(2027, 3, 2)) == ""
