"""The door of the supervisors' pages, until the officers' desk has accounts: one shared token, one signed cookie. It knows
who may see such a page, and nothing of what is on it."""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.guard import TooLarge, form_of, is_a_form_of_ours, is_from_our_page
from bot.web.pages import Pages

__all__ = ["COOKIE", "Endpoint", "Supervisors"]

log = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

COOKIE = "langnghe_supervisor"
SIGNED_IN_FOR = timedelta(hours=8)  # a working day
VALUE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})\Z")
LARGEST_FORM = 4096
HOME = "/scorecard"
# A page of ours: one slash, then nothing a browser could take for another host.
OUR_PLACE = re.compile(r"/(?![/\\])[\x21-\x7e]{0,500}\Z")

FREE_TRIES = 3  # a hand that slips
FIRST_WAIT = 0.5  # seconds, doubled with every further wrong try
LONGEST_WAIT = 8.0
FORGOTTEN_AFTER = timedelta(minutes=15)
AT_ONCE = 16  # tries that wait; whoever comes on top of them is asked to come again
READS = ("GET", "HEAD")


class Supervisors:
    """Signs supervisors in and out, and lets nobody else pass. Without a token in the settings there is no such object, and so
    no such address."""

    def __init__(
        self,
        token: str,
        cookie_key: bytes,
        *,
        secure: bool,
        pages: Pages,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`clock`: seconds since 1970. `pause` waits so many seconds before a try is looked at."""
        if not token:
            raise ValueError("Nobody signs in with an empty token.")
        self._pages = pages
        self._secure = secure
        self._clock = clock
        self._slow = _SlowDown(clock, pause)
        # Only hashes of one length are compared, so that time tells not even how long the token is.
        self._token = _hashed(token)
        # Another token makes another key: whoever was signed in with the old one no longer is.
        self._key = hmac.new(cookie_key, b"supervisors/" + self._token, hashlib.sha256).digest()
        self.routes = (
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        )

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """The same page, for supervisors only; what changes something, from our own pages only."""

        async def passed(request: Request) -> Response:
            if not self.is_signed_in(request):
                return self._turned_away(request)
            if request.method not in READS and not _is_ours(request):
                return self._said("supervisors.foreign", 403)
            response = await endpoint(request)
            response.headers["cache-control"] = "no-store"
            return response

        return passed

    def is_signed_in(self, request: Request) -> bool:
        found = VALUE.match(request.cookies.get(COOKIE, ""))
        if found is None:
            return False
        until, nonce, signature = found.groups()
        return hmac.compare_digest(signature, self._signature(until, nonce)) and int(until) > self._clock()

    async def sign_in(self, request: Request) -> Response:
        wanted = _our_place(request.query_params.get("next"))
        if request.method in READS:
            return self._form(wanted)
        if not _is_ours(request):
            return self._said("supervisors.foreign", 403)
        try:
            said = (await form_of(request, LARGEST_FORM)).get("token", "")
        except TooLarge:
            return self._said("supervisors.wrong", 413)
        if not await self._slow.waited():
            return self._form(wanted, "supervisors.busy", 429)
        if not hmac.compare_digest(_hashed(said.strip()), self._token):
            self._slow.note()
            log.warning("supervisors.wrong_token")
            return self._form(wanted, "supervisors.wrong", 403)
        log.info("supervisors.signed_in")
        response = RedirectResponse(wanted, 303, headers={"cache-control": "no-store"})
        until = str(round(self._clock() + SIGNED_IN_FOR.total_seconds()))
        nonce = secrets.token_urlsafe(16)
        response.set_cookie(
            COOKIE,
            f"{until}.{nonce}.{self._signature(until, nonce)}",
            max_age=round(SIGNED_IN_FOR.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        if not _is_ours(request):
            return self._said("supervisors.foreign", 403)
        response = RedirectResponse("/sign-in", 303, headers={"cache-control": "no-store"})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self._secure)
        return response

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _turned_away(self, request: Request) -> Response:
        if request.method not in READS:
            return self._said("supervisors.signed_out", 403)
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(
            f"/sign-in?next={quote(place, safe='')}", 303, headers={"cache-control": "no-store"}
        )

    def _form(self, wanted: str, problem: str | None = None, status: int = 200) -> Response:
        page = self._pages.for_supervisors("sign_in.html", wanted=wanted, problem=problem)
        return HTMLResponse(page, status, {"cache-control": "no-store"})

    def _said(self, key: str, status: int) -> Response:
        page = self._pages.for_supervisors("supervisors_plain.html", key=key)
        return HTMLResponse(page, status, {"cache-control": "no-store"})

    def _signature(self, until: str, nonce: str) -> str:
        return hmac.new(self._key, f"{until}.{nonce}".encode(), hashlib.sha256).hexdigest()


class _SlowDown:
    """After wrong tries everybody who tries waits before they are looked at, whoever they are: the right token still gets in,
    and how long it took tells nothing of it. Nobody's address is remembered."""

    def __init__(self, clock: Callable[[], float], pause: Callable[[float], Awaitable[object]]) -> None:
        self._clock = clock
        self._pause = pause
        self._wrong = 0
        self._last = 0.0
        self._waiting = 0

    async def waited(self) -> bool:
        """False when too many wait already."""
        seconds = self._seconds()
        if not seconds:
            return True
        if self._waiting >= AT_ONCE:
            return False
        self._waiting += 1
        try:
            await self._pause(seconds)
        finally:
            self._waiting -= 1
        return True

    def note(self) -> None:
        self._wrong += 1
        self._last = self._clock()

    def _seconds(self) -> float:
        if self._clock() - self._last > FORGOTTEN_AFTER.total_seconds():
            self._wrong = 0
        beyond = self._wrong - FREE_TRIES
        return 0.0 if beyond < 0 else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(beyond, 10))


def _is_ours(request: Request) -> bool:
    return is_a_form_of_ours(request.headers) or is_from_our_page(request.headers)


def _our_place(wanted: str | None) -> str:
    return wanted if wanted and OUR_PLACE.match(wanted) else HOME


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
