"""The ledger: what happened to every wave, one line each, chained and signed, so that nothing can be changed afterwards unseen.

A line is canonical JSON. It names the line before by its SHA-256 and carries an Ed25519 signature, so whoever changes, drops,
adds or moves one breaks the next or needs the key. Whoever *has* the key can write another history from any line on: that is
found by those who hold an earlier head of it (`surveys.heads`). It holds no key, no file and no clock.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from surveys import documents
from surveys.documents import NotCanonical
from surveys.records import Record, Stories, Unfit, read_record
from surveys.signatures import PublicKey, Signer

__all__ = ["BadEntry", "Broken", "Entry", "appended", "origin", "read_entry", "verify_chain"]

LEDGER = b"langnghe/ledger/1\x00"  # separates these signatures from everything else the key may sign
NAMES = {"at", "body", "kind", "number", "previous", "signature"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
LONGEST_LINE = 20_000  # characters; a reason has at most a thousand


class BadEntry(ValueError):
    """This line is no ledger entry."""


class Broken(ValueError):
    """The first entry that does not follow: its line, from 1, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    """From 1: the line it stands in."""
    at: datetime
    """To the second, UTC."""
    record: Record
    previous: str
    """The digest of the line before; of the first line, `origin`."""
    signature: bytes

    @property
    def line(self) -> str:
        """Without its line break."""
        return documents.written({**self._unsigned(), "signature": b64encode(self.signature).decode()})

    @property
    def digest(self) -> str:
        return documents.fingerprint(self.line)

    @property
    def message(self) -> bytes:
        """What is signed."""
        return LEDGER + documents.written(self._unsigned()).encode()

    def _unsigned(self) -> dict[str, Any]:
        return {
            "at": self.at.strftime(MOMENT_FORMAT),
            "body": self.record.body(),
            "kind": self.record.kind,
            "number": self.number,
            "previous": self.previous,
        }


def origin(key: PublicKey) -> str:
    """What the first entry follows: the key's name and bytes, so that a chain belongs to one key from its beginning."""
    return sha256(LEDGER + key.text.encode()).hexdigest()


def appended(last: Entry | None, record: Record, at: datetime, signer: Signer) -> Entry:
    """The entry that follows the last one (None: the first). `at` is aware; a clock that was set back does not turn it back.

    Whether the record may come next is for `Stories` to say: it has heard them all.
    """
    moment = at.astimezone(UTC).replace(microsecond=0)
    if last is not None:
        moment = max(moment, last.at)
    number, previous = (last.number + 1, last.digest) if last else (1, origin(signer.key))
    unsigned = Entry(number, moment, record, previous, b"")
    return Entry(number, moment, record, previous, signer.sign(unsigned.message))


def read_entry(line: str) -> Entry:
    """Raises BadEntry."""
    if len(line) > LONGEST_LINE:
        raise BadEntry("It is longer than any entry.")
    try:
        read = documents.read(line)
    except NotCanonical as problem:
        raise BadEntry(str(problem)) from None
    if not isinstance(read, dict) or read.keys() != NAMES:
        raise BadEntry(f"An entry has {', '.join(sorted(NAMES))}.")
    number, previous = read["number"], read["previous"]
    if type(number) is not int or not isinstance(previous, str):
        raise BadEntry("Its number or the digest of the line before is none.")
    try:
        record = read_record(read["kind"], read["body"])
        entry = Entry(number, _moment(read["at"]), record, previous, _signature(read["signature"]))
    except Unfit as problem:
        raise BadEntry(str(problem)) from None
    # What was read is what it says, to the letter: no second way of writing the same moment or signature.
    if entry.line != line:
        raise BadEntry("It is not written as we write it.")
    return entry


def verify_chain(lines: Iterable[str], key: PublicKey) -> Iterator[Entry]:
    """Each entry, once it is known to follow from those before and to be signed by the key. Raises Broken at the first that is not."""
    stories = Stories()
    last: Entry | None = None
    for number, line in enumerate(lines, start=1):
        try:
            entry = read_entry(line)
            _follows(entry, last, number, key)
            stories.tell(entry.record)
        except (BadEntry, Unfit) as problem:
            raise Broken(number, str(problem)) from None
        yield entry
        last = entry


def _follows(entry: Entry, last: Entry | None, number: int, key: PublicKey) -> None:
    if entry.number != number:
        raise BadEntry(f"It says it is entry {entry.number}; an entry was dropped, added or moved.")
    if not key.signed(entry.message, entry.signature):
        raise BadEntry(f"It is not signed by {key.name} with the fingerprint {key.fingerprint}.")
    if entry.previous != (last.digest if last else origin(key)):
        raise BadEntry("It does not follow the line before: one of the two was changed.")
    if last is not None and entry.at < last.at:
        raise BadEntry("It is older than the line before.")


def _moment(text: Any) -> datetime:
    if not isinstance(text, str) or not MOMENT.fullmatch(text):
        raise BadEntry("Its moment is not written as we write it.")
    try:
        return datetime.strptime(text, MOMENT_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise BadEntry("There is no such moment.") from None


def _signature(text: Any) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise BadEntry("Its signature is not base64.") from None
