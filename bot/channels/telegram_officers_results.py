"""What was released, in the officers' bot: a ward's results with a picture, and its scorecard in a few lines. The page's figures and
words, shorter; it computes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_reception import Turn
from bot.channels.telegram_officers_words import say
from handlers.people import People
from handlers.scorecards import NoSuchUnit, Scorecards
from surveys import told_results
from surveys.releases import ReleasedWard
from surveys.report import verdict_words
from surveys.rights import PROVINCIAL, Action
from surveys.scorecard import NotInForce, Scorecard

__all__ = ["Readings"]

Results = Callable[[], Awaitable[Sequence[ReleasedWard]]]
"""`Waves.results`: what is released, the latest wave first."""

MOST_WAVES = 6
MOST_PICTURED = 40  # wards in one picture
MOST_LINES = 60


class Readings:
    def __init__(self, people: People, results: Results, scorecards: Scorecards) -> None:
        self._people = people
        self._results = results
        self._scorecards = scorecards

    # ── Results ───────────────────────────────────────────────────────────────────────────────────────────────

    async def results(self, turn: Turn) -> object:
        """`/ketqua`: of one's ward the latest; of a province all wards in one picture, and each by a tap."""
        seen = await self._seen(turn)
        if not seen:
            turn.says(say("results.none"))
            return None
        slug = seen[0].wave.slug
        if turn.actor.role not in PROVINCIAL:
            await self._ward(turn, seen[0])
            self._offer_earlier(turn, seen)
            return None
        await self._wave(turn, [each for each in seen if each.wave.slug == slug])
        return None

    async def ward(self, turn: Turn) -> object:
        """rs.<unit>.<place of the wave among the unit's, the latest first>: a slug may be longer than a button carries."""
        unit, place = turn.part(1), int(turn.part(2)) if turn.part(2).isdecimal() else 0
        await self._people.require(turn.actor, Action.RESULTS_READ, [unit])
        there = [each for each in await self._results() if each.unit == unit]
        if place >= len(there):
            turn.says(say("results.none"))
        else:
            await self._ward(turn, there[place])
        return None

    async def _seen(self, turn: Turn) -> list[ReleasedWard]:
        released = await self._results()
        units = {each.unit for each in released}
        seen = await self._people.within(turn.actor, Action.RESULTS_READ, units)
        return [each for each in released if each.unit in seen]

    async def _ward(self, turn: Turn, ward: ReleasedWard) -> None:
        turn.mouth.picture(turn.chat, await _picture([ward]))
        turn.says(told_results.told("vi", ward))

    def _offer_earlier(self, turn: Turn, seen: list[ReleasedWard]) -> None:
        rows = [
            [Button(each.wave.title, f"rs.{each.unit}.{place}")]
            for place, each in enumerate(seen[:MOST_WAVES])
            if place
        ]
        if rows:
            turn.says(say("results.earlier"), rows)

    async def _wave(self, turn: Turn, wards: list[ReleasedWard]) -> None:
        turn.mouth.picture(turn.chat, await _picture(wards[:MOST_PICTURED]), wards[0].wave.title)
        buttons = [Button(each.unit_name, f"rs.{each.unit}.0") for each in wards[:MOST_LINES]]
        rows = [buttons[place : place + 2] for place in range(0, len(buttons), 2)]
        turn.says(say("results.wards", title=wards[0].wave.title, k=wards[0].wave.k), rows)

    # ── Scorecards ────────────────────────────────────────────────────────────────────────────────────────────

    async def scorecard(self, turn: Turn) -> object:
        """`/bangdiem`: the year last scored, by each set of criteria in force."""
        years = await self._scorecards.years()
        told = await self._cards(turn, years[0]) if years else []
        turn.says("\n\n".join(told) if told else say("scorecard.none"))
        return None

    async def _cards(self, turn: Turn, year: int) -> list[str]:
        names = {unit.code: unit.name for unit in await self._scorecards.units(year)}
        seen = sorted(await self._people.within(turn.actor, Action.SCORECARD_READ, names))
        told: list[str] = []
        for criteria in await self._scorecards.sets():
            try:
                cards = [await self._scorecards.card(criteria.id, unit, year) for unit in seen[:MOST_LINES]]
            except (NotInForce, NoSuchUnit):
                continue
            lines = [_whole(cards[0])] if len(cards) == 1 else [_line(card, names) for card in cards]
            if lines:
                told.append("\n".join([say("scorecard.head", name=criteria.name, year=year), *lines]))
        return [*told, say("scorecard.more")] if told else []


def _line(card: Scorecard, names: Mapping[str, str]) -> str:
    return f"{names.get(card.unit, card.unit)}: {_tally(card)}"


def _whole(card: Scorecard) -> str:
    overall = say("scorecard.overall", verdict=verdict_words(card.overall.verdict), why=card.overall.text)
    return f"{overall}\n{_tally(card)}"


def _tally(card: Scorecard) -> str:
    tally = card.overall.tally
    return say(
        "scorecard.tally", met=tally.met, failed=tally.failed, too_few=tally.too_few, no_basis=tally.no_basis
    )


async def _picture(wards: Sequence[ReleasedWard]) -> bytes:
    from bot.documents.charts import intervals  # typst takes a moment to import, and most never ask

    return await asyncio.to_thread(intervals, wards)
