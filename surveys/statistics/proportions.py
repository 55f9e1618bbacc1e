"""Shares, their intervals and the interval of a difference. It knows numbers, not what they are shares of.

A share is a Fraction, so nothing is rounded before it is compared. Bounds need a square root and are floats; a bound closer
to zero than `HAIR` counts as touching it, and then nothing is claimed.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import sqrt
from statistics import NormalDist

from surveys.results import Interval, Proportion, Z

__all__ = ["HAIR", "Difference", "Estimate", "Order", "critical", "difference"]

HAIR = 1e-12  # far above what floating point loses here, far below what a thousand million answers could tell


def critical(confidence: float = 0.95, comparisons: int = 1) -> float:
    """The two-sided critical value of the standard normal, z = Φ⁻¹(1 − (1 − confidence) / (2 · comparisons)).

    With several comparisons it is Bonferroni's (O. J. Dunn, JASA 56 (1961), 52-64): the chance that any of them claims a
    difference where there is none stays below 1 − confidence. `confidence` lies between 0 and 1. Raises ValueError.
    """
    if not 0 < confidence < 1 or comparisons < 1:
        raise ValueError(f"{confidence} over {comparisons} comparisons is no confidence.")
    return NormalDist().inv_cdf(1 - (1 - confidence) / (2 * comparisons))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share between 0 and 1, and how many answers it is worth. Raises ValueError when it is neither."""

    share: Fraction
    n: Fraction
    """Answers; for weighted figures the effective number, n divided by the design effect, seldom whole."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.n <= 0:
            raise ValueError(f"A share of {self.share} among {self.n} answers cannot be.")

    @classmethod
    def of(cls, proportion: Proportion) -> "Estimate":
        return cls(proportion.share, Fraction(proportion.denominator))

    def interval(self, z: float = Z) -> Interval:
        """Score interval, as shares: (p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n).

        E. B. Wilson, JASA 22 (1927), 209-212. With an effective n it is the interval that C. Franco et al. recommend for
        complex surveys, Journal of Survey Statistics and Methodology 7 (2019), 334-364.
        """
        p, n = float(self.share), float(self.n)
        z2 = z * z
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        # At none and at all the bounds are 0 and 1 exactly; floating point misses them by a hair.
        low = 0.0 if self.share == 0 else centre - half
        high = 1.0 if self.share == 1 else centre + half
        return Interval(low, high)


class Order(StrEnum):
    """What the interval of a difference lets us say."""

    ABOVE = "above"
    """The first is above the second."""
    BELOW = "below"
    NOT_TOLD = "not_told"
    """The interval holds zero. That is not the same as being equal."""


@dataclass(frozen=True, slots=True)
class Difference:
    """First share minus second, from −1 to 1, with its interval."""

    estimate: Fraction
    low: float
    high: float

    @property
    def order(self) -> Order:
        if self.low > HAIR:
            return Order.ABOVE
        if self.high < -HAIR:
            return Order.BELOW
        return Order.NOT_TOLD


def difference(first: Estimate, second: Estimate, z: float = Z) -> Difference:
    """The hybrid score interval of R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10.

    With Wilson's bounds l, u of each share and d = p₁ − p₂: from d − √((p₁−l₁)² + (u₂−p₂)²) to d + √((u₁−p₁)² + (p₂−l₂)²).
    Both groups must have answered independently of each other.
    """
    one, two = first.interval(z), second.interval(z)
    p, q = float(first.share), float(second.share)
    return Difference(
        first.share - second.share,
        p - q - sqrt((p - one.low) ** 2 + (two.high - q) ** 2),
        p - q + sqrt((one.high - p) ** 2 + (q - two.low) ** 2),
    )
