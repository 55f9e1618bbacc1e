"""All evidence there is, and what of it stood at a moment. It knows who may sign, not what follows from it.

What comes from storage is not trusted: a signature that does not hold (own entry, another text, an earlier moment) counts
for nothing, and the entry stays unsigned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from surveys.assessment import Seen
from surveys.disclosure import Side
from surveys.forms.form import Role
from surveys.releases import Line as ReleasedLine
from surveys.releases import QuestionTable, ReleasedWard
from surveys.results import Proportion
from surveys.scorecard.criteria import Basis, CriteriaSet, Criterion
from surveys.scorecard.evidence import (
    Entered,
    ReleaseRef,
    Signature,
    SurveyFed,
    Withdrawal,
    same_officer,
)

__all__ = ["Records", "Signed", "Standing", "fed_by_release"]

# Role of a question with choices → the answer that says yes, among those that have an opinion (“Không rõ” has none).
YES_AMONG: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        Role.POSTED: ("co", ("co", "khong")),
        Role.TIMELINESS: ("truoc_han", ("truoc_han", "dung_han", "tre_han")),
    }
)


@dataclass(frozen=True, slots=True)
class Signed:
    """Evidence that two persons stand for."""

    entered: Entered
    signature: Signature


@dataclass(frozen=True, slots=True)
class Standing:
    """What stood for one unit and year at one moment."""

    unit: str
    year: int
    as_of: datetime
    signed: tuple[Signed, ...]
    """At most one a criterion and basis: the one countersigned last."""
    unsigned: tuple[Entered, ...]
    """Entered, and waiting for another person."""
    surveys: tuple[SurveyFed, ...]

    def entry(self, criterion: str, basis: Basis) -> Signed | None:
        for signed in self.signed:
            if (signed.entered.criterion, signed.entered.basis) == (criterion, basis):
                return signed
        return None

    def is_waiting(self, criterion: str, basis: Basis) -> bool:
        return any((entered.criterion, entered.basis) == (criterion, basis) for entered in self.unsigned)

    def fed(self, criterion: str) -> tuple[SurveyFed, ...]:
        return tuple(survey for survey in self.surveys if survey.criterion == criterion)


@dataclass(frozen=True, slots=True)
class Records:
    """Append-only: whatever was ever entered, signed, withdrawn or released."""

    entered: tuple[Entered, ...] = ()
    signatures: tuple[Signature, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    surveys: tuple[SurveyFed, ...] = ()

    def standing(self, unit: str, year: int, as_of: datetime) -> Standing:
        """As it was known at `as_of`: later entries, signatures, withdrawals and releases do not exist yet."""
        gone = {
            withdrawal.evidence
            for withdrawal in self.withdrawals
            if withdrawal.at <= as_of and _is_confirmed(withdrawal)
        }
        known = [
            entered
            for entered in self.entered
            if (entered.unit, entered.year) == (unit, year)
            and entered.entered_at <= as_of
            and entered.digest not in gone
        ]
        by_evidence: dict[str, list[Signature]] = {}
        for each in self.signatures:
            by_evidence.setdefault(each.evidence, []).append(each)
        signed: dict[tuple[str, Basis], Signed] = {}
        unsigned: list[Entered] = []
        for entered in known:
            signature = _holding(by_evidence.get(entered.digest, ()), entered, as_of)
            if signature is None:
                unsigned.append(entered)
                continue
            key, one = (entered.criterion, entered.basis), Signed(entered, signature)
            signed[key] = max(signed.get(key, one), one, key=_order)
        return Standing(
            unit,
            year,
            as_of,
            tuple(sorted(signed.values(), key=lambda each: (each.entered.criterion, each.entered.basis))),
            tuple(sorted(unsigned, key=lambda each: (each.criterion, each.entered_at, each.id))),
            tuple(
                sorted(
                    (
                        survey
                        for survey in self.surveys
                        if (survey.unit, survey.year) == (unit, year) and survey.release.released_at <= as_of
                    ),
                    key=lambda each: (each.criterion, each.release.wave, each.question),
                )
            ),
        )


def _holding(signatures: Iterable[Signature], entered: Entered, as_of: datetime) -> Signature | None:
    """The first that holds."""
    return min(
        (
            signature
            for signature in signatures
            if entered.entered_at <= signature.signed_at <= as_of
            and not same_officer(signature.officer, entered.officer)
        ),
        key=lambda signature: (signature.signed_at, signature.officer),
        default=None,
    )


def _order(signed: Signed) -> tuple[datetime, datetime, str]:
    """The one countersigned last stands; of two signed at once, the one entered last."""
    return signed.signature.signed_at, signed.entered.entered_at, signed.entered.id


def _is_confirmed(withdrawal: Withdrawal) -> bool:
    return not same_officer(withdrawal.officer, withdrawal.confirmed_by)


# ── From a release ───────────────────────────────────────────────────────────────────────────────────────────────


def fed_by_release(
    criteria: CriteriaSet, ward: ReleasedWard, year: int, digest: str, released_at: datetime
) -> tuple[SurveyFed, ...]:
    """What a released ward shows of a set's criteria: a line a question that feeds one. `digest`: of the release's JSON."""
    release = ReleaseRef(ward.wave.slug, ward.unit, digest, released_at)
    return tuple(
        SurveyFed(
            criterion.id,
            ward.unit,
            year,
            release,
            ward.wave.audience,
            table.name,
            ward.answered,
            _seen(table),
        )
        for table in ward.questions
        for criterion in _fed(criteria, table)
    )


def _fed(criteria: CriteriaSet, table: QuestionTable) -> Iterable[Criterion]:
    fed = dict.fromkeys(
        criterion.id for item in (table.feeds or "").split() for criterion in criteria.fed_by(item)
    )
    return (criteria.criterion(id) for id in fed)


def _seen(table: QuestionTable) -> Seen | None:
    """The share of yes: satisfied on the scale; elsewhere the answer that says yes among those that say either."""
    if table.index is not None:
        return _seen_of(table.index, table.n)
    if table.role is None or table.role not in YES_AMONG:
        return None
    yes, among = YES_AMONG[table.role]
    lines = {line.name: line for line in table.answers}
    figures = [line.figure for name in among if (line := lines.get(name))]
    counts: list[int] = [figure.numerator for figure in figures if figure]
    if len(counts) == len(among) and sum(counts) > 0:
        return Seen.exactly(Proportion(counts[among.index(yes)], sum(counts)))
    bound = lines[yes].bound if yes in lines else None
    if bound is None or not table.n or bound.side is not Side.AT_LEAST:
        return None  # “at most 10 %” of all says little about those with an opinion: nobody else may have one
    return Seen(Proportion(bound.limits(table.n)[0], table.n), Proportion(table.n, table.n))


def _seen_of(line: ReleasedLine, n: int | None) -> Seen | None:
    if line.figure is not None:
        return Seen.exactly(line.figure)
    if line.bound is None or not n:
        return None
    fewest, most = line.bound.limits(n)
    return Seen(Proportion(fewest, n), Proportion(most, n))
