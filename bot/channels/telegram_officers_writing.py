"""Writing a notice, step by step: what each step does with what was typed or tapped. How a step is shown is in
`telegram_officers_steps`; what a notice may be is for `handlers.notices` to say.

From its first words on the notice rests as a draft in the database: whoever stops, loses nothing, and the desk shows it too."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from telegram import Message, MessageEntity
from telegram.error import TelegramError

from bot.channels.telegram_officers_changes import Changes
from bot.channels.telegram_officers_draft import CHANGEABLE, Step, Writing
from bot.channels.telegram_officers_moments import read_moment
from bot.channels.telegram_officers_reception import END, Turn
from bot.channels.telegram_officers_steps import Steps
from bot.channels.telegram_officers_templates import Fillings
from bot.channels.telegram_officers_words import say
from handlers.notice_files import MOST_BYTES, NoticePictures
from handlers.notices import Moved, Notices, Refused
from surveys import texts
from surveys.conversation import Entity, Style
from surveys.notices import Audience, Draft, Notice, Text, Trouble, Unwritable
from surveys.rights import PROVINCIAL, Actor

__all__ = ["Scribe", "text_of"]

NONCE_BYTES = 3
OF_WORDS = frozenset({Trouble.TOO_LONG, Trouble.FOREIGN_LINK, Trouble.UNKNOWN_LANGUAGE, Trouble.NO_TEXT})
"""What can be wrong with words, said while they are written."""
STYLES = {
    MessageEntity.BOLD: Style.BOLD,
    MessageEntity.ITALIC: Style.ITALIC,
    MessageEntity.TEXT_LINK: Style.LINK,
}


def text_of(message: Message) -> Text:
    """What was typed, and what Telegram's own formatting makes stand out in it. Raises Unwritable."""
    typed, entities = message.text, message.entities
    if typed is None:
        typed, entities = message.caption or "", message.caption_entities
    ours = [
        Entity(STYLES[each.type], each.offset, each.length, each.url or "")
        for each in entities
        if each.type in STYLES
    ]
    return Text.of_utf16(typed, ours)


