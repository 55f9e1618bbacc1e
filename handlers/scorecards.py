"""The scorecard's use cases: evidence put on record and countersigned, cards read as of any moment, frozen by two persons into the
ledger, contested and replaced. What follows from what is `surveys.scorecard`'s to say; this reads, writes and refuses.

What surveys feed is not put on record a second time: it is read from the releases themselves, which never change. So no copy can
disagree with them, a set imported later sees earlier releases too, and “as it was known then” is the moment of the release.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

import structlog

from handlers import noting
from handlers.ledger import Ledger
from storage.catalogue import CATALOGUE
from storage.database import Database
from storage.scorecards import ReleasedKey
from storage.transaction import Tx
from surveys import cards, documents
from surveys.assessment import Verdict
from surveys.records import Unfit
from surveys.releases import ReleasedWard
from surveys.scorecard import (
    Appeal,
    CriteriaSet,
    Decision,
    Document,
    Entered,
    NotFitting,
    NotInForce,
    NotYet,
    Outcome,
    Register,
    Restated,
    Roadmap,
    Scorecard,
    Signature,
    Step,
    Supersedes,
    SurveyFed,
    Terms,
    Threshold,
    WhatIf,
    Withdrawal,
    against,
    appeal_against,
    baseline_2023,
    countersign,
    decide,
    enter,
    entries,
    fed_by_release,
    freeze,
    import_framework,
    load_roadmaps,
    load_set,
    read_register,
    restate,
    restate_baseline,
    score,
    template,
    what_if,
    withdraw,
)
from surveys.scorecard.book import Book, FrozenCard
from surveys.scorecard.deeds import (
    Appealed,
    CardFrozen,
    Decided,
    EvidenceEntered,
    EvidenceSigned,
    EvidenceWithdrawn,
    RegisterHandedIn,
    TermsSet,
    wording_of,
)
from surveys.scorecard.evidence import Value
from surveys.scorecard.reading import IDS
from surveys.units import Lineage, Succession, Unit, UnitKind
from surveys.waves import LOCAL, Audience, State

__all__ = [
    "Held",
    "NoSuchRecord",
    "NoSuchSet",
    "NoSuchUnit",
    "NotReady",
    "Scorecards",
    "TooLate",
]

log = structlog.get_logger()

FRAME = "khung-5764"
ID_BYTES = 4  # read over the telephone; it opens nothing by itself
UNDER_WAY = (State.OPEN, State.CLOSED, State.SEALED)


class NoSuchSet(LookupError):
    """There is no such criteria set."""


class NoSuchUnit(LookupError):
    """There was no such ward in that year."""


class NoSuchRecord(LookupError):
    """Nothing of that name is on record."""


class TooLate(ValueError):
    """The card is frozen, and nobody has reopened it."""


class NotReady(ValueError):
    """Something has to be done first; the message says what."""


@dataclass(frozen=True, slots=True)
class Held:
    """A roadmap held against what is scored by a criteria set."""

    roadmap: Roadmap
    set_id: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Country:
    """Units in time, kept until the catalogue changes."""

    marker: int
    lineage: Lineage
    units: Mapping[str, Unit]
    surveyed: frozenset[str]
    """Units that ever took part in a wave."""


class Scorecards:
    def __init__(self, db: Database, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._db = db
        self._ledger = ledger
        self._now = now
        self._country: _Country | None = None
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
            return await _set_by_digest(tx, frozen.criteria_digest)

    async def units(self, year: int) -> tuple[Unit, ...]:
        """The wards that are scored for a year, by code: those of the province that stood on its last day."""
        async with self._db.reading() as tx:
            return await self._wards(tx, year)

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
            country = await self._units(tx)
            _existing(country, unit, year)
            [card] = (await self._cards(tx, set_id, [unit], year, self._moment(as_of))).values()
        return card

    async def cards(
        self, set_id: str, year: int, *, as_of: datetime | None = None
    ) -> Mapping[str, Scorecard]:
        """Unit → card, of every ward that is scored, by code. Raises NoSuchSet, NotInForce."""
        async with self._db.reading() as tx:
            codes = [unit.code for unit in await self._wards(tx, year)]
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
        wanted = {id: _bound(criteria, id, bound) for id, bound in thresholds.items()}
        return what_if(criteria, card, thresholds=wanted, minimum=minimum, needed=needed)

    async def book(self, year: int, *, as_of: datetime | None = None) -> Book:
        """Everything on record of a year: what waits for a signature, terms, frozen cards, appeals."""
        async with self._db.reading() as tx:
            return await _book(tx, year, self._moment(as_of))

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
            country = await self._units(tx)
            now = self._now()
            book = await _book(tx, year, now)
            parts = [each.code for each in country.lineage.ancestors(unit) if each.existed_on(on)]
            released = {key.unit for key in await _released(tx, year)}
            known = [part for part in parts if book.speaks_of(part) or part in released]
            there = await self._cards(tx, set_id, known, year, now) if known else {}
            for part, frozen in book.frozen(set_id).items():
                if part in there and frozen.criteria_digest == there[part].criteria_digest:
                    # History stays as it was signed.
                    there[part] = frozen.card(await _set_by_digest(tx, frozen.criteria_digest))
        return restate(unit, on, country.lineage, there)

    async def restated_baseline(self, unit: str) -> Mapping[str, tuple[int, int]]:
        """Group → how many of a unit's parts the baseline names as failing it, of how many. Raises KeyError, ValueError."""
        async with self._db.reading() as tx:
            country = await self._units(tx)
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
            country = await self._units(tx)
            wanted = {target.year for each in load_roadmaps().values() for target in each.targets}
            scored = {
                each: await self._verdicts(tx, chosen, each, now) for each in sorted(wanted) if each <= year
            }
        return tuple(
            Held(roadmap, chosen, against(roadmap, _about(roadmap, scored, country)))
            for roadmap in load_roadmaps().values()
        )

    # ── Criteria sets and evidence ────────────────────────────────────────────────────────────────────────────

    async def template(self, set_id: str = FRAME) -> bytes:
        """A workbook with a row a criterion, to be filled in and imported. Raises NoSuchSet."""
        return await asyncio.to_thread(template, await self.criteria(set_id))

    async def import_set(
        self, name: str, content: bytes, *, id: str, source: str, valid_from: date, frame: str = FRAME
    ) -> CriteriaSet:
        """The frame's slots filled in from a workbook. Raises Faults with rows and reasons, NoSuchSet, ValueError."""
        outline = await self.criteria(frame)
        found = await asyncio.to_thread(
            lambda: import_framework(outline, name, content, id=id, source=source, valid_from=valid_from)
        )
        await self.add_set(found)
        return found

    async def add_set(self, criteria: CriteriaSet) -> None:
        """A new set, or a new version of one imported before. Raises ValueError for the id of one that ships."""
        if criteria.id in IDS:
            raise ValueError(f"{criteria.id} ships with the program; give the set an id of its own.")
        async with self._db.transaction() as tx:
            await tx.scorecards.add_set(criteria, self._now())
            await self._note(tx, "scorecard.set", criteria.id, None)
        log.info("scorecard.set_added", set=criteria.id, digest=criteria.digest)

    async def enter(
        self,
        set_id: str,
        unit: str,
        year: int,
        criterion: str,
        value: Value,
        *,
        document: Document,
        by: str,
        note: str = "",
    ) -> Entered:
        """It counts once another person has countersigned it.

        Raises NotFitting, NotYet, TooLate, KeyError for an unknown criterion, NoSuchSet, NoSuchUnit, NotInForce.
        """
        async with self._db.transaction() as tx:
            await (
                tx.ledger.writing()
            )  # one deed after another: what is refused below stays true until we are done
            criteria = await self._open_to_evidence(tx, set_id, unit, year)
            entered = Entered(
                secrets.token_hex(ID_BYTES),
                criterion,
                unit,
                year,
                value,
                document,
                by.strip(),
                self._now(),
                note=note,
            )
            await _add_evidence(tx, criteria, enter(criteria, entered))
            await self._note(tx, "scorecard.enter", entered.id, unit, by, criterion)
        log.info("scorecard.entered", evidence=entered.id, unit=unit, year=year)
        return entered

    async def import_register(
        self, name: str, content: bytes, year: int, *, document: Document, by: str
    ) -> tuple[Entered, ...]:
        """A dossier register of a year: kept as it came, and entered for every criterion of every set that asks for a share of it.

        Raises Faults with rows and reasons, TooLate, NotReady when this very file came before, NotYet.
        """
        async with self._db.reading() as tx:
            country = await self._units(tx)
        wards = {code: unit for code, unit in country.units.items() if not unit.kind.is_province}
        register = await asyncio.to_thread(lambda: read_register(name, content, year=year, units=wards))
        found: list[Entered] = []
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            now, id = self._now(), f"register/{year}/{register.digest}"
            if await tx.scorecards.has(id):
                raise NotReady(
                    "This very file was handed in before: its figures are on record. Nothing more is to be done."
                )
            handed_in = RegisterHandedIn(register, _with_file(document, register), by.strip(), now)
            await tx.scorecards.add(id, handed_in, unit=None, year=year)
            for criteria in (await self._sets(tx, now)).values():
                if not any(criterion.register for criterion in criteria.criteria):
                    continue
                for unit in register.units:
                    await self._open_to_evidence(tx, criteria.id, unit, year)
                    made = entries(
                        criteria, register, unit, year, document=document, officer=by.strip(), entered_at=now
                    )
                    for entered in made:
                        await _add_evidence(tx, criteria, entered)
                    found.extend(made)
            await self._note(tx, "scorecard.register", register.digest, None, by, name)
        log.info("scorecard.register_imported", year=year, units=len(register.units), evidence=len(found))
        return tuple(found)

    async def waiting(self, year: int) -> tuple[EvidenceEntered, ...]:
        """What was entered and nobody else stands for yet, the oldest first."""
        return (await self.book(year)).waiting()

    async def countersign(self, id: str, *, by: str) -> Signature:
        """Raises SamePerson, TooLate, NoSuchRecord, NotReady when it was signed or withdrawn before."""
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            book, each = await self._evidence(tx, id)
            _refuse_final(book, each)
            if book.is_withdrawn(each.entered) or book.is_signed(each.entered):
                raise NotReady(
                    f"{id} was countersigned or withdrawn before. What still waits: langnghe scorecard waiting"
                )
            signature = countersign(each.entered, by.strip(), self._now())
            await tx.scorecards.add(
                f"signature/{signature.evidence}",
                EvidenceSigned(signature),
                unit=each.entered.unit,
                year=each.entered.year,
            )
            await self._note(tx, "scorecard.sign", id, each.entered.unit, by)
        log.info("scorecard.countersigned", evidence=id)
        return signature

    async def withdraw(self, id: str, *, by: str, confirmed_by: str, reason: str) -> Withdrawal:
        """Raises SamePerson, NotFitting without a reason, TooLate, NoSuchRecord, NotReady when it was withdrawn before."""
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            book, each = await self._evidence(tx, id)
            _refuse_final(book, each)
            if book.is_withdrawn(each.entered):
                raise NotReady(f"{id} was withdrawn before. What still waits: langnghe scorecard waiting")
            gone = withdraw(each.entered, by.strip(), confirmed_by.strip(), self._now(), reason.strip())
            await tx.scorecards.add(
                f"withdrawal/{gone.evidence}",
                EvidenceWithdrawn(gone),
                unit=each.entered.unit,
                year=each.entered.year,
            )
            why = f"{reason.strip()} ({confirmed_by.strip()})"
            await self._note(tx, "scorecard.withdraw", id, each.entered.unit, by, why)
        log.info("scorecard.withdrawn", evidence=id)
        return gone

    async def set_terms(
        self,
        set_id: str,
        year: int,
        thresholds: Mapping[str, Fraction],
        *,
        by: str,
        source: str,
        minimum: int | None = None,
    ) -> Terms:
        """Thresholds where the source gives none, and how many answers a survey needs: for every ward of that year. What is not
        named stays as it is.

        Raises FixedBySource, KeyError, NotFitting without a source, TooLate once a card of that year is frozen.
        """
        if not (source.strip() and by.strip()):
            raise NotFitting("Whoever sets a threshold names themselves and the document that decided it.")
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            now = self._now()
            criteria = await self._set(tx, set_id, now)
            book = await _book(tx, year, now)
            for unit in book.frozen(set_id):
                if book.is_final(set_id, unit):
                    raise TooLate(
                        f"The card of {unit} for {year} is frozen: the others are judged on the same terms."
                    )
            before = book.terms_of(set_id).within(criteria)
            bounds = {id: _bound(criteria, id, bound) for id, bound in thresholds.items()}
            terms = Terms(
                before.minimum if minimum is None else minimum, {**before.thresholds, **bounds}
            ).checked(criteria)
            deed = TermsSet(set_id, year, terms, by.strip(), source.strip(), now)
            await tx.scorecards.add(f"terms/{secrets.token_hex(ID_BYTES)}", deed, unit=None, year=year)
            await self._note(tx, "scorecard.terms", f"{set_id}-{year}", None, by, source)
        log.info("scorecard.terms_set", set=set_id, year=year)
        return terms

    # ── Freezing, and what may follow ─────────────────────────────────────────────────────────────────────────

    async def freeze(
        self, set_id: str, unit: str, year: int, *, by: str, countersigned_by: str
    ) -> FrozenCard:
        """Puts the card on record as it stands now, and into the ledger, in one transaction.

        Raises SamePerson; NotReady while evidence waits for a second person, a yearly survey of the ward is under way or an
        appeal is undecided; TooLate when it is frozen already and no appeal was granted; NotYet for a year to come.
        """
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            now = self._now()
            country = await self._units(tx)
            _existing(country, unit, year)
            _refuse_future(year, now)
            book = await _book(tx, year, now)
            replaced = _replaced(book, set_id, unit)
            _refuse_waiting(book, set_id, unit)
            await _refuse_under_way(tx, unit, year)
            criteria = await self._set(tx, set_id, now)
            [card] = (await self._cards(tx, set_id, [unit], year, now)).values()
            frozen = freeze(card, by.strip(), now, replaced, countersigned_by=countersigned_by.strip())
            try:
                entry = await self._ledger.append(tx, cards.recorded(frozen), now)
            except Unfit as trouble:
                # A release from before there was a ledger cannot be checked by anybody, nor can what rests on it.
                raise NotReady(
                    f"{trouble} The ledger knows of no such release: a card that rests on it cannot be frozen."
                ) from None
            # The set as it is today travels with the card, also when the program ships another one tomorrow.
            await tx.scorecards.add_set(criteria, now)
            await tx.scorecards.add(frozen.digest, CardFrozen(frozen, entry.number), unit=unit, year=year)
            await self._note(tx, "scorecard.freeze", f"{set_id}-{year}", unit, by, countersigned_by)
        log.info("scorecard.frozen", set=set_id, unit=unit, year=year, digest=frozen.digest)
        return FrozenCard(frozen, entry.number, now, ())

    async def appeal(
        self, set_id: str, unit: str, year: int, criterion: str, *, by: str, reason: str
    ) -> Appeal:
        """Against one line of a ward's newest frozen card. Raises NoSuchRecord, KeyError, NotFitting."""
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            now = self._now()
            card = (await _book(tx, year, now)).frozen(set_id).get(unit)
            if card is None:
                raise NoSuchRecord(f"No card of {unit} for {year} is frozen by {set_id}.")
            filed = appeal_against(
                card.frozen,
                id=secrets.token_hex(ID_BYTES),
                criterion=criterion,
                officer=by.strip(),
                reason=reason.strip(),
                filed_at=now,
            )
            await tx.scorecards.add(filed.id, Appealed(filed), unit=unit, year=year)
            await self._note(tx, "scorecard.appeal", filed.id, unit, by, reason)
        log.info("scorecard.appealed", appeal=filed.id, unit=unit, year=year)
        return filed

    async def decide(self, appeal: str, outcome: Outcome, *, by: str, reason: str) -> Decision:
        """Raises SamePerson, NotFitting, NoSuchRecord, NotReady when it was decided before."""
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            now = self._now()
            year = await tx.scorecards.year_of(appeal)
            contest = year and (await _book(tx, year, now)).contest(appeal)
            if not contest or not year:
                raise NoSuchRecord(f"There is no appeal {appeal}.")
            if not contest.is_open:
                raise NotReady(f"The appeal {appeal} was decided before. See: langnghe scorecard show")
            decision = decide(
                contest.appeal, outcome, officer=by.strip(), reason=reason.strip(), decided_at=now
            )
            await tx.scorecards.add(
                f"decision/{appeal}", Decided(decision), unit=contest.appeal.unit, year=year
            )
            await self._note(tx, "scorecard.decide", appeal, contest.appeal.unit, by, reason)
        log.info("scorecard.decided", appeal=appeal, outcome=outcome.value)
        return decision

    async def _note(
        self, tx: Tx, action: str, id: str, unit: str | None, by: str = "", reason: str = ""
    ) -> None:
        """Who did it is known by the name they gave at the machine: no page does any of this."""
        who = noting.at_the_machine(by)
        await noting.note(tx, who, action, f"scorecard:{id}", unit=unit, reason=reason, at=self._now())

    # ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────

    def _moment(self, as_of: datetime | None) -> datetime:
        """Of what is to come nobody knows anything."""
        now = self._now()
        return now if as_of is None else min(as_of, now)

    async def _cards(
        self, tx: Tx, set_id: str, units: Sequence[str], year: int, as_of: datetime
    ) -> dict[str, Scorecard]:
        criteria = await self._set(tx, set_id, as_of)
        book = await _book(tx, year, as_of)
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
        for key in await _released(tx, year):
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
        book = await _book(tx, year, now)
        if not (book.entered or book.cards or await _released(tx, year)):
            return {}
        codes = [unit.code for unit in await self._wards(tx, year)]
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

    async def _evidence(self, tx: Tx, id: str) -> tuple[Book, EvidenceEntered]:
        year = await tx.scorecards.year_of(id)
        if year is not None:
            book = await _book(tx, year, self._now())
            if each := book.find(id):
                return book, each
        raise NoSuchRecord(f"There is no evidence {id}.")

    async def _open_to_evidence(self, tx: Tx, set_id: str, unit: str, year: int) -> CriteriaSet:
        now = self._now()
        criteria = await self._set(tx, set_id, now)
        _existing(await self._units(tx), unit, year)
        _refuse_future(year, now)
        if not criteria.is_valid_in(year):
            raise NotInForce(f"{set_id} was not in force in {year}.")
        if (await _book(tx, year, now)).is_final(set_id, unit):
            raise TooLate(f"The card of {unit} for {year} is frozen, and no appeal has reopened it.")
        return criteria

    # ── Units ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _units(self, tx: Tx) -> _Country:
        marker = await tx.markers.value(CATALOGUE)
        if self._country is None or self._country.marker != marker:
            units = [
                Unit(
                    row.code,
                    row.name,
                    UnitKind(row.kind),
                    row.province,
                    row.valid_from,
                    row.valid_to,
                    row.source,
                )
                for row in await tx.units.all()
            ]
            successions = [
                Succession(row.unit, row.successor, row.on_date, row.source)
                for row in await tx.units.successors()
            ]
            surveyed = frozenset(each.unit for each in await tx.wave_units.all())
            self._country = _Country(
                marker, Lineage(units, successions), {unit.code: unit for unit in units}, surveyed
            )
        return self._country

    async def _wards(self, tx: Tx, year: int) -> tuple[Unit, ...]:
        country = await self._units(tx)
        home = _home(country, country.surveyed | await tx.scorecards.units())
        return tuple(
            sorted(
                (
                    unit
                    for unit in country.lineage.on(date(year, 12, 31))
                    if unit.kind is UnitKind.WARD and (not home or unit.province in home)
                ),
                key=lambda unit: unit.code,
            )
        )


