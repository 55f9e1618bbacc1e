"""One account's line: claims a little ahead, writes down that a message leaves before it does, has several under way, and writes down
what became of them, many at once. One process at a time holds the account; another stands by.

Three tasks hand work on to each other. The feeder claims, asks whether a message may go and what it says. The launcher waits for a
place in the account's second, then marks and sends. The recorder settles. None waits for a platform while a transaction is open."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bot.channels.contract import (
    Channel,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Unknown,
)
from bot.channels.pacing import Place, Window
from bot.channels.polling import unless
from bot.channels.throttle import Priority
from bot.sending.attempting import Attempting
from bot.sending.attempts import Ready, reason_of, result_of
from bot.sending.holding import Holding
from bot.sending.morning import Morning, held
from bot.sending.office import Office
from bot.sending.outside import Wait
from bot.sending.preparing import NoWords, prepared
from bot.sending.reaching import Elsewhere
from bot.sending.recorder import Recorder
from bot.sending.trust import Trust
from storage import outbox
from storage.database import Unavailable
from storage.outbox import Claimed, LeaseLost, Standing
from surveys.delivery import (
    POISON,
    CampaignState,
    DeliveryState,
    Result,
    Why,
    due_by,
    is_awake,
    woke_at,
)

__all__ = ["Line"]

log = structlog.get_logger(__name__)

AHEAD = 1.0  # seconds of work in hand; what is claimed and not sent waits for a lease to end when we die
AT_A_STRETCH = 20  # rows made ready before others have their turn: answers share this thread
MOST_AHEAD = 150  # rows claimed at once: on SQLite answers wait for as long as that takes
MOST_AT_ONCE = 64  # under way; at 30 a second and a slow platform it is a tenth of that
UNPACED = 20  # a second, where a channel has no window of its own
TOO_SOON = 1.0  # seconds between two messages to one chat
MANY_CHATS = 4_096  # remembered before the old ones are let go of
A_MOMENT = 1.0  # seconds, while the database is away


class Line:
    def __init__(self, account: str, channel: Channel, office: Office, at_once: int = MOST_AT_ONCE) -> None:
        self.account = account
        self.channel = channel
        self._office = office
        self._attempting = Attempting(account, channel, office, lambda: self._holding.rests)
        self._window = self._attempting.window or Window(UNPACED)
        self._trust = Trust(at_once)
        self._ready: asyncio.Queue[Ready | None] = asyncio.Queue()
        self._holding = Holding(account, office, self._window)
        self._recorder = Recorder(
            account, office, lambda: self._holding.campaigns.values(), self._rest, self._written
        )
        self._hungry = asyncio.Event()
        self._landed = asyncio.Event()
        self._closing = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._proven: set[int] = set()
        """Campaigns of which something was taken: their message is not what fails."""
        self._in_hand: dict[int, int] = {}
        """The campaign of every message claimed here whose end is not on disk yet."""
        self._spread: dict[int, tuple[int, int]] = {}
        """Of campaigns whose recipients leave little by little: how many there are here, and how many were begun, as of the last claim."""
        self._chats: dict[str, float] = {}
        self._morning = Morning()
        self.sent = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Raises whatever broke one of its three tasks: then it must begin anew."""
        workers = [asyncio.ensure_future(work) for work in (self._launch(), self._recorder.run())]
        try:
            await self._feed(stop, workers)
        finally:
            self._closing.set()
            self._give_back_all()
            self._ready.put_nowait(None)
            self._landed.set()
            launching, recording = workers
            await asyncio.wait({launching})
            await self._drain()
            self._recorder.end()
            await asyncio.wait({recording})
            with suppress(Exception):  # what cannot be written down now either is unknown when its lease ends
                await self._recorder.last()
            await self._holding.let_go()
        for worker in workers:
            worker.result()

    async def _drain(self) -> None:
        """What is under way may end. What does not is unknown."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._office.patience.drain.total_seconds())
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # ── Claiming ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _feed(self, stop: asyncio.Event, workers: list["asyncio.Task[None]"]) -> None:
        look_at = 0.0
        loop = asyncio.get_running_loop()
        while not stop.is_set() and not any(worker.done() for worker in workers):
            try:
                if loop.time() >= look_at:
                    await self._holding.look()
                    self._spread.clear()
                    look_at = loop.time() + self._office.patience.look.total_seconds()
                if self._holding.may_send:
                    await self._claim_some()
                elif not self._ready.empty():
                    self._give_back_all()
            except Unavailable as away:
                log.warning("outbox.database_away", account=self.account, reason=str(away))
                look_at = loop.time() + A_MOMENT
            self._hungry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._office.patience.look.total_seconds() / 2):
                    await _either(self._hungry, stop)

    @property
    def _room(self) -> int:
        ahead = max(self._trust.allowed, min(MOST_AHEAD, round(self._window.limit * AHEAD)))
        room = ahead - self._ready.qsize() - len(self._under_way)
        # Little by little would be a transaction for each.
        return room if room >= ahead / 2 or self._ready.empty() else 0

    async def _claim_some(self) -> None:
        office = self._office
        morning, looked = await self._held_over_night(), office.now()
        for standing in list(self._holding.campaigns.values()):
            room, now = self._room, office.now()
            campaign = standing.campaign
            if room <= 0:
                return
            if now < campaign.not_before or not (campaign.is_urgent or is_awake(now)):
                continue
            if standing.id not in self._proven:
                # Until one was taken: what failed and is not on disk yet has not stopped the campaign either.
                room = min(room, POISON - sum(of == standing.id for of in self._in_hand.values()))
            if standing.id in morning:
                # At one moment for all: what comes free while the oldest are claimed is theirs as well.
                room = min(room, self._morning.lets(morning[standing.id], looked))
            if room <= 0 or self._is_nobodys_turn(standing, now):
                continue
            async with office.db.transaction() as tx:
                some = min(room, await self._due(tx.outbox, standing, now))
                claimed = await tx.outbox.claim(
                    standing.id,
                    self.account,
                    office.owner,
                    now=now,
                    until=now + office.patience.row,
                    some=some,
                    cap=office.cap_of(campaign),
                    by_topic=bool(campaign.audience.topics),
                    about=campaign,
                )
            if standing.id in morning:
                self._morning.began(len(claimed))
            if standing.id in self._spread:
                here, begun = self._spread[standing.id]
                self._spread[standing.id] = here, begun + len(claimed)
            for place, each in enumerate(claimed, start=1):
                self._in_hand[each.id] = standing.id
                await self._prepare(each, standing)
                if place % AT_A_STRETCH == 0:
                    await asyncio.sleep(0)

    async def _held_over_night(self) -> dict[int, int]:
        """While the morning lasts: campaigns that could have left before it, each with how many of all of them wait on this account."""
        now = self._office.now()
        woke = woke_at(now)
        campaigns = held(self._holding.campaigns.values(), woke) if woke is not None else []
        waiting = 0
        if campaigns:
            async with self._office.db.reading() as tx:
                for each in campaigns:
                    counts = await tx.outbox.counts_by_account(each.id)
                    waiting += counts.get((self.account, DeliveryState.PENDING), 0)
        return dict.fromkeys((each.id for each in campaigns), waiting)

    async def _due(self, box: outbox.Outbox, standing: Standing, now: datetime) -> int:
        """How many of a campaign may be begun now: all, or what its even spreading allows."""
        counts = await box.counts_by_account(standing.id)
        mine = {state: number for (account, state), number in counts.items() if account == self.account}
        if any(number for (_, state), number in counts.items() if state is DeliveryState.SENT):
            self._proven.add(standing.id)
        total, waiting = sum(mine.values()), mine.get(DeliveryState.PENDING, 0)
        begun = total - waiting
        if standing.campaign.over and standing.is_written_down:
            self._spread[standing.id] = total, begun
        return max(0, min(waiting, _may_have_begun(standing, total, now) - begun))

    def _is_nobodys_turn(self, standing: Standing, now: datetime) -> bool:
        """Whether that is known without asking the database: between two turns of an even spreading there is nothing to write."""
        if standing.id not in self._spread:
            return False
        total, begun = self._spread[standing.id]
        return _may_have_begun(standing, total, now) <= begun

    async def _prepare(self, claimed: Claimed, standing: Standing) -> None:
        try:
            found = await prepared(self._office, self.account, claimed, standing.campaign)
        except NoWords as trouble:
            self._settles(claimed, DeliveryState.CLAIMED, DeliveryState.PENDING)
            return await self._stop_campaign(standing.id, str(trouble))
        except Unavailable:
            # What must be known of them cannot be read now: it waits where it can be claimed again.
            return self._settles(claimed, DeliveryState.CLAIMED, DeliveryState.PENDING)
        if isinstance(found, Ready):
            self._ready.put_nowait(found)
        elif isinstance(found, Wait):
            self._recorder.add(
                outbox.Outcome(claimed.id, DeliveryState.CLAIMED, DeliveryState.PENDING, until=found.until)
            )
        elif isinstance(found, Elsewhere):
            moves = self.account, found.account
            self._recorder.add(
                outbox.Outcome(claimed.id, DeliveryState.CLAIMED, DeliveryState.PENDING, moves=moves)
            )
        else:
            self._settles(claimed, DeliveryState.CLAIMED, *found)
        return None

    async def _stop_campaign(self, id: int, why: str) -> None:
        self._holding.campaigns.pop(id, None)
        async with self._office.db.transaction() as tx:
            await tx.outbox.pause(id, why)

    def _give_back_all(self) -> None:
        """What is in hand and may not leave now waits where others can claim it."""
        while not self._ready.empty():
            each = self._ready.get_nowait()
            if each is not None:
                self._settles(each.claimed, DeliveryState.CLAIMED, DeliveryState.PENDING)

    # ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _launch(self) -> None:
        while (first := await self._ready.get()) is not None:
            place = await self._place_for_one()
            if place is None:
                self._settles(first.claimed, DeliveryState.CLAIMED, DeliveryState.PENDING)
                continue
            batch = [(first, place)]
            while len(self._under_way) + len(batch) < self._trust.allowed and not self._ready.empty():
                further = self._window.at_once(Priority.BULK)
                if further is None:
                    break
                each = self._ready.get_nowait()
                if each is None:
                    further.give_back()
                    self._ready.put_nowait(None)
                    break
                batch.append((each, further))
            if self._room:
                self._hungry.set()
            await self._let_leave(self._in_time(batch))

    async def _place_for_one(self) -> Place | None:
        """None where nothing may leave any more."""
        while len(self._under_way) >= self._trust.allowed and not self._closing.is_set():
            self._landed.clear()
            await self._landed.wait()
        if not self._holding.may_send or self._closing.is_set():
            return None
        at_once = self._window.at_once(Priority.BULK)
        return at_once or await unless(self._closing, self._window.place(Priority.BULK))

    def _in_time(self, batch: list[tuple[Ready, Place]]) -> list[tuple[Ready, Place]]:
        """Without those whose time it is not, or no longer is."""
        now = asyncio.get_running_loop().time()
        is_day = is_awake(self._office.now())
        good = []
        for each, place in batch:
            chat = each.claimed.contact
            if not (is_day or each.campaign.is_urgent):
                place.give_back()
                self._settles(each.claimed, DeliveryState.CLAIMED, DeliveryState.PENDING)
            elif now - self._chats.get(chat, -TOO_SOON) < TOO_SOON:
                place.give_back()
                asyncio.get_running_loop().call_later(TOO_SOON, self._ready.put_nowait, each)
            else:
                self._chats[chat] = now
                good.append((each, place))
        if len(self._chats) > MANY_CHATS:
            self._chats = {chat: at for chat, at in self._chats.items() if now - at < TOO_SOON}
        return good

    async def _let_leave(self, batch: list[tuple[Ready, Place]]) -> None:
        """On disk first: from here on each of them may have arrived."""
        if not batch:
            return
        office = self._office
        # Asked before the database is: whoever takes over while we wait for it moves both, and is no backup.
        known = office.epochs.known(self.account)
        try:
            async with office.db.transaction() as tx:
                leaving = await tx.outbox.sending(
                    self.account, office.owner, [each.claimed.id for each, _ in batch], now=office.now()
                )
                unpaid: dict[int, outbox.Outcome] = {}
                if office.beyond is not None:
                    paying = [each for each, _ in batch if each.claimed.id in leaving.ids]
                    unpaid = await office.beyond.take(tx, self.account, paying)
            # A backup may have been put in its place while we hold the account.
            is_restored = await self._holding.is_restored(leaving.epoch - 1, known)
            if not is_restored:
                await office.epochs.write(self.account, leaving.epoch)
        except (Unavailable, LeaseLost) as trouble:
            if isinstance(trouble, LeaseLost):
                self._holding.lost()
            for each, place in batch:
                place.give_back()
                self._settles(each.claimed, DeliveryState.CLAIMED, DeliveryState.PENDING)
            return
        stayed: list[Ready] = []
        for each, place in batch:
            if is_restored:
                place.give_back()
                was = DeliveryState.SENDING if each.claimed.id in leaving.ids else DeliveryState.CLAIMED
                self._settles(each.claimed, was, DeliveryState.PENDING)
            elif each.claimed.id not in leaving.ids:
                place.give_back()
                stayed.append(each)
            elif each.claimed.id in unpaid:
                # Others were quicker with the last one of what was agreed to, or of the day.
                place.give_back()
                self._recorder.add(unpaid[each.claimed.id])
            elif office.has_left(each.claimed.fingerprint or b""):
                # In the very moment between claiming and sending: nothing has left, so it can still be kept here.
                place.give_back()
                self._settles(each.claimed, DeliveryState.SENDING, DeliveryState.CANCELLED, Why.LEFT)
            else:
                task = asyncio.ensure_future(self._send(each, place))
                self._under_way.add(task)
                task.add_done_callback(self._lands)
        if stayed:
            await self._stay(stayed)

    async def _stay(self, stayed: list[Ready]) -> None:
        """Why they were not let through: the contact is gone, the campaign stopped, or they are in other hands."""
        ids = {each.claimed.id: each.claimed for each in stayed}
        held: list[tuple[int, bool, CampaignState]] = []
        with suppress(Unavailable):
            async with self._office.db.reading() as tx:
                held = await tx.outbox.held(self._office.owner, list(ids))
        for id, is_there, _ in held:
            claimed = ids.pop(id)
            fate = (DeliveryState.PENDING, "") if is_there else (DeliveryState.CANCELLED, Why.LEFT)
            self._settles(claimed, DeliveryState.CLAIMED, *fate)
        for lost in ids.values():
            self._in_hand.pop(lost.id, None)

    def _lands(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._landed.set()
        self._hungry.set()

    async def _send(self, ready: Ready, place: Place) -> None:
        outcome: Outcome = Unknown("its sender went")
        try:
            async with asyncio.timeout(self._office.patience.attempt.total_seconds()):
                outcome = await self._attempting.attempt(ready, place)
        except TimeoutError:
            outcome = Unknown("no answer in time")
        except Exception as surprise:
            # One of three places that catch broadly. A channel promises not to raise; if it does, nobody knows how far it came.
            log.error(
                "outbox.surprise",
                account=self.account,
                delivery=None if ready.campaign.is_discreet else ready.claimed.id,
                error=type(surprise).__name__,
            )
            outcome = Unknown(type(surprise).__name__)
        finally:
            place.leave()
            self._chats[ready.claimed.contact] = asyncio.get_running_loop().time()
            self._came_to(ready, outcome)

    # ── What became of it ─────────────────────────────────────────────────────────────────────────────────────

    def _came_to(self, ready: Ready, outcome: Outcome) -> None:
        beyond = self._office.beyond
        if ready.paid is not None and beyond is not None:
            written, says_something = beyond.came_to(self.account, ready, outcome)
            self._recorder.add(written)
            if says_something:
                self._learn(ready, result_of(outcome), outcome)
            return
        self._recorder.add(self._attempting.written(ready, outcome))
        self._learn(ready, result_of(outcome), outcome)

    def _learn(self, ready: Ready, result: Result, outcome: Outcome) -> None:
        """What one outcome says of the account, and of the campaign."""
        if result is Result.SENT:
            self.sent += 1
            self._proven.add(ready.campaign.id)
        if result in (Result.SENT, Result.REJECTED, Result.GONE, Result.WINDOW):
            self._trust.took()
        if ready.campaign.is_discreet and isinstance(outcome, Rejected):
            self._recorder.is_refused(ready.campaign.id, reason_of(outcome))
        if result is Result.GONE and not ready.campaign.is_discreet:
            self._recorder.is_gone(ready.address)
        match outcome:
            case RetryAfter(delay):
                self._window.rest(delay)
                self._rest(delay, "the platform asked for it, or cannot be reached")
            case Misconfigured(reason):
                log.error("outbox.ours_to_mend", account=self.account, reason=reason)
                self._rest(self._office.patience.ours, reason)
            case Unknown(reason):
                pause = self._trust.failed()
                if pause is not None:
                    self._rest(pause, f"several in a row may have arrived or not: {reason}")

    def _rest(self, delay: timedelta, why: str) -> None:
        """The whole account, on disk with the next outcomes: a restart does not forget it."""
        until = self._office.now() + delay
        if self._holding.rest(until):
            self._recorder.pause(until, why)
            log.warning(
                "outbox.rests", account=self.account, seconds=round(delay.total_seconds()), reason=why
            )

    def _settles(self, claimed: Claimed, was: DeliveryState, state: DeliveryState, reason: str = "") -> None:
        self._recorder.add(outbox.Outcome(claimed.id, was, state, str(reason)))

    def _written(self, outcomes: list[outbox.Outcome]) -> None:
        for each in outcomes:
            self._in_hand.pop(each.id, None)
        self._hungry.set()


def _may_have_begun(standing: Standing, total: int, now: datetime) -> int:
    campaign = standing.campaign
    return due_by(total, campaign.not_before, campaign.over, now, at_night=campaign.is_urgent)


async def _either(first: asyncio.Event, second: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(each.wait()) for each in (first, second)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
