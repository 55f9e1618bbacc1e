"""A thousand residents of twenty wards answer at realistic times; then what an attacker finds is laid beside what is true.

The attacker has every file of the database but the key store, at every moment, and knows who came when. Rather than parse
pages and logs for it, we grant what they could tell at best: the row under which each resident's session lay (its nullifier),
its size, and the order in which such rows were first and last written."""

import heapq
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from handlers.residents import Residents, ResidentsSettings
from handlers.waves import Plan, Waves
from storage import rows
from storage.arrivals import Arrivals
from storage.database import Database
from storage.vault import Vault
from surveys import entry
from surveys.ballots import read_answers
from surveys.conversation import Address, Incoming, Reply
from surveys.entry import Entry, Stream
from surveys.forms.form import Form
from surveys.forms.xlsform import read
from surveys.waves import GRACE, Audience
from tests.conftest import Clock
from tests.journeys.town import DOORS

__all__ = ["CANARY_ADDRESS", "CANARY_WORD", "SLUG", "Guest", "Known", "Thing", "World", "a_world"]

WARDS = 20
RESIDENTS = 1000
QUESTIONS = 4
STEPS = ("a", "b", "c", "d", "e")
SLUG = "2026-thu"
CANARY_ADDRESS = "chim-hoang-yen-"  # every resident's address begins so
CANARY_WORD = "hoangyenhot"  # every comment has it
COMMENTING = 0.3
WITHDRAWING = 0.01
COMING_WITHIN = timedelta(hours=9)
SECONDS_BETWEEN_TAPS = 9.0


def the_form() -> Form:
    """Four questions of five choices: within a ward no two residents answer alike, so that a link can be told from a guess."""
    questions = "".join(
        f"| | select_one muc | q{number} | Câu {number} | |\n" for number in range(1, QUESTIONS + 1)
    )
    choices = "".join(f"| | muc | {step} | Mức {step} |\n" for step in STEPS)
    text = (
        "| survey | | | | |\n| | type | name | label | bind::ln:role |\n"
        + questions
        + "| | text | gop_y | Góp ý | comment |\n"
        + "| choices | | | |\n| | list_name | name | label |\n"
        + choices
        + "| settings | | | | |\n| | form_title | form_id | version | namespaces |\n"
        + '| | Phiếu thử | thu | 1 | ln="urn:langnghe:form" |\n'
    )
    return read("thu.md", text.encode())


@dataclass
class Guest:
    """A resident as they are: what no file may tell."""

    name: str
    unit: str
    pattern: tuple[str, ...]
    comment: str | None
    withdraws: bool
    came: int = 0
    """Place in the order of first taps."""
    left: int = 0
    """Place in the order of last messages."""
    nullifier: bytes = b""
    size: int = 0
    """Of the session's row, in bytes."""
    sent: int = 0

    @property
    def address(self) -> Address:
        return Address("telegram", self.name)

    def message(self, **what: object) -> Incoming:
        self.sent += 1
        return Incoming(self.address, f"{self.name}/{self.sent}", **what)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Thing:
    """Something that was sealed: a ballot, a comment, a receipt; and, for measuring only, whose it is."""

    unit: str
    owner: str
    place: int
    """Where the table has it, read in its own order."""
    bytes: bytes
    """What it is found by in a file."""
    size: int = 0


@dataclass(frozen=True)
class Known:
    """Everything the attacker is granted, and the truth to measure by."""

    guests: tuple[Guest, ...]
    ballots: tuple[Thing, ...]
    comments: tuple[Thing, ...]
    receipts: tuple[Thing, ...]
    shown: Mapping[str, str]
    """Resident → receipt: what somebody may have been made to show."""