def year_of(moment: datetime) -> int:
    """The year a wave counts for: the one in which it opened, on Vietnam's calendar."""
    return moment.astimezone(LOCAL).year


# ── Of storage ───────────────────────────────────────────────────────────────────────────────────────────────────


async def _book(tx: Tx, year: int, as_of: datetime) -> Book:
    return Book.of(year, as_of, await tx.scorecards.of_year(year))


async def _released(tx: Tx, year: int) -> Iterable[ReleasedKey]:
    begins, ends = datetime(year, 1, 1, tzinfo=LOCAL), datetime(year + 1, 1, 1, tzinfo=LOCAL)
    return await tx.scorecards.released(begins, ends)


async def _set_by_digest(tx: Tx, digest: str) -> CriteriaSet:
    for id in IDS:
        if load_set(id).digest == digest:
            return load_set(id)
    line = await tx.scorecards.set_line(digest)
    if line is None:
        raise NoSuchSet(digest)
    return cards.read_set_line(line)


async def _add_evidence(tx: Tx, criteria: CriteriaSet, entered: Entered) -> None:
    deed = EvidenceEntered(criteria.id, wording_of(criteria.criterion(entered.criterion)), entered)
    await tx.scorecards.add(entered.id, deed, unit=entered.unit, year=entered.year)


