"""What a report says of all wards together: results, roadmap, waves, the matrix."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from surveys.assessment import Verdict
from surveys.figures import NOTHING, day, trimmed_percent, whole
from surveys.report.values import Cell, Column, Part, Row, Sources, Table
from surveys.report.words import say
from surveys.report.writing import TALLY, VERDICTS, known, mark, table
from surveys.scorecard.criteria import Criterion
from surveys.scorecard.roadmap import Roadmap, Step
from surveys.waves import LOCAL

SHORT_DIGEST = 12


def results(sources: Sources, units: Sequence[str]) -> Part:
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
    summary = table(
        "summary",
        (("unit", 9), ("ward", 26), ("verdict", 17), *((key, 8, True) for key in TALLY), ("frozen", 18)),
        (_summary_row(sources, unit) for unit in units),
        fixed=2,
    )
    return Part(say("part", "results"), tuple(lines), (summary,))


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


def roadmap(sources: Sources) -> Part:
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
    return Part(say("part", "roadmap"), tuple(lines), (table("roadmap", columns, rows, fixed=2),))


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


def waves(sources: Sources) -> Part:
    waves = {ward.wave.slug: ward.wave for ward in sources.released}
    if not waves:
        return Part(say("part", "waves"), (say("ward", "no_survey"),))
    rows = (
        (
            wave.slug,
            wave.title,
            known("audience", wave.audience),
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
    return Part(say("part", "waves"), (), (table("waves", columns, rows),))


def matrix(sources: Sources, units: Sequence[str]) -> Part:
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
    made = Table("matrix", say("table", "matrix"), say("sheet", "matrix"), columns, tuple(grouped), 2, legend)
    return Part(say("part", "matrix"), (), (made,))


def _criterion_row(criterion: Criterion, verdicts: Iterable[Mapping[str, Verdict]]) -> Row:
    return Row((criterion.id, criterion.short, *(each[criterion.id] for each in verdicts)))
