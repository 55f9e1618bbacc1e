"""Everything on record of one year, read as of a moment: what counts for which set, on which terms, what is frozen, what waits.
Pure; storage hands it the deeds, in any order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from surveys.disclosure import DEFAULT_K
from surveys.scorecard.appeal import Appeal, Decision, Outcome, superseding
from surveys.scorecard.card import Scorecard
from surveys.scorecard.criteria import CriteriaSet
from surveys.scorecard.deeds import (
    Appealed,
    CardFrozen,
    Decided,
    Deed,
    EvidenceEntered,
    EvidenceSigned,
    EvidenceWithdrawn,
    RegisterHandedIn,
    TermsSet,
    wording_of,
)
from surveys.scorecard.evidence import Entered, SurveyFed
from surveys.scorecard.freezing import Frozen, Supersedes, recompute
from surveys.scorecard.judging import Terms
from surveys.scorecard.records import Records

__all__ = ["DEFAULT_TERMS", "Book", "Contest", "FrozenCard"]

DEFAULT_TERMS = Terms(minimum=DEFAULT_K)
"""While nobody has set any: a survey of fewer answers than may be shown was not held, and no threshold is invented."""


@dataclass(frozen=True, slots=True)
class Contest:
    """An appeal, and what came of it so far."""

    appeal: Appeal
    decision: Decision | None

    @property
    def is_open(self) -> bool:
        return self.decision is None

    @property
    def is_granted(self) -> bool:
        return self.decision is not None and self.decision.outcome is Outcome.ACCEPTED


@dataclass(frozen=True, slots=True)
class FrozenCard:
    """A card on record, where the ledger says so, and who contested it."""

    frozen: Frozen
    entry: int
    """The ledger entry's number."""
    frozen_at: datetime
    appeals: tuple[Contest, ...]
    """In the order in which they were filed."""

    @property
    def unit(self) -> str:
        unit: str = self.frozen.content["unit"]
        return unit

    @property
    def set_id(self) -> str:
        id: str = self.frozen.content["criteria"][0]
        return id

    @property
    def criteria_digest(self) -> str:
        digest: str = self.frozen.content["criteria"][1]
        return digest

    @property
    def signed_by(self) -> tuple[str, str]:
        """Who froze it, and who signed with them."""
        content = self.frozen.content
        return content["frozen_by"], content["countersigned_by"]

    @property
    def supersedes(self) -> Supersedes | None:
        replaced = self.frozen.content["supersedes"]
        return Supersedes(*replaced) if replaced else None

    @property
    def is_reopened(self) -> bool:
        """An appeal against it waits or was granted: more may be put on record."""
        return any(contest.is_open or contest.is_granted for contest in self.appeals)

    def card(self, criteria: CriteriaSet) -> Scorecard:
        """Concluded again from what is on record. `criteria`: the very set, by its digest. Raises DoesNotFollow."""
        return recompute(self.frozen, criteria)

    def replacement(self) -> Supersedes | None:
        """What lets another card replace this one: the appeal that was granted last."""
        granted = [contest for contest in self.appeals if contest.is_granted]
        if not granted:
            return None
        last = granted[-1]
        assert last.decision is not None
        return superseding(self.frozen, last.appeal, last.decision)


