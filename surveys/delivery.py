"""What becomes of one message to one person: its states, which may follow which, and what every outcome of a call asks of us.
Pure: one table of troubles, one of results; no clock, no database, no platform.

A message is `sending` on disk before its first byte leaves. Whoever dies then leaves a row that says so, and nobody sends it again
as if nothing had happened: at most once is a promise, “we do not know” is a state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from surveys.waves import LOCAL
from surveys.windows import Purpose, hour

__all__ = [
    "AWAKE",
    "CAP",
    "CAPS",
    "EFFECTS",
    "FINAL",
    "FOLLOWS",
    "KINDS",
    "MORNING",
    "OTHERWISE",
    "POISON",
    "REPEATS",
    "REST",
    "TROUBLES",
    "Audience",
    "Campaign",
    "CampaignState",
    "Cap",
    "DeliveryState",
    "Effect",
    "Result",
    "Trouble",
    "Why",
    "after_lease",
    "awake_between",
    "due_by",
    "expected",
    "is_awake",
    "let_go_of",
    "next_awake",
    "rests_until",
    "state_after",
    "woke_at",
]


class DeliveryState(StrEnum):
    PENDING = "pending"
    """Waits its turn."""
    CLAIMED = "claimed"
    """A sender has it in hand; certainly not sent."""
    SENDING = "sending"
    """On its way: from here on it may have arrived."""
    SENT = "sent"
    """The platform took it."""
    FAILED = "failed"
    """The platform will never take it: a dead letter."""
    BLOCKED = "blocked"
    """This person does not want us, or is gone."""
    WINDOW_CLOSED = "window_closed"
    """The platform lets us write only for a while after their last word; it waits on their menu instead."""
    UNKNOWN = "unknown"
    """It may have arrived or not, and is not sent again as if nothing had happened."""
    EXPIRED = "expired"
    """Its time was over before it could be sent."""
    CANCELLED = "cancelled"
    """Taken back before it was sent: stopped, or the person said /dung, or had had enough. See `Why`."""


class Why(StrEnum):
    """Our own reasons, beside those a platform gives."""

    LEFT = "left"
    """The person takes no notices any more."""
    CAP = "cap"
    """They had as many as anybody should have in a week."""
    ELSEWHERE = "at another address"
    """It goes to another address of the same person's."""
    STOPPED = "stopped"
    """Somebody stopped the campaign."""
    NOTHING = "nothing to say"
    """There is no text for them."""
    LEASE = "its sender died"
    ADDRESS = "the address cannot be opened"
    """Its key is not in this key store."""
    NIGHT = "night"
    POISON = "poison"
    """Three people failed alike."""
    RESTORED = "restored"
    """The database is older than what was sent from it."""
    WORDS = "its words cannot be made"


FINAL = frozenset(
    {
        DeliveryState.SENT,
        DeliveryState.FAILED,
        DeliveryState.BLOCKED,
        DeliveryState.WINDOW_CLOSED,
        DeliveryState.UNKNOWN,
        DeliveryState.EXPIRED,
        DeliveryState.CANCELLED,
    }
)
"""Nothing more happens by itself."""

FOLLOWS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.CLAIMED, DeliveryState.EXPIRED, DeliveryState.CANCELLED}),
    DeliveryState.CLAIMED: frozenset(
        {
            DeliveryState.PENDING,
            DeliveryState.SENDING,
            DeliveryState.FAILED,
            DeliveryState.BLOCKED,
            DeliveryState.WINDOW_CLOSED,
            DeliveryState.EXPIRED,
            DeliveryState.CANCELLED,
        }
    ),
    # Back to pending only where it certainly did not leave, or where its campaign may be repeated once.
    DeliveryState.SENDING: FINAL | {DeliveryState.PENDING},
    # A late answer, a tap, a receipt: then we know after all. Or once again, visibly marked.
    DeliveryState.UNKNOWN: frozenset({DeliveryState.SENT, DeliveryState.PENDING}),
    # A person looked at the dead letter and lets it go.
    DeliveryState.FAILED: frozenset({DeliveryState.PENDING}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.BLOCKED: frozenset(),
    DeliveryState.WINDOW_CLOSED: frozenset(),
    DeliveryState.EXPIRED: frozenset(),
    DeliveryState.CANCELLED: frozenset(),
}


