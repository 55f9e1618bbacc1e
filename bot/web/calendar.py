"""`/desk/calendar`: a month of what is coming and what has happened, as a list and as a sheet, with what gets into each other's way said
in words. It only shows: whatever can be moved is moved where it was made. Without a script, and a list first on a telephone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Door
from bot.web.pages import Pages
from bot.web.words import Words
from handlers.calendar import Calendar, Shown
from surveys.calendar import Collision, Happening, Kind, Standing, day_of, last_day
from surveys.delivery import Why
from surveys.rights import PROVINCIAL, Action, Actor
from surveys.schedules.rules import Weekday
from surveys.schedules.words import WEEKDAYS
from surveys.waves import LOCAL

__all__ = ["PLACE", "CalendarPages"]

ROOM = "calendar"
PLACE = "/desk/calendar"
VIEWS = ("list", "month")
A_DAY = timedelta(days=1)
LOOKED_AHEAD = timedelta(days=31)
"""From the present day on the list goes on into the next month: on the last one it would else be empty."""
MOST_YEARS = 20  # ahead or back: farther is nobody's calendar
MOST_IN_A_CELL = 3
FEW_CLASHES = 2  # so many stand open above the days; more are folded, or a telephone would show nothing else
SHORT = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
MOST_NAMED = 3  # wards; more are counted
TOGETHER = frozenset({Kind.SEAL, Kind.DESTROY_KEY, Kind.RELEASE})
"""What follows at the same moment from the same end is one line."""
PAUSED: Mapping[str, str] = {Why.POISON: "calendar.why_poison", Why.WORDS: "calendar.why_words"}
"""What the sender stops by itself, and says to the operator."""
LEADS_TO: Mapping[str, str] = {"notice": "/desk/notices/{}", "schedule": "/desk/schedules/{}"}


@dataclass(frozen=True, slots=True)
class Line:
    """What stands on one line: one thing, or what follows at the same moment from the same end."""

    happenings: tuple[Happening, ...]
    hour: str
    where: str
    place: str
    """Where one can look at it, or move it."""
    clashes: tuple[int, ...] = ()
    """The numbers of the collisions it is part of."""

    @property
    def first(self) -> Happening:
        return self.happenings[0]

    @property
    def is_over(self) -> bool:
        return self.first.standing is Standing.DONE


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    lines: tuple[Line, ...]
    quiet: str
    """What a day off is called."""
    is_today: bool
    is_outside: bool = False
    """Of the month before or after, in a corner of the sheet."""

    @property
    def weekday(self) -> str:
        return WEEKDAYS[Weekday(self.day.weekday())]

    @property
    def some(self) -> tuple[Line, ...]:
        return self.lines[:MOST_IN_A_CELL]

    @property
    def has_clashes(self) -> bool:
        return any(line.clashes for line in self.lines)

    @property
    def has_trouble(self) -> bool:
        return any(line.first.standing in (Standing.FAILED, Standing.SKIPPED) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Asked:
    month: date
    """Its first day."""
    view: str
    """One of VIEWS; empty: what fits the screen."""
    unit: str
    has_chores: bool

    def address(self, **changed: Any) -> str:
        """The same page but for what is named."""
        given = {
            "month": f"{self.month:%Y-%m}",
            "view": self.view,
            "unit": self.unit,
            "chores": "1" if self.has_chores else "",
            **changed,
        }
        said = [f"{name}={value}" for name, value in given.items() if value]
        return f"{PLACE}?{'&'.join(said)}" if said else PLACE


class CalendarPages:
    def __init__(self, calendar: Calendar, pages: Pages, door: Door, now: Callable[[], datetime]) -> None:
        self._calendar = calendar
        self._pages = pages
        self._now = now
        self.routes = (Route(PLACE, door.guarded(Action.SCHEDULE_SEE, self.month)),)

    async def month(self, request: Request, actor: Actor) -> Response:
        today = day_of(self._now())
        asked = _asked(request.query_params, today)
        is_this_month = asked.month == today.replace(day=1)
        begin, end = _sheet(asked.month)
        until = max(end, today + LOOKED_AHEAD) if is_this_month else end
        shown = await self._calendar.between(actor, _midnight(begin), _midnight(until))
        sheet = _Sheet(shown, asked, actor, today)
        listed = [
            day
            for day in sheet.days(asked.month, until if is_this_month else _next(asked.month))
            if day.lines or day.quiet
        ]
        page = self._pages.for_desk(
            "calendar.html",
            actor,
            ROOM,
            "schedules",  # whose page says why everything is held, and lets it go on
            asked=asked,
            before=f"{asked.month - A_DAY:%Y-%m}",
            after=f"{_next(asked.month):%Y-%m}",
            is_this_month=is_this_month,
            past=[day for day in listed if day.day < today] if is_this_month else [],
            coming=[day for day in listed if day.day >= today] if is_this_month else listed,
            weeks=list(_weeks(sheet.days(begin, end))),
            weekdays=[(WEEKDAYS[each], SHORT[each]) for each in Weekday],
            few_clashes=FEW_CLASHES,
            clashes=sheet.clashes,
            holds=shown.holds,
            told_why=told_why,
            places=shown.places if actor.role in PROVINCIAL else (),
            has_hidden_chores=sheet.has_hidden_chores,
            last_day=last_day,
            month_number=asked.month.month,
            year=asked.month.year,
        )
        return HTMLResponse(page)


class _Sheet:
    """What there is, as lines on days."""

    def __init__(self, shown: Shown, asked: Asked, actor: Actor, today: date) -> None:
        self._quiet = shown.quiet
        self._month = asked.month
        self._today = today
        self._names = {unit.code: unit.name for unit in shown.places}
        self._wards = [unit.code for unit in shown.places if unit.code != actor.unit] or [actor.unit]
        seen = [each for each in shown.happenings if not asked.unit or asked.unit in each.units]
        # Whatever keeps the house in order is out of the way, but not what went wrong with it.
        kept = [each for each in seen if asked.has_chores or not _is_a_quiet_chore(each)]
        self.has_hidden_chores = len(kept) < len(seen)
        found = [each for each in shown.collisions if not asked.unit or asked.unit in each.units]
        self.clashes = [self._told(number, each) for number, each in enumerate(found, start=1)]
        self._clashes = {
            happening: tuple(n for n, each in enumerate(found, start=1) if happening in each.happenings)
            for clash in found
            for happening in clash.happenings
        }
        self._lines: dict[date, tuple[Line, ...]] = {}
        for day, heap in groupby(sorted(kept, key=lambda each: (_shown_on(each), each.order)), _shown_on):
            self._lines[day] = tuple(self._on(heap))

    def days(self, begin: date, end: date) -> Iterator[Day]:
        day = begin
        while day < end:
            is_outside = (day.year, day.month) != (self._month.year, self._month.month)
            yield Day(day, self._lines.get(day, ()), self._quiet.get(day, ""), day == self._today, is_outside)
            day += A_DAY

    def _on(self, heap: Iterable[Happening]) -> Iterator[Line]:
        for _, group in groupby(heap, _together):
            several = tuple(group)
            first = several[0]
            clashes = sorted({number for each in several for number in self._clashes.get(each, ())})
            yield Line(several, _hour(first), self._where(first.units), _place(first), tuple(clashes))

    def _where(self, units: tuple[str, ...]) -> str:
        """Nothing where it is the only place there is, or concerns none."""
        if len(self._wards) == 1 or not units:
            return ""
        if len(units) > 1 and set(units) >= set(self._wards):
            return f"cả {len(self._wards)} phường, xã"
        named = [self._names.get(unit, unit) for unit in units[:MOST_NAMED]]
        more = len(units) - len(named)
        return ", ".join(named) + (f" và {more} nơi khác" if more else "")

    def _told(self, number: int, clash: Collision) -> dict[str, Any]:
        one, other = clash.happenings[0], clash.happenings[-1]
        return {
            "number": number,
            "rule": clash.rule.value,
            "kind": one.kind.value,
            "day": _shown_on(other),
            "words": {
                "one": _called(one),
                "one_at": _moment(one.at),
                "one_until": _day(last_day(one.until)) if one.until else "",
                "other": _called(other),
                "other_at": _moment(other.at),
                "where": self._where(clash.units) or self._names.get(clash.units[0], clash.units[0]),
                "day": clash.day,
                "last": _day(last_day(one.at)),
            },
        }


def _is_a_quiet_chore(happening: Happening) -> bool:
    return happening.kind is Kind.CHORE and happening.standing in (Standing.AHEAD, Standing.DONE)


def _together(happening: Happening) -> tuple[Any, ...]:
    end = happening.kind in TOGETHER
    return happening.wave or happening, happening.standing, end or happening.kind, _hour(happening)


def _shown_on(happening: Happening) -> date:
    """What ends at midnight ends with the day before: nobody calls that the day after."""
    return last_day(happening.at) if happening.kind is Kind.CLOSE else day_of(happening.at)


def _hour(happening: Happening) -> str:
    local = happening.at.astimezone(LOCAL)
    return "24:00" if happening.kind is Kind.CLOSE and local.time() == time() else f"{local:%H:%M}"


def _called(happening: Happening) -> str:
    return f"{happening.title} – {happening.about}" if happening.about else happening.title


def told_why(happening: Happening, say: Words) -> str:
    """Why it stands as it does, in words for people."""
    cause, _, _ = happening.why.partition(":")
    return say(PAUSED[cause]) if cause in PAUSED else happening.why


def _place(happening: Happening) -> str:
    kind, _, name = happening.of.partition(":")
    if kind == "wave":
        is_out = happening.kind is Kind.RELEASE and happening.standing is Standing.DONE
        return f"/results?wave={name}" if is_out else ""
    return LEADS_TO[kind].format(name) if kind in LEADS_TO else ""


# ── Days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _asked(given: Mapping[str, str], today: date) -> Asked:
    try:
        month = datetime.strptime(given.get("month", ""), "%Y-%m").replace(tzinfo=LOCAL).date()
    except ValueError:
        month = today
    if abs(month.year - today.year) > MOST_YEARS:
        month = today
    view = given.get("view", "")
    unit = given.get("unit", "")
    return Asked(
        month.replace(day=1),
        view if view in VIEWS else "",
        unit if unit.isascii() and unit.isdecimal() else "",
        given.get("chores") == "1",
    )


def _sheet(month: date) -> tuple[date, date]:
    """Whole weeks around a month, from Monday to the day after a Sunday."""
    last = _next(month) - A_DAY
    return month - month.weekday() * A_DAY, last + (7 - last.weekday()) * A_DAY


def _weeks(days: Iterable[Day]) -> Iterator[list[Day]]:
    week: list[Day] = []
    for day in days:
        week.append(day)
        if len(week) == 7:
            yield week
            week = []


def _next(month: date) -> date:
    return (month.replace(day=1) + LOOKED_AHEAD + A_DAY).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL)


def _moment(at: datetime) -> str:
    local = at.astimezone(LOCAL)
    return f"{local:%H:%M} {_day(local.date())}"


def _day(day: date) -> str:
    return f"{day.day}/{day.month}/{day.year}"
