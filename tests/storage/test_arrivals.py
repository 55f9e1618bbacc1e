"""Consent to notices reaches the contacts in bulk, never in the breath of an answer, and never against what was said last."""

import asyncio
import json
from dataclasses import replace
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


# ── What waits already holds ─────────────────────────────────────────────────────────────────────────────────────


async def test_who_said_stop_has_left_before_the_contacts_know(
    database: Database, arrivals: Arrivals, vault: Vault
):
    await arrivals.add(arrival(1))
    await arrivals.add(arrival(2))
    await arrivals.flush(database)

    await arrivals.leave(person(1))

    assert await contact(database, vault, 1) is not None
    assert arrivals.has_left(vault.fingerprint(person(1)))
    assert not arrivals.has_left(vault.fingerprint(person(2)))
    assert not arrivals.has_left(vault.fingerprint(person(3)))
    assert arrivals.leaving() == {vault.fingerprint(person(1))}


async def test_who_left_and_came_again_is_there(arrivals: Arrivals, vault: Vault):
    await arrivals.leave(person(1))
    await arrivals.add(arrival(1))

    assert not arrivals.has_left(vault.fingerprint(person(1)))
    assert arrivals.waiting(vault.fingerprint(person(1))) == arrival(1)


async def test_who_said_stop_while_the_contacts_are_written_has_left(
    tmp_path: Path, arrivals: Arrivals, vault: Vault
):
    fingerprint = vault.fingerprint(person(1))
    await arrivals.leave(person(1))

    (tmp_path / "arrivals" / fingerprint.hex()).rename(tmp_path / "arrivals" / f"{fingerprint.hex()}.taken")

    assert arrivals.has_left(fingerprint)


# ── Which topics of which wards ──────────────────────────────────────────────────────────────────────────────────


async def wants(database: Database, vault: Vault, number: int) -> list[tuple[str, str]]:
    async with database.reading() as tx:
        return await tx.subscriptions.of(vault.fingerprint(person(number)))


async def test_what_somebody_wants_is_written_with_them_and_goes_with_them(
    database: Database, arrivals: Arrivals, vault: Vault
):
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    wanted = (("29242", "scam"), ("29242", "fire"), ("00000", "fire"))
    await arrivals.add(replace(arrival(1), wants=wanted))
    assert await wants(database, vault, 1) == []

    await arrivals.flush(database)
    assert await wants(database, vault, 1) == [("29242", "fire"), ("29242", "scam")]

    await arrivals.add(replace(arrival(1), wants=(("29242", "traffic"),)))
    await arrivals.flush(database)
    assert await wants(database, vault, 1) == [("29242", "traffic")]

    await arrivals.leave(person(1))
    await arrivals.flush(database)
    assert await wants(database, vault, 1) == []


async def test_a_consent_of_an_earlier_version_is_for_every_topic_of_its_ward(
    tmp_path: Path, sqlite_database: Database, arrivals: Arrivals, vault: Vault
):
    async with sqlite_database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    fingerprint = vault.fingerprint(person(1))
    entry = {
        "unit": "29242",
        "language": "vi",
        "purposes": ["notices"],
        "consented_on": "2026-11-20",
        "consent_text": "Đồng ý.",
    }
    told = json.dumps([person(1).account, person(1).id, entry]).encode()
    (tmp_path / "arrivals" / fingerprint.hex()).write_bytes(vault.seal_arrival(fingerprint, told))

    await arrivals.flush(sqlite_database)

    topics = {topic for _, topic in await wants(sqlite_database, vault, 1)}
    assert topics == {"scam", "traffic", "procedure", "fire", "other"}
