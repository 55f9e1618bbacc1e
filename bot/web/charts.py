"""Where the marks of a drawing stand: released figures as places on an axis, in per cent of its width or height, so that one
drawing fits every screen without script or stretching. Pure; the templates draw, and choose the colours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Protocol

from surveys.releases import Line
from surveys.statistics import Ordering

__all__ = ["Axis", "Column", "Limits", "Mark", "Tick", "Trend", "WardPlot", "WardRow", "trend", "ward_plot"]

STEP = 10  # points between two ticks
WIDTH = 20  # points an axis shows at least: on a narrower one a hair's breadth looks like a gulf
MOST_LABELS = 8  # under a trend, on the narrowest screen
HAIR = 1e-9


class Limits(Protocol):
    """The control limits of one period."""

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Tick:
    percent: int
    at: float


@dataclass(frozen=True, slots=True)
class Axis:
    """Whole per cent, from tick to tick."""

    low: int
    high: int

    @classmethod
    def around(cls, shares: Iterable[float]) -> "Axis":
        """As narrow as everything on it allows. Of nothing at all: from 0 to 100."""
        found = [share * 100 for share in shares]
        if not found:
            return cls(0, 100)
        low = max(0, floor((min(found) + HAIR) / STEP) * STEP)
        high = min(100, ceil((max(found) - HAIR) / STEP) * STEP)
        while high - low < WIDTH:
            low, high = (max(0, low - STEP), high) if high == 100 or low > 0 else (low, high + STEP)
        return cls(low, high)

    def at(self, share: float) -> float:
        """Per cent of the way from the low end to the high one."""
        return round((share * 100 - self.low) / (self.high - self.low) * 100, 2)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        step = STEP if self.high - self.low <= 50 else 2 * STEP
        return tuple(
            Tick(percent, self.at(percent / 100)) for percent in range(self.low, self.high + 1, step)
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with its interval; of a bound, only from where to where."""

    low: float
    high: float
    at: float | None

    @classmethod
    def of(cls, line: Line, axis: Axis) -> "Mark | None":
        """None where neither a figure nor a bound may be shown."""
        if line.figure is not None:
            interval = line.figure.interval
            return cls(axis.at(interval.low), axis.at(interval.high), axis.at(float(line.figure.share)))
        if line.bound is not None:
            low, high = line.bound.limits(100)
            return cls(axis.at(low / 100), axis.at(high / 100), None)
        return None


# ── The wards of a wave, one under the other ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WardRow:
    name: str
    """What the row is of: a unit's code."""
    mark: Mark | None
    shrunken: float | None = None
    """Where the shrunken estimate stands, beside the raw one."""
    places: tuple[int, int] | None = None
    """The best and the worst place it may hold; None where it is held against nobody."""


@dataclass(frozen=True, slots=True)
class WardPlot:
    axis: Axis
    threshold: float | None
    bands: tuple[tuple[WardRow, ...], ...]
    """Highest first; within a band no order is claimed, and its rows stand as they came."""
    aside: tuple[WardRow, ...]
    """Those of which too little may be shown to hold them against the others."""

    @property
    def has_shrunken(self) -> bool:
        return any(row.shrunken is not None for band in self.bands for row in band)


def ward_plot(
    lines: Mapping[str, Line],
    ordering: Ordering,
    threshold: float | None,
    shrunken: Mapping[str, Fraction],
) -> WardPlot:
    """`lines`: the index of each ward, in the order in which equals shall stand."""
    axis = Axis.around([*_extent(lines.values()), *([] if threshold is None else [threshold])])

    def row(name: str) -> WardRow:
        beside = shrunken.get(name)
        return WardRow(
            name,
            Mark.of(lines[name], axis),
            None if beside is None else axis.at(float(beside)),
            ordering.places(name) if name in ordering.below else None,
        )

    order = list(lines)
    return WardPlot(
        axis,
        None if threshold is None else axis.at(threshold),
        tuple(tuple(row(name) for name in sorted(band, key=order.index)) for band in ordering.bands),
        tuple(row(name) for name in order if name not in ordering.below),
    )


def _extent(lines: Iterable[Line]) -> list[float]:
    ends: list[float] = []
    for line in lines:
        if line.figure is not None:
            ends += [line.figure.interval.low, line.figure.interval.high]
        elif line.bound is not None:
            ends += [end / 100 for end in line.bound.limits(100)]
    return ends


# ── One ward over its waves ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Column:
    """One period. Heights are counted from above, as a drawing counts."""

    left: float
    at: float
    width: float
    label: str | None
    """None where labels would run into each other; the table beside has all of them."""
    mark: Mark | None
    limits: Mark | None
    is_outside: bool


@dataclass(frozen=True, slots=True)
class Trend:
    axis: Axis
    columns: tuple[Column, ...]
    centre: float | None
    threshold: float | None

    @property
    def ticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(tick.percent, _down(tick.at)) for tick in self.axis.ticks)


def trend(
    periods: Sequence[tuple[str, Line]],
    limits: Mapping[int, Limits],
    outside: Iterable[int],
    centre: Fraction | None,
    threshold: float | None,
) -> Trend:
    """`periods`: label and figure, the earliest first. `limits` and `outside` speak of places in it."""
    ends = [end for each in limits.values() for end in (each.low, each.high)]
    given = [] if threshold is None else [threshold]
    axis = Axis.around([*_extent(line for _, line in periods), *ends, *given])
    width = 100 / max(1, len(periods))
    every = ceil(len(periods) / MOST_LABELS) or 1
    beyond = set(outside)
    columns = [
        Column(
            left=round(place * width, 2),
            at=round((place + 0.5) * width, 2),
            width=round(width, 2),
            # Counted from the last one, so that the newest period always has its label.
            label=label if (len(periods) - 1 - place) % every == 0 else None,
            mark=_upright(Mark.of(line, axis)),
            limits=_upright(Mark(axis.at(limits[place].low), axis.at(limits[place].high), None))
            if place in limits
            else None,
            is_outside=place in beyond,
        )
        for place, (label, line) in enumerate(periods)
    ]
    return Trend(
        axis,
        tuple(columns),
        None if centre is None else _down(axis.at(float(centre))),
        None if threshold is None else _down(axis.at(threshold)),
    )


def _upright(mark: Mark | None) -> Mark | None:
    if mark is None:
        return None
    return Mark(_down(mark.low), _down(mark.high), None if mark.at is None else _down(mark.at))


def _down(at: float) -> float:
    return round(100 - at, 2)
