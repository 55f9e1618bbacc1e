"""People outside their window, through the real sender and a strict Zalo: a template where somebody agreed to its cost, counted on both
databases, never one more; what Zalo says of templates keeps no message back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.channels.zalo_client import ZaloClient
from bot.channels.zalo_oa import ZaloAccount
from bot.channels.zalo_outside import Outside
from bot.channels.zalo_tokens import Tokens
from bot.sender import Sender
from bot.sending.outside import Beyond
from storage.database import Database
from storage.outside_rows import TemplateOrder
from storage.statements import Prepared
from storage.vault import Vault
from surveys.conversation import Incoming, Reply
from surveys.delivery import Audience, Campaign, DeliveryState
from surveys.outside import Aside, Fact, Quote, Template, Terms, Way
from surveys.windows import Purpose
from tests.bot.sending_town import SHORT, WARD, Town, nothing_waits
from tests.contracts.conftest import hosts, official_account
from tests.zalo_server.server import Fault, ZaloServer

LONG_AGO, LATELY, LAST_WEEK = timedelta(days=8), timedelta(hours=3), timedelta(days=4)
FIRST = 186_729_651_760_683_225  # a person's id, as Zalo writes them
TEMPLATE = "123456"
BY_UID, CS = "/v3.0/oa/message/template", "/v2.0/oa/message"
SENT, CLOSED, UNKNOWN = DeliveryState.SENT, DeliveryState.WINDOW_CLOSED, DeliveryState.UNKNOWN
PENDING, BLOCKED = DeliveryState.PENDING, DeliveryState.BLOCKED
MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC)  # nine in Việt Nam
MORTAL = replace(SHORT, account=timedelta(seconds=2), row=timedelta(seconds=3), attempt=timedelta(seconds=2))
"""Of a sender that is going to die: others need not wait for long."""
PAID = Terms(
    Way.TEMPLATE, 120, templates={"*": {"notice": Template(TEMPLATE, {"ma": Fact.CODE, "tin": Fact.TITLE})}}
)
TOLD = {Fact.CODE: "Q7-204", Fact.TITLE: "Đang có người giả danh\ncông an"}


class Facts:
    """One notice's; whose words they are is tested elsewhere."""

    async def facts(self, campaign: Campaign, /) -> Mapping[Fact, str] | None:
        return TOLD

    async def is_its_own(self, account: str, campaign: Campaign, /) -> bool:
        return True


class Day:
    """Runs, from a morning on; and may be moved."""

    def __init__(self) -> None:
        self.moment = MORNING
        self._begun = asyncio.get_running_loop().time()

    def __call__(self) -> datetime:
        return self.moment + timedelta(seconds=asyncio.get_running_loop().time() - self._begun)


class Ward:
    """An account with people inside and outside its window, and a sender."""

    def __init__(self, zalo: ZaloServer, oa: ZaloAccount, town: Town, day: Day, outside: Outside) -> None:
        self.zalo, self.oa, self.town, self.day, self.outside = zalo, oa, town, day, outside
        self.terms = PAID

    async def people(self, number: int, silent: timedelta | None) -> list[str]:
        """So many who last wrote so long ago; None: nobody knows that they ever did. Their ids at Zalo."""
        first = FIRST + len(self.zalo.world.residents)
        ids = range(first, first + number)
        for id in ids:
            resident = self.zalo.world.resident(self.zalo.oa, str(id))
            if silent is not None:
                resident.last_interaction = self.zalo.time() - silent.total_seconds()
        await self.town.people(ids, self.oa.account, None if silent is None else self.day() - silent)
        return [str(id) for id in ids]

    async def agreed(self, count: int, price: int = 120, subject: str = "Q7-204") -> None:
        async with self.town.db.transaction() as tx:
            await tx.outside.agree("notice", subject, Quote(count, price), "Trần Thị Bình", self.day())

    async def order(self, subject: str = "Q7-204") -> TemplateOrder:
        async with self.town.db.reading() as tx:
            found = await tx.outside.order("notice", subject)
        assert found is not None
        return found

    @asynccontextmanager
    async def sending(self, **more: Any) -> AsyncIterator[Sender]:
        accounts = {self.oa.account: self.outside}
        beyond = Beyond(self.town.db, self.terms, lambda: accounts, Facts(), self.day)
        office = replace(self.town.office(), beyond=beyond, **more)
        sender = Sender(office, lambda: {self.oa.account: self.oa}, nothing_waits)
        stop = asyncio.Event()
        running = asyncio.ensure_future(sender.run(stop))
        try:
            yield sender
        finally:
            stop.set()
            await running

    async def sent(self, subject: str = "Q7-204", **more: object) -> int:
        """A campaign, sent to its end."""
        campaign = await self.town.campaign(subject, **more)
        async with self.sending():
            await self.town.until_done(campaign)
        return campaign

    async def reasons(self, campaign: int) -> dict[tuple[DeliveryState, str], int]:
        async with self.town.db.reading() as tx:
            return await tx.outbox.reasons(campaign)

    @property
    def bought(self) -> list[str]:
        return [each["user_id"] for each in self.zalo.oa.bought]