# ── What a call comes to ─────────────────────────────────────────────────────────────────────────────────────────


class Result(StrEnum):
    """An attempt's outcome, named by what we must do."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    """Certainly not sent, and it may be later: the account pauses, the person loses nothing."""
    REJECTED = "rejected"
    GONE = "gone"
    WINDOW = "window"
    OURS = "ours"
    """Settings, tokens, contracts: the account pauses until somebody mends them."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Effect:
    state: DeliveryState
    costs_attempt: bool = True
    pauses: bool = False
    """The whole account waits: the trouble is not this person's."""
    leaves: bool = False
    """The contact is let go."""
    may_be_poison: bool = False
    """Three different people with the same: it is the message."""


EFFECTS: Mapping[Result, Effect] = {
    Result.SENT: Effect(DeliveryState.SENT),
    Result.NOT_SENT: Effect(DeliveryState.PENDING, costs_attempt=False, pauses=True),
    Result.REJECTED: Effect(DeliveryState.FAILED, may_be_poison=True),
    Result.GONE: Effect(DeliveryState.BLOCKED, leaves=True),
    Result.WINDOW: Effect(DeliveryState.WINDOW_CLOSED),
    Result.OURS: Effect(DeliveryState.PENDING, costs_attempt=False, pauses=True),
    Result.UNKNOWN: Effect(DeliveryState.UNKNOWN),
}


class Trouble(StrEnum):
    """Every way in which a call has been seen to fail."""

    NAME = "dns"
    REFUSED = "refused"
    UNREACHABLE = "connect timeout"
    TLS = "tls"
    POOL = "no free connection"
    RESET_BEFORE = "reset before it was written"
    RESET_AFTER = "reset after it was written"
    READ_TIMEOUT = "no answer in time"
    TOO_MANY = "429 with a time"
    TOO_MANY_UNTIMED = "429 without a time"
    SERVER = "500"
    GATEWAY = "502 with a page"
    UNAVAILABLE = "503"
    TRUNCATED = "half an answer"
    NOT_JSON = "an answer that is none"
    REDIRECT = "301"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    BAD_REQUEST = "400"
    NOT_FOUND = "404"
    NO_SUCH_CHAT = "400 chat not found"
    MIGRATED = "400 moved"


TROUBLES: Mapping[Trouble, Result] = {
    # Never connected, so nothing can have arrived.
    Trouble.NAME: Result.NOT_SENT,
    Trouble.REFUSED: Result.NOT_SENT,
    Trouble.UNREACHABLE: Result.NOT_SENT,
    Trouble.TLS: Result.NOT_SENT,
    Trouble.POOL: Result.NOT_SENT,
    # A connection that broke tells nobody how far the request had come; before or after is all the same from here.
    Trouble.RESET_BEFORE: Result.UNKNOWN,
    Trouble.RESET_AFTER: Result.UNKNOWN,
    Trouble.READ_TIMEOUT: Result.UNKNOWN,
    Trouble.SERVER: Result.UNKNOWN,
    Trouble.GATEWAY: Result.UNKNOWN,
    Trouble.UNAVAILABLE: Result.UNKNOWN,
    Trouble.TRUNCATED: Result.UNKNOWN,
    Trouble.NOT_JSON: Result.UNKNOWN,
    Trouble.REDIRECT: Result.UNKNOWN,
    # The platform said no before doing anything.
    Trouble.TOO_MANY: Result.NOT_SENT,
    Trouble.TOO_MANY_UNTIMED: Result.NOT_SENT,
    Trouble.UNAUTHORIZED: Result.OURS,
    Trouble.FORBIDDEN: Result.GONE,
    Trouble.BAD_REQUEST: Result.REJECTED,
    Trouble.NOT_FOUND: Result.OURS,  # our methods do not change, so it is the token or the address
    Trouble.NO_SUCH_CHAT: Result.GONE,
    Trouble.MIGRATED: Result.GONE,
}
"""What a failed call comes to, on every platform whose own documents do not say otherwise."""

