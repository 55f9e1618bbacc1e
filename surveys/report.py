"""What the yearly report says: from scorecards, released figures and a roadmap to headings, sentences and tables. Pure.

It knows no file format: docx, xlsx and pdf are drawn from the same `Report`, and carry its digest, so that two of them can be
held side by side. Every text in it is plain: composed, without control characters; nobody has to trust where it came from.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any, TypeVar

from surveys import disclosure, releases, statistics
from surveys.assessment import Seen, Verdict, words_of
from surveys.canonical import digest
from surveys.disclosure import Bound, Side
from surveys.figures import NOTHING, NUMBER_SPACE, day, percent, span, trimmed_percent, whole
from surveys.forms.form import Role
from surveys.releases import ReleasedWard
from surveys.report_words import say
from surveys.results import Proportion
from surveys.scorecard.card import Scorecard
from surveys.scorecard.criteria import CriteriaSet, Criterion, Measure, Threshold
from surveys.scorecard.dossiers import Totals
from surveys.scorecard.evidence import SurveyFed, Value
from surveys.scorecard.judging import Line
from surveys.scorecard.roadmap import Roadmap, Step
from surveys.waves import LOCAL

__all__ = [
    "Cell",
    "Column",
    "Compared",
    "Deadline",
    "Head",
    "LedgerMark",
    "Letterhead",
    "Part",
    "Report",
    "Row",
    "Sources",
    "Table",
    "WardPart",
    "deadline",
    "mark",
    "printable",
    "report",
    "verdict_words",
]

LONGEST = 4_000
"""Characters of one text; a spreadsheet's cell holds 32,767 and whoever reads it far fewer."""
LAST_DAY = (11, 14)  # “trước ngày 15/11”, S1:L171
SHORT_DIGEST = 12

Cell = str | int | Verdict
"""A text, a count, or a conclusion. What is suppressed is the same text as what is empty."""


# ── What goes in ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What only the office knows. Whatever is empty stays a dotted blank, to be written in by hand."""

    superior: str = ""
    """Cơ quan chủ quản."""
    office: str = ""
    number: str = ""
    symbol: str = ""
    """What follows “BC-”."""
    place: str = ""
    signed_on: date | None = None
    signer_title: str = ""
    signer: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """Where the ledger stood: enough to find out later whether it was rewritten."""

    name: str
    size: int
    root: str
    """Hexadecimal."""
    fingerprint: str
    """Of the key that signs it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A roadmap held against what is scored."""

    roadmap: Roadmap
    criteria: str
    """The set that was scored by, as people call it."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a report is made from."""

    criteria: CriteriaSet
    year: int
    names: Mapping[str, str]
    """Unit → name."""
    cards: Mapping[str, Scorecard]
    """Unit → its card of that year."""
    released: Sequence[ReleasedWard] = ()
    """What was released of that year."""
    dossiers: Mapping[str, Totals] = field(default_factory=dict)
    frozen: Mapping[str, str] = field(default_factory=dict)
    """Unit → digest of the frozen card that is reported."""
    appeals: Mapping[str, int] = field(default_factory=dict)
    """Unit → how many appeals against that card wait for a decision."""
    roadmaps: tuple[Compared, ...] = ()
    ledger: LedgerMark | None = None
    k: int = disclosure.DEFAULT_K


# ── What comes out ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    width: int
    """In letters, roughly."""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    key: str
    title: str
    sheet: str
    """Its name in a workbook."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    fixed: int = 1
    """How many columns stay in sight, and are repeated where a table is too wide for a page."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with sentences and tables under it."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class WardPart:
    unit: str
    name: str
    part: Part


@dataclass(frozen=True, slots=True)
class Head:
    """The frame of an official paper."""

    superior: str
    office: str
    number: str
    country: str
    motto: str
    place_and_day: str
    title: str
    subject: str
    recipients_title: str
    recipients: tuple[str, ...]
    signer_title: str
    signer: str


@dataclass(frozen=True, slots=True)
class Deadline:
    last_day: date
    days: int
    """Days left; 0 on the last one, negative when it has passed."""
    lines: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        return self.days < 0


@dataclass(frozen=True, slots=True)
class Report:
    year: int
    criteria: str
    """The set's id."""
    written_at: datetime
    head: Head
    deadline: Deadline
    results: Part
    roadmap: Part
    waves: Part
    method: Part
    matrix: Part
    wards_title: str
    wards: tuple[WardPart, ...]
    digest: str = ""
    """Over everything above and below."""

    @property
    def main(self) -> tuple[Part, ...]:
        """What stands before the signature."""
        return self.results, self.roadmap, self.waves, self.method


