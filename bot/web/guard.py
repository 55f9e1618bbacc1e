"""What every page and every request of ours keeps to: headers that allow nothing from elsewhere, bodies of a size, and
posts from our own page only. It knows no page."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request

__all__ = ["SECURITY_HEADERS", "TooLarge", "body_of", "form_of", "is_a_form_of_ours", "is_from_our_page"]

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # A deep link stands in the address: no other site may learn it.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class TooLarge(Exception):
    """The body is larger than this address takes."""


MOST_DIGITS = 15  # of an announced length; reading thousands of them is an attack by itself
SLOWEST = 60.0  # seconds for a body: a picture of 10 MB on a bad line. Who sends a letter a minute holds a connection that others need.


async def body_of(request: Request, limit: int) -> bytes:
    """The body, never holding more than `limit` bytes of it, and not waiting for ever. Raises TooLarge; HTTPException for a slow one."""
    try:
        async with asyncio.timeout(SLOWEST):
            return await _body(request, limit)
    except TimeoutError:
        raise HTTPException(408) from None


async def _body(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > MOST_DIGITS or int(announced) > limit):
        raise TooLarge
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


async def form_of(request: Request, limit: int) -> Mapping[str, str]:
    """The fields of a plain form, the last one of a name. Raises TooLarge."""
    body = await body_of(request, limit)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def is_a_form_of_ours(headers: Headers) -> bool:
    """Whether a browser says that a form on our own page was sent. Any site can have a form of its own sent here, so a browser
    that says nothing of where it comes from is not believed."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORMS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    came_from = headers.get("origin") or headers.get("referer", "")
    return came_from.partition("://")[2].partition("/")[0].lower() == headers.get("host", "").lower() != ""


def is_from_our_page(headers: Headers) -> bool:
    """Whether a browser says that our own page sent this. Browsers too old for Sec-Fetch-Site send Origin; and no form of
    another site can post JSON unasked."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    # The scheme is the TLS proxy's business; the host is what the browser was shown.
    return origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()
