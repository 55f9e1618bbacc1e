"""What a person typed, read as the answer to a question. Pure: it knows no language's words but those of the answers.

The value returned is ODK's lexical form: a choice's name, names joined by spaces, `3`, `2026-03-05`, `17:30:00`.
People type as they speak, so much is forgiven (diacritics, units, commas); what could mean two things is asked again.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType

from surveys.forms import dates
from surveys.forms.form import Choice, Kind, Question

__all__ = ["REASONS", "TEXT_LIMIT", "Unreadable", "fold", "geopoint", "numbers", "read"]

TEXT_LIMIT = 4_000  # characters: what the longest of the channels' messages can hold
NUMBER_DIGITS = 9  # an XForms int is 32 bits wide
DECIMAL_DIGITS = 15  # what a double holds without loss
MEANT_AS_ONE = 3  # letters from which the beginning of a label stands for the label

REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "answer.not_a_choice": ("count",),
        "answer.not_choices": ("count",),
        "answer.one_choice_only": (),
        "answer.zero_stands_alone": ("label",),
        "answer.not_a_ranking": ("count",),
        "answer.not_a_number": (),
        "answer.not_a_whole_number": (),
        "answer.number_too_long": ("digits",),
        "answer.not_in_range": ("low", "high"),
        "answer.not_on_step": ("low", "high", "step"),
        "answer.not_a_date": (),
        "answer.not_a_time": (),
        "answer.not_a_place": (),
        "answer.not_a_picture": (),
        "answer.not_acknowledged": (),
        "answer.empty": (),
        "answer.too_long": ("limit",),
        "answer.not_asked": (),
        "answer.required": (),
        "answer.not_allowed": (),
    }
)
"""Every key that `Unreadable` may carry, with its parameters, and the two that `Walk.refusal` says where a form has no
words of its own: what the catalogues must hold."""


class Unreadable(ValueError):
    """The text is no answer to the question; `key` and `params` say why in the catalogues' words."""

    def __init__(self, key: str, **params: str | int) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


def read(
    question: Question, choices: Sequence[Choice], text: str, language: str, *, today: date | None = None
) -> str:
    """The lexical value of what was typed, whatever it was. `choices` are the ones shown (`Walk.choices`), in order;
    `today` lets “hôm qua” and a date without a year be read. Raises Unreadable."""
    text = unicodedata.normalize("NFC", text).strip()
    if question.kind is Kind.NOTE:
        return ""
    if not text:
        raise Unreadable("answer.empty")
    match question.kind:
        case Kind.SELECT_ONE:
            return _one(choices, text, language)
        case Kind.SELECT_MULTIPLE:
            return _several(choices, text, language)
        case Kind.RANK:
            return _ranking(choices, text, language)
        case Kind.INTEGER:
            return _integer(text)
        case Kind.DECIMAL:
            return _lexical(_decimal(text))
        case Kind.RANGE:
            return _in_range(question, text)
        case Kind.TEXT:
            return _text(text)
        case Kind.DATE:
            return _date(question, text, today)
        case Kind.TIME:
            return _time(text)
        case Kind.ACKNOWLEDGE:
            return _acknowledged(text)
        case Kind.GEOPOINT:
            return _place(text)
        case Kind.IMAGE:
            raise Unreadable("answer.not_a_picture")
        case _:
            raise Unreadable("answer.not_asked")


def numbers(choices: Sequence[Choice]) -> tuple[int, ...]:
    """The number a person types for each choice: its place from 1, and 0 for the choice named `0` (Không ý kiến)."""
    return tuple(0 if choice.name == "0" else place for place, choice in enumerate(choices, start=1))


