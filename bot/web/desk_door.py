"""The door of the officers' desk: who is let in, how, and past which page. It knows requests, cookies and forms; who somebody is, is
for `handlers.people` to say, and what they may do for `surveys.rights`.

Every page of the desk is made by `guarded`, which names the action it is for. A test walks all addresses there are."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.qr import svg
from bot.web.guard import TooLarge, form_of, is_a_form_of_ours, is_from_our_page
from bot.web.pages import Pages
from bot.web.places import our_place
from bot.web.slow_down import SlowDown
from handlers.people import ABSOLUTE, People, SignedIn, WrongCode
from handlers.ways_in import typed_secret
from surveys.rights import MATRIX, Action, Actor, NotAllowed

__all__ = ["COOKIE", "HOME", "Door", "Endpoint", "Guarded", "action_of"]

log = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]
"""What Starlette calls."""
Guarded = Callable[[Request, Actor], Awaitable[Response]]
"""A page behind the door: it is told who asks."""

COOKIE = "langnghe_desk"
HOME = "/desk"
LARGEST_FORM = 4096
READS = ("GET", "HEAD")
ISSUER = "Lắng Nghe"
ACTION = "_action"


def action_of(endpoint: object) -> Action | str | None:
    """The action a page was guarded for, "signed in" where that alone is asked; None for a page that is not behind the door."""
    found: Action | str | None = getattr(endpoint, ACTION, None)
    return found


class Door:
    """Signs officers in and out, and lets nobody else pass."""

    def __init__(self, people: People, pages: Pages, *, secure: bool, slow: SlowDown | None = None) -> None:
        self._people = people
        self._pages = pages
        self._secure = secure
        self._slow = slow or SlowDown()
        self.routes = [
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/desk/enrol", self.enrol, methods=["GET", "POST"]),
            Route("/desk/link/{secret}", self.link, methods=["GET", "POST"]),
            Route("/desk/post", self.choose, methods=["GET", "POST"]),
            Route("/desk/totp", self.totp, methods=["GET", "POST"]),
            Route("/desk/account", self.guarded(None, self.account), methods=["GET", "POST"]),
        ]

    # ── What others are behind ────────────────────────────────────────────────────────────────────────────────

    def guarded(self, action: Action | None, endpoint: Guarded) -> Endpoint:
        """The page, for whoever has that right somewhere (None: for whoever is signed in). Where exactly is for the use case to
        ask: a NotAllowed from it says no more than that. What changes something must come from our own pages."""

        async def passed(request: Request) -> Response:
            signed = await self.signed_in(request)
            if signed is None:
                return self._turned_away(request)
            if signed.actor is None or signed.lacks_totp:
                place = "/desk/post" if signed.actor is None else "/desk/totp"
                return _no_store(RedirectResponse(place, 303))
            if request.method not in READS and not _is_ours(request):
                return self._said("desk.foreign", 403)
            if action is not None and not MATRIX[signed.actor.role].get(action):
                return self._said("desk.not_allowed", 403, signed.actor)
            try:
                response = await endpoint(request, signed.actor)
            except NotAllowed:
                log.warning("desk.not_allowed", post=signed.actor.post, action=action)
                return self._said("desk.not_allowed", 403, signed.actor)
            return _no_store(response)

        setattr(passed, ACTION, action or "signed in")
        return passed

    async def signed_in(self, request: Request) -> SignedIn | None:
        token = request.cookies.get(COOKIE, "")
        return await self._people.signed_in(token) if token else None

    def let_in(self, response: Response, token: str) -> Response:
        """The browser keeps the token where no script finds it, and shows it to nobody else's pages."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=round(ABSOLUTE.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
        return _no_store(response)

    # ── Signing in and out ────────────────────────────────────────────────────────────────────────────────────

    async def sign_in(self, request: Request) -> Response:
        """By personal code and time code."""
        wanted = our_place(request.query_params.get("next"), HOME)
        if request.method in READS:
            return self._form("desk_sign_in.html", wanted=wanted)

        async def tried(form: dict[str, str]) -> Response:
            token = await self._people.sign_in(form.get("personal", ""), form.get("totp", ""))
            return self.let_in(RedirectResponse(wanted, 303), token)

        return await self._tried(request, tried, "desk_sign_in.html", wanted=wanted)

    async def sign_out(self, request: Request) -> Response:
        if not _is_ours(request):
            return self._said("desk.foreign", 403)
        await self._people.end_session(request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self._secure)
        return _no_store(response)

    async def link(self, request: Request) -> Response:
        """From the officers' bot. Looking at it spends nothing, so a preview of the link does not; its button does."""
        secret = request.path_params["secret"]
        if request.method in READS:
            needs_totp = await self._people.link_needs_totp(secret)
            return self._form("desk_link.html", secret=secret, needs_totp=needs_totp)

        async def tried(form: dict[str, str]) -> Response:
            token = await self._people.by_link(secret, form.get("totp", ""))
            return self.let_in(RedirectResponse(HOME, 303), token)

        needs_totp = await self._people.link_needs_totp(secret)
        return await self._tried(request, tried, "desk_link.html", secret=secret, needs_totp=needs_totp)

    async def enrol(self, request: Request) -> Response:
        """Three steps on one address: the code; the telephone set up and its first time code; the personal code, shown once."""
        if request.method in READS:
            return self._form("desk_enrol.html")

        async def tried(form: dict[str, str]) -> Response:
            code = form.get("code", "")
            actor, secret = await self._people.opening(code)
            if "totp" not in form:
                return self._form("desk_enrol_totp.html", code=code, **_telephone(actor, secret))
            enrolled = await self._people.enrol(code, totp=form["totp"])
            token = await self._people.begin(enrolled.actor)
            return self.let_in(self._form("desk_welcome.html", enrolled=enrolled), token)

        return await self._tried(request, tried, "desk_enrol.html")

    # ── Signed in, and not yet at work ────────────────────────────────────────────────────────────────────────

    async def choose(self, request: Request) -> Response:
        """At which of several posts one sits."""
        signed = await self.signed_in(request)
        if signed is None:
            return self._turned_away(request)
        if request.method in READS:
            return self._form("desk_post.html", signed=signed)
        form = await self._form_of(request)
        if isinstance(form, Response):
            return form
        if await self._people.choose(request.cookies.get(COOKIE, ""), form.get("post", "")) is None:
            return self._said("desk.not_allowed", 403)
        return _no_store(RedirectResponse(HOME, 303))

    async def totp(self, request: Request) -> Response:
        """For whoever came by the bot's link to a post that asks for a time code."""
        signed = await self.signed_in(request)
        if signed is None:
            return self._turned_away(request)
        if signed.actor is None or signed.has_totp:
            return _no_store(RedirectResponse(HOME, 303))
        token = request.cookies.get(COOKIE, "")
        actor, secret = signed.actor, self._people.totp_secret(token)
        if request.method in READS:
            return self._form("desk_totp.html", **_telephone(actor, secret))

        async def tried(form: dict[str, str]) -> Response:
            enrolled = await self._people.set_totp(token, form.get("totp", ""))
            return self._form("desk_welcome.html", enrolled=enrolled)

        return await self._tried(request, tried, "desk_totp.html", **_telephone(actor, secret))

    async def account(self, request: Request, actor: Actor) -> Response:
        """What somebody is signed in as, and the code that binds an account at the officers' bot to them."""
        signed = await self.signed_in(request)
        if signed is None:
            return self._turned_away(request)
        if request.method in READS:
            return self._form("desk_account.html", actor=actor, signed=signed, code=None)

        async def tried(form: dict[str, str]) -> Response:
            code = await self._people.account_code(actor, form.get("totp", ""))
            return self._form("desk_account.html", actor=actor, signed=signed, code=code)

        return await self._tried(request, tried, "desk_account.html", actor=actor, signed=signed, code=None)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tried(
        self,
        request: Request,
        tried: Callable[[dict[str, str]], Awaitable[Response]],
        template: str,
        **values: Any,
    ) -> Response:
        """What was asked for, or the same “no” for every reason, after the same time."""
        form = await self._form_of(request)
        if isinstance(form, Response):
            return form
        if not await self._slow.waited():
            return self._form(template, "desk.busy", 429, given=form, **values)
        since = self._slow.now()
        try:
            return await tried(form)
        except WrongCode:
            await self._slow.was_wrong(since)
            return self._form(template, "desk.wrong", 403, given=form, **values)

    async def _form_of(self, request: Request) -> dict[str, str] | Response:
        """The fields, or why they are not taken."""
        if not _is_ours(request):
            return self._said("desk.foreign", 403)
        try:
            return dict(await form_of(request, LARGEST_FORM))
        except TooLarge:
            return self._said("desk.too_large", 413)

    def _turned_away(self, request: Request) -> Response:
        if request.method not in READS:
            return self._said("desk.signed_out", 403)
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return _no_store(RedirectResponse(f"/sign-in?next={quote(place, safe='')}", 303))

    def _form(
        self,
        template: str,
        problem: str | None = None,
        status: int = 200,
        *,
        actor: Actor | None = None,
        **values: Any,
    ) -> Response:
        page = self._pages.for_desk(template, actor, problem=problem, **({"given": {}} | values))
        return _no_store(HTMLResponse(page, status))

    def _said(self, key: str, status: int, actor: Actor | None = None) -> Response:
        return _no_store(HTMLResponse(self._pages.for_desk("desk_plain.html", actor, key=key), status))


def _telephone(actor: Actor, secret: bytes) -> dict[str, Any]:
    """What a telephone needs to make time codes: a picture, and the same to type."""
    typed = typed_secret(secret)
    label = quote(f"{ISSUER}:{actor.name}")
    address = f"otpauth://totp/{label}?secret={typed}&issuer={quote(ISSUER)}"
    groups = " ".join(typed[start : start + 4] for start in range(0, len(typed), 4))
    return {"named": actor, "picture": svg(address), "typed": groups}


def _is_ours(request: Request) -> bool:
    return is_a_form_of_ours(request.headers) or is_from_our_page(request.headers)


def _no_store(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    return response
