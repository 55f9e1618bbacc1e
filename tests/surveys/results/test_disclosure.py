"""Nothing that is shown tells what is hidden: an attacker who can solve linear programmes is let loose on every release."""

from collections.abc import Iterator, Mapping

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from surveys.disclosure import Bound, Node, Side, Table, TooSmall, chain, suppress
from surveys.releasing import SCALE_TREE

Rows = Mapping[str, Mapping[str, int]]

K = 10
SMALL_COUNTS = st.one_of(st.integers(0, 4), st.integers(0, 25), st.integers(20, 300))
ROW = st.fixed_dictionaries(dict.fromkeys(SCALE_TREE.answers, SMALL_COUNTS))
ROWS = st.lists(ROW, min_size=1, max_size=4).map(lambda rows: {f"w{i}": row for i, row in enumerate(rows)})


def groups_of(node: Node) -> Iterator[tuple[str, ...]]:
    yield node.answers
    if node.first and node.second:
        yield from groups_of(node.first)
        yield from groups_of(node.second)


class Attacker:
    """Knows everything that is shown, and that nobody counts less than nought."""

    def __init__(self, table: Table, tree: Node) -> None:
        self.wards = list(table.rows)
        self.tree = tree
        self.known, self.values = [], []
        for ward, row in table.rows.items():
            for group, count in row.counts.items():
                self._knows((ward,), group, count)
        for group, count in table.total.counts.items():
            self._knows(table.covers, group, count)

    def _knows(self, wards: tuple[str, ...], group: tuple[str, ...], count: int) -> None:
        self.known.append(self._form(wards, group))
        self.values.append(count)

    def _form(self, wards: tuple[str, ...], group: tuple[str, ...]) -> numpy.ndarray:
        form = numpy.zeros((len(self.wards), len(self.tree.answers)))
        for ward in wards:
            for answer in group:
                form[self.wards.index(ward), self.tree.answers.index(answer)] = 1
        return form.ravel()

    def width(self, wards: tuple[str, ...], group: tuple[str, ...]) -> float:
        """How far apart the least and the most are that this count can be."""
        form = self._form(wards, group)
        ends = []
        for direction in (1, -1):
            found = linprog(
                direction * form,
                A_eq=numpy.array(self.known) if self.known else None,
                b_eq=self.values or None,
                bounds=(0, None),
                method="highs",
            )
            if found.status == 3:  # no limit at all
                return float("inf")
            assert found.status == 0, found.message
            ends.append(found.fun * direction)
        return ends[1] - ends[0]


def assert_hidden_stays_hidden(rows: Rows, tree: Node, k: int) -> Table:
    table = suppress(rows, tree, k)
    attacker = Attacker(table, tree)
    everyone = tuple(rows)
    for wards, shown in [*(((ward,), row) for ward, row in table.rows.items()), (table.covers, table.total)]:
        for group in groups_of(tree):
            seen = shown.of(group)
            if seen is not None:
                assert seen == sum(rows[ward].get(answer, 0) for ward in wards for answer in group)
                assert seen >= k
            elif wards:
                assert attacker.width(wards, group) >= k - 1e-6, (wards, group)
    for answer in tree.answers:
        width = attacker.width(everyone, (answer,))
        assert width >= k - 1e-6 or width < 1e-6  # a sum of what is shown is no secret
    return table


@settings(max_examples=25, deadline=None)
@given(ROWS, st.sampled_from([5, 10]))
@example({"a": {"5": 110, "4": 100, "3": 13, "2": 4, "1": 3}}, 10)
@example(
    {"a": {"5": 200, "4": 25, "3": 5, "2": 0, "1": 0}, "b": {"5": 60, "4": 60, "3": 20, "2": 11, "1": 10}}, 10
)
@example({f"w{i}": {"5": 3, "4": 2, "3": 0, "2": 0, "1": 0} for i in range(4)}, 10)
def test_no_hidden_count_can_be_narrowed_below_k(rows: Rows, k: int) -> None:
    assert_hidden_stays_hidden(rows, SCALE_TREE, k)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys("abcd", SMALL_COUNTS)), min_size=1, max_size=4).map(
        lambda rows: {f"w{i}": row for i, row in enumerate(rows)}
    )
)
def test_nor_in_a_table_of_plain_choices(rows: Rows) -> None:
    assert_hidden_stays_hidden(rows, chain("abcd"), K)


