"""People outside Zalo's window, in the running house: from settings and an approval to what a strict Zalo got, and what the report says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import House
from bot.outgoing import articles_of, sender_of
from bot.zalo import Zalo
from storage.arrivals import Arrival
from surveys.conversation import Address
from surveys.delivery import DeliveryState
from surveys.notices import Notice, State
from surveys.outside import ArticleState, Quote
from tests.bot.test_zalo_in_the_house import a_house, connect
from tests.conftest import Clock
from tests.handlers.notice_desk import CHIEF, LONG_DUC, OFFICER, a_draft
from tests.patience import PATIENCE
from tests.zalo_server.server import ZaloServer

MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC)  # nine in Việt Nam
TEMPLATES = (
    '{"*": {"notice": {"id": "123456", "fields": {"don_vi": "office", "tin": "title", "ma": "code"}}}}'
)
INSIDE, OUTSIDE = 2, 3


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as server:
        server.time.now = MORNING.timestamp()
        server.oa.templates.add("123456")
        yield server
    assert server.violations == []


@asynccontextmanager
async def a_ward(
    zalo: ZaloServer, url: str, directory: Path, clock: Clock, **settings: object
) -> AsyncIterator[tuple[House, Zalo]]:
    """With an account of its own, two people inside its window and three outside."""
    clock.moment = MORNING
    async with a_house(zalo, url, directory / "keys", clock, **settings) as house:
        await connect(house, zalo, LONG_DUC)
        for number in range(INSIDE + OUTSIDE):
            resident = zalo.world.resident(zalo.oa)
            address, wants = Address(f"zalo:{zalo.oa.id}", resident.id), ((LONG_DUC, "scam"),)
            await house.arrivals.add(
                Arrival(address, LONG_DUC, "vi", ("notices",), clock().date(), "Đồng ý", wants)
            )
            if number < INSIDE:
                resident.says("chào")
                house.arrivals.heard(house.vault.fingerprint(address), clock())
        zalo.world.happened.clear()
        for _ in range(2):
            await house.arrivals.flush(house.db)
        async with Zalo(house) as ours:
            yield house, ours


async def sent(house: House, ours: Zalo, *, agrees: bool) -> Notice:
    """Written, approved by another, sent by the house's own sender."""
    draft = await house.notices.write(OFFICER, a_draft())
    notice = await house.notices.submit(OFFICER, draft.id, draft.version)
    outlook = (await house.notices.reckon(CHIEF, notice.id)).outlook
    quote: Quote | None = outlook.quote if agrees and outlook is not None else None
    await house.notices.approve(CHIEF, notice.id, notice.version, quote)
    stop = asyncio.Event()
    sender = sender_of(house, lambda: {each.account: each for each in ours.accounts}, ours)
    sending = asyncio.ensure_future(sender.run(stop))
    try:
        async with asyncio.timeout(PATIENCE):
            while (await house.notices.get(CHIEF, notice.id)).state is not State.SENT:
                await house.notices.step()
                await asyncio.sleep(
                    0.05
                )  # the sender is another task: there is nothing to wait on but the database
    finally:
        stop.set()
        await sending
    return await house.notices.get(CHIEF, notice.id)


async def test_a_template_for_each_that_the_chief_agreed_to(
    zalo: ZaloServer, sqlite_url: str, tmp_path: Path, clock: Clock
):
    settings = {
        "zalo_outside": "template",
        "zalo_outside_templates": TEMPLATES,
        "zalo_template_price": 120,
    }
    async with a_ward(zalo, sqlite_url, tmp_path, clock, **settings) as (house, ours):
        notice = await sent(house, ours, agrees=True)

        progress = await house.notices.progress(CHIEF, notice.id)
    assert progress.counts == {DeliveryState.SENT: INSIDE + OUTSIDE}
    assert (progress.messages, progress.spent.templates, progress.spent.cost) == (INSIDE, OUTSIDE, 360)
    assert len(zalo.oa.bought) == OUTSIDE
    assert zalo.oa.bought[0]["template_data"] == {
        "don_vi": "Công an phường Long Đức",
        "tin": "Đang có người giả danh công an gọi điện.",
        "ma": notice.code,
    }


@pytest.mark.parametrize("price", [None, 120], ids=["no price", "not agreed to"])
async def test_without_a_price_or_an_agreement_they_find_it_on_their_menu(
    zalo: ZaloServer, sqlite_url: str, tmp_path: Path, clock: Clock, price: int | None
):
    settings = {"zalo_outside": "template", "zalo_outside_templates": TEMPLATES, "zalo_template_price": price}
    async with a_ward(zalo, sqlite_url, tmp_path, clock, **settings) as (house, ours):
        notice = await sent(house, ours, agrees=False)

        progress = await house.notices.progress(CHIEF, notice.id)
    assert progress.counts == {DeliveryState.SENT: INSIDE, DeliveryState.WINDOW_CLOSED: OUTSIDE}
    assert zalo.oa.bought == []


async def test_one_article_for_the_wards_account_by_the_houses_clock(
    zalo: ZaloServer, sqlite_url: str, tmp_path: Path, clock: Clock
):
    settings = {"zalo_outside": "article", "zalo_article_cover": "https://langnghe.test/anh.jpg"}
    async with a_ward(zalo, sqlite_url, tmp_path, clock, **settings) as (house, ours):
        notice = await sent(house, ours, agrees=True)
        for _ in range(3):
            await articles_of(house, ours).step()
            clock.advance(minutes=1)
            zalo.time.pass_by(60)

        progress = await house.notices.progress(CHIEF, notice.id)
    assert progress.counts == {DeliveryState.SENT: INSIDE, DeliveryState.WINDOW_CLOSED: OUTSIDE}
    assert progress.spent.articles == (ArticleState.SENT,)
    [article] = zalo.oa.written.values()
    assert article["author"] == "Công an phường Long Đức"
    assert len(zalo.oa.broadcasts) == 1
    assert replace(progress.spent, articles=()).cost == 0
