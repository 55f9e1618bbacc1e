"""Residents on Zalo's Bot Platform: for pilots and for an office's own staff, not for a ward. Plain text, choices as numbered
lines. It knows no survey.

The platform has no buttons, no files and no editing, and a small quota nobody publishes. Its webhook may bring a message more
than once. Asked for updates instead (`poll`), it gives one at a time and forgets it as it gives it: what is on its way when this
process dies is lost, so **polling is at most once**. The token stands in every address: no address ever reaches a log, an
outcome or an exception."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any, Self

import structlog
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels import webhook
from bot.channels.contract import (
    Accept,
    Limits,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    numbered,
    parts,
)
from bot.channels.errands import Errands
from bot.channels.polling import unless
from bot.intake import where
from storage.database import Unavailable
from surveys.conversation import Address, Incoming, Reply, Say

__all__ = ["ACCOUNT", "Heard", "InGroup", "Quota", "Unreadable", "ZaloBot", "outcome_of", "read", "texts_of"]

log = structlog.get_logger(__name__)

ACCOUNT = "zalobot"
SECRET_HEADER = b"x-bot-api-secret-token"
SECRETS = re.compile(r"[A-Za-z0-9_-]{16,256}")  # the platform takes 8 to 256 of anything
LIMITS = Limits(text=2000, buttons=False, edits=False, files=False)
STARTS = "/start"

CALLING = timedelta(seconds=15)
CONNECTING = timedelta(seconds=5)
LISTENING = timedelta(seconds=30)  # how long the platform may hold a getUpdates open
ANSWERED_WITHIN = timedelta(seconds=4.5)  # nobody says how long it waits; five seconds are assumed
STORAGE_AWAY = timedelta(seconds=5)
A_WHILE = timedelta(seconds=5)
A_MOMENT = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(seconds=30)
PATIENCE = timedelta(minutes=2)  # a reply that must wait longer has lost its point
TRIES = 4  # of one reply
SEEN = 100_000  # messages remembered, so that one that is brought twice is answered once
LONGEST_ANSWER = 1 << 20  # bytes
MINUTES = (1, 2, 5)  # after each “quota exceeded” in a row; the platform names no time
AN_HOUR = timedelta(hours=1)  # then it is an alarm, and one call an hour asks whether there is quota again

Json = Mapping[str, Any]


# ── What comes in ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Heard:
    """A person said or sent something in the private chat."""

    incoming: Incoming


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something the platform will not show us: a protected account, a kind of message it does not pass on."""

    address: Address
    key: str


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody spoke to us in a group, where others would see who answers what."""

    address: Address
    key: str


Seen = Heard | Unreadable | InGroup | None


def read(update: Json, account: str = ACCOUNT) -> Seen:
    """One update, wrapped as the documents show it or flat as it has been seen. None for what needs nothing from us. Never
    raises for an odd one."""
    if update.get("ok") is True and isinstance(update.get("result"), dict):
        update = update["result"]
    name, message = _string(update.get("event_name")), _object(update.get("message"))
    chat, person = _object(message.get("chat")), _object(message.get("from"))
    id, key = _string(chat.get("id")), f"{name}:{_string(message.get('message_id'))}"
    if not name.startswith("message.") or not id or not message.get("message_id"):
        return None
    if person.get("is_bot") is True:
        return None
    address = Address(account, id)
    if _string(chat.get("chat_type")).upper() not in ("PRIVATE", ""):
        return InGroup(address, key)
    if name == "message.unsupported.received":
        return Unreadable(address, key)
    if name not in SPOKEN:
        return None
    text = _string(message.get("text")) or _string(message.get("caption"))
    photo = _string(message.get("photo_url")) or _string(message.get("photo")) or None
    return Heard(Incoming(address, key, text=text, start=_start(text), photo=photo))


SPOKEN = frozenset(f"message.{kind}.received" for kind in ("text", "image", "sticker", "voice"))


def _start(text: str) -> str | None:
    """There are no links that carry a payload here, so whoever has one types it: “/start v-87…”."""
    head, _, payload = text.strip().partition(" ")
    return payload.strip() if head.lower() == STARTS else None


def _string(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


# ── What goes out ────────────────────────────────────────────────────────────────────────────────────────────────


def texts_of(say: Say) -> tuple[str, ...]:
    """The messages a `Say` becomes. A file cannot be sent here, so its content is: it is the person's own data, as text."""
    made = parts(numbered(say), LIMITS.text)
    if say.file is None:
        return made
    name, content = say.file
    return (*made, *parts(f"── {name}\n{content.decode(errors='replace')}", LIMITS.text))


