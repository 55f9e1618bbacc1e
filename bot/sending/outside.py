"""What a line does with somebody whose window is closed: a paid template where one is set up and somebody agreed to its cost, a place in an
article for everybody, or nothing. It keeps the count of what is bought on disk, in the transactions that move deliveries, and knows no
platform but by what `Buys` can do.

A template is bought at most once for anybody: what perhaps arrived is not bought again, whatever its campaign says of messages."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

import structlog

from bot.channels.contract import Misconfigured, Outcome, Rejected, RetryAfter
from bot.sending.attempts import Paid, Ready, reason_of, result_of, spared_until
from storage import outbox
from storage.database import Database
from storage.outbox import Claimed
from storage.outside_rows import TemplateOrder
from storage.transaction import Tx
from surveys.delivery import EFFECTS, Campaign, DeliveryState, Result, state_after
from surveys.outside import FACTS, NOTICE, Article, Aside, Fact, Order, Quote, Terms, Way
from surveys.waves import LOCAL
from surveys.windows import Billed, gate, policy_of

__all__ = ["Beyond", "Buys", "Tells", "Wait"]

log = structlog.get_logger(__name__)

A_WHILE = timedelta(seconds=5)
LOOKS_AGAIN = timedelta(hours=1)  # who writes meanwhile gets it as a message, and for nothing
OURS = timedelta(minutes=10)  # between two tries while a contract or a permission is not in order
ALIKE = (
    20  # templates refused alike with none taken between: it is the template that is wrong, not the people
)


class Buys(Protocol):
    """One account, beyond its windows."""

    async def template(
        self, order: Order, person: str, template: str, fields: Mapping[str, str], /
    ) -> Outcome: ...

    async def create(self, article: Article, /) -> str | Outcome: ...

    async def article(self, token: str, /) -> str | Outcome: ...

    async def broadcast(self, article: str, /) -> Outcome: ...


class Tells(Protocol):
    """Knows what campaigns are about, as far as people outside may be told."""

    async def facts(self, campaign: Campaign, /) -> Mapping[Fact, str] | None:
        """For the fields of a template; None where there is nothing to tell any more."""
        ...

    async def is_its_own(self, account: str, campaign: Campaign, /) -> bool:
        """Whether everybody the account serves is among those it is for: only then may all its followers be told."""
        ...


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now, and not before then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class _Taken:
    """A template that was counted, and is on its way."""

    kind: str
    subject: str
    account: str
    day: date


class Beyond:
    """One for all lines of a process."""

    def __init__(
        self,
        db: Database,
        terms: Terms,
        accounts: Callable[[], Mapping[str, Buys]],
        tells: Tells,
        now: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._terms = terms
        self._accounts = accounts
        self._tells = tells
        self._now = now
        self._taken: dict[int, _Taken] = {}
        """By delivery. Lost with us; then its delivery is unknown, and stays counted."""
        self._billed: dict[int, int] = {}
        """Delivery → campaign, of messages the platform wants money for."""
        self._closed: set[int] = set()
        """Deliveries whose window the platform said is closed, whatever we thought."""
        self._rests_until: dict[str, datetime] = {}
        """Accounts on which no template goes for a while; messages do."""
        self._refused: dict[int, tuple[str, int]] = {}
        """Campaign → what its templates were refused with, and how often in a row."""
        self._articles: dict[tuple[int, str], Aside] = {}
        """What was said of a campaign's article on an account: it is the same for everybody there."""

    # ── Before it leaves ──────────────────────────────────────────────────────────────────────────────────────

    def is_closed(self, claimed: Claimed, trouble: tuple[DeliveryState, str] | None) -> bool:
        """Whether this delivery cannot go as a message: by our own reckoning, or because the platform said so."""
        if trouble is None:
            return claimed.id in self._closed
        return trouble[0] is DeliveryState.WINDOW_CLOSED

    async def instead(
        self, account: str, claimed: Claimed, campaign: Campaign
    ) -> Paid | Wait | tuple[DeliveryState, str] | None:
        """What becomes of a delivery whose window is closed; None where nothing but that can be said of it."""
        if campaign.audience.of is not None or campaign.kind not in FACTS or not account.startswith("zalo:"):
            return None
        match self._terms.way:
            case Way.PULL:
                return None
            case Way.ARTICLE:
                return await self._article(account, campaign)
        template = self._terms.template(account, campaign.kind)
        if template is None:
            return None
        if claimed.repeated:
            return DeliveryState.WINDOW_CLOSED, Aside.PERHAPS
        async with self._db.reading() as tx:
            order = await tx.outside.order(campaign.kind, campaign.subject)
            today = await tx.outside.taken_on(account, self._today)
        if (why := self._why_not(order, campaign)) is not None:
            return DeliveryState.WINDOW_CLOSED, why
        assert order is not None
        if (until := self._rests(account, today)) is not None:
            return Wait(until)
        facts = await self._tells.facts(campaign)
        if facts is None:
            return None
        return Paid(template.id, template.filled(facts), order.price, order.agreed_by)

    def _why_not(self, order: TemplateOrder | None, campaign: Campaign) -> Aside | None:
        if self._terms.price is None:
            return Aside.NO_PRICE
        if order is None or not order.agreed:
            return Aside.UNAGREED
        if order.price != self._terms.price:
            return Aside.OTHER_PRICE
        if order.taken >= order.agreed:
            return Aside.SPENT
        return Aside.GIVEN_UP if self._is_given_up(campaign) else None

    def _rests(self, account: str, today: int) -> datetime | None:
        """Until when no template goes on it, or is looked at again."""
        now = self._now()
        rests = self._rests_until.get(account)
        if rests is not None and rests > now:
            return min(rests, now + LOOKS_AGAIN)
        if self._terms.a_day is not None and today >= self._terms.a_day:
            return min(self._tomorrow, now + LOOKS_AGAIN)
        return None

    async def _article(self, account: str, campaign: Campaign) -> tuple[DeliveryState, str] | None:
        """An article is public: a notice may become one, an invitation never."""
        if campaign.kind != NOTICE:
            return None
        key = campaign.id, account
        if key not in self._articles:
            self._articles[key] = await self._wanted(account, campaign)
        return DeliveryState.WINDOW_CLOSED, self._articles[key]

    async def _wanted(self, account: str, campaign: Campaign) -> Aside:
        if not await self._tells.is_its_own(account, campaign):
            return Aside.NOT_ITS_OWN
        async with self._db.transaction() as tx:
            await tx.outside.want(campaign.id, account, self._now())
        return Aside.ARTICLE

    # ── As it leaves ──────────────────────────────────────────────────────────────────────────────────────────

    async def take(self, tx: Tx, account: str, leaving: Iterable[Ready]) -> dict[int, outbox.Outcome]:
        """Counts the templates among these, in the transaction that says they leave. Of those for which nothing is left: what becomes of
        them instead."""
        stay: dict[int, outbox.Outcome] = {}
        today = self._today
        for ready in leaving:
            id, campaign = ready.claimed.id, ready.campaign
            self._forget(id)
            if ready.paid is None:
                if self._is_billed(account, ready):
                    self._billed[id] = campaign.id
            elif (until := self._rests(account, 0)) is not None:
                stay[id] = self._again(id, until)
            elif self._is_given_up(campaign):
                stay[id] = _closed(id, Aside.GIVEN_UP)
            elif not await tx.outside.take(campaign.kind, campaign.subject):
                stay[id] = _closed(id, Aside.SPENT)
            elif not await tx.outside.take_of_day(account, today, self._terms.a_day):
                await tx.outside.gave_back(campaign.kind, campaign.subject)
                stay[id] = self._again(id, min(self._tomorrow, self._now() + LOOKS_AGAIN))
            else:
                self._taken[id] = _Taken(campaign.kind, campaign.subject, account, today)
        return stay

    def _is_billed(self, account: str, ready: Ready) -> bool:
        now = self._now()
        policy = policy_of(account, now.astimezone(LOCAL).date())
        return isinstance(gate(policy, ready.claimed.heard_at, now, ready.campaign.purpose), Billed)

    async def send(self, account: str, ready: Ready, paid: Paid) -> Outcome:
        """What is counted on disk is ordered one by one."""
        buyer = self._accounts().get(account)
        if buyer is None:
            return RetryAfter(A_WHILE)
        order = Quote(1, paid.price).agreed(paid.by)
        return await buyer.template(order, ready.address.id, paid.template, paid.fields)

    # ── What became of it ─────────────────────────────────────────────────────────────────────────────────────

    def came_to(self, account: str, ready: Ready, outcome: Outcome) -> tuple[outbox.Outcome, bool]:
        """What is written down of an attempt at a template, and whether it says something of the account as well. What is wrong with
        templates – their quota, their contract, one that people refuse – is no reason to keep messages back."""
        id, result = ready.claimed.id, result_of(outcome)
        match outcome:
            case RetryAfter(delay):
                return self._rest(account, id, delay), False
            case Misconfigured(reason):
                log.error("outbox.templates_rest", account=account, reason=reason)
                return self._rest(account, id, OURS), False
            case Rejected(reason):
                self._is_refused(ready.campaign, reason)
                return _closed(id, reason_of(outcome), attempts=1), False
        if result is Result.SENT:
            self._refused.pop(ready.campaign.id, None)
        state = state_after(result, repeats_left=0)
        reason = str(Aside.TEMPLATE) if result is Result.SENT else reason_of(outcome)
        if result is Result.UNKNOWN:
            reason = f"{Aside.TEMPLATE}: {reason}"
        attempts = int(EFFECTS[result].costs_attempt)
        until = spared_until(ready.campaign, state, self._now())
        written = outbox.Outcome(id, DeliveryState.SENDING, state, reason, attempts=attempts, until=until)
        return written, True

    def closes(self, account: str, ready: Ready, outcome: outbox.Outcome) -> outbox.Outcome:
        """What is written down of a message that its platform says comes too late: where there is something else for those outside,
        it waits once more to be given that."""
        if outcome.state is not DeliveryState.WINDOW_CLOSED or ready.claimed.id in self._closed:
            return outcome
        kind = ready.campaign.kind
        is_article = self._terms.way is Way.ARTICLE and kind == NOTICE and account.startswith("zalo:")
        if ready.campaign.audience.of is None and (is_article or self._terms.template(account, kind)):
            self._closed.add(ready.claimed.id)
            return self._again(ready.claimed.id, None, attempts=outcome.attempts)
        return outcome

    async def settled(self, tx: Tx, outcomes: Iterable[outbox.Outcome], settled: set[int]) -> None:
        """In the transaction that writes these outcomes down: what was counted for them is spent now, or was not spent after all."""
        sent: Counter[tuple[str, str]] = Counter()
        back: Counter[_Taken] = Counter()
        billed: Counter[int] = Counter()
        for each in outcomes:
            if each.id not in settled or each.was is not DeliveryState.SENDING:
                continue
            taken, is_sent = self._taken.get(each.id), each.state is DeliveryState.SENT
            if is_sent and taken is not None:
                sent[taken.kind, taken.subject] += 1
            elif is_sent and each.id in self._billed:
                billed[self._billed[each.id]] += 1
            elif taken is not None and each.state is not DeliveryState.UNKNOWN:
                back[taken] += 1
        # In one order for everybody, so that no two transactions wait for each other.
        for (kind, subject), number in sorted(sent.items()):
            await tx.outside.were_sent(kind, subject, number)
        for taken, number in sorted(back.items(), key=lambda each: (each[0].kind, each[0].subject)):
            await tx.outside.gave_back(taken.kind, taken.subject, number)
            await tx.outside.gave_back_of_day(taken.account, taken.day, number)
        for campaign, number in sorted(billed.items()):
            await tx.outside.were_billed(campaign, number)

    def written(self, outcomes: Iterable[outbox.Outcome]) -> None:
        """They are on disk now."""
        for each in outcomes:
            if each.was is DeliveryState.SENDING:
                self._forget(each.id)
            if each.state is not DeliveryState.PENDING:
                self._closed.discard(each.id)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _forget(self, id: int) -> None:
        self._taken.pop(id, None)
        self._billed.pop(id, None)

    def _rest(self, account: str, id: int, delay: timedelta) -> outbox.Outcome:
        until = self._now() + delay
        self._rests_until[account] = max(until, self._rests_until.get(account, until))
        log.info("outbox.templates_rest", account=account, seconds=round(delay.total_seconds()))
        return self._again(id, until)

    def _again(self, id: int, until: datetime | None, *, attempts: int = 0) -> outbox.Outcome:
        return outbox.Outcome(
            id, DeliveryState.SENDING, DeliveryState.PENDING, until=until, attempts=attempts
        )

    def _is_given_up(self, campaign: Campaign) -> bool:
        return self._refused.get(campaign.id, ("", 0))[1] >= ALIKE

    def _is_refused(self, campaign: Campaign, reason: str) -> None:
        was, number = self._refused.get(campaign.id, ("", 0))
        number = number + 1 if was == reason else 1
        self._refused[campaign.id] = reason, number
        if number == ALIKE:
            log.error(
                "outbox.template_refused",
                campaign=campaign.id,
                reason=reason,
                do="Look at the template in ZALO_OUTSIDE_TEMPLATES; those outside the window find it on their menu.",
            )

    @property
    def _today(self) -> date:
        return self._now().astimezone(LOCAL).date()

    @property
    def _tomorrow(self) -> datetime:
        return datetime.combine(self._today + timedelta(days=1), time(), LOCAL)


def _closed(id: int, why: str, *, attempts: int = 0) -> outbox.Outcome:
    """It waits on their menu."""
    return outbox.Outcome(id, DeliveryState.SENDING, DeliveryState.WINDOW_CLOSED, why, attempts=attempts)
