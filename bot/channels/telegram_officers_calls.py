"""What goes out through the officers' bot: python-telegram-bot's requests made quiet and patient. It knows no notice and no officer.

The library writes addresses into logs and exceptions, and with them the token; it waits for an answer where a person has long been
served. Here nothing leaves but by a queue for each chat, after what was asked for is on disk; and what goes wrong has a kind, and no
address in it."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog
from httpx import ConnectError, ConnectTimeout, PoolTimeout
from telegram import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    MessageEntity,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)
from telegram.error import RetryAfter as Hurried
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.channels.contract import (
    ContactGone,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    parts,
)
from bot.channels.errands import Errands
from bot.channels.pacing import Sliding
from surveys.conversation import Entity, Style
from surveys.texts import clipped, length

__all__ = ["Button", "Mouth", "OfficersBot", "Rows", "as_telegram_counts", "quieted", "translate"]

log = structlog.get_logger(__name__)

CALLING = timedelta(seconds=15)
CONNECTING = timedelta(seconds=5)
LISTENING = timedelta(seconds=25)  # how long Telegram holds a getUpdates open
A_MOMENT = timedelta(seconds=1)
A_WHILE = timedelta(seconds=5)
PATIENCE = timedelta(seconds=30)
TRIES = 3
A_HAIR = 0.005  # seconds
IN_A_SECOND = 28  # Telegram takes 30 from one bot; the library's own limiter has been seen to let 59 through
TEXT, CAPTION, LABEL = 4096, 1024, 60
CONNECTIONS = 16
GONE = re.compile(
    r"chat not found|user is deactivated|user not found|PEER_ID_INVALID|bot was kicked", re.IGNORECASE
)
UNCHANGED = re.compile(r"message is not modified", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    data: str
    """At most 64 bytes of ASCII. Any client can send any of it: it proves nothing."""


Rows = Sequence[Sequence[Button]]


# ── Quiet ────────────────────────────────────────────────────────────────────────────────────────────────────────


def quieted() -> None:
    """httpx notes every address it asks, and ours carry the token; the library notes whole updates. Neither says a word."""
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class NotSent(NetworkError):
    """No connection was made: certainly not sent."""


class QuietRequest(HTTPXRequest):
    """The library's, but what it raises names a kind of trouble alone: neither an address nor what was answered."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        problem: TelegramError
        try:
            return await super().do_request(*args, **kwargs)
        except TelegramError as surprise:
            cause = surprise.__cause__
            if isinstance(cause, ConnectError | ConnectTimeout | PoolTimeout):
                problem = NotSent(type(cause).__name__)
            else:
                kind = TimedOut if isinstance(surprise, TimedOut) else NetworkError
                problem = kind(type(cause or surprise).__name__)
        except Exception as surprise:
            problem = NetworkError(type(surprise).__name__)
        # Raised out here, so that it does not carry the first one along.
        raise problem


class OfficersBot(ExtBot[None]):
    """The library's bot, and the two calls for which its own reading of the answer is in the way."""

    @classmethod
    def at(cls, api: str, token: str) -> Self:
        quieted()
        api = api.rstrip("/")
        calling, connecting = CALLING.total_seconds(), CONNECTING.total_seconds()

        def request(reading: float) -> QuietRequest:
            return QuietRequest(
                connection_pool_size=CONNECTIONS,
                read_timeout=reading,
                write_timeout=calling,
                connect_timeout=connecting,
                pool_timeout=connecting,
            )

        return cls(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=request(calling),
            get_updates_request=request((LISTENING + CALLING).total_seconds()),
        )

    async def initialize(self) -> None:
        refused = False
        try:
            await super().initialize()
        except InvalidToken:
            refused = True  # the library's own error quotes the token
        if refused:
            raise InvalidToken("Telegram does not know this token")

    async def updates_from(self, offset: int, allowed: Sequence[str], holding: timedelta) -> list[Any]:
        """As they came. The library would read them all at once, and one it cannot read would keep all others away for ever."""
        wanted = {
            "offset": offset,
            "timeout": round(holding.total_seconds()),
            "allowed_updates": list(allowed),
        }
        answer = await self._post("getUpdates", wanted)
        if not isinstance(answer, list):
            raise NetworkError("not a list of updates")
        return answer


def translate(error: BaseException) -> Outcome:
    """Every way a call can fail → what we must do about it. Reasons never quote a person, a text or the token."""
    match error:
        case Hurried():
            # Not by its property, which warns of what it will be one day.
            return RetryAfter(error._retry_after)
        case NotSent():
            return RetryAfter(A_WHILE)
        case Forbidden() | ChatMigrated():
            return ContactGone(_reason(error))
        case BadRequest() if GONE.search(error.message):
            return ContactGone(_reason(error))
        case BadRequest():
            return Rejected(_reason(error))
        case InvalidToken() | Conflict():
            return Misconfigured(_reason(error))
        case TelegramError():
            return Unknown(_reason(error))
        case TimeoutError():
            return Unknown("no answer in time")
    return Unknown(type(error).__name__)


def _reason(error: TelegramError) -> str:
    return re.sub(r"\d{5,}", "…", error.message)[:120]


# ── Entities ─────────────────────────────────────────────────────────────────────────────────────────────────────


def as_telegram_counts(text: str, entities: Iterable[Entity]) -> list[MessageEntity] | None:
    """Ours count characters, Telegram's count UTF-16 units."""
    found = []
    for each in entities:
        kind = {Style.BOLD: MessageEntity.BOLD, Style.ITALIC: MessageEntity.ITALIC}.get(each.style)
        if kind is not None:
            start, end = length(text[: each.offset]), length(text[: each.end])
            found.append(MessageEntity(kind, start, end - start))
    return found or None


