"""A wave as a conversation sees it: what is asked, where, until when. It knows no store and no clock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from surveys.entry import Entry, Stream
from surveys.forms.form import Form, Kind
from surveys.waves import LOCAL, Audience

__all__ = ["Running", "local", "open_in", "stream_for"]

A_MOMENT = timedelta(microseconds=1)
SECONDS_A_QUESTION = 12  # reading and tapping; what the visit rating was cut to: five questions in a minute


def local(moment: datetime) -> datetime:
    return moment.astimezone(LOCAL)


@dataclass(frozen=True)
class Running:
    """A wave that is open, or closed and not yet sealed: then it can only be withdrawn from."""

    id: int
    slug: str
    title: str
    audience: str
    form: Form
    units: frozenset[str]
    opens_at: datetime
    closes_at: datetime
    k: int
    grace: timedelta
    is_closed: bool = False
    """Closed before its time."""

    def is_open(self, now: datetime) -> bool:
        return not self.is_closed and self.opens_at <= now < self.closes_at

    def can_withdraw(self, now: datetime) -> bool:
        """Until sealing may begin; it is not a moment later that answers and people are parted."""
        return now < self.closes_at + self.grace

    @cached_property
    def closes_on(self) -> date:
        """The last whole day: a promise of “until the end of that day” that is kept whatever the hour of closing."""
        return max(_last_whole_day(self.closes_at), local(self.opens_at).date())

    @cached_property
    def withdrawal_until(self) -> date:
        return max(_last_whole_day(self.closes_at + self.grace), self.closes_on)

    @cached_property
    def sealed_on(self) -> date:
        """After that day a receipt can be checked."""
        return local(self.closes_at + self.grace - A_MOMENT).date()

    @cached_property
    def count(self) -> int:
        """Questions at most."""
        return sum(question.is_asked and question.kind is not Kind.NOTE for question in self.form.questions)

    @cached_property
    def minutes(self) -> int:
        return max(1, round(self.count * SECONDS_A_QUESTION / 60))


def _last_whole_day(end: datetime) -> date:
    return local(end).date() - timedelta(days=1)


def stream_for(entry: Entry, wave: Running, unit: str) -> Stream:
    """How somebody who came by this entry answers in this wave: a link counts only for what it was signed for."""
    if entry.unit != unit or (entry.wave is not None and entry.wave != wave.slug):
        return Stream.OPEN
    if entry.stream is Stream.VISIT and wave.audience != Audience.VISITS:
        return Stream.OPEN
    if entry.stream is Stream.INVITED and wave.audience == Audience.VISITS and entry.wave is None:
        return Stream.OPEN
    return entry.stream


def open_in(
    running: Iterable[Running], unit: str, now: datetime, known: Collection[str] = ()
) -> tuple[Running, ...]:
    """The waves a person of this unit can answer now; visits first, because who scans at the counter is in a hurry.

    A month of visits stays open while tokens of its last days live. What is new goes to the newest; an older one is there for
    those who are `known` in it, by slug: they have begun, or have a token of it.
    """
    waves = [wave for wave in running if unit in wave.units and wave.is_open(now)]
    visits = [wave for wave in waves if wave.audience == Audience.VISITS]
    newest = max(visits, key=lambda wave: (wave.opens_at, wave.id), default=None)
    waves = [
        wave for wave in waves if wave.audience != Audience.VISITS or wave is newest or wave.slug in known
    ]
    return tuple(sorted(waves, key=lambda wave: (wave.audience != Audience.VISITS, wave.closes_at, wave.id)))
