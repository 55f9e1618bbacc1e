"""A schedule made in the officers' bot, in four steps: what, its name, when – typed as one says it – and a look at the words and the next
five times, before it is kept. Everything finer is the web desk's form. It decides nothing about when."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_reception import END, Turn
from bot.channels.telegram_officers_rules import read_rule
from bot.channels.telegram_officers_schedules import tag_of
from bot.channels.telegram_officers_words import say
from handlers.planning import Planning, Unfit, Wanted
from surveys.schedules import QuietDays, Schedule, told_due
from surveys.schedules.purposes import Purpose
from surveys.schedules.subjects import PURPOSES, WRITTEN_HERE, WaveWanted, wave_audience
from surveys.waves import LOCAL

__all__ = ["PlanStep", "Planner", "Wish"]

A_DAY = timedelta(days=1)
NONCE_BYTES = 3
OPEN_FOR = (10, 21)
"""Days that a wave may be open, by a tap; None beside them is to the end of the month."""
LONGEST_NAME = 120


class PlanStep(StrEnum):
    """Where the conversation is."""

    WHAT = "planning_what"
    NAME = "planning_name"
    WHEN = "planning_when"
    LOOK = "planning_look"


@dataclass(frozen=True, slots=True)
class Wish:
    """A schedule that is being made."""

    nonce: str
    """Buttons of another one do nothing to this."""
    post: str
    step: PlanStep = PlanStep.WHAT
    purpose: str = ""
    form: str = ""
    days: int | None = None
    name: str = ""
    schedule: Schedule | None = None


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
                return self._ask_name(turn, replace(wish, days=days))
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

    async def timed(self, turn: Turn) -> object:
        """When, as one says it."""
        wish = turn.sitting.wish
        if wish is None:
            return self._gone(turn)
        now = self._now()
        read = read_rule(turn.typed, now)
        if read is None:
            turn.says(say("plan.unread"))
            return None
        rule, at = read
        is_wave = wish.purpose == Purpose.OPEN_WAVE
        quiet = QuietDays.KEEP if is_wave else QuietDays.NEXT
        today = now.astimezone(LOCAL).date()
        schedule = Schedule(rule, at, today, lateness=A_DAY, quiet_days=quiet)
        return await self._look(turn, replace(wish, schedule=schedule))

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

    def _ask_name(self, turn: Turn, wish: Wish) -> object:
        turn.sitting.wish = replace(wish, step=PlanStep.NAME)
        is_wave = wish.purpose == Purpose.OPEN_WAVE
        turn.says(say("plan.wave_name") if is_wave else say("plan.about"))
        return PlanStep.NAME

    def _ask_when(self, turn: Turn, wish: Wish) -> object:
        turn.sitting.wish = replace(wish, step=PlanStep.WHEN)
        turn.says(say("plan.when"))
        return PlanStep.WHEN

    async def _look(self, turn: Turn, wish: Wish) -> object:
        wanted = _wanted(wish, turn.actor.unit)
        looked = await self._planning.look(wanted)
        turn.sitting.wish = replace(wish, step=PlanStep.LOOK)
        coming = "\n".join(
            f"{place}. {told_due(due)}" + (f" ({looked.holidays[due]})" if due in looked.holidays else "")
            for place, due in enumerate(looked.coming, start=1)
        )
        retime = Button(say("plan.retime"), f"ln.{wish.nonce}.retime")
        drop = Button(say("plan.drop"), f"ln.{wish.nonce}.drop")
        if not coming:
            turn.says(say("plan.never"), [[retime, drop]])
            return PlanStep.LOOK
        words = looked.words[:1].upper() + looked.words[1:]
        text = say("plan.look", what=PURPOSES[wish.purpose], name=wish.name, words=words, coming=coming)
        turn.says(text, [[Button(say("plan.keep"), f"ln.{wish.nonce}.keep")], [retime, drop]])
        return PlanStep.LOOK

    async def _kept(self, turn: Turn, wish: Wish) -> object:
        if wish.schedule is None or wish.step is not PlanStep.LOOK:
            turn.says(say("plan.old"))
            return None
        try:
            seen = await self._planning.add(turn.actor, _wanted(wish, turn.actor.unit))
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


def _wanted(wish: Wish, unit: str) -> Wanted:
    assert wish.schedule is not None
    if wish.purpose != Purpose.OPEN_WAVE:
        return Wanted(wish.purpose, wish.name, unit, wish.schedule, {"about": wish.name})
    wave = WaveWanted(wish.form, wish.name, wave_audience(wish.form), wish.days)
    return Wanted(wish.purpose, wish.name, unit, wish.schedule, wave.subject(wish.schedule.rule, None))
