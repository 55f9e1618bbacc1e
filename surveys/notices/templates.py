"""Texts with gaps that an office writes often: each gap says what belongs into it, and what is filled in is held to that. Pure.

A gap is `{name:kind}`. What is filled in is text like any other: it never becomes a gap, a link or a style by itself."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from surveys.canonical import canonical
from surveys.conversation import Entity
from surveys.notices.notice import Category
from surveys.notices.text import Text, cleaned
from surveys.notices.webs import is_allowed, webs

__all__ = ["BadTemplate", "Gap", "GapKind", "Misfit", "Template", "filled", "gaps_in"]


class GapKind(StrEnum):
    DATE = "date"
    TIME = "time"
    PLACE = "place"
    NUMBER = "number"
    PHONE = "phone"
    LINK = "link"


NAMES = {
    GapKind.DATE: "ngày, như 30/11/2026",
    GapKind.TIME: "giờ, như 07:30",
    GapKind.PLACE: "địa điểm, một dòng",
    GapKind.NUMBER: "số",
    GapKind.PHONE: "số điện thoại",
    GapKind.LINK: "đường dẫn trong danh sách được phép",
}


@dataclass(frozen=True, slots=True)
class Gap:
    name: str
    kind: GapKind

    @property
    def wanted(self) -> str:
        """What belongs there, for whoever fills it in."""
        return NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class Misfit:
    """What somebody filled in does not belong there."""

    gap: Gap

    @property
    def sentence(self) -> str:
        return f"“{self.gap.name}” phải là {self.gap.wanted}."


class BadTemplate(ValueError):
    """A gap that nobody could fill in. Says which, in Vietnamese."""


GAP = re.compile(r"\{([^{}:]*):([^{}:]*)\}")
LONGEST_NAME = 40
LONGEST_PLACE = 120


def gaps_in(texts: Iterable[Text]) -> tuple[Gap, ...]:
    """In the order in which they stand; one name is one gap, in every language. Raises BadTemplate."""
    found: dict[str, Gap] = {}
    for text in texts:
        rest = GAP.sub("", text.text)
        if "{" in rest or "}" in rest:
            raise BadTemplate("Dấu { } chỉ dùng cho chỗ trống, như {giờ:time}.")
        for name, kind in GAP.findall(text.text):
            gap = _gap(name.strip(), kind.strip())
            if found.setdefault(gap.name, gap) != gap:
                raise BadTemplate(f"Chỗ trống “{gap.name}” có hai loại khác nhau.")
    return tuple(found.values())


def _gap(name: str, kind: str) -> Gap:
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadTemplate("Mỗi chỗ trống cần một tên ngắn.")
    try:
        return Gap(name, GapKind(kind))
    except ValueError:
        kinds = ", ".join(GapKind)
        raise BadTemplate(f"Không có loại chỗ trống “{kind}”: chọn một trong {kinds}.") from None


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    unit: str
    name: str
    category: Category
    texts: Mapping[str, Text]
    version: int = 1

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return gaps_in(self.texts.values())

    def body(self) -> str:
        return canonical({language: text.plain() for language, text in self.texts.items()})

    @classmethod
    def read(cls, id: str, unit: str, name: str, category: str, version: int, body: str) -> Self:
        plain: dict[str, Any] = json.loads(body)
        texts = {language: Text.read(text) for language, text in plain.items()}
        return cls(id, unit, name, Category(category), texts, version)


def filled(
    template: Template, values: Mapping[str, str], domains: Iterable[str]
) -> tuple[dict[str, Text], tuple[Misfit, ...]]:
    """The texts with their gaps filled in, and what does not fit; where anything does not, there are no texts."""
    domains = tuple(domains)
    read: dict[str, str] = {}
    misfits: list[Misfit] = []
    for gap in template.gaps:
        value = _read(gap.kind, values.get(gap.name, ""), domains)
        if value is None:
            misfits.append(Misfit(gap))
        else:
            read[gap.name] = value
    if misfits:
        return {}, tuple(misfits)
    return {language: _with(text, read) for language, text in template.texts.items()}, ()


def _with(text: Text, values: Mapping[str, str]) -> Text:
    pieces: list[str] = []
    moves: list[tuple[int, int, int]] = []
    at = 0
    for match in GAP.finditer(text.text):
        value = values[match[1].strip()]
        pieces += [text.text[at : match.start()], value]
        moves.append((match.start(), match.end(), len(value)))
        at = match.end()
    pieces.append(text.text[at:])
    entities = []
    for each in text.entities:
        start, end = _moved(each.offset, moves, at_end=False), _moved(each.end, moves, at_end=True)
        entities.append(Entity(each.style, start, end - start, each.url))
    return Text.of("".join(pieces), entities)


def _moved(place: int, moves: Iterable[tuple[int, int, int]], *, at_end: bool) -> int:
    """Where this place is once the gaps before it are filled in. Inside a gap: before it, or behind it."""
    shift = 0
    for start, end, length in moves:
        if end <= place:
            shift += length - (end - start)
        elif start < place:
            return start + shift + (length if at_end else 0)
    return place + shift


# ── What belongs where ───────────────────────────────────────────────────────────────────────────────────────────

DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
HOUR = re.compile(r"(\d{1,2})(?:[:hg]|giờ)(\d{2})?", re.IGNORECASE)
NUMBER = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?")
SHORT = re.compile(r"1\d{2}|1[89]\d{6}|1[89]00\d{4}")
"""113, 114, 115 and their kin, and the numbers of hotlines (1800…, 1900…), which belong to no area."""
OF_A_PLACE = re.compile(r"(?:0|\+84)(?:[35789]\d{8}|2\d{8,9})")
"""Mobile telephones, and those that belong to an area."""


def _read(kind: GapKind, typed: str, domains: tuple[str, ...]) -> str | None:
    """As it goes into the text; None when it does not belong there."""
    try:
        value = cleaned(typed)
    except ValueError:
        return None
    if not value or "\n" in value:
        return None
    match kind:
        case GapKind.DATE:
            return _day(value)
        case GapKind.TIME:
            return _hour(value)
        case GapKind.PLACE:
            return value if len(value) <= LONGEST_PLACE and not webs(Text(value)) else None
        case GapKind.NUMBER:
            return value if NUMBER.fullmatch(value) else None
        case GapKind.PHONE:
            return _phone(value)
        case GapKind.LINK:
            found = webs(Text(value))
            is_one = len(found) == 1 and found[0].written == value
            return value if is_one and is_allowed(found[0], domains) else None


def _day(value: str) -> str | None:
    found = DAY.fullmatch(value)
    if found is None:
        return None
    try:
        day = date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None
    return f"{day.day:02}/{day.month:02}/{day.year}"


def _hour(value: str) -> str | None:
    found = HOUR.fullmatch(value.replace(" ", ""))
    if found is None:
        return None
    try:
        return datetime.strptime(f"{found[1]}:{found[2] or '00'}", "%H:%M").strftime("%H:%M")  # noqa: DTZ007 - a time alone
    except ValueError:
        return None


def _phone(value: str) -> str | None:
    digits = re.sub(r"[\s.()-]", "", value)
    if SHORT.fullmatch(digits):
        return value
    return value if OF_A_PLACE.fullmatch(digits) else None
