"""The outbox on both databases: what is claimed once is claimed once, counts are what the rows say, nobody is missed."""

import asyncio
import json
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from storage import rows
from storage.audiences import cells_of
from storage.database import Database
from storage.notice_rows import Subscription
from storage.outbox import Claimed, LeaseLost, Outcome, Standing
from storage.outbox_rows import Delivery
from storage.statements import Prepared, insert
from storage.transaction import Tx
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import CAP, FINAL, FOLLOWS, Audience, Campaign, CampaignState, DeliveryState, Why
from surveys.windows import Purpose
from tests.conftest import Clock

WARD, OTHER = "29242", "29263"
ACCOUNT = "telegram"
ME, ANOTHER = "me", "another"
A_MINUTE = timedelta(minutes=1)
PAGE = 3


@pytest.fixture
async def town(database: Database, vault: Vault) -> Database:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit(code) for code in (WARD, OTHER)], [], [])
    await come(database, vault, range(10))
    return database


def a_unit(code: str) -> rows.Unit:
    return rows.Unit(
        code=code,
        name=f"Phường {code}",
        kind="phuong",
        province=None,
        valid_from=date(2025, 7, 1),
        valid_to=None,
        source="a test",
    )


async def come(db: Database, vault: Vault, people: range, *, unit: str = WARD, language: str = "vi") -> None:
    async with db.transaction() as tx:
        await tx.contacts.upsert_many(a_contact(vault, person, unit, language) for person in people)


def a_contact(vault: Vault, person: int, unit: str, language: str) -> rows.Contact:
    address = Address(ACCOUNT, str(person))
    return rows.Contact(
        id=f"{person:032x}",
        account=ACCOUNT,
        fingerprint=vault.fingerprint(address),
        address=vault.seal_address(address),
        unit=unit,
        language=language,
        purposes=json.dumps(["notices"]),
        consented_on=date(2026, 11, 1),
        consent_text="Đồng ý",
    )


def a_campaign(now: datetime, subject: str = "Q7-204", **more: object) -> Campaign:
    given: dict[str, object] = {"audience": Audience((WARD,)), "not_before": now, **more}
    return Campaign("notice", subject, Purpose.NOTICE, **given)  # type: ignore[arg-type]


async def begun(db: Database, campaign: Campaign) -> Standing:
    async with db.transaction() as tx:
        id = await tx.outbox.create(campaign)
        await tx.outbox.fix(id)
        return await tx.outbox.get(id)


async def written_down(db: Database, campaign: Campaign) -> Standing:
    standing = await begun(db, campaign)
    while not standing.is_written_down:
        async with db.transaction() as tx:
            standing = await tx.outbox.expand(standing, PAGE)
    return standing


async def claim(db: Database, of: int, owner: str, now: datetime, some: int = 100) -> list[Claimed]:
    async with db.transaction() as tx:
        return await tx.outbox.claim(of, ACCOUNT, owner, now=now, until=now + A_MINUTE, some=some, cap=CAP)


async def lease(db: Database, owner: str, now: datetime) -> bool:
    async with db.transaction() as tx:
        return await tx.outbox.lease(ACCOUNT, owner, now=now, until=now + A_MINUTE)


async def counts(db: Database, of: int) -> dict[DeliveryState, int]:
    async with db.reading() as tx:
        return {state: number for state, number in (await tx.outbox.counts(of)).items() if number}


async def test_a_campaign_is_created_once(town: Database, clock: Clock):
    async with town.transaction() as tx:
        first = await tx.outbox.create(a_campaign(clock()))
        again = await tx.outbox.create(a_campaign(clock()))

    assert first == again


async def test_everybody_of_the_audience_is_written_down_once(town: Database, vault: Vault, clock: Clock):
    await come(town, vault, range(10, 14), unit=OTHER)
    await come(town, vault, range(14, 16), language="km")

    standing = await written_down(town, a_campaign(clock()))
    narrow = await written_down(
        town, a_campaign(clock(), "km", audience=Audience((WARD, OTHER), languages=("km",)))
    )

    assert await counts(town, standing.id) == {DeliveryState.PENDING: 12}
    assert await counts(town, narrow.id) == {DeliveryState.PENDING: 2}