class World:
    def __init__(
        self,
        database: Database,
        vault: Vault,
        directory: Path,
        clock: Clock,
        *,
        seed: int,
        residents: int = RESIDENTS,
    ) -> None:
        self._random = random.Random(seed)
        self.database = database
        self.vault = vault
        self.clock = clock
        arrivals = Arrivals(directory / "arrivals", vault)
        self.residents = Residents(database, vault, arrivals, ResidentsSettings(doors=DOORS), now=clock)
        self.waves = Waves(database, vault, clock)
        self.guests = self._guests(residents)
        self.receipts: dict[str, str] = {}

    def _guests(self, residents: int) -> list[Guest]:
        units = [f"9{number:04}" for number in range(WARDS)]
        shares = [self._random.uniform(0.5, 1.5) for _ in units]
        homes = units * 5 + self._random.choices(units, shares, k=residents - 5 * WARDS)
        patterns: dict[str, set[tuple[str, ...]]] = {unit: set() for unit in units}
        guests = []
        for number, unit in enumerate(homes):
            while (
                pattern := tuple(self._random.choices(STEPS, (40, 30, 15, 10, 5), k=QUESTIONS))
            ) in patterns[unit]:
                pass
            patterns[unit].add(pattern)
            comment = f"{CANARY_WORD} lần {number}" if self._random.random() < COMMENTING else None
            name = f"{CANARY_ADDRESS}{self._random.randrange(10**9):09}"
            guests.append(Guest(name, unit, pattern, comment, self._random.random() < WITHDRAWING))
        self._random.shuffle(guests)
        return guests

    async def open(self) -> None:
        async with self.database.transaction() as tx:
            await tx.units.upsert_many(
                rows.Unit(
                    code=unit,
                    name=f"phường {unit}",
                    kind="ward",
                    province=None,
                    valid_from=self.clock().date() - timedelta(days=99),
                    source="thử",
                )
                for unit in sorted({guest.unit for guest in self.guests})
            )
        now = self.clock()
        plan = Plan(
            SLUG,
            the_form(),
            "Phiếu thử",
            Audience.RESIDENTS,
            now,
            now + timedelta(days=1),
            dict.fromkeys({guest.unit for guest in self.guests}, 100),
        )
        self.wave_id = await self.waves.open(plan)
        await self.residents.refresh()

    async def answer(self) -> None:
        """Everybody comes when they come, and conversations interleave as they do."""
        begin = self.clock()
        seconds = COMING_WITHIN.total_seconds()
        due = [
            (self._random.uniform(0, seconds), number, guest, self._does(guest))
            for number, guest in enumerate(self.guests)
        ]
        heapq.heapify(due)
        replies: dict[str, Reply | None] = {}
        came = left = 0
        while due:
            at, number, guest, script = heapq.heappop(due)
            self.clock.moment = max(self.clock.moment, begin + timedelta(seconds=at))
            what = next(script, None)
            if what is None:
                continue
            replies[guest.name] = reply = await self.residents.receive(
                self._incoming(guest, what, replies.get(guest.name))
            )
            if what == "Đồng ý, bắt đầu":
                came += 1
                guest.came = came
            left += 1
            guest.left = left
            self._look_for_receipt(guest, reply)
            heapq.heappush(
                due, (at + self._random.expovariate(1 / SECONDS_BETWEEN_TAPS), number, guest, script)
            )
        await self._look_at_sessions()

    def _does(self, guest: Guest) -> Iterator[str]:
        yield "/start"
        yield "Đồng ý, bắt đầu"
        for step in guest.pattern:
            yield f"Mức {step}"
        yield guest.comment if guest.comment else "Bỏ qua"
        if guest.withdraws:
            yield "/dulieu"
            yield "Rút lại và xóa câu trả lời"
            yield "Xóa, tôi chắc chắn"

    def _incoming(self, guest: Guest, what: str, heard: Reply | None) -> Incoming:
        if what == "/start":
            return guest.message(
                start=entry.mint(Entry(guest.unit, Stream.INVITED, SLUG), self.vault.entry_key)
            )
        options = {
            option.label: option.token for say in (heard.messages if heard else ()) for option in say.options
        }
        if what in options:
            return guest.message(tap=options[what])
        return guest.message(text=what)

    def _look_for_receipt(self, guest: Guest, reply: Reply) -> None:
        for say in reply.messages:
            for word in say.text.split():
                if len(word.strip(".")) == 19 and word.count("-") == 3:
                    self.receipts[guest.name] = word.strip(".")

    async def _look_at_sessions(self) -> None:
        async with self.database.reading() as tx:
            bodies = {nullifier: body async for nullifier, body in tx.sessions.of_wave(self.wave_id)}
        for guest in self.guests:
            guest.nullifier = self.vault.nullifier(self.wave_id, guest.address.person)
            guest.size = len(bodies.get(guest.nullifier, b""))

    async def seal(self) -> None:
        self.clock.moment += timedelta(days=1) + GRACE + timedelta(hours=1)
        # Each step is due at some moment after the one before; a clock that ticks daily takes them all.
        for _ in range(6):
            await self.waves.advance()
            self.clock.moment += timedelta(days=1)

    async def known(self) -> Known:
        async with self.database.reading() as tx:
            ballots = [each async for each in tx.ballots.of_wave(self.wave_id)]
            comments = await tx.comments.of_wave(self.wave_id)
            receipts = [each async for each in tx.receipts.of_wave(self.wave_id)]
        by_pattern = {(guest.unit, guest.pattern): guest for guest in self.guests}
        by_comment = {guest.comment: guest for guest in self.guests if guest.comment}
        by_receipt = {receipt: guest for guest in self.guests if (receipt := self.receipts.get(guest.name))}
        return Known(
            tuple(guest for guest in self.guests if not guest.withdraws),
            tuple(
                Thing(
                    each.unit,
                    by_pattern[each.unit, pattern_of(each.answers)].name,
                    place,
                    each.salt,
                    len(each.answers),
                )
                for place, each in enumerate(ballots)
            ),
            tuple(
                Thing(each.unit, by_comment[self._text(each.id, each.body)].name, place, each.body[:16])
                for place, each in enumerate(comments)
            ),
            tuple(
                Thing(by_receipt[each].unit, by_receipt[each].name, place, each.encode())
                for place, each in enumerate(receipts)
            ),
            dict(self.receipts),
        )

    def _text(self, id: str, body: bytes) -> str:
        return str(json.loads(self.vault.open_comment(id, body))["text"])


def pattern_of(answers: str) -> tuple[str, ...]:
    read = read_answers(answers)
    return tuple(read[f"q{number}"] for number in range(1, QUESTIONS + 1))


async def a_world(
    database: Database, vault: Vault, directory: Path, clock: Clock, *, seed: int, residents: int = RESIDENTS
) -> World:
    world = World(database, vault, directory, clock, seed=seed, residents=residents)
    await world.open()
    await world.answer()
    return world
