"""What keeps the house in order by itself: copies that can be put back, a ledger for witnesses, counting again, forgetting."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.app import House, opened
from bot.deeds import deeds_of, made_chores
from bot.settings import InvalidSettings, Settings, load
from handlers.audit import Audit
from handlers.chores import Backup, Heads
from handlers.noting import at_the_machine, note
from handlers.occasions import Found, NotNow, Occasion
from handlers.schedules import Schedules
from handlers.units import load_seed
from storage.backup import BackupFailed, backed_up, thinned_out
from storage.database import Database
from storage.schedule_rows import DueRow
from storage.sqlite import path_of
from surveys.delivery import Audience, Campaign
from surveys.schedules import Daily, Schedule
from surveys.schedules.purposes import Purpose, is_chore
from surveys.windows import Purpose as Sent
from tests.conftest import Clock
from tests.handlers.notice_desk import TRA_VINH
from tests.postgres import PostgresServer
from tests.released import a_released_wave
from tests.storage.conftest import a_unit

NIGHT = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
MARK = "Phường Chim Vàng Anh"


def tonight(purpose: str = Purpose.BACKUP, due: datetime = NIGHT) -> Occasion:
    return Occasion("chore", due, purpose, "", "", {}, timedelta(0))


# ── Backups ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def restored(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> "Iterator[Restored]":
    if database_url.startswith("sqlite"):
        yield Restored(f"sqlite:///{tmp_path}/restored.sqlite", None)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.execute("CREATE DATABASE restored")
    yield Restored(server.url("restored"), server)
    server.execute("DROP DATABASE restored WITH (FORCE)")


class Restored:
    """Another place, and a backup put back there as docs/operating.md says."""

    def __init__(self, url: str, server: PostgresServer | None) -> None:
        self.url = url
        self._server = server

    def put_back(self, file: Path) -> None:
        if self._server is None:
            shutil.copyfile(file, path_of(self.url))
            return
        subprocess.run(["pg_restore", "--no-owner", f"--dbname={self.url}", str(file)], check=True)


async def writes(database: Database, stop: asyncio.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        async with database.transaction() as tx:
            await tx.units.upsert_many([a_unit(f"9{number % 9000:04}", f"Phường {number}")])


async def test_a_backup_made_beside_everybody_s_work_can_be_put_back(
    database: Database, database_url: str, restored: Restored, tmp_path: Path
):
    await load_seed(database)
    stop = asyncio.Event()
    writing = asyncio.create_task(writes(database, stop))
    await asyncio.sleep(0.05)

    file = await backed_up(database_url, tmp_path / "copies", NIGHT)

    stop.set()
    await writing
    restored.put_back(file)
    copy = await Database.open(restored.url)
    async with copy.reading() as tx:
        assert (await tx.units.get(TRA_VINH)) is not None
    async with copy.transaction() as tx:
        await tx.units.upsert_many([a_unit("99999")])  # it is one to work with
    await copy.close()
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in file.parent.iterdir()] == [file.name]


async def test_begun_again_it_is_the_same_backup_and_the_oldest_go(
    database: Database, database_url: str, tmp_path: Path
):
    await load_seed(database)
    backup = Backup(database_url, tmp_path / "copies", 3)

    told = [await backup(tonight(due=NIGHT + timedelta(days=each))) for each in (0, 0, 1, 2, 3)]

    assert told[0] == told[1]
    assert told[0].startswith("Đã sao lưu vào langnghe-20261122T190000Z.")
    suffix = ".sqlite" if database_url.startswith("sqlite") else ".dump"
    assert sorted(each.name for each in (tmp_path / "copies").iterdir()) == [
        f"langnghe-202611{day}T190000Z{suffix}" for day in (23, 24, 25)
    ]
    assert thinned_out(tmp_path / "copies", 3) == 0


async def test_what_was_deleted_is_not_in_the_copy(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
):
    path = path_of(sqlite_url)
    with closing(sqlite3.connect(path, isolation_level=None)) as careless:  # one that leaves remnants behind
        careless.execute("PRAGMA secure_delete = OFF")
        careless.execute("CREATE TABLE notes (words TEXT)")
        careless.executemany("INSERT INTO notes VALUES (?)", [(f"{MARK} {each}",) for each in range(500)])
        careless.execute("DELETE FROM notes")
        careless.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert MARK.encode() in path.read_bytes()

    file = await backed_up(sqlite_url, tmp_path / "copies", NIGHT)

    assert MARK.encode() not in file.read_bytes()


@pytest.mark.postgres
async def test_a_server_that_is_away_leaves_no_half_a_backup(tmp_path: Path):
    with pytest.raises(BackupFailed, match="pg_dump failed"):
        await backed_up("postgresql://nobody:geheim@127.0.0.1:9/nothing", tmp_path / "copies", NIGHT)

    assert list((tmp_path / "copies").iterdir()) == []


async def test_a_directory_that_cannot_be_written_to_says_so(sqlite_url: str, tmp_path: Path):
    (tmp_path / "copies").write_text("a file in its place")

    with pytest.raises(BackupFailed, match="no new backup"):
        await backed_up(sqlite_url, tmp_path / "copies", NIGHT)
    with pytest.raises(NotNow, match="BACKUP_DIR"):
        await Backup(sqlite_url, None, 3)(tonight())


@pytest.mark.parametrize("name", ["backup_dir", "witness_dir"])
def test_copies_lie_apart_from_the_keys(tmp_path: Path, name: str):
    with pytest.raises(InvalidSettings, match="within KEYS_DIR"):
        load(keys_dir=tmp_path / "keys", **{name: tmp_path / "keys" / "copies"})


# ── The house's own schedules ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(
        database_url=database_url,
        keys_dir=tmp_path / "keys",
        backup_dir=tmp_path / "copies",
        witness_dir=tmp_path / "witnesses",
    )


async def through_the_night(house: House, clock: Clock, hours: int = 24) -> None:
    for _ in range(hours * 2):
        clock.advance(minutes=30)
        await house.schedules.tick()


async def test_they_are_there_from_the_start_and_are_done_every_night(settings: Settings, clock: Clock):
    begun = clock()
    async with opened(settings, now=clock, passed=lambda: (clock() - begun).total_seconds()) as house:
        await made_chores(house)
        await made_chores(house)  # the next start

        await through_the_night(house, clock)

        planned = {each.row.purpose: each for each in await house.schedules.all()}
        assert {Purpose(each) for each in planned} == {
            *(Purpose.PURGE, Purpose.FLUSH, Purpose.BACKUP, Purpose.RECONCILE, Purpose.HEADS)
        }
        came = {
            purpose: [(due.state, due.reason) for due in await house.schedules.history(each.row.id)]
            for purpose, each in planned.items()
        }
        assert {purpose: [state for state, _ in each] for purpose, each in came.items()} == {
            purpose: ["done"] for purpose in planned
        }
        assert all(each.row.unit is None and is_chore(each.row.purpose) for each in planned.values())
        [copy] = (settings.backup_dir or Path()).iterdir()
        assert copy.name.startswith("langnghe-")


async def test_a_backup_that_takes_its_time_keeps_no_survey_waiting(settings: Settings, clock: Clock):
    begun, made, goes_on = clock(), asyncio.Event(), asyncio.Event()

    async def slow(occasion: Occasion) -> str:
        made.set()
        await goes_on.wait()
        return "xong"

    async def quick(occasion: Occasion) -> str:
        return "đã mở"

    async with opened(settings, now=clock, passed=lambda: (clock() - begun).total_seconds()) as house:
        await load_seed(house.db)
        deeds = {Purpose.BACKUP.value: slow, Purpose.OPEN_WAVE.value: quick}
        schedules = Schedules(house.db, deeds, clock, passed=lambda: (clock() - begun).total_seconds())
        at_nine = Schedule(Daily(date(2026, 11, 22)), time(9), date(2026, 11, 22))
        for purpose, unit in ((Purpose.BACKUP, None), (Purpose.OPEN_WAVE, "86")):
            await schedules.add(at_nine, purpose=purpose, title="", unit=unit, owner="An", id=purpose.value)
        clock.advance(hours=1)

        keeping = asyncio.create_task(schedules.tick_for_the_house())
        await made.wait()
        assert await schedules.tick_for_people() == 1
        assert [due.state for due in await schedules.history("chore.backup")] == ["running"]

        goes_on.set()
        assert await keeping == 1
        assert await schedules.tick() == 0


async def test_one_that_was_moved_or_paused_stays_so_at_the_next_start(settings: Settings, clock: Clock):
    async with opened(settings, now=clock) as house:
        await made_chores(house)
        purge = await house.schedules.get("chore-purge")
        moved = replace(purge.schedule, at=purge.schedule.at.replace(hour=5))
        await house.schedules.change("chore-purge", 1, moved, title="Xóa", owner="An")
        await house.schedules.pause("chore-backup", 1)

        await made_chores(house)

        assert (await house.schedules.get("chore-purge")).words == "hằng ngày, 05:00"
        assert (await house.schedules.get("chore-backup")).row.state == "paused"


async def test_what_chores_did_is_forgotten_after_a_season_and_nothing_else(settings: Settings, clock: Clock):
    async with opened(settings, now=clock) as house:
        await load_seed(house.db)
        await made_chores(house)
        await house.schedules.add(
            (await house.schedules.get("chore-purge")).schedule,
            purpose=Purpose.REMIND_OFFICERS,
            title="Nhắc",
            unit="86",
            owner="An",
            id="86-nhac",
        )
        long_ago = clock() - timedelta(days=100)
        async with house.db.transaction() as tx:
            for id in ("chore-backup", "86-nhac"):
                for due in (long_ago, clock() - timedelta(days=1)):
                    done = DueRow(schedule=id, due=due, state="done", tries=1, reason="xong", settled_at=due)
                    await tx.dues.add(done)

        await deeds_of(house)[Purpose.PURGE](tonight(Purpose.PURGE))

        assert len(await house.schedules.history("chore-backup")) == 1
        assert len(await house.schedules.history("86-nhac")) == 2


# ── Counting again ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_agrees_is_said_and_what_does_not_is_for_a_person(settings: Settings, clock: Clock):
    async with opened(settings, now=clock) as house:
        await load_seed(house.db)
        reconcile = deeds_of(house)[Purpose.RECONCILE]
        async with house.db.transaction() as tx:
            await note(tx, at_the_machine("An"), "test", "thing:1", unit=None, at=clock())
            sent = Campaign("notice", "n", Sent.NOTICE, Audience((TRA_VINH,)), clock())
            campaign = await tx.outbox.create(sent)
        assert "1 dòng" in await reconcile(tonight())

        _execute(settings.database_url, f"INSERT INTO delivery_counts VALUES ({campaign}, 'web', 'sent', 2)")
        with pytest.raises(Found, match=rf"không khớp: {campaign}\."):
            await reconcile(tonight())
        _execute(settings.database_url, "UPDATE delivery_counts SET number = 0")
        assert "khớp" in await reconcile(tonight())


async def test_a_trail_that_was_rewritten_is_found(sqlite_url: str, tmp_path: Path, clock: Clock):
    settings = load(database_url=sqlite_url, keys_dir=tmp_path / "keys")
    async with opened(settings, now=clock) as house:
        for number in range(3):
            async with house.db.transaction() as tx:
                await note(tx, at_the_machine("An"), "test", f"thing:{number}", unit=None, at=clock())
        for trigger in _triggers(sqlite_url):
            _execute(
                sqlite_url, f"DROP TRIGGER {trigger}"
            )  # the database refuses; whoever has the file does not ask it
        _execute(sqlite_url, "UPDATE audit SET name = 'Bình' WHERE number = 2")

        with pytest.raises(Found, match="từ dòng 2"):
            await deeds_of(house)[Purpose.RECONCILE](tonight())


def _triggers(url: str) -> list[str]:
    with closing(sqlite3.connect(path_of(url))) as driver:
        return [name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]


def _audit(house: House) -> Audit:
    return Audit(house.db, house.ledger)


def _execute(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(url), isolation_level=None)) as driver:
            driver.execute(statement)
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


# ── Witnesses ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_heads_are_put_down_and_history_that_changed_is_for_a_person(settings: Settings, clock: Clock):
    async with opened(settings, now=clock) as house:
        await load_seed(house.db)
        await a_released_wave(house.db, house.ledger, clock)
        directory = settings.witness_dir or Path()
        heads = Heads(_audit(house), directory)

        told = await heads(tonight(Purpose.HEADS))
        assert await heads(tonight(Purpose.HEADS)) == told

        lines = (directory / "ledger.jsonl").read_text("utf-8").splitlines()
        assert told == f"Đã ghi head-{len(lines)}.txt cho bên chứng kiến."
        assert {each.name for each in directory.iterdir()} == {
            *("ledger.jsonl", "key.txt", f"head-{len(lines)}.txt")
        }
        (directory / "ledger.jsonl").write_text("\n".join(["another history", *lines[1:]]), "utf-8")
        with pytest.raises(Found, match="line 1"):
            await heads(tonight(Purpose.HEADS))
