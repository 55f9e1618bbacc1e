"""Every table of a small kind, one by one, instead of a sample: what somebody who knows the rules could conclude of a ward, and
whether what would tell nothing is shown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement, product

import pytest

from surveys.disclosure import (
    NOTHING,
    Bound,
    Node,
    Shown,
    Side,
    Table,
    _Hidden,
    _tells_nothing,
    beside,
    breakdown,
    chain,
    only_split,
    plain_total,
    suppress,
)
from surveys.releasing import SCALE_TREE

K = 5
UNDER_K = set(range(K))
AB, ABC = chain("ab"), chain("abc")
FULL = {"a": 40, "b": 40}


def seen(table: Table) -> object:
    """All that anybody sees, as something to compare by."""
    rows = [(sorted(row.counts.items()), str(row.bound), row.bound_of) for row in table.rows.values()]
    return repr((rows, sorted(table.total.counts.items()), table.covers))


# ── Totals ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("many", "few"), ["ab", "ba"])
@pytest.mark.parametrize("sizes", [(54, 54, 54, 54), (54, 54, 54, 54, 20)])
def test_from_a_total_nobody_learns_how_few_of_a_ward_thought_otherwise(
    many: str, few: str, sizes: tuple[int, ...]
) -> None:
    """Wards of 54 with nought to four who thought otherwise, which every one of them hides; and one of twenty, whose own
    bound says that it can be two at the most."""
    told = [set(range(3)) if size == 20 else UNDER_K for size in sizes]
    of_a_sum, of_what_is_seen = defaultdict(list), defaultdict(list)
    tables = {}
    for handful in product(*told):
        wards = zip(sizes, handful, strict=True)
        rows = {"full": FULL} | {f"w{i}": {many: size - x, few: x} for i, (size, x) in enumerate(wards)}
        tables[handful] = suppress(rows, AB, K)
        of_a_sum[sum(handful)].append(handful)
        of_what_is_seen[seen(tables[handful])].append(handful)

    for possible in of_what_is_seen.values():
        assert [set(each) for each in zip(*possible, strict=True)] == told
    for handful, table in tables.items():
        tells_nothing = [set(each) for each in zip(*of_a_sum[sum(handful)], strict=True)] == told
        is_over_everybody = len(table.covers) == 1 + len(sizes)
        # Who does not know these rules counts from nought to the sum: that has to be wide, too.
        assert is_over_everybody is (tells_nothing and sum(handful) >= K), handful
        assert table.total.of(few) == 40 + (sum(handful) if is_over_everybody else 0)


def test_a_total_of_k_may_be_shown_and_of_one_less_may_not() -> None:
    def total(*handful: int) -> Shown:
        return suppress({f"w{i}": {"a": 54 - x, "b": x} for i, x in enumerate(handful)}, AB, K).total

    assert total(1, 1, 1, 2).of("b") == K
    assert total(1, 1, 1, 1) == NOTHING


def test_a_ward_whose_many_are_just_k_hides_its_few_like_any_other() -> None:
    rows = {f"w{i}": {"a": 54 - x, "b": x} for i, x in enumerate((1, 1, 0, 0))} | {"small": {"a": K, "b": 3}}

    assert suppress(rows, AB, K).total.of("b") == 5


@pytest.mark.parametrize(("many", "few"), ["bc", "cb"])
def test_what_wards_hide_further_down_is_in_the_total_while_each_could_have_none_or_k_of_it(
    many: str, few: str
) -> None:
    """Of 54 people two said “a”, so each ward hides how many said “b” and how many “c”."""
    for handful in product(range(4), repeat=4):
        wards = {f"w{i}": {"a": 2, many: 52 - x, few: x} for i, x in enumerate(handful)}

        total = suppress({"full": {"a": 40, "b": 20, "c": 20}} | wards, ABC, K).total

        assert total.of("a") == 48
        assert total.of(few) == (20 + sum(handful) if sum(handful) >= K else None), handful


def test_from_a_total_nobody_learns_of_a_ward_in_the_crowd_whether_anybody_answered() -> None:
    """Four wards under k. They are alike to the rules, so their order does not matter: each could be any of them."""
    sizes = [(a, b) for a in UNDER_K for b in UNDER_K if a + b < K]
    of_what_is_seen = defaultdict(set)
    over_everybody = set()
    for crowd in combinations_with_replacement(sizes, 4):
        rows = {"full": FULL} | {f"w{i}": {"a": a, "b": b} for i, (a, b) in enumerate(crowd)}
        table = suppress(rows, AB, K)
        of_what_is_seen[seen(table)] |= set(crowd)
        if len(table.covers) == 5:
            over_everybody.add((sum(a for a, _ in crowd), sum(b for _, b in crowd)))

    for possible in of_what_is_seen.values():
        assert {a + b for a, b in possible} == {a for a, _ in possible} == {b for _, b in possible} == UNDER_K
    # Five and more on either side; at twelve three wards of four may yet hold all of them, at thirteen nobody is nought.
    assert over_everybody == {(5, 5), (5, 6), (6, 5), (5, 7), (6, 6), (7, 5)}


@pytest.mark.parametrize(
    ("could_answer", "is_over_everybody"), [(None, True), (K, True), (K - 1, True), (K - 2, False)]
)
def test_a_ward_of_which_everybody_knows_that_fewer_could_answer_hides_nobody(
    could_answer: int | None, is_over_everybody: bool
) -> None:
    of_each = [{"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 2, "b": 1}]
    rows = {"full": FULL} | {f"w{i}": counts for i, counts in enumerate(of_each)}
    limits = {} if could_answer is None else {"w0": could_answer}

    table = suppress(rows, AB, K, limits)

    assert (set(table.covers) == set(rows)) is is_over_everybody


def test_nor_does_who_knows_the_rules_come_within_k_of_what_a_ward_hides_further_down() -> None:
    """One ward of 52 of whom anything may be true, and one that is known to have four at most: of thirty, 26 to 30 are of the first."""
    free, refused = _Hidden(52, 0, 52, is_refused=False), _Hidden(40, 0, 4, is_refused=True)

    assert not _tells_nothing([free, refused], 30, K)
    assert _tells_nothing([free, refused, refused], 30, K)
    assert not _tells_nothing([free, refused, refused], 3, K)  # and none of the refused has four


def two_wards() -> Iterator[Mapping[str, Mapping[str, int]]]:
    """Beside a full ward, two of ten to fifteen who split into three: a | b | c, so “b” and “c” may hide together."""
    shapes = [(a, b, c) for a in (0, 5, 10) for b in (0, 3, 5, 6) for c in (0, 2, 5) if 10 <= a + b + c <= 15]
    for pair in product(shapes, repeat=2):
        rows = {f"w{i}": dict(zip("abc", shape, strict=True)) for i, shape in enumerate(pair)}
        yield {"full": {"a": 20, "b": 20, "c": 20}} | rows


def test_no_total_is_finer_than_the_people_behind_it() -> None:
    for rows in two_wards():
        table = suppress(rows, ABC, K)
        for group, number in table.total.counts.items():
            assert number == sum(rows[ward][answer] for ward in table.covers for answer in group) >= K
            hidden = [ward for ward in table.covers if table.rows[ward].of(group) is None]
            # One that hides it alone is known as soon as the others are subtracted.
            assert len(hidden) != 1, (rows, group)


def test_a_total_that_tells_is_a_plain_sum_of_what_is_seen() -> None:
    rows = {"x": {"a": 20, "b": 9, "c": 8}, "y": {"a": 30, "b": 6, "c": 1}, "z": {"a": 40, "b": 1, "c": 1}}
    table = suppress(rows, ABC, K)

    plain = plain_total(table, ABC)

    assert plain.rows == table.rows
    assert plain.covers == ("x", "y")
    assert plain.total.counts == {("a", "b", "c"): 74, ("a",): 50, ("b", "c"): 24}


# ── One row ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_question_that_others_depend_on_shows_a_row_split_or_not_at_all() -> None:
    rows = {"split": FULL, "whole": {"a": 50, "b": 4}, "few": {"a": 2, "b": 1}}
    table = suppress(rows, AB, K)

    assert table.rows["whole"].counts
    assert only_split(table, AB) == {"split": table.rows["split"], "whole": NOTHING, "few": NOTHING}


def test_a_bound_is_never_so_fine_that_fewer_than_k_are_left_to_doubt() -> None:
    for n, few in product(range(K, 400), UNDER_K):
        nearly_all = suppress({"w": {"a": n - few, "b": few}}, AB, K).rows["w"]
        nearly_none = suppress({"w": {"a": few, "b": n - few}}, AB, K).rows["w"]

        for row, true in ((nearly_all, n - few), (nearly_none, few)):
            if row.bound is None:
                assert n < 10 or 100 * few > 10 * n
                continue
            low, high = row.bound.limits(n)
            assert low <= true <= high
            assert row.bound_of == ("a",)
            assert row.bound.percent in (range(90, 100) if row is nearly_all else range(1, 11))
            # Of fewer than a hundred, what ninety per cent leaves to doubt is all there is to say.
            assert high - low >= (K if n >= 100 else 1)


def test_a_row_shows_its_parts_or_a_bound_of_the_first_of_them_and_never_both() -> None:
    for n, few in product(range(1, 400), range(K + 3)):
        row = suppress({"w": {"a": max(n - few, 0), "b": min(few, n)}}, AB, K).rows["w"]

        assert row.of("a") is None or row.bound is None, (n, few)
        assert row.bound_of == (None if row.bound is None else ("a",)), (n, few)


def test_limits_of_a_bound_are_whole_people() -> None:
    assert [Bound(Side.AT_LEAST, 90).limits(n) for n in (10, 11, 19, 20, 21)] == [
        (9, 10),
        (10, 11),
        (18, 19),
        (18, 20),
        (19, 21),
    ]
    assert [Bound(Side.AT_MOST, 10).limits(n) for n in (10, 19, 20, 21)] == [(0, 1), (0, 1), (0, 2), (0, 2)]


def test_a_group_is_seen_when_what_is_shown_makes_it_up() -> None:
    row = suppress({"w": {"5": 60, "4": 60, "3": 20, "2": 11, "1": 10}}, SCALE_TREE, K).rows["w"]

    assert row.of(("5", "4")) == row.of(("4", "5")) == 120
    assert row.of(("5", "1")) == 70  # no group of the tree, but both are seen
    assert row.of(("5", "4", "3", "2", "1")) == 161
    assert (
        Shown({("a", "b"): 9, ("a",): 5}).of("b") is None
    )  # what is subtracted is for whoever shows the row
    assert Shown({("a", "b"): 9}).of(("a", "b", "c")) is None


# ── What stands beside a row ─────────────────────────────────────────────────────────────────────────────────────

SIZES = (0, K - 1, K, K + 1, 12)


@pytest.mark.parametrize("is_published_with", [True, False])
def test_with_and_without_stand_beside_each_other_where_k_are_on_every_side(is_published_with: bool) -> None:
    """What is left out is the difference of the two, so it is shown as much as they are."""
    for a, b, apart_a, apart_b in product(SIZES, repeat=4):
        kept, apart = {"a": a, "b": b}, {"a": apart_a, "b": apart_b}
        whole = {"a": a + apart_a, "b": b + apart_b}
        row = suppress({"w": whole if is_published_with else kept}, AB, K).rows["w"]

        shown = beside(kept, apart, row, AB, K)

        other = kept if is_published_with else whole
        if min(a + b, apart_a + apart_b) < K:
            assert shown == NOTHING
        elif min(a, b, apart_a, apart_b) < K:
            assert shown == Shown({("a", "b"): a + b if is_published_with else sum(whole.values())})
        else:
            assert shown == Shown({("a", "b"): sum(other.values()), ("a",): other["a"], ("b",): other["b"]})


def test_beside_a_row_that_shows_no_sides_or_nothing_no_more_is_shown() -> None:
    kept, apart = {"a": 20, "b": 20}, {"a": 10, "b": 10}

    assert beside(kept, apart, NOTHING, AB, K) == NOTHING
    assert beside(kept, apart, Shown({("a", "b"): 60}), AB, K) == Shown({("a", "b"): 40})


def test_both_of_two_parts_show_their_sides_or_neither_does() -> None:
    for a, b, other_a, other_b in product(SIZES, repeat=4):
        parts = {"one": {"a": a, "b": b}, "two": {"a": other_a, "b": other_b}}
        row = suppress({"w": {"a": a + other_a, "b": b + other_b}}, AB, K).rows["w"]

        one, two = breakdown(parts, row, AB, K).values()

        assert (one.of("a") is None) is (two.of("a") is None) is (min(a, b, other_a, other_b) < K)
        assert (one.of(("a", "b")) is None) is (two.of(("a", "b")) is None)
        assert (one == NOTHING) is (min(a + b, other_a + other_b) < K)


def test_parts_of_a_row_that_shows_only_its_size_show_only_theirs() -> None:
    parts = {"one": {"a": 20, "b": 20}, "two": {"a": 20, "b": 20}}

    shown = breakdown(parts, Shown({("a", "b"): 80}), AB, K)

    assert shown == {"one": Shown({("a", "b"): 40}), "two": Shown({("a", "b"): 40})}
    assert breakdown(parts, NOTHING, AB, K) == {"one": NOTHING, "two": NOTHING}


def test_what_is_not_split_in_two_is_shown_whole() -> None:
    table = suppress({"w": {"a": 7, "b": 90}, "few": {"a": 4}}, Node(("a",)), K)

    assert table.rows == {"w": Shown({("a",): 7}), "few": NOTHING}
    assert (table.total, table.covers) == (Shown({("a",): 7}), ("w",))
