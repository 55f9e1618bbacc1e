"""The rooms of the officers' desk, and whom each is for: what stands in the navigation. It allows nothing; `bot.web.desk_door` does."""

from dataclasses import dataclass

from surveys.rights import MATRIX, Action, Actor

__all__ = ["ROOMS", "Way", "ways_of"]


@dataclass(frozen=True, slots=True)
class Way:
    key: str
    """Of the text that names it: `desk.way_people`."""
    place: str
    action: Action


ROOMS = (
    Way("notices", "/desk/notices", Action.NOTICE_SEE),
    Way("scorecard", "/scorecard", Action.SCORECARD_READ),
    Way("comments", "/comments", Action.COMMENTS_READ),
    Way("calendar", "/desk/calendar", Action.SCHEDULE_SEE),
    Way("results", "/desk/results", Action.RESULTS_READ),
    Way("schedules", "/desk/schedules", Action.SCHEDULE_SEE),
    Way("people", "/desk/people", Action.PEOPLE_SEE),
    Way("audit", "/desk/audit", Action.AUDIT_READ),
)


def ways_of(actor: Actor) -> tuple[Way, ...]:
    """The rooms where this actor has something to do, in the order they stand."""
    return tuple(way for way in ROOMS if MATRIX[actor.role].get(way.action))
