"""Units that became one another, seen through what was released: never asked together, and never added up from more than was shown.

A wave that asked a unit and what it became would publish the same people's counts whole and in parts, and one could be subtracted
from the other. So such a wave is refused before anybody answers. Between waves nothing can be subtracted: each has its own
ballots. What a merged unit's figure *would have been* before the merger is a plain sum of what its parts released, so it costs
no privacy; where one part shows nothing, the sum shows nothing. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveys.releases import ReleasedWard
from surveys.results import Proportion
from surveys.units import Lineage

__all__ = ["AskedTwice", "Restated", "asked_apart", "restated"]


class AskedTwice(ValueError):
    """A wave would ask a unit together with what it became."""


@dataclass(frozen=True, slots=True)
class Restated:
    """A figure of units that are one today. A reading, not a measurement: they were asked apart."""

    unit: str
    parts: tuple[str, ...]
    """As they were asked."""
    hidden: tuple[str, ...]
    """Those of them that show no figure; where there is one, there is no sum."""
    figure: Proportion | None


def asked_apart(units: Iterable[str], lineage: Lineage) -> None:
    """Raises AskedTwice when one of the units went into another of them."""
    asked = tuple(units)
    for unit in asked:
        for part in lineage.ancestors(unit):
            if part.code in asked:
                raise AskedTwice(
                    f"{part.code} ({part.name}) became {unit} ({lineage.unit(unit).name}): a wave asks one of the two, or one "
                    "could be subtracted from the other. Leave out the one that is not of the wave's days."
                )


def restated(unit: str, wards: Mapping[str, ReleasedWard], lineage: Lineage) -> Restated | None:
    """`wards`: what one wave released, by unit. None when the unit itself was asked, or no part of it was.

    A part that was divided among several units belongs to none of them whole: with such a part there is no sum.
    """
    parts = tuple(part.code for part in lineage.ancestors(unit) if part.code in wards)
    if unit in wards or not parts:
        return None
    figures = {part: wards[part].index.figure for part in parts}
    hidden = tuple(part for part in parts if figures[part] is None or len(lineage.today(part)) > 1)
    if hidden:
        return Restated(unit, parts, hidden, None)
    known = [figure for figure in figures.values() if figure is not None]
    total = Proportion(sum(each.numerator for each in known), sum(each.denominator for each in known))
    return Restated(unit, parts, (), total)
