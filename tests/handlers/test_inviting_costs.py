"""Before a wave is taken to its people on Zalo: what that costs is reckoned, and somebody agrees to it by name, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.inviting_costs import InvitingCosts, NotAgreed
from handlers.noting import at_the_machine
from handlers.units import load_seed
from storage import rows
from storage.arrivals import Arrival, Arrivals
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import Audience, Campaign
from surveys.outside import Fact, Quote, Template, Terms, Way
from surveys.waves import Audience as Asked
from surveys.windows import Purpose
from tests.conftest import Clock
from tests.handlers.notice_desk import LONG_DUC, TRA_VINH
from tests.storage.conftest import a_form, a_wave

OA = "zalo:579745863508352884"
PAID = Terms(Way.TEMPLATE, 120, templates={"*": {"invite": Template("9", {"dot": Fact.TITLE})}})
BY = at_the_machine("Phạm Thị Dung, phòng PX03")


@pytest.fixture
async def arrivals(database: Database, vault: Vault, tmp_path) -> Arrivals:
    await load_seed(database)
    return Arrivals(tmp_path / "arrivals", vault)


@pytest.fixture
def costs(database: Database, arrivals: Arrivals, clock: Clock) -> InvitingCosts:
    return InvitingCosts(database, PAID, 55, arrivals.leaving, clock)


async def comes(
    arrivals: Arrivals,
    vault: Vault,
    clock: Clock,
    name: str,
    silent: float | None,
    *wants: tuple[str, str],
    account: str = OA,
    unit: str = LONG_DUC,
) -> Address:
    address = Address(account, name)
    await arrivals.add(
        Arrival(address, unit, "vi", ("notices",), clock().date(), "Đồng ý", wants or ((unit, "surveys"),))
    )
    if silent is not None:
        arrivals.heard(vault.fingerprint(address), clock() - timedelta(hours=silent))
    return address


async def test_only_who_agreed_to_surveys_in_their_own_ward_is_reckoned(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock, costs: InvitingCosts
):
    for name, silent in (("1", 1), ("2", 90), ("3", 300), ("4", None)):
        await comes(arrivals, vault, clock, name, silent)
    await comes(arrivals, vault, clock, "5", 1, account="telegram")
    await comes(arrivals, vault, clock, "6", None, (LONG_DUC, "scam"))  # notices only
    await comes(arrivals, vault, clock, "7", None, (TRA_VINH, "surveys"))  # of another ward than their own
    await comes(arrivals, vault, clock, "8", None, unit=TRA_VINH)
    leaving = await comes(arrivals, vault, clock, "9", 1)
    for _ in range(2):
        await arrivals.flush(database)
    await arrivals.leave(leaving)

    found = await costs.reckon([LONG_DUC])

    zalo = found.channels["zalo"]
    assert (zalo.free, zalo.billed, found.outside, found.cost) == (1, 1, {OA: 2}, 55)
    assert found.channels["telegram"].count == 1
    assert found.outlook is not None
    assert found.outlook.quote == Quote(2, 120)


async def test_of_the_businesses_survey_only_who_answers_for_one_is_reckoned(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock, costs: InvitingCosts
):
    await comes(arrivals, vault, clock, "1", 1)
    await comes(arrivals, vault, clock, "2", 300, (LONG_DUC, "businesses"))
    await comes(arrivals, vault, clock, "3", 300, (LONG_DUC, "businesses"), (LONG_DUC, "surveys"))
    await arrivals.flush(database)

    businesses = await costs.reckon([LONG_DUC], Asked.BUSINESSES)
    residents = await costs.reckon([LONG_DUC])

    assert businesses.outside == {OA: 2}
    assert (residents.channels["zalo"].free, residents.outside) == (1, {OA: 1})


async def test_nobody_is_asked_where_no_ward_is_named(costs: InvitingCosts):
    assert (await costs.reckon([])).count == 0


async def test_what_was_agreed_to_waits_for_the_wave_and_stands_in_the_trail(
    costs: InvitingCosts, database: Database
):
    await costs.agree(BY, "2027", Quote(2, 120))

    order = await costs.agreed("2027")
    assert order is not None
    assert (order.agreed, order.price, order.agreed_by) == (2, 120, BY.name)
    async with database.reading() as tx:
        [row] = await tx.audit.page(1 << 62, 9, object="wave:2027")
    assert (row.action, row.name) == ("outbox.agree", BY.name)
    assert row.reason == "Đồng ý chi nhiều nhất 2 tin mẫu × 120 đ = 240 đ."


@pytest.mark.parametrize(
    ("terms", "quote", "why"),
    [
        (Terms(), Quote(2, 120), "ZALO_OUTSIDE=pull"),
        (replace(PAID, price=None), Quote(2, 120), "ZALO_TEMPLATE_PRICE"),
        (PAID, Quote(2, 119), "costs 120"),
        (PAID, Quote(0, 120), "at least one"),
    ],
)
async def test_what_cannot_be_bought_cannot_be_agreed_to(
    arrivals: Arrivals, database: Database, clock: Clock, terms: Terms, quote: Quote, why: str
):
    costs = InvitingCosts(database, terms, 55, arrivals.leaving, clock)

    with pytest.raises(NotAgreed, match=why):
        await costs.agree(BY, "2026", quote)
    assert await costs.agreed("2026") is None


async def test_once_the_wave_is_over_or_its_invitations_are_out_it_is_too_late(
    costs: InvitingCosts, database: Database, clock: Clock
):
    async with database.transaction() as tx:
        await tx.forms.add(a_form())
        for slug, state in (("2025", "closed"), ("2026", "open")):
            id = await tx.waves.add(a_wave(clock(), slug, state=state))
            await tx.wave_units.add_many([rows.WaveUnit(wave_id=id, unit=LONG_DUC)])
        invite = Campaign("invite", "2026", Purpose.INVITATION, Audience((LONG_DUC,)), not_before=clock())
        campaign = await tx.outbox.create(invite)
    await costs.agree(BY, "2026", Quote(1, 120))
    async with database.transaction() as tx:
        await tx.outbox.stop(campaign)

    with pytest.raises(NotAgreed, match="gone out"):
        await costs.agree(BY, "2026", Quote(1, 120))
    with pytest.raises(NotAgreed, match="over"):
        await costs.agree(BY, "2025", Quote(1, 120))
    assert await costs.units_of("2026") == (LONG_DUC,)
    with pytest.raises(LookupError):
        await costs.units_of("2030")
