"""A scorecard (bảng điểm): one unit, one year, one criteria set, as of one moment. Criterion by criterion, group by group, and
overall by the set's own pass rule, if it has one. It knows no other unit, and changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from surveys.assessment import Verdict
from surveys.scorecard.criteria import CriteriaSet, PassRule, Threshold
from surveys.scorecard.judging import Line, Terms, judge
from surveys.scorecard.records import Standing
from surveys.scorecard.words import say

__all__ = ["Change", "GroupVerdict", "NotInForce", "Overall", "Scorecard", "WhatIf", "score", "what_if"]


class NotInForce(ValueError):
    """The criteria set was not valid on any day of that year."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many criteria came out how."""

    met: int
    failed: int
    too_few: int
    no_basis: int

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Tally":
        verdicts = [line.verdict for line in lines]
        return cls(
            verdicts.count(Verdict.MET),
            verdicts.count(Verdict.NOT_MET),
            verdicts.count(Verdict.TOO_FEW),
            verdicts.count(Verdict.NO_BASIS),
        )

    @property
    def open(self) -> int:
        return self.too_few + self.no_basis


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """A group is met when all of its criteria are, and not met as soon as one is not. No source says so: our reading."""

    group: str
    verdict: Verdict
    reason: str
    tally: Tally

    @property
    def text(self) -> str:
        return say("reason", self.reason)


@dataclass(frozen=True, slots=True)
class Overall:
    """The unit as a whole, by the set's pass rule."""

    verdict: Verdict
    reason: str
    tally: Tally
    rule: PassRule | None

    @property
    def text(self) -> str:
        if self.rule is None:
            return say("reason", self.reason)
        numbers = {
            "met": self.tally.met,
            "open": self.tally.open,
            "of": self.rule.of,
            "needed": self.rule.needed,
        }
        text = say("reason", self.reason, **numbers)
        return f"{text}; {say('overall', 'assumed', **numbers)}" if self.rule.is_assumed else text


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Everything a page, a report or a verifier needs."""

    criteria: str
    """The set's id."""
    criteria_digest: str
    terms: Terms
    standing: Standing
    """What stood: unit, year, moment and the evidence itself."""
    lines: tuple[Line, ...]
    groups: tuple[GroupVerdict, ...]
    overall: Overall
    is_what_if: bool = False
    """Made to try thresholds: never saved, frozen or counted."""

    @property
    def unit(self) -> str:
        return self.standing.unit

    @property
    def year(self) -> int:
        return self.standing.year

    def line(self, criterion: str) -> Line:
        """Raises KeyError."""
        for line in self.lines:
            if line.criterion == criterion:
                return line
        raise KeyError(criterion)

    def group(self, id: str) -> GroupVerdict:
        """Raises KeyError."""
        for group in self.groups:
            if group.group == id:
                return group
        raise KeyError(id)


def score(criteria: CriteriaSet, standing: Standing, terms: Terms) -> Scorecard:
    """The scorecard that follows from what stood. The same evidence and terms, the same card.

    `records.standing(unit, year, as_of)` asks “as it was known then”. Raises NotInForce, FixedBySource, KeyError.
    """
    if not criteria.is_valid_in(standing.year):
        raise NotInForce(f"{criteria.id} was not in force in {standing.year}.")
    return _scored(criteria, standing, terms.checked(criteria))


def _scored(criteria: CriteriaSet, standing: Standing, terms: Terms) -> Scorecard:
    lines = tuple(judge(criterion, standing, terms) for criterion in criteria.criteria)
    by_id = {line.criterion: line for line in lines}
    groups = tuple(
        _group(group.id, [by_id[criterion.id] for criterion in criteria.of_group(group.id)])
        for group in criteria.groups
    )
    overall = _overall(lines, criteria.pass_rule)
    return Scorecard(criteria.id, criteria.digest, terms, standing, lines, groups, overall)


def _group(id: str, lines: Sequence[Line]) -> GroupVerdict:
    tally = Tally.of(lines)
    if not lines:
        return GroupVerdict(id, Verdict.NO_BASIS, "no_items", tally)
    if tally.failed:
        return GroupVerdict(id, Verdict.NOT_MET, "some_failed", tally)
    if tally.open == 0:
        return GroupVerdict(id, Verdict.MET, "all_met", tally)
    return GroupVerdict(id, Verdict.NO_BASIS if tally.no_basis else Verdict.TOO_FEW, "some_open", tally)


def _overall(lines: Sequence[Line], rule: PassRule | None) -> Overall:
    """Met when enough criteria are met; not met when the open ones could no longer make up for it."""
    tally = Tally.of(lines)
    if rule is None:
        return Overall(Verdict.NO_BASIS, "no_pass_rule", tally, None)
    if tally.met >= rule.needed:
        return Overall(Verdict.MET, "enough", tally, rule)
    if tally.met + tally.open < rule.needed:
        return Overall(Verdict.NOT_MET, "cannot", tally, rule)
    # More ballots alone could still decide it, or something has to be entered first.
    more_ballots_could = tally.met + tally.too_few >= rule.needed
    return Overall(Verdict.TOO_FEW if more_ballots_could else Verdict.NO_BASIS, "open", tally, rule)


# ── What if ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Change:
    criterion: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two cards side by side; the second is for looking at."""

    before: Scorecard
    after: Scorecard

    @property
    def changes(self) -> tuple[Change, ...]:
        pairs = zip(self.before.lines, self.after.lines, strict=True)
        return tuple(
            Change(one.criterion, one.verdict, other.verdict)
            for one, other in pairs
            if one.verdict is not other.verdict
        )


def what_if(
    criteria: CriteriaSet,
    card: Scorecard,
    *,
    thresholds: Mapping[str, Threshold] | None = None,
    minimum: int | None = None,
    needed: int | None = None,
) -> WhatIf:
    """What the same evidence would say under other thresholds, even where the source sets them, another minimum, or another
    number of criteria needed. Nothing is saved. Raises KeyError for an unknown criterion, ValueError for a set that is not the
    card's, or for a number of criteria where there is no rule."""
    if criteria.digest != card.criteria_digest:
        raise ValueError("This card was judged by another criteria set.")
    for id in thresholds or ():
        criteria.criterion(id)
    if needed is not None:
        if criteria.pass_rule is None:
            raise ValueError(f"{criteria.id} has no pass rule to change.")
        criteria = replace(criteria, pass_rule=replace(criteria.pass_rule, needed=needed))
    terms = Terms(
        card.terms.minimum if minimum is None else minimum, {**card.terms.thresholds, **(thresholds or {})}
    )
    after = _scored(criteria, card.standing, terms)
    return WhatIf(card, replace(after, criteria_digest=card.criteria_digest, is_what_if=True))
