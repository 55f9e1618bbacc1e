"""From ballots to figures: what was counted, what share that is, and how far it can be trusted. Pure; knows no wave.

Every share is kept as a fraction of two counts and compared as one: 89.96 % is not 90 %.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import product
from math import sqrt

from surveys.ballots import read_answers, written_answers
from surveys.entry import Stream
from surveys.forms.form import Form, Kind, Question, Role
from surveys.forms.session import Mode

__all__ = [
    "ALL_OPEN",
    "ALL_SCORED",
    "ANONYMOUS",
    "LOWEST_TWO",
    "NO_OPINION",
    "RATED",
    "SATISFIED",
    "SCALE",
    "SCORED",
    "STRATA",
    "TOP",
    "Counts",
    "Grade",
    "Interval",
    "Proportion",
    "Side",
    "Stratum",
    "Tally",
    "counted_questions",
    "grade",
    "is_scale",
]

Z = 1.959963984540054  # the 97.5 % point of the normal distribution: 95 % lies between −Z and Z
Z_SQUARED = Fraction("3.841458820694124")  # Z², to 16 digits, for comparing without rounding

# The scale, as QĐ 1001/QĐ-BNV and the public-service forms word it: 5 = Rất hài lòng … 1 = Rất không hài lòng.
SCALE = ("5", "4", "3", "2", "1")
SATISFIED = ("5", "4")
TOP = ("5",)
LOWEST_TWO = ("2", "1")
NO_OPINION = "0"  # Không ý kiến, Không rõ, Không để ý: in no numerator and no denominator

SCORED = (Stream.INVITED, Stream.VISIT)  # the open stream is reported apart, with weight 0 in the score


class Side(StrEnum):
    """Where a value lies, seen from a share and its interval."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"


class Grade(StrEnum):
    """How finely n answers can tell, by the widest half-width a 95 % interval of a share can then have (at 50 %).

    A is the precision the Ministry of Home Affairs' sample formula n = N/(1+N·e²) asks for (e = 5 %). The bounds of B and C are
    our choice. The grade follows from n alone, so it tells nothing about the answers.
    """

    A = "A"
    """At most ± 5 points."""
    B = "B"
    """At most ± 10 points."""
    C = "C"
    """More."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From and to, as shares between 0 and 1. For showing; compare with `Proportion.side`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many. Raises ValueError when there are none to be a share of."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator or self.denominator == 0:
            raise ValueError(f"{self.numerator} of {self.denominator} is no share.")

    @property
    def share(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)

    @property
    def interval(self) -> Interval:
        """The 95 % score interval of E. B. Wilson, JASA 22 (1927), 209–212."""
        n = self.denominator
        p = self.numerator / n
        z2 = Z * Z
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        # At 0 and at n the bounds are 0 and 1 exactly; floating point misses them by a hair.
        low = 0.0 if self.numerator == 0 else centre - half
        high = 1.0 if self.numerator == n else centre + half
        return Interval(low, high)

    def side(self, value: Fraction) -> Side:
        """Whether the interval lies wholly below the value, wholly at or above it, or holds it within. Exact.

        Wilson's interval is the set of p with (p̂ − p)² ≤ z²·p·(1 − p)/n, so its bounds need not be computed, let alone
        rounded, to compare them with p. A lower bound that equals the value has reached it.
        """
        distance = (self.share - value) ** 2
        reach = Z_SQUARED * value * (1 - value) / self.denominator
        if distance < reach or self.share == value:
            return Side.WITHIN
        if self.share > value:
            return Side.ABOVE
        return Side.BELOW if distance > reach else Side.WITHIN


def grade(n: int) -> Grade:
    half_width_squared = Z_SQUARED / 4 / (n + Z_SQUARED)  # of the Wilson interval at p = 1/2
    if half_width_squared <= Fraction(5, 100) ** 2:
        return Grade.A
    if half_width_squared <= Fraction(10, 100) ** 2:
        return Grade.B
    return Grade.C


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each answer was given to one question by one group of people."""

    of: Mapping[str, int]

    def sum(self, names: Iterable[str]) -> int:
        return sum(self.of.get(name, 0) for name in names)

    def index(self) -> Proportion | None:
        """(Hài lòng + Rất hài lòng) / all who chose one of the five steps; None when nobody did."""
        return self.share_of(SATISFIED)

    def share_of(self, names: Iterable[str], among: Iterable[str] = SCALE) -> Proportion | None:
        denominator = self.sum(among)
        return Proportion(self.sum(names), denominator) if denominator else None


