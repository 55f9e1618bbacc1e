"""Where a message leads, once what rests about its sender is open: on in a survey, or about the lobby. It decides with what was read
before, writes nothing, and knows no platform."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from handlers.callers import Caller, Outcome
from handlers.running_waves import RunningWaves
from surveys import taps, texts
from surveys.ballots import RECEIPT_BYTES, new_receipt
from surveys.conversation import Option, Say
from surveys.doors import Doors
from surveys.entry import Entry, Stream
from surveys.evenings import evening_after
from surveys.forms import turns
from surveys.forms.prompts import Occasion
from surveys.forms.session import Session
from surveys.forms.turns import Turn
from surveys.lobby import AskLater, Begin, Effect, Lobby, Resume, SeeNews, SeeSubscriptions, Unsubscribe
from surveys.lobby_pages import Pages, World
from surveys.notices import Push
from surveys.reception import Reception, Step
from surveys.running import Running, local
from surveys.stuffing import hour_of
from surveys.taps import Message
from surveys.units import Unit
from surveys.waves import GRACE

__all__ = ["Conversations", "ResidentsSettings", "made_out"]

SEED_BYTES = 6


@dataclass(frozen=True, slots=True)
class ResidentsSettings:
    """What an office sets for its conversations with residents."""

    doors: Doors = field(default_factory=Doors)
    languages: tuple[str, ...] = texts.LANGUAGES
    grace: timedelta = GRACE
    """From closing to sealing: answers are fixed, but can still be withdrawn."""


class Conversations:
    def __init__(self, waves: RunningWaves, settings: ResidentsSettings, *, may_remind: bool) -> None:
        """`may_remind`: whether there is somebody who asks again in the evening."""
        self._waves = waves
        self._settings = settings
        self._may_remind = may_remind

    # ── In a survey ───────────────────────────────────────────────────────────────────────────────────────────

    def in_session(self, caller: Caller, session: Session, act: str | None = None) -> Outcome:
        if not caller.is_open(session):
            return self.closed(caller, session)
        wave = caller.running[session.wave]
        turn = turns.reply(wave.form, session, caller.incoming, self.occasion(caller, wave.id), act)
        return self._after_turn(caller, turn)

    def again(self, caller: Caller) -> Outcome:
        """The current question or page, and nothing changed but what typed numbers mean."""
        if caller.lobby is not None:
            step = Reception(caller.lobby, self._world(caller)).again()
            if step.effect is None or isinstance(step.effect, SeeNews | SeeSubscriptions):
                changed = step.lobby if step.lobby != caller.lobby else None
                return Outcome(step.say, lobby=changed, effect=step.effect)
        session = caller.latest
        if session is None:
            return self.in_lobby(caller, lambda reception: reception.arrives(Entry()))
        if not caller.is_open(session):
            return self.closed(caller, session)
        turn = turns.again(caller.running[session.wave].form, session, self.occasion(caller, session.wave))
        return Outcome(turn.say, session=turn.session if turn.session is not session else None)

    def closed(self, caller: Caller, session: Session) -> Outcome:
        """The wave has closed: said kindly, nothing lost, and on in the lobby."""
        farewell = turns.closed(
            caller.running[session.wave].form, session, self.occasion(caller, session.wave)
        )
        outcome = self.in_lobby(caller, lambda reception: reception.acts("menu"))
        return replace(outcome, say=(farewell, *outcome.say))

    def asked_to_join(self, caller: Caller, outcome: Outcome, push: Push) -> Outcome:
        """The thanks at the end, with the question whether they want to be invited to such surveys."""
        session = outcome.session
        assert session is not None, "only a survey ends"
        occasion = replace(self.occasion(caller, session.wave), joins=push.value)
        turn = turns.again(caller.running[session.wave].form, session, occasion)
        return replace(outcome, say=(*outcome.say[:-1], *turn.say), session=turn.session)

    def occasion(self, caller: Caller, wave: int) -> Occasion:
        running = caller.running[wave]
        may = self._may_remind
        return Occasion(
            now=local(caller.now),
            closes_on=running.closes_on,
            withdrawal_until=running.withdrawal_until,
            checkable_after=running.sealed_on,
            doors=self._settings.doors,
            languages=self._settings.languages,
            evening=evening_after(caller.now, caller.here.account, running.closes_at) if may else None,
            unfinished=self._unfinished(caller, wave),
        )

    def _unfinished(self, caller: Caller, but: int) -> tuple[int, str] | None:
        """The survey they were in before they came to this one, and stopped on the way."""
        others = (
            each
            for wave, each in caller.sessions.items()
            if wave != but and not each.has_ended and caller.is_open(each)
        )
        last = max(others, key=lambda session: session.turn, default=None)
        return (last.wave, caller.running[last.wave].title) if last is not None else None

    def _after_turn(self, caller: Caller, turn: Turn) -> Outcome:
        if turn.leaves is not None:
            page = str(turn.leaves)
            return self.in_lobby(caller, lambda reception: reception.acts(page))
        return Outcome(
            turn.say,
            turn.stamp,
            session=turn.session,
            leaves_lobby=True,
            effect=self._wished(caller, turn),
            has_ended=turn.ended,
        )

    def _wished(self, caller: Caller, turn: Turn) -> Effect | None:
        if turn.stops:
            return Unsubscribe()
        wave = turn.session.wave
        evening = self.occasion(caller, wave).evening if turn.is_later else None
        return AskLater(wave, evening) if evening is not None else None

    # ── In the lobby ──────────────────────────────────────────────────────────────────────────────────────────

    def in_lobby(self, caller: Caller, page: Callable[[Reception], Step]) -> Outcome:
        lobby = caller.lobby or self.new_lobby(caller)
        return self._after(caller, page(Reception(lobby, self._world(caller))))

    def reception(self, caller: Caller, lobby: Lobby) -> Reception:
        return Reception(lobby, self._world(caller))

    def begun(self, caller: Caller, language: str, agreed: Begin) -> Turn:
        """A session that nobody had before, at its first question."""
        session = Session(
            wave=agreed.wave,
            unit=agreed.unit,
            stream=agreed.stream,
            language=language,
            receipt=new_receipt(secrets.token_bytes(RECEIPT_BYTES)),
            seed=secrets.token_hex(SEED_BYTES),
            begun_hour=hour_of(caller.now),
            since=int(caller.now.timestamp()),
        )
        return turns.begin(caller.running[agreed.wave].form, session, self.occasion(caller, agreed.wave))

    def new_lobby(self, caller: Caller) -> Lobby:
        latest = caller.latest
        if latest is None:
            return Lobby(caller.language)
        return Lobby(latest.language, Entry(latest.unit), view="menu", seen=latest.seen)

    def ward_of(self, caller: Caller) -> Unit | None:
        lobby = caller.lobby or self.new_lobby(caller)
        if lobby.unit is None and caller.latest is not None:
            lobby = lobby.in_ward(caller.latest.unit)
        return Pages(lobby, self._world(caller)).unit()

    def waiting(self, caller: Caller, wave: Running, unit: Unit) -> Message:
        """A survey that waits for them, for whoever is elsewhere in the lobby."""
        pages = Pages(caller.lobby or self.new_lobby(caller), self._world(caller))
        text = pages.say("pull.surveys", ward=unit.name_within)
        return Message(text, (pages.survey(wave),))

    def _after(self, caller: Caller, step: Step) -> Outcome:
        match step.effect:
            case Begin() as agreed:
                turn = self.begun(caller, step.lobby.language, agreed)
                spends = step.lobby.entry.token if agreed.stream is Stream.VISIT else None
                return Outcome(
                    turn.say, session=turn.session, leaves_lobby=True, effect=agreed, spends=spends
                )
            case Resume(wave):
                outcome = self.in_session(caller, caller.sessions[wave], "continue")
                return replace(outcome, say=(*step.say, *outcome.say))
        is_kept = not step.only_reads or step.lobby != caller.lobby
        return Outcome(step.say, lobby=step.lobby if is_kept else None, effect=step.effect)

    def _world(self, caller: Caller) -> World:
        return World(
            now=caller.now,
            running=tuple(caller.running.values()),
            gazetteer=self._waves.gazetteer,
            sessions=caller.sessions,
            account=caller.here.account,
            reach=self._waves.reach(caller.here.account, caller.incoming.sender.account),
            notices=caller.notices,
            may_remind=self._may_remind,
            doors=self._settings.doors,
            languages=self._settings.languages,
        )


def made_out(message: Message, key: bytes, person: bytes) -> Say:
    """The message for one person: its choices are theirs alone."""
    options = tuple(
        Option(each.label, taps.mint(each.act, key, person), each.number) for each in message.offers
    )
    return Say(message.text, options, message.file)
