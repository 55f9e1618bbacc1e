"""What was promised by when, and what is scored. A roadmap is a province's own data; comparing invents no target.

Where the number of units is not the one a target speaks of (eleven wards became six), nothing is concluded: that is for
people to settle, not for a division.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any

from surveys.assessment import Verdict
from surveys.scorecard.words import DATA, say

__all__ = ["Roadmap", "State", "Step", "Target", "against", "load_roadmaps", "read_roadmaps"]


class State(StrEnum):
    REACHED = "reached"
    RANGE = "range"
    """At least the lower end of a range, not yet the upper."""
    BEHIND = "behind"
    NOT_FINISHED = "not_finished"
    """Units that are not concluded could still make it."""
    OTHER_DENOMINATOR = "other_denominator"
    NO_SCORES = "no_scores"


@dataclass(frozen=True, slots=True)
class Target:
    """By the end of a year: so many units in all, or such a share of them."""

    year: int
    units: int | None
    of: int | None
    """How many units there were when the target was set; None where it speaks of none."""
    at_least: Fraction | None
    up_to: Fraction | None
    within: tuple[str, ...]
    """The units it is about; none: all of the province's."""
    quote: str
    line: str

    def is_reached_by(self, met: int, of: int) -> bool:
        """Unrounded."""
        if self.units is not None:
            return met >= self.units
        return self.at_least is not None and of > 0 and Fraction(met, of) >= self.at_least

    def is_fully_reached_by(self, met: int, of: int) -> bool:
        reached = self.is_reached_by(met, of)
        return reached and (self.up_to is None or Fraction(met, of) >= self.up_to)


@dataclass(frozen=True, slots=True)
class Roadmap:
    id: str
    name: str
    source: str
    province: str | None
    """The code of the province whose wards it speaks of; None: of every province's."""
    note: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One target with what is scored for its year."""

    target: Target
    met: int
    of: int
    open: int
    state: State

    @property
    def text(self) -> str:
        return say("roadmap", self.state, planned=self.target.of, scored=self.of, open=self.open)


def against(roadmap: Roadmap, scored: Mapping[int, Mapping[str, Verdict]]) -> tuple[Step, ...]:
    """`scored`: year → unit → overall verdict, of every unit of the province there was in that year."""
    return tuple(_step(target, scored.get(target.year, {})) for target in roadmap.targets)


def _step(target: Target, verdicts: Mapping[str, Verdict]) -> Step:
    about = {
        unit: verdict for unit, verdict in verdicts.items() if not target.within or unit in target.within
    }
    met = list(about.values()).count(Verdict.MET)
    failed = list(about.values()).count(Verdict.NOT_MET)
    of = len(about)
    return Step(target, met, of, of - met - failed, _state(target, bool(verdicts), met, of - failed, of))


def _state(target: Target, has_scores: bool, met: int, possible: int, of: int) -> State:
    if not has_scores:
        return State.NO_SCORES
    if target.of is not None and of != target.of:
        return State.OTHER_DENOMINATOR
    if target.is_fully_reached_by(met, of):
        return State.REACHED
    if target.is_reached_by(met, of):
        return State.RANGE
    return State.NOT_FINISHED if target.is_reached_by(possible, of) else State.BEHIND


@cache
def load_roadmaps() -> Mapping[str, Roadmap]:
    """Those we ship: `tra-vinh`, `ha-tinh`, `ca-nuoc`."""
    return read_roadmaps((DATA / "roadmaps.toml").read_text(encoding="utf-8"))


def read_roadmaps(text: str) -> Mapping[str, Roadmap]:
    """Raises ValueError for a target that is neither a number of units nor a share, KeyError for what is missing."""
    rows = tomllib.loads(text)["roadmap"]
    return {row["id"]: _roadmap(row) for row in rows}


def _roadmap(row: Mapping[str, Any]) -> Roadmap:
    targets = tuple(map(_target, row["target"]))
    return Roadmap(row["id"], row["name"], row["source"], row.get("province"), row.get("note", ""), targets)


def _target(row: Mapping[str, Any]) -> Target:
    at_least, up_to = (Fraction(row[key]) if key in row else None for key in ("at_least", "up_to"))
    target = Target(
        row["year"],
        row.get("units"),
        row.get("of"),
        at_least,
        up_to,
        tuple(row.get("within", ())),
        row["quote"],
        row["line"],
    )
    if (target.units is None) is (target.at_least is None):
        raise ValueError(f"The target of {target.year} is either a number of units or a share.")
    return target