async def _refuse_under_way(tx: Tx, unit: str, year: int) -> None:
    """Visit ratings never decide; a yearly survey whose figures are still to come would be missing for ever."""
    for wave in await tx.waves.all():
        if wave.state not in UNDER_WAY or wave.audience == Audience.VISITS or year_of(wave.opens_at) != year:
            continue
        assert wave.id is not None
        if unit in {each.unit for each in await tx.wave_units.of_wave(wave.id)}:
            raise NotReady(
                f"The survey {wave.slug} is not released yet: its figures would be missing. Freeze after its release."
            )


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _existing(country: _Country, unit: str, year: int) -> None:
    found = country.units.get(unit)
    first, following = date(year, 1, 1), date(year + 1, 1, 1)
    if (
        found is None
        or found.kind.is_province
        or found.valid_from >= following
        or (found.valid_to is not None and found.valid_to <= first)
    ):
        raise NoSuchUnit(f"There was no ward {unit} in {year}.")


def _refuse_future(year: int, now: datetime) -> None:
    if year > year_of(now):
        raise NotYet(f"{year} has not begun.")


def _refuse_final(book: Book, each: EvidenceEntered) -> None:
    if book.is_final(each.set, each.entered.unit):
        raise TooLate(f"The card of {each.entered.unit} for {book.year} is frozen.")


