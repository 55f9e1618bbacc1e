"""The Bot API's sending methods over HTTP on 127.0.0.1, for very many messages: it enforces so many in any second by a true sliding
window and one a second to each chat, and keeps a log that tells what really arrived – whatever became of the answer."""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

__all__ = ["TOKEN", "Arrived", "BulkServer", "Fault", "busiest_second"]

TOKEN = "7000000002:AAbulk-token_for-tests-only"
A_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """One call that was carried out."""

    at: float
    method: str
    chat: int
    text: str
    message: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is answered instead, or how the connection ends."""

    status: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = False
    done_first: bool = False
    """Whether the call is carried out before it goes wrong."""
    wait: float = 0.0


Faults = Callable[[str, int], Fault | None]


class BulkServer:
    def __init__(self, limit: int = 30, a_chat: float = 1.0, faults: Faults | None = None) -> None:
        self.limit = limit
        self.a_chat = a_chat
        self.faults = faults
        self.log: list[Arrived] = []
        self.refused: Counter[str] = Counter()
        self._window: deque[float] = deque()
        self._chats: dict[int, float] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._handle)
        app.router.add_get("/log", self._tell)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def texts_to(self, chat: int) -> list[str]:
        return [each.text for each in self.log if each.chat == chat]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given = await _given(request)
        chat = int(given.get("chat_id", 0))
        fault = self.faults(method, chat) if self.faults is not None else None
        if fault is not None and not fault.done_first:
            return await _go_wrong(request, fault)
        refusal = self._refusal(method, chat)
        if refusal is not None:
            return refusal
        self.log.append(
            Arrived(time.monotonic(), method, chat, str(given.get("text", "")), len(self.log) + 1)
        )
        if fault is not None:
            return await _go_wrong(request, fault)
        result = {"message_id": len(self.log), "date": 0, "chat": {"id": chat, "type": "private"}}
        return web.json_response({"ok": True, "result": result})

    def _refusal(self, method: str, chat: int) -> web.Response | None:
        if not method.startswith("send"):
            return None
        now = time.monotonic()
        while self._window and now - self._window[0] >= A_SECOND:
            self._window.popleft()
        if len(self._window) >= self.limit:
            return self._too_many("in all")
        if now - self._chats.get(chat, -A_SECOND) < self.a_chat:
            return self._too_many("to a chat")
        self._window.append(now)
        self._chats[chat] = now
        return None

    def _too_many(self, why: str) -> web.Response:
        self.refused[why] += 1
        body = {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }
        return web.json_response(body, status=429)

    async def _tell(self, request: web.Request) -> web.Response:
        """The log from a place on, for another process."""
        after = int(request.query.get("after", "0"))
        lines = [[each.at, each.method, each.chat, each.text] for each in self.log[after:]]
        return web.json_response({"log": lines, "refused": dict(self.refused)})


async def _given(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        given: dict[str, Any] = json.loads(await request.read())
        return given
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


async def _go_wrong(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.wait:
        await asyncio.sleep(fault.wait)
    if fault.drop:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    return web.Response(
        status=fault.status, body=fault.body, headers=dict(fault.headers), content_type="application/json"
    )


def busiest_second(moments: list[float]) -> int:
    """The most there were in any window of a second."""
    window: deque[float] = deque()
    most = 0
    for moment in sorted(moments):
        window.append(moment)
        while moment - window[0] >= A_SECOND:
            window.popleft()
        most = max(most, len(window))
    return most


async def _serve(limit: int, a_chat: float) -> None:
    async with BulkServer(limit, a_chat) as server:
        print(server.url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
