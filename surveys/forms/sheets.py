"""The three sheets of an XLSForm under the names pyxform gives their columns. Publishing needs it, and pyxform; nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from surveys.forms.faults import Fault, FormFaults

__all__ = ["Row", "Sheets"]

Row = Mapping[str, Any]

NEARLY = 0.8  # of the letters in common
THAT_MATTER = {
    "survey": (
        *(
            "type",
            "name",
            "label",
            "hint",
            "relevant",
            "relevance",
            "constraint",
            "constraint_message",
            "default",
        ),
        *("required", "required_message", "calculation", "choice_filter", "parameters"),
    ),
    "settings": ("form_title", "form_id", "version", "default_language"),
}


@dataclass(frozen=True, slots=True)
class Sheets:
    """The three sheets with pyxform's names for their columns."""

    survey: Sequence[Row]
    choices: Sequence[Row]
    settings: Row

    @classmethod
    def of(cls, workbook: Any) -> "Sheets":
        """`workbook` is pyxform's DefinitionData; it may be changed. Raises FormFaults on columns that contradict."""
        from pyxform import aliases
        from pyxform.errors import PyXFormError
        from pyxform.parsing.sheet_headers import dealias_and_group_headers
        from pyxform.question import MultipleChoiceQuestion, Option
        from pyxform.survey import Survey
        from pyxform.xls2json import dealias_types

        def named(sheet: str, spellings: Any, columns: Any) -> list[dict[str, Any]]:
            cells = getattr(workbook, sheet)
            header = getattr(workbook, f"{sheet}_header")
            if not cells:
                return []
            try:
                return list(dealias_and_group_headers(sheet, cells, header, spellings, set(columns)).data)
            except PyXFormError as problem:
                raise FormFaults([Fault(sheet, 1, None, str(problem))]) from None

        faults = [
            *_misspelt(
                workbook, "survey", {*aliases.survey_header, *MultipleChoiceQuestion.get_slot_names()}
            ),
            *_misspelt(workbook, "settings", {*aliases.settings_header, *Survey.get_slot_names()}),
        ]
        if faults:
            raise FormFaults(faults)
        settings = named("settings", aliases.settings_header, Survey.get_slot_names())
        return cls(
            survey=dealias_types(  # type: ignore[no-untyped-call]
                named("survey", aliases.survey_header, MultipleChoiceQuestion.get_slot_names())
            ),
            choices=named("choices", aliases.list_header, Option.get_slot_names()),
            settings=settings[0] if settings else {},
        )


def _misspelt(workbook: Any, sheet: str, known: set[str]) -> list[Fault]:
    """Columns whose names are nearly one that matters. ODK passes over a column it does not know; with “relevent” for
    “relevant” everybody would be asked."""
    known = {name.lower() for name in known}
    faults = []
    for column in (getattr(workbook, f"{sheet}_header") or [{}])[0]:
        name = "_".join(str(column).partition(":")[0].lower().split())
        near = [] if name in known else get_close_matches(name, THAT_MATTER[sheet], n=1, cutoff=NEARLY)
        if near:
            reason = f"is not a column of XLSForm; did you mean “{near[0]}”?"
            faults.append(Fault(sheet, 1, str(column)[:60], reason))
    return faults
