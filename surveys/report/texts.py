"""Texts that every format can hold, and that show what they are. It knows no report."""

import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from surveys.assessment import Verdict

LONGEST = 4_000
"""Characters of one text; a spreadsheet's cell holds 32,767 and whoever reads it far fewer."""


def printable(text: str) -> str:
    """The text as every format can hold it: composed, on one line, without what is no letter or sign – controls, halves of
    pairs, non-characters, and marks that turn the reading direction and so show another text than there is."""
    kept = "".join(
        " " if letter in BREAKS else letter for letter in text if letter in BREAKS or _is_shown(letter)
    )
    composed = unicodedata.normalize("NFC", kept)
    return composed if len(composed) <= LONGEST else composed[: LONGEST - 1] + "…"


BREAKS = frozenset("\t\n\x0b\x0c\r\x85\u2028\u2029")
MISLEADING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _is_shown(letter: str) -> bool:
    if letter.isascii():
        return " " <= letter <= "~"
    is_non_character = (ord(letter) & 0xFFFE) == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"
    return not (letter in MISLEADING or is_non_character or unicodedata.category(letter) in ("Cc", "Cs"))


T = TypeVar("T")


def cleaned(value: T) -> T:
    """The same value with every text in it printable."""
    made: Any = value
    if isinstance(value, str) and not isinstance(value, Verdict):
        made = printable(value)
    elif isinstance(value, tuple):
        made = tuple(cleaned(each) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{each.name: cleaned(getattr(value, each.name)) for each in fields(value)})
    return made  # type: ignore[no-any-return]


def plain(value: object) -> object:
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value
