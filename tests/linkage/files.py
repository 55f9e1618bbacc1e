"""Every file of a database, as whoever steals the disk finds them: where in them a value first stands."""

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy

__all__ = ["Files"]

PREFIX = 4  # bytes looked for at once; what they find is compared whole


class Files:
    """A copy of some directories, searched for many values in one pass over each file."""

    def __init__(self, directories: Iterable[Path], to: Path) -> None:
        to.mkdir(parents=True)
        for number, directory in enumerate(directories):
            if directory.is_dir():
                shutil.copytree(directory, to / str(number), ignore_dangling_symlinks=True)
            else:
                shutil.copyfile(directory, to / str(number))
        self._root = to

    def contents(self) -> Iterable[tuple[str, bytes]]:
        for path in sorted(self._root.rglob("*")):
            if path.is_file():
                # PostgreSQL numbers each database's folder anew; the table in it keeps its number.
                name = re.sub(r"base/\d+/", "base/", str(path.relative_to(self._root)))
                yield name, path.read_bytes()

    def holding(self, needle: bytes) -> list[str]:
        """The files in which these bytes stand, in any of the ways a text may be written."""
        written = {needle, needle.hex().encode(), needle.decode().encode("utf-16-le")}
        return [name for name, content in self.contents() if any(each in content for each in written)]

    def places(self, values: Iterable[bytes]) -> Mapping[str, Mapping[bytes, int]]:
        """File → value → the first offset it stands at; files that hold fewer than a tenth of them are left out."""
        return self.places_of({"": values})[""]

    def places_of(self, heaps: Mapping[str, Iterable[bytes]]) -> dict[str, dict[str, dict[bytes, int]]]:
        """The same of several heaps, whose values are looked for in one reading of the files."""
        wanted = {heap: list(values) for heap, values in heaps.items()}
        found: dict[str, dict[str, dict[bytes, int]]] = {heap: {} for heap in wanted}
        for name, content in self.contents():
            places = _places(content, [value for values in wanted.values() for value in values])
            for heap, values in wanted.items():
                there = {value: places[value] for value in values if value in places}
                if len(there) * 10 >= len(values):
                    found[heap].setdefault(name, {}).update(there)
        return found


def _places(content: bytes, wanted: list[bytes]) -> dict[bytes, int]:
    # A database lays out files for what is still to come. Where only nothing follows no value begins, but one may end.
    longest = max(map(len, wanted), default=0)
    content = content[: len(content.rstrip(b"\0")) + longest]
    if len(content) < PREFIX:
        return {}
    # The word, and its half, that begins at every byte: seen in the file itself, not copied out of it.
    last = len(content) - PREFIX + 1
    words = numpy.ndarray((last,), dtype="<u4", buffer=content, strides=(1,))
    halves = numpy.ndarray((last,), dtype="<u2", buffer=content, strides=(1,))
    keys: dict[int, list[bytes]] = {}
    for value in wanted:
        keys.setdefault(int.from_bytes(value[:PREFIX], "little"), []).append(value)
    # Most of a file is out after a look at two bytes; only the rest is worth sorting.
    likely = numpy.zeros(1 << 16, dtype=bool)
    likely[[key & 0xFFFF for key in keys]] = True
    perhaps = numpy.flatnonzero(likely[halves])
    hits = perhaps[numpy.isin(words[perhaps], numpy.fromiter(keys, dtype=numpy.uint32))]
    places: dict[bytes, int] = {}
    for offset in map(int, hits):
        for value in keys[int(words[offset])]:
            if value not in places and content.startswith(value, offset):
                places[value] = offset
    return places
