"""How each step of writing a notice is shown: its question, its buttons, and at the end the preview as each channel will show it, with
how many it reaches and why not the others. It changes nothing."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_draft import ORDER, Step, Writing
from bot.channels.telegram_officers_moments import told_moment
from bot.channels.telegram_officers_reception import Turn
from bot.channels.telegram_officers_words import say
from handlers.beneath import Beneath
from handlers.notices import Notices
from surveys import texts
from surveys.figures import whole
from surveys.notices import Audience, Category, Draft, Notice, Reckoning
from surveys.notices.words import CATEGORIES, CHANNELS, KINDS, WHY_NOT
from surveys.outside_words import outlook_words
from surveys.rights import PROVINCIAL, Actor
from surveys.units import Unit, fold

__all__ = ["OVERS", "PREVIEWS", "Steps", "audience_words", "reckoning_words"]

PREVIEWS = ("zalo", "telegram", "web")
OVERS = (0, 1, 2, 4)  # hours a notice may be spread over, on buttons
A_PAGE = 8  # places under one message
MOST_FOUND = 6
A_SECOND_ON = {"telegram": 28.0, "zalo": 1.0}
"""Messages a second a channel is sent, for a rough “done in”: Telegram's limit is 30, an Official Account's 60 to 80 a minute."""


class Steps:
    def __init__(self, notices: Notices, beneath: Beneath) -> None:
        self._notices = notices
        self._beneath = beneath

    async def show(self, turn: Turn, writing: Writing) -> None:
        """A new message: the chat is read downwards."""
        if writing.step is Step.READY:
            await self._preview(turn, writing, PREVIEWS[0], texts.DEFAULT, anew=True)
        text, rows = await self._view(turn, writing)
        turn.says(text, rows)

    async def refresh(self, turn: Turn, writing: Writing) -> None:
        """The same message, with what was just tapped."""
        text, rows = await self._view(turn, writing)
        turn.edits(text, rows)

    async def see_as(self, turn: Turn, writing: Writing) -> None:
        """w.<nonce>.see.<channel>.<language>"""
        kind = turn.part(3) if turn.part(3) in PREVIEWS else PREVIEWS[0]
        language = turn.part(4) if turn.part(4) in writing.draft.texts else texts.DEFAULT
        await self._preview(turn, writing, kind, language, anew=False)

    def ask_to_drop(self, turn: Turn, writing: Writing) -> None:
        what = say("writing.sure_to_drop", code=writing.code or "–")
        yes, no = Button(say("writing.drop"), _data(writing, "drop", "yes")), _data(writing, "drop", "no")
        turn.says(what, [[yes, Button(say("writing.keep"), no)]])

    # ── Places ────────────────────────────────────────────────────────────────────────────────────────────────

    async def places(self, actor: Actor) -> tuple[Unit, ...]:
        return await self._beneath.of(actor)

    async def found(self, actor: Actor, typed: str) -> tuple[Unit, ...]:
        """Those whose name has these words, with marks or without."""
        wanted = fold(typed[: texts.LONGEST])
        if not wanted.strip():
            return ()
        there = await self.places(actor)
        return tuple(unit for unit in there if wanted in fold(unit.name))[:MOST_FOUND]

    def place_button(self, writing: Writing, unit: Unit) -> Button:
        chosen = unit.code in writing.draft.audience.units
        return Button(_marked(unit.name, chosen), _data(writing, "unit", unit.code))

    # ── One step ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _view(self, turn: Turn, writing: Writing) -> tuple[str, list[list[Button]]]:
        match writing.step:
            case Step.CATEGORY:
                return self._headed(writing, "step.category"), self._categories(writing)
            case Step.WORDS:
                keep = Button(say("step.keep_words"), _data(writing, "next"))
                return self._headed(writing, "step.words"), self._footed(
                    writing, *([[keep]] if writing.draft.texts else [])
                )
            case Step.TRANSLATION:
                return self._translation(writing)
            case Step.PICTURE:
                return self._picture(writing)
            case Step.AUDIENCE:
                return await self._audience(turn, writing)
            case Step.TIME:
                return self._time(writing)
            case Step.GAP:
                name, wanted = writing.asking
                return say("template.gap", name=name, wanted=wanted), self._footed(writing)
            case Step.EXPIRY:
                none = Button(say("step.no_expiry"), _data(writing, "until", "none"))
                return say("step.expiry"), self._footed(writing, [none])
        return await self._ready(turn, writing)

    def _headed(self, writing: Writing, key: str) -> str:
        """“Soạn thông báo, bước 1/5”, while it is written for the first time."""
        if writing.is_changing or writing.step not in ORDER:
            return say(key)
        place = ORDER.index(writing.step) + 1
        return say("step.head", place=place, of=len(ORDER) - 1) + "\n" + say(key)

    def _footed(self, writing: Writing, *rows: Sequence[Button]) -> list[list[Button]]:
        if writing.step is Step.CATEGORY and not writing.is_changing:
            return [*map(list, rows), [Button(say("step.drop"), _data(writing, "drop"))]]
        return [*map(list, rows), [Button(say("step.back"), _data(writing, "back"))]]

    def _categories(self, writing: Writing) -> list[list[Button]]:
        buttons = [Button(CATEGORIES[each], _data(writing, "cat", each.value)) for each in Category]
        rows = _in_rows(buttons, 2)
        if not writing.is_changing:
            rows.append([Button(say("step.template"), _data(writing, "tpl"))])
        return self._footed(writing, *rows)

    def _picture(self, writing: Writing) -> tuple[str, list[list[Button]]]:
        onwards = _data(writing, "next")
        if writing.draft.image is None:
            rows = [[Button(say("step.no_picture"), onwards)]]
            return self._headed(writing, "step.picture"), self._footed(writing, *rows)
        keep, remove = Button(say("step.keep_picture"), onwards), _data(writing, "bare")
        rows = [[keep, Button(say("step.remove_picture"), remove)]]
        return self._headed(writing, "step.picture_there"), self._footed(writing, *rows)

    def _translation(self, writing: Writing) -> tuple[str, list[list[Button]]]:
        name = texts.NAMES[writing.language]
        text = say("step.translation", language=name)
        if writing.language in texts.UNREVIEWED:
            text += "\n" + say("step.read_by_a_person")
        rows = []
        if writing.language in writing.draft.texts and writing.language != texts.DEFAULT:
            rows.append([Button(say("step.forget"), _data(writing, "forget", writing.language))])
        return text, self._footed(writing, *rows)

    async def _audience(self, turn: Turn, writing: Writing) -> tuple[str, list[list[Button]]]:
        audience, draft = writing.draft.audience, writing.draft
        places = await self.places(turn.actor)
        names = {unit.code: unit.name for unit in places}
        rows: list[list[Button]] = []
        key = "step.audience"
        if turn.actor.role in PROVINCIAL:
            key = "step.audience_of_province"
            page = min(writing.page, max(0, ceil(len(places) / A_PAGE) - 1))
            shown = places[page * A_PAGE : (page + 1) * A_PAGE]
            rows += _in_rows([self.place_button(writing, unit) for unit in shown], 2)
            if len(places) > A_PAGE:
                turns = [("‹", page - 1), ("›", page + 1)]
                there = [each for each in turns if 0 <= each[1] * A_PAGE < len(places)]
                rows.append([Button(label, _data(writing, "page", str(to))) for label, to in there])
        spoken = [(each, texts.NAMES[each]) for each in texts.LANGUAGES]
        rows.append(
            [
                Button(_marked(name, each in audience.languages), _data(writing, "lang", each))
                for each, name in spoken
            ]
        )
        topics = [
            Button(_marked(CATEGORIES[each], each in draft.topics), _data(writing, "topic", each.value))
            for each in Category
        ]
        rows += _in_rows(topics, 2)
        rows.append([Button(say("step.audience_done"), _data(writing, "next"))])
        text = self._headed(writing, key) + "\n" + audience_words(draft, names)
        return text, self._footed(writing, *rows)

    def _time(self, writing: Writing) -> tuple[str, list[list[Button]]]:
        mark = _marked(say("step.urgent"), writing.draft.is_urgent)
        text = self._headed(writing, "step.time")
        if writing.draft.is_urgent:
            text += "\n" + say("step.urgent_means")
        return text, self._footed(
            writing,
            [Button(say("step.at_once"), _data(writing, "at", "once"))],
            [Button(say("step.tomorrow"), _data(writing, "at", "tomorrow"))],
            [Button(mark, _data(writing, "urgent"))],
        )

    # ── The end: preview and reckoning ────────────────────────────────────────────────────────────────────────

    async def _preview(self, turn: Turn, writing: Writing, kind: str, language: str, *, anew: bool) -> None:
        """The very words a resident reads; the buttons beneath change the channel."""
        if writing.id is None:
            return
        telling = await self._notices.preview(turn.actor, writing.id, kind, language)
        channels = [
            Button(_dotted(CHANNELS[each], each == kind), _data(writing, "see", each, language))
            for each in PREVIEWS
        ]
        rows = [channels]
        if len(writing.draft.texts) > 1:
            rows.append(
                [
                    Button(_dotted(texts.NAMES[each], each == language), _data(writing, "see", kind, each))
                    for each in writing.draft.texts
                ]
            )
        # Zalo shows nothing bold: nor does its preview.
        entities = telling.entities if kind != "zalo" else ()
        if anew and telling.image is not None:
            content = await self._notices.picture(turn.actor, telling.image)
            if content is not None:
                turn.mouth.picture(turn.chat, content)
        if anew:
            turn.says(telling.text, rows, entities=entities)
        else:
            turn.edits(telling.text, rows, entities=entities)

    async def _ready(self, turn: Turn, writing: Writing) -> tuple[str, list[list[Button]]]:
        if writing.id is None:
            return say("writing.no_words"), self._footed(writing)
        notice = await self._notices.get(turn.actor, writing.id)
        reckoning = await self._notices.reckon(turn.actor, writing.id)
        names = {unit.code: unit.name for unit in await self.places(turn.actor)}
        lines = [
            say("ready.head", code=notice.code, category=CATEGORIES[notice.category]),
            audience_words(notice.draft, names),
            *_times(notice.draft),
            *reckoning_words(reckoning),
            *_until_done(notice, reckoning),
        ]
        lines += [f"⚠ {problem}" for problem in await self._notices.problems(turn.actor, writing.id)]
        for finding in await self._notices.findings(turn.actor, writing.id):
            lines.append(say("ready.finding", words=finding.words, why=KINDS[finding.kind]))
        return "\n".join(lines), self._whole(writing)

    def _whole(self, writing: Writing) -> list[list[Button]]:
        """What can be done with a whole draft, and what of it can be changed."""

        def to(step: Step, *more: str) -> Button:
            return Button(
                say(f"change.{'.'.join((step.value, *more)).replace('.', '_')}"), _to(writing, step, *more)
            )

        others = [to(Step.TRANSLATION, each) for each in texts.LANGUAGES if each != texts.DEFAULT]
        over = Button(say("change.over", hours=_hours(writing.draft.over)), _data(writing, "over"))
        urgent = Button(_marked(say("step.urgent"), writing.draft.is_urgent), _data(writing, "urgent"))
        return [
            [
                Button(say("ready.submit"), _data(writing, "submit")),
                Button(say("ready.test"), _data(writing, "test")),
            ],
            [to(Step.CATEGORY), to(Step.WORDS), to(Step.PICTURE)],
            [to(Step.AUDIENCE), to(Step.TIME), to(Step.EXPIRY)],
            others,
            [over, urgent],
            [Button(say("step.drop"), _data(writing, "drop"))],
        ]


def audience_words(draft: Draft, names: dict[str, str]) -> str:
    audience: Audience = draft.audience
    places = ", ".join(names.get(code, code) for code in audience.units) or say("audience.nobody")
    spoken = ", ".join(texts.NAMES.get(each, each) for each in audience.languages) or say("audience.every")
    topics = ", ".join(CATEGORIES[each] for each in draft.topics)
    return say("audience.line", places=places, languages=spoken, topics=topics)


def reckoning_words(reckoning: Reckoning) -> list[str]:
    """“Gửi tới 3.412 người; không gửi được 268 (Zalo quá 7 ngày: 241 …).”"""
    line = say("ready.reaches", count=whole(reckoning.count))
    if reckoning.missed:
        most_first = sorted(reckoning.why_not.items(), key=lambda each: (-each[1], each[0]))
        why = ", ".join(f"{WHY_NOT[reason]}: {whole(number)}" for reason, number in most_first)
        line += say("ready.misses", count=whole(reckoning.missed), why=why)
    lines = [f"{line}."]
    there = [(kind, reach.count) for kind, reach in reckoning.channels.items() if reach.count]
    if there:
        lines.append(" · ".join(f"{CHANNELS.get(kind, kind)} {whole(count)}" for kind, count in there))
    if reckoning.billed:
        key = "ready.billed" if reckoning.cost is None else "ready.cost"
        lines.append(say(key, number=whole(reckoning.billed), cost=whole(reckoning.cost or 0)))
    if reckoning.outlook is not None:
        lines += outlook_words(reckoning.outlook)
    return lines


def _until_done(notice: Notice, reckoning: Reckoning) -> Iterable[str]:
    seconds = [
        reach.count / A_SECOND_ON[kind] for kind, reach in reckoning.channels.items() if kind in A_SECOND_ON
    ]
    longest = max([*seconds, notice.over.total_seconds()], default=0.0)
    if longest:
        yield say("ready.takes", minutes=max(1, ceil(longest / 60)))


def _times(draft: Draft) -> Iterable[str]:
    yield say("ready.leaves", at=told_moment(draft.send_at)) if draft.send_at else say("ready.at_once")
    if draft.expires_at is not None:
        yield say("ready.expires", at=told_moment(draft.expires_at))
    if draft.is_urgent:
        yield say("step.urgent_means")


def _hours(over: timedelta) -> str:
    hours = round(over.total_seconds() / 3600)
    return say("change.hours", hours=hours) if hours else say("change.no_hours")


def _data(writing: Writing, *parts: str) -> str:
    return ".".join(("w", writing.nonce, *parts))


def _to(writing: Writing, step: Step, *more: str) -> str:
    return _data(writing, "to", step.value, *more)


def _in_rows(buttons: Sequence[Button], a_row: int) -> list[list[Button]]:
    return [list(buttons[place : place + a_row]) for place in range(0, len(buttons), a_row)]


def _marked(label: str, chosen: bool) -> str:
    return f"✓ {label}" if chosen else label


def _dotted(label: str, shown: bool) -> str:
    return f"• {label}" if shown else label
