"""Looks at how the ballots of a wave came, and says where somebody should look more closely. It knows no ballot's time for longer
than it takes to count it, no person, and no intention.

A detector flags a stratum – one unit, one stream, one mode – and that is all it does: the ballots stay where they are, the flag is
published beside the score, and two persons with a published reason may leave the stratum out. Each of the four flags has an honest
explanation too (a village meeting with a QR on the wall, a good year), so none of them calls anybody anything. The open stream
weighs nothing and is not looked at.

Memory grows with strata and hours, never with ballots.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import log, sqrt
from statistics import median
from typing import Self

from surveys.entry import Stream
from surveys.forms.form import Form, Kind, Question, Role
from surveys.forms.session import Mode
from surveys.results import SCALE, SCORED, TOP, is_scale

__all__ = ["Circumstances", "Finding", "Flag", "Key", "Watch", "Watched", "hour_of", "reading_seconds"]

Key = tuple[str, Stream, Mode]

# ── Thresholds, each with its reason ─────────────────────────────────────────────────────────────────────────────

ALPHA = 1e-3  # of a stratum's test: a thousand honest strata expect one flag, and a flag costs two persons an hour
AT_LEAST = 10  # ballots before a number of them says anything: k, so that no finding is about fewer than a published group
SHARE_THAT_MATTERS = (
    0.05  # of a stratum's ballots: what moves an index by less is not worth two persons' time
)

# Burst. Counts of an hour scatter more than Poisson's: families and neighbours answer together. A negative binomial whose
# variance is φ times its mean (McCullagh & Nelder, Generalized Linear Models, 2nd ed. 1989, 6.2.3), φ by Pearson's statistic
# over the stratum's own other hours.
LEAST_DISPERSION = 2.0  # households of two on average, even where a stratum is too small to show it
MOST_DISPERSION = 6.0  # beyond this it is the stuffed hours themselves that scatter
FEWEST_OTHER_DAYS = 2  # an expectation from one day is none
FEWEST_ELSEWHERE = 30  # ballots of other units before their rhythm says when notices went out
RHYTHM_OF = 4  # times a stratum's size must lie elsewhere for the wave's rhythm to be smoother than its own
LOCAL_OFFSET = 7  # hours; Vietnam has no summer time

# Issuance. A slip of paper without a reminder does not come back more often than what OMB's Standards and Guidelines for
# Statistical Surveys (2006, 3.2.9) hopes for of its best surveys: 80 %.
MOST_OF_TOKENS = 0.80
VISITS_AN_HOUR = (
    6  # at one counter: TT 01/2018/TT-VPCP counts waiting in half-hours; ten minutes a person is brisk
)

# Straight-lining with speed. C. Zhang, F. Conrad, Survey Research Methods 8 (2014) 127-135: under 300 ms a word nobody has
# read, and who does not read straight-lines. Vietnamese writes its syllables apart; a word is about one and a half (our estimate).
SECONDS_A_SYLLABLE = 0.2
FEWEST_SCALES = 2  # the visit rating has no more; equal answers alone are nothing odd, only with speed
HONEST_HURRY = 0.05  # who knows the form from last time answers as fast; so many are never remarked on

# Response rate × top share: the fingerprint of P. Klimek et al., PNAS 109 (2012) 16469-16473 (turnout × winner's share), as two
# modified z-scores (B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers, 1993: 3.5 for one score, 2e-4). Both together
# at 2.0 are about as rare: 5e-4, if they have nothing to do with each other.
BOTH_BEYOND = 2.0
FEWEST_WARDS = 8  # a median of fewer tells little of what is usual
LEAST_SPREAD = 0.25  # on the logit scale: wards that are all alike do not make a small difference an outlier
MAD_TO_SIGMA = 1.4826


class Flag(StrEnum):
    BURST = "burst"
    """More ballots begun in one hour than its own days and the wave's rhythm lead to expect."""
    ISSUANCE = "issuance"
    """More ballots than tokens and counters can well account for."""
    STRAIGHT = "straight"
    """One answer to every scale question, faster than the questions can be read."""
    OUTLIER = "outlier"
    """Response rate and share of the best answer both far above the wave's other units."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What made a detector raise its flag: for whoever has to decide."""

    flag: Flag
    seen: float
    expected: float
    """What would have been no surprise, in the same measure."""
    hour: int | None = None
    """Of a burst, as `hour_of` counts; it is kept only where at least ten ballots began in it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A stratum as sealing saw it come. Of one without findings nothing but its size is kept."""

    ballots: int
    findings: tuple[Finding, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.flag.value for finding in self.findings))

    def to_json(self) -> str:
        found = [[f.flag.value, f.seen, f.expected, f.hour] for f in self.findings]
        return json.dumps({"ballots": self.ballots, "findings": found}, separators=(",", ":"))

    @classmethod
    def from_json(cls, body: str) -> Self:
        """Raises ValueError or KeyError for anything `to_json` did not write."""
        read = json.loads(body)
        found = (Finding(Flag(flag), seen, expected, hour) for flag, seen, expected, hour in read["findings"])
        return cls(read["ballots"], tuple(found))


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a wave besides its ballots. A unit that is missing: nobody knows, and nothing is concluded."""

    invited: Mapping[str, int] = field(default_factory=dict)
    """Persons invited, by unit."""
    issued: Mapping[str, int] = field(default_factory=dict)
    """One-time tokens issued, by unit."""
    counter_hours: Mapping[str, float] = field(default_factory=dict)
    """Hours that counters with a rotating code were open, by unit, all its counters together."""

    @property
    def with_tokens_only(self) -> Mapping[str, int]:
        """Where every visit was asked by a token; of whom a counter asked nobody knows the number."""
        return {unit: number for unit, number in self.issued.items() if unit not in self.counter_hours}


@dataclass(slots=True)
class _Seen:
    ballots: int = 0
    hours: Counter[int] = field(default_factory=Counter)
    quick: int = 0
    timed: int = 0
    top: int = 0
    scored: int = 0


class Watch:
    """Counts ballots as they pass."""

    def __init__(self, form: Form) -> None:
        self._scales = tuple(question.name for question in form.questions if is_scale(question))
        overall = [q.name for q in form.questions if q.role is Role.OVERALL]
        self._tops = tuple(overall) or self._scales
        self._reading = _Reading(form)
        self._seen: dict[Key, _Seen] = {}

    def add(
        self,
        unit: str,
        stream: Stream,
        mode: Mode,
        begun_hour: int | None,
        seconds: float | None,
        answers: Mapping[str, str],
    ) -> None:
        """One ballot. `begun_hour`: see `hour_of`; `seconds`: from the first question to the last answer; None where nobody knows."""
        seen = self._seen.get((unit, stream, mode))
        if seen is None:
            seen = self._seen[unit, stream, mode] = _Seen()
        seen.ballots += 1
        if begun_hour is not None:
            seen.hours[begun_hour] += 1
        if seconds is not None:
            seen.timed += 1
            seen.quick += self._is_straight(answers) and seconds < self._reading.of(answers)
        for name in self._tops:
            value = answers.get(name)
            seen.scored += value in SCALE
            seen.top += value in TOP

    def strata(self, circumstances: Circumstances | None = None) -> dict[Key, Watched]:
        """Every stratum with at least one ballot, looked at; not what weighs nothing in the score."""
        known = circumstances or Circumstances()
        found: dict[Key, list[Finding]] = {key: [] for key in self._seen}
        for stream in SCORED:
            of_stream = {
                key: seen
                for key, seen in self._seen.items()
                if key[1] is stream
                and key[2] is not Mode.ZBS  # they must not move what is found of the others
            }
            for detect in (_bursts, _hurries):
                for key, finding in detect(of_stream):
                    found[key].append(finding)
            asked = known.invited if stream is Stream.INVITED else known.with_tokens_only
            for unit, finding in (*_outliers(of_stream, asked), *_unaccounted(of_stream, stream, known)):
                for key in of_stream:
                    if key[0] == unit:
                        found[key].append(finding)
        return {key: Watched(seen.ballots, tuple(found[key])) for key, seen in self._seen.items()}

    def _is_straight(self, answers: Mapping[str, str]) -> bool:
        values = [answers[name] for name in self._scales if answers.get(name)]
        return len(values) >= FEWEST_SCALES and len(set(values)) == 1


def hour_of(moment: datetime) -> int:
    """Whole hours since 1970, UTC: all that is kept of when a session began."""
    return int(moment.timestamp() // 3600)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Reading:
    def __init__(self, form: Form) -> None:
        asked = [
            question for question in form.questions if question.is_asked and question.kind is not Kind.TEXT
        ]
        self._labels = {q.name: _syllables(q.label.get(form.language, "")) for q in asked}
        self._lists = {q.name: _choices(q, form.language) for q in asked}

    def of(self, answers: Mapping[str, str]) -> float:
        """Seconds in which the questions answered can be read: each question, and each list of choices the first time."""
        lists: set[tuple[str, ...]] = set()
        syllables = 0
        for name in answers:
            if name in self._labels:
                syllables += self._labels[name]
                lists.add(self._lists[name])
        syllables += sum(_syllables(label) for choices in lists for label in choices)
        return syllables * SECONDS_A_SYLLABLE


def reading_seconds(form: Form) -> float:
    """What reading the whole form takes at least."""
    return _Reading(form).of({question.name: "" for question in form.questions})


def _choices(question: Question, language: str) -> tuple[str, ...]:
    return tuple(choice.label.get(language, "") for choice in question.choices)


def _syllables(text: str) -> int:
    return len(text.split())


# ── Burst ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bursts(strata: Mapping[Key, _Seen]) -> Iterable[tuple[Key, Finding]]:
    rhythm: Counter[int] = Counter()
    for seen in strata.values():
        rhythm.update(seen.hours)
    total = rhythm.total()
    for key, seen in strata.items():
        if key[2] is Mode.SELF:  # whoever assists or types paper in does one after another, by nature
            finding = _burst(seen, rhythm, total)
            if finding is not None:
                yield key, finding


def _burst(seen: _Seen, rhythm: Counter[int], total: int) -> Finding | None:
    """The hour that surprises most, if any does."""
    size = seen.hours.total()
    fewest = max(AT_LEAST, SHARE_THAT_MATTERS * size)
    candidates = [hour for hour, count in seen.hours.items() if count >= fewest]
    if not candidates:
        return None
    days = _Days(seen.hours)
    findings = []
    for hour in candidates:
        expectations = days.expected(hour)
        elsewhere = total - size
        if elsewhere >= FEWEST_ELSEWHERE:
            expectations.append(size * (rhythm[hour] - seen.hours[hour]) / elsewhere)
        if not expectations:
            continue
        count, expected = seen.hours[hour], max(1.0, *expectations)
        scatter = _dispersion(seen.hours, rhythm, hour) or days.dispersion(hour)
        chance = _negative_binomial_tail(count, expected, scatter) * days.tested
        if chance < ALPHA:
            findings.append((chance, Finding(Flag.BURST, count, round(expected, 1), hour)))
    return min(findings, key=lambda each: each[0])[1] if findings else None


class _Days:
    """A stratum's ballots by its own days."""

    def __init__(self, hours: Counter[int]) -> None:
        self._hours = hours
        self._day: Counter[int] = Counter()
        self._of_hour: Counter[int] = Counter()
        for hour, count in hours.items():
            day, of_day = _split(hour)
            self._day[day] += count
            self._of_hour[of_day] += count

    @property
    def tested(self) -> int:
        """So many hours could have stood out (Bonferroni)."""
        return 24 * len(self._day)

    def expected(self, hour: int) -> list[float]:
        """What the same hour of the other days leads to expect: as it stands, and scaled to how busy this day was otherwise."""
        day, of_day = _split(hour)
        others = len(self._day) - 1
        if others < FEWEST_OTHER_DAYS:
            return []
        usual = self._usual(hour, of_day)
        elsewhere = self._hours.total() - self._day[day]
        share = min(0.5, (usual * others + 0.5) / (elsewhere + 12))
        rest = self._day[day] - self._hours[hour]
        return [usual, rest * share / (1 - share)]

    def dispersion(self, without: int) -> float:
        """Pearson's χ²/df over the hours of the other days in which anything was to be expected."""
        day, _ = _split(without)
        days = [each for each in self._day if each != day]
        statistic, degrees = 0.0, 0
        for of_day in range(24):
            counts = [self._hours[each * 24 + of_day - LOCAL_OFFSET] for each in days]
            mean = sum(counts) / len(counts) if counts else 0.0
            if mean >= 0.5:
                statistic += sum((count - mean) ** 2 for count in counts) / mean
                degrees += len(counts) - 1
        return _kept_within(statistic / degrees if degrees else 0.0)

    def _usual(self, hour: int, of_day: int) -> float:
        """The mean of that hour of the day over the other days, or of the hour beside it where that is busier."""
        others = len(self._day) - 1
        means = []
        for near in (-1, 0, 1):
            if 0 <= of_day + near < 24:
                means.append((self._of_hour[of_day + near] - self._hours[hour + near]) / others)
        return max(means)


