"""The outbox where it is about surveys, on both databases: own wards, samples, when somebody was last spoken to, from one account to another."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

import pytest

from storage.audiences import as_json, from_json
from storage.database import Database
from storage.outbox import Outcome, Standing
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import CAPS, Audience, Campaign, DeliveryState, rests_until
from surveys.windows import Purpose
from tests.conftest import Clock
from tests.storage.test_outbox import (
    A_MINUTE,
    ACCOUNT,
    ME,
    OTHER,
    WARD,
    a_unit,
    begun,
    come,
    counts,
    written_down,
)

ASKED = Audience((WARD, OTHER), topics=("surveys",), is_own=True)
SENDING, SENT, UNKNOWN = DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNKNOWN
PENDING, CLAIMED = DeliveryState.PENDING, DeliveryState.CLAIMED


@pytest.fixture
async def town(database: Database, vault: Vault) -> Database:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit(code) for code in (WARD, OTHER)], [], [])
    await come(database, vault, range(10))
    await come(database, vault, range(10, 14), unit=OTHER)
    await agree(database, vault, range(10), WARD)
    await agree(database, vault, range(10, 14), OTHER)
    return database


async def agree(db: Database, vault: Vault, people: Iterable[int], unit: str, topic: str = "surveys") -> None:
    async with db.transaction() as tx:
        for person in people:
            fingerprint = vault.fingerprint(Address(ACCOUNT, str(person)))
            await tx.subscriptions.replace(fingerprint, [(unit, topic)])


def invitation(now: datetime, subject: str = "dot", audience: Audience = ASKED) -> Campaign:
    return Campaign("invite", subject, Purpose.INVITATION, audience, now, repeats=1)


def reminder(now: datetime, of: int, number: int = 1) -> Campaign:
    audience = Audience((WARD, OTHER), topics=("surveys",), of=of)
    return Campaign("remind", f"dot.{number}", Purpose.INVITATION, audience, now)


async def all_sent(db: Database, standing: Standing, now: datetime, *, state: DeliveryState = SENT) -> None:
    async with db.transaction() as tx:
        assert await tx.outbox.lease(ACCOUNT, ME, now=now, until=now + A_MINUTE)
        claimed = await tx.outbox.claim(standing.id, ACCOUNT, ME, now=now, until=now + A_MINUTE, some=100)
        ids = [each.id for each in claimed]
        await tx.outbox.sending(ACCOUNT, ME, ids, now=now)
        rests = rests_until(now)
        await tx.outbox.settle(ME, [Outcome(each, SENDING, state, until=rests) for each in ids])


@pytest.mark.parametrize(
    "audience",
    [
        Audience((WARD,)),
        ASKED,
        Audience((WARD,), topics=("surveys",), is_own=True, sample=200, seed="5eed"),
        Audience((WARD,), topics=("surveys",), of=7),
    ],
)
def test_an_audience_is_read_as_it_was_written(audience: Audience):
    assert from_json(as_json(audience)) == audience


def test_one_that_an_earlier_version_wrote_is_read():
    assert from_json('{"units": ["1"], "languages": [], "topics": []}') == Audience(("1",))


async def test_who_agreed_elsewhere_or_to_something_else_is_not_asked(
    town: Database, vault: Vault, clock: Clock
):
    await agree(town, vault, [3], OTHER)
    await agree(town, vault, [4], WARD, "scam")

    standing = await written_down(town, invitation(clock()))

    async with town.reading() as tx:
        assert await tx.outbox.by_unit(standing.id) == {WARD: 8, OTHER: 4}


async def test_two_who_draw_at_once_draw_once(town: Database, clock: Clock):
    standing = await begun(town, invitation(clock(), audience=Audience((WARD,), sample=3, seed="5eed")))
    drawn = [[(f"{person:032x}", ACCOUNT) for person in people] for people in (range(3), range(3, 6))]

    async def draw(people: list[tuple[str, str]]) -> Standing:
        async with town.transaction() as tx:
            return await tx.outbox.draw(standing, people)

    found = await asyncio.gather(*(draw(each) for each in drawn))

    assert all(each.is_written_down for each in found)
    assert await counts(town, standing.id) == {PENDING: 3}


async def test_a_sample_goes_from_ward_to_ward(town: Database, clock: Clock):
    standing = await begun(town, invitation(clock(), audience=Audience((WARD, OTHER), sample=1, seed="5eed")))
    async with town.transaction() as tx:
        standing = await tx.outbox.draw(standing, [("0" * 32, ACCOUNT)])
        assert (standing.cell, standing.is_written_down) == (1, False)
        standing = await tx.outbox.draw(standing, [(f"{10:032x}", ACCOUNT)])

    assert standing.is_written_down
    assert await counts(town, standing.id) == {PENDING: 2}


async def test_when_somebody_was_last_spoken_to_of_this_survey(town: Database, clock: Clock):
    invited = await written_down(town, invitation(clock()))
    await all_sent(town, invited, clock())
    first_rest = rests_until(clock())
    clock.advance(days=3)
    first = await written_down(town, reminder(clock(), invited.id))
    assert {each.rests_until for each in await hand_of(town, first, clock())} == {first_rest}
    await all_sent(town, first, clock() + 2 * A_MINUTE)
    second_rest = rests_until(clock() + 2 * A_MINUTE)

    second = await written_down(town, reminder(clock(), invited.id, 2))
    other = await written_down(town, invitation(clock(), "khac"))

    assert {each.rests_until for each in await hand_of(town, second, clock())} == {second_rest}
    assert {each.rests_until for each in await hand_of(town, other, clock())} == {None}


async def hand_of(db: Database, standing: Standing, now: datetime) -> list:  # type: ignore[type-arg]
    """What is in a hand that is given back a minute later."""
    async with db.transaction() as tx:
        await tx.outbox.end_leases(now + 5 * A_MINUTE, now, 100)
        found = await tx.outbox.claim(
            standing.id,
            ACCOUNT,
            ME,
            now=now,
            until=now + A_MINUTE,
            some=100,
            about=standing.campaign,
            cap=CAPS["remind"],
        )
        await tx.outbox.end_leases(now + 5 * A_MINUTE, now, 100)
    assert found
    return found


async def test_one_whose_sender_died_rests_as_well(town: Database, clock: Clock):
    invited = await written_down(town, invitation(clock()))
    await all_sent(town, invited, clock())
    clock.advance(days=3)
    first = await written_down(town, reminder(clock(), invited.id))
    async with town.transaction() as tx:
        assert await tx.outbox.lease(ACCOUNT, ME, now=clock(), until=clock() + A_MINUTE)
        claimed = await tx.outbox.claim(
            first.id, ACCOUNT, ME, now=clock(), until=clock() + A_MINUTE, some=100
        )
        await tx.outbox.sending(ACCOUNT, ME, [each.id for each in claimed], now=clock())
    clock.advance(minutes=2)
    async with town.transaction() as tx:
        await tx.outbox.end_leases(clock(), clock(), 100)
    assert await counts(town, first.id) == {UNKNOWN: 14}

    second = await written_down(town, reminder(clock(), invited.id, 2))

    assert {each.rests_until for each in await hand_of(town, second, clock())} == {rests_until(clock())}


async def test_invitations_are_not_counted_among_notices_nor_reminders_among_invitations(
    town: Database, clock: Clock
):
    invited = await written_down(town, invitation(clock()))
    await all_sent(town, invited, clock())
    remind = await written_down(town, reminder(clock(), invited.id))
    other = await written_down(town, invitation(clock(), "khac"))
    notice = await written_down(town, Campaign("notice", "Q7", Purpose.NOTICE, Audience((WARD,)), clock()))

    had = {
        standing.campaign.kind: {each.recent for each in await hand_of(town, standing, clock())}
        for standing in (remind, other, notice)
    }

    assert had == {"remind": {0}, "invite": {1}, "notice": {0}}


async def test_from_one_account_to_another_and_the_counts_go_with_it(town: Database, clock: Clock):
    standing = await written_down(town, invitation(clock()))
    async with town.transaction() as tx:
        claimed = await tx.outbox.claim(
            standing.id, ACCOUNT, ME, now=clock(), until=clock() + A_MINUTE, some=3
        )
    moved = [Outcome(each.id, CLAIMED, PENDING, moves=(ACCOUNT, "zalo:7")) for each in claimed[:2]]
    lost = Outcome(claimed[2].id, CLAIMED, PENDING, moves=(ACCOUNT, "zalo:7"))

    async with town.transaction() as tx:
        settled = await tx.outbox.settle(ME, moved)
        assert await tx.outbox.settle("another", [lost]) == set()

    assert settled == {each.id for each in claimed[:2]}
    async with town.reading() as tx:
        found = await tx.outbox.counts_by_account(standing.id)
    assert {key: number for key, number in found.items() if number} == {
        (ACCOUNT, PENDING): 11,
        (ACCOUNT, CLAIMED): 1,
        ("zalo:7", PENDING): 2,
    }


async def test_what_a_campaign_has_for_another_address(town: Database, vault: Vault, clock: Clock):
    standing = await written_down(town, invitation(clock()))
    prints = [vault.fingerprint(Address(ACCOUNT, str(person))) for person in (3, 77)]

    async with town.reading() as tx:
        [beside] = await tx.outbox.beside(standing.id, prints)

    assert (beside.fingerprint, beside.account, beside.state) == (prints[0], ACCOUNT, PENDING)
    assert beside.heard_at is None
