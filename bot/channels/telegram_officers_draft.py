"""A half-written notice, and a deed that waits for its reason: what a conversation at the officers' bot is about. Values only."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self, TypeVar

from surveys.notices import Draft, Notice
from surveys.texts import DEFAULT

__all__ = ["CHANGEABLE", "ORDER", "Asked", "Step", "Writing", "toggled"]

T = TypeVar("T")


class Step(StrEnum):
    """Where a conversation is."""

    CATEGORY = "category"
    WORDS = "words"
    PICTURE = "picture"
    AUDIENCE = "audience"
    TIME = "time"
    READY = "ready"
    """Looking at the preview."""
    TRANSLATION = "translation"
    EXPIRY = "expiry"
    GAP = "gap"
    """Filling in a template."""
    REASON = "reason"
    SURE = "sure"


CHANGEABLE = frozenset(
    {
        *(Step.CATEGORY, Step.WORDS, Step.PICTURE, Step.AUDIENCE, Step.TIME),
        *(Step.EXPIRY, Step.TRANSLATION),
    }
)
"""What of a whole draft can be changed by itself."""
ORDER = (Step.CATEGORY, Step.WORDS, Step.PICTURE, Step.AUDIENCE, Step.TIME, Step.READY)


@dataclass(frozen=True, slots=True)
class Writing:
    """What is being written, and how far it is."""

    nonce: str
    """Buttons of another draft do nothing to this one."""
    post: str
    draft: Draft
    step: Step = Step.CATEGORY
    id: str | None = None
    """Of the draft in the database, once there are words."""
    version: int = 0
    code: str = ""
    kept: Draft | None = None
    """As it rests there."""
    is_changing: bool = False
    """One thing of a whole draft is changed: after it comes the preview again."""
    language: str = DEFAULT
    """Of the words that come next."""
    page: int = 0
    template: str | None = None
    gaps: tuple[tuple[str, str], ...] = ()
    """What was filled in so far, by name."""
    asking: tuple[str, str] = ("", "")
    """The gap that is asked for now, and what belongs there."""

    @classmethod
    def of(cls, notice: Notice, nonce: str, post: str) -> Self:
        return cls(nonce, post, notice.draft, Step.READY, is_changing=True).kept_as(notice)

    def with_draft(self, draft: Draft) -> Self:
        return replace(self, draft=draft)

    def kept_as(self, notice: Notice) -> Self:
        return replace(
            self,
            id=notice.id,
            version=notice.version,
            code=notice.code,
            draft=notice.draft,
            kept=notice.draft,
        )

    @property
    def following(self) -> Step:
        if self.is_changing or self.step not in ORDER:
            return Step.READY
        return ORDER[min(ORDER.index(self.step) + 1, len(ORDER) - 1)]

    @property
    def before(self) -> Step:
        if self.step is Step.GAP:
            return Step.CATEGORY
        if self.is_changing or self.step not in ORDER:
            return Step.READY
        return ORDER[max(ORDER.index(self.step) - 1, 0)]

    def at(self, step: Step) -> Self:
        return replace(self, step=step)


@dataclass(frozen=True, slots=True)
class Asked:
    """A deed that needs a reason, or to be meant."""

    deed: str
    id: str
    version: int
    code: str
    reason: str = ""


def toggled(chosen: tuple[T, ...], each: T, every: tuple[T, ...]) -> tuple[T, ...]:
    """With it or without it, in the order of all there are."""
    wanted = set(chosen) ^ {each}
    return tuple(one for one in every if one in wanted)
