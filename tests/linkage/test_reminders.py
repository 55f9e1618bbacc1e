"""Nobody learns from the outbox who had answered when reminders went out, whatever they read and however often they read it.

An attacker watches the database while reminders leave: every state a row goes through and when, the numbers of the transactions that wrote
it and the places it was written to, its order, what is kept beside it. Each of these is an order of people; it is laid beside the truth, and
must put those who had answered before the others as often as behind them. That the same code finds them where a row does tell is shown
beside it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from math import sqrt
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.channels.contract import Outcome, Sent
from bot.sending.attempting import Attempting
from storage.database import Database
from storage.statements import Prepared
from storage.vault import Vault
from tests.bot.inviting_town import InvitingTown
from tests.bot.test_sender import Running
from tests.bulk_server.server import BulkServer, Fault
from tests.conftest import Clock

PEOPLE = range(1, 91)
HAVE_ANSWERED = 45
DEVIATIONS = 5.0
"""So far from a half an order may be by chance: once in two million."""
LOOK_EVERY = 0.004  # seconds

Orders = Mapping[str, Mapping[int, float]]
"""What an order is of → person → their place in it."""


@dataclass
class Watch:
    """What somebody saw who read the deliveries of reminders all the time."""

    began: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    beside: Counter[int] = field(default_factory=Counter)
    """How many others were on their way when one began."""

    @property
    def orders(self) -> Orders:
        return {
            "who began first": self.began,
            "who ended first": self.ended,
            "how long it took": {each: self.ended[each] - self.began[each] for each in self.began},
            "in how large a crowd": self.beside,
        }


@asynccontextmanager
async def watching(db: Database, campaign: int) -> AsyncIterator[Watch]:
    watch = Watch()
    looking = asyncio.ensure_future(_look(db, campaign, watch))
    try:
        yield watch
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await _seen(db, campaign, watch)


async def _look(db: Database, campaign: int, watch: Watch) -> None:
    while True:
        await _seen(db, campaign, watch)
        await asyncio.sleep(LOOK_EVERY)


STATES = Prepared(text("SELECT contact, state FROM deliveries WHERE campaign = :of"))


async def _seen(db: Database, campaign: int, watch: Watch) -> None:
    async with db.reading() as tx:
        found = await tx._connection.fetch(STATES, of=campaign)
    now = asyncio.get_running_loop().time()
    on_their_way = [int(contact, 16) for contact, state in found if state == "sending"]
    for person in on_their_way:
        if person not in watch.began:
            watch.began[person] = now
            watch.beside[person] = len(on_their_way)
    for contact, state in found:
        person = int(contact, 16)
        if state == "sent" and person not in watch.ended:
            watch.began.setdefault(person, now)
            watch.beside.setdefault(person, 0)
            watch.ended[person] = now


async def at_rest(db: Database, campaign: int) -> Orders:
    """What the rows themselves say, once everything is over."""
    if not await _is_postgres(db):
        statement = "SELECT contact, id, rowid, until, attempts FROM deliveries WHERE campaign = :of"
        names = (
            "in which order they were written down",
            "where they lie",
            "until when they rest",
            "attempts",
        )
    else:
        statement = (
            "SELECT contact, id, xmin::text::bigint, (ctid::text::point)[0] * 1000 + (ctid::text::point)[1],"
            " extract(epoch FROM until)::float, attempts FROM deliveries WHERE campaign = :of"
        )
        names = (
            *("in which order they were written down", "by which transaction", "where they lie"),
            *("until when they rest", "attempts"),
        )
    async with db.reading() as tx:
        found = await tx._connection.fetch(Prepared(text(statement)), of=campaign)
    orders: dict[str, dict[int, float]] = {
        name: {int(row[0], 16): _number(row[place]) for row in found}
        for place, name in enumerate(names, start=1)
    }
    shared = Counter(orders["by which transaction"].values()) if "by which transaction" in orders else {}
    if shared:
        together = {person: shared[number] for person, number in orders["by which transaction"].items()}
        orders["by a transaction of how many"] = {
            person: float(number) for person, number in together.items()
        }
    return orders


async def _is_postgres(db: Database) -> bool:
    return type(db).__name__.startswith("Postgres")


def _number(value: object) -> float:
    return (
        float("".join(each for each in value if each.isdigit())) if isinstance(value, str) else float(value)
    )  # type: ignore[arg-type]


def far_from_a_half(order: Mapping[int, float], answered: set[int]) -> float:
    """How often an order puts who had answered before who had not, as standard deviations from half of the time (Mann and Whitney)."""
    ones = [place for person, place in order.items() if person in answered]
    others = [place for person, place in order.items() if person not in answered]
    before = sum((one < other) + 0.5 * (one == other) for one in ones for other in others)
    pairs = len(ones) * len(others)
    # Ties make the true deviation smaller; where all are alike it is nothing, and so is what is measured.
    deviation = sqrt(pairs * (len(ones) + len(others) + 1) / 12)
    return abs(before - pairs / 2) / deviation


def told_by(orders: Orders, answered: set[int]) -> list[str]:
    return [name for name, order in orders.items() if far_from_a_half(order, answered) > DEVIATIONS]


# ── The town ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def server() -> AsyncIterator[BulkServer]:
    """It answers as platforms do: sometimes sooner, sometimes later."""
    numbers, dice = count(1), random.Random(5)

    def takes_its_time(method: str, chat: int) -> Fault:
        body = f'{{"ok":true,"result":{{"message_id":{next(numbers)},"date":0,"chat":{{"id":{chat},"type":"private"}}}}}}'
        return Fault(200, body.encode(), done_first=True, wait=dice.uniform(0.03, 0.15))

    async with BulkServer(limit=10_000, a_chat=0, faults=takes_its_time) as server:
        yield server


@pytest.fixture
async def running(clock: Clock) -> Running:
    return Running(clock.moment)


@pytest.fixture
def town(
    database: Database, vault: Vault, tmp_path: Path, running: Running, server: BulkServer
) -> InvitingTown:
    # As many in a second as Telegram takes, or nearly: what leaves is spread over its time.
    return InvitingTown(database, vault, tmp_path, running, server.url, a_second=60)


async def reminded(town: InvitingTown, running: Running) -> tuple[Orders, set[int]]:
    """Everything that could be seen of it, and the truth."""
    wave = await town.open()
    await town.people(PEOPLE)
    invite = await town.invite()
    async with town.sending():
        await town.until_done(invite.id)
    answered = set(random.Random(1578).sample(PEOPLE, HAVE_ANSWERED))
    for number in sorted(answered):
        await town.answers(number, wave)
    running.moment += timedelta(days=3)
    remind = await town.remind(1)
    async with watching(town.db, remind.id) as watch, town.sending():
        await town.until_done(remind.id)
    return {**watch.orders, **await at_rest(town.db, remind.id)}, answered


# ── What is true ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_row_and_no_moment_tells_who_had_answered(
    town: InvitingTown, running: Running, server: BulkServer
):
    orders, answered = await reminded(town, running)

    assert {each.chat for each in server.log[len(PEOPLE) :]} == set(PEOPLE) - answered
    assert all(set(order) == set(PEOPLE) for order in orders.values())
    assert told_by(orders, answered) == []
    async with town.db.reading() as tx:
        kept = await tx._connection.fetch(
            Prepared(
                text(
                    "SELECT count(*) FROM sent_messages m JOIN deliveries d ON d.id = m.delivery"
                    " JOIN campaigns c ON c.id = d.campaign WHERE c.kind = 'remind'"
                )
            )
        )
    assert [tuple(row) for row in kept] == [(0,)]


async def at_once(attempting: Attempting) -> Outcome:
    return Sent("")


async def test_whoever_ends_what_does_not_leave_at_once_tells_everybody(
    town: InvitingTown, running: Running, monkeypatch: pytest.MonkeyPatch
):
    # What a simpler line would do: it shows that these orders do find people where there is something to find.
    monkeypatch.setattr(Attempting, "_as_if", at_once)

    orders, answered = await reminded(town, running)

    assert "how long it took" in told_by(orders, answered)


def shuffled(order: Callable[[int], float]) -> dict[int, float]:
    return {person: order(person) for person in PEOPLE}


def test_an_order_that_tells_nothing_is_not_taken_for_one_that_does():
    dice, answered = random.Random(3), set(range(1, HAVE_ANSWERED + 1))

    assert far_from_a_half(shuffled(lambda person: 1.0), answered) == 0
    assert far_from_a_half(shuffled(lambda person: dice.random()), answered) < DEVIATIONS
    assert far_from_a_half(shuffled(lambda person: person), answered) > DEVIATIONS
