"""What was promised by when."""

from fractions import Fraction

import pytest

from surveys.assessment import Verdict
from surveys.scorecard import State, against, load_roadmaps
from surveys.scorecard.roadmap import read_roadmaps

TRA_VINH, HA_TINH, NATION = (load_roadmaps()[id] for id in ("tra-vinh", "ha-tinh", "ca-nuoc"))
WARDS = [*(f"TV-P{number}" for number in range(1, 10)), "DH-P1", "DH-P2"]


def verdicts(met: int, open: int = 0, of: int = 11) -> dict[str, Verdict]:
    names = WARDS if of == 11 else [f"w{place}" for place in range(of)]
    how = [Verdict.MET] * met + [Verdict.NO_BASIS] * open + [Verdict.NOT_MET] * (of - met - open)
    return dict(zip(names, how, strict=True))


def state(roadmap, year, scored, place=0):
    steps = [step for step in against(roadmap, {year: scored}) if step.target.year == year]
    return steps[place].state


def test_tra_vinh_adds_up_to_eleven():
    whole = [target for target in TRA_VINH.targets if not target.within]

    assert [(target.year, target.units) for target in whole] == list(
        zip(range(2023, 2031), (2, 3, 4, 5, 7, 9, 10, 11), strict=True)
    )
    assert {target.of for target in whole} == {11}


def test_both_wards_of_duyen_hai_are_due_in_2025():
    (target,) = [target for target in TRA_VINH.targets if target.within]

    assert (target.year, target.units, target.within) == (2025, 2, ("DH-P1", "DH-P2"))


def test_shares_are_those_of_the_sources():
    assert [(t.year, t.at_least, t.up_to) for t in HA_TINH.targets] == [
        (2025, Fraction(3, 10), None),
        (2030, Fraction(1), None),
    ]
    assert [(t.year, t.units, t.at_least, t.up_to) for t in NATION.targets] == [
        (2023, 106, None, None),
        (2025, None, Fraction(3, 10), Fraction(1, 2)),
        (2030, None, Fraction(1), None),
    ]


def test_every_roadmap_names_its_source():
    assert all(roadmap.source for roadmap in load_roadmaps().values())
    assert TRA_VINH.province == "TV"
    assert HA_TINH.province == "42"
    assert NATION.province is None


@pytest.mark.parametrize(
    ("met", "open", "expected"),
    [(2, 0, State.REACHED), (3, 0, State.REACHED), (1, 0, State.BEHIND), (1, 1, State.NOT_FINISHED), (0, 1, State.BEHIND), (2, 9, State.REACHED)],
)  # fmt: skip
def test_a_number_of_wards_against_what_is_scored(met, open, expected):
    assert state(TRA_VINH, 2023, verdicts(met, open)) is expected


def test_a_year_nobody_scored_is_no_failure():
    steps = against(TRA_VINH, {})

    assert {step.state for step in steps} == {State.NO_SCORES}
    assert steps[0].text == "chưa chấm"


def test_six_wards_cannot_be_held_against_eleven():
    (step,) = [step for step in against(TRA_VINH, {2026: verdicts(5, of=6)}) if step.target.year == 2026]

    assert step.state is State.OTHER_DENOMINATOR
    assert step.text == "mẫu số đã khác: lộ trình tính trên 11 đơn vị, nay chấm 6"


def test_a_target_for_some_wards_looks_at_those_alone():
    all_but_one = {**verdicts(9), "DH-P1": Verdict.MET, "DH-P2": Verdict.NOT_MET}

    assert state(TRA_VINH, 2025, all_but_one, place=1) is State.BEHIND
    assert state(TRA_VINH, 2025, {**all_but_one, "DH-P2": Verdict.MET}, place=1) is State.REACHED
    assert state(TRA_VINH, 2025, verdicts(5, of=6), place=1) is State.OTHER_DENOMINATOR


@pytest.mark.parametrize(
    ("met", "open", "of", "expected"),
    [
        (3, 0, 10, State.REACHED),
        (299, 0, 1000, State.BEHIND),  # 29.9 % is not 30 %
        (299, 1, 1000, State.NOT_FINISHED),
        (300, 0, 1000, State.REACHED),
    ],
)
def test_a_share_is_compared_unrounded(met, open, of, expected):
    assert state(HA_TINH, 2025, verdicts(met, open, of)) is expected


@pytest.mark.parametrize(
    ("met", "expected"), [(29, State.BEHIND), (30, State.RANGE), (49, State.RANGE), (50, State.REACHED)]
)
def test_a_range_has_two_ends(met, expected):
    assert state(NATION, 2025, verdicts(met, of=100)) is expected


def test_a_number_without_a_denominator_asks_for_none():
    assert state(NATION, 2023, verdicts(106, of=172)) is State.REACHED
    assert state(NATION, 2023, verdicts(105, of=172)) is State.BEHIND


def test_a_step_tells_its_counts():
    (step, *_) = against(TRA_VINH, {2023: verdicts(1, 4)})

    assert (step.met, step.open, step.of) == (1, 4, 11)
    assert step.text == "còn 4 đơn vị chưa kết luận"
    assert against(TRA_VINH, {2023: verdicts(1)})[0].text == "chậm so với lộ trình"


@pytest.mark.parametrize("goal", ["", 'units = 1\nat_least = "1/2"'])
def test_a_target_is_a_number_or_a_share(goal):
    text = f'[[roadmap]]\nid="x"\nname="X"\nsource="Q"\n[[roadmap.target]]\nyear=2030\nquote="q"\nline="S1:L1"\n{goal}\n'

    with pytest.raises(ValueError, match="either a number"):
        read_roadmaps(text)
