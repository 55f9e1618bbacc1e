"""The report as a Word document, for an office that writes number, date and signature into it by hand.

Built by python-docx from nothing: no template language stands between a ward's name and the page. Tables are made as XML in
one go, because python-docx looks the whole table through for every cell.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC
from functools import lru_cache
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from bot.documents.archive import steady
from surveys.assessment import Verdict
from surveys.figures import whole
from surveys.report import Cell, Column, Part, Report, Row, Table, mark, verdict_words

__all__ = ["write"]

FONT = "Times New Roman"
LANGUAGE = "vi-VN"
BODY, TITLE, SMALL, TINY = Pt(13), Pt(14), Pt(11), Pt(9)
A4 = Mm(210), Mm(297)
LEFT, RIGHT, TOP, BOTTOM = Mm(30), Mm(15), Mm(20), Mm(20)
MOST_COLUMNS = 16  # wards side by side on a landscape page
MOST_UPRIGHT = 8  # beyond so many, their names are turned
LONGEST_WORD = 40
TWIPS = 635  # English metric units in a twentieth of a point

SHADES = {
    Verdict.MET: "DDEFD9",
    Verdict.NOT_MET: "F4C7C3",
    Verdict.TOO_FEW: "FFF2CC",
    Verdict.NO_BASIS: "F2F2F2",
}
W = qn("w:p").removesuffix("p")  # the namespace, once and not for every cell
THUMBNAIL = "metadata/thumbnail"


def write(report: Report) -> bytes:
    document = Document()
    _properties(document, report)
    _styles(document)
    _first_section(document)
    _head(document, report)
    for part in report.main:
        _part(document, part)
    _sign_off(document, report)
    _landscape(document)
    _part(document, report.matrix)
    _portrait(document)
    document.add_paragraph(report.wards_title, style="Heading 1")
    for ward in report.wards:
        _part(document, ward.part, level=2)
    made = BytesIO()
    document.save(made)
    return steady(made.getvalue())


# ── The document ─────────────────────────────────────────────────────────────────────────────────────────────────


def _properties(document: Any, report: Report) -> None:
    written = report.written_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    about = document.core_properties
    about.title, about.author = f"{report.head.title}: {report.head.subject}"[:255], report.head.office[:255]
    about.created = about.modified = written
    about.last_modified_by, about.revision = about.author, 1
    about.language, about.comments, about.identifier = LANGUAGE, "", report.digest
    package = document.part.package
    for id, relation in list(package.rels.items()):
        # The picture of an empty page that python-docx's own template carries.
        if relation.reltype.endswith(THUMBNAIL):
            del package.rels[id]


def _styles(document: Any) -> None:
    styles = document.styles
    defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    language = _element("lang", val=LANGUAGE, eastAsia=LANGUAGE, bidi="ar-SA")
    defaults.append(language)
    normal = styles["Normal"]
    _font(normal, BODY)
    normal.paragraph_format.space_after = Pt(6)
    for name, size in (("Heading 1", TITLE), ("Heading 2", BODY), ("Heading 3", BODY)):
        _font(styles[name], size, bold=True)
        styles[name].paragraph_format.space_before = Pt(12)
        styles[name].paragraph_format.space_after = Pt(6)
        styles[name].paragraph_format.keep_with_next = True
    for name, size in (("Bảng", SMALL), ("Bảng nhỏ", TINY)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        _font(style, size)
        style.paragraph_format.space_after = Pt(0)


def _font(style: Any, size: Any, *, bold: bool = False) -> None:
    style.font.name, style.font.size, style.font.bold = FONT, size, bold
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # A theme's font would win over the one that is named.
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{name}"), FONT)


def _first_section(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = A4
    section.left_margin, section.right_margin = LEFT, RIGHT
    section.top_margin, section.bottom_margin = TOP, BOTTOM
    section.different_first_page_header_footer = True
    paragraph = section.header.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = _element("fldSimple", instr="PAGE")
    run = _element("r")
    run.append(_text("1"))
    field.append(run)
    paragraph._p.append(field)


def _landscape(document: Any) -> None:
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_height, section.page_width = A4
    section.left_margin = section.right_margin = Mm(20)
    section.different_first_page_header_footer = False


def _portrait(document: Any) -> None:
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = A4
    section.left_margin, section.right_margin = LEFT, RIGHT


# ── The frame of an official paper ───────────────────────────────────────────────────────────────────────────────


def _head(document: Any, report: Report) -> None:
    head = report.head
    left = (
        _said(head.superior.upper(), size=Pt(12)),
        _said(head.office.upper(), size=Pt(12), bold=True, ruled=True),
        _said(head.number, size=BODY),
    )
    right = (
        _said(head.country, size=Pt(12), bold=True),
        _said(head.motto, size=BODY, bold=True, ruled=True),
        _said(head.place_and_day, size=BODY, italic=True),
    )
    _append(document, [_side_by_side(left, right, (66, 99))])
    for text, space in ((head.title, 18), (head.subject, 0)):
        paragraph = document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_before = Pt(space)
        run = paragraph.add_run(text)
        run.bold, run.font.size = True, TITLE
    due, state, source = report.deadline.lines
    boxed = [_said(each, size=BODY, bold=True, centred=True) for each in (due, state)]
    cell = _cell([*boxed, _said(source, size=SMALL, italic=True, centred=False)], 165, shade="F2F2F2")
    _append(document, [_raw_table([[cell]], (165,), style="TableGrid")])
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _sign_off(document: Any, report: Report) -> None:
    head = report.head
    document.add_paragraph()
    left = (
        _said(head.recipients_title, size=Pt(12), bold=True, italic=True, centred=False),
        *(
            _said(f"- {each}{';' if each is not head.recipients[-1] else '.'}", size=SMALL, centred=False)
            for each in head.recipients
        ),
    )
    room = tuple(_said("", size=BODY) for _ in range(4))
    right = (
        _said(head.signer_title.upper(), size=BODY, bold=True),
        *room,
        _said(head.signer, size=BODY, bold=True),
    )
    _append(document, [_side_by_side(left, right, (80, 85))])


def _side_by_side(left: Iterable[Any], right: Iterable[Any], widths: tuple[int, int]) -> Any:
    cells = [_cell(list(each), width) for each, width in zip((left, right), widths, strict=True)]
    return _raw_table([cells], widths, style=None)


# ── Parts and tables ─────────────────────────────────────────────────────────────────────────────────────────────


def _part(document: Any, part: Part, *, level: int = 1) -> None:
    section = document.sections[-1]
    room = round((section.page_width - section.left_margin - section.right_margin) / Mm(1))
    _append(document, _part_elements(part, room, level))


def _append(document: Any, elements: Iterable[Any]) -> None:
    """At the end of what there is, before the properties of the last section."""
    end = document.element.body.sectPr
    for element in elements:
        end.addprevious(element)


def _part_elements(part: Part, room: int, level: int) -> Iterable[Any]:
    yield _styled(part.title, f"Heading {level}")
    for line in part.lines:
        # A digest cannot be broken into words; the line before it would be torn apart.
        is_even = all(len(word) <= LONGEST_WORD for word in line.split(" "))
        yield _styled(line, "Normal", align="both" if is_even else "left")
    for table in part.tables:
        yield from _table_elements(table, room, level + 1)


def _table_elements(table: Table, room: int, level: int) -> Iterable[Any]:
    is_matrix = table.key == "matrix"
    if not is_matrix:
        yield _styled(table.title, f"Heading {level}")
    for places in _blocks(table):
        columns = [table.columns[place] for place in places]
        turned = is_matrix and len(columns) - table.fixed > MOST_UPRIGHT
        widths = _widths(columns, room, table.fixed if is_matrix else 0)
        style = "Bảng nhỏ" if is_matrix or len(columns) > MOST_UPRIGHT else "Bảng"
        rows = [_header(columns, widths, style, table.fixed if turned else len(columns))]
        for row in table.rows:
            cells = [row.cells[place] for place in places]
            rows.append(_row(cells, row, columns, widths, style, is_matrix))
        if table.note:
            # What its letters mean is said before they are read, on every piece.
            yield _styled(table.note, "Bảng")
        yield _assembled(rows, widths)
        # Two tables that touch would be one.
        yield _styled("", "Bảng")


def _blocks(table: Table) -> list[list[int]]:
    """The columns of each piece of a table that is too wide for one page; what is fixed stands in every piece."""
    fixed, rest = list(range(table.fixed)), list(range(table.fixed, len(table.columns)))
    if table.key != "matrix" or len(rest) <= MOST_COLUMNS:
        return [fixed + rest]
    pieces = -(-len(rest) // MOST_COLUMNS)
    size = -(-len(rest) // pieces)
    return [fixed + rest[start : start + size] for start in range(0, len(rest), size)]


def _widths(columns: Sequence[Column], room: int, fixed: int) -> list[int]:
    """Millimetres. Of a matrix the wards get an equal share beside the fixed columns."""
    if fixed:
        first = [13, 70][:fixed]
        each = min(28, (room - sum(first)) // max(1, len(columns) - fixed))
        return [*first, *([each] * (len(columns) - fixed))]
    total = sum(column.width for column in columns)
    return [max(9, room * column.width // total) for column in columns]


def _header(columns: Sequence[Column], widths: Sequence[int], style: str, upright: int) -> Any:
    cells = [
        _cell(
            [_styled(column.title, style, bold=True, align="center")],
            width,
            shade="D9E2F3",
            turned=place >= upright,
        )
        for place, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return _tr(cells, is_header=True, height=Mm(38) if upright < len(columns) else None)


def _row(
    cells: Sequence[Cell],
    row: Row,
    columns: Sequence[Column],
    widths: Sequence[int],
    style: str,
    as_letters: bool,
) -> Any:
    made = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        if isinstance(cell, Verdict):
            text, align, shade = mark(cell) if as_letters else verdict_words(cell), "center", SHADES[cell]
        elif isinstance(cell, int):
            text, align, shade = whole(cell), "right", ""
        else:
            text, align, shade = cell, "right" if column.is_number else "left", ""
        element = deepcopy(_pattern(width, style, row.is_heading, align, shade))
        _, paragraph = element
        _, run = paragraph
        run[-1].text = text
        made.append(element)
    return _tr(made)


@lru_cache(maxsize=1024)
def _pattern(width: int, style: str, is_heading: bool, align: str, shade: str) -> Any:
    """An empty cell to be copied: ten times as quick as making each of the tens of thousands that a province has."""
    return _cell([_styled("", style, bold=is_heading, align=align)], width, shade=shade)


# ── XML ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _raw_table(rows: Sequence[Sequence[Any]], widths: Sequence[int], *, style: str | None) -> Any:
    return _assembled([_tr(cells) for cells in rows], widths, style=style)


def _assembled(rows: Iterable[Any], widths: Sequence[int], *, style: str | None = "TableGrid") -> Any:
    table, about, grid = _element("tbl"), _element("tblPr"), _element("tblGrid")
    if style:
        about.append(_element("tblStyle", val=style))
    about.append(_element("tblW", w=str(sum(map(_twips, widths))), type="dxa"))
    about.append(_element("tblLayout", type="fixed"))
    about.append(_element("tblLook", val="0020" if style else "0000"))
    for width in widths:
        grid.append(_element("gridCol", w=str(_twips(width))))
    table.extend([about, grid, *rows])
    return table


def _tr(cells: Iterable[Any], *, is_header: bool = False, height: Any = None) -> Any:
    row, about = _element("tr"), _element("trPr")
    about.append(_element("cantSplit"))
    if height is not None:
        about.append(_element("trHeight", val=str(height // TWIPS), hRule="exact"))
    if is_header:
        about.append(_element("tblHeader"))
    row.extend([about, *cells])
    return row


def _cell(paragraphs: Sequence[Any], width: int, *, shade: str = "", turned: bool = False) -> Any:
    cell, about = _element("tc"), _element("tcPr")
    about.append(_element("tcW", w=str(_twips(width)), type="dxa"))
    if shade:
        about.append(_element("shd", val="clear", color="auto", fill=shade))
    if turned:
        about.append(_element("textDirection", val="btLr"))
    cell.append(about)
    cell.extend(paragraphs)
    return cell


def _styled(text: str, style: str, *, bold: bool = False, align: str = "left") -> Any:
    paragraph, about = _element("p"), _element("pPr")
    about.append(
        _element("pStyle", val=style.replace(" ", ""))
    )  # its id, as python-docx derives it from the name
    about.append(_element("jc", val=align))
    paragraph.append(about)
    paragraph.append(_run(text, [_element("b")] if bold else []))
    return paragraph


def _said(
    text: str,
    *,
    size: Any,
    bold: bool = False,
    italic: bool = False,
    centred: bool = True,
    ruled: bool = False,
) -> Any:
    """A paragraph of the frame. `ruled`: with the short line that stands under an office's name and under the motto."""
    paragraph, about = _element("p"), _element("pPr")
    about.append(_element("spacing", before="0", after="40" if ruled else "20"))
    about.append(_element("jc", val="center" if centred else "left"))
    how = [*([_element("b")] if bold else []), *([_element("i")] if italic else [])]
    how.append(_element("sz", val=str(int(size.pt * 2))))
    if ruled:
        how.append(_element("u", val="single"))
    paragraph.append(about)
    if text:
        paragraph.append(_run(text, how))
    return paragraph


def _run(text: str, how: Sequence[Any]) -> Any:
    run = _element("r")
    if how:
        about = _element("rPr")
        about.extend(how)
        run.append(about)
    run.append(_text(text))
    return run


def _text(text: str) -> Any:
    element = _element("t")
    element.text = text
    element.set(qn("xml:space"), "preserve")
    return element


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        element.set(W + key, value)
    return element


def _twips(millimetres: int) -> int:
    return int(Mm(millimetres)) // TWIPS
