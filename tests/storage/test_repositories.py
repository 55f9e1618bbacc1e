"""What the repositories promise, on both databases."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from storage import rows
from storage.ballots import SealedBallot
from storage.catalogue import CATALOGUE
from storage.database import Database
from storage.people import Person
from storage.staging import Superseded
from tests.storage.conftest import a_form, a_unit, a_wave, prepare

Clock = Callable[[], datetime]


class Unlucky(Exception):
    """A unit of work went wrong."""


def nullifier(number: int) -> bytes:
    return number.to_bytes(16, "big")


def a_ballot(position: int, **other: Any) -> SealedBallot:
    ballot = SealedBallot(
        position=position,
        unit="29242",
        stream="visit",
        mode="self",
        answers=json.dumps({"overall": "5"}),
        salt=bytes(16),
        commitment=bytes(32),
    )
    return ballot._replace(**other)


async def test_one_read_finds_the_lobby_and_every_session(database: Database, wave: int):
    async with database.transaction() as tx:
        await tx.lobbies.save(nullifier(1), b"waiting", date(2026, 11, 22))
        await tx.sessions.save(nullifier(2), wave, b"answering")
        await tx.sessions.save(nullifier(3), wave, b"somebody else")

    async with database.reading() as tx:
        found = await tx.people.at(nullifier(1), [nullifier(2), nullifier(99)])
        nobody = await tx.people.at(nullifier(98), [])

    assert found == Person(b"waiting", {nullifier(2): (wave, b"answering")})
    assert nobody == Person(None, {})


async def test_a_saved_session_replaces_what_was_there(database: Database, wave: int):
    async with database.transaction() as tx:
        await tx.sessions.save(nullifier(1), wave, b"first")
        await tx.sessions.save(nullifier(1), wave, b"second")
        await tx.sessions.save(nullifier(2), wave, b"other")
        await tx.sessions.delete(nullifier(2))

    async with database.reading() as tx:
        assert await tx.sessions.of([nullifier(1), nullifier(2)]) == {nullifier(1): (wave, b"second")}
        assert await tx.sessions.of([]) == {}


async def test_a_wave_is_sealed_in_nullifier_order_and_then_empty(database: Database, wave: int):
    async with database.transaction() as tx:
        for number in (5, 1, 300, 4):
            await tx.sessions.save(nullifier(number), wave, str(number).encode())

    async with database.transaction() as tx:
        order = [body async for _, body in tx.sessions.of_wave(wave)]
        gone = await tx.sessions.delete_wave(wave)

    assert order == [b"1", b"4", b"5", b"300"]
    assert gone == 4
    async with database.reading() as tx:
        assert await tx.sessions.count(wave) == 0


async def test_more_sessions_than_a_page(database: Database, wave: int):
    async with database.transaction() as tx:
        for number in range(1201):
            await tx.sessions.save(nullifier(number), wave, b"")

    async with database.reading() as tx:
        assert [int.from_bytes(each, "big") async for each, _ in tx.sessions.of_wave(wave)] == list(
            range(1201)
        )


async def test_a_lobby_forgets_who_has_not_been_back(database: Database):
    async with database.transaction() as tx:
        await tx.lobbies.save(nullifier(1), b"long ago", date(2026, 10, 1))
        await tx.lobbies.save(nullifier(2), b"long ago", date(2026, 10, 1))
        await tx.lobbies.save(nullifier(2), b"back again", date(2026, 11, 1))
        await tx.lobbies.save(nullifier(3), b"left", date(2026, 11, 1))
        await tx.lobbies.delete(nullifier(3))
        assert await tx.lobbies.purge(date(2026, 10, 15)) == 1

    async with database.reading() as tx:
        found = [await tx.lobbies.at(nullifier(number)) for number in (1, 2, 3)]

    assert found == [None, b"back again", None]


@pytest.mark.parametrize(
    ("hours", "state", "is_open"),
    [(0, "open", True), (24, "open", False), (-24, "open", True), (-25, "open", False), (0, "closed", False)],
)
async def test_a_wave_takes_answers_from_its_first_moment_until_its_last(
    database: Database, wave: int, clock: Clock, hours: int, state: str, is_open: bool
):
    async with database.transaction() as tx:
        await tx.waves.set_state(wave, state, clock())

    async with database.reading() as tx:
        found = await tx.waves.open_at(clock() + timedelta(hours=hours))

    assert [each.id for each in found] == ([wave] if is_open else [])


async def test_a_waves_row_comes_back_as_it_went_in(database: Database, clock: Clock):
    await prepare(database, clock())
    given = a_wave(clock(), "2027", threshold="0.90", audience="visits", state="draft", k=5)

    async with database.transaction() as tx:
        id = await tx.waves.add(given)

    async with database.reading() as tx:
        assert await tx.waves.by_id(id) == await tx.waves.by_slug("2027") == given
        assert await tx.waves.by_id(10**6) is await tx.waves.by_slug("?") is None
        assert [each.slug for each in await tx.waves.all()] == ["2026", "2027"]


async def test_a_waves_way_leaves_its_moments(database: Database, wave: int, clock: Clock):
    at = clock()
    async with database.transaction() as tx:
        for hours, state in enumerate(("closed", "sealed", "released")):
            await tx.waves.set_state(wave, state, at + timedelta(hours=hours))
        await tx.waves.set_key_destroyed(wave, at + timedelta(hours=9))
        with pytest.raises(LookupError):
            await tx.waves.set_state(999, "closed", at)

    async with database.reading() as tx:
        found = await tx.waves.by_id(wave)

    assert found is not None
    assert (found.state, found.closed_at, found.sealed_at) == ("released", at, at + timedelta(hours=1))
    assert (found.released_at, found.key_destroyed_at) == (at + timedelta(hours=2), at + timedelta(hours=9))


async def test_moments_are_aware_and_utc_wherever_they_came_from(database: Database, clock: Clock):
    await prepare(database, clock())
    hanoi = timezone(timedelta(hours=7))
    local = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=hanoi)

    async with database.transaction() as tx:
        id = await tx.waves.add(a_wave(local, "local"))
    async with database.reading() as tx:
        found = await tx.waves.by_id(id)

    assert found is not None
    assert found.opens_at == local - timedelta(days=1)
    assert found.opens_at.tzinfo is UTC


async def test_a_moment_without_a_zone_is_refused(database: Database, wave: int):
    with pytest.raises(ValueError, match="time zone"):
        async with database.transaction() as tx:
            await tx.waves.set_state(wave, "closed", datetime(2026, 11, 22))  # noqa: DTZ001  (the point)


async def test_the_marker_moves_with_every_change_to_the_catalogue(database: Database, clock: Clock):
    seen = []

    async def look() -> None:
        async with database.reading() as tx:
            seen.append(await tx.markers.value(CATALOGUE))

    await look()
    wave = await prepare(database, clock())
    await look()
    async with database.transaction() as tx:
        await tx.waves.set_state(wave, "closed", clock())
    await look()
    async with database.transaction() as tx:
        await tx.wave_units.add_many([rows.WaveUnit(wave_id=wave, unit="29242", invited=7)])
    await look()
    async with database.transaction() as tx:
        await tx.sessions.save(nullifier(1), wave, b"")  # an answer is no change to the catalogue
    await look()

    assert seen[0] == 0
    assert seen[0] < seen[1] < seen[2] < seen[3] == seen[4]


async def test_a_published_form_never_changes(database: Database):
    async with database.transaction() as tx:
        await tx.forms.add(a_form())
        await tx.forms.add(a_form())
        await tx.forms.add(a_form(version="2", digest="1" * 64))

    with pytest.raises(ValueError, match="published already"):
        async with database.transaction() as tx:
            await tx.forms.add(a_form(digest="2" * 64))

    async with database.reading() as tx:
        assert [form.version for form in await tx.forms.all()] == ["1", "2"]
        assert await tx.forms.get("tham_luot", "2") == a_form(version="2", digest="1" * 64)
        assert await tx.forms.get("tham_luot", "3") is None


async def test_units_keep_their_lineage(database: Database):
    old, new = a_unit("29236", "Phường 4"), a_unit()
    lineage = rows.UnitSuccessor(
        unit="29236", successor="29242", on_date=date(2025, 7, 1), source="NQ 1687/NQ-UBTVQH15"
    )
    alias = rows.UnitAlias(unit="29242", alias="Long Duc")

    for _ in range(2):  # loading the same again changes nothing
        async with database.transaction() as tx:
            await tx.units.upsert_many([old, new], [lineage], [alias])

    async with database.reading() as tx:
        assert await tx.units.all() == [old, new]
        assert await tx.units.get("29236") == old
        assert await tx.units.get("1") is None
        assert await tx.units.successors() == [lineage]
        assert await tx.units.aliases() == [alias]


async def test_who_takes_part_in_a_wave(database: Database, wave: int):
    first, later = (rows.WaveUnit(wave_id=wave, unit="29242", invited=number) for number in (None, 40))

    async with database.transaction() as tx:
        await tx.wave_units.add_many([first])
        await tx.wave_units.add_many([later])

    async with database.reading() as tx:
        assert await tx.wave_units.of_wave(wave) == await tx.wave_units.all() == [later]


async def test_ballots_come_back_by_position(database: Database, wave: int):
    ballots = [a_ballot(position) for position in range(1200)]

    async with database.transaction() as tx:
        await tx.ballots.add_many(wave, (ballots[place] for place in reversed(range(1200))))

    async with database.reading() as tx:
        assert [ballot async for ballot in tx.ballots.of_wave(wave)] == ballots
        assert await tx.ballots.count(wave) == 1200


async def test_receipts_come_in_their_own_order_and_none_twice(database: Database, wave: int):
    async with database.transaction() as tx:
        await tx.receipts.add_many(wave, ["K7QF-0002", "K7QF-0001"])
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.transaction() as tx:
            await tx.receipts.add_many(wave, ["K7QF-0003", "K7QF-0001"])

    async with database.reading() as tx:
        assert [receipt async for receipt in tx.receipts.of_wave(wave)] == ["K7QF-0001", "K7QF-0002"]
        assert await tx.receipts.wave_of("K7QF-0002") == wave
        assert await tx.receipts.wave_of("K7QF-0003") is None


async def test_what_is_laid_out_is_moved_in_order_and_nothing_is_left(database: Database, wave: int):
    ballots = [a_ballot(position) for position in (2, 0, 1)]
    comments = [rows.Comment(id=id, wave_id=wave, unit="29242", week="2026-W47", body=b"x") for id in "ba"]
    async with database.transaction() as tx:
        number = await tx.staging.begin(wave)
        await tx.staging.add_ballots(wave, ballots)
        await tx.staging.add_receipts(wave, ["K7QF-0002", "K7QF-0001", "K7QF-0003"])
        await tx.staging.add_comments(comments)

    async with database.transaction() as tx:
        await tx.staging.go_on(wave, number)
        assert await tx.staging.counts(wave) == (3, 3, 2)
        await tx.staging.move(wave)

    async with database.reading() as tx:
        assert await tx.staging.counts(wave) == (0, 0, 0)
        assert [ballot async for ballot in tx.ballots.of_wave(wave)] == sorted(ballots)
        assert len([receipt async for receipt in tx.receipts.of_wave(wave)]) == 3
        assert [comment.id for comment in await tx.comments.of_wave(wave)] == ["a", "b"]


async def test_whoever_begins_to_lay_out_ends_an_earlier_ones_work(database: Database, wave: int):
    async with database.transaction() as tx:
        first = await tx.staging.begin(wave)
    async with database.transaction() as tx:
        second = await tx.staging.begin(wave)

    with pytest.raises(Superseded):
        async with database.transaction() as tx:
            await tx.staging.go_on(wave, first)
    async with database.transaction() as tx:
        await tx.staging.go_on(wave, second)


async def test_what_a_crash_left_is_cleared_in_pieces(database: Database, wave: int):
    async with database.transaction() as tx:
        await tx.staging.add_ballots(wave, [a_ballot(position) for position in range(5)])
        await tx.staging.add_receipts(wave, ["K7QF-0001"])

    async with database.transaction() as tx:
        assert [await tx.staging.clear_some(wave, 3) for _ in range(3)] == [4, 2, 0]


async def test_comments_come_in_the_order_of_their_random_ids(database: Database, wave: int):
    comments = [
        rows.Comment(id=id, wave_id=wave, unit="29242", week="2026-W47", body=id.encode())
        for id in ("b", "a", "c")
    ]

    async with database.transaction() as tx:
        await tx.comments.add_many(comments)

    async with database.reading() as tx:
        assert [comment.id for comment in await tx.comments.of_wave(wave)] == ["a", "b", "c"]


async def test_a_release_is_never_changed(database: Database, wave: int, clock: Clock):
    async with database.transaction() as tx:
        await tx.releases.add(wave, "29242", '{"n": 12}', clock())

    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.transaction() as tx:
            await tx.releases.add(wave, "29242", '{"n": 13}', clock())

    async with database.reading() as tx:
        [released] = await tx.releases.of_wave(wave)
        assert (released.unit, released.body, released.released_at) == ("29242", '{"n": 12}', clock())
        assert await tx.releases.of_unit("29242") == await tx.releases.all() == [released]
        assert await tx.releases.of_unit("1") == []


async def test_someone_who_comes_again_keeps_their_id(database: Database):
    def contact(id: str, language: str) -> rows.Contact:
        return rows.Contact(
            id=id,
            account="telegram",
            fingerprint=bytes(16),
            address=b"sealed",
            language=language,
            purposes='["notices"]',
            consented_on=date(2026, 11, 22),
            consent_text="Tôi đồng ý nhận thông báo.",
        )

    async with database.transaction() as tx:
        await tx.contacts.upsert_many([contact("first", "vi")])
        await tx.contacts.upsert_many([contact("second", "km")])
        assert await tx.contacts.by_fingerprint(bytes(16)) == contact("first", "km")
        await tx.contacts.delete(bytes(16))
        assert await tx.contacts.by_fingerprint(bytes(16)) is None


async def test_what_could_not_be_handled_is_kept_for_a_while(database: Database):
    update = rows.Quarantined(
        id="1", account="telegram", fingerprint=bytes(16), error="KeyError", on_date=date(2026, 11, 1)
    )
    async with database.transaction() as tx:
        await tx.quarantine.add(update)
        assert await tx.quarantine.purge(date(2026, 11, 1)) == 0
        assert await tx.quarantine.purge(date(2026, 11, 2)) == 1


async def test_nothing_of_a_failed_unit_stays(database: Database, wave: int):
    async def unit() -> None:
        async with database.transaction() as tx:
            await tx.sessions.save(nullifier(1), wave, b"")
            raise Unlucky

    with pytest.raises(Unlucky):
        await unit()

    async with database.reading() as tx:
        assert await tx.sessions.count(wave) == 0


async def test_a_finished_unit_is_over(database: Database, wave: int):
    async with database.transaction() as tx:
        await tx.alone_with(nullifier(1))

    with pytest.raises(RuntimeError, match="over"):
        await tx.sessions.count(wave)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("sessions", {"nullifier": b"short", "wave_id": 1, "body": b""}),
    ("sessions", {"nullifier": bytes(16), "wave_id": 999, "body": b""}),
    ("lobbies", {"nullifier": bytes(17), "body": b"", "touched_on": date(2026, 1, 1)}),
    ("waves", {"state": "opened"}),
    ("waves", {"audience": "everybody"}),
    ("waves", {"k": 4}),
    ("waves", {"slug": ""}),
    ("waves", {"closes_at": datetime(2020, 1, 1, tzinfo=UTC)}),
    ("waves", {"form_version": "9"}),
    ("waves", {"key_destroyed_at": datetime(2027, 1, 1, tzinfo=UTC)}),
    ("wave_units", {"wave_id": 1, "unit": "29242", "invited": -1}),
    ("forms", {"id": "x", "version": "1", "digest": "short", "body": "{}"}),
    ("ballots", {"commitment": b"short"}),
    ("ballots", {"position": -1}),
    ("ballots", {"unit": "no such unit"}),
]


@pytest.mark.parametrize(("table", "values"), WRONG, ids=lambda value: str(value)[:40])
async def test_the_schema_itself_refuses_what_makes_no_sense(
    database: Database, wave: int, clock: Clock, table: str, values: dict[str, Any]
):
    from storage.statements import insert

    if table == "waves":
        values = a_wave(clock(), "another").model_dump(exclude={"id"}) | values
    if table == "ballots":
        values = {"wave_id": wave, **a_ballot(0)._asdict()} | values
    statement = insert(rows.metadata.tables[table], *(["id"] if table == "waves" else []))

    with pytest.raises(Exception, match=r"(?i)constraint"):
        async with database.transaction() as tx:
            await tx._connection.run(statement, **values)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("sessions", {"nullifier": "0123456789abcdef", "wave_id": 1, "body": b""}),
        ("sessions", {"nullifier": bytes(16), "wave_id": 1, "body": 7}),
        ("markers", {"name": b"waves", "value": 1}),
        ("markers", {"name": "waves", "value": "many"}),
    ],
)
async def test_sqlite_is_as_strict_about_types_as_postgresql(
    sqlite_database: Database, clock: Clock, table: str, values: dict[str, Any]
):
    from storage.statements import insert

    await prepare(sqlite_database, clock())

    with pytest.raises(Exception, match="_types"):
        async with sqlite_database.transaction() as tx:
            await tx._connection.run(insert(rows.metadata.tables[table]), **values)
