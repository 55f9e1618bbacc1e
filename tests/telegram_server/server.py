"""The Bot API over HTTP on 127.0.0.1: every request is judged before it is answered, and a wrong one is remembered, so that
a test can end with `assert server.violations == []`. Nothing here sleeps: waits end when something happens."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.patience import PATIENCE
from tests.telegram_server.schema import Upload, bot_api
from tests.telegram_server.world import Json, Refusal, World, check_secret

__all__ = ["Fault", "TelegramServer", "Timepiece"]

TOKEN = "7000000001:AAtest-token_that-must-never-be-seen"
Post = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]
"""How a webhook is reached: body and headers in; status, headers and body out."""


class Timepiece:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    async def pause(self, seconds: float) -> None:
        """In place of asyncio.sleep: whoever waits lets the time pass for everybody."""
        self.pass_by(seconds)
        await asyncio.sleep(0)


@dataclass
class Fault:
    """What goes wrong with the next request for a method."""

    status: int = 0
    body: bytes = b""
    drop: bool = False
    """The connection breaks instead of an answer."""
    done_first: bool = False
    """Whether the method is carried out before it goes wrong."""
    until: asyncio.Event | None = None
    """The answer is held back until this is set."""


@dataclass
class Made:
    """One call the bot made, however it came."""

    method: str
    given: Json
    status: int
    in_webhook_answer: bool = False


@dataclass
class Webhook:
    url: str
    secret: str | None
    allowed: list[str] | None = field(default=None)


class TelegramServer:
    def __init__(self, *, burst: int = 1, time: Timepiece | None = None) -> None:
        self.time = time or Timepiece()
        self.world = World(self.time, burst)
        self.violations: list[str] = []
        self.made: list[Made] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.webhook: Webhook | None = None
        self.post: Post = self._post
        self.wrong_tokens = 0
        self.listened = 0
        """How many times getUpdates was asked."""
        self.given_out: list[Json] = []
        self._arrived = asyncio.Event()
        self._polls = 0
        self._held = 0
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/photos/{name}.jpg", self._hand_out)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._client = await self._stack.enter_async_context(
            ClientSession(timeout=ClientTimeout(total=PATIENCE))
        )
        happens = self.world.happens

        def noticed(**content: Json) -> Json:
            update = happens(**content)
            self._arrived.set()
            return update

        self.world.happens = noticed  # type: ignore[method-assign]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._polls += 1  # a getUpdates still held open ends
        self._arrived.set()
        await self._stack.aclose()

    def fails(self, method: str, *faults: Fault) -> None:
        self.faults[method].extend(faults)

    def calls(self, method: str) -> list[Json]:
        """What was asked of it and granted."""
        return [made.given for made in self.made if made.method == method and made.status == 200]

    @property
    def is_listened_to(self) -> bool:
        """Whether the bot waits for updates, and so has confirmed all there were."""
        return self._held > 0

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for something to become true of what the bot has done here."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    # Requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._take(request)
        finally:
            self._changed.set()

    async def _hand_out(self, request: web.Request) -> web.StreamResponse:
        """A file somebody sent."""
        content = self.world.uploads.get(request.match_info["name"])
        fault = self.faults["file"].popleft() if self.faults["file"] else None
        if fault is not None:
            return await _go_wrong(request, fault)
        if request.match_info["token"] != TOKEN or content is None:
            return web.Response(status=404)
        return web.Response(body=content)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != TOKEN:
            self.wrong_tokens += 1
            return _answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        if method not in bot_api():
            self.violations.append(f"no such method: {method}")
            return _answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        given = await self._read(request, method)
        fault = self.faults[method].popleft() if self.faults[method] else None
        if fault is not None and not fault.done_first and fault.until is None:
            return await _go_wrong(request, fault)
        status, answer = await self._judge(method, given)
        self.made.append(Made(method, given, status))
        self._changed.set()
        if fault is not None and fault.until is not None:
            await fault.until.wait()
            return _answer(status, answer)
        if fault is not None:
            return await _go_wrong(request, fault)
        return _answer(status, answer)

    async def _read(self, request: web.Request, method: str) -> Json:
        if request.content_type == "application/json":
            given = await request.json()
            if not isinstance(given, dict):
                self.violations.append(f"{method}: parameters are not an object")
                return {}
            return given
        given = {}
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                upload = Upload(value.file.read())
                upload.name = value.filename
                given[name] = upload
            else:
                given[name] = _from_form(bot_api().types_of(method, name), str(value))
        return given

    async def _judge(self, method: str, given: Json) -> tuple[int, Json]:
        faults = bot_api().faults_of_call(method, given)
        if faults:
            self.violations.extend(faults)
            return 400, {"ok": False, "error_code": 400, "description": f"Bad Request: {faults[0]}"}
        try:
            own = getattr(self, f"_{method}", None)
            result = await own(given) if own else self.world.do(method, given)
        except Refusal as refusal:
            answer: Json = {"ok": False, "error_code": refusal.status, "description": refusal.description}
            if refusal.parameters:
                answer["parameters"] = refusal.parameters
            return refusal.status, answer
        faults = bot_api().faults_of_result(method, result)
        assert not faults, faults
        return 200, {"ok": True, "result": result}

    # Updates by asking

    async def _getUpdates(self, given: Json) -> list[Json]:
        """An offset confirms everything before it; nothing else does. A second asker ends the first one's wait."""
        self.listened += 1
        if self.webhook is not None:
            raise Refusal(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
            )
        if not 1 <= given.get("limit", 100) <= 100 or given.get("timeout", 0) < 0:
            raise Refusal(400, "Bad Request: limit or timeout out of range")
        updates = self.world.updates
        while updates and updates[0]["update_id"] < given.get("offset", 0):
            updates.popleft()
        self._polls += 1
        self._arrived.set()
        mine = self._polls
        while not updates and given.get("timeout"):
            self._arrived.clear()
            if mine != self._polls:
                raise Refusal(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
            self._held += 1
            self._changed.set()
            try:
                await self._arrived.wait()
            finally:
                self._held -= 1
        wanted = given.get("allowed_updates")
        batch = [update for update in list(updates)[: given.get("limit", 100)] if _is_wanted(update, wanted)]
        self.given_out += batch
        return batch

    async def _setWebhook(self, given: Json) -> bool:
        if not given["url"]:
            self.webhook = None
            return True
        if not given["url"].startswith(("https://", "http://127.0.0.1:")):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if "secret_token" in given:
            check_secret(given["secret_token"])
        if given.get("drop_pending_updates"):
            self.world.updates.clear()
        self.webhook = Webhook(given["url"], given.get("secret_token"), given.get("allowed_updates"))
        return True

    async def _deleteWebhook(self, given: Json) -> bool:
        if given.get("drop_pending_updates"):
            self.world.updates.clear()
        self.webhook = None
        return True

    async def _getWebhookInfo(self, given: Json) -> Json:
        return {
            "url": self.webhook.url if self.webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.world.updates),
        }

    # Updates by webhook

    async def bring(self, *, retries: int = 5, order: Callable[[list[Json]], list[Json]] = list) -> list[int]:
        """Brings every waiting update to the webhook, in the order asked for; one that is not taken is brought again.
        The statuses answered, in the order they were."""
        waiting = [update for update in self.world.updates if self._may_come(update)]
        self.world.updates.clear()
        statuses: list[int] = []
        for update in order(waiting):
            for _ in range(1 + retries):
                statuses.append(await self.deliver(update))
                if 200 <= statuses[-1] < 300:
                    break
            else:
                self.world.updates.append(update)
        return statuses

    async def bring_at_once(self) -> list[int]:
        """As Telegram does it: many connections, no order promised."""
        waiting = [update for update in self.world.updates if self._may_come(update)]
        self.world.updates.clear()
        return list(await asyncio.gather(*(self.deliver(update) for update in waiting)))

    async def deliver(self, update: Json) -> int:
        """Brings this update, once. A method in the answer is carried out, and the bot never learns with what result."""
        assert self.webhook is not None, "setWebhook was never called"
        headers = {"content-type": "application/json"}
        if self.webhook.secret is not None:
            headers["x-telegram-bot-api-secret-token"] = self.webhook.secret
        # As Telegram writes it: everything beyond ASCII is escaped.
        status, answered, body = await self.post(json.dumps(update).encode(), headers)
        if 200 <= status < 300 and body:
            await self._carry_out(answered, body)
        return status

    def _may_come(self, update: Json) -> bool:
        return self.webhook is None or _is_wanted(update, self.webhook.allowed)

    async def _carry_out(self, headers: dict[str, str], body: bytes) -> None:
        if not headers.get("content-type", "").startswith("application/json"):
            self.violations.append(f"webhook answer is {headers.get('content-type')}, not JSON")
            return
        given = json.loads(body)
        method = given.pop("method", None)
        if method not in bot_api():
            self.violations.append(f"webhook answer names no method: {method!r}")
            return
        status, _ = await self._judge(method, given)
        self.made.append(Made(method, given, status, in_webhook_answer=True))

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        assert self.webhook is not None
        try:
            async with self._client.post(self.webhook.url, data=body, headers=headers) as response:
                answered = {name.lower(): value for name, value in response.headers.items()}
                return response.status, answered, await response.read()
        except ClientError:
            return 0, {}, b""


def _is_wanted(update: Json, wanted: list[str] | None) -> bool:
    return not wanted or any(kind in update for kind in wanted)


def _from_form(types: list[str], value: str) -> Any:
    if types == ["String"]:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _answer(status: int, answer: Json) -> web.Response:
    return web.json_response(answer, status=status)


async def _go_wrong(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.drop:
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)
    return web.Response(status=fault.status, body=fault.body, content_type="text/html")