# ── Making it ────────────────────────────────────────────────────────────────────────────────────────────────────


def report(sources: Sources, letterhead: Letterhead, now: datetime) -> Report:
    """The same sources, letterhead and moment are the same report. Raises ValueError for a card of another set or year."""
    units = sorted(sources.cards)
    criteria_digest = sources.criteria.digest
    for card in sources.cards.values():
        if (card.criteria_digest, card.year) != (criteria_digest, sources.year):
            raise ValueError(
                f"The card of {card.unit} was not judged by {sources.criteria.id} for {sources.year}."
            )
    made = _cleaned(
        Report(
            year=sources.year,
            criteria=sources.criteria.id,
            written_at=now,
            head=_head(letterhead, sources.year),
            deadline=deadline(sources.year, now),
            results=_results(sources, units),
            roadmap=_roadmap(sources),
            waves=_waves(sources),
            method=_method(sources),
            matrix=_matrix(sources, units),
            wards_title=say("part", "wards"),
            wards=tuple(_ward(sources, unit) for unit in units),
        )
    )
    told = digest("report", _plain(made))
    lines = (*made.method.lines, say("method", "report_digest", digest=told))
    return replace(made, digest=told, method=replace(made.method, lines=lines))


def deadline(year: int, now: datetime) -> Deadline:
    """How the moment of writing stands to “trước ngày 15/11”."""
    last, today = date(year, *LAST_DAY), now.astimezone(LOCAL).date()
    days = (last - today).days
    state = "late" if days < 0 else "left" if days else "last_day"
    lines = (
        say("deadline", "due", year=year),
        say("deadline", state, today=day(today), days=abs(days)),
        say("deadline", "source"),
    )
    return Deadline(last, days, lines)


def verdict_words(verdict: Verdict) -> str:
    return words_of("verdict")[verdict]["vi"]


def mark(verdict: Verdict) -> str:
    """One letter, for a matrix."""
    return say("mark", verdict)


# ── The frame ────────────────────────────────────────────────────────────────────────────────────────────────────


def _head(letterhead: Letterhead, year: int) -> Head:
    blank, long_blank = say("head", "blank"), say("head", "long_blank")
    letterhead = _cleaned(letterhead)
    signed = letterhead.signed_on
    return Head(
        superior=letterhead.superior or long_blank,
        office=letterhead.office or long_blank,
        number=say("head", "number", number=letterhead.number or blank, symbol=letterhead.symbol or blank),
        country=say("head", "country"),
        motto=say("head", "motto"),
        place_and_day=say(
            "head",
            "place_and_day",
            place=letterhead.place or blank,
            day=f"{signed.day:02}" if signed else blank,
            # As it is done in official papers: a nought where another figure could be written in front.
            month=(f"{signed.month:02}" if signed.month < 3 else signed.month) if signed else blank,
            year=signed.year if signed else year,
        ),
        title=say("head", "title"),
        subject=say("head", "subject", year=year),
        recipients_title=say("head", "recipients"),
        recipients=(*(letterhead.recipients or (blank,)), say("head", "filed", blank=blank)),
        signer_title=letterhead.signer_title or say("head", "signer_title"),
        signer=letterhead.signer or say("head", "signer"),
    )


# ── The province as a whole ──────────────────────────────────────────────────────────────────────────────────────


def _results(sources: Sources, units: Sequence[str]) -> Part:
    criteria, rule = sources.criteria, sources.criteria.pass_rule
    lines = [say("results", "criteria", name=criteria.name, source=criteria.source)]
    if not units:
        return Part(say("part", "results"), (*lines, say("results", "nobody")))
    cards = [sources.cards[unit] for unit in units]
    if rule is None:
        lines.append(say("results", "no_rule"))
    else:
        key = "assumed" if rule.is_assumed else "rule"
        lines.append(say("results", key, needed=rule.needed, of=rule.of, source=rule.source))
    verdicts = [card.overall.verdict for card in cards]
    lines.append(say("results", "counted", units=whole(len(units)), **_counted(verdicts)))
    as_of = max(card.standing.as_of for card in cards).astimezone(LOCAL)
    lines.append(say("results", "as_of", moment=f"{as_of:%H:%M} {day(as_of.date())}"))
    table = _table(
        "summary",
        (("unit", 9), ("ward", 26), ("verdict", 17), *((key, 8, True) for key in TALLY), ("frozen", 18)),
        (_summary_row(sources, unit) for unit in units),
        fixed=2,
    )
    return Part(say("part", "results"), tuple(lines), (table,))


