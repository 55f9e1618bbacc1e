"""What an answer to an invitation leaves behind, on both databases: a session, and not a trace beside the name of whoever gave it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from storage.sqlite import SqliteDatabase
from storage.vault import Vault
from surveys.entry import Stream
from tests.conftest import Clock
from tests.journeys.invitations import agrees, invited
from tests.journeys.town import LONG_DUC, Resident, Town, a_town

YEARLY = "nam-2026"
NAMES = ("contacts", "contact_entries", "subscriptions", "deliveries", "campaigns", "contact_heard", "links")


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


@pytest.mark.parametrize("way", ["tap", "number", "consent"])
async def test_an_answer_is_the_same_on_either_database(town: Town, tmp_path: Path, way: str) -> None:
    resident = await agrees(Resident(town))
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)

    if way == "tap":
        await resident.taps("Hài lòng")
    elif way == "number":
        await resident.says("2")
    else:
        await resident.says("phiếu đang mở")
        await resident.says("1")
        await resident.taps("Đồng ý, bắt đầu")
        await resident.says("2")

    [session] = await town.sessions(wave)
    assert (session.unit, session.stream, dict(session.answers)) == (
        LONG_DUC,
        Stream.INVITED,
        {"kip_thoi": "4"},
    )


@pytest.mark.postgres
async def test_no_row_that_names_anybody_is_written_or_locked(
    postgres_url: str, tmp_path: Path, vault: Vault, clock: Clock
) -> None:
    """On PostgreSQL a row that was only locked carries the number of the transaction that locked it."""

    def marks() -> dict[str, list[tuple[object, ...]]]:
        with psycopg.connect(postgres_url) as connection:
            there = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables").fetchall()}
            return {
                name: connection.execute(f"SELECT ctid, xmin, xmax FROM {name} ORDER BY ctid").fetchall()  # type: ignore[call-overload]
                for name in NAMES
                if name in there
            }

    async with a_town(postgres_url, tmp_path, vault, clock) as town:
        resident = await agrees(Resident(town))
        wave = await town.opens_yearly()
        await invited(town, YEARLY, tmp_path, resident)
        before = marks()
        assert all(before[name] for name in ("contacts", "subscriptions", "deliveries", "campaigns"))

        await resident.taps("Để tối nay")
        await resident.says("2")
        await resident.says("2")

        assert marks() == before
        assert len((await town.answers(wave))[0]) == 2


async def test_putting_off_writes_nothing_and_answering_a_session_alone(
    sqlite_url: str, tmp_path: Path, vault: Vault, clock: Clock
) -> None:
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        resident = await agrees(Resident(town))
        await town.opens_yearly()
        await invited(town, YEARLY, tmp_path, resident)
        invitation = resident.heard
        assert isinstance(town.database, SqliteDatabase)
        said: list[str] = []
        town.database._writer.set_trace_callback(said.append)

        await resident.taps("Để tối nay")
        put_off, said[:] = _changes(said), []
        resident.heard = invitation
        await resident.taps("Hài lòng")
        answered = _changes(said)

        town.database._writer.set_trace_callback(None)
        assert put_off == []
        assert {table for _, table in answered} == {"sessions", "lobbies"}


def _changes(said: list[str]) -> list[tuple[str, str]]:
    found = (re.match(r"(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", each.strip()) for each in said)
    return [(each[1], each[2]) for each in found if each]