# ── Speaking ─────────────────────────────────────────────────────────────────────────────────────────────────────

Call = partial[Any]


class Mouth:
    """Says things to chats: each chat's in order, many chats at once, never faster than Telegram listens."""

    def __init__(
        self,
        bot: OfficersBot,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._pause = pause
        self._errands = Errands()
        self._second = Sliding(IN_A_SECOND)

    async def __aenter__(self) -> Self:
        await self._errands.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._errands.__aexit__(kind, problem, traceback)

    def is_busy(self, chat: int) -> bool:
        return self._errands.is_busy(chat)

    def say(
        self,
        chat: int,
        text: str,
        rows: Rows = (),
        *,
        entities: Iterable[Entity] = (),
        then: Callable[[int], None] | None = None,
    ) -> None:
        """A message, in several where it is long; the buttons stand under its last. `then` is told the last one's number."""
        pieces = parts(text, TEXT)
        # What has entities was held to the limit when it was written.
        shown = as_telegram_counts(text, entities) if pieces == (text,) else None
        for place, piece in enumerate(pieces, start=1):
            is_last = place == len(pieces)
            call = partial(
                self._bot.send_message,
                chat,
                piece,
                entities=shown,
                reply_markup=_keyboard(rows) if is_last else None,
                link_preview_options=NO_PREVIEW,
            )
            self._add(chat, call, then if is_last else None)

    def edit(
        self, chat: int, message: int, text: str, rows: Rows = (), *, entities: Iterable[Entity] = ()
    ) -> None:
        """The message becomes this one; what is too long for one is cut."""
        shown = clipped(text, TEXT)
        call = partial(
            self._bot.edit_message_text,
            shown,
            chat_id=chat,
            message_id=message,
            entities=as_telegram_counts(text, entities) if shown == text else None,
            reply_markup=_keyboard(rows),
            link_preview_options=NO_PREVIEW,
        )
        self._add(chat, call)

    def picture(
        self,
        chat: int,
        content: bytes,
        caption: str = "",
        rows: Rows = (),
        *,
        entities: Iterable[Entity] = (),
    ) -> None:
        """A picture with words beneath it; words that are too long for that follow it."""
        fits = length(caption) <= CAPTION
        call = partial(
            self._bot.send_photo,
            chat,
            content,
            caption=caption if fits and caption else None,
            caption_entities=as_telegram_counts(caption, entities) if fits and caption else None,
            reply_markup=_keyboard(rows) if fits else None,
            filename="anh.jpg",
        )
        self._add(chat, call)
        if not fits:
            self.say(chat, caption, rows, entities=entities)

    def hush(self, chat: int, query: str) -> None:
        """Stops a button's spinner."""
        self._add(chat, partial(self._bot.answer_callback_query, query), once=True)

    def leave(self, chat: int) -> None:
        self._add(chat, partial(self._bot.leave_chat, chat), once=True)

    def offer(self, chat: int | None, commands: Iterable[tuple[str, str]]) -> None:
        """What stands in the menu of one chat, or (None) of whoever has none of their own."""
        scope = BotCommandScopeDefault() if chat is None else BotCommandScopeChat(chat)
        listed = [BotCommand(name, text) for name, text in commands]
        call = (
            partial(self._bot.set_my_commands, listed, scope=scope)
            if listed
            else partial(self._bot.delete_my_commands, scope=scope)
        )
        self._add(chat or 0, call)

    async def fetched(self, file: str, most: int) -> bytes | None:
        """What somebody sent; None where it is larger than that. Raises TelegramError."""
        found = await self._bot.get_file(file)
        if (found.file_size or 0) > most:
            return None
        return bytes(await found.download_as_bytearray())

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _add(
        self, chat: int, call: Call, then: Callable[[int], None] | None = None, *, once: bool = False
    ) -> None:
        self._errands.add(chat, [partial(self._insist, call, then, 1 if once else TRIES)])

    async def _insist(self, call: Call, then: Callable[[int], None] | None, tries: int) -> Outcome:
        """Repeated while that may help."""
        outcome: Outcome = Unknown("not tried")
        for attempt in range(1, tries + 1):
            await self._in_pace()
            try:
                outcome = await self._attempt(call, then)
            finally:
                self._second.leave(self._clock())
            match outcome:
                case RetryAfter(delay) if delay <= PATIENCE and attempt < tries:
                    await self._pause(delay.total_seconds())
                case Unknown() if attempt < tries:
                    await self._pause(A_MOMENT.total_seconds())
                case _:
                    break
        if not isinstance(outcome, Sent) and tries > 1:
            log.warning("officers.call_failed", call=call.func.__name__, outcome=repr(outcome))
        return outcome

    async def _attempt(self, call: Call, then: Callable[[int], None] | None) -> Outcome:
        try:
            result = await call()
        except TelegramError as problem:
            if isinstance(problem, BadRequest) and UNCHANGED.search(problem.message):
                return Sent("")
            return translate(problem)
        if not isinstance(result, Message):
            return Sent("")
        if then is not None:
            then(result.message_id)
        return Sent(str(result.message_id))

    async def _in_pace(self) -> None:
        while not self._second.enter(now := self._clock()):
            free_at = self._second.free_at()  # None: when an answer comes
            await self._pause(A_HAIR if free_at is None else max(free_at - now, 0.0) + A_HAIR)


NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def _keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(_short(each.label), callback_data=each.data) for each in row] for row in rows]
    )


def _short(label: str) -> str:
    return clipped(" ".join(label.split()), LABEL) or "…"
