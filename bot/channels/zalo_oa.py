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
from hashlib import sha256
from types import TracebackType
from typing import Literal, Self

import structlog

from bot.channels import webhook
from bot.channels import zalo_events as events
from bot.channels import zalo_requests as requests
from bot.channels.contract import Accept, Limits, Outcome, Rejected, RetryAfter, Sent, Unknown
from bot.channels.errands import Errands
from bot.channels.throttle import Priority, Throttle, Turn
from bot.channels.zalo_client import Answer, ZaloClient
from bot.channels.zalo_errors import (
    TEXT_INSTEAD,
    UPLOAD_IS_GONE,
    V2_IS_SHUT,
    V3_IS_NOT_FOR_US,
    Kind,
    is_known,
    kind_of,
)
from bot.channels.zalo_events import (
    Answered,
    Event,
    Followed,
    Forgotten,
    Happened,
    Left,
    Nothing,
    Rated,
    Said,
)
from bot.channels.zalo_requests import Part
from bot.channels.zalo_tokens import Tokens
from bot.intake import where
from storage.database import Unavailable
from surveys import commands, emergency
from surveys.commands import Word
from surveys.conversation import Address, Incoming, Reply, Say
from surveys.ratings import Rating

__all__ = ["Door", "ZaloAccount"]

log = structlog.get_logger(__name__)

