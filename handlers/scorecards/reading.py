"""Reads scorecards, as of now or of any moment before: criteria sets, cards, what they are held against. It writes nothing.

What surveys feed is not put on record a second time: it is read from the releases themselves, which never change. So no copy can
disagree with them, a set imported later sees earlier releases too, and “as it was known then” is the moment of the release.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from handlers.scorecards.country import Countries
from handlers.scorecards.on_record import NoSuchSet, book_of, releases_of, set_by_digest, year_of
from storage.database import Database
from storage.transaction import Tx
from surveys import documents
from surveys.assessment import Verdict
from surveys.releases import ReleasedWard
from surveys.scorecard import (
    CriteriaSet,
    NotInForce,
    Register,
    Restated,
    Roadmap,
    Scorecard,
    Step,
    SurveyFed,
    Threshold,
    WhatIf,
    against,
    baseline_2023,
    fed_by_release,
    load_roadmaps,
    load_set,
    restate,
    restate_baseline,
    score,
    what_if,
)
from surveys.scorecard.book import Book, FrozenCard
from surveys.scorecard.deeds import (
    EvidenceEntered,
)
from surveys.scorecard.reading import IDS
from surveys.units import Unit
from surveys.waves import State

__all__ = ["Cards", "Held", "bound_on"]


@dataclass(frozen=True, slots=True)
class Held:
    """A roadmap held against what is scored by a criteria set."""

    roadmap: Roadmap
    set_id: str
    steps: tuple[Step, ...]


class Cards:
    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now
        self._countries = Countries()
        self._read: dict[tuple[int, str], tuple[ReleasedWard, str]] = {}

    # ── What there is ─────────────────────────────────────────────────────────────────────────────────────────

    async def sets(self) -> tuple[CriteriaSet, ...]:
        """Those that ship, then those imported, the newest version of each."""
        async with self._db.reading() as tx:
            return tuple((await self._sets(tx, self._now())).values())

    async def criteria(self, set_id: str) -> CriteriaSet:
        """The newest version. Raises NoSuchSet."""
        async with self._db.reading() as tx:
            return await self._set(tx, set_id, self._now())

    async def criteria_of(self, frozen: FrozenCard) -> CriteriaSet:
        """The very set that a card was frozen by. Raises NoSuchSet."""
        async with self._db.reading() as tx:
            return await set_by_digest(tx, frozen.criteria_digest)

    async def units(self, year: int) -> tuple[Unit, ...]:
        """The wards that are scored for a year, by code: those of the province that stood on its last day."""
        async with self._db.reading() as tx:
            return await self._countries.wards(tx, year)

    async def years(self) -> tuple[int, ...]:
        """The years there is anything to score of, the latest first."""
        async with self._db.reading() as tx:
            waves = await tx.waves.all()
            on_record = await tx.scorecards.years()
        released = {year_of(wave.opens_at) for wave in waves if wave.state == State.RELEASED}
        return tuple(sorted(released.union(on_record), reverse=True))

    # ── Cards ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def card(self, set_id: str, unit: str, year: int, *, as_of: datetime | None = None) -> Scorecard:
        """As it follows from what is on record now, or was then. Raises NoSuchSet, NoSuchUnit, NotInForce."""
        async with self._db.reading() as tx:
            country = await self._countries.of(tx)
            country.checked(unit, year)
            [card] = (await self._cards(tx, set_id, [unit], year, self._moment(as_of))).values()
        return card

    async def cards(
        self, set_id: str, year: int, *, as_of: datetime | None = None
    ) -> Mapping[str, Scorecard]:
        """Unit → card, of every ward that is scored, by code. Raises NoSuchSet, NotInForce."""
        async with self._db.reading() as tx:
            codes = [unit.code for unit in await self._countries.wards(tx, year)]
            return await self._cards(tx, set_id, codes, year, self._moment(as_of))

    async def what_if(
        self,
        set_id: str,
        unit: str,
        year: int,
        thresholds: Mapping[str, Fraction],
        *,
        minimum: int | None = None,
        needed: int | None = None,
    ) -> WhatIf:
        """The same evidence under other thresholds; nothing is saved. Raises KeyError for an unknown criterion, and as `card`."""
        card = await self.card(set_id, unit, year)
        criteria = await self.criteria(set_id)
        wanted = {id: bound_on(criteria, id, bound) for id, bound in thresholds.items()}
        return what_if(criteria, card, thresholds=wanted, minimum=minimum, needed=needed)

    async def book(self, year: int, *, as_of: datetime | None = None) -> Book:
        """Everything on record of a year: what waits for a signature, terms, frozen cards, appeals."""
        async with self._db.reading() as tx:
            return await book_of(tx, year, self._moment(as_of))

    async def frozen(
        self, set_id: str, year: int, *, as_of: datetime | None = None
    ) -> Mapping[str, FrozenCard]:
        """Unit → its newest frozen card, with its ledger entry and its appeals."""
        return (await self.book(year, as_of=as_of)).frozen(set_id)

    async def register(self, unit: str, year: int) -> Register | None:
        """Dossier figures (`register.of(unit, year)`), to stand beside what residents said and never to be mixed with it."""
        found = (await self.book(year)).register_of(unit)
        return found.register if found else None

    async def restated(self, set_id: str, unit: str, on: date) -> Restated:
        """What the parts of a unit scored in the year of that day. A reading, never a score. Raises KeyError, ValueError."""
        year = on.year
        async with self._db.reading() as tx:
            country = await self._countries.of(tx)
            now = self._now()
            book = await book_of(tx, year, now)
            parts = [each.code for each in country.lineage.ancestors(unit) if each.existed_on(on)]
            released = {key.unit for key in await releases_of(tx, year)}
            known = [part for part in parts if book.speaks_of(part) or part in released]
            there = await self._cards(tx, set_id, known, year, now) if known else {}
            for part, frozen in book.frozen(set_id).items():
                if part in there and frozen.criteria_digest == there[part].criteria_digest:
                    # History stays as it was signed.
                    there[part] = frozen.card(await set_by_digest(tx, frozen.criteria_digest))
        return restate(unit, on, country.lineage, there)

    async def restated_baseline(self, unit: str) -> Mapping[str, tuple[int, int]]:
        """Group → how many of a unit's parts the baseline names as failing it, of how many. Raises KeyError, ValueError."""
        async with self._db.reading() as tx:
            country = await self._countries.of(tx)
        known = baseline_2023()
        return restate_baseline(unit, known, date(known.year, 12, 31), country.lineage)

    async def roadmap(self, year: int, set_id: str | None = None) -> tuple[Held, ...]:
        """Every roadmap held against what is scored up to that year, by a set that has a pass rule: the one imported last."""
        async with self._db.reading() as tx:
            now = self._now()
            sets = await self._sets(tx, now)
            if set_id is not None and set_id not in sets:
                raise NoSuchSet(set_id)
            chosen = set_id or [each.id for each in sets.values() if each.pass_rule is not None][-1]
            country = await self._countries.of(tx)
            wanted = {target.year for each in load_roadmaps().values() for target in each.targets}
            scored = {
                each: await self._verdicts(tx, chosen, each, now) for each in sorted(wanted) if each <= year
            }
        return tuple(
            Held(roadmap, chosen, against(roadmap, country.about(roadmap, scored)))
            for roadmap in load_roadmaps().values()
        )

    async def waiting(self, year: int) -> tuple[EvidenceEntered, ...]:
        """What was entered and nobody else stands for yet, the oldest first."""
        return (await self.book(year)).waiting()

    # ── Within a transaction ───────────────────────────────────────────────────────────────────────────────────────────────

    def _moment(self, as_of: datetime | None) -> datetime:
        """Of what is to come nobody knows anything."""
        now = self._now()
        return now if as_of is None else min(as_of, now)

    async def _cards(
        self, tx: Tx, set_id: str, units: Sequence[str], year: int, as_of: datetime
    ) -> dict[str, Scorecard]:
        criteria = await self._set(tx, set_id, as_of)
        book = await book_of(tx, year, as_of)
        records = book.records(criteria, await self._surveys(tx, criteria, set(units), year, as_of))
        terms = book.terms_of(set_id).within(criteria)
        cards: dict[str, Scorecard] = {}
        for unit in units:
            cards[unit] = score(criteria, records.standing(unit, year, as_of), terms)
            # A whole province takes a second or two: residents get their turn between two wards.
            await asyncio.sleep(0)
        return cards

    async def _surveys(
        self, tx: Tx, criteria: CriteriaSet, units: set[str], year: int, as_of: datetime
    ) -> tuple[SurveyFed, ...]:
        """What the releases of the year's waves show. A line of a release that is no ward's (a province's) feeds nothing."""
        found: list[SurveyFed] = []
        for key in await releases_of(tx, year):
            if key.unit not in units or key.released_at > as_of:
                continue
            ward, digest = await self._release(tx, key.wave_id, key.unit)
            found.extend(fed_by_release(criteria, ward, year, digest, key.released_at))
        return tuple(found)

    async def _release(self, tx: Tx, wave_id: int, unit: str) -> tuple[ReleasedWard, str]:
        # A release never changes, so it is read once.
        key = wave_id, unit
        if key not in self._read:
            line = await tx.scorecards.release(wave_id, unit)
            self._read[key] = ReleasedWard.from_json(line), documents.fingerprint(line)
        return self._read[key]

    async def _verdicts(self, tx: Tx, set_id: str, year: int, now: datetime) -> Mapping[str, Verdict]:
        """Every ward's overall verdict; the frozen one where there is one. Nothing where nothing is on record of the year."""
        book = await book_of(tx, year, now)
        if not (book.entered or book.cards or await releases_of(tx, year)):
            return {}
        codes = [unit.code for unit in await self._countries.wards(tx, year)]
        try:
            scored = await self._cards(tx, set_id, codes, year, now)
        except NotInForce:
            return {}
        verdicts = {code: card.overall.verdict for code, card in scored.items()}
        for code, frozen in book.frozen(set_id).items():
            if code in verdicts:
                verdicts[code] = Verdict(frozen.frozen.content["overall"]["verdict"])
        return verdicts

    async def _sets(self, tx: Tx, as_of: datetime) -> dict[str, CriteriaSet]:
        found = {id: load_set(id) for id in IDS}
        added = [each.criteria for each in await tx.scorecards.sets() if each.added_at <= as_of]
        for criteria in added:
            if criteria.id in IDS:
                continue  # kept for the cards that were frozen by it
            found.pop(criteria.id, None)  # the newest comes last
            found[criteria.id] = criteria
        return found

    async def _set(self, tx: Tx, id: str, as_of: datetime) -> CriteriaSet:
        if id in IDS:
            return load_set(id)
        found = (await self._sets(tx, as_of)).get(id)
        if found is None:
            raise NoSuchSet(id)
        return found


def bound_on(criteria: CriteriaSet, id: str, bound: Fraction) -> Threshold:
    """Upwards, unless the source counts downwards. Raises KeyError."""
    threshold = criteria.criterion(id).threshold
    is_downwards = threshold is not None and threshold.at_least is None
    return Threshold(at_most=bound) if is_downwards else Threshold(at_least=bound)
