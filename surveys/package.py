"""The auditors' package: everything a wave's figures follow from, in one file whose bytes follow from its contents.

A zip with a fixed list of files, in order, uncompressed, with fixed dates: anybody can open it, the same contents are the same
bytes, and nothing in it can unfold into more than it is. What is read is what would be written, to the byte, or it is refused: so
paths that lead elsewhere, files twice, files overlapping or hidden between others cannot be. Ballots and receipts come first,
because they pass one at a time and nothing is kept of them; the manifest comes last, because it measures all others.
It knows the files, not what they say.
"""

import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedReader
from typing import IO, BinaryIO, Protocol

from surveys import documents
from surveys.ballot_box import Places, ReceiptsDigest, Row, SealedBallot, line_of
from surveys.documents import NotCanonical
from surveys.signatures import PublicKey

__all__ = [
    "BALLOTS",
    "NAMES",
    "RECEIPTS",
    "Contents",
    "DoesNotFollow",
    "Package",
    "Writing",
    "Written",
    "release_lines",
]

BALLOTS, RECEIPTS = "ballots.jsonl", "receipts.txt"
CRITERIA, FORM, FORMULAS, HEAD = "criteria.toml", "form.json", "formulas.json", "head.txt"
LEDGER, RELEASE, SCORECARDS, SETS = "ledger.jsonl", "release.jsonl", "scorecards.jsonl", "sets.jsonl"
TERMS, WEIGHTS, MANIFEST = "terms.json", "weights.json", "manifest.json"
NAMES = (
    BALLOTS,
    RECEIPTS,
    CRITERIA,
    FORM,
    FORMULAS,
    HEAD,
    LEDGER,
    RELEASE,
    SCORECARDS,
    SETS,
    TERMS,
    WEIGHTS,
    MANIFEST,
)
FORMAT = "langnghe/package/1"

THEN = (1980, 1, 1, 0, 0, 0)  # the first moment a zip knows
UNIX = 3
READABLE = 0o100644 << 16
CHUNK = 1 << 16

LONGEST_LINE = 1 << 20  # bytes; a ballot has some hundred, a ward's release some thousand
LARGEST_DOCUMENT = 1 << 24  # bytes; the longest form we know has some hundred thousand
DIRECTORY_END = struct.Struct("<4s4H2LH")
DIRECTORY_END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = 20
LARGEST_DIRECTORY = 4096  # bytes; a dozen entries take less than one thousand


class DoesNotFollow(Exception):
    """The first thing in a package that does not follow: in which file, on which line (from 1; 0: the file as such), and why."""

    def __init__(self, file: str, line: int, sentence: str) -> None:
        super().__init__(f"{file}, line {line}: {sentence}" if line else f"{file}: {sentence}")
        self.file = file
        self.line = line
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Contents:
    """What a package holds beside its ballots."""

    wave: str
    """Its slug."""
    key: PublicKey
    """Whose signatures stand in the ledger. Who checks a package takes the key from elsewhere."""
    ledger: Sequence[str]
    """Every line, of all waves."""
    head: str
    """The signed head over these lines."""
    form: str
    terms: str
    weights: str
    formulas: str
    criteria: str
    release: Sequence[str]
    """A line a unit, by unit."""
    scorecards: Sequence[str] = ()
    """Every frozen card that rests on this wave, in the ledger's order."""
    sets: Sequence[str] = ()
    """The criteria sets these cards are by."""


