"""A scorecard put on record: one text that holds the evidence and everything that was concluded from it, and its hash.

Whoever has the text and the criteria set can conclude again and see whether the same comes out; `recompute` does, and names
the first thing that does not follow. Signing the hash and keeping it in the ledger is the handlers' work.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from surveys.canonical import canonical, digest_of_text, moment_text, read_moment
from surveys.scorecard.card import GroupVerdict, NotInForce, Overall, Scorecard, Tally, score
from surveys.scorecard.criteria import CriteriaSet
from surveys.scorecard.evidence import NotYet, SamePerson, same_officer
from surveys.scorecard.judging import FixedBySource, Line
from surveys.scorecard.plain import records_in, terms_in, terms_out, threshold_out

__all__ = ["DoesNotFollow", "Frozen", "Supersedes", "Untried", "freeze", "recompute"]


class Untried(ValueError):
    """A what-if is for looking at, not for the record."""


class DoesNotFollow(ValueError):
    """A frozen scorecard says what its evidence does not; `place` is where: `lines/T7.3/verdict`."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"What the scorecard says at {place} does not follow from its evidence.")


@dataclass(frozen=True, slots=True)
class Supersedes:
    """Which frozen card another one replaces, and the appeal that was accepted."""

    scorecard: str
    """The earlier card's digest."""
    appeal: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """What is signed, put into the ledger and never changed."""

    body: str
    """Canonical JSON."""

    @property
    def digest(self) -> str:
        return digest_of_text("scorecard", self.body)

    @property
    def content(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = json.loads(self.body)
        return content


def freeze(
    card: Scorecard,
    officer: str,
    frozen_at: datetime,
    supersedes: Supersedes | None = None,
    *,
    countersigned_by: str,
) -> Frozen:
    """The same card frozen by the same two persons at the same moment is the same bytes. Raises SamePerson, Untried for a
    what-if, NotYet before the moment the card speaks of."""
    if same_officer(officer, countersigned_by):
        raise SamePerson(f"{officer} cannot freeze a scorecard alone: another person signs with them.")
    if card.is_what_if:
        raise Untried("A what-if cannot be frozen.")
    if frozen_at < card.standing.as_of:
        raise NotYet("A card cannot be frozen before the moment it speaks of.")
    return Frozen(canonical(_card_out(card, officer, countersigned_by, frozen_at, supersedes)))


def recompute(frozen: Frozen, criteria: CriteriaSet) -> Scorecard:
    """Concludes again from the frozen evidence: signatures, moments, verdicts. Raises DoesNotFollow, naming the first place."""
    try:
        content = frozen.content
        if canonical(content) != frozen.body:
            raise DoesNotFollow("form")
        officer, frozen_at = content["frozen_by"], read_moment(content["frozen_at"])
        replaced = content["supersedes"]
        records, terms = records_in(content["evidence"]), terms_in(content["terms"])
        standing = records.standing(content["unit"], content["year"], read_moment(content["as_of"]))
        card = score(criteria, standing, terms)
        again = freeze(
            card,
            officer,
            frozen_at,
            Supersedes(*replaced) if replaced else None,
            countersigned_by=content["countersigned_by"],
        )
    except NotInForce:
        raise DoesNotFollow("year") from None
    except FixedBySource:
        raise DoesNotFollow("terms") from None
    except DoesNotFollow:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise DoesNotFollow("form") from None
    if again.body != frozen.body:
        raise DoesNotFollow(_first_difference(again.content, content))
    return card


# What follows from what, of a card and of its lines: the first difference in this order is the cause of those after it.
CARD = ("kind", "criteria", "unit", "year", "as_of", "terms", "evidence", "lines", "groups", "overall")
LINE = ("verdict", "reason", "numbers", "threshold", "rests_on", "beside")
DEPENDENCE = (*CARD, *LINE)


def _dependence(key: str) -> tuple[int, str]:
    return DEPENDENCE.index(key) if key in DEPENDENCE else len(DEPENDENCE), key


def _first_difference(expected: object, found: object, place: str = "") -> str:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys(), key=_dependence):
            if expected.get(key) != found.get(key) or (key in expected) is not (key in found):
                return _first_difference(expected.get(key), found.get(key), f"{place}/{key}")
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for position, (one, other) in enumerate(zip(expected, found, strict=True)):
            if one != other:
                name = one.get("criterion", one.get("group", position)) if isinstance(one, dict) else position
                return _first_difference(one, other, f"{place}/{name}")
    return place.removeprefix("/")


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _card_out(
    card: Scorecard, officer: str, other: str, frozen_at: datetime, supersedes: Supersedes | None
) -> dict[str, object]:
    standing = card.standing
    return {
        "kind": "scorecard",
        "unit": standing.unit,
        "year": standing.year,
        "as_of": moment_text(standing.as_of),
        "criteria": [card.criteria, card.criteria_digest],
        "terms": terms_out(card.terms),
        "evidence": {
            "signed": [
                [signed.entered.as_plain(), signed.signature.officer, moment_text(signed.signature.signed_at)]
                for signed in standing.signed
            ],
            "unsigned": [entered.as_plain() for entered in standing.unsigned],
            "surveys": [survey.as_plain() for survey in standing.surveys],
        },
        "lines": [_line_out(line) for line in card.lines],
        "groups": [_group_out(group) for group in card.groups],
        "overall": _overall_out(card.overall),
        "frozen_by": officer,
        "countersigned_by": other,
        "frozen_at": moment_text(frozen_at),
        "supersedes": supersedes and [supersedes.scorecard, supersedes.appeal],
    }


def _line_out(line: Line) -> dict[str, object]:
    return {
        "criterion": line.criterion,
        "verdict": line.verdict,
        "reason": line.reason,
        "numbers": line.numbers,
        "threshold": threshold_out(line.threshold),
        "rests_on": line.rests_on,
        "beside": [survey.digest for survey in line.beside],
    }


def _group_out(group: GroupVerdict) -> dict[str, object]:
    return {
        "group": group.group,
        "verdict": group.verdict,
        "reason": group.reason,
        "tally": _tally_out(group.tally),
    }


def _overall_out(overall: Overall) -> dict[str, object]:
    rule = overall.rule
    return {
        "verdict": overall.verdict,
        "reason": overall.reason,
        "tally": _tally_out(overall.tally),
        "rule": rule and [rule.needed, rule.of, rule.is_assumed],
    }


def _tally_out(tally: Tally) -> list[int]:
    return [tally.met, tally.failed, tally.too_few, tally.no_basis]
