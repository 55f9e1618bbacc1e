"""The officers' bot: its life, and what comes in. With the modules beside it (`telegram_officers_*`) the only place that knows
python-telegram-bot, which is imported where the bot has a token and nowhere else.

The library would acknowledge an update before it is handled, and swallow what went wrong with it. Here we bring it the updates
ourselves: each is handled, on disk, and only then acknowledged; one that finds the database away comes again."""

import asyncio
import re
import time
import warnings
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from telegram import Update
from telegram.error import TelegramError
from telegram.ext import Application, ApplicationBuilder, CallbackContext, ContextTypes
from telegram.warnings import PTBUserWarning

from bot.channels import telegram_updates as updates
from bot.channels import webhook
from bot.channels.contract import Misconfigured, Outcome, Sent
from bot.channels.polling import Polling
from bot.channels.telegram_officers_calls import LISTENING, Mouth, OfficersBot, translate
from bot.channels.telegram_officers_desk import Desk
from bot.channels.telegram_officers_people import Newcomers
from bot.channels.telegram_officers_reception import ACCOUNT, Context, Reception, Sitting
from bot.channels.telegram_officers_results import Results
from bot.channels.telegram_officers_words import say
from bot.channels.telegram_updates import Elsewhere, Heard
from bot.intake import where
from bot.lanes import Crowded, Lanes
from bot.web.slow_down import SlowDown
from handlers.beneath import Beneath
from handlers.notice_files import NoticePictures
from handlers.notice_templates import NoticeTemplates
from handlers.notices import Notices
from handlers.people import People
from handlers.planning import Planning
from handlers.scorecards import Scorecards
from handlers.tidings import Tidings
from storage.database import Unavailable
from surveys.notices import Telling
from surveys.rights import Actor

__all__ = ["Rooms", "TelegramOfficers"]

log = structlog.get_logger(__name__)

SECRET_HEADER = b"x-telegram-bot-api-secret-token"
SECRETS = re.compile(r"[A-Za-z0-9_-]{16,256}")
HANDLING = timedelta(seconds=30)  # a picture is fetched within it
IN_PASSING = timedelta(seconds=1.5)  # for what a stop must not wait for
STORAGE_AWAY = timedelta(seconds=5)
REMEMBERED = 4_000  # updates that were handled; Telegram brings one again within minutes


@dataclass(frozen=True)
class Rooms:
    """The use cases it calls: those of the web desk, and no others."""

    people: People
    notices: Notices
    pictures: NoticePictures
    templates: NoticeTemplates
    beneath: Beneath
    results: Results
    scorecards: Scorecards
    tidings: Tidings
    planning: Planning
    now: Callable[[], datetime]
    desk: str
    """The web desk's address, without a slash at its end."""


