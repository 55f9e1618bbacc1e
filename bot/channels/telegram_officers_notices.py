"""Notices that are written: the lists, one notice's card, and every deed at it – approve, hand back, clear, urge, stop, recall, cancel,
archive. It decides nothing: each tap is one use case, and its “no” is passed on as it stands."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_cards import Cards, is_moving
from bot.channels.telegram_officers_draft import Asked, Step
from bot.channels.telegram_officers_progress import Watches
from bot.channels.telegram_officers_reception import END, Turn
from bot.channels.telegram_officers_words import say
from handlers.notices import Moved, Notices
from surveys.notices import Hand, Notice, State
from surveys.notices.words import STATES
from surveys.outside import Quote
from surveys.rights import Actor

__all__ = ["NEEDS_A_REASON", "Decisions"]

MOST_LISTED = 20
NEEDS_A_REASON = frozenset({"rj", "cl", "st", "rc"})
"""Taps after which a reason is typed; of these, stopping and recalling are asked for once more."""
IS_MEANT = frozenset({"st", "rc", "ca"})

Later = Callable[[Turn], Awaitable[object]]
"""Back to what they were at before."""


class Decisions:
    def __init__(self, notices: Notices, cards: Cards, watches: Watches, resume: Later) -> None:
        self._notices = notices
        self._cards = cards
        self._watches = watches
        self._resume = resume

    # ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def all(self, turn: Turn) -> object:
        """`/danhsach`"""
        found = [each for each in await self._notices.of(turn.actor) if each.state is not State.ARCHIVED]
        return self._list(turn, "list.all", found)

    async def drafts(self, turn: Turn) -> object:
        """`/bannhap`: what is half written, and what came back."""
        found = await self._notices.of(turn.actor, State.DRAFT)
        returned = await self._notices.of(turn.actor, State.REJECTED)
        return self._list(turn, "list.drafts", [*returned, *found])

    async def waiting(self, turn: Turn) -> object:
        """`/choduyet`"""
        return self._list(turn, "list.waiting", await self._notices.of(turn.actor, State.SUBMITTED))

    def _list(self, turn: Turn, key: str, found: list[Notice]) -> object:
        if not found:
            turn.says(say(f"{key}_none"))
            return None
        shown = found[:MOST_LISTED]
        rows = [[Button(_label(each), f"n.{each.id}")] for each in shown]
        more = say("list.more", count=len(found) - len(shown)) if len(found) > len(shown) else ""
        turn.says(say(key, count=len(found)) + (f"\n{more}" if more else ""), rows)
        return None

    # ── One notice ────────────────────────────────────────────────────────────────────────────────────────────

    async def card(self, turn: Turn) -> object:
        notice = await self._notices.get(turn.actor, turn.part(1))
        await self._show(turn, notice)
        return None

    async def whole(self, turn: Turn) -> object:
        """All of it, in each language, as residents read it."""
        notice = await self._notices.get(turn.actor, turn.part(1))
        for language in notice.texts:
            telling = await self._notices.preview(turn.actor, notice.id, "telegram", language)
            content = await self._notices.picture(turn.actor, telling.image) if telling.image else None
            if content is not None and language == next(iter(notice.texts)):
                turn.mouth.picture(turn.chat, content)
            turn.says(telling.text, entities=telling.entities)
        text, rows = await self._cards.of(turn.actor, notice)
        turn.says(text, rows)
        return None

    async def progress(self, turn: Turn) -> object:
        """How far it has got, in the tapped message, and from now on by itself."""
        notice = await self._notices.get(turn.actor, turn.part(1))
        await self._show(turn, notice)
        if turn.tapped is not None and is_moving(notice):
            self._watches.add(turn.chat, turn.tapped, turn.actor.post, notice.id)
        return None

    # ── Deeds of one tap: <deed>.<id>.<version> ───────────────────────────────────────────────────────────────────

    async def approve(self, turn: Turn) -> object:
        """ap.<id>.<version>, or with what was shown that people outside the window cost: ….<count>.<price>"""
        quote = None
        if turn.part(3):
            count, price = turn.part(3), turn.part(4)
            quote = Quote(*(int(each) if each.isdecimal() else 0 for each in (count, price)))

        async def approve(actor: Actor, id: str, version: int) -> Notice:
            return await self._notices.approve(actor, id, version, quote)

        return await self._once(turn, approve, lambda notice: notice.approved)

    async def submit(self, turn: Turn) -> object:
        return await self._once(turn, self._notices.submit, lambda notice: notice.submitted)

    async def urge(self, turn: Turn) -> object:
        def by_them(notice: Notice) -> Hand | None:
            return next((hand for hand in notice.urged if hand.person == turn.actor.person), None)

        return await self._once(turn, self._notices.urge, by_them)

    async def archive(self, turn: Turn) -> object:
        return await self._shown(turn, await self._notices.archive(turn.actor, turn.part(1)))

    async def _once(
        self,
        turn: Turn,
        deed: Callable[[Actor, str, int], Awaitable[Notice]],
        hand: Callable[[Notice], Hand | None],
    ) -> object:
        """A tap names the version it was made at. A second tap, and one that Telegram brings again, changes nothing and is shown what
        the first one did."""
        version = int(turn.part(2)) if turn.part(2).isdecimal() else 0
        try:
            notice = await deed(turn.actor, turn.part(1), version)
        except Moved:
            notice = await self._notices.get(turn.actor, turn.part(1))
            done = hand(notice)
            await self._show(turn, notice)
            if done is None or done.person != turn.actor.person:
                raise
            return None
        return await self._shown(turn, notice)

    async def _shown(self, turn: Turn, notice: Notice) -> object:
        await self._show(turn, notice)
        if turn.tapped is not None and is_moving(notice):
            self._watches.add(turn.chat, turn.tapped, turn.actor.post, notice.id)
        return None

    async def _show(self, turn: Turn, notice: Notice) -> None:
        text, rows = await self._cards.of(turn.actor, notice)
        turn.edits(text, rows)

    # ── Deeds with a reason ───────────────────────────────────────────────────────────────────────────────────

    async def ask(self, turn: Turn) -> object:
        """<deed>.<id>.<version>: what is wrong, or whether it is meant."""
        notice = await self._notices.get(turn.actor, turn.part(1))
        asked = Asked(turn.part(0), notice.id, notice.version, notice.code)
        turn.sitting.asked = asked
        if asked.deed in NEEDS_A_REASON:
            turn.says(say(f"reason.{asked.deed}", code=notice.code))
            return Step.REASON
        return self._ask_if_meant(turn, asked)

    async def reason(self, turn: Turn) -> object:
        asked = turn.sitting.asked
        if asked is None:
            return await self._gone(turn)
        if not turn.typed.strip():
            turn.says(say("reason.none"))
            return Step.REASON
        asked = turn.sitting.asked = replace(asked, reason=turn.typed)
        if asked.deed in IS_MEANT:
            return self._ask_if_meant(turn, asked)
        return await self._carry_out(turn, asked)

    async def sure(self, turn: Turn) -> object:
        """sure.<yes|no>.<deed>.<id>: the button of the question that was asked last, and of no older one."""
        asked = turn.sitting.asked
        if asked is None or (turn.part(2), turn.part(3)) != (asked.deed, asked.id):
            return await self._gone(turn)
        if turn.part(1) == "yes":
            return await self._carry_out(turn, asked)
        turn.edits(say("reason.left", code=asked.code))
        return await self._back(turn)

    async def stray(self, turn: Turn) -> object:
        """Something else than the “yes” or “no” that was asked for."""
        if (asked := turn.sitting.asked) is None:
            return await self._gone(turn)
        return self._ask_if_meant(turn, asked) if asked.reason or asked.deed == "ca" else Step.REASON

    async def leave(self, turn: Turn) -> object:
        """`/huy`"""
        if turn.sitting.asked is not None:
            turn.says(say("reason.left", code=turn.sitting.asked.code))
        return await self._back(turn)

    def _ask_if_meant(self, turn: Turn, asked: Asked) -> object:
        yes, no = (f"sure.{word}.{asked.deed}.{asked.id}" for word in ("yes", "no"))
        text = say(f"sure.{asked.deed}", code=asked.code, reason=asked.reason)
        turn.says(text, [[Button(say(f"sure.{asked.deed}_yes"), yes), Button(say("sure.no"), no)]])
        return Step.SURE

    async def _carry_out(self, turn: Turn, asked: Asked) -> object:
        turn.sitting.asked = None
        notice = await self._deed(turn.actor, asked)
        text, rows = await self._cards.of(turn.actor, notice)
        turn.says(say(f"done.{asked.deed}", code=notice.code))
        turn.says(text, rows)
        return await self._back(turn)

    async def _deed(self, actor: Actor, asked: Asked) -> Notice:
        match asked.deed:
            case "rj":
                return await self._notices.reject(actor, asked.id, asked.version, asked.reason)
            case "cl":
                return await self._notices.clear(actor, asked.id, asked.reason, asked.version)
            case "st":
                return await self._notices.stop(actor, asked.id, asked.reason)
            case "rc":
                return await self._notices.recall(actor, asked.id, asked.reason)
        return await self._notices.cancel(actor, asked.id, asked.reason)

    async def _gone(self, turn: Turn) -> object:
        turn.says(say("reason.gone"))
        return await self._back(turn)

    async def _back(self, turn: Turn) -> object:
        turn.sitting.asked = None
        return await self._resume(turn) if turn.sitting.writing is not None else END


def _label(notice: Notice) -> str:
    return f"{notice.code} · {STATES[notice.state]} · {notice.draft.in_language('vi').first_line}"
