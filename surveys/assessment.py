"""From a figure to a conclusion on a criterion. It knows criteria as data, each with its source, and invents none."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from surveys.forms.form import Words
from surveys.results import Proportion, Side

__all__ = [
    "Conclusion",
    "CriteriaFault",
    "CriteriaSet",
    "Evidence",
    "Item",
    "Preset",
    "Reason",
    "Seen",
    "Verdict",
    "against_threshold",
    "criteria_text",
    "load_criteria",
    "presets",
    "read_criteria",
    "read_threshold",
    "survey_held",
    "words_of",
]

DATA = Path(__file__).with_name("criteria")
THRESHOLD = "threshold"


class Verdict(StrEnum):
    """Kết luận."""

    MET = "dat"
    NOT_MET = "chua_dat"
    TOO_FEW = "chua_du_phieu"
    """n is too small, or the interval straddles the threshold."""
    NO_BASIS = "chua_co_can_cu"
    """There is nothing to judge by."""


class Reason(StrEnum):
    HELD = "held"
    NOT_HELD = "not_held"
    TOO_FEW = "too_few"
    ABOVE = "above"
    BELOW = "below"
    WITHIN = "within"
    HIDDEN = "hidden"
    NO_THRESHOLD = "no_threshold"


class Evidence(StrEnum):
    """What can show that a criterion is met."""

    SURVEY_HELD = "survey-held"
    SURVEY_SHARE = "survey-share"
    REGISTER = "register"
    ENTERED = "entered"


class CriteriaFault(ValueError):
    """A criteria set cannot be read: which item, and why."""


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    """Where it stands in its source: `S1:L96`."""
    group: str
    wording: str
    """The source's own words."""
    evidence: Evidence
    short: Words
    threshold: Decimal | None = None
    """A share between 0 and 1, where the source has one."""


@dataclass(frozen=True, slots=True)
class CriteriaSet:
    """A criteria set as somebody published it."""

    id: str
    name: str
    source: str
    valid_from: date
    valid_to: date | None
    items: tuple[Item, ...]

    def item(self, id: str) -> Item:
        """Raises KeyError."""
        for item in self.items:
            if item.id == id:
                return item
        raise KeyError(id)


@dataclass(frozen=True, slots=True)
class Preset:
    """A threshold somebody may choose, and where it comes from."""

    share: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is publicly known of a share: it is one of the proportions from `low` to `high`, often just one."""

    low: Proportion
    high: Proportion

    @classmethod
    def exactly(cls, proportion: Proportion) -> "Seen":
        return cls(proportion, proportion)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One verdict on one criterion, with the words it is shown in."""

    criterion: str
    """An item's id, or `threshold`."""
    title: Words
    verdict: Verdict
    reason: Words
    source: str = ""


# ── Judging ──────────────────────────────────────────────────────────────────────────────────────────────────────


def survey_held(item: Item, n: int | None, minimum: int) -> Conclusion:
    """Whether “hằng năm … lấy phiếu điều tra xã hội” was done: a wave was held and released with enough valid ballots.

    `n` is what the release shows, None where it shows nothing.
    """
    if n is None or n < minimum:
        return _conclusion(item, Verdict.TOO_FEW, Reason.TOO_FEW, minimum=minimum)
    return _conclusion(item, Verdict.MET, Reason.HELD, n=n)


def survey_not_held(item: Item) -> Conclusion:
    """No wave of the year is released."""
    return _conclusion(item, Verdict.NO_BASIS, Reason.NOT_HELD)


def against_threshold(seen: Seen | None, threshold: Decimal | None) -> Conclusion:
    """Satisfaction against the threshold that somebody set, by the whole interval and without rounding.

    Judged by what is shown: a verdict must not tell more about a small group than the figure beside it.
    """
    words = words_of(THRESHOLD)
    if threshold is None:
        return Conclusion(
            THRESHOLD, words["unset"], Verdict.NO_BASIS, words_of("reason")[Reason.NO_THRESHOLD]
        )
    verdict, reason = _side(seen, Fraction(threshold))
    title = {
        language: text.format(threshold=percent_text(threshold, language))
        for language, text in words["title"].items()
    }
    return Conclusion(THRESHOLD, title, verdict, words_of("reason")[reason])


