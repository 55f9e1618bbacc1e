"""`/check`: whoever has a receipt asks whether their ballot is among the sealed ones. Yes or no, in the chat's own words: never how,
never where.

Nobody is kept from asking often: a receipt is 80 random bits, so among ten million ballots one guess in 10¹⁷ meets one, and what
is learnt then is that some ballot is counted."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.guard import TooLarge, form_of
from bot.web.pages import Pages
from bot.web.visitor import KEPT_FOR
from bot.web.words import Words, language_of
from surveys import texts
from surveys.ballots import read_receipt

__all__ = ["CheckPage"]

LANGUAGE_COOKIE = "langnghe_language"
LARGEST_FORM = 1024  # bytes; a receipt has nineteen letters
LONGEST_SHOWN = 40  # of what was typed, to be corrected
ROOM = "check"

Included = Callable[[str], Awaitable[bool]]
"""`Waves.is_included`. Raises Unavailable when the database is away."""


class CheckPage:
    def __init__(self, is_included: Included, pages: Pages, *, secure: bool = False) -> None:
        """`secure`: people reach us by https only, so the cookie of their language may too."""
        self._is_included = is_included
        self._pages = pages
        self._secure = secure
        self.routes = (
            Route("/check", self.asked, methods=["GET"]),
            # A code in an address would stand in logs and histories: it is sent in the body.
            Route("/check", self.answered, methods=["POST"]),
        )

    async def asked(self, request: Request) -> Response:
        return self._page(request)

    async def answered(self, request: Request) -> Response:
        try:
            typed = (await form_of(request, LARGEST_FORM)).get("code", "")
        except TooLarge:
            return self._page(request, problem="check.unreadable", status=413)
        receipt = read_receipt(typed)
        if receipt is None:
            return self._page(request, typed=typed[:LONGEST_SHOWN], problem="check.unreadable")
        key = "check.included" if await self._is_included(receipt) else "check.not_found"
        return self._page(request, typed=receipt, answer=texts.say(_language(request), key, receipt=receipt))

    def _page(
        self, request: Request, *, typed: str = "", answer: str = "", problem: str = "", status: int = 200
    ) -> Response:
        language = _language(request)
        told = Words(language, ROOM)
        page = self._pages.drawn(
            "check.html",
            language,
            told=told,
            typed=typed,
            answer=answer.splitlines(),
            problem=told(problem) if problem else "",
        )
        response = HTMLResponse(page, status)
        if request.query_params.get("lang") == language:
            response.set_cookie(
                LANGUAGE_COOKIE,
                language,
                max_age=round(KEPT_FOR.total_seconds()),
                httponly=True,
                samesite="lax",
                secure=self._secure,
            )
        return response


def _language(request: Request) -> str:
    return language_of(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
