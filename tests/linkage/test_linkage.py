"""Nobody links a ballot, a comment or a receipt to a resident better than by chance, whatever file they hold.

Every order of residents an attacker may know is laid beside every order of ballots that may be found in a file, forwards and
backwards, ward by ward: the first with the first, and so on. By chance one pair a ward is right, however many its residents.
Measured over several worlds, so that chance is narrow; the bounds are 1.5 times chance and, for all strategies together, the
99 % interval (Bonferroni's). That the same code finds everybody where an order does lead somewhere is shown beside it.
"""

import random
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from scipy.stats import poisson

from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from tests.conftest import Clock
from tests.linkage.files import Files
from tests.linkage.town_of_a_thousand import (
    CANARY_ADDRESS,
    CANARY_WORD,
    Guest,
    Known,
    Thing,
    a_world,
)
from tests.postgres import PostgresServer

WORLDS = 3
AT_MOST = 1.5  # times chance
CONFIDENCE = 0.99
START = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)

Places = Mapping[str, Mapping[bytes, int]]


# ── The attacker ─────────────────────────────────────────────────────────────────────────────────────────────────


def orders_of_guests(guests: Iterable[Guest], known: Known) -> dict[str, list[str]]:
    """Every order that a file, a watcher or a coercer may put residents into."""
    by: dict[str, Callable[[Guest], tuple[object, ...]]] = {
        "who came first": lambda guest: (guest.came,),
        "who left first": lambda guest: (guest.left,),
        "the rows of their sessions": lambda guest: (guest.nullifier,),
        "the size of their sessions": lambda guest: (guest.size, guest.left),
        "their addresses": lambda guest: (guest.name,),
        "the receipts they showed": lambda guest: (known.shown.get(guest.name, ""),),
    }
    return {name: [guest.name for guest in sorted(guests, key=key)] for name, key in by.items()}


def orders_of_things(things: Iterable[Thing], places: Places) -> dict[str, list[str]]:
    """Every order they may be found in: that of their table, of their bytes, of each file."""
    things = list(things)
    orders = {
        "as the table has them": sorted(things, key=lambda thing: thing.place),
        "by their bytes": sorted(things, key=lambda thing: thing.bytes),
        "by their size": sorted(things, key=lambda thing: (thing.size, thing.place)),
    }
    for file, found in places.items():
        there = [thing for thing in things if thing.bytes in found]
        orders[f"as {file} has them"] = sorted(there, key=lambda thing, at=found: at[thing.bytes])  # type: ignore[misc]
    return {name: [thing.owner for thing in ordered] for name, ordered in orders.items()}


@dataclass
class Count:
    """Right guesses of one strategy, and how many chance would give."""

    right: int = 0
    chance: float = 0.0


@dataclass
class Attack:
    of: dict[str, Count] = field(default_factory=dict)

    def lays(self, name: str, guessed: Sequence[str], true: Sequence[str]) -> None:
        """Beside one another, forwards and backwards: the first with the first, and so on. A pair is right by chance once."""
        pairs = min(len(guessed), len(true))
        chance = pairs / max(len(guessed), len(true), 1)
        for direction, of in (("", true), (", backwards", true[::-1])):
            count = self.of.setdefault(name + direction, Count())
            count.right += sum(one == other for one, other in zip(guessed, of, strict=False))
            count.chance += chance

    def links(self, known: Known, things: Sequence[Thing], places: Places) -> None:
        """Residents with what they sealed, ward by ward."""
        owners = {thing.owner for thing in things}
        for unit in sorted({thing.unit for thing in things}):
            guests = [guest for guest in known.guests if guest.unit == unit and guest.name in owners]
            found = orders_of_things((thing for thing in things if thing.unit == unit), places)
            for by, guessed in orders_of_guests(guests, known).items():
                for order, true in found.items():
                    self.lays(f"{by} | {order}", guessed, true)

    def joins(self, ones: Sequence[Thing], others: Sequence[Thing], places: tuple[Places, Places]) -> None:
        """Two heaps with one another: ballots with comments, with receipts. Whose both are is granted, their order is not."""
        owners = {thing.owner for thing in ones} & {thing.owner for thing in others}
        for unit in sorted({thing.unit for thing in ones}):
            first, second = (
                orders_of_things(
                    (thing for thing in heap if thing.unit == unit and thing.owner in owners), places[which]
                )
                for which, heap in enumerate((ones, others))
            )
            for by, guessed in first.items():
                for order, true in second.items():
                    self.lays(f"{by} | {order}", guessed, true)

    def verdict(self) -> str:
        """Empty when nothing is better than chance; otherwise what is. Few are counted together, so that 1.5 means something."""
        level = (1 - CONFIDENCE) / max(1, len(self.of))
        better = []
        for name, count in self.of.items():
            is_outside = poisson.sf(count.right - 1, count.chance) < level
            if is_outside or (count.chance >= ENOUGH and count.right > AT_MOST * count.chance):
                better.append(f"{name}: {count.right} right, chance gives {count.chance:.0f}")
        return "\n".join(better)


SOME = 120  # residents: enough to fill pages
ENOUGH = 50  # right guesses that chance gives: below, half as many again is chance too


