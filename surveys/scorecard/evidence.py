"""Evidence (căn cứ): what a verdict may rest on, where it came from, and who stands for it. It knows criteria, not verdicts.

Two kinds. A survey feeds what its *release* shows, with the release's hash; nothing is read from ballots. An officer enters
a value with its document, and it counts once *another* person has countersigned exactly that. Nothing is changed or
deleted: a new entry replaces an old one from the moment it is countersigned, a withdrawal says who, when and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from surveys.assessment import Seen
from surveys.canonical import digest, moment_text
from surveys.persons import is_same_person
from surveys.results import Proportion
from surveys.scorecard.criteria import Basis, CriteriaSet, Criterion, Measure
from surveys.waves import LOCAL

__all__ = [
    "Document",
    "Entered",
    "NotFitting",
    "NotYet",
    "ReleaseRef",
    "SamePerson",
    "Signature",
    "SurveyFed",
    "Value",
    "Withdrawal",
    "countersign",
    "enter",
    "same_officer",
    "withdraw",
]

Value = bool | int | Proportion | None
"""Yes or no; so many; so many of so many; None for a share of nothing: no case arose in the year."""

VISITS = "visits"  # the audience whose waves rate single visits: shown, but no yearly survey


class SamePerson(ValueError):
    """Whoever entered evidence cannot countersign it."""


class NotFitting(ValueError):
    """This is no evidence for that criterion."""


class NotYet(ValueError):
    """What follows cannot come before what it follows."""


@dataclass(frozen=True, slots=True)
class Document:
    """The paper that an entered value rests on."""

    number: str
    """Số, ký hiệu: `125/QĐ-CAT`."""
    issued_on: date
    title: str = ""
    digest: str | None = None
    """SHA-256 of the file, in hexadecimal, where there is one."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A value an officer entered. Officers are named by their account's id."""

    id: str
    criterion: str
    unit: str
    year: int
    value: Value
    document: Document
    officer: str
    entered_at: datetime
    basis: Basis = Basis.ENTERED
    """ENTERED, or REGISTER where it was computed from a dossier register (the document is the register)."""
    note: str = ""
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """What a countersignature stands for: every word of it."""
        if self._digest is None:
            # Kept with this very value: to Python True is 1, to a hash it is not, so nothing may be looked up by equality.
            object.__setattr__(self, "_digest", digest("evidence", self.as_plain()))
        assert self._digest is not None
        return self._digest

    def as_plain(self) -> Mapping[str, object]:
        document = self.document
        return {
            "id": self.id,
            "criterion": self.criterion,
            "unit": self.unit,
            "year": self.year,
            "value": plain_value(self.value),
            "document": plain_document(document),
            "officer": self.officer,
            "entered_at": moment_text(self.entered_at),
            "basis": self.basis,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody else has seen the document and stands for the value."""

    evidence: str
    """The digest of what was signed."""
    officer: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Evidence that no longer stands: asked for by one person, confirmed by another."""

    evidence: str
    officer: str
    confirmed_by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseRef:
    """Which release a figure was read from."""

    wave: str
    unit: str
    digest: str
    """SHA-256 of the release's canonical JSON, in hexadecimal: what the ledger holds."""
    released_at: datetime


@dataclass(frozen=True, slots=True)
class SurveyFed:
    """What one question of one release shows of one criterion."""

    criterion: str
    unit: str
    year: int
    release: ReleaseRef
    audience: str
    question: str
    n: int | None
    """Valid answers to the wave's main question, as released; None where they are too few to say."""
    seen: Seen | None
    """The share, as far as it may be known; None where nothing of it is shown."""
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_yearly(self) -> bool:
        """Visit ratings are shown beside a criterion; the yearly surveys and forums decide."""
        return self.audience != VISITS

    @property
    def digest(self) -> str:
        if self._digest is None:
            object.__setattr__(self, "_digest", digest("survey-fed", self.as_plain()))
        assert self._digest is not None
        return self._digest

    def as_plain(self) -> Mapping[str, object]:
        release, seen = self.release, self.seen
        return {
            "criterion": self.criterion,
            "unit": self.unit,
            "year": self.year,
            "release": [release.wave, release.unit, release.digest, moment_text(release.released_at)],
            "audience": self.audience,
            "question": self.question,
            "n": self.n,
            "seen": seen and [plain_value(seen.low), plain_value(seen.high)],
        }


def plain_document(document: Document) -> list[object]:
    return [document.number, document.issued_on, document.title, document.digest]


def plain_value(value: Value) -> object:
    return [value.numerator, value.denominator] if isinstance(value, Proportion) else value


# ── Taking evidence in ───────────────────────────────────────────────────────────────────────────────────────────


def enter(criteria: CriteriaSet, entered: Entered) -> Entered:
    """Checked against its criterion. Raises KeyError for an unknown criterion, NotFitting with the reason."""
    criterion = criteria.criterion(entered.criterion)
    if criterion.is_slot:
        raise NotFitting(f"Nobody knows what {criterion.id} says: import its wording first.")
    if entered.basis not in criterion.basis or entered.basis not in (Basis.ENTERED, Basis.REGISTER):
        raise NotFitting(f"{criterion.id} is not shown by {entered.basis}.")
    if not _fits(criterion, entered.value):
        raise NotFitting(f"{criterion.id} is measured by {criterion.measure}.")
    if not (entered.document.number.strip() and entered.officer.strip() and entered.id.strip()):
        raise NotFitting("Evidence has an id, a document and an officer.")
    if entered.document.issued_on > entered.entered_at.astimezone(LOCAL).date():
        raise NotFitting("A document cannot be newer than its entry.")
    return entered


def _fits(criterion: Criterion, value: Value) -> bool:
    if criterion.measure is Measure.YES_NO:
        return isinstance(value, bool)
    if criterion.measure is Measure.COUNT:
        return type(value) is int and value >= 0
    return value is None or isinstance(value, Proportion)


def countersign(entered: Entered, officer: str, signed_at: datetime) -> Signature:
    """Raises SamePerson, NotYet."""
    if same_officer(officer, entered.officer):
        raise SamePerson(f"{officer} entered {entered.id} and cannot countersign it.")
    if signed_at < entered.entered_at:
        raise NotYet(f"{entered.id} was not yet entered then.")
    return Signature(entered.digest, officer, signed_at)


def withdraw(entered: Entered, officer: str, confirmed_by: str, at: datetime, reason: str) -> Withdrawal:
    """Raises SamePerson, NotYet; NotFitting without a reason."""
    if same_officer(officer, confirmed_by):
        raise SamePerson(f"{officer} cannot confirm their own withdrawal.")
    if at < entered.entered_at:
        raise NotYet(f"{entered.id} was not yet entered then.")
    if not reason.strip():
        raise NotFitting("A withdrawal has a reason.")
    return Withdrawal(entered.digest, officer, confirmed_by, at, reason)


def same_officer(one: str, other: str) -> bool:
    """Persons, not spellings. Nobody (an empty name) is never another one."""
    return is_same_person(one, other)
