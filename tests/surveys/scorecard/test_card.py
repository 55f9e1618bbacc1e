"""Verdicts: by criterion, by group, overall; and what would be if."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from surveys.assessment import Seen, Verdict
from surveys.results import Proportion
from surveys.scorecard import FixedBySource, NotInForce, Records, Terms, Threshold, load_set, score
from surveys.scorecard.criteria import Basis
from tests.surveys.scorecard.made import TERMS, card, entry, fed, share, signed, standing

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


def test_a_held_survey_is_told_with_the_minimum_it_was_measured_by():
    line = card(QD1578, Records(surveys=(fed("T2.1", n=41), fed("T2.1", n=40, wave="b")))).line("T2.1")

    assert line.numbers == {"n": 41, "minimum": 30}


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


@pytest.mark.parametrize("terms", [TERMS, NINETY, Terms(30, {"R7.1": Threshold(at_most=Fraction(1, 2))})])
def test_a_figure_that_a_line_rests_on_does_not_stand_beside_it_too(terms):
    yearly, visit = fed("R7.1", seen=(399, 400)), fed("R7.1", seen=(10, 100), audience="visits")

    line = card(QD1578, Records(surveys=(yearly, visit)), terms).line("R7.1")

    assert line.rests_on == (yearly.digest,)
    assert line.beside == (visit,)


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
    with pytest.raises(ValueError, match=r"^A survey that nobody answered was not held\.$"):
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
    with pytest.raises(NotInForce, match=f"qd1578 was not in force in {year}"):
        score(criteria, standing(Records(), year=year), TERMS)


def test_a_set_of_new_years_eve_is_in_force_that_year():
    criteria = replace(QD1578, valid_from=date(2026, 12, 31))

    assert score(criteria, standing(Records()), TERMS).unit == "29242"
    with pytest.raises(NotInForce):
        score(replace(QD1578, valid_from=date(2027, 1, 1)), standing(Records()), TERMS)
