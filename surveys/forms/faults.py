"""What is wrong with a form, in words its author can act on: sheet, row, column, reason."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Fault", "FormFaults"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right. Rows count from 1, the header being 1; in CSV and Markdown, within the sheet's own rows."""

    sheet: str
    """`survey`, `choices`, `settings`; `file` when the file cannot be read at all."""
    row: int | None
    column: str | None
    reason: str

    def __str__(self) -> str:
        place = [self.sheet]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return f"{', '.join(place)}: {self.reason}"


class FormFaults(ValueError):
    """The form cannot be published; `faults` say why, in the order of the rows."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
