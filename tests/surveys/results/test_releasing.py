"""A release: what a ward's page may show, and that it shows nothing else."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.assessment import Verdict, load_criteria
from surveys.disclosure import TooSmall
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.releases import ReleasedWard, Terms
from surveys.releasing import release, tally_for
from surveys.results import Grade, Proportion, Tally
from tests.surveys.results.forms import YEARLY, choice, form, scale

CRITERIA = load_criteria("qd1578")
WARDS = {"29263": ("Phường Long Đức", 1904), "29254": ("Phường Nguyệt Hóa", None)}
RATHER_SATISFIED = {"5": 110, "4": 100, "3": 13, "2": 4, "1": 3}


def terms(
    k: int = 10, threshold: str | None = "0.9", units: Mapping[str, tuple[str, int | None]] = WARDS
) -> Terms:
    return Terms("2026-nguoi-dan", "Đợt 2026", "residents", k, threshold, units, minimum=10)


def tallied(
    answers: Mapping[str, Mapping[str, int]],
    *,
    question: str = "chung",
    stream: Stream = Stream.INVITED,
    of: Form = YEARLY,
) -> Tally:
    tally = tally_for(of)
    for unit, counts in answers.items():
        for value, count in counts.items():
            for _ in range(count):
                tally.add(unit, stream, {question: value})
    return tally


def released(
    tally: Tally, under: Terms | None = None, comments: Mapping[str, int] | None = None
) -> dict[str, ReleasedWard]:
    made = release(tally.form, tally, comments or {}, under or terms(), CRITERIA)
    return {code: ward for code, ward in made.items() if isinstance(ward, ReleasedWard)}


def test_a_ward_sees_its_index_with_everything_it_takes_to_read_it() -> None:
    ward = released(tallied({"29263": RATHER_SATISFIED}))["29263"]

    assert ward.index.figure == Proportion(210, 230)
    assert ward.top.figure == Proportion(110, 230)
    assert ward.lowest_two.figure is None  # seven people
    assert (ward.invited, ward.answered, ward.response_rate) == (1904, 230, Fraction(230, 1904))
    assert ward.grade is Grade.B
    assert ward.unit_name == "Phường Long Đức"


def test_no_opinion_is_in_no_figure() -> None:
    ward = released(tallied({"29263": {**RATHER_SATISFIED, "0": 55}}))["29263"]

    assert ward.index.figure == Proportion(210, 230)
    assert ward.answered == 230
    assert "0" not in {line.name for line in ward.questions[0].answers}


def test_the_open_stream_stands_apart_with_weight_nought() -> None:
    tally = tallied({"29263": RATHER_SATISFIED})
    for _ in range(40):
        tally.add("29263", Stream.OPEN, {"chung": "1"})
    for _ in range(20):
        tally.add("29263", Stream.OPEN, {"chung": "5"})

    ward = released(tally)["29263"]

    assert ward.index.figure == Proportion(210, 230)
    assert ward.open_questions[0].index is not None
    assert ward.open_questions[0].index.figure == Proportion(20, 60)


def test_visits_count_with_the_invited() -> None:
    tally = tallied({"29263": {"5": 20, "1": 10}})
    for _ in range(10):
        tally.add("29263", Stream.VISIT, {"chung": "4"})

    assert released(tally)["29263"].index.figure == Proportion(30, 40)


def test_the_yearly_criterion_is_met_and_the_threshold_judged_by_the_interval() -> None:
    held, threshold = released(tallied({"29263": RATHER_SATISFIED}))["29263"].conclusions

    assert (held.criterion, held.verdict) == ("S1:L96", Verdict.MET)
    assert (threshold.criterion, threshold.verdict) == ("threshold", Verdict.TOO_FEW)
    assert threshold.title["vi"] == "ngưỡng hài lòng 90 %"
    assert threshold.reason["vi"] == "khoảng tin cậy chứa ngưỡng"


def test_without_a_threshold_the_survey_was_still_held() -> None:
    held, threshold = released(tallied({"29263": RATHER_SATISFIED}), terms(threshold=None))[
        "29263"
    ].conclusions

    assert (held.verdict, threshold.verdict) == (Verdict.MET, Verdict.NO_BASIS)


def test_a_form_that_does_not_feed_the_criterion_says_nothing_about_it() -> None:
    visits = form(scale("chung"))

    [threshold] = released(tallied({"29263": RATHER_SATISFIED}, of=visits))["29263"].conclusions

    assert threshold.criterion == "threshold"


def test_a_small_unanimous_ward_is_ninety_percent_or_more_and_too_few_to_conclude() -> None:
    ward = released(tallied({"29263": {"5": 30, "4": 10}}))["29263"]

    assert ward.index.figure is None
    assert str(ward.index.bound) == "≥ 90 %"
    assert ward.answered == 40
    # 40 of 40 would prove 90 %; saying so would tell that nobody disagreed.
    assert ward.conclusions[1].verdict is Verdict.TOO_FEW


def test_a_large_ward_that_nearly_all_agrees_may_be_judged_by_its_bound() -> None:
    ward = released(tallied({"29263": {"5": 150, "4": 75, "2": 5}}))["29263"]

    assert str(ward.index.bound) == "≥ 95 %"
    assert ward.conclusions[1].verdict is Verdict.MET


@settings(deadline=None)
@given(st.integers(0, 9), st.integers(0, 40))
def test_a_ward_under_k_and_an_empty_ward_are_the_same_bytes(few: int, comments: int) -> None:
    with_few = tallied({"29263": RATHER_SATISFIED, "29254": {"5": few}})
    with_none = tallied({"29263": RATHER_SATISFIED})

    assert (
        released(with_few, comments={"29254": comments})["29254"].to_json()
        == released(with_none)["29254"].to_json()
    )


def test_plain_choices_are_shown_as_far_as_they_can_be_told_apart() -> None:
    tally = tallied({"29263": {"co": 170, "khong": 18, "0": 30}}, question="niem_yet")

    [posted] = [table for table in released(tally)["29263"].questions if table.name == "niem_yet"]

    assert posted.n == 188  # those who did not notice are not among them
    assert [line.figure for line in posted.answers] == [Proportion(170, 188), Proportion(18, 188)]


def test_nearly_everybody_saw_the_procedures_posted() -> None:
    tally = tallied({"29263": {"co": 181, "khong": 7}}, question="niem_yet")

    [posted] = [table for table in released(tally)["29263"].questions if table.name == "niem_yet"]

    assert [str(line.bound) if line.bound else None for line in posted.answers] == ["≥ 94 %", None]


def test_several_choices_are_shown_each_for_itself() -> None:
    tally = tallied({"29263": {"cu_tru can_cuoc": 15, "cu_tru": 25, "other": 3}}, question="viec")

    [errands] = [table for table in released(tally)["29263"].questions if table.name == "viec"]

    assert errands.n == 43
    assert [line.name for line in errands.answers] == ["cu_tru", "can_cuoc", "other"]
    assert [line.figure for line in errands.answers] == [None, Proportion(15, 43), None]


def test_comments_are_counted_only_from_k_on() -> None:
    tally = tallied({"29263": RATHER_SATISFIED})

    assert released(tally, comments={"29263": 34})["29263"].comments == 34
    assert released(tally, comments={"29263": 9})["29263"].comments is None


def test_the_wave_has_a_total_over_the_wards_it_names() -> None:
    wave = released(tallied({"29263": RATHER_SATISFIED, "29254": {"5": 30, "4": 30, "3": 30}}))["29263"].wave

    assert wave.total.figure == Proportion(270, 320)
    assert wave.covers == ("29263", "29254")


def test_the_total_leaves_out_a_ward_it_would_give_away() -> None:
    wave = released(tallied({"29263": RATHER_SATISFIED, "29254": {"5": 7}}))["29263"].wave

    assert wave.total.figure == Proportion(210, 230)
    assert wave.covers == ("29263",)


def test_more_answers_than_invitations_are_no_response_rate() -> None:
    under = terms(units={"29263": ("Phường Long Đức", 100)})

    assert released(tallied({"29263": RATHER_SATISFIED}), under)["29263"].response_rate is None


def test_a_form_without_a_scale_has_no_index() -> None:
    plain = form(choice("chon", "a", "b"))

    ward = released(tallied({"29263": {"a": 20, "b": 20}}, question="chon", of=plain))["29263"]

    assert (ward.index.figure, ward.index.bound, ward.conclusions) == (None, None, ())
    assert ward.answered == 40


def test_groups_under_the_floor_are_refused() -> None:
    with pytest.raises(TooSmall):
        released(tallied({}), terms(k=4))


COUNTS = st.fixed_dictionaries(dict.fromkeys("543210", st.integers(0, 40)))


@settings(max_examples=40, deadline=None)
@given(COUNTS, COUNTS)
def test_a_release_is_the_same_bytes_again_and_reads_back_as_it_was(
    one: dict[str, int], two: dict[str, int]
) -> None:
    answers = {"29263": one, "29254": two}
    backwards = {unit: dict(reversed(counts.items())) for unit, counts in reversed(answers.items())}
    at = datetime(2026, 12, 18, tzinfo=UTC)

    first, second = released(tallied(answers)), released(tallied(backwards))

    for unit, ward in first.items():
        assert ward.to_json() == second[unit].to_json()
        read = ReleasedWard.from_json(ward.to_json(), at)
        assert read.to_json() == ward.to_json()
        assert read.wave.released_at == at


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_no_count_in_a_release_is_under_k(one: dict[str, int], two: dict[str, int]) -> None:
    """Whatever number stands beside a label, at least k people are behind it, and behind what is left of its n."""
    for ward in released(tallied({"29263": one, "29254": two})).values():
        for line in lines_in(json.loads(ward.to_json())):
            if line["figure"]:
                numerator, n = line["figure"]
                assert numerator >= 10
                assert n - numerator >= 10


def lines_in(body: object) -> list[dict[str, list[int] | None]]:
    if isinstance(body, dict):
        own = [body] if "figure" in body else []
        return own + [line for value in body.values() for line in lines_in(value)]
    if isinstance(body, list):
        return [line for value in body for line in lines_in(value)]
    return []
