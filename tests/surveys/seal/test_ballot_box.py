"""The ballot box: every place has its ballot or is blank, and each line says what its commitment is to."""

import json
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys import documents, merkle
from surveys.ballot_box import (
    BadLine,
    BadReceipt,
    ReceiptsDigest,
    Row,
    SealedBallot,
    in_places,
    leaf_of,
    line_of,
    read_line,
    root_of,
)
from surveys.ballots import new_receipt
from tests.surveys.seal.province import BLANK, PLACES, SLUG, ballots, receipts_of

BOX = ballots()
LINE = line_of(BOX[0].position, BOX[0])


def test_places_without_a_ballot_are_blank() -> None:
    found = list(in_places(BOX, PLACES))

    assert [place for place, ballot in enumerate(found) if ballot is None] == list(BLANK)
    assert [ballot for ballot in found if ballot] == list(BOX)


def test_an_empty_box_is_the_empty_tree() -> None:
    assert root_of((), 0) == merkle.EMPTY
    assert root_of((), 2) == merkle.node_hash(merkle.BLANK, merkle.BLANK)


def test_the_root_is_over_commitments_and_blanks_in_their_places() -> None:
    at = {ballot.position: ballot for ballot in BOX}
    leaves = [
        merkle.leaf_hash(at[place].commitment) if place in at else merkle.BLANK for place in range(PLACES)
    ]

    assert root_of(iter(BOX), PLACES) == merkle.root_of(leaves)


def test_a_resident_finds_the_ballot_included_without_seeing_any() -> None:
    ballot = BOX[41]
    leaves = map(leaf_of, in_places(BOX, PLACES))

    path = merkle.inclusion_path(leaves, ballot.position, PLACES)

    assert merkle.is_included(leaf_of(ballot), ballot.position, PLACES, path, root_of(BOX, PLACES))


@pytest.mark.parametrize(
    ("box", "count"),
    [
        (BOX[:3], 2),
        ((BOX[1], BOX[0]), 9),
        ((BOX[0], BOX[0]), 9),
        ((BOX[0]._replace(position=-1),), 9),
    ],
)
def test_ballots_that_do_not_fit_are_refused(box: tuple[SealedBallot, ...], count: int) -> None:
    with pytest.raises(ValueError, match="has no place"):
        list(in_places(box, count))


def test_memory_does_not_grow_with_the_box() -> None:
    def box(count: int) -> Iterator[Row]:
        return (BOX[0]._replace(position=place) for place in range(count))

    def most(count: int) -> int:
        tracemalloc.start()
        root_of(box(count), count)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    # Ten thousand hashes alone would take 650 kB.
    assert most(10_000) < 400_000


# ── Receipts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_receipts_are_known_by_the_file_they_are_listed_in() -> None:
    receipts = receipts_of(40)
    digest = ReceiptsDigest()

    for receipt in receipts:
        digest.add(receipt)

    assert digest.count == 40
    assert digest.hexdigest() == sha256("".join(f"{each}\n" for each in receipts).encode()).hexdigest()


def test_no_receipts_are_known_too() -> None:
    assert ReceiptsDigest().hexdigest() == sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        ("7777-7777-7777-7777", "stands here twice"),
        ("6777-7777-7777-7777", "not sorted"),
        ("", "no receipt"),
        ("8777-7777-7777-777", "no receipt"),
        ("8777-7777-7777-77770", "no receipt"),
        ("8777777777777777", "no receipt"),
        ("8777-7777-7777-777I", "no receipt"),
        ("8777-7777-7777-777a", "no receipt"),
        ("8777-7777-7777-7777\n", "no receipt"),
        ("٨777-7777-7777-7777", "no receipt"),
    ],
)
def test_a_receipt_that_cannot_come_next_is_not_taken_in(receipt: str, reason: str) -> None:
    digest = ReceiptsDigest()
    digest.add("7777-7777-7777-7777")
    before = digest.hexdigest()

    with pytest.raises(BadReceipt, match=reason):
        digest.add(receipt)

    assert (digest.count, digest.hexdigest()) == (1, before)


@given(st.sets(st.binary(min_size=10, max_size=10)))
def test_every_receipt_we_make_can_be_listed(made: set[bytes]) -> None:
    digest = ReceiptsDigest()

    for receipt in sorted(map(new_receipt, made)):
        digest.add(receipt)

    assert digest.count == len(made)


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", range(PLACES))
def test_every_line_is_read_back(place: int) -> None:
    ballot = next((ballot for ballot in BOX if ballot.position == place), None)

    assert read_line(line_of(place, ballot), place, SLUG) == ballot


def test_a_line_holds_no_more_than_it_must() -> None:
    assert sorted(json.loads(LINE)) == [
        "answers",
        "commitment",
        "mode",
        "position",
        "salt",
        "stream",
        "unit",
    ]
    assert line_of(7, None) == '{"position":7}'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("answers", {"chung": 5}),
        ("answers", {"chung": None}),
        ("answers", "5"),
        ("answers", {}),
        ("commitment", "00"),
        ("commitment", "zz" * 32),
        ("mode", "telepathy"),
        ("mode", ["self"]),
        ("mode", None),
        ("position", 1),
        ("position", True),
        ("position", "0"),
        ("receipt", "K7QF-3M2X-9TWA-5H8C"),
        ("salt", "00"),
        ("salt", None),
        ("stream", "poster"),
        ("unit", None),
        ("unit", "29999"),
    ],
)
def test_a_line_with_anything_else_in_it_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadLine):
        read_line(documents.written({**json.loads(LINE), name: value}), 0, SLUG)


def test_a_line_in_other_hex_is_refused() -> None:
    body = json.loads(LINE)

    with pytest.raises(BadLine, match="hex"):
        read_line(documents.written({**body, "salt": body["salt"].upper()}), 0, SLUG)


def test_a_ballot_belongs_to_its_wave() -> None:
    with pytest.raises(BadLine, match="commitment"):
        read_line(LINE, 0, "another-wave")


@settings(deadline=None)
@given(
    st.text(max_size=100)
    | st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9)).map(documents.written)
)
def test_no_line_is_a_surprise(line: str) -> None:
    with pytest.raises(BadLine):
        read_line(line, 3, SLUG)
