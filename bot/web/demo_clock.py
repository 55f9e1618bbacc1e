"""`/demo/clock`: in the demo, days pass when somebody asks for it, and what happens on them is told as it does. There is no such address
anywhere else, and no other clock that could be moved."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import COOKIE, Door
from bot.web.guard import TooLarge, form_of, is_a_form_of_ours
from bot.web.pages import Pages
from surveys.calendar import day_of
from surveys.schedules.rules import Weekday
from surveys.schedules.words import WEEKDAYS

if TYPE_CHECKING:
    from bot.app import House
    from bot.demo_year import Asked, Year

__all__ = ["PLACE", "DemoClockPage", "clock_rooms"]

PLACE = "/demo/clock"
LARGEST_FORM = 256
READS = ("GET", "HEAD")
A_MOMENT = timedelta(seconds=5)  # after what is due: whoever looks then sees it done
DAYS = {"day": timedelta(days=1), "week": timedelta(days=7)}


def clock_rooms(house: "House", year: "Year", pages: Pages) -> list[Route]:
    door = Door(house.people, pages, secure=house.settings.public_url.startswith("https://"))
    return DemoClockPage(house, year, pages, door).routes


class DemoClockPage:
    def __init__(self, house: "House", year: "Year", pages: Pages, door: Door) -> None:
        self._house = house
        self._year = year
        self._pages = pages
        self._door = door
        self.routes = [Route(PLACE, self.clock, methods=["GET", "POST"])]

    async def clock(self, request: Request) -> Response:
        if request.method in READS:
            return await self._shown(request)
        if not is_a_form_of_ours(request.headers):
            return Response(status_code=403)
        try:
            wanted = (await form_of(request, LARGEST_FORM)).get("to", "")
        except TooLarge:
            return Response(status_code=413)
        until = await self._until(wanted)
        if until is not None:
            self._year.ask(await self._asked(request, until))
        return RedirectResponse(PLACE, 303)

    async def _until(self, wanted: str) -> datetime | None:
        now = self._year.clock()
        if wanted in DAYS:
            return now + DAYS[wanted]
        following = await self._year.next_thing(self._house) if wanted == "next" else None
        return following.at + A_MOMENT if following is not None else None

    async def _asked(self, request: Request, until: datetime) -> "Asked":
        from bot.demo_year import Asked  # it needs the house, which needs this page

        signed = await self._door.signed_in(request)
        return Asked(until, request.cookies.get(COOKIE, ""), signed.actor if signed else None)

    async def _shown(self, request: Request) -> Response:
        now = self._year.clock()
        following = None if self._year.is_running else await self._year.next_thing(self._house)
        page = self._pages.for_desk(
            "demo_clock.html",
            None,
            "notices",
            "calendar",
            "demo",
            now=now,
            weekday=WEEKDAYS[Weekday(day_of(now).weekday())],
            is_running=self._year.is_running,
            progress=self._year.progress,
            following=following,
        )
        return await self._still_there(request, HTMLResponse(page, headers={"cache-control": "no-store"}))

    async def _still_there(self, request: Request, response: Response) -> Response:
        """Whoever let days pass is not signed out by it: their session is of a day that is long over."""
        asked = self._year.last
        token = request.cookies.get(COOKIE, "")
        if asked is None or asked.actor is None or not token or token != asked.by:
            return response
        if await self._door.signed_in(request) is not None:
            return response
        fresh = await self._house.people.begin(asked.actor)
        self._year.is_by(fresh)
        return self._door.let_in(response, fresh)