OTHERWISE: Mapping[str, Mapping[Trouble, Result]] = {
    # Errors of an Official Account come with HTTP 200 and a number. A 4xx is a proxy's or a firewall's, and speaks of nobody.
    "zalo": {
        Trouble.UNAUTHORIZED: Result.REJECTED,
        Trouble.FORBIDDEN: Result.REJECTED,
        Trouble.NOT_FOUND: Result.REJECTED,
    },
    # Documented as forbidden, worded as “Internal server error”.
    "zalobot": {Trouble.FORBIDDEN: Result.UNKNOWN},
}
"""Where a platform's documents say otherwise, by the head of its accounts' names."""

KINDS: Mapping[str, Result] = {
    "haste": Result.NOT_SENT,
    "night": Result.NOT_SENT,
    "quota": Result.NOT_SENT,
    "processing": Result.NOT_SENT,
    "window": Result.WINDOW,
    "blocked": Result.GONE,
    "message": Result.REJECTED,
    "token": Result.OURS,
    "ours": Result.OURS,
    "unclear": Result.UNKNOWN,
}
"""What each kind of number of Zalo's comes to; which number is of which kind stands in `bot.channels.zalo_errors`."""


def expected(trouble: Trouble, platform: str) -> Result:
    return OTHERWISE.get(platform, {}).get(trouble, TROUBLES[trouble])


def state_after(result: Result, *, repeats_left: int) -> DeliveryState:
    """The state an attempt ends in. What nobody knows is sent once more only where its campaign may be repeated."""
    state = EFFECTS[result].state
    if state is DeliveryState.UNKNOWN and repeats_left > 0:
        return DeliveryState.PENDING
    return state


def after_lease(state: DeliveryState, *, repeats_left: int) -> DeliveryState:
    """What becomes of a row whose sender was not heard of again."""
    if state is DeliveryState.CLAIMED:
        return DeliveryState.PENDING
    return state_after(Result.UNKNOWN, repeats_left=repeats_left)


# ── Campaigns ────────────────────────────────────────────────────────────────────────────────────────────────────


class CampaignState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    """A person must look: `why` says at what."""
    STOPPED = "stopped"
    DONE = "done"
    """Every recipient has an outcome."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a campaign is for. Empty languages: all of them. With topics: who subscribed to one of them in one of the units;
    without: whose own unit it is. `of`: another campaign's recipients who got it, or perhaps got it; those of them who still want one
    of the topics, where there are any."""

    units: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    of: int | None = None
    is_own: bool = False
    """With topics: only of those whose own unit it is as well."""
    sample: int | None = None
    """Of each unit only so many, drawn with the seed."""
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One thing said to many people once. (kind, subject) is unique: creating it twice is creating it once."""

    kind: str
    """Whose composer knows its words."""
    subject: str
    """What it is about, for the composer: a notice's id."""
    purpose: Purpose
    audience: Audience
    not_before: datetime
    over: timedelta = timedelta(0)
    """Spread over so long, evenly."""
    expires_at: datetime | None = None
    is_urgent: bool = False
    """At any hour, beyond caps, before all others."""
    repeats: int = 0
    """How often one whose fate is unknown may be sent again, marked as such: see `REPEATS`."""
    id: int = 0
    """Given by the database."""

    @property
    def takes_back(self) -> bool:
        """It says something else in the place of what another campaign said."""
        return self.audience.of is not None and self.purpose is Purpose.NOTICE

    @property
    def is_discreet(self) -> bool:
        """It speaks once more to whom another campaign invited, and to those alone who have not answered: nothing that is written down
        of it may tell who that was."""
        return self.audience.of is not None and self.purpose is Purpose.INVITATION