def _side(seen: Seen | None, threshold: Fraction) -> tuple[Verdict, Reason]:
    if seen is None:
        return Verdict.TOO_FEW, Reason.HIDDEN
    low, high = seen.low.side(threshold), seen.high.side(threshold)
    if low is Side.ABOVE:
        return Verdict.MET, Reason.ABOVE
    if high is Side.BELOW:
        return Verdict.NOT_MET, Reason.BELOW
    if seen.low == seen.high:
        return Verdict.TOO_FEW, Reason.WITHIN
    return Verdict.TOO_FEW, Reason.HIDDEN


def _conclusion(item: Item, verdict: Verdict, reason: Reason, **numbers: int) -> Conclusion:
    words = words_of("reason")[reason]
    told = {language: text.format(**numbers) for language, text in words.items()}
    return Conclusion(item.id, item.short, verdict, told, source=item.id)


def percent_text(share: Decimal, language: str) -> str:
    """“90 %”, “92,5 %” in Vietnamese."""
    number = f"{(share * 100).normalize():f}"
    return f"{number if language == 'en' else number.replace('.', ',')} %"


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


def criteria_text(id: str) -> str:
    """The file of a set we ship, such as `qd1578`. Raises FileNotFoundError."""
    return (DATA / f"{id}.toml").read_text(encoding="utf-8")


def load_criteria(id: str) -> CriteriaSet:
    """A set we ship. Raises FileNotFoundError."""
    return read_criteria(criteria_text(id))


def read_criteria(text: str) -> CriteriaSet:
    """Raises CriteriaFault."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise CriteriaFault(f"This is not TOML: {problem}") from None
    if missing := {"id", "name", "source", "valid_from"} - document.keys():
        raise CriteriaFault(f"The set lacks {', '.join(sorted(missing))}.")
    rows = document.get("item", [])
    items = tuple(_item(place, row) for place, row in enumerate(rows, start=1))
    if len({item.id for item in items}) != len(items):
        raise CriteriaFault("Two items carry the same id.")
    return CriteriaSet(
        document["id"],
        document["name"],
        document["source"],
        document["valid_from"],
        document.get("valid_to"),
        items,
    )


def read_threshold(text: str | None) -> Decimal | None:
    """A threshold as it is stored: a share such as `0.9`; None when nobody has set one. Raises ValueError."""
    if text is None or not text.strip():
        return None
    try:
        share = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a share.") from None
    if not (share.is_finite() and 0 < share <= 1):
        raise ValueError(f"A threshold is a share above 0 and at most 1, such as 0.9; {text} is not.")
    return share


@cache
def presets() -> tuple[Preset, ...]:
    """The thresholds with a source that one may choose from. None of them is the default."""
    document = tomllib.loads((DATA / "thresholds.toml").read_text(encoding="utf-8"))
    return tuple(Preset(Decimal(row["share"]), row["source"]) for row in document["preset"])


@cache
def words_of(section: str) -> Mapping[str, Words]:
    """The words of conclusions: `verdict`, `reason` or `threshold` → key → language → text."""
    section_words: Mapping[str, Words] = tomllib.loads((DATA / "words.toml").read_text(encoding="utf-8"))[
        section
    ]
    return section_words


def _item(place: int, row: Mapping[str, Any]) -> Item:
    name = f"Item {place} ({row.get('id', 'without id')})"
    if missing := {"id", "group", "wording", "evidence", "short"} - row.keys():
        raise CriteriaFault(f"{name} lacks {', '.join(sorted(missing))}.")
    try:
        evidence = Evidence(row["evidence"])
        threshold = read_threshold(row.get("threshold"))
    except ValueError as problem:
        raise CriteriaFault(f"{name}: {problem}") from None
    return Item(row["id"], row["group"], row["wording"], evidence, row["short"], threshold)
