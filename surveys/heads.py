"""A head: how long the ledger was, and one root over all of it, signed. Who keeps one can tell later whether history was rewritten.

It is a C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint), so witnesses of transparency logs can sign it beside us:

    vinhlong.langnghe
    14
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — vinhlong.langnghe Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/…

The leaves of its tree are the ledger's lines without their line breaks. Without heads outside our hands, whoever holds our key
could write another ledger and sign it again; with one, they could not without it showing.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from surveys import merkle
from surveys.signatures import BadNote, PublicKey, Signer, open_note, signed_note

__all__ = ["BadHead", "Head", "continues"]

HASH_BYTES = 32
LARGEST = 2**63 - 1  # what a checkpoint's readers take


class BadHead(ValueError):
    """This is not a head signed by that key."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first `size` entries of a ledger, as one root."""

    name: str
    """The name of the ledger's key."""
    size: int
    root: bytes

    @classmethod
    def over(cls, lines: Iterable[str], key: PublicKey) -> Self:
        """The head of a ledger of these lines."""
        tree = merkle.Accumulator()
        for line in lines:
            tree.add(merkle.leaf_hash(line.encode()))
        return cls(key.name, tree.size, tree.root())

    @classmethod
    def read(cls, text: str, key: PublicKey) -> Self:
        """From the file that was handed out. Raises BadHead."""
        try:
            signed = open_note(text, key)
        except BadNote as problem:
            raise BadHead(str(problem)) from None
        name, size, root, *rest = (*signed.split("\n"), "", "")
        try:
            head = cls(name, int(size), b64decode(root, validate=True))
        except ValueError:
            raise BadHead("A head is a name, a number of entries and a root.") from None
        # Extension lines may follow in other logs' heads; ours have none.
        if head.text != signed or any(rest) or head.name != key.name:
            raise BadHead("The head is not written as we write it.")
        if not 0 <= head.size <= LARGEST or len(head.root) != HASH_BYTES:
            raise BadHead("No ledger has such a head.")
        return head

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.name}\n{self.size}\n{b64encode(self.root).decode()}\n"

    def signed(self, signer: Signer) -> str:
        """The file to hand out."""
        return signed_note(self.text, signer)


def continues(older: Head, newer: Head, path: Sequence[bytes]) -> bool:
    """Whether the newer ledger begins with the older one, by a `merkle.consistency_path`; every ledger begins with an empty one."""
    if older.name != newer.name:
        return False
    if older.size == 0:
        return older.root == merkle.EMPTY and not path
    return merkle.is_consistent(older.size, older.root, newer.size, newer.root, path)
