"""Calls to Zalo over HTTP: the token service, the accounts' API. It knows addresses, headers and envelopes, no survey.

An error of Zalo's comes with HTTP 200 and a number; what the number asks of us is in `zalo_errors`. No outcome, log or exception
carries a token, a person's id or a text."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from os import urandom
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    FormData,
)
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels.contract import Misconfigured, Outcome, Rejected, RetryAfter, Sent, Unknown
from bot.channels.throttle import NoRoom, Turn
from bot.channels.zalo_errors import TOKEN_IS_OLD, Kind, kind_of, outcome_of
from bot.channels.zalo_tokens import NotAsked, NotConnected, Unclear
from storage.database import Unavailable

__all__ = ["Answer", "Hosts", "Profile", "ZaloClient", "challenge_of", "new_verifier"]

CALLING = timedelta(seconds=15)
CONNECTING = timedelta(seconds=5)
A_WHILE = timedelta(seconds=5)
A_MINUTE = timedelta(minutes=1)
LONGEST_ANSWER = 1 << 20  # bytes
TOO_MANY = 429
TELLS_NOTHING = frozenset({-32, -200})
"""Numbers with which a probe of a token says nothing about the token."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where Zalo is; a local one stands elsewhere."""

    oauth: str = "https://oauth.zaloapp.com"
    openapi: str = "https://openapi.zalo.me"
    business: str = "https://business.openapi.zalo.me"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: Zalo's number, or an outcome where there was no number."""

    error: int = 0
    data: Mapping[str, Any] | None = None
    trouble: Outcome | None = None
    is_haste: bool = False
    """Too many calls in a minute, by number or by HTTP status."""

    def outcome(self, now: datetime) -> Outcome:
        if self.trouble is not None:
            return self.trouble
        if self.error:
            return outcome_of(self.error, now)
        return Sent(str((self.data or {}).get("message_id", "")))


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="allow")

    error: int
    data: Any = None