class TelegramOfficers:
    """One bot, by webhook or by long polling. An async context: leaving it drains what is still to be said."""

    def __init__(
        self,
        token: str,
        rooms: Rooms,
        *,
        secret: str | None = None,
        api: str = "https://api.telegram.org",
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`secret` is needed for the webhook. Raises ValueError for one that Telegram would not take or that is short."""
        if secret is not None and SECRETS.fullmatch(secret) is None:
            raise ValueError("the webhook secret must be 16 to 256 of A-Z a-z 0-9 _ -")
        self._secret = secret
        self._rooms = rooms
        self._pause = pause
        self._bot = OfficersBot.at(api, token)
        self._mouth = Mouth(self._bot, clock=clock, pause=pause)
        self._application = _application(self._bot)
        newcomers = Newcomers(rooms.people, self._mouth, SlowDown(clock, pause), clock)
        reception = Reception(rooms.people, self._mouth, rooms.now, newcomers.stranger)
        self._desk = Desk(rooms, reception, newcomers, self._mouth)
        with warnings.catch_warnings():
            # It warns of what is meant: buttons are answered whatever message they stand under.
            warnings.simplefilter("ignore", PTBUserWarning)
            self._application.add_handlers(self._desk.handlers())
        self._application.add_error_handler(self._surprised)
        self._lanes = Lanes()
        self._starting = asyncio.Lock()
        self._is_ready = False
        self._hooked = True
        self._handled: OrderedDict[int, None] = OrderedDict()
        self._away: dict[int, Unavailable] = {}

    async def __aenter__(self) -> Self:
        await self._mouth.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._mouth.__aexit__(kind, problem, traceback)
        if self._is_ready:
            await self._application.shutdown()

    async def try_out(self, actor: Actor, telling: Telling) -> bool:
        """A notice as residents' Telegram shows it, to whoever asks and nobody else. Whether they have an account here."""
        address = await self._rooms.tidings.address_of(actor.person)
        if address is None:
            return False
        chat, image = int(address.id), telling.image
        content = await self._rooms.notices.picture(actor, image) if image else None
        if content is None:
            self._mouth.say(chat, telling.text, entities=telling.entities)
        else:
            self._mouth.picture(chat, content, telling.text, entities=telling.entities)
        return True

    # ── The clock ─────────────────────────────────────────────────────────────────────────────────────────────

    async def tick(self) -> None:
        """Every few seconds: cards that move, drafts nobody goes on with, news for those it concerns. Harmless to do twice."""
        self._desk.sweep(self._application.user_data)
        await self._desk.watches.look()
        await self._desk.tell_news()

    # ── What comes in: by webhook ─────────────────────────────────────────────────────────────────────────────────

    async def set_webhook(self, url: str) -> Outcome:
        """Asks Telegram to bring updates to this address, with our secret."""
        if self._secret is None:
            return Misconfigured("a webhook needs a secret")
        try:
            await self._ready()
            await self._bot.set_webhook(url, secret_token=self._secret, allowed_updates=list(updates.WANTED))
        except TelegramError as problem:
            outcome = translate(problem)
            log.warning("officers.webhook_not_set", outcome=repr(outcome))
            return outcome
        return Sent("")

    async def webhook(self, scope: webhook.Scope, receive: webhook.Receive, send: webhook.Send) -> None:
        """A plain ASGI callable."""
        if scope["type"] != "http":
            return None
        if scope["method"] != "POST":
            return await webhook.respond(send, 405)
        if self._secret is None or not webhook.proves(scope, SECRET_HEADER, self._secret.encode()):
            return await webhook.respond(send, 401)
        try:
            await self._take(webhook.parse(await webhook.body(scope, receive)))
        except webhook.TooLarge:
            return await webhook.respond(send, 413)
        except webhook.Malformed:
            return await webhook.respond(send, 400)
        except webhook.Gone:
            return None
        except Unavailable:
            return await webhook.respond(send, 503, retry=STORAGE_AWAY)
        return await webhook.respond(send, 200)

    # ── What comes in: by asking ──────────────────────────────────────────────────────────────────────────────────

    async def poll(self, stop: asyncio.Event) -> None:
        """Asks for updates until told to stop. One is confirmed only once it and all before it are handled."""
        polling = Polling(
            account=ACCOUNT,
            listen=self._listen,
            take=self._take,
            sender_of=updates.sender_of,
            translate=translate,
            pause=self._pause,
        )
        self._hooked = True
        confirmed = await polling.run(stop)
        if confirmed:
            await self._confirm(confirmed)

    async def _listen(self, offset: int) -> list[tuple[int, Mapping[str, Any]]]:
        await self._ready()
        if self._hooked:  # perhaps; and while a webhook is set there is no asking
            await self._bot.delete_webhook()
            self._hooked = False
        batch = await self._bot.updates_from(offset, updates.WANTED, LISTENING)
        numbered = [(update.get("update_id"), update) for update in batch if isinstance(update, dict)]
        return [(id, update) for id, update in numbered if isinstance(id, int)]

    async def _confirm(self, offset: int) -> Outcome:
        """Lest the last batch comes again at the next start. If this cannot be said, it comes, and changes nothing."""
        try:
            async with asyncio.timeout(IN_PASSING.total_seconds()):
                await self._bot.updates_from(offset, updates.WANTED, timedelta(0))
        except (TelegramError, TimeoutError) as problem:
            return translate(problem)
        return Sent("")

    # ── One update ────────────────────────────────────────────────────────────────────────────────────────────

    async def _take(self, update: Mapping[str, Any]) -> None:
        """Handles one update; one that was handled before, not again. Raises Unavailable when nothing was done."""
        match updates.read(update, ACCOUNT):
            case Elsewhere(chat, query=query):
                self._leave(chat, query)
            case Heard(incoming):
                try:
                    await self._ready()
                    async with self._lanes.of(incoming.sender), asyncio.timeout(HANDLING.total_seconds()):
                        await self._once(update)
                except (Crowded, TimeoutError, TelegramError) as trouble:
                    raise Unavailable(f"{type(trouble).__name__} at the officers' bot") from trouble

    async def _once(self, update: Mapping[str, Any]) -> None:
        number = update.get("update_id")
        if not isinstance(number, int) or number in self._handled:
            return
        try:
            await self._application.process_update(Update.de_json(dict(update), self._bot))
        except Exception as surprise:
            # Telegram would bring it for ever: what the library cannot read today, it cannot read tomorrow.
            log.error("officers.update_unread", update_id=number, error=where(surprise))
        if (away := self._away.pop(number, None)) is not None:
            raise away
        self._handled[number] = None
        while len(self._handled) > REMEMBERED:
            self._handled.popitem(last=False)

    async def _surprised(self, update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """Where the library takes what a handler raised, and would go on as if nothing had happened."""
        if not isinstance(update, Update):
            return
        if isinstance(context.error, Unavailable):
            self._away[update.update_id] = context.error
            return
        surprise = context.error or Exception()
        log.error("officers.update_failed", update_id=update.update_id, error=where(surprise))
        if update.effective_user is not None:
            self._mouth.say(update.effective_user.id, say("trouble.sorry"))

    def _leave(self, chat: int, query: str | None) -> None:
        """Others would read what is an office's own: a group is left, once however much is said there."""
        if self._mouth.is_busy(chat):
            return
        if query is not None:
            self._mouth.hush(chat, query)
        self._mouth.leave(chat)

    async def _ready(self) -> None:
        """Telegram has told who the bot is. Raises TelegramError while it does not."""
        async with self._starting:
            if not self._is_ready:
                await self._application.initialize()
                self._mouth.offer(None, [("start", say("command.start"))])
                self._is_ready = True


def _application(
    bot: OfficersBot,
) -> "Application[Any, Context, Sitting, dict[Any, Any], dict[Any, Any], None]":
    """The library's application, without its own way of getting updates and without its clock: we have both."""
    contexts: Any = ContextTypes(context=CallbackContext, user_data=Sitting)
    return ApplicationBuilder().bot(bot).context_types(contexts).updater(None).job_queue(None).build()
