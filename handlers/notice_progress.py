"""How far a notice has got, by which way it reached people, and what that costs. It only looks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storage.transaction import Tx
from surveys.delivery import FINAL, DeliveryState
from surveys.notices import Notice
from surveys.outside import NOTICE, ArticleState

__all__ = ["Progress", "Spent", "progress_of"]


@dataclass(frozen=True, slots=True)
class Spent:
    """What went out otherwise than as a free message, and what that costs."""

    templates: int = 0
    """That Zalo took."""
    unknown: int = 0
    """Templates of which nobody knows; they may have to be paid for."""
    agreed: int = 0
    price: int = 0
    """Of one template, as it was agreed to."""
    by: str = ""
    """Who agreed."""
    billed: int = 0
    """Messages after their free time."""
    message_price: int | None = None
    articles: tuple[ArticleState, ...] = ()
    """How far each account's article is."""

    @property
    def cost(self) -> int | None:
        """In đồng, with what may have to be paid for; None while nobody has told what a message costs."""
        if self.billed and self.message_price is None:
            return None
        return (self.templates + self.unknown) * self.price + self.billed * (self.message_price or 0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a notice has got."""

    counts: dict[DeliveryState, int]
    total: int
    seen: int
    rate: float
    """Outcomes a second since it began; 0.0 before the first."""
    done_at: datetime | None
    """At this rate; None where nobody can say."""
    spent: Spent = Spent()

    @property
    def messages(self) -> int:
        """Sent as what they are."""
        return max(0, self.counts.get(DeliveryState.SENT, 0) - self.spent.templates)

    @property
    def done(self) -> int:
        return sum(number for state, number in self.counts.items() if state in FINAL)

    @property
    def share(self) -> float:
        """Of recipients who have an outcome; 1.0 where there is nobody."""
        return self.done / self.total if self.total else 1.0


async def progress_of(tx: Tx, notice: Notice, now: datetime, price: int | None) -> Progress:
    """`price`: what a message costs after its free time; None while nobody has told."""
    if notice.campaign is None:
        return _so_far(notice, {}, now, Spent())
    counts = await tx.outbox.counts(notice.campaign)
    some = {state: number for state, number in counts.items() if number}
    return _so_far(notice, some, now, await _spent(tx, notice, price))


async def _spent(tx: Tx, notice: Notice, price: int | None) -> Spent:
    assert notice.campaign is not None
    order = await tx.outside.order(NOTICE, notice.id)
    found = Spent(
        billed=await tx.outside.billed(notice.campaign),
        message_price=price,
        articles=tuple(ArticleState(each.state) for each in await tx.outside.articles(notice.campaign)),
    )
    if order is None:
        return found
    return replace(
        found,
        templates=order.sent,
        unknown=order.taken - order.sent,
        agreed=order.agreed,
        price=order.price,
        by=order.agreed_by,
    )


def _so_far(notice: Notice, counts: dict[DeliveryState, int], now: datetime, spent: Spent) -> Progress:
    total = sum(counts.values())
    done = sum(number for state, number in counts.items() if state in FINAL)
    since = (now - notice.begun_at).total_seconds() if notice.begun_at is not None else 0.0
    rate = done / since if since > 0 else 0.0
    done_at = now + timedelta(seconds=(total - done) / rate) if rate > 0 and total > done else None
    return Progress(counts, total, notice.seen, rate, done_at, spent)
