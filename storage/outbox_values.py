"""What the outbox takes and gives back: campaigns and where they stand, rows in hand, outcomes. It knows no SQL."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from surveys.delivery import Campaign, CampaignState, DeliveryState

__all__ = [
    "ALL",
    "Beside",
    "Changes",
    "Claimed",
    "DeadLetter",
    "LeaseLost",
    "Leaving",
    "Outcome",
    "Sender",
    "Standing",
    "moves",
]

ALL = "*"
"""The account that stands for all of them, where everything is paused."""


class LeaseLost(Exception):
    """Another process sends on this account now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign and where it stands."""

    campaign: Campaign
    state: CampaignState
    why: str
    poison_at: int
    fixed_at: int | None
    cell: int | None
    after: bytes
    walked_at: datetime | None

    @property
    def id(self) -> int:
        return self.campaign.id

    @property
    def is_written_down(self) -> bool:
        """Whether everybody in its audience has a row."""
        return self.fixed_at is not None and self.cell is None

    @property
    def was_stopped(self) -> bool:
        """Somebody took it back, before it was done or after: nobody gets it any more, not even whom it failed to reach."""
        return self.state is CampaignState.STOPPED or (self.state is CampaignState.DONE and self.why != "")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in one sender's hand, and what must be known to send it. Personal data: it lives as long as the attempt."""

    id: int
    campaign: int
    contact: str
    repeated: int
    """How often it was repeated: more than 0 must show."""
    fingerprint: bytes | None
    """None where the contact is gone."""
    address: bytes | None
    language: str | None
    heard_at: datetime | None
    recent: int
    """How many notices they had in the days of the cap, beside this one."""
    wants: bool = True
    """Whether they still want what it is about, as far as is written down; what is for everybody of a ward, everybody wants."""
    unit: str | None = None
    """Their own."""
    rests_until: datetime | None = None
    """Before when they are not spoken to of this survey again."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a campaign has for another address of a person's."""

    fingerprint: bytes
    account: str
    state: DeliveryState
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What may leave now, and the account's epoch with which it does."""

    ids: frozenset[int]
    epoch: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery that was in hand."""

    id: int
    was: DeliveryState
    state: DeliveryState
    reason: str = ""
    attempts: int = 0
    """How many more that makes."""
    repeated: int = 0
    until: datetime | None = None
    """Of one that waits again: before when it does not go. Of one that was sent and is about a survey: before when nobody speaks to them of
    it again."""
    moves: tuple[str, str] | None = None
    """Of one that waits again, on another account: this one and that one."""
    message: bytes | None = None
    """The platform's id, encrypted, where it can be taken back."""
    purge_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One delivery that did not get through, as an operator may see it: no address, no name."""

    id: int
    campaign: int
    account: str
    state: DeliveryState
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends on an account, and whether anybody does."""

    account: str
    owner: str
    until: datetime | None
    paused_until: datetime | None
    why: str
    epoch: int


Changes = Counter[tuple[int, str, DeliveryState]]
"""By how much a campaign's count on an account in a state changes."""


def moves(campaign: int, account: str, was: DeliveryState, to: DeliveryState, number: int) -> Changes:
    moved: Changes = Counter()
    moved[campaign, account, was] -= number
    moved[campaign, account, to] += number
    return moved