async def nobody(incoming: Incoming) -> Reply:
    raise AssertionError("nobody writes to us here")


@pytest.fixture
async def ward(zalo: ZaloServer, database: Database, vault: Vault, tmp_path: Path) -> AsyncIterator[Ward]:
    async with a_ward(zalo, database, vault, tmp_path) as ward:
        yield ward


@pytest.fixture
async def small(
    zalo: ZaloServer, sqlite_database: Database, vault: Vault, tmp_path: Path
) -> AsyncIterator[Ward]:
    """For tables of what Zalo says, which no database hears."""
    async with a_ward(zalo, sqlite_database, vault, tmp_path) as ward:
        yield ward


@asynccontextmanager
async def a_ward(zalo: ZaloServer, database: Database, vault: Vault, tmp_path: Path) -> AsyncIterator[Ward]:
    day = Day()
    zalo.time.now = MORNING.timestamp()
    zalo.oa.templates.add(TEMPLATE)
    async with (
        official_account(zalo, nobody, database, vault, address="v2") as oa,
        ZaloClient(zalo.app.id, zalo.app.secret, hosts=hosts(zalo)) as client,
    ):
        tokens = Tokens(zalo.oa.id, database, vault, client.renew, client.works, day)
        outside = Outside(client, tokens.access, tokens.renewed_after, now=day, turn=oa.bulk)
        yield Ward(zalo, oa, Town(database, vault, tmp_path, day, ""), day, outside)


# ── Who gets what ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_inside_the_window_a_message_outside_it_a_template_and_each_is_counted(ward: Ward):
    inside, later = await ward.people(3, LATELY), await ward.people(2, LAST_WEEK)
    outside = [*await ward.people(2, LONG_AGO), *await ward.people(1, None)]
    await ward.agreed(3)

    campaign = await ward.sent()

    assert sorted(ward.bought) == sorted(outside)
    got = {id for (_, id), each in ward.zalo.world.residents.items() if "Q7-204" in each.texts}
    assert got == {*inside, *later}
    assert await ward.town.counts(campaign) == {SENT: 8}
    order = await ward.order()
    assert (order.agreed, order.taken, order.sent) == (3, 3, 3)
    async with ward.town.db.reading() as tx:
        assert await tx.outside.billed(campaign) == len(later)
        assert await tx.outside.taken_on(ward.oa.account, ward.day().date()) == 3


async def test_a_template_says_what_its_fields_are_for_each_on_one_line(small: Ward):
    await small.people(1, LONG_AGO)
    await small.agreed(1)

    await small.sent()

    [bought] = small.zalo.oa.bought
    assert bought["template_id"] == TEMPLATE
    assert bought["template_data"] == {"ma": "Q7-204", "tin": "Đang có người giả danh công an"}


async def test_a_row_says_that_it_was_a_template_for_no_question_of_ours_stands_in_that_chat(ward: Ward):
    await ward.people(1, LONG_AGO)
    await ward.people(1, LATELY)
    await ward.agreed(1)

    campaign = await ward.sent()

    async with ward.town.db.reading() as tx:
        found = await tx._connection.fetch(
            Prepared(text("SELECT reason FROM deliveries WHERE campaign = :of").bindparams()), of=campaign
        )
    assert sorted(reason for (reason,) in found) == ["", Aside.TEMPLATE]


