"""Residents on Telegram, through aiogram's HTTP session, server addresses and errors. The only module that knows aiogram;
it knows no survey. Importing it costs seconds: only where Telegram is spoken to.

aiogram's dispatcher, models and webhook server are left out on purpose: they cost 1–2 ms an update, and acknowledge before
anything was done. Here an update is handled, on disk, and only then acknowledged.
"""

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import structlog
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientTimeout,
    ConnectionTimeoutError,
    FormData,
    InvalidURL,
)

from bot.channels import telegram_requests as requests
from bot.channels import telegram_updates as updates
from bot.channels import webhook
from bot.channels.contract import (
    Accept,
    ContactGone,
    Limits,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    parts,
)
from bot.channels.errands import Allowance, Errands, Pace
from bot.channels.pacing import Place, Window
from bot.channels.polling import Polling
from bot.channels.telegram_requests import Call
from bot.channels.telegram_updates import Elsewhere, Heard, Left, Tapped
from bot.channels.throttle import Priority
from bot.intake import where
from storage.database import Unavailable
from surveys.conversation import Address, Reply, Say

__all__ = ["TelegramResidents", "translate"]

log = structlog.get_logger(__name__)

SECRET_HEADER = b"x-telegram-bot-api-secret-token"
SECRETS = re.compile(r"[A-Za-z0-9_-]{16,256}")

CALLING = timedelta(seconds=15)  # for one request; uploads of a person's own data are small
CONNECTING = timedelta(seconds=5)
POOLED = timedelta(seconds=10)  # for one of our connections to be free
TOO_MANY = 429
UNTIMED = 10  # seconds we wait when a 429 names none
IN_PASSING = timedelta(seconds=1.5)  # for what a start or a stop must not wait for
LISTENING = timedelta(seconds=25)  # how long Telegram holds a getUpdates open; proxies cut at 30 or 60
STORAGE_AWAY = timedelta(seconds=5)  # what we ask of Telegram when the database is not there
A_MOMENT = timedelta(seconds=1)
A_WHILE = timedelta(seconds=5)
PATIENCE = timedelta(seconds=30)  # a reply that must wait longer than this has lost its point
PICTURES = 32  # whose names at Telegram are remembered
TRIES = 4  # of one reply; a question that comes twice harms nobody, one that never comes does
TOUCHES = 30  # taps a second whose button is answered and stamped: as many messages as Telegram takes of a bot in a second.
# In a rush beyond that, every such nicety would be paid for with somebody's next question; so they are left out, and messages never.
DELETABLE = timedelta(hours=48)  # Bot API: a message can be deleted by its bot for so long
BURST = 20  # messages to one chat before one a second is the rule; the Bot API's FAQ speaks of “short bursts” only


class Api(AiohttpSession):
    """aiogram's session without its models: JSON out, plain JSON in, and aiogram's own errors for what went wrong."""

    def __init__(self, base: str, token: str) -> None:
        super().__init__(api=TelegramAPIServer.from_base(base))
        self._token = token

    async def call(self, call: Call, within: timedelta = CALLING) -> Any:
        """The result, as Telegram wrote it. Raises what `translate` understands."""
        session = await self.create_session()
        body: dict[str, Any] = {"json": call.payload} if call.file is None else {"data": _form(call)}
        try:
            async with session.post(
                self.api.api_url(self._token, call.method),
                timeout=_within(within),
                allow_redirects=False,  # the address carries the token: it goes nowhere else
                **body,
            ) as response:
                status, content = response.status, await response.read()
        except ClientError as problem:
            # By its kind only: an aiohttp error may quote the address, and with it the token.
            raise TelegramNetworkError(ANY_METHOD, type(problem).__name__) from problem
        if status == TOO_MANY:
            raise TelegramRetryAfter(ANY_METHOD, "Too Many Requests", _seconds(content))
        answer = _json(content)
        if 200 <= status < 300 and answer.get("ok") is True:
            return answer.get("result")
        answer.setdefault("description", f"HTTP status {status}")  # aiogram trips over an error without one
        self.check_response(ANY_BOT, ANY_METHOD, status, json.dumps(answer))
        raise TelegramNetworkError(ANY_METHOD, answer["description"])

    async def close(self) -> None:
        # aiogram sleeps here for the sake of older aiohttp; the one we have waits for TLS to end by itself.
        if self._session is not None:
            await self._session.close()


