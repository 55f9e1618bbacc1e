"""Verdicts: by criterion, by group, overall; and what would be if."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.assessment import Seen, Verdict
from surveys.results import Proportion
from surveys.scorecard import FixedBySource, NotInForce, Records, Terms, Threshold, load_set, score, what_if
from surveys.scorecard.card import GroupVerdict, Tally, _group, _overall
from surveys.scorecard.criteria import Basis, CriteriaSet, Measure, PassRule, Quote
from surveys.scorecard.judging import Line
from tests.surveys.scorecard.made import HOUR, NOON, TERMS, all_met, card, entry, fed, share, signed, standing

QD1578 = load_set("qd1578")
MET, NOT_MET, TOO_FEW, NO_BASIS = Verdict.MET, Verdict.NOT_MET, Verdict.TOO_FEW, Verdict.NO_BASIS
NINETY = Terms(30, {"R7.1": Threshold(Fraction(9, 10)), "T7.1": Threshold(Fraction(9, 10))})


def verdict(records: Records, criterion: str, terms: Terms = TERMS) -> tuple[Verdict, str]:
    line = card(QD1578, records, terms).line(criterion)
    return line.verdict, line.reason


# ── What officers enter ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("criterion", "value", "expected"),
    [
        ("R1.1", True, (MET, "yes")),
        ("R1.1", False, (NOT_MET, "no")),
        ("R4.1", 0, (MET, "met")),
        ("R4.1", 1, (NOT_MET, "not_met")),
        ("T2.3", 10, (MET, "met")),
        ("T2.3", 9, (NOT_MET, "not_met")),
        ("R2.4", share(20, 20), (MET, "met")),
        ("R2.4", share(19, 20), (NOT_MET, "not_met")),
        ("R2.4", share(9999, 10_000), (NOT_MET, "not_met")),
        ("T5.2", None, (NO_BASIS, "none_arose")),
    ],
)
def test_a_signed_value_is_compared_as_it_is(criterion, value, expected):
    assert verdict(signed(entry(criterion, value)), criterion) == expected


def test_without_evidence_or_a_second_person_there_is_no_basis():
    assert verdict(Records(), "R1.1") == (NO_BASIS, "no_evidence")
    assert verdict(Records((entry("R1.1"),)), "R1.1") == (NO_BASIS, "unsigned")


def test_a_register_share_without_a_threshold_is_shown_and_not_judged():
    records = signed(entry("T7.2", share(97, 100), basis=Basis.REGISTER))

    assert verdict(records, "T7.2") == (NO_BASIS, "no_threshold")
    assert card(QD1578, records).line("T7.2").figure == Proportion(97, 100)
    set_by_us = Terms(30, {"T7.2": Threshold(Fraction(95, 100))})
    assert verdict(records, "T7.2", set_by_us) == (MET, "met")


def test_89_96_is_not_90():
    records = signed(entry("T7.2", share(8996, 10_000), basis=Basis.REGISTER))

    assert verdict(records, "T7.2", Terms(30, {"T7.2": Threshold(Fraction(9, 10))})) == (NOT_MET, "not_met")


def test_a_line_tells_what_it_rests_on_and_why_in_vietnamese():
    records = signed(entry("R4.1", 0))
    line = card(QD1578, records).line("R4.1")

    assert line.rests_on == (records.entered[0].digest,)
    assert line.figure == 0
    assert line.threshold == Threshold(at_most=Fraction(0))
    assert line.text == "đạt mức quy định"
    assert card(QD1578, Records()).line("R1.1").text == "chưa có căn cứ nào được nhập"


# ── What surveys show ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (30, (MET, "held")),
        (29, (TOO_FEW, "too_few")),
        (None, (TOO_FEW, "too_few")),
        (0, (TOO_FEW, "too_few")),
    ],
)
def test_a_survey_was_held_when_enough_people_answered(n, expected):
    assert verdict(Records(surveys=(fed("T2.1", n=n),)), "T2.1") == expected


def test_the_words_of_a_held_survey_carry_its_n():
    surveys = fed("T2.1", n=41), fed("T2.1", n=40, wave="b"), fed("T2.1", n=12, wave="c")

    line = card(QD1578, Records(surveys=surveys)).line("T2.1")

    assert line.text == "đã lấy phiếu, 41 phiếu có ý kiến"
    assert set(line.rests_on) == {surveys[0].digest, surveys[1].digest}
    assert line.beside == (surveys[2],)
    few = card(QD1578, Records(surveys=surveys[2:])).line("T2.1")
    assert few.text == "cần ít nhất 30 phiếu có ý kiến"
    assert few.rests_on == (surveys[2].digest,)


def test_visit_ratings_are_no_yearly_survey_and_stand_beside():
    visit = fed("T2.1", audience="visits")

    line = card(QD1578, Records(surveys=(visit,))).line("T2.1")

    assert (line.verdict, line.reason) == (NO_BASIS, "no_evidence")
    assert line.beside == (visit,)


def test_the_conference_serves_where_no_survey_was_held():
    conference = signed(entry("T2.1", True))

    assert verdict(conference, "T2.1") == (MET, "yes")
    assert verdict(replace(conference, surveys=(fed("T2.1", n=3),)), "T2.1") == (MET, "yes")
    assert verdict(signed(entry("T2.1", False), surveys=(fed("T2.1"),)), "T2.1") == (MET, "held")
    assert verdict(signed(entry("T2.1", False), surveys=(fed("T2.1", n=3),)), "T2.1") == (TOO_FEW, "too_few")
    assert verdict(signed(entry("T2.1", False)), "T2.1") == (NOT_MET, "no")
    assert verdict(Records((entry("T2.1", True),)), "T2.1") == (NO_BASIS, "unsigned")


def test_satisfaction_has_no_verdict_until_somebody_sets_a_threshold():
    records = Records(surveys=(fed("R7.1", seen=(399, 400)),))

    assert verdict(records, "R7.1") == (NO_BASIS, "no_threshold")
    assert card(QD1578, records).line("R7.1").seen == Seen.exactly(Proportion(399, 400))
    assert verdict(records, "R7.1", NINETY) == (MET, "above")
    assert verdict(Records(), "R7.1", NINETY) == (NO_BASIS, "no_evidence")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((380, 400), (MET, "above")),
        ((340, 385), (TOO_FEW, "within")),
        ((27, 30), (TOO_FEW, "within")),  # thirty answers cannot prove 90 %
        ((300, 400), (NOT_MET, "below")),
        (None, (TOO_FEW, "hidden")),
        (Seen(Proportion(90, 100), Proportion(100, 100)), (TOO_FEW, "hidden")),
        (Seen(Proportion(0, 100), Proportion(10, 100)), (NOT_MET, "below")),
        (Seen(Proportion(990, 1000), Proportion(1000, 1000)), (MET, "above")),
    ],
)
def test_a_share_of_answers_is_judged_by_its_whole_interval(seen, expected):
    assert verdict(Records(surveys=(fed("R7.1", seen=seen),)), "R7.1", NINETY) == expected


def test_no_good_figure_makes_up_for_a_bad_one():
    good, unsure, bad = (
        fed("R7.1", seen=(390, 400)),
        fed("R7.1", seen=(90, 100), question="b"),
        fed("R7.1", seen=(300, 400), wave="c"),
    )

    assert verdict(Records(surveys=(good, unsure)), "R7.1", NINETY) == (TOO_FEW, "within")
    assert verdict(Records(surveys=(good, unsure, bad)), "R7.1", NINETY) == (NOT_MET, "below")
    line = card(QD1578, Records(surveys=(good, unsure, bad)), NINETY).line("R7.1")
    assert line.seen == bad.seen
    assert set(line.rests_on) == {good.digest, unsure.digest, bad.digest}


def test_visits_do_not_decide_a_share_either():
    good, visit = fed("R7.1", seen=(390, 400)), fed("R7.1", seen=(10, 100), audience="visits")

    line = card(QD1578, Records(surveys=(good, visit)), NINETY).line("R7.1")

    assert line.verdict is MET
    assert line.beside == (visit,)


def test_what_residents_say_of_time_stands_beside_the_register_and_is_never_mixed():
    said = fed("T7.3", seen=(380, 400), audience="visits")
    records = signed(entry("T7.3", share(5, 100), basis=Basis.REGISTER), surveys=(said,))

    line = card(QD1578, records).line("T7.3")

    assert line.verdict is NOT_MET
    assert line.figure == Proportion(5, 100)
    assert line.beside == (said,)
    assert line.seen is None


def test_a_threshold_that_only_caps_says_nothing_of_satisfaction():
    terms = Terms(30, {"R7.1": Threshold(at_most=Fraction(1, 2))})

    assert verdict(Records(surveys=(fed("R7.1", seen=(390, 400)),)), "R7.1", terms) == (
        NO_BASIS,
        "no_threshold",
    )


# ── Terms ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("criterion", ["T7.3", "R2.4", "R1.1"])
def test_what_the_source_sets_is_not_ours_to_set(criterion):
    with pytest.raises(FixedBySource, match=criterion):
        card(QD1578, Records(), Terms(30, {criterion: Threshold(Fraction(1, 20))}))


def test_a_threshold_for_an_unknown_criterion_is_refused():
    with pytest.raises(KeyError):
        card(QD1578, Records(), Terms(30, {"R9.9": Threshold(Fraction(1))}))


def test_a_survey_nobody_answered_was_not_held():
    with pytest.raises(ValueError, match="nobody answered"):
        Terms(0)
    assert Terms(1).minimum == 1


@pytest.mark.parametrize(
    ("year", "valid_to", "is_in_force"),
    [
        (2022, None, False),
        (2023, None, True),
        (2050, None, True),
        (2030, date(2030, 1, 2), True),
        (2030, date(2030, 1, 1), False),
    ],
)
def test_a_set_scores_only_the_years_it_was_in_force(year, valid_to, is_in_force):
    criteria = replace(QD1578, valid_to=valid_to)

    if is_in_force:
        assert score(criteria, standing(Records(), year=year), TERMS).year == year
        return
    with pytest.raises(NotInForce):
        score(criteria, standing(Records(), year=year), TERMS)


def test_a_set_of_new_years_eve_is_in_force_that_year():
    criteria = replace(QD1578, valid_from=date(2026, 12, 31))

    assert score(criteria, standing(Records()), TERMS).unit == "29242"
    with pytest.raises(NotInForce):
        score(replace(QD1578, valid_from=date(2027, 1, 1)), standing(Records()), TERMS)


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
    assert found.text


def test_groups_follow_from_the_criteria_that_belong_to_them():
    one_bad = all_met(QD1578, {"R6.1": share(9, 10)})

    found = card(QD1578, one_bad)

    assert found.group("7").verdict is NOT_MET  # R6.1 belongs to both
    assert found.group("8").verdict is NOT_MET
    assert found.group("1").verdict is MET
    assert found.group("III.7") == GroupVerdict("III.7", NO_BASIS, "some_open", Tally(4, 0, 0, 3))
    with pytest.raises(KeyError):
        found.group("9")
    with pytest.raises(KeyError):
        found.line("9")


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


def test_where_no_rule_is_stated_nobody_passes_or_fails():
    found = card(QD1578, all_met(QD1578)).overall

    assert (found.verdict, found.reason) == (NO_BASIS, "no_pass_rule")
    assert found.text == "văn bản không nêu phải đạt bao nhiêu tiêu chí"
    assert found.tally.met == 56  # all but what residents and the threshold on time decide


def test_the_empty_frame_scores_nothing():
    found = card(load_set("khung-5764"), Records())

    assert {(line.verdict, line.reason) for line in found.lines} == {(NO_BASIS, "slot")}
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


def test_what_if_asks_only_what_can_be_asked():
    before = card(QD1578, Records())

    with pytest.raises(KeyError):
        what_if(QD1578, before, thresholds={"R9.9": Threshold(Fraction(1))})
    with pytest.raises(ValueError, match="another criteria set"):
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