@pytest.mark.parametrize(
    ("terms", "agreed", "why"),
    [
        (replace(PAID, price=None), (9, 120), Aside.NO_PRICE),
        (PAID, None, Aside.UNAGREED),
        (replace(PAID, price=200), (9, 120), Aside.OTHER_PRICE),
        (replace(PAID, way=Way.PULL), (9, 120), "they have not written for 7 days"),
        (replace(PAID, templates={}), (9, 120), "they have not written for 7 days"),
        (
            replace(PAID, templates={"another": PAID.templates["*"]}),
            (9, 120),
            "they have not written for 7 days",
        ),
    ],
    ids=["no price", "nobody agreed", "another price", "pull", "no template", "another account's template"],
)
async def test_without_price_agreement_or_template_nobody_is_sent_any_and_the_row_says_why(
    small: Ward, terms: Terms, agreed: tuple[int, int] | None, why: str
):
    await small.people(2, LONG_AGO)
    await small.people(1, LATELY)
    small.terms = terms
    if agreed is not None:
        await small.agreed(*agreed)

    campaign = await small.sent()

    assert small.bought == []
    assert await small.town.counts(campaign) == {SENT: 1, CLOSED: 2}
    assert await small.reasons(campaign) == {(CLOSED, why): 2}


async def test_an_invitation_has_a_template_of_its_own_and_none_where_none_is_set_up(ward: Ward):
    await ward.people(1, LONG_AGO)
    async with ward.town.db.transaction() as tx:
        await tx.outside.agree("invite", "2026", Quote(9, 120), "Trần Thị Bình", ward.day())
    beyond = Beyond(ward.town.db, PAID, dict, Facts(), ward.day)

    from storage.outbox import Claimed

    invite = Campaign("invite", "2026", Purpose.INVITATION, Audience(("29242",)), not_before=ward.day())
    claimed = Claimed(1, 1, "c", 0, b"f", b"a", "vi", None, 0)
    assert await beyond.instead(ward.oa.account, claimed, invite) is None
    reminder = replace(invite, kind="remind", audience=Audience(of=1))
    assert await beyond.instead(ward.oa.account, claimed, reminder) is None
    recall = replace(invite, kind="notice", purpose=Purpose.NOTICE, audience=Audience(of=1))
    assert await beyond.instead(ward.oa.account, claimed, recall) is None


@pytest.mark.parametrize("arrives", ["surely", "perhaps"])
async def test_nobody_is_reminded_within_two_days_of_a_template_either(ward: Ward, arrives: str):
    [id] = await ward.people(1, LONG_AGO)
    ward.terms = replace(PAID, templates={"*": {"invite": PAID.templates["*"]["notice"]}})
    invite = Campaign("invite", "2026", Purpose.INVITATION, Audience((WARD,)), not_before=ward.day())
    async with ward.town.db.transaction() as tx:
        await tx.outside.agree("invite", "2026", Quote(1, 120), "Trần Thị Bình", ward.day())
        invited = await tx.outbox.create(invite)
    if arrives == "perhaps":
        ward.zalo.fails(BY_UID, Fault(drop=True, done_first=True))
    composers = {"invite": ward.town.words, "remind": ward.town.words}
    async with ward.sending(composers=composers):
        await ward.town.until_done(invited)
    assert ward.bought == [id]

    async def has_written() -> None:
        ward.zalo.world.residents[ward.zalo.oa.id, id].says("chào")
        await ward.town.people(range(int(id), int(id) + 1), ward.oa.account, ward.day())

    await has_written()
    ward.day.moment += timedelta(hours=2)
    reminder = replace(
        invite, kind="remind", subject="2026.1", audience=Audience(of=invited), not_before=ward.day()
    )
    async with ward.town.db.transaction() as tx:
        reminded = await tx.outbox.create(reminder)
    async with ward.sending(composers=composers):
        await ward.town.eventually(lambda: was_looked_at(ward, reminded))
    assert await ward.town.counts(reminded) == {PENDING: 1}

    ward.day.moment += timedelta(hours=49)
    await has_written()
    async with ward.sending(composers=composers):
        await ward.town.until_done(reminded)
    assert await ward.town.counts(reminded) == {SENT: 1}


async def was_looked_at(ward: Ward, campaign: int) -> bool:
    """Whether it is decided: it left, or waits until a moment."""
    sql = "SELECT state, until FROM deliveries WHERE campaign = :of"
    async with ward.town.db.reading() as tx:
        found = await tx._connection.fetch(Prepared(text(sql)), of=campaign)
    return any(state == SENT or (state == PENDING and until is not None) for state, until in found)