async def test_who_asked_for_two_topics_or_two_wards_is_written_down_once(
    town: Database, vault: Vault, clock: Clock
):
    wishes = [(person, WARD, "scam") for person in range(6)]
    wishes += [(person, OTHER, "scam") for person in range(4, 8)] + [(1, WARD, "fire"), (9, WARD, "fire")]
    async with town.transaction() as tx:
        await tx._connection.run_many(
            insert(rows.table(Subscription)),
            (
                {
                    "fingerprint": vault.fingerprint(Address(ACCOUNT, str(person))),
                    "unit": unit,
                    "topic": topic,
                }
                for person, unit, topic in wishes
            ),
        )
    everybody = Audience((WARD, OTHER), topics=("scam", "fire"))

    one = await written_down(town, a_campaign(clock(), "1", audience=Audience((OTHER,), topics=("scam",))))
    all_of_them = await written_down(town, a_campaign(clock(), "2", audience=everybody))

    assert await counts(town, one.id) == {DeliveryState.PENDING: 4}
    assert await counts(town, all_of_them.id) == {DeliveryState.PENDING: 9}


async def test_who_is_missing_is_found_and_a_newcomer_is_not(town: Database, vault: Vault, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    await come(town, vault, range(20, 30))
    async with town.transaction() as tx:
        await tx._connection.run(Prepared(text("DELETE FROM deliveries WHERE contact = :of")), of=f"{3:032x}")
    [cell] = cells_of(standing.campaign.audience)

    async with town.transaction() as tx:
        last = await tx.outbox.page_end(standing, cell, b"", 100)
        assert last is not None
        missing = await tx.outbox.missing(standing, cell, b"", last)
        written = await tx.outbox.write(standing, cell, b"", last)

    assert (missing, written) == (1, 1)


async def test_a_page_written_twice_at_once_is_written_once(town: Database, clock: Clock):
    standing = await begun(town, a_campaign(clock()))

    async def expand() -> None:
        async with town.transaction() as tx:
            await tx.outbox.expand(standing, PAGE)

    await asyncio.gather(*(expand() for _ in range(5)))

    assert await counts(town, standing.id) == {DeliveryState.PENDING: PAGE}


async def test_newcomers_are_not_written_down(town: Database, vault: Vault, clock: Clock):
    standing = await begun(town, a_campaign(clock()))
    await come(town, vault, range(20, 30))

    while not standing.is_written_down:
        async with town.transaction() as tx:
            standing = await tx.outbox.expand(standing, PAGE)

    assert await counts(town, standing.id) == {DeliveryState.PENDING: 10}


async def test_two_hands_never_hold_the_same(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))

    hands = await asyncio.gather(*(claim(town, standing.id, f"hand {n}", clock(), 4) for n in range(4)))

    held = [each.id for hand in hands for each in hand]
    assert len(held) == len(set(held)) == 10
    assert await counts(town, standing.id) == {DeliveryState.CLAIMED: 10}