def _refuse_waiting(book: Book, set_id: str, unit: str) -> None:
    """A frozen card never changes: what lies unsigned is settled first, one way or the other."""
    waiting = book.waiting(set_id, unit)
    if waiting:
        ids = ", ".join(each.entered.id for each in waiting)
        raise NotReady(f"Evidence waits for a second person: {ids}. Countersign or withdraw it first.")


def _replaced(book: Book, set_id: str, unit: str) -> Supersedes | None:
    card = book.frozen(set_id).get(unit)
    if card is None:
        return None
    undecided = [contest.appeal.id for contest in card.appeals if contest.is_open]
    if undecided:
        raise NotReady(
            f"An appeal against the frozen card is undecided: {', '.join(undecided)}. Decide it first."
        )
    replaced = card.replacement()
    if replaced is None:
        raise TooLate(f"The card of {unit} for {book.year} is frozen, and no appeal against it was granted.")
    return replaced


# ── Terms, provinces ─────────────────────────────────────────────────────────────────────────────────────────────


def _bound(criteria: CriteriaSet, id: str, bound: Fraction) -> Threshold:
    """Upwards, unless the source counts downwards. Raises KeyError."""
    threshold = criteria.criterion(id).threshold
    is_downwards = threshold is not None and threshold.at_least is None
    return Threshold(at_most=bound) if is_downwards else Threshold(at_least=bound)


