"""What people do with scorecards: evidence put on record and countersigned, cards frozen by two persons into the ledger, contested and
replaced. What follows from what is `surveys.scorecard`'s to say; this writes and refuses."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction

import structlog

from handlers import noting
from handlers.ledger import Ledger
from handlers.scorecards.on_record import NoSuchRecord, add_evidence, book_of, evidence
from handlers.scorecards.reading import Cards, bound_on
from handlers.scorecards.refusals import (
    NotReady,
    TooLate,
    refuse_final,
    refuse_future,
    refuse_under_way,
    refuse_waiting,
    replaced_by,
)
from storage.database import Database
from storage.transaction import Tx
from surveys import cards
from surveys.records import Unfit
from surveys.scorecard import (
    Appeal,
    CriteriaSet,
    Decision,
    Document,
    Entered,
    NotFitting,
    NotInForce,
    Outcome,
    Register,
    Signature,
    Terms,
    Withdrawal,
    appeal_against,
    countersign,
    decide,
    enter,
    entries,
    freeze,
    import_framework,
    read_register,
    template,
    withdraw,
)
from surveys.scorecard.book import FrozenCard
from surveys.scorecard.deeds import (
    Appealed,
    CardFrozen,
    Decided,
    EvidenceSigned,
    EvidenceWithdrawn,
    RegisterHandedIn,
    TermsSet,
)
from surveys.scorecard.evidence import Value
from surveys.scorecard.reading import IDS

__all__ = ["Scorecards"]

log = structlog.get_logger()

FRAME = "khung-5764"
ID_BYTES = 4  # read over the telephone; it opens nothing by itself


class Scorecards(Cards):
    """All that can be read of cards, and all that is done to them."""

    def __init__(self, db: Database, ledger: Ledger, now: Callable[[], datetime]) -> None:
        super().__init__(db, now)
        self._ledger = ledger

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
            await add_evidence(tx, criteria, enter(criteria, entered))
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
            country = await self._countries.of(tx)
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
                        await add_evidence(tx, criteria, entered)
                    found.extend(made)
            await self._note(tx, "scorecard.register", register.digest, None, by, name)
        log.info("scorecard.register_imported", year=year, units=len(register.units), evidence=len(found))
        return tuple(found)

    async def countersign(self, id: str, *, by: str) -> Signature:
        """Raises SamePerson, TooLate, NoSuchRecord, NotReady when it was signed or withdrawn before."""
        async with self._db.transaction() as tx:
            await tx.ledger.writing()
            book, each = await evidence(tx, id, self._now())
            refuse_final(book, each)
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
            book, each = await evidence(tx, id, self._now())
            refuse_final(book, each)
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
            book = await book_of(tx, year, now)
            for unit in book.frozen(set_id):
                if book.is_final(set_id, unit):
                    raise TooLate(
                        f"The card of {unit} for {year} is frozen: the others are judged on the same terms."
                    )
            before = book.terms_of(set_id).within(criteria)
            bounds = {id: bound_on(criteria, id, bound) for id, bound in thresholds.items()}
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
            country = await self._countries.of(tx)
            country.checked(unit, year)
            refuse_future(year, now)
            book = await book_of(tx, year, now)
            replaced = replaced_by(book, set_id, unit)
            refuse_waiting(book, set_id, unit)
            await refuse_under_way(tx, unit, year)
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
            card = (await book_of(tx, year, now)).frozen(set_id).get(unit)
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
            contest = year and (await book_of(tx, year, now)).contest(appeal)
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

    async def _open_to_evidence(self, tx: Tx, set_id: str, unit: str, year: int) -> CriteriaSet:
        now = self._now()
        criteria = await self._set(tx, set_id, now)
        (await self._countries.of(tx)).checked(unit, year)
        refuse_future(year, now)
        if not criteria.is_valid_in(year):
            raise NotInForce(f"{set_id} was not in force in {year}.")
        if (await book_of(tx, year, now)).is_final(set_id, unit):
            raise TooLate(f"The card of {unit} for {year} is frozen, and no appeal has reopened it.")
        return criteria


def _with_file(document: Document, register: Register) -> Document:
    return Document(document.number, document.issued_on, document.title, register.digest)
