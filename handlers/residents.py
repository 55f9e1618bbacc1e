"""Takes one message of a resident: the whole use case, in one unit of work. It knows no platform, and logs no one.

Ciphertext is opened, a pure function decides, ciphertext is saved. One read and one write for an answer; the address lives in
memory while its message is handled, and no row says who it was."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from handlers.running_waves import RunningWaves
from handlers.subscribers import Subscribers, as_plain
from handlers.tokens import Gate
from storage.arrivals import Arrivals
from storage.database import Database
from storage.links import Links
from storage.people import Person
from storage.seen import SeenNotices
from storage.transaction import Tx
from storage.vault import KeyGone, Tampered, Vault
from surveys import commands, emergency, marks, my_data, taps, texts
from surveys.ballots import RECEIPT_BYTES, new_receipt, read_receipt
from surveys.commands import Word
from surveys.conversation import Address, Incoming, Option, Reply, Say
from surveys.doors import Doors
from surveys.entry import Entry, Stream
from surveys.forms import turns
from surveys.forms.prompts import Occasion
from surveys.forms.session import Session
from surveys.forms.turns import Turn
from surveys.lobby import (
    Begin,
    Effect,
    Enrol,
    Export,
    Lobby,
    Resume,
    SeeNews,
    SeeResults,
    SeeSubscriptions,
    Unfollow,
    Unsubscribe,
    Verify,
    Withdraw,
)
from surveys.lobby_pages import Pages, World
from surveys.notices import Topic
from surveys.reach import Reach
from surveys.reception import Reception, Step
from surveys.releases import ReleasedWard, read_release
from surveys.running import Running, local
from surveys.stuffing import hour_of
from surveys.subscribing import MOST_WARDS
from surveys.taps import Message
from surveys.tokens import Trouble
from surveys.told_notices import ToldNotice
from surveys.told_results import told
from surveys.units import Unit
from surveys.waves import GRACE
from surveys.windows import keeps_hours

__all__ = ["Notices", "Residents", "ResidentsSettings", "no_notices", "none_is_real"]

log = structlog.get_logger()

SEED_BYTES = 6
WITHDRAWN = b""
"""What a session holds once it was withdrawn."""
UNREADABLE = (Tampered, KeyGone, ValueError, KeyError, TypeError)


Notices = Callable[[Sequence[str], str, datetime], Awaitable[Sequence[ToldNotice]]]
"""Those that may be read now of some units, in a language. Asked outside of every transaction of a resident's."""


Verified = Callable[[str, str], Awaitable[str]]
"""What is told of a notice's code, in a language: whether it is real. Asked outside as well."""


async def no_notices(units: Sequence[str], language: str, now: datetime) -> Sequence[ToldNotice]:
    return ()


async def none_is_real(code: str, language: str) -> str:
    return texts.say(language, "verify.unknown")


