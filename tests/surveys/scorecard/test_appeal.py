"""A ward disagrees."""

from dataclasses import replace

import pytest

from surveys.scorecard import (
    NotFitting,
    NotYet,
    Outcome,
    SamePerson,
    appeal_against,
    decide,
    freeze,
    load_set,
    recompute,
    superseding,
)
from surveys.scorecard.appeal import Appeal
from tests.surveys.scorecard.made import HOUR, LATER, WARD, card, entry, signed

QD1578 = load_set("qd1578")
FROZEN = freeze(
    card(QD1578, signed(entry("R1.1", False))), "giam-doc", LATER, countersigned_by="chanh-van-phong"
)


def filed(**changes: object) -> Appeal:
    said = {
        "id": "kn-1",
        "criterion": "R1.1",
        "officer": "truong-cap",
        "reason": "đã được công nhận",
        "filed_at": LATER + HOUR,
        **changes,
    }
    return appeal_against(FROZEN, **said)  # type: ignore[arg-type]


def decided(outcome: Outcome = Outcome.ACCEPTED, **changes: object):
    said = {
        "officer": "pho-giam-doc",
        "reason": "đúng là có quyết định",
        "decided_at": LATER + 2 * HOUR,
        **changes,
    }
    return decide(filed(), outcome, **said)  # type: ignore[arg-type]


def test_an_appeal_is_against_one_line_of_a_frozen_card():
    assert filed().scorecard == FROZEN.digest
    assert filed().unit == WARD
    assert filed(filed_at=LATER)
    with pytest.raises(KeyError):
        filed(criterion="R9.9")


@pytest.mark.parametrize("change", [{"reason": " "}, {"id": ""}, {"officer": ""}])
def test_it_has_a_reason_and_somebody_who_gives_it(change):
    with pytest.raises(NotFitting):
        filed(**change)


def test_nothing_comes_before_what_it_follows():
    with pytest.raises(NotYet):
        filed(filed_at=LATER - HOUR)
    with pytest.raises(NotYet):
        decided(decided_at=LATER)
    assert decided(decided_at=LATER + HOUR)


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REJECTED])
def test_another_person_decides_with_a_reason(outcome):
    assert decided(outcome).outcome is outcome
    with pytest.raises(SamePerson):
        decided(outcome, officer="Truong-CAP")
    with pytest.raises(NotFitting):
        decided(outcome, reason="")


def test_only_who_filed_it_withdraws_it():
    assert decided(Outcome.WITHDRAWN, officer="truong-cap").outcome is Outcome.WITHDRAWN
    with pytest.raises(NotFitting):
        decided(Outcome.WITHDRAWN)


def test_an_accepted_appeal_lets_another_card_replace_the_old_one_which_stays():
    replaces = superseding(FROZEN, filed(), decided())
    better = card(QD1578, signed(entry("R1.1", True)), as_of=LATER + 3 * HOUR)

    new = freeze(better, "giam-doc", LATER + 3 * HOUR, replaces, countersigned_by="chanh-van-phong")

    assert new.content["supersedes"] == [FROZEN.digest, "kn-1"]
    assert recompute(new, QD1578).line("R1.1").reason == "yes"
    assert recompute(FROZEN, QD1578).line("R1.1").reason == "no"


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.WITHDRAWN])
def test_no_other_outcome_replaces_anything(outcome):
    officer = "truong-cap" if outcome is Outcome.WITHDRAWN else "pho-giam-doc"

    with pytest.raises(NotFitting, match="not accepted"):
        superseding(FROZEN, filed(), decided(outcome, officer=officer))


def test_the_appeal_must_be_about_this_card():
    with pytest.raises(NotFitting, match="not about this card"):
        superseding(FROZEN, replace(filed(), scorecard="00"), decided())
    with pytest.raises(NotFitting, match="not about this card"):
        superseding(FROZEN, replace(filed(), id="kn-2"), decided())
