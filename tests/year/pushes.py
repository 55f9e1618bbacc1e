"""What came unasked, as it lies in people's chats: which invitation or reminder it is, told by its words alone; and every rule that holds for
such messages, laid over the log of what really arrived."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from surveys import texts
from surveys.conversation import Address
from tests.year.oracle import Expected, is_quiet
from tests.year.platform import Arrived

if TYPE_CHECKING:
    from tests.year.world import World

__all__ = ["Kind", "Pushed", "push_in", "trouble_with_pushes"]

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST_HOUR, LAST_HOUR = 7, 21
APART = timedelta(hours=48)
MOST_REMINDERS = 2
K = 10
A_MOMENT = timedelta(minutes=6)
"""So long a message may be in a sender's hand, or between a platform and a chat, when its reader does something else."""


class Kind(Enum):
    INVITED = auto()
    AGAIN = auto()
    REMINDED = auto()
    REMINDED_LAST = auto()


REMINDERS = (Kind.REMINDED, Kind.REMINDED_LAST)


@dataclass(frozen=True, slots=True)
class Pushed:
    at: datetime
    address: Address
    wave: Expected
    kind: Kind
    arrived: Arrived


def push_in(arrived: Arrived, waves: Iterable[Expected]) -> Pushed | None:
    text = arrived.say.text
    wave = next((each for each in waves if each.title in text), None)
    if wave is None or not any(
        each.label in (_say("button.tonight"), _say("button.decline"), _say("button.remind_no_more"))
        for each in arrived.say.options
    ):
        return None
    kind = Kind.INVITED
    if text.startswith(_say("invite.again")):
        kind = Kind.AGAIN
    elif text.startswith(_say("invite.reminder")):
        kind = Kind.REMINDED
    elif text.startswith(_say("invite.last_reminder")):
        kind = Kind.REMINDED_LAST
    return Pushed(arrived.at, arrived.address, wave, kind, arrived)


def trouble_with_pushes(world: "World") -> Iterator[str]:
    names = {each.address: each.name for each in world.residents}
    wards = {each.name: each.ward for each in world.residents}
    for arrived in world.platform.log:
        yield from _at_its_hour(arrived, names)
    theirs: dict[tuple[str, str], list[Pushed]] = defaultdict(list)
    for arrived in world.platform.log:
        if (push := push_in(arrived, world.expected.values())) is not None:
            theirs[names[push.address], push.wave.slug].append(push)
    invited = _invited_by_ward(theirs, wards)
    for (person, slug), pushes in theirs.items():
        who = f"{slug}, {person}: {[(each.kind.name, f'{each.at:%m-%d %H:%M}') for each in pushes]}"
        if person not in world.model.agreed_to(slug):
            yield f"{who}: never agreed to be asked"
        yield from (f"{who}: {trouble}" for trouble in _one_persons(world, pushes))
        others = invited[slug, wards[person]]
        yield from (f"{who}: {trouble}" for trouble in _not_after(world, person, pushes, others))


def _at_its_hour(arrived: Arrived, names: Mapping[Address, str]) -> Iterator[str]:
    local = arrived.at.astimezone(VIETNAM)
    who = f"{names.get(arrived.address)}, {local:%Y-%m-%d %H:%M}: {arrived.say.text[:60]!r}"
    if not FIRST_HOUR <= local.hour < LAST_HOUR:
        yield f"{who}: at night"
    if is_quiet(local):
        yield f"{who}: on a day on which nobody is to be disturbed"


def _invited_by_ward(
    theirs: Mapping[tuple[str, str], list[Pushed]], wards: Mapping[str, str]
) -> dict[tuple[str, str], set[str]]:
    """At least those who got it; one who did not may make a ward larger than it looks, never smaller."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for person, slug in theirs:
        found[slug, wards[person]].add(person)
    return found


def _one_persons(world: "World", pushes: list[Pushed]) -> Iterator[str]:
    kinds = [each.kind for each in pushes]
    for kind in Kind:
        if kinds.count(kind) > 1:
            yield f"{kind.name} {kinds.count(kind)} times"
    first = next((each for each in pushes if each.kind is Kind.INVITED), None)
    if Kind.AGAIN in kinds and first is not None and world.was_written_down(first.arrived):
        yield "again, though it was known to have arrived"
    if sum(each in REMINDERS for each in kinds) > MOST_REMINDERS:
        yield "reminded more than twice"
    for before, after in pairwise(pushes):
        if after.kind in REMINDERS and after.at - before.at < APART:
            yield f"reminded {after.at - before.at} after the last word"
    if any(each.at >= each.wave.closes_at for each in pushes):
        yield "after the end"


def _not_after(world: "World", person: str, pushes: list[Pushed], invited: set[str]) -> Iterator[str]:
    """`invited`: in their ward. Where fewer of them than may be shown are left, everybody is reminded alike."""
    model, slug = world.model, pushes[0].wave.slug
    for each in pushes:
        still_there = [one for one in invited if _is_there(world, one, each.at)]
        is_small = len(still_there) < K
        if each.kind in REMINDERS and not is_small:
            finished = model.finished.get((person, slug))
            if finished is not None and each.at > finished + A_MOMENT:
                yield f"reminded, and had answered by {finished:%m-%d %H:%M}"
        for what, when in (
            ("said stop", model.left.get(person)),
            ("wanted no word of it", model.quiet.get((person, slug))),
        ):
            if when is not None and each.at > when + A_MOMENT:
                yield f"{each.kind.name}, and had {what} at {when:%m-%d %H:%M}"


def _is_there(world: "World", person: str, at: datetime) -> bool:
    """Whether they had neither left by then nor blocked us."""
    blocked = world.platform.gone.get(world.resident(person).address, at)
    return min(world.model.left.get(person, at), blocked) >= at


def _say(key: str) -> str:
    return texts.say(texts.DEFAULT, key)
