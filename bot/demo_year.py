"""The demo's year: days that pass when somebody asks for it, with everything that happens on them in its order and at its hour, and
residents who answer a little each day. It takes no step itself: it moves the clock on to the next thing, and lets the house's own clock
tick, the sender send and people answer before it goes on."""

import asyncio
from collections.abc import Awaitable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import TYPE_CHECKING

import structlog

from bot.clock import Tick
from bot.demo_clock import DemoClock
from bot.demo_crowd import WARDS, Resident, Ward
from bot.demo_notices import DicePhones
from handlers.calendar import Calendar
from handlers.published import id_of
from handlers.tokens import Issuing
from storage import rows
from surveys.calendar import Happening, Kind
from surveys.delivery import AWAKE, CampaignState, DeliveryState, is_awake
from surveys.rights import Actor, Role
from surveys.waves import LOCAL, Audience

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["Asked", "Progress", "Year"]

log = structlog.get_logger(__name__)

A_DAY, A_SECOND = timedelta(days=1), timedelta(seconds=1)
FAR = 62 * A_DAY
"""So far ahead the next thing is looked for."""
LONGEST_SENDING = (
    30.0  # seconds, of real time, for what leaves at one moment; what is left then leaves at the next
)
STILL = 1.6  # seconds without a change: whoever looks after campaigns looks every second
LOOKING = 0.1
SHARE_A_DAY = 1 / 25  # of the residents the demo was asked for, on each day that a survey is open
SHARE_TAKING_UP = 0.15  # of those invited who have not answered, at each of those hours
SLIPS_A_DAY = 4  # of one ward
SHARE_USING_A_SLIP = 0.45
AT_ONCE = 60  # conversations under way
PEOPLE_AT = (9, 14, 19)  # o'clock
"""The hours at which residents look at their telephones, or come to the counter."""
ALL_HOURS = range(AWAKE[0].hour, AWAKE[1].hour)
WEEKEND = 5
MOST_TOLD = 60  # lines of what has happened, the newest
ON_THEIR_WAY = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Asked:
    """How far the year shall go."""

    until: datetime
    by: str = ""
    """The browser that asked, by its session; and who sat there."""
    actor: Actor | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has got."""

    begun: datetime
    until: datetime
    at: datetime
    is_running: bool
    answered: int = 0
    """Residents who answered something meanwhile, in all wards and waves."""
    happened: tuple[Happening, ...] = field(default=())
    """The newest first."""

    @property
    def share(self) -> float:
        whole = (self.until - self.begun) / A_SECOND
        return min(1.0, (self.at - self.begun) / A_SECOND / whole) if whole > 0 and self.is_running else 1.0


class Year:
    def __init__(self, clock: DemoClock, residents: int) -> None:
        """`residents`: as many as the demo was asked for."""
        self.clock = clock
        self.dice = DicePhones(hurry=True)  # a day would else take as long as its messages
        self._residents = residents
        self._numbers = count(1)
        self._chance = Random(residents)
        self._asked: asyncio.Queue[Asked] = asyncio.Queue(1)
        self._progress: Progress | None = None
        self.last: Asked | None = None

    @property
    def progress(self) -> Progress | None:
        """Of the last journey; None before the first."""
        return self._progress

    @property
    def is_running(self) -> bool:
        return self._progress is not None and self._progress.is_running

    def ask(self, asked: Asked) -> bool:
        """Whether it goes there: not while it is on its way already."""
        now = self.clock()
        if self.is_running or asked.until <= now:
            return False
        self.last = asked
        self._progress = Progress(now, asked.until, now, is_running=True)
        self._asked.put_nowait(asked)
        return True

    def is_by(self, session: str) -> None:
        """The browser that asked has another session now."""
        if self.last is not None:
            self.last = replace(self.last, by=session)

    async def run(self, house: "House", ticks: Sequence[Tick], stop: asyncio.Event) -> None:
        """Goes wherever it is asked to, until told to stop."""
        journey = _Journey(house, ticks, self)
        while not stop.is_set():
            asking, stopping = asyncio.ensure_future(self._asked.get()), asyncio.ensure_future(stop.wait())
            await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not asking.done():
                asking.cancel()
                return
            asked = asking.result()
            try:
                await journey.goes(asked.until, stop)
            except Exception as surprise:
                # As the clock does: the next journey tries again.
                log.error("demo.journey_failed", reason=repr(surprise))
            finally:
                if self._progress is not None:
                    self._progress = replace(self._progress, is_running=False)

    def tell(self, at: datetime, answered: int, happened: Sequence[Happening]) -> None:
        assert self._progress is not None
        self._progress = replace(
            self._progress,
            at=at,
            answered=self._progress.answered + answered,
            happened=(*reversed(happened), *self._progress.happened)[:MOST_TOLD],
        )

    async def next_thing(self, house: "House") -> Happening | None:
        """What would happen first, of what people would notice."""
        calendar = Calendar(house.db, house.schedules, self.clock)
        return await calendar.next_after(await supervisor_of(house), self.clock(), FAR)

    # ── Who answers ───────────────────────────────────────────────────────────────────────────────────────────

    def newcomers(self, units: Container[str]) -> list[Resident]:
        """Who comes by a link at one of the hours, in these wards."""
        there = [ward for ward in WARDS if ward.code in units]
        wanted = self._residents * SHARE_A_DAY / len(PEOPLE_AT)
        number = int(wanted) + (self._chance.random() < wanted % 1)
        wards = self._chance.choices(there, [ward.share for ward in there], k=number) if there else []
        return [Resident(f"y{next(self._numbers)}", ward, self._random()) for ward in wards]

    def visitor(self, ward: Ward) -> Resident | None:
        """Who was handed a slip, if they use it."""
        if self._chance.random() >= SHARE_USING_A_SLIP:
            return None
        return Resident(f"y{next(self._numbers)}", ward, self._random())

    def invited(self) -> list[tuple[Resident, str]]:
        """Who takes up in this hour what came to their telephone, and the number of it."""
        found = [id for id in sorted(self.dice.asked) if self._chance.random() < SHARE_TAKING_UP]
        return [(self._owner(id), id) for id in found]

    def _owner(self, id: str) -> Resident:
        ward = next(ward for ward in WARDS if id.startswith(ward.code))
        talk = f"{next(self._numbers)}."
        return Resident(id, ward, self._random(), account=self.dice.account, talk=talk)

    def _random(self) -> Random:
        return Random(self._chance.random())


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A campaign that is under way: another one as soon as anything of it has moved."""

    id: int
    is_urgent: bool
    cell: int | None
    counts: tuple[tuple[DeliveryState, int], ...]


