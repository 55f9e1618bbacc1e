"""Groups, the unit as a whole, and what would be if."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.assessment import Verdict
from surveys.scorecard import Records, Terms, Threshold, load_set, what_if
from surveys.scorecard.card import GroupVerdict, Tally, _group, _overall
from surveys.scorecard.criteria import Basis, CriteriaSet, Measure, PassRule, Quote
from surveys.scorecard.judging import Line
from tests.surveys.scorecard.made import HOUR, NOON, all_met, card, entry, fed, share, signed

QD1578 = load_set("qd1578")
MET, NOT_MET, TOO_FEW, NO_BASIS = Verdict.MET, Verdict.NOT_MET, Verdict.TOO_FEW, Verdict.NO_BASIS
NINETY = Terms(30, {"R7.1": Threshold(Fraction(9, 10)), "T7.1": Threshold(Fraction(9, 10))})


# ── Groups ───────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(*verdicts: Verdict) -> list[Line]:
    return [Line(f"c{place}", verdict, "x") for place, verdict in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], (NO_BASIS, "no_items")),
        ([MET, MET], (MET, "all_met")),
        ([MET, NOT_MET, NO_BASIS], (NOT_MET, "some_failed")),
        ([MET, TOO_FEW], (TOO_FEW, "some_open")),
        ([MET, TOO_FEW, NO_BASIS], (NO_BASIS, "some_open")),
        ([NO_BASIS], (NO_BASIS, "some_open")),
    ],
)
def test_a_group_is_met_when_all_of_it_is_and_fails_with_one(verdicts, expected):
    found = _group("g", lines(*verdicts))

    assert (found.verdict, found.reason) == expected
    assert found.group == "g"
    assert found.text


@given(st.lists(st.sampled_from(Verdict), max_size=8))
def test_a_groups_tally_counts_each_of_its_criteria_once(verdicts):
    tally = _group("g", lines(*verdicts)).tally

    assert (tally.met, tally.failed, tally.too_few, tally.no_basis) == tuple(
        sum(verdict is of for verdict in verdicts) for of in (MET, NOT_MET, TOO_FEW, NO_BASIS)
    )


def test_groups_follow_from_the_criteria_that_belong_to_them():
    one_bad = all_met(QD1578, {"R6.1": share(9, 10)})

    found = card(QD1578, one_bad)

    assert found.group("7").verdict is NOT_MET  # R6.1 belongs to both
    assert found.group("8").verdict is NOT_MET
    assert found.group("1").verdict is MET
    assert found.group("III.7") == GroupVerdict("III.7", NO_BASIS, "some_open", Tally(4, 0, 0, 3))
    with pytest.raises(KeyError, match="III"):
        found.group("III.9")
    with pytest.raises(KeyError, match="R9"):
        found.line("R9.9")


def test_a_card_names_the_set_and_the_evidence_it_was_judged_by():
    records = all_met(QD1578)

    found = card(QD1578, records)

    assert (found.criteria, found.criteria_digest) == ("qd1578", QD1578.digest)
    assert (found.unit, found.year) == ("29242", 2026)
    assert {line.criterion for line in found.lines} == {criterion.id for criterion in QD1578.criteria}
    assert [group.group for group in found.groups] == [group.id for group in QD1578.groups]


# ── Overall ──────────────────────────────────────────────────────────────────────────────────────────────────────

RULE = PassRule(20, 22, True, "S4:L7")


@pytest.mark.parametrize(
    ("met", "failed", "too_few", "no_basis", "expected"),
    [
        (22, 0, 0, 0, (MET, "enough")),
        (20, 2, 0, 0, (MET, "enough")),
        (20, 0, 2, 0, (MET, "enough")),
        (19, 3, 0, 0, (NOT_MET, "cannot")),
        (0, 3, 0, 19, (NOT_MET, "cannot")),
        (19, 2, 1, 0, (TOO_FEW, "open")),
        (19, 2, 0, 1, (NO_BASIS, "open")),
        (18, 2, 1, 1, (NO_BASIS, "open")),
        (18, 1, 2, 1, (TOO_FEW, "open")),
        (0, 0, 0, 22, (NO_BASIS, "open")),
    ],
)
def test_20_of_22(met, failed, too_few, no_basis, expected):
    found = _overall(
        lines(*[MET] * met, *[NOT_MET] * failed, *[TOO_FEW] * too_few, *[NO_BASIS] * no_basis), RULE
    )

    assert (found.verdict, found.reason) == expected
    assert found.tally == Tally(met, failed, too_few, no_basis)


@given(st.lists(st.sampled_from(Verdict), min_size=22, max_size=22))
def test_no_outcome_of_the_open_ones_contradicts_a_verdict(verdicts):
    found = _overall(lines(*verdicts), RULE)

    best = [MET if one in (TOO_FEW, NO_BASIS) else one for one in verdicts]
    worst = [NOT_MET if one in (TOO_FEW, NO_BASIS) else one for one in verdicts]
    if found.verdict is MET:
        assert _overall(lines(*worst), RULE).verdict is MET
    elif found.verdict is NOT_MET:
        assert _overall(lines(*best), RULE).verdict is NOT_MET
    else:
        assert _overall(lines(*best), RULE).verdict is MET
        assert _overall(lines(*worst), RULE).verdict is NOT_MET


def test_an_assumed_rule_says_so_wherever_it_is_read():
    found = _overall(lines(*[MET] * 20, *[NO_BASIS] * 2), RULE)

    assert found.text == "đạt 20/22, cần 20; quy tắc 20/22 là giả định"
    assert (
        _overall(lines(*[MET] * 20, *[NO_BASIS] * 2), replace(RULE, is_assumed=False)).text
        == "đạt 20/22, cần 20"
    )
    assert "còn 3 chưa kết luận" in _overall(lines(*[MET] * 19, *[NO_BASIS] * 3), RULE).text
    for failed in (
        _overall(lines(*[NOT_MET] * 22), RULE),
        _overall(lines(*[MET] * 19, *[NOT_MET] * 3), RULE),
    ):
        assert failed.text.endswith("quy tắc 20/22 là giả định")


def test_where_no_rule_is_stated_nobody_passes_or_fails():
    found = card(QD1578, all_met(QD1578)).overall

    assert (found.verdict, found.reason) == (NO_BASIS, "no_pass_rule")
    assert found.text == "văn bản không nêu phải đạt bao nhiêu tiêu chí"
    assert found.tally.met == 56  # all but what residents and the threshold on time decide


def test_the_empty_frame_scores_nothing():
    found = card(load_set("khung-5764"), Records())

    assert {(line.verdict, line.reason) for line in found.lines} == {(NO_BASIS, "slot")}
    assert [line.criterion for line in found.lines] == [slot.id for slot in load_set("khung-5764").criteria]
    assert found.overall.verdict is NO_BASIS


# ── As it was known ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_card_is_as_of_a_moment():
    records = signed(entry("R1.1", True, id="a"), entry("R1.1", False, id="b", at=NOON + 5 * HOUR))

    at = [card(QD1578, records, as_of=NOON + hours * HOUR).line("R1.1") for hours in (0, 1, 5, 6)]

    assert [line.reason for line in at] == ["unsigned", "yes", "yes", "no"]


# ── What if ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_if_shows_what_would_change_and_leaves_the_card_alone():
    records = signed(
        entry("T7.3", share(8, 100), basis=Basis.REGISTER), surveys=(fed("R7.1", seen=(390, 400)),)
    )
    before = card(QD1578, records)

    found = what_if(
        QD1578, before, thresholds={"T7.3": Threshold(Fraction(5, 100)), "R7.1": Threshold(Fraction(9, 10))}
    )

    assert found.before == before == card(QD1578, records)
    assert {(change.criterion, change.before, change.after) for change in found.changes} == {
        ("T7.3", NOT_MET, MET),
        ("R7.1", NO_BASIS, MET),
    }
    assert found.after.is_what_if
    assert not found.before.is_what_if


def test_what_if_keeps_the_terms_it_does_not_change():
    before = card(QD1578, Records(surveys=(fed("R7.1", seen=(390, 400)), fed("T2.1", n=40))), NINETY)

    assert what_if(QD1578, before).changes == ()
    raised = what_if(QD1578, before, minimum=41)
    assert [change.criterion for change in raised.changes] == ["T2.1"]
    assert raised.after.terms.thresholds == NINETY.thresholds
    again = what_if(QD1578, raised.after, minimum=30)
    assert again.after.lines == before.lines


def test_what_if_another_number_were_needed():
    one = QD1578.criteria[0]
    criteria = replace(QD1578, pass_rule=PassRule(59, 59, True, "?"))
    before = card(criteria, signed(entry(one.id)))

    assert what_if(criteria, before, needed=1).after.overall.verdict is MET
    assert before.overall.verdict is NO_BASIS
    with pytest.raises(ValueError, match="no pass rule"):
        what_if(QD1578, card(QD1578, Records()), needed=1)


def test_what_if_can_be_asked_again_of_what_came_of_it():
    criteria = replace(QD1578, pass_rule=PassRule(59, 59, True, "?"))
    before = card(criteria, signed(entry(criteria.criteria[0].id)))

    fewer = what_if(criteria, before, needed=1).after

    assert fewer.criteria_digest == before.criteria_digest
    assert what_if(criteria, fewer).after.overall == before.overall


def test_what_if_asks_only_what_can_be_asked():
    before = card(QD1578, Records())

    with pytest.raises(KeyError):
        what_if(QD1578, before, thresholds={"R9.9": Threshold(Fraction(1))})
    with pytest.raises(ValueError, match=r"^This card was judged by another criteria set\.$"):
        what_if(load_set("khung-5764"), before)


# ── An imported framework ────────────────────────────────────────────────────────────────────────────────────────


def filled(criteria: CriteriaSet) -> CriteriaSet:
    made = tuple(
        replace(slot, quotes=(Quote(None, "Nội dung thử"),), measure=Measure.YES_NO)
        for slot in criteria.criteria
    )
    return replace(criteria, id="thu", criteria=made)


def test_a_filled_frame_is_scored_by_its_assumed_rule():
    criteria = filled(load_set("khung-5764"))
    entries = [entry(criterion.id) for criterion in criteria.criteria[:20]]

    assert card(criteria, signed(*entries[:19])).overall.verdict is NO_BASIS
    found = card(criteria, signed(*entries)).overall
    assert found.verdict is MET
    assert "giả định" in found.text
