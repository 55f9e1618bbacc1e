"""What happens by itself, in the officers' bot: the list, one schedule's card with its next five times, pause, resume, what was missed once
more, and letting everything go on that waits for a person. It decides nothing: each tap is one use case."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_reception import Turn
from bot.channels.telegram_officers_words import say
from handlers.planning import Changed, Planning, Seen
from handlers.schedules import CLOCK_LEAPT, RESTORED
from surveys.rights import MATRIX, Action
from surveys.schedules import told_due
from surveys.schedules.purposes import is_chore

__all__ = ["Timetable", "tag_of", "why_held"]

MOST_LISTED = 20
TAG = 12  # digits; an id may be longer than a button carries
LONGEST_NUMBER = 9

Turning = Callable[..., Awaitable[None]]


def why_held(cause: str, reason: str) -> str:
    """Why nothing happens by itself; as it was noted, where nobody wrote words for officers."""
    return say(f"timetable.held_{cause}") if cause in (CLOCK_LEAPT, RESTORED) else reason


def tag_of(id: str) -> str:
    """What a button calls a schedule."""
    return sha256(id.encode()).hexdigest()[:TAG]


class Timetable:
    def __init__(self, planning: Planning) -> None:
        self._planning = planning

    async def all(self, turn: Turn) -> object:
        """`/lich`: what comes next first; what the house does for itself stands on the desk alone."""
        found = [
            each
            for each in await self._planning.all(turn.actor)
            if not is_chore(each.row.purpose) and each.row.state != "ended"
        ]
        rights = MATRIX[turn.actor.role]
        await self._tell_holds(turn)
        rows = [[Button(each.row.title, f"lc.{tag_of(each.row.id)}")] for each in found[:MOST_LISTED]]
        if Action.SCHEDULE_WRITE in rights:
            rows.append([Button(say("timetable.new"), "ln.0.begin")])
        lines = [_line(each) for each in found[:MOST_LISTED]]
        more = say("list.more", count=len(found) - MOST_LISTED) if len(found) > MOST_LISTED else ""
        turn.says(
            "\n\n".join([say("timetable.head"), *lines, *([more] if more else [])])
            if lines
            else say("timetable.none"),
            rows,
        )
        return None

    async def card(self, turn: Turn) -> object:
        """lc.<tag>"""
        seen = await self._named(turn)
        if seen is not None:
            turn.says(*await self._card(turn, seen))
        return None

    async def pause(self, turn: Turn) -> object:
        """lp.<tag>.<version>"""
        return await self._turned(turn, self._planning.pause)

    async def resume(self, turn: Turn) -> object:
        """lr.<tag>.<version>"""
        return await self._turned(turn, self._planning.resume)

    async def again(self, turn: Turn) -> object:
        """la.<tag>: the latest that was skipped or failed, once more."""
        seen = await self._named(turn)
        if seen is None:
            return None
        missed = seen.last if seen.last is not None and seen.last.state in ("skipped", "failed") else None
        is_asked = missed is not None and await self._planning.run_again(turn.actor, seen.row.id, missed.due)
        turn.says(say("timetable.again_asked") if is_asked else say("timetable.not_missed"))
        return None

    async def release(self, turn: Turn) -> object:
        """lh.<cause>"""
        is_released = await self._planning.release(turn.actor, turn.part(1))
        turn.edits(say("timetable.released") if is_released else say("timetable.not_held"))
        return None

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _turned(self, turn: Turn, deed: Turning) -> object:
        seen = await self._named(turn)
        if seen is None:
            return None
        version = turn.part(2)
        is_one = version.isascii() and version.isdecimal() and len(version) <= LONGEST_NUMBER
        try:
            await deed(turn.actor, seen.row.id, int(version) if is_one else 0)
        except Changed:
            turn.says(say("timetable.changed"))
        seen = await self._planning.get(turn.actor, seen.row.id)
        turn.edits(*await self._card(turn, seen))
        return None

    async def _named(self, turn: Turn) -> Seen | None:
        """The schedule a button calls; said where it is none of theirs."""
        for each in await self._planning.all(turn.actor):
            if tag_of(each.row.id) == turn.part(1):
                return each
        turn.says(say("timetable.unknown"))
        return None

    async def _card(self, turn: Turn, seen: Seen) -> tuple[str, list[list[Button]]]:
        row, last = seen.row, seen.last
        coming = "\n".join(f"{place}. {told_due(due)}" for place, due in enumerate(seen.coming, start=1))
        lines = [row.title, _sentence(seen.words), say(f"timetable.state_{row.state}")]
        if coming:
            lines += ["", say("timetable.coming"), coming]
        if last is not None:
            lines += [
                "",
                say("timetable.last", due=told_due(last.due), state=say(f"timetable.due_{last.state}")),
            ]
            lines += [last.reason] if last.reason else []
        return "\n".join([*lines, "", say("timetable.owner", name=row.owner)]), _rows(seen)

    async def _tell_holds(self, turn: Turn) -> None:
        may_release = Action.SCHEDULE_RELEASE in MATRIX[turn.actor.role]
        for hold in await self._planning.holds(turn.actor):
            why = why_held(hold.cause, hold.reason)
            rows = [[Button(say("timetable.release"), f"lh.{hold.cause}")]] if may_release else []
            turn.says(say("timetable.held", why=why), rows)


def _line(seen: Seen) -> str:
    coming = told_due(seen.next_due) if seen.next_due else say(f"timetable.state_{seen.row.state}")
    return say("timetable.line", title=seen.row.title, words=_sentence(seen.words), next=coming)


def _rows(seen: Seen) -> list[list[Button]]:
    row, tag = seen.row, tag_of(seen.row.id)
    if not seen.may_write or row.state == "ended":
        return []
    turning = (
        Button(say("timetable.pause"), f"lp.{tag}.{row.version}")
        if row.state == "active"
        else Button(say("timetable.resume"), f"lr.{tag}.{row.version}")
    )
    is_missed = seen.last is not None and seen.last.state in ("skipped", "failed")
    return [[turning, *([Button(say("timetable.again"), f"la.{tag}")] if is_missed else [])]]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
