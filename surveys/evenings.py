"""“Để tối nay”: which evening that is, and what is said of it. Pure."""

from datetime import datetime, time, timedelta

from surveys import texts
from surveys.waves import LOCAL

__all__ = ["EVENING", "TOO_LATE", "evening_after", "moment", "next_evening"]

EVENING = time(19)
"""After supper, and long before anybody sleeps."""
A_WHILE = timedelta(hours=1)  # whoever says “tonight” at a quarter to seven means another evening
TOO_LATE = timedelta(hours=2)  # after it, the evening is over: it is sent the next one
REMINDED = frozenset({"telegram", "zalo", "zalobot"})
"""Kinds of accounts on which we may write first a day after their owner's last word."""


def evening_after(now: datetime, account: str, closes_at: datetime) -> datetime | None:
    """When somebody who says “this evening” is asked again; None where we cannot write to them first, or it would be over by then."""
    if account.partition(":")[0] not in REMINDED:
        return None
    evening = next_evening(now + A_WHILE)
    return evening if evening < closes_at else None


def next_evening(after: datetime) -> datetime:
    """The first one from that moment on."""
    local = after.astimezone(LOCAL)
    evening = datetime.combine(local.date(), EVENING, LOCAL)
    return evening if local <= evening else evening + timedelta(days=1)


def moment(language: str, at: datetime) -> str:
    """“19:00 ngày 22/11/2026”, as the clock on the wall shows it."""
    shown = at.astimezone(LOCAL)
    return texts.say(language, "moment", time=f"{shown:%H:%M}", day=texts.day(language, shown.date()))
