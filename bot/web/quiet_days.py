"""`/desk/quiet-days`: the days of the coming year on which nobody is disturbed in a province, and the form by which whoever keeps its
schedules adds one or takes one away. It draws and takes forms; what may be changed `handlers.quiet_days` says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Endpoint, Guarded
from bot.web.guard import TooLarge, form_of
from bot.web.pages import Pages
from handlers.quiet_days import NotThatDay, QuietDays
from handlers.schedules import Schedules
from surveys.rights import Action, Actor
from surveys.schedules import Weekday
from surveys.schedules.words import WEEKDAYS
from surveys.waves import LOCAL

__all__ = ["PLACE", "QuietDayPages"]

PLACE = "/desk/quiet-days"
AHEAD = 366  # days
LARGEST_FORM = 2048
QUIET, WORKING, AS_BEFORE = "quiet", "working", "as_before"
NO_DAY = "Xin chọn ngày trong lịch."
NOTHING_SAID = "Ngày này đang theo lịch nghỉ lễ chung, không có gì để bỏ."


@dataclass(frozen=True, slots=True)
class Day:
    """One line of the list."""

    day: date
    name: str
    is_quiet: bool
    is_changed: bool
    """The province said so."""

    @property
    def weekday(self) -> str:
        return WEEKDAYS[Weekday(self.day.weekday())]


class QuietDayPages:
    def __init__(
        self,
        keeper: QuietDays,
        schedules: Schedules,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
        now: Callable[[], datetime],
    ) -> None:
        self._keeper = keeper
        self._schedules = schedules
        self._pages = pages
        self._now = now
        self.routes = (Route(PLACE, guarded(Action.SCHEDULE_WRITE, self.days), methods=["GET", "POST"]),)

    async def days(self, request: Request, actor: Actor) -> Response:
        if request.method != "POST":
            return await self._page(actor, is_done=request.query_params.get("done") == "1")
        try:
            form = await form_of(request, LARGEST_FORM)
        except TooLarge:
            raise HTTPException(413) from None
        try:
            await self._change(actor, form.get("day", ""), form.get("kind", ""), form.get("name", ""))
        except NotThatDay as problem:
            return await self._page(actor, 422, problem=str(problem), given=form)
        return RedirectResponse(f"{PLACE}?done=1", 303)

    async def _change(self, actor: Actor, text: str, kind: str, name: str) -> None:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise NotThatDay(NO_DAY) from None
        if kind == AS_BEFORE:
            if not await self._keeper.forget(actor, actor.unit, day):
                raise NotThatDay(NOTHING_SAID)
        elif kind == WORKING:
            await self._keeper.take_away(actor, actor.unit, day, name)
        else:
            await self._keeper.add(actor, actor.unit, day, name)

    async def _page(self, actor: Actor, status: int = 200, **values: object) -> Response:
        today = self._now().astimezone(LOCAL).date()
        quiet = await self._schedules.quiet_at(actor.unit)
        changed = {row.day: row for row in await self._keeper.of(actor.unit)}
        coming = (today + timedelta(days=each) for each in range(AHEAD))
        days = [
            Day(day, changed[day].name if day in changed else quiet.name(day), day in quiet, day in changed)
            for day in sorted({*(each for each in coming if each in quiet), *changed})
        ]
        page = self._pages.for_desk(
            "quiet_days.html",
            actor,
            *("notices", "schedules", "quiet_days"),
            days=days,
            today=today,
            **{"problem": "", "given": {}, "is_done": False, **values},
        )
        return HTMLResponse(page, status)