def _dispersion(hours: Counter[int], rhythm: Counter[int], without: int) -> float | None:
    """Pearson's χ²/df of a stratum's hours around the wave's rhythm; None where the rest of the wave is too small to have one."""
    size = hours.total() - hours[without]
    elsewhere = rhythm.total() - rhythm[without] - size
    if elsewhere < max(1, RHYTHM_OF * size):
        return None
    statistic, degrees = 0.0, 0
    for hour, count in rhythm.items():
        mean = size * (count - hours[hour]) / elsewhere
        if hour != without and mean >= 0.5:
            statistic += (hours[hour] - mean) ** 2 / mean
            degrees += 1
    return _kept_within(statistic / degrees) if degrees else None


def _kept_within(dispersion: float) -> float:
    return min(MOST_DISPERSION, max(LEAST_DISPERSION, dispersion))


def _split(hour: int) -> tuple[int, int]:
    return divmod(hour + LOCAL_OFFSET, 24)


def _negative_binomial_tail(count: int, mean: float, dispersion: float) -> float:
    """P(X ≥ count) where E X = mean and Var X = dispersion × mean; exact, by the incomplete beta function."""
    from scipy.special import betainc  # half a second to import, needed once a wave

    return float(betainc(count, mean / (dispersion - 1), 1 - 1 / dispersion))