async def test_from_claimed_to_sent(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    claimed = await claim(town, standing.id, ME, clock(), 4)
    ids = [each.id for each in claimed]

    async with town.transaction() as tx:
        leaving = await tx.outbox.sending(ACCOUNT, ME, ids[:3], now=clock())
        assert leaving.ids == set(ids[:3])
    async with town.transaction() as tx:
        outcomes = [
            Outcome(ids[0], DeliveryState.SENDING, DeliveryState.SENT, attempts=1),
            Outcome(ids[1], DeliveryState.SENDING, DeliveryState.FAILED, "400", attempts=1),
            Outcome(ids[3], DeliveryState.CLAIMED, DeliveryState.CANCELLED, Why.LEFT),
        ]
        assert await tx.outbox.settle(ME, outcomes) == {ids[0], ids[1], ids[3]}

    assert await counts(town, standing.id) == {
        DeliveryState.PENDING: 6,
        DeliveryState.SENDING: 1,
        DeliveryState.SENT: 1,
        DeliveryState.FAILED: 1,
        DeliveryState.CANCELLED: 1,
    }
    async with town.reading() as tx:
        assert await tx.outbox.reasons(standing.id) == {
            (DeliveryState.SENDING, ""): 1,
            (DeliveryState.FAILED, "400"): 1,
            (DeliveryState.CANCELLED, "left"): 1,
        }


async def test_nothing_leaves_from_a_hand_that_lost_the_account(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    [held] = await claim(town, standing.id, ME, clock(), 1)
    clock.advance(minutes=2)
    assert await lease(town, ANOTHER, clock())

    async with town.transaction() as tx:
        with pytest.raises(LeaseLost):
            await tx.outbox.sending(ACCOUNT, ME, [held.id], now=clock())


async def test_only_one_hand_has_the_account(town: Database, clock: Clock):
    assert await lease(town, ME, clock())
    assert not await lease(town, ANOTHER, clock())
    assert await lease(town, ME, clock())

    async with town.transaction() as tx:
        await tx.outbox.let_go(ACCOUNT, ME)

    assert await lease(town, ANOTHER, clock())


@pytest.mark.parametrize(("deed", "left"), [("stop", CampaignState.STOPPED), ("pause", CampaignState.PAUSED)])
async def test_what_is_in_hand_does_not_leave_a_campaign_that_was_stopped(
    town: Database, clock: Clock, deed: str, left: CampaignState
):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 2)
    ids = [each.id for each in held]
    async with town.transaction() as tx:
        assert await getattr(tx.outbox, deed)(standing.id, "because")

    async with town.transaction() as tx:
        assert not (await tx.outbox.sending(ACCOUNT, ME, ids, now=clock())).ids
        assert await tx.outbox.held(ME, ids) == [(id, True, left) for id in ids]


async def test_who_has_left_is_not_written_to(town: Database, vault: Vault, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 2)
    async with town.transaction() as tx:
        assert held[0].fingerprint is not None
        await tx.contacts.delete(held[0].fingerprint)

    async with town.transaction() as tx:
        leaving = await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held], now=clock())

    assert leaving.ids == {held[1].id}


@pytest.mark.parametrize(("repeats", "becomes"), [(0, DeliveryState.UNKNOWN), (1, DeliveryState.PENDING)])
async def test_a_lease_that_ends(town: Database, clock: Clock, repeats: int, becomes: DeliveryState):
    standing = await written_down(town, a_campaign(clock(), repeats=repeats))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 4)
    async with town.transaction() as tx:
        await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held[:2]], now=clock())
    clock.advance(minutes=2)

    async with town.transaction() as tx:
        assert await tx.outbox.end_leases(clock(), clock() + A_MINUTE, 100) == 4

    found = await counts(town, standing.id)
    assert found == dict(Counter({DeliveryState.PENDING: 8}) + Counter({becomes: 2}))