def is_scale(question: Question) -> bool:
    """Whether a question is answered on the five-step scale."""
    return question.role in (Role.SATISFACTION, Role.OVERALL)


def counted_questions(form: Form) -> tuple[Question, ...]:
    """The questions whose answers are counted and may be shown: choices only, in the form's order."""
    return tuple(
        question
        for question in form.questions
        if question.kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE)
        or (question.kind is Kind.RANGE and is_scale(question))
    )


Stratum = tuple[Stream, Mode]
"""How a ballot came: which way in, and who pressed the buttons."""
ANONYMOUS = (Mode.SELF, Mode.ASSISTED, Mode.PAPER)
RATED: tuple[Stratum, ...] = ((Stream.VISIT, Mode.ZBS),)
"""Ratings by a template of Zalo: known by name there, so they stand in tables of their own and in no other figure."""
STRATA: tuple[Stratum, ...] = (*product(Stream, ANONYMOUS), *RATED)
ALL_SCORED: tuple[Stratum, ...] = tuple(product(SCORED, ANONYMOUS))
ALL_OPEN: tuple[Stratum, ...] = tuple((Stream.OPEN, mode) for mode in ANONYMOUS)

EMPTY = len("{}")
HEAP = 512  # texts of one stratum counted at a time
PAIR = re.compile(r'"([^"\\]*)":"([^"\\]*)"')