@dataclass(frozen=True, slots=True)
class Book:
    """One year's deeds. Later ones than `as_of` do not exist yet."""

    year: int
    as_of: datetime
    entered: tuple[EvidenceEntered, ...] = ()
    signed: tuple[EvidenceSigned, ...] = ()
    withdrawn: tuple[EvidenceWithdrawn, ...] = ()
    registers: tuple[RegisterHandedIn, ...] = ()
    terms: tuple[TermsSet, ...] = ()
    cards: tuple[CardFrozen, ...] = ()
    appealed: tuple[Appealed, ...] = ()
    decided: tuple[Decided, ...] = ()

    @classmethod
    def of(cls, year: int, as_of: datetime, deeds: Iterable[Deed]) -> "Book":
        known = sorted((deed for deed in deeds if deed.at <= as_of), key=lambda deed: deed.at)
        return cls(
            year,
            as_of,
            tuple(deed for deed in known if isinstance(deed, EvidenceEntered)),
            tuple(deed for deed in known if isinstance(deed, EvidenceSigned)),
            tuple(deed for deed in known if isinstance(deed, EvidenceWithdrawn)),
            tuple(deed for deed in known if isinstance(deed, RegisterHandedIn)),
            tuple(deed for deed in known if isinstance(deed, TermsSet)),
            tuple(deed for deed in known if isinstance(deed, CardFrozen)),
            tuple(deed for deed in known if isinstance(deed, Appealed)),
            tuple(deed for deed in known if isinstance(deed, Decided)),
        )

    # ── Evidence ──────────────────────────────────────────────────────────────────────────────────────────────

    def records(self, criteria: CriteriaSet, surveys: Iterable[SurveyFed]) -> Records:
        """What speaks of a set: what was entered for it under its very wording, and what surveys feed into it."""
        wordings = {criterion.id: wording_of(criterion) for criterion in criteria.criteria}
        return Records(
            tuple(
                each.entered
                for each in self.entered
                if each.set == criteria.id and wordings.get(each.entered.criterion) == each.wording
            ),
            tuple(each.signature for each in self.signed),
            tuple(each.withdrawal for each in self.withdrawn),
            tuple(surveys),
        )

    def find(self, id: str) -> EvidenceEntered | None:
        return next((each for each in self.entered if each.entered.id == id), None)

    def is_withdrawn(self, entered: Entered) -> bool:
        return entered.digest in {each.withdrawal.evidence for each in self.withdrawn}

    def is_signed(self, entered: Entered) -> bool:
        return entered.digest in {each.signature.evidence for each in self.signed}

    def waiting(self, set_id: str | None = None, unit: str | None = None) -> tuple[EvidenceEntered, ...]:
        """Entered, not withdrawn, and nobody else stands for it yet; the oldest first."""
        settled = {each.signature.evidence for each in self.signed} | {
            each.withdrawal.evidence for each in self.withdrawn
        }
        return tuple(
            each
            for each in self.entered
            if set_id in (None, each.set)
            and unit in (None, each.entered.unit)
            and each.entered.digest not in settled
        )

    def speaks_of(self, unit: str) -> bool:
        """Whether anything was ever entered of it."""
        return any(each.entered.unit == unit for each in self.entered)

    def register_of(self, unit: str) -> RegisterHandedIn | None:
        """The register behind the figures that stand for a unit; while none were countersigned, the one handed in last."""
        signed = {
            each.entered.document.digest
            for each in self.entered
            if each.entered.unit == unit
            and self.is_signed(each.entered)
            and not self.is_withdrawn(each.entered)
        }
        there = [each for each in self.registers if each.register.of(unit, self.year) is not None]
        standing = [each for each in there if each.register.digest in signed]
        return next(reversed(standing or there), None)

    # ── Terms ─────────────────────────────────────────────────────────────────────────────────────────────────

    def terms_of(self, set_id: str) -> Terms:
        """Those set last."""
        last = self.terms_set(set_id)
        return last.terms if last else DEFAULT_TERMS

    def terms_set(self, set_id: str) -> TermsSet | None:
        return next((each for each in reversed(self.terms) if each.set == set_id), None)

    # ── Frozen cards ──────────────────────────────────────────────────────────────────────────────────────────

    def frozen(self, set_id: str) -> Mapping[str, FrozenCard]:
        """Unit → its newest frozen card."""
        newest = {
            card.unit: card for each in self.cards if (card := self._frozen_card(each)).set_id == set_id
        }
        return dict(sorted(newest.items()))

    def frozen_card(self, digest: str) -> FrozenCard | None:
        return next((self._frozen_card(each) for each in self.cards if each.frozen.digest == digest), None)

    def contest(self, appeal: str) -> Contest | None:
        found = next((each.appeal for each in self.appealed if each.appeal.id == appeal), None)
        return None if found is None else self._contest(found)

    def is_final(self, set_id: str, unit: str) -> bool:
        """Its card is frozen and nobody has reopened it: what is put on record now could never count."""
        card = self.frozen(set_id).get(unit)
        return card is not None and not card.is_reopened

    def _frozen_card(self, deed: CardFrozen) -> FrozenCard:
        contests = (
            self._contest(each.appeal)
            for each in self.appealed
            if each.appeal.scorecard == deed.frozen.digest
        )
        return FrozenCard(deed.frozen, deed.entry, deed.at, tuple(contests))

    def _contest(self, appeal: Appeal) -> Contest:
        decision = next((each.decision for each in self.decided if each.decision.appeal == appeal.id), None)
        return Contest(appeal, decision)
