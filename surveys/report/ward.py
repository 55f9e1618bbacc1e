"""What a report says of one ward: verdicts by group, what they rest on, what is missing."""

from collections.abc import Iterable
from fractions import Fraction

from surveys.assessment import Verdict
from surveys.figures import NOTHING, trimmed_percent, whole
from surveys.releases import ReleasedWard
from surveys.report.heard import dossiers, surveys
from surveys.report.values import Part, Sources, Table, WardPart
from surveys.report.words import say
from surveys.report.writing import TALLY, answers, known, table, threshold_text, value_text, verdict_words
from surveys.scorecard.card import Scorecard
from surveys.scorecard.criteria import CriteriaSet
from surveys.scorecard.dossiers import Totals
from surveys.scorecard.judging import Line


def ward(sources: Sources, unit: str) -> WardPart:
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
        surveys(released),
        dossiers(sources.criteria, card),
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
    return known("stream", stream) + (f", {known('mode', mode)}" if mode else "")


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
    return table(
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
    return table(
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
                threshold_text(line.threshold, criteria.criterion(line.criterion)),
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
    return table(
        "missing",
        (("reason", 44), ("of", 8, True), ("criteria", 70)),
        ((reason, len(ids), ", ".join(ids)) for reason, ids in reasons.items()),
    )


def _figure(line: Line) -> str:
    if line.seen is not None:
        return answers(line.seen)
    return value_text(line.figure) if line.reason != "none_arose" else NOTHING