def initiated_ranges(rows: Rows, table: Table, k: int) -> dict[str, tuple[int, int]]:
    """What somebody who knows the rules concludes of each ward's satisfied: hidden sides are under k."""
    tree, first = SCALE_TREE, ("5", "4")
    limits = {}
    for ward, row in table.rows.items():
        n, count = row.of(tree.answers), row.of(first)
        true = sum(rows[ward].get(answer, 0) for answer in first)
        if count is not None:
            limits[ward] = (count, count)
        elif n is None:
            limits[ward] = (0, k - 1)
        else:
            low, high = row.bound.limits(n) if row.bound else (0, n)
            limits[ward] = (low, min(high, k - 1)) if true < k else (max(low, n - k + 1), high)
    return limits


@settings(max_examples=300, deadline=None)
@given(ROWS)
def test_the_total_tells_nothing_that_the_rows_do_not(rows: Rows) -> None:
    """Even to somebody who knows these rules, and on which side of a row the few are."""
    table = suppress(rows, SCALE_TREE, K)
    total = table.total.of(("5", "4"))
    if total is None:
        return

    limits = {ward: limit for ward, limit in initiated_ranges(rows, table, K).items() if ward in table.covers}

    for low, high in limits.values():
        others_low = sum(each[0] for each in limits.values()) - low
        others_high = sum(each[1] for each in limits.values()) - high
        assert total - others_high <= low
        assert total - others_low >= high


def test_a_ward_under_k_looks_like_a_ward_without_a_ballot() -> None:
    full = {"5": 60, "4": 60, "3": 20, "2": 11, "1": 10}
    few, none = {"5": 9, "4": 0, "3": 0, "2": 0, "1": 0}, dict.fromkeys(full, 0)

    with_few = suppress({"a": full, "b": few}, SCALE_TREE, K)
    with_none = suppress({"a": full, "b": none}, SCALE_TREE, K)

    assert with_few == with_none


@pytest.mark.parametrize("n", [10, 12, 30, 59, 99])
def test_a_small_unanimous_group_is_said_to_be_ninety_percent_or_more(n: int) -> None:
    row = suppress({"a": {"5": n - 3, "4": 3}}, SCALE_TREE, K).rows["a"]

    assert row.of(("5", "4")) is None
    assert row.bound == Bound(Side.AT_LEAST, 90)
    assert str(row.bound) == "≥ 90 %"


def test_exactly_nine_in_ten_is_ninety_percent_or_more() -> None:
    rows = {"just": {"5": 18, "1": 2}, "under": {"5": 17, "1": 3}, "few": {"5": 2, "1": 18}}

    bounds = {ward: row.bound and str(row.bound) for ward, row in suppress(rows, SCALE_TREE, K).rows.items()}

    assert bounds == {"just": "≥ 90 %", "under": None, "few": "≤ 10 %"}


def test_the_bound_does_not_tell_whether_anybody_thought_otherwise() -> None:
    unanimous = suppress({"a": {"5": 20, "4": 20, "1": 0}}, SCALE_TREE, K)
    one_objects = suppress({"a": {"5": 20, "4": 19, "1": 1}}, SCALE_TREE, K)

    assert unanimous == one_objects


def test_a_small_group_that_is_all_unsatisfied_is_not_shown_as_none() -> None:
    row = suppress({"a": {"2": 6, "1": 20}}, SCALE_TREE, K).rows["a"]

    assert row.of(("5", "4")) is None
    assert str(row.bound) == "≤ 10 %"


def test_a_large_group_that_nearly_all_agrees_has_a_finer_bound() -> None:
    row = suppress({"a": {"5": 900, "4": 95, "3": 5}}, SCALE_TREE, K).rows["a"]

    assert str(row.bound) == "≥ 99 %"
    assert row.bound is not None
    low, high = row.bound.limits(1000)
    assert high - low >= K


