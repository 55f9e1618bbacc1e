"""`/desk/schedules/new` and `…/edit`: where a schedule is written. While somebody fills the form in, htmx shows beside it what it comes to,
in words and with the next five times; without a script a button does. Nothing is kept that was not shown like this before. It knows
requests and forms; when something is due is `surveys.schedules`'."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Door
from bot.web.desk_holding import holding, pairs_of
from bot.web.guard import TooLarge
from bot.web.pages import Pages
from bot.web.schedule_forms import EVENTS, FIELDS, LATENESS, MONTHS_IN, OVER, RULES, Filled, Read, seal_of
from bot.web.schedule_subjects import AT, GAP
from bot.web.schedules import PLACE, drawn
from handlers.planning import Changed, Looked, NoSuchSchedule, Planning, Seen, Unfit, Wanted
from surveys.notices.templates import Gap
from surveys.reminding import MOST
from surveys.rights import Action, Actor, NotAllowed
from surveys.schedules import (
    ANY,
    OF_FORM,
    Event,
    Monthly,
    QuietDays,
    Relative,
    Rule,
    Schedule,
    Weekday,
    Weekly,
)
from surveys.schedules.opening import closes_at, filled
from surveys.schedules.purposes import Purpose
from surveys.schedules.subjects import EVENTS_OF, REMINDERS, WRITTEN_HERE
from surveys.schedules.words import WEEKDAYS
from surveys.waves import LOCAL, Audience

__all__ = ["ScheduleWriting"]

TEMPLATES = f"{PLACE}/templates"
LARGEST_FORM = 32 << 10
AT_EIGHT = time(8)
AN_HOUR_AFTER = time(9)
"""A wave opens at eight by itself: an hour later it is there."""
SMOOTHED = timedelta(hours=3)
A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)
WEEKS_TO_ANSWER = "21"  # days
FOLLOWING = ("around_wave", "once")
YEARLY = f"{OF_FORM}hang_nam_nguoi_dan"
"""What people are asked year by year."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A form, and what it comes to."""

    filled: Filled
    read: Read
    wanted: Wanted | None
    looked: Looked | None
    seal: str = ""


