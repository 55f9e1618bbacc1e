"""Consent to notices reaches the contacts in bulk, never in the breath of an answer, and never against what was said last."""

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from storage import rows
from storage.arrivals import Arrival, Arrivals
from storage.database import Database, Unavailable
from storage.vault import Vault
from surveys.conversation import Address
from tests.storage.conftest import a_unit


def person(number: int) -> Address:
    return Address("telegram", f"1000{number}")


def arrival(number: int, unit: str | None = "29242", language: str = "vi") -> Arrival:
    return Arrival(
        address=person(number),
        unit=unit,
        language=language,
        purposes=("notices",),
        consented_on=date(2026, 11, 22),
        consent_text="Tôi đồng ý nhận thông báo của phường.",
    )


@pytest.fixture
def arrivals(tmp_path: Path, vault: Vault) -> Arrivals:
    return Arrivals(tmp_path / "arrivals", vault)


async def contact(database: Database, vault: Vault, number: int) -> rows.Contact | None:
    async with database.reading() as tx:
        return await tx.contacts.by_fingerprint(vault.fingerprint(person(number)))


async def test_nothing_reaches_the_contacts_before_the_flush(
    database: Database, arrivals: Arrivals, vault: Vault
):
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    await asyncio.gather(*(arrivals.add(arrival(number)) for number in range(5)))
    assert await contact(database, vault, 3) is None

    assert await arrivals.flush(database) == 5

    found = await contact(database, vault, 3)
    assert found is not None
    assert vault.open_address(found.fingerprint, found.address) == person(3)
    assert (found.unit, found.language, json.loads(found.purposes)) == ("29242", "vi", ["notices"])
    assert found.consent_text == "Tôi đồng ý nhận thông báo của phường."
    assert await arrivals.flush(database) == 0


async def test_what_was_said_last_counts(sqlite_database: Database, arrivals: Arrivals, vault: Vault):
    await arrivals.add(arrival(1, language="vi"))
    await arrivals.add(arrival(1, language="km"))
    await arrivals.add(arrival(2))
    await arrivals.leave(person(2))
    await arrivals.leave(person(3))
    await arrivals.add(arrival(3))

    await arrivals.flush(sqlite_database)

    found = [await contact(sqlite_database, vault, number) for number in (1, 2, 3)]
    assert [each and each.language for each in found] == ["km", None, "vi"]


async def test_leaving_takes_the_contact_away(sqlite_database: Database, arrivals: Arrivals, vault: Vault):
    await arrivals.add(arrival(1))
    await arrivals.flush(sqlite_database)
    await arrivals.leave(person(1))
    await arrivals.flush(sqlite_database)

    assert await contact(sqlite_database, vault, 1) is None


async def test_a_ward_nobody_knows_does_not_stop_the_others(
    sqlite_database: Database, arrivals: Arrivals, vault: Vault
):
    await arrivals.add(arrival(1, unit="nowhere"))

    await arrivals.flush(sqlite_database)

    found = await contact(sqlite_database, vault, 1)
    assert found is not None
    assert found.unit is None


async def test_the_files_tell_nobody_anything(arrivals: Arrivals, tmp_path: Path):
    await arrivals.add(arrival(1))
    await arrivals.leave(person(2))

    files = list((tmp_path / "arrivals").iterdir())

    assert len(files) == 2
    for file in files:
        assert file.stat().st_mode & 0o077 == 0
        for secret in (b"1000", b"telegram", b"29242", b"notices"):
            assert secret not in file.read_bytes() + file.name.encode()


async def test_a_flush_that_failed_loses_nothing(sqlite_url: str, arrivals: Arrivals, vault: Vault):
    closed = await Database.open(sqlite_url)
    await closed.close()
    await arrivals.add(arrival(1, unit=None))

    with pytest.raises(Unavailable):
        await arrivals.flush(closed)
    await arrivals.add(arrival(1, unit=None, language="km"))  # said after the failed flush
    reopened = await Database.open(sqlite_url)
    assert await arrivals.flush(reopened) == 1

    found = await contact(reopened, vault, 1)
    await reopened.close()
    assert found is not None
    assert found.language == "km"


async def test_one_process_flushes_at_a_time(
    sqlite_database: Database, arrivals: Arrivals, tmp_path: Path, vault: Vault
):
    other = Arrivals(tmp_path / "arrivals", vault)
    await arrivals.add(arrival(1))

    done = await asyncio.gather(arrivals.flush(sqlite_database), other.flush(sqlite_database))

    assert sorted(done) == [0, 1]