class Scribe:
    def __init__(
        self,
        notices: Notices,
        pictures: NoticePictures,
        fillings: Fillings,
        steps: Steps,
        now: Callable[[], datetime],
    ) -> None:
        self._notices = notices
        self._pictures = pictures
        self._steps = steps
        self._now = now
        self._changes = Changes(steps, now)
        self._fillings = fillings

    # ── Beginning and ending ──────────────────────────────────────────────────────────────────────────────────

    async def begin(self, turn: Turn) -> object:
        """`/thongbao`"""
        if turn.sitting.writing is not None and turn.sitting.writing.id is not None:
            turn.says(say("writing.kept", code=turn.sitting.writing.code))
        writing = Writing(secrets.token_hex(NONCE_BYTES), turn.actor.post, _first_draft(turn.actor))
        return await self._show(turn, writing)

    async def reopen(self, turn: Turn) -> object:
        """From a notice's card: its draft, to be changed."""
        notice = await self._notices.get(turn.actor, turn.part(1))
        writing = Writing.of(notice, secrets.token_hex(NONCE_BYTES), turn.actor.post)
        return await self._show(turn, writing)

    async def resume(self, turn: Turn) -> object:
        """Where they were, after something else came between."""
        writing = turn.sitting.writing
        return END if writing is None else await self._show(turn, writing)

    async def leave(self, turn: Turn) -> object:
        """`/huy`"""
        writing, turn.sitting.writing = turn.sitting.writing, None
        if writing is None:
            turn.says(say("writing.nothing"))
        elif writing.id is None:
            turn.says(say("writing.dropped"))
        else:
            turn.says(say("writing.kept", code=writing.code))
        return END

    async def stray(self, turn: Turn) -> object:
        """Something that means nothing at this step: it is shown again."""
        writing = await self._current(turn)
        if writing is None:
            return END
        message = turn.update.message
        if message is not None and message.media_group_id and message.media_group_id == turn.sitting.album:
            return writing.step  # the others of the pictures of which the first was taken
        turn.says(say("writing.not_here"))
        return await self._show(turn, writing)

    async def old(self, turn: Turn) -> object:
        """A button of a draft nobody is at any more."""
        turn.edits(say("writing.old"))
        return None

    # ── What is typed ─────────────────────────────────────────────────────────────────────────────────────────

    async def words(self, turn: Turn) -> object:
        writing = await self._current(turn)
        message = turn.update.message
        if writing is None or message is None:
            return END
        try:
            text = text_of(message)
        except Unwritable:
            turn.says(say("writing.unwritable"))
            return writing.step
        if not text.text:
            turn.says(say("writing.no_words"))
            return writing.step
        written = {**writing.draft.texts, writing.language: text}
        kept = await self._kept(turn, writing.with_draft(replace(writing.draft, texts=written)))
        if kept is None:
            return END
        for problem in await self._notices.problems(turn.actor, kept.id or ""):
            if problem.trouble in OF_WORDS:
                turn.says(f"⚠ {problem}")
        kept = replace(kept, language=texts.DEFAULT)
        if message.photo:
            return await self._take_picture(turn, kept.at(kept.following))
        return await self._show(turn, kept.at(kept.following))

    async def picture(self, turn: Turn) -> object:
        writing = await self._current(turn)
        return END if writing is None else await self._take_picture(turn, writing)

    async def _take_picture(self, turn: Turn, writing: Writing) -> object:
        message = turn.update.message
        album = message.media_group_id if message else None
        if message is None or (album is not None and album == turn.sitting.album):
            return writing.step
        turn.sitting.album = album
        try:
            raw = await self._fetched(turn, message)
            digest = await self._pictures.take(turn.actor, raw) if raw is not None else None
        except TelegramError:
            turn.says(say("writing.not_fetched"))
            return await self._show(turn, writing.at(Step.PICTURE))
        if digest is None:
            turn.says(say("writing.too_large", most=MOST_BYTES >> 20))
            return await self._show(turn, writing.at(Step.PICTURE))
        pictured = await self._kept(turn, writing.with_draft(replace(writing.draft, image=digest)))
        if pictured is None:
            return END
        return await self._show(turn, pictured.at(pictured.at(Step.PICTURE).following))

    async def _fetched(self, turn: Turn, message: Message) -> bytes | None:
        """None for what is too large."""
        if message.photo:
            chosen = message.photo[-1]  # smallest first
            return await turn.mouth.fetched(chosen.file_id, MOST_BYTES)
        file = message.document
        if file is None or (file.file_size or 0) > MOST_BYTES:
            return None
        return await turn.mouth.fetched(file.file_id, MOST_BYTES)

    async def place(self, turn: Turn) -> object:
        """A ward's name, typed while choosing who gets it."""
        writing = await self._current(turn)
        if writing is None:
            return END
        found = await self._steps.found(turn.actor, turn.typed)
        if not found:
            turn.says(say("audience.not_found"))
            return writing.step
        turn.says(say("audience.found"), [[self._steps.place_button(writing, each)] for each in found])
        return writing.step

    async def time(self, turn: Turn) -> object:
        writing = await self._current(turn)
        if writing is None:
            return END
        moment = read_moment(turn.typed, self._now())
        if moment is None:
            turn.says(say("time.unread"))
            return writing.step
        return await self._changed(
            turn, writing.with_draft(replace(writing.draft, send_at=moment)), Step.TIME
        )

    async def expiry(self, turn: Turn) -> object:
        writing = await self._current(turn)
        if writing is None:
            return END
        moment = read_moment(turn.typed, self._now())
        if moment is None:
            turn.says(say("time.unread"))
            return writing.step
        return await self._changed(
            turn, writing.with_draft(replace(writing.draft, expires_at=moment)), Step.EXPIRY
        )

    async def gap(self, turn: Turn) -> object:
        """What goes into a gap of the template."""
        writing = await self._current(turn)
        return END if writing is None else await self._filled(turn, await self._fillings.typed(turn, writing))

    async def _filled(self, turn: Turn, writing: Writing) -> object:
        if writing.step is not Step.WORDS:
            return await self._show(turn, writing)
        kept = await self._kept(turn, writing)
        return END if kept is None else await self._show(turn, kept.at(kept.following))

    # ── What is tapped: w.<nonce>.<what>.<value> ──────────────────────────────────────────────────────────────────

    async def tapped(self, turn: Turn) -> object:
        writing = await self._current(turn, silently=True)
        if writing is None or writing.nonce != turn.part(1):
            return await self.old(turn)
        match turn.part(2):
            case "back":
                return await self._show(turn, writing.at(writing.before))
            case "to":
                return await self._to(turn, writing)
            case "next":
                return await self._show(turn, writing.at(writing.following))
            case "see":
                await self._steps.see_as(turn, writing)
                return writing.step
            case "test":
                return await self._test(turn, writing)
            case "submit":
                return await self._submit(turn, writing)
            case "drop":
                return await self._drop(turn, writing)
            case "tpl":
                chosen = await self._fillings.chosen(turn, writing)
                return writing.step if chosen is writing else await self._filled(turn, chosen)
        changed = await self._changes.of(turn, writing)
        if changed is None:
            return await self._show(turn, writing)
        return await self._changed(turn, *changed)

    async def _to(self, turn: Turn, writing: Writing) -> object:
        """To one thing of a whole draft; `to.translation.km` says in which language."""
        step = next((each for each in CHANGEABLE if each == turn.part(3)), Step.READY)
        language = turn.part(4) if turn.part(4) in texts.LANGUAGES else texts.DEFAULT
        return await self._show(turn, replace(writing, step=step, language=language, is_changing=True))

    # ── Done writing ──────────────────────────────────────────────────────────────────────────────────────────

    async def _test(self, turn: Turn, writing: Writing) -> object:
        """As residents' Telegram shows it, in each of its languages, to nobody but the writer."""
        if writing.id is None:
            return await self._show(turn, writing.at(Step.WORDS))
        for language in writing.draft.texts:
            telling = await self._notices.test_to_self(turn.actor, writing.id, "telegram", language)
            content = await self._notices.picture(turn.actor, telling.image) if telling.image else None
            if content is None:
                turn.says(telling.text, entities=telling.entities)
            else:
                turn.mouth.picture(turn.chat, content, telling.text, entities=telling.entities)
        return writing.step

    async def _submit(self, turn: Turn, writing: Writing) -> object:
        if writing.id is None:
            return await self._show(turn, writing.at(Step.WORDS))
        try:
            notice = await self._notices.submit(turn.actor, writing.id, writing.version)
        except Moved:
            turn.says(say("writing.moved"))
            theirs = await self._notices.get(turn.actor, writing.id)
            return await self._show(turn, writing.kept_as(theirs))
        turn.sitting.writing = None
        key = "submitted_urgent" if notice.is_urgent else "submitted"
        turn.edits(say(f"writing.{key}", code=notice.code))
        return END

    async def _drop(self, turn: Turn, writing: Writing) -> object:
        if turn.part(3) == "no" or (writing.id is None and turn.part(3) == "yes"):
            turn.edits(say("writing.kept", code=writing.code) if writing.id else say("writing.dropped"))
        elif writing.id is not None and turn.part(3) == "yes":
            await self._notices.cancel(turn.actor, writing.id)
            turn.edits(say("writing.cancelled", code=writing.code))
        else:
            self._steps.ask_to_drop(turn, writing)
            return writing.step
        turn.sitting.writing = None
        return END

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _current(self, turn: Turn, *, silently: bool = False) -> Writing | None:
        """What this officer is writing at this post; None, and said so, when that is over."""
        writing = turn.sitting.writing
        if writing is not None and writing.post != turn.actor.post:
            turn.sitting.writing = None
            turn.says(say("writing.other_post"))
            return None
        if writing is None and not silently:
            turn.says(say("writing.gone"))
        return writing

    async def _changed(self, turn: Turn, writing: Writing, step: Step) -> object:
        """Kept; and on to the next step, where what was changed is what this step is for."""
        kept = await self._kept(turn, writing)
        if kept is None:
            return END
        if step in (Step.AUDIENCE, Step.READY) or kept.step is not step:
            turn.sitting.writing = kept
            await self._steps.refresh(turn, kept)
            return kept.step
        return await self._show(turn, kept.at(kept.following))

    async def _kept(self, turn: Turn, writing: Writing) -> Writing | None:
        """As it rests in the database, where there are words; None when it cannot be changed any more. What did not change is not
        written: a notice that waits for approval would be taken back by it."""
        turn.sitting.writing = writing
        if not writing.draft.texts or writing.draft == writing.kept:
            return writing
        try:
            notice = await self._written(turn.actor, writing)
        except Moved:
            # Somebody changed it at the desk: theirs is what is shown from now on.
            turn.says(say("writing.moved"))
            notice = await self._notices.get(turn.actor, writing.id or "")
        except Refused as trouble:
            turn.sitting.writing = None
            turn.says(str(trouble))
            return None
        turn.sitting.writing = writing.kept_as(notice)
        return turn.sitting.writing

    async def _written(self, actor: Actor, writing: Writing) -> Notice:
        if writing.id is None:
            return await self._notices.write(actor, writing.draft)
        return await self._notices.keep(actor, writing.id, writing.version, writing.draft)

    async def _show(self, turn: Turn, writing: Writing) -> object:
        turn.sitting.writing = writing
        await self._steps.show(turn, writing)
        return writing.step


def _first_draft(actor: Actor) -> Draft:
    """A ward writes to its own people; a province says to which of its wards."""
    return Draft(audience=Audience(() if actor.role in PROVINCIAL else (actor.unit,)))
