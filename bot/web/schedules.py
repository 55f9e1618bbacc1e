"""`/desk/schedules`: what happens by itself – when, when next, what came of it – and the deeds that need no form: pause, resume, run, end,
take what we propose, let everything go on. It draws and takes forms; who may do what is decided in `handlers.planning`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Endpoint, Guarded
from bot.web.guard import TooLarge, form_of
from bot.web.notice_views import has_right
from bot.web.pages import Pages
from handlers.noting import AuditTrail
from handlers.planning import Changed, NoSuchSchedule, Planning, Seen, Unfit
from surveys.rights import Action, Actor
from surveys.schedules import told_due
from surveys.schedules.purposes import is_chore
from surveys.schedules.subjects import PURPOSES, told_subject
from surveys.schedules.words import told_span

__all__ = ["PLACE", "ROOM", "SchedulePages", "drawn"]

PLACE = "/desk/schedules"
ROOM = "schedules"
LARGEST_FORM = 4096
LONGEST_NUMBER = 9  # digits of a version
DONE = frozenset({"add", "change", "pause", "resume", "end", "run", "again"})
"""What a page may say was just done."""

Names = Callable[[], Awaitable[Mapping[str, str]]]


def drawn(pages: Pages, template: str, actor: Actor, status: int = 200, **values: Any) -> Response:
    """A page of this room."""
    page = pages.for_desk(
        template,
        actor,
        "notices",
        "audit",
        ROOM,
        told_due=told_due,
        told_span=told_span,
        told_minutes=lambda minutes: told_span(timedelta(minutes=minutes)),
        purposes=PURPOSES,
        told_subject=told_subject,
        is_chore=is_chore,
        may_plan=has_right(actor, Action.SCHEDULE_WRITE),
        **values,
    )
    return HTMLResponse(page, status)


class SchedulePages:
    def __init__(
        self,
        planning: Planning,
        trail: AuditTrail,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
        now: Callable[[], datetime],
        *,
        naming: Names,
    ) -> None:
        """`naming`: every unit's name by its code."""
        self._planning = planning
        self._trail = trail
        self._pages = pages
        self._now = now
        self._naming = naming
        see, write, release = Action.SCHEDULE_SEE, Action.SCHEDULE_WRITE, Action.SCHEDULE_RELEASE
        self.routes = (
            Route(PLACE, guarded(see, self.all)),
            Route(f"{PLACE}/release", guarded(release, self.release), methods=["POST"]),
            Route(f"{PLACE}/proposals", guarded(write, self.proposals), methods=["GET", "POST"]),
            Route(f"{PLACE}/{{id}}", guarded(see, self.one)),
            # Whose it is decides who may: the use case asks.
            Route(f"{PLACE}/{{id}}/pause", guarded(see, self.pause), methods=["POST"]),
            Route(f"{PLACE}/{{id}}/resume", guarded(see, self.resume), methods=["POST"]),
            Route(f"{PLACE}/{{id}}/end", guarded(see, self.end), methods=["POST"]),
            Route(f"{PLACE}/{{id}}/run", guarded(see, self.run), methods=["POST"]),
            Route(f"{PLACE}/{{id}}/again", guarded(see, self.again), methods=["POST"]),
        )

    # ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────

    async def all(self, request: Request, actor: Actor) -> Response:
        released = request.query_params.get("released") == "1"
        return await self._list(actor, done="release" if released else "")

    async def one(self, request: Request, actor: Actor) -> Response:
        done = request.query_params.get("done", "")
        return await self._page(actor, request.path_params["id"], done=done if done in DONE else "")

    # ── Doing ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def pause(self, request: Request, actor: Actor) -> Response:
        return await self._turned(request, actor, self._planning.pause, "pause")

    async def resume(self, request: Request, actor: Actor) -> Response:
        return await self._turned(request, actor, self._planning.resume, "resume")

    async def end(self, request: Request, actor: Actor) -> Response:
        return await self._turned(request, actor, self._planning.end, "end")

    async def run(self, request: Request, actor: Actor) -> Response:
        id = request.path_params["id"]
        await _form(request)
        try:
            await self._planning.run(actor, id)
        except NoSuchSchedule:
            raise HTTPException(404) from None
        except Changed:
            return await self._page(actor, id, problem="schedules.changed")
        return _to(id, "run")

    async def again(self, request: Request, actor: Actor) -> Response:
        """What was skipped or failed, once more."""
        id, form = request.path_params["id"], await _form(request)
        try:
            is_asked = await self._planning.run_again(actor, id, _moment(form.get("due", ""), self._now()))
        except NoSuchSchedule:
            raise HTTPException(404) from None
        if not is_asked:
            return await self._page(actor, id, problem="schedules.not_missed")
        return _to(id, "again")

    async def release(self, request: Request, actor: Actor) -> Response:
        form = await _form(request)
        if not await self._planning.release(actor, form.get("cause", "")):
            return await self._list(actor, problem="schedules.not_held")
        return RedirectResponse(f"{PLACE}?released=1", 303)

    async def proposals(self, request: Request, actor: Actor) -> Response:
        """The year as we propose it; one press takes one of it."""
        problem = ""
        if request.method == "POST":
            form = await _form(request)
            try:
                seen = await self._planning.take(actor, form.get("take", ""))
            except Unfit as unfit:
                problem = str(unfit)
            else:
                return RedirectResponse(f"{PLACE}/proposals?taken={quote(seen.row.id)}", 303)
        proposals = await self._planning.proposals(actor)
        taken = request.query_params.get("taken")
        return drawn(
            self._pages,
            "schedule_proposals.html",
            actor,
            422 if problem else 200,
            proposals=proposals,
            taken=next((each for each in proposals if each.taken and each.taken == taken), None),
            problem=problem,
            names=await self._naming(),
        )

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _turned(
        self, request: Request, actor: Actor, deed: Callable[[Actor, str, int], Awaitable[None]], done: str
    ) -> Response:
        id, form = request.path_params["id"], await _form(request)
        try:
            await deed(actor, id, _version(form))
        except NoSuchSchedule:
            raise HTTPException(404) from None
        except Changed:
            return await self._page(actor, id, problem="schedules.changed")
        return _to(id, done)

    async def _list(self, actor: Actor, *, problem: str = "", done: str = "") -> Response:
        seen = await self._planning.all(actor)
        return drawn(
            self._pages,
            "schedules.html",
            actor,
            409 if problem else 200,
            groups=[(state, _of(seen, state)) for state in ("active", "paused")],
            ended=_of(seen, "ended"),
            chores=[each for each in seen if is_chore(each.row.purpose)],
            missed=await self._planning.missed(actor),
            holds=await self._planning.holds(actor),
            may_release=has_right(actor, Action.SCHEDULE_RELEASE),
            names=await self._naming(),
            problem=problem,
            done=done,
        )

    async def _page(self, actor: Actor, id: str, *, problem: str = "", done: str = "") -> Response:
        try:
            seen = await self._planning.get(actor, id)
        except NoSuchSchedule:
            raise HTTPException(404) from None
        return drawn(
            self._pages,
            "schedule.html",
            actor,
            409 if problem else 200,
            seen=seen,
            dues=await self._planning.history(actor, id),
            deeds=await self._trail.of(f"schedule:{id}", 50),
            holds=await self._planning.holds(actor),
            may_release=has_right(actor, Action.SCHEDULE_RELEASE),
            names=await self._naming(),
            problem=problem,
            done=done,
        )


def _of(seen: list[Seen], state: str) -> list[Seen]:
    return [each for each in seen if each.row.state == state and not is_chore(each.row.purpose)]


def _to(id: str, done: str) -> Response:
    return RedirectResponse(f"{PLACE}/{quote(id)}?done={done}", 303)


async def _form(request: Request) -> dict[str, str]:
    try:
        return dict(await form_of(request, LARGEST_FORM))
    except TooLarge:
        raise HTTPException(413) from None


def _version(form: Mapping[str, str]) -> int:
    """Nought, which no schedule has, for anything that is none."""
    version = form.get("version", "")
    is_one = version.isascii() and version.isdecimal() and len(version) <= LONGEST_NUMBER
    return int(version) if is_one else 0


def _moment(text: str, now: datetime) -> datetime:
    """The moment a button names; one at which nothing was due, for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        # A day before the calendar begins is one too, until its zone is taken off.
        return moment.astimezone(UTC) if moment.tzinfo else now + NEVER
    except (ValueError, OverflowError):
        return now + NEVER


NEVER = timedelta(days=3660)
