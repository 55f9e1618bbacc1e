"""Frozen scorecards as auditors check them: that a card rests on what was released, and says what follows from its evidence.

What follows is concluded again by `surveys.scorecard`. A criteria set travels with the cards as canonical JSON, so that an
imported set can be checked as well as one that ships. Evidence that officers entered is taken at their word, and two stand for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from surveys import documents
from surveys.canonical import canonical
from surveys.documents import NotCanonical
from surveys.ledger import Entry
from surveys.package import RELEASE, SCORECARDS, SETS, DoesNotFollow, Package
from surveys.records import ScorecardFrozen
from surveys.releases import ReleasedWard, read_release
from surveys.scorecard import (
    CriteriaSet,
    Criterion,
    Frozen,
    Measure,
    PassRule,
    Threshold,
    fed_by_release,
    recompute,
)
from surveys.scorecard import DoesNotFollow as CardDoesNotFollow
from surveys.scorecard.criteria import Basis, Group, Quote, RegisterShare
from surveys.scorecard.evidence import SurveyFed

__all__ = ["BadCard", "BadSet", "check_scorecards", "read_set_line", "recorded", "set_line"]


class BadCard(ValueError):
    """A frozen scorecard does not follow."""


class BadSet(ValueError):
    """This is no criteria set."""


def recorded(frozen: Frozen) -> ScorecardFrozen:
    """What the ledger says when a card is frozen. Raises BadCard when it is none."""
    try:
        content = frozen.content
        return ScorecardFrozen(
            unit=content["unit"],
            year=content["year"],
            scorecard=frozen.digest,
            criteria=content["criteria"][1],
            waves=tuple(sorted({survey["release"][0] for survey in content["evidence"]["surveys"]})),
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise BadCard("This is no scorecard.") from None


def check_scorecards(package: Package, entries: Sequence[Entry]) -> int:
    """That every frozen card that rests on the wave follows from its evidence, and its evidence from the release, which is checked.

    Returns how many. Raises DoesNotFollow.
    """
    frozen = [
        entry.record
        for entry in entries
        if isinstance(entry.record, ScorecardFrozen) and package.wave in entry.record.waves
    ]
    sets = _sets(package, {record.criteria for record in frozen})
    released = {documents.read(line)["unit"]: line for _, line in package.lines(RELEASE)} if frozen else {}
    number = 0
    for number, line in package.lines(SCORECARDS):
        if number > len(frozen):
            raise DoesNotFollow(SCORECARDS, number, "The ledger names no such scorecard.")
        try:
            _check_card(line, frozen[number - 1], sets, package.wave, released)
        except BadCard as problem:
            raise DoesNotFollow(SCORECARDS, number, str(problem)) from None
    if number < len(frozen):
        raise DoesNotFollow(
            SCORECARDS, number, f"The ledger names {len(frozen)} scorecards that rest on the wave."
        )
    return number


def _sets(package: Package, named: set[str]) -> dict[str, CriteriaSet]:
    """Digest → criteria set, each of which some card is by."""
    sets: dict[str, CriteriaSet] = {}
    for number, line in package.lines(SETS):
        try:
            criteria = read_set_line(line)
        except BadSet as problem:
            raise DoesNotFollow(SETS, number, str(problem)) from None
        if criteria.digest not in named - sets.keys():
            raise DoesNotFollow(SETS, number, "No scorecard here is by this set, or it was changed.")
        sets[criteria.digest] = criteria
    return sets


def _check_card(
    line: str,
    record: ScorecardFrozen,
    sets: Mapping[str, CriteriaSet],
    wave: str,
    released: Mapping[str, str],
) -> None:
    """`line`: the card; `record`: what the ledger says of it; `sets`: by digest; `released`: unit → the wave's release of it.

    Raises BadCard.
    """
    frozen = Frozen(line)
    if recorded(frozen) != record:
        raise BadCard(
            "It is not the scorecard that the ledger names here: it was changed, dropped, added or moved."
        )
    criteria = sets.get(record.criteria)
    if criteria is None:
        raise BadCard("Its criteria set is not in the package.")
    try:
        card = recompute(frozen, criteria)
    except CardDoesNotFollow as problem:
        raise BadCard(str(problem)) from None
    _rests_on_release(card.standing.surveys, record, criteria, wave, released)


def _rests_on_release(
    surveys: Iterable[SurveyFed],
    record: ScorecardFrozen,
    criteria: CriteriaSet,
    wave: str,
    released: Mapping[str, str],
) -> None:
    """That what this wave feeds into the card is all that its release shows of the criteria, and nothing else."""
    fed = [survey for survey in surveys if survey.release.wave == wave]
    if record.unit not in released:
        raise BadCard(f"It rests on wave {wave}, in which unit {record.unit} took no part.")
    line = released[record.unit]
    ward = read_release(line)
    if not isinstance(ward, ReleasedWard):
        raise BadCard(f"Unit {record.unit} is no ward: nothing that is released of it feeds a card.")
    moments = {survey.release.released_at for survey in fed}
    expected = [
        survey
        for moment in moments
        for survey in fed_by_release(criteria, ward, record.year, documents.fingerprint(line), moment)
    ]
    if sorted(map(repr, fed)) != sorted(map(repr, expected)) or len(moments) != 1:
        raise BadCard(f"What it says that wave {wave} shows of unit {record.unit} is not what was released.")


# ── Criteria sets as lines ───────────────────────────────────────────────────────────────────────────────────────


def set_line(criteria: CriteriaSet) -> str:
    """Canonical JSON."""
    return canonical(criteria.as_plain())


def read_set_line(line: str) -> CriteriaSet:
    """Raises BadSet."""
    try:
        criteria = _set(documents.read(line))
    except (NotCanonical, ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError):
        raise BadSet("This is no criteria set.") from None
    if set_line(criteria) != line:
        raise BadSet("This is no criteria set as we write it.")
    return criteria


def _set(plain: Mapping[str, Any]) -> CriteriaSet:
    rule, valid_to = plain["pass_rule"], plain["valid_to"]
    return CriteriaSet(
        id=plain["id"],
        name=plain["name"],
        source=plain["source"],
        document=plain["document"],
        valid_from=date.fromisoformat(plain["valid_from"]),
        valid_to=None if valid_to is None else date.fromisoformat(valid_to),
        groups=tuple(Group(*group) for group in plain["groups"]),
        criteria=tuple(map(_criterion, plain["criteria"])),
        pass_rule=None if rule is None else PassRule(*rule),
    )


def _criterion(plain: Mapping[str, Any]) -> Criterion:
    threshold, register = plain["threshold"], plain["register"]
    return Criterion(
        id=plain["id"],
        groups=tuple(plain["groups"]),
        short=plain["short"],
        quotes=tuple(Quote(*quote) for quote in plain["quotes"]),
        basis=tuple(map(Basis, plain["basis"])),
        measure=Measure(plain["measure"]),
        threshold=None if threshold is None else Threshold(*map(_fraction, threshold)),
        counted=plain["counted"],
        register=None if register is None else RegisterShare(register),
        fed_by=tuple(plain["fed_by"]),
        source=plain["source"],
    )


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
