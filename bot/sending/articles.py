"""Articles about notices for everybody who follows an account: made, waited for, broadcast, each once. Every step is on disk before it is
taken. A step that was begun and not heard of again is unknown and stays so: asked twice, everybody might get it twice.

Any number of processes may step at once, and again; the database lets one of them win."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.channels.contract import Misconfigured, Outcome, Rejected, RetryAfter, Sent, Unknown
from bot.sending.attempts import reason_of
from bot.sending.epochs import Epochs
from bot.sending.outside import Buys
from handlers.clock_holds import both_numbers, is_older
from storage.database import Database
from storage.outbox import ALL, Standing
from storage.outside_rows import ArticleRow
from surveys.delivery import Campaign, CampaignState, is_awake
from surveys.outside import Article, ArticleState

__all__ = ["Articles", "Writes", "epoch_name"]

log = structlog.get_logger(__name__)

SOME = 50  # articles in one step; the next one comes within a minute
STEPS = 3  # of one article, where none of them has to wait
LEASE = timedelta(minutes=5)  # longer than any call; who was not heard of by then is gone
OURS = timedelta(hours=1)  # between two tries while a contract, a permission or a token is not in order
A_MINUTE = timedelta(minutes=1)
LOST = "its process died, or its answer was lost: look at the account's page, it is not done again"


class Writes(Protocol):
    async def article(self, campaign: Campaign, /) -> Article | None:
        """None where there is nothing to say any more. Raises ValueError for what no article can be made of."""
        ...


def epoch_name(account: str) -> str:
    """Under which the steps of an account's articles are counted beside the keys."""
    return f"{account}#articles"


class Articles:
    def __init__(
        self,
        db: Database,
        accounts: Callable[[], Mapping[str, Buys]],
        writes: Writes,
        epochs: Epochs,
        now: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._writes = writes
        self._epochs = epochs
        self._now = now

    async def step(self) -> None:
        """Everything that is due. Raises Unavailable."""
        async with self._db.reading() as tx:
            rows = await tx.outside.unfinished(self._now(), SOME)
        for row in rows:
            await self._steps(row)

    async def _steps(self, row: ArticleRow) -> None:
        for _ in range(STEPS):
            if not await self._step(row):
                return
            async with self._db.reading() as tx:
                articles = await tx.outside.articles(row.campaign)
            row = next(each for each in articles if each.account == row.account)
            if row.until is not None:
                return

    async def _step(self, row: ArticleRow) -> bool:
        """Whether there may be another one at once."""
        state = ArticleState(row.state)
        if state in (ArticleState.CREATING, ArticleState.SENDING):
            return await self._settle(row, ArticleState.UNKNOWN, why=LOST)
        account = self._accounts().get(row.account)
        async with self._db.reading() as tx:
            standing = await tx.outbox.get(row.campaign)
        if _is_over(standing, self._now()):
            return await self._settle(row, ArticleState.DROPPED)
        if account is None or not await self._may_go(row, standing):
            return False
        match state:
            case ArticleState.WANTED:
                return await self._create(row, standing.campaign, account)
            case ArticleState.CREATED:
                return await self._ask(row, account)
            case ArticleState.READY:
                return await self._broadcast(row, account)
        return False

    async def _may_go(self, row: ArticleRow, standing: Standing) -> bool:
        now = self._now()
        if standing.state is CampaignState.PAUSED or not (standing.campaign.is_urgent or is_awake(now)):
            return False
        name = epoch_name(row.account)
        async with self._db.reading() as tx:
            senders = await tx.outbox.senders()
        pauses = (senders[each].paused_until for each in (ALL, row.account) if each in senders)
        if any(until is not None and until > now for until in pauses):
            return False
        steps, known = await both_numbers(lambda: self._epoch(row.account), lambda: self._epochs.known(name))
        if is_older(steps, known):
            log.error(
                "outbox.restored",
                account=row.account,
                do="The database is older than the articles sent from it. None goes out until: langnghe outbox release",
            )
            return False
        if steps == 0:
            await self._epochs.begin(name)
        return True

    async def _epoch(self, account: str) -> int:
        async with self._db.reading() as tx:
            return await tx.outside.steps(account)

    # ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _create(self, row: ArticleRow, campaign: Campaign, account: Buys) -> bool:
        try:
            article = await self._writes.article(campaign)
        except ValueError as trouble:
            return await self._settle(row, ArticleState.REFUSED, why=str(trouble))
        if article is None:
            return await self._settle(row, ArticleState.DROPPED)
        begun = await self._begin(row, ArticleState.CREATING)
        if begun is None:
            return False
        made = await account.create(article)
        if isinstance(made, str):
            return await self._settle(begun, ArticleState.CREATED, token=made)
        return await self._failed(begun, made, ArticleState.WANTED)

    async def _ask(self, row: ArticleRow, account: Buys) -> bool:
        """Asking changes nothing, and may be repeated."""
        assert row.token is not None
        found = await account.article(row.token)
        if isinstance(found, str):
            return await self._settle(row, ArticleState.READY, article=found)
        if isinstance(found, Unknown):
            found = RetryAfter(A_MINUTE)
        return await self._failed(row, found, ArticleState.CREATED)

    async def _broadcast(self, row: ArticleRow, account: Buys) -> bool:
        assert row.article is not None
        begun = await self._begin(row, ArticleState.SENDING)
        if begun is None:
            return False
        outcome = await account.broadcast(row.article)
        if isinstance(outcome, Sent):
            return await self._settle(begun, ArticleState.SENT)
        return await self._failed(begun, outcome, ArticleState.READY)

    async def _failed(self, row: ArticleRow, outcome: Outcome, back: ArticleState) -> bool:
        match outcome:
            case RetryAfter(delay):
                return await self._settle(row, back, until=self._now() + delay)
            case Misconfigured(reason):
                log.error("outbox.article_waits", account=row.account, reason=reason)
                return await self._settle(row, back, why=reason, until=self._now() + OURS)
            case Unknown(reason):
                log.error("outbox.article_unknown", account=row.account, reason=reason)
                return await self._settle(row, ArticleState.UNKNOWN, why=f"{reason}: {LOST}")
            case Rejected(reason):
                log.error("outbox.article_refused", account=row.account, reason=reason)
        return await self._settle(row, ArticleState.REFUSED, why=reason_of(outcome))

    # ── On disk ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _begin(self, row: ArticleRow, to: ArticleState) -> ArticleRow | None:
        """Before the first byte leaves. None where another process was quicker."""
        now = self._now()
        async with self._db.transaction() as tx:
            if not await tx.outside.move(row, to, now, until=now + LEASE):
                return None
            steps = await tx.outside.steps(row.account)
        await self._epochs.write(epoch_name(row.account), steps)
        return row.model_copy(update={"state": to.value, "changed_at": now, "until": now + LEASE})

    async def _settle(self, row: ArticleRow, to: ArticleState, **more: object) -> bool:
        async with self._db.transaction() as tx:
            return await tx.outside.move(row, to, self._now(), **more)


def _is_over(standing: Standing, now: datetime) -> bool:
    expires = standing.campaign.expires_at
    return standing.was_stopped or (expires is not None and expires <= now)
