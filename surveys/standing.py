"""Where wards stand to one another and to themselves, read from what is released and from nothing else: bands instead of ranks,
what a small ward's share probably is, whether a month is out of the ordinary. Because every number comes from a release, none of
it tells more than the release did. Pure: for pages, reports and the command line to draw."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from surveys.releases import ReleasedWard
from surveys.results import Proportion
from surveys.statistics import (
    Chart,
    Estimate,
    Ordering,
    Shrunk,
    TooFewWards,
    critical,
    laney_chart,
    order,
    p_chart,
    pairs,
    shrink,
)

__all__ = ["SMALL", "Standing", "Trend", "rank", "shrunken", "trend"]

SMALL = 100  # answers; under so many the interval of a share near 90 % is wider than ± 6 points, and the raw share jumps (our choice)
FEWEST_PERIODS = 3  # of two points neither can ever lie outside limits made from them


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands above whom, as far as the answers can tell."""

    bands: tuple[tuple[str, ...], ...]
    """Units, the highest band first. Within a band no order is claimed."""
    ordering: Ordering
    hidden: tuple[str, ...]
    """Units that show no figure: they stand nowhere."""


@dataclass(frozen=True, slots=True)
class Trend:
    """One unit over the waves of one form."""

    waves: tuple[str, ...]
    """Slugs of the waves that show a figure, the first one first."""
    chart: Chart | None
    """None for fewer than three."""
    hidden: tuple[str, ...]
    """Waves in which the unit shows no figure."""


def rank(wards: Iterable[ReleasedWard], *, strictly: bool = False) -> Standing:
    """`strictly`: the chance that any pair is ordered by mistake stays below 5 %, instead of each pair's own."""
    wards = tuple(wards)
    _of_one_wave(wards)
    estimates = {ward.unit: Estimate.of(ward.index.figure) for ward in wards if ward.index.figure}
    hidden = tuple(ward.unit for ward in wards if ward.unit not in estimates)
    comparisons = pairs(len(estimates)) if strictly and len(estimates) > 1 else 1
    ordering = order(estimates, critical(comparisons=comparisons))
    return Standing(ordering.bands, ordering, hidden)


def shrunken(wards: Iterable[ReleasedWard]) -> Mapping[str, Shrunk]:
    """Unit → its share drawn towards the others', for wards with few answers, to stand beside the raw one. Learnt from every
    ward that shows a figure; empty where there are too few to learn from."""
    wards = tuple(wards)
    _of_one_wave(wards)
    figures = {ward.unit: ward.index.figure for ward in wards if ward.index.figure}
    try:
        every = shrink(figures)
    except TooFewWards:
        return {}
    return {unit: each for unit, each in every.items() if each.raw.denominator < SMALL}


def trend(unit: str, waves: Sequence[ReleasedWard]) -> Trend:
    """`waves`: what was released of the unit, the first wave first, all of one kind of form. Raises ValueError otherwise."""
    if any(ward.unit != unit for ward in waves):
        raise ValueError(f"These are not all of {unit}.")
    if len({(ward.wave.form.split(" ")[0], ward.wave.audience) for ward in waves}) > 1:
        raise ValueError("Waves of different forms are no series.")
    figures = [(ward.wave.slug, ward.index.figure) for ward in waves]
    shown = [(slug, figure) for slug, figure in figures if figure]
    chart = _chart([figure for _, figure in shown]) if len(shown) >= FEWEST_PERIODS else None
    return Trend(
        tuple(slug for slug, _ in shown), chart, tuple(slug for slug, figure in figures if not figure)
    )


def _chart(figures: Sequence[Proportion]) -> Chart:
    """Laney's chart learns from the periods how much they differ anyway. Of a few, the one that fell would hide itself so; and of
    periods that differ by less than chance the limits would be narrower than chance. There Shewhart's stand."""
    found = laney_chart(figures)
    return p_chart(figures) if found.is_provisional or found.sigma_z < 1 else found


def _of_one_wave(wards: Sequence[ReleasedWard]) -> None:
    if len({ward.wave.slug for ward in wards}) > 1:
        raise ValueError("Wards are compared within one wave.")
