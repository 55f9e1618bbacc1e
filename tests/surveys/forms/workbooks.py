"""Workbooks for the tests: real ones, old ones, and ones nobody should open."""

import struct
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

from openpyxl import Workbook

Cells = Mapping[str, Sequence[Sequence[str | int | None]]]
"""Sheet name → rows, the header first."""

SECTOR = 512


def xlsx(sheets: Cells) -> bytes:
    """A workbook as Excel saves it."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def csv(sheets: Cells) -> bytes:
    """The sheets below one another, as XLSForm has it in CSV."""
    lines = []
    for name, rows in sheets.items():
        lines.append(f'"{name}"')
        lines += [
            ",".join(["", *('"' + str(cell or "").replace('"', '""') + '"' for cell in row)]) for row in rows
        ]
    return "\n".join(lines).encode()


def markdown(sheets: Cells) -> bytes:
    lines = []
    for name, rows in sheets.items():
        lines.append(f"| {name} |")
        lines += ["| | " + " | ".join(str(cell or "") for cell in row) + " |" for row in rows]
    return "\n".join(lines).encode()


def xls(sheets: Cells, *, cells: Mapping[tuple[int, int], str] | None = None) -> bytes:
    """An Excel 97 workbook: BIFF8 records in an OLE compound file, written out because nothing installed still writes it
    (after the OpenOffice.org documentation of both formats). `cells` are put into every sheet at (row, column)."""
    substreams = []
    for rows in sheets.values():
        labels = {
            (r, c): str(cell) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell is not None
        }
        labels.update(cells or {})
        records = b"".join(_label(row, column, text) for (row, column), text in sorted(labels.items()))
        substreams.append(_begin(0x0010) + records + _record(0x000A, b""))
    head = _begin(0x0005)
    length = len(head) + sum(12 + 2 * len(name) for name in sheets) + len(_record(0x000A, b""))
    for name, substream in zip(sheets, substreams, strict=True):
        head += _record(0x0085, struct.pack("<IBBBB", length, 0, 0, len(name), 1) + name.encode("utf-16-le"))
        length += len(substream)
    return _compound(head + _record(0x000A, b"") + b"".join(substreams))


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 1996, 0, 6))


def _label(row: int, column: int, text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(encoded) // 2, 1) + encoded)


def _compound(stream: bytes) -> bytes:
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // SECTOR)
    tables = 1
    while tables * (SECTOR // 4) < sectors + tables + 1:
        tables += 1
    links = [-3] * tables + [-2] + [tables + 2 + place for place in range(sectors)]
    links[-1] = -2
    links += [-1] * (tables * (SECTOR // 4) - len(links))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIiIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables, 0, 4096, -2, 0, -2, 0
    )
    header += struct.pack("<109i", *(list(range(tables)) + [-1] * (109 - tables)))
    root = _entry("Root Entry", 5, child=1, start=-2, size=0)
    book = _entry("Workbook", 2, child=-1, start=tables + 1, size=len(stream))
    directory = (root + book).ljust(SECTOR, b"\0")
    return header + struct.pack(f"<{len(links)}i", *links) + directory + stream.ljust(sectors * SECTOR, b"\0")


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    body = encoded.ljust(64, b"\0") + struct.pack("<HBBiii", len(encoded), kind, 1, -1, -1, child)
    return body + bytes(36) + struct.pack("<iII", start, size, 0)


WORKBOOK = """<?xml version="1.0"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="survey" sheetId="1" r:id="rId1"/></sheets></workbook>"""
RELATIONS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="{target}"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/></Relationships>"""
TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
</Types>"""
SHEET = (
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>',
    b"</sheetData></worksheet>",
)


def parts(sheet: bytes, more: Mapping[str, bytes] | None = None, workbook: str = WORKBOOK) -> bytes:
    """An .xlsx from the rows of its only sheet, as XML, and further parts: for what openpyxl would not write."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS.format(target="xl/workbook.xml", kind="officeDocument"))
        archive.writestr("xl/workbook.xml", workbook)
        archive.writestr(
            "xl/_rels/workbook.xml.rels", RELATIONS.format(target="worksheets/sheet1.xml", kind="worksheet")
        )
        archive.writestr("xl/worksheets/sheet1.xml", SHEET[0] + sheet + SHEET[1])
        for name, body in (more or {}).items():
            archive.writestr(name, body)
    return content.getvalue()


def row(number: int, *texts: str) -> bytes:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{cells}</row>'.encode()


SMALL: Cells = {
    "survey": [
        ["type", "name", "label::Vietnamese (vi)", "label::English (en)", "relevant", "required"],
        [
            "select_one co_khong",
            "da_den",
            "Ông/bà đã đến trụ sở chưa?",
            "Have you been to the office?",
            None,
            "yes",
        ],
        ["integer", "may_lan", "Mấy lần?", "How often?", "${da_den} = 'co'", None],
        ["text", "gop_y", "Góp ý “thẳng thắn”", "Your opinion", None, None],
    ],
    "choices": [
        ["list_name", "name", "label::Vietnamese (vi)", "label::English (en)"],
        ["co_khong", "co", "Có", "Yes"],
        ["co_khong", "khong", "Không", "No"],
    ],
    "settings": [
        ["form_title", "form_id", "version", "default_language"],
        ["Phiếu thử", "phieu_thu", 1, "Vietnamese (vi)"],
    ],
}
