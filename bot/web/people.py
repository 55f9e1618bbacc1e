"""`/desk/people`: who holds which post; appointing, handing over, ending, a new code. It draws and takes forms; who may do what to
whom is decided in `handlers.people`. A code is drawn once, on the answer to the form that made it, and kept nowhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Endpoint, Guarded
from bot.web.guard import TooLarge, form_of
from bot.web.pages import Pages
from handlers.people import People, Problem, Refused, Seat
from surveys.rights import APPOINTS, MATRIX, PROVINCIAL, Action, Actor, Role

__all__ = ["PeoplePages"]

PLACE = "/desk/people"
LARGEST_FORM = 4096


@dataclass(frozen=True, slots=True)
class Made:
    """A code that was just made, shown this once."""

    code: str
    name: str
    title: str


class PeoplePages:
    def __init__(
        self,
        people: People,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
        *,
        naming: Callable[[], Awaitable[Mapping[str, str]]],
    ) -> None:
        """`naming`: every unit's name by its code."""
        self._people = people
        self._pages = pages
        self._naming = naming
        see, fill = Action.PEOPLE_SEE, Action.PEOPLE_APPOINT
        self.routes = (
            Route(PLACE, guarded(see, self.all)),
            Route(f"{PLACE}/appoint", guarded(fill, self.appoint), methods=["POST"]),
            Route(f"{PLACE}/assign", guarded(fill, self.assign), methods=["POST"]),
            Route(f"{PLACE}/{{post}}", guarded(see, self.one)),
            Route(f"{PLACE}/{{post}}/hand-over", guarded(fill, self.hand_over), methods=["POST"]),
            Route(f"{PLACE}/{{post}}/end", guarded(fill, self.end), methods=["POST"]),
            Route(f"{PLACE}/{{post}}/code", guarded(fill, self.new_code), methods=["POST"]),
        )

    # ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────

    async def all(self, request: Request, actor: Actor) -> Response:
        """Everybody within sight. `unit`: of that one only. `ended`: the post that was just ended."""
        return await self._list(
            actor, request.query_params.get("unit", ""), ended=request.query_params.get("ended")
        )

    async def one(self, request: Request, actor: Actor) -> Response:
        """A post, with everybody who held it, and what may be done with it."""
        return await self._post(actor, request.path_params["post"])

    # ── Doing ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def appoint(self, request: Request, actor: Actor) -> Response:
        form = await _form(request)
        name, title = form.get("name", ""), form.get("title", "")
        role = _role(form)
        try:
            code = await self._people.appoint(
                actor, name=name, role=role, unit=form.get("unit", ""), title=title
            )
        except Refused as refused:
            return await self._list(actor, problem=refused.problem, given=form)
        return self._shown(actor, Made(code, name, title))

    async def assign(self, request: Request, actor: Actor) -> Response:
        """A further post for somebody who serves already."""
        form = await _form(request)
        try:
            post = await self._people.assign(
                actor,
                form.get("person", ""),
                role=_role(form),
                unit=form.get("unit", ""),
                title=form.get("title", ""),
            )
        except Refused as refused:
            return await self._list(actor, problem=refused.problem, given=form)
        return RedirectResponse(f"{PLACE}/{quote(post)}", 303)

    async def hand_over(self, request: Request, actor: Actor) -> Response:
        form, post = await _form(request), request.path_params["post"]
        name = form.get("to_name", "")
        try:
            code = await self._people.hand_over(actor, post, to_name=name, reason=form.get("reason", ""))
        except Refused as refused:
            return await self._post(actor, post, refused.problem, form)
        return self._shown(actor, Made(code, name, await self._title(actor, post)))

    async def end(self, request: Request, actor: Actor) -> Response:
        form, post = await _form(request), request.path_params["post"]
        try:
            await self._people.end(actor, post, form.get("reason", ""))
        except Refused as refused:
            return await self._post(actor, post, refused.problem, form)
        return RedirectResponse(f"{PLACE}?ended={quote(post)}", 303)

    async def new_code(self, request: Request, actor: Actor) -> Response:
        post = request.path_params["post"]
        await _form(request)
        try:
            code = await self._people.new_code(actor, post)
        except Refused as refused:
            return await self._post(actor, post, refused.problem)
        seats = await self._seats(actor, post)
        return self._shown(actor, Made(code, seats[0].held.name, seats[0].held.title))

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _list(
        self,
        actor: Actor,
        unit: str = "",
        *,
        ended: str | None = None,
        problem: Problem | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        seats = await self._people.posts(actor)
        places = await self._people.places(actor)
        serving = [each for each in seats if each.held.until is None]
        return await self._drawn(
            "people.html",
            actor,
            400 if problem else 200,
            seats=[each for each in serving if unit in ("", each.held.unit)],
            persons=sorted({(each.held.name, each.held.person) for each in serving}),
            places=places,
            unit=unit,
            ended=next((each.held.title for each in seats if each.held.post == ended), None),
            roles=[role for role in Role if role in APPOINTS.get(actor.role, ())],
            problem=problem,
            given=given or {},
        )

    async def _post(
        self,
        actor: Actor,
        post: str,
        problem: Problem | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        seats = await self._seats(actor, post)
        now = seats[0]
        fills = bool(MATRIX[actor.role].get(Action.PEOPLE_APPOINT)) and (
            Role(now.held.role) in APPOINTS.get(actor.role, ())
        )
        return await self._drawn(
            "people_post.html",
            actor,
            400 if problem else 200,
            now=now,
            past=[each.held for each in seats if each.held.until is not None],
            may_fill=fills and now.held.until is None,
            problem=problem,
            given=given or {},
        )

    async def _seats(self, actor: Actor, post: str) -> list[Seat]:
        """A post's holders, the present one first. Raises HTTPException where none of it is in sight."""
        found = [each for each in await self._people.posts(actor) if each.held.post == post]
        if not found:
            raise HTTPException(404)
        return found

    async def _title(self, actor: Actor, post: str) -> str:
        return (await self._seats(actor, post))[0].held.title

    def _shown(self, actor: Actor, made: Made) -> Response:
        return HTMLResponse(self._pages.for_desk("people_code.html", actor, "people", made=made))

    async def _drawn(self, template: str, actor: Actor, status: int, **values: object) -> Response:
        names = await self._naming()
        page = self._pages.for_desk(
            template, actor, "people", names=names, provincial={role.value for role in PROVINCIAL}, **values
        )
        return HTMLResponse(page, status)


async def _form(request: Request) -> dict[str, str]:
    try:
        return dict(await form_of(request, LARGEST_FORM))
    except TooLarge:
        raise HTTPException(413) from None


def _role(form: Mapping[str, str]) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError:
        raise HTTPException(400) from None
