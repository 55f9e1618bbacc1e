"""What is coming and what has happened, and where two things get into each other's way. Pure: it is given what there is and what each
day is called, and knows no clock, no schedule and no words for the page.

A collision keeps nothing from happening. It is said beforehand, to whoever can still move one of the two."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import combinations

from surveys.delivery import AWAKE, is_awake
from surveys.waves import LOCAL, Audience

__all__ = [
    "APART",
    "Collision",
    "Happening",
    "Kind",
    "Naming",
    "Rule",
    "Standing",
    "asks_the_same",
    "collisions",
    "day_of",
    "last_day",
    "spread_beyond",
]

APART = timedelta(hours=48)
"""Between two surveys at one person's door. Ours: nobody has said how many questions a ward bears."""
A_MINUTE = timedelta(minutes=1)

Naming = Callable[[date], str]
"""What people call a day on which nobody is to be disturbed; nothing for an ordinary one."""


class Kind(StrEnum):
    """What happens, in the order in which it stands on a day when the hour is the same."""

    OPEN = "open"
    PUSH = "push"
    """A survey is taken to the people of a ward."""
    REMIND = "remind"
    """To those who have not answered it."""
    CLOSE = "close"
    SEAL = "seal"
    DESTROY_KEY = "destroy_key"
    RELEASE = "release"
    RESULTS = "results"
    """What was released is told to a ward's subscribers."""
    NOTICE = "notice"
    OFFICERS = "officers"
    """Officers are reminded of something."""
    OTHER = "other"
    CHORE = "chore"
    """The house keeps itself in order; it disturbs nobody."""


class Standing(StrEnum):
    AHEAD = "ahead"
    UNDER_WAY = "under_way"
    WAITS = "waits"
    """For a person: paused, held, or nobody there to do it yet."""
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


PLACES = {kind: place for place, kind in enumerate(Kind)}
PUSHED = frozenset({Kind.PUSH, Kind.REMIND})
REACHES_PEOPLE = PUSHED | {Kind.RESULTS, Kind.NOTICE}
NEVER = frozenset({Standing.SKIPPED, Standing.FAILED})
UNDECIDED = frozenset({Standing.AHEAD, Standing.WAITS})
"""What can still be moved."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing at one moment."""

    kind: Kind
    at: datetime
    title: str
    units: tuple[str, ...]
    """Whom it concerns."""
    standing: Standing = Standing.AHEAD
    why: str = ""
    """What came of it, or why nothing did."""
    of: str = ""
    """What it belongs to: `wave:2026-nguoi-dan`, `schedule:forum`, `notice:Q7-204`."""
    wave: str = ""
    """The wave's name, where it is about one."""
    about: str = ""
    """What people call that wave, where the title does not say."""
    audience: Audience | None = None
    """Of a wave's opening: who is asked."""
    until: datetime | None = None
    """Of an opening: when it closes. Of what goes to people: when the last one has it."""
    asks: str = ""
    """Of what a wave lives through: the form it asks."""
    is_urgent: bool = False
    """Leaves at any hour, because two people said so."""
    is_reckoned: bool = False
    """It follows from something that has not happened yet, and moves with it."""

    @property
    def is_undecided(self) -> bool:
        return self.standing in UNDECIDED

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        return self.at, PLACES[self.kind], self.wave, self.of

    def within(self, units: frozenset[str]) -> "tuple[str, ...]":
        return tuple(unit for unit in self.units if unit in units)


class Rule(StrEnum):
    TWO_PUSHES = "two_pushes"
    OVERLAP = "overlap"
    QUIET_PUSH = "quiet_push"
    NIGHT_PUSH = "night_push"
    QUIET_CLOSE = "quiet_close"
    LATE_REMINDER = "late_reminder"


@dataclass(frozen=True, slots=True)
class Collision:
    rule: Rule
    happenings: tuple[Happening, ...]
    """One, or two of which the earlier comes first."""
    units: tuple[str, ...]
    """Where."""
    day: str = ""
    """What the day is called, where that is the trouble."""

    @property
    def at(self) -> datetime:
        return self.happenings[-1].at


