"""What the database itself keeps of notices and of who wants which."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from storage import migrate, rows
from storage.database import Database
from storage.migrate import _config, _connected
from storage.notice_rows import Picture
from storage.vault import Vault
from surveys.conversation import Address
from surveys.notices import Audience, Category, Draft, Hand, Notice, State, Text
from tests.storage.conftest import a_unit
from tests.storage.test_outbox import a_contact

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
WRITER = Hand("p-an", "An", "post", "Cán bộ", NOW)


def a_notice(id: str = "n1", code: str = "Q7-204") -> Notice:
    draft = Draft(Category.SCAM, {"vi": Text.of("Cảnh giác.")}, Audience(("29242",)))
    return Notice(id, code, "29242", draft, State.DRAFT, 1, (WRITER,))


@pytest.fixture
async def ward(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.units.upsert_many([a_unit()])
    return database


async def test_a_notice_reads_back_as_it_was_written(ward: Database) -> None:
    notice = replace(a_notice(), submitted=WRITER, urged=(WRITER, replace(WRITER, person="p-b")))

    async with ward.transaction() as tx:
        await tx.notices.add(notice, NOW)

    async with ward.reading() as tx:
        assert await tx.notices.get("n1") == notice
        assert await tx.notices.by_code("Q7-204") == notice


async def test_a_stale_version_changes_nothing(ward: Database) -> None:
    async with ward.transaction() as tx:
        await tx.notices.add(a_notice(), NOW)
        assert await tx.notices.save(replace(a_notice(), version=2, state=State.CANCELLED), NOW)

    async with ward.transaction() as tx:
        assert not await tx.notices.save(replace(a_notice(), version=2, state=State.DRAFT), NOW)
        assert not await tx.notices.save(replace(a_notice("other"), version=2), NOW)

    async with ward.reading() as tx:
        found = await tx.notices.get("n1")
    assert found is not None
    assert found.state is State.CANCELLED


async def test_who_asked_for_surveys_alone_is_no_listener_to_notices(ward: Database, vault: Vault) -> None:
    wanted = {1: ("scam", "businesses"), 2: ("surveys",), 3: ("businesses",), 4: ("surveys", "businesses")}
    async with ward.transaction() as tx:
        await tx.contacts.upsert_many(a_contact(vault, person, "29242", "vi") for person in wanted)
        for person, topics in wanted.items():
            fingerprint = vault.fingerprint(Address("telegram", str(person)))
            await tx.subscriptions.replace(fingerprint, [("29242", topic) for topic in topics])

    async with ward.reading() as tx:
        found = [row async for row in tx.subscriptions.listeners(["29242"], ["scam"], NOW)]

    assert [row[0] for row in found] == [vault.fingerprint(Address("telegram", "1"))]


async def test_a_code_is_given_once(ward: Database) -> None:
    async with ward.transaction() as tx:
        await tx.notices.add(a_notice(), NOW)

    with pytest.raises(Exception, match=r"(?i)unique"):
        async with ward.transaction() as tx:
            await tx.notices.add(a_notice("n2"), NOW)


async def test_a_press_counts_once_and_is_forgotten_but_for_its_number(ward: Database) -> None:
    async with ward.transaction() as tx:
        await tx.notices.add(a_notice(), NOW)
        assert await tx.sightings.add_many([("n1", b"a" * 16), ("n1", b"b" * 16), ("n1", b"a" * 16)]) == {
            "n1": 2
        }

    async with ward.transaction() as tx:
        assert await tx.sightings.add_many([("n1", b"b" * 16)]) == {}
        await tx.sightings.forget("n1")

    async with ward.reading() as tx:
        found = await tx.notices.get("n1")
    assert found is not None
    assert found.seen == 2


async def test_a_picture_is_kept_once(ward: Database) -> None:
    picture = Picture(digest="0" * 64, content=b"jpeg", width=2, height=2, taken_on=date(2026, 11, 22))
    async with ward.transaction() as tx:
        await tx.pictures.save(picture)
        await tx.pictures.save(Picture(**{**picture.model_dump(), "content": b"other"}))

    async with ward.reading() as tx:
        assert await tx.pictures.content("0" * 64) == b"jpeg"
        assert not await tx.pictures.has("1" * 64)


def test_who_agreed_to_a_wards_notices_before_gets_all_its_topics(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.sqlite"
    config = _config()
    with _connected(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        unit = {**a_unit().model_dump()}
        names = ", ".join(unit)
        unit["valid_from"] = unit["valid_from"].isoformat()
        connection.execute(text(f"INSERT INTO units ({names}) VALUES (:{', :'.join(unit)})"), unit)
        for place, (ward, purposes) in enumerate(
            [("29242", '["notices"]'), (None, '["notices"]'), ("29242", "[]")]
        ):
            contact = rows.Contact(
                id=f"c{place}",
                account="telegram",
                fingerprint=bytes([place]) * 16,
                address=b"sealed",
                unit=ward,
                language="vi",
                purposes=purposes,
                consented_on=date(2026, 11, 1),
                consent_text="Đồng ý.",
            ).model_dump()
            contact["consented_on"] = "2026-11-01"
            names = ", ".join(contact)
            connection.execute(
                text(f"INSERT INTO contacts ({names}) VALUES (:{', :'.join(contact)})"), contact
            )

    migrate.up_now(url)

    with _connected(url) as connection:
        found = connection.execute(text("SELECT fingerprint, unit, topic FROM subscriptions")).fetchall()
    assert {(row[0], row[1]) for row in found} == {(b"\0" * 16, "29242")}
    assert {row[2] for row in found} == {topic.value for topic in Category}
