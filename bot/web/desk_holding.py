"""What somebody had typed when their session was over: it is handed back to them, to be sent again once they are signed in. It keeps
nothing; the browser does."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.web.desk_door import HOME, Door, Endpoint
from bot.web.guard import TooLarge, body_of, is_a_form_of_ours
from bot.web.pages import Pages
from bot.web.places import our_place

__all__ = ["holding", "is_a_part", "pairs_of"]

FORM = "application/x-www-form-urlencoded"
READS = ("GET", "HEAD")
ROOM = "notices"


async def pairs_of(request: Request, limit: int) -> list[tuple[str, str]]:
    """The fields of a plain form, as often as each is there. Raises TooLarge."""
    body = await body_of(request, limit)
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def is_a_part(request: Request) -> bool:
    """Whether htmx asks, to put the answer into a page that is open."""
    return request.headers.get("hx-request") == "true"


def holding(door: Door, pages: Pages, limit: int) -> Callable[[Endpoint], Endpoint]:
    """For pages on which much is typed: whoever is not signed in any more gets it back instead of a “no”."""

    def kept(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def passed(request: Request) -> Response:
            if not _brings_words(request) or await door.signed_in(request) is not None:
                return await endpoint(request)
            if is_a_part(request):
                wanted = _open_page(request)
                page = pages.for_desk("_desk_signed_out.html", None, ROOM, sign_in=_sign_in(wanted))
                return _no_store(HTMLResponse(page, 401))
            try:
                fields = await pairs_of(request, limit)
            except TooLarge:
                return await endpoint(request)
            page = pages.for_desk(
                "desk_held.html", None, ROOM, place=request.url.path, fields=fields, sign_in=_sign_in(HOME)
            )
            return _no_store(HTMLResponse(page, 403))

        return passed

    return kept


def _brings_words(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method not in READS and kind == FORM and is_a_form_of_ours(request.headers)


def _open_page(request: Request) -> str:
    """The address in the browser's bar, as htmx tells it."""
    return our_place(urlsplit(request.headers.get("hx-current-url", "")).path, HOME)


def _sign_in(wanted: str) -> str:
    return f"/sign-in?next={quote(wanted, safe='')}"


def _no_store(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    return response
