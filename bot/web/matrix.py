"""Scorecards as the supervisors' pages lay them out: criteria down, wards across; one card with its evidence, what is missing and
what was tried. Values only: it judges nothing and knows no request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.web.words import NUMBER_SPACE, Words
from surveys.assessment import Verdict
from surveys.results import Proportion
from surveys.scorecard import CriteriaSet, Criterion, Entered, Measure, Scorecard, SurveyFed, Threshold
from surveys.scorecard.book import FrozenCard
from surveys.scorecard.card import GroupVerdict
from surveys.scorecard.criteria import Basis, Quote
from surveys.scorecard.evidence import Value
from surveys.scorecard.judging import Line
from surveys.scorecard.records import Signed
from surveys.units import Unit

__all__ = [
    "UNGROUPED",
    "Account",
    "Differing",
    "Item",
    "Matrix",
    "MatrixGroup",
    "MatrixRow",
    "account",
    "bound_text",
    "differing",
    "is_share",
    "matrix",
    "missing",
    "quoted",
    "share_text",
    "short_name",
    "tried_by",
    "value_text",
]

UNGROUPED = "-"
"""The group of criteria that have none: slots whose wording nobody knows."""
KINDS = ("Phường ", "Xã ", "Đặc khu ")


# ── All wards ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MatrixRow:
    criterion: Criterion
    verdicts: tuple[Verdict, ...]
    """A ward each, in the matrix's order."""


@dataclass(frozen=True, slots=True)
class MatrixGroup:
    id: str
    name: str
    line: int | None
    rows: tuple[MatrixRow, ...]
    verdicts: tuple[GroupVerdict, ...]
    """A ward each; none for criteria without a group."""
    elsewhere: tuple[Criterion, ...]
    """Criteria that belong here too, and stand under an earlier group."""


@dataclass(frozen=True, slots=True)
class Matrix:
    units: tuple[Unit, ...]
    cards: tuple[Scorecard, ...]
    frozen: tuple[FrozenCard | None, ...]
    groups: tuple[MatrixGroup, ...]
    count: int
    """Criteria of the set."""
    shown: int
    """Criteria that are left after choosing."""


