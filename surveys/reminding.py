"""Whom a wave invites, and when and of what it reminds them. Pure: no clock, no person, no words.

Only who has not answered is reminded, and nobody but the person may ever see that: what is decided here is decided while a message is in
hand, and never written down. In a ward where fewer were invited than may be shown, everybody is reminded alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from surveys.delivery import REST
from surveys.notices import Push
from surveys.waves import Audience

__all__ = [
    "ALL",
    "INVITE",
    "MOST",
    "REMIND",
    "TIME_TO_ANSWER",
    "Progress",
    "Reminder",
    "Wanted",
    "ends_at",
    "reminder",
    "subject_of",
    "topic_asked",
    "wanted",
    "wave_of",
]

INVITE, REMIND = "invite", "remind"
"""The kinds of campaigns. The subject of the one is a wave's slug, of the other that and a number."""

MOST = 2
"""Reminders of one wave. Ours: who has let three messages pass has answered them."""

TIME_TO_ANSWER = timedelta(hours=1)
"""Before a wave closes; who would have less is not asked any more."""

ALL = "all"
LARGEST_SAMPLE = 1_000_000
A_DAY = timedelta(days=1)


class Progress(Enum):
    """How far a person has come in a wave."""

    UNTOUCHED = auto()
    HALF = auto()
    """They gave an answer, and were not led to the end yet."""
    DONE = auto()
    """They were at its end once, or took everything back: either way it was their word."""


class Reminder(Enum):
    """What somebody who was invited is told when it is time."""

    NOTHING = auto()
    """In a way that looks like the others, to everybody but them."""
    ASKED_AGAIN = auto()
    GO_ON = auto()
    """With what they left half answered."""


def reminder(progress: Progress, *, invited: int | None, k: int) -> Reminder:
    """`invited`: persons in their ward, None where nobody counted; `k`: the smallest group that may be shown."""
    if invited is None or invited < k:
        return Reminder.ASKED_AGAIN
    match progress:
        case Progress.UNTOUCHED:
            return Reminder.ASKED_AGAIN
        case Progress.HALF:
            return Reminder.GO_ON
        case Progress.DONE:
            return Reminder.NOTHING


def topic_asked(audience: Audience | str) -> Push:
    """What somebody agreed to who is invited to a wave of this audience: whoever answers for a business said so themselves."""
    return Push.BUSINESSES if audience == Audience.BUSINESSES else Push.SURVEYS


# ── What a schedule asks for ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to invite, and after how many days to remind them."""

    sample: int | None = None
    """So many of each ward; None: everybody who agreed to be asked."""
    after_days: tuple[int, ...] = ()


def wanted(subject: Mapping[str, Any]) -> Wanted | None:
    """From the keys `invite` (`"all"` or `{"sample": 200}`) and `remind_after_days`; None where nobody is to be invited. Raises
    ValueError, in words for people."""
    invite, days = subject.get("invite"), subject.get("remind_after_days") or ()
    if invite is None:
        if days:
            raise ValueError(
                "Chưa có “invite” thì không nhắc ai được: “remind_after_days” phải đi cùng “invite”."
            )
        return None
    return Wanted(_sample(invite), _days(days))


def _sample(invite: Any) -> int | None:
    if invite == ALL:
        return None
    some = invite.get("sample") if isinstance(invite, Mapping) and len(invite) == 1 else None
    if type(some) is not int or not 1 <= some <= LARGEST_SAMPLE:
        raise ValueError("“invite” là “all”, hoặc {“sample”: số người mỗi đơn vị}.")
    return some


def _days(days: Any) -> tuple[int, ...]:
    if not isinstance(days, Sequence) or not all(type(each) is int for each in days):
        raise ValueError("“remind_after_days” là danh sách số ngày, như [3, 7].")
    if len(days) > MOST:
        raise ValueError(f"Mỗi đợt chỉ nhắc nhiều nhất {MOST} lần.")
    apart = [each - before for before, each in zip((0, *days), days, strict=False)]
    if any(each * A_DAY < REST for each in apart):
        raise ValueError(f"Mỗi lần nhắc phải cách lần trước ít nhất {REST.days} ngày.")
    return tuple(days)


def ends_at(closes_at: datetime) -> datetime:
    """From when on nobody is invited or reminded any more."""
    return closes_at - TIME_TO_ANSWER


# ── What a campaign is about ─────────────────────────────────────────────────────────────────────────────────────


def subject_of(slug: str, number: int) -> str:
    """Of a reminder. Raises ValueError for one more than there may be."""
    if not 1 <= number <= MOST:
        raise ValueError(f"there are {MOST} reminders, and no number {number}")
    return f"{slug}.{number}"


def wave_of(kind: str, subject: str) -> tuple[str, int]:
    """The slug of the wave a campaign is about, and the reminder's number: 0 for an invitation."""
    if kind != REMIND:
        return subject, 0
    slug, _, number = subject.rpartition(".")
    return slug, int(number)