def outcome_of(code: int) -> Outcome:
    """An error's number → what we must do about it. 429 is a matter of the account: see `Quota`."""
    match code:
        case 400:
            return Rejected("Bot Platform 400: a parameter is wrong")
        case 401:
            return Misconfigured("Bot Platform 401: the token is wrong")
        case 403:
            # Documented as forbidden, worded as “Internal server error”: it may have been sent.
            return Unknown("Bot Platform 403: an error of the platform's own")
        case 404:
            # Our methods do not change, so it is the token or the address that is not found.
            return Misconfigured("Bot Platform 404: the token or the address is wrong")
        case 408:
            return Unknown("Bot Platform 408: no answer in its time")
        case 426:
            return RetryAfter(AN_HOUR)
        case 429:
            return RetryAfter(timedelta(minutes=MINUTES[0]))
    return Unknown(f"Bot Platform {code}") if code >= 500 else Rejected(f"Bot Platform {code}")


class Quota:
    """“Quota exceeded”, of which the platform says neither how much nor until when: wait one, two, five minutes; then stop, let
    an operator know, and ask once an hour."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._refusals = 0
        self._until = 0.0

    def closed(self) -> Outcome | None:
        """What a call would come to; None when it may be tried."""
        left = self._until - self._clock()
        if left <= 0:
            return None
        return STOPPED if self.is_stopped else RetryAfter(timedelta(seconds=left))

    @property
    def is_stopped(self) -> bool:
        return self._refusals > len(MINUTES)

    def refused(self) -> Outcome:
        self._refusals += 1
        delay = AN_HOUR if self.is_stopped else timedelta(minutes=MINUTES[self._refusals - 1])
        self._until = self._clock() + delay.total_seconds()
        return STOPPED if self.is_stopped else RetryAfter(delay)

    def taken(self) -> None:
        self._refusals, self._until = 0, 0.0


STOPPED = Misconfigured("Bot Platform 429: the quota is exceeded, and waiting did not help")


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="allow")

    ok: bool
    result: Any = None
    error_code: int = 0


class ZaloBot:
    """One bot, by webhook or by polling. An async context: leaving it drains what is still to be sent."""

    def __init__(
        self,
        token: str,
        accept: Accept,
        *,
        refusal: str,
        hint: str,
        secret: str | None = None,
        api: str = "https://bot-api.zaloplatforms.com",
        account: str = ACCOUNT,
        quota: Quota | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`refusal` is what a group reads, `hint` what follows a message we are not shown; `secret` is needed for the webhook.
        Raises ValueError for one that is short or odd."""
        if secret is not None and SECRETS.fullmatch(secret) is None:
            raise ValueError("the webhook secret must be 16 to 256 of A-Z a-z 0-9 _ -")
        self.account = account
        self._accept = accept
        self._refusal = refusal
        self._hint = hint
        self._secret = secret
        self._pause = pause
        self._base = f"{api.rstrip('/')}/bot{token}"
        self._session: ClientSession | None = None
        self._replies = Errands()
        self._quota = quota or Quota()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._under_way: set[bytes] = set()
        self.unknown: dict[str, int] = {}
        """Events nobody here knows, by name, and how many."""

    @property
    def limits(self) -> Limits:
        return LIMITS

    async def __aenter__(self) -> Self:
        self._session = ClientSession()
        await self._replies.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._session is not None
        try:
            await self._replies.__aexit__(kind, problem, traceback)
        finally:
            await self._session.close()

    # ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────

    async def send(self, address: Address, say: Say) -> Outcome:
        """One attempt. A long text takes several requests: when a later one fails we cannot say it was not sent."""
        outcome: Outcome = Rejected("nothing to say")
        for place, text in enumerate(texts_of(say)):
            outcome = await self._attempt(address.id, text)
            if not isinstance(outcome, Sent):
                return Unknown("only its beginning was sent") if place else outcome
        return outcome

    async def _attempt(self, chat: str, text: str) -> Outcome:
        if (closed := self._quota.closed()) is not None:
            return closed
        result = await self._call("sendMessage", {"chat_id": chat, "text": text})
        if isinstance(result, dict):
            self._quota.taken()
            return Sent(_string(result.get("message_id")))
        if isinstance(result, int):
            return self._over_quota() if result == 429 else outcome_of(result)
        outcome: Outcome = result
        return outcome

    def _over_quota(self) -> Outcome:
        outcome = self._quota.refused()
        if self._quota.is_stopped:
            log.error(
                "zalo_bot.quota_exceeded",
                account=self.account,
                do="Nothing is sent; it is asked again once an hour. See the bot's plan in Zalo Bot Creator.",
            )
        return outcome

    async def _insist(self, chat: str, text: str) -> None:
        """What somebody waits for: repeated while that may help."""
        outcome = await self._attempt(chat, text)
        for _ in range(TRIES - 1):
            match outcome:
                case RetryAfter(delay) if delay <= PATIENCE:
                    await self._pause(delay.total_seconds())
                case Unknown():
                    await self._pause(A_MOMENT.total_seconds())
                case _:
                    break
            outcome = await self._attempt(chat, text)
        if isinstance(outcome, Misconfigured):
            log.error("zalo_bot.not_taken", account=self.account, outcome=repr(outcome))
        elif not isinstance(outcome, Sent):
            log.warning("zalo_bot.reply_failed", account=self.account, outcome=repr(outcome))

    async def _call(self, method: str, given: Json, within: timedelta = CALLING) -> Any:
        """The result, a dict; or the number of an error; or an outcome where there was no number."""
        assert self._session is not None, "the channel is opened with `async with`"
        try:
            async with self._session.post(
                f"{self._base}/{method}",
                json=dict(given),
                timeout=ClientTimeout(within.total_seconds(), sock_connect=CONNECTING.total_seconds()),
                allow_redirects=False,  # the address carries the token: it goes nowhere else
            ) as response:
                status, content = response.status, await response.content.read(LONGEST_ANSWER)
        except (ClientConnectorError, ConnectionTimeoutError):
            return RetryAfter(A_WHILE)  # never connected, so certainly not sent
        except TimeoutError:
            return Unknown("no answer in time")
        except (ClientError, OSError, ValueError) as problem:
            # By its kind only: an aiohttp error quotes the address, and with it the token.
            return Unknown(type(problem).__name__)
        try:
            envelope = _Envelope.model_validate_json(content)
        except ValidationError:
            if 400 <= status < 500:
                return status
            return Unknown(f"HTTP {status} without the platform's answer")
        if envelope.ok:  # HTTP 200 says nothing
            return envelope.result if isinstance(envelope.result, dict) else {}
        return envelope.error_code or status

    # ── By webhook ────────────────────────────────────────────────────────────────────────────────────────────

    async def set_webhook(self, url: str) -> Outcome:
        """Asks the platform to bring updates to this address, with our secret. It keeps the address even where its own test
        call did not get through; that is said."""
        if self._secret is None:
            return Misconfigured("a webhook needs a secret")
        result = await self._call("setWebhook", {"url": url, "secret_token": self._secret})
        if isinstance(result, int):
            return outcome_of(result)
        if not isinstance(result, dict):
            outcome: Outcome = result
            return outcome
        verification = _object(result.get("verification"))
        if verification.get("ok") is False:
            return Misconfigured(f"the platform's test call failed: {_string(verification.get('outcome'))}")
        return Sent("")

    async def webhook(self, scope: webhook.Scope, receive: webhook.Receive, send: webhook.Send) -> None:
        """A plain ASGI callable. An event is on disk before it is acknowledged; what we answer goes out beside it."""
        if scope["type"] != "http":
            return None
        if scope["method"] != "POST":
            return await webhook.respond(send, 405)
        if self._secret is None or not webhook.proves(scope, SECRET_HEADER, self._secret.encode()):
            return await webhook.respond(send, 401)
        try:
            raw = await webhook.body(scope, receive)
            if raw.strip():  # a test call may be empty
                async with asyncio.timeout(ANSWERED_WITHIN.total_seconds()):
                    await self._take(webhook.parse(raw))
        except webhook.TooLarge:
            return await webhook.respond(send, 413)
        except webhook.Malformed:
            return await webhook.respond(send, 400)
        except webhook.Gone:
            return None
        except (Unavailable, TimeoutError):
            return await webhook.respond(send, 503, retry=STORAGE_AWAY)
        return await webhook.respond(send, 200)

    async def _take(self, update: Json) -> None:
        """Handles one update. Raises Unavailable when nothing was done."""
        match read(update, self.account):
            case Heard(incoming):
                await self._once(incoming.sender, incoming.key, partial(self._heard, incoming))
            case Unreadable(address, key):
                await self._once(address, key, partial(self._tell, address, self._hint))
            case InGroup(address, key):
                await self._once(address, key, partial(self._tell, address, self._refusal))
            case _:
                self._count(update)

    async def _once(self, address: Address, key: str, deed: Callable[[], Awaitable[None]]) -> None:
        """Whatever is brought again was done, or is being done: then it must wait, for the first may still fail."""
        mark = hashlib.sha256(f"{address.id}\0{key}".encode()).digest()[:16]
        if mark in self._seen:
            return
        if mark in self._under_way:
            raise Unavailable("the same message is being handled")
        self._under_way.add(mark)
        try:
            await deed()
        except Unavailable:
            raise
        except Exception as surprise:
            # It would break us again; what the intake did with it stands.
            log.error("zalo_bot.update_failed", account=self.account, error=where(surprise))
        finally:
            self._under_way.discard(mark)
        self._seen[mark] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)

    async def _heard(self, incoming: Incoming) -> None:
        self._say(incoming.sender, await self._accept(incoming))

    async def _tell(self, address: Address, text: str) -> None:
        # To somebody who sends ten pictures at once it is said once.
        if not self._replies.is_busy(address.id):
            self._say(address, Reply((Say(text),)))

    def _say(self, address: Address, reply: Reply) -> None:
        made = [text for say in reply.messages for text in texts_of(say)]
        self._replies.add(address.id, [partial(self._insist, address.id, text) for text in made])

    def _count(self, update: Json) -> None:
        inner = _object(update.get("result")) or update
        name = _string(inner.get("event_name"))[:60]
        if name not in SPOKEN and (name in self.unknown or len(self.unknown) < 100):
            self.unknown[name] = self.unknown.get(name, 0) + 1

    # ── By polling ────────────────────────────────────────────────────────────────────────────────────────────

    async def poll(self, stop: asyncio.Event) -> None:
        """Asks for updates until told to stop: one at a time, each forgotten by the platform as it is given. At most once: what
        is on its way when this process dies was not acknowledged to anybody, and is lost."""
        log.warning(
            "zalo_bot.polling",
            account=self.account,
            note="At most once: a message on its way when this process dies is lost. Use ZALO_BOT_MODE=webhook for anything but a trial.",
        )
        hooked, failures = True, 0
        while not stop.is_set():
            begun = monotonic()
            result = await unless(stop, self._next(hooked))
            if result is None:
                return
            if isinstance(result, dict):
                hooked, failures = False, 0
                await self._keep(stop, result)
            elif result == 408:
                hooked, failures = False, 0
                if monotonic() - begun < A_MOMENT.total_seconds():  # it did not wait, so we do
                    await unless(stop, self._pause(A_MOMENT.total_seconds()))
            else:
                failures += 1
                hooked = True  # perhaps: while a webhook is set there is no asking
                await self._back_off(stop, failures, result)

    async def _next(self, hooked: bool) -> Any:
        if hooked:
            result = await self._call("deleteWebhook", {})
            if not isinstance(result, dict):
                return result
        # Its documents write the seconds as text.
        wanted = {"timeout": str(round(LISTENING.total_seconds()))}
        return await self._call("getUpdates", wanted, LISTENING + CALLING)

    async def _keep(self, stop: asyncio.Event, update: Json) -> None:
        """Nobody will bring it again, so it is tried until it is kept, or we must go."""
        while True:
            try:
                return await self._take(update)
            except Unavailable as away:
                log.warning("zalo_bot.storage_away", account=self.account, reason=str(away))
            await unless(stop, self._pause(STORAGE_AWAY.total_seconds()))
            if stop.is_set():
                log.error("zalo_bot.update_lost", account=self.account)
                return None

    async def _back_off(self, stop: asyncio.Event, failures: int, trouble: int | Outcome) -> None:
        outcome = outcome_of(trouble) if isinstance(trouble, int) else trouble
        delay = min(A_MOMENT * 2 ** min(failures - 1, 10), LONGEST_BACKOFF)
        if isinstance(outcome, RetryAfter):
            delay = max(delay, outcome.delay)
        elif isinstance(outcome, Misconfigured):
            delay = LONGEST_BACKOFF
            log.error("zalo_bot.not_listening", account=self.account, outcome=repr(outcome))
        log.warning("zalo_bot.polling_failed", account=self.account, outcome=repr(outcome))
        await unless(stop, self._pause(delay.total_seconds()))