class Written(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


def release_lines(released: Mapping[str, str]) -> tuple[str, ...]:
    """Unit → its release as canonical JSON, as the lines that are published and whose digest the ledger holds."""
    return tuple(body for _, body in sorted(released.items()))


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Writing:
    """A package being written: `ballot` for each there is, then `receipt` for each of them, then `finish`. Left without it, it
    leaves half a file, which nobody takes for a package. All of it raises ValueError for what does not fit.
    """

    def __init__(self, file: Written, count: int) -> None:
        """`count`: of places, blank ones among them."""
        self._archive = _writing(file)
        self._places = Places(count)
        self._place = 0
        self._held = 0
        self._receipts = ReceiptsDigest()
        self._measures = {BALLOTS: _Measured()}
        self._name, self._member = BALLOTS, _begun(self._archive, BALLOTS)

    def __enter__(self) -> "Writing":
        return self

    def __exit__(self, *problem: object) -> None:
        # Closed within a file, the zip library would complain in the place of whatever went wrong.
        self._member.close()
        self._archive.close()

    def ballot(self, row: Row) -> None:
        """They come by position."""
        if self._name != BALLOTS:
            raise ValueError("Ballots come before their receipts.")
        self._put_places(self._places.up_to(row))
        self._held += 1

    def receipt(self, receipt: str) -> None:
        """They come sorted."""
        self._turn_to_receipts()
        self._receipts.add(receipt)
        self._put(receipt)

    def finish(self, contents: Contents) -> None:
        self._turn_to_receipts()
        if self._receipts.count != self._held:
            raise ValueError(f"There are {self._receipts.count} receipts for {self._held} ballots.")
        self._member.close()
        for name, text in _texts(contents).items():
            self._measures[name] = _Measured()
            _add(self._archive, name, self._measures[name].passing([text.encode()]))
        manifest = _manifest(contents.wave, contents.key, self._measures)
        _add(self._archive, MANIFEST, [manifest.encode()])

    def _turn_to_receipts(self) -> None:
        if self._name == BALLOTS:
            self._put_places(self._places.rest())
            self._member.close()
            self._measures[RECEIPTS] = _Measured()
            self._name, self._member = RECEIPTS, _begun(self._archive, RECEIPTS)

    def _put_places(self, places: Iterable[SealedBallot | None]) -> None:
        for ballot in places:
            self._put(line_of(self._place, ballot))
            self._place += 1

    def _put(self, line: str) -> None:
        content = f"{line}\n".encode()
        self._measures[self._name].take(content)
        self._member.write(content)


def _texts(contents: Contents) -> dict[str, str]:
    """The small files, in their order."""
    return {
        CRITERIA: contents.criteria,
        FORM: contents.form,
        FORMULAS: contents.formulas,
        HEAD: contents.head,
        LEDGER: lines(contents.ledger),
        RELEASE: lines(contents.release),
        SCORECARDS: lines(contents.scorecards),
        SETS: lines(contents.sets),
        TERMS: contents.terms,
        WEIGHTS: contents.weights,
    }


def lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _manifest(wave: str, key: PublicKey, measures: Mapping[str, "_Measured"]) -> str:
    files = {name: {"bytes": each.size, "sha256": each.digest} for name, each in measures.items()}
    return documents.written({"files": files, "key": key.text, "package": FORMAT, "wave": wave})


def _add(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> None:
    with _begun(archive, name) as member:
        for chunk in chunks:
            member.write(chunk)


def _begun(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    entry = zipfile.ZipInfo(name, THEN)
    entry.create_system = UNIX
    entry.external_attr = READABLE
    # Only the ballots may outgrow four gigabytes, and how an entry begins must not depend on how long it gets.
    return archive.open(entry, "w", force_zip64=name == BALLOTS)


class _Measured:
    """How long a file is, and its SHA-256."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._hash.update(chunk)

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.take(chunk)
            yield chunk


class _Stream:
    """A file that only goes forward: the same bytes come out wherever they go, and they may go to the network."""

    def __init__(self, file: Written) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(data)
        return len(data)

    def flush(self) -> None:
        """Whoever opened the file sees to that."""


def _writing(file: Written) -> zipfile.ZipFile:
    return zipfile.ZipFile(_Stream(file), "w", zipfile.ZIP_STORED)  # type: ignore[call-overload, no-any-return]


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Package:
    """A package somebody hands us. Whatever it is, reading it takes little memory and touches no other file."""

    def __init__(self, file: BinaryIO) -> None:
        """`file` can seek and stays open. Raises DoesNotFollow when it is not laid out as a package; see `check`."""
        self._file = file
        _look_at_end(file)
        with _hostile("package"):
            self._archive = zipfile.ZipFile(file)
        found = [entry.filename for entry in self._archive.infolist()]
        if found != list(NAMES):
            raise DoesNotFollow(
                "package", 0, f"It must hold {', '.join(NAMES)}, in this order and nothing else."
            )
        for entry in self._archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
                raise DoesNotFollow(entry.filename, 0, "It is compressed; packages are not.")
        self.wave, self.key = "", ""
        self._digests: dict[str, str] = {}

    def check(self) -> None:
        """Reads all of it once: that it is what `write` would write, and what its manifest says. Raises DoesNotFollow."""
        same = _Same(self._file)
        measures: dict[str, _Measured] = {}
        with _hostile("package"), _writing(same) as copy:
            for name in NAMES:
                measures[name] = _Measured()
                _add(copy, name, measures[name].passing(same.watching(self._chunks(name))))
        same.finish()
        self._digests = {name: measured.digest for name, measured in measures.items()}
        self._read_manifest({name: measured for name, measured in measures.items() if name != MANIFEST})

    def _read_manifest(self, measures: Mapping[str, _Measured]) -> None:
        text = self.document(MANIFEST)
        try:
            body = documents.read(text)
            wave, key = body["wave"], PublicKey.read(body["key"])
            for name, measured in measures.items():
                if body["files"][name] != {"bytes": measured.size, "sha256": measured.digest}:
                    raise DoesNotFollow(name, 0, "It is not the file the manifest lists: it was changed.")
        except (NotCanonical, KeyError, TypeError, AttributeError, ValueError):
            raise DoesNotFollow(MANIFEST, 1, "It is no manifest.") from None
        if not isinstance(wave, str) or _manifest(wave, key, measures) != text:
            raise DoesNotFollow(MANIFEST, 1, "It is no manifest as we write it.")
        self.wave, self.key = wave, key.text

    def digest(self, name: str) -> str:
        """SHA-256 of a file, in hex; known once the package is checked."""
        return self._digests[name]

    def document(self, name: str) -> str:
        """The whole text of a small file. Raises DoesNotFollow."""
        if self._archive.getinfo(name).file_size > LARGEST_DOCUMENT:
            raise DoesNotFollow(name, 0, f"It is larger than {LARGEST_DOCUMENT} bytes.")
        return _decoded(name, 0, b"".join(self._chunks(name)))

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """(line, text without its line break), from 1. Raises DoesNotFollow."""
        with self._member(name) as member, BufferedReader(member, CHUNK) as reader:  # type: ignore[type-var]
            number = 0
            while line := self._line(reader, name, number := number + 1):
                yield number, _decoded(name, number, line[:-1])

    def _line(self, reader: BinaryIO, name: str, number: int) -> bytes:
        with _hostile(name):
            line = reader.readline(LONGEST_LINE + 1)
        if line and not line.endswith(b"\n"):
            reason = f"longer than {LONGEST_LINE} bytes" if len(line) > LONGEST_LINE else "cut off"
            raise DoesNotFollow(name, number, f"The line is {reason}.")
        return line

    def _chunks(self, name: str) -> Iterator[bytes]:
        with self._member(name) as member:
            while chunk := self._chunk(member, name):
                yield chunk

    def _chunk(self, member: IO[bytes], name: str) -> bytes:
        with _hostile(name):
            return member.read(CHUNK)

    def _member(self, name: str) -> IO[bytes]:
        with _hostile(name):
            return self._archive.open(name)


class _Same:
    """Takes what should stand in a file, and compares it with what does, up to the first fault."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        self._is_at_fault = False

    def write(self, data: bytes) -> None:
        # After a fault the zip library still closes what it had begun: that must not hide the fault.
        if self._is_at_fault:
            return
        self._file.seek(self._at)
        if self._file.read(len(data)) != data:
            self._is_at_fault = True
            raise DoesNotFollow("package", 0, f"It is not written as packages are, from byte {self._at} on.")
        self._at += len(data)

    def watching(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from chunks
        except DoesNotFollow:
            self._is_at_fault = True
            raise

    def finish(self) -> None:
        self._file.seek(self._at)
        if self._file.read(1):
            raise DoesNotFollow("package", 0, "Something follows its end.")


def _look_at_end(file: BinaryIO) -> None:
    """A directory that claims a million entries would fill the memory before anything else could be looked at."""
    size = file.seek(0, 2)
    longest = DIRECTORY_END.size + LOCATOR_64 + DIRECTORY_END_64.size
    tail = min(size, longest)
    file.seek(size - tail)
    end = file.read(tail)
    if len(end) < DIRECTORY_END.size:
        raise DoesNotFollow("package", 0, "It is no package, or cut off.")
    mark, *_, directory, _, comment = DIRECTORY_END.unpack(end[-DIRECTORY_END.size :])
    if mark != b"PK\5\6" or comment:
        raise DoesNotFollow("package", 0, "It is no package, or cut off.")
    if tail == longest and end[DIRECTORY_END_64.size :].startswith(b"PK\6\7"):
        directory = DIRECTORY_END_64.unpack(end[: DIRECTORY_END_64.size])[-2]
    if directory > LARGEST_DIRECTORY:
        raise DoesNotFollow("package", 0, "It lists more files than a package has.")


@contextmanager
def _hostile(name: str) -> Iterator[None]:
    """What the zip library says of a file that is none, in our words."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        struct.error,
        ValueError,
    ) as problem:
        raise DoesNotFollow(name, 0, f"It is damaged or was changed ({problem}).") from None


def _decoded(name: str, line: int, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise DoesNotFollow(name, line, "It is not UTF-8.") from None