class ScheduleWriting:
    def __init__(self, planning: Planning, pages: Pages, door: Door, now: Callable[[], datetime]) -> None:
        self._planning = planning
        self._pages = pages
        self._now = now
        kept = holding(door, pages, LARGEST_FORM)

        def guarded(action: Action, endpoint: Any) -> Any:
            return kept(door.guarded(action, endpoint))

        write, see = Action.SCHEDULE_WRITE, Action.SCHEDULE_SEE
        self.routes = (
            Route(f"{PLACE}/new", guarded(write, self.new), methods=["GET", "POST"]),
            Route(TEMPLATES, guarded(write, self.templates)),
            Route(f"{PLACE}/look", guarded(see, self.look), methods=["POST"]),
            # Whose it is decides who may: the use case asks.
            Route(f"{PLACE}/{{id}}/edit", guarded(see, self.edit), methods=["GET", "POST"]),
        )

    # ── The form ──────────────────────────────────────────────────────────────────────────────────────────────

    async def new(self, request: Request, actor: Actor) -> Response:
        if request.method == "POST":
            return await self._sent(actor, await self._filled(request), None)
        purpose = request.query_params.get("purpose", "")
        if purpose not in WRITTEN_HERE:
            return drawn(self._pages, "schedule_new.html", actor, written_here=WRITTEN_HERE)
        blank = self._blank(purpose, actor)
        if purpose == Purpose.DRAFT_NOTICE:
            template = request.query_params.get("template", "")
            if template not in {each.id for each in await self._planning.templates(actor)}:
                return RedirectResponse(TEMPLATES, 303)
            blank = blank.with_values({"template": template})
        return await self._drawn(actor, await self._shown(actor, blank, None), None)

    async def templates(self, request: Request, actor: Actor) -> Response:
        """From which of them a notice is to be drafted."""
        templates = await self._planning.templates(actor)
        return drawn(self._pages, "schedule_templates.html", actor, templates=templates)

    async def edit(self, request: Request, actor: Actor) -> Response:
        seen = await self._own(request, actor)
        if request.method == "POST":
            return await self._sent(actor, await self._filled(request), seen)
        if seen.row.state == "ended":
            return RedirectResponse(f"{PLACE}/{quote(seen.row.id)}", 303)
        return await self._drawn(actor, await self._shown(actor, _as_kept(seen), seen), seen)

    async def look(self, request: Request, actor: Actor) -> Response:
        """For htmx: what the form comes to now."""
        form = await self._filled(request)
        seen = await self._named(actor, form["id"]) if form["id"] else None
        values = await self._values(actor, await self._shown(actor, form, seen))
        # Whoever has just begun has not forgotten the name yet.
        values["faults"] = {field: keys for field, keys in values["faults"].items() if field != "title"}
        return drawn(self._pages, "_schedule_look.html", actor, fields=FIELDS, **values)

    async def _sent(self, actor: Actor, form: Filled, seen: Seen | None) -> Response:
        shown = await self._shown(actor, form, seen)
        if not shown.read.is_whole or shown.wanted is None:
            return await self._drawn(actor, shown, seen, status=422)
        if form["do"] != "save" or form["seen"] != shown.seal:
            is_new = form["do"] == "save"
            return await self._drawn(actor, shown, seen, said="schedules.look_first" if is_new else "")
        try:
            kept = await self._keep(actor, shown.wanted, form, seen)
        except Unfit as unfit:
            return await self._drawn(actor, shown, seen, problem=str(unfit), status=422)
        except Changed:
            assert seen is not None
            now = await self._planning.get(actor, seen.row.id)
            return await self._drawn(actor, shown, now, moved=now, status=409)
        return RedirectResponse(f"{PLACE}/{quote(kept.row.id)}?done={'change' if seen else 'add'}", 303)

    async def _keep(self, actor: Actor, wanted: Wanted, form: Filled, seen: Seen | None) -> Seen:
        if seen is None:
            return await self._planning.add(actor, wanted)
        version = form["version"]
        is_one = version.isascii() and version.isdecimal() and len(version) < 10
        return await self._planning.change(actor, seen.row.id, int(version) if is_one else 0, wanted)

    # ── What it comes to ──────────────────────────────────────────────────────────────────────────────────────

    async def _shown(self, actor: Actor, form: Filled, seen: Seen | None) -> _Shown:
        form = form.with_purpose(seen.row.purpose) if seen else form
        unit = seen.row.unit if seen else form["unit"] or actor.unit
        read = form.read(
            self._today(), seen.planned.schedule if seen else None, unit if unit != actor.unit else None
        )
        if read.schedule is None:
            return _Shown(form, read, None, None)
        subject = read.subject if read.is_edited else (seen.subject if seen else {})
        wanted = Wanted(form["purpose"], form["title"].strip(), unit, read.schedule, subject)
        looked = await self._planning.look(wanted)
        return _Shown(form, read, wanted, looked, seal_of(read.schedule, wanted.title, unit, subject))

    def _blank(self, purpose: str, actor: Actor) -> Filled:
        """What most would choose."""
        today = self._today()
        is_wave = purpose == Purpose.OPEN_WAVE
        follows = purpose in EVENTS_OF
        schedule = Schedule(
            _usual_rule(purpose, today),
            AN_HOUR_AFTER if follows else AT_EIGHT,
            today,
            lateness=A_DAY,
            over=SMOOTHED if follows else timedelta(0),
            quiet_days=QuietDays.KEEP if is_wave else QuietDays.NEXT,
        )
        form = Filled.of(schedule, "", actor.unit, purpose, {})
        tomorrow = today + A_DAY
        further = {
            # Whatever rule is chosen, there is something to look at.
            "starts_on": "",
            "on": tomorrow.isoformat(),
            "away": form["away"] or "3",
            "side": "after",
            "event": form["event"] or "opening",
            "weekday": "0",
            "nth": "1",
            "months_in": "all",
            "day": "1",
            "year_day": str(tomorrow.day),
            "year_month": str(tomorrow.month),
        }
        if is_wave:
            further |= {"until": "days", "days": WEEKS_TO_ANSWER, "invite": "nobody", "audience": ""}
        return form.with_values(further, {"weekdays": ("0",)})

    # ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _drawn(
        self,
        actor: Actor,
        shown: _Shown,
        seen: Seen | None,
        *,
        said: str = "",
        problem: str = "",
        moved: Seen | None = None,
        status: int = 200,
    ) -> Response:
        values = await self._values(actor, shown)
        is_first = status == 200 and not said and not shown.filled["do"]
        if is_first:
            values["faults"] = {}  # nobody has typed anything wrong yet
        return drawn(
            self._pages,
            "schedule_form.html",
            actor,
            status,
            seen=seen,
            said=said,
            problem=problem,
            moved=moved,
            rules=_rules(shown.filled),
            lateness=LATENESS,
            over=OVER,
            months_in=MONTHS_IN,
            events=EVENTS_OF.get(shown.filled["purpose"], EVENTS),
            follows=shown.filled["purpose"] in EVENTS_OF,
            numbers=range(1, MOST + 1),
            gaps=await self._gaps(actor, shown.filled, seen),
            gap_field=GAP,
            weekdays=WEEKDAYS,
            quiet_days=tuple(QuietDays),
            audiences=tuple(Audience),
            reminders=REMINDERS,
            waves=await self._planning.waves(actor, shown.filled["purpose"]),
            forms=[
                (f"{id}{AT}{version}" if version else id, title)
                for id, version, title in await self._planning.forms()
            ],
            units=await self._planning.units(actor),
            **values,
        )

    async def _values(self, actor: Actor, shown: _Shown) -> dict[str, Any]:
        return {
            "filled": shown.filled,
            "faults": shown.read.faults,
            "looked": shown.looked,
            "schedule": shown.read.schedule,
            "seal": shown.seal if shown.read.is_whole else "",
            "first_wave": _first_wave(shown),
        }

    async def _gaps(self, actor: Actor, form: Filled, seen: Seen | None) -> tuple[Gap, ...]:
        """What the template wants to be filled in; nothing where it is gone."""
        if form["purpose"] != Purpose.DRAFT_NOTICE:
            return ()
        templates = await self._planning.templates(actor, seen.row.unit if seen else None)
        return next((each.gaps for each in templates if each.id == form["template"]), ())

    async def _own(self, request: Request, actor: Actor) -> Seen:
        seen = await self._named(actor, request.path_params["id"])
        if not seen.may_write:
            raise NotAllowed(Action.SCHEDULE_WRITE)
        return seen

    async def _named(self, actor: Actor, id: str) -> Seen:
        try:
            return await self._planning.get(actor, id)
        except NoSuchSchedule:
            raise HTTPException(404) from None

    async def _filled(self, request: Request) -> Filled:
        try:
            return Filled.of_form(await pairs_of(request, LARGEST_FORM))
        except TooLarge:
            raise HTTPException(413) from None

    def _today(self) -> date:
        return self._now().astimezone(LOCAL).date()


