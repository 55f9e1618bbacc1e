"""Where the wards stood before anything was scored: who was named as failing which group. Data with a source; it judges nothing.

● means “named as failing”. A blank means that the decision does not name the ward. It never means that the ward passed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from surveys.scorecard.words import DATA, say

__all__ = ["Baseline", "BaselineRow", "Cell", "baseline_2023", "read_baseline"]


class Cell(StrEnum):
    """Not a verdict: what one sentence of a decision says of a ward."""

    FAILS = "fails"
    NOT_NAMED = "not_named"

    @property
    def mark(self) -> str:
        return say("baseline", self.value)


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One group, or a part of one (8a, 8b)."""

    group: str
    part: str | None
    fails: frozenset[str]
    stated: int
    """How many the source itself counts."""
    quote: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """Groups × wards."""

    year: int
    source: str
    criteria: str
    """The criteria set whose groups these are."""
    wards: tuple[str, ...]
    """Codes, in the source's order."""
    rows: tuple[BaselineRow, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.group for row in self.rows))

    def fails(self, group: str) -> frozenset[str]:
        """The wards named as failing a group, in any of its parts. Raises KeyError."""
        rows = [row.fails for row in self.rows if row.group == group]
        if not rows:
            raise KeyError(group)
        return frozenset().union(*rows)

    def cell(self, group: str, ward: str) -> Cell:
        """Raises KeyError."""
        if ward not in self.wards:
            raise KeyError(ward)
        return Cell.FAILS if ward in self.fails(group) else Cell.NOT_NAMED

    def of_group(self, group: str) -> int:
        return len(self.fails(group))

    def of_ward(self, ward: str) -> int:
        """How many groups a ward is named as failing. Raises KeyError."""
        return sum(self.cell(group, ward) is Cell.FAILS for group in self.groups)

    @property
    def total(self) -> int:
        return sum(map(self.of_group, self.groups))


@cache
def baseline_2023() -> Baseline:
    """Trà Vinh, October 2023: 8 groups × 11 wards, 54 failing cells."""
    return read_baseline((DATA / "baseline-2023.toml").read_text(encoding="utf-8"))


def read_baseline(text: str) -> Baseline:
    """Raises ValueError when a row names a ward that is not there, or does not add up to what its source counts."""
    document = tomllib.loads(text)
    wards = tuple(document["wards"])
    rows = tuple(map(_row, document["row"]))
    for row in rows:
        if stray := row.fails - set(wards):
            raise ValueError(f"Group {row.group} names {', '.join(sorted(stray))}, which is no ward here.")
        if len(row.fails) != row.stated:
            raise ValueError(
                f"Group {row.group} names {len(row.fails)} wards; its source counts {row.stated}."
            )
    return Baseline(document["year"], document["source"], document["criteria"], wards, rows)


def _row(row: Mapping[str, str | int | list[str]]) -> BaselineRow:
    group, part, fails, stated, quote = (
        row.get(key) for key in ("group", "part", "fails", "stated", "quote")
    )
    assert isinstance(group, str)
    assert isinstance(fails, list)
    assert isinstance(stated, int)
    assert isinstance(quote, str)
    assert part is None or isinstance(part, str)
    return BaselineRow(group, part, frozenset(fails), stated, quote)
