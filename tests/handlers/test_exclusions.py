"""Two persons may leave flagged ballots out, with a reason that everybody reads; nobody can do it alone, in secret or afterwards."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from unicodedata import normalize

import pytest
from sqlalchemy import bindparam, update

from handlers.exclusions import Exclusions
from handlers.ledger import Ledger
from handlers.proposals import SamePerson
from handlers.publishing import Material, published
from handlers.units import load_seed
from handlers.waves import AskedTwice, Waves
from storage import rows
from storage.database import Database
from storage.statements import Prepared
from storage.transaction import Tx
from storage.vault import Vault
from surveys.entry import Stream
from surveys.ledger import Entry, read_entry
from surveys.records import Exclusion, Record, ReleasePublished
from surveys.releases import Released
from surveys.results import Proportion
from surveys.stuffing import Finding, Flag, Watched
from surveys.waves import GRACE, TooEarly
from tests.conftest import Clock
from tests.handlers.test_waves import CLOSES, LONG_DUC, answer, plan


@pytest.fixture
def ledger(vault: Vault) -> Ledger:
    return Ledger(vault.ledger_signer("langnghe"))


@pytest.fixture
async def waves(sqlite_database: Database, vault: Vault, clock: Clock, ledger: Ledger) -> Waves:
    await load_seed(sqlite_database)
    return Waves(sqlite_database, vault, clock, ledger=ledger)


@pytest.fixture
def exclusions(sqlite_database: Database, clock: Clock, ledger: Ledger) -> Exclusions:
    return Exclusions(sqlite_database, ledger, clock)


async def sealed(waves: Waves, db: Database, vault: Vault, clock: Clock, *, flagged: bool = False) -> int:
    """60 invited, of whom 40 are satisfied; 30 of visits, of whom 15 are; and three of visits in another ward."""
    wave = await waves.open(plan())
    for number in range(60):
        await answer(db, vault, wave, f"i{number}", {"chung": "5" if number < 40 else "2"})
    for number in range(30):
        given: dict[str, str | None] = {"chung": "5" if number < 15 else "1"}
        await answer(db, vault, wave, f"v{number}", given, stream=Stream.VISIT)
    for number in range(3):
        await answer(db, vault, wave, f"h{number}", {"chung": "5"}, unit="29398", stream=Stream.VISIT)
    clock.moment = CLOSES
    await waves.close("2026")
    clock.moment = CLOSES + GRACE + timedelta(minutes=1)
    await waves.seal("2026")
    if flagged:
        finding = Finding(Flag.BURST, 30, 4)
        async with db.transaction() as tx:
            [stratum] = [
                each
                for each in await tx.strata.of_wave(wave)
                if (each.unit, each.stream) == (LONG_DUC, "visit")
            ]
            body = Watched(30, (finding,)).to_json()
            await tx._connection.run(SET_STRATUM, wave=wave, body=body, unit=stratum.unit)
    await waves.destroy_key("2026")
    return wave


_strata = rows.table(rows.Stratum).c
SET_STRATUM = Prepared(
    update(rows.Stratum)
    .where(_strata.wave_id == bindparam("wave"), _strata.unit == bindparam("unit"), _strata.stream == "visit")
    .values(body=bindparam("body"))
)


async def test_two_persons_leave_a_stratum_out_and_the_score_stands_with_and_without_it(
    waves: Waves, exclusions: Exclusions, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    wave = await sealed(waves, sqlite_database, vault, clock)
    id = await exclusions.propose("2026", LONG_DUC, Stream.VISIT, None, "nhập trùng", by="An")

    done = await exclusions.confirm(id, by="Bình")
    await waves.release("2026")

    assert done == Exclusion("2026", LONG_DUC, Stream.VISIT, None, 30, "nhập trùng", ("An", "Bình"))
    [ward] = await waves.results(unit=LONG_DUC)
    assert ward.index.figure == Proportion(40, 60)
    assert ward.beside is not None
    assert (ward.beside.name, ward.beside.index.figure) == ("with_excluded", Proportion(55, 90))
    assert [each.reason for each in ward.left_out] == ["nhập trùng"]
    assert all(part.n is None for part in (*ward.streams, *ward.modes))
    async with sqlite_database.reading() as tx:
        records = [read_entry(line).record for line in await tx.ledger.after(0)]
        stored = {row.unit: row.body for row in await tx.releases.of_wave(wave)}
    assert done in records
    assert isinstance(records[-1], ReleasePublished)
    assert "nhập trùng" in stored[LONG_DUC]


class SlowLedger(Ledger):
    """Somebody's deed is entered, and not done before somebody else has computed a release."""

    def __init__(self, vault: Vault) -> None:
        super().__init__(vault.ledger_signer("langnghe"))
        self.has_entered, self.is_computed = asyncio.Event(), asyncio.Event()

    async def append(self, tx: Tx, record: Record, now: datetime) -> Entry:
        entry = await super().append(tx, record, now)
        self.has_entered.set()
        await self.is_computed.wait()
        await asyncio.sleep(0.2)  # time to publish, for whoever does not wait
        return entry


