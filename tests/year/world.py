"""A year of a province, lived in seconds: its processes, its residents, its misfortunes, all drawn by one seed. The same seed is the same
year; on PostgreSQL, where sockets have a say, nearly the same."""

import asyncio
from collections.abc import Coroutine, Iterator, MutableMapping
from contextvars import Context
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot.app import House
from bot.settings import load
from storage.database import Unavailable
from surveys.entry import Stream
from surveys.forms import library
from surveys.waves import LOCAL
from tests.year.model import Model
from tests.year.office import WARDS, Office
from tests.year.oracle import Expected, expected
from tests.year.people import Resident
from tests.year.platform import Arrived, Platform
from tests.year.process import Gone, Process, as_in_this_world
from tests.year.pushes import push_in
from tests.year.virtual import VirtualLoop
from tests.year.weather import Weather

__all__ = ["RESIDENTS", "World"]

RESIDENTS = 200
BEFORE, AFTER = timedelta(days=4), timedelta(days=24)
"""The last wave closes with the year; after it come the days to withdraw, and days of calm in which everything has to come to its end."""
CALM = timedelta(days=12)
SETTLING = timedelta(days=2)
KILLED_EVERY = 1_200  # steps of the event loop, on average
CONVERSATIONS = {
    "tham_luot": 5,
    "dien_dan": 14,
    "hang_nam_nguoi_dan": 26,
    "hang_nam_doanh_nghiep": 10,
    "hoi_dien_dan": 12,
}
"""About how many of the residents take part, by form."""
SHARE_WHO_BLOCK = 0.04
MOST_NOTES = 400
TO_WRITE_IT_DOWN = timedelta(minutes=10)


