"""What every page and every request of ours keeps to: headers that allow nothing from elsewhere, bodies of a size, and
posts from our own page only. It knows no page."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request

__all__ = ["SECURITY_HEADERS", "TooLarge", "body_of", "is_from_our_page"]

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


class TooLarge(Exception):
    """The body is larger than this address takes."""


async def body_of(request: Request, limit: int) -> bytes:
    """The body, never holding more than `limit` bytes of it. Raises TooLarge."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


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
