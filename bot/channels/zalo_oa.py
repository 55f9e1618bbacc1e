"""Residents on Zalo, through an Official Account: verified events in, plain text with buttons out. It knows no survey.

Zalo wants its webhook answered within two seconds and brings an event again when it is not; so an event is handled, on disk, and
acknowledged, and what we answer goes out beside it by calls of our own. Nothing can be edited or recalled, buttons come back as
text, and we may write only to who wrote within seven days."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Literal, Self

import structlog

from bot.channels import webhook
from bot.channels import zalo_events as events
from bot.channels import zalo_requests as requests
from bot.channels.contract import (
    Accept,
    Limits,
    Outcome,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
)
from bot.channels.errands import Errands
from bot.channels.zalo_client import ZaloClient
from bot.channels.zalo_errors import TEXT_INSTEAD, V2_IS_SHUT, V3_IS_NOT_FOR_US, is_known
from bot.channels.zalo_events import Answered, Event, Followed, Forgotten, Happened, Left, Said
from bot.channels.zalo_requests import Part
from bot.channels.zalo_tokens import Tokens
from bot.intake import where
from storage.database import Unavailable
from surveys.conversation import Address, Reply, Say

__all__ = ["Door", "ZaloAccount"]

log = structlog.get_logger(__name__)

SIGNATURE = b"x-zevent-signature"
SEEN = 100_000  # events remembered, so that one that is brought twice is answered once
TRIES = 3  # of one reply
PATIENCE = timedelta(minutes=2)  # a reply that must wait longer has lost its point
A_MOMENT = timedelta(seconds=1)
HUMAN = timedelta(
    minutes=30
)  # after a person at the office has answered, the assistant keeps quiet for so long
ANSWERED_WITHIN = timedelta(seconds=1.6)  # Zalo waits two seconds; what takes longer is brought again
PATHS = {"v3": "/v3.0/oa/message/cs", "v2": "/v2.0/oa/message"}
OTHER = {"v3": (V3_IS_NOT_FOR_US, "v2"), "v2": (V2_IS_SHUT, "v3")}

Mode = Literal["auto", "v2", "v3"]


class ZaloAccount:
    """One Official Account. An async context: leaving it drains what is still to be sent."""

    def __init__(
        self,
        id: str,
        accept: Accept,
        client: ZaloClient,
        tokens: Tokens,
        *,
        now: Callable[[], datetime],
        started: str = "",
        address: str | None = None,
        mode: Mode = "auto",
        has_buttons: bool = True,
        pinned: Callable[[str], Awaitable[None]] | None = None,
        left: Callable[[Address], Awaitable[None]] | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`started`: with what payload a new follower begins. `address`: what this account turned out to need; `pinned` is told
        when that is found out. `left`: told of a person who asks to be forgotten."""
        self.id = id
        self.account = f"{events.ACCOUNT}:{id}"
        self.started = started
        self._accept = accept
        self._client = client
        self._tokens = tokens
        self._now = now
        self._mode = mode
        self._address = address or ("v3" if mode == "auto" else mode)
        self._has_buttons = has_buttons
        self._pinned = pinned
        self._left = left
        self._pause = pause
        self._replies = Errands()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._answered_by_hand: dict[str, datetime] = {}

    @property
    def limits(self) -> Limits:
        return requests.LIMITS

    async def __aenter__(self) -> Self:
        await self._replies.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_exit(self._replies)

    # ── What goes out ─────────────────────────────────────────────────────────────────────────────────────────

    async def send(self, address: Address, say: Say) -> Outcome:
        """One attempt. A long text takes several requests: when a later one fails we cannot say it was not sent."""
        outcome: Outcome = Rejected("nothing to say")
        for place, part in enumerate(requests.of(say)):
            outcome = await self._attempt(address.id, part)
            if not isinstance(outcome, Sent):
                return Unknown("only its beginning was sent") if place else outcome
        return outcome

    async def _attempt(self, person: str, part: Part) -> Outcome:
        token = None
        if part.file is not None:
            name, content = part.file
            answer = await self._client.upload(
                "file", name, content, _type_of(name), self._tokens.access, self._tokens.renewed_after
            )
            token = str((answer.data or {}).get("token", ""))
            if not token:
                return answer.outcome(self._now())
        error, outcome = await self._post(person, part, token)
        if error in TEXT_INSTEAD and part.options and self._has_buttons:
            # The numbers stand in the text: without buttons nothing is lost.
            log.info("zalo.without_buttons", account=self.account, error=error)
            _, outcome = await self._post(person, requests.without_buttons(part), token)
        return outcome

    async def _post(self, person: str, part: Part, token: str | None) -> tuple[int, Outcome]:
        body = requests.body(part, person, has_buttons=self._has_buttons, token=token)
        answer = await self._client.post(
            PATHS[self._address], body, self._tokens.access, self._tokens.renewed_after
        )
        refused_as, other = OTHER[self._address]
        if self._mode == "auto" and answer.error == refused_as:
            # Exactly this number, once, and only if the other address then takes it.
            second = await self._client.post(
                PATHS[other], body, self._tokens.access, self._tokens.renewed_after
            )
            if second.error == 0 and second.trouble is None:
                await self._pin(other)
                answer = second
        if answer.error and not is_known(answer.error):
            log.error("zalo.unknown_error", account=self.account, error=answer.error)
        return answer.error, answer.outcome(self._now())

    async def _pin(self, address: str) -> None:
        self._address = address
        log.info("zalo.address", account=self.account, address=address)
        if self._pinned is not None:
            await self._pinned(address)

    async def _insist(self, person: str, part: Part) -> Outcome:
        """What somebody waits for: repeated while that may help."""
        outcome = await self._attempt(person, part)
        for _ in range(TRIES - 1):
            match outcome:
                case RetryAfter(delay) if delay <= PATIENCE:
                    await self._pause(delay.total_seconds())
                case Unknown():
                    await self._pause(A_MOMENT.total_seconds())
                case _:
                    break
            outcome = await self._attempt(person, part)
        if not isinstance(outcome, Sent):
            log.warning("zalo.reply_failed", account=self.account, outcome=repr(outcome))
        return outcome

    # ── What comes in ─────────────────────────────────────────────────────────────────────────────────────────

    async def takes(self, happened: Happened) -> None:
        """Handles one verified event of this account. Raises Unavailable when nothing was done."""
        event = happened.event
        if event.key in self._seen or events.is_stale(event, self._now()):
            return
        try:
            await self._take(happened)
        except Unavailable:
            raise
        except Exception as surprise:
            # Zalo would bring it again and again; what the intake did with it stands.
            log.error("zalo.event_failed", account=self.account, event_name=event.name, error=where(surprise))
        self._seen[event.key] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)

    async def _take(self, happened: Happened) -> None:
        match happened:
            case Said(event, incoming) | Followed(event, incoming):
                if self._is_answered_by_hand(event):
                    return
                self._say(event.person, await self._accept(incoming))
            case Forgotten(event):
                if self._left is not None:
                    await self._left(self._address_of(event))
                reply = await self._accept(events.forgetting(event))
                log.info("zalo.forgotten", account=self.account, said=len(reply.messages))
            case Left(event):
                if self._left is not None:
                    await self._left(self._address_of(event))
            case Answered(event):
                self._answered_by_hand[event.person] = self._now() + HUMAN
                log.info("zalo.answered_by_hand", account=self.account)

    def _is_answered_by_hand(self, event: Event) -> bool:
        until = self._answered_by_hand.get(event.person)
        if until is None:
            return False
        if until > self._now():
            return True
        del self._answered_by_hand[event.person]
        return False

    def _say(self, person: str, reply: Reply) -> None:
        made = [part for say in reply.messages for part in requests.of(say)]
        self._replies.add(person, [partial(self._insist, person, part) for part in made])

    def _address_of(self, event: Event) -> Address:
        return Address(self.account, event.person)