class Tally:
    """Counts as ballots pass by: unit × stream × mode × question × answer, and a few pairs of questions. Memory does not grow
    with their number.

    A ballot is canonical JSON of text to text, so between its braces each answer is a word of its own, `"name":"value"`, and
    words are what a Counter counts fastest. What such cutting would misread – a comma or a quote inside a value – is
    noticed first and read as JSON, one ballot at a time.
    """

    def __init__(self, form: Form, pairs: Iterable[tuple[str, str]] = ()) -> None:
        """`pairs`: questions whose answers are also counted together, such as service × satisfaction."""
        self.form = form
        self.ballots: Counter[tuple[str, Stream, Mode]] = Counter()
        self._pairs = tuple(pairs)
        self._waiting: dict[tuple[str, Stream, Mode], list[str]] = {}
        self._words: dict[tuple[str, Stream, Mode], Counter[str]] = {}
        self._together: dict[tuple[str, Stream, Mode], dict[tuple[str, str], Counter[tuple[str, str]]]] = {}
        self._read: dict[tuple[str, Stream, Mode], dict[str, Counter[str]]] = {}
        self._is_multiple = {
            question.name: question.kind is Kind.SELECT_MULTIPLE for question in counted_questions(form)
        }

    # ── Counting ──────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, unit: str, stream: Stream, answers: Mapping[str, str], mode: Mode = Mode.SELF) -> None:
        """Counts one ballot. An answer that is missing counts nowhere."""
        self.add_text(unit, stream, mode, written_answers(answers))

    def add_text(self, unit: str, stream: Stream, mode: Mode, answers: str) -> None:
        """The same, of the answers as they rest in a ballot: canonical JSON of text to text."""
        heap = self._waiting.get((unit, stream, mode))
        if heap is None:
            heap = self._waiting[unit, stream, mode] = []
        heap.append(answers)
        if len(heap) == HEAP:
            self._count((unit, stream, mode), heap)

    def _count(self, key: tuple[str, Stream, Mode], heap: list[str]) -> None:
        self._read.pop(key, None)
        self.ballots[key] += len(heap)
        words = self._words.setdefault(key, Counter())
        inner = [text[1:-1] for text in heap if len(text) > EMPTY]
        joined = ",".join(inner)
        if _is_cut_at_commas(joined):
            words.update(joined.split(","))
        else:
            for text in inner:
                words.update(text.split(",") if _is_cut_at_commas(text) else _words(text))
        if self._pairs:
            self._count_pairs(key, heap)
        heap.clear()

    def _count_pairs(self, key: tuple[str, Stream, Mode], heap: list[str]) -> None:
        counters = self._together.setdefault(key, {pair: Counter() for pair in self._pairs})
        for text, times in Counter(heap).items():
            answers = read_answers(text)
            for pair in self._pairs:
                first, second = pair
                counters[pair][answers.get(first, ""), answers.get(second, "")] += times

    # ── What was counted ──────────────────────────────────────────────────────────────────────────────────────

    def counts(self, unit: str, streams: Iterable[Stream], question: str) -> Counts:
        """Answer → how often, over all anonymous modes. For a question with several answers a person, '' is how many people
        answered it."""
        return self.of(unit, product(streams, ANONYMOUS), question)

    def of(self, unit: str, strata: Iterable[Stratum], question: str) -> Counts:
        """The same, of some strata."""
        total: Counter[str] = Counter()
        for stratum in strata:
            total.update(self._answers((unit, *stratum)).get(question, {}))
        return Counts(total)

    def together(
        self, unit: str, strata: Iterable[Stratum], pair: tuple[str, str]
    ) -> Counter[tuple[str, str]]:
        """(answer to the one, answer to the other) → how often; '' where there was none. Of a pair that was asked for."""
        total: Counter[tuple[str, str]] = Counter()
        for stratum in strata:
            self._finish((unit, *stratum))
            total.update(self._together.get((unit, *stratum), {}).get(pair, {}))
        return total

    def number(self, unit: str, strata: Iterable[Stratum]) -> int:
        """Ballots."""
        strata = tuple(strata)
        for stratum in strata:
            self._finish((unit, *stratum))
        return sum(self.ballots[unit, *stratum] for stratum in strata)

    def _finish(self, key: tuple[str, Stream, Mode]) -> None:
        if heap := self._waiting.get(key):
            self._count(key, heap)

    def _answers(self, key: tuple[str, Stream, Mode]) -> dict[str, Counter[str]]:
        self._finish(key)
        if key not in self._read:
            self._read[key] = self._by_question(self._words.get(key, Counter()))
        return self._read[key]

    def _by_question(self, words: Counter[str]) -> dict[str, Counter[str]]:
        counters: dict[str, Counter[str]] = {name: Counter() for name in self._is_multiple}
        for word, times in words.items():
            name, value = _pair(word)
            counter = counters.get(name)
            if counter is None or not value:
                continue
            if not self._is_multiple[name]:
                counter[value] += times
                continue
            counter[""] += times  # who answered at all: each of them may have chosen several
            for chosen in set(value.split()):
                counter[chosen] += times
        return counters


def _is_cut_at_commas(inner: str) -> bool:
    """Whether each comma stands between two answers, and nothing is escaped."""
    commas = inner.count(",")
    return "\\" not in inner and inner.count('","') == commas and inner.count('":"') == commas + 1


def _words(inner: str) -> list[str]:
    """The answers of a ballot whose values hold commas, quotes or the like, each as a text that no cutting can misread."""
    return [json.dumps([name, value]) for name, value in read_answers(f"{{{inner}}}").items()]


def _pair(word: str) -> tuple[str, str]:
    found = PAIR.fullmatch(word)
    if found:
        return found[1], found[2]
    name, value = json.loads(word)
    return name, value