async def test_a_release_that_meets_a_confirmation_under_way_counts_without_those_ballots(
    database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load_seed(database)
    waves, slow = Waves(database, vault, clock), SlowLedger(vault)
    exclusions = Exclusions(database, slow, clock)
    await sealed(waves, database, vault, clock)
    id = await exclusions.propose("2026", LONG_DUC, Stream.VISIT, None, "nhập trùng", by="An")

    async def computed(material: Material) -> Mapping[str, Released]:
        lines = await published(material)
        slow.is_computed.set()
        return lines

    monkeypatch.setattr("handlers.waves.published", computed)
    async with asyncio.TaskGroup() as group:
        group.create_task(exclusions.confirm(id, by="Bình"))
        await slow.has_entered.wait()
        group.create_task(waves.release("2026"))
    await waves.release("2026")

    [ward] = await waves.results(unit=LONG_DUC)
    assert ward.index.figure == Proportion(40, 60)


async def test_without_exclusion_the_streams_stand_beside_the_score(
    waves: Waves, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    await sealed(waves, sqlite_database, vault, clock)

    await waves.release("2026")

    [ward] = await waves.results(unit=LONG_DUC)
    assert ward.index.figure == Proportion(55, 90)
    assert [part.index.figure for part in ward.streams] == [Proportion(40, 60), Proportion(15, 30)]
    assert ward.beside is None


async def test_a_flag_is_published_with_the_figure_without_it(
    waves: Waves, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    await sealed(waves, sqlite_database, vault, clock, flagged=True)

    await waves.release("2026")

    [ward] = await waves.results(unit=LONG_DUC)
    assert [(each.stream, each.flags) for each in ward.flags] == [("visit", ("burst",))]
    assert ward.index.figure == Proportion(55, 90)
    assert ward.beside is not None
    assert (ward.beside.name, ward.beside.index.figure) == ("without_flagged", Proportion(40, 60))


@pytest.mark.parametrize(
    "spelt",
    [
        " nguyễn văn ĐỊNH ",
        "Nguyen Van Dinh",
        "Nguyễn  Văn Định",
        normalize("NFD", "Nguyễn Văn Định"),
        "Nguyễn Văn\u200b Định",
    ],
)
async def test_nobody_leaves_ballots_out_alone_however_they_spell_their_name(
    waves: Waves, exclusions: Exclusions, sqlite_database: Database, vault: Vault, clock: Clock, spelt: str
) -> None:
    await sealed(waves, sqlite_database, vault, clock)
    id = await exclusions.propose("2026", LONG_DUC, Stream.VISIT, None, "nhập trùng", by="Nguyễn Văn Định")

    with pytest.raises(SamePerson):
        await exclusions.confirm(id, by=spelt)


async def test_a_handful_cannot_be_left_out_because_its_number_is_published(
    waves: Waves, exclusions: Exclusions, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    await sealed(waves, sqlite_database, vault, clock)

    with pytest.raises(ValueError, match="Fewer than 10 ballots"):
        await exclusions.propose("2026", "29398", Stream.VISIT, None, "lạ", by="An")


async def test_nothing_is_left_out_before_sealing_or_after_the_release(
    waves: Waves, exclusions: Exclusions, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    await waves.open(plan("khac", closes_at=CLOSES + timedelta(days=300)))
    with pytest.raises(ValueError, match="after sealing and before the release"):
        await exclusions.propose("khac", LONG_DUC, Stream.VISIT, None, "lạ", by="An")
    await sealed(waves, sqlite_database, vault, clock)
    id = await exclusions.propose("2026", LONG_DUC, Stream.VISIT, None, "lạ", by="An")
    await waves.release("2026")

    with pytest.raises(ValueError, match="after sealing and before the release"):
        await exclusions.confirm(id, by="Bình")


async def test_letting_flags_stand_ends_the_days_of_waiting(
    waves: Waves, exclusions: Exclusions, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    wave = await sealed(waves, sqlite_database, vault, clock)
    async with sqlite_database.transaction() as tx:
        await tx.wave_seals.set_release_due(wave, clock() + timedelta(days=3))

    id = await exclusions.propose_letting_stand("2026", by="An")
    with pytest.raises(SamePerson):
        await exclusions.let_stand(id, by="An")
    with pytest.raises(TooEarly):
        await waves.release("2026")
    await exclusions.let_stand(id, by="Bình")

    assert await waves.release("2026")


async def test_a_unit_is_not_asked_beside_what_it_became(waves: Waves, sqlite_database: Database) -> None:
    async with sqlite_database.reading() as tx:
        line = (await tx.units.successors())[0]

    with pytest.raises(AskedTwice, match=line.unit):
        await waves.open(plan("hai-lan", units={line.unit: None, line.successor: None}))

    async with sqlite_database.reading() as tx:
        assert await tx.waves.by_slug("hai-lan") is None


async def test_the_release_in_the_ledger_is_the_file_that_auditors_get(
    waves: Waves, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    wave = await sealed(waves, sqlite_database, vault, clock)

    await waves.release("2026")

    async with sqlite_database.reading() as tx:
        stored = {row.unit: row.body for row in await tx.releases.of_wave(wave)}
        last = read_entry((await tx.ledger.after(0))[-1]).record
    file = "".join(f"{stored[unit]}\n" for unit in sorted(stored))
    assert last == ReleasePublished("2026", sha256(file.encode()).hexdigest())
    assert json.loads(stored[LONG_DUC])["kind"] == "ward"