# ── The disks ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Disk:
    """A database, and everything it has written."""

    url: str
    holds: tuple[Path, ...]

    def stolen(self, to: Path) -> Files:
        if self.url.startswith("postgresql"):
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
        return Files([each for each in self.holds if each.exists()], to)


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server for this test alone: its write-ahead log holds what was written to any of its databases."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def disks(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Callable[[str], Disk]:
    """Name → a new disk."""

    def on_sqlite(name: str) -> Disk:
        path = tmp_path / f"{name}.sqlite"
        shutil.copyfile(sqlite_template, path)
        beside = tuple(path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", "-journal"))
        return Disk(f"sqlite:///{path}", beside)

    def on_postgres(name: str) -> Disk:
        server: PostgresServer = request.getfixturevalue("own_server")
        server.execute(f"CREATE DATABASE {name}")
        migrate.up_now(server.url(name))
        return Disk(server.url(name), (server.data,))

    return on_sqlite if request.param == "sqlite" else on_postgres


@pytest.fixture
def same_dice(monkeypatch: pytest.MonkeyPatch) -> None:
    # A test of chance that draws anew each time fails now and then for no reason. Keys, salts, receipts and ids come from
    # here instead of the system, so the same code gives the same result; nothing else is different.
    dice = random.Random(1578)
    monkeypatch.setattr(secrets, "token_bytes", lambda size=32: dice.randbytes(size))
    monkeypatch.setattr(secrets, "token_hex", lambda size=32: dice.randbytes(size).hex())
    monkeypatch.setattr(secrets, "SystemRandom", lambda: dice)


# ── What is true ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("same_dice")
async def test_no_file_and_no_order_links_anybody_to_anything(disks: Callable[[str], Disk], tmp_path: Path):
    ballots, comments, receipts, joined = Attack(), Attack(), Attack(), Attack()
    naive, watched = Attack(), Attack()

    for number in range(WORLDS):
        disk = disks(f"w{number}")
        vault = Vault(FileKeys(tmp_path / f"keys-{number}"))
        database = await Database.open(disk.url)
        try:
            world = await a_world(database, vault, tmp_path, Clock(START), seed=number)
            before = disk.stolen(tmp_path / f"before-{number}")
            await world.seal()
            known = await world.known()
            after = disk.stolen(tmp_path / f"after-{number}")
        finally:
            await database.close()
        assert len(known.ballots) == len(known.receipts) == len(known.guests)
        heaps = {"ballots": known.ballots, "comments": known.comments, "receipts": known.receipts}
        found = after.places_of({heap: [thing.bytes for thing in heaps[heap]] for heap in heaps})
        ballots.links(known, known.ballots, found["ballots"])
        comments.links(known, known.comments, found["comments"])
        receipts.links(known, known.receipts, found["receipts"])
        joined.joins(known.ballots, known.receipts, (found["ballots"], found["receipts"]))
        joined.joins(known.ballots, known.comments, (found["ballots"], found["comments"]))
        joined.joins(known.comments, known.receipts, (found["comments"], found["receipts"]))
        naive.links(known, in_order_of_sessions(known), {})
        watched.links(known, *as_sessions(known, before))

    # The code that finds nobody finds everybody where there is something to find: in ballots that lie as their sessions
    # did, and on PostgreSQL in the sessions themselves, whose rows lie as they came (and, without the key, tell nothing else).
    assert "the rows of their sessions | as the table has them" in naive.verdict()
    if disk.url.startswith("postgresql"):
        assert "who came first" in watched.verdict()
    # A receipt that somebody shows is found among the receipts: that is what it is for.
    assert all("the receipts they showed" in line for line in receipts.verdict().splitlines())
    assert (ballots.verdict(), comments.verdict(), joined.verdict()) == ("", "", "")


def in_order_of_sessions(known: Known) -> list[Thing]:
    """The ballots of a town that seals them as their sessions lie."""
    rank = {
        guest.name: place
        for place, guest in enumerate(sorted(known.guests, key=lambda guest: guest.nullifier))
    }
    return [replace(ballot, place=rank[ballot.owner]) for ballot in known.ballots]


def as_sessions(known: Known, files: Files) -> tuple[list[Thing], Places]:
    things = [Thing(guest.unit, guest.name, 0, guest.nullifier) for guest in known.guests]
    return things, files.places(thing.bytes for thing in things)


async def test_no_canary_leaves_a_trace(
    disks: Callable[[str], Disk],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    """Addresses and words are in no file at any time; who chose what is in none before sealing."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    disk = disks("canary")
    keys = tmp_path / "keys"
    vault = Vault(FileKeys(keys))
    database = await Database.open(disk.url)
    try:
        world = await a_world(database, vault, tmp_path, Clock(START), seed=7, residents=SOME)
        before = disk.stolen(tmp_path / "before")
        await world.seal()
        after = disk.stolen(tmp_path / "after")
        released = "".join(ward.to_json() for ward in await world.waves.results())
    finally:
        await database.close()
    said = "".join(capfd.readouterr())
    arrivals = Files([tmp_path / "arrivals", temporary], tmp_path / "beside")

    for canary in (CANARY_ADDRESS, CANARY_WORD):
        for files in (before, after, arrivals):
            assert files.holding(canary.encode()) == []
        assert canary not in said
        assert canary not in released
    # Before sealing nobody's choice can be read, however it would be written down; afterwards it stands under no name.
    for choice in (b'"q1":"', b'["q1","', b'"q1": "'):
        assert before.holding(choice) == []
    assert after.holding(b'"q1":"') != []
    receipts = {world.receipts[guest.name].encode() for guest in world.guests if not guest.withdraws}
    assert receipts <= {each for found in after.places(receipts).values() for each in found}