class World:
    def __init__(self, loop: VirtualLoop, seed: int, directory: Path, database_url: str) -> None:
        self.loop = loop
        self.seed = seed
        self.chance = Random(f"year {seed}")
        self.year = self.chance.choice((2026, 2027, 2028))
        self.begin = datetime.combine(date(self.year, 1, 1), time(), LOCAL).astimezone(UTC) - BEFORE
        self.end = datetime.combine(date(self.year + 1, 1, 1), time(), LOCAL).astimezone(UTC) + AFTER
        self.settings = load(database_url=database_url, keys_dir=directory / "keys", _env_file=None)
        self.expected = {each.slug: each for each in expected(self.year)}
        self.weather = Weather(Random(f"weather {seed}"))
        self.platform = Platform(self, Random(f"platform {seed}"), received=self._received)
        self.model = Model()
        self.office = Office(self)
        self.notes: list[str] = []
        self.surprises: list[str] = []
        self.logged: list[MutableMapping[str, Any]] = []
        self.up: list[tuple[datetime, bool]] = []
        """From when on what happens by itself could happen, and from when on not."""
        self.skew = timedelta(0)
        self._slots = 2 if self.chance.random() < 0.3 else 1
        self.turnstile = asyncio.Lock() if self._slots > 1 and database_url.startswith("sqlite") else None
        self.processes: list[Process] = []
        self._is_on = asyncio.Event()
        self._is_on.set()
        self._is_held = False
        self._kill_at = 0
        self.killed = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.residents = [Resident(self, number, self._ward(number)) for number in range(RESIDENTS)]
        self.model.notes = {each.name: each.notes for each in self.residents}
        self._by_name = {each.name: each for each in self.residents}
        self._at_address = {each.address: each for each in self.residents}

    def _ward(self, number: int) -> str:
        """The last ward is a small one: fewer than k."""
        return WARDS[-1] if number < 6 else WARDS[number % 5]

    # ── What everybody asks ───────────────────────────────────────────────────────────────────────────────────

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.loop.time()) + self.skew

    def resident(self, name: str) -> Resident:
        return self._by_name[name]

    def tells(self, note: str) -> None:
        self.notes.append(f"{self.now():%m-%d %H:%M:%S} {note}")

    def receiver(self) -> Process:
        """A process that takes messages. Raises Gone when there is none."""
        there = [each for each in self.processes if each.house is not None]
        if not there:
            raise Gone
        return self.chance.choice(there)

    async def is_open(self, slug: str) -> bool:
        """Whether the wave takes answers, as anybody at the ward could tell."""

        async def look(house: House) -> bool:
            async with house.db.reading() as tx:
                wave = await tx.waves.by_slug(slug)
            return wave is not None and wave.state == "open" and wave.opens_at <= self.now() < wave.closes_at

        try:
            return await self.receiver().call(look)
        except (Gone, Unavailable):
            return False

    def story(self) -> str:
        head = f"seed {self.seed}, year {self.year}, {self._slots} processes, killed {self.killed} times, {self.weather.happened}"
        return "\n".join([head, *self.notes[-MOST_NOTES:], f"surprises: {self.surprises}"])

    def is_held(self, is_held: bool) -> None:
        """Nothing happens by itself while a person is waited for."""
        self._is_held = is_held
        self.notes_whether_up()

    def notes_whether_up(self) -> None:
        is_up = not self.weather.is_away and not self._is_held and any(each.house for each in self.processes)
        if not self.up or self.up[-1][1] is not is_up:
            self.up.append((self.now(), is_up))

    def was_written_down(self, arrived: Arrived) -> bool:
        """Whether whoever sent it lived on to write down what the platform said, and had a database to do it with."""
        until = arrived.at + TO_WRITE_IT_DOWN
        lived_on = arrived.sender.ended_at is None or arrived.sender.ended_at >= until
        return arrived.is_known and lived_on and self.longest_up(arrived.at, until) >= TO_WRITE_IT_DOWN / 2

    def longest_up(self, begin: datetime, end: datetime) -> timedelta:
        """The longest time in one piece, between two moments, in which what is due could be done."""
        longest = timedelta(0)
        for (since, is_up), (until, _) in self._pieces():
            if is_up:
                longest = max(longest, min(until, end) - max(since, begin))
        return longest

    def _pieces(self) -> Iterator[tuple[tuple[datetime, bool], tuple[datetime, bool]]]:
        return zip(self.up, [*self.up[1:], (self.now(), False)], strict=True)

    # ── The year ──────────────────────────────────────────────────────────────────────────────────────────────

    async def lives(self) -> None:
        with as_in_this_world(self):
            await self._lives()

    async def _lives(self) -> None:
        self.loop.at_each_step = self._each_step
        self._kill_at = self._some_steps()
        for slot in range(self._slots):
            self._does(self._keeps_alive(slot))
        self._does(self.office.looks_after_it())
        for resident in self.residents:
            self._plans(resident)
        self._plan_misfortunes()
        await asyncio.sleep((self.end - self.begin).total_seconds())
        for each in self._tasks:
            each.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self.processes:
            each.stop()
        for each in self.processes:
            await each.ended()
        self.loop.at_each_step = lambda step: None

    def _does(self, work: Coroutine[Any, Any, None]) -> None:
        # In a context of its own: what a process's message sets off in somebody is no part of that process, and outlives it.
        task = self.loop.create_task(self._seen_through(work), context=Context())
        self._tasks.add(task)

    async def _seen_through(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as surprise:
            self.tells(f"surprise: {surprise!r}")
            self.surprises.append(repr(surprise))
            raise

    async def _at(self, moment: datetime, work: Coroutine[Any, Any, None]) -> None:
        try:
            await asyncio.sleep((moment - self.now()).total_seconds())
        except BaseException:
            work.close()
            raise
        await work

    # ── Processes ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _keeps_alive(self, slot: int) -> None:
        """As an operating system does: what ended is begun anew after a moment, unless the machine is off."""
        number = 0
        while True:
            await self._is_on.wait()
            number += 1
            one = Process(self, f"process {slot}.{number}")
            self.processes.append(one)
            living = one.begin()
            await asyncio.wait({living})
            if not living.cancelled() and (problem := living.exception()) is not None:
                self.tells(f"{one.name} ended: {problem!r}")
            self.processes.remove(one)
            self.notes_whether_up()
            await one.ended()
            await asyncio.sleep(self.chance.uniform(1, 120))

    def _each_step(self, step: int) -> None:
        for each in self.processes:
            each.told_again()
        if step >= self._kill_at and self.now() < self.end - CALM:
            self._kill_at = step + self._some_steps()
            alive = [each for each in self.processes if not each.is_dead]
            if alive:
                victim = self.chance.choice(alive)
                self.killed += 1
                self.tells(f"{victim.name} is killed at step {step}")
                victim.kill()
                self.notes_whether_up()

    def _some_steps(self) -> int:
        return 1 + int(self.chance.expovariate(1 / KILLED_EVERY))

    # ── Misfortunes ───────────────────────────────────────────────────────────────────────────────────────────

    def _plan_misfortunes(self) -> None:
        for _ in range(self.chance.randrange(3, 8)):
            self._does(self._at(self._some_moment(), self._machine_is_off(self._so_long(0.2, 100))))
        for each in self.expected.values():
            # Late on purpose: around what the year brings, sometimes longer than may be.
            if self.chance.random() < 0.2:
                allowed = (each.at_latest - each.due).total_seconds() / 3600
                hours = allowed * self.chance.uniform(0.2, 1.4)
                before = timedelta(hours=self.chance.uniform(0, 6))
                self._does(
                    self._at(max(self.begin + SETTLING, each.due - before), self._machine_is_off(hours))
                )
        for _ in range(self.chance.randrange(4, 12)):
            self._does(self._at(self._some_moment(), self._database_is_away(self._so_long(0.01, 12))))
        for _ in range(self.chance.randrange(2, 5)):
            self._does(self._at(self._some_moment(), self._storm()))
        if self.chance.random() < 0.4:
            self._does(self._at(self._some_moment(), self._clock_leaps()))
        for resident in self.residents:
            if self.chance.random() < SHARE_WHO_BLOCK:
                self._does(self._at(self._some_moment(), self._is_blocked_by(resident)))

    def _some_moment(self) -> datetime:
        first = self.begin + SETTLING
        return first + self.chance.random() * (self.end - CALM - timedelta(days=6) - first)

    def _so_long(self, least: float, most: float) -> float:
        """Hours: short ones more often than long ones."""
        return float(least * (most / least) ** self.chance.random())

    async def _machine_is_off(self, hours: float) -> None:
        hours = min(hours, (self.end - CALM - self.now()).total_seconds() / 3600)
        if not self._is_on.is_set() or hours <= 0:
            return
        self.tells(f"the machine is off for {hours:.1f} hours")
        self._is_on.clear()
        is_orderly = self.chance.random() < 0.5
        for each in self.processes:
            if is_orderly:
                each.stop()
            else:
                each.kill()
        self.notes_whether_up()
        await asyncio.sleep(hours * 3600)
        self._is_on.set()

    async def _database_is_away(self, hours: float) -> None:
        self.tells(f"the database is away for {hours:.2f} hours")
        self.weather.is_away = True
        self.notes_whether_up()
        await asyncio.sleep(hours * 3600)
        self.weather.is_away = False
        self.notes_whether_up()

    async def _storm(self) -> None:
        """For some days the database loses something now and then, and the platforms are unwell."""
        self.tells("a storm begins")
        self.weather.lost, self.weather.unsure = self.chance.uniform(1, 30), self.chance.uniform(1, 30)
        self.platform.troubles = self.chance.uniform(5, 60)
        await asyncio.sleep(86_400 * self.chance.uniform(1, 6))
        self.weather.lost = self.weather.unsure = self.platform.troubles = 0.0
        self.tells("the storm is over")

    async def _clock_leaps(self) -> None:
        minutes = self.chance.uniform(15, 50)
        self.tells(f"the clock leaps {minutes:.0f} minutes forward, for half a day")
        self.skew = timedelta(minutes=minutes)
        await asyncio.sleep(43_200)
        self.skew = timedelta(0)
        self.tells("the clock is right again")

    async def _is_blocked_by(self, resident: Resident) -> None:
        self.tells(f"{resident.name} blocks us")
        self.platform.gone[resident.address] = self.now()

    # ── Residents ─────────────────────────────────────────────────────────────────────────────────────────────

    def _plans(self, resident: Resident) -> None:
        chance = resident.chance
        for wave in self.expected.values():
            if chance.random() < CONVERSATIONS[wave.form] / RESIDENTS:
                moment = self._moment_in(wave, chance)
                stream = Stream.OPEN if wave.form == "tham_luot" or chance.random() < 0.3 else Stream.INVITED
                self._does(self._at(moment, resident.takes_part(wave, library.load(wave.form), stream)))
                if chance.random() < 0.25:
                    again = moment + chance.random() ** 2 * (wave.closes_at - moment + timedelta(hours=2))
                    self._does(self._at(again, resident.takes_part(wave, library.load(wave.form), stream)))
                if chance.random() < 0.08:
                    later = moment + chance.random() * (wave.closes_at + timedelta(days=9) - moment)
                    self._does(self._at(later, resident.withdraws()))

    def _moment_in(self, wave: Expected, chance: Random) -> datetime:
        """Mostly by day; some at the very end, when a minute decides."""
        if chance.random() < 0.15:
            return wave.closes_at - timedelta(seconds=chance.uniform(-200, 400))
        days = (wave.closes_at - wave.due).days
        day = wave.due + timedelta(days=chance.randrange(max(1, days)))
        at_some_hour = datetime.combine(day.astimezone(LOCAL).date(), time(), LOCAL) + timedelta(
            hours=chance.uniform(6, 22)
        )
        return max(at_some_hour, wave.due + timedelta(minutes=3))

    def _received(self, arrived: Arrived) -> None:
        """Something lies in a chat, unasked."""
        push = push_in(arrived, self.expected.values())
        if push is not None and arrived.address in self._at_address:
            resident = self._at_address[arrived.address]
            form = library.load(push.wave.form)
            self._does(resident.reacts_to(push.wave, form, arrived.say))
