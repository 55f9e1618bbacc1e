"""Post-stratification: answers weighted so that groups count as they do among the residents. Pure; exact fractions.

A plan is written down, hashed and entered in the ledger before a wave opens; weights made from another plan are refused.
So nobody can choose the weights that flatter. A group is what an answer says (age band, service); never ethnicity or religion.

A weighted share next to an unweighted one is one more equation about small counts: it may only be published by way of
the release, which checks what all published figures together give away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from surveys.canonical import digest
from surveys.statistics.proportions import Estimate

__all__ = [
    "CannotWeight",
    "Cell",
    "NotRegistered",
    "Plan",
    "Stratum",
    "Weighted",
    "Weights",
    "checked",
    "plans_digest",
    "weigh",
]


class CannotWeight(ValueError):
    """The answers do not allow the weights that were planned."""


class NotRegistered(ValueError):
    """These weights were not the ones written down before the wave opened."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A group of residents."""

    name: str
    """The answer that tells it, such as `18-39`."""
    population: int
    """Persons."""
    joins: str | None = None
    """The stratum it is counted with when too few of it answered; None where it may not be."""


@dataclass(frozen=True)
class Plan:
    """How one unit's answers will be weighted. Raises ValueError when it could not be carried out.

    `cap`: the largest weight, in multiples of the mean weight, which is 1. `minimum`: how many answers a stratum needs to
    stand alone, at least 1. `source`: where the populations come from.
    """

    unit: str
    question: str
    strata: tuple[Stratum, ...]
    source: str
    cap: Fraction = Fraction(3)
    minimum: int = 10

    def __post_init__(self) -> None:
        names = [stratum.name for stratum in self.strata]
        if not names or len(set(names)) != len(names):
            raise ValueError("A plan names each of its strata once.")
        if any(stratum.population < 1 for stratum in self.strata):
            raise ValueError("A stratum without people cannot be weighted to.")
        if any(stratum.joins not in {None, *names} - {stratum.name} for stratum in self.strata):
            raise ValueError("A stratum joins another stratum of the plan.")
        if self.cap < 1:
            raise ValueError("No cap below the mean weight, 1, can be kept.")
        if self.minimum < 1:
            raise ValueError("A stratum without answers has no weight.")
        if not self.source:
            raise ValueError("Populations have a source.")

    @cached_property
    def digest(self) -> str:
        """What goes into the ledger when the wave opens."""
        return digest("weights", self._plain())

    def _plain(self) -> dict[str, object]:
        return {
            "unit": self.unit,
            "question": self.question,
            "strata": [[stratum.name, stratum.population, stratum.joins] for stratum in self.strata],
            "source": self.source,
            "cap": self.cap,
            "minimum": self.minimum,
        }


def plans_digest(plans: Iterable[Plan]) -> str:
    """One hash for all units of a wave, in whatever order they come."""
    return digest("weights-of-wave", {plan.unit: plan.digest for plan in plans})


def checked(plan: Plan, registered: str) -> Plan:
    """`registered`: the digest in the ledger. Raises NotRegistered."""
    if plan.digest != registered:
        raise NotRegistered(f"The plan of {plan.unit} is not the one registered before the wave opened.")
    return plan


