"""Who of those we asked answered, and how far a figure can be relied on. Persons, not runs. It knows no person.

AAPOR: The American Association for Public Opinion Research, Standard Definitions, 10th ed. (2023). Where the invited are people
who had agreed to be written to, not a sample of all residents, AAPOR calls I / invited a *participation* rate; the number
is the same, and it says nothing about those who never agreed.
"""

from dataclasses import dataclass
from fractions import Fraction

from surveys.results import Grade, Proportion, grade

__all__ = ["BIAS_STUDY_BELOW", "HALF", "Dispositions", "Reliability", "reliability"]

BIAS_STUDY_BELOW = Fraction(
    80, 100
)  # OMB, Standards and Guidelines for Statistical Surveys (2006), guideline 3.2.9
HALF = Fraction(1, 2)  # our choice: where most of the invited are silent, fineness alone earns no A


@dataclass(frozen=True, slots=True)
class Dispositions:
    """What became of every invited person. Raises ValueError for a negative count."""

    complete: int
    """I: answered to the end."""
    partial: int = 0
    """P: answered, and stopped before the end."""
    refused: int = 0
    """R: said no, or withdrew."""
    not_reached: int = 0
    """NC: got the invitation; nothing came back."""
    other: int = 0
    """O: could not answer."""
    unknown: int = 0
    """U: the invitation did not arrive; nobody knows whether they still live here."""
    not_eligible: int = 0
    """Moved away, under 18: not of those we meant to ask; in no rate."""

    def __post_init__(self) -> None:
        if min(self.complete, self.partial, self.refused, self.not_reached) < 0:
            raise ValueError("A count is not negative.")
        if min(self.other, self.unknown, self.not_eligible) < 0:
            raise ValueError("A count is not negative.")

    @classmethod
    def of_wave(
        cls, *, invited: int, complete: int, partial: int = 0, undelivered: int = 0
    ) -> "Dispositions":
        """What a wave can know: ballots carry no name, so refusing and silence are one. Raises ValueError when more
        answered than were reached."""
        silent = invited - complete - partial - undelivered
        return cls(complete, partial, not_reached=silent, unknown=undelivered)

    @property
    def eligible(self) -> int:
        """Known to be of those we meant to ask."""
        return self.complete + self.partial + self.refused + self.not_reached + self.other

    @property
    def rr1(self) -> Proportion | None:
        """AAPOR RR1 = I / ((I + P) + (R + NC + O) + U): the lowest rate, the one we show. None when nobody was asked."""
        return _share(self.complete, self.eligible + self.unknown)

    @property
    def rr2(self) -> Proportion | None:
        """AAPOR RR2 = (I + P) / ((I + P) + (R + NC + O) + U)."""
        return _share(self.complete + self.partial, self.eligible + self.unknown)

    @property
    def rr3(self) -> Fraction | None:
        """AAPOR RR3 = I / ((I + P) + (R + NC + O) + e·U), e being the share of eligible among those whose state is known
        (the proportional allocation of CASRO, 1982). None when nobody's state is known."""
        known = self.eligible + self.not_eligible
        if self.eligible == 0:
            return None
        return self.complete / (self.eligible + Fraction(self.eligible, known) * self.unknown)

    @property
    def rr5(self) -> Proportion | None:
        """AAPOR RR5 = I / ((I + P) + (R + NC + O)): the highest rate, as if no unknown person were eligible."""
        return _share(self.complete, self.eligible)


def _share(numerator: int, denominator: int) -> Proportion | None:
    return Proportion(numerator, denominator) if denominator else None


@dataclass(frozen=True, slots=True)
class Reliability:
    """A grade with what it rests on."""

    grade: Grade
    precision: Grade
    """From the number of answers alone."""
    response: Proportion | None

    @property
    def needs_bias_study(self) -> bool:
        """Whether the silent may well think otherwise: the rate is unknown, or below what OMB takes as safe."""
        return self.response is None or self.response.share < BIAS_STUDY_BELOW


def reliability(effective: Fraction | int, response: Proportion | None) -> Reliability:
    """`effective`: answers, divided by the design effect where they are weighted; a started answer does not count.

    The grade of `surveys.results.grade`, but A only where at least half of the invited answered (our choice).
    """
    precision = grade(int(effective))
    if precision is Grade.A and (response is None or response.share < HALF):
        return Reliability(Grade.B, precision, response)
    return Reliability(precision, precision, response)