@dataclass(frozen=True, slots=True)
class ResidentsSettings:
    """What an office sets for its conversations with residents."""

    doors: Doors = field(default_factory=Doors)
    languages: tuple[str, ...] = texts.LANGUAGES
    grace: timedelta = GRACE
    """From closing to sealing: answers are fixed, but can still be withdrawn."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks, for as long as they speak: what rests about them, opened."""

    incoming: Incoming
    """Its sender is the address that this one stands for: itself, mostly."""
    here: Address
    """Where they are writing from."""
    now: datetime
    mark: bytes
    running: Mapping[int, Running]
    nullifiers: Mapping[int, bytes]
    """Wave → nullifier, for every running wave."""
    lobby: Lobby | None
    sessions: Mapping[int, Session]
    notices: Sequence[ToldNotice] | None = None
    """Of their ward, once they were asked for."""

    @property
    def has_had_this(self) -> bool:
        """Whether this very message was answered before."""
        if not self.incoming.key:
            return False
        seen = [each.seen for each in self.sessions.values()]
        if self.lobby is not None:
            seen.append(self.lobby.seen)
        return any(marks.holds(each, self.mark) for each in seen)

    @property
    def latest(self) -> Session | None:
        return max(self.sessions.values(), key=lambda session: session.turn, default=None)

    @property
    def language(self) -> str:
        if self.lobby is not None:
            return self.lobby.language
        if (latest := self.latest) is not None:
            return latest.language
        wish = (self.incoming.language or "")[:2].lower()
        return wish if wish in texts.LANGUAGES else texts.DEFAULT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said, and what is kept. What is None stays as it is."""

    say: tuple[Message, ...] = ()
    stamp: str | None = None
    session: Session | None = None
    lobby: Lobby | None = None
    leaves_lobby: bool = False
    effect: Effect | None = None
    spends: bytes | None = None
    """The hash of the token this session begins by."""
    joins: Address | None = None
    """The address that the one they write from stands for, from now on."""


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
    ) -> None:
        """Without `links` every address is a person of its own."""
        self._notices = notices
        self._verified = verified
        self._seen = seen
        self._subscribers = Subscribers(arrivals, vault)
        self._db = db
        self._links = links
        self._vault = vault
        self._arrivals = arrivals
        self._settings = settings
        self._now = now
        self._waves = RunningWaves(db, vault, settings.grace)
        self._gate = Gate(vault)

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
            nullifiers = self._nullifiers(person, running)
            await tx.alone_with(lobby)
            rests = await tx.people.at(lobby, tuple(nullifiers.values()))
            sessions = self._opened_sessions(rests)
            waiting = self._opened_lobby(lobby, rests)
            mark = self._vault.lobby_mark(incoming.key)
            caller = Caller(incoming, here, now, mark, running, nullifiers, waiting, sessions, notices)
            outcome = await self._decided(tx, caller)
            if isinstance(outcome.effect, SeeNews | Verify):
                return outcome.effect
            outcome = await self._carried_out(tx, caller, outcome)
            await self._kept(tx, caller, lobby, outcome)
        if outcome.joins is not None and self._links is not None:
            # Only now: had it failed, their answers would lie where nobody reaches them.
            await self._links.join(here, outcome.joins)
        return Reply(tuple(self._made_out(each, person) for each in outcome.say), outcome.stamp)

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
            nullifiers = self._nullifiers(first.person, running)
            await tx.alone_with(lobby)
            rests = await tx.people.at(lobby, tuple(nullifiers.values()))
            for nullifier, (wave, _) in rests.sessions.items():
                await tx.sessions.save(nullifier, wave, self._vault.seal_body(wave, nullifier, WITHDRAWN))
            if rests.lobby is not None:
                await tx.lobbies.delete(lobby)
        await self._subscribers.leave(address, first, others)
        if self._links is not None:
            # Last: until their answers are gone, it is the link that leads to them.
            await self._links.forget(address)
            if first != address:
                await self._links.forget(first)

    # ── Opening and keeping ───────────────────────────────────────────────────────────────────────────────────

    def _nullifiers(self, person: bytes, running: Iterable[int]) -> dict[int, bytes]:
        found = {}
        for wave in running:
            try:
                found[wave] = self._vault.nullifier(wave, person)
            except KeyGone:
                # Sealed since we looked: nobody's session is there any more.
                self._waves.forget()
        return found

    def _opened_sessions(self, rests: Person) -> dict[int, Session]:
        """By wave. A withdrawn one is not there; one that cannot be read is as if it were not, for a person must always be
        able to go on."""
        sessions = {}
        for nullifier, (wave, sealed) in rests.sessions.items():
            try:
                opened = self._vault.open_body(wave, nullifier, sealed)
                if opened != WITHDRAWN:
                    sessions[wave] = Session.from_json(opened)
            except UNREADABLE as problem:
                log.error("session.unreadable", wave=wave, reason=type(problem).__name__)
        return sessions

    def _opened_lobby(self, nullifier: bytes, rests: Person) -> Lobby | None:
        if rests.lobby is None:
            return None
        try:
            return Lobby.from_json(self._vault.open_lobby(nullifier, rests.lobby))
        except UNREADABLE as problem:
            log.error("lobby.unreadable", reason=type(problem).__name__)
            return None

    async def _kept(self, tx: Tx, caller: Caller, lobby: bytes, outcome: Outcome) -> None:
        if outcome.session is not None:
            session = self._marked(caller, outcome.session)
            nullifier = caller.nullifiers[session.wave]
            body = self._vault.seal_body(session.wave, nullifier, session.to_json())
            await tx.sessions.save(nullifier, session.wave, body)
        if outcome.lobby is not None:
            waiting = replace(outcome.lobby, seen=marks.with_mark(outcome.lobby.seen, caller.mark))
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
        return replace(session, seen=marks.with_mark(seen, caller.mark), turn=turn)

    def _made_out(self, message: Message, person: bytes) -> Say:
        key = self._vault.tap_key
        options = tuple(
            Option(offer.label, taps.mint(offer.act, key, person), offer.number) for offer in message.offers
        )
        return Say(message.text, options, message.file)

    # ── Who answers ───────────────────────────────────────────────────────────────────────────────────────────

    async def _decided(self, tx: Tx, caller: Caller) -> Outcome:
        incoming = caller.incoming
        if caller.has_had_this:
            return self._again(caller)
        if incoming.start is not None:
            return await self._arrived(tx, caller, incoming.start)
        if incoming.tap is not None:
            return self._tapped(caller, incoming.tap)
        command = commands.read(incoming.text)
        if command is not None and command.word is Word.CHECK:
            return await self._checked(tx, caller, command.argument)
        if command is not None and command.word is Word.VERIFY:
            return self._asks_whether_real(caller, command.argument)
        if command is not None and command.word is Word.SEEN:
            return self._saw(caller, command.argument)
        if command is not None and command.word is Word.RESULTS:
            return await self._results(tx, caller)
        if command is not None and command.word is Word.LINK:
            return await self._linked(tx, caller, command.argument)
        if command is not None and command.word is Word.UNLINK:
            return await self._unlinked(caller)
        if command is not None and command.word is Word.START:
            return await self._arrived(tx, caller, command.argument)
        if caller.lobby is not None:
            return self._in_lobby(caller, lambda reception: reception.tells(incoming.text))
        latest = caller.latest
        if latest is not None and (self._is_open(caller, latest) or not _is_for_the_lobby(incoming.text)):
            return self._in_session(caller, latest)
        return self._in_lobby(caller, lambda reception: reception.begins(incoming.text))

    async def _arrived(self, tx: Tx, caller: Caller, payload: str) -> Outcome:
        came_by, trouble = await self._gate.entry(tx, payload, caller.running.values(), caller.now)
        if trouble is not None and not self._has_begun(caller, came_by):
            return self._turned_to_the_open(caller, came_by, trouble)
        latest = caller.latest
        if (
            came_by == Entry()
            and caller.lobby is None
            and latest is not None
            and self._is_open(caller, latest)
        ):
            return self._in_session(caller, latest, "continue")
        return self._in_lobby(caller, lambda reception: reception.arrives(came_by))

    def _has_begun(self, caller: Caller, came_by: Entry) -> bool:
        """Whether they come back by what they came by before: then it is theirs, spent or not."""
        return any(caller.running[wave].slug == came_by.wave for wave in caller.sessions)

    def _turned_to_the_open(self, caller: Caller, came_by: Entry, trouble: Trouble) -> Outcome:
        """Kind words about the token, and the open stream."""
        outcome = self._in_lobby(caller, lambda reception: reception.arrives(came_by))
        words = Message(texts.say(caller.language, trouble))
        return replace(outcome, say=(words, *outcome.say))

    def _tapped(self, caller: Caller, token: str) -> Outcome:
        key = self._vault.tap_key
        act = taps.read(token, key, caller.incoming.sender.person)
        if act is None:
            # Under what was sent to them unasked, it is made out to the contact they are.
            act = taps.read(token, key, self._vault.fingerprint(caller.here))
        match act.split(".", 2) if act else ():
            case ["s", wave, rest]:
                session = caller.sessions.get(int(wave))
                return self._again(caller) if session is None else self._in_session(caller, session, rest)
            case ["l", "seen", code]:
                return self._saw(caller, code)
            case ["l", *rest]:
                return self._in_lobby(caller, lambda reception: reception.acts(".".join(rest)))
        return self._again(caller)

    def _again(self, caller: Caller) -> Outcome:
        """The current question, and nothing changed but what typed numbers mean."""
        if caller.lobby is not None:
            step = Reception(caller.lobby, self._world(caller)).again()
            if step.effect is None or isinstance(step.effect, SeeNews | SeeSubscriptions):
                changed = step.lobby if step.lobby != caller.lobby else None
                return Outcome(step.say, lobby=changed, effect=step.effect)
        session = caller.latest
        if session is None:
            return self._in_lobby(caller, lambda reception: reception.arrives(Entry()))
        if not self._is_open(caller, session):
            return self._closed(caller, session)
        turn = turns.again(caller.running[session.wave].form, session, self._occasion(caller, session.wave))
        return Outcome(turn.say, session=turn.session if turn.session is not session else None)

    # ── In a survey ───────────────────────────────────────────────────────────────────────────────────────────

    def _in_session(self, caller: Caller, session: Session, act: str | None = None) -> Outcome:
        if not self._is_open(caller, session):
            return self._closed(caller, session)
        wave = caller.running[session.wave]
        turn = turns.reply(wave.form, session, caller.incoming, self._occasion(caller, wave.id), act)
        return self._after_turn(caller, turn)

    def _after_turn(self, caller: Caller, turn: Turn) -> Outcome:
        if turn.leaves is not None:
            page = turn.leaves.value
            return self._in_lobby(caller, lambda reception: reception.acts(page))
        effect = Unsubscribe() if turn.stops else None
        return Outcome(turn.say, turn.stamp, session=turn.session, leaves_lobby=True, effect=effect)

    def _closed(self, caller: Caller, session: Session) -> Outcome:
        """The wave has closed: said kindly, nothing lost, and on in the lobby."""
        farewell = turns.closed(
            caller.running[session.wave].form, session, self._occasion(caller, session.wave)
        )
        outcome = self._in_lobby(caller, lambda reception: reception.acts("menu"))
        return replace(outcome, say=(farewell, *outcome.say))

    def _is_open(self, caller: Caller, session: Session) -> bool:
        return caller.running[session.wave].is_open(caller.now)

    def _occasion(self, caller: Caller, wave: int) -> Occasion:
        running = caller.running[wave]
        return Occasion(
            now=local(caller.now),
            closes_on=running.closes_on,
            withdrawal_until=running.withdrawal_until,
            checkable_after=running.sealed_on,
            doors=self._settings.doors,
            languages=self._settings.languages,
        )

    # ── In the lobby ──────────────────────────────────────────────────────────────────────────────────────────

    def _in_lobby(self, caller: Caller, page: Callable[[Reception], Step]) -> Outcome:
        lobby = caller.lobby or self._new_lobby(caller)
        return self._after(caller, page(Reception(lobby, self._world(caller))))

    def _after(self, caller: Caller, step: Step) -> Outcome:
        match step.effect:
            case Begin() as agreed:
                return self._begun(caller, step.lobby, agreed)
            case Resume(wave):
                session = caller.sessions[wave]
                turn = turns.reply(
                    caller.running[wave].form,
                    session,
                    caller.incoming,
                    self._occasion(caller, wave),
                    "continue",
                )
                return replace(self._after_turn(caller, turn), say=(*step.say, *turn.say))
        is_kept = not step.only_reads or step.lobby != caller.lobby
        return Outcome(step.say, lobby=step.lobby if is_kept else None, effect=step.effect)

    def _begun(self, caller: Caller, lobby: Lobby, agreed: Begin) -> Outcome:
        session = Session(
            wave=agreed.wave,
            unit=agreed.unit,
            stream=agreed.stream,
            language=lobby.language,
            receipt=new_receipt(secrets.token_bytes(RECEIPT_BYTES)),
            seed=secrets.token_hex(SEED_BYTES),
            begun_hour=hour_of(caller.now),
            since=int(caller.now.timestamp()),
        )
        turn = turns.begin(caller.running[agreed.wave].form, session, self._occasion(caller, agreed.wave))
        spends = lobby.entry.token if agreed.stream is Stream.VISIT else None
        return Outcome(turn.say, session=turn.session, leaves_lobby=True, spends=spends)

    def _new_lobby(self, caller: Caller) -> Lobby:
        latest = caller.latest
        if latest is None:
            return Lobby(caller.language)
        return Lobby(latest.language, Entry(latest.unit), view="menu", seen=latest.seen)

    def _world(self, caller: Caller) -> World:
        return World(
            now=caller.now,
            running=tuple(caller.running.values()),
            gazetteer=self._waves.gazetteer,
            sessions=caller.sessions,
            account=caller.here.account,
            reach=self._reach_of(caller),
            notices=caller.notices,
            doors=self._settings.doors,
            languages=self._settings.languages,
        )

    def _reach_of(self, caller: Caller) -> Reach:
        return self._waves.reach(caller.here.account, caller.incoming.sender.account)

    # ── What goes beyond the conversation ─────────────────────────────────────────────────────────────────────

    async def _carried_out(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        if outcome.session is not None and outcome.spends is not None:
            begun = outcome.session
            if not await self._gate.spend(tx, begun.wave, outcome.spends):
                # Somebody else agreed with the same token a moment ago.
                open_to_all = Entry(begun.unit, Stream.OPEN, caller.running[begun.wave].slug)
                return self._turned_to_the_open(caller, open_to_all, Trouble.SPENT)
        match outcome.effect:
            case Withdraw(waves):
                for wave in waves:
                    await self._withdrawn(tx, caller, wave)
            case Enrol(unit, topics):
                # Never a row beside the answers: the journal reaches the database in bulk and in no order.
                return await self._enrolled(tx, caller, outcome, unit, frozenset(topics))
            case Unfollow(unit):
                wants = await self._wants(tx, caller)
                await self._want(tx, caller, {each: wants[each] for each in wants if each != unit})
            case SeeSubscriptions():
                return await self._shows_subscriptions(tx, caller, outcome)
            case Unsubscribe():
                await self._leaves(tx, caller)
            case Export():
                return await self._exported(tx, caller, outcome)
            case SeeResults():
                told = await self._results(tx, caller)
                return replace(outcome, say=told.say)
        return outcome

    async def _leaves(self, tx: Tx, caller: Caller) -> None:
        others = await self._others(tx, caller)
        await self._subscribers.leave(caller.here, caller.incoming.sender, others)

    async def _others(self, tx: Tx, caller: Caller) -> frozenset[bytes]:
        """Their other addresses: whoever says stop at one of them means all."""
        return frozenset() if self._links is None else await self._links.others(tx, caller.incoming.sender)

    # ── Two addresses, one person ─────────────────────────────────────────────────────────────────────────────

    async def _linked(self, tx: Tx, caller: Caller, code: str) -> Outcome:
        """A code to type elsewhere; or, with a code, the end of being two."""
        language = caller.language
        if self._links is None:
            return self._again(caller)
        if not code:
            made = await self._links.offer(caller.incoming.sender, caller.now)
            return Outcome((Message(texts.say(language, "link.code", code=made)),))
        first = await self._links.redeem(code, caller.now)
        if first is None:
            # Brought twice, the second one finds the code used and the two joined.
            key = "link.unknown" if caller.here == caller.incoming.sender else "link.same"
            return Outcome((Message(texts.say(language, key)),))
        first = await self._links.first(tx, first)
        if first == caller.incoming.sender:
            return Outcome((Message(texts.say(language, "link.same")),))
        await self._moved(tx, caller, first)
        if await self._is_contact(tx, first) and await self._is_contact(tx, caller.incoming.sender):
            await self._arrivals.leave(caller.incoming.sender)
        said = Message(texts.say(language, "link.done"))
        return Outcome((said,), leaves_lobby=True, joins=first)

    async def _unlinked(self, caller: Caller) -> Outcome:
        if self._links is None or caller.here == caller.incoming.sender:
            return Outcome((Message(texts.say(caller.language, "link.none")),))
        await self._links.part(caller.here)
        return Outcome((Message(texts.say(caller.language, "link.parted")),))

    async def _moved(self, tx: Tx, caller: Caller, first: Address) -> None:
        """Their answers become the first address's; where that one has answered itself, its own count and these do not."""
        # Another device of theirs may be at it. Two who link each other at the same moment: the database lets one of them win.
        await tx.alone_with(self._vault.lobby(first.person))
        there = self._nullifiers(first.person, caller.sessions)
        rests = await tx.sessions.of(tuple(there.values()))
        for wave, session in caller.sessions.items():
            if wave not in there:
                continue
            if self._counts(wave, there[wave], rests):
                await self._withdrawn(tx, caller, wave)
                continue
            body = self._vault.seal_body(wave, there[wave], session.to_json())
            await tx.sessions.save(there[wave], wave, body)
            await tx.sessions.delete(caller.nullifiers[wave])

    def _counts(self, wave: int, nullifier: bytes, rests: Mapping[bytes, tuple[int, bytes]]) -> bool:
        if nullifier not in rests:
            return False
        try:
            return self._vault.open_body(wave, nullifier, rests[nullifier][1]) != WITHDRAWN
        except UNREADABLE:
            return False

    async def _is_contact(self, tx: Tx, address: Address) -> bool:
        return await tx.contacts.by_fingerprint(self._vault.fingerprint(address)) is not None

    async def _withdrawn(self, tx: Tx, caller: Caller, wave: int) -> None:
        """Nothing is left but that somebody withdrew: as large as a session just begun, and as unreadable. Sealing counts it."""
        nullifier = caller.nullifiers[wave]
        await tx.sessions.save(nullifier, wave, self._vault.seal_body(wave, nullifier, WITHDRAWN))

    async def _exported(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        held = [(caller.running[wave], session) for wave, session in caller.sessions.items()]
        content = my_data.document(held, await self._contact(tx, caller), caller.now)
        handed = Message(texts.say(caller.language, "data.exported"), file=(my_data.FILE_NAME, content))
        return replace(outcome, say=(handed, *outcome.say))

    async def _contact(self, tx: Tx, caller: Caller) -> dict[str, Any] | None:
        contact = await tx.contacts.by_fingerprint(self._vault.fingerprint(caller.here))
        if contact is None:
            contact = await tx.contacts.by_fingerprint(self._vault.fingerprint(caller.incoming.sender))
        if contact is None:
            return None
        return {
            "unit": contact.unit,
            "language": contact.language,
            "purposes": contact.purposes,
            "consented_on": contact.consented_on.isoformat(),
            "consent_text": contact.consent_text,
            "subscriptions": as_plain(await self._wants(tx, caller)),
        }

    async def _results(self, tx: Tx, caller: Caller) -> Outcome:
        """What was released last of their ward; the same to everybody who asks. It writes nothing, and where they are they stay."""
        unit = self._ward_of(caller)
        if unit is None:
            return self._in_lobby(caller, lambda reception: reception.acts("wards"))
        released = [read_release(row.body, row.released_at) for row in await tx.releases.of_unit(unit.code)]
        wards = [line for line in released if isinstance(line, ReleasedWard)]
        text = (
            told(caller.language, wards[0])
            if wards
            else texts.say(caller.language, "results.none", ward=unit.name_within)
        )
        return Outcome((Message(text),))

    def _ward_of(self, caller: Caller) -> Unit | None:
        lobby = caller.lobby or self._new_lobby(caller)
        if lobby.unit is None and caller.latest is not None:
            lobby = lobby.in_ward(caller.latest.unit)
        return Pages(lobby, self._world(caller)).unit()

    async def _checked(self, tx: Tx, caller: Caller, code: str) -> Outcome:
        """Whether a receipt is among the sealed ballots. It tells nothing else, and writes nothing."""
        language = caller.language
        receipt = read_receipt(code)
        if receipt is None:
            return Outcome((Message(texts.say(language, "check.unreadable")),))
        if await tx.receipts.wave_of(receipt) is not None:
            return Outcome((Message(texts.say(language, "check.included", receipt=receipt)),))
        own = next((each for each in caller.sessions.values() if each.receipt == receipt), None)
        if own is not None:
            after = texts.day(language, caller.running[own.wave].sealed_on)
            return Outcome((Message(texts.say(language, "check.not_sealed", receipt=receipt, after=after)),))
        return Outcome((Message(texts.say(language, "check.not_found", receipt=receipt)),))

    # ── Notices ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _wants(self, tx: Tx, caller: Caller) -> dict[str, frozenset[Topic]]:
        others = await self._others(tx, caller)
        return await self._subscribers.wants(tx, caller.here, caller.incoming.sender, others)

    async def _want(self, tx: Tx, caller: Caller, wants: Mapping[str, frozenset[Topic]]) -> None:
        await self._subscribers.want(
            tx,
            wants,
            here=caller.here,
            first=caller.incoming.sender,
            language=caller.language,
            gazetteer=self._waves.gazetteer,
            on=local(caller.now).date(),
            others=await self._others(tx, caller),
        )

    async def _enrolled(
        self, tx: Tx, caller: Caller, outcome: Outcome, unit: str, topics: frozenset[Topic]
    ) -> Outcome:
        wants = await self._wants(tx, caller)
        if unit not in wants and len(wants) >= MOST_WARDS:
            enough = texts.say(caller.language, "notices.enough", most=MOST_WARDS)
            return replace(outcome, say=(Message(enough),))
        await self._want(tx, caller, {**wants, unit: topics})
        return outcome

    async def _shows_subscriptions(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        lobby = outcome.lobby or caller.lobby or self._new_lobby(caller)
        step = Reception(lobby, self._world(caller)).subscriptions(await self._wants(tx, caller))
        return replace(outcome, say=(*outcome.say, *step.say), lobby=step.lobby, effect=None)

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