REPEATS = 1  # urgent notices and invitations; a notice never
POISON = 3  # people who fail alike


@dataclass(frozen=True, slots=True)
class Cap:
    """So many of a kind to one person in so long."""

    most: int
    within: timedelta


CAP = Cap(5, timedelta(days=7))
"""Ours: nobody has said how many notices a person bears. What wards send one by one adds up for who follows several."""

CAPS: Mapping[str, Cap] = {"invite": Cap(2, timedelta(days=7)), "remind": Cap(3, timedelta(days=7))}
"""Ours as well, by the kind of a campaign about surveys: each is counted by itself, and none beside notices."""

REST = timedelta(hours=48)
"""So long nobody hears again of a survey they were invited to or reminded of."""

A_WHOLE_HOUR = timedelta(hours=1)


def rests_until(now: datetime) -> datetime:
    """Before when who has just been spoken to of a survey is not spoken to of it again: up to the hour, so that nobody's moment is kept."""
    return hour(now) + A_WHOLE_HOUR + REST


# ── Night and morning ────────────────────────────────────────────────────────────────────────────────────────────

AWAKE = (time(7), time(21))
"""When people may be written to without having asked, by the clock of Việt Nam."""

A_DAY_AWAKE = timedelta(hours=AWAKE[1].hour - AWAKE[0].hour)

MORNING = timedelta(hours=1)
"""What was held over night leaves evenly in so long."""

AT_LEAST = (
    1.0  # a second; so few at once surprise nobody, and a ward's notice need not wait for the hour to end
)


def is_awake(now: datetime) -> bool:
    return AWAKE[0] <= now.astimezone(LOCAL).time() < AWAKE[1]


def next_awake(now: datetime) -> datetime:
    """`now`, or the next moment from which people may be written to."""
    if is_awake(now):
        return now
    local = now.astimezone(LOCAL)
    morning = _morning_of(local)
    return morning if local < morning else morning + timedelta(days=1)


def woke_at(now: datetime) -> datetime | None:
    """When this day began, while what was held over night still leaves; None at any other time."""
    morning = _morning_of(now.astimezone(LOCAL))
    return morning if morning <= now < morning + MORNING else None


def awake_between(begin: datetime, end: datetime) -> timedelta:
    """So much of the time between the two people may be written to."""
    return _awake_until(end) - _awake_until(begin)


def due_by(total: int, begun: datetime, over: timedelta, now: datetime, *, at_night: bool = False) -> int:
    """How many of them may have been begun by now, when they are spread evenly: over waking hours, or over all of them `at_night`. What a
    night interrupts goes on in the morning at the same pace."""
    if now < begun:
        return 0
    passed = now - begun if at_night else awake_between(begun, now)
    if over <= timedelta(0) or passed >= over:
        return total
    return min(total, int(total * (passed / over)) + 1)


def let_go_of(waiting: int, woke: datetime, since: datetime, now: datetime) -> float:
    """How many of those that were held over night and wait still leave between two moments of the morning, so that the last leaves at
    its end. Asked again and again: what could not leave when it was its turn is spread over what is left."""
    left = woke + MORNING - since
    if now >= woke + MORNING or left <= timedelta(0):
        return waiting
    passed = max(timedelta(0), now - since)
    return min(waiting, max(waiting * (passed / left), passed.total_seconds() * AT_LEAST))


def _morning_of(local: datetime) -> datetime:
    return local.replace(hour=AWAKE[0].hour, minute=AWAKE[0].minute, second=0, microsecond=0)


def _awake_until(moment: datetime) -> timedelta:
    """Waking hours since the first day of the calendar."""
    local = moment.astimezone(LOCAL)
    today = min(max(local - _morning_of(local), timedelta(0)), A_DAY_AWAKE)
    return local.toordinal() * A_DAY_AWAKE + today
