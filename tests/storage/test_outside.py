"""What was agreed to is what is spent, on both databases: counted before it leaves, never one more, whoever is at it at once."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from storage.database import Database
from storage.outbox import Outcome
from storage.vault import Vault
from surveys.delivery import Audience, Campaign, DeliveryState
from surveys.outside import ArticleState, Aside, Quote
from surveys.windows import Purpose
from tests.conftest import Clock
from tests.storage.test_outbox import ACCOUNT as SOMEWHERE
from tests.storage.test_outbox import WARD, a_unit, come

ORDER = ("notice", "the-notice")
ACCOUNT = "zalo:579745863508352884"
TODAY = date(2026, 11, 22)


async def agreed(db: Database, count: int, at: datetime, by: str = "Trần Thị Bình") -> None:
    async with db.transaction() as tx:
        await tx.outside.agree(*ORDER, Quote(count, 120), by, at)


async def take(db: Database) -> bool:
    async with db.transaction() as tx:
        return await tx.outside.take(*ORDER)


async def spent(db: Database) -> tuple[int, int, int]:
    async with db.reading() as tx:
        order = await tx.outside.order(*ORDER)
    assert order is not None
    return order.agreed, order.taken, order.sent


async def test_without_an_agreement_there_is_nothing_to_take(database: Database):
    assert not await take(database)


async def test_not_one_more_than_was_agreed_to_however_many_ask_at_once(database: Database, clock: Clock):
    await agreed(database, 5, clock())

    taken = await asyncio.gather(*(take(database) for _ in range(12)))

    assert sum(taken) == 5
    assert await spent(database) == (5, 5, 0)


async def test_what_a_unit_of_work_that_failed_took_is_not_taken(database: Database, clock: Clock):
    await agreed(database, 1, clock())

    async def take_and_fail() -> None:
        async with database.transaction() as tx:
            assert await tx.outside.take(*ORDER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await take_and_fail()

    assert await spent(database) == (1, 0, 0)
    assert await take(database)


async def test_what_did_not_leave_is_there_to_be_taken_again(database: Database, clock: Clock):
    await agreed(database, 1, clock())
    await take(database)

    async with database.transaction() as tx:
        await tx.outside.gave_back(*ORDER)

    assert await take(database)
    assert not await take(database)


async def test_who_agrees_anew_does_not_forget_what_was_spent(database: Database, clock: Clock):
    await agreed(database, 3, clock())
    assert await take(database)
    async with database.transaction() as tx:
        await tx.outside.were_sent(*ORDER, 1)

    await agreed(database, 2, clock(), by="Phạm Thị Dung")

    assert await spent(database) == (2, 1, 1)
    assert await take(database)
    assert not await take(database)


async def test_what_is_spent_while_somebody_agrees_anew_is_spent(database: Database, clock: Clock):
    await agreed(database, 6, clock())

    async def ask(place: int) -> bool:
        if place % 2:
            await agreed(database, 6, clock())
            return False
        return await take(database)

    taken = await asyncio.gather(*(ask(place) for place in range(40)))

    assert sum(taken) == 6
    assert await spent(database) == (6, 6, 0)


async def test_after_an_agreement_is_withdrawn_nothing_more_is_spent(database: Database, clock: Clock):
    await agreed(database, 3, clock())
    await take(database)

    async with database.transaction() as tx:
        await tx.outside.withdraw(*ORDER)

    assert not await take(database)
    assert await spent(database) == (1, 1, 0)


async def test_a_days_quota_is_an_accounts_own_and_begins_anew_tomorrow(database: Database):
    async def of_day(account: str, day: date, most: int | None = 2) -> bool:
        async with database.transaction() as tx:
            return await tx.outside.take_of_day(account, day, most)

    assert [await of_day(ACCOUNT, TODAY) for _ in range(3)] == [True, True, False]
    assert await of_day("zalo:another", TODAY)
    assert await of_day(ACCOUNT, TODAY + timedelta(days=1))
    assert await of_day(ACCOUNT, TODAY, None)  # nobody has set a quota any more
    async with database.transaction() as tx:
        await tx.outside.gave_back_of_day(ACCOUNT, TODAY, 2)
    async with database.reading() as tx:
        assert await tx.outside.taken_on(ACCOUNT, TODAY) == 1
        assert await tx.outside.taken_on(ACCOUNT, TODAY - timedelta(days=1)) == 0


async def a_campaign(db: Database, now: datetime) -> int:
    async with db.transaction() as tx:
        return await tx.outbox.create(
            Campaign("notice", "the-notice", Purpose.NOTICE, Audience(("29242",)), not_before=now)
        )


async def test_billed_messages_add_up(database: Database, clock: Clock):
    campaign = await a_campaign(database, clock())
    async with database.transaction() as tx:
        assert await tx.outside.billed(campaign) == 0
        await tx.outside.were_billed(campaign, 2)
        await tx.outside.were_billed(campaign, 3)

    async with database.reading() as tx:
        assert await tx.outside.billed(campaign) == 5


async def test_an_article_that_is_wanted_twice_is_there_once_and_of_two_steps_at_once_one_is_taken(
    database: Database, clock: Clock
):
    campaign, now = await a_campaign(database, clock()), clock()
    async with database.transaction() as tx:
        await tx.outside.want(campaign, ACCOUNT, now)
        await tx.outside.want(campaign, ACCOUNT, now + timedelta(seconds=1))
        [row] = await tx.outside.articles(campaign)
        assert [each.account for each in await tx.outside.unfinished(now, 9)] == [ACCOUNT]

    async def begin() -> bool:
        async with database.transaction() as tx:
            return await tx.outside.move(
                row, ArticleState.CREATING, now + timedelta(seconds=2), until=now + timedelta(minutes=5)
            )

    assert sorted(await asyncio.gather(begin(), begin())) == [False, True]
    async with database.reading() as tx:
        assert await tx.outside.steps(ACCOUNT) == 1
        assert await tx.outside.unfinished(now, 9) == []
        assert len(await tx.outside.unfinished(now + timedelta(minutes=6), 9)) == 1


async def test_the_database_itself_refuses_one_more_than_was_agreed_to(sqlite_database: Database):
    from storage.outside import AGREE

    row = {"kind": "notice", "subject": "x", "agreed": 1, "price": 120, "agreed_by": "An", "sent": 0}
    with pytest.raises(Exception, match="not_one_more"):
        async with sqlite_database.transaction() as tx:
            await tx._connection.run(AGREE, **row, agreed_at=datetime(2026, 11, 22, tzinfo=UTC), taken=2)


async def test_an_invitation_by_template_is_one_whose_question_nobody_has_seen(
    database: Database, vault: Vault, clock: Clock
):
    """A number typed after it answers nothing; but whoever got it was invited."""
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit(WARD)], [], [])
    await come(database, vault, range(2))
    invite = Campaign("invite", "2026", Purpose.INVITATION, Audience((WARD,)), not_before=clock())
    async with database.transaction() as tx:
        campaign = await tx.outbox.create(invite)
        await tx.outbox.add(campaign, [(f"{person:032x}", SOMEWHERE) for person in range(2)])
        assert await tx.outbox.lease(SOMEWHERE, "me", now=clock(), until=clock() + timedelta(minutes=1))
        until = clock() + timedelta(minutes=1)
        claimed = await tx.outbox.claim(campaign, SOMEWHERE, "me", now=clock(), until=until, some=2)
        await tx.outbox.sending(SOMEWHERE, "me", [each.id for each in claimed], now=clock())
        reasons = (Aside.TEMPLATE, "")
        await tx.outbox.settle(
            "me",
            [
                Outcome(each.id, DeliveryState.SENDING, DeliveryState.SENT, reason)
                for each, reason in zip(claimed, reasons, strict=True)
            ],
        )

        found = [await tx.invitations.of(each.fingerprint or b"") for each in claimed]

    assert [[(each.wave, bool(each.is_shown)) for each in one] for one in found] == [
        [("2026", False)],
        [("2026", True)],
    ]
