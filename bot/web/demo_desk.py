"""`/demo`: in the demo everybody sits down as whoever they like. There is no such address anywhere else."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import HOME, Door
from bot.web.guard import TooLarge, form_of, is_a_form_of_ours
from bot.web.pages import Pages
from handlers.people import People
from surveys.rights import PROVINCIAL, Actor, Role

__all__ = ["DemoDesk"]

LARGEST_FORM = 4096
READS = ("GET", "HEAD")


class DemoDesk:
    def __init__(self, people: People, pages: Pages, door: Door) -> None:
        self._people = people
        self._pages = pages
        self._door = door
        self.routes = [Route("/demo", self.demo, methods=["GET", "POST"])]

    async def demo(self, request: Request) -> Response:
        seats = await self._holders()
        if request.method in READS:
            province = [each for each in seats if each.role in PROVINCIAL]
            wards = [each for each in seats if each.role not in PROVINCIAL]
            page = self._pages.for_desk("desk_demo.html", None, province=province, wards=wards)
            return HTMLResponse(page, headers={"cache-control": "no-store"})
        if not is_a_form_of_ours(request.headers):
            return Response(status_code=403)
        try:
            wanted = (await form_of(request, LARGEST_FORM)).get("post", "")
        except TooLarge:
            return Response(status_code=413)
        actor = next((each for each in seats if each.post == wanted), None)
        if actor is None:
            return RedirectResponse("/demo", 303)
        return self._door.let_in(RedirectResponse(HOME, 303), await self._people.begin(actor))

    async def _holders(self) -> list[Actor]:
        found = [seat.held for seat in await self._people.posts(None) if seat.held.until is None]
        return [
            Actor(each.person, each.name, each.post, Role(each.role), each.unit, each.title) for each in found
        ]
