"""The parts of the sender that need no platform: trust, epochs, whether a message may go."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.contract import (
    ContactGone,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    WindowClosed,
)
from bot.sending.attempts import reason_of, refused, result_of
from bot.sending.epochs import Epochs
from bot.sending.trust import AT_FIRST, LONGEST, Trust
from handlers.clock_holds import is_older
from storage.outbox import Claimed
from surveys.delivery import Audience, Campaign, Cap, DeliveryState, Result, Why
from surveys.windows import Purpose
from tests.conftest import Clock

A_WEEK = timedelta(days=7)


# ── Trust ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_few_at_first_then_as_many_as_may_be():
    trust = Trust(most=64)
    assert trust.allowed == AT_FIRST

    for _ in range(10):
        trust.took()

    assert trust.allowed == 64


def test_three_doubts_in_a_row_are_a_pause_and_each_further_one_a_longer():
    trust = Trust(most=64)

    pauses = [trust.failed() for _ in range(12)]

    assert pauses[:2] == [None, None]
    longer = [pause for pause in pauses if pause is not None]
    assert longer == sorted(longer)
    assert longer[-1] == LONGEST
    assert trust.allowed == 1


def test_one_answer_ends_the_row():
    trust = Trust(most=64)
    trust.failed()
    trust.failed()
    trust.took()

    assert trust.failed() is None


# ── Epochs ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_smaller_number_in_the_database_is_a_restore(tmp_path: Path):
    epochs = Epochs(tmp_path)
    for epoch in range(1, 30):
        await epochs.write("telegram", epoch)

    assert Epochs(tmp_path).known("telegram") == 29
    assert is_older(28, epochs.known("telegram"))
    assert not is_older(29, epochs.known("telegram"))
    assert not is_older(30, epochs.known("telegram")), "a crash before the file was written is no restore"


async def test_a_new_account_is_no_restore_and_a_lost_key_store_is(tmp_path: Path):
    epochs = Epochs(tmp_path)

    assert not is_older(0, epochs.known("telegram"))
    assert is_older(7, epochs.known("telegram"))


async def test_a_crash_before_the_very_first_number_is_no_restore_either(tmp_path: Path):
    epochs = Epochs(tmp_path)
    await epochs.begin("telegram")

    assert not is_older(1, Epochs(tmp_path).known("telegram"))
    await epochs.write("telegram", 1)
    await epochs.begin("telegram")
    assert epochs.known("telegram") == 1, "whoever begins later takes nothing back"


async def test_what_an_operator_accepts_holds_for_a_sender_at_work(tmp_path: Path):
    sender, operator = Epochs(tmp_path), Epochs(tmp_path)
    await sender.write("telegram", 9)

    await operator.accept({"telegram": 4})

    assert not is_older(4, sender.known("telegram"))
    await sender.write("telegram", 5)
    assert operator.known("telegram") == 5


# ── Whether it may go ────────────────────────────────────────────────────────────────────────────────────────────


def claimed(
    clock: Clock, *, heard: timedelta | None = None, recent: int = 0, is_there: bool = True
) -> Claimed:
    at: datetime | None = None if heard is None else clock() - heard
    return Claimed(1, 1, "c", 0, b"0" * 16 if is_there else None, b"", "vi", at, recent)


def campaign(clock: Clock, **more: object) -> Campaign:
    return Campaign("notice", "Q7", Purpose.NOTICE, Audience(("1",)), clock(), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("account", "heard", "state"),
    [
        ("telegram", None, None),
        ("zalo:77", timedelta(hours=1), None),
        ("zalo:77", timedelta(days=6), None),
        ("zalo:77", timedelta(days=8), DeliveryState.WINDOW_CLOSED),
        ("zalo:77", None, DeliveryState.WINDOW_CLOSED),
        ("zalobot", None, None),
        ("web", None, DeliveryState.WINDOW_CLOSED),
        ("unheard of", None, DeliveryState.WINDOW_CLOSED),
    ],
)
def test_each_platforms_window(
    clock: Clock, account: str, heard: timedelta | None, state: DeliveryState | None
):
    found = refused(
        claimed(clock, heard=heard), campaign(clock), account, has_left=False, cap=None, now=clock()
    )

    assert (found[0] if found else None) is state


def test_leaving_comes_before_everything(clock: Clock):
    for each, has_left in ((claimed(clock), True), (claimed(clock, is_there=False), False)):
        found = refused(
            each, campaign(clock, is_urgent=True), "telegram", has_left=has_left, cap=None, now=clock()
        )
        assert found == (DeliveryState.CANCELLED, Why.LEFT)


@pytest.mark.parametrize(
    ("more", "is_capped"),
    [({}, True), ({"is_urgent": True}, False), ({"audience": Audience(of=3)}, False)],
)
def test_the_cap_is_for_notices_nobody_urged(clock: Clock, more: dict[str, object], is_capped: bool):
    given = {"kind": "notice", "subject": "Q7", "purpose": Purpose.NOTICE, "audience": Audience(("1",))}
    one = Campaign(**{**given, "not_before": clock(), **more})  # type: ignore[arg-type]

    found = refused(
        claimed(clock, recent=5), one, "telegram", has_left=False, cap=Cap(5, A_WEEK), now=clock()
    )

    assert (found == (DeliveryState.CANCELLED, Why.CAP)) is is_capped


# ── Outcomes ─────────────────────────────────────────────────────────────────────────────────────────────────────

OUTCOMES: tuple[tuple[Outcome, Result, str], ...] = (
    (Sent("1"), Result.SENT, ""),
    (RetryAfter(timedelta(seconds=1)), Result.NOT_SENT, ""),
    (Rejected("400"), Result.REJECTED, "400"),
    (ContactGone("403"), Result.GONE, "403"),
    (WindowClosed("-230"), Result.WINDOW, "-230"),
    (Misconfigured("401"), Result.OURS, "401"),
    (Unknown("x" * 1000), Result.UNKNOWN, "x" * 200),
)


@pytest.mark.parametrize(("outcome", "result", "reason"), OUTCOMES)
def test_every_outcome_of_a_channel_has_a_result(outcome: Outcome, result: Result, reason: str):
    assert result_of(outcome) is result
    assert reason_of(outcome) == reason
    assert {each for _, each, _ in OUTCOMES} == set(Result)