def matrix(
    criteria: CriteriaSet,
    units: Sequence[Unit],
    cards: Mapping[str, Scorecard],
    frozen: Mapping[str, FrozenCard],
    *,
    group: str | None = None,
    verdict: Verdict | None = None,
) -> Matrix:
    """`group`: only that one. `verdict`: only criteria that came out so in some ward."""
    there = tuple(unit for unit in units if unit.code in cards)
    found = [cards[unit.code] for unit in there]
    by_id = [{line.criterion: line.verdict for line in card.lines} for card in found]
    groups = []
    for each in _groups(criteria):
        if group not in (None, each.id):
            continue
        rows = tuple(
            row
            for criterion in each.own
            if (row := MatrixRow(criterion, tuple(verdicts[criterion.id] for verdicts in by_id)))
            and verdict in (None, *row.verdicts)
        )
        if rows or (verdict is None and each.elsewhere):
            groups.append(
                MatrixGroup(
                    each.id,
                    each.name,
                    each.line,
                    rows,
                    () if each.id == UNGROUPED else tuple(card.group(each.id) for card in found),
                    each.elsewhere,
                )
            )
    return Matrix(
        there,
        tuple(found),
        tuple(frozen.get(unit.code) for unit in there),
        tuple(groups),
        len(criteria.criteria),
        sum(len(each.rows) for each in groups),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    id: str
    name: str
    line: int | None
    own: tuple[Criterion, ...]
    elsewhere: tuple[Criterion, ...]


def _groups(criteria: CriteriaSet) -> Iterable[_Group]:
    """Every criterion stands once, under the first of its groups."""
    for group in criteria.groups:
        members = criteria.of_group(group.id)
        yield _Group(
            group.id,
            group.name,
            group.line,
            tuple(each for each in members if each.groups[0] == group.id),
            tuple(each for each in members if each.groups[0] != group.id),
        )
    without = tuple(each for each in criteria.criteria if not each.groups)
    if without:
        yield _Group(UNGROUPED, "", None, without, ())


def short_name(unit: Unit) -> str:
    """“Trà Vinh” for “Phường Trà Vinh”: what fits over a column."""
    for kind in KINDS:
        if unit.name.startswith(kind) and not unit.name[len(kind) :][:1].isdigit():
            return unit.name.removeprefix(kind)
    return unit.name


# ── One ward ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Item:
    """One criterion of one card, with everything that was put forward for it."""

    criterion: Criterion
    line: Line
    signed: tuple[Signed, ...]
    waiting: tuple[Entered, ...]
    deciding: tuple[SurveyFed, ...]
    """What residents said, where that decides."""
    beside: tuple[SurveyFed, ...]
    missing: str | None
    """A key of the supervisors' texts: what would have to come."""
    is_set_here: bool
    """The threshold was set by an office, not by the source."""


@dataclass(frozen=True, slots=True)
class Account:
    """One group of one card."""

    id: str
    name: str
    line: int | None
    verdict: GroupVerdict | None
    items: tuple[Item, ...]
    elsewhere: tuple[Criterion, ...]

    @property
    def needs_a_look(self) -> bool:
        return any(item.line.verdict in (Verdict.NOT_MET, Verdict.TOO_FEW) for item in self.items)


def account(criteria: CriteriaSet, card: Scorecard) -> tuple[Account, ...]:
    return tuple(
        Account(
            each.id,
            each.name,
            each.line,
            None if each.id == UNGROUPED else card.group(each.id),
            tuple(_item(criterion, card) for criterion in each.own),
            each.elsewhere,
        )
        for each in _groups(criteria)
    )


def _item(criterion: Criterion, card: Scorecard) -> Item:
    line, standing = card.line(criterion.id), card.standing
    return Item(
        criterion,
        line,
        tuple(signed for signed in standing.signed if signed.entered.criterion == criterion.id),
        tuple(entered for entered in standing.unsigned if entered.criterion == criterion.id),
        tuple(survey for survey in standing.fed(criterion.id) if survey.digest in line.rests_on),
        line.beside,
        missing(criterion, line),
        criterion.id in card.terms.thresholds,
    )


def missing(criterion: Criterion, line: Line) -> str | None:
    """What would have to come before this can be concluded; None where it is."""
    if line.verdict in (Verdict.MET, Verdict.NOT_MET):
        return None
    if line.reason == "slot":
        return "card.missing_wording"
    if line.reason == "unsigned":
        return "card.missing_signature"
    if line.reason == "no_threshold":
        return "card.missing_threshold"
    if line.reason == "none_arose":
        return None
    if line.verdict is Verdict.TOO_FEW:
        return "card.missing_ballots"
    kinds = set(criterion.basis)
    if kinds == {Basis.REGISTER}:
        return "card.missing_register"
    if kinds <= {Basis.SURVEY_HELD, Basis.SURVEY_SHARE}:
        return "card.missing_survey"
    return "card.missing_entry" if kinds == {Basis.ENTERED} else "card.missing_either"


@dataclass(frozen=True, slots=True)
class Differing:
    """Where a frozen card says something else than what would be concluded today."""

    criterion: str
    frozen: Verdict
    today: Verdict


def differing(frozen: FrozenCard, card: Scorecard) -> tuple[Differing, ...]:
    """None while nothing has changed since; a set that has got other criteria meanwhile cannot be held against it."""
    then = {line["criterion"]: Verdict(line["verdict"]) for line in frozen.frozen.content["lines"]}
    return tuple(
        Differing(line.criterion, then[line.criterion], line.verdict)
        for line in card.lines
        if line.criterion in then and then[line.criterion] is not line.verdict
    )


def tried_by(criteria: CriteriaSet) -> tuple[Criterion, ...]:
    """The criteria whose threshold one may try: those that are measured by a number."""
    return tuple(
        each for each in criteria.criteria if each.measure is not Measure.YES_NO and not each.is_slot
    )


# ── How it is written ────────────────────────────────────────────────────────────────────────────────────────────


def quoted(quote: Quote, criteria: CriteriaSet, criterion: Criterion) -> str:
    """Where a quote stands: `S1:L96`, or the criterion's own source."""
    if quote.line is not None:
        return f"{criteria.document}:L{quote.line}"
    return criterion.source


def is_share(criterion: Criterion) -> bool:
    return criterion.measure is Measure.SHARE


def bound_text(threshold: Threshold, criterion: Criterion, say: Words) -> str:
    """≥ 10 % · ≤ 0 vụ"""
    sign, bound = ("≥", threshold.at_least) if threshold.at_least is not None else ("≤", threshold.at_most)
    assert bound is not None
    if is_share(criterion):
        return f"{sign}{NUMBER_SPACE}{say.trimmed(bound)}"
    return f"{sign}{NUMBER_SPACE}{say.amount(bound)} {criterion.counted}".rstrip()


def value_text(value: Value, criterion: Criterion, say: Words) -> str:
    """What an officer or a register says: Có · 12 vụ · 13,00 % (52/400) hồ sơ đã giải quyết."""
    if value is None:
        return say("card.none_arose")
    if isinstance(value, bool):
        return say("card.yes" if value else "card.no")
    if isinstance(value, Proportion):
        return f"{share_text(value, say)} {criterion.counted}".rstrip()
    return f"{say.whole(value)} {criterion.counted}".rstrip()


def share_text(share: Proportion, say: Words) -> str:
    numbers = {"numerator": say.whole(share.numerator), "denominator": say.whole(share.denominator)}
    return say("card.survey_share", share=say.percent(share.share), **numbers)
