"""One cell at a time: words in their language, expressions, and the faults found in either. It collects, and never stops."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from surveys.forms.dialect import language_code
from surveys.forms.faults import Fault
from surveys.forms.form import NOTHING, Words
from surveys.forms.sheets import Row
from surveys.forms.xpath import BadExpression, Expression

__all__ = ["QUOTES", "REVEAL", "Cells", "bind", "bind_of", "text_of"]

DEFAULT = "default"  # what pyxform calls a column without a language
QUOTES = "“”‘’"
REVEAL = str.maketrans("\ue001\ue002\ue003\ue004", QUOTES)
"""The quotation marks that `xlsform` sent past pyxform in disguise."""


@dataclass(slots=True)
class Cells:
    """What has been found in the cells read so far."""

    faults: list[Fault] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    """Those met in the columns, in order."""
    default_language: str = "vi"

    def expression(
        self, number: int, column: str, text: str, *, of_choices: bool = False
    ) -> Expression | None:
        if not text:
            return None
        try:
            return Expression(text, of_choices=of_choices)
        except BadExpression as problem:
            self.once(Fault("survey", number, column, f"{problem} (in “{text[:120]}”)"))
            return None

    def words(self, sheet: str, number: int | None, column: str, cell: Any) -> Words:
        if not cell:
            return NOTHING
        by_name = cell if isinstance(cell, dict) else {DEFAULT: cell}
        words: dict[str, str] = {}
        for name, value in by_name.items():
            code = self.language(sheet, column, str(name))
            if code is None or not isinstance(value, str):
                continue
            if name == DEFAULT and code in words:
                continue  # the column with the language's name says it better
            words[code] = unicodedata.normalize("NFC", value.translate(REVEAL)).strip()
            if code not in self.languages:
                self.languages.append(code)
        return MappingProxyType(words)

    def fault(self, sheet: str, row: int | None, column: str | None, reason: str) -> None:
        self.faults.append(Fault(sheet, row, column, reason))

    def once(self, fault: Fault) -> None:
        if fault not in self.faults:
            self.faults.append(fault)

    def language(self, sheet: str, column: str, name: str) -> str | None:
        if name == DEFAULT:
            return self.default_language
        code = language_code(name)
        if code is None:
            self.once(
                Fault(
                    sheet, 1, column, f"the language “{name[:60]}” needs its code: write “{name[:60]} (xx)”"
                )
            )
        return code

    def in_every_language(self, words: Mapping[str, str]) -> Words:
        languages = dict.fromkeys([self.default_language, *self.languages])
        return MappingProxyType({language: words.get(language, words["en"]) for language in languages})


def text_of(cell: Any) -> str:
    return unicodedata.normalize("NFC", cell).strip() if isinstance(cell, str) else ""


def bind(row: Row, name: str) -> str:
    return text_of(bind_of(row, name))


def bind_of(row: Row, name: str) -> Any:
    bind = row.get("bind")
    return bind.get(name) if isinstance(bind, dict) else None
