"""What may be shown of counts without telling on anybody. It knows numbers and groups, not what they are about.

A table is wards × answers. Each row is split in two, and each part in two again, as far as both parts hold at least k
people; what is not split stays one group of at least k. So whatever is subtracted from whatever, each hidden count of a
row could be anything from 0 to at least k (complementary suppression by construction). The total over all wards is split
likewise, and only as far as it tells nothing about a hidden count that the ward's own row does not; else the total is of
the shown wards alone, a plain sum of what is seen.

Where a split would leave fewer than k on one side, the row may still say a bound, “≥ 90 %”: what everybody may know of
a small unanimous group. A bound is the same whether nobody or a few thought otherwise.

A row may be broken down by how its answers came: into parts that are split off one by one while each holds at least k, and
again by answer where every part has k on either side. The row itself is then a sum of parts, and nothing that is subtracted
leaves fewer than k. One row has one such breakdown at most that another could be subtracted from: see `beside`.

Suppressed and empty are one value, None: nobody can tell which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "DEFAULT_K",
    "FLOOR_K",
    "NOTHING",
    "Bound",
    "Node",
    "Shown",
    "Table",
    "TooSmall",
    "beside",
    "breakdown",
    "chain",
    "checked_k",
    "only_split",
    "plain_total",
    "suppress",
]

DEFAULT_K = 10
FLOOR_K = 5  # no setting goes below
NEARLY_ALL = 90  # percent; what is said of a small group that agrees


class TooSmall(ValueError):
    """Groups under five cannot be shown: k may not go below the floor."""


def checked_k(k: int) -> int:
    """Raises TooSmall."""
    if k < FLOOR_K:
        raise TooSmall(f"k = {k} is below the floor of {FLOOR_K}.")
    return k


@dataclass(frozen=True, slots=True)
class Node:
    """A group of answers, and the two groups it may be split into."""

    answers: tuple[str, ...]
    first: "Node | None" = None
    second: "Node | None" = None

    def __post_init__(self) -> None:
        if (self.first is None) is not (self.second is None):
            raise ValueError("A group is split in two or not at all.")
        if self.first and self.second and self.first.answers + self.second.answers != self.answers:
            raise ValueError("The two parts of a group must be the group.")


def chain(answers: Sequence[str]) -> Node:
    """First answer | the rest, the rest likewise."""
    if len(answers) == 1:
        return Node(tuple(answers))
    return Node(tuple(answers), Node((answers[0],)), chain(answers[1:]))


class Side(StrEnum):
    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Bound:
    """“≥ 90 %” or “≤ 10 %” of the first part among the whole row."""

    side: Side
    percent: int

    def __str__(self) -> str:
        return f"{self.side} {self.percent} %"

    def limits(self, n: int) -> tuple[int, int]:
        """The fewest and the most of n that the bound allows."""
        if self.side is Side.AT_LEAST:
            return -(-n * self.percent // 100), n
        return 0, n * self.percent // 100


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be seen of one row."""

    counts: Mapping[tuple[str, ...], int]
    """Group of answers → how many. The whole row is the group of all answers. What is not here is hidden."""
    bound: Bound | None = None
    """Where the parts of the whole are hidden: what may be said of the first."""
    bound_of: tuple[str, ...] | None = None
    """That first part."""

    def of(self, answers: Sequence[str]) -> int | None:
        """How many gave one of these answers: seen as a group, or added up from groups that are seen."""
        wanted = set(answers)
        seen = [group for group in self.counts if set(group) <= wanted]
        # Groups are nested or apart; the widest ones that fit make up the wanted group, or it cannot be seen.
        widest = [group for group in seen if not any(set(group) < set(other) for other in seen)]
        if set().union(*widest) != wanted:
            return None
        return sum(self.counts[group] for group in widest)


NOTHING = Shown({})


@dataclass(frozen=True, slots=True)
class Table:
    """What may be seen of one question: a row a ward, and the total."""

    rows: Mapping[str, Shown]
    total: Shown
    covers: tuple[str, ...]
    """The wards the total is over: all of them, or those whose rows are split."""


def suppress(
    rows: Mapping[str, Mapping[str, int]], tree: Node, k: int, limits: Mapping[str, int] | None = None
) -> Table:
    """`rows`: ward → answer → how many. Answers that the tree does not name are not in the table. `limits`: how many could
    have answered at the most, of wards where everybody knows that. Raises TooSmall."""
    checked_k(k)
    groups = {ward: _groups(tree, counts) for ward, counts in rows.items()}
    shown = {ward: _row(tree, counts, k) for ward, counts in groups.items()}
    total = _total(tree, groups, shown, k, limits or {})
    return plain_total(Table(shown, NOTHING, ()), tree) if total is None else Table(shown, total, tuple(rows))


