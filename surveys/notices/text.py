"""What an officer wrote, as it may go out: characters and the stretches that stand out among them, never markup. Pure.

Nothing that cannot be seen gets through, for it could turn a sentence round or hide a word – except where a script needs it: the
zero-width space between Khmer words, and what holds an emoji together."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from surveys.conversation import Entity, Style

__all__ = ["EMPTY", "Text", "Unwritable", "cleaned", "from_utf16"]


class Unwritable(ValueError):
    """A NUL or half a character: no keyboard makes one, and no database keeps it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Make one with `Text.of`: it is clean, and its entities are whole, in order and do not cross."""

    text: str
    entities: tuple[Entity, ...] = ()

    @classmethod
    def of(cls, typed: str, entities: Iterable[Entity] = ()) -> Self:
        """As it was typed, without what cannot be seen. Raises Unwritable."""
        text, places = _cleaned(typed)
        return cls(text, _tidy(text, (_moved(each, places) for each in entities)))

    @classmethod
    def of_utf16(cls, typed: str, entities: Iterable[Entity] = ()) -> Self:
        """The same, where offsets count UTF-16 units, as Telegram counts."""
        return cls.of(typed, from_utf16(typed, entities))

    def plain(self) -> Any:
        """For canonical JSON."""
        return {"text": self.text, "entities": [_plain_entity(each) for each in self.entities]}

    @classmethod
    def read(cls, plain: Any) -> Self:
        return cls(plain["text"], tuple(_read_entity(each) for each in plain["entities"]))

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def _plain_entity(entity: Entity) -> Any:
    return [entity.style.value, entity.offset, entity.length, entity.url]


def _read_entity(plain: Any) -> Entity:
    return Entity(Style(plain[0]), plain[1], plain[2], plain[3])


def cleaned(typed: str) -> str:
    """The characters alone. Cleaning twice is cleaning once. Raises Unwritable."""
    return _cleaned(typed)[0]


def from_utf16(text: str, entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Entities whose offsets count UTF-16 units, counted in characters."""
    entities = tuple(entities)
    if not entities or text.isascii():
        return entities
    places = [0]
    for letter in text:
        places.append(places[-1] + (2 if letter > "\uffff" else 1))
    character = {unit: place for place, unit in enumerate(places)}

    def place(unit: int) -> int:
        # In the middle of a character: the character is in.
        return character.get(unit, character.get(unit - 1, len(text)))

    found = []
    for each in entities:
        start, end = place(each.offset), place(each.end)
        found.append(Entity(each.style, start, end - start, each.url))
    return tuple(found)


# ── What cannot be seen ──────────────────────────────────────────────────────────────────────────────────────────

NUL = "\0"
LINE_ENDS = frozenset("\r\v\f\x85\u2028\u2029")
ZWSP, ZWJ = "\u200b", "\u200d"
PRESENTATION = frozenset("\ufe0e\ufe0f")  # a symbol as text, a symbol as a picture
BLANK = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0")
"""Letters and marks that show nothing: soft hyphen, fillers, an empty Braille cell, Khmer vowels nobody writes."""
KEYCAPS = frozenset("0123456789#*")


def _cleaned(typed: str) -> tuple[str, list[int]]:
    """The clean text, and for every place in what was typed (its end too) the place in the clean text."""
    if NUL in typed or any("\ud800" <= letter <= "\udfff" for letter in typed):
        raise Unwritable("NUL or half a character")
    letters, places = _visible(typed)
    text, composed = _composed(letters)
    places = [composed[place] for place in places]
    stripped = text.rstrip()
    start = len(text) - len(text.lstrip())
    end = max(len(stripped), start)
    return text[start:end], [min(max(place, start), end) - start for place in places]


def _visible(typed: str) -> tuple[list[str], list[int]]:
    kept: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(typed):
        places.append(len(kept))
        shown = _shown(kept[-1] if kept else "", _single(letter), _single(typed[place + 1 : place + 2]))
        # “\r\n” is one line end.
        if not (letter == "\n" and typed[place - 1 : place] == "\r"):
            kept.extend(shown)
    places.append(len(kept))
    return kept, places


def _single(letter: str) -> str:
    """What NFC makes of this one character where that is one character, too: the Greek question mark is a semicolon."""
    normal = unicodedata.normalize("NFC", letter)
    return normal if len(normal) == 1 else letter


def _shown(before: str, letter: str, behind: str) -> str:
    """What stands for this character between these two: itself, mostly."""
    if letter in LINE_ENDS:
        return "\n"
    if letter == "\t":
        return " "
    if letter == ZWSP:
        return letter if _is_khmer(before) and _is_khmer(behind) else ""
    if letter == ZWJ:
        return letter if _is_of_an_emoji(before) and _is_symbol(behind) else ""
    if letter in PRESENTATION:
        return letter if _is_symbol(before) or before in KEYCAPS else ""
    if letter in BLANK or _is_hidden(letter):
        return ""
    return letter


