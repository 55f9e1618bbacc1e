"""Who lets go of a ward, or of a topic, while a notice about it is on its way to others: it does not come to them any more."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.sending.attempts import Ready
from bot.sending.preparing import prepared
from storage.arrivals import Arrival, Arrivals
from storage.outbox import Claimed
from surveys.conversation import Address
from surveys.delivery import Audience, Campaign, DeliveryState, Why
from surveys.windows import Purpose
from tests.bot.sending_town import ACCOUNT, WARD, Town
from tests.bot.test_sender import running, server, town

__all__ = ["running", "server", "town"]

ME = "me"
SCAM = Audience((WARD,), topics=("scam",))


async def said(town: Town, arrivals: Arrivals, *wants: tuple[str, str]) -> None:
    address = Address(ACCOUNT, "1")
    await arrivals.add(Arrival(address, WARD, "vi", ("notices",), date(2026, 11, 1), "Đồng ý", wants))


async def claimed(town: Town, audience: Audience) -> tuple[Campaign, list[Claimed]]:
    """What is in one hand, of a campaign whose audience was written down when they still wanted it."""
    campaign = Campaign("notice", "Q7-204", Purpose.NOTICE, audience, town.now())
    until = town.now() + town.patience.row
    async with town.db.transaction() as tx:
        found = await tx.outbox.claim(
            1, ACCOUNT, ME, now=town.now(), until=until, some=9, by_topic=bool(audience.topics)
        )
    return campaign, found


@pytest.fixture
def arrivals(town: Town, tmp_path: Path) -> Arrivals:
    return Arrivals(tmp_path / "arrivals", town.vault)


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("left", [("29263", "scam"), (WARD, "fire")], ids=["the ward", "the topic"])
async def test_what_was_let_go_of_meanwhile_does_not_come(
    town: Town, arrivals: Arrivals, left: tuple[str, str], is_written: bool
) -> None:
    await said(town, arrivals, (WARD, "scam"), ("29263", "scam"))
    await town.people(range(2, 3))
    await arrivals.flush(town.db)
    await town.campaign(audience=SCAM)
    async with town.db.transaction() as tx:
        await tx.outbox.fix(1)
        standing = await tx.outbox.get(1)
        while not standing.is_written_down:
            standing = await tx.outbox.expand(standing, 9)

    await said(town, arrivals, left)
    if is_written:
        await arrivals.flush(town.db)

    office = replace(town.office(), has_left=arrivals.has_left, wants=arrivals.wants)
    campaign, [mine] = await claimed(town, SCAM)
    assert bool(mine.wants) is not is_written
    assert await prepared(office, ACCOUNT, mine, campaign) == (DeliveryState.CANCELLED, Why.LEFT)


async def test_what_is_still_wanted_comes(town: Town, arrivals: Arrivals) -> None:
    await said(town, arrivals, (WARD, "scam"), (WARD, "fire"))
    await town.people(range(2, 3))
    await arrivals.flush(town.db)
    await town.campaign(audience=SCAM)
    async with town.db.transaction() as tx:
        await tx.outbox.fix(1)
        standing = await tx.outbox.get(1)
        while not standing.is_written_down:
            standing = await tx.outbox.expand(standing, 9)
    await said(town, arrivals, (WARD, "scam"))

    office = replace(town.office(), has_left=arrivals.has_left, wants=arrivals.wants)
    campaign, [mine] = await claimed(town, SCAM)
    assert isinstance(await prepared(office, ACCOUNT, mine, campaign), Ready)
