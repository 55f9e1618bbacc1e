"""Zalo over HTTP on 127.0.0.1: every request is judged before it is answered, and a malformed one is remembered, so that a test
can end with `assert server.violations == []`. Nothing here sleeps: time passes when it is told to."""

import asyncio
import hmac
import json
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from aiohttp import web

from tests.patience import PATIENCE
from tests.telegram_server.server import Timepiece
from tests.zalo_server.bots import BotRefusal, BotWorld
from tests.zalo_server.oauth import App, OAuth
from tests.zalo_server.sender import Sender
from tests.zalo_server.shapes import (
    ARTICLE_MADE,
    CS_MESSAGE,
    DIGITS,
    RATINGS_ASKED,
    TEMPLATE_BY_PHONE,
    TEMPLATE_BY_UID,
    faults_of,
    shapes_of_message,
)
from tests.zalo_server.world import ENTERPRISE, GOVERNMENT, PERSONAL, Account, Json, Refusal, World

__all__ = ["Fault", "Made", "ZaloServer"]

VIOLATION = 599  # no status of Zalo's: a test that causes it has found a fault of ours
PERMISSION = {"app_id", "redirect_uri", "code_challenge", "state"}
GRANTS = {
    "authorization_code": {"code", "app_id", "grant_type", "code_verifier"},
    "refresh_token": {"refresh_token", "app_id", "grant_type"},
}
UPLOADS = {
    "image": (1 << 20, ("image/jpeg", "image/png")),
    "gif": (5 << 20, ("image/gif",)),
    "file": (
        5 << 20,
        (
            "application/pdf",
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "text/csv",
        ),
    ),
}
ENDINGS = {"image": (".jpg", ".jpeg", ".png"), "gif": (".gif",), "file": (".pdf", ".doc", ".docx", ".csv")}


@dataclass
class Fault:
    """What goes wrong with the next request for a path."""

    status: int = 0
    body: bytes = b""
    drop: bool = False
    """The connection breaks instead of an answer."""
    done_first: bool = False
    """Whether it is carried out before it goes wrong."""
    until: asyncio.Event | None = None
    """The answer is held back until this is set."""
    error: int = 0
    """Answered with this error though nothing, or all (`done_first`), was done."""
    in_pieces: bool = False
    """Carried out, and the answer comes a few bytes at a time."""


@dataclass
class Made:
    """One call, as it came."""

    path: str
    given: Any
    status: int
    error: int


class Violation(Exception):
    """A request that no documentation allows."""


