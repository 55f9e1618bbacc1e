"""News for officers, on both databases: taken once, in order, by whoever comes first."""

import asyncio

from handlers.notices import Notices
from handlers.people import People
from handlers.tidings import CURSOR, Tidings
from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.rights import Actor, Role
from tests.conftest import Clock
from tests.handlers.notice_desk import LONG_DUC, TRA_VINH, a_draft


async def enrolled(people: People, name: str, role: Role, account: str, unit: str = LONG_DUC) -> Actor:
    code = await people.appoint(None, name=name, role=role, unit=unit, title=f"{role} {name}")
    return await people.enrol_by_bot(code, Address("telegram-officers", account))


async def test_every_row_is_taken_once_by_four_at_once(database: Database, vault: Vault, clock: Clock):
    await load_seed(database)
    people, notices = People(database, vault, clock), Notices(database, clock)
    writer = await enrolled(people, "Nguyễn Văn An", Role.OFFICER, "1")
    chief = await enrolled(people, "Trần Thị Bình", Role.CHIEF, "2")
    await enrolled(people, "Võ Văn Em", Role.CHIEF, "3", TRA_VINH)
    readers = [Tidings(database, vault, notices, clock) for _ in range(4)]
    for number in range(6):
        draft = await notices.write(writer, a_draft(f"Thông báo số {number}."))
        submitted = await notices.submit(writer, draft.id, draft.version)
        if number % 2:
            await notices.reject(chief, submitted.id, submitted.version, "Thiếu ngày.")

    told = [
        tiding
        for _ in range(4)
        for each in await asyncio.gather(*(reader.next() for reader in readers))
        for tiding in each
    ]

    by_whom = sorted((tiding.action, tiding.address.id) for tiding in told)
    # What came back meanwhile waits for nobody any more.
    assert by_whom == [("notice.reject", "1")] * 3 + [("notice.submit", "2")] * 3
    async with database.reading() as tx:
        last = await tx.audit.last()
        assert last is not None
        assert await tx.markers.value(CURSOR) == last.number


async def test_an_account_whose_key_is_gone_stops_nobody_else_s(
    sqlite_database: Database, vault: Vault, clock: Clock
):
    await load_seed(sqlite_database)
    people, notices = People(sqlite_database, vault, clock), Notices(sqlite_database, clock)
    writer = await enrolled(people, "Nguyễn Văn An", Role.OFFICER, "1")
    chief = await enrolled(people, "Trần Thị Bình", Role.CHIEF, "2")
    await enrolled(people, "Lê Thị Giang", Role.CHIEF, "3")
    async with sqlite_database.transaction() as tx:
        staff = await tx.staff.get(chief.person)
        assert staff is not None
        await tx.staff.set_account(chief.person, staff.fingerprint or b"", b"\x01" + bytes(200))
    draft = await notices.write(writer, a_draft())
    await notices.submit(writer, draft.id, draft.version)

    told = await Tidings(sqlite_database, vault, notices, clock).next()

    assert [tiding.address.id for tiding in told] == ["3"]