TALLY = ("met", "failed", "too_few", "no_basis")
VERDICTS = dict(zip(TALLY, Verdict, strict=True))


def _counted(verdicts: Sequence[Verdict]) -> dict[str, object]:
    return {key: whole(verdicts.count(verdict)) for key, verdict in VERDICTS.items()}


def _summary_row(sources: Sources, unit: str) -> tuple[Cell, ...]:
    overall = sources.cards[unit].overall
    tally = overall.tally
    frozen = sources.frozen.get(unit)
    return (
        unit,
        sources.names.get(unit, unit),
        overall.verdict,
        tally.met,
        tally.failed,
        tally.too_few,
        tally.no_basis,
        frozen[:SHORT_DIGEST] + "…" if frozen else NOTHING,
    )


def _roadmap(sources: Sources) -> Part:
    if not sources.roadmaps:
        return Part(say("part", "roadmap"), (say("roadmap", "none"),))
    lines: list[str] = []
    for compared in sources.roadmaps:
        roadmap = compared.roadmap
        lines.append(say("roadmap", "source", name=roadmap.name, source=roadmap.source))
        lines.append(say("roadmap", "scored_by", criteria=compared.criteria))
        if roadmap.note:
            lines.append(say("roadmap", "note", note=roadmap.note))
    columns = (
        ("roadmap", 12), ("year", 6, True), ("target", 16), ("scored", 10), ("state", 30), ("quote", 42), ("line", 9),
    )  # fmt: skip
    rows = (_step_row(compared.roadmap, step) for compared in sources.roadmaps for step in compared.steps)
    return Part(say("part", "roadmap"), tuple(lines), (_table("roadmap", columns, rows, fixed=2),))


def _step_row(roadmap: Roadmap, step: Step) -> tuple[Cell, ...]:
    target = step.target
    scored = say("roadmap", "scored", met=step.met, of=step.of) if step.of else NOTHING
    return roadmap.name, str(target.year), _target(step), scored, step.text, f"“{target.quote}”", target.line


def _target(step: Step) -> str:
    target = step.target
    if target.units is not None:
        key = "units" if target.of is None else "units_of"
        return say("roadmap", key, units=target.units, of=target.of)
    low = trimmed_percent(target.at_least or Fraction(0))
    if target.up_to is None:
        return say("roadmap", "share", share=low)
    return say("roadmap", "range", low=low, high=trimmed_percent(target.up_to))


def _waves(sources: Sources) -> Part:
    waves = {ward.wave.slug: ward.wave for ward in sources.released}
    if not waves:
        return Part(say("part", "waves"), (say("ward", "no_survey"),))
    rows = (
        (
            wave.slug,
            wave.title,
            _known("audience", wave.audience),
            wave.form,
            trimmed_percent(Fraction(wave.threshold)) if wave.threshold is not None else NOTHING,
            day(wave.released_at.astimezone(LOCAL).date()) if wave.released_at else NOTHING,
        )
        for _, wave in sorted(waves.items())
    )
    columns = (
        ("wave", 16),
        ("title", 40),
        ("audience", 14),
        ("form", 26),
        ("threshold", 9),
        ("released", 11),
    )
    return Part(say("part", "waves"), (), (_table("waves", columns, rows),))


def _known(section: str, key: str) -> str:
    """Its words; itself where another version has one that we do not know."""
    try:
        return say(section, key)
    except KeyError:
        return key


