"""A ward disagrees with a frozen scorecard (kiến nghị xem xét lại): why, who decided, and what follows. Pure.

A frozen card never changes. An appeal that is accepted allows another card to replace it, which says so and by which appeal.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from surveys.scorecard.evidence import NotFitting, NotYet, SamePerson, same_officer
from surveys.scorecard.freezing import Frozen, Supersedes

__all__ = ["Appeal", "Decision", "Outcome", "appeal_against", "decide", "superseding"]


class Outcome(StrEnum):
    ACCEPTED = "chap_nhan"
    REJECTED = "khong_chap_nhan"
    WITHDRAWN = "rut"


@dataclass(frozen=True, slots=True)
class Appeal:
    id: str
    scorecard: str
    """The frozen card's digest."""
    unit: str
    criterion: str
    officer: str
    reason: str
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    appeal: str
    outcome: Outcome
    officer: str
    reason: str
    decided_at: datetime


def appeal_against(
    frozen: Frozen, *, id: str, criterion: str, officer: str, reason: str, filed_at: datetime
) -> Appeal:
    """Against one line of a frozen card. Raises KeyError when the card has no such line, NotFitting without a reason, NotYet."""
    card = frozen.content
    if criterion not in {line["criterion"] for line in card["lines"]}:
        raise KeyError(criterion)
    if not (reason.strip() and id.strip() and officer.strip()):
        raise NotFitting("An appeal has an id, an officer and a reason.")
    if filed_at < datetime.fromisoformat(card["frozen_at"]):
        raise NotYet("The card was not yet frozen then.")
    return Appeal(id, frozen.digest, card["unit"], criterion, officer, reason, filed_at)


def decide(appeal: Appeal, outcome: Outcome, *, officer: str, reason: str, decided_at: datetime) -> Decision:
    """Somebody else decides; only whoever filed an appeal may withdraw it. Raises SamePerson, NotFitting, NotYet."""
    is_own = same_officer(officer, appeal.officer)
    if outcome is Outcome.WITHDRAWN and not is_own:
        raise NotFitting(f"Only {appeal.officer} can withdraw {appeal.id}.")
    if outcome is not Outcome.WITHDRAWN and is_own:
        raise SamePerson(f"{officer} cannot decide an appeal of their own.")
    if not reason.strip():
        raise NotFitting("A decision has a reason.")
    if decided_at < appeal.filed_at:
        raise NotYet(f"{appeal.id} was not yet filed then.")
    return Decision(appeal.id, outcome, officer, reason, decided_at)


def superseding(frozen: Frozen, appeal: Appeal, decision: Decision) -> Supersedes:
    """What lets another card replace this one; hand it to `freeze`. Raises NotFitting unless this card's appeal was accepted."""
    if appeal.scorecard != frozen.digest or decision.appeal != appeal.id:
        raise NotFitting("That appeal is not about this card.")
    if decision.outcome is not Outcome.ACCEPTED:
        raise NotFitting(f"{appeal.id} was not accepted.")
    return Supersedes(frozen.digest, appeal.id)
