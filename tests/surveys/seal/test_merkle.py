"""The tree is Certificate Transparency's: their vectors, and what RFC 6962 says of every tree. The hash is checked by hand."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys import merkle

# The leaves and roots of Certificate Transparency's own reference tests (merkle_tree_test.cc), by number of leaves.
LEAVES = [
    bytes.fromhex(content)
    for content in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [  # position, size, path
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [  # old size, new size, path
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]

HASHED = [merkle.leaf_hash(leaf) for leaf in LEAVES]
MANY = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(300)]


def unhex(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in path]


def reference_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 6962, 2.1, writes it: by halves, all in memory."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + reference_root(leaves[:k]) + reference_root(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert merkle.root_of(HASHED[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("position", "size", "path"), INCLUSION)
def test_the_proofs_of_inclusion_are_those_of_certificate_transparency(
    position: int, size: int, path: list[str]
) -> None:
    found = merkle.inclusion_path(HASHED, position, size)

    assert [each.hex() for each in found] == path
    assert merkle.is_included(HASHED[position], position, size, unhex(path), bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_the_proofs_of_consistency_are_those_of_certificate_transparency(
    old: int, new: int, path: list[str]
) -> None:
    found = merkle.consistency_path(HASHED, old, new)

    assert [each.hex() for each in found] == path
    assert merkle.is_consistent(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), unhex(path))


@settings(deadline=None)
@given(st.integers(0, 300))
def test_a_root_made_leaf_by_leaf_is_the_root_by_halves(size: int) -> None:
    assert merkle.root_of(iter(MANY[:size])) == reference_root(MANY[:size])


def test_the_root_may_be_asked_for_between_leaves() -> None:
    tree = merkle.Accumulator()

    for size, leaf in enumerate(MANY, start=1):
        tree.add(leaf)

        assert (tree.size, tree.root()) == (size, reference_root(MANY[:size]))


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_leaf_is_included_and_at_no_other_place(case: tuple[int, int]) -> None:
    position, size = case
    root = merkle.root_of(MANY[:size])

    path = merkle.inclusion_path(iter(MANY), position, size)

    places = [at for at in range(size) if merkle.is_included(MANY[position], at, size, path, root)]
    assert places == [position]
    assert not merkle.is_included(merkle.BLANK, position, size, path, root)


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new))))
def test_every_tree_continues_those_before_it(case: tuple[int, int]) -> None:
    old, new = case
    old_root, new_root = merkle.root_of(MANY[:old]), merkle.root_of(MANY[:new])

    path = merkle.consistency_path(iter(MANY), old, new)

    assert merkle.is_consistent(old, old_root, new, new_root, path)
    if old < new:
        assert not merkle.is_consistent(old, new_root, new, old_root, path)
        assert not merkle.is_consistent(old, merkle.BLANK, new, new_root, path)


@settings(deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_proof_that_was_touched_proves_nothing(size: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    root, old_root = merkle.root_of(MANY[:size]), merkle.root_of(MANY[:old])

    for path, holds in (
        (
            merkle.inclusion_path(MANY, position, size),
            lambda p: merkle.is_included(MANY[position], position, size, p, root),
        ),
        (
            merkle.consistency_path(MANY, old, size),
            lambda p: merkle.is_consistent(old, old_root, size, root, p),
        ),
    ):
        assert holds(path)
        at = data.draw(st.integers(0, len(path) - 1))
        assert not holds((*path[:at], merkle.leaf_hash(path[at]), *path[at + 1 :]))
        assert not holds(path[:at] + path[at + 1 :])
        assert not holds((*path, merkle.BLANK))
        assert not holds((merkle.BLANK, *path))


def test_a_node_cannot_be_passed_off_as_a_leaf() -> None:
    left, right = MANY[:2]

    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_place_outside(position: int, size: int) -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_path(MANY, position, size)
    assert not merkle.is_included(MANY[0], position, size, (), merkle.root_of(MANY[:size]))


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 2)])
def test_a_tree_continues_none_that_is_empty_or_longer(old: int, new: int) -> None:
    with pytest.raises(IndexError):
        merkle.consistency_path(MANY, old, new)
    assert not merkle.is_consistent(old, merkle.EMPTY, new, merkle.root_of(MANY[:new]), ())


def test_too_few_leaves_are_not_taken_for_a_tree() -> None:
    with pytest.raises(ValueError, match="There are 5 leaves, not 8"):
        merkle.inclusion_path(iter(MANY[:5]), 0, 8)


def test_what_is_kept_of_a_million_leaves_is_twenty_hashes() -> None:
    tree = merkle.Accumulator()
    most = 0

    for number in range(1 << 17):
        tree.add(MANY[number % 300])
        most = max(most, len(tree._peaks))

    assert most == 17
    assert len(tree._peaks) == 1