class ZaloServer:
    def __init__(self, *, time: Timepiece | None = None, seed: int = 0) -> None:
        self.time = time or Timepiece()
        self.app = App()
        self.world = World(self.time, seed)
        self.oauth = OAuth(self.app, self.time)
        self.bots = BotWorld(self.time)
        self.sender = Sender(self.app, self.world, self.time, seed)
        self.oa: Account = self.world.account("579745863508352884")
        self.violations: list[str] = []
        self.made: list[Made] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.calls_of_app: deque[float] = deque()
        self.rating_verb = "POST"
        self.a_minute = 4000
        """Calls the app may make, whichever of its accounts they are for."""
        self.url = ""
        self._stack = AsyncExitStack()
        self._changed = asyncio.Event()
        self._asked = asyncio.Event()

    def fails(self, path: str, *faults: Fault) -> None:
        self.faults[path].extend(faults)

    def calls(self, path: str) -> list[Any]:
        """What was asked of it at this address and granted."""
        return [made.given for made in self.made if made.path == path and not made.error]

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for something to become true of what was done here."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def until_asked(self, path: str) -> None:
        """Until every fault that waits at this address has been met."""
        async with asyncio.timeout(PATIENCE):
            while self.faults[path]:
                self._asked.clear()
                await self._asked.wait()

    # ── Where it is ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def oauth_url(self) -> str:
        return f"{self.url}/oauth"

    @property
    def openapi_url(self) -> str:
        return f"{self.url}/openapi"

    @property
    def business_url(self) -> str:
        return f"{self.url}/business"

    @property
    def bots_url(self) -> str:
        return f"{self.url}/bots"

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=16 << 20)
        application.router.add_route("*", "/{place}/{rest:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        # Not from the server object: uvloop, on which the demo runs, has one of its own.
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *trouble: object) -> None:
        await self._stack.aclose()

    async def bring(self) -> None:
        """Everything that has happened, to the webhook; and what happens because of that."""
        await self.sender.bring()

    async def passes(self, seconds: float) -> None:
        """Time passes, rung by rung of the ladder."""
        until = self.time() + seconds
        while (due := self.sender.next_at) is not None and due <= until:
            self.time.pass_by(max(0.0, due - self.time()))
            await self.bring()
        self.time.pass_by(max(0.0, until - self.time()))

    # ── Judging and answering ─────────────────────────────────────────────────────────────────────────────────

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        place, rest = request.match_info["place"], request.match_info["rest"]
        path = f"/{rest}" if place != "bots" else f"/bots/{rest.partition('/')[2]}"
        given: Any = None
        try:
            given = await self._read(place, request)
            fault = self.faults[path].popleft() if self.faults[path] else None
            self._asked.set()
            if fault is not None:
                return await self._goes_wrong(fault, place, rest, request, given)
            return self._answered(place, rest, request, given)
        except Violation as problem:
            self.violations.append(f"{request.method} {path}: {problem}")
            return web.Response(status=VIOLATION, text=str(problem))
        finally:
            self._changed.set()

    async def _goes_wrong(
        self, fault: Fault, place: str, rest: str, request: web.Request, given: Any
    ) -> web.StreamResponse:
        is_only_slow = fault.in_pieces or (
            fault.until is not None and not (fault.status or fault.drop or fault.error)
        )
        answer = self._answered(place, rest, request, given) if fault.done_first or is_only_slow else None
        if fault.until is not None:
            await fault.until.wait()
        if is_only_slow and isinstance(answer, web.Response):
            return await _in_pieces(request, answer) if fault.in_pieces else answer
        if fault.drop:
            assert request.transport is not None
            request.transport.close()
        if fault.error:
            return web.json_response({"error": fault.error, "message": "fault"})
        return web.Response(status=fault.status or 502, body=fault.body or b"<html>Bad Gateway</html>")

    def _answered(self, place: str, rest: str, request: web.Request, given: Any) -> web.StreamResponse:
        error, headers = 0, {}
        try:
            if place == "bots":
                return self._bot(rest, given)
            result = (
                self._oauth(rest, request, given) if place == "oauth" else self._api(rest, request, given)
            )
            if isinstance(result, web.StreamResponse):
                return result
            answer = result if place == "oauth" else {"data": result, "error": 0, "message": "Success"}
        except Refusal as refusal:
            error = refusal.error
            answer = (
                {
                    "error": error,
                    "error_name": refusal.message,
                    "error_reason": refusal.message,
                    "ref_doc": "",
                    "error_description": refusal.message,
                }
                if place == "oauth"
                else {"error": error, "message": refusal.message}
            )
            if error == -32:
                headers = {"X-RateLimit-Limit": "4000", "X-RateLimit-Remain": "0"}
        self.made.append(Made(f"/{rest}", given, 200, error))
        return web.json_response(answer, headers=headers)

    async def _read(self, place: str, request: web.Request) -> Any:
        if request.method == "GET":
            return dict(request.query)
        kind = request.content_type
        if place == "oauth":
            if kind != "application/x-www-form-urlencoded":
                raise Violation(f"content type {kind}")
            return dict(await request.post())
        if "/upload/" in request.path:
            if kind != "multipart/form-data":
                raise Violation(f"content type {kind}")
            return dict(await request.post())
        if kind != "application/json":
            raise Violation(f"content type {kind}")
        raw = await request.read()
        try:
            return json.loads(raw) if raw else {}
        except ValueError:
            raise Violation("the body is no JSON") from None

    # ── OAuth ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _oauth(self, rest: str, request: web.Request, given: Json) -> Json | web.StreamResponse:
        if (request.method, rest) == ("GET", "v4/oa/permission"):
            if given.keys() != PERMISSION:
                raise Violation(f"parameters {sorted(given)}")
            return web.Response(status=302, headers={"location": self.oauth.permit(given, self.oa.id)})
        if (request.method, rest) == ("POST", "v4/oa/access_token"):
            wanted = GRANTS.get(given.get("grant_type", ""))
            if given.keys() != wanted:
                raise Violation(f"fields {sorted(given)} for {given.get('grant_type')}")
            if request.headers.get("secret_key") != self.app.secret:
                raise Refusal(-14004, "Invalid secret key")
            return self.oauth.grant(given)
        raise Violation("there is no such address")

    # ── The accounts' API ─────────────────────────────────────────────────────────────────────────────────────

    def _api(self, rest: str, request: web.Request, given: Any) -> Any:
        account = self._account(request)
        now = self.time()
        while self.calls_of_app and now - self.calls_of_app[0] >= 60:
            self.calls_of_app.popleft()
        if len(self.calls_of_app) >= self.a_minute:
            raise Refusal(-32, "rate limit")
        self.calls_of_app.append(now)
        self.world.count(account)
        match request.method, rest:
            case "POST", "v3.0/oa/message/cs":
                self._fits(given, CS_MESSAGE)
                if account.type in (GOVERNMENT, PERSONAL):
                    raise Refusal(-235, "API does not support this OA type")
                return self.world.send(account, given)
            case "POST", "v2.0/oa/message":
                self._fits(given, shapes_of_message(given))
                if account.type == ENTERPRISE and "target" not in given["recipient"]:
                    raise Refusal(-240, "MessageV2 is shut down, use V3")
                if account.type == PERSONAL:
                    raise Refusal(-235, "API does not support this OA type")
                if "target" in given["recipient"]:
                    return self.world.broadcast(account, given)
                return self.world.send(account, given)
            case "POST", "v3.0/oa/message/template":
                self._fits(given, TEMPLATE_BY_UID)
                return self.world.template(account, given)
            case "POST", "message/template":
                self._fits(given, TEMPLATE_BY_PHONE)
                raise Refusal(-118, "no Zalo account")
            case "POST", "v2.0/oa/upload/image" | "v2.0/oa/upload/gif" | "v2.0/oa/upload/file":
                return self._uploaded(account, rest.rpartition("/")[2], given)
            case "POST", "v3.0/oa/quota/message":
                self._fits(given, {"user_id": DIGITS})
                resident = self.world.residents.get((account.id, given["user_id"]))
                if resident is None:
                    raise Refusal(-201, "user_id")
                return {"last_interaction": str(int(resident.last_interaction * 1000))}
            case "GET", "v2.0/oa/getoa":
                self._fits(given, {})
                return {
                    "oaid": account.id,
                    "name": account.name,
                    "oa_type": account.type,
                    "is_verified": True,
                }
            case "GET", "v3.0/oa/user/detail":
                self._fits(given, {"data": str})
                asked = json.loads(given["data"])
                self._fits(asked, {"user_id": DIGITS})
                resident = self.world.residents.get((account.id, asked["user_id"]))
                if resident is None:
                    raise Refusal(-213, "not available")
                return {"user_id": resident.id, "user_is_follower": resident.is_follower}
            case "POST", "v2.0/article/create":
                self._fits(given, ARTICLE_MADE)
                return self.world.write(account, given)
            case "POST", "v2.0/article/verify":
                self._fits(given, {"token": str})
                return self.world.verify(account, given["token"])
            case "GET" | "POST", "rating/get":
                # Which of the two is a setting of the test's, as it is one of ours: sources disagree.
                if request.method != self.rating_verb or not request.path.startswith("/business/"):
                    raise Violation(f"results are asked for by {self.rating_verb}, at business.openapi")
                self._fits(dict(request.query), RATINGS_ASKED)
                return self.world.ratings(account, request.query)
            case "POST", "v3.0/oa/message/transaction" | "v3.0/oa/message/promotion":
                raise Violation("discontinued since 2026-03-01")
        raise Violation("there is no such address")

    def _account(self, request: web.Request) -> Account:
        token = request.headers.get("access_token")
        if "authorization" in request.headers or "access_token" in request.query:
            raise Violation("the token belongs into the header access_token")
        account = self.world.accounts[self.oauth.account_of(token)]
        proof = request.headers.get("appsecret_proof")
        wanted = hmac.new(self.app.secret.encode(), str(token).encode(), sha256).hexdigest()
        if (self.app.needs_proof and proof is None) or (proof is not None and proof != wanted):
            raise Refusal(-242, "appsecret_proof")
        return account

    def _fits(self, given: Any, shape: Any) -> None:
        if faults := faults_of(given, shape):
            raise Violation("; ".join(faults))

    def _uploaded(self, account: Account, kind: str, given: Json) -> Json:
        if given.keys() != {"file"} or not isinstance(given["file"], web.FileField):
            raise Violation(f"an upload has one field, file; not {sorted(given)}")
        file = given["file"]
        content, kinds = file.file.read(), UPLOADS[kind]
        if len(content) > kinds[0]:
            raise Refusal(-210, "file is too large")
        if file.content_type not in kinds[1] or not file.filename.lower().endswith(ENDINGS[kind]):
            raise Refusal(-201, "file type")
        return self.world.uploaded(account, kind, file.filename, content)

    # ── The Bot Platform ──────────────────────────────────────────────────────────────────────────────────────

    def _bot(self, rest: str, given: Json) -> web.StreamResponse:
        token, _, method = rest.partition("/")
        if token != f"bot{self.bots.token}":
            return _bot_refused(401, "Unauthorized", status=401)
        if faults := self.bots.faults(method, given):
            raise Violation("; ".join(faults))
        try:
            result = self.bots.do(method, given)
        except BotRefusal as refusal:
            self.made.append(Made(f"/bots/{method}", given, 200, refusal.code))
            return _bot_refused(refusal.code, refusal.description)
        self.made.append(Made(f"/bots/{method}", given, 200, 0))
        return web.json_response({"ok": True, "result": result})


async def _in_pieces(request: web.Request, answer: web.Response) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(request)
    body = answer.body
    assert isinstance(body, bytes)
    for begin in range(0, len(body), 24):
        await response.write(body[begin : begin + 24])
        await asyncio.sleep(0.001)
    await response.write_eof()
    return response


def _bot_refused(code: int, description: str, status: int = 200) -> web.Response:
    return web.json_response({"ok": False, "error_code": code, "description": description}, status=status)