def _matrix(sources: Sources, units: Sequence[str]) -> Part:
    cards = [sources.cards[unit] for unit in units]
    by_id = [{line.criterion: line.verdict for line in card.lines} for card in cards]
    grouped: list[Row] = []
    for group in sources.criteria.groups:
        verdicts = tuple(card.group(group.id).verdict for card in cards)
        grouped.append(Row((group.id, group.name, *verdicts), is_heading=True))
        grouped += [_criterion_row(each, by_id) for each in sources.criteria.of_group(group.id)]
    grouped += [_criterion_row(each, by_id) for each in sources.criteria.criteria if not each.groups]
    overall = tuple(card.overall.verdict for card in cards)
    grouped.append(Row(("", say("matrix", "overall"), *overall), is_heading=True))
    columns = (
        Column("number", say("column", "number"), 8),
        Column("criterion", say("column", "criterion"), 44),
        *(Column(unit, sources.names.get(unit, unit), 8) for unit in units),
    )
    legend = say("matrix", "legend", **{key: mark(verdict) for key, verdict in VERDICTS.items()})
    table = Table(
        "matrix", say("table", "matrix"), say("sheet", "matrix"), columns, tuple(grouped), 2, legend
    )
    return Part(say("part", "matrix"), (), (table,))


def _criterion_row(criterion: Criterion, verdicts: Iterable[Mapping[str, Verdict]]) -> Row:
    return Row((criterion.id, criterion.short, *(each[criterion.id] for each in verdicts)))


# ── A ward ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _ward(sources: Sources, unit: str) -> WardPart:
    card, name = sources.cards[unit], sources.names.get(unit, unit)
    overall = card.overall
    lines = [say("ward", "overall", verdict=verdict_words(overall.verdict), reason=overall.text)]
    if frozen := sources.frozen.get(unit):
        lines.append(say("ward", "frozen", digest=frozen))
        if waiting := sources.appeals.get(unit):
            lines.append(say("ward", "appeals", waiting=waiting))
    else:
        lines.append(say("ward", "not_frozen"))
    released = sorted((ward for ward in sources.released if ward.unit == unit), key=_wave_of)
    if not released:
        lines.append(say("ward", "no_survey"))
    lines.extend(line for ward in released for line in _remarks(ward))
    if totals := sources.dossiers.get(unit):
        lines.append(_register(totals))
    tables = (
        _groups(sources.criteria, card),
        _surveys(released),
        _dossiers(sources.criteria, card),
        _findings(sources.criteria, card),
        _missing(card),
    )
    there = tuple(table for table in tables if table.rows)
    if not tables[-1].rows:
        lines.append(say("ward", "nothing_missing"))
    return WardPart(unit, name, Part(say("ward", "heading", name=name, unit=unit), tuple(lines), there))


def _wave_of(ward: ReleasedWard) -> str:
    return ward.wave.slug


def _remarks(ward: ReleasedWard) -> Iterable[str]:
    """What two persons left out, what a detector asks about, and the weighted figure: beside the plain one, in no verdict."""
    slug = ward.wave.slug
    for each in ward.left_out:
        yield say("ward", "left_out", wave=slug, what=_stratum(each.stream, each.mode), reason=each.reason)
    for flag in ward.flags:
        yield say("ward", "flagged", wave=slug, what=_stratum(flag.stream, flag.mode))
    if ward.weighted is not None:
        weighted = ward.weighted
        yield say(
            "ward",
            "weighted",
            wave=slug,
            share=trimmed_percent(Fraction(weighted.share)),
            effective=whole(weighted.effective),
            source=weighted.source,
        )


def _stratum(stream: str, mode: str | None) -> str:
    return _known("stream", stream) + (f", {_known('mode', mode)}" if mode else "")


def _register(totals: Totals) -> str:
    return say(
        "ward",
        "register",
        resolved=whole(totals.resolved),
        early=whole(totals.early),
        late=whole(totals.late),
        months=len(totals.months),
    )


def _groups(criteria: CriteriaSet, card: Scorecard) -> Table:
    names = {group.id: group.name for group in criteria.groups}
    return _table(
        "groups",
        (
            ("group", 8),
            ("criterion", 44),
            ("verdict", 14),
            *((key, 8, True) for key in TALLY),
            ("reason", 30),
        ),
        (
            (
                group.group,
                names[group.group],
                group.verdict,
                group.tally.met,
                group.tally.failed,
                group.tally.too_few,
                group.tally.no_basis,
                group.text,
            )
            for group in card.groups
        ),
    )


def _findings(criteria: CriteriaSet, card: Scorecard) -> Table:
    return _table(
        "findings",
        (
            ("number", 8),
            ("criterion", 40),
            ("verdict", 13),
            ("figure", 26),
            ("threshold", 10),
            ("reason", 28),
        ),
        (
            (
                line.criterion,
                criteria.criterion(line.criterion).short,
                line.verdict,
                _figure(line),
                _threshold(line.threshold, criteria.criterion(line.criterion)),
                line.text,
            )
            for line in card.lines
            # A plain “yes” says no more here than it says in the matrix.
            if line.verdict is not Verdict.NO_BASIS and line.reason != "yes"
        ),
        fixed=2,
    )


