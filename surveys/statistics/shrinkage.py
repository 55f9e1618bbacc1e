"""What a small ward's share probably is, given how the wards around it answered. It stands beside the raw share, never
instead of it: verdicts and orderings use the raw figures. Pure; exact fractions, so a verifier gets the same bytes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from surveys.results import Proportion

__all__ = ["FEWEST", "Prior", "Shrunk", "TooFewWards", "shrink"]

FEWEST = (
    4  # shrinking to a common mean pays off from four groups on (Efron & Morris, JASA 70 (1975), 311-319)
)


class TooFewWards(ValueError):
    """There are too few wards to learn from how they differ."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A beta distribution of the wards' true shares, written by its mean and its weight in answers, α + β."""

    mean: Fraction
    weight: Fraction | None
    """None: the wards differ no more than chance alone would make them, so every one is best guessed by the mean."""

    @classmethod
    def of(cls, wards: Iterable[Proportion]) -> "Prior":
        """By moments, weighted by answers (J. C. Kleinman, JASA 68 (1973), 46-54).

        With p = Σx/Σn, N = Σn, S = Σn(p_i − p)², k wards: ρ = (S/(p(1−p)) − (k − 1)) / (N − Σn²/N − (k − 1)), the correlation of
        two answers of one ward, kept between 0 and 1; α + β = (1 − ρ)/ρ. Raises TooFewWards for fewer than `FEWEST`.
        """
        wards = tuple(wards)
        if len(wards) < FEWEST:
            raise TooFewWards(f"{len(wards)} wards are too few to shrink to one another.")
        total = sum(ward.denominator for ward in wards)
        mean = Fraction(sum(ward.numerator for ward in wards), total)
        chance = len(wards) - 1
        room = total - Fraction(sum(ward.denominator**2 for ward in wards), total) - chance
        spread = sum((ward.denominator * (ward.share - mean) ** 2 for ward in wards), Fraction())
        if mean in (0, 1) or room == 0:
            return cls(mean, None)
        correlation = min(Fraction(1), (spread / (mean * (1 - mean)) - chance) / room)
        return cls(mean, (1 - correlation) / correlation if correlation > 0 else None)

    def shrink(self, raw: Proportion) -> "Shrunk":
        """The posterior mean (α + x) / (α + β + n): A. Gelman et al., Bayesian Data Analysis, 3rd ed., §2.4 and §5.1."""
        if self.weight is None:
            return Shrunk(raw, self.mean, Fraction(0))
        kept = raw.denominator / (raw.denominator + self.weight)
        return Shrunk(raw, self.mean + kept * (raw.share - self.mean), kept)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A raw share with its shrunken companion."""

    raw: Proportion
    share: Fraction
    """Between the raw share and the mean of all wards."""
    kept: Fraction
    """How much of the ward's own distance from the mean is kept: 0 none, 1 all of it."""


def shrink(wards: Mapping[str, Proportion]) -> dict[str, Shrunk]:
    """Empirical Bayes, beta-binomial: the prior is learnt from the wards themselves. Raises TooFewWards."""
    prior = Prior.of(wards.values())
    return {name: prior.shrink(raw) for name, raw in wards.items()}
