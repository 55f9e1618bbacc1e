"""Verdicts: by the whole interval, without rounding, and only from what anybody may see."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.assessment import (
    CriteriaFault,
    CriteriaSet,
    Evidence,
    Item,
    Reason,
    Seen,
    Verdict,
    against_threshold,
    load_criteria,
    presets,
    read_criteria,
    read_threshold,
    survey_held,
    survey_not_held,
    words_of,
)
from surveys.results import Proportion

CRITERIA = load_criteria("qd1578")
HELD = CRITERIA.item("S1:L96")


def judged(numerator: int, n: int, threshold: str | None) -> Verdict:
    return against_threshold(Seen.exactly(Proportion(numerator, n)), read_threshold(threshold)).verdict


@pytest.mark.parametrize(
    ("numerator", "n", "threshold", "verdict"),
    [
        (347, 385, "0.8", Verdict.MET),
        (347, 385, "0.9", Verdict.TOO_FEW),
        (347, 385, "0.96", Verdict.NOT_MET),
        (27, 30, "0.9", Verdict.TOO_FEW),
        (30, 30, "0.9", Verdict.TOO_FEW),  # a ward with 30 answers cannot prove 90 %
        (210, 230, "0.9", Verdict.TOO_FEW),
        (100, 230, "0.9", Verdict.NOT_MET),
    ],
)
def test_a_threshold_is_met_or_missed_only_by_the_whole_interval(
    numerator: int, n: int, threshold: str, verdict: Verdict
) -> None:
    assert judged(numerator, n, threshold) is verdict


def test_89_96_percent_is_not_90() -> None:
    assert judged(8_996_000, 10_000_000, "0.9") is Verdict.NOT_MET
    assert judged(9_004_000, 10_000_000, "0.9") is Verdict.MET


def test_without_a_threshold_there_is_nothing_to_judge_by() -> None:
    conclusion = against_threshold(Seen.exactly(Proportion(99, 100)), None)

    assert conclusion.verdict is Verdict.NO_BASIS
    assert conclusion.reason["vi"] == "chưa quy định ngưỡng"


def test_a_hidden_figure_is_too_few_whatever_it_would_say() -> None:
    assert against_threshold(None, Decimal("0.8")).verdict is Verdict.TOO_FEW


def test_a_bound_is_judged_by_its_worst_and_its_best() -> None:
    """“≥ 95 %” of 230 meets 90 % even at its worst; “≥ 90 %” of 40 may be 36 of 40."""
    wide = Seen(Proportion(219, 230), Proportion(230, 230))
    small = Seen(Proportion(36, 40), Proportion(40, 40))

    assert against_threshold(wide, Decimal("0.9")).verdict is Verdict.MET
    assert against_threshold(small, Decimal("0.9")).verdict is Verdict.TOO_FEW


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Seen.exactly(Proportion(990, 1000)), "cả khoảng tin cậy nằm từ ngưỡng trở lên"),
        (Seen.exactly(Proportion(800, 1000)), "cả khoảng tin cậy nằm dưới ngưỡng"),
        (Seen.exactly(Proportion(90, 100)), "khoảng tin cậy chứa ngưỡng"),
        (Seen(Proportion(90, 100), Proportion(100, 100)), "số liệu được phép công bố chưa đủ để kết luận"),
        (None, "số liệu được phép công bố chưa đủ để kết luận"),
    ],
)
def test_what_is_open_because_it_is_hidden_is_not_said_to_be_open_by_chance(
    seen: Seen | None, reason: str
) -> None:
    assert against_threshold(seen, Decimal("0.9")).reason["vi"] == reason


def test_a_threshold_is_written_in_the_readers_own_language() -> None:
    title = against_threshold(None, Decimal("0.925")).title

    assert title == {"vi": "ngưỡng hài lòng 92,5 %", "en": "satisfaction threshold 92.5 %"}


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(0, 400), st.sampled_from(["0.8", "0.9", "0.96"]))
def test_more_satisfied_people_never_make_a_verdict_worse(n: int, numerator: int, threshold: str) -> None:
    order = [Verdict.NOT_MET, Verdict.TOO_FEW, Verdict.MET]
    numerator = min(numerator, n - 1)

    assert order.index(judged(numerator, n, threshold)) <= order.index(judged(numerator + 1, n, threshold))


# ── The survey was held ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("n", "verdict"), [(None, Verdict.TOO_FEW), (9, Verdict.TOO_FEW), (10, Verdict.MET), (230, Verdict.MET)]
)
def test_a_survey_counts_as_held_with_enough_ballots(n: int | None, verdict: Verdict) -> None:
    assert survey_held(HELD, n, minimum=10).verdict is verdict


def test_a_year_without_a_wave_has_no_basis() -> None:
    assert survey_not_held(HELD).verdict is Verdict.NO_BASIS


def test_too_few_and_empty_are_told_in_the_same_words() -> None:
    assert survey_held(HELD, None, minimum=10) == survey_held(HELD, 9, minimum=10)


def test_every_verdict_and_every_reason_has_its_words_in_each_language() -> None:
    assert words_of("verdict").keys() == set(Verdict)
    assert words_of("reason").keys() == set(Reason)
    assert all(
        each.keys() == {"vi", "en"} for each in (*words_of("verdict").values(), *words_of("reason").values())
    )


# ── Criteria as data ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_criterion_stands_where_its_source_says() -> None:
    assert HELD.evidence is Evidence.SURVEY_HELD
    assert HELD.wording.startswith(
        "Định kỳ hàng năm tổ chức Hội nghị “Công an lắng nghe ý kiến của Nhân dân”"
    )
    assert CRITERIA.source.startswith("Quyết định 1578/QĐ-UBND")


def test_presets_have_sources_and_none_is_the_default() -> None:
    assert [preset.share for preset in presets()] == [Decimal("0.80"), Decimal("0.90"), Decimal("0.96")]
    assert all(preset.source for preset in presets())
    assert read_threshold(None) is None


@pytest.mark.parametrize("text", ["90", "0", "-0.1", "1.01", "NaN", "Infinity", "chín mươi"])
def test_a_threshold_that_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="share"):
        read_threshold(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id =", "not TOML"),
        ('id = "x"', "lacks name, source, valid_from"),
        (
            'id="x"\nname="x"\nsource="x"\nvalid_from=2023-01-01\n[[item]]\nid="S1:L1"',
            r"Item 1 \(S1:L1\) lacks evidence, group, short, wording",
        ),
        (
            'id="x"\nname="x"\nsource="x"\nvalid_from=2023-01-01\n'
            '[[item]]\nid="a"\ngroup=""\nwording=""\nshort={vi=""}\nevidence="guess"',
            r"Item 1 \(a\): 'guess'",
        ),
        (
            'id="x"\nname="x"\nsource="x"\nvalid_from=2023-01-01\n[[item]]\ngroup="g"',
            r"Item 1 \(without id\) lacks evidence, id, short, wording",
        ),
        (
            'id="x"\nname="x"\nsource="x"\nvalid_from=2023-01-01\n'
            '[[item]]\nid="a"\ngroup=""\nwording=""\nshort={vi=""}\nevidence="entered"\nthreshold="90"',
            r"Item 1 \(a\): .*90 is not",
        ),
        (
            'id="x"\nname="x"\nsource="x"\nvalid_from=2023-01-01\n'
            + '[[item]]\nid="a"\ngroup=""\nwording=""\nshort={vi=""}\nevidence="entered"\n' * 2,
            r"^Two items carry the same id\.$",
        ),
    ],
)
def test_a_faulty_criteria_set_names_the_item_and_the_reason(text: str, reason: str) -> None:
    with pytest.raises(CriteriaFault, match=reason):
        read_criteria(text)


def test_a_criteria_set_is_read_word_for_word() -> None:
    read = read_criteria(
        """
        id = "thu"
        name = "Bộ thử"
        source = "Không văn bản nào (S0)"
        valid_from = 2024-01-02
        valid_to = 2026-03-04
        [[item]]
        id = "S0:L1"
        group = "Nhóm một"
        wording = "Lời thứ nhất"
        evidence = "survey-share"
        short = { vi = "một", en = "one" }
        threshold = "0.85"
        [[item]]
        id = "S0:L2"
        group = "Nhóm hai"
        wording = "Lời thứ hai"
        evidence = "entered"
        short = { vi = "hai", en = "two" }
        """
    )

    assert read == CriteriaSet(
        "thu",
        "Bộ thử",
        "Không văn bản nào (S0)",
        date(2024, 1, 2),
        date(2026, 3, 4),
        (
            Item(
                "S0:L1",
                "Nhóm một",
                "Lời thứ nhất",
                Evidence.SURVEY_SHARE,
                {"vi": "một", "en": "one"},
                Decimal("0.85"),
            ),
            Item("S0:L2", "Nhóm hai", "Lời thứ hai", Evidence.ENTERED, {"vi": "hai", "en": "two"}),
        ),
    )


def test_a_set_that_nobody_ended_and_nobody_filled_is_one() -> None:
    read = read_criteria('id="x"\nname="x"\nsource="x"\nvalid_from=2024-01-02')

    assert (read.valid_to, read.items) == (None, ())
