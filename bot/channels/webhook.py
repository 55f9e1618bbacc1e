"""What every webhook does with a request before it believes a word of it. It knows ASGI and JSON, no platform."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from typing import Any

__all__ = ["Gone", "Malformed", "Receive", "Scope", "Send", "TooLarge", "body", "parse", "proves", "respond"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_CAP = 256 * 1024  # bytes; a Telegram update is rarely over 10 KB
DEPTH_CAP = 32  # a reply to a forwarded message with a keyboard is about 10 deep
READING = timedelta(seconds=10)  # for the whole body; a platform sends it in one piece


class TooLarge(Exception):
    """The body is longer than any honest platform sends."""


class Malformed(Exception):
    """The body is not JSON that a platform could have written."""


class Gone(Exception):
    """The caller hung up, or took too long to say what it wanted."""


def proves(scope: Scope, header: bytes, secret: bytes) -> bool:
    """Whether the request carries the secret: once, compared in constant time. The header's name in lower case."""
    given = [value for name, value in scope["headers"] if name == header]
    return len(given) == 1 and hmac.compare_digest(given[0], secret)


async def body(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge as soon as that is known, Gone when it stops coming."""
    for name, value in scope["headers"]:
        # int() of a very long run of digits is itself an attack, so its length is looked at first.
        if name == b"content-length" and (len(value) > 9 or not value.isdigit() or int(value) > BODY_CAP):
            raise TooLarge
    event = await _next(receive)
    pieces: bytearray | bytes = event.get("body", b"")
    if event.get("more_body", False):  # seldom: a platform sends it in one piece
        try:
            async with asyncio.timeout(READING.total_seconds()):
                pieces = await _rest(bytearray(pieces), receive)
        except TimeoutError as slow:
            raise Gone from slow
    if len(pieces) > BODY_CAP:
        raise TooLarge
    return bytes(pieces)


async def _rest(pieces: bytearray, receive: Receive) -> bytearray:
    more = True
    while more and len(pieces) <= BODY_CAP:
        event = await _next(receive)
        pieces += event.get("body", b"")
        more = event.get("more_body", False)
    return pieces


async def _next(receive: Receive) -> MutableMapping[str, Any]:
    event = await receive()
    if event["type"] != "http.request":
        raise Gone
    return event


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises Malformed for anything else: what is not UTF-8, nests too deep, holds a number
    that is none, or half a surrogate pair, which no database would keep."""
    try:
        text = raw.decode("utf-8")
        value = DECODER.decode(text)
        # A depth beyond the cap needs as many openings, so nearly every body is spared the walk.
        if text.count("{") + text.count("[") > DEPTH_CAP and _depth(value) > DEPTH_CAP:
            raise Malformed
        if "\\ud" in text or "\\uD" in text:  # emoji, escaped; or half of one
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):  # a UnicodeError and a JSONDecodeError are ValueErrors
        # Without its cause: a decoder's error carries the whole body with it.
        raise Malformed from None
    if not isinstance(value, dict):
        raise Malformed
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_constant=_refuse)  # NaN and Infinity are Python's, not JSON's


def _depth(value: object) -> int:
    level, depth = [value], 0
    while level := [thing for thing in level if isinstance(thing, dict | list)]:
        depth += 1
        level = [inner for thing in level for inner in (thing.values() if isinstance(thing, dict) else thing)]
    return depth


async def respond(send: Send, status: int, answer: bytes = b"", *, retry: timedelta | None = None) -> None:
    headers = [(b"content-length", str(len(answer)).encode())]
    if answer:
        headers.append((b"content-type", b"application/json"))
    if retry is not None:
        headers.append((b"retry-after", str(round(retry.total_seconds())).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
