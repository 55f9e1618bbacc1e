"""A visit shown by a one-time token: it counts once, whoever brings it; whoever comes too late may still answer openly."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.ledger import Ledger
from handlers.tokens import Issuing
from storage import rows
from storage.vault import Vault
from surveys import texts, tokens
from surveys.entry import Stream
from surveys.ledger import read_entry
from surveys.records import TokensIssued
from surveys.waves import Audience
from tests.conftest import Clock
from tests.journeys.town import LONG_DUC, Resident, Town, a_town

AGREE = "Đồng ý, bắt đầu"


def words(trouble: str, language: str = "vi") -> str:
    return texts.say(language, trouble)


@pytest.fixture
async def anywhere(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    """The town on either database."""
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


def issuing(town: Town) -> Issuing:
    return Issuing(town.database, town.vault, Ledger(town.vault.ledger_signer("langnghe")), town.clock)


async def a_token(town: Town) -> str:
    [payload] = (await issuing(town).issue(LONG_DUC, 1)).payloads
    return payload


async def test_whoever_brings_a_token_is_a_visit(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()

    heard = await resident.starts(await a_token(town))
    assert "Công an phường Long Đức" in heard
    heard = await resident.taps(AGREE)

    assert heard.text == "1/5  Ông/bà làm thủ tục gì?"
    assert [(each.unit, each.stream) for each in await town.sessions(wave)] == [(LONG_DUC, Stream.VISIT)]


async def test_a_token_counts_once_and_the_next_one_is_asked_openly(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    token = await a_token(town)
    await resident.starts(token)
    await resident.taps(AGREE)
    other = Resident(town, "ong-bay")

    heard = await other.starts(token)
    assert heard.texts[0] == words("token.spent")
    await other.taps(AGREE)

    assert sorted(each.stream for each in await town.sessions(wave)) == [Stream.OPEN, Stream.VISIT]


async def test_the_same_person_goes_on_by_the_same_token(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    token = await a_token(town)
    await resident.starts(token)
    await resident.taps(AGREE)
    await resident.says("1")

    heard = await resident.starts(token)

    assert words("token.spent") not in heard
    assert "2/5" in heard


async def test_a_token_that_was_only_looked_at_is_not_spent(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    token = await a_token(town)
    await resident.starts(token)
    await resident.taps("Không tham gia")

    other = Resident(town, "ong-bay")
    await other.starts(token)
    await other.taps(AGREE)

    assert [each.stream for each in await town.sessions(wave)] == [Stream.VISIT]


async def test_two_devices_race_for_one_token_and_one_wins(anywhere: Town) -> None:
    town = anywhere
    wave = await town.opens_visits()
    token = await a_token(town)
    people = [Resident(town, f"người-{number}") for number in range(5)]
    for person in people:
        await person.starts(token)

    heard = await asyncio.gather(*(person.taps(AGREE) for person in people))

    assert sorted("1/5" in each for each in heard) == [False, False, False, False, True]
    assert sum(each.texts[0] == words("token.spent") for each in heard) == 4
    assert [each.stream for each in await town.sessions(wave)] == [Stream.VISIT]
    [loser, *_] = (each for each in people if "1/5" not in each.heard)
    assert "1/5" in await loser.taps(AGREE)
    assert sorted(each.stream for each in await town.sessions(wave)) == [Stream.OPEN, Stream.VISIT]


async def test_an_old_button_cannot_keep_a_token_for_the_next_one(town: Town, resident: Resident) -> None:
    """Whoever has seen the card of a token, and then came by a poster, has no token at hand any more."""
    wave = await town.opens_visits()
    await resident.starts(await a_token(town))
    agree = resident.heard.token(AGREE)
    await resident.starts(town.link(LONG_DUC, Stream.OPEN))

    await resident.taps_token(agree)

    assert [each.stream for each in await town.sessions(wave)] == [Stream.OPEN]


async def test_after_fourteen_days_it_has_expired(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    token = await a_token(town)
    town.clock.advance(days=13, hours=23)
    assert words("token.expired") not in await Resident(town, "kịp").starts(token)
    town.clock.advance(hours=1)

    heard = await resident.starts(token)

    assert heard.texts[0] == words("token.expired")
    await resident.taps(AGREE)
    assert [each.stream for each in await town.sessions(wave)] == [Stream.OPEN]


@pytest.mark.parametrize("language", texts.LANGUAGES)
async def test_a_token_nobody_issued(town: Town, language: str) -> None:
    await town.opens_visits()
    stranger = Resident(town, "lạ", language=language)

    heard = await stranger.starts(tokens.payload(b"\x07" * 16))

    assert heard.texts[0] == words("token.unknown", language)
    assert len(heard.messages) > 1


async def test_a_month_overlaps_the_next_one(town: Town) -> None:
    """A token of the last days counts in its own month; what is new goes to the newest."""
    november = await town.opens_visits()
    await town.residents.refresh()
    token = await a_token(town)
    town.clock.advance(days=9)
    december = await town.opens("tham-12-2026", "tham_luot", Audience.VISITS)

    late = Resident(town, "muộn")
    await late.starts(token)
    await late.taps(AGREE)
    fresh = Resident(town, "mới")
    await fresh.starts(town.link(LONG_DUC, Stream.VISIT))
    await fresh.taps(AGREE)
    by_token = Resident(town, "có-mã")
    await by_token.starts(await a_token(town))
    await by_token.taps(AGREE)

    assert [each.stream for each in await town.sessions(november)] == [Stream.VISIT]
    assert [each.stream for each in await town.sessions(december)] == [Stream.VISIT, Stream.VISIT]


# ── The counter's tablet ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_photograph_of_the_tablet_is_the_open_stream_a_quarter_of_an_hour_later(
    town: Town, resident: Resident
) -> None:
    wave = await town.opens_visits()
    photographed = town.link(LONG_DUC, Stream.VISIT)
    town.clock.advance(minutes=15)

    heard = await resident.starts(photographed)

    assert heard.texts[0] == words("counter.late")
    await resident.taps(AGREE)
    assert [each.stream for each in await town.sessions(wave)] == [Stream.OPEN]


async def test_whoever_reads_slowly_is_still_a_visit(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    town.clock.advance(minutes=40)

    await resident.taps(AGREE)

    assert [each.stream for each in await town.sessions(wave)] == [Stream.VISIT]


async def test_a_scan_of_last_month_is_no_visit_of_this_one(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    town.clock.advance(days=31)
    december = await town.opens("tham-12-2026", "tham_luot", Audience.VISITS)

    await resident.starts()
    await resident.taps(AGREE)

    assert [each.stream for each in await town.sessions(december)] == [Stream.OPEN]


# ── What rests ───────────────────────────────────────────────────────────────────────────────────────────────────


async def everything(town: Town, table: type[rows.Row]) -> list[tuple[object, ...]]:
    from sqlalchemy import select

    from storage.statements import Prepared

    async with town.database.reading() as tx:
        found = await tx._connection.fetch(Prepared(select(rows.table(table))))
    return sorted(map(tuple, found), key=repr)


async def test_nothing_but_the_wave_key_links_a_token_to_a_session(anywhere: Town) -> None:
    town = anywhere
    wave = await town.opens_visits()
    batch = await issuing(town).issue(LONG_DUC, 6)
    before = await everything(town, rows.Token), await everything(town, rows.TokenBatch)

    for number, payload in enumerate(batch.payloads[:4]):
        person = Resident(town, f"n-{number}")
        await person.starts(payload)
        await person.taps(AGREE)

    assert (await everything(town, rows.Token), await everything(town, rows.TokenBatch)) == before
    marks = [mark for mark, _ in await everything(town, rows.Spent)]
    hashes = [tokens.hash_of(token) for token in map(tokens.read, batch.payloads) if token]
    used = {town.vault.spent_mark(wave, hash) for hash in hashes[:4]}
    assert set(marks) == used
    rests = b"".join(
        part for row in await everything(town, rows.Session) for part in row if isinstance(part, bytes)
    )
    for hash, payload in zip(hashes, batch.payloads, strict=True):
        assert hash not in rests
        assert payload.encode() not in rests
        assert hash not in marks
    # With the wave's key gone no one can make a mark any more, and the marks go with the sessions.
    town.vault.destroy_wave(wave)
    with pytest.raises(LookupError):
        town.vault.spent_mark(wave, hashes[0])


async def test_a_batch_stands_in_the_ledger_and_its_tokens_only_as_hashes(town: Town) -> None:
    await town.opens_visits()

    batch = await issuing(town).issue(LONG_DUC, 12)

    async with town.database.reading() as tx:
        records = [read_entry(line).record for line in await tx.ledger.after(0)]
    assert records[-1] == TokensIssued("tham-11-2026", LONG_DUC, 12)
    assert len(await everything(town, rows.Token)) == 12
    rests = repr([await everything(town, table) for table in (rows.Token, rows.TokenBatch, rows.LedgerLine)])
    assert not any(payload[1:] in rests for payload in batch.payloads)


async def test_the_ledger_does_not_tell_when_single_visitors_came(town: Town) -> None:
    """A case system issues one token a visit; nine entries of one would be nine moments at a ward."""
    await town.opens_visits()
    said = []

    for _ in range(11):
        await issuing(town).issue(LONG_DUC, 1)
        async with town.database.reading() as tx:
            lines = [read_entry(line).record for line in await tx.ledger.after(0)]
        said.append(sum(record.count for record in lines if isinstance(record, TokensIssued)))
    town.clock.moment += timedelta(days=60)
    await town.waves.advance()

    assert said == [0] * 9 + [10, 10]
    async with town.database.reading() as tx:
        lines = [read_entry(line).record for line in await tx.ledger.after(0)]
    assert [record.count for record in lines if isinstance(record, TokensIssued)] == [10, 1]


async def test_a_token_never_outlives_its_wave(town: Town) -> None:
    await town.opens("ngan", "tham_luot", Audience.VISITS, days=5)

    batch = await issuing(town).issue(LONG_DUC, 1)

    assert batch.expires_at == town.clock() + timedelta(days=5)