def geopoint(latitude: float, longitude: float) -> str:
    """The lexical value of a place shared on the phone, in degrees. Raises Unreadable."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Unreadable("answer.not_a_place")
    return f"{latitude:.6f} {longitude:.6f}"


# ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

VIETNAMESE_MARKS = re.compile("[\u0300-\u036f]")
# Khmer vowels and signs are marks too, but they carry the word: they stay.
BETWEEN_WORDS = re.compile("[^\\w\u1780-\u17ff]+|_+")


def fold(text: str) -> str:
    """Text as it is compared: small letters, no Vietnamese diacritics, no punctuation, single spaces."""
    bare = VIETNAMESE_MARKS.sub("", unicodedata.normalize("NFD", text.casefold())).replace("đ", "d")
    return BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFC", bare)).strip()


def _digits(text: str) -> str:
    """Digits of every script as ASCII: a Khmer keyboard types ៥."""
    return "".join(str(unicodedata.digit(letter)) if letter.isdecimal() else letter for letter in text)


# ── choices ───────────────────────────────────────────────────────────────────────────────────────────────────────────

NUMBERED = re.compile(r"\(?\s*(\d{1,3})\s*[.):\-]*\s*(.*)", re.DOTALL | re.ASCII)
SEPARATORS = re.compile(r"[,;/+&\n]|\s(?:và|va|and|និង)\s", re.IGNORECASE)


def _one(choices: Sequence[Choice], text: str, language: str) -> str:
    choice = _choice(choices, text, language)
    if choice is not None:
        return choice.name
    parts = [part for part in SEPARATORS.split(text) if part.strip()]
    if len(parts) > 1 and all(_choice(choices, part, language) for part in parts):
        raise Unreadable("answer.one_choice_only")
    raise Unreadable("answer.not_a_choice", count=len(choices))


def _choice(choices: Sequence[Choice], text: str, language: str) -> Choice | None:
    """The choice meant by its number, its label, the number before its label, or the beginning of its label."""
    found = NUMBERED.fullmatch(_digits(text.strip()))
    if found and not found[2]:
        return _numbered(choices, int(found[1]))
    wanted = fold(text)
    meant = _labelled(choices, wanted, language)
    if meant is None and found:
        # “2. Hài lòng”, copied from the numbered list: the number counts only if the words agree.
        meant = _numbered(choices, int(found[1]))
        if meant is not None and fold(found[2]) not in _folded(meant, language):
            return None
    return meant


def _numbered(choices: Sequence[Choice], number: int) -> Choice | None:
    for each, choice in zip(numbers(choices), choices, strict=True):
        if each == number:
            return choice
    return None


def _labelled(choices: Sequence[Choice], wanted: str, language: str) -> Choice | None:
    if not wanted:
        return None
    exact = [choice for choice in choices if wanted in _folded(choice, language)]
    if exact:
        return exact[0] if len(exact) == 1 else None
    if len(wanted) < MEANT_AS_ONE:
        return None
    # “Hài” for “Hài lòng”: whole words only, and only when no other label begins so.
    begun = [c for c in choices if any(label.startswith(wanted + " ") for label in _folded(c, language))]
    return begun[0] if len(begun) == 1 else None


def _folded(choice: Choice, language: str) -> list[str]:
    """The choice's label in the person's language, then in the others: people mix them."""
    first = [choice.label[language]] if language in choice.label else []
    return [_folded_label(label) for label in (*first, *choice.label.values())] or [fold(choice.name)]


@lru_cache(maxsize=4_096)
def _folded_label(label: str) -> str:
    # Only a form's words are remembered, never what people write.
    return fold(label)


def _several(choices: Sequence[Choice], text: str, language: str) -> str:
    meant = _list_of_choices(choices, text, language)
    if meant is None:
        raise Unreadable("answer.not_choices", count=len(choices))
    names = {choice.name for choice in meant}
    if "0" in names and len(names) > 1:
        zero = next(choice for choice in meant if choice.name == "0")
        raise Unreadable("answer.zero_stands_alone", label=zero.label.get(language) or _any_label(zero))
    return " ".join(choice.name for choice in choices if choice.name in names)


def _any_label(choice: Choice) -> str:
    return next(iter(choice.label.values()), choice.name)


def _ranking(choices: Sequence[Choice], text: str, language: str) -> str:
    meant = _list_of_choices(choices, re.sub(r"\s*[>→]\s*", ",", text), language)
    if meant is None or len(meant) != len(choices) or len({choice.name for choice in meant}) != len(choices):
        raise Unreadable("answer.not_a_ranking", count=len(choices))
    return " ".join(choice.name for choice in meant)


def _list_of_choices(choices: Sequence[Choice], text: str, language: str) -> list[Choice] | None:
    """“1,3”, “1 3”, “1 và 3”, or labels with commas between; one label may itself hold a comma."""
    whole = _choice(choices, text, language)
    if whole is not None:
        return [whole]
    parts = [part for part in SEPARATORS.split(text) if part.strip()]
    if re.fullmatch(r"[\d\s,;/+&.]+", _digits(text), re.ASCII) or (
        len(parts) == 1 and _digits(text)[:1].isdigit()
    ):
        parts = re.split(r"[\s,;/+&.]+", text.strip(" ,;/+&."))
    meant = [_choice(choices, part, language) for part in parts]
    return [choice for choice in meant if choice] if meant and all(meant) else None


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# A number, then at most the unit people say after it: “3 lần”, “45 phút”.
AMOUNT = re.compile(r"([+\-]?)\s*(\d(?:[\d .,]*\d)?)\s*[^\d.,+\-]{0,20}", re.ASCII)
GROUPED = re.compile(r"\d{1,3}(?:([ .,])\d{3})(?:\1\d{3})*", re.ASCII)


def _amount(text: str) -> tuple[str, str]:
    found = AMOUNT.fullmatch(_digits(text).replace("−", "-").replace("\u00a0", " "))
    if found is None:
        raise Unreadable("answer.not_a_number")
    return found[1].replace("+", ""), found[2]


def _integer(text: str) -> str:
    sign, digits = _amount(text)
    if GROUPED.fullmatch(digits):  # 1.000 and 1 000 are a thousand
        digits = re.sub(r"[ .,]", "", digits)
    if not digits.isdigit():
        raise Unreadable("answer.not_a_whole_number")
    digits = digits.lstrip("0") or "0"
    if len(digits) > NUMBER_DIGITS:
        raise Unreadable("answer.number_too_long", digits=NUMBER_DIGITS)
    return "0" if digits == "0" else sign + digits


def _decimal(text: str) -> Decimal:
    """“3,5” and “3.5” are three and a half; where both marks stand, or one stands twice, groups of three are meant."""
    sign, digits = _amount(text)
    marks = [letter for letter in digits if letter in ".,"]
    if len(set(marks)) == 2:
        thousands, point = marks[0], marks[-1]
        if thousands == point or marks.count(point) > 1:
            raise Unreadable("answer.not_a_number")
        whole, _, rest = digits.partition(point)
        whole = _ungrouped(whole, thousands)
    elif len(marks) > 1:
        whole, rest = _ungrouped(digits, marks[0]), ""
    else:
        whole, _, rest = digits.replace(",", ".").partition(".")
        whole = _ungrouped(whole, " ") if " " in whole else whole
    if not whole.isdigit() or (rest and not rest.isdigit()):
        raise Unreadable("answer.not_a_number")
    if len(whole) + len(rest) > DECIMAL_DIGITS:
        raise Unreadable("answer.number_too_long", digits=DECIMAL_DIGITS)
    return Decimal(f"{sign}{whole}.{rest or 0}")


def _ungrouped(digits: str, mark: str) -> str:
    found = GROUPED.fullmatch(digits)
    if found is None or found[1] != mark:
        raise Unreadable("answer.not_a_number")
    return digits.replace(mark, "")


def _lexical(number: Decimal) -> str:
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def _in_range(question: Question, text: str) -> str:
    start, end, step = (Decimal(part) for part in question.span or ("1", "10", "1"))
    low, high = min(start, end), max(start, end)
    number = _decimal(text)
    if not low <= number <= high:
        raise Unreadable("answer.not_in_range", low=_lexical(low), high=_lexical(high))
    try:
        is_on_step = (number - start) % abs(step) == 0
    except InvalidOperation:
        is_on_step = False
    if not is_on_step:
        raise Unreadable(
            "answer.not_on_step", low=_lexical(low), high=_lexical(high), step=_lexical(abs(step))
        )
    return _lexical(number)


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────────────────────────

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
YES = frozenset(
    {"ok", "oke", "okay", "1", "co", "da", "vang", "da hieu", "toi da hieu", "dong y", "roi", "da doc"}
)
YES_ELSEWHERE = frozenset(
    {"yes", "i understand", "understood", "i agree", "agree", "បាទ", "ចាស", "យល់ព្រម", "យល់ហើយ"}
)


def _text(text: str) -> str:
    clean = UNPRINTABLE.sub("", text.replace("\r\n", "\n")).strip()
    if not clean:
        raise Unreadable("answer.empty")
    if len(clean) > TEXT_LIMIT:
        raise Unreadable("answer.too_long", limit=TEXT_LIMIT)
    return clean


def _date(question: Question, text: str, today: date | None) -> str:
    day = dates.read_day(fold(_digits(text)), _digits(text), today, question.appearance)
    if day is None:
        raise Unreadable("answer.not_a_date")
    return day.isoformat()


def _time(text: str) -> str:
    moment = dates.read_time(fold(_digits(text)))
    if moment is None:
        raise Unreadable("answer.not_a_time")
    return moment.isoformat()


def _acknowledged(text: str) -> str:
    if fold(_digits(text)) not in YES | YES_ELSEWHERE:
        raise Unreadable("answer.not_acknowledged")
    return "OK"


def _place(text: str) -> str:
    parts = re.split(r"\s*[;\s]\s*|,\s+", _digits(text).strip())
    if len(parts) == 1:  # “9.93,106.34”
        parts = parts[0].split(",")
    try:
        latitude, longitude = (float(part.strip(",").replace(",", ".")) for part in parts)
    except ValueError:
        raise Unreadable("answer.not_a_place") from None
    return geopoint(latitude, longitude)