# ── Never one more ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_not_one_more_than_was_agreed_to(ward: Ward):
    await ward.people(7, LONG_AGO)
    await ward.agreed(4)

    campaign = await ward.sent()

    assert len(set(ward.bought)) == len(ward.bought) == 4
    assert await ward.town.counts(campaign) == {SENT: 4, CLOSED: 3}
    assert await ward.reasons(campaign) == {(CLOSED, Aside.SPENT): 3}
    assert (await ward.order()).sent == 4


async def test_a_template_that_perhaps_arrived_stays_counted_and_is_bought_for_nobody_again(ward: Ward):
    await ward.people(3, LONG_AGO)
    await ward.agreed(3)
    ward.zalo.fails(BY_UID, Fault(drop=True, done_first=True))

    campaign = await ward.sent(repeats=1)

    assert len(set(ward.bought)) == len(ward.bought) == 3
    assert await ward.town.counts(campaign) == {SENT: 2, UNKNOWN: 1}
    order = await ward.order()
    assert (order.taken, order.sent) == (3, 2)


async def test_a_sender_that_dies_between_counting_and_hearing_leaves_it_counted(ward: Ward):
    """As after a power cut: nothing is written down any more, another process takes over."""
    await ward.people(2, LONG_AGO)
    await ward.agreed(2)
    campaign = await ward.town.campaign(repeats=1)
    answer = asyncio.Event()
    ward.zalo.fails(BY_UID, *[Fault(until=answer, drop=True, done_first=True)] * 2)

    async def is_under_way() -> bool:
        return (await ward.order()).taken == len(ward.bought) == 2

    beyond = Beyond(ward.town.db, PAID, lambda: {ward.oa.account: ward.outside}, Facts(), ward.day)
    office = replace(ward.town.office(), beyond=beyond, patience=MORTAL)
    dying = asyncio.ensure_future(
        Sender(office, lambda: {ward.oa.account: ward.oa}, nothing_waits).run(asyncio.Event())
    )
    await ward.town.eventually(is_under_way)
    ward.town.db.transaction, alive = _unavailable, ward.town.db.transaction  # type: ignore[method-assign]
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    answer.set()
    ward.town.db.transaction = alive  # type: ignore[method-assign]
    async with ward.sending(patience=MORTAL):
        await ward.town.until_done(campaign)

    assert len(ward.bought) == 2
    counts = await ward.town.counts(campaign)
    # Its lease ended: what may be repeated as a message is not bought twice as a template.
    assert counts == {CLOSED: 2}
    assert await ward.reasons(campaign) == {(CLOSED, Aside.PERHAPS): 2}
    assert (await ward.order()).taken == 2


def _unavailable() -> Any:
    from storage.database import Unavailable

    raise Unavailable("its process is gone")


async def test_two_processes_share_what_was_agreed_to(ward: Ward):
    await ward.people(9, LONG_AGO)
    await ward.agreed(5)
    campaign = await ward.town.campaign()

    async with ward.sending(), ward.sending():
        await ward.town.until_done(campaign)

    assert len(ward.bought) == 5
    assert (await ward.order()).sent == 5


# ── What Zalo says of templates ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [-139, -140, -141, -114, -249, -201])
async def test_who_may_not_get_a_template_finds_it_on_the_menu_and_costs_nothing(small: Ward, error: int):
    await small.people(5, LONG_AGO)
    await small.people(2, LATELY)
    await small.agreed(5)
    small.zalo.fails(BY_UID, *[Fault(error=error)] * 4)

    campaign = await small.sent()

    assert await small.town.counts(campaign) == {SENT: 3, CLOSED: 4}
    order = await small.order()
    assert (order.taken, order.sent, len(small.bought)) == (1, 1, 1)


async def test_a_template_that_everybody_is_refused_is_given_up_and_messages_are_not(small: Ward):
    await small.people(30, LONG_AGO)
    await small.people(3, LATELY)
    await small.agreed(30)
    small.zalo.oa.templates.clear()

    campaign = await small.sent()

    assert await small.town.counts(campaign) == {SENT: 3, CLOSED: 30}
    asked = sum(made.path == BY_UID for made in small.zalo.made)
    assert 20 <= asked < 30
    assert (await small.reasons(campaign))[CLOSED, Aside.GIVEN_UP] == 30 - asked
    assert (await small.order()).taken == 0


