"""A schedule that is being made in the officers' bot: what was chosen of it so far, and what that comes to. It holds no conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Any

from handlers.planning import Wanted
from surveys.notices.templates import Gap, Template
from surveys.schedules import Event, Once, QuietDays, Relative, Rule, Schedule
from surveys.schedules.purposes import Purpose
from surveys.schedules.subjects import ALL, EVENTS_OF, PURPOSES, WaveWanted, wave_audience

__all__ = ["LONGEST_NAME", "PlanStep", "Wish"]

LONGEST_NAME = 120
A_DAY, SMOOTHED = timedelta(days=1), timedelta(hours=3)


class PlanStep(StrEnum):
    """Where the conversation is."""

    WHAT = "planning_what"
    GAP = "planning_gap"
    NAME = "planning_name"
    WHEN = "planning_when"
    LOOK = "planning_look"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants so far."""

    nonce: str
    """Buttons of another one do nothing to this."""
    post: str
    step: PlanStep = PlanStep.WHAT
    purpose: str = ""
    offered: tuple[tuple[str, str], ...] = ()
    """The waves on the buttons: name and title."""
    form: str = ""
    days: int | None = None
    wave: str = ""
    is_taken_to_people: bool = False
    sample: int | None = None
    remind_after: tuple[int, ...] = ()
    number: int = 1
    template: Template | None = None
    gaps: tuple[tuple[str, str], ...] = ()
    """What was filled in of the template, by name."""
    name: str = ""
    schedule: Schedule | None = None

    @property
    def follows(self) -> bool:
        """Its days are a wave's."""
        return self.purpose in EVENTS_OF

    @property
    def is_about_one(self) -> bool:
        return bool(self.wave) and Event("opening", self.wave).is_one

    @property
    def gap(self) -> Gap | None:
        """The next one to be filled in."""
        gaps = self.template.gaps if self.template else ()
        return next((each for each in gaps if each.name not in dict(self.gaps)), None)

    def about(self, wave: str, title: str) -> "Wish":
        """Of that wave; called by it, so that nobody has to think of a name."""
        return replace(self, wave=wave, name=f"{PURPOSES[self.purpose]}: {title}"[:LONGEST_NAME])

    def at(self, rule: Rule, hour: time, today: date) -> "Wish":
        """What people get is spread, and disturbs nobody on a holiday."""
        quiet = QuietDays.KEEP if self.purpose == Purpose.OPEN_WAVE else QuietDays.NEXT
        over = SMOOTHED if self.follows or self.is_taken_to_people else timedelta(0)
        schedule = Schedule(rule, hour, today, lateness=A_DAY, over=over, quiet_days=quiet)
        return replace(self, schedule=schedule)

    def wanted(self, unit: str) -> Wanted:
        assert self.schedule is not None
        return Wanted(self.purpose, self.name, unit, self.schedule, self._subject(self.schedule.rule))

    def _subject(self, rule: Rule) -> Mapping[str, Any]:
        named = {"wave": self.wave} if self.is_about_one else {}
        match self.purpose:
            case Purpose.OPEN_WAVE:
                return WaveWanted(
                    self.form,
                    self.name,
                    wave_audience(self.form),
                    self.days,
                    sample=self.sample,
                    is_taken_to_people=self.is_taken_to_people,
                    remind_after=self.remind_after,
                ).subject(rule, None)
            case Purpose.INVITE:
                return named | {"invite": {"sample": self.sample} if self.sample else ALL}
            case Purpose.REMIND:
                return named | {"number": self.number}
            case Purpose.TELL_RESULTS:
                return named
            case Purpose.DRAFT_NOTICE:
                return {"template": self.template.id if self.template else "", "values": dict(self.gaps)}
        return {"about": self.name}

    def can_be(self, rule: Rule) -> bool:
        """Whether such a rule can lead to it: what is done of each wave has no day of its own."""
        if not self.follows:
            return True
        if isinstance(rule, Relative) and isinstance(rule.to, Event):
            return True
        return isinstance(rule, Once) and self.is_about_one
