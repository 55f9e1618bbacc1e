"""The web chat over HTTP: cookies, bodies and status codes around `bot/channels/web_chat.py`. It knows no question."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.channels.web_chat import Full, TooFast, TooLong, Unreadable, WebChat, read
from bot.web.guard import TooLarge, body_of, is_from_our_page
from bot.web.visitor import COOKIE, Visitors
from storage.database import Unavailable

__all__ = ["ChatRoutes"]

LARGEST_BODY = 16 * 1024  # a text of 2,000 characters, written with six bytes each, and its envelope
RETRY_AFTER = {"retry-after": "2"}


class ChatRoutes:
    """`POST /chat/say` and `GET /chat/events`."""

    def __init__(self, web_chat: WebChat, visitors: Visitors) -> None:
        self._web_chat = web_chat
        self._visitors = visitors
        self.routes = (
            Route("/chat/say", self.say, methods=["POST"]),
            Route("/chat/events", self.events, methods=["GET"]),
        )

    async def say(self, request: Request) -> Response:
        """200 means: on disk. 429 and 503 mean: send the same again, with the same key."""
        if not is_from_our_page(request.headers):
            return _refused(403, "foreign")
        visitor = self._visitors.read(request.cookies.get(COOKIE))
        if visitor is None:
            return _refused(401, "visitor")
        try:
            said = read(await body_of(request, LARGEST_BODY))
            events = await self._web_chat.say(visitor, said)
        except (TooLarge, TooLong):
            return _refused(413, "too_long")
        except Unreadable:
            return _refused(400, "unreadable")
        except TooFast:
            return _refused(429, "too_fast", RETRY_AFTER)
        except Unavailable:
            return _refused(503, "unavailable", RETRY_AFTER)
        listed = ",".join(f'{{"id":"{event.id}","data":{event.data}}}' for event in events)
        return Response(f'{{"events":[{listed}]}}', media_type="application/json")

    async def events(self, request: Request) -> Response:
        visitor = self._visitors.read(request.cookies.get(COOKIE))
        if visitor is None:
            return _refused(401, "visitor")
        # A browser that reconnects by itself says how far it got in a header; a page loaded anew, in the address.
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        try:
            stream: AsyncIterator[bytes] = self._web_chat.listen(visitor, after)
        except Full:
            return _refused(503, "full", RETRY_AFTER)
        # Some proxies collect a stream until it is large enough; this asks them not to.
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _refused(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"reason": reason}, status, headers)
