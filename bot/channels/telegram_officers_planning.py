"""A schedule made in the officers' bot, in four steps: what – of whichever wave, to whom –, its name, when – typed as one says it – and a
look at the words and the next five times, before it is kept. Everything finer is the web desk's form. It decides nothing about when."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_reception import END, Turn
from bot.channels.telegram_officers_rules import read_around, read_rule
from bot.channels.telegram_officers_schedules import tag_of
from bot.channels.telegram_officers_wishes import LONGEST_NAME, PlanStep, Wish
from bot.channels.telegram_officers_words import say
from handlers.planning import Looked, Planning, Unfit
from surveys.reminding import MOST
from surveys.schedules import told_due
from surveys.schedules.purposes import Purpose
from surveys.schedules.subjects import PURPOSES, REMINDERS, WRITTEN_HERE, wave_audience
from surveys.waves import LOCAL, Audience

__all__ = ["PlanStep", "Planner", "Wish"]

NONCE_BYTES = 3
MOST_OFFERED = 24
"""Waves on buttons; whoever looks for an older one has the web desk."""
SAMPLES = (100, 200, 500)
"""People of each ward, by a tap."""
OPEN_FOR = (10, 21)
"""Days that a wave may be open, by a tap; None beside them is to the end of the month."""


class Planner:
    def __init__(self, planning: Planning, now: Callable[[], datetime]) -> None:
        self._planning = planning
        self._now = now

    async def begin(self, turn: Turn) -> object:
        """`/datlich`, and the button beneath the list."""
        wish = Wish(secrets.token_hex(NONCE_BYTES), turn.actor.post)
        turn.sitting.wish = wish
        rows = [[Button(PURPOSES[each], f"ln.{wish.nonce}.what.{each.value}")] for each in WRITTEN_HERE]
        turn.says(say("plan.what"), rows)
        return wish.step

    async def tapped(self, turn: Turn) -> object:
        """ln.<nonce>.<what>.<value>"""
        if turn.part(2) == "begin":
            return await self.begin(turn)
        wish = turn.sitting.wish
        if wish is None or wish.nonce != turn.part(1) or wish.post != turn.actor.post:
            turn.says(say("plan.old"))
            return None
        value = ".".join(turn.data[3:])
        match turn.part(2):
            case "what":
                return await self._chosen(turn, wish, value)
            case "form":
                return self._form(turn, wish, value)
            case "days":
                days = int(value) if value.isdecimal() and int(value) in OPEN_FOR else None
                return self._ask_whom(turn, replace(wish, days=days))
            case "wave":
                return self._wave(turn, wish, value)
            case "whom":
                return self._whom(turn, wish, value)
            case "after":
                after = REMINDERS if value == "yes" else ()
                return self._ask_name(turn, replace(wish, remind_after=after))
            case "number":
                number = int(value) if value in map(str, range(1, MOST + 1)) else 1
                return self._ask_when(turn, replace(wish, number=number))
            case "template":
                return await self._template(turn, wish, value)
            case "retime":
                return self._ask_when(turn, wish)
            case "keep":
                return await self._kept(turn, wish)
            case "drop":
                return await self.leave(turn)
        return None

    async def named(self, turn: Turn) -> object:
        """What it is called, which is what officers are reminded of."""
        wish = turn.sitting.wish
        if wish is None:
            return self._gone(turn)
        name = " ".join(turn.typed.split())
        if not name or len(name) > LONGEST_NAME:
            turn.says(say("plan.name_length", most=LONGEST_NAME))
            return None
        return self._ask_when(turn, replace(wish, name=name))

    async def filled(self, turn: Turn) -> object:
        """What goes into a gap; whether it fits is said with the look at it, on the day it would be."""
        wish = turn.sitting.wish
        if wish is None or wish.gap is None:
            return self._gone(turn)
        value = " ".join(turn.typed.split())
        return self._ask_gap(turn, replace(wish, gaps=(*wish.gaps, (wish.gap.name, value))))

    async def timed(self, turn: Turn) -> object:
        """When, as one says it."""
        wish = turn.sitting.wish
        if wish is None:
            return self._gone(turn)
        now = self._now()
        read = (read_around(turn.typed, wish.wave) if wish.follows else None) or read_rule(turn.typed, now)
        if read is None or not wish.can_be(read[0]):
            turn.says(say("plan.unread_of_wave") if wish.follows else say("plan.unread"))
            return None
        rule, at = read
        return await self._look(turn, wish.at(rule, at, now.astimezone(LOCAL).date()))

    async def stray(self, turn: Turn) -> object:
        turn.says(say("plan.not_here"))
        return None

    async def leave(self, turn: Turn) -> object:
        turn.sitting.wish = None
        turn.says(say("plan.dropped"))
        return END

    # ── Its steps ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _chosen(self, turn: Turn, wish: Wish, purpose: str) -> object:
        if purpose not in WRITTEN_HERE:
            return None
        wish = replace(wish, purpose=purpose)
        if wish.follows:
            return await self._ask_wave(turn, wish)
        if purpose == Purpose.DRAFT_NOTICE:
            return await self._ask_template(turn, wish)
        if purpose != Purpose.OPEN_WAVE:
            return self._ask_name(turn, wish)
        turn.sitting.wish = wish
        forms = [each for each in await self._planning.forms() if each[1] is None]
        turn.says(say("plan.form"), [[Button(title, f"ln.{wish.nonce}.form.{id}")] for id, _, title in forms])
        return PlanStep.WHAT

    def _form(self, turn: Turn, wish: Wish, form: str) -> object:
        turn.sitting.wish = replace(wish, form=form)
        rows = [[Button(say("plan.days", count=days), f"ln.{wish.nonce}.days.{days}") for days in OPEN_FOR]]
        rows.append([Button(say("plan.month_end"), f"ln.{wish.nonce}.days.month")])
        turn.says(say("plan.open_for"), rows)
        return PlanStep.WHAT

    async def _ask_wave(self, turn: Turn, wish: Wish) -> object:
        waves = (await self._planning.waves(turn.actor, wish.purpose))[:MOST_OFFERED]
        wish = turn.sitting.wish = replace(wish, offered=tuple(waves))
        rows = [
            [Button(title, f"ln.{wish.nonce}.wave.{place}")] for place, (_, title) in enumerate(wish.offered)
        ]
        turn.says(say("plan.wave"), rows)
        return PlanStep.WHAT

    def _wave(self, turn: Turn, wish: Wish, place: str) -> object:
        if not place.isdecimal() or int(place) >= len(wish.offered):
            return None
        wish = wish.about(*wish.offered[int(place)])
        match wish.purpose:
            case Purpose.INVITE:
                return self._ask_whom(turn, wish)
            case Purpose.REMIND:
                turn.sitting.wish = wish
                numbers = range(1, MOST + 1)
                turn.says(
                    say("plan.number"),
                    [[Button(say("plan.nth", number=n), f"ln.{wish.nonce}.number.{n}") for n in numbers]],
                )
                return PlanStep.WHAT
        return self._ask_when(turn, wish)

    def _ask_whom(self, turn: Turn, wish: Wish) -> object:
        """Whom a wave is taken to; nobody is invited to rate a visit they made."""
        is_new = wish.purpose == Purpose.OPEN_WAVE
        if is_new and wave_audience(wish.form) is Audience.VISITS:
            return self._ask_name(turn, wish)
        turn.sitting.wish = wish
        rows = [[Button(say("plan.whom_nobody"), f"ln.{wish.nonce}.whom.nobody")]] if is_new else []
        rows.append([Button(say("plan.whom_all"), f"ln.{wish.nonce}.whom.all")])
        drawn = [Button(say("plan.whom_some", count=n), f"ln.{wish.nonce}.whom.{n}") for n in SAMPLES]
        turn.says(say("plan.whom"), [*rows, drawn])
        return PlanStep.WHAT

    def _whom(self, turn: Turn, wish: Wish, value: str) -> object:
        sample = int(value) if value in map(str, SAMPLES) else None
        wish = replace(wish, is_taken_to_people=value != "nobody", sample=sample)
        if wish.follows:
            return self._ask_when(turn, wish)
        if not wish.is_taken_to_people:
            return self._ask_name(turn, wish)
        turn.sitting.wish = wish
        days = " và ".join(map(str, REMINDERS))
        no, yes = Button(say("plan.after_no"), f"ln.{wish.nonce}.after.no"), f"ln.{wish.nonce}.after.yes"
        turn.says(say("plan.after"), [[Button(say("plan.after_yes", days=days), yes)], [no]])
        return PlanStep.WHAT

    async def _ask_template(self, turn: Turn, wish: Wish) -> object:
        templates = (await self._planning.templates(turn.actor))[:MOST_OFFERED]
        if not templates:
            turn.sitting.wish = None
            turn.says(say("plan.no_templates"))
            return END
        turn.sitting.wish = wish
        rows = [[Button(each.name, f"ln.{wish.nonce}.template.{each.id}")] for each in templates]
        turn.says(say("plan.template"), rows)
        return PlanStep.WHAT

    async def _template(self, turn: Turn, wish: Wish, id: str) -> object:
        templates = {each.id: each for each in await self._planning.templates(turn.actor)}
        if id not in templates:
            turn.says(say("plan.old"))
            return None
        return self._ask_gap(turn, replace(wish, template=templates[id], gaps=()))

    def _ask_gap(self, turn: Turn, wish: Wish) -> object:
        """One gap after the other; with the last one filled in, its name."""
        if wish.gap is None:
            return self._ask_name(turn, wish)
        turn.sitting.wish = replace(wish, step=PlanStep.GAP)
        turn.says(say("plan.gap", name=wish.gap.name, wanted=wish.gap.wanted))
        return PlanStep.GAP

    def _ask_name(self, turn: Turn, wish: Wish) -> object:
        turn.sitting.wish = replace(wish, step=PlanStep.NAME)
        names = {Purpose.OPEN_WAVE: "plan.wave_name", Purpose.DRAFT_NOTICE: "plan.draft_name"}
        turn.says(say(names.get(Purpose(wish.purpose), "plan.about")))
        return PlanStep.NAME

    def _ask_when(self, turn: Turn, wish: Wish) -> object:
        turn.sitting.wish = replace(wish, step=PlanStep.WHEN)
        turn.says(say("plan.when_of_wave") if wish.follows else say("plan.when"))
        return PlanStep.WHEN

    async def _look(self, turn: Turn, wish: Wish) -> object:
        looked = await self._planning.look(wish.wanted(turn.actor.unit))
        turn.sitting.wish = replace(wish, step=PlanStep.LOOK)
        retime = Button(say("plan.retime"), f"ln.{wish.nonce}.retime")
        drop = Button(say("plan.drop"), f"ln.{wish.nonce}.drop")
        if looked.trouble or not (looked.coming or looked.waits):
            turn.says(looked.trouble or say("plan.never"), [[retime, drop]])
            return PlanStep.LOOK
        words = looked.words[:1].upper() + looked.words[1:]
        text = say(
            "plan.look", what=PURPOSES[wish.purpose], name=wish.name, words=words, coming=_coming(looked)
        )
        if looked.what:
            text += "\n" + looked.what
        if looked.drafted:
            text += "\n\n" + say("plan.drafted", text=looked.drafted)
        turn.says(text, [[Button(say("plan.keep"), f"ln.{wish.nonce}.keep")], [retime, drop]])
        return PlanStep.LOOK

    async def _kept(self, turn: Turn, wish: Wish) -> object:
        if wish.schedule is None or wish.step is not PlanStep.LOOK:
            turn.says(say("plan.old"))
            return None
        try:
            seen = await self._planning.add(turn.actor, wish.wanted(turn.actor.unit))
        except Unfit as unfit:
            turn.says(str(unfit))
            return PlanStep.LOOK
        turn.sitting.wish = None
        turn.edits(
            say("plan.kept", name=seen.row.title), [[Button(say("plan.see"), f"lc.{tag_of(seen.row.id)}")]]
        )
        return END

    def _gone(self, turn: Turn) -> object:
        turn.says(say("plan.old"))
        return END


def _coming(looked: Looked) -> str:
    """The next times, each with the holiday it falls on; of a wave that is not there yet, that they wait for it."""
    if not looked.coming:
        return say("plan.waits")
    return "\n".join(
        f"{place}. {told_due(due)}" + (f" ({looked.holidays[due]})" if due in looked.holidays else "")
        for place, due in enumerate(looked.coming, start=1)
    )
