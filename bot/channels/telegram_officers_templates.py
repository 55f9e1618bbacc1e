"""A notice from a template, in the officers' bot: one question for each gap, each answer held to what belongs there before the next is
asked. What may stand in a gap is `surveys.notices.templates`' to say."""

from collections.abc import Iterable
from dataclasses import replace

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_draft import Step, Writing
from bot.channels.telegram_officers_reception import Turn
from bot.channels.telegram_officers_words import say
from handlers.notice_templates import NoticeTemplates
from surveys.notices.templates import Gap, Template, filled
from surveys.notices.words import CATEGORIES
from surveys.rights import Actor

__all__ = ["Fillings"]

MOST_LISTED = 20


class Fillings:
    def __init__(self, templates: NoticeTemplates, domains: Iterable[str]) -> None:
        """`domains`: where a link in a gap may lead."""
        self._templates = templates
        self._domains = tuple(domains)

    async def chosen(self, turn: Turn, writing: Writing) -> Writing:
        """w.<nonce>.tpl shows which there are, w.<nonce>.tpl.<id> begins with one."""
        if not turn.part(3):
            await self._list(turn, writing)
            return writing
        template = await self._templates.get(turn.actor, turn.part(3))
        return await self._on(turn.actor, replace(writing, template=template.id, gaps=()), template)

    async def typed(self, turn: Turn, writing: Writing) -> Writing:
        """What goes into the gap that was asked for; asked again where it does not belong there."""
        template = await self._templates.get(turn.actor, writing.template or "")
        gap = _next(template, writing)
        if gap is None:
            return await self._on(turn.actor, writing, template)
        values = (*writing.gaps, (gap.name, turn.typed))
        _, misfits = filled(template, dict(values), self._domains)
        if misfit := next((each for each in misfits if each.gap == gap), None):
            turn.says(misfit.sentence)
            return writing
        return await self._on(turn.actor, replace(writing, gaps=values), template)

    async def _list(self, turn: Turn, writing: Writing) -> None:
        found = (await self._templates.all(turn.actor))[:MOST_LISTED]
        rows = [
            [Button(f"{each.name} · {CATEGORIES[each.category]}", f"w.{writing.nonce}.tpl.{each.id}")]
            for each in found
        ]
        turn.says(say("template.which") if rows else say("template.none"), rows)

    async def _on(self, actor: Actor, writing: Writing, template: Template) -> Writing:
        """To the next gap; with the last one filled in, to the words."""
        gap = _next(template, writing)
        if gap is not None:
            return replace(writing, step=Step.GAP, asking=(gap.name, gap.wanted))
        draft = await self._templates.fill(actor, template.id, dict(writing.gaps))
        # Whom it is for was chosen, or will be.
        draft = replace(draft, audience=writing.draft.audience)
        return replace(writing, draft=draft, step=Step.WORDS, asking=("", ""))


def _next(template: Template, writing: Writing) -> Gap | None:
    return next((gap for gap in template.gaps if gap.name not in dict(writing.gaps)), None)