async def test_what_was_sent_after_all_is_believed(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    [held] = await claim(town, standing.id, ME, clock(), 1)
    async with town.transaction() as tx:
        await tx.outbox.sending(ACCOUNT, ME, [held.id], now=clock())
    clock.advance(minutes=2)
    async with town.transaction() as tx:
        await tx.outbox.end_leases(clock(), clock(), 100)

    async with town.transaction() as tx:
        await tx.outbox.settle(ME, [Outcome(held.id, DeliveryState.SENDING, DeliveryState.SENT)])

    assert await counts(town, standing.id) == {DeliveryState.PENDING: 9, DeliveryState.SENT: 1}


async def test_dead_letters_are_looked_at_and_let_go(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 3)
    async with town.transaction() as tx:
        await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held], now=clock())
        fates = (DeliveryState.FAILED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
        await tx.outbox.settle(
            ME,
            [
                Outcome(each.id, DeliveryState.SENDING, fate, "400: too long", attempts=1)
                for each, fate in zip(held, fates, strict=True)
            ],
        )

    async with town.transaction() as tx:
        assert await tx.outbox.alike(standing.id) == ("400: too long", 2)
        assert [each.state for each in await tx.outbox.dead(standing.id, 0, 10)] == list(fates)
        assert await tx.outbox.retry(standing.id, 100) == 2

    assert await counts(town, standing.id) == {DeliveryState.PENDING: 9, DeliveryState.UNKNOWN: 1}


async def test_a_stopped_campaign_is_done_when_nobody_waits(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    async with town.transaction() as tx:
        await tx.outbox.stop(standing.id)
        assert not await tx.outbox.finish(standing.id)
        while await tx.outbox.drop_waiting(standing.id, DeliveryState.CANCELLED, Why.STOPPED, PAGE):
            pass
        assert await tx.outbox.finish(standing.id)

    assert await counts(town, standing.id) == {DeliveryState.CANCELLED: 10}


async def test_counts_are_what_the_rows_say(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    for place in range(3):
        held = await claim(town, standing.id, ME, clock(), 3)
        async with town.transaction() as tx:
            await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held[place:]], now=clock())
            await tx.outbox.settle(
                ME, [Outcome(each.id, DeliveryState.SENDING, DeliveryState.SENT) for each in held[:2]]
            )
    clock.advance(minutes=2)
    async with town.transaction() as tx:
        await tx.outbox.end_leases(clock(), clock(), 2)

    async with town.reading() as tx:
        written = await rows_by_state(tx)
    assert await counts(town, standing.id) == written


async def rows_by_state(tx: Tx) -> dict[DeliveryState, int]:
    states = rows.table(Delivery).c.state
    found = await tx._connection.fetch(Prepared(select(states, func.count()).group_by(states)))
    return {DeliveryState(state): number for state, number in found}


async def test_the_cap_counts_other_notices_of_these_days(town: Database, clock: Clock):
    earlier = await written_down(town, a_campaign(clock() - timedelta(days=8), "long ago"))
    recent = await written_down(town, a_campaign(clock(), "lately"))
    now = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    for standing in (earlier, recent):
        held = await claim(town, standing.id, ME, clock(), 5)
        async with town.transaction() as tx:
            await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held], now=clock())

    claimed = await claim(town, now.id, ME, clock())

    assert Counter(each.recent for each in claimed) == {1: 5, 0: 5}


async def test_a_recall_goes_to_whoever_got_it_or_perhaps_did(town: Database, clock: Clock):
    standing = await written_down(town, a_campaign(clock()))
    assert await lease(town, ME, clock())
    held = await claim(town, standing.id, ME, clock(), 4)
    async with town.transaction() as tx:
        await tx.outbox.sending(ACCOUNT, ME, [each.id for each in held], now=clock())
        fates = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.BLOCKED)
        outcomes = [
            Outcome(each.id, DeliveryState.SENDING, fate, message=b"sealed", purge_at=clock())
            for each, fate in zip(held, fates, strict=True)
        ]
        await tx.outbox.settle(ME, outcomes)

    recall = await written_down(town, a_campaign(clock(), "recall", audience=Audience(of=standing.id)))

    assert await counts(town, recall.id) == {DeliveryState.PENDING: 2}
    async with town.transaction() as tx:
        assert await tx.outbox.message_of(standing.id, held[0].contact) == (held[0].id, b"sealed")
        assert await tx.outbox.purge_messages(clock()) == 4
        assert await tx.outbox.message_of(standing.id, held[0].contact) is None


async def test_a_pause_is_remembered(town: Database, clock: Clock):
    async with town.transaction() as tx:
        await tx.outbox.pause_account(ACCOUNT, clock() + A_MINUTE, "429")

    async with town.reading() as tx:
        sender = (await tx.outbox.senders())[ACCOUNT]

    assert (sender.paused_until, sender.why) == (clock() + A_MINUTE, "429")


def test_every_state_that_may_follow_is_a_state():
    assert set(FOLLOWS) == set(DeliveryState)
    assert {state for state in DeliveryState if not FOLLOWS[state]} < FINAL