def _is_hidden(letter: str) -> bool:
    """Controls, everything that only directs how others are shown, further variation selectors, and what Unicode says is no
    character."""
    if letter == "\n":
        return False
    number = ord(letter)
    return (
        unicodedata.category(letter) in ("Cc", "Cf")
        or 0xFE00 <= number <= 0xFE0F
        or 0xE0000 <= number <= 0xE0FFF
        or 0xFDD0 <= number <= 0xFDEF
        or number & 0xFFFE == 0xFFFE
    )


def _is_khmer(letter: str) -> bool:
    return "\u1780" <= letter <= "\u17ff" and letter not in BLANK


def _is_symbol(letter: str) -> bool:
    return bool(letter) and unicodedata.category(letter) in ("So", "Sm", "Po") and letter > "\x7f"


def _is_of_an_emoji(letter: str) -> bool:
    """The picture itself, its presentation, or its skin tone."""
    return letter in PRESENTATION or _is_symbol(letter) or "\U0001f3fb" <= letter <= "\U0001f3ff"


def _composed(letters: Sequence[str]) -> tuple[str, list[int]]:
    """NFC, piece by piece, so that every place is still known afterwards."""
    pieces: list[str] = []
    places: list[int] = []
    length, piece = 0, ""
    for letter in letters:
        if piece and not _clings(piece, letter):
            pieces.append(unicodedata.normalize("NFC", piece))
            length += len(pieces[-1])
            piece = ""
        places.append(length)
        piece += letter
    if piece:
        pieces.append(unicodedata.normalize("NFC", piece))
        length += len(pieces[-1])
    places.append(length)
    return "".join(pieces), places


def _clings(piece: str, letter: str) -> bool:
    """Whether the two may become something else together."""
    if piece.isascii() and letter.isascii():
        return False
    if unicodedata.combining(letter):
        return True
    apart = unicodedata.normalize("NFC", piece) + unicodedata.normalize("NFC", letter)
    return unicodedata.normalize("NFC", piece + letter) != apart


# ── What stands out ──────────────────────────────────────────────────────────────────────────────────────────────


def _moved(entity: Entity, places: Sequence[int]) -> Entity:
    last = len(places) - 1
    start, end = (places[min(max(place, 0), last)] for place in (entity.offset, entity.end))
    return Entity(entity.style, start, end - start, entity.url)


def _tidy(text: str, entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Without white space at their ends and without empty ones; stretches of one style that touch are one; where two styles would
    cross, the second is cut in two."""
    found: list[Entity] = []
    entities = tuple(entities)
    for style in (Style.LINK, Style.BOLD, Style.ITALIC):
        stretches = [each for each in (_trimmed(text, each) for each in _of_style(entities, style)) if each]
        for entity in _joined(stretches):
            found += _cut_at(entity, found, text)
    return tuple(sorted(found, key=lambda each: (each.offset, -each.length, each.style)))


def _of_style(entities: Iterable[Entity], style: Style) -> list[Entity]:
    return sorted((each for each in entities if each.style is style), key=lambda each: each.offset)


def _trimmed(text: str, entity: Entity) -> Entity | None:
    stretch = text[entity.offset : entity.end]
    start = entity.offset + len(stretch) - len(stretch.lstrip())
    length = len(stretch.strip())
    return Entity(entity.style, start, length, entity.url) if length else None


def _joined(entities: Sequence[Entity]) -> list[Entity]:
    joined: list[Entity] = []
    for each in entities:
        last = joined[-1] if joined else None
        if last is None or each.offset > last.end or (each.url != last.url and each.offset >= last.end):
            joined.append(each)
        elif each.url == last.url:
            joined[-1] = Entity(last.style, last.offset, max(last.end, each.end) - last.offset, last.url)
        # A link inside another link: the first one counts.
    return joined


def _cut_at(entity: Entity, others: Iterable[Entity], text: str) -> list[Entity]:
    """The entity in pieces, cut wherever one of the others begins or ends inside it."""
    cuts = {entity.offset, entity.end}
    for other in others:
        crosses = other.offset < entity.offset < other.end < entity.end
        crosses = crosses or entity.offset < other.offset < entity.end < other.end
        if crosses:
            cuts |= {place for place in (other.offset, other.end) if entity.offset < place < entity.end}
    pieces = (Entity(entity.style, start, end - start, entity.url) for start, end in pairwise(sorted(cuts)))
    return [piece for piece in (_trimmed(text, piece) for piece in pieces) if piece]


EMPTY = Text("")
