"""An article for all who follow an account, once: made, processed, broadcast, each step on disk before it is taken, on both databases, against a
strict Zalo – whatever becomes of the process that takes it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.zalo_client import ZaloClient
from bot.channels.zalo_outside import Outside
from bot.channels.zalo_tokens import Tokens
from bot.sending.articles import Articles, epoch_name
from bot.sending.attempts import Paid
from bot.sending.epochs import Epochs
from bot.sending.outside import Beyond
from storage.database import Database
from storage.outbox import ALL, Claimed
from storage.outside_rows import ArticleRow
from storage.vault import Vault
from surveys.delivery import Audience, Campaign, DeliveryState
from surveys.outside import Article, ArticleState, Aside, Terms, Way
from surveys.windows import Purpose
from tests.contracts.conftest import connect, hosts
from tests.zalo_server.server import Fault, ZaloServer

MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC)  # nine in Việt Nam
CREATE, VERIFY, BROADCAST = "/v2.0/article/create", "/v2.0/article/verify", "/v2.0/oa/message"
NEWS = Article(
    "Cảnh báo lừa đảo", "Công an phường Long Đức", "Giả danh.", "https://a.test/a.jpg", ("Giả danh.",)
)
WARD = "29242"


class Writes:
    """One notice's article; whose words they are is tested elsewhere."""

    def __init__(self) -> None:
        self.article_: Article | None = NEWS

    async def article(self, campaign: Campaign, /) -> Article | None:
        if self.article_ is not None and self.article_.title == "refuse":
            raise ValueError("the title of an article has 1 to 150 characters")
        return self.article_

    async def facts(self, campaign: Campaign, /) -> None:
        raise AssertionError("an article has no fields")

    async def is_its_own(self, account: str, campaign: Campaign, /) -> bool:
        return account != "zalo:a-provinces"


class Dying:
    """The process dies before or after Zalo did what it was asked."""

    def __init__(self, outside: Outside, step: str, *, after: bool) -> None:
        self.outside, self.dies_at, self.after = outside, step, after

    async def _step(self, name: str, *given: Any) -> Any:
        if name == self.dies_at and not self.after:
            raise asyncio.CancelledError
        answer = await getattr(self.outside, name)(*given)
        if name == self.dies_at:
            raise asyncio.CancelledError
        return answer

    async def create(self, article: Article, /) -> Any:
        return await self._step("create", article)

    async def article(self, token: str, /) -> Any:
        return await self._step("article", token)

    async def broadcast(self, article: str, /) -> Any:
        return await self._step("broadcast", article)

    async def template(self, *given: Any) -> Any:
        raise AssertionError("nothing is paid for here")


class Press:
    def __init__(self, zalo: ZaloServer, db: Database, outside: Outside, directory: Path) -> None:
        self.zalo, self.db, self.outside = zalo, db, outside
        self.account = f"zalo:{zalo.oa.id}"
        self.moment = MORNING
        self.writes = Writes()
        self.epochs = Epochs(directory / "epochs")
        self.campaign = 0

    def now(self) -> datetime:
        return self.moment

    def passes(self, **by: float) -> None:
        self.moment += timedelta(**by)
        self.zalo.time.now = self.moment.timestamp()

    async def begins(self, **more: Any) -> None:
        given = {"not_before": MORNING, **more}
        notice = Campaign("notice", "Q7-204", Purpose.NOTICE, Audience((WARD,)), **given)
        async with self.db.transaction() as tx:
            self.campaign = await tx.outbox.create(notice)
            await tx.outside.want(self.campaign, self.account, self.moment)

    def articles(self, account: Any = None) -> Articles:
        there = {self.account: account or self.outside}
        return Articles(self.db, lambda: there, self.writes, self.epochs, self.now)

    async def row(self) -> ArticleRow:
        async with self.db.reading() as tx:
            [row] = await tx.outside.articles(self.campaign)
        return row

    async def state(self) -> ArticleState:
        return ArticleState((await self.row()).state)

    async def in_the_end(self, **by: float) -> ArticleState:
        """Minutes pass; the clock ticks."""
        for _ in range(15):
            await self.articles().step()
            self.passes(**(by or {"minutes": 2}))
        return await self.state()


