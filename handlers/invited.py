"""What comes of an invitation: a tap under it, a number typed after it, “this evening” and “no more”. One tap begins a survey and answers
its first question in the same step. Who was invited is read, for as long as a message is in hand, and never written anywhere near an answer."""

from dataclasses import replace
from datetime import datetime

from handlers.brought import Brought
from handlers.callers import Caller, Outcome
from handlers.conversations import Conversations
from storage.invited import Invitation
from storage.snoozes import Snoozed, Snoozes
from storage.transaction import Tx
from storage.vault import Vault
from surveys import commands, inviting, texts
from surveys.commands import Word
from surveys.conversation import Address
from surveys.entry import Stream
from surveys.evenings import evening_after, moment
from surveys.forms import turns
from surveys.inviting import BEGIN, CONTINUE, LATER, QUIET, TYPED, Tapped
from surveys.lobby import AskLater, AskNoMore, Begin
from surveys.running import Running
from surveys.taps import Message
from surveys.waves import Audience

__all__ = ["Invited"]


class Invited:
    def __init__(
        self, conversations: Conversations, vault: Vault, snoozes: Snoozes | None, brought: Brought
    ) -> None:
        self._conversations = conversations
        self._vault = vault
        self._snoozes = snoozes
        self._brought = brought

    # ── Taps ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def tapped(self, tx: Tx, caller: Caller, tapped: Tapped) -> Outcome:
        """However old the button is: an answer, or the question they are at, or a kind word about why not."""
        running, session = caller.running.get(tapped.wave), caller.sessions.get(tapped.wave)
        if running is None or not running.is_open(caller.now):
            if session is not None and running is not None:
                return self._conversations.closed(caller, session)
            return self._instead(caller, "invite.over")
        if tapped.act == QUIET:
            return self._quiet(caller, running)
        if session is not None:
            return self._conversations.in_session(caller, session, _of_a_session(tapped.act))
        if tapped.unit not in running.units:
            return self._instead(caller, "invite.not_here")
        if tapped.act == LATER:
            return self._later(caller, running)
        return await self._begun(tx, caller, running, tapped)

    async def _begun(self, tx: Tx, caller: Caller, running: Running, tapped: Tapped) -> Outcome:
        language = await self._language(tx, caller)
        agreed = Begin(running.id, tapped.unit, Stream.INVITED)
        turn = self._conversations.begun(caller, language, agreed)
        if tapped.act not in (BEGIN, CONTINUE):
            act = None if tapped.act == TYPED else tapped.act
            # What was said on the way to the first question stood in the invitation.
            occasion = self._conversations.occasion(caller, running.id)
            turn = turns.reply(running.form, turn.session, caller.incoming, occasion, act)
        return Outcome(turn.say, turn.stamp, session=turn.session, leaves_lobby=True, has_ended=turn.ended)

    async def _language(self, tx: Tx, caller: Caller) -> str:
        """What they were written to in, where nothing rests about them that says otherwise."""
        if caller.lobby is not None or caller.sessions:
            return caller.language
        contact = await tx.contacts.by_fingerprint(self._vault.fingerprint(caller.here))
        return contact.language if contact is not None else caller.language

    def _later(self, caller: Caller, running: Running) -> Outcome:
        """Nothing of it is written in the database, and what they type next still answers the invitation."""
        evening = None
        if self._snoozes is not None:
            evening = evening_after(caller.now, caller.here.account, running.closes_at)
        if evening is None:
            return Outcome((_said(caller, "evening.not_here", running),))
        when = moment(caller.language, evening)
        said = Message(texts.say(caller.language, "evening.kept", when=when))
        return Outcome((said,), effect=AskLater(running.id, evening))

    def _quiet(self, caller: Caller, running: Running) -> Outcome:
        return Outcome((_said(caller, "quiet.kept", running),), effect=AskNoMore(running.id))

    def _instead(self, caller: Caller, key: str) -> Outcome:
        """Kind words, and where they are, once more."""
        outcome = self._conversations.again(caller)
        return replace(outcome, say=(Message(texts.say(caller.language, key)), *outcome.say))

    # ── What they type ────────────────────────────────────────────────────────────────────────────────────────

    async def typed(self, tx: Tx, caller: Caller) -> Outcome | None:
        """What they typed, where an invitation was the last thing they had from us; None where it is for something else. An invitation
        that was not brought to this very address is none, and nobody gets one by typing."""
        if caller.is_answering or not caller.may_be_invited or not caller.incoming.text:
            return None
        meant = {wave.slug: act for wave in caller.running.values() if (act := self._meant(caller, wave))}
        if not meant:
            return None
        invited = await self._last(tx, caller)
        if invited is None or invited.wave not in meant or invited.unit is None:
            return None
        wave = next(each for each in caller.running.values() if each.slug == invited.wave)
        return await self.tapped(tx, caller, Tapped(wave.id, invited.unit, meant[invited.wave]))

    async def is_meant(self, tx: Tx, caller: Caller) -> bool:
        """Whether what they type now would answer an invitation."""
        return caller.may_be_invited and await self._last(tx, caller) is not None

    def _meant(self, caller: Caller, wave: Running) -> str | None:
        """What the words would mean under an invitation to this wave."""
        if not _may_be_invited(caller, wave):
            return None
        command = commands.read(caller.incoming.text)
        if command is not None:
            return LATER if command.word is Word.LATER else None
        return inviting.act_typed(caller.language, wave, caller.incoming.text)

    async def _last(self, tx: Tx, caller: Caller) -> Invitation | None:
        """The invitation that came to this address after anything else they could choose from, perhaps once more."""
        waves = {wave.slug: wave for wave in caller.running.values() if _may_be_invited(caller, wave)}
        came = [
            each._replace(since=self._since(caller, each, waves[each.wave]))
            for each in await self._brought.to(tx, caller.here, caller.incoming.sender)
            if each.is_shown
            and each.wave in waves
            and each.unit in waves[each.wave].units
            and not self._only_looks_so(caller, each, waves[each.wave])
        ]
        last = max(came, key=lambda each: each.since, default=None)
        return last if last is not None and caller.heard < last.since.timestamp() else None

    def _only_looks_so(self, caller: Caller, invited: Invitation, wave: Running) -> bool:
        """Whether this may be a reminder that was not sent. Its row must not tell; so what else is known of its person is asked, and in
        doubt it did not come."""
        if not invited.is_reminder:
            return False
        wishes = (self._wish(each, wave) for each in (caller.here, caller.incoming.sender))
        return wave.id in caller.gone or any(
            wish is not None and wish.may_have_spared(invited.since) for wish in wishes
        )

    def _since(self, caller: Caller, invited: Invitation, wave: Running) -> datetime:
        """It came once more, where they had asked for that."""
        wish = self._wish(caller.here, wave)
        told = wish.told_at if wish is not None else None
        return invited.since if told is None else max(invited.since, told)

    def _wish(self, address: Address, wave: Running) -> Snoozed | None:
        if self._snoozes is None:
            return None
        return self._snoozes.of(self._vault.fingerprint(address), wave.id)

    # ── Whoever comes another way ─────────────────────────────────────────────────────────────────────────────

    async def stream_of(self, tx: Tx, caller: Caller, agreed: Begin, others: frozenset[bytes]) -> Stream:
        """Who was invited for this ward counts as that, by whichever door they come in."""
        if agreed.stream is not Stream.OPEN or caller.running[agreed.wave].audience == Audience.VISITS:
            return agreed.stream
        slug = caller.running[agreed.wave].slug
        own = {self._vault.fingerprint(each) for each in (caller.here, caller.incoming.sender)}
        for fingerprint in sorted(own | others):
            for each in await tx.invitations.of(fingerprint):
                if (each.wave, each.unit) == (slug, agreed.unit):
                    return Stream.INVITED
        return agreed.stream


def _of_a_session(act: str) -> str | None:
    """The act as somebody means it who has begun already."""
    if act == TYPED:
        return None
    return "continue" if act == BEGIN else act


def _may_be_invited(caller: Caller, wave: Running) -> bool:
    return wave.is_open(caller.now) and wave.audience != Audience.VISITS and wave.id not in caller.sessions


def _said(caller: Caller, key: str, running: Running) -> Message:
    return Message(texts.say(caller.language, key, closes=texts.day(caller.language, running.closes_on)))
