"""What the page shows of released results, ready to draw: a wave's wards, each with its figures. It computes nothing:
every number was fixed when the wave was released."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Board", "Chip", "Figure", "Row", "Ward"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A proportion that may be shown: never without its n."""

    numerator: int
    denominator: int
    low: float
    """Of the 95 % interval; shares between 0 and 1."""
    high: float

    @property
    def share(self) -> float:
        return self.numerator / self.denominator


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a ward's table. Without figure and bound, the cell was empty or too small: nobody can tell which."""

    label: Mapping[str, str]
    """Language → words."""
    figure: Figure | None = None
    bound: str | None = None
    """“≥ 90 %”, where a small group agreed and more would tell on everyone."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One conclusion on one criterion."""

    verdict: str
    """dat, chua_dat, chua_du_phieu, chua_co_can_cu."""
    criterion: Mapping[str, str]
    reason: Mapping[str, str]
    source: str = ""
    """Such as `S1:L96`."""


@dataclass(frozen=True, slots=True)
class Ward:
    code: str
    name: str
    index: Row
    top: Row
    bottom: Row
    invited: int | None
    answered: int | None
    """Ballots of those invited; None where even that is too few to say."""
    grade: str | None
    rows: tuple[Row, ...]
    chips: tuple[Chip, ...]
    open_stream: tuple[Row, ...]
    """What came in by posters and the open web: beside the score, never in it."""

    @property
    def response_rate(self) -> float | None:
        if not self.invited or self.answered is None:
            return None
        return self.answered / self.invited


@dataclass(frozen=True, slots=True)
class Board:
    """One released wave."""

    slug: str
    title: Mapping[str, str]
    released_at: datetime
    k: int
    threshold: float | None
    """Of satisfaction, a share between 0 and 1; None when nobody has set one."""
    wards: tuple[Ward, ...]