def plain_total(table: Table, tree: Node) -> Table:
    """The table with the total of the wards whose rows are split: a plain sum of what is seen."""
    covers = tuple(ward for ward, row in table.rows.items() if _is_split(tree, row))
    return Table(table.rows, _sum(tree, [table.rows[ward] for ward in covers]), covers)


def only_split(table: Table, tree: Node) -> dict[str, Shown]:
    """The rows that show their first split, the others empty. For a question that others depend on: how many answered those
    is a bound on one side of its first split, so the size of a row that hides that split would narrow it."""
    return {ward: row if _is_split(tree, row) else NOTHING for ward, row in table.rows.items()}


def breakdown(
    parts: Mapping[str, Mapping[str, int]], row: Shown, tree: Node, k: int, order: Sequence[str] = ()
) -> dict[str, Shown]:
    """Part → what may be seen of it beside the row that all parts make up: its size, and its two sides at the tree's first
    split. `order`: the parts as they are split off; by name where none is given."""
    shown = dict.fromkeys(parts, NOTHING)
    names = list(order or sorted(parts))
    if tree.answers not in row.counts:
        return shown
    sized = {name: _groups(tree, counts) for name, counts in parts.items()}
    has_sides = _is_split(tree, row) and tree.first is not None
    while len(names) > 1:
        first, rest = names[0], names[1:]
        others = {group: sum(sized[name][group] for name in rest) for group in sized[first]}
        if min(sized[first][tree.answers], others[tree.answers]) < k:
            break
        has_sides = has_sides and _sides(tree, sized[first], k) and _sides(tree, others, k)
        shown[first] = _part(tree, sized[first], has_sides)
        names = rest
        if len(names) == 1:
            shown[names[0]] = _part(tree, others, has_sides)
    return shown


def beside(kept: Mapping[str, int], apart: Mapping[str, int], row: Shown, tree: Node, k: int) -> Shown:
    """What may be seen of a row with `apart` in it and without, beside the one of the two that is published as `row`:
    what is returned is the other one. `kept` is without, and both together are with."""
    sides = [_groups(tree, kept), _groups(tree, apart)]
    if tree.answers not in row.counts or min(side[tree.answers] for side in sides) < k:
        return NOTHING
    has_sides = _is_split(tree, row) and all(_sides(tree, side, k) for side in sides)
    whole = {group: sides[0][group] + sides[1][group] for group in sides[0]}
    other = sides[0] if row.counts[tree.answers] == whole[tree.answers] else whole
    return _part(tree, other, has_sides)


def _sides(tree: Node, groups: Mapping[tuple[str, ...], int], k: int) -> bool:
    return min(groups[side.answers] for side in (tree.first, tree.second) if side) >= k


def _part(tree: Node, groups: Mapping[tuple[str, ...], int], has_sides: bool) -> Shown:
    wanted = [tree, tree.first, tree.second] if has_sides else [tree]
    return Shown({node.answers: groups[node.answers] for node in wanted if node is not None})


# ── One row ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _groups(node: Node, counts: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    """Every group of the tree → how many."""
    found = {node.answers: sum(counts.get(answer, 0) for answer in node.answers)}
    if node.first and node.second:
        found |= _groups(node.first, counts) | _groups(node.second, counts)
    return found


def _row(tree: Node, groups: Mapping[tuple[str, ...], int], k: int) -> Shown:
    if groups[tree.answers] < k:
        return NOTHING
    counts = {tree.answers: groups[tree.answers]}
    _split(tree, groups, k, counts)
    bound = None if _is_split(tree, Shown(counts)) else _bound(tree, groups, k)
    return Shown(counts, bound, tree.first.answers if bound and tree.first else None)


def _split(
    node: Node, groups: Mapping[tuple[str, ...], int], k: int, into: dict[tuple[str, ...], int]
) -> None:
    if not (node.first and node.second):
        return
    if min(groups[node.first.answers], groups[node.second.answers]) < k:
        return
    for part in (node.first, node.second):
        into[part.answers] = groups[part.answers]
        _split(part, groups, k, into)


def _is_split(node: Node, shown: Shown) -> bool:
    if node.first is None:
        return node.answers in shown.counts
    return node.first.answers in shown.counts


