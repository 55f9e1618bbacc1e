"""What is published of a wave, a ward at a time, and a province where services are compared: fixed tables, each figure with
its n. A page only draws it. Pure; `surveys.releasing` makes it, once, and it never changes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from surveys.assessment import Conclusion, Verdict
from surveys.disclosure import Bound, Side
from surveys.forms.form import Role, Words
from surveys.results import Grade, Proportion

__all__ = [
    "Detail",
    "Flagged",
    "LeftOut",
    "Line",
    "Part",
    "QuestionTable",
    "Released",
    "ReleasedProvince",
    "ReleasedWard",
    "ReleasedWave",
    "Terms",
    "WeightedLine",
    "read_release",
    "spoken_for",
]

NO_PROVINCES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType({})


class Detail(StrEnum):
    """How much of a wave is published, the most first. The next one is for a wave of which the one before would expose a cell."""

    ALL = "all"
    TABLES = "tables"
    """Wards, questions and totals; no streams, modes, services or weights beside them."""
    ROWS = "rows"
    """Of totals only plain sums of what is shown."""


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
    provinces: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=lambda: NO_PROVINCES)
    """Code → name, those of the units that lie in it. Empty in a wave that knows none: its units are then one province
    without a name."""


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
class Part:
    """Some of those who answered, by how they came or what they came for. Empty and too few look the same."""

    name: str
    """`invited`, `paper`, a service's choice, …"""
    label: Words
    n: int | None
    index: Line