def _within(whole: timedelta) -> ClientTimeout:
    # A time of its own for getting a connection: who never had one has certainly not sent anything.
    seconds = whole.total_seconds()
    connect = min(POOLED.total_seconds(), seconds)
    return ClientTimeout(seconds, connect=connect, sock_connect=CONNECTING.total_seconds())


# aiogram's errors carry the method they are about, and with it the chat and the text. Ours carry this one.
ANY_METHOD = GetMe()
ANY_BOT: Any = None


def _sent(result: Any) -> Sent:
    number = result.get("message_id") if isinstance(result, dict) else None
    return Sent("" if number is None else str(number))


def _picture_in(result: Any) -> str | None:
    """Under which name Telegram keeps the picture it has just taken: that of its largest size."""
    sizes = result.get("photo") if isinstance(result, dict) else None
    largest = sizes[-1] if isinstance(sizes, list) and sizes else None
    name = largest.get("file_id") if isinstance(largest, dict) else None
    return name if isinstance(name, str) else None


def _form(call: Call) -> FormData:
    assert call.file is not None
    form = FormData(quote_fields=False)
    for name, value in call.payload.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    name, content = call.file
    form.add_field(call.field, content, filename=name)
    return form


def _seconds(content: bytes) -> int:
    """How long a 429 asks us to wait: it may come without a time, or from a proxy that knows none."""
    try:
        asked = _json(content)["parameters"]["retry_after"]
    except (ClientDecodeError, LookupError, TypeError):
        return UNTIMED
    return asked if isinstance(asked, int) and asked > 0 else UNTIMED


