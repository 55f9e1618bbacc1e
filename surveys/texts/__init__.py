"""What residents read, in every language: gettext catalogues whose msgids are keys. No code decides here."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType

__all__ = ["DEFAULT", "LANGUAGES", "LONGEST", "UNREVIEWED", "catalogue", "clipped", "day", "length", "say"]

LANGUAGES = ("vi", "en", "km")
DEFAULT = "vi"
UNREVIEWED = frozenset({"km"})
"""Machine-made and read by no person yet (chưa thẩm định)."""
LONGEST = 1900
"""UTF-16 units in one message: Zalo takes 2,000 characters and does not say what it counts."""

NAMES = {"vi": "Tiếng Việt", "en": "English", "km": "ភាសាខ្មែរ"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def say(language: str, key: str, **params: object) -> str:
    """The text under this key, filled in. An unknown language is Vietnamese. Raises KeyError for an unknown key."""
    words = catalogue(language if language in LANGUAGES else DEFAULT)[key]
    return words.format(**params) if params else words


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Key → text of one language, read once."""
    from babel.messages.pofile import read_po

    with (resources.files(__name__) / f"{language}.po").open("rb") as file:
        messages = read_po(file, locale=language)
    return MappingProxyType({str(each.id): str(each.string) for each in messages if each.id})


@cache
def day(language: str, on: date) -> str:
    """A calendar day as people write it."""
    if language == "en":
        return f"{on.day} {MONTHS[on.month - 1]} {on.year}"
    return f"{on.day}/{on.month}/{on.year}"


def length(text: str) -> int:
    """UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clipped(text: str, limit: int = LONGEST) -> str:
    """The text, or as much of it as fits in `limit` UTF-16 units, ending in “…”."""
    # No character is longer than two units, so most texts fit without being counted.
    if 2 * len(text) <= limit or length(text) <= limit:
        return text
    short = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return short.rstrip() + "…"
