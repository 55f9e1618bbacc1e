"""Heads: short files that somebody else keeps, and what they find out."""

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys import merkle
from surveys.heads import BadHead, Head, continues
from surveys.signatures import signed_note
from tests.surveys.seal.province import FORGER, OURS, honest, signer

LINES = tuple(f"line {number}" for number in range(40))
LEAVES = [merkle.leaf_hash(line.encode()) for line in LINES]


def test_a_head_is_a_short_text_file() -> None:
    text = Head.over(honest().ledger, OURS.key).signed(OURS)

    name, size, root, empty, signature = text.removesuffix("\n").split("\n")
    assert (name, size, empty) == ("vinhlong.langnghe", "13", "")
    assert len(root) == 44
    assert signature.startswith("— vinhlong.langnghe ")
    assert len(text) < 300


def test_a_head_is_read_back() -> None:
    head = Head.over(LINES, OURS.key)

    assert Head.read(head.signed(OURS), OURS.key) == head


def test_a_witness_may_sign_below() -> None:
    head = Head.over(LINES, OURS.key)
    front = signer("mặt trận", name="mttq.vinhlong")
    cosigned = head.signed(OURS) + signed_note(head.text, front).rpartition("\n\n")[2]

    assert Head.read(cosigned, OURS.key) == head


def test_a_head_of_another_key_is_refused() -> None:
    with pytest.raises(BadHead, match="has not signed"):
        Head.read(Head.over(LINES, FORGER.key).signed(FORGER), OURS.key)


ROOT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"vinhlong.langnghe\n07\n{ROOT}\n",
        f"vinhlong.langnghe\n+7\n{ROOT}\n",
        f"vinhlong.langnghe\n-7\n{ROOT}\n",
        f"vinhlong.langnghe\n7_0\n{ROOT}\n",
        f"vinhlong.langnghe\n{2**63}\n{ROOT}\n",
        f"vinhlong.langnghe\n{'9' * 5000}\n{ROOT}\n",
        f"vinhlong.langnghe\nseven\n{ROOT}\n",
        "vinhlong.langnghe\n7\nAAAA\n",
        "vinhlong.langnghe\n7\n!!!!\n",
        f"vinhlong.langnghe\n7\n{ROOT}\nmore\n",
        f"another.ledger\n7\n{ROOT}\n",
        "vinhlong.langnghe\n7\n",
        "vinhlong.langnghe\n",
    ],
)
def test_a_head_that_we_would_not_write_is_refused_though_we_signed_it(text: str) -> None:
    with pytest.raises(BadHead):
        Head.read(signed_note(text, OURS), OURS.key)


@settings(deadline=None)
@given(st.text())
def test_no_text_is_a_surprise(text: str) -> None:
    with pytest.raises(BadHead):
        Head.read(text, OURS.key)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_a_longer_ledger_continues_a_shorter_one(one: int, other: int) -> None:
    old, new = sorted((one, other))
    older, newer = Head.over(LINES[:old], OURS.key), Head.over(LINES[:new], OURS.key)
    path = merkle.consistency_path(LEAVES, old, new) if old else ()

    assert continues(older, newer, path)
    rewritten = Head.over(("another", *LINES[1:new]), OURS.key)
    assert old == 0 or not continues(older, rewritten, path)
    assert old == new or not continues(newer, older, path)
    assert not continues(replace(older, name="another.ledger"), newer, path)
