"""The package as a file: the same contents are the same bytes, and nothing else passes for one."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surveys import documents, package
from surveys.ballot_box import Row
from surveys.ballots import new_receipt
from surveys.package import NAMES, Contents, DoesNotFollow, Package, Writing, Written
from tests.surveys.seal.province import (
    OURS,
    PLACES,
    SLUG,
    Forward,
    Parts,
    ballots,
    honest,
    opened,
    receipts_of,
    zipped,
)

SMALL = Contents(
    wave="dot-1",
    key=OURS.key,
    ledger=("entry",),
    head="head",
    form="form",
    terms="terms",
    weights="weights",
    formulas="formulas",
    criteria="tiêu chí",
    release=("release",),
)


def contents(parts: Parts) -> Contents:
    return Contents(
        SLUG,
        OURS.key,
        parts.ledger,
        parts.head,
        parts.form,
        parts.terms,
        parts.weights,
        parts.formulas,
        parts.criteria,
        parts.release,
        parts.scorecards,
        parts.sets,
    )


def put(
    file: Written,
    what: Contents = SMALL,
    box: Iterable[Row] = (),
    count: int = 3,
    receipts: Iterable[str] = (),
) -> None:
    with Writing(file, count) as being:
        for row in box:
            being.ballot(row)
        for receipt in receipts:
            being.receipt(receipt)
        being.finish(what)


def written(
    what: Contents = SMALL, box: Iterable[Row] = (), count: int = 3, receipts: Iterable[str] = ()
) -> bytes:
    out = Forward()
    put(out, what, box, count, receipts)
    return b"".join(out.pieces)


def checked(content: bytes) -> Package:
    found = Package(opened(content))
    found.check()
    return found


def refused(content: bytes) -> DoesNotFollow:
    with pytest.raises(DoesNotFollow) as found:
        checked(content)
    return found.value


def test_a_package_is_written_as_anybody_could_write_it() -> None:
    parts = honest()

    assert written(contents(parts), ballots(), PLACES, parts.receipts) == parts.bytes()


def test_the_same_contents_are_the_same_bytes_everywhere() -> None:
    # Python's zip writer decides some of these bytes: should one of its versions decide otherwise, packages made with
    # another could no longer be checked, and this says so first.
    assert sha256(written()).hexdigest() == "ec66e2c80b89d0035a298d150ed3f69ba3a1e724cb299fceb4380b7334b3faee"


def test_it_may_be_written_to_a_file_that_goes_back_as_well(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "goi.zip"
    with path.open("wb") as file:
        put(file)

    assert path.read_bytes() == written()
    with path.open("rb") as file:
        Package(file).check()


def test_any_zip_tool_can_open_it() -> None:
    with zipfile.ZipFile(opened(written())) as archive:
        assert archive.testzip() is None
        assert tuple(archive.namelist()) == NAMES
        assert archive.read("criteria.toml").decode() == "tiêu chí"
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_was_written_is_read() -> None:
    found = checked(honest().bytes())

    assert (found.wave, found.key) == (SLUG, OURS.key.text)
    assert found.document("terms.json") == honest().terms
    assert [line for _, line in found.lines("ballots.jsonl")] == list(honest().ballots)
    assert next(iter(found.lines("ledger.jsonl"))) == (1, honest().ledger[0])
    assert found.digest("terms.json") == sha256(honest().terms.encode()).hexdigest()


def test_ballots_that_do_not_fit_are_not_written() -> None:
    with pytest.raises(ValueError, match="has no place"):
        written(box=ballots(), count=2)


@pytest.mark.parametrize("receipts", [(), receipts_of(2), receipts_of(4)])
def test_as_many_receipts_as_ballots_are_written(receipts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"There are {len(receipts)} receipts for 3 ballots"):
        written(box=ballots()[:3], count=5, receipts=receipts)


def test_receipts_that_are_not_sorted_are_not_written() -> None:
    with pytest.raises(ValueError, match="not sorted"):
        written(box=ballots()[:3], count=5, receipts=reversed(receipts_of(3)))


def test_ballots_do_not_come_between_receipts() -> None:
    with Writing(Forward(), 5) as being:
        being.ballot(ballots()[0])
        being.receipt(receipts_of(1)[0])
        with pytest.raises(ValueError, match="before their receipts"):
            being.ballot(ballots()[1])


def test_half_a_package_is_none() -> None:
    out = Forward()
    with Writing(out, 5) as being:
        being.ballot(ballots()[0])

    refused(b"".join(out.pieces))


def test_memory_does_not_grow_with_the_ballots() -> None:
    class Nowhere:
        def write(self, data: bytes) -> int:
            return len(data)

    def box(count: int) -> Iterator[Row]:
        return (ballots()[0]._replace(position=place) for place in range(count))

    def receipts(count: int) -> Iterator[str]:
        return (new_receipt(place.to_bytes(10, "big")) for place in range(count))

    def most(count: int) -> int:
        tracemalloc.start()
        put(Nowhere(), SMALL, box(count), count, receipts(count))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    # Two thousand ballots alone would take more than a megabyte.
    assert most(2_000) < 500_000


# ── Hostile files ────────────────────────────────────────────────────────────────────────────────────────────────

FILES = dict.fromkeys(NAMES, b"")


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for entry, content in entries:
            made.writestr(entry, content)
    return out.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6", b"\0" * 22, b"<html>", b"x" * 200_000])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert "no package" in refused(content).sentence


@pytest.mark.parametrize(
    "names",
    [
        (),
        NAMES[:-1],
        (*NAMES, "more.txt"),
        tuple(reversed(NAMES)),
        ("../../etc/passwd", *NAMES[1:]),
        ("/etc/passwd", *NAMES[1:]),
        ("ballots.jsonl/", *NAMES[1:]),
        ("BALLOTS.JSONL", *NAMES[1:]),
    ],
)
def test_only_the_known_files_may_be_in_it(names: tuple[str, ...]) -> None:
    assert "in this order and nothing else" in refused(archive(*((name, b"") for name in names))).sentence


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_may_not_be_in_it_twice() -> None:
    assert "in this order and nothing else" in refused(archive(*FILES.items(), ("terms.json", b"x"))).sentence


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_nothing_in_it_may_unfold(method: int) -> None:
    bomb = archive(("ballots.jsonl", b"0" * 10_000_000), *list(FILES.items())[1:], method=method)
    assert len(bomb) < 12_000

    tracemalloc.start()
    found = refused(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found.sentence == "It is compressed; packages are not."
    assert peak < 1_000_000


def test_a_directory_of_a_million_files_is_not_even_read() -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 46_000_000, 0, 0)

    assert "lists more files" in refused(bytes(46_000_000) + end).sentence


def test_nor_is_one_that_says_so_in_64_bits() -> None:
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 10, 10, 46_000_000, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 46_000_000, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 10, 10, 600, 0, 0)

    assert "lists more files" in refused(bytes(46_000_000) + end64 + locator + end).sentence


def test_a_zip_that_another_program_wrote_is_refused() -> None:
    with zipfile.ZipFile(opened(written())) as made:
        copied = archive(*((name, made.read(name)) for name in NAMES))

    assert "not written as packages are" in refused(copied).sentence


@pytest.mark.parametrize(
    "content",
    [
        b"#!/bin/sh\n" + written(),
        written() + b"\0",
        written()[:-2] + b"\1\0x",  # a comment
    ],
)
def test_nothing_may_stand_before_or_after_it(content: bytes) -> None:
    refused(content)


def test_every_flipped_bit_is_found_wherever_it_is() -> None:
    content = written()

    for place in range(0, len(content), 2):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place // 2 % 8
        refused(bytes(flipped))


def test_every_cut_is_found_wherever_it_is() -> None:
    content = written()

    for place in range(0, len(content), 3):
        refused(content[:place])


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400), st.booleans())
@example(b"PK\6\7" + bytes(16), True)
@example(b"PK\6\7", True)
def test_no_file_is_a_surprise(content: bytes, ends_like_a_zip: bool) -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 10, 10, len(content), 0, 0)

    refused(content + end if ends_like_a_zip else content)


def manifest(files: Mapping[str, bytes]) -> bytes:
    measures = {
        name: {"bytes": len(body), "sha256": sha256(body).hexdigest()}
        for name, body in files.items()
        if name != "manifest.json"
    }
    body = {"files": measures, "key": OURS.key.text, "package": "langnghe/package/1", "wave": "dot-1"}
    return documents.written(body).encode()


def with_file(name: str, content: bytes) -> bytes:
    """A package whose manifest fits, one file of which holds anything."""
    with zipfile.ZipFile(opened(written())) as made:
        files = {each: made.read(each) for each in NAMES}
    files[name] = content
    if name != "manifest.json":
        files["manifest.json"] = manifest(files)
    return zipped(files)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"files":{},"key":"a","package":"langnghe/package/1","wave":"dot-1"}',
        b'{"files":[],"key":"a","package":"langnghe/package/1","wave":"dot-1"}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_that_is_none_is_refused(content: bytes) -> None:
    assert refused(with_file("manifest.json", content)).file == "manifest.json"


def test_a_manifest_that_says_more_is_refused() -> None:
    with zipfile.ZipFile(opened(written())) as made:
        text = made.read("manifest.json").decode()

    more = text.replace('"package"', '"note":"x","package"').encode()

    assert refused(with_file("manifest.json", more)).sentence == "It is no manifest as we write it."


def test_a_line_that_never_ends_is_not_taken_in() -> None:
    found = checked(with_file("ballots.jsonl", b"x" * (package.LONGEST_LINE + 5)))

    with pytest.raises(DoesNotFollow, match="longer than"):
        list(found.lines("ballots.jsonl"))


@pytest.mark.parametrize(("content", "line"), [(b"a\nb", 2), (b"a", 1), (b"a\n\xff\n", 2)])
def test_a_line_that_is_cut_off_or_no_text_is_named(content: bytes, line: int) -> None:
    found = checked(with_file("ledger.jsonl", content))

    with pytest.raises(DoesNotFollow) as problem:
        list(found.lines("ledger.jsonl"))
    assert (problem.value.file, problem.value.line) == ("ledger.jsonl", line)


def test_a_document_that_is_too_large_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "LARGEST_DOCUMENT", 2000)  # sixteen megabytes would take their time
    found = checked(with_file("criteria.toml", b"x" * 2001))

    with pytest.raises(DoesNotFollow, match="larger than 2000 bytes"):
        found.document("criteria.toml")


def test_release_lines_stand_by_unit() -> None:
    assert package.release_lines({"b": "2", "a": "1"}) == ("1", "2")


def test_a_fault_reads_as_a_sentence() -> None:
    assert str(DoesNotFollow("a.json", 3, "It is odd.")) == "a.json, line 3: It is odd."
    assert str(DoesNotFollow("package", 0, "It is odd.")) == "package: It is odd."