# ── Straight-lining with speed ───────────────────────────────────────────────────────────────────────────────────


def _hurries(strata: Mapping[Key, _Seen]) -> Iterable[tuple[Key, Finding]]:
    timed = sum(seen.timed for key, seen in strata.items() if key[2] is not Mode.PAPER)
    quick = sum(seen.quick for key, seen in strata.items() if key[2] is not Mode.PAPER)
    for key, seen in strata.items():
        if key[2] is Mode.PAPER or seen.quick < max(AT_LEAST, SHARE_THAT_MATTERS * seen.timed):
            continue  # of paper we know how fast it was typed, not how fast it was answered
        elsewhere = timed - seen.timed
        usual = (quick - seen.quick) / elsewhere if elsewhere >= FEWEST_ELSEWHERE else 0.0
        share = min(0.99, max(HONEST_HURRY, usual))
        if _binomial_tail(seen.quick, seen.timed, share) < ALPHA:
            yield key, Finding(Flag.STRAIGHT, seen.quick, round(share * seen.timed, 1))


def _binomial_tail(count: int, of: int, share: float) -> float:
    """P(X ≥ count) where X ~ Binomial(of, share); exact."""
    from scipy.special import betainc

    return float(betainc(count, of - count + 1, share))


# ── Issuance ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _unaccounted(
    strata: Mapping[Key, _Seen], stream: Stream, known: Circumstances
) -> Iterable[tuple[str, Finding]]:
    """Visits beyond tokens and counters; more of the invited than there were."""
    for unit, ballots in _by_unit(strata).items():
        if stream is Stream.INVITED:
            invited = known.invited.get(unit)
            if invited and ballots >= AT_LEAST and ballots > invited:
                yield unit, Finding(Flag.ISSUANCE, ballots, invited)
            continue
        if ballots < AT_LEAST or (unit not in known.issued and unit not in known.counter_hours):
            continue
        from_counters = known.counter_hours.get(unit, 0.0) * VISITS_AN_HOUR
        from_tokens = known.issued.get(unit, 0)
        beyond = ballots - from_counters
        too_many = beyond > from_tokens or (
            beyond >= AT_LEAST and _binomial_tail(int(beyond), from_tokens, MOST_OF_TOKENS) < ALPHA
        )
        if too_many:
            yield (
                unit,
                Finding(Flag.ISSUANCE, ballots, round(from_counters + MOST_OF_TOKENS * from_tokens, 1)),
            )


