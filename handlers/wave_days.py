"""The days that schedules may follow: of each wave the day it opens, its last day, and the day its results are there. It knows no
schedule."""

from collections.abc import Iterable
from datetime import timedelta

from storage import rows
from surveys.schedules import Event, Known
from surveys.waves import LOCAL

__all__ = ["CLOSING", "OPENING", "RELEASE", "known_days"]

OPENING, CLOSING, RELEASE = "opening", "closing", "release"
A_MOMENT = timedelta(microseconds=1)


def known_days(waves: Iterable[rows.Wave]) -> Known:
    """A wave has its first two days as soon as it is written down; its release it has when it is released."""
    days = {}
    for wave in waves:
        asks = wave.form_id
        days[Event(OPENING, wave.slug, asks)] = wave.opens_at.astimezone(LOCAL).date()
        # It closes with the end of its last day.
        days[Event(CLOSING, wave.slug, asks)] = (wave.closes_at - A_MOMENT).astimezone(LOCAL).date()
        if wave.released_at is not None:
            days[Event(RELEASE, wave.slug, asks)] = wave.released_at.astimezone(LOCAL).date()
    return days
