"""One account's attempts: how a message that lacks nothing any more gets to its platform, or only seems to, and what is written down of
what came of it. It knows neither turns nor transactions."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom

from bot.channels.contract import Channel, Outcome, Paced, Recalls, Rejected, RetryAfter, Sent
from bot.channels.pacing import Place, Window
from bot.sending.attempts import Ready, reason_of, result_of, spared_until
from bot.sending.office import Office
from storage import outbox
from surveys.delivery import EFFECTS, FINAL, Campaign, DeliveryState, Result, state_after
from surveys.windows import hour

__all__ = ["Attempting"]

AS_BEFORE = 64  # messages, by which what never leaves takes its time
BEFORE_ANY = 0.05, 0.4  # seconds, while none has left yet
DICE = SystemRandom()


class Attempting:
    def __init__(self, account: str, channel: Channel, office: Office, rests: Callable[[], bool]) -> None:
        """`rests`: whether the account is to be quiet at this moment."""
        self._account = account
        self._channel = channel
        self._office = office
        self._rests = rests
        self.window: Window | None = channel.window if isinstance(channel, Paced) else None
        # Asked once: whether a class keeps a protocol takes longer to find out than a message to send.
        self._paced = channel if isinstance(channel, Paced) and self.window is not None else None
        self._recalls = channel if isinstance(channel, Recalls) else None
        self._took: deque[float] = deque(maxlen=AS_BEFORE)
        """Seconds, of the last messages."""

    async def attempt(self, ready: Ready, place: Place) -> Outcome:
        if ready.say is None:
            return await self._as_if()
        if ready.paid is not None and self._office.beyond is not None:
            return await self._office.beyond.send(self._account, ready, ready.paid)
        if ready.campaign.takes_back and self._recalls is not None:
            ids = await self._ids_of(ready)
            if ids:
                outcome = await self._recalls.recall(ready.address, ids, ready.say)
                if not isinstance(outcome, Rejected):
                    return outcome
        begun = asyncio.get_running_loop().time()
        if self._paced is not None:
            outcome = await self._paced.send_in(place, ready.address, ready.say)
        else:
            outcome = await self._channel.send(ready.address, ready.say)
        self._took.append(asyncio.get_running_loop().time() - begun)
        return outcome

    async def _as_if(self) -> Outcome:
        """Nothing leaves; to whoever reads our rows it did. It takes as long as one of the last real ones took, and while those come back
        because the platform wants a pause, it comes back with them."""
        await asyncio.sleep(DICE.choice(self._took) if self._took else DICE.uniform(*BEFORE_ANY))
        return RetryAfter(timedelta(0)) if self._rests() else Sent("")

    async def _ids_of(self, ready: Ready) -> tuple[str, ...]:
        """What is to be taken back, as the platform calls it; nothing where that is not known, or no more."""
        assert ready.campaign.audience.of is not None
        async with self._office.db.reading() as tx:
            kept = await tx.outbox.message_of(ready.campaign.audience.of, ready.claimed.contact)
        if kept is None:
            return ()
        return tuple(self._office.vault.open_message(*kept).split(","))

    # ── What is written down of it ────────────────────────────────────────────────────────────────────────────

    def written(self, ready: Ready, outcome: Outcome) -> outbox.Outcome:
        result, claimed, campaign = result_of(outcome), ready.claimed, ready.campaign
        state = state_after(result, repeats_left=campaign.repeats - claimed.repeated)
        is_again = result is Result.UNKNOWN and state is DeliveryState.PENDING
        is_told = not campaign.is_discreet and (state in FINAL or is_again)
        if campaign.is_discreet and state in FINAL:
            # A failure would tell that there was something to send: who is gone or refuses us is found out by the next message to everybody.
            state = DeliveryState.SENT
        message, purge_at = self._kept(ready, outcome)
        found = outbox.Outcome(
            claimed.id,
            DeliveryState.SENDING,
            state,
            reason_of(outcome) if is_told else "",
            attempts=int(EFFECTS[result].costs_attempt),
            repeated=int(is_again),
            until=self._waits_until(campaign, state, is_again=is_again),
            message=message,
            purge_at=purge_at,
        )
        beyond = self._office.beyond
        return found if beyond is None else beyond.closes(self._account, ready, found)

    def _waits_until(self, campaign: Campaign, state: DeliveryState, *, is_again: bool) -> datetime | None:
        """Before when they hear nothing more of it."""
        now = self._office.now()
        return now + self._office.patience.repeat if is_again else spared_until(campaign, state, now)

    def _kept(self, ready: Ready, outcome: Outcome) -> tuple[bytes | None, datetime | None]:
        """The message's id, encrypted, for as long as the platform lets it be taken back."""
        if self._recalls is None or ready.campaign.audience.of is not None:
            return None, None
        if not isinstance(outcome, Sent) or not outcome.id:
            return None, None
        sealed = self._office.vault.seal_message(ready.claimed.id, ",".join(outcome.ids))
        return sealed, hour(self._office.now()) + self._recalls.recalls_for
