"""The days of every rule beside an independent oracle (dateutil's RFC 5545), and what an office expects of a calendar."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.schedules import (
    Daily,
    Event,
    Monthly,
    Once,
    QuietDays,
    Relative,
    Rule,
    Schedule,
    Weekday,
    Weekly,
    Yearly,
    dues,
    following,
    from_json,
    is_too_late,
    to_json,
)
from tests.surveys.schedules.oracle import DAYS, RULES, by_the_oracle


@given(RULES, DAYS)
def test_days_are_those_of_the_oracle(rule: Rule, since: date) -> None:
    assert list(islice(rule.days(since, {}), 30)) == list(islice(by_the_oracle(rule, since), 30))


@given(RULES)
def test_a_rule_is_read_as_it_was_kept(rule: Rule) -> None:
    assert from_json(to_json(rule)) == rule


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"rule": "sometimes"},
        {"rule": "monthly", "day": 0},
        {"rule": "monthly", "day": 32},
        {"rule": "monthly", "day": 1, "months": []},
        {"rule": "monthly", "day": 1, "months": [13]},
        {"rule": "monthly", "day": "1"},
        {"rule": "nth_weekday", "nth": 5, "weekday": 0},
        {"rule": "nth_weekday", "nth": 1, "weekday": 7},
        {"rule": "weekly", "weekdays": [], "first": "2026-01-01"},
        {"rule": "daily", "first": "2026-02-30"},
        {"rule": "daily", "first": "2026-01-01", "every": 0},
        {"rule": "yearly", "month": 2, "day": 30},
        {"rule": "relative", "days_after": 3, "to": "opening"},
        {"rule": "once", "on": None},
        {"rule": "once", "on": "2026-01-01", "at": "08:00"},
    ],
)
def test_what_is_no_rule_says_so(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(given)


# ── Moments ──────────────────────────────────────────────────────────────────────────────────────────────────────

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def at_eight(rule: Rule, **given: object) -> Schedule:
    return Schedule(rule, time(8), date(2026, 1, 1), **given)  # type: ignore[arg-type]


def days_of(
    schedule: Schedule, after: datetime, count: int, quiet: frozenset[date] = frozenset()
) -> list[str]:
    return [f"{due:%Y-%m-%d %H:%M}" for due in following(schedule, after, count, quiet)]


def test_eight_in_the_morning_is_one_by_utc() -> None:
    assert days_of(at_eight(Yearly(11, 15)), NEW_YEAR, 1) == ["2027-11-15 01:00"]


def test_a_moment_itself_is_not_after_it() -> None:
    schedule = at_eight(Daily(date(2026, 1, 1)))
    [first] = following(schedule, NEW_YEAR, 1)

    [second] = following(schedule, first, 1)

    assert second - first == timedelta(days=1)


@given(
    RULES, st.integers(0, 15_000).map(lambda days: datetime(2020, 1, 1, 5, tzinfo=UTC) + timedelta(days=days))
)
def test_asking_from_each_due_on_gives_what_asking_once_gives(rule: Rule, after: datetime) -> None:
    schedule = Schedule(rule, time(23, 59), date(1996, 1, 1), quiet_days=QuietDays.NEXT)
    quiet = {date(2026, 2, day) for day in range(14, 23)}
    at_once = following(schedule, after, 6, quiet)

    one_by_one = []
    while len(one_by_one) < len(at_once):
        [due] = following(schedule, one_by_one[-1] if one_by_one else after, 1, quiet)
        one_by_one.append(due)

    assert tuple(one_by_one) == at_once


def test_a_year_without_a_29_february_has_the_28th() -> None:
    assert days_of(at_eight(Yearly(2, 29)), NEW_YEAR, 2) == ["2027-02-28 01:00", "2028-02-29 01:00"]


def test_every_month_has_an_end() -> None:
    assert days_of(at_eight(Monthly(31)), NEW_YEAR, 3) == [
        "2027-01-31 01:00",
        "2027-02-28 01:00",
        "2027-03-31 01:00",
    ]


def test_it_starts_and_ends_on_its_days() -> None:
    schedule = Schedule(Daily(date(2026, 1, 1)), time(8), date(2027, 3, 1), ends_on=date(2027, 3, 2))

    assert days_of(schedule, NEW_YEAR, 9) == ["2027-03-01 01:00", "2027-03-02 01:00"]


def test_three_days_after_an_opening_is_known_when_the_opening_is() -> None:
    opening = Event("opening", "nam-2027")

    assert days_of(at_eight(Relative(3, opening)), NEW_YEAR, 1) == []
    assert days_of(at_eight(Relative(3, opening), known={opening: date(2027, 10, 1)}), NEW_YEAR, 2) == [
        "2027-10-04 01:00"
    ]


TET = frozenset(date(2027, 2, day) for day in range(4, 11))


def test_on_quiet_days_nothing_happens_or_only_afterwards() -> None:
    weekly = Weekly((Weekday.THURSDAY,), date(2026, 1, 1))
    before = datetime(2027, 2, 1, tzinfo=UTC)

    assert days_of(at_eight(weekly), before, 1, TET) == ["2027-02-04 01:00"]
    assert days_of(at_eight(weekly, quiet_days=QuietDays.SKIP), before, 1, TET) == ["2027-02-11 01:00"]
    # The Thursday of Tết moves to the next Thursday, and is that one.
    assert days_of(at_eight(weekly, quiet_days=QuietDays.NEXT), before, 2, TET) == [
        "2027-02-11 01:00",
        "2027-02-18 01:00",
    ]


def test_what_moved_past_the_moment_one_asks_from_is_still_to_come() -> None:
    during = datetime(2027, 2, 8, tzinfo=UTC)

    assert days_of(at_eight(Yearly(2, 4), quiet_days=QuietDays.NEXT), during, 1, TET) == ["2027-02-11 01:00"]


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/New_York", date(2027, 3, 14), "2027-03-14 07:30"),  # 02:30 is left out: it is 03:30
        ("America/New_York", date(2027, 11, 7), "2027-11-07 05:30"),  # 01:30 comes twice: the first
        ("Asia/Ho_Chi_Minh", date(2027, 12, 31), "2027-12-30 18:30"),
    ],
)
def test_clocks_that_are_put_forward_and_back(zone: str, day: date, expected: str) -> None:
    at = time(2, 30) if day.month == 3 else time(1, 30)
    schedule = Schedule(Once(day), at, date(2027, 1, 1), zone=zone)

    assert days_of(schedule, NEW_YEAR, 2) == [expected]


def test_late_is_later_than_it_may_be() -> None:
    schedule = at_eight(Once(date(2027, 5, 1)), lateness=timedelta(hours=2))
    [due] = dues(schedule, NEW_YEAR)

    assert not is_too_late(schedule, due, due + timedelta(hours=2))
    assert is_too_late(schedule, due, due + timedelta(hours=2, seconds=1))


@pytest.mark.parametrize(
    "given",
    [
        {"ends_on": date(2025, 12, 31)},
        {"lateness": timedelta(0)},
        {"over": timedelta(seconds=-1)},
        {"zone": "Asia/Saigon_Hoa"},
    ],
)
def test_a_schedule_that_cannot_be(given: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        at_eight(Daily(date(2026, 1, 1)), **given)
