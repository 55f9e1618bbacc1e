"""What somebody knows of counts: that a sum of them lies between two numbers; and the cells whose ranges are sought. It knows neither
releases nor solvers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["SIZE", "Block", "Cell", "Fact", "Sum", "Variable", "distinct", "sum_of"]

SIZE = ("n",)
"""In place of answers: how many a row is of."""

Variable = tuple[str, ...]
Sum = Mapping[Variable, float]


@dataclass(frozen=True, slots=True)
class Fact:
    """A sum of counts lies between two numbers."""

    sum: Sum
    low: float
    high: float
    is_own: bool = False
    """A size, or what is said of the row itself: what a cell's range is measured against."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, or a sum of them, that may be shown or hidden."""

    unit: str
    question: str
    answers: tuple[str, ...]
    sum: Sum

    @property
    def name(self) -> tuple[str, str, tuple[str, ...]]:
        return self.unit, self.question, self.answers


@dataclass
class Block:
    """Facts and cells that have nothing to do with those of another block."""

    facts: list[Fact] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    joins: "list[Block]" = field(default_factory=list)
    """The wards that a total holds together; its own facts are what the total says."""

    @property
    def signature(self) -> frozenset[tuple[frozenset[Variable], float, float, bool]]:
        """Two wards with the same one look the same in every total."""
        return frozenset(
            (frozenset(name[1:] for name in fact.sum), fact.low, fact.high, fact.is_own)
            for fact in self.facts
        )


def sum_of(names: Iterable[Variable], times: float = 1.0) -> dict[Variable, float]:
    return dict.fromkeys(names, times)


def distinct(blocks: Iterable[Block]) -> list[Block]:
    return list({id(block): block for block in blocks}.values())
