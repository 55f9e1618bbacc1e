"""Which waves a schedule takes to its people next: one there is, or one that another schedule is going to open, which has its name from the day
it will be due. It reads what is planned, and takes no step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handlers.inviting_costs import InvitingCosts
from handlers.schedule_days import Planned
from handlers.schedules import Schedules
from handlers.wave_days import CLOSING, OPENING
from surveys.calendar import day_of, last_day
from surveys.schedules import Event, Known, following, met
from surveys.schedules.opening import closes_at, filled
from surveys.schedules.purposes import Purpose
from surveys.waves import Audience

__all__ = ["NextWave", "NextWaves", "invites"]


@dataclass(frozen=True, slots=True)
class NextWave:
    slug: str
    units: tuple[str, ...]
    """The wards whose people it is taken to."""
    asked: Audience = Audience.RESIDENTS


def invites(planned: Planned) -> bool:
    """Whether it takes waves to their people."""
    if planned.row.purpose == Purpose.OPEN_WAVE:
        return bool(planned.about.get("invite"))
    return planned.row.purpose == Purpose.INVITE


class NextWaves:
    def __init__(self, schedules: Schedules, costs: InvitingCosts, now: Callable[[], datetime]) -> None:
        self._schedules = schedules
        self._costs = costs
        self._now = now

    async def of(self, planned: Planned) -> tuple[NextWave, ...]:
        """Several where the day of several comes at once; none where nobody is invited, or nobody knows to what."""
        if not invites(planned):
            return ()
        if planned.row.purpose == Purpose.OPEN_WAVE:
            slugs = dict.fromkeys(self._opened_by(planned), planned)
        elif named := planned.about.get("wave"):
            slugs = {str(named): planned}
        else:
            slugs = await self._followed_by(planned)
        found = [await self._wave(slug, opener, planned) for slug, opener in slugs.items()]
        return tuple(each for each in found if each.units)

    async def _followed_by(self, planned: Planned) -> dict[str, Planned]:
        """Wave → what opens it, or the schedule itself where it is there already."""
        openers: dict[str, Planned] = {}
        expected: dict[Event, Any] = {}
        for each in await self._schedules.all():
            if each.row.purpose == Purpose.OPEN_WAVE and await self._is_in_reach(each, planned):
                for slug, days in self._opened_by(each).items():
                    openers[slug] = each
                    expected |= days
        known: Known = {**expected, **planned.schedule.known}
        foreseen = replace(planned.schedule, known=known)
        for due in following(foreseen, self._now(), 1, planned.quiet):
            slugs = met(foreseen, due, planned.quiet)
            there = {event.of for event in planned.schedule.known}
            return {slug: planned if slug in there else openers[slug] for slug in slugs}
        return {}

    async def _is_in_reach(self, opener: Planned, asking: Planned) -> bool:
        if asking.row.unit is None or opener.row.unit is None:
            return True
        own, theirs = [
            {unit, *await self._costs.wards_of(unit)} for unit in (asking.row.unit, opener.row.unit)
        ]
        return not own.isdisjoint(theirs)

    def _opened_by(self, opener: Planned) -> dict[str, Known]:
        """The wave it opens next, and that wave's days; nothing where it opens none, or its words cannot be read."""
        about = opener.about
        if about.get("audience") == Audience.VISITS:
            return {}  # nobody is invited to rate a visit
        for due in self._schedules.coming(opener, 1):
            try:
                slug, ends = filled(about["slug"], due), closes_at(about, due)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError):
                return {}
            asks = str(about.get("form", ""))
            return {
                slug: {
                    Event(OPENING, slug, asks): day_of(due),
                    Event(CLOSING, slug, asks): last_day(ends),
                }
            }
        return {}

    async def _wave(self, slug: str, opener: Planned, asking: Planned) -> NextWave:
        """Of the wards that take part, those that the schedule reaches."""
        try:
            units, asked = await self._costs.units_of(slug), await self._costs.audience_of(slug)
        except LookupError:  # it is not open yet
            units, asked = await self._costs.wards_of(opener.row.unit or ""), _asked(opener)
        if asking.row.unit is None:
            return NextWave(slug, units, asked)
        within = {asking.row.unit, *await self._costs.wards_of(asking.row.unit)}
        return NextWave(slug, tuple(unit for unit in units if unit in within), asked)


def _asked(opener: Planned) -> Audience:
    """Whom the wave will ask that it opens; of a schedule that names none, residents."""
    try:
        return Audience(opener.about.get("audience", Audience.RESIDENTS))
    except ValueError:
        return Audience.RESIDENTS
