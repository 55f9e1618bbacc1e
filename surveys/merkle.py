"""A hash tree over ballots or ledger entries: one root that stands for all of them, and short proofs about it.

The Merkle tree of RFC 6962 (section 2.1; the proofs are checked as RFC 9162, sections 2.1.3 and 2.1.4, writes it down), so any
Certificate Transparency tool can check ours. It knows hashes, not what was hashed, nor how many leaves there may be: a tree
is read once, leaf after leaf, and what is kept grows with the logarithm of their number.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice

__all__ = [
    "BLANK",
    "EMPTY",
    "Accumulator",
    "consistency_path",
    "inclusion_path",
    "is_consistent",
    "is_included",
    "leaf_hash",
    "node_hash",
    "root_of",
]

# A leaf and a node are hashed under different tags, else a node could be passed off as a leaf (second preimage).
LEAF, NODE = b"\x00", b"\x01"


def leaf_hash(content: bytes) -> bytes:
    return sha256(LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""
BLANK = leaf_hash(b"")
"""The leaf of a withdrawn ballot: it keeps its place, and says nothing. No commitment is empty, so none looks like it."""


class Accumulator:
    """The root of all leaves so far. It holds one hash for each full subtree: twenty for a million leaves."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """`leaf` is a leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """32 bytes; more leaves may be added afterwards."""
        if not self._peaks:
            return EMPTY
        *others, node = self._peaks
        for peak in reversed(others):
            node = node_hash(peak, node)
        return node


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over some leaf hashes."""
    tree = Accumulator()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


# ── Proofs: a list of the hashes of some subtrees, each a stretch of leaves [from, to) ───────────────────────────

Stretch = tuple[int, int]


def inclusion_path(leaves: Iterable[bytes], position: int, size: int) -> tuple[bytes, ...]:
    """What proves that a leaf stands at a position (from 0) in the tree of the first `size` leaves.

    Raises IndexError when there is no such position, ValueError when there are fewer leaves.
    """
    if not 0 <= position < size:
        raise IndexError(f"There is no leaf {position} among {size}.")
    return _roots(leaves, list(_siblings(position, 0, size)))


def consistency_path(leaves: Iterable[bytes], old: int, new: int) -> tuple[bytes, ...]:
    """What proves that the tree of the first `old` leaves is the beginning of the tree of the first `new`.

    Raises IndexError when the old tree is empty or larger, ValueError when there are fewer leaves.
    """
    if not 0 < old <= new:
        raise IndexError(f"A tree of {new} leaves does not continue one of {old}.")
    return _roots(leaves, list(_remains(old, 0, new, is_whole=True)))


def is_included(leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf hash at that position to the root of that many leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    node, place, last = leaf, position, size - 1
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:  # a right edge that rises without a sibling
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path shows that the newer tree begins with the older one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    rest = list(path)
    # A full old tree is a node of the new one, so its root need not be told.
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_node = new_node = rest[0]
    for hashed in rest[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_node, new_node = node_hash(hashed, old_node), node_hash(hashed, new_node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_node = node_hash(new_node, hashed)
        place, last = place >> 1, last >> 1
    return last == 0 and old_node == old_root and new_node == new_root


def _siblings(position: int, start: int, end: int) -> Iterable[Stretch]:
    """PATH(m, D[n]) of RFC 6962, 2.1.1, as stretches of leaves."""
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if position < middle:
        yield from _siblings(position, start, middle)
        yield middle, end
    else:
        yield from _siblings(position, middle, end)
        yield start, middle


def _remains(old: int, start: int, end: int, *, is_whole: bool) -> Iterable[Stretch]:
    """SUBPROOF(m, D[n], b) of RFC 6962, 2.1.2, as stretches of leaves."""
    if old == end - start:
        if not is_whole:
            yield start, end
        return
    width = _split(end - start)
    middle = start + width
    if old <= width:
        yield from _remains(old, start, middle, is_whole=is_whole)
        yield middle, end
    else:
        yield from _remains(old - width, middle, end, is_whole=False)
        yield start, middle


def _split(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << (size - 1).bit_length() - 1


def _roots(leaves: Iterable[bytes], stretches: Sequence[Stretch]) -> tuple[bytes, ...]:
    """The root over each stretch, in one pass: the stretches of a proof never overlap."""
    found: dict[Stretch, bytes] = {}
    source, at = iter(leaves), 0
    for start, end in sorted(stretches):
        at += sum(1 for _ in islice(source, start - at))
        tree = Accumulator()
        for leaf in islice(source, end - start):
            tree.add(leaf)
        at += tree.size
        if at != end:
            raise ValueError(f"There are {at} leaves, not {end}.")
        found[start, end] = tree.root()
    return tuple(found[stretch] for stretch in stretches)
