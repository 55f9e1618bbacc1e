"""What is published of a wave, a ward at a time: fixed tables, each figure with its n. A page only draws it.
Pure; `surveys.releasing` makes it, once, and it never changes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from surveys.assessment import Conclusion, Verdict
from surveys.disclosure import Bound, Side
from surveys.forms.form import Words
from surveys.results import Grade, Proportion

__all__ = ["Line", "QuestionTable", "ReleasedWard", "ReleasedWave", "Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a wave was opened on; nothing here depends on an answer."""

    slug: str
    title: str
    audience: str
    k: int
    threshold: str | None
    """A share such as `0.9`, as it was written."""
    units: Mapping[str, tuple[str, int | None]]
    """Code → name, how many persons were invited there."""
    minimum: int
    """How many valid ballots a survey needs to count as held."""


@dataclass(frozen=True, slots=True)
class Line:
    """One share as it may be shown. With neither figure nor bound it was empty or too small: nobody can tell which."""

    name: str
    label: Words
    figure: Proportion | None = None
    bound: Bound | None = None
    """“≥ 90 %”: what may be said where a side of the share is too small to count."""


@dataclass(frozen=True, slots=True)
class QuestionTable:
    """One question of one ward."""

    name: str
    label: Words
    role: str | None
    feeds: str | None
    """The criterion item the question feeds: `S1:L96`."""
    n: int | None
    """Valid answers, without “Không ý kiến”; None where they are too few to say."""
    index: Line | None
    """Hài lòng and Rất hài lòng together, of a question on the scale."""
    lowest_two: Line | None
    answers: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReleasedWave:
    """What is the same for all wards of a wave."""

    slug: str
    title: str
    audience: str
    k: int
    threshold: Decimal | None
    form: str
    """`hang_nam_nguoi_dan 2026.1`."""
    total: Line
    """Satisfaction over the wards in `covers`."""
    covers: tuple[str, ...]
    """Codes. All wards of the wave, or those whose figures are shown when the others would be given away."""
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleasedWard:
    """Everything a page may show of one ward in one wave."""

    wave: ReleasedWave
    unit: str
    unit_name: str
    invited: int | None
    """Persons, not runs."""
    answered: int | None
    """Valid scored answers to the question the index is read from: the figure's n. None where it is too small to say."""
    grade: Grade | None
    index: Line
    """Hài lòng chung: Hài lòng + Rất hài lòng among all five steps."""
    top: Line
    """Rất hài lòng."""
    lowest_two: Line
    """Không hài lòng + Rất không hài lòng."""
    questions: tuple[QuestionTable, ...]
    open_questions: tuple[QuestionTable, ...]
    """The open stream: beside the score, never in it."""
    conclusions: tuple[Conclusion, ...]
    comments: int | None
    """How many comments wait for their readers; None below k."""

    @property
    def response_rate(self) -> Fraction | None:
        """Of the persons invited."""
        if self.answered is None or not self.invited or self.answered > self.invited:
            return None  # more answers than invitations: counter visits are among them
        return Fraction(self.answered, self.invited)

    def to_json(self) -> str:
        """Canonical: the same release is the same bytes."""
        return json.dumps(_ward_out(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, released_at: datetime | None = None) -> "ReleasedWard":
        return _ward_in(json.loads(text), released_at)


# ── As JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _ward_out(ward: ReleasedWard) -> dict[str, Any]:
    return {
        "wave": _wave_out(ward.wave),
        "unit": ward.unit,
        "unit_name": ward.unit_name,
        "invited": ward.invited,
        "answered": ward.answered,
        "grade": ward.grade,
        "index": _line_out(ward.index),
        "top": _line_out(ward.top),
        "lowest_two": _line_out(ward.lowest_two),
        "questions": [_table_out(table) for table in ward.questions],
        "open_questions": [_table_out(table) for table in ward.open_questions],
        "conclusions": [_conclusion_out(conclusion) for conclusion in ward.conclusions],
        "comments": ward.comments,
    }


def _ward_in(body: Mapping[str, Any], released_at: datetime | None) -> ReleasedWard:
    return ReleasedWard(
        wave=_wave_in(body["wave"], released_at),
        unit=body["unit"],
        unit_name=body["unit_name"],
        invited=body["invited"],
        answered=body["answered"],
        grade=Grade(body["grade"]) if body["grade"] else None,
        index=_line_in(body["index"]),
        top=_line_in(body["top"]),
        lowest_two=_line_in(body["lowest_two"]),
        questions=tuple(_table_in(table) for table in body["questions"]),
        open_questions=tuple(_table_in(table) for table in body["open_questions"]),
        conclusions=tuple(_conclusion_in(conclusion) for conclusion in body["conclusions"]),
        comments=body["comments"],
    )


def _wave_out(wave: ReleasedWave) -> dict[str, Any]:
    return {
        "slug": wave.slug,
        "title": wave.title,
        "audience": wave.audience,
        "k": wave.k,
        "threshold": None if wave.threshold is None else str(wave.threshold),
        "form": wave.form,
        "total": _line_out(wave.total),
        "covers": list(wave.covers),
    }


def _wave_in(body: Mapping[str, Any], released_at: datetime | None) -> ReleasedWave:
    return ReleasedWave(
        body["slug"],
        body["title"],
        body["audience"],
        body["k"],
        None if body["threshold"] is None else Decimal(body["threshold"]),
        body["form"],
        _line_in(body["total"]),
        tuple(body["covers"]),
        released_at,
    )


def _line_out(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "label": dict(line.label),
        "figure": [line.figure.numerator, line.figure.denominator] if line.figure else None,
        "bound": [line.bound.side, line.bound.percent] if line.bound else None,
    }


def _line_in(body: Mapping[str, Any]) -> Line:
    figure, bound = body["figure"], body["bound"]
    return Line(
        body["name"],
        body["label"],
        Proportion(*figure) if figure else None,
        Bound(Side(bound[0]), bound[1]) if bound else None,
    )


def _table_out(table: QuestionTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "label": dict(table.label),
        "role": table.role,
        "feeds": table.feeds,
        "n": table.n,
        "index": _line_out(table.index) if table.index else None,
        "lowest_two": _line_out(table.lowest_two) if table.lowest_two else None,
        "answers": [_line_out(line) for line in table.answers],
    }


def _table_in(body: Mapping[str, Any]) -> QuestionTable:
    return QuestionTable(
        body["name"],
        body["label"],
        body["role"],
        body["feeds"],
        body["n"],
        _line_in(body["index"]) if body["index"] else None,
        _line_in(body["lowest_two"]) if body["lowest_two"] else None,
        tuple(_line_in(line) for line in body["answers"]),
    )


def _conclusion_out(conclusion: Conclusion) -> dict[str, Any]:
    return {
        "criterion": conclusion.criterion,
        "title": dict(conclusion.title),
        "verdict": conclusion.verdict,
        "reason": dict(conclusion.reason),
        "source": conclusion.source,
    }


def _conclusion_in(body: Mapping[str, Any]) -> Conclusion:
    return Conclusion(
        body["criterion"], body["title"], Verdict(body["verdict"]), body["reason"], body["source"]
    )
