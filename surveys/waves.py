"""A wave (đợt): one run of a form over an audience and a period, and the one way it moves. Pure: `now` is passed in.

draft → open → closed → (seven days in which one may still withdraw) → sealed → key destroyed → released

Two persons may postpone the key's destruction, and with it the release; a stratum that was flagged holds the release up for days.
Nothing holds up sealing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

__all__ = [
    "FLAGGED",
    "GRACE",
    "LAST_ONES",
    "LOCAL",
    "Audience",
    "Period",
    "State",
    "Step",
    "Times",
    "TooEarly",
    "month_of",
    "next_step",
    "week_of",
]

GRACE = timedelta(
    days=7
)  # answers rest as they are, but one may still withdraw; then nobody can find them again
LAST_ONES = timedelta(minutes=1)  # whoever withdraws at the last moment is done before sealing begins
FLAGGED = timedelta(days=3)  # two persons may take a flagged stratum out before what it says is published
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")  # the calendar that residents and offices live by


class State(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    SEALED = "sealed"
    RELEASED = "released"


class Audience(StrEnum):
    RESIDENTS = "residents"
    BUSINESSES = "businesses"
    VISITS = "visits"
    FORUM = "forum"


class Step(StrEnum):
    """What can happen to a wave, in this order."""

    OPEN = "open"
    CLOSE = "close"
    SEAL = "seal"
    DESTROY_KEY = "destroy_key"
    RELEASE = "release"


class TooEarly(Exception):
    """A wave's next step may not be taken yet."""


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment up to another, which is not in it."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Times:
    """Where a wave is in its life."""

    state: State
    closes_at: datetime
    is_key_destroyed: bool = False
    key_kept_until: datetime | None = None
    """What two persons postponed the key's destruction to."""
    release_due: datetime | None = None
    """Not released before; None: as soon as the key is gone."""

    @property
    def sealable_at(self) -> datetime:
        return self.closes_at + GRACE + LAST_ONES


def next_step(wave: Times) -> tuple[Step, datetime | None] | None:
    """What comes next, and when it may happen (None: at once); None when a wave's life is over."""
    match wave.state:
        case State.DRAFT:
            return Step.OPEN, None
        case State.OPEN:
            return Step.CLOSE, wave.closes_at
        case State.CLOSED:
            return Step.SEAL, wave.sealable_at
        case State.SEALED if not wave.is_key_destroyed:
            return Step.DESTROY_KEY, wave.key_kept_until
        case State.SEALED:
            return Step.RELEASE, wave.release_due
        case State.RELEASED:
            return None


def month_of(now: datetime) -> Period:
    """The month of Vietnam's calendar around a moment: visit ratings are a wave a month."""
    local = now.astimezone(LOCAL)
    opens = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    closes = opens.replace(year=opens.year + opens.month // 12, month=opens.month % 12 + 1)
    return Period(opens, closes)


def week_of(moment: datetime) -> str:
    """The ISO week of Vietnam's calendar: `2026-W47`."""
    year, week, _ = moment.astimezone(LOCAL).isocalendar()
    return f"{year}-W{week:02}"
