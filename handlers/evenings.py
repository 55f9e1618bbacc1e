"""What somebody is asked again who said “this evening”: the question they are at, or the first one; nothing, where they have answered
meanwhile. It reads, and writes nothing: what they type next means what it meant before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from handlers.brought import Brought
from handlers.callers import Caller
from handlers.conversations import Conversations, ResidentsSettings, made_out
from handlers.resting import Resting
from handlers.running_waves import RunningWaves
from storage.database import Database
from storage.links import Links
from storage.people import Person
from storage.snoozes import Wish
from storage.transaction import Tx
from storage.vault import Vault
from surveys import inviting, texts
from surveys.conversation import Incoming, Say
from surveys.forms import turns
from surveys.forms.session import Session
from surveys.running import Running
from surveys.taps import Message

__all__ = ["Evenings"]


class Evenings:
    def __init__(
        self,
        db: Database,
        vault: Vault,
        settings: ResidentsSettings,
        *,
        now: Callable[[], datetime],
        links: Links | None = None,
    ) -> None:
        self._db = db
        self._vault = vault
        self._now = now
        self._links = links
        self._brought = Brought(vault, links)
        self._waves = RunningWaves(db, vault, settings.grace)
        self._resting = Resting(vault, self._waves.forget)
        self._conversations = Conversations(self._waves, settings, may_remind=True)

    async def open_waves(self) -> frozenset[int]:
        """Those that somebody can still be asked about. Raises Unavailable."""
        return frozenset(wave.id for wave in await self._waves.now() if wave.is_open(self._now()))

    async def say(self, wish: Wish) -> Say | None:
        """What to send them now; None for nothing. Raises Unavailable."""
        waves = await self._waves.open_to(self._vault.fingerprint(wish.address), wish.address.account)
        running = {wave.id: wave for wave in waves}
        wave = running.get(wish.wave)
        if wave is None or not wave.is_open(self._now()):
            return None
        async with self._db.reading() as tx:
            caller, rests = await self._opened(tx, wish, running)
            if caller.nullifiers.get(wave.id) in rests.sessions and wave.id not in caller.sessions:
                return None  # they took it back
            asked = await self._asked(tx, caller, wave)
        if asked is None:
            return None
        message, is_aside = asked
        first = texts.say(caller.language, "evening.again")
        said = replace(message, text=texts.clipped(f"{first}\n{message.text}"))
        return replace(made_out(said, self._vault.tap_key, wish.address.person), is_aside=is_aside)

    async def _opened(self, tx: Tx, wish: Wish, running: dict[int, Running]) -> tuple[Caller, Person]:
        here = wish.address
        first = here if self._links is None else await self._links.first(tx, here)
        lobby = self._vault.lobby(first.person)
        nullifiers = self._resting.nullifiers(first.person, running)
        rests = await tx.people.at(lobby, tuple(nullifiers.values()))
        contact = await tx.contacts.by_fingerprint(self._vault.fingerprint(here))
        caller = Caller(
            Incoming(first, key=""),
            here,
            self._now(),
            b"",
            running,
            nullifiers,
            self._resting.lobby(lobby, rests),
            self._resting.sessions(rests),
            known_language=contact.language if contact is not None else None,
        )
        return caller, rests

    async def _asked(self, tx: Tx, caller: Caller, wave: Running) -> tuple[Message, bool] | None:
        """The message, and whether it comes beside something that their numbers are for."""
        session = caller.sessions.get(wave.id)
        if session is not None:
            return None if session.has_ended else self._at_their_question(caller, wave, session)
        lobby = caller.lobby
        if lobby is not None and lobby.view == f"survey.{wave.id}":
            step = self._conversations.reception(caller, lobby).again()
            return (step.say[-1], step.lobby.menu != lobby.menu) if step.say else None
        return await self._invited_again(tx, caller, wave)

    def _at_their_question(
        self, caller: Caller, wave: Running, session: Session
    ) -> tuple[Message, bool] | None:
        is_there = caller.lobby is None and caller.latest is session and not session.menu
        if is_there:
            turn = turns.again(wave.form, session, self._conversations.occasion(caller, wave.id))
            return turn.say[-1], turn.session != session
        unit = self._waves.gazetteer.unit(session.unit)
        return inviting.half_done(session.language, wave, unit), True

    async def _invited_again(self, tx: Tx, caller: Caller, wave: Running) -> tuple[Message, bool] | None:
        """As they were invited; or as they came to the card by themselves, and went elsewhere."""
        came = await self._brought.to(tx, caller.here, caller.incoming.sender)
        unit = next((each.unit for each in came if each.wave == wave.slug), None)
        is_invited = unit is not None
        if unit is None and caller.lobby is not None:
            unit = caller.lobby.unit
        if unit is None or unit not in wave.units:
            return None
        where = self._waves.gazetteer.unit(unit)
        if is_invited:
            is_aside = caller.is_answering
            return inviting.invitation(caller.language, wave, where, with_numbers=not is_aside), is_aside
        return self._conversations.waiting(caller, wave, where), True