def _usual_rule(purpose: str, today: date) -> Rule:
    """What most would choose: of a wave the first of each month, of whatever follows one its usual day."""
    match purpose:
        case Purpose.OPEN_WAVE | Purpose.DRAFT_NOTICE:
            return Monthly(1)
        case Purpose.INVITE:
            return Relative(0, Event("opening", YEARLY))
        case Purpose.REMIND:
            return Relative(REMINDERS[0], Event("opening", YEARLY))
        case Purpose.TELL_RESULTS:
            return Relative(1, Event("release", ANY))
    return Weekly((Weekday.MONDAY,), today)


def _rules(form: Filled) -> tuple[str, ...]:
    """What follows a wave follows its days, or happens once of one that is named."""
    if form["purpose"] not in EVENTS_OF:
        return RULES
    return tuple(each for each in RULES if each in (*FOLLOWING, form["rule"]))


def _as_kept(seen: Seen) -> Filled:
    row = seen.row
    form = Filled.of(seen.planned.schedule, row.title, row.unit or "", row.purpose, seen.subject)
    return form.with_values({"version": str(row.version), "id": row.id})


def _first_wave(shown: _Shown) -> dict[str, Any] | None:
    """The first wave that would open like this: what residents read above it, and its last day."""
    wanted, looked = shown.wanted, shown.looked
    if wanted is None or looked is None or wanted.purpose != Purpose.OPEN_WAVE or not looked.coming:
        return None
    due = looked.coming[0]
    try:
        title, slug = filled(wanted.subject["title"], due), filled(wanted.subject["slug"], due)
        return {
            "title": title,
            "slug": slug,
            "until": closes_at(wanted.subject, due) - A_MINUTE,
            "subject": wanted.subject,
        }
    except (KeyError, IndexError, ValueError, AttributeError):
        return None
