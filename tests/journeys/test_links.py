"""A person met at two addresses is two, until they say with a code that they are one: then there is one ballot."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage import rows
from storage.statements import Prepared
from storage.vault import Vault
from surveys import commands
from surveys.commands import Command, Word
from surveys.entry import Stream
from surveys.links import new_code, read_code
from tests.conftest import Clock
from tests.journeys.town import LONG_DUC, Resident, Town, a_town

COUNT_LINKS = Prepared(select(func.count()).select_from(rows.table(rows.Link)))
CODE = re.compile(r"LK-\w{4}-\w{4}")


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    """On both databases: what may not touch a row is a matter of the database."""
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


def two(town: Town) -> tuple[Resident, Resident]:
    return (
        Resident(town, "1867", account="zalo:579745863508352884"),
        Resident(town, "9981", account="zalo:600000000000000001"),
    )


async def code_of(resident: Resident) -> str:
    found = CODE.search((await resident.says("/lienket")).text)
    assert found is not None
    return found[0]


async def linked(town: Town) -> tuple[Resident, Resident]:
    first, second = two(town)
    assert "Đã nối" in await second.says(await code_of(first))
    return first, second


def test_a_code_is_read_however_it_is_typed():
    code = new_code(bytes(range(8)))

    for typed in (code, code.lower(), code.replace("-", " "), code.replace("-", ""), f" {code}. "):
        assert read_code(typed) == code
        assert commands.read(typed) == Command(Word.LINK, code)
    assert commands.read(f"/lienket {code}") == Command(Word.LINK, code)
    assert commands.read("liên kết") == commands.read("/lienket") == Command(Word.LINK)
    assert commands.read("/huylienket") == Command(Word.UNLINK)
    assert read_code("LK-0000-1111") is None


async def test_without_a_link_two_addresses_are_two_people(town: Town) -> None:
    wave = await town.opens_visits()
    for resident in two(town):
        await resident.agrees_at_the_counter()

    assert len(await town.sessions(wave)) == 2


async def test_once_linked_both_answer_the_same_ballot(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = await linked(town)
    await first.agrees_at_the_counter()
    await first.says("1")

    assert (await second.says("menu")).text
    assert (await second.says("tiếp tục")).text.startswith("2/5")
    await second.says("1")

    [session] = await town.sessions(wave)
    assert len(session.answers) == 2


async def test_a_button_offered_on_one_works_on_the_other_and_says_whose_platform_sees_it(town: Town) -> None:
    wave = await town.opens_visits()
    zalo, _ = two(town)
    phone = Resident(town)
    await phone.says(await code_of(zalo))

    card = await phone.starts(town.link(LONG_DUC, Stream.VISIT))
    assert "Telegram" in card.text
    await phone.taps("Đồng ý, bắt đầu")

    assert len(await town.sessions(wave)) == 1


async def test_what_the_second_had_answered_becomes_the_firsts(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = two(town)
    await second.agrees_at_the_counter()
    await second.says("1")
    before = await town.answers(wave)

    await second.says(await code_of(first))

    assert await town.answers(wave) == before
    assert (await first.says("tiếp tục")).text.startswith("2/5")


async def test_where_both_had_answered_the_first_counts_and_the_other_is_withdrawn(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = two(town)
    for resident, answers in ((first, ("1",)), (second, ("2", "2"))):
        await resident.agrees_at_the_counter()
        for answer in answers:
            await resident.says(answer)
    kept = (await town.answers(wave))[0 if len((await town.answers(wave))[0]) == 1 else 1]

    await second.says(await code_of(first))

    assert await town.answers(wave) == [kept]
    async with town.database.reading() as tx:
        assert await tx.sessions.count(wave) == 2  # the one withdrawn stays a blank place until sealing


async def test_a_code_works_once(town: Town) -> None:
    first, second = two(town)
    third = Resident(town)
    code = await code_of(first)
    await second.says(code)

    assert "Mã này không đúng" in await third.says(code)


async def test_two_who_type_a_code_at_once_do_not_both_get_in(town: Town) -> None:
    first, second = two(town)
    code = await code_of(first)

    heard = await asyncio.gather(second.says(code), Resident(town).says(code))

    assert sorted("Đã nối" in each for each in heard) == [False, True]


async def test_a_code_dies_after_ten_minutes(town: Town) -> None:
    first, second = two(town)
    code = await code_of(first)
    town.clock.moment += timedelta(minutes=10)

    assert "Mã này không đúng" in await second.says(code)


async def test_nobody_is_linked_to_themselves_nor_in_a_ring(town: Town) -> None:
    first, second = await linked(town)

    assert "đã được nối rồi" in await first.says(await code_of(first))
    assert "đã được nối rồi" in await first.says(await code_of(second))
    assert "đã được nối rồi" in await second.says(await code_of(first))


async def test_three_addresses_are_one_person(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = await linked(town)
    third = Resident(town)
    await third.says(await code_of(second))

    for resident in (first, second, third):
        await resident.starts(town.link(LONG_DUC, Stream.VISIT))
        if "Đồng ý, bắt đầu" in resident.heard.buttons:
            await resident.taps("Đồng ý, bắt đầu")

    assert len(await town.sessions(wave)) == 1


async def test_a_link_reaches_the_database_in_bulk_and_holds_before_and_after(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = await linked(town)
    await first.agrees_at_the_counter()
    fingerprint = town.vault.fingerprint(second.address)
    async with town.database.reading() as tx:
        assert await tx.links.of(fingerprint) is None

    assert await town.links.flush(town.database, town.clock()) == 1
    assert await town.links.flush(town.database, town.clock()) == 0

    async with town.database.reading() as tx:
        found = await tx.links.of(fingerprint)
    assert found is not None
    assert town.vault.open_address(*found) == first.address
    town.restarts()
    await second.says("1")
    assert len((await town.sessions(wave))[0].answers) == 1


async def test_parted_they_are_two_again(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = await linked(town)
    await town.links.flush(town.database, town.clock())
    await first.agrees_at_the_counter()

    assert "Đã thôi nối" in await second.says("/huylienket")
    assert "chưa nối" in await second.says("/huylienket")
    await second.agrees_at_the_counter()
    await town.links.flush(town.database, town.clock())
    await second.says("1")

    assert len(await town.sessions(wave)) == 2


async def test_who_parts_takes_nobody_along(town: Town) -> None:
    """The second stands for the first, the first for a third: when the first parts from it, the second stays."""
    first, second = await linked(town)
    third = Resident(town)
    await first.says(await code_of(third))
    await town.links.flush(town.database, town.clock())

    await first.says("/huylienket")
    await town.links.flush(town.database, town.clock())

    async with town.database.reading() as tx:
        assert await town.links.first(tx, second.address) == first.address
        assert await town.links.first(tx, third.address) == third.address


async def test_codes_nobody_used_are_swept_away(town: Town, tmp_path: Path) -> None:
    first, _ = two(town)
    await code_of(first)
    await town.links.flush(town.database, town.clock())
    assert len(list((tmp_path / "links" / "codes").iterdir())) == 1

    town.clock.advance(minutes=10)
    await town.links.flush(town.database, town.clock())

    assert list((tmp_path / "links" / "codes").iterdir()) == []


@pytest.mark.parametrize("officer", [0, 1])
async def test_an_officer_does_not_come_in_by_their_other_address(town: Town, officer: int) -> None:
    await town.opens_visits()
    people = await linked(town)
    serving = town.vault.fingerprint(people[officer].address)
    async with town.database.transaction() as tx:
        await tx.officers.add_many([(serving, LONG_DUC)])
    await town.residents.refresh()

    for resident in people:
        heard = await resident.starts(town.link(LONG_DUC, Stream.VISIT))
        if resident is people[1] or officer == 0:
            assert "Đồng ý, bắt đầu" not in heard.buttons


async def test_a_message_brought_twice_says_they_are_joined(town: Town) -> None:
    first, second = two(town)
    message = second.message(text=await code_of(first))
    await second.sends(message)

    assert "đã được nối rồi" in await second.sends(message)


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_forgetting_leaves_blank_places_and_nothing_else(town: Town) -> None:
    visits, yearly = await town.opens_visits(), await town.opens_yearly()
    first, second = await linked(town)
    await first.agrees_at_the_counter()
    await first.says("1")
    await town.links.flush(town.database, town.clock())

    await town.residents.forget(second.address)
    await town.residents.forget(second.address)
    await town.arrivals.flush(town.database)
    await town.links.flush(town.database, town.clock())

    assert await town.sessions(visits) == await town.sessions(yearly) == []
    async with town.database.reading() as tx:
        assert await tx.sessions.count(visits) == 1
        assert await tx.links.of(town.vault.fingerprint(second.address)) is None
        for each in (first, second):
            assert await tx.contacts.by_fingerprint(town.vault.fingerprint(each.address)) is None
            assert await tx.lobbies.at(town.vault.lobby(each.address.person)) is None


async def test_forgetting_the_first_undoes_what_stands_for_it(town: Town) -> None:
    wave = await town.opens_visits()
    first, second = await linked(town)
    await town.links.flush(town.database, town.clock())
    await second.agrees_at_the_counter()

    await town.residents.forget(first.address)
    await town.links.flush(town.database, town.clock())

    assert await town.sessions(wave) == []
    async with town.database.reading() as tx:
        assert await tx.links.of(town.vault.fingerprint(second.address)) is None


async def test_forgetting_writes_no_row_that_names_anybody(town: Town) -> None:
    """The transaction that leaves the blank places touches neither contacts nor links."""
    await town.opens_visits()
    first, _ = await linked(town)
    await town.links.flush(town.database, town.clock())
    await first.agrees_at_the_counter()

    await town.residents.forget(first.address)

    async with town.database.reading() as tx:
        [(links,)] = await tx._connection.fetch(COUNT_LINKS)
    assert links == 1


async def test_where_nobody_has_a_link_looking_costs_no_query(town: Town) -> None:
    class NoQueries:
        def __getattr__(self, name: str) -> object:
            raise AssertionError("a query")

    resident = Resident(town)

    assert await town.links.first(NoQueries(), resident.address) == resident.address  # type: ignore[arg-type]