@pytest.fixture
async def press(zalo: ZaloServer, database: Database, vault: Vault, tmp_path: Path) -> AsyncIterator[Press]:
    zalo.time.now = MORNING.timestamp()
    await connect(zalo, zalo.oa, database, vault)
    async with ZaloClient(zalo.app.id, zalo.app.secret, hosts=hosts(zalo)) as client:
        tokens = Tokens(zalo.oa.id, database, vault, client.renew, client.works, lambda: press.now())
        outside = Outside(client, tokens.access, tokens.renewed_after, now=lambda: press.now())
        press = Press(zalo, database, outside, tmp_path)
        yield press


async def test_one_article_and_one_broadcast(press: Press):
    await press.begins()

    assert await press.in_the_end() is ArticleState.SENT

    assert [each["title"] for each in press.zalo.oa.written.values()] == [NEWS.title]
    assert len(press.zalo.oa.broadcasts) == 1
    assert press.zalo.oa.broadcasts[0]["recipient"] == {"target": {}}


async def test_two_processes_make_one(press: Press):
    await press.begins()

    for _ in range(4):
        await asyncio.gather(press.articles().step(), press.articles().step())
        press.passes(minutes=2)

    assert await press.state() is ArticleState.SENT
    assert len(press.zalo.calls(CREATE)) == len(press.zalo.calls(BROADCAST)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("step", "ends"),
    [
        ("create", ArticleState.UNKNOWN),
        ("article", ArticleState.SENT),  # asking may be repeated
        ("broadcast", ArticleState.UNKNOWN),
    ],
)
async def test_a_crash_at_any_step_never_does_it_twice(
    press: Press, step: str, ends: ArticleState, after: bool
):
    await press.begins()
    dying = press.articles(Dying(press.outside, step, after=after))

    async def until_it_dies() -> None:
        for _ in range(4):
            await dying.step()
            press.passes(minutes=2)

    with pytest.raises(asyncio.CancelledError):
        await until_it_dies()

    assert await press.in_the_end() is ends

    assert len(press.zalo.calls(CREATE)) == (step != "create" or after)
    assert len(press.zalo.oa.broadcasts) == (ends is ArticleState.SENT or (step == "broadcast" and after))
    if ends is ArticleState.UNKNOWN:
        assert "look at the account's page" in (await press.row()).why


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True, done_first=True),
        Fault(status=502, done_first=True),
        Fault(error=-200, done_first=True),
    ],
    ids=["lost", "bad gateway", "error but delivered"],
)
@pytest.mark.parametrize("path", [CREATE, BROADCAST])
async def test_what_nobody_knows_is_never_done_again(press: Press, path: str, fault: Fault):
    await press.begins()
    press.zalo.fails(path, fault)

    assert await press.in_the_end() is ArticleState.UNKNOWN

    assert len(press.zalo.oa.written) == 1
    assert len(press.zalo.oa.broadcasts) == (path == BROADCAST)


@pytest.mark.parametrize("path", [CREATE, VERIFY, BROADCAST])
@pytest.mark.parametrize("error", [-32, -211, -223, -224])
async def test_quota_and_permission_are_waited_for(press: Press, path: str, error: int):
    await press.begins()
    press.zalo.fails(path, Fault(error=error))

    assert await press.in_the_end(minutes=30) is ArticleState.SENT

    assert len(press.zalo.oa.written) == len(press.zalo.oa.broadcasts) == 1


@pytest.mark.parametrize("path", [CREATE, VERIFY, BROADCAST])
async def test_what_zalo_refuses_says_why(press: Press, path: str):
    await press.begins()
    press.zalo.fails(path, Fault(error=-248))

    assert await press.in_the_end() is ArticleState.REFUSED

    assert "-248" in (await press.row()).why
    assert press.zalo.oa.broadcasts == []


