"""The three sheets of an XLSForm under the names pyxform gives their columns. Publishing needs it, and pyxform; nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys.forms.faults import Fault, FormFaults

__all__ = ["Row", "Sheets"]

Row = Mapping[str, Any]


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

        settings = named("settings", aliases.settings_header, Survey.get_slot_names())
        return cls(
            survey=dealias_types(  # type: ignore[no-untyped-call]
                named("survey", aliases.survey_header, MultipleChoiceQuestion.get_slot_names())
            ),
            choices=named("choices", aliases.list_header, Option.get_slot_names()),
            settings=settings[0] if settings else {},
        )