def _with_file(document: Document, register: Register) -> Document:
    return Document(document.number, document.issued_on, document.title, register.digest)


def _home(country: _Country, codes: Iterable[str]) -> set[str]:
    """The provinces of those units, and what they were and became."""
    home: set[str] = set()
    for code in codes:
        province = country.units[code].province if code in country.units else None
        if province is not None and province not in home:
            for today in country.lineage.today(province):
                home.add(today.code)
                home.update(unit.code for unit in country.lineage.ancestors(today.code))
    return home


def _about(
    roadmap: Roadmap, scored: Mapping[int, Mapping[str, Verdict]], country: _Country
) -> Mapping[int, Mapping[str, Verdict]]:
    """What of it a roadmap speaks of: the wards of its province, as it was or became. A number of wards in the whole country
    cannot be held against one province."""
    if roadmap.province is not None:
        if roadmap.province not in country.units:
            return {}
        family = {roadmap.province, *(unit.code for unit in country.lineage.today(roadmap.province))}
        return {
            year: {
                unit: verdict for unit, verdict in verdicts.items() if country.units[unit].province in family
            }
            for year, verdicts in scored.items()
        }
    national = {target.year for target in roadmap.targets if target.units is not None}
    return {year: verdicts for year, verdicts in scored.items() if year not in national}
