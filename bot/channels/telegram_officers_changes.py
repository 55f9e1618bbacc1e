"""What one tap changes of a half-written notice: its kind, its audience, its time. Values in, values out; it asks only where an
audience may lie."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels.telegram_officers_draft import Step, Writing, toggled
from bot.channels.telegram_officers_reception import Turn
from bot.channels.telegram_officers_steps import OVERS, Steps
from surveys import texts
from surveys.notices import Audience, Category
from surveys.waves import LOCAL

__all__ = ["AWAKE_AT", "Changes"]

AWAKE_AT = 7  # o'clock; the hour that “tomorrow” means on a button

Change = Callable[[Turn, Writing], Awaitable[Writing]]


class Changes:
    def __init__(self, steps: Steps, now: Callable[[], datetime]) -> None:
        self._steps = steps
        self._now = now
        self._taps: dict[str, tuple[Step, Change]] = {
            "cat": (Step.CATEGORY, self._category),
            "bare": (Step.PICTURE, self._no_picture),
            "lang": (Step.AUDIENCE, self._language),
            "topic": (Step.AUDIENCE, self._topic),
            "unit": (Step.AUDIENCE, self._unit),
            "page": (Step.AUDIENCE, self._page),
            "at": (Step.TIME, self._time),
            "until": (Step.EXPIRY, self._no_expiry),
            "forget": (Step.TRANSLATION, self._forget),
            # These two are at home at more than one step, and lead to none.
            "urgent": (Step.READY, self._urgent),
            "over": (Step.READY, self._over),
        }

    async def of(self, turn: Turn, writing: Writing) -> tuple[Writing, Step] | None:
        """With the change, and the step it belongs to; None for a tap that changes nothing."""
        found = self._taps.get(turn.part(2))
        return None if found is None else (await found[1](turn, writing), found[0])

    async def _category(self, turn: Turn, writing: Writing) -> Writing:
        category = next((each for each in Category if each == turn.part(3)), writing.draft.category)
        return writing.with_draft(replace(writing.draft, category=category))

    async def _language(self, turn: Turn, writing: Writing) -> Writing:
        chosen = toggled(writing.draft.audience.languages, turn.part(3), texts.LANGUAGES)
        return _for(writing, replace(writing.draft.audience, languages=chosen))

    async def _topic(self, turn: Turn, writing: Writing) -> Writing:
        topic = next((each for each in Category if each == turn.part(3)), None)
        if topic is None:
            return writing
        chosen = toggled(writing.draft.topics, topic, tuple(Category))
        # Its own category alone is what no choice means.
        chosen = () if chosen == (writing.draft.category,) else chosen
        return _for(writing, replace(writing.draft.audience, topics=chosen))

    async def _unit(self, turn: Turn, writing: Writing) -> Writing:
        places = tuple(unit.code for unit in await self._steps.places(turn.actor))
        chosen = toggled(writing.draft.audience.units, turn.part(3), places)
        whole = turn.actor.unit
        if turn.part(3) == whole:
            chosen = (whole,) if whole in chosen else ()
        elif len(chosen) > 1:  # a province stands for all its wards
            chosen = tuple(code for code in chosen if code != whole)
        return _for(writing, replace(writing.draft.audience, units=chosen))

    async def _page(self, turn: Turn, writing: Writing) -> Writing:
        return replace(writing, page=int(turn.part(3)) if turn.part(3).isdecimal() else 0)

    async def _urgent(self, turn: Turn, writing: Writing) -> Writing:
        return writing.with_draft(replace(writing.draft, is_urgent=not writing.draft.is_urgent))

    async def _over(self, turn: Turn, writing: Writing) -> Writing:
        """The next longer time to spread it over; after the longest, none."""
        hours = [timedelta(hours=each) for each in OVERS]
        place = hours.index(writing.draft.over) if writing.draft.over in hours else 0
        return writing.with_draft(replace(writing.draft, over=hours[(place + 1) % len(hours)]))

    async def _time(self, turn: Turn, writing: Writing) -> Writing:
        send_at = None
        if turn.part(3) == "tomorrow":
            tomorrow = self._now().astimezone(LOCAL) + timedelta(days=1)
            send_at = tomorrow.replace(hour=AWAKE_AT, minute=0, second=0, microsecond=0)
        return writing.with_draft(replace(writing.draft, send_at=send_at))

    async def _no_expiry(self, turn: Turn, writing: Writing) -> Writing:
        return writing.with_draft(replace(writing.draft, expires_at=None))

    async def _no_picture(self, turn: Turn, writing: Writing) -> Writing:
        return writing.with_draft(replace(writing.draft, image=None))

    async def _forget(self, turn: Turn, writing: Writing) -> Writing:
        """A translation is taken out; the Vietnamese text can only be written anew."""
        left = {language: text for language, text in writing.draft.texts.items() if language != turn.part(3)}
        return writing.with_draft(replace(writing.draft, texts=left)) if texts.DEFAULT in left else writing


def _for(writing: Writing, audience: Audience) -> Writing:
    return writing.with_draft(replace(writing.draft, audience=audience))
