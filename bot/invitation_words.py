"""Invitations to surveys and their reminders, as the sender asks for words. It decides who hears what from what it is told of them in that
moment, and remembers nothing of anybody."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.sending.attempts import Recipient, Silent, Skip
from handlers.answered import Answered, Seen
from handlers.running_waves import RunningWaves
from storage.database import Database
from storage.snoozes import Snoozes
from storage.vault import Vault
from surveys import inviting, taps
from surveys.conversation import Option, Say
from surveys.delivery import REST, Campaign
from surveys.reminding import REMIND, Reminder, reminder, wave_of
from surveys.running import Running
from surveys.taps import Message
from surveys.units import Unit

__all__ = ["OVER", "InvitationComposer"]

OVER = "the wave is over"
KEPT = 256  # different words at a time: languages, wards, a handful of waves


class InvitationComposer:
    """For campaigns of both kinds: who invites, and who reminds."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        waves: RunningWaves,
        answered: Answered,
        snoozes: Snoozes,
        now: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._vault = vault
        self._waves = waves
        self._answered = answered
        self._snoozes = snoozes
        self._now = now
        self._invited: dict[int, Mapping[str, int]] = {}
        self._made: dict[tuple[object, ...], Message] = {}

    async def compose(self, campaign: Campaign, recipient: Recipient, /) -> Say | Skip | Silent:
        assert recipient.address is not None, "who is written to of a survey has an address"
        slug, number = wave_of(campaign.kind, campaign.subject)
        now = self._now()
        # As they would see it themselves: to an officer, nothing is open in the ward they serve in.
        open_to = await self._waves.open_to(recipient.fingerprint, recipient.address.account)
        wave = next((each for each in open_to if each.slug == slug), None)
        if wave is None or not wave.is_open(now):
            return Skip(OVER)
        unit = self._unit(recipient)
        if unit is None or unit.code not in wave.units:
            return Skip()
        seen = await self._answered.of(recipient.address, wave, now)
        if campaign.kind != REMIND:
            return self._made_out(self._words(recipient, wave, unit, seen), recipient, seen)
        invited = (await self._invited_to(campaign)).get(unit.code)
        match reminder(seen.progress, invited=invited, k=wave.k):
            case _ if self._wants_none(recipient, seen, wave.id, now):
                return Silent()
            case Reminder.NOTHING:
                return Silent()
            case Reminder.GO_ON:
                said = inviting.half_done(recipient.language, wave, unit, reminder=number)
                # What they are asked is not said, so a number can only be meant for where they stopped.
                return self._made_out(said, recipient, seen)
        return self._made_out(self._words(recipient, wave, unit, seen, number), recipient, seen)

    def _unit(self, recipient: Recipient) -> Unit | None:
        try:
            return self._waves.gazetteer.unit(recipient.unit or "")
        except KeyError:
            return None

    def _wants_none(self, recipient: Recipient, seen: Seen, wave: int, now: datetime) -> bool:
        """They said so, or will be or just were asked at a time they chose: of which their row must not tell either."""
        theirs = {recipient.fingerprint, self._vault.fingerprint(seen.person)}
        wishes = [wish for each in theirs if (wish := self._snoozes.of(each, wave)) is not None]
        return any(
            wish.is_quiet
            or wish.waits_until is not None
            or (wish.told_at is not None and now - wish.told_at < REST)
            for wish in wishes
        )

    async def _invited_to(self, campaign: Campaign) -> Mapping[str, int]:
        """Unit → how many were invited there and have not left, by the campaign this one follows: they are all written down long
        before. Who left hides nobody any more."""
        original = campaign.audience.of
        assert original is not None, "a reminder follows an invitation"
        if original not in self._invited:
            async with self._db.reading() as tx:
                self._invited[original] = await tx.outbox.by_unit(original)
        return self._invited[original]

    def _words(self, recipient: Recipient, wave: Running, unit: Unit, seen: Seen, number: int = 0) -> Message:
        with_numbers = not seen.is_answering
        key = wave.id, unit.code, recipient.language, recipient.is_again, number, with_numbers
        if key not in self._made:
            if len(self._made) >= KEPT:
                self._made.clear()
            self._made[key] = inviting.invitation(
                recipient.language,
                wave,
                unit,
                is_again=recipient.is_again,
                reminder=number,
                with_numbers=with_numbers,
            )
        return self._made[key]

    def _made_out(self, message: Message, recipient: Recipient, seen: Seen) -> Say:
        key = self._vault.tap_key
        options = tuple(
            Option(offer.label, taps.mint(offer.act, key, recipient.fingerprint), offer.number)
            for offer in message.offers
        )
        return Say(message.text, options, message.file, is_aside=seen.is_answering)
