"""`/comments`: where moderators read what people wrote, one comment a page, and pass or withhold it with one tap. It works
without a script on a small telephone. It draws and takes taps; what may reach a ward is decided in `handlers.comments`."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Endpoint, Guarded
from bot.web.guard import TooLarge, form_of
from bot.web.pages import Pages
from bot.web.words import DEFAULT_LANGUAGE, Words
from handlers.comments import Comments, Decided, Heap, HeldBack, NoSuchComment, Opened, TooLate
from surveys.rights import Action, Actor, NotAllowed

__all__ = ["CommentPages"]

ROOM = "comments"
LARGEST_FORM = 4096
PROBLEMS = frozenset({"decided", "held_back", "too_late"})
Within = Callable[[Actor, Action, Iterable[str]], Awaitable[frozenset[str]]]
"""`People.within`: those of these units where the actor may do that."""


class CommentPages:
    def __init__(
        self,
        comments: Comments,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
        within: Within,
    ) -> None:
        self._comments = comments
        self._pages = pages
        self._within = within
        read, decide = Action.COMMENTS_READ, Action.COMMENTS_PASS
        self.routes = (
            Route("/comments", guarded(read, self.heaps)),
            Route("/comments/decide", guarded(decide, self.decide), methods=["POST"]),
            Route("/comments/hand-over", guarded(decide, self.hand_over), methods=["POST"]),
            Route("/comments/{wave}/{unit}", guarded(read, self.next)),
            Route("/comments/{wave}/{unit}/decided", guarded(read, self.decided)),
        )

    async def heaps(self, request: Request, actor: Actor) -> Response:
        """`went`: how many comments were just handed over."""
        went = request.query_params.get("went", "")
        found = await self._heaps(actor)
        return self._page(
            "comments.html",
            actor,
            heaps=found,
            went=int(went) if went.isdecimal() and len(went) < 7 else None,
        )

    async def next(self, request: Request, actor: Actor) -> Response:
        """The next unread one. `after`: another than that one. `last`: what was just decided. `problem`: why it was not."""
        wave, unit = request.path_params["wave"], request.path_params["unit"]
        after, last = request.query_params.get("after", ""), request.query_params.get("last", "")
        problem = request.query_params.get("problem", "")
        heap = next(
            (each for each in await self._heaps(actor) if (each.wave, each.unit) == (wave, unit)), None
        )
        if heap is None:
            raise HTTPException(404)
        known = await self._known(last, actor)
        is_still_unread = known is not None and known.state is None and not after
        return self._page(
            "comment.html",
            actor,
            heap=heap,
            comment=known if is_still_unread else await self._comments.next_unread(wave, unit, after or last),
            last=known,
            problem=problem if problem in PROBLEMS else None,
        )

    async def decided(self, request: Request, actor: Actor) -> Response:
        wave, unit = request.path_params["wave"], request.path_params["unit"]
        await self._must_reach(actor, unit)
        found = await self._comments.decided(wave, unit)
        return self._page("comments_decided.html", actor, wave=wave, unit=unit, comments=found)

    async def decide(self, request: Request, actor: Actor) -> Response:
        form = await self._form(request)
        id, decision = form.get("id", ""), form.get("decision", "")
        if decision not in ("pass", "withhold", "undo"):
            raise HTTPException(400)
        try:
            opened = await self._comments.read(id)
        except NoSuchComment:
            raise HTTPException(404) from None
        problem = await self._done(opened, decision, actor)  # type: ignore[arg-type]
        asked = {"last": opened.id} | ({"problem": problem} if problem else {})
        return RedirectResponse(f"{_place(opened)}?{urlencode(asked)}", 303)

    async def _done(
        self, opened: Opened, decision: Literal["pass", "withhold", "undo"], by: Actor
    ) -> str | None:
        """What stood in the way; None when it is done."""
        try:
            if decision == "pass":
                await self._comments.pass_on(opened.id, by=by)
            elif decision == "withhold":
                await self._comments.withhold(opened.id, by=by)
            else:
                await self._comments.take_back(opened.id, by=by)
        except HeldBack:
            return "held_back"
        except Decided:
            return "decided"
        except TooLate:
            return "too_late"
        return None

    async def hand_over(self, request: Request, actor: Actor) -> Response:
        await self._form(request)
        went = await self._comments.hand_over(by=actor)
        return RedirectResponse(f"/comments?went={sum(went.values())}", 303)

    async def _heaps(self, actor: Actor) -> tuple[Heap, ...]:
        found = await self._comments.heaps()
        seen = await self._within(actor, Action.COMMENTS_READ, {each.unit for each in found})
        return tuple(each for each in found if each.unit in seen)

    async def _must_reach(self, actor: Actor, unit: str) -> None:
        if not await self._within(actor, Action.COMMENTS_READ, [unit]):
            raise NotAllowed(Action.COMMENTS_READ)

    async def _known(self, id: str, actor: Actor) -> Opened | None:
        try:
            opened = await self._comments.read(id)
        except NoSuchComment:
            return None
        return opened if await self._within(actor, Action.COMMENTS_READ, [opened.unit]) else None

    async def _form(self, request: Request) -> dict[str, str]:
        try:
            return dict(await form_of(request, LARGEST_FORM))
        except TooLarge:
            raise HTTPException(413) from None

    def _page(self, template: str, actor: Actor, **values: object) -> Response:
        told = Words(DEFAULT_LANGUAGE, ROOM)
        return HTMLResponse(self._pages.for_desk(template, actor, told=told, **values))


def _place(opened: Opened) -> str:
    return f"/comments/{quote(opened.wave, safe='')}/{quote(opened.unit, safe='')}"
