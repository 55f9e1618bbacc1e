"""Where two things get into each other's way: what is said beforehand, and what is not."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.calendar import (
    APART,
    Collision,
    Happening,
    Kind,
    Rule,
    Standing,
    asks_the_same,
    collisions,
    last_day,
)
from surveys.schedules.quiet import QuietCalendar
from surveys.waves import LOCAL, Audience

LONG_DUC, TRA_VINH, CANG_LONG = "29263", "29242", "29254"
QUIET = QuietCalendar()
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


def at(month: int, day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=LOCAL)


def a_push(moment: datetime, wave: str = "2027-nguoi-dan", **more: Any) -> Happening:
    return replace(Happening(Kind.PUSH, moment, wave, (LONG_DUC, TRA_VINH), wave=wave), **more)


def a_wave(
    opens: datetime, closes: datetime, wave: str, audience: Audience = Audience.RESIDENTS
) -> tuple[Happening, Happening]:
    opening = Happening(
        Kind.OPEN, opens, wave, (LONG_DUC, TRA_VINH), wave=wave, audience=audience, until=closes
    )
    return opening, replace(opening, kind=Kind.CLOSE, at=closes, audience=None, until=None)


def found(*happenings: Happening) -> list[tuple[Rule, tuple[str, ...]]]:
    return [(each.rule, each.units) for each in collisions(happenings, QUIET.name)]


# ── Two surveys at the same doors ────────────────────────────────────────────────────────────────────────────────


def test_two_surveys_pushed_to_a_ward_within_two_days_collide_there_and_only_there():
    first = a_push(at(10, 1))
    second = a_push(at(10, 2), "2027-doanh-nghiep", units=(TRA_VINH, CANG_LONG))

    assert found(first, second) == [(Rule.TWO_PUSHES, (TRA_VINH,))]


def test_two_days_apart_is_far_enough():
    first = a_push(at(10, 1))

    assert found(first, a_push(first.at + APART, "2027-doanh-nghiep")) == []
    assert found(first, a_push(first.at + APART - timedelta(minutes=1), "2027-doanh-nghiep")) != []


def test_a_reminder_of_one_survey_is_as_much_a_survey_as_another_ones_invitation():
    reminder = a_push(at(10, 4), kind=Kind.REMIND)
    other = a_push(at(10, 5), "2027-doanh-nghiep")

    assert found(reminder, other) == [(Rule.TWO_PUSHES, (LONG_DUC, TRA_VINH))]


def test_one_surveys_own_reminder_does_not_collide_with_its_invitation():
    assert found(a_push(at(10, 1)), a_push(at(10, 2), kind=Kind.REMIND)) == []


@pytest.mark.parametrize("standing", [Standing.SKIPPED, Standing.FAILED])
def test_what_never_left_is_in_nobodys_way(standing):
    assert found(a_push(at(10, 1), standing=standing), a_push(at(10, 2), "2027-doanh-nghiep")) == []


def test_what_is_over_on_both_sides_is_not_said_any_more():
    done = a_push(at(10, 1), standing=Standing.DONE)
    other = a_push(at(10, 2), "2027-doanh-nghiep", standing=Standing.DONE)

    assert found(done, other) == []
    assert found(done, replace(other, standing=Standing.AHEAD)) == [
        (Rule.TWO_PUSHES, (LONG_DUC, TRA_VINH))
    ], "the second can still be moved"


# ── Waves beside each other ──────────────────────────────────────────────────────────────────────────────────────


def test_two_waves_that_ask_the_same_people_at_the_same_time_collide():
    forum = a_wave(at(8, 20), at(8, 30, 0), "dien-dan-2027", Audience.FORUM)
    yearly = a_wave(at(8, 25), at(9, 15, 0), "2027-nguoi-dan")

    [clash] = collisions([*forum, *yearly], QUIET.name)

    assert (clash.rule, clash.units) == (Rule.OVERLAP, (LONG_DUC, TRA_VINH))
    assert [each.wave for each in clash.happenings] == ["dien-dan-2027", "2027-nguoi-dan"]
    assert clash.at == at(8, 25)


def test_one_that_opens_when_the_other_closes_does_not():
    forum = a_wave(at(8, 20), at(8, 30, 0), "dien-dan-2027", Audience.FORUM)

    assert found(*forum, *a_wave(at(8, 30, 0), at(9, 15, 0), "2027-nguoi-dan")) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Audience.RESIDENTS, Audience.RESIDENTS, True),
        (Audience.RESIDENTS, Audience.FORUM, True),
        (Audience.BUSINESSES, Audience.BUSINESSES, True),
        (Audience.RESIDENTS, Audience.BUSINESSES, False),
        (Audience.VISITS, Audience.RESIDENTS, False),
        (Audience.VISITS, Audience.VISITS, False),
        (None, Audience.RESIDENTS, False),
    ],
)
def test_who_is_asked_twice(one, other, same):
    assert asks_the_same(one, other) is same
    assert asks_the_same(other, one) is same


# ── Days off, and nights ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_push_at_tet_is_named_after_the_day():
    [clash] = collisions([a_push(at(2, 6))], QUIET.name)

    assert (clash.rule, clash.day) == (Rule.QUIET_PUSH, "Tết Nguyên Đán")


@pytest.mark.parametrize("kind", [Kind.PUSH, Kind.REMIND, Kind.RESULTS, Kind.NOTICE])
@pytest.mark.parametrize(
    ("hour", "minute", "collides"),
    [(6, 59, True), (7, 0, False), (20, 59, False), (21, 0, True), (0, 0, True)],
)
def test_nobody_is_written_to_by_night(kind, hour, minute, collides):
    expected = [(Rule.NIGHT_PUSH, (LONG_DUC, TRA_VINH))] if collides else []

    assert found(a_push(at(10, 1, hour, minute), kind=kind)) == expected


def test_what_is_spread_until_late_in_the_evening_reaches_some_of_them_in_the_morning():
    evening = a_push(at(10, 1, 19))

    assert found(replace(evening, until=at(10, 1, 21))) == []
    assert found(replace(evening, until=at(10, 1, 21, 1))) == [(Rule.NIGHT_PUSH, (LONG_DUC, TRA_VINH))]


def test_what_two_people_declared_urgent_leaves_at_any_hour():
    assert found(a_push(at(2, 6, 3), kind=Kind.NOTICE, is_urgent=True)) == []


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.PUSH, Kind.REMIND, Kind.RESULTS, Kind.NOTICE}))
def test_what_reaches_nobody_may_happen_at_any_hour(kind):
    assert found(a_push(at(2, 7, 3), kind=kind, wave="")) == (
        [(Rule.QUIET_CLOSE, (LONG_DUC, TRA_VINH))] if kind is Kind.CLOSE else []
    )


def test_a_wave_whose_last_day_is_a_holiday_is_said_so_although_it_closes_the_day_after():
    *_, closing = a_wave(at(4, 20), at(5, 1, 0), "dot-thang-tu")
    *_, later = a_wave(at(4, 20), at(5, 3, 0), "dot-khac")

    [clash] = collisions([closing], QUIET.name)

    assert (clash.rule, clash.day) == (Rule.QUIET_CLOSE, "Ngày Chiến thắng")
    assert last_day(later.at) == date(2027, 5, 2)
    assert found(later) == [], "the second of May is an ordinary day, though the third is not"


def test_a_reminder_after_closing_reminds_of_nothing():
    opening, closing = a_wave(at(10, 1), at(10, 22, 0), "2027-nguoi-dan")
    in_time = a_push(at(10, 21), kind=Kind.REMIND)
    late = a_push(at(10, 22), kind=Kind.REMIND)

    assert found(opening, closing, in_time) == []
    assert found(opening, closing, late) == [(Rule.LATE_REMINDER, (LONG_DUC, TRA_VINH))]


# ── All of it ────────────────────────────────────────────────────────────────────────────────────────────────────

MOMENTS = st.integers(0, 90 * 24 * 60).map(lambda minutes: at(1, 1, 0) + timedelta(minutes=minutes))
PUSHES = st.builds(
    Happening,
    st.sampled_from([Kind.PUSH, Kind.REMIND]),
    MOMENTS,
    st.just("Đợt"),
    st.sets(st.sampled_from([LONG_DUC, TRA_VINH, CANG_LONG]), min_size=1).map(
        lambda each: tuple(sorted(each))
    ),
    st.sampled_from(Standing),
    wave=st.sampled_from(["a", "b", "c"]),
)


@given(st.lists(PUSHES, max_size=12))
def test_a_pair_is_named_once_in_whatever_order_they_are_given(pushes):
    clashes = collisions(pushes, lambda day: "")

    assert {each.at for each in clashes} == {each.at for each in collisions(reversed(pushes), lambda day: "")}
    for clash in clashes:
        assert clash.units
        assert any(each.is_undecided for each in clash.happenings)
    pairs = [clash for clash in clashes if clash.rule is Rule.TWO_PUSHES]
    assert len(pairs) == _counted(pushes)


def _counted(pushes: list[Happening]) -> int:
    """As one would count them by hand."""
    never = {Standing.SKIPPED, Standing.FAILED}
    return sum(
        abs(one.at - other.at) < APART
        and one.wave != other.wave
        and bool(set(one.units) & set(other.units))
        and (one.is_undecided or other.is_undecided)
        and not {one.standing, other.standing} & never
        for place, one in enumerate(pushes)
        for other in pushes[:place]
    )


def test_the_earliest_comes_first():
    clashes = collisions(
        [a_push(at(10, 1, 3)), a_push(at(2, 6), "b"), a_push(at(5, 20, 22), "c")], QUIET.name
    )

    assert [clash.at for clash in clashes] == sorted(clash.at for clash in clashes)
    assert all(isinstance(clash, Collision) for clash in clashes)
    assert len(clashes) == 3
