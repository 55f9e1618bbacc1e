"""What stands out in a text, as somebody fills it into a plain form: the words that shall be bold, a line for each; and what leads to a
page. No markup: what is typed into the text is what residents read, character for character. It knows no request."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveys.conversation import Entity, Style
from surveys.notices import Text
from surveys.notices.text import cleaned

__all__ = ["Link", "Marked", "lines_of", "links_of", "marked"]

NTH = re.compile(r"(.+) \(lần (\d{1,3})\)", re.DOTALL)
"""“VNeID (lần 2)”: where the same words stand several times and not all of them are meant."""
MOST_STRETCHES = 100
"""In one text: as many as Telegram shows. A single letter to be bold in a long text would be thousands."""
MOST_LINES = 200  # of words that shall stand out; nobody looks at more
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Marked:
    text: Text
    lost: tuple[str, ...]
    """What was to stand out and is not in the text."""


def marked(typed: str, bold: str = "", italic: str = "", links: Iterable[Link] = ()) -> Marked:
    """The text with everything that shall stand out in it. Raises Unwritable."""
    plain = Text.of(typed).text
    entities: list[Entity] = []
    lost: list[str] = []
    wanted = [(line, Style.BOLD, "") for line in bold.splitlines()]
    wanted += [(line, Style.ITALIC, "") for line in italic.splitlines()]
    wanted += [(link.words, Style.LINK, link.address) for link in links]
    for words, style, address in dict.fromkeys(wanted):
        words, address = cleaned(words), cleaned(address)
        if not words and not address:
            continue
        stretches = _stretches(plain, words) if words and len(lost) < MOST_LINES else []
        is_too_much = len(entities) + len(stretches) > MOST_STRETCHES
        if not stretches or is_too_much or (style is Style.LINK and not address):
            lost.append(words or address)
            continue
        url = _address(address)
        entities += [Entity(style, start, length, url) for start, length in stretches]
    return Marked(Text.of(plain, entities), tuple(lost))


def lines_of(text: Text, style: Style) -> str:
    """The words of one style, as `marked` takes them."""
    return "\n".join(dict.fromkeys(_named(text, style, each) for each in _in_lines(text, style)))


def links_of(text: Text) -> tuple[Link, ...]:
    found = [each for each in text.entities if each.style is Style.LINK]
    return tuple(dict.fromkeys(Link(_nth(text, each, found), each.url) for each in found))


def _address(typed: str) -> str:
    """What people type as an address begins with “www” as often as not."""
    typed = typed.strip()
    return typed if not typed or SCHEME.match(typed) else f"https://{typed}"


def _stretches(text: str, words: str) -> list[tuple[int, int]]:
    places = _places(text, words)
    if places:
        return [(place, len(words)) for place in places]
    found = NTH.fullmatch(words)
    if found is None:
        return []
    places = _places(text, found[1])
    number = int(found[2])
    return [(places[number - 1], len(found[1]))] if 0 < number <= len(places) else []


def _places(text: str, words: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(words), text)]


def _in_lines(text: Text, style: Style) -> list[Entity]:
    """Each stretch of that style; one of several lines in pieces, for a line of the form is a line of the text."""
    pieces = []
    for each in text.entities:
        if each.style is not style:
            continue
        at = each.offset
        for line in text.text[each.offset : each.end].split("\n"):
            if line.strip():
                start = at + len(line) - len(line.lstrip())
                pieces.append(Entity(style, start, len(line.strip())))
            at += len(line) + 1
    return pieces


def _named(text: Text, style: Style, entity: Entity) -> str:
    return _nth(text, entity, [each for each in text.entities if each.style is style])


def _nth(text: Text, entity: Entity, alike: Sequence[Entity]) -> str:
    """Its words; with a number where the same words stand elsewhere too and do not stand out there."""
    words = text.text[entity.offset : entity.end]
    places = _places(text.text, words)
    covered = all(
        any(
            each.offset <= place and place + len(words) <= each.end and each.url == entity.url
            for each in alike
        )
        for place in places
    )
    if covered or entity.offset not in places:
        return words
    return f"{words} (lần {places.index(entity.offset) + 1})"
