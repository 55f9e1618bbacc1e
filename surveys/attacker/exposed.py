"""What the attacker found: a hidden count that would be given away, and the refusal that names it. It knows nothing of how it was found."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Exposed", "Exposure"]


@dataclass(frozen=True, slots=True)
class Exposure:
    """A hidden count that what is published would give away."""

    unit: str
    question: str
    answers: tuple[str, ...]
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.unit} × {self.question} × {'+'.join(self.answers)}: {self.low} to {self.high}"


class Exposed(ValueError):
    """A release would tell of a count what must stay hidden. Nothing was published."""

    def __init__(self, wave: str, found: Sequence[Exposure]) -> None:
        named = "; ".join(str(each) for each in found[:3])
        super().__init__(f"{wave} would expose {named}{' …' if len(found) > 3 else ''}")
        self.wave = wave
        self.found = tuple(found)