# ── Response rate × top share ────────────────────────────────────────────────────────────────────────────────────


def _outliers(strata: Mapping[Key, _Seen], asked: Mapping[str, int]) -> Iterable[tuple[str, Finding]]:
    ballots = _by_unit(strata)
    top: Counter[str] = Counter()
    scored: Counter[str] = Counter()
    for (unit, _, _), seen in strata.items():
        top[unit] += seen.top
        scored[unit] += seen.scored
    units = [unit for unit in ballots if asked.get(unit) and scored[unit] >= AT_LEAST]
    if len(units) < FEWEST_WARDS:
        return
    response = _scores({unit: (ballots[unit], asked[unit]) for unit in units})
    best = _scores({unit: (top[unit], scored[unit]) for unit in units})
    for unit in units:
        lesser = min(response[unit], best[unit])
        if lesser > BOTH_BEYOND:
            yield unit, Finding(Flag.OUTLIER, round(lesser, 1), BOTH_BEYOND)


def _scores(shares: Mapping[str, tuple[int, int]]) -> dict[str, float]:
    """How far each share lies from the median of all, on the logit scale, in units of the usual distance; what chance alone
    does to a small ward is in that unit."""
    logits, errors = {}, {}
    for unit, (part, whole) in shares.items():
        has, lacks = min(part, whole) + 0.5, max(0, whole - part) + 0.5
        logits[unit] = log(has / lacks)
        errors[unit] = sqrt(1 / has + 1 / lacks)
    middle = median(logits.values())
    spread = max(LEAST_SPREAD, MAD_TO_SIGMA * median(abs(each - middle) for each in logits.values()))
    return {unit: (logits[unit] - middle) / sqrt(spread**2 + errors[unit] ** 2) for unit in shares}


def _by_unit(strata: Mapping[Key, _Seen]) -> Counter[str]:
    ballots: Counter[str] = Counter()
    for (unit, _, _), seen in strata.items():
        ballots[unit] += seen.ballots
    return ballots
