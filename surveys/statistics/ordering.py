"""Which ward stands above which, as far as the answers can tell. Bands instead of false ranks. It knows no ward.

One is above another only if the interval of their difference excludes zero. That relation is transitive: for a above b
above c, p_a − p_c exceeds √(A² + B'²) + √(B² + C²), which is at least A + C and so at least √(A² + C²), with A, B', B, C the
distances that Newcombe's formula adds up. Not being told apart is *not* transitive: b may be told from neither a nor c
while a and c are told apart. So a band breaks only where everyone before the break is above everyone after it, and
within a band no order is claimed, although some pairs in it may well be ordered: `is_above` and `places` say which.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.results import Z
from surveys.statistics.proportions import Estimate, Order, difference

__all__ = ["Ordering", "order", "pairs"]


@dataclass(frozen=True, slots=True)
class Ordering:
    """What may be said about who is above whom."""

    names: tuple[str, ...]
    """By share, highest first, equals by name: an order to print in, which claims nothing."""
    below: Mapping[str, frozenset[str]]
    """Name → those it is above."""

    def is_above(self, first: str, second: str) -> bool:
        """Raises KeyError."""
        return second in self.below[first]

    def places(self, name: str) -> tuple[int, int]:
        """The best and the worst place a name may hold, counting from 1. Raises KeyError."""
        above = sum(name in lower for lower in self.below.values())
        return above + 1, len(self.names) - len(self.below[name])

    @property
    def bands(self) -> tuple[tuple[str, ...], ...]:
        """Highest first. Every name of a band is above every name of the bands after it."""
        bands: list[tuple[str, ...]] = []
        band: list[str] = []
        reach = 0  # the last place that somebody so far is not above
        for place, name in enumerate(self.names):
            band.append(name)
            reach = max(reach, place, *self._not_below(place, name))
            if reach == place:
                bands.append(tuple(band))
                band = []
        return tuple(bands)

    def _not_below(self, place: int, name: str) -> list[int]:
        lower = self.below[name]
        return [later for later in range(place, len(self.names)) if self.names[later] not in lower]


def pairs(n: int) -> int:
    """How many comparisons an ordering of n names makes; for `critical(comparisons=…)`, n of at least 2."""
    return n * (n - 1) // 2


def order(estimates: Mapping[str, Estimate], z: float = Z) -> Ordering:
    """Orders every pair by Newcombe's interval of their difference (see `difference`).

    With the default z each pair has its own 95 %: among eleven wards that do not differ at all, 55 pairs, two or three
    would still come out ordered. `critical(comparisons=pairs(n))` keeps the chance of any such slip below 5 %.
    """
    names = sorted(estimates, key=lambda name: (-estimates[name].share, name))
    below = {
        name: frozenset(
            other for other in names if difference(estimates[name], estimates[other], z).order is Order.ABOVE
        )
        for name in names
    }
    return Ordering(tuple(names), below)
