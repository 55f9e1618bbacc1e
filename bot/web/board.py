"""Released wards, put together as the pages show them. What is concluded from them (bands, shrunken shares, limits) comes from
`surveys.standing`, over released figures only."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from bot.web.charts import Limits, Trend, WardPlot, trend, ward_plot
from bot.web.words import HERE
from surveys import standing
from surveys.assessment import presets
from surveys.forms.form import Role
from surveys.releases import QuestionTable, ReleasedProvince, ReleasedWard, ReleasedWave, spoken_for
from surveys.results import Side
from surveys.statistics import Chart
from surveys.waves import Audience

__all__ = [
    "Board",
    "History",
    "Postponed",
    "boards",
    "histories",
    "latest",
    "on_the_scale",
    "open_headline",
    "period",
    "plot_of",
    "rated_headline",
    "source_of",
    "the_others",
]

PERIOD = re.compile(r"(?:(\d{1,2})/)?(\d{4})(?!.*\d{4})")


class Postponed(Protocol):
    """What is published of a key that is kept for longer."""

    @property
    def wave(self) -> str: ...

    @property
    def until(self) -> date: ...

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Board:
    """One released wave and its wards."""

    wave: ReleasedWave
    wards: tuple[ReleasedWard, ...]
    provinces: tuple[ReleasedProvince, ...] = ()
    postponed: Postponed | None = None
    """Its key was kept for longer than seven days: until when, and why."""

    @property
    def version(self) -> object:
        kept = self.postponed and self.postponed.until
        return self.wave.slug, self.wave.released_at, len(self.wards), len(self.provinces), kept

    def ward(self, unit: str) -> ReleasedWard:
        """Raises KeyError."""
        for ward in self.wards:
            if ward.unit == unit:
                return ward
        raise KeyError(unit)


@dataclass(frozen=True, slots=True)
class History:
    """One ward over the waves of one audience and form, the earliest first."""

    audience: str
    wards: tuple[ReleasedWard, ...]
    trend: Trend
    chart: Chart | None
    """None for too few shown periods."""
    limits: Mapping[int, Limits]
    """Place of each shown period → how far chance alone moves it."""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(period(ward.wave) for ward in self.wards)

    @property
    def outside_labels(self) -> tuple[str, ...]:
        return tuple(self.labels[place] for place in self.outside)

    @property
    def latest(self) -> ReleasedWard:
        return self.wards[-1]

    @property
    def outside(self) -> tuple[int, ...]:
        """Places of the periods that moved by more than chance makes them."""
        return tuple(place for place, column in enumerate(self.trend.columns) if column.is_outside)


def boards(
    released: Iterable[ReleasedWard],
    provinces: Iterable[ReleasedProvince] = (),
    postponed: Iterable[Postponed] = (),
) -> tuple[Board, ...]:
    """The waves in the order they come, the latest first."""
    waves: dict[str, list[ReleasedWard]] = {}
    for ward in released:
        waves.setdefault(ward.wave.slug, []).append(ward)
    by_wave: dict[str, list[ReleasedProvince]] = {}
    for province in provinces:
        by_wave.setdefault(province.wave.slug, []).append(province)
    kept = {each.wave: each for each in postponed}
    return tuple(
        Board(
            wards[0].wave,
            tuple(sorted(wards, key=lambda ward: _alphabetical(ward.unit_name))),
            tuple(by_wave.get(slug, ())),
            kept.get(slug),
        )
        for slug, wards in waves.items()
    )


def source_of(threshold: Decimal | None) -> str | None:
    """Where a threshold comes from, if it is one that has a source."""
    return next((preset.source for preset in presets() if preset.share == threshold), None)


def latest(found: Iterable[Board]) -> tuple[Board, ...]:
    """The latest wave of each audience: the yearly surveys first, for a month of visits is soon overtaken by the next."""
    seen: dict[str, Board] = {}
    for board in found:
        seen.setdefault(board.wave.audience, board)
    return tuple(sorted(seen.values(), key=lambda board: board.wave.audience == Audience.VISITS))


def plot_of(board: Board) -> WardPlot:
    """Wards one under the other, in bands: two stand in different ones only where the interval of their difference says so."""
    threshold = board.wave.threshold
    return ward_plot(
        {ward.unit: ward.index for ward in board.wards},
        standing.rank(board.wards).ordering,
        None if threshold is None else float(threshold),
        {unit: each.share for unit, each in standing.shrunken(board.wards).items()},
    )


def histories(wards: Iterable[ReleasedWard]) -> tuple[History, ...]:
    """`wards`: one unit in all its waves, the latest first."""
    series: dict[tuple[str, str], list[ReleasedWard]] = {}
    for ward in wards:
        # Other questions are another series, whatever the people.
        series.setdefault((ward.wave.audience, ward.wave.form.split(" ")[0]), []).append(ward)
    return tuple(_history(found[::-1]) for found in series.values())


def on_the_scale(ward: ReleasedWard) -> tuple[QuestionTable, ...]:
    return tuple(table for table in ward.questions if table.index is not None)


def the_others(ward: ReleasedWard) -> tuple[QuestionTable, ...]:
    return tuple(table for table in ward.questions if table.index is None)


def open_headline(ward: ReleasedWard) -> QuestionTable | None:
    """Overall satisfaction as the open stream has it: beside the score, never in it."""
    scales = [table for table in ward.open_questions if table.index is not None]
    overall = [table for table in scales if table.role == Role.OVERALL]
    return next(iter(overall or scales), None)


def rated_headline(ward: ReleasedWard) -> QuestionTable | None:
    """The same by rating templates of Zalo, which are not anonymous; None in waves that take none."""
    return spoken_for(ward.ratings or ())


def period(wave: ReleasedWave) -> str:
    """A wave in a few letters: `2026`, `11/2026`; of a title without either, the month it was released in."""
    found = PERIOD.search(wave.title)
    if found is not None:
        return found.group(0)
    if wave.released_at is None:
        return wave.slug
    moment = wave.released_at.astimezone(HERE)
    return f"{moment.month}/{moment.year}"


def _history(wards: list[ReleasedWard]) -> History:
    chart = standing.trend(wards[0].unit, wards).chart
    shown = [place for place, ward in enumerate(wards) if ward.index.figure is not None]
    points = dict(zip(shown, chart.points, strict=True)) if chart else {}
    limits: Mapping[int, Limits] = points
    threshold = wards[-1].wave.threshold
    drawn = trend(
        [(period(ward.wave), ward.index) for ward in wards],
        limits,
        [place for place, point in points.items() if point.side is not Side.WITHIN],
        chart.centre if chart else None,
        None if threshold is None else float(threshold),
    )
    return History(wards[0].wave.audience, tuple(wards), drawn, chart, limits)


def _alphabetical(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
