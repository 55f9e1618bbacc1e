"""What the page itself says, in each language, and how it writes numbers and days. It knows no question of any survey:
those are the chat's words, in `surveys/texts`."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "NUMBER_SPACE", "Words", "language_of"]

LANGUAGES: Mapping[str, str] = MappingProxyType({"vi": "Tiếng Việt", "en": "English", "km": "ភាសាខ្មែរ"})
"""Code → the language's own name, in the order they are offered."""
DEFAULT_LANGUAGE = "vi"
CATALOGUES = Path(__file__).parent / "texts"
HERE = ZoneInfo("Asia/Ho_Chi_Minh")
NUMBER_SPACE = "\N{NO-BREAK SPACE}"
MOST_PLACES = 6
HAIR = 1e-9  # what floating point adds to a number that is exact


def language_of(*wishes: str | None) -> str:
    """The first wish that is a language of ours."""
    return next((wish for wish in wishes if wish is not None and wish in LANGUAGES), DEFAULT_LANGUAGE)


@cache
def catalogue(language: str, room: str = "") -> Mapping[str, str]:
    """Every text of a language by its key, from its .po file; of one room's own file where it has one."""
    from babel.messages.pofile import read_po  # costs a tenth of a second: not on import

    with (CATALOGUES / f"{room}{'.' if room else ''}{language}.po").open("rb") as file:
        found = read_po(file, locale=language)
    return MappingProxyType(
        {str(message.id): str(message.string) for message in found if message.id and message.string}
    )


class Words:
    """The page's texts, numbers and days in one language."""

    def __init__(self, language: str, *rooms: str) -> None:
        """`rooms`: whose own texts are needed beside the page's."""
        self.language = language
        self._texts = {
            **catalogue(language),
            **{k: v for room in rooms for k, v in catalogue(language, room).items()},
        }
        self._decimal, self._thousands = (".", ",") if language == "en" else (",", ".")

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key. Raises KeyError for one the catalogue has not."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def or_key(self, key: str) -> str:
        """The text of a key; where nobody has written one, the key without its first word."""
        return self._texts.get(key) or key.partition("_")[2] or key

    def clock(self, moment: datetime) -> str:
        """The hour and minute, in local time: 08:05."""
        return f"{moment.astimezone(HERE):%H:%M}"

    def starting(self, prefix: str) -> dict[str, str]:
        """All texts under a prefix, by the rest of their key: what the page hands to its script."""
        return {key.removeprefix(prefix): text for key, text in self._texts.items() if key.startswith(prefix)}

    def whole(self, number: int) -> str:
        return f"{number:,}".replace(",", self._thousands)

    def percent(self, share: float | Fraction | Decimal, places: int = 2) -> str:
        """A share between 0 and 1, rounded; with a further decimal where it would else seem to reach a whole per cent that
        it does not: 89,996 %, because thresholds are whole."""
        number = float(share) * 100
        while number < round(number, places) == int(round(number, places)) and places < MOST_PLACES:
            places += 1
        return f"{number:.{places}f}".replace(".", self._decimal) + NUMBER_SPACE + "%"

    def amount(self, number: Fraction) -> str:
        """A number that need not be whole: 10 · 2,5."""
        if number.denominator == 1:
            return self.whole(number.numerator)
        return f"{float(number):.6f}".rstrip("0").replace(".", self._decimal)

    def trimmed(self, share: float | Fraction | Decimal) -> str:
        """A threshold as people say it: 90 %, 92,5 %."""
        number, space, sign = self.percent(share).partition(NUMBER_SPACE)
        return number.rstrip("0").rstrip(self._decimal) + space + sign

    def span(self, low: float, high: float) -> str:
        """An interval in per cent, without the sign: 86,9–94,3. Rounded outwards, so that it never claims more than is known
        and never seems to stop at a threshold that it holds."""
        ends = floor(low * 1000 + HAIR) / 10, ceil(high * 1000 - HAIR) / 10
        return "–".join(f"{end:.1f}".replace(".", self._decimal) for end in ends)

    def day(self, moment: date | datetime) -> str:
        """As it is said here, in local time: 18/12/2026."""
        if isinstance(moment, datetime):
            moment = moment.astimezone(HERE).date()
        return f"{moment.day}/{moment.month}/{moment.year}"
