"""What people type after `langnghe scorecard`, read: years, days, files, criteria, values, thresholds. Refuses with what is wanted."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path

from bot.cli.desk import Refused
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Criterion,
    Measure,
)
from surveys.scorecard.evidence import Value
from surveys.waves import LOCAL

__all__ = ["bounds_of", "content_of", "criterion_of", "day_of", "end_of", "the_year", "value_of", "write_new"]

YES, NO = ("yes", "có", "co"), ("no", "không", "khong")
NONE_AROSE = "none"


def the_year(year: int | None) -> int:
    return year if year is not None else datetime.now(LOCAL).year


def day_of(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{option} is a day such as 2026-11-14, not {text}.") from None


def end_of(as_of: str | None) -> datetime | None:
    """The end of that day in Vietnam."""
    if as_of is None:
        return None
    following = datetime.combine(day_of("--as-of", as_of) + timedelta(days=1), time(), LOCAL)
    return following - timedelta(microseconds=1)


def write_new(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as new:
            new.write(content)
    except FileExistsError:
        raise Refused(f"{file} is there already. Name another file, or move it away.") from None
    except OSError as trouble:
        raise Refused(f"{file} cannot be written: {trouble.strerror}. Name another place.") from None


def content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as trouble:
        raise Refused(f"{file} cannot be read: {trouble.strerror}. Check its name.") from None


def criterion_of(criteria: CriteriaSet, id: str) -> Criterion:
    try:
        return criteria.criterion(id)
    except KeyError:
        raise Refused(
            f"{criteria.id} has no criterion {id}. See: langnghe scorecard matrix --set {criteria.id}"
        ) from None


def value_of(text: str, criterion: Criterion) -> Value:
    wanted = {
        Measure.YES_NO: "yes or no",
        Measure.COUNT: f"a number ({criterion.counted})",
        Measure.SHARE: f"so many of so many, such as 45/50 ({criterion.counted}), or none when no case arose",
    }[criterion.measure]
    known = _read_value(text.strip().casefold())
    fits = {
        Measure.YES_NO: isinstance(known, bool),
        Measure.COUNT: type(known) is int,
        Measure.SHARE: known is None or isinstance(known, Proportion),
    }[criterion.measure]
    if not fits:
        raise Refused(f"{criterion.id} “{criterion.short}” wants {wanted}, not {text}.")
    return known  # type: ignore[return-value]


def _read_value(text: str) -> Value | str:
    if text in YES or text in NO:
        return text in YES
    if text == NONE_AROSE:
        return None
    if text.isascii() and text.isdecimal():
        return int(text)
    first, slash, second = text.partition("/")
    if slash and first.isdecimal() and second.isdecimal() and int(second) > 0 and int(first) <= int(second):
        return Proportion(int(first), int(second))
    return text


def bounds_of(criteria: CriteriaSet, texts: Iterable[str]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for text in texts:
        id, _, bound = text.partition("=")
        criterion = criterion_of(criteria, id)
        is_share = criterion.measure is Measure.SHARE
        number = bound.strip().removesuffix("%").strip().replace(",", ".")
        try:
            amount = Fraction(number)
        except (ValueError, ZeroDivisionError):
            raise Refused(f"{text}: a threshold is {id}=90% or {id}=10.") from None
        if is_share is not bound.strip().endswith("%") or amount < 0 or (is_share and amount > 100):
            raise Refused(
                f"{text}: {id} is {'a share: write it as 90%' if is_share else 'a number: write it as 10'}."
            )
        found[id] = amount / 100 if is_share else amount
    return found
