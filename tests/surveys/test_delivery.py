"""States, results and times of deliveries, as the sender and the outbox rely on them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.delivery import (
    EFFECTS,
    FINAL,
    FOLLOWS,
    MORNING,
    OTHERWISE,
    REST,
    TROUBLES,
    Audience,
    Campaign,
    DeliveryState,
    Result,
    Trouble,
    after_lease,
    awake_between,
    due_by,
    expected,
    is_awake,
    let_go_of,
    next_awake,
    rests_until,
    state_after,
    woke_at,
)
from surveys.waves import LOCAL
from surveys.windows import Purpose

CLAIMED, SENDING, PENDING = DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.PENDING
UNKNOWN = DeliveryState.UNKNOWN
BEGUN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
moments = st.integers(0, 365 * 86_400).map(lambda seconds: BEGUN + timedelta(seconds=seconds))


@pytest.mark.parametrize("result", Result)
@pytest.mark.parametrize("repeats_left", [0, 1])
def test_every_result_leads_where_sending_may_lead(result: Result, repeats_left: int):
    assert state_after(result, repeats_left=repeats_left) in FOLLOWS[SENDING]


def test_only_what_nobody_knows_is_repeated():
    changed = {
        result
        for result in Result
        if state_after(result, repeats_left=1) is not state_after(result, repeats_left=0)
    }

    assert changed == {Result.UNKNOWN}


def test_what_may_have_arrived_is_never_pending_again_by_itself():
    for trouble, result in TROUBLES.items():
        if EFFECTS[result].state is PENDING:
            assert trouble not in (Trouble.RESET_AFTER, Trouble.READ_TIMEOUT, Trouble.SERVER), trouble
    assert after_lease(SENDING, repeats_left=0) is UNKNOWN
    assert after_lease(SENDING, repeats_left=1) is PENDING
    assert after_lease(CLAIMED, repeats_left=0) is PENDING


def test_what_costs_nobody_anything_pauses_the_account_instead():
    for effect in EFFECTS.values():
        assert effect.pauses == (effect.state is PENDING) == (not effect.costs_attempt)


def test_every_trouble_has_a_result_on_every_platform():
    for platform in ("telegram", *OTHERWISE):
        assert {expected(trouble, platform) for trouble in Trouble} <= set(Result)


def test_every_state_that_may_follow_is_a_state():
    assert set(FOLLOWS) == set(DeliveryState)
    assert {state for state in DeliveryState if not FOLLOWS[state]} < FINAL


@given(moments)
def test_the_next_moment_by_day_is_by_day(now: datetime):
    then = next_awake(now)

    assert is_awake(then)
    assert timedelta(0) <= then - now < timedelta(hours=10, seconds=1)
    assert (then == now) == is_awake(now)


@pytest.mark.parametrize(
    ("hour", "minute", "awake"), [(6, 59, False), (7, 0, True), (20, 59, True), (21, 0, False), (0, 0, False)]
)
def test_seven_to_nine(hour: int, minute: int, awake: bool):
    assert is_awake(datetime(2026, 11, 23, hour, minute, tzinfo=LOCAL)) is awake


@given(
    total=st.integers(0, 10**6),
    over=st.integers(0, 86_400),
    a=st.integers(-10, 90_000),
    b=st.integers(-10, 90_000),
)
def test_spread_evenly_nobody_is_early_and_all_are_due_in_the_end(total: int, over: int, a: int, b: int):
    def due(seconds: int) -> int:
        now = BEGUN + timedelta(seconds=seconds)
        return due_by(total, BEGUN, timedelta(seconds=over), now, at_night=True)

    assert due(-1) == 0
    assert due(over) == total
    assert due(min(a, b)) <= due(max(a, b))
    if over and 0 <= a < over:
        assert due(a) <= total * a / over + 1


@given(
    total=st.integers(1, 10**6),
    begun=moments,
    over=st.integers(1, 40 * 3600),
    later=st.integers(0, 7 * 86_400),
)
def test_a_night_stops_the_spreading_and_the_morning_goes_on_at_the_same_pace(
    total: int, begun: datetime, over: int, later: int
):
    now = begun + timedelta(seconds=later)
    due = due_by(total, begun, timedelta(seconds=over), now)

    passed = awake_between(begun, now).total_seconds()
    assert due == (total if passed >= over else min(total, int(total * (passed / over)) + 1))
    if not is_awake(now):
        assert due == due_by(total, begun, timedelta(seconds=over), next_awake(now))


@given(moments, st.integers(0, 86_400), st.integers(0, 86_400))
def test_waking_time_adds_up_and_never_exceeds_time(begin: datetime, one: int, other: int):
    middle = begin + timedelta(seconds=one)
    end = middle + timedelta(seconds=other)

    assert awake_between(begin, middle) + awake_between(middle, end) == awake_between(begin, end)
    assert timedelta(0) <= awake_between(begin, end) <= end - begin
    assert awake_between(begin, begin + timedelta(days=1)) == timedelta(hours=14)


def test_what_was_to_take_three_hours_from_eight_in_the_evening_ends_at_nine_in_the_morning():
    eight = datetime(2026, 11, 23, 20, 0, tzinfo=LOCAL)
    due = [
        due_by(300, eight, timedelta(hours=3), eight + timedelta(hours=hours))
        for hours in (1, 10.99, 11, 12, 13)
    ]

    assert due == [101, 101, 101, 201, 300]


# ── Mornings ─────────────────────────────────────────────────────────────────────────────────────────────────────

WOKE = datetime(2026, 11, 23, 7, 0, tzinfo=LOCAL)


@given(waiting=st.integers(0, 10**6), looks=st.lists(st.integers(1, 600), min_size=1, max_size=60))
def test_a_morning_lets_go_evenly_and_of_everybody_in_the_end(waiting: int, looks: list[int]):
    left, credit, since, first = waiting, 0.0, WOKE, WOKE
    for seconds in looks:
        now = since + timedelta(seconds=seconds)
        credit += let_go_of(left, WOKE, since, now)
        gone = min(left, int(credit))
        left, credit, since = left - gone, credit - gone, now
        passed = (now - first).total_seconds()
        allowed = max(waiting * passed / MORNING.total_seconds(), passed)
        assert waiting - left <= allowed + 1

    assert let_go_of(left, WOKE, since, WOKE + MORNING) == left


def test_the_morning_is_an_hour_after_seven():
    a_second = timedelta(seconds=1)

    assert woke_at(WOKE) == woke_at(WOKE + MORNING - a_second) == WOKE
    assert woke_at(WOKE - a_second) is woke_at(WOKE + MORNING) is None


# ── Who hears of surveys how often ───────────────────────────────────────────────────────────────────────────────


@given(moments)
def test_two_days_and_an_hour_at_most_and_no_minute_of_it_is_kept(now: datetime):
    until = rests_until(now)

    assert REST < until - now <= REST + timedelta(hours=1)
    assert (until.minute, until.second, until.microsecond) == (0, 0, 0)


def a_campaign(purpose: Purpose, of: int | None) -> Campaign:
    return Campaign("k", "s", purpose, Audience(("29242",), of=of), BEGUN)


@pytest.mark.parametrize(
    ("purpose", "of", "takes_back", "is_discreet"),
    [
        (Purpose.NOTICE, None, False, False),
        (Purpose.NOTICE, 7, True, False),
        (Purpose.INVITATION, None, False, False),
        (Purpose.INVITATION, 7, False, True),
    ],
)
def test_a_recall_takes_back_and_a_reminder_tells_nobody(
    purpose: Purpose, of: int | None, takes_back: bool, is_discreet: bool
):
    campaign = a_campaign(purpose, of)

    assert (campaign.takes_back, campaign.is_discreet) == (takes_back, is_discreet)