def _missing(card: Scorecard) -> Table:
    """Reason → the criteria it holds back."""
    reasons: dict[str, list[str]] = {}
    for line in card.lines:
        if line.verdict in (Verdict.NO_BASIS, Verdict.TOO_FEW):
            reasons.setdefault(line.text, []).append(line.criterion)
    return _table(
        "missing",
        (("reason", 44), ("of", 8, True), ("criteria", 70)),
        ((reason, len(ids), ", ".join(ids)) for reason, ids in reasons.items()),
    )


def _figure(line: Line) -> str:
    if line.seen is not None:
        return _answers(line.seen)
    return _value(line.figure) if line.reason != "none_arose" else NOTHING


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return say("figure", "yes" if value else "no")
    if isinstance(value, Proportion):
        return say("figure", "share", **_fraction(value))
    return NOTHING if value is None else whole(value)


def _fraction(value: Proportion) -> dict[str, object]:
    return {
        "numerator": whole(value.numerator),
        "denominator": whole(value.denominator),
        "share": percent(value.share),
    }


def _answers(seen: Seen) -> str:
    if seen.low == seen.high:
        return say("figure", "answers", **_fraction(seen.low), interval=span(seen.low.interval))
    bound = _bound_of(seen)
    return (
        say("figure", "bound", bound=_bound(bound), denominator=whole(seen.high.denominator))
        if bound
        else NOTHING
    )


def _bound_of(seen: Seen) -> Bound | None:
    """The words that were released of it: “≥ 90 %” stays “≥ 90 %”, whatever follows from it for this n."""
    n = seen.high.denominator
    for bound in (
        Bound(Side.AT_LEAST, disclosure.NEARLY_ALL),
        Bound(Side.AT_MOST, 100 - disclosure.NEARLY_ALL),
    ):
        if bound.limits(n) == (seen.low.numerator, seen.high.numerator):
            return bound
    return None


def _bound(bound: Bound) -> str:
    return f"{bound.side.value}{NUMBER_SPACE}{trimmed_percent(Fraction(bound.percent, 100))}"


def _threshold(threshold: Threshold | None, criterion: Criterion) -> str:
    if threshold is None:
        return NOTHING
    write: Callable[[Fraction], str] = trimmed_percent if criterion.measure is Measure.SHARE else str
    ends = (("at_least", threshold.at_least), ("at_most", threshold.at_most))
    return "; ".join(say("figure", key, value=write(value)) for key, value in ends if value is not None)


# ── What residents said ──────────────────────────────────────────────────────────────────────────────────────────

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


def _surveys(released: Iterable[ReleasedWard]) -> Table:
    rows = (row for ward in released for row in _survey_rows(ward))
    return _table("surveys", SURVEY_COLUMNS, rows, fixed=3)


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
    for table in ward.open_questions:
        if table.role == Role.OVERALL and table.index is not None:
            yield slug, say("stream", "open_unweighted"), index, *_line(table.index, table.n), *none


def _parts(ward: ReleasedWard) -> Iterable[tuple[str, releases.Part]]:
    """Those who answered, by the way they came and by who pressed the buttons; and the count as it was before, or would be."""
    for stream in ward.streams:
        yield _known("stream", stream.name), stream
    for mode in ward.modes:
        yield say("stream", "by_mode", mode=_known("mode", mode.name)), mode
    if ward.beside is not None:
        yield say("stream", "with_left_out" if ward.left_out else "without_flagged"), ward.beside


def _line(line: releases.Line, n: int | None) -> tuple[Cell, Cell, Cell, Cell]:
    """Numerator, denominator, share, interval."""
    if line.figure is not None:
        figure = line.figure
        return figure.numerator, figure.denominator, percent(figure.share), span(figure.interval)
    if line.bound is not None and n is not None:
        return NOTHING, n, _bound(line.bound), NOTHING
    return NOTHING, NOTHING if n is None else n, NOTHING, NOTHING


# ── Dossiers, and what residents said beside them ────────────────────────────────────────────────────────────────


def _dossiers(criteria: CriteriaSet, card: Scorecard) -> Table:
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
    return _table("dossiers", columns, rows, fixed=2)