def _bound(tree: Node, groups: Mapping[tuple[str, ...], int], k: int) -> Bound | None:
    """The bound a row may say of its first part, when nearly all or nearly none gave it."""
    if tree.first is None:
        return None
    n, first = groups[tree.answers], groups[tree.first.answers]
    # Of nine people, 90 % and more are all nine: the bound would say what it is there to hide.
    if n * (100 - NEARLY_ALL) < 100:
        return None
    # A hundred people and more leave k of them room below a finer bound than ninety.
    percent = max(NEARLY_ALL, 100 * (n - k) // n)
    if 100 * first >= percent * n:
        return Bound(Side.AT_LEAST, percent)
    if 100 * (n - first) >= percent * n:
        return Bound(Side.AT_MOST, 100 - percent)
    return None


# ── The total: as fine as it can be without narrowing what a ward hides ──────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Hidden:
    """A row whose parts at some node are hidden. How many may be in the first part:

    from `low` to `high` for who knows these rules, and with them that the hidden side of a row is under k.
    """

    size: int
    low: int
    high: int
    is_refused: bool
    """Whether the row itself refused this split; else it stopped before, and nothing is known of its parts."""


def _total(
    tree: Node,
    groups: Mapping[str, Mapping[tuple[str, ...], int]],
    shown: Mapping[str, Shown],
    k: int,
    limits: Mapping[str, int],
) -> Shown | None:
    """The total over all wards; None when it would tell more about a hidden ward than hiding it does."""
    small = [ward for ward, row in shown.items() if tree.answers not in row.counts]
    together = sum(groups[ward][tree.answers] for ward in small)
    # What is left when the shown wards are subtracted must allow each hidden one anything from none to k − 1. A ward of which
    # everybody knows that fewer could answer hides nobody.
    hiding = sum(limits.get(ward, k) >= k - 1 for ward in small)
    if small and not k <= together <= (hiding - 1) * (k - 1):
        return None
    sums = {group: sum(row[group] for row in groups.values()) for group in _groups(tree, {})}
    counts = {tree.answers: sums[tree.answers]}

    def split(node: Node) -> None:
        first, second = node.first, node.second
        if not (first and second) or min(sums[first.answers], sums[second.answers]) < k:
            return
        # Wards under k are hidden in their crowd, as long as that is one on either side.
        crowd = [sum(groups[ward][part.answers] for ward in small) for part in (first, second)]
        if small and min(crowd) < k:
            return
        seen = sum(row.counts.get(first.answers, 0) for row in shown.values())
        hidden = _hidden(node, first, groups, shown, small, k)
        if not _tells_nothing(hidden, sums[first.answers] - seen - crowd[0], k):
            return
        for part in (first, second):
            counts[part.answers] = sums[part.answers]
            split(part)

    split(tree)
    return Shown(counts) if _is_split(tree, Shown(counts)) else None


def _hidden(
    node: Node,
    first: Node,
    groups: Mapping[str, Mapping[tuple[str, ...], int]],
    shown: Mapping[str, Shown],
    small: Sequence[str],
    k: int,
) -> list[_Hidden]:
    """The rows of wards with k and more that do not show this split.

    We grant the attacker more than is published: the true size of every such row at this node, which of its two sides
    is the small one, and what the wards under k have together. What stays wide for them stays wide for anybody.
    """
    rows = []
    for ward, row in shown.items():
        if ward in small or first.answers in row.counts:
            continue
        size = groups[ward][node.answers]
        if node.answers not in row.counts:
            rows.append(_Hidden(size, 0, size, is_refused=False))
            continue
        low, high = row.bound.limits(size) if row.bound else (0, size)
        if groups[ward][first.answers] < k:
            high = min(high, k - 1)
        else:
            low = max(low, size - k + 1)
        rows.append(_Hidden(size, low, high, is_refused=True))
    return rows


def _tells_nothing(hidden: Sequence[_Hidden], left: int, k: int) -> bool:
    """Whether knowing that all hidden first parts make `left` leaves each as unknown as it must be."""
    to_anybody = _ranges([(0, row.size) for row in hidden], left)
    if any(high - low < k for low, high in to_anybody):
        return False
    to_the_initiated = _ranges([(row.low, row.high) for row in hidden], left)
    return all(
        (low, high) == (row.low, row.high) if row.is_refused else high - low >= k
        for row, (low, high) in zip(hidden, to_the_initiated, strict=True)
    )


def _ranges(limits: Sequence[tuple[int, int]], left: int) -> list[tuple[int, int]]:
    """The exact range of each of some whole numbers that lie within limits and add up to `left`."""
    lows, highs = sum(low for low, _ in limits), sum(high for _, high in limits)
    return [(max(low, left - (highs - high)), min(high, left - (lows - low))) for low, high in limits]


def _sum(tree: Node, rows: Sequence[Shown]) -> Shown:
    """The sum of rows, of the groups that every one of them shows."""
    if not rows:
        return NOTHING
    groups = [group for group in _groups(tree, {}) if all(group in row.counts for row in rows)]
    return Shown({group: sum(row.counts[group] for row in rows) for group in groups})
