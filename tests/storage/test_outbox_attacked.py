"""The outbox in the hands of somebody in a hurry: what was taken back stays taken back."""

import pytest

from storage.database import Database
from storage.outbox import Outcome
from surveys.delivery import CampaignState, DeliveryState, Why
from tests.conftest import Clock
from tests.storage.test_outbox import (
    ACCOUNT,
    ME,
    PAGE,
    a_campaign,
    claim,
    counts,
    lease,
    town,
    written_down,
)

__all__ = ["town"]


@pytest.mark.parametrize("is_done_first", [True, False])
async def test_the_dead_letters_of_what_was_taken_back_stay_dead(
    town: Database, clock: Clock, is_done_first: bool
) -> None:
    """A notice was wrong and is recalled. Whoever it failed to reach must not get it because somebody lets dead letters go."""
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 10)
    async with town.transaction() as tx:
        await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held], now=clock())
        failed = [
            Outcome(each.id, DeliveryState.SENDING, DeliveryState.FAILED, "400: no") for each in held[:3]
        ]
        sent = [Outcome(each.id, DeliveryState.SENDING, DeliveryState.SENT) for each in held[3:]]
        await tx.outbox.settle(ME, failed + sent)
    async with town.transaction() as tx:
        if is_done_first:
            assert await tx.outbox.finish(standing.id)
        assert await tx.outbox.stop(standing.id) is not is_done_first
        await tx.outbox.drop_waiting(standing.id, DeliveryState.CANCELLED, Why.STOPPED, PAGE)
        if not is_done_first:
            assert await tx.outbox.finish(standing.id)

    async with town.transaction() as tx:
        assert await tx.outbox.retry(standing.id, 100) == 0
        assert await tx.outbox.retry(standing.id, 100, "400: no") == 0
        now = await tx.outbox.get(standing.id)

    assert now.state is CampaignState.DONE
    assert now.was_stopped
    assert await counts(town, standing.id) == {DeliveryState.FAILED: 3, DeliveryState.SENT: 7}


async def test_addresses_that_cannot_be_opened_stop_nobody_elses_notice(town: Database, clock: Clock) -> None:
    """A key that is lost makes some contacts unreadable, for ever. Three of them once were “three people who failed alike”, and every
    notice of the ward stopped at them."""
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 5)
    async with town.transaction() as tx:
        await tx.outbox.settle(
            ME,
            [
                Outcome(each.id, DeliveryState.CLAIMED, DeliveryState.FAILED, Why.ADDRESS.value)
                for each in held[:4]
            ],
        )
        assert await tx.outbox.alike(standing.id) == ("", 0)
        await tx.outbox.sending(ACCOUNT, ME, [held[4].id], now=clock())
        await tx.outbox.settle(
            ME, [Outcome(held[4].id, DeliveryState.SENDING, DeliveryState.FAILED, "400: too long")]
        )
        assert await tx.outbox.alike(standing.id) == ("400: too long", 1)
