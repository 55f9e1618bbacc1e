"""The desk in the officers' bot: which command and which button leads where, and whom each is for. One conversation, for writing a
notice and for the reason of a deed; everything else is one tap. It does nothing itself."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from telegram import Update
from telegram.ext import (
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    MessageHandler,
)
from telegram.ext import filters as are

from bot.channels.telegram_officers_calls import Button, Mouth
from bot.channels.telegram_officers_cards import Cards
from bot.channels.telegram_officers_draft import Step
from bot.channels.telegram_officers_notices import Decisions
from bot.channels.telegram_officers_people import Newcomers, Selves
from bot.channels.telegram_officers_planning import Planner, PlanStep
from bot.channels.telegram_officers_progress import Watches
from bot.channels.telegram_officers_reception import Callback, Context, Deed, Reception, Sitting, Turn
from bot.channels.telegram_officers_results import Readings
from bot.channels.telegram_officers_schedules import Timetable, tag_of, why_held
from bot.channels.telegram_officers_steps import Steps
from bot.channels.telegram_officers_templates import Fillings
from bot.channels.telegram_officers_words import say
from bot.channels.telegram_officers_writing import Scribe
from handlers.tidings import Tiding, Word
from surveys.rights import Action

if TYPE_CHECKING:
    from bot.channels.telegram_officers import Rooms

__all__ = ["BEGINS", "LEFT_LYING", "Desk"]

LEFT_LYING = timedelta(minutes=30)  # as long as a session at the web desk lies idle
FORGOTTEN = timedelta(hours=12)

Handler = BaseHandler[Update, Context, object]

WRITTEN = (are.TEXT | are.CAPTION) & ~are.COMMAND
PICTURES = are.PHOTO | are.Document.ALL

MISSED = frozenset({"schedule.skip", "schedule.fail"})
BEGINS: Mapping[str, Action] = {
    "rj": Action.NOTICE_APPROVE,
    "cl": Action.NOTICE_CLEAR,
    "st": Action.NOTICE_STOP,
    "rc": Action.NOTICE_RECALL,
    "ca": Action.NOTICE_WRITE,
}
"""Buttons that ask for a reason, or whether it is meant."""


class Desk:
    def __init__(self, rooms: "Rooms", reception: Reception, newcomers: Newcomers, mouth: Mouth) -> None:
        self._now = rooms.now
        self._mouth = mouth
        self._tidings = rooms.tidings
        self._newcomers = newcomers
        self._guarded = reception.guarded
        self._cards = Cards(rooms.notices, rooms.beneath)
        self.watches = Watches(rooms.people, rooms.notices, self._cards, mouth, rooms.now)
        steps = Steps(rooms.notices, rooms.beneath)
        fillings = Fillings(rooms.templates, rooms.notices.policies.domains)
        self._scribe = Scribe(rooms.notices, rooms.pictures, fillings, steps, rooms.now)
        self._decisions = Decisions(rooms.notices, self._cards, self.watches, self._scribe.resume)
        self._selves = Selves(rooms.people, rooms.desk)
        self._timetable = Timetable(rooms.planning)
        self._planner = Planner(rooms.planning, rooms.now)
        self._readings = Readings(rooms.people, rooms.results, rooms.scorecards)

    # ── Which leads where ─────────────────────────────────────────────────────────────────────────────────────

    def handlers(self) -> list[Handler]:
        return [
            self._conversation(),
            *self._commands(),
            *self._buttons(),
            MessageHandler(are.ALL, self.anything),
        ]

    def _commands(self) -> list[Handler]:
        """Every command but those that begin a conversation."""
        read, decisions = self._readings, self._decisions
        commands: dict[str, tuple[Action | None, Deed]] = {
            "danhsach": (Action.NOTICE_SEE, decisions.all),
            "bannhap": (Action.NOTICE_WRITE, decisions.drafts),
            "choduyet": (Action.NOTICE_SEE, decisions.waiting),
            "ketqua": (Action.RESULTS_READ, read.results),
            "bangdiem": (Action.SCORECARD_READ, read.scorecard),
            "lich": (Action.SCHEDULE_SEE, self._timetable.all),
            "desk": (None, self._selves.desk),
            "huy": (None, self._cancel),
            "trogiup": (None, self._selves.help),
        }
        made: list[Handler] = [
            CommandHandler(name, self._guarded(action, deed)) for name, (action, deed) in commands.items()
        ]
        for name, deed in (("toi", self._selves.who), ("thoat", self._selves.leave)):
            made.append(CommandHandler(name, self._guarded(None, deed, with_post=False)))
        return [*made, CommandHandler(("start", "help"), self.start)]

    def _buttons(self) -> list[Handler]:
        """Buttons that are one tap, each with what is before its first dot."""
        decisions = self._decisions
        taps: dict[str, tuple[Action | None, Deed]] = {
            "n": (Action.NOTICE_SEE, decisions.card),
            "pv": (Action.NOTICE_SEE, decisions.whole),
            "pg": (Action.NOTICE_SEE, decisions.progress),
            "ap": (Action.NOTICE_SEE, decisions.approve),
            "su": (Action.NOTICE_WRITE, decisions.submit),
            "ur": (Action.NOTICE_URGE, decisions.urge),
            "ar": (Action.NOTICE_WRITE, decisions.archive),
            "rs": (Action.RESULTS_READ, self._readings.ward),
            "lc": (Action.SCHEDULE_SEE, self._timetable.card),
            "lp": (Action.SCHEDULE_SEE, self._timetable.pause),
            "lr": (Action.SCHEDULE_SEE, self._timetable.resume),
            "la": (Action.SCHEDULE_SEE, self._timetable.again),
            "lh": (Action.SCHEDULE_RELEASE, self._timetable.release),
            "w": (Action.NOTICE_WRITE, self._scribe.tapped),
            "sure": (None, decisions.sure),
        }
        made: list[Handler] = [_button(name, self._guarded(*what)) for name, what in taps.items()]
        made.append(_button("post", self._guarded(None, self._selves.choose, with_post=False)))
        made.append(
            CallbackQueryHandler(self._guarded(None, self._selves.leave, with_post=False), r"^leave$")
        )
        made.append(_button("leave", self._guarded(None, self._selves.left, with_post=False)))
        return [*made, CallbackQueryHandler(self._guarded(None, self._unknown))]

    def _conversation(self) -> Handler:
        write, scribe, decisions = Action.NOTICE_WRITE, self._scribe, self._decisions

        def typed(deed: Deed, of: are.BaseFilter = WRITTEN) -> Handler:
            return MessageHandler(of, self._guarded(write, deed))

        reason = self._guarded(None, decisions.reason)
        stray = MessageHandler(~are.COMMAND, self._guarded(write, scribe.stray))
        unsure = MessageHandler(~are.COMMAND, self._guarded(None, decisions.stray))
        states: dict[object, list[Handler]] = {
            Step.CATEGORY: [stray],
            Step.GAP: [typed(scribe.gap), stray],
            Step.WORDS: [typed(scribe.words), stray],
            Step.TRANSLATION: [typed(scribe.words), stray],
            Step.PICTURE: [typed(scribe.picture, PICTURES), stray],
            Step.AUDIENCE: [typed(scribe.place), stray],
            Step.TIME: [typed(scribe.time), stray],
            Step.EXPIRY: [typed(scribe.expiry), stray],
            Step.READY: [stray],
            Step.REASON: [MessageHandler(WRITTEN, reason), unsure],
            Step.SURE: [unsure],
            **self._planning_steps(),
        }
        return ConversationHandler(
            entry_points=[
                CommandHandler("thongbao", self._guarded(write, scribe.begin)),
                CommandHandler("datlich", self._guarded(Action.SCHEDULE_WRITE, self._planner.begin)),
                _button("ln", self._guarded(Action.SCHEDULE_WRITE, self._planner.tapped)),
                _button("ed", self._guarded(write, scribe.reopen)),
                *(_button(name, self._guarded(action, decisions.ask)) for name, action in BEGINS.items()),
            ],
            states=states,
            fallbacks=[
                _button("w", self._guarded(write, scribe.tapped)),
                _button("sure", self._guarded(None, decisions.sure)),
                CommandHandler("huy", self._guarded(None, self._cancel)),
            ],
            allow_reentry=True,
            per_chat=False,  # a button whose message is out of reach has no chat
        )

    def _planning_steps(self) -> dict[object, list[Handler]]:
        plans, planner = Action.SCHEDULE_WRITE, self._planner

        def typed(deed: Deed) -> Handler:
            return MessageHandler(WRITTEN, self._guarded(plans, deed))

        stray = MessageHandler(~are.COMMAND, self._guarded(plans, planner.stray))
        return {
            PlanStep.WHAT: [stray],
            PlanStep.GAP: [typed(planner.filled), stray],
            PlanStep.NAME: [typed(planner.named), stray],
            PlanStep.WHEN: [typed(planner.timed), stray],
            PlanStep.LOOK: [stray],
        }

    # ── What belongs to no room ───────────────────────────────────────────────────────────────────────────────

    async def start(self, update: Update, context: Context) -> object:
        """`/start CODE` enrols; a bare one says what there is."""
        code = " ".join(context.args or ())
        if code and await self._newcomers.brings(update, code):
            return None
        return await self._guarded(None, self._selves.help)(update, context)

    async def anything(self, update: Update, context: Context) -> object:
        """What no conversation waits for: a one-time code, or something to be told about."""
        message = update.message
        if message is not None and message.text and await self._newcomers.brings(update, message.text):
            return None
        return await self._guarded(None, self._unknown)(update, context)

    async def _unknown(self, turn: Turn) -> object:
        turn.says(say("trouble.unknown"))
        return None

    async def _cancel(self, turn: Turn) -> object:
        if turn.sitting.wish is not None:
            return await self._planner.leave(turn)
        leaves = self._decisions.leave if turn.sitting.asked is not None else self._scribe.leave
        return await leaves(turn)

    # ── By itself ─────────────────────────────────────────────────────────────────────────────────────────────

    def sweep(self, sittings: Mapping[int, Sitting]) -> None:
        """Whoever went away in the middle is told that it is over, and where to go on."""
        now = self._now()
        for person, sitting in sittings.items():
            if sitting.touched_at is None or now - sitting.touched_at < LEFT_LYING:
                continue
            if sitting.writing is not None or sitting.asked is not None or sitting.wish is not None:
                kept = sitting.writing.code if sitting.writing is not None else ""
                text = say("timeout.kept", code=kept) if kept else say("timeout.over")
                self._mouth.say(person, text)
                sitting.writing, sitting.asked, sitting.wish = None, None, None
            if now - sitting.touched_at >= FORGOTTEN:
                sitting.post = None

    async def tell_news(self) -> None:
        for tiding in await self._tidings.next():
            if isinstance(tiding, Word):
                self._mouth.say(int(tiding.address.id), _by_the_clock(tiding), _leading_to(tiding))
                continue
            await self._tell(tiding)

    async def _tell(self, tiding: Tiding) -> None:
        text, rows = await self._cards.of(tiding.actor, tiding.notice)
        by = say("tiding.by", who=tiding.by) if tiding.by else ""
        reason = say("tiding.reason", reason=tiding.reason) if tiding.reason else ""
        key = f"{tiding.action}_decide" if tiding.is_to_decide else tiding.action
        head = say(f"tiding.{key.removeprefix('notice.')}", code=tiding.notice.code)
        told = "\n".join(each for each in (head, by, reason) if each)
        self._mouth.say(int(tiding.address.id), f"{told}\n\n{text}", rows)


def _by_the_clock(word: Word) -> str:
    is_held = word.action == "schedule.hold"
    reason = why_held(word.title, word.reason) if is_held else word.reason
    return say(f"clock.{word.action.replace('.', '_')}", title=word.title, reason=reason)


def _leading_to(word: Word) -> list[list[Button]]:
    """What did not happen is one tap away from where it can be done after all."""
    if word.action not in MISSED or not word.schedule:
        return []
    return [[Button(say("clock.look"), f"lc.{tag_of(word.schedule)}")]]


def _button(name: str, callback: Callback) -> Handler:
    return CallbackQueryHandler(callback, rf"^{name}\.")
