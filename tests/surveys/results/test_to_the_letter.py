"""Where one more or one less decides: sides, grades, what is counted, what stands beside a row. Each line here was once a change
that no other test noticed."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.assessment import (
    Evidence,
    Seen,
    Verdict,
    against_threshold,
    load_criteria,
    percent_text,
    read_threshold,
    survey_held,
)
from surveys.disclosure import NOTHING, Node, breakdown, chain, suppress
from surveys.entry import Stream
from surveys.forms.form import Kind, Question, Role
from surveys.forms.session import Mode
from surveys.releasing import SCALE_TREE
from surveys.results import (
    SATISFIED,
    SCORED,
    Grade,
    Proportion,
    Side,
    Tally,
    counted_questions,
    grade,
)
from tests.surveys.results.forms import YEARLY, choice, form, scale, written


@pytest.mark.parametrize(
    ("numerator", "n", "side"),
    [
        (89, 100, Side.WITHIN),
        (91, 100, Side.WITHIN),
        (90, 100, Side.WITHIN),
        (99, 100, Side.ABOVE),
        (50, 100, Side.BELOW),
        (8996, 10_000, Side.WITHIN),
        (899_600, 1_000_000, Side.WITHIN),
        (8_996_000, 10_000_000, Side.BELOW),
    ],
)
def test_where_ninety_per_cent_lies(numerator: int, n: int, side: Side) -> None:
    assert Proportion(numerator, n).side(Fraction(9, 10)) is side


@pytest.mark.parametrize(
    ("n", "of"), [(92, Grade.C), (93, Grade.B), (380, Grade.B), (381, Grade.A), (1, Grade.C)]
)
def test_the_first_n_of_each_grade(n: int, of: Grade) -> None:
    assert grade(n) is of


def test_what_is_counted_are_choices_and_scales_in_the_forms_order() -> None:
    slider = Question("thuoc", Kind.RANGE, 5, label={"vi": "thuoc"}, role=Role.SATISFACTION)
    free = Question("tuoi", Kind.RANGE, 6, label={"vi": "tuoi"})
    asked = form(
        written("gop_y"), slider, free, choice("viec", "a", kind=Kind.SELECT_MULTIPLE), scale("chung")
    )

    assert [question.name for question in counted_questions(asked)] == ["thuoc", "viec", "chung"]


def test_however_many_ballots_wait_the_sums_are_theirs() -> None:
    tally, plain = Tally(YEARLY), Counter[tuple[str, str]]()
    for number in range(1300):
        unit, chosen = f"u{number % 2}", "543210"[number % 6]
        answers = {} if number % 7 == 0 else {"chung": chosen, "viec": "cu_tru can_cuoc"}
        tally.add(unit, Stream.INVITED, answers)
        if answers:
            plain[unit, chosen] += 1
        if number == 700:
            tally.counts("u0", SCORED, "chung")  # looking in between changes nothing

    for unit in ("u0", "u1"):
        counts = tally.counts(unit, SCORED, "chung").of
        assert {name: counts[name] for name in "543210"} == {name: plain[unit, name] for name in "543210"}
        answered = sum(plain[unit, name] for name in "543210")
        assert tally.counts(unit, SCORED, "viec").of == {
            "": answered,
            "cu_tru": answered,
            "can_cuoc": answered,
        }
        assert tally.ballots[unit, Stream.INVITED, Mode.SELF] == 650


@pytest.mark.parametrize("odd", ['a","b', "a,b", 'a":"b', "a\\b", "", '"'])
def test_a_value_that_looks_like_two_is_one(odd: str) -> None:
    question = choice("viec", "x", "y")
    tally = Tally(form(question))

    tally.add("u", Stream.INVITED, {"viec": odd, "z": "1"})
    tally.add("u", Stream.INVITED, {"viec": "x"})

    expected = {"x": 1} | ({odd: 1} if odd else {})
    assert {name: n for name, n in tally.counts("u", SCORED, "viec").of.items() if n} == expected


def rows(**parts: tuple[int, int]) -> dict[str, dict[str, int]]:
    """Part → satisfied, dissatisfied."""
    return {name: {"5": first, "2": second} for name, (first, second) in parts.items()}


def whole_of(parts: dict[str, dict[str, int]]) -> dict[str, int]:
    return {step: sum(part[step] for part in parts.values()) for step in ("5", "2")}


@pytest.mark.parametrize(
    ("parts", "sizes"),
    [
        (rows(a=(30, 30), b=(30, 30), c=(30, 30)), {"a": 60, "b": 60, "c": 60}),
        (rows(a=(30, 30), b=(30, 30), c=(3, 3)), {"a": 60, "b": None, "c": None}),
        (rows(a=(3, 3), b=(30, 30), c=(30, 30)), {"a": None, "b": None, "c": None}),
        (rows(a=(5, 5), b=(30, 30)), {"a": 10, "b": 60}),
        (rows(a=(5, 4), b=(30, 30)), {"a": None, "b": None}),
        (rows(a=(30, 30)), {"a": None}),
    ],
)
def test_parts_are_split_off_while_what_is_left_holds_k(
    parts: dict[str, dict[str, int]], sizes: dict[str, int | None]
) -> None:
    row = suppress({"w": whole_of(parts)}, SCALE_TREE, 10).rows["w"]

    shown = breakdown(parts, row, SCALE_TREE, 10)

    assert {name: each.of(SCALE_TREE.answers) for name, each in shown.items()} == sizes


def test_sides_of_parts_are_shown_until_one_is_too_small_and_never_after() -> None:
    parts = rows(a=(30, 30), b=(50, 5), c=(30, 30), d=(30, 30))
    row = suppress({"w": whole_of(parts)}, SCALE_TREE, 10).rows["w"]

    shown = breakdown(parts, row, SCALE_TREE, 10)

    assert {name: each.of(SATISFIED) for name, each in shown.items()} == {
        "a": 30,
        "b": None,
        "c": None,
        "d": None,
    }
    assert shown["d"].of(SCALE_TREE.answers) == 60


def test_the_order_of_splitting_may_be_given() -> None:
    parts = rows(a=(3, 3), b=(30, 30), c=(30, 30))
    row = suppress({"w": whole_of(parts)}, SCALE_TREE, 10).rows["w"]

    shown = breakdown(parts, row, SCALE_TREE, 10, order=("b", "c", "a"))

    assert shown["b"].of(SATISFIED) == 30
    assert shown["c"] == shown["a"] == NOTHING


def test_where_a_row_shows_no_sides_no_part_does() -> None:
    parts = rows(a=(50, 2), b=(50, 2))
    row = suppress({"w": whole_of(parts)}, SCALE_TREE, 10).rows["w"]

    shown = breakdown(parts, row, SCALE_TREE, 10)

    assert [shown[name].of(SATISFIED) for name in "ab"] == [None, None]
    assert [shown[name].of(SCALE_TREE.answers) for name in "ab"] == [52, 52]


def test_a_tree_is_split_in_two_or_not_at_all() -> None:
    with pytest.raises(ValueError, match=r"^A group is split in two or not at all"):
        Node(("a", "b"), Node(("a",)))
    with pytest.raises(ValueError, match=r"^The two parts of a group must be the group"):
        Node(("a", "b"), Node(("a",)), Node(("c",)))
    assert chain(["a"]) == Node(("a",))
    assert chain(["a", "b"]) == Node(("a", "b"), Node(("a",)), Node(("b",)))


@pytest.mark.parametrize(
    ("share", "vi", "en"),
    [("0.9", "90 %", "90 %"), ("0.8996", "89,96 %", "89.96 %"), ("1", "100 %", "100 %")],
)
def test_a_threshold_is_written_as_people_write_it(share: str, vi: str, en: str) -> None:
    assert (percent_text(Decimal(share), "vi"), percent_text(Decimal(share), "en")) == (vi, en)


def test_everybody_may_be_asked_for() -> None:
    assert read_threshold("1") == 1


def test_a_conclusion_says_of_what_why_and_where_it_stands() -> None:
    criteria = load_criteria("qd1578")
    [item, *_] = [item for item in criteria.items if item.evidence is Evidence.SURVEY_HELD]

    held, too_few = survey_held(item, 40, 30), survey_held(item, 20, 30)

    assert criteria.item(item.id) == item
    assert (held.criterion, held.title, held.source) == (item.id, item.short, item.id)
    assert held.verdict is Verdict.MET
    assert "40" in held.reason["vi"]
    assert too_few.verdict is Verdict.TOO_FEW
    assert "30" in too_few.reason["vi"]
    with pytest.raises(KeyError, match="nobody"):
        criteria.item("nobody")


def test_a_verdict_on_the_threshold_names_it() -> None:
    seen = Seen.exactly(Proportion(990, 1000))

    met, unset = against_threshold(seen, Decimal("0.9")), against_threshold(seen, None)

    assert (met.criterion, met.verdict) == ("threshold", Verdict.MET)
    assert "90 %" in met.title["vi"]
    assert met.reason["vi"]
    assert (unset.criterion, unset.verdict) == ("threshold", Verdict.NO_BASIS)
    assert unset.title["vi"]
    assert unset.reason["vi"]