class Door:
    """The webhook of an app: one address for all its accounts. A plain ASGI callable."""

    def __init__(
        self,
        app_id: str,
        keys: Iterable[str],
        accounts: Iterable[ZaloAccount],
        *,
        is_probed: bool = False,
    ) -> None:
        """`keys`: any of which may have signed. `is_probed`: while the console's own test calls come unsigned, they are answered
        with 200 and not believed."""
        self._app_id = app_id
        self._keys = tuple(keys)
        self._accounts = {account.id: account for account in accounts}
        self._is_probed = is_probed
        self.unknown: dict[str, int] = {}
        """Events nobody here knows, by name, and how many."""

    async def __call__(self, scope: webhook.Scope, receive: webhook.Receive, send: webhook.Send) -> None:
        if scope["type"] != "http":
            return None
        if scope["method"] != "POST":
            return await webhook.respond(send, 405)
        try:
            raw = await webhook.body(scope, receive)
            body = webhook.parse(raw)
        except webhook.TooLarge:
            return await webhook.respond(send, 413)
        except webhook.Malformed:
            return await webhook.respond(send, 200 if self._is_probed else 400)
        except webhook.Gone:
            return None
        given = [value for name, value in scope["headers"] if name == SIGNATURE]
        stamp = str(body.get("timestamp", ""))
        if len(given) != 1 or not events.proves(raw, given[0], self._app_id, stamp, self._keys):
            return await webhook.respond(send, 200 if self._is_probed else 401)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN.total_seconds()):
                await self._take(body)
        except (Unavailable, TimeoutError):
            return await webhook.respond(send, 503)
        return await webhook.respond(send, 200)

    async def _take(self, body: dict[str, object]) -> None:
        happened = events.read(body, "")
        account = self._accounts.get(happened.event.account)
        if str(body.get("app_id", "")) != self._app_id or account is None:
            log.warning("zalo.not_ours", event_name=happened.event.name[:60])
            return
        if isinstance(happened, events.Nothing) and happened.event.name not in events.KNOWN:
            self.unknown[happened.event.name[:60]] = self.unknown.get(happened.event.name[:60], 0) + 1
        if isinstance(happened, Followed):
            happened = events.read(body, account.started)
        await account.takes(happened)


def _type_of(name: str) -> str:
    return (
        "text/csv"
        if name.endswith(".csv")
        else "application/pdf"
        if name.endswith(".pdf")
        else "application/msword"
    )
