"""A sealed ballot box: ballots in their places, blank where one was withdrawn, and the line each is handed to auditors as.

Places follow from nothing that is known once the wave's key is gone. Places nobody holds, up to the count that was sealed, are
blank: their ballots were withdrawn. Receipts lie apart, in an order of their own: whoever holds a receipt and all ballots learns
that one is included, never which. It knows no nullifier, no person, and no more than one ballot at a time.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from surveys import documents, merkle
from surveys.ballots import ALPHABET, commitment
from surveys.documents import NotCanonical
from surveys.entry import Stream
from surveys.forms.session import Mode

__all__ = [
    "BadLine",
    "BadReceipt",
    "Places",
    "ReceiptsDigest",
    "Row",
    "SealedBallot",
    "in_places",
    "leaf_of",
    "line_of",
    "read_line",
    "root_of",
]

Row = tuple[int, str, str, str, str, bytes, bytes]
"""A sealed ballot as a plain tuple, in the order of `SealedBallot`'s fields."""

COMMITMENT_BYTES = 32
SALT_BYTES = 16
RECEIPT = re.compile(rf"[{ALPHABET}]{{4}}(?:-[{ALPHABET}]{{4}}){{3}}")
BLANK_NAMES = {"position"}
STREAMS, MODES = frozenset(Stream), frozenset(Mode)


class BadLine(ValueError):
    """This line is no sealed ballot."""


class BadReceipt(ValueError):
    """This receipt cannot come next."""


class SealedBallot(NamedTuple):
    """What is left of one person's answers. A plain tuple, because there are a million of them."""

    position: int
    unit: str
    stream: str
    mode: str
    answers: str
    """Canonical JSON: question → value."""
    salt: bytes
    commitment: bytes


NAMES = set(SealedBallot._fields)


class Places:
    """`count` places, each with its ballot or None, as the ballots come in by position. Raises ValueError when one does not fit."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._next = 0

    def up_to(self, row: Row) -> Iterator[SealedBallot | None]:
        """The places that stay blank before this ballot, and its own."""
        ballot = SealedBallot._make(row)
        if not self._next <= ballot.position < self._count:
            raise ValueError(
                f"A ballot at {ballot.position} has no place after {self._next} of {self._count}."
            )
        blank = ballot.position - self._next
        self._next = ballot.position + 1
        for _ in range(blank):
            yield None
        yield ballot

    def rest(self) -> Iterator[None]:
        """The places after the last ballot."""
        blank = self._count - self._next
        self._next = self._count
        for _ in range(blank):
            yield None


def in_places(ballots: Iterable[Row], count: int) -> Iterator[SealedBallot | None]:
    """`count` places, each with its ballot or None. The ballots come by position. Raises ValueError when they do not fit."""
    places = Places(count)
    for row in ballots:
        yield from places.up_to(row)
    yield from places.rest()


def leaf_of(ballot: SealedBallot | None) -> bytes:
    """The leaf hash of a place."""
    return merkle.BLANK if ballot is None else merkle.leaf_hash(ballot.commitment)


def root_of(ballots: Iterable[Row], count: int) -> bytes:
    """The root over all places, in one pass and flat memory. Raises ValueError when the ballots do not fit."""
    return merkle.root_of(map(leaf_of, in_places(ballots, count)))


class ReceiptsDigest:
    """SHA-256 over the receipts of a box, one a line, as they come by: sorted, none twice. It keeps only the last one."""

    def __init__(self) -> None:
        self.count = 0
        self._last = ""
        self._hash = sha256()

    def add(self, receipt: str) -> None:
        """Raises BadReceipt, and then has not taken it in."""
        if not RECEIPT.fullmatch(receipt):
            raise BadReceipt("This is no receipt as we write them.")
        if receipt == self._last:
            raise BadReceipt("This receipt stands here twice.")
        if receipt < self._last:
            raise BadReceipt(
                "The receipts are not sorted: whatever other order they have could tell of their ballots."
            )
        self._hash.update(f"{receipt}\n".encode())
        self._last = receipt
        self.count += 1

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


# ── As auditors read it ──────────────────────────────────────────────────────────────────────────────────────────


def line_of(position: int, ballot: SealedBallot | None) -> str:
    """Canonical JSON, without a line break."""
    if ballot is None:
        return documents.written({"position": position})
    body: dict[str, Any] = ballot._asdict()
    body["answers"] = documents.read(ballot.answers)
    body["salt"], body["commitment"] = ballot.salt.hex(), ballot.commitment.hex()
    return documents.written(body)


def read_line(line: str, position: int, wave: str) -> SealedBallot | None:
    """The ballot at that place of that wave, known to be what its commitment says; None where it is blank. Raises BadLine."""
    try:
        body = documents.read(line)
    except NotCanonical as problem:
        raise BadLine(str(problem)) from None
    if not isinstance(body, dict) or body.keys() not in (NAMES, BLANK_NAMES):
        raise BadLine(f"A ballot has {', '.join(sorted(NAMES))}; a blank one has its position only.")
    if type(body["position"]) is not int or body["position"] != position:
        raise BadLine(
            f"Here stands ballot {body['position']!r}, not {position}: one was dropped, added or moved."
        )
    if body.keys() == BLANK_NAMES:
        return None
    ballot = _ballot(body)
    committed = commitment(
        wave=wave,
        unit=ballot.unit,
        stream=ballot.stream,
        mode=ballot.mode,
        answers=ballot.answers,
        salt=ballot.salt,
    )
    if committed != ballot.commitment:
        raise BadLine("Its commitment is not to what it says: it was changed after sealing.")
    return ballot


def _ballot(body: dict[str, Any]) -> SealedBallot:
    answers = body["answers"]
    if not isinstance(answers, dict) or not all(isinstance(value, str) for value in answers.values()):
        raise BadLine("Its answers are not question → value.")
    if not all(isinstance(body[name], str) for name in NAMES - {"position", "answers"}):
        raise BadLine("Its fields are not texts.")
    if body["stream"] not in STREAMS or body["mode"] not in MODES:
        raise BadLine("Nobody knows its stream or its mode.")
    if body["mode"] == Mode.ZBS and body["stream"] != Stream.VISIT:
        raise BadLine("A rating by a template of Zalo is of a visit.")
    return SealedBallot(
        body["position"],
        body["unit"],
        body["stream"],
        body["mode"],
        documents.written(answers),
        _bytes(body["salt"], SALT_BYTES),
        _bytes(body["commitment"], COMMITMENT_BYTES),
    )


def _bytes(text: str, length: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != length or found.hex() != text:
        raise BadLine(f"Its salt or commitment is not {length} bytes in hex.")
    return found