SIGNATURE = b"x-zevent-signature"
SEEN = 100_000  # events remembered, so that one that is brought twice is answered once
TRIES = 3  # of one reply that was certainly not sent
REPEATED = 1  # of one that perhaps was: there is no key by which Zalo would know it again
PATIENCE = timedelta(minutes=2)  # a reply that must wait longer has lost its point
A_MOMENT = timedelta(seconds=1)
A_WHILE = timedelta(seconds=5)
UPLOAD_LIVES = timedelta(days=6)  # Zalo keeps it for seven
PICTURES = 32  # remembered under which id they were uploaded
UNCOUNTED = (
    1_000_000  # calls a minute: without a throttle of the account's own only Zalo's refusals slow it down
)
HUMAN = timedelta(minutes=30)  # so long the assistant keeps quiet after a person at the office has answered
IN_HAND = 16  # events; while there are more, replies hold back
ANSWERED_WITHIN = timedelta(seconds=1.6)  # Zalo waits two seconds; what takes longer is brought again
STORAGE_AWAY = timedelta(seconds=30)
MOST_NAMES, LONGEST_NAME = 100, 60  # of events nobody knows
FINISHING = timedelta(seconds=1)  # what is being handled when we go
RENEWING = timedelta(seconds=15)  # a new pair of tokens on its way to us comes only once
PATHS = {"v3": "/v3.0/oa/message/cs", "v2": "/v2.0/oa/message"}
OTHER = {"v3": (V3_IS_NOT_FOR_US, "v2"), "v2": (V2_IS_SHUT, "v3")}
SPEAKS_FOR_THE_ADDRESS = frozenset({Kind.MESSAGE, Kind.WINDOW, Kind.BLOCKED, Kind.UNCLEAR})
"""Errors about the message or the person: an address that answers so is open to this account."""
WOKEN_BY = frozenset({Word.START, Word.STOP, Word.MENU, Word.DATA, Word.NEWS, Word.SURVEYS, Word.RESULTS})
"""What the assistant hears even while a person at the office is talking."""
ALARMS = {
    "permission_revoked": "an administrator of the account took the app's permission back: connect it again",
    "user_withdraw": "somebody asks to be forgotten, and nothing in the event says who",
}

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
        forgotten: Callable[[Address], Awaitable[Reply | None]] | None = None,
        interacted: Callable[[Address, datetime], None] | None = None,
        rated: Callable[[Rating], Awaitable[None]] | None = None,
        throttle: Throttle | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`started`: with what payload a new follower begins. `address`: what this account turned out to need; `pinned` is told
        when that is found out. `left`: told of a person who follows no longer. `forgotten`: deletes what is held of a person who
        asks Zalo for it, and returns once that is on disk. `interacted`: told of what opens the window of a person again.
        `rated`: takes what somebody answered to a rating template; nobody is told who.
        `throttle`: the calls this account may make in a minute, replies before bulk."""
        self.id = id
        self.account = f"{events.ACCOUNT}:{id}"
        self.started = started
        self._accept = accept
        self._client = client
        self._tokens = tokens
        self._now = now
        self._mode = mode
        self._address = (address or "v3") if mode == "auto" else mode
        self._has_buttons = has_buttons
        self._pinned = pinned
        self._left = left
        self._forgotten = forgotten
        self._interacted = interacted
        self._rated = rated
        self._throttle = throttle or Throttle(UNCOUNTED, clock=lambda: now().timestamp(), pause=pause)
        self._pause = pause
        self._replies = Errands()
        self._taking: dict[str, asyncio.Task[bool]] = {}
        self._has_time = asyncio.Event()
        self._has_time.set()
        self._first_in_line = asyncio.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._answered_by_hand: dict[str, datetime] = {}
        self._pictures: OrderedDict[str, tuple[str, datetime]] = OrderedDict()
        """Digest → under which id it was uploaded, and until when that surely holds."""
        self._uploading = asyncio.Lock()

    @property
    def bulk(self) -> Turn:
        """This account's minute, behind everybody who waits for an answer."""
        return self._throttle.at(Priority.BULK)

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
            stack.push_async_callback(self._tokens.settle, RENEWING)
            stack.push_async_exit(self._replies)
            stack.push_async_callback(self._finish)

    async def _finish(self) -> None:
        """What is under way may end; what does not was not acknowledged, and Zalo brings it again."""
        if self._taking:
            _, late = await asyncio.wait(self._taking.values(), timeout=FINISHING.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ── What goes out ─────────────────────────────────────────────────────────────────────────────────────────

    async def send(self, address: Address, say: Say, priority: Priority = Priority.BULK) -> Outcome:
        """One attempt. A long text takes several requests: when a later one fails we cannot say it was not sent.

        Nobody waits for what is sent like this, unless `priority` says so: answers to what people write do not come by here. Where
        the account's minute is full it waits its turn for some seconds, and is then given back with RetryAfter."""
        outcome: Outcome = Rejected("nothing to say")
        for place, part in enumerate(requests.of(say)):
            # What has begun is finished: its other half must not wait behind a thousand others.
            outcome = await self._attempt(address.id, part, Priority.REPLY if place else priority)
            if not isinstance(outcome, Sent):
                return Unknown("only its beginning was sent") if place else outcome
        return outcome

    async def _attempt(self, person: str, part: Part, priority: Priority) -> Outcome:
        if part.image is not None:
            return await self._show(person, part, part.image, priority)
        if part.file is None:
            return (await self._posted(person, part, None, priority))[1]
        error, outcome = await self._hand_over(person, part, priority)
        if error == UPLOAD_IS_GONE:
            _, outcome = await self._hand_over(person, part, priority)
        return outcome

    async def _show(self, person: str, part: Part, image: bytes, priority: Priority) -> Outcome:
        """A picture is uploaded once for everybody: Zalo counts uploads, and keeps each for seven days."""
        name = sha256(image).hexdigest()
        outcome: Outcome = RetryAfter(A_WHILE)
        for _ in range(2):
            async with (
                self._uploading
            ):  # the others wait for the first one's upload instead of bringing it themselves
                token = await self._uploaded(name, image, priority)
            if not isinstance(token, str):
                return token
            error, outcome = await self._posted(person, part, token, priority)
            if error != UPLOAD_IS_GONE:
                return outcome
            self._pictures.pop(name, None)
        return outcome

    async def _uploaded(self, name: str, image: bytes, priority: Priority) -> str | Outcome:
        """The id of a picture at Zalo, or what went wrong on its way there."""
        known = self._pictures.get(name)
        if known is not None and known[1] > self._now():
            return known[0]
        answer = await self._client.upload(
            "image",
            "anh.jpg",
            image,
            "image/jpeg",
            self._tokens.access,
            self._tokens.renewed_after,
            turn=self._throttle.at(priority),
        )
        match answer.outcome(self._now()):
            case Sent():
                token = str((answer.data or {}).get("attachment_id", ""))
                if not token:
                    return Rejected("an upload without an id")
                if len(self._pictures) >= PICTURES:
                    self._pictures.popitem(last=False)
                self._pictures[name] = (token, self._now() + UPLOAD_LIVES)
                return token
            case Unknown():
                return RetryAfter(A_WHILE)  # whatever became of the upload, the person has got nothing
            case trouble:
                return trouble

    async def _hand_over(self, person: str, part: Part, priority: Priority) -> tuple[int, Outcome]:
        assert part.file is not None
        name, content, kind = requests.document(*part.file)
        answer = await self._client.upload(
            "file",
            name,
            content,
            kind,
            self._tokens.access,
            self._tokens.renewed_after,
            turn=self._throttle.at(priority),
        )
        match answer.outcome(self._now()):
            case Sent():
                token = str((answer.data or {}).get("token", ""))
                return (
                    await self._posted(person, part, token, Priority.REPLY)
                    if token
                    else (0, Rejected("an upload without a token"))
                )
            case Unknown():
                return 0, RetryAfter(A_WHILE)  # whatever became of the upload, the person has got nothing
            case trouble:
                return answer.error, trouble

    async def _posted(
        self, person: str, part: Part, token: str | None, priority: Priority
    ) -> tuple[int, Outcome]:
        error, outcome = await self._post(person, part, token, priority)
        if error in TEXT_INSTEAD and part.options and self._has_buttons:
            # The numbers stand in the text: without buttons nothing is lost.
            log.info("zalo.without_buttons", account=self.account, error=error)
            return await self._post(person, requests.without_buttons(part), token, priority)
        return error, outcome

    async def _post(
        self, person: str, part: Part, token: str | None, priority: Priority
    ) -> tuple[int, Outcome]:
        body = requests.body(part, person, has_buttons=self._has_buttons, token=token)
        address = self._address
        answer = await self._asked(PATHS[address], body, priority)
        refused_as, other = OTHER[address]
        if self._mode == "auto" and answer.error == refused_as:
            # Exactly this number, once.
            second = await self._asked(PATHS[other], body, priority)
            if second.error not in (V3_IS_NOT_FOR_US, V2_IS_SHUT):
                answer = second
                if second.trouble is None and (
                    not second.error or kind_of(second.error) in SPEAKS_FOR_THE_ADDRESS
                ):
                    await self._pin(other)
        if answer.error and not is_known(answer.error):
            log.error("zalo.unknown_error", account=self.account, error=answer.error)
        return answer.error, answer.outcome(self._now())

    async def _asked(self, path: str, body: requests.Body, priority: Priority) -> Answer:
        return await self._client.post(
            path, body, self._tokens.access, self._tokens.renewed_after, turn=self._throttle.at(priority)
        )

    async def _pin(self, address: str) -> None:
        if address == self._address:
            return
        self._address = address
        log.info("zalo.address", account=self.account, address=address)
        if self._pinned is not None:
            try:
                await self._pinned(address)
            except Unavailable:
                log.warning(
                    "zalo.address_not_kept", account=self.account
                )  # the next start finds it out again

    async def _insist(self, person: str, part: Part) -> Outcome:
        """What somebody waits for: repeated while that may help.

        In a rush events go first: Zalo waits two seconds for us and then brings them again, and a person waits for a question a little
        longer. Replies begin one after another, lest all of them take the first moment there is."""
        async with self._first_in_line:
            await self._has_time.wait()
        doubts = 0
        outcome: Outcome = Rejected("never tried")
        for left in reversed(range(TRIES)):
            outcome = await self._attempt(person, part, Priority.REPLY)
            match outcome:
                case RetryAfter(delay) if left and delay <= PATIENCE:
                    await self._pause(delay.total_seconds())
                case Unknown() if left and doubts < REPEATED:
                    doubts += 1
                    await self._pause(A_MOMENT.total_seconds())
                case _:
                    break
        if not isinstance(outcome, Sent):
            log.warning("zalo.reply_failed", account=self.account, outcome=repr(outcome))
        return outcome

    # ── What comes in ─────────────────────────────────────────────────────────────────────────────────────────

    async def takes(self, happened: Happened) -> None:
        """Handles one verified event, once: a second delivery waits for the first. Raises Unavailable when nothing was done.

        Whoever stops waiting cuts nothing short: what was begun is done, and the next delivery is answered from memory."""
        event = happened.event
        if isinstance(happened, Nothing) or event.key in self._seen or events.is_stale(event, self._now()):
            return
        taking = self._taking.get(event.key)
        if taking is None:
            taking = self._taking[event.key] = asyncio.create_task(self._taken(happened))
            taking.add_done_callback(lambda _: self._let_go(event.key))
            if len(self._taking) > IN_HAND:
                self._has_time.clear()
        if not await asyncio.shield(taking):
            raise Unavailable("The event could not be kept.")

    def _let_go(self, key: str) -> None:
        del self._taking[key]
        if len(self._taking) <= IN_HAND:
            self._has_time.set()

    async def _taken(self, happened: Happened) -> bool:
        """Whether Zalo need not bring it again."""
        event = happened.event
        try:
            await self._take(happened)
        except Unavailable:
            return False
        except Exception as surprise:
            # Zalo would bring it again and again; what the intake did with it stands.
            log.error("zalo.event_failed", account=self.account, event_name=event.name, error=where(surprise))
        self._seen[event.key] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return True

    async def _take(self, happened: Happened) -> None:
        match happened:
            case Said(event, incoming) | Followed(event, incoming):
                if self._interacted is not None:
                    self._interacted(incoming.sender, event.at or self._now())
                if self._is_answered_by_hand(event.person, incoming):
                    return
                self._say(event.person, await self._accept(incoming))
            case Forgotten(event):
                await self._forget(event)
            case Left(event):
                if self._left is not None:
                    await self._left(self._address_of(event))
            case Answered(event):
                self._is_quiet_for(event.person)
            case Rated(_, rating):
                if self._rated is not None:
                    await self._rated(rating)

    async def _forget(self, event: Event) -> None:
        if self._forgotten is None:
            log.error("zalo.nobody_forgets", account=self.account)
            return
        try:
            reply = await self._forgotten(self._address_of(event))
        except Unavailable:
            raise
        except Exception as surprise:
            # A wish to be forgotten is not let go of: Zalo brings it again.
            log.error("zalo.not_forgotten", account=self.account, error=where(surprise))
            raise Unavailable("Somebody could not be forgotten.") from None
        self._answered_by_hand.pop(event.person, None)
        if reply is not None:
            self._say(event.person, reply)

    def _is_quiet_for(self, person: str) -> None:
        now = self._now()
        self._answered_by_hand = {
            each: until for each, until in self._answered_by_hand.items() if until > now
        }
        self._answered_by_hand[person] = now + HUMAN
        log.info("zalo.answered_by_hand", account=self.account)

    def _is_answered_by_hand(self, person: str, incoming: Incoming) -> bool:
        """Whether a person at the office is talking with them. A tap on a button of ours, a start and the words that work
        everywhere are meant for the assistant, and call it back."""
        until = self._answered_by_hand.get(person)
        if until is None:
            return False
        if until > self._now() and not _is_for_the_assistant(incoming):
            return True
        del self._answered_by_hand[person]
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
        self._keys = tuple(key for key in keys if key)  # an empty key is one that anybody knows
        self._accounts = {account.id: account for account in accounts}
        self._is_probed = is_probed
        self.unknown: dict[str, int] = {}
        """Events nobody here knows, by name, and how many."""
        self.unproven = 0
        """Requests that no key has signed."""

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
            self.unproven += 1
            return await webhook.respond(send, 200 if self._is_probed else 401)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN.total_seconds()):
                await self._take(body)
        except (Unavailable, TimeoutError):
            return await webhook.respond(send, 503, retry=STORAGE_AWAY)
        return await webhook.respond(send, 200)

    async def _take(self, body: dict[str, object]) -> None:
        happened = events.read(body, "")
        event = happened.event
        if str(body.get("app_id", self._app_id)) != self._app_id:
            log.warning("zalo.not_ours", event_name=event.name[:LONGEST_NAME])
            return
        if isinstance(happened, Nothing) and event.name not in events.KNOWN:
            if (alarm := ALARMS.get(event.name)) is not None:
                log.error("zalo.alarm", event_name=event.name, meaning=alarm)
            self._count(event.name[:LONGEST_NAME])
            return
        for account in self._accounts_of(happened):
            # What a follower begins with is the account's own.
            await account.takes(
                events.read(body, account.started) if isinstance(happened, Followed) else happened
            )

    def _accounts_of(self, happened: Happened) -> list[ZaloAccount]:
        """A withdrawal that names no account is carried out at all of them: a person's id is theirs at one only."""
        event = happened.event
        if isinstance(happened, Forgotten) and not event.account:
            return list(self._accounts.values())
        account = self._accounts.get(event.account)
        if account is None:
            log.warning("zalo.not_ours", event_name=event.name[:LONGEST_NAME])
            return []
        return [account]

    def _count(self, name: str) -> None:
        if name not in self.unknown and len(self.unknown) >= MOST_NAMES:
            name = "…"
        if name not in self.unknown:
            log.warning("zalo.unknown_event", event_name=name)
        self.unknown[name] = self.unknown.get(name, 0) + 1


def _is_for_the_assistant(incoming: Incoming) -> bool:
    if incoming.tap is not None or incoming.start is not None:
        return True
    command = commands.read(incoming.text)
    return (command is not None and command.word in WOKEN_BY) or emergency.alarm(incoming.text) is not None
