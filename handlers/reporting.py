"""Gathers what a yearly report is made of: cards, frozen ones where there are, what was released of the year, where the ledger
stands. It writes nothing, and decides nothing of what the report says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from handlers.ledger import Ledger
from handlers.scorecards import Held, Scorecards, year_of
from handlers.waves import Waves
from storage.database import Database
from surveys.heads import Head
from surveys.releases import ReleasedWard
from surveys.report import Compared, LedgerMark, Sources
from surveys.scorecard import NotInForce, Scorecard
from surveys.scorecard.book import Book, FrozenCard
from surveys.scorecard.dossiers import Totals

__all__ = ["Gathered", "NoSuchRoadmap", "Reporting"]

NATION = "ca-nuoc"


class NoSuchRoadmap(LookupError):
    """There is no such roadmap."""


@dataclass(frozen=True, slots=True)
class Gathered:
    sources: Sources
    frozen_otherwise: tuple[str, ...]
    """Units whose card was frozen by an earlier version of the set: reported as they stand now, unfrozen."""


class Reporting:
    def __init__(self, db: Database, scorecards: Scorecards, waves: Waves, ledger: Ledger) -> None:
        self._db = db
        self._scorecards = scorecards
        self._waves = waves
        self._ledger = ledger

    async def gather(self, set_id: str, year: int, *, k: int, roadmaps: Iterable[str] = ()) -> Gathered:
        """`roadmaps`: their ids; none: the nation's, and that of the province it is. Raises NoSuchSet, NotInForce, NoSuchRoadmap."""
        criteria = await self._scorecards.criteria(set_id)
        if not criteria.is_valid_in(year):
            raise NotInForce(f"{set_id} was not in force in {year}.")
        book = await self._scorecards.book(year)
        cards = dict(await self._scorecards.cards(set_id, year))
        frozen = book.frozen(set_id)
        final = {unit: each for unit, each in frozen.items() if each.criteria_digest == criteria.digest}
        cards |= {unit: each.card(criteria) for unit, each in final.items()}
        sources = Sources(
            criteria=criteria,
            year=year,
            names={unit.code: unit.name for unit in await self._scorecards.units(year)},
            cards=cards,
            released=await self._released(year),
            dossiers=_dossiers(book, cards, year),
            frozen={unit: each.frozen.digest for unit, each in final.items()},
            appeals={unit: _waiting(each) for unit, each in final.items()},
            roadmaps=await self._compared(year, tuple(roadmaps)),
            ledger=await self._mark(),
            k=k,
        )
        sources = replace(sources, names=await self._names(sources))
        return Gathered(sources, tuple(sorted(frozen.keys() - final.keys())))

    async def _released(self, year: int) -> tuple[ReleasedWard, ...]:
        """Of the waves that opened in the year: those whose figures feed its cards."""
        async with self._db.reading() as tx:
            slugs = {wave.slug for wave in await tx.waves.all() if year_of(wave.opens_at) == year}
        found = await self._waves.results()
        return tuple(ward for ward in found if isinstance(ward, ReleasedWard) and ward.wave.slug in slugs)

    async def _names(self, sources: Sources) -> Mapping[str, str]:
        """Also of units that are no longer, or not in this province, and have a frozen card."""
        if sources.cards.keys() <= sources.names.keys():
            return sources.names
        async with self._db.reading() as tx:
            known = {unit.code: unit.name for unit in await tx.units.all()}
        return {**known, **sources.names}

    async def _compared(self, year: int, wanted: tuple[str, ...]) -> tuple[Compared, ...]:
        held = {each.roadmap.id: each for each in await self._scorecards.roadmap(year)}
        if unknown := [id for id in wanted if id not in held]:
            raise NoSuchRoadmap(f"There is no roadmap {unknown[0]}; there are {', '.join(held)}.")
        chosen = [held[id] for id in wanted] or [each for each in held.values() if _is_ours(each)]
        return tuple(Compared(each.roadmap, each.set_id, each.steps) for each in chosen)

    async def _mark(self) -> LedgerMark | None:
        """Over the ledger as it is now."""
        async with self._db.reading() as tx:
            lines = await tx.ledger.after(0)
        if not lines:
            return None
        key = self._ledger.key
        head = Head.over(lines, key)
        return LedgerMark(head.name, head.size, head.root.hex(), key.fingerprint)


def _dossiers(book: Book, cards: Mapping[str, Scorecard], year: int) -> dict[str, Totals]:
    found = {unit: book.register_of(unit) for unit in cards}
    return {
        unit: totals
        for unit, handed_in in found.items()
        if handed_in is not None and (totals := handed_in.register.of(unit, year)) is not None
    }


def _waiting(frozen: FrozenCard) -> int:
    return sum(contest.is_open for contest in frozen.appeals)


def _is_ours(held: Held) -> bool:
    """The nation's; and a province's, where wards of it are scored."""
    is_scored = any(step.of for step in held.steps)
    return held.roadmap.id == NATION or (held.roadmap.province is not None and is_scored)
