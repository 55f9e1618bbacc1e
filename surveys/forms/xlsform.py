"""Reading an XLSForm: Excel, CSV or Markdown in, a Form or its faults out. In the process, and never for long.

pyxform opens the file, knows the many spellings of the columns, and has the last word on whether ODK would take the
form; what the rows mean in a chat is decided in `rows`, and whether they fit together in `soundness`. pyxform takes a
second to import: only publishing a form needs this module, loading a published one does not (`published`).
"""

import copy
import re
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any

from surveys.forms import files, rows, soundness
from surveys.forms.cells import QUOTES
from surveys.forms.faults import Fault, FormFaults
from surveys.forms.form import Form
from surveys.forms.published import with_digest
from surveys.forms.sheets import Sheets

__all__ = ["Fault", "FormFaults", "read"]

SHEETS = ("survey", "choices", "settings")
NOT_IN_A_CHAT = {
    "external_choices": "an external list; put the choices on the choices sheet",
    "entities": "entities carry data from one form to another, and answers must not travel",
    "osm": "OpenStreetMap tags need a map, and a chat has none",
}
COLUMNS = 300
CELL = 8_000  # characters
WORDS = 200_000  # characters in all cells: ten times the longest form that ships
ROW = re.compile(r"\[row : (\d+)\]\s*")
ON_SHEET = re.compile(r"[Oo]n the '(\w+)' sheet")
Sheet = list[dict[str, str]]


def read(name: str, content: bytes) -> Form:
    """The form in a file of this name. Raises FormFaults, whatever the file."""
    try:
        return _read(files.suffix_of(name, content), content)
    except FormFaults:
        raise
    except MemoryError:
        raise FormFaults([Fault("file", None, None, "the file needs too much memory to read")]) from None
    except Exception as problem:
        # The file is anybody's and the parsers are others': whatever they trip over is the file's fault, and its author
        # gets a sentence.
        reason = (
            f"the file could not be read ({type(problem).__name__}: {' '.join(str(problem).split())[:200]})"
        )
        raise FormFaults([Fault("file", None, None, reason)]) from problem


def _read(suffix: str, content: bytes) -> Form:
    workbook = _opened(suffix, content)
    _refuse_too_much(workbook)
    _protect_quotes(workbook)
    sheets = Sheets.of(copy.deepcopy(workbook))
    form, faults = rows.form_of(sheets)
    if not faults:
        faults = soundness.faults_of(form)
    if not faults:
        faults = _what_pyxform_says(workbook)
    if faults:
        raise FormFaults(sorted(faults, key=_place))
    return with_digest(form)


def _opened(suffix: str, content: bytes) -> Any:
    """The workbook's cells as pyxform hands them over (`DefinitionData`)."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2json_backends import SupportedFileTypes, get_definition_data

    if suffix in (".csv", ".md"):
        content = unicodedata.normalize("NFC", content.decode("utf-8-sig")).encode()
    processors: Mapping[Any, Any] = SupportedFileTypes.get_processors()  # type: ignore[no-untyped-call]
    try:
        # definition_to_dict() would try the next format and lose the reason why this one failed.
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what openpyxl thinks of styles and validations is no fault of a form
            cells = processors[SupportedFileTypes(suffix)](get_definition_data(content))
    except PyXFormError as problem:
        raise FormFaults([_fault(problem)]) from None
    if not cells.get("survey"):
        found = ", ".join(cells.get("sheet_names") or ["none"])[:200]
        reason = "the sheet is empty" if "survey" in cells else f"there is no such sheet; found: {found}"
        raise FormFaults([Fault("survey", None, None, reason)])
    from pyxform.xls2json_backends import DefinitionData

    known = {key: value for key, value in cells.items() if key in DefinitionData.__dataclass_fields__}
    return DefinitionData(**known)


def _refuse_too_much(workbook: Any) -> None:
    faults = [
        Fault(sheet, None, None, reason)
        for sheet, reason in NOT_IN_A_CHAT.items()
        if any(getattr(workbook, sheet) or ())
    ]
    words = 0
    for sheet in SHEETS:
        cells: Sheet = getattr(workbook, sheet) or []
        header = (getattr(workbook, f"{sheet}_header") or [{}])[0]
        if len(cells) > files.ROWS:
            faults.append(
                Fault(sheet, None, None, f"{len(cells):,} rows; at most {files.ROWS:,} can be read")
            )
        if len(header) > COLUMNS:
            faults.append(Fault(sheet, 1, None, f"{len(header):,} columns; at most {COLUMNS} can be read"))
        for number, row in enumerate(cells, start=2):
            for column, value in row.items():
                words += len(value)
                if len(value) > CELL:
                    faults.append(
                        Fault(sheet, number, column, f"{len(value):,} characters; {CELL:,} is the limit")
                    )
    if words > WORDS:
        faults.append(Fault("file", None, None, f"{words:,} characters in all; {WORDS:,} is the limit"))
    if faults:
        raise FormFaults(faults)


# pyxform turns “…” into "…" everywhere, which is right for expressions and wrong for what people read: there the
# quotation marks travel in the disguise of private characters.
DISGUISE = str.maketrans(QUOTES, "\ue001\ue002\ue003\ue004")
WORDING = re.compile(
    r"(label|caption|hint|guidance_hint|constraint_message|constraining_message|required_?(message|msg)"
    r"|(set_)?form_title|ln:title|bind::jr:(constraint|required)msg)(:|$)"
)


def _protect_quotes(workbook: Any) -> None:
    for sheet in SHEETS:
        cells: Sheet = getattr(workbook, sheet) or []
        for row in cells:
            for column, value in row.items():
                if WORDING.match("_".join(str(column).lower().split())):
                    row[column] = value.translate(DISGUISE)


def _what_pyxform_says(workbook: Any) -> list[Fault]:
    """ODK's own reading of the form: a form that passes here opens in Collect and Enketo too."""
    from pyxform.builder import create_survey_element_from_dict
    from pyxform.errors import PyXFormError
    from pyxform.xls2json import workbook_to_json

    try:
        tree = workbook_to_json(workbook, form_name="data")
        survey = create_survey_element_from_dict(tree)  # type: ignore[no-untyped-call]
        survey.xml()
    except PyXFormError as problem:
        return [_fault(problem)]
    return []


def _fault(problem: Exception) -> Fault:
    """pyxform names the row in its message, and the sheet sometimes."""
    message = " ".join(str(problem).split())
    row, sheet = ROW.search(message), ON_SHEET.search(message)
    context = getattr(problem, "context", {})
    return Fault(
        str(context.get("sheet") or (sheet[1] if sheet else "survey" if row else "file")),
        int(row[1]) if row else context.get("row"),
        context.get("column"),
        ROW.sub("", message)[:500],
    )


def _place(fault: Fault) -> tuple[int, int]:
    return (SHEETS.index(fault.sheet) if fault.sheet in SHEETS else -1, fault.row or 0)
