"""Before a notice is sent: how many it will reach, and why the others cannot be reached. Pure; the use case brings the people, without
their names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from surveys.outside import Outlook
from surveys.waves import LOCAL
from surveys.windows import Billed, Closed, Purpose, gate, policy_of

__all__ = ["Reach", "Reckoning", "Subscriber", "WhyNot", "reckoned"]


class WhyNot(StrEnum):
    WINDOW = "window"
    """They have not written for longer than the platform allows."""
    OPTED_OUT = "opted_out"
    """They said stop a moment ago."""
    NO_SUBSCRIPTION = "no_subscription"
    """They agreed to notices of that ward, but not to this topic."""
    LANGUAGE = "language"
    """The audience was narrowed to other languages."""
    TIRED = "tired"
    """They had as many as one may get in these days."""
    NO_PUSH = "no_push"
    """They are on a channel that does not let us write first."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One contact, as far as it matters here."""

    account: str
    language: str
    last: datetime | None = None
    """The hour of their last word."""
    wants: bool = True
    """Whether they subscribe to a topic and a ward of the audience."""
    has_left: bool = False
    recent: int = 0
    """How many notices they had in the days that count."""


@dataclass(frozen=True, slots=True)
class Reach:
    """On one kind of channel."""

    count: int = 0
    billed: int = 0
    """Of these, how many messages the platform wants money for."""
    why_not: Mapping[WhyNot, int] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.count - self.billed


@dataclass(frozen=True, slots=True)
class Reckoning:
    count: int
    why_not: Mapping[WhyNot, int]
    channels: Mapping[str, Reach]
    """By the head of the account: `telegram`, `zalo` …"""
    billed: int
    cost: int | None
    """In đồng; None where messages are billed and nobody has set a price."""
    outside: Mapping[str, int] = field(default_factory=dict)
    """Account → how many it may not write to any more, and who would get it otherwise."""
    outlook: Outlook | None = None
    """What they get instead; None where nobody has looked."""

    def with_outlook(self, outlook: Outlook) -> "Reckoning":
        return replace(self, outlook=outlook)

    @property
    def missed(self) -> int:
        return sum(self.why_not.values())


def reckoned(
    people: Iterable[Subscriber],
    now: datetime,
    *,
    languages: Iterable[str] = (),
    contact_cap: int | None = None,
    price: int | None = None,
    purpose: Purpose = Purpose.NOTICE,
) -> Reckoning:
    """`contact_cap`: None where two persons have overridden it. `languages`: empty for all."""
    wanted = frozenset(languages)
    counts: Counter[str] = Counter()
    billed: Counter[str] = Counter()
    why_not: dict[str, Counter[WhyNot]] = {}
    outside: Counter[str] = Counter()
    for person in people:
        kind = person.account.partition(":")[0]
        reason, is_billed = _looked_at(person, now, wanted, contact_cap, purpose)
        if reason is None:
            counts[kind] += 1
            billed[kind] += is_billed
        else:
            why_not.setdefault(kind, Counter())[reason] += 1
            is_tired = contact_cap is not None and person.recent >= contact_cap
            outside[person.account] += reason is WhyNot.WINDOW and not is_tired
    kinds = sorted({*counts, *why_not})
    channels = {kind: Reach(counts[kind], billed[kind], dict(why_not.get(kind, Counter()))) for kind in kinds}
    every: Counter[WhyNot] = sum(why_not.values(), Counter())
    paid = billed.total()
    closed = {account: number for account, number in sorted(outside.items()) if number}
    return Reckoning(counts.total(), dict(every), channels, paid, _cost(paid, price), closed)


def _cost(billed: int, price: int | None) -> int | None:
    if not billed:
        return 0
    return None if price is None else billed * price


def _looked_at(
    person: Subscriber,
    now: datetime,
    languages: frozenset[str],
    contact_cap: int | None,
    purpose: Purpose,
) -> tuple[WhyNot | None, bool]:
    if person.has_left:
        return WhyNot.OPTED_OUT, False
    if not person.wants:
        return WhyNot.NO_SUBSCRIPTION, False
    if languages and person.language not in languages:
        return WhyNot.LANGUAGE, False
    policy = policy_of(person.account, now.astimezone(LOCAL).date())
    match gate(policy, person.last, now, purpose):
        case Closed():
            has_window = policy is not None and policy.has_window
            return (WhyNot.WINDOW if has_window else WhyNot.NO_PUSH), False
        case Billed():
            is_billed = True
        case _:
            is_billed = False
    if contact_cap is not None and person.recent >= contact_cap:
        return WhyNot.TIRED, False
    return None, is_billed
