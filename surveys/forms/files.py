"""What a file is and how large it would become, found out before any parser of workbooks sees it.

A form is a few hundred rows. Whatever unpacks to much more is refused here, from the archive's own index and a quick
count of its rows, because the parsers would first build all of it in memory. Nothing here knows what a form is.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath

from surveys.forms.faults import Fault, FormFaults

__all__ = ["FILE", "ROWS", "suffix_of"]

MEGABYTE = 1_000_000
FILE = 5 * MEGABYTE  # bytes: a workbook with pictures in it is still smaller
OLD_WORKBOOK = 2 * MEGABYTE  # an .xls is not compressed; 2,000 rows take half a megabyte
TEXT = 1 * MEGABYTE  # CSV and Markdown
UNPACKED = 15 * MEGABYTE  # all parts of an .xlsx together
STRINGS = 4 * MEGABYTE  # its table of texts
PART = 250_000  # any other part that is read whole: styles (each becomes an object), properties
PARTS = 1_000
ROWS = 5_000  # in one sheet; the longest forms of KoboToolbox's library have 1,500
CELLS = 150_000  # in one workbook
LINE = 40_000  # characters in one line of CSV or Markdown
HASHES = 50  # “#” in one line of Markdown, where it may begin a comment and is looked for again and again

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ROW = re.compile(rb"<(?:[A-Za-z]\w*:)?row[\s/>]")
CELL = re.compile(rb"<(?:[A-Za-z]\w*:)?c[\s/>]")
CHUNK = 256 * 1024
LOOK_BACK = 64  # bytes of the chunk before, so that a tag cut in two is still seen


def suffix_of(name: str, content: bytes) -> str:
    """What the file really is: `.xlsx`, `.xls`, `.csv` or `.md`, whatever its name says. Raises FormFaults."""
    if not content.strip():
        _refuse("the file is empty")
    if len(content) > FILE:
        _refuse(f"the file has {len(content) / MEGABYTE:.1f} MB; a form has at most {FILE // MEGABYTE}")
    suffix = PurePath(name).suffix.lower()
    if suffix == ".xlsm":
        _refuse("this is a workbook with macros; save it as .xlsx (Excel Workbook)")
    if content.startswith(b"PK"):
        _look_into_zip(content)
        return ".xlsx"
    if content.startswith(OLE):
        _look_into_ole(content)
        return ".xls"
    if content.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1] == b"<":
        _refuse(
            f"this is a web page or XML, although it is called {suffix or 'a form'}; open it in Excel and save as .xlsx"
        )
    if suffix in (".xlsx", ".xls"):
        _refuse("this is not an Excel workbook, or it is damaged; open it in Excel and save it again")
    if suffix not in (".csv", ".md"):
        _refuse("a form is an .xlsx, .xls, .csv or .md file")
    _look_into_text(content, suffix)
    return suffix


def _refuse(reason: str) -> None:
    raise FormFaults([Fault("file", None, None, reason)])


# ── .xlsx ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _look_into_zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _look_into_parts(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as problem:
        if isinstance(problem, FormFaults):
            raise
        _refuse(
            "the workbook is damaged or was cut off while it was copied; open it in Excel and save it again"
        )


def _look_into_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(name.endswith("vbaproject.bin") for name in names):
        _refuse("this is a workbook with macros; save it as .xlsx (Excel Workbook)")
    if "xl/workbook.bin" in names:
        _refuse("this is a binary workbook (.xlsb); save it as .xlsx")
    if "xl/workbook.xml" not in names:
        _refuse("this is not an Excel workbook; open it in Excel or LibreOffice and save as .xlsx")
    if any(part.flag_bits & 1 for part in parts):
        _refuse("the workbook is protected by a password; save it without one")
    if len(parts) > PARTS:
        _refuse(f"the workbook has {len(parts)} parts; a form has at most {PARTS}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > UNPACKED:
        _refuse(
            f"the workbook unpacks to {unpacked / MEGABYTE:,.0f} MB; a form to at most {UNPACKED // MEGABYTE}"
        )
    rows_and_cells = [0, 0]
    for part in parts:
        _look_into_part(archive, part, rows_and_cells)


def _look_into_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, rows_and_cells: list[int]) -> None:
    name = part.filename.lower()
    if name.startswith("xl/worksheets/") and name.endswith(".xml"):
        rows = 0
        for chunk, seen in _chunks(archive, part):
            rows += len(ROW.findall(chunk)) - len(ROW.findall(seen))
            rows_and_cells[1] += len(CELL.findall(chunk)) - len(CELL.findall(seen))
            if rows > ROWS:
                _refuse(f"a sheet has more than {ROWS:,} rows; a form has a few hundred")
            if rows_and_cells[1] > CELLS:
                _refuse(f"the workbook has more than {CELLS:,} cells; a form has a few thousand")
        return
    limit = STRINGS if name == "xl/sharedstrings.xml" else PART
    if name.endswith((".xml", ".rels")) and part.file_size > limit:
        _refuse(
            f"{part.filename} in the workbook has {part.file_size / MEGABYTE:.1f} MB; copy the sheets to a new workbook"
        )


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, bytes]]:
    """The part piece by piece: (the end of the piece before + the piece, that end)."""
    with archive.open(part) as stream:
        tail = b""
        while piece := stream.read(CHUNK):
            yield tail + piece, tail
            tail = (tail + piece)[-LOOK_BACK:]


# ── .xls ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _look_into_ole(content: bytes) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        _refuse("the workbook is protected by a password; save it without one")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        _refuse("this is a workbook with macros; save it as .xlsx (Excel Workbook)")
    if "WordDocument".encode("utf-16-le") in content:
        _refuse("this is a Word document, not a workbook")
    if len(content) > OLD_WORKBOOK:
        _refuse(f"an .xls of {len(content) / MEGABYTE:.1f} MB is too large for a form; save it as .xlsx")
    for rows, columns in _old_sheets(content):
        if rows > ROWS:
            _refuse(f"a sheet has more than {ROWS:,} rows; a form has a few hundred")
        if rows * columns > CELLS:
            _refuse(f"the workbook has more than {CELLS:,} cells; a form has a few thousand")


def _old_sheets(content: bytes) -> Iterator[tuple[int, int]]:
    """Rows and columns of each sheet, one sheet in memory at a time and short rows left short: one cell in the far
    corner would otherwise make sixteen million."""
    import xlrd  # type: ignore[import-untyped]

    try:
        book = xlrd.open_workbook(file_contents=content, on_demand=True, ragged_rows=True, logfile=_Nowhere())
        for place in range(book.nsheets):
            sheet = book.sheet_by_index(place)
            yield sheet.nrows, sheet.ncols
            book.unload_sheet(place)
    except Exception as problem:  # xlrd meets a damaged file with whatever the damage leads to
        if isinstance(problem, FormFaults):
            raise
        what = "is protected by a password" if "encrypted" in str(problem) else "is damaged"
        _refuse(f"the workbook {what}; open it in Excel and save it as .xlsx")


class _Nowhere:
    """xlrd prints what it thinks of a file; the faults say it better."""

    def write(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


# ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _look_into_text(content: bytes, suffix: str) -> None:
    lines = content.count(b"\n")
    if lines > 2 * ROWS:
        _refuse(f"the file has {lines:,} lines; a form has a few hundred")
    if len(content) > TEXT:
        _refuse(f"the file has {len(content):,} bytes; a form has at most {TEXT:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("the text is not UTF-8; in Excel, save as “CSV UTF-8”")
    if "\0" in text:
        _refuse("the file is not text")
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE or (suffix == ".md" and line.count("#") > HASHES):
            _refuse(f"line {number} is too long for a form")
    if suffix == ".csv" and text.count(";") > 3 * text.count(","):
        _refuse("the columns are separated by “;”; save as CSV with commas")
