"""Takes one message of a resident: the whole use case, in one unit of work. It knows no platform, and logs no one.

Ciphertext is opened, a pure function decides, ciphertext is saved. One read and one write for an answer; the address lives in
memory while its message is handled, and no row says who it was. What a message can lead to has rooms of its own: conversations,
invitations, what they follow, what they ask, two addresses that are one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from handlers.brought import Brought
from handlers.callers import Caller, Outcome
from handlers.conversations import Conversations, ResidentsSettings, made_out
from handlers.enquiries import Enquiries
from handlers.following import Following
from handlers.invited import Invited
from handlers.linking import Linking
from handlers.resting import WITHDRAWN, Resting
from handlers.running_waves import RunningWaves
from handlers.subscribers import Subscribers
from handlers.tokens import Gate
from storage.arrivals import Arrivals
from storage.database import Database
from storage.links import Links
from storage.seen import SeenNotices
from storage.snoozes import Snoozes
from storage.transaction import Tx
from storage.vault import Vault
from surveys import commands, emergency, inviting, marks, taps, texts
from surveys.commands import Command, Word
from surveys.conversation import Address, Incoming, Reply, Say
from surveys.entry import Entry, Stream
from surveys.forms.session import Session
from surveys.lobby import (
    AskLater,
    AskNoMore,
    Begin,
    Enrol,
    Export,
    SeeNews,
    SeeResults,
    SeeSubscriptions,
    Unfollow,
    Unsubscribe,
    Verify,
    Withdraw,
)
from surveys.running import Running, local
from surveys.taps import Message
from surveys.tokens import Trouble
from surveys.told_notices import ToldNotice
from surveys.windows import keeps_hours

__all__ = ["Notices", "Residents", "ResidentsSettings", "no_notices", "none_is_real"]


Notices = Callable[[Sequence[str], str, datetime], Awaitable[Sequence[ToldNotice]]]
"""Those that may be read now of some units, in a language. Asked outside of every transaction of a resident's."""


Verified = Callable[[str, str], Awaitable[str]]
"""What is told of a notice's code, in a language: whether it is real. Asked outside as well."""


async def no_notices(units: Sequence[str], language: str, now: datetime) -> Sequence[ToldNotice]:
    return ()


async def none_is_real(code: str, language: str) -> str:
    return texts.say(language, "verify.unknown")


