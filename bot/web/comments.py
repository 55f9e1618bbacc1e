"""`/comments`: where supervisors read what people wrote, one comment a page, and pass or withhold it with one tap. It works
without a script on a small telephone. It draws and takes taps; what may reach a ward is decided in `handlers.comments`."""

from collections.abc import Callable
from typing import Literal
from urllib.parse import quote, unquote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.guard import TooLarge, form_of
from bot.web.pages import Pages
from bot.web.supervisors import Endpoint
from bot.web.words import DEFAULT_LANGUAGE, Words
from handlers.comments import Comments, Decided, HeldBack, NoSuchComment, Opened, TooLate

__all__ = ["CommentPages"]

ROOM = "comments"
READER = "langnghe_reader"
"""The cookie that keeps the name of whoever reads, so that it is typed once a day."""
LARGEST_FORM = 4096
LONGEST_NAME = 80
PROBLEMS = frozenset({"decided", "held_back", "too_late", "nameless"})


class CommentPages:
    def __init__(
        self,
        comments: Comments,
        pages: Pages,
        guarded: Callable[[Endpoint], Endpoint],
        *,
        secure: bool = False,
    ) -> None:
        self._comments = comments
        self._pages = pages
        self._secure = secure
        self.routes = (
            Route("/comments", guarded(self.heaps)),
            Route("/comments/decide", guarded(self.decide), methods=["POST"]),
            Route("/comments/hand-over", guarded(self.hand_over), methods=["POST"]),
            Route("/comments/{wave}/{unit}", guarded(self.next)),
            Route("/comments/{wave}/{unit}/decided", guarded(self.decided)),
        )

    async def heaps(self, request: Request) -> Response:
        """`went`: how many comments were just handed over."""
        went = request.query_params.get("went", "")
        found = await self._comments.heaps()
        return self._page(
            "comments.html", heaps=found, went=int(went) if went.isdecimal() and len(went) < 7 else None
        )

    async def next(self, request: Request) -> Response:
        """The next unread one. `after`: another than that one. `last`: what was just decided. `problem`: why it was not."""
        wave, unit = request.path_params["wave"], request.path_params["unit"]
        after, last = request.query_params.get("after", ""), request.query_params.get("last", "")
        problem = request.query_params.get("problem", "")
        heap = next(
            (each for each in await self._comments.heaps() if (each.wave, each.unit) == (wave, unit)), None
        )
        if heap is None:
            raise HTTPException(404)
        known = await self._known(last)
        is_still_unread = known is not None and known.state is None and not after
        return self._page(
            "comment.html",
            heap=heap,
            comment=known if is_still_unread else await self._comments.next_unread(wave, unit, after or last),
            last=known,
            problem=problem if problem in PROBLEMS else None,
            reader=unquote(request.cookies.get(READER, "")),
            longest=LONGEST_NAME,
        )

    async def decided(self, request: Request) -> Response:
        wave, unit = request.path_params["wave"], request.path_params["unit"]
        found = await self._comments.decided(wave, unit)
        return self._page("comments_decided.html", wave=wave, unit=unit, comments=found)

    async def decide(self, request: Request) -> Response:
        form = await self._form(request)
        id, decision, by = (
            form.get("id", ""),
            form.get("decision", ""),
            form.get("by", "").strip()[:LONGEST_NAME],
        )
        if decision not in ("pass", "withhold", "undo"):
            raise HTTPException(400)
        try:
            opened = await self._comments.read(id)
        except NoSuchComment:
            raise HTTPException(404) from None
        problem = await self._done(opened, decision, by)  # type: ignore[arg-type]
        asked = {"last": opened.id} | ({"problem": problem} if problem else {})
        response = RedirectResponse(f"{_place(opened)}?{urlencode(asked)}", 303)
        if by:
            response.set_cookie(
                READER, quote(by), path="/comments", httponly=True, samesite="strict", secure=self._secure
            )
        return response

    async def _done(
        self, opened: Opened, decision: Literal["pass", "withhold", "undo"], by: str
    ) -> str | None:
        """What stood in the way; None when it is done."""
        if decision != "undo" and not by:
            return "nameless"
        try:
            if decision == "pass":
                await self._comments.pass_on(opened.id, by=by)
            elif decision == "withhold":
                await self._comments.withhold(opened.id, by=by)
            else:
                await self._comments.take_back(opened.id)
        except HeldBack:
            return "held_back"
        except Decided:
            return "decided"
        except TooLate:
            return "too_late"
        return None

    async def hand_over(self, request: Request) -> Response:
        await self._form(request)
        went = await self._comments.hand_over()
        return RedirectResponse(f"/comments?went={sum(went.values())}", 303)

    async def _known(self, id: str) -> Opened | None:
        try:
            return await self._comments.read(id)
        except NoSuchComment:
            return None

    async def _form(self, request: Request) -> dict[str, str]:
        try:
            return dict(await form_of(request, LARGEST_FORM))
        except TooLarge:
            raise HTTPException(413) from None

    def _page(self, template: str, **values: object) -> Response:
        told = Words(DEFAULT_LANGUAGE, ROOM)
        return HTMLResponse(self._pages.for_supervisors(template, told=told, **values))


def _place(opened: Opened) -> str:
    return f"/comments/{quote(opened.wave, safe='')}/{quote(opened.unit, safe='')}"
