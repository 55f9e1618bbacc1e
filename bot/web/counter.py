"""`/counter/…`: the page of a counter's tablet. It shows the code of the moment, and knows nobody who scans it."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot import qr
from bot.web.pages import Pages
from bot.web.words import Words, language_of
from surveys import counter
from surveys.counter import Counter

__all__ = ["CounterPage"]

ROOM = "counter"
TABLETS = 512  # codes kept drawn: each tablet asks several times for one
LONGEST_NUMBER = 2  # digits

Naming = Callable[[str], Awaitable[str | None]]
"""The name of a unit."""


class CounterPage:
    """`GET /counter/{unit}/{number}/{door}` and the picture beneath it. Whoever lacks the door gets what is nowhere: a 404."""

    def __init__(
        self,
        key: bytes,
        pages: Pages,
        *,
        naming: Naming,
        now: Callable[[], datetime],
        address: str,
    ) -> None:
        """`address`: what stands before a payload in a link, such as `https://…/?start=`; "" for the address we are asked by."""
        self._key = key
        self._pages = pages
        self._naming = naming
        self._now = now
        self._address = address
        place = "/counter/{unit}/{number}/{door}"
        self.routes = (Route(place, self.page), Route(place + "/code.svg", self.code))

    async def page(self, request: Request) -> Response:
        at = self._counter(request)
        language = language_of(request.query_params.get("lang"))
        name = await self._naming(at.unit)
        page = self._pages.drawn(
            "counter.html",
            language,
            words=Words(language, ROOM),
            place=name[:1].lower() + name[1:] if name else "",
            counter=at,
            picture=f"{request.url.path}/code.svg",
            slot=counter.slot_of(self._now()),
        )
        return HTMLResponse(page, headers={"cache-control": "no-store"})

    async def code(self, request: Request) -> Response:
        at = self._counter(request)
        before = self._address or f"{request.base_url}?start="
        picture = _drawn(before + counter.mint(at, self._now(), self._key))
        return Response(picture, media_type="image/svg+xml", headers={"cache-control": "no-store"})

    def _counter(self, request: Request) -> Counter:
        """Raises HTTPException 404 for whoever was not given this address."""
        unit, number = request.path_params["unit"], request.path_params["number"]
        if not (number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER):
            raise HTTPException(404)
        at = Counter(unit, int(number))
        given = request.path_params["door"].encode()
        if not hmac.compare_digest(counter.door(at, self._key).encode(), given):
            raise HTTPException(404)
        return at


@lru_cache(maxsize=TABLETS)
def _drawn(link: str) -> str:
    return qr.svg(link)
