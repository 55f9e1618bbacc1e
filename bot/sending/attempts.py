"""One attempt at one message: who gives its words, whether it may go now, and what its outcome means. It knows channels' outcomes and
the declared tables, no database."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.channels.contract import (
    ContactGone,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    WindowClosed,
)
from storage.outbox import Claimed
from surveys.conversation import Address, Say
from surveys.delivery import Campaign, Cap, DeliveryState, Result, Why, rests_until
from surveys.waves import LOCAL
from surveys.windows import Closed, Purpose, gate, policy_of

__all__ = [
    "Composer",
    "Left",
    "Paid",
    "Ready",
    "Recipient",
    "Silent",
    "Skip",
    "reason_of",
    "refused",
    "result_of",
    "spared_until",
]

Left = Callable[[Address], Awaitable[None]]
"""Told of a person who wants nothing more: `Arrivals.leave`."""

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a composer writes for."""

    contact: str
    account: str
    language: str
    is_again: bool = False
    """It perhaps arrived once already, and must say so."""
    fingerprint: bytes = b""
    """By which buttons are made for this person only."""
    address: Address | None = None
    """Where it goes."""
    unit: str | None = None
    """Their own."""


@dataclass(frozen=True, slots=True)
class Skip:
    """There is nothing to say to them."""

    reason: str = Why.NOTHING


@dataclass(frozen=True, slots=True)
class Silent:
    """There is nothing to say to them either, and nothing that is written down may tell: for a discreet campaign alone. It goes the way of
    those beside it, takes as long, ends as they do, and never leaves."""


class Composer(Protocol):
    """Gives a campaign's words, in the language and for the channel of one recipient. Asked for every one of them: it remembers what is
    the same for many."""

    async def compose(self, campaign: Campaign, recipient: Recipient, /) -> Say | Skip | Silent: ...


@dataclass(frozen=True, slots=True)
class Paid:
    """An approved text that goes to somebody for money, in place of the message."""

    template: str
    fields: Mapping[str, str]
    price: int
    """In đồng, as it was agreed to."""
    by: str
    """Who agreed."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery in hand that lacks nothing but its turn."""

    claimed: Claimed
    campaign: Campaign
    address: Address
    say: Say | None
    """None: nothing leaves, and everything looks as if it did."""
    paid: Paid | None = None


def refused(
    claimed: Claimed,
    campaign: Campaign,
    account: str,
    *,
    has_left: bool,
    cap: Cap | None,
    now: datetime,
) -> tuple[DeliveryState, str] | None:
    """Why a message is not sent after all: asked when it is claimed, not when it was written. None when it may go. `cap`: what holds for
    campaigns of its kind."""
    if has_left or claimed.fingerprint is None:
        return DeliveryState.CANCELLED, Why.LEFT
    if campaign.expires_at is not None and now >= campaign.expires_at:
        return DeliveryState.EXPIRED, ""
    is_capped = not (campaign.is_urgent or campaign.takes_back)
    if cap is not None and is_capped and claimed.recent >= cap.most:
        return DeliveryState.CANCELLED, Why.CAP
    policy = policy_of(account, now.astimezone(LOCAL).date())
    match gate(policy, claimed.heard_at, now, campaign.purpose):
        case Closed(reason):
            return DeliveryState.WINDOW_CLOSED, reason
    return None


def result_of(outcome: Outcome) -> Result:
    match outcome:
        case Sent():
            return Result.SENT
        case RetryAfter():
            return Result.NOT_SENT
        case Rejected():
            return Result.REJECTED
        case ContactGone():
            return Result.GONE
        case WindowClosed():
            return Result.WINDOW
        case Misconfigured():
            return Result.OURS
        case Unknown():
            return Result.UNKNOWN


def reason_of(outcome: Outcome) -> str:
    match outcome:
        case Sent() | RetryAfter():
            return ""
        case _:
            return outcome.reason[:LONGEST_REASON]


def spared_until(campaign: Campaign, state: DeliveryState, now: datetime) -> datetime | None:
    """Before when they hear nothing more of the survey: they have just been told of it, or perhaps, in whatever way. None for a notice."""
    spoke = state in (DeliveryState.SENT, DeliveryState.UNKNOWN)
    return rests_until(now) if spoke and campaign.purpose is Purpose.INVITATION else None