def _dossier_rows(criterion: Criterion, line: Line) -> Iterable[tuple[Cell, ...]]:
    figure = line.figure
    counts: tuple[Cell, ...] = (NOTHING, NOTHING, NOTHING)
    if isinstance(figure, Proportion):
        counts = figure.numerator, figure.denominator, percent(figure.share)
    threshold = _threshold(line.threshold, criterion)
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
    bound = _bound_of(seen)
    return (NOTHING, seen.high.denominator, _bound(bound)) if bound else (NOTHING, NOTHING, NOTHING)


# ── How it was counted ───────────────────────────────────────────────────────────────────────────────────────────


def _method(sources: Sources) -> Part:
    criteria, ledger = sources.criteria, sources.ledger
    minima = sorted({card.terms.minimum for card in sources.cards.values()})
    minimum = "–".join(dict.fromkeys(map(str, (minima or [sources.k])[:: max(1, len(minima) - 1)])))
    lines = [
        *(say("method", key) for key in ("index", "streams", "interval", "exact")),
        say("method", "suppressed", k=sources.k, nothing=NOTHING),
        say("method", "too_few", minimum=minimum),
        *(say("method", key) for key in ("no_basis", "group", "dossiers", "order")),
        *_own_thresholds(sources),
        say("method", "criteria_digest", id=criteria.id, digest=criteria.digest),
        say("method", "formulas_digest", digest=statistics.formulas_digest()),
    ]
    if ledger is None:
        lines.append(say("method", "no_ledger"))
    else:
        lines.append(say("method", "ledger", name=ledger.name, size=whole(ledger.size), root=ledger.root))
        lines.append(say("method", "key", fingerprint=ledger.fingerprint))
    lines.append(say("method", "verify"))
    return Part(say("part", "method"), tuple(lines))


def _own_thresholds(sources: Sources) -> Iterable[str]:
    """Thresholds that no source has and somebody chose."""
    terms = [card.terms.thresholds for _, card in sorted(sources.cards.items())]
    if any(each != terms[0] for each in terms):
        yield say("method", "several_terms")
        return
    for id, threshold in sorted(terms[0].items()) if terms else ():
        shown = _threshold(threshold, sources.criteria.criterion(id))
        yield say("method", "threshold", criterion=id, threshold=shown)


# ── Tables and texts ─────────────────────────────────────────────────────────────────────────────────────────────


def _table(
    key: str, columns: Iterable[tuple[Any, ...]], rows: Iterable[tuple[Cell, ...]], *, fixed: int = 1
) -> Table:
    """`columns`: key, width, and whether it holds numbers."""
    return Table(
        key,
        say("table", key),
        say("sheet", key),
        tuple(_column(*column) for column in columns),
        tuple(Row(cells) for cells in rows),
        fixed,
    )


def _column(key: str, width: int, is_number: bool = False) -> Column:
    """Never narrower than the longest word of its title."""
    title = say("column", key)
    return Column(key, title, max(width, *(len(word) + 3 for word in title.split())), is_number)


def printable(text: str) -> str:
    """The text as every format can hold it: composed, on one line, without what is no letter or sign – controls, halves of
    pairs, non-characters, and marks that turn the reading direction and so show another text than there is."""
    kept = "".join(
        " " if letter in BREAKS else letter for letter in text if letter in BREAKS or _is_shown(letter)
    )
    composed = unicodedata.normalize("NFC", kept)
    return composed if len(composed) <= LONGEST else composed[: LONGEST - 1] + "…"


BREAKS = frozenset("\t\n\x0b\x0c\r\x85\u2028\u2029")
MISLEADING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _is_shown(letter: str) -> bool:
    if letter.isascii():
        return " " <= letter <= "~"
    is_non_character = (ord(letter) & 0xFFFE) == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"
    return not (letter in MISLEADING or is_non_character or unicodedata.category(letter) in ("Cc", "Cs"))


T = TypeVar("T")


def _cleaned(value: T) -> T:
    """The same value with every text in it printable."""
    cleaned: Any = value
    if isinstance(value, str) and not isinstance(value, Verdict):
        cleaned = printable(value)
    elif isinstance(value, tuple):
        cleaned = tuple(_cleaned(each) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        cleaned = replace(value, **{each.name: _cleaned(getattr(value, each.name)) for each in fields(value)})
    return cleaned  # type: ignore[no-any-return]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
