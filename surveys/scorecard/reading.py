"""Criteria data as TOML: read against a schema, and refused with row and reason. It knows no file but those we ship."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar

from surveys.scorecard.criteria import (
    Basis,
    CriteriaSet,
    Criterion,
    Group,
    Measure,
    PassRule,
    Quote,
    RegisterShare,
    Threshold,
)
from surveys.scorecard.faults import Fault, Faults
from surveys.scorecard.words import DATA, words_of

__all__ = ["IDS", "faults_of", "load_set", "quoted_lines", "read_set"]

IDS = ("qd1578", "khung-5764")
W = TypeVar("W", bound=StrEnum)

SET_KEYS = {"id", "name", "source", "document", "valid_from", "valid_to", "group", "item", "pass_rule"}
GROUP_KEYS = {"id", "name", "line"}
RULE_KEYS = {"needed", "of", "is_assumed", "source"}
ITEM_KEYS = {
    "id",
    "groups",
    "short",
    "quotes",
    "basis",
    "measure",
    "counted",
    "at_least",
    "at_most",
    "register",
    "fed_by",
    "source",
}


@cache
def load_set(id: str) -> CriteriaSet:
    """A set we ship: `qd1578` or `khung-5764`. Raises KeyError."""
    if id not in IDS:
        raise KeyError(id)
    return read_set((DATA / f"{id}.toml").read_text(encoding="utf-8"))


@cache
def quoted_lines() -> Mapping[str, str]:
    """`S1:L96` → the line as it stands in the source document, for every line that our data quote."""
    rows = (DATA / "quoted.txt").read_text(encoding="utf-8").splitlines()
    pairs = (row.split("\t", 1) for row in rows if not row.startswith("#"))
    return dict(pairs)


def read_set(text: str) -> CriteriaSet:
    """Raises Faults."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise Faults([Fault(None, None, str(problem))]) from None
    reader = _Reader()
    found = reader.set(document)
    faults = reader.faults or list(faults_of(found))
    if faults:
        raise Faults(faults)
    return found


@dataclass
class _Reader:
    """Turns plain data into a set, and notes what does not fit the schema."""

    faults: list[Fault] = field(default_factory=list)

    def set(self, data: Mapping[str, Any]) -> CriteriaSet:
        self._known(data, SET_KEYS, None)
        return CriteriaSet(
            id=self.text(data, "id", None),
            name=self.text(data, "name", None),
            source=self.text(data, "source", None),
            document=self.text(data, "document", None),
            valid_from=self.day(data, "valid_from") or date.min,
            valid_to=self.day(data, "valid_to") if "valid_to" in data else None,
            groups=tuple(self.group(row, place) for place, row in enumerate(data.get("group", ()), start=1)),
            criteria=tuple(
                self.criterion(row, place) for place, row in enumerate(data.get("item", ()), start=1)
            ),
            pass_rule=self.rule(data["pass_rule"]) if "pass_rule" in data else None,
        )

    def group(self, row: Mapping[str, Any], place: int) -> Group:
        self._known(row, GROUP_KEYS, place)
        return Group(self.text(row, "id", place), self.text(row, "name", place), self.line(row, place))

    def criterion(self, row: Mapping[str, Any], place: int) -> Criterion:
        self._known(row, ITEM_KEYS, place)
        return Criterion(
            id=self.text(row, "id", place),
            groups=self.texts(row, "groups", place),
            short=self.text(row, "short", place),
            quotes=tuple(
                Quote(self.line(quote, place), self.text(quote, "text", place))
                for quote in row.get("quotes", ())
            ),
            basis=tuple(
                basis
                for name in self.texts(row, "basis", place)
                if (basis := self.word(Basis, name, "basis", place)) is not None
            ),
            measure=self.word(Measure, row.get("measure"), "measure", place) or Measure.YES_NO,
            threshold=self.threshold(row, place),
            counted=self.text(row, "counted", place) if "counted" in row else "",
            register=self.word(RegisterShare, row["register"], "register", place)
            if "register" in row
            else None,
            fed_by=self.texts(row, "fed_by", place),
            source=self.text(row, "source", place) if "source" in row else "",
        )

    def rule(self, data: Mapping[str, Any]) -> PassRule:
        self._known(data, RULE_KEYS, None)
        needed, of, is_assumed = data.get("needed"), data.get("of"), data.get("is_assumed")
        source = data.get("source", "")
        if not (type(needed) is type(of) is int and isinstance(is_assumed, bool) and source):
            self._note(None, "pass_rule", "pass_rule_source")
            return PassRule(1, 1, True, "")
        return PassRule(needed, of, is_assumed, source)

    def threshold(self, row: Mapping[str, Any], place: int) -> Threshold | None:
        if not row.keys() & {"at_least", "at_most"}:
            return None
        return Threshold(self.number(row, "at_least", place), self.number(row, "at_most", place))

    def number(self, row: Mapping[str, Any], key: str, place: int) -> Fraction | None:
        if key not in row:
            return None
        # Numbers are text (“1/10”): a TOML float has already been rounded.
        number = _fraction(row[key])
        if number is None:
            self._note(place, key, "bad_threshold", value=row[key])
        return number

    def line(self, row: Mapping[str, Any], place: int) -> int | None:
        line = row.get("line")
        if line is None or (type(line) is int and line > 0):
            return line
        self._note(place, "line", "bad_line")
        return None

    def text(self, row: Mapping[str, Any], key: str, place: int | None) -> str:
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self._note(place, key, "missing" if value in (None, "") else "not_text")
        return ""

    def texts(self, row: Mapping[str, Any], key: str, place: int) -> tuple[str, ...]:
        values = row.get(key, [])
        if isinstance(values, list) and all(isinstance(value, str) and value for value in values):
            return tuple(values)
        self._note(place, key, "not_text")
        return ()

    def day(self, row: Mapping[str, Any], key: str) -> date | None:
        value = row.get(key)
        if type(value) is date:
            return value
        self._note(None, key, "not_date")
        return None

    def word(self, words: type[W], value: object, column: str, place: int) -> W | None:
        found = next((word for word in words if word.value == value), None)
        if found is None:
            self._note(place, column, "unknown_word", value=value, words=", ".join(words))
        return found

    def _known(self, row: Mapping[str, Any], keys: Iterable[str], place: int | None) -> None:
        for stray in sorted(row.keys() - set(keys)):
            self._note(place, stray, "unknown_key", value=stray)

    def _note(self, place: int | None, column: str | None, key: str, **parts: object) -> None:
        self.faults.append(Fault.because(place, column, key, **parts))