def test_what_is_left_after_subtraction_is_hidden_with_it() -> None:
    """3 = 13 people would be shown, but then the seven below it could be computed."""
    row = suppress({"a": {"5": 110, "4": 100, "3": 13, "2": 4, "1": 3}}, SCALE_TREE, K).rows["a"]

    assert (row.of("5"), row.of("4"), row.of(("5", "4"))) == (110, 100, 210)
    assert row.of(("3", "2", "1")) == 20
    assert row.of("3") is None
    assert row.of(("2", "1")) is None


def test_the_total_over_all_wards_never_gives_away_the_one_that_is_hidden() -> None:
    full = {"5": 60, "4": 60, "3": 20, "2": 11, "1": 10}
    few = {"5": 9, "4": 0, "3": 0, "2": 0, "1": 0}

    table = suppress({"a": full, "b": few, "c": full}, SCALE_TREE, K)

    assert table.covers == ("a", "c")
    assert table.total.of(SCALE_TREE.answers) == 2 * 161


def test_the_total_covers_everybody_when_that_tells_on_nobody() -> None:
    full = {"5": 60, "4": 60, "3": 20, "2": 11, "1": 10}

    table = suppress({"a": full, "b": full}, SCALE_TREE, K)

    assert table.covers == ("a", "b")
    assert table.total.of("1") == 20


FULL = {"5": 60, "4": 60, "3": 20, "2": 11, "1": 10}


def test_several_small_wards_may_hide_in_their_crowd() -> None:
    """Any of the five could have anything from none to nine people, so the total may be over everybody."""
    small = {"5": 4, "4": 0, "3": 3, "2": 0, "1": 0}
    rows = {"a": FULL, **{f"w{i}": small for i in range(5)}}

    table = assert_hidden_stays_hidden(rows, SCALE_TREE, K)

    assert table.covers == tuple(rows)
    assert table.total.of(("5", "4")) == 140
    assert table.total.of("5") is None  # of the crowd's twenty satisfied all are “5”: that would show


@pytest.mark.parametrize(
    ("wards", "each"),
    [
        (2, {"5": 5, "3": 4}),  # nine and nine: subtracting one's own ward tells the other's
        (3, {"5": 5, "3": 4}),  # 27 of at most 27: each must have nine
        (4, {"5": 1, "3": 1}),  # eight together: each has eight at most
        (4, {"5": 5, "3": 2}),  # eight in the lower half together
    ],
)
def test_a_crowd_that_would_show_its_members_is_left_out(wards: int, each: dict[str, int]) -> None:
    rows = {"a": FULL, **{f"w{i}": each for i in range(wards)}}

    assert suppress(rows, SCALE_TREE, K).covers == ("a",)


@pytest.mark.parametrize(
    "row",
    [
        {"5": 30, "4": 23, "3": 7},  # four sevens make 28, and none can be above nine: so none is nought
        {"5": 4, "4": 3, "1": 53},  # the same upside down
    ],
)
def test_a_total_that_narrows_what_the_rules_tell_is_not_published(row: dict[str, int]) -> None:
    table = suppress({f"w{i}": row for i in range(4)}, SCALE_TREE, K)

    assert table.covers == ()
    assert table.total.counts == {}


def test_wards_that_nearly_agree_may_be_in_the_total_when_it_tells_nothing_of_them() -> None:
    """Three wards of “≥ 90 %” with four who disagree each: of the twelve, any ward could have none or all its six."""
    nearly = {"5": 56, "3": 4}
    few = {"5": 4, "3": 3}
    rows = {"a": FULL, **{f"n{i}": nearly for i in range(3)}, **{f"w{i}": few for i in range(5)}}

    table = assert_hidden_stays_hidden(rows, SCALE_TREE, K)

    assert table.covers == tuple(rows)
    assert table.total.of(("5", "4")) == 120 + 3 * 56 + 5 * 4


@pytest.mark.parametrize("k", [4, 0, -1])
def test_no_setting_goes_below_the_floor(k: int) -> None:
    with pytest.raises(TooSmall):
        suppress({}, SCALE_TREE, k)
