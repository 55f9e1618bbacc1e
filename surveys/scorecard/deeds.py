"""What people put on record of scorecards, a line a deed: evidence and who stands for it, registers, terms, frozen cards, appeals.

Each line is canonical JSON, and is read back into the very value it was written from, or refused: storage keeps lines, and
nothing that merely looks like one is ever judged by. It knows no table and no order but the moments in the deeds themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin

from surveys.canonical import canonical, digest, moment_text, read_moment
from surveys.documents import NotCanonical, read
from surveys.scorecard.appeal import Appeal, Decision, Outcome
from surveys.scorecard.criteria import Criterion
from surveys.scorecard.dossiers import Dossiers, Month, Register
from surveys.scorecard.evidence import Document, Entered, Signature, Withdrawal, plain_document
from surveys.scorecard.freezing import Frozen
from surveys.scorecard.judging import Terms
from surveys.scorecard.plain import document_in, entered_in, terms_in, terms_out

__all__ = [
    "Appealed",
    "BadDeed",
    "CardFrozen",
    "Decided",
    "Deed",
    "EvidenceEntered",
    "EvidenceSigned",
    "EvidenceWithdrawn",
    "RegisterHandedIn",
    "TermsSet",
    "line_of",
    "read_deed",
    "wording_of",
]

MOST_KEPT = 8192  # lines: some years of a province


class BadDeed(ValueError):
    """This is no record as we write it."""


def wording_of(criterion: Criterion) -> str:
    """What a person who entered evidence had read: a corrected wording is another one, and old evidence does not speak of it."""
    return digest(
        "wording",
        [[[quote.line, quote.text] for quote in criterion.quotes], criterion.measure, criterion.counted],
    )


@dataclass(frozen=True, slots=True)
class EvidenceEntered:
    """A value for one criterion of one set."""

    kind: ClassVar[str] = "entered"

    set: str
    wording: str
    entered: Entered

    @property
    def at(self) -> datetime:
        return self.entered.entered_at

    def as_plain(self) -> Mapping[str, object]:
        return {"set": self.set, "wording": self.wording, "entered": self.entered.as_plain()}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "EvidenceEntered":
        return cls(plain["set"], plain["wording"], entered_in(plain["entered"]))


@dataclass(frozen=True, slots=True)
class EvidenceSigned:
    """Another person stands for a value."""

    kind: ClassVar[str] = "signature"

    signature: Signature

    @property
    def at(self) -> datetime:
        return self.signature.signed_at

    def as_plain(self) -> Mapping[str, object]:
        one = self.signature
        return {"evidence": one.evidence, "officer": one.officer, "signed_at": moment_text(one.signed_at)}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "EvidenceSigned":
        return cls(Signature(plain["evidence"], plain["officer"], read_moment(plain["signed_at"])))


@dataclass(frozen=True, slots=True)
class EvidenceWithdrawn:
    """A value no longer stands."""

    kind: ClassVar[str] = "withdrawal"

    withdrawal: Withdrawal

    @property
    def at(self) -> datetime:
        return self.withdrawal.at

    def as_plain(self) -> Mapping[str, object]:
        one = self.withdrawal
        return {
            "evidence": one.evidence,
            "officer": one.officer,
            "confirmed_by": one.confirmed_by,
            "at": moment_text(one.at),
            "reason": one.reason,
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "EvidenceWithdrawn":
        return cls(
            Withdrawal(
                plain["evidence"],
                plain["officer"],
                plain["confirmed_by"],
                read_moment(plain["at"]),
                plain["reason"],
            )
        )


@dataclass(frozen=True, slots=True)
class RegisterHandedIn:
    """A dossier register as it came, to be shown beside what residents say; the evidence made of it is entered apart."""

    kind: ClassVar[str] = "register"

    register: Register
    document: Document
    officer: str
    at: datetime

    def as_plain(self) -> Mapping[str, object]:
        return {
            "digest": self.register.digest,
            "rows": [
                [
                    row.unit,
                    row.period.year,
                    row.period.month,
                    row.procedure,
                    row.resolved,
                    row.early,
                    row.late,
                ]
                for row in self.register.rows
            ],
            "document": plain_document(self.document),
            "officer": self.officer,
            "at": moment_text(self.at),
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "RegisterHandedIn":
        rows = tuple(
            Dossiers(unit, Month(year, month), procedure, resolved, early, late)
            for unit, year, month, procedure, resolved, early, late in plain["rows"]
        )
        return cls(
            Register(plain["digest"], rows),
            document_in(plain["document"]),
            plain["officer"],
            read_moment(plain["at"]),
        )


@dataclass(frozen=True, slots=True)
class TermsSet:
    """What somebody decided for a set and a year where the sources are silent, and by which document."""

    kind: ClassVar[str] = "terms"

    set: str
    year: int
    terms: Terms
    officer: str
    source: str
    at: datetime

    def as_plain(self) -> Mapping[str, object]:
        return {
            "set": self.set,
            "year": self.year,
            "terms": terms_out(self.terms),
            "officer": self.officer,
            "source": self.source,
            "at": moment_text(self.at),
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "TermsSet":
        return cls(
            plain["set"],
            plain["year"],
            terms_in(plain["terms"]),
            plain["officer"],
            plain["source"],
            read_moment(plain["at"]),
        )


@dataclass(frozen=True, slots=True)
class CardFrozen:
    """A card that two persons signed, and which entry of the ledger says so."""

    kind: ClassVar[str] = "scorecard"

    frozen: Frozen
    entry: int

    @property
    def at(self) -> datetime:
        return read_moment(self.frozen.content["frozen_at"])

    def as_plain(self) -> Mapping[str, object]:
        return {"card": self.frozen.body, "entry": self.entry}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "CardFrozen":
        frozen = Frozen(plain["card"])
        read_moment(frozen.content["frozen_at"])
        if type(plain["entry"]) is not int:
            raise TypeError
        return cls(frozen, plain["entry"])


@dataclass(frozen=True, slots=True)
class Appealed:
    """A ward disagrees with a frozen card."""

    kind: ClassVar[str] = "appeal"

    appeal: Appeal

    @property
    def at(self) -> datetime:
        return self.appeal.filed_at

    def as_plain(self) -> Mapping[str, object]:
        one = self.appeal
        return {
            "id": one.id,
            "scorecard": one.scorecard,
            "unit": one.unit,
            "criterion": one.criterion,
            "officer": one.officer,
            "reason": one.reason,
            "filed_at": moment_text(one.filed_at),
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "Appealed":
        return cls(
            Appeal(
                plain["id"],
                plain["scorecard"],
                plain["unit"],
                plain["criterion"],
                plain["officer"],
                plain["reason"],
                read_moment(plain["filed_at"]),
            )
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of an appeal."""

    kind: ClassVar[str] = "decision"

    decision: Decision

    @property
    def at(self) -> datetime:
        return self.decision.decided_at

    def as_plain(self) -> Mapping[str, object]:
        one = self.decision
        return {
            "appeal": one.appeal,
            "outcome": one.outcome,
            "officer": one.officer,
            "reason": one.reason,
            "decided_at": moment_text(one.decided_at),
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "Decided":
        return cls(
            Decision(
                plain["appeal"],
                Outcome(plain["outcome"]),
                plain["officer"],
                plain["reason"],
                read_moment(plain["decided_at"]),
            )
        )


Deed = (
    EvidenceEntered
    | EvidenceSigned
    | EvidenceWithdrawn
    | RegisterHandedIn
    | TermsSet
    | CardFrozen
    | Appealed
    | Decided
)

READERS: Mapping[str, Callable[[Mapping[str, Any]], Deed]] = {
    EvidenceEntered.kind: EvidenceEntered.of_plain,
    EvidenceSigned.kind: EvidenceSigned.of_plain,
    EvidenceWithdrawn.kind: EvidenceWithdrawn.of_plain,
    RegisterHandedIn.kind: RegisterHandedIn.of_plain,
    TermsSet.kind: TermsSet.of_plain,
    CardFrozen.kind: CardFrozen.of_plain,
    Appealed.kind: Appealed.of_plain,
    Decided.kind: Decided.of_plain,
}


def line_of(deed: Deed) -> str:
    """Canonical JSON."""
    return canonical(deed.as_plain())


@lru_cache(MOST_KEPT)
def read_deed(kind: str, line: str) -> Deed:
    """A line never changes, and is read once. Raises BadDeed."""
    try:
        deed = READERS[kind](read(line))
        if line_of(deed) == line and _is_of(type(deed), deed):
            return deed
    except (NotCanonical, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        pass
    raise BadDeed(f"This is no record of kind {kind} as we write it.")


def _is_of(kind: Any, value: object) -> bool:
    """Whether a value is what its annotation says, all the way down: JSON has put it there, not Python."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_is_of(part, value) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of(parts[0], each) for each in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _is_of(parts[0], name) and _is_of(parts[1], each) for name, each in value.items()
        )
    if is_dataclass(kind):
        return type(value) is kind and all(
            _is_of(each.type, getattr(value, each.name)) for each in fields(kind)
        )
    # True is an int to Python, and no count to us.
    return type(value) is kind if kind in (int, bool) else isinstance(value, kind)