@dataclass(frozen=True, slots=True)
class Cell:
    """Strata that are weighted as one."""

    strata: tuple[str, ...]
    population: int
    n: int
    """Persons who answered."""
    full: Fraction
    """(population share) / (share among answers): the weight before trimming; the mean over persons is 1."""
    weight: Fraction
    """After trimming; the mean over persons is still 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of one unit in one wave."""

    plan: str
    """The plan's digest."""
    cells: tuple[Cell, ...]

    def of(self, stratum: str | None) -> Fraction:
        """The weight of a person of a stratum. Who did not say which (None) counts as one. Raises KeyError."""
        if stratum is None:
            return Fraction(1)
        for cell in self.cells:
            if stratum in cell.strata:
                return cell.weight
        raise KeyError(stratum)

    def estimate(self, answers: Mapping[str | None, tuple[int, int]]) -> "Weighted":
        """`answers`: stratum → (how many satisfied, how many valid answers). Raises CannotWeight when there are none.

        Share: Σ w·x / Σ w·m (Lohr, Sampling: Design and Analysis, ch. 4). Design effect of weighting: m·Σ w² / (Σ w)² over
        persons (L. Kish, Journal of Official Statistics 8 (1992), 183-200); the effective number is m divided by it.
        """
        known = [(self.of(stratum), x, m) for stratum, (x, m) in answers.items()]
        if any(not 0 <= x <= m for _, x, m in known):
            raise CannotWeight("More satisfied answers than answers.")
        n = sum(m for _, _, m in known)
        total = sum((w * m for w, _, m in known), Fraction())
        if total == 0:
            raise CannotWeight("Nobody answered.")
        share = sum((w * x for w, x, _ in known), Fraction()) / total
        effect = n * sum((w * w * m for w, _, m in known), Fraction()) / total**2
        return Weighted(share, n, effect)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weighted share with what the weighting cost."""

    share: Fraction
    n: int
    """Persons whose valid answers are in it."""
    design_effect: Fraction
    """1 where everybody counts alike, never below."""

    @property
    def effective(self) -> Fraction:
        """So many answers of equal weight would tell as much."""
        return self.n / self.design_effect

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.share, self.effective)


def weigh(plan: Plan, respondents: Mapping[str, int]) -> Weights:
    """`respondents`: stratum → persons who answered; those who did not say their stratum are left out.

    Post-stratification: w = (N_h / N) / (n_h / n). Weights above the cap are cut to it and what they lose goes to the others
    in proportion, until none is above (Potter 1990; Valliant, Dever & Kreuter, Practical Tools, 2nd ed., §14.4). Exact.
    Raises CannotWeight when a stratum has too few answers and may not join another.
    """
    names = {stratum.name for stratum in plan.strata}
    if stray := respondents.keys() - names:
        raise CannotWeight(f"The plan has no stratum {', '.join(sorted(stray))}.")
    cells = _merged(plan, respondents)
    people = sum(stratum.population for stratum in plan.strata)
    n = sum(respondents.values())
    full = [Fraction(population * n, people * count) for _, population, count in cells]
    trimmed = _trimmed(full, [count for _, _, count in cells], plan.cap)
    return Weights(
        plan.digest,
        tuple(
            Cell(strata, population, count, before, after)
            for (strata, population, count), before, after in zip(cells, full, trimmed, strict=True)
        ),
    )


def _merged(plan: Plan, respondents: Mapping[str, int]) -> list[tuple[tuple[str, ...], int, int]]:
    """Strata that stand alone or together: (names, population, answers), in the plan's order."""
    cells: list[tuple[Stratum, ...]] = [(stratum,) for stratum in plan.strata]
    for stratum in plan.strata:
        cell = _cell_with(stratum.name, cells)
        while _answered(cell, respondents) < plan.minimum:
            host = _host(cell, cells)
            if host is None:
                raise CannotWeight(f"Too few of stratum {stratum.name} answered, and it joins no other.")
            together = tuple(each for each in plan.strata if each in cell or each in host)
            cells = [together if each == host else each for each in cells if each != cell]
            cell = together
    return [
        (
            tuple(stratum.name for stratum in cell),
            sum(stratum.population for stratum in cell),
            _answered(cell, respondents),
        )
        for cell in sorted(cells, key=lambda cell: plan.strata.index(cell[0]))
    ]


def _cell_with(name: str, cells: list[tuple[Stratum, ...]]) -> tuple[Stratum, ...]:
    return next(cell for cell in cells if any(stratum.name == name for stratum in cell))


def _host(cell: tuple[Stratum, ...], cells: list[tuple[Stratum, ...]]) -> tuple[Stratum, ...] | None:
    """The cell that one of these strata joins; None when they all join nobody or each other."""
    hosts = (_cell_with(stratum.joins, cells) for stratum in cell if stratum.joins)
    return next((host for host in hosts if host != cell), None)


def _answered(cell: tuple[Stratum, ...], respondents: Mapping[str, int]) -> int:
    return sum(respondents.get(stratum.name, 0) for stratum in cell)


def _trimmed(full: list[Fraction], counts: list[int], cap: Fraction) -> list[Fraction]:
    n = sum(counts)
    cut = [False] * len(full)
    while True:
        taken = sum((cap * count for count, is_cut in zip(counts, cut, strict=True) if is_cut), Fraction())
        left = sum(
            (w * count for w, count, is_cut in zip(full, counts, cut, strict=True) if not is_cut), Fraction()
        )
        # The mean is 1 and the cap at least that, so somebody is always below it to take up what is cut.
        weights = [cap if is_cut else w * (n - taken) / left for w, is_cut in zip(full, cut, strict=True)]
        if all(w <= cap for w in weights):
            return weights
        cut = [is_cut or w > cap for w, is_cut in zip(weights, cut, strict=True)]
