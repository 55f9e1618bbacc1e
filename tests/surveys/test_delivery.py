"""States, results and times of deliveries, as the sender and the outbox rely on them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.delivery import (
    EFFECTS,
    FINAL,
    FOLLOWS,
    OTHERWISE,
    TROUBLES,
    DeliveryState,
    Result,
    Trouble,
    after_lease,
    due_by,
    expected,
    is_awake,
    next_awake,
    state_after,
)
from surveys.waves import LOCAL

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
        return due_by(total, BEGUN, timedelta(seconds=over), BEGUN + timedelta(seconds=seconds))

    assert due(-1) == 0
    assert due(over) == total
    assert due(min(a, b)) <= due(max(a, b))
    if over and 0 <= a < over:
        assert due(a) <= total * a / over + 1
