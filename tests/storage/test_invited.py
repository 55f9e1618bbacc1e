"""What is known of who was invited, on both databases: in which wave, at which address, and whether it may only look so."""

from datetime import timedelta

from storage.database import Database
from storage.invited import Invitation
from storage.outbox import Outcome
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import Audience, Campaign, DeliveryState, rests_until
from surveys.reminding import INVITE, REMIND, subject_of
from surveys.windows import Purpose, hour
from tests.conftest import Clock
from tests.storage.test_outbox import ACCOUNT, WARD, a_unit, come

SLUG = "nam-2026.thu"
ELSEWHERE = "zalobot"
BOTH = (0, 1)


async def brought(db: Database, clock: Clock, campaign: Campaign, account: str) -> None:
    """To both, in that account's chats, two hours after the first ones."""
    clock.advance(hours=2)
    until = clock() + timedelta(minutes=1)
    async with db.transaction() as tx:
        id = await tx.outbox.create(campaign)
        await tx.outbox.add(id, [(f"{person:032x}", account) for person in BOTH])
        assert await tx.outbox.lease(account, "me", now=clock(), until=until)
        claimed = await tx.outbox.claim(id, account, "me", now=clock(), until=until, some=2)
        await tx.outbox.sending(account, "me", [each.id for each in claimed], now=clock())
        spared = rests_until(clock())
        outcomes = [
            Outcome(each.id, DeliveryState.SENDING, DeliveryState.SENT, until=spared) for each in claimed
        ]
        await tx.outbox.settle("me", outcomes)


async def of(db: Database, vault: Vault, person: int) -> list[Invitation]:
    async with db.reading() as tx:
        return await tx.invitations.of(vault.fingerprint(Address(ACCOUNT, str(person))))


async def test_a_reminder_is_one_more_and_the_newest_comes_first(
    database: Database, vault: Vault, clock: Clock
) -> None:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit(WARD)], [], [])
    await come(database, vault, range(3))
    audience = Audience((WARD,))
    invitation = Campaign(INVITE, SLUG, Purpose.INVITATION, audience, not_before=clock())
    await brought(database, clock, invitation, ACCOUNT)
    invited_in = hour(clock())
    clock.advance(hours=72)
    reminder = Campaign(
        REMIND, subject_of(SLUG, 1), Purpose.INVITATION, Audience((WARD,), of=1), not_before=clock()
    )
    await brought(database, clock, reminder, ELSEWHERE)
    reminded_in = hour(clock())

    found = [await of(database, vault, person) for person in BOTH]

    assert found[0] == found[1]
    assert [(each.wave, each.since, each.unit) for each in found[0]] == [
        (SLUG, reminded_in, WARD),
        (SLUG, invited_in, WARD),
    ]
    assert [(each.account, each.is_at_home, each.is_reminder, each.is_shown) for each in found[0]] == [
        (ELSEWHERE, False, True, True),
        (ACCOUNT, True, False, True),
    ]
    assert await of(database, vault, 2) == []


async def test_a_notice_is_no_invitation(database: Database, vault: Vault, clock: Clock) -> None:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit(WARD)], [], [])
    await come(database, vault, range(2))
    await brought(
        database,
        clock,
        Campaign("notice", SLUG, Purpose.NOTICE, Audience((WARD,)), not_before=clock()),
        ACCOUNT,
    )

    assert await of(database, vault, 0) == []