async def test_who_blocked_the_account_is_blocked_whatever_was_tried(small: Ward):
    await small.people(1, LONG_AGO)
    await small.people(1, LATELY)
    await small.agreed(1)
    small.zalo.fails(BY_UID, Fault(error=-217))

    campaign = await small.sent()

    assert await small.town.counts(campaign) == {SENT: 1, BLOCKED: 1}
    assert (await small.order()).taken == 0


@pytest.mark.parametrize("error", [-144, -147, -115, -131, -146, -133, -120])
async def test_quota_money_and_permission_keep_templates_waiting_and_no_message(small: Ward, error: int):
    await small.people(2, LONG_AGO)
    await small.agreed(2)
    small.zalo.fails(BY_UID, *[Fault(error=error)] * 2)
    campaign = await small.town.campaign()

    async with small.sending():
        await small.zalo.until(lambda: len(small.zalo.faults[BY_UID]) < 2)
        await small.town.until(campaign, lambda counts: counts == {PENDING: 2})
        await small.people(3, LATELY)
        another = await small.town.campaign("H2-118")
        await small.town.until(another, lambda counts: counts.get(SENT) == 3)
        waiting = await small.town.counts(campaign)

    assert waiting.get(PENDING) == 2
    assert small.bought == []
    assert (await small.order()).taken == 0
    sender = (await small.town.senders())[small.oa.account]
    assert sender.paused_until is None

    small.zalo.faults[BY_UID].clear()
    small.day.moment += timedelta(days=1)
    async with small.sending():
        await small.town.until_done(campaign)
    assert len(small.bought) == 2


async def test_what_the_days_quota_has_no_place_for_goes_the_next_day(ward: Ward):
    await ward.people(5, LONG_AGO)
    await ward.agreed(5)
    ward.terms = replace(PAID, a_day=3)
    campaign = await ward.town.campaign()

    async with ward.sending():
        await ward.town.until(campaign, lambda counts: counts == {SENT: 3, PENDING: 2})
    assert len(ward.bought) == 3

    ward.day.moment += timedelta(days=1)
    ward.zalo.time.pass_by(86_400)
    async with ward.sending():
        await ward.town.until_done(campaign)

    assert await ward.town.counts(campaign) == {SENT: 5}
    async with ward.town.db.reading() as tx:
        today = ward.day().date()
        assert await tx.outside.taken_on(ward.oa.account, today - timedelta(days=1)) == 3
        assert await tx.outside.taken_on(ward.oa.account, today) == 2


async def test_who_writes_while_their_template_waits_gets_the_message_for_nothing(small: Ward):
    [id] = await small.people(1, LONG_AGO)
    await small.agreed(1)
    small.zalo.oa.templates_left = 0
    campaign = await small.town.campaign()
    async with small.sending():
        await small.zalo.until(lambda: any(made.error == -144 for made in small.zalo.made))
        await small.town.until(campaign, lambda counts: counts == {PENDING: 1})

    resident = small.zalo.world.residents[small.zalo.oa.id, id]
    resident.says("chào")
    await small.town.people(range(int(id), int(id) + 1), small.oa.account, small.day())
    small.day.moment += timedelta(hours=1)
    async with small.sending():
        await small.town.until_done(campaign)

    assert "Q7-204" in resident.texts
    assert small.bought == []
    assert (await small.order()).taken == 0


async def test_a_window_that_zalo_says_is_closed_though_we_thought_it_open_gets_the_template_too(small: Ward):
    [id] = await small.people(1, LATELY)
    small.zalo.world.residents[small.zalo.oa.id, id].last_interaction = 0.0
    await small.agreed(1)

    campaign = await small.sent()

    assert small.bought == [id]
    assert await small.town.counts(campaign) == {SENT: 1}


async def test_without_an_agreement_such_a_window_stays_closed(small: Ward):
    [id] = await small.people(1, LATELY)
    small.zalo.world.residents[small.zalo.oa.id, id].last_interaction = 0.0

    campaign = await small.sent()

    assert await small.reasons(campaign) == {(CLOSED, Aside.UNAGREED): 1}
    assert len(small.zalo.calls(CS)) == 0
