"""A webhook reached without a socket: one ASGI request and what came back."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

__all__ = ["Post", "post_to", "request"]

App = Callable[[Any, Any, Any], Awaitable[None]]
Post = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]


def post_to(app: App) -> Post:
    async def post(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return await request(app, raw, [body])

    return post


async def request(
    app: App, headers: Iterable[tuple[bytes, bytes]], pieces: Iterable[bytes], *, method: str = "POST"
) -> tuple[int, dict[str, str], bytes]:
    """The body comes in these pieces. After the last of them the caller hangs up. Status 0: nothing was answered."""
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    if events:
        events[-1]["more_body"] = False
    events.reverse()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return events.pop() if events else {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {"type": "http", "method": method, "path": "/telegram", "headers": list(headers)}
    await app(scope, receive, send)
    if not sent:
        return 0, {}, b""
    headers_sent = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers_sent, b"".join(event.get("body", b"") for event in sent[1:])