def _json(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None  # a proxy's error page, or half an answer
    if not isinstance(answer, dict):
        raise ClientDecodeError("not the Bot API's JSON", ValueError(), None)
    return answer


def translate(error: Exception) -> Outcome:
    """Every way a call can fail → what we must do about it. Reasons never quote a person, a text or the token."""
    match error:
        case TelegramRetryAfter():
            return RetryAfter(timedelta(seconds=error.retry_after))
        case TelegramMigrateToChat():
            return ContactGone("the chat has moved")
        case TelegramForbiddenError():
            return ContactGone(_reason(error))
        case TelegramBadRequest() if GONE.search(error.message):
            return ContactGone(_reason(error))
        case TelegramBadRequest() | TelegramEntityTooLarge():
            return Rejected(_reason(error))
        case TelegramUnauthorizedError() | TelegramNotFound() | TelegramConflictError():
            return Misconfigured(_reason(error))
        case TelegramNetworkError(__cause__=InvalidURL()):
            return Misconfigured("the address of the Bot API server is not a URL")
        case TelegramNetworkError(__cause__=ClientConnectorError() | ConnectionTimeoutError()):
            return RetryAfter(A_WHILE)  # never connected, so certainly not sent
        case TelegramAPIError():
            return Unknown(_reason(error))
        case TimeoutError():
            return Unknown("no answer in time")
        case _:
            return Unknown(type(error).__name__)


HAS_NO_TEXT = re.compile(r"no text in the message", re.IGNORECASE)
IS_SO_ALREADY = re.compile(r"message is not modified", re.IGNORECASE)
IS_GONE_ALREADY = re.compile(r"message to delete not found", re.IGNORECASE)
GONE = re.compile(
    r"chat not found|user is deactivated|user not found|PEER_ID_INVALID|bot was kicked", re.IGNORECASE
)


def _reason(error: TelegramAPIError) -> str:
    return re.sub(r"\d{5,}", "…", error.message)[:200]


class TelegramResidents:
    """One bot, by webhook or by long polling. An async context: leaving it drains what is still to be sent."""

    def __init__(
        self,
        token: str,
        accept: Accept,
        *,
        refusal: str,
        secret: str | None = None,
        api: str = "https://api.telegram.org",
        account: str = "telegram",
        left: Callable[[Address], Awaitable[None]] | None = None,
        burst: int = BURST,
        window: Window | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`refusal` is what a group reads before we leave it; `left` is told of a person who has blocked the bot;
        `secret` is needed for the webhook; `window`: the bot's second, replies before bulk. Raises ValueError for a secret that Telegram would not take or that is short."""
        if secret is not None and SECRETS.fullmatch(secret) is None:
            raise ValueError("the webhook secret must be 16 to 256 of A-Z a-z 0-9 _ -")
        self.account = account
        self._accept = accept
        self._refusal = refusal
        self._secret = secret
        self._left = left
        self._pause = pause
        self._api = Api(api, token)
        self._hooked = True
        self._replies = Errands()
        self._touches = Errands()
        self._allowance = Allowance(TOUCHES)
        self._pace = Pace(burst)
        self._window = window
        self._pictures: OrderedDict[str, str] = OrderedDict()
        """Digest → under which name Telegram keeps it for us."""

    @property
    def window(self) -> Window | None:
        return self._window

    @property
    def recalls_for(self) -> timedelta:
        return DELETABLE

    @property
    def limits(self) -> Limits:
        return requests.LIMITS

    async def __aenter__(self) -> Self:
        await self._replies.__aenter__()
        await self._touches.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._api.close)
            stack.push_async_exit(self._touches)
            stack.push_async_exit(self._replies)

    # What goes out

    async def send(self, address: Address, say: Say) -> Outcome:
        """One attempt. A long text takes several requests: when a later one fails we cannot say it was not sent."""
        place = None if self._window is None else await self._window.place(Priority.BULK)
        return await self._send(place, address, say)

    async def send_in(self, place: Place, address: Address, say: Say) -> Outcome:
        return await self._send(place, address, say)

    async def _send(self, place: Place | None, address: Address, say: Say) -> Outcome:
        outcome: Outcome = Rejected("nothing to say")
        ids: list[str] = []
        try:
            for number, call in enumerate(requests.of(int(address.id), say)):
                # What has begun is finished: its other half must not wait behind a thousand others.
                outcome = await (self._in_turn(call) if number else self._attempt(call))
                if not isinstance(outcome, Sent):
                    return Unknown("only its beginning was sent") if number else outcome
                ids.append(outcome.id)
        finally:
            if place is not None:
                place.leave()
        return Sent(ids[-1], tuple(ids[:-1])) if ids else outcome

    async def recall(self, address: Address, ids: tuple[str, ...], say: Say) -> Outcome:
        """The first message says this instead and the others are deleted; where Telegram does not let it be edited, all of them are."""
        chat, messages = int(address.id), [int(id) for id in ids if id.isdecimal()]
        if not messages:
            return Rejected("no such message")
        outcome = await self._edited(chat, messages[0], say)
        rest = messages[1:] if isinstance(outcome, Sent) else messages
        if rest and isinstance(outcome, Sent | Rejected):
            deleted = [await self._deleted(chat, message) for message in rest]
            if not isinstance(outcome, Sent):
                outcome = next((each for each in deleted if not isinstance(each, Sent)), Sent(""))
        return outcome

    async def _edited(self, chat: int, message: int, say: Say) -> Outcome:
        [text, *further] = parts(say.text, requests.LIMITS.text) or [""]
        if further or not text:
            return Rejected("too long to stand in its place")
        outcome = await self._in_turn(requests.stamping(chat, message, text))
        if isinstance(outcome, Rejected) and HAS_NO_TEXT.search(outcome.reason):
            outcome = await self._in_turn(requests.captioning(chat, message, text))
        if isinstance(outcome, Rejected) and IS_SO_ALREADY.search(outcome.reason):
            return Sent(str(message))
        return outcome

    async def _deleted(self, chat: int, message: int) -> Outcome:
        outcome = await self._in_turn(requests.deleting(chat, message))
        if isinstance(outcome, Rejected) and IS_GONE_ALREADY.search(outcome.reason):
            return Sent(str(message))
        return outcome

    async def _in_turn(self, call: Call) -> Outcome:
        """In a place of its own, before all bulk."""
        if self._window is None:
            return await self._attempt(call)
        place = await self._window.place(Priority.REPLY)
        try:
            return await self._attempt(call)
        finally:
            place.leave()

    async def set_webhook(self, url: str) -> Outcome:
        """Asks Telegram to bring updates to this address, with our secret; more than once if it must."""
        if self._secret is None:
            return Misconfigured("a webhook needs a secret")
        wanted = {"url": url, "secret_token": self._secret, "allowed_updates": list(updates.WANTED)}
        return await self._insist(Call("setWebhook", wanted))

    async def username(self) -> str | None:
        """The bot's name, for links to it (t.me/<name>?start=…); None when Telegram does not tell."""
        try:
            me = await self._api.call(Call("getMe", {}), IN_PASSING)
        except Exception as error:
            log.warning("telegram.unnamed", account=self.account, reason=repr(translate(error)))
            return None
        name = me.get("username") if isinstance(me, dict) else None
        return name if isinstance(name, str) else None

    async def _attempt(self, call: Call, within: timedelta = CALLING) -> Outcome:
        if call.field == "photo":
            return await self._show(call, within)
        try:
            result = await self._api.call(call, within)
        except Exception as error:
            return translate(error)
        return _sent(result)

    async def _show(self, call: Call, within: timedelta) -> Outcome:
        """A picture travels to Telegram once; for everybody else its name there is enough."""
        assert call.file is not None
        digest = sha256(call.file[1]).hexdigest()
        known = self._pictures.get(digest)
        if known is not None:
            short = Call(call.method, {**call.payload, "photo": known})
            outcome = await self._attempt(short, within)
            if not isinstance(outcome, Rejected):
                return outcome
            # Perhaps it is the name that Telegram does not take any more. Rejected is certainly not sent.
            self._pictures.pop(digest, None)
        try:
            result = await self._api.call(call, within)
        except Exception as error:
            return translate(error)
        if (name := _picture_in(result)) is not None:
            if len(self._pictures) >= PICTURES:
                self._pictures.popitem(last=False)
            self._pictures[digest] = name
        return _sent(result)

    async def _insist(self, call: Call) -> Outcome:
        """What somebody waits for: repeated while that may help."""
        outcome = await self._in_turn(call)
        for _ in range(TRIES - 1):
            match outcome:
                case RetryAfter(delay) if delay <= PATIENCE:
                    await self._pause(delay.total_seconds())
                case Unknown():
                    await self._pause(A_MOMENT.total_seconds())
                case _:
                    break
            outcome = await self._in_turn(call)
        if not isinstance(outcome, Sent):
            log.warning(
                "telegram.call_failed", account=self.account, method=call.method, outcome=repr(outcome)
            )
        return outcome

    async def _try_once(self, call: Call) -> None:
        """A spinner or a stamp: pleasant, never worth a second request."""
        outcome = await self._attempt(call)
        if not isinstance(outcome, Sent):
            log.debug(
                "telegram.touch_failed", account=self.account, method=call.method, outcome=repr(outcome)
            )

    # What comes in

    async def webhook(self, scope: webhook.Scope, receive: webhook.Receive, send: webhook.Send) -> None:
        """A plain ASGI callable, and the hot path of the whole bot."""
        if scope["type"] != "http":
            return None
        if scope["method"] != "POST":
            return await webhook.respond(send, 405)
        if self._secret is None or not webhook.proves(scope, SECRET_HEADER, self._secret.encode()):
            return await webhook.respond(send, 401)
        try:
            update = webhook.parse(await webhook.body(scope, receive))
            answer = await self._take(update)
        except webhook.TooLarge:
            return await webhook.respond(send, 413)
        except webhook.Malformed:
            return await webhook.respond(send, 400)
        except webhook.Gone:
            return None
        except Unavailable:
            return await webhook.respond(send, 503, retry=STORAGE_AWAY)
        return await webhook.respond(send, 200, b"" if answer is None else requests.webhook_answer(answer))

    async def _take(self, update: updates.Json) -> Call | None:
        """Handles one update. The call, if any, that is left for the webhook's own answer. Raises Unavailable when
        nothing was done."""
        try:
            match updates.read(update, self.account):
                case Heard() as heard:
                    reply = await self._accept(heard.incoming)
                    return self._answer(heard, reply)
                case Elsewhere() as place:
                    self._leave(place)
                case Left(address) if self._left is not None:
                    await self._left(address)
        except Unavailable:
            raise
        except Exception as surprise:
            # Telegram would bring it for ever; what the intake did with it stands.
            log.error(
                "telegram.update_failed",
                account=self.account,
                update_id=update.get("update_id"),
                error=where(surprise),
            )
        return None

    def _answer(self, heard: Heard, reply: Reply) -> Call | None:
        calls = [call for say in reply.messages for call in requests.of(heard.chat, say)]
        last: Call | None = None
        if self._may_go_back(heard.chat, calls):
            last = calls.pop()
        self._say_directly(heard.chat, calls)
        if heard.tapped is not None and self._allowance.take():
            self._touch(heard.tapped, reply.stamp)
        return last

    def _may_go_back(self, chat: int, calls: list[Call]) -> bool:
        """Whether the webhook's own answer may carry this: one plain message, which overtakes nothing, to a chat where it
        will not be refused for haste. There a refusal is silent; a call of our own hears it and tries again."""
        in_pace = self._pace.take(chat, len(calls))
        may = in_pace and len(calls) == 1 and calls[0].file is None and not self._replies.is_busy(chat)
        return may and self._has_room()

    def _has_room(self) -> bool:
        """Takes a place for a call that Telegram makes itself, and whose end nobody tells us."""
        if self._window is None:
            return True
        place = self._window.at_once(Priority.REPLY)
        if place is not None:
            asyncio.get_running_loop().call_later(A_MOMENT.total_seconds(), place.leave)
        return place is not None

    def _say_directly(self, chat: int, calls: Iterable[Call]) -> None:
        self._replies.add(chat, [partial(self._insist, call) for call in calls])

    def _touch(self, tapped: Tapped, stamp: str | None) -> None:
        calls = [requests.acknowledgement(tapped.query)]
        if stamp and tapped.message is not None:
            calls.append(requests.stamping(tapped.chat, tapped.message, stamp))
        self._touches.add(tapped.chat, [partial(self._try_once, call) for call in calls])

    def _leave(self, place: Elsewhere) -> None:
        """Others would see who answers what, so we say why and go. A busy group makes us go once, not once a message."""
        if self._replies.is_busy(place.chat) or not self._allowance.take():
            return
        calls: list[Call] = []
        if place.query is not None:
            calls.append(requests.acknowledgement(place.query))
        if place.just_joined and place.can_write:
            calls += requests.of(place.chat, Say(self._refusal))
        calls.append(requests.leaving(place.chat))
        self._replies.add(place.chat, [partial(self._try_once, call) for call in calls])

    # Long polling

    async def poll(self, stop: asyncio.Event) -> None:
        """Asks for updates until told to stop. An update is confirmed only once it and all before it are handled."""
        polling = Polling(
            account=self.account,
            listen=self._listen,
            take=self._take_directly,
            sender_of=updates.sender_of,
            translate=translate,
            pause=self._pause,
        )
        self._hooked = True
        confirmed = await polling.run(stop)
        if confirmed:
            # Lest the last batch comes again at the next start. If this cannot be said, it comes, and changes nothing.
            await self._attempt(
                Call("getUpdates", {"offset": confirmed, "limit": 1, "timeout": 0}), IN_PASSING
            )

    async def _listen(self, offset: int) -> list[tuple[int, updates.Json]]:
        """Updates from this one on. Asking for it confirms all before."""
        if self._hooked:  # perhaps; and while a webhook is set there is no asking
            await self._api.call(Call("deleteWebhook", {}))
            self._hooked = False
        wanted = {
            "offset": offset,
            "timeout": round(LISTENING.total_seconds()),
            "allowed_updates": list(updates.WANTED),
        }
        batch = await self._api.call(Call("getUpdates", wanted), LISTENING + CALLING)
        if not isinstance(batch, list):
            raise ClientDecodeError("not a list of updates", ValueError(), None)
        numbered = [(update.get("update_id"), update) for update in batch if isinstance(update, dict)]
        return [(id, update) for id, update in numbered if isinstance(id, int)]

    async def _take_directly(self, update: updates.Json) -> None:
        last = await self._take(update)
        if last is not None:
            self._say_directly(last.payload["chat_id"], [last])
