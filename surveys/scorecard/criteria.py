"""Criteria sets as data: what somebody published, in their own words, each item with the line it stands on. Invents none.

`reading` makes a set from TOML or rows and refuses it with row and reason; `framework` imports the 22 from a workbook.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from surveys.assessment import Evidence as Basis
from surveys.canonical import digest

__all__ = [
    "Basis",
    "CriteriaSet",
    "Criterion",
    "Group",
    "Measure",
    "PassRule",
    "Quote",
    "RegisterShare",
    "Threshold",
]


class Measure(StrEnum):
    """What an officer or a register says of a criterion."""

    YES_NO = "yes-no"
    COUNT = "count"
    SHARE = "share"
    """So many of so many."""


class RegisterShare(StrEnum):
    """Which share of the dossiers resolved a criterion asks for."""

    EARLY = "early"
    """Before the time set."""
    ON_TIME = "on_time"
    """Not after it: early ones are on time."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the source. “…” stands for what was left out."""

    line: int | None
    """Where they stand in the set's document; None where lines are not counted."""
    text: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number, or a share between 0 and 1, to reach or not to exceed. Compared unrounded."""

    at_least: Fraction | None = None
    at_most: Fraction | None = None

    def is_met_by(self, value: Fraction | int) -> bool:
        reaches = self.at_least is None or value >= self.at_least
        return reaches and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One item (tiêu chí)."""

    id: str
    groups: tuple[str, ...]
    """Ids of groups; none for a slot."""
    short: str
    quotes: tuple[Quote, ...]
    """None: a slot whose wording nobody could find."""
    basis: tuple[Basis, ...]
    """What can show it; of several, any one suffices."""
    measure: Measure
    threshold: Threshold | None = None
    """Where the source gives a number."""
    counted: str = ""
    register: RegisterShare | None = None
    fed_by: tuple[str, ...] = ()
    """Survey items (`S1:L96`) that prove it where `basis` says so, and stand beside it where not."""
    source: str = ""
    """Document and page, where it is not the set's own."""

    @property
    def is_slot(self) -> bool:
        return not self.quotes


@dataclass(frozen=True, slots=True)
class PassRule:
    """How many criteria a unit must meet."""

    needed: int
    of: int
    is_assumed: bool
    """Nobody could find a text that says so."""
    source: str


@dataclass(frozen=True, slots=True)
class CriteriaSet:
    """A set as somebody published it (bộ tiêu chí). Immutable: another wording is another set, with another digest."""

    id: str
    name: str
    source: str
    document: str
    """The short name that quotes' lines count in: `S1`."""
    valid_from: date
    valid_to: date | None
    """The first day on which it is no more; None while nobody has ended it."""
    groups: tuple[Group, ...]
    criteria: tuple[Criterion, ...]
    pass_rule: PassRule | None = None
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    def criterion(self, id: str) -> Criterion:
        """Raises KeyError."""
        for criterion in self.criteria:
            if criterion.id == id:
                return criterion
        raise KeyError(id)

    def of_group(self, id: str) -> tuple[Criterion, ...]:
        return tuple(criterion for criterion in self.criteria if id in criterion.groups)

    def fed_by(self, item: str) -> tuple[Criterion, ...]:
        """The criteria that a survey item feeds."""
        return tuple(criterion for criterion in self.criteria if item in criterion.fed_by)

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def is_valid_in(self, year: int) -> bool:
        """On any day of that year."""
        began = self.valid_from <= date(year, 12, 31)
        return began and (self.valid_to is None or self.valid_to > date(year, 1, 1))

    @property
    def digest(self) -> str:
        """Over everything a verdict depends on and every word it is explained with."""
        if self._digest is None:
            object.__setattr__(self, "_digest", digest("criteria", self.as_plain()))
        assert self._digest is not None
        return self._digest

    def as_plain(self) -> Mapping[str, object]:
        rule = self.pass_rule
        return {
            "id": self.id,
            "name": self.name,
            "source": self.source,
            "document": self.document,
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
            "groups": [[group.id, group.name, group.line] for group in self.groups],
            "criteria": [_plain(criterion) for criterion in self.criteria],
            "pass_rule": rule and [rule.needed, rule.of, rule.is_assumed, rule.source],
        }


def _plain(criterion: Criterion) -> Mapping[str, object]:
    threshold = criterion.threshold
    return {
        "id": criterion.id,
        "groups": criterion.groups,
        "short": criterion.short,
        "quotes": [[quote.line, quote.text] for quote in criterion.quotes],
        "basis": criterion.basis,
        "measure": criterion.measure,
        "threshold": threshold and [threshold.at_least, threshold.at_most],
        "counted": criterion.counted,
        "register": criterion.register,
        "fed_by": criterion.fed_by,
        "source": criterion.source,
    }
