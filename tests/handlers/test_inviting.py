"""How many a wave was taken to follows it from the invitation to the release, and to whoever checks it."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.audit import Audit
from handlers.inviting import Invitations, Inviting, Reminding
from handlers.ledger import Ledger
from handlers.occasions import NotNow, Occasion
from handlers.waves import Plan
from storage.vault import Vault
from surveys.conversation import Address
from surveys.forms import library
from surveys.reminding import INVITE, REMIND
from surveys.verify import verify
from surveys.waves import GRACE, LAST_ONES, Audience
from tests.conftest import Clock
from tests.handlers.test_waves import answer
from tests.journeys.town import LONG_DUC, TRA_VINH, Town, a_town
from tests.storage.test_outbox import a_contact

SLUG = "2026-thu"
PAGE = 50


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


async def opens(town: Town) -> int:
    """Nobody has counted yet whom it will be taken to."""
    plan = Plan(
        slug=SLUG,
        form=library.load("hang_nam_nguoi_dan"),
        title="Phiếu thử",
        audience=Audience.RESIDENTS,
        opens_at=town.clock(),
        closes_at=town.clock() + timedelta(days=17),
        units=dict.fromkeys((LONG_DUC, TRA_VINH)),
        seed="5eed",
    )
    return await town.waves.open(plan)


async def nothing_waits() -> None:
    """Everybody's word is among the contacts already."""


async def live_there(town: Town, people: range, unit: str) -> None:
    async with town.database.transaction() as tx:
        await tx.contacts.upsert_many(a_contact(town.vault, person, unit, "vi") for person in people)
        for person in people:
            fingerprint = town.vault.fingerprint(Address("telegram", str(person)))
            await tx.subscriptions.replace(fingerprint, [(unit, "surveys")])


def occasion(town: Town, **subject: object) -> Occasion:
    about = {"wave": SLUG, **subject}
    return Occasion("s", town.clock(), "wave.invite", "Đợt", "86", about, timedelta(hours=3))


async def is_invited(town: Town) -> None:
    """The whole audience is written down, as the sender's keeper does it."""
    await Inviting(town.database, town.clock, nothing_waits)(occasion(town))
    async with town.database.transaction() as tx:
        standing = await tx.outbox.by_subject(INVITE, SLUG)
        assert standing is not None
        while not standing.is_written_down:
            standing = await tx.outbox.expand(standing, PAGE)
    await Invitations(town.database, Ledger(town.vault.ledger_signer("langnghe")), town.clock).step()


async def test_response_rates_are_of_those_invited_and_anybody_can_check_it(town: Town):
    wave = await opens(town)
    await live_there(town, range(80), LONG_DUC)
    await live_there(town, range(80, 90), TRA_VINH)

    await is_invited(town)
    for number in range(40):
        await answer(
            town.database,
            town.vault,
            wave,
            f"p{number}",
            {"chung": "5" if number % 4 else "2"},
            unit=LONG_DUC,
        )
    town.clock.advance(days=18)
    town.clock.moment += GRACE + LAST_ONES
    await town.waves.advance()
    town.clock.moment += timedelta(days=10)
    await town.waves.advance()

    [ward] = [each for each in await town.waves.results(wave=SLUG) if each.unit == LONG_DUC]
    assert (ward.invited, ward.answered) == (80, 40)
    package = io.BytesIO()
    signer = town.vault.ledger_signer("langnghe")
    await Audit(town.database, Ledger(signer)).package(SLUG, package)
    assert not verify(package, signer.key, {}).is_worded_otherwise


async def test_one_campaign_each_whoever_asks_and_however_often(town: Town):
    await opens(town)
    await is_invited(town)
    await is_invited(town)
    reminding = Reminding(town.database, town.clock)

    for number in (1, 1, 2):
        await reminding(occasion(town, number=number))

    async with town.database.reading() as tx:
        made = [each.campaign for each in await tx.outbox.latest()]
    assert [(each.kind, each.subject) for each in made] == [
        (REMIND, f"{SLUG}.2"),
        (REMIND, f"{SLUG}.1"),
        (INVITE, SLUG),
    ]
    assert {each.over for each in made} == {timedelta(hours=3)}
    assert [each.is_discreet for each in made] == [True, True, False]


async def test_a_schedule_asks_nobody_beyond_its_own_unit(town: Town):
    await opens(town)
    inviting, reminding = (
        Inviting(town.database, town.clock, nothing_waits),
        Reminding(town.database, town.clock),
    )
    of_the_ward = replace(occasion(town), unit=LONG_DUC)

    with pytest.raises(NotNow, match="không hỏi ở đơn vị này"):
        await inviting(replace(occasion(town), unit="29254"))
    told = await inviting(of_the_ward)
    with pytest.raises(NotNow, match="không hỏi ở đơn vị này"):
        await reminding(replace(occasion(town), unit="nowhere"))
    with pytest.raises(NotNow, match="chưa mời ai"):
        await reminding(replace(occasion(town), unit=TRA_VINH))
    await reminding(occasion(town))

    assert told.endswith("ở 1 đơn vị.")
    async with town.database.reading() as tx:
        made = [each.campaign for each in await tx.outbox.latest()]
    assert [(each.kind, each.audience.units) for each in made] == [
        (REMIND, (LONG_DUC,)),
        (INVITE, (LONG_DUC,)),
    ]


async def test_whoever_cannot_be_asked_beside_another_units_invitation_is_told(town: Town):
    """There is one invitation of a wave, and this one is none of theirs."""
    await opens(town)
    inviting = Inviting(town.database, town.clock, nothing_waits)
    await inviting(replace(occasion(town), unit=LONG_DUC))

    with pytest.raises(NotNow, match="đã có lời mời ở đơn vị khác"):
        await inviting(replace(occasion(town), unit=TRA_VINH))


@pytest.mark.parametrize("number", [0, 3, "1", True])
async def test_there_are_two_reminders_and_no_other(town: Town, number: object):
    await opens(town)
    await is_invited(town)

    with pytest.raises(NotNow, match="nhiều nhất 2 lần"):
        await Reminding(town.database, town.clock)(occasion(town, number=number))


async def test_of_an_invitation_that_was_stopped_nobody_is_reminded(town: Town):
    await opens(town)
    await is_invited(town)
    async with town.database.transaction() as tx:
        standing = await tx.outbox.by_subject(INVITE, SLUG)
        assert standing is not None
        await tx.outbox.stop(standing.id)

    with pytest.raises(NotNow, match="đã bị dừng"):
        await Reminding(town.database, town.clock)(occasion(town, number=1))
