"""When a platform lets us write to somebody who does not wait for an answer, and what that costs. Pure: a table with a beginning
for every rule, and a gate that reads it.

What we know of somebody's last word is kept to the hour, downwards: so a window may close here up to an hour before it does on
the platform, and never later."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from surveys.waves import LOCAL

__all__ = [
    "POLICIES",
    "Billed",
    "Closed",
    "Gate",
    "Open",
    "Policy",
    "Purpose",
    "gate",
    "hour",
    "keeps_hours",
    "policy_of",
]


class Purpose(StrEnum):
    REPLY = "reply"
    """To what a person has just said: they are there."""
    NOTICE = "notice"
    INVITATION = "invitation"
    TEMPLATE = "template"
    """A text the platform approved beforehand, and is paid for."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds on one kind of account from a day on."""

    kind: str
    """The head of `Address.account`."""
    valid_from: date
    source: str
    """Where we have it from, with its mark in the reference."""
    is_ever: bool = False
    """Once they wrote, any time."""
    free: timedelta = timedelta(0)
    """So long after their last word nothing is paid."""
    billed: timedelta = timedelta(0)
    """So long after their last word one may write at all."""
    has_templates: bool = False
    """Whether approved texts may be bought for the time after."""

    @property
    def has_window(self) -> bool:
        return self.billed > timedelta(0)


POLICIES: tuple[Policy, ...] = (
    Policy("telegram", date(2015, 6, 24), "Bot API: any time, unless blocked", is_ever=True),
    Policy(
        "zalo",
        date(2026, 1, 1),
        "reference A5: 48 hours free without a limit since 1/1/2026 (documented); billed until seven days (secondary); "
        "then templates by UID (window rule unsure)",
        free=timedelta(hours=48),
        billed=timedelta(days=7),
        has_templates=True,
    ),
    Policy(
        "zalobot",
        date(2026, 1, 1),
        "reference B5: chats of who wrote first; no window documented (unsure)",
        is_ever=True,
    ),
    Policy("web", date(2026, 1, 1), "ours: a page is written to while it is open, by answering it"),
    Policy("console", date(2026, 1, 1), "ours: a terminal", is_ever=True),
)
"""The rules, newest last among those of a kind. A platform's new rule is a new line, with the day it begins."""


@dataclass(frozen=True, slots=True)
class Open:
    """It may be sent, and costs nothing."""


@dataclass(frozen=True, slots=True)
class Billed:
    """It may be sent, and the platform wants money for it."""

    by_template: bool
    """Whether as an approved text; else as an ordinary message."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing may be sent until they write again: then what waits is on their menu."""

    reason: str


Gate = Open | Billed | Closed


def policy_of(account: str, on: date, policies: Iterable[Policy] = POLICIES) -> Policy | None:
    """The rule in force that day; None where there is none, and nothing may be sent."""
    kind = account.partition(":")[0]
    known = [each for each in policies if each.kind == kind and each.valid_from <= on]
    return max(known, key=lambda each: each.valid_from, default=None)


def gate(policy: Policy | None, last: datetime | None, now: datetime, purpose: Purpose) -> Gate:
    """Asked when a message is claimed, not when it was written. `last`: when they last wrote; None when nobody knows."""
    if purpose is Purpose.REPLY:
        return Open()
    if policy is None:
        return Closed("no rule is known for this kind of account")
    if purpose is Purpose.TEMPLATE:
        # A template is paid for whether a window is open or not.
        return Billed(True) if policy.has_templates else Closed("this kind of account has no templates")
    if policy.is_ever:
        return Open()
    if not policy.has_window:
        return Closed("they are written to only while they are there")
    if last is None:
        return Closed("nobody knows that they ever wrote")
    silent = now - last
    if silent <= policy.free:
        return Open()
    if silent <= policy.billed:
        return Billed(False)
    return Closed(f"they have not written for {policy.billed.days} days")


def hour(moment: datetime) -> datetime:
    """The hour a moment lies in: the finest time a contact may carry."""
    return moment.replace(minute=0, second=0, microsecond=0)


def keeps_hours(account: str, now: datetime) -> bool:
    """Whether it matters on this account when somebody last wrote: elsewhere it is not kept."""
    policy = policy_of(account, now.astimezone(LOCAL).date())
    return policy is not None and policy.has_window
