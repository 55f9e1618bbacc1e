"""Whether a share that moves from month to month moves more than chance makes it. It knows numbers in order of time.

Periods whose figure is not shown are left out before they come here; neighbours are then the shown periods next to each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sqrt

from surveys.results import Proportion, Side

__all__ = ["PERIODS", "Chart", "Point", "laney_chart", "p_chart"]

SIGMAS = 3  # Shewhart's limits
PERIODS = 20  # “at least 20 to 25” before limits are more than a first trial (Montgomery, Statistical Quality Control, §6.2)
MEAN_RANGE = (
    1.128  # d₂ for two: the mean distance of two standard normal values, 2/√π = 1.12838, as Laney rounds it
)


@dataclass(frozen=True, slots=True)
class Point:
    """One period. The limits are shares between 0 and 1."""

    figure: Proportion
    low: float
    high: float
    side: Side
    """ABOVE or BELOW the limits: something other than chance is at work; WITHIN: no more than chance can be seen."""


@dataclass(frozen=True, slots=True)
class Chart:
    centre: Fraction
    """Of all answers of all periods."""
    sigma_z: float
    """How many times as much the periods differ as answers drawn by chance would; 1 in a plain p-chart."""
    points: tuple[Point, ...]

    @property
    def is_provisional(self) -> bool:
        """Fewer periods than limits are usually built on."""
        return len(self.points) < PERIODS

    @property
    def signals(self) -> tuple[int, ...]:
        """Places, from 0, of the points outside their limits."""
        return tuple(place for place, point in enumerate(self.points) if point.side is not Side.WITHIN)


def p_chart(figures: Sequence[Proportion]) -> Chart:
    """Limits p̄ ± 3·√(p̄(1−p̄)/n_i), between 0 and 1, with p̄ = Σx/Σn.

    W. A. Shewhart, 1931; D. C. Montgomery, Introduction to Statistical Quality Control, §7.2. Raises ValueError without figures.
    """
    return _chart(figures, 1.0)


def laney_chart(figures: Sequence[Proportion]) -> Chart:
    """The p′ chart, for periods that differ by more than chance even when nothing happens: p̄ ± 3·σ_z·√(p̄(1−p̄)/n_i).

    σ_z is the mean moving range of z_i = (p_i − p̄)/√(p̄(1−p̄)/n_i), divided by 1.128. D. B. Laney, Improved control charts for
    attributes, Quality Engineering 14 (2002), 531-537. With large n a p-chart cries wolf; this one does not. Raises ValueError
    for fewer than two figures.
    """
    if len(figures) < 2:
        raise ValueError("A moving range needs two periods.")
    centre = _centre(figures)
    if centre in (0, 1):
        return _chart(figures, 1.0)
    scores = [float(figure.share - centre) / _sigma(centre, figure) for figure in figures]
    ranges = [abs(later - earlier) for earlier, later in pairwise(scores)]
    return _chart(figures, sum(ranges) / len(ranges) / MEAN_RANGE)


def _chart(figures: Sequence[Proportion], sigma_z: float) -> Chart:
    centre = _centre(figures)
    return Chart(centre, sigma_z, tuple(_point(centre, sigma_z, figure) for figure in figures))


def _centre(figures: Sequence[Proportion]) -> Fraction:
    if not figures:
        raise ValueError("A chart needs figures.")
    return Fraction(
        sum(figure.numerator for figure in figures), sum(figure.denominator for figure in figures)
    )


def _sigma(centre: Fraction, figure: Proportion) -> float:
    return sqrt(centre * (1 - centre) / figure.denominator)


def _point(centre: Fraction, sigma_z: float, figure: Proportion) -> Point:
    half = SIGMAS * sigma_z * _sigma(centre, figure)
    low, high = max(0.0, float(centre) - half), min(1.0, float(centre) + half)
    # Compared as squares, so that no square root decides about a point that lies on its limit.
    reach = SIGMAS**2 * Fraction(sigma_z) ** 2 * centre * (1 - centre) / figure.denominator
    if (figure.share - centre) ** 2 <= reach:
        return Point(figure, low, high, Side.WITHIN)
    return Point(figure, low, high, Side.ABOVE if figure.share > centre else Side.BELOW)