def collisions(happenings: Iterable[Happening], naming: Naming) -> tuple[Collision, ...]:
    """Those that can still be helped, the earliest first. What is over collides with nothing any more."""
    found = sorted(happenings, key=lambda each: each.order)
    rules = (_two_pushes(found), _overlaps(found), _disturbing(found, naming), _ends(found, naming))
    return tuple(sorted((each for rule in rules for each in rule), key=lambda each: each.at))


def asks_the_same(one: Audience | None, other: Audience | None) -> bool:
    """Whether the same people are asked twice. Whoever has been at the counter is asked about that visit, whatever else is open."""
    if one is None or other is None or Audience.VISITS in (one, other):
        return False
    return one is other or {one, other} == {Audience.RESIDENTS, Audience.FORUM}


def day_of(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def last_day(closes_at: datetime) -> date:
    """A wave that closes at midnight was open until the day before."""
    return day_of(closes_at - A_MINUTE)


def spread_beyond(happening: Happening) -> bool:
    """Whether some of those it goes to would have it at an hour when nobody is written to."""
    if not is_awake(happening.at):
        return True
    if happening.until is None:
        return False
    evening = datetime.combine(day_of(happening.at), AWAKE[1], LOCAL)
    return happening.until > evening


# ── The rules ────────────────────────────────────────────────────────────────────────────────────────────────────


def _two_pushes(found: Sequence[Happening]) -> Iterator[Collision]:
    """Two surveys at the same doors within two days. One survey's own reminders keep their distance by themselves."""
    pushed = [each for each in found if each.kind in PUSHED and each.standing not in NEVER]
    for one, other in combinations(pushed, 2):
        if other.at - one.at >= APART or one.wave == other.wave:
            continue
        if shared := _shared(one, other):
            yield Collision(Rule.TWO_PUSHES, (one, other), shared)


def _overlaps(found: Sequence[Happening]) -> Iterator[Collision]:
    """Two waves that ask the same people of a ward at the same time."""
    opened = [each for each in found if each.kind is Kind.OPEN and each.standing not in NEVER]
    for one, other in combinations(opened, 2):
        if not asks_the_same(one.audience, other.audience) or one.until is None or one.until <= other.at:
            continue
        if one.wave != other.wave and (shared := _shared(one, other)):
            yield Collision(Rule.OVERLAP, (one, other), shared)


def _disturbing(found: Sequence[Happening], naming: Naming) -> Iterator[Collision]:
    """What reaches people on a day off, or while they sleep. The hours are kept when it is sent, so it would come later than planned."""
    for each in found:
        if each.kind not in REACHES_PEOPLE or not each.is_undecided or each.is_urgent:
            continue
        if name := naming(day_of(each.at)):
            yield Collision(Rule.QUIET_PUSH, (each,), each.units, name)
        if spread_beyond(each):
            yield Collision(Rule.NIGHT_PUSH, (each,), each.units)


def _ends(found: Sequence[Happening], naming: Naming) -> Iterator[Collision]:
    """A last day on which nobody is at their telephone, or at work to help; a reminder of what is over."""
    closing = {each.wave: each.at for each in found if each.kind is Kind.CLOSE}
    for each in found:
        if not each.is_undecided:
            continue
        if each.kind is Kind.CLOSE and (name := naming(last_day(each.at))):
            yield Collision(Rule.QUIET_CLOSE, (each,), each.units, name)
        if each.kind is Kind.REMIND and each.wave in closing and each.at >= closing[each.wave]:
            yield Collision(Rule.LATE_REMINDER, (each,), each.units)


def _shared(one: Happening, other: Happening) -> tuple[str, ...]:
    """Where both are, if one of them can still be moved."""
    if not (one.is_undecided or other.is_undecided):
        return ()
    return one.within(frozenset(other.units))