class Residents:
    def __init__(
        self,
        db: Database,
        vault: Vault,
        arrivals: Arrivals,
        settings: ResidentsSettings,
        *,
        now: Callable[[], datetime],
        links: Links | None = None,
        notices: Notices = no_notices,
        verified: Verified = none_is_real,
        seen: SeenNotices | None = None,
        snoozes: Snoozes | None = None,
    ) -> None:
        """Without `links` every address is a person of its own; without `snoozes` nobody is asked again in the evening."""
        self._db = db
        self._vault = vault
        self._arrivals = arrivals
        self._now = now
        self._links = links
        self._notices = notices
        self._verified = verified
        self._seen = seen
        self._snoozes = snoozes
        self._gate = Gate(vault)
        self._subscribers = Subscribers(arrivals, vault)
        self._waves = RunningWaves(db, vault, settings.grace)
        self._resting = Resting(vault, self._waves.forget)
        self._conversations = Conversations(self._waves, settings, may_remind=snoozes is not None)
        self._invited = Invited(self._conversations, vault, snoozes, Brought(vault, links))
        self._following = Following(
            self._subscribers, self._conversations, self._waves, links, snoozes, vault
        )
        self._enquiries = Enquiries(self._conversations, self._following, vault, snoozes)
        self._linking = Linking(links, vault, arrivals, self._resting) if links is not None else None

    async def refresh(self) -> None:
        """Sees at once what has just changed in units, forms or waves; otherwise it is seen within seconds."""
        await self._waves.refresh()

    async def receive(self, incoming: Incoming) -> Reply:
        """Answers one message. When this returns, its effect is on disk. Raises Unavailable when it is not."""
        answer = await self._answered(incoming)
        if isinstance(answer, SeeNews):
            # Nothing was written, and no transaction of theirs is open while notices are read.
            notices = await self._notices(answer.units, answer.language, self._now())
            answer = await self._answered(incoming, notices)
        if isinstance(answer, Verify):
            return Reply((Say(await self._verified(answer.code, answer.language)),))
        assert isinstance(answer, Reply), "notices are asked for once"
        return answer

    async def _answered(
        self, incoming: Incoming, notices: Sequence[ToldNotice] | None = None
    ) -> Reply | SeeNews | Verify:
        """SeeNews, Verify: nothing was done, and this is what must be known first."""
        now, here = self._now(), incoming.sender
        # Asked for everybody alike: an officer's own ward is not among those that are open to them.
        fingerprint = self._vault.fingerprint(here)
        waves = await self._waves.open_to(fingerprint, here.account)
        if keeps_hours(here.account, now):
            self._arrivals.heard(fingerprint, now)
        async with self._db.transaction() as tx:
            first = here if self._links is None else await self._links.first(tx, here)
            if first != here:
                waves = await self._open_to_both(here, first)
                # Two platforms may give two messages the same key.
                incoming = replace(
                    incoming, sender=first, key=incoming.key and f"{here.account}/{incoming.key}"
                )
            running = {wave.id: wave for wave in waves}
            person = first.person
            lobby = self._vault.lobby(person)
            nullifiers = self._resting.nullifiers(person, running)
            await tx.alone_with(lobby)
            rests = await tx.people.at(lobby, tuple(nullifiers.values()))
            sessions = self._resting.sessions(rests)
            waiting = self._resting.lobby(lobby, rests)
            mark = self._vault.lobby_mark(incoming.key)
            gone = frozenset(wave for wave, _ in rests.sessions.values()) - sessions.keys()
            caller = Caller(incoming, here, now, mark, running, nullifiers, waiting, sessions, gone, notices)
            outcome = await self._decided(tx, caller)
            if isinstance(outcome.effect, SeeNews | Verify):
                return outcome.effect
            outcome = await self._carried_out(tx, caller, outcome)
            await self._kept(tx, caller, lobby, outcome)
        if outcome.joins is not None and self._links is not None:
            # Only now: had it failed, their answers would lie where nobody reaches them.
            await self._links.join(here, outcome.joins)
        return Reply(
            tuple(made_out(each, self._vault.tap_key, person) for each in outcome.say), outcome.stamp
        )

    async def _open_to_both(self, here: Address, first: Address) -> tuple[Running, ...]:
        """Wherever either of a person's accounts serves, and neither of their addresses is an officer's who serves there."""
        accounts = here.account, first.account
        waves, others = [
            await self._waves.open_to(self._vault.fingerprint(each), *accounts) for each in (here, first)
        ]
        theirs = {wave.id: wave.units for wave in others}
        return tuple(replace(wave, units=wave.units & theirs.get(wave.id, frozenset())) for wave in waves)

    async def forget(self, address: Address) -> None:
        """Deletes all that is held of a person, without a conversation: what they answered in every wave that is not sealed, where
        they were, and their consent to notices. Raises Unavailable when it is not done."""
        # The consent and the link lie beside the keys until they go in bulk: no row that names somebody is touched here.
        await self._arrivals.leave(address)
        # Not what is open to them: an officer's own ward, too.
        running = {wave.id: wave for wave in await self._waves.now()}
        async with self._db.transaction() as tx:
            first = address if self._links is None else await self._links.first(tx, address)
            others = frozenset() if self._links is None else await self._links.others(tx, first)
            lobby = self._vault.lobby(first.person)
            nullifiers = self._resting.nullifiers(first.person, running)
            await tx.alone_with(lobby)
            rests = await tx.people.at(lobby, tuple(nullifiers.values()))
            for nullifier, (wave, _) in rests.sessions.items():
                await tx.sessions.save(nullifier, wave, self._vault.seal_body(wave, nullifier, WITHDRAWN))
            if rests.lobby is not None:
                await tx.lobbies.delete(lobby)
        await self._subscribers.leave(address, first, others)
        if self._snoozes is not None:
            await self._snoozes.forget(
                {self._vault.fingerprint(address), self._vault.fingerprint(first), *others}
            )
        if self._links is not None:
            # Last: until their answers are gone, it is the link that leads to them.
            await self._links.forget(address)
            if first != address:
                await self._links.forget(first)

    # ── Keeping ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _kept(self, tx: Tx, caller: Caller, lobby: bytes, outcome: Outcome) -> None:
        if outcome.session is not None:
            session = self._marked(caller, outcome.session)
            nullifier = caller.nullifiers[session.wave]
            body = self._vault.seal_body(session.wave, nullifier, session.to_json())
            await tx.sessions.save(nullifier, session.wave, body)
        if outcome.lobby is not None:
            seen = marks.with_mark(outcome.lobby.seen, caller.mark)
            waiting = replace(outcome.lobby, seen=seen, heard=int(caller.now.timestamp()))
            sealed = self._vault.seal_lobby(lobby, waiting.to_json())
            await tx.lobbies.save(lobby, sealed, local(caller.now).date())
        elif outcome.leaves_lobby and caller.lobby is not None:
            await tx.lobbies.delete(lobby)

    def _marked(self, caller: Caller, session: Session) -> Session:
        """The session with this message among those it has had, and as the one its person is in."""
        seen = session.seen if caller.lobby is None else marks.joined(session.seen, caller.lobby.seen)
        others = (each.turn for wave, each in caller.sessions.items() if wave != session.wave)
        turn = max(session.turn, 1 + max(others, default=0))
        known = caller.sessions.get(session.wave)
        if known is not None and known.answers != session.answers:
            session = session.timed(caller.now.timestamp())
        heard = int(caller.now.timestamp())
        return replace(session, seen=marks.with_mark(seen, caller.mark), turn=turn, heard=heard)

    # ── Who answers ───────────────────────────────────────────────────────────────────────────────────────────

    async def _decided(self, tx: Tx, caller: Caller) -> Outcome:
        incoming = caller.incoming
        if caller.has_had_this:
            outcome = self._conversations.again(caller)
        elif incoming.start is not None:
            outcome = await self._arrived(tx, caller, incoming.start)
        elif incoming.tap is not None:
            outcome = await self._tapped(tx, caller, incoming.tap)
        else:
            outcome = await self._told(tx, caller, incoming.text)
        return await self._with_the_hour(tx, caller, outcome)

    async def _with_the_hour(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        """Whoever is shown choices after an invitation has come: that they were is kept, though nothing else has changed. What they type
        next is for these choices, not for the invitation."""
        is_kept = outcome.session is not None or outcome.lobby is not None or outcome.leaves_lobby
        if is_kept or not any(each.offers for each in outcome.say):
            return outcome
        if not await self._invited.is_meant(tx, caller):
            return outcome
        if caller.lobby is not None:
            return replace(outcome, lobby=caller.lobby)
        return replace(outcome, session=caller.latest)

    async def _told(self, tx: Tx, caller: Caller, text: str) -> Outcome:
        command = commands.read(text)
        if command is not None and (outcome := await self._commanded(tx, caller, command)) is not None:
            return outcome
        if (outcome := await self._invited.typed(tx, caller)) is not None:
            return outcome
        if caller.lobby is not None:
            return self._conversations.in_lobby(caller, lambda reception: reception.tells(text))
        latest = caller.latest
        if latest is not None and (caller.is_open(latest) or not _is_for_the_lobby(text)):
            return self._conversations.in_session(caller, latest)
        return self._conversations.in_lobby(caller, lambda reception: reception.begins(text))

    async def _commanded(self, tx: Tx, caller: Caller, command: Command) -> Outcome | None:
        """What works wherever they are; None for a word whose meaning depends on that."""
        match command.word:
            case Word.CHECK:
                return await self._enquiries.checked(tx, caller, command.argument)
            case Word.VERIFY:
                return self._asks_whether_real(caller, command.argument)
            case Word.SEEN:
                return self._saw(caller, command.argument)
            case Word.RESULTS:
                return await self._enquiries.results(tx, caller)
            case Word.LINK if self._linking is not None:
                return await self._linking.linked(tx, caller, command.argument)
            case Word.LINK:
                return self._conversations.again(caller)
            case Word.UNLINK if self._linking is not None:
                return await self._linking.parted(caller)
            case Word.UNLINK:
                return Outcome((Message(texts.say(caller.language, "link.none")),))
            case Word.START:
                return await self._arrived(tx, caller, command.argument)
        return None

    async def _arrived(self, tx: Tx, caller: Caller, payload: str) -> Outcome:
        came_by, trouble = await self._gate.entry(tx, payload, caller.running.values(), caller.now)
        if trouble is not None and not self._has_begun(caller, came_by):
            return self._turned_to_the_open(caller, came_by, trouble)
        latest = caller.latest
        if came_by == Entry() and caller.lobby is None and latest is not None and caller.is_open(latest):
            return self._conversations.in_session(caller, latest, "continue")
        return self._conversations.in_lobby(caller, lambda reception: reception.arrives(came_by))

    def _has_begun(self, caller: Caller, came_by: Entry) -> bool:
        """Whether they come back by what they came by before: then it is theirs, spent or not."""
        return any(caller.running[wave].slug == came_by.wave for wave in caller.sessions)

    def _turned_to_the_open(self, caller: Caller, came_by: Entry, trouble: Trouble) -> Outcome:
        """Kind words about the token, and the open stream."""
        outcome = self._conversations.in_lobby(caller, lambda reception: reception.arrives(came_by))
        words = Message(texts.say(caller.language, trouble))
        return replace(outcome, say=(words, *outcome.say))

    async def _tapped(self, tx: Tx, caller: Caller, token: str) -> Outcome:
        act = self._act_of(caller, token)
        invited = inviting.read(act) if act else None
        if invited is not None:
            return await self._invited.tapped(tx, caller, invited)
        match act.split(".", 2) if act else ():
            case ["s", wave, rest]:
                session = caller.sessions.get(int(wave))
                if session is not None:
                    return self._conversations.in_session(caller, session, rest)
            case ["l", "seen", code]:
                return self._saw(caller, code)
            case ["l", *rest]:
                return self._conversations.in_lobby(caller, lambda reception: reception.acts(".".join(rest)))
        return self._conversations.again(caller)

    def _act_of(self, caller: Caller, token: str) -> str | None:
        """What we wrote on a button of theirs. Under what was sent to them unasked, it is made out to the address or the contact they are,
        whoever that stands for."""
        key = self._vault.tap_key
        theirs = (caller.incoming.sender.person, caller.here.person, self._vault.fingerprint(caller.here))
        return next((act for each in theirs if (act := taps.read(token, key, each)) is not None), None)

    # ── What goes beyond the conversation ─────────────────────────────────────────────────────────────────────

    async def _carried_out(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        if outcome.session is not None and outcome.spends is not None:
            begun = outcome.session
            if not await self._gate.spend(tx, begun.wave, outcome.spends):
                # Somebody else agreed with the same token a moment ago.
                open_to_all = Entry(begun.unit, Stream.OPEN, caller.running[begun.wave].slug)
                return self._turned_to_the_open(caller, open_to_all, Trouble.SPENT)
        if outcome.has_ended:
            outcome = await self._following.thanked(tx, caller, outcome)
        match outcome.effect:
            case Begin() as agreed if outcome.session is not None:
                others = await self._following.others(tx, caller)
                stream = await self._invited.stream_of(tx, caller, agreed, others)
                return replace(outcome, session=replace(outcome.session, stream=stream))
            case Withdraw(waves):
                for wave in waves:
                    await self._withdrawn(tx, caller, wave)
            case Enrol() as agreed:
                # Never a row beside the answers: the journal reaches the database in bulk and in no order.
                return await self._following.enrols(tx, caller, outcome, agreed)
            case Unfollow() as left:
                await self._following.unfollows(tx, caller, left)
            case SeeSubscriptions() as asked:
                return await self._following.shows(tx, caller, outcome, asked)
            case AskLater() as wish:
                await self._following.asks_later(caller, wish)
            case AskNoMore() as wish:
                await self._following.asks_no_more(tx, caller, wish)
            case Unsubscribe():
                await self._following.leaves(tx, caller)
            case Export():
                return await self._enquiries.exported(tx, caller, outcome)
            case SeeResults():
                told = await self._enquiries.results(tx, caller)
                return replace(outcome, say=told.say)
        return outcome

    async def _withdrawn(self, tx: Tx, caller: Caller, wave: int) -> None:
        """Nothing is left but that somebody withdrew: as large as a session just begun, and as unreadable. Sealing counts it."""
        nullifier = caller.nullifiers[wave]
        await tx.sessions.save(nullifier, wave, self._vault.seal_body(wave, nullifier, WITHDRAWN))

    # ── Notices ───────────────────────────────────────────────────────────────────────────────────────────────

    def _asks_whether_real(self, caller: Caller, code: str) -> Outcome:
        """A notice somebody passed on. It writes nothing, and where they are they stay."""
        if not code:
            return Outcome((Message(texts.say(caller.language, "verify.which")),))
        return Outcome(effect=Verify(code, caller.language))

    def _saw(self, caller: Caller, code: str) -> Outcome:
        """“Đã xem” under a notice. It is kept in memory: no row is touched here, and where they are they stay."""
        if self._seen is not None:
            self._seen.saw(code, self._vault.fingerprint(caller.here))
        return Outcome((Message(texts.say(caller.language, "seen.thanks", code=code)),))


def _is_for_the_lobby(text: str) -> bool:
    """What must not be met with “this survey has ended”: a cry for help, and a word that works everywhere."""
    return emergency.alarm(text) is not None or commands.read(text) is not None
