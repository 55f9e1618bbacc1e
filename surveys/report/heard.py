"""What residents said: the year's surveys, and their word beside the dossier register. Shown, never mixed; it concludes nothing."""

from collections.abc import Iterable
from typing import Any

from surveys import releases
from surveys.figures import NOTHING, percent, span
from surveys.forms.form import Role
from surveys.releases import ReleasedWard
from surveys.report.values import Cell, Table
from surveys.report.words import say
from surveys.report.writing import bound_of, bound_text, known, table, threshold_text
from surveys.results import Proportion
from surveys.scorecard.card import Scorecard
from surveys.scorecard.criteria import CriteriaSet, Criterion
from surveys.scorecard.evidence import SurveyFed
from surveys.scorecard.judging import Line

SURVEY_COLUMNS: tuple[tuple[Any, ...], ...] = (
    ("wave", 15),
    ("stream", 14),
    ("measure", 14),
    ("numerator", 8, True),
    ("denominator", 8, True),
    ("share", 10, True),
    ("interval", 12, True),
    ("invited", 9, True),
    ("response", 10, True),
    ("grade", 6),
)


def surveys(released: Iterable[ReleasedWard]) -> Table:
    rows = (row for ward in released for row in _survey_rows(ward))
    return table("surveys", SURVEY_COLUMNS, rows, fixed=3)


def _survey_rows(ward: ReleasedWard) -> Iterable[tuple[Cell, ...]]:
    scored, slug = say("stream", "scored"), ward.wave.slug
    rate = ward.response_rate
    about = (
        NOTHING if ward.invited is None else ward.invited,
        NOTHING if rate is None else percent(rate),
        NOTHING if ward.grade is None else ward.grade.value,
    )
    for key, line in (("index", ward.index), ("top", ward.top), ("lowest_two", ward.lowest_two)):
        yield slug, scored, say("measure", key), *_line(line, ward.answered), *about
    index, none = say("measure", "index"), (NOTHING,) * 3
    for name, part in _parts(ward):
        # Empty or too few to count: left out alike.
        if part.n is not None:
            yield slug, name, index, *_line(part.index, part.n), *none
    for asked in ward.open_questions:
        if asked.role == Role.OVERALL and asked.index is not None:
            yield slug, say("stream", "open_unweighted"), index, *_line(asked.index, asked.n), *none
    rated = releases.spoken_for(ward.ratings or ())
    if rated is not None and rated.index is not None:
        yield slug, say("stream", "zbs_unweighted"), index, *_line(rated.index, rated.n), *none


def _parts(ward: ReleasedWard) -> Iterable[tuple[str, releases.Part]]:
    """Those who answered, by the way they came and by who pressed the buttons; and the count as it was before, or would be."""
    for stream in ward.streams:
        yield known("stream", stream.name), stream
    for mode in ward.modes:
        yield say("stream", "by_mode", mode=known("mode", mode.name)), mode
    if ward.beside is not None:
        yield say("stream", "with_left_out" if ward.left_out else "without_flagged"), ward.beside


def _line(line: releases.Line, n: int | None) -> tuple[Cell, Cell, Cell, Cell]:
    """Numerator, denominator, share, interval."""
    if line.figure is not None:
        figure = line.figure
        return figure.numerator, figure.denominator, percent(figure.share), span(figure.interval)
    if line.bound is not None and n is not None:
        return NOTHING, n, bound_text(line.bound), NOTHING
    return NOTHING, NOTHING if n is None else n, NOTHING, NOTHING


# ── Dossiers, and what residents said beside them ────────────────────────────────────────────────────────────────


def dossiers(criteria: CriteriaSet, card: Scorecard) -> Table:
    columns = (
        ("number", 8), ("criterion", 36), ("source", 24), ("numerator", 9, True), ("denominator", 9, True),
        ("share", 10, True), ("threshold", 11), ("verdict", 16),
    )  # fmt: skip
    rows = (
        row
        for line in card.lines
        if criteria.criterion(line.criterion).register is not None
        for row in _dossier_rows(criteria.criterion(line.criterion), line)
    )
    return table("dossiers", columns, rows, fixed=2)


def _dossier_rows(criterion: Criterion, line: Line) -> Iterable[tuple[Cell, ...]]:
    figure = line.figure
    counts: tuple[Cell, ...] = (NOTHING, NOTHING, NOTHING)
    if isinstance(figure, Proportion):
        counts = figure.numerator, figure.denominator, percent(figure.share)
    threshold = threshold_text(line.threshold, criterion)
    yield criterion.id, criterion.short, say("source", "register"), *counts, threshold, line.verdict
    for fed in line.beside:
        source = say("source", "residents", wave=fed.release.wave)
        yield criterion.id, criterion.short, source, *_beside(fed), NOTHING, NOTHING


def _beside(fed: SurveyFed) -> tuple[Cell, Cell, Cell]:
    seen = fed.seen
    if seen is None:
        return NOTHING, NOTHING, NOTHING
    if seen.low == seen.high:
        return seen.low.numerator, seen.low.denominator, percent(seen.low.share)
    bound = bound_of(seen)
    return (NOTHING, seen.high.denominator, bound_text(bound)) if bound else (NOTHING, NOTHING, NOTHING)