class Profile(BaseModel):
    """What an account says of itself."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    oaid: str = ""
    oa_id: str = ""
    name: str = ""
    oa_type: int = 0
    """2 an enterprise, 4 an agency of the state."""

    @property
    def id(self) -> str:
        return self.oaid or self.oa_id


Access = Callable[[], Awaitable[str]]
Renew = Callable[[str], Awaitable[str]]


class ZaloClient:
    """One HTTP session for everything. An async context."""

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        *,
        hosts: Hosts | None = None,
        with_proof: bool = False,
    ) -> None:
        """`with_proof`: send `appsecret_proof` with every call, which an app may require."""
        self._app_id = app_id
        self._app_secret = app_secret
        self._hosts = hosts or Hosts()
        self._with_proof = with_proof
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            timeout=ClientTimeout(CALLING.total_seconds(), sock_connect=CONNECTING.total_seconds())
        )
        return self

    async def __aexit__(self, *trouble: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    # ── The token service ─────────────────────────────────────────────────────────────────────────────────────

    def permission_link(self, callback: str, verifier: str, state: str) -> str:
        """What an administrator of the account opens in a browser."""
        query = {
            "app_id": self._app_id,
            "redirect_uri": callback,
            "code_challenge": challenge_of(verifier),
            "state": state,
        }
        return f"{self._hosts.oauth}/v4/oa/permission?{urlencode(query)}"

    async def exchange(self, code: str, verifier: str) -> bytes:
        """The first pair for a code. Raises NotAsked and Unclear."""
        return await self._grant(
            {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        )

    async def renew(self, refresh_token: str) -> bytes:
        """Zalo's answer as it came. Raises NotAsked when it never left, Unclear when no answer came."""
        return await self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _grant(self, form: Mapping[str, str]) -> bytes:
        try:
            async with self._open.post(
                f"{self._hosts.oauth}/v4/oa/access_token",
                data={**form, "app_id": self._app_id},
                headers={"secret_key": self._app_secret},
                allow_redirects=False,
            ) as response:
                content = await _whole(response)
        except (ClientConnectorError, ConnectionTimeoutError) as trouble:
            raise NotAsked(f"Zalo's token service cannot be reached ({type(trouble).__name__}).") from None
        except (ClientError, TimeoutError, OSError) as trouble:
            raise Unclear(f"No answer from Zalo's token service ({type(trouble).__name__}).") from None
        return content

    # ── The accounts' API ─────────────────────────────────────────────────────────────────────────────────────

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        access: Access,
        renew: Renew,
        *,
        host: str | None = None,
        turn: Turn | None = None,
    ) -> Answer:
        """One call; with a renewed token once more where Zalo says the token is old. `turn`: the account's minute, in which every
        call has a place of its own; RetryAfter where none comes free in time."""
        return await self._calling(
            lambda token: self._in_turn(turn, "POST", path, token, json=dict(body), host=host), access, renew
        )

    async def get(
        self,
        path: str,
        access: Access,
        renew: Renew,
        arguments: Mapping[str, Any] | None = None,
        *,
        turn: Turn | None = None,
    ) -> Answer:
        """Arguments travel as JSON in one parameter."""
        params = {"data": json.dumps(dict(arguments), ensure_ascii=False)} if arguments else None
        return await self._calling(
            lambda token: self._in_turn(turn, "GET", path, token, params=params), access, renew
        )

    async def query(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        access: Access,
        renew: Renew,
        *,
        turn: Turn | None = None,
    ) -> Answer:
        """Of the service for templates, which wants everything in the address, whichever the method."""
        more: dict[str, Any] = {"params": dict(query), "host": self._hosts.business}
        if method == "POST":
            more["json"] = {}
        return await self._calling(
            lambda token: self._in_turn(turn, method, path, token, **more), access, renew
        )

    async def upload(
        self,
        kind: str,
        name: str,
        content: bytes,
        content_type: str,
        access: Access,
        renew: Renew,
        *,
        turn: Turn | None = None,
    ) -> Answer:
        """`kind`: image, gif or file. The answer's data has `attachment_id` or `token`."""

        def form() -> FormData:
            made = FormData(quote_fields=False)
            made.add_field("file", content, filename=name, content_type=content_type)
            return made

        return await self._calling(
            lambda token: self._in_turn(turn, "POST", f"/v2.0/oa/upload/{kind}", token, data=form()),
            access,
            renew,
        )

    async def works(self, access_token: str) -> bool:
        """Whether a token still opens its account. Raises Unclear when nobody can tell."""
        answer = await self._call("GET", "/v2.0/oa/getoa", access_token)
        if answer.trouble is not None or answer.error in TELLS_NOTHING:
            raise Unclear("Zalo cannot be asked whether the token still works.")
        return answer.error not in TOKEN_IS_OLD

    async def profile(self, access_token: str) -> Profile | None:
        """Who the token belongs to; None when Zalo does not say."""
        answer = await self._call("GET", "/v2.0/oa/getoa", access_token)
        try:
            return Profile.model_validate(answer.data or {})
        except ValidationError:
            return None

    async def _calling(
        self, call: Callable[[str], Awaitable[Answer]], access: Access, renew: Renew
    ) -> Answer:
        try:
            token = await access()
            answer = await call(token)
            if answer.error in TOKEN_IS_OLD:
                answer = await call(await renew(token))
        except NotConnected as trouble:
            return Answer(trouble=Misconfigured(str(trouble)))
        except (Unclear, Unavailable):
            return Answer(trouble=RetryAfter(A_WHILE))  # without a token nothing was sent
        except NoRoom as crowd:
            return Answer(trouble=RetryAfter(crowd.delay))
        return answer

    async def _in_turn(self, turn: Turn | None, method: str, path: str, token: str, **more: Any) -> Answer:
        """Raises NoRoom."""
        if turn is None:
            return await self._call(method, path, token, **more)
        async with turn.taken():
            answer = await self._call(method, path, token, **more)
        if answer.is_haste:
            # Whatever we counted: Zalo counts otherwise, and everybody on this account waits.
            turn.rest(A_MINUTE)
        return answer

    async def _call(
        self, method: str, path: str, token: str, *, host: str | None = None, **more: Any
    ) -> Answer:
        headers = {"access_token": token}
        if self._with_proof:
            proof = hmac.new(self._app_secret.encode(), token.encode(), sha256)
            headers["appsecret_proof"] = proof.hexdigest()
        try:
            async with self._open.request(
                method,
                f"{host or self._hosts.openapi}{path}",
                headers=headers,
                allow_redirects=False,  # the token goes nowhere else
                **more,
            ) as response:
                status, content = response.status, await _whole(response)
        except (ClientConnectorError, ConnectionTimeoutError):
            return Answer(trouble=RetryAfter(A_WHILE))  # never connected, so certainly not sent
        except TimeoutError:
            return Answer(trouble=Unknown("no answer in time"))
        except (ClientError, OSError) as problem:
            # By its kind only: an error may quote what was sent.
            return Answer(trouble=Unknown(type(problem).__name__))
        return _read(status, content)

    @property
    def _open(self) -> ClientSession:
        assert self._session is not None, "the client is opened with `async with`"
        return self._session


async def _whole(response: ClientResponse) -> bytes:
    """The whole answer, in however many pieces it comes: half of one that holds a new pair of tokens would be a lost pair."""
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > LONGEST_ANSWER:
            raise ClientPayloadError("an answer longer than any of Zalo's")
    return bytes(content)


def _read(status: int, content: bytes) -> Answer:
    try:
        envelope = _Envelope.model_validate_json(content)
    except ValidationError:
        if status == TOO_MANY:
            return Answer(trouble=RetryAfter(A_MINUTE), is_haste=True)
        if 400 <= status < 500:
            return Answer(trouble=Rejected(f"HTTP {status}"))
        return Answer(trouble=Unknown(f"HTTP {status} without Zalo's answer"))
    if envelope.error == 0 and not 200 <= status < 300:
        return Answer(trouble=Unknown(f"HTTP {status} that claims success"))
    data = envelope.data if isinstance(envelope.data, dict) else None
    is_haste = envelope.error != 0 and kind_of(envelope.error) is Kind.HASTE
    return Answer(envelope.error, data, is_haste=is_haste)


def new_verifier() -> str:
    """43 characters (RFC 7636)."""
    return urlsafe_b64encode(urandom(32)).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