class _Journey:
    """From now to a day ahead."""

    def __init__(self, house: "House", ticks: Sequence[Tick], year: Year) -> None:
        self._house = house
        self._ticks = ticks
        self._year = year
        self._clock = year.clock
        self._calendar = Calendar(house.db, house.schedules, year.clock)
        self._told_until = year.clock()
        self._people_at: datetime | None = None
        """The hour at which they last were."""

    async def goes(self, until: datetime, stop: asyncio.Event) -> None:
        self._told_until = self._clock()
        while not stop.is_set() and (moment := await self._next(until)) is not None:
            self._clock.move_to(moment)
            await self._lives()

    async def _next(self, until: datetime) -> datetime | None:
        """Whatever is due first, at latest when people look at their telephones; None when it is there."""
        now = self._clock()
        if until <= now:
            return None
        async with self._house.db.reading() as tx:
            planned = [row.next_due for row in await tx.schedules.all() if row.next_due is not None]
        coming = await self._calendar.next_after(await supervisor_of(self._house), now, until - now)
        # What is spread over hours leaves hour by hour.
        hours = ALL_HOURS if await self._waiting() else PEOPLE_AT
        moments = [until, _next_hour(now, hours), *planned, *([coming.at] if coming is not None else [])]
        return min(each for each in moments if now < each <= until)

    async def _lives(self) -> None:
        """All that happens at this moment, in the order in which the house's own clock would do it."""
        for tick in self._ticks:
            await tick.work()
        await self._sent()
        answered = await self._answered()
        since, self._told_until = self._told_until, self._clock()
        self._year.tell(self._told_until, answered, await self._happened(since, self._told_until))

    async def _sent(self) -> None:
        """Until whatever may leave at this hour has left, or nothing moves any more."""
        loop = asyncio.get_running_loop()
        give_up, still_since, before = loop.time() + LONGEST_SENDING, loop.time(), None
        while loop.time() < give_up:
            now = self._clock()
            waiting = [each for each in await self._waiting() if is_awake(now) or each.is_urgent]
            if not waiting or (waiting == before and loop.time() - still_since > STILL):
                return
            if waiting != before:
                before, still_since = waiting, loop.time()
            await asyncio.sleep(LOOKING)
            await self._house.notices.step()

    async def _waiting(self) -> list["_Waiting"]:
        """What is begun and has not reached everybody."""
        now = self._clock()
        found = []
        async with self._house.db.reading() as tx:
            for each in await tx.outbox.unfinished():
                if each.state is CampaignState.PAUSED or each.campaign.not_before > now:
                    continue
                counts = await tx.outbox.counts(each.id)
                if not each.is_written_down or any(counts.get(state) for state in ON_THEIR_WAY):
                    is_urgent = each.campaign.is_urgent
                    found.append(_Waiting(each.id, is_urgent, each.cell, tuple(sorted(counts.items()))))
        return found

    # ── People ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answered(self) -> int:
        """A few of them, at the hours at which people are awake. How many."""
        now = self._clock()
        hour = now.astimezone(LOCAL).replace(minute=0, second=0, microsecond=0)
        if hour.hour not in PEOPLE_AT or hour == self._people_at:
            return 0
        self._people_at = hour
        async with self._house.db.reading() as tx:
            waves = await tx.waves.open_at(now)
        talks: list[Awaitable[None]] = []
        for wave in waves:
            talks += await self._of(wave, now)
        for resident, id in self._year.invited():
            talks.append(resident.takes_up(self._house, self._year.dice.asked.pop(id)))
        await _some_at_once(talks)
        return len(talks)

    async def _of(self, wave: rows.Wave, now: datetime) -> list[Awaitable[None]]:
        async with self._house.db.reading() as tx:
            units = {each.unit for each in await tx.wave_units.of_wave(id_of(wave))}
        if wave.audience != Audience.VISITS:
            return [each.answers(self._house, wave.slug) for each in self._year.newcomers(units)]
        local = now.astimezone(LOCAL)
        is_office_day = local.hour == PEOPLE_AT[0] and local.weekday() < WEEKEND
        return await self._visits(wave.slug, units) if is_office_day else []

    async def _visits(self, slug: str, units: Container[str]) -> list[Awaitable[None]]:
        """Slips are handed out, and some of them used."""
        house = self._house
        issuing = Issuing(house.db, house.vault, house.ledger, self._clock)
        talks: list[Awaitable[None]] = []
        for ward in [ward for ward in WARDS[:-1] if ward.code in units]:
            batch = await issuing.issue(ward.code, SLIPS_A_DAY, slug=slug)
            visitors = [(self._year.visitor(ward), slip) for slip in batch.payloads]
            talks += [who.visits(house, slip) for who, slip in visitors if who is not None]
        return talks

    # ── What has happened ─────────────────────────────────────────────────────────────────────────────────────

    async def _happened(self, since: datetime, now: datetime) -> list[Happening]:
        supervisor = await supervisor_of(self._house)
        shown = await self._calendar.between(supervisor, since, now + A_SECOND)
        return [
            each
            for each in shown.happenings
            if since < each.at <= now and not each.is_undecided and each.kind is not Kind.CHORE
        ]


async def supervisor_of(house: "House") -> Actor:
    """Whose calendar the year is told from."""
    held = next(
        seat.held
        for seat in await house.people.posts(None)
        if seat.held.until is None and seat.held.role == Role.SUPERVISOR
    )
    return Actor(held.person, held.name, held.post, Role.SUPERVISOR, held.unit, held.title)


async def _some_at_once(talks: Sequence[Awaitable[None]]) -> None:
    waiting = iter(talks)

    async def one_by_one() -> None:
        for talk in waiting:
            await talk

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(AT_ONCE, len(talks))):
            tasks.create_task(one_by_one())


def _next_hour(now: datetime, hours: Iterable[int]) -> datetime:
    """The next of these hours."""
    today = now.astimezone(LOCAL).replace(minute=0, second=0, microsecond=0)
    found = [day.replace(hour=hour) for day in (today, today + A_DAY) for hour in hours]
    return min(each for each in found if each > now)
