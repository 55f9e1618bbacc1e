"""The web: one ASGI application of the page, the chat, `/healthz` and the platforms' webhooks. Built once in `bot/app.py`.

Starlette rather than FastAPI: nothing here is validated by a model, and FastAPI alone costs most of a second at start."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.web_chat import WebChat
from bot.web.board import Board, Postponed, boards
from bot.web.chat import ChatRoutes
from bot.web.guard import SECURITY_HEADERS
from bot.web.pages import Pages
from bot.web.visitor import COOKIE, KEPT_FOR, Visitors
from bot.web.words import language_of
from storage.database import Unavailable
from surveys.releases import ReleasedProvince, ReleasedWard

__all__ = ["Results", "Site", "build"]

log = structlog.get_logger(__name__)

LANGUAGE_COOKIE = "langnghe_language"
FOR_EVER = "public, max-age=31536000, immutable"

Results = Callable[[], Awaitable[Iterable[ReleasedWard]]]
"""`Waves.results`: what is released, the latest wave first. Raises Unavailable when the database is away."""
Provinces = Callable[[], Awaitable[Iterable[ReleasedProvince]]]
"""`Waves.provinces`: the same of provinces, where services are compared."""
Postponements = Callable[[], Awaitable[Iterable[Postponed]]]
"""`Waves.postponements`: whose key was kept for longer, and why."""
Health = Callable[[], Awaitable[Mapping[str, object]]]
"""What `/healthz` says; `"status": "ok"` when all is well."""


def build(
    *,
    results: Results,
    web_chat: WebChat | None,
    webhooks: Mapping[str, ASGIApp],
    health: Health,
    cookie_key: bytes,
    secure: bool = False,
    demo: bool = False,
    telegram_url: str | None = None,
    k: int = 10,
    rooms: Iterable[Route] = (),
    pages: Pages | None = None,
    provinces: Provinces | None = None,
    postponements: Postponements | None = None,
) -> "Site":
    """`webhooks`: path → application. `rooms`: further addresses, each from the module that knows it. `secure`: people reach
    us by https only, so cookies may too. `pages`: those that the rooms draw with, else our own. Without a `web_chat` the
    first page is the results alone."""
    visitors = Visitors(cookie_key)
    hall = _Rooms(
        pages or Pages(demo=demo, telegram_url=telegram_url, k=k),
        _Released(results, provinces, postponements),
        health,
        visitors,
        secure,
        web_chat is not None,
    )
    routes = [*hall.routes, *rooms]
    if web_chat is not None:
        routes += ChatRoutes(web_chat, visitors).routes
    site = Starlette(
        routes=routes,
        middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
        exception_handlers={
            HTTPException: hall.missing,
            Unavailable: hall.away,
            Exception: hall.failed,
        },
    )
    return Site(site, webhooks, web_chat, secure)


class Site:
    """The front door: webhooks go straight to their channel, everything else to the pages, with the headers all pages have."""

    def __init__(
        self, pages: ASGIApp, webhooks: Mapping[str, ASGIApp], web_chat: WebChat | None, secure: bool
    ) -> None:
        self._pages = pages
        self._webhooks = dict(webhooks)
        self._web_chat = web_chat
        self._headers = dict(SECURITY_HEADERS)
        if secure:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        webhook = self._webhooks.get(scope["path"])
        if webhook is not None:
            await webhook(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._pages(scope, receive, dressed)

    def hang_up(self) -> None:
        """Ends what would otherwise go on for ever; the server calls it when it stops."""
        if self._web_chat is not None:
            self._web_chat.hang_up()


class _Released:
    """Everything that is released, put together anew for each page: it is a few rows, kept in memory where they come from."""

    def __init__(
        self, results: Results, provinces: Provinces | None, postponements: Postponements | None
    ) -> None:
        self._results = results
        self._provinces = provinces
        self._postponements = postponements

    async def boards(self) -> tuple[Board, ...]:
        return boards(
            await self._results(),
            await self._provinces() if self._provinces else (),
            await self._postponements() if self._postponements else (),
        )


class _Rooms:
    """The addresses a person can open."""

    def __init__(
        self,
        pages: Pages,
        released: "_Released",
        health: Health,
        visitors: Visitors,
        secure: bool,
        has_chat: bool,
    ) -> None:
        self._pages = pages
        self._released = released
        self._health = health
        self._visitors = visitors
        self._secure = secure
        self.routes = (
            Route("/", self.home if has_chat else self.results),
            Route("/results", self.results),
            Route("/results/{unit}", self.ward),
            Route("/healthz", self.healthz),
            Route("/robots.txt", self.robots),
            Route("/static/{name}", self.static),
        )

    async def home(self, request: Request) -> Response:
        language = _language(request)
        response = HTMLResponse(self._pages.home(language, await self._released.boards()))
        if self._visitors.read(request.cookies.get(COOKIE)) is None:
            self._set_cookie(response, COOKIE, self._visitors.mint())
        return self._remembering(request, response, language)

    async def results(self, request: Request) -> Response:
        language = _language(request)
        found = await self._released.boards()
        slug = request.query_params.get("wave")
        page = self._pages.wave(language, found, slug) if slug else self._pages.results(language, found)
        return self._shown(request, language, page)

    async def ward(self, request: Request) -> Response:
        """One unit over its waves."""
        language = _language(request)
        unit = request.path_params["unit"]
        found = await self._released.boards()
        return self._shown(request, language, self._pages.ward(language, unit, found))

    async def healthz(self, request: Request) -> Response:
        found = await self._health()
        return JSONResponse(dict(found), 200 if found.get("status") == "ok" else 503)

    async def robots(self, request: Request) -> Response:
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    async def static(self, request: Request) -> Response:
        asset = self._pages.assets.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        return Response(asset.content, media_type=asset.content_type, headers={"cache-control": FOR_EVER})

    async def missing(self, request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        headers = problem.headers if isinstance(problem, HTTPException) else None
        return HTMLResponse(self._pages.plain(_language(request), "error.not_found"), status, headers)

    async def away(self, request: Request, problem: Exception) -> Response:
        headers = {"retry-after": "30"}
        return HTMLResponse(self._pages.plain(_language(request), "error.away"), 503, headers)

    async def failed(self, request: Request, problem: Exception) -> Response:
        # Only the room: what follows may be a tablet's or a clerk's secret address.
        log.error("web.failed", room=request.url.path.split("/")[1], error=type(problem).__name__)
        return HTMLResponse(self._pages.plain(_language(request), "error.failed"), 500)

    def _shown(self, request: Request, language: str, page: str | None) -> Response:
        if page is None:
            raise HTTPException(404)
        return self._remembering(request, HTMLResponse(page), language)

    def _remembering(self, request: Request, response: Response, language: str) -> Response:
        """A language chosen on the page stays chosen."""
        if request.query_params.get("lang") == language:
            self._set_cookie(response, LANGUAGE_COOKIE, language)
        return response

    def _set_cookie(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            name,
            value,
            max_age=round(KEPT_FOR.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )


def _language(request: Request) -> str:
    return language_of(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