def _fraction(value: object) -> Fraction | None:
    if not isinstance(value, str):
        return None
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        return None


# ── What a set must be, wherever it came from ────────────────────────────────────────────────────────────────────


def faults_of(
    found: CriteriaSet, rows: Sequence[int] | None = None, column: Callable[[str], str] = lambda name: name
) -> Iterable[Fault]:
    """`rows`: where each criterion stands in its file, and `column` what its columns are called there."""
    places = rows or range(1, len(found.criteria) + 1)
    if found.valid_to is not None and found.valid_to <= found.valid_from:
        yield Fault.because(None, None, "bad_dates")
    if not found.criteria:
        yield Fault.because(None, None, "no_rows")
    if rule := found.pass_rule:
        of = len(found.criteria)
        if rule.of != of or not 1 <= rule.needed <= of:
            yield Fault.because(None, None, "bad_pass_rule", of=of)
    yield from _twice([group.id for group in found.groups], range(1, len(found.groups) + 1), column("id"))
    yield from _twice([criterion.id for criterion in found.criteria], places, column("id"))
    groups = {group.id for group in found.groups}
    for place, criterion in zip(places, found.criteria, strict=True):
        for name, key, parts in _wrong(criterion, groups):
            yield Fault.because(place, column(name), key, **parts)


def _twice(names: Sequence[str], places: Sequence[int], column: str) -> Iterable[Fault]:
    first: dict[str, int] = {}
    for name, place in zip(names, places, strict=True):
        if name in first:
            yield Fault.because(place, column, "duplicate", other=first[name])
        first.setdefault(name, place)


def _wrong(criterion: Criterion, groups: set[str]) -> Iterable[tuple[str, str, dict[str, object]]]:
    for group in criterion.groups:
        if group not in groups:
            yield "groups", "unknown_group", {"value": group}
    if not criterion.groups and not criterion.is_slot:
        yield "groups", "missing", {}
    if not criterion.basis:
        yield "basis", "missing", {}
    if len(criterion.basis) > 1 and set(criterion.basis) != {Basis.SURVEY_HELD, Basis.ENTERED}:
        yield "basis", "two_bases", {}
    for basis in criterion.basis:
        if fits := _fitting(basis, criterion.measure):
            yield "basis", "basis_measure", {"words": words_of("measure")[fits]}
    if (criterion.register is None) is (Basis.REGISTER in criterion.basis):
        yield "register", "register_missing", {}
    if criterion.measure is Measure.YES_NO:
        if criterion.threshold is not None:
            yield "threshold", "threshold_without_number", {}
    elif not criterion.counted:
        yield "counted", "counted_missing", {}
    if criterion.threshold is not None:
        yield from _wrong_threshold(criterion.threshold, criterion.measure)


def _fitting(basis: Basis, measure: Measure) -> Measure | None:
    """The measure a basis asks for, where the criterion has another."""
    needs = {
        Basis.SURVEY_HELD: Measure.YES_NO,
        Basis.SURVEY_SHARE: Measure.SHARE,
        Basis.REGISTER: Measure.SHARE,
    }
    needed = needs.get(basis)
    return needed if needed is not measure else None


def _wrong_threshold(threshold: Threshold, measure: Measure) -> Iterable[tuple[str, str, dict[str, object]]]:
    bounds = [bound for bound in (threshold.at_least, threshold.at_most) if bound is not None]
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        yield "threshold", "threshold_order", {}
    if measure is Measure.SHARE and any(not 0 <= bound <= 1 for bound in bounds):
        yield "threshold", "threshold_beyond", {}
    if measure is Measure.COUNT and any(bound < 0 or bound.denominator != 1 for bound in bounds):
        yield "threshold", "negative" if min(bounds) < 0 else "not_whole", {"value": bounds[0]}
