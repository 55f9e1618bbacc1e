"""What is wrong with a file that officers made, in words they can act on: row, column, reason. It knows no file format."""

from collections.abc import Iterable
from dataclasses import dataclass

from surveys.scorecard.words import say

__all__ = ["Fault", "Faults"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right, in Vietnamese."""

    row: int | None
    """As the spreadsheet counts them, the header being 1; in criteria data, the item's place from 1. None: the whole file."""
    column: str | None
    reason: str

    @classmethod
    def because(cls, row: int | None, column: str | None, key: str, **parts: object) -> "Fault":
        return cls(row, column, say("fault", key, **parts))

    def __str__(self) -> str:
        if self.row is None:
            return say("fault", "file", reason=self.reason)
        if self.column is None:
            return say("fault", "row", row=self.row, reason=self.reason)
        return say("fault", "place", row=self.row, column=self.column, reason=self.reason)


class Faults(ValueError):
    """Nothing was taken over; `faults` say why, in the order of the rows."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