@dataclass(frozen=True, slots=True)
class Flagged:
    """A stratum that a detector has something to say of. A flag is a question, not a finding."""

    stream: str
    mode: str
    flags: tuple[str, ...]
    """`surveys.stuffing.Flag`: which detectors."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What two persons took out of the count. Their names and the number of ballots stand in the ledger."""

    stream: str
    mode: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class WeightedLine:
    """The index as it would be if groups had answered as they live there: beside the plain one, in no verdict.

    Rounded, because an exact fraction would tell the counts of its groups.
    """

    share: Decimal
    """To a tenth of a per cent."""
    effective: int
    """So many answers of equal weight would tell as much."""
    design_effect: Decimal
    source: str
    """Where the populations come from."""


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
    detail: Detail = Detail.ALL


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
    """How many comments wait for their readers; None below k, and where the ward's number of answers is hidden."""
    streams: tuple[Part, ...] = ()
    """Those who answered the question of the index, by the way they came; the open stream is never among them."""
    modes: tuple[Part, ...] = ()
    """The same people, by who pressed the buttons."""
    beside: Part | None = None
    """The index with what was left out, or without what is flagged; None where there is neither."""
    flags: tuple[Flagged, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    weighted: WeightedLine | None = None
    ratings: tuple[QuestionTable, ...] | None = None
    """What came by rating templates of Zalo: not anonymous, beside everything else and in none of it. None in a wave that takes
    none: one that is not of visits, or was opened before there were any."""

    @property
    def response_rate(self) -> Fraction | None:
        """Of the persons invited."""
        if self.answered is None or not self.invited or self.answered > self.invited:
            return None  # more answers than invitations: counter visits are among them
        return Fraction(self.answered, self.invited)

    @property
    def rates_nothing(self) -> bool:
        """Nobody was asked how satisfied they are: before a forum people only ask. Which questions there were is known of every release,
        whatever of their figures is hidden."""
        return bool(self.questions) and not any(table.role in SCALES for table in self.questions)

    def to_json(self) -> str:
        """Canonical: the same release is the same bytes."""
        return json.dumps(_ward_out(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, released_at: datetime | None = None) -> "ReleasedWard":
        return _ward_in(json.loads(text), released_at)


@dataclass(frozen=True, slots=True)
class ReleasedProvince:
    """How satisfied people were with each service, over the wards of a province that the total is over."""

    wave: ReleasedWave
    unit: str
    unit_name: str
    wards: int
    """That took part."""
    covers: tuple[str, ...]
    n: int | None
    index: Line
    services: tuple[Part, ...]
    question: Words
    """What was asked to tell services apart."""

    def to_json(self) -> str:
        """Canonical: the same release is the same bytes."""
        return json.dumps(_province_out(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, released_at: datetime | None = None) -> "ReleasedProvince":
        return _province_in(json.loads(text), released_at)


Released = ReleasedWard | ReleasedProvince
SCALES = (Role.SATISFACTION, Role.OVERALL)


def spoken_for(tables: Iterable[QuestionTable]) -> QuestionTable | None:
    """The one on the scale by which tables that stand beside a score are summed up: one that shows something before one that does
    not, the overall one before the others."""
    scales = [table for table in tables if table.index is not None]
    return min(scales, key=lambda table: (table.n is None, table.role != Role.OVERALL), default=None)


def read_release(text: str, released_at: datetime | None = None) -> Released:
    """One line of a release, whichever it is."""
    body = json.loads(text)
    return _province_in(body, released_at) if body.get("kind") == PROVINCE else _ward_in(body, released_at)


PROVINCE, WARD = "province", "ward"


# ── As JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _ward_out(ward: ReleasedWard) -> dict[str, Any]:
    # Left away where there can be none, so that a release of an earlier version keeps its bytes.
    ratings = {} if ward.ratings is None else {"ratings": [_table_out(table) for table in ward.ratings]}
    return {
        **ratings,
        "kind": WARD,
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
        "streams": [_part_out(part) for part in ward.streams],
        "modes": [_part_out(part) for part in ward.modes],
        "beside": _part_out(ward.beside) if ward.beside else None,
        "flags": [[each.stream, each.mode, list(each.flags)] for each in ward.flags],
        "left_out": [[each.stream, each.mode, each.reason] for each in ward.left_out],
        "weighted": _weighted_out(ward.weighted) if ward.weighted else None,
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
        streams=tuple(_part_in(part) for part in body["streams"]),
        modes=tuple(_part_in(part) for part in body["modes"]),
        beside=_part_in(body["beside"]) if body["beside"] else None,
        flags=tuple(Flagged(stream, mode, tuple(flags)) for stream, mode, flags in body["flags"]),
        left_out=tuple(LeftOut(*each) for each in body["left_out"]),
        weighted=_weighted_in(body["weighted"]) if body["weighted"] else None,
        ratings=tuple(_table_in(table) for table in body["ratings"]) if "ratings" in body else None,
    )


def _province_out(province: ReleasedProvince) -> dict[str, Any]:
    return {
        "kind": PROVINCE,
        "wave": _wave_out(province.wave),
        "unit": province.unit,
        "unit_name": province.unit_name,
        "wards": province.wards,
        "covers": list(province.covers),
        "n": province.n,
        "index": _line_out(province.index),
        "services": [_part_out(part) for part in province.services],
        "question": dict(province.question),
    }


def _province_in(body: Mapping[str, Any], released_at: datetime | None) -> ReleasedProvince:
    return ReleasedProvince(
        wave=_wave_in(body["wave"], released_at),
        unit=body["unit"],
        unit_name=body["unit_name"],
        wards=body["wards"],
        covers=tuple(body["covers"]),
        n=body["n"],
        index=_line_in(body["index"]),
        services=tuple(_part_in(part) for part in body["services"]),
        question=body["question"],
    )


def _part_out(part: Part) -> dict[str, Any]:
    return {"name": part.name, "label": dict(part.label), "n": part.n, "index": _line_out(part.index)}


def _part_in(body: Mapping[str, Any]) -> Part:
    return Part(body["name"], body["label"], body["n"], _line_in(body["index"]))


def _weighted_out(line: WeightedLine) -> dict[str, Any]:
    return {
        "share": str(line.share),
        "effective": line.effective,
        "design_effect": str(line.design_effect),
        "source": line.source,
    }


def _weighted_in(body: Mapping[str, Any]) -> WeightedLine:
    return WeightedLine(
        Decimal(body["share"]), body["effective"], Decimal(body["design_effect"]), body["source"]
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
        "detail": wave.detail,
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
        Detail(body["detail"]),
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