async def test_what_cannot_be_an_article_says_so(press: Press):
    await press.begins()
    press.writes.article_ = replace(NEWS, title="refuse")

    assert await press.in_the_end() is ArticleState.REFUSED
    assert "150 characters" in (await press.row()).why
    assert press.zalo.oa.written == {}


async def test_at_night_it_waits_and_an_urgent_one_waits_for_zalos_morning(press: Press):
    press.passes(hours=13)  # ten in the evening
    await press.begins(is_urgent=True)

    for _ in range(5):
        await press.articles().step()
        press.passes(minutes=2)
    assert await press.state() is ArticleState.READY
    assert press.zalo.oa.broadcasts == []

    press.passes(hours=9)
    assert await press.in_the_end() is ArticleState.SENT


async def test_one_that_is_not_urgent_is_not_even_made_at_night(press: Press):
    press.passes(hours=13)
    await press.begins()

    await press.articles().step()

    assert press.zalo.oa.written == {}


@pytest.mark.parametrize("how", ["stopped", "expired", "recalled"])
async def test_what_is_taken_back_before_it_left_does_not_leave(press: Press, how: str):
    await press.begins(expires_at=MORNING + timedelta(hours=1) if how == "expired" else None)
    press.zalo.fails(VERIFY, *[Fault(error=-214)] * 3)
    await press.articles().step()
    if how == "stopped":
        async with press.db.transaction() as tx:
            await tx.outbox.stop(press.campaign)
    if how == "recalled":
        press.writes.article_ = None
        async with press.db.transaction() as tx:
            await tx.outbox.stop(press.campaign)
    press.passes(hours=1)

    assert await press.in_the_end() is ArticleState.DROPPED
    assert press.zalo.oa.broadcasts == []


@pytest.mark.parametrize("name", [ALL, "its own"])
async def test_while_everything_rests_no_article_goes(press: Press, name: str):
    await press.begins()
    async with press.db.transaction() as tx:
        account = ALL if name == ALL else press.account
        await tx.outbox.pause_account(account, press.moment + timedelta(hours=1), "somebody looks")

    await press.articles().step()
    assert press.zalo.oa.written == {}

    press.passes(hours=1)
    assert await press.in_the_end() is ArticleState.SENT


async def test_a_database_put_back_does_not_broadcast_again(press: Press):
    """Its articles say less than the number beside the keys."""
    await press.begins()
    await press.epochs.accept({epoch_name(press.account): 2})

    await press.in_the_end()
    assert press.zalo.oa.written == {}

    await press.epochs.accept({epoch_name(press.account): 0})  # an operator has looked
    assert await press.in_the_end() is ArticleState.SENT


async def test_on_an_account_that_is_not_here_another_process_goes_on(press: Press):
    await press.begins()
    nowhere = Articles(press.db, dict, press.writes, press.epochs, press.now)

    await nowhere.step()

    assert await press.state() is ArticleState.WANTED


# ── Who wants one ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_closed_window_wants_the_article_once_and_the_row_says_so(press: Press):
    await press.begins()
    terms = Terms(Way.ARTICLE, cover=NEWS.cover)
    beyond = Beyond(press.db, terms, lambda: {press.account: press.outside}, press.writes, press.now)
    async with press.db.reading() as tx:
        notice = (await tx.outbox.get(press.campaign)).campaign
    claimed = Claimed(1, press.campaign, "c", 0, b"f", b"a", "vi", None, 0)

    for _ in range(2):
        instead = await beyond.instead(press.account, claimed, notice)
        assert instead == (DeliveryState.WINDOW_CLOSED, Aside.ARTICLE)
    elsewhere = await beyond.instead("zalo:a-provinces", claimed, notice)
    invite = replace(notice, kind="invite", purpose=Purpose.INVITATION)

    assert elsewhere == (DeliveryState.WINDOW_CLOSED, Aside.NOT_ITS_OWN)
    assert await beyond.instead(press.account, claimed, invite) is None
    assert not isinstance(elsewhere, Paid)
    async with press.db.reading() as tx:
        assert len(await tx.outside.articles(press.campaign)) == 1
