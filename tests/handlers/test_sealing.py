"""How a wave is laid out and shut: in orders that lead nowhere, in pages, beside everybody's work."""

import asyncio
import json
import secrets
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers import sealing
from handlers.units import load_seed
from handlers.waves import Superseded, Unreadable, Waves
from storage.database import Database
from storage.keys import FileKeys
from storage.transaction import Tx
from storage.vault import Vault
from surveys import ballot_box
from surveys.ballots import new_receipt
from surveys.entry import Stream
from surveys.forms.form import Form, Kind, Role
from surveys.forms.session import Session
from surveys.ledger import Entry, verify_chain
from surveys.records import Sealed, WaveOpened, of_wave
from surveys.stuffing import Watched
from surveys.waves import FLAGGED, State, Step
from tests.conftest import Clock
from tests.handlers.test_waves import (
    FORM,
    HOA_THUAN,
    LONG_DUC,
    SEALABLE,
    answer,
    fill,
    plan,
    state_of,
)


@pytest.fixture
async def waves(database: Database, vault: Vault, clock: Clock) -> Waves:
    await load_seed(database)
    return Waves(database, vault, clock)


async def told(db: Database, vault: Vault) -> list[Entry]:
    """The ledger, every entry of it known to follow."""
    async with db.reading() as tx:
        lines = [line async for line in tx.ledger.each()]
    return list(verify_chain(lines, vault.ledger_signer("langnghe").key))


async def closed(waves: Waves, clock: Clock, slug: str = "2026") -> None:
    clock.moment = SEALABLE
    await waves.close(slug)


async def test_everybodys_ledger_tells_nothing_of_how_many_answered_in_a_hidden_ward(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    """Sixty and twenty are on the page of the one ward; of the other it says nothing, whether seven answered or nobody."""
    for slug, few in (("bay", 7), ("khong", 0)):
        wave_id = await waves.open(plan(slug))
        for number in range(60):
            await answer(database, vault, wave_id, f"a{number}", {"chung": "5" if number < 40 else "2"})
        for number in range(few):
            await answer(database, vault, wave_id, f"b{number}", {"chung": "1"}, unit=HOA_THUAN)
    clock.moment = SEALABLE
    await waves.advance()

    records = [entry.record for entry in await told(database, vault)]
    seven, nobody = (
        [_without_digests(record.body()) for record in records if of_wave(record) == slug]
        for slug in ("bay", "khong")
    )
    assert seven == nobody
    assert len(seven) == 4  # opened, sealed, key destroyed, released


def _without_digests(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "wave" and len(str(value)) != 64}


async def test_the_ledger_says_what_was_sealed(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)
    await waves.seal("2026")

    [opened, sealed] = [entry.record for entry in await told(database, vault)]
    async with database.reading() as tx:
        ballots = [ballot async for ballot in tx.ballots.of_wave(wave_id)]
        receipts = [receipt async for receipt in tx.receipts.of_wave(wave_id)]
        seal = await tx.wave_seals.of(wave_id)
        strata = await tx.strata.of_wave(wave_id)
    digest = ballot_box.ReceiptsDigest()
    for receipt in receipts:
        digest.add(receipt)
    assert isinstance(opened, WaveOpened)
    assert isinstance(sealed, Sealed)
    assert seal is not None
    assert bytes.fromhex(sealed.root) == seal.root == ballot_box.root_of(ballots, 87)
    assert (seal.places, sealed.receipts, seal.release_due) == (87, digest.hexdigest(), clock.moment)
    assert (sealed.form, sealed.terms, sealed.weights) == (opened.form, opened.terms, opened.weights)
    assert {(each.unit, each.stream, each.mode): Watched.from_json(each.body).ballots for each in strata} == {
        (LONG_DUC, "invited", "self"): 60,
        ("29398", "invited", "self"): 7,
        (LONG_DUC, "open", "self"): 20,
    }


async def test_no_heap_lies_in_the_order_of_another_or_of_the_nullifiers(
    waves: Waves, database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave_id = await waves.open(plan())
    for number in range(60):
        said: dict[str, str | None] = {"chung": "5", "gop_y": f"{number}"}
        await answer(database, vault, wave_id, f"p{number}", said)
    orders: dict[str, list[int]] = {"ballot": [], "receipt": [], "comment/gop_y": []}
    nullifiers = [vault.nullifier(wave_id, f"p{number}".encode()) for number in range(60)]
    opened = sealing._Job._opened

    async def noted(job: Any, page: list[tuple[int, bytes]]) -> AsyncIterator[Any]:
        heap = next(heap for heap, seen in orders.items() if len(seen) < 60)
        orders[heap] += [nullifiers.index(nullifier) for _, nullifier in page]
        async for each in opened(job, page):
            yield each

    monkeypatch.setattr(sealing._Job, "_opened", noted)
    monkeypatch.setattr(sealing, "PAGE", 7)
    monkeypatch.setattr(sealing, "SLOTS_IN_A_BUCKET", 2)
    await closed(waves, clock)
    await waves.seal("2026")

    for heap, order in orders.items():
        places = {number: vault.place(wave_id, heap, nullifiers[number]) for number in range(60)}
        assert order == sorted(range(60), key=places.__getitem__)
    by_nullifier = sorted(range(60), key=nullifiers.__getitem__)
    assert len({tuple(order) for order in (*orders.values(), by_nullifier, list(range(60)))}) == 5


@pytest.mark.parametrize("people", [0, 1, 6, 7, 8, 40])
async def test_however_many_pages_and_buckets_everybody_is_there_once(
    waves: Waves,
    database: Database,
    vault: Vault,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    people: int,
) -> None:
    wave_id = await waves.open(plan())
    receipts = [
        await answer(database, vault, wave_id, f"p{number}", {"chung": "5", "gop_y": f"góp ý {number}"})
        for number in range(people)
    ]
    for name, few in (("PAGE", 7), ("SLOTS_IN_A_BUCKET", 2), ("LOOKED_THROUGH", 3), ("AT_ONCE", 2)):
        monkeypatch.setattr(sealing, name, few)
    await closed(waves, clock)

    await waves.seal("2026")

    async with database.reading() as tx:
        assert [ballot.position async for ballot in tx.ballots.of_wave(wave_id)] == list(range(people))
        assert [receipt async for receipt in tx.receipts.of_wave(wave_id)] == sorted(receipts)
        comments = await tx.comments.of_wave(wave_id)
        assert await tx.staging.counts(wave_id) == (0, 0, 0)
    texts = [json.loads(vault.open_comment(each.id, each.body))["text"] for each in comments]
    assert sorted(texts) == sorted(f"góp ý {number}" for number in range(people))


async def test_two_comments_of_one_person_come_in_different_orders(
    database: Database, vault: Vault, clock: Clock, waves: Waves, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(question for question in FORM.questions if question.role is Role.COMMENT)
    second = replace(first, name="gop_y_2")
    form = Form("hai", "1", FORM.title, FORM.languages, (*FORM.questions, second), digest="0" * 64)
    wave_id = await waves.open(plan(form=form))
    for number in range(40):
        said: dict[str, str | None] = {"gop_y": f"{number}", "gop_y_2": f"{number}"}
        await answer(database, vault, wave_id, f"p{number}", said)
    came: dict[str, list[str]] = {"gop_y": [], "gop_y_2": []}
    comment = sealing._Job._comment

    def noted(job: Any, unit: str, each: Any) -> Any:
        came[each.question].append(each.text)
        return comment(job, unit, each)

    monkeypatch.setattr(sealing._Job, "_comment", noted)
    await closed(waves, clock)
    await waves.seal("2026")

    assert sorted(came["gop_y"]) == sorted(came["gop_y_2"])
    assert came["gop_y"] != came["gop_y_2"]


async def test_others_answer_while_a_wave_is_laid_out(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)
    other = await waves.open(plan("khac", opens_at=clock.moment, closes_at=clock.moment + timedelta(days=9)))

    under_way = asyncio.create_task(waves.seal("2026"))
    answered = 0
    while not under_way.done():
        await answer(database, vault, other, f"q{answered}", {"chung": "5"})
        answered += 1

    sealed = await under_way
    assert sealed is not None
    assert sealed.ballots == 87
    assert answered > 1
    async with database.reading() as tx:
        assert await tx.sessions.count(other) == answered


async def test_what_comes_meanwhile_is_not_lost_and_the_laying_out_begins_again(
    waves: Waves, database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)
    laid_out = waves._sealing.lay_out
    times = 0

    async def one_more(wave: Any) -> Any:
        nonlocal times
        times += 1
        done = await laid_out(wave)
        if times == 1:
            await answer(database, vault, wave_id, "late", {"chung": "5"})
        return done

    monkeypatch.setattr(waves._sealing, "lay_out", one_more)
    sealed = await waves.seal("2026")

    assert sealed is not None
    assert (times, sealed.ballots) == (2, 88)


async def test_two_processes_never_mix_what_they_lay_out(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)
    other = Waves(database, AloneVault(vault), clock)  # type: ignore[arg-type]

    done = await asyncio.gather(other.seal("2026"), waves.seal("2026"), return_exceptions=True)

    assert any(isinstance(each, sealing.Sealed) for each in done)
    assert all(each is None or isinstance(each, sealing.Sealed | Superseded) for each in done)
    async with database.reading() as tx:
        seal = await tx.wave_seals.of(wave_id)
        ballots = [ballot async for ballot in tx.ballots.of_wave(wave_id)]
    assert seal is not None
    assert ballot_box.root_of(ballots, seal.places) == seal.root


class AloneVault:
    """Of a machine that does not see the other's locks."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @contextmanager
    def alone_with_wave(self, wave_id: int) -> Iterator[bool]:
        yield True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)


async def test_on_one_machine_a_second_process_leaves_the_first_alone(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)

    with vault.alone_with_wave(wave_id), pytest.raises(Superseded):
        await waves.seal("2026")
    assert await waves.seal("2026") is not None


async def test_a_wave_whose_key_is_lost_is_not_sealed(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)
    vault.destroy_wave(wave_id)

    with pytest.raises(Unreadable, match="key is gone"):
        await waves.seal("2026")
    assert await state_of(database) is State.CLOSED


async def test_a_flagged_stratum_holds_the_release_up_for_three_days(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    scales = [q.name for q in FORM.questions if q.is_asked and q.kind is Kind.SELECT_ONE]
    async with database.transaction() as tx:
        for number in range(60):
            nullifier = vault.nullifier(wave_id, f"p{number}".encode())
            session = Session(
                wave_id,
                LONG_DUC,
                Stream.INVITED,
                "vi",
                f"0000-0000-0000-{number:04}",
                seed="1",
                answers=tuple((name, "5") for name in scales),
                begun_hour=500_000,
                seconds=3,
            )
            await tx.sessions.save(nullifier, wave_id, vault.seal_body(wave_id, nullifier, session.to_json()))
    await closed(waves, clock)

    assert await waves.advance() == [("2026", Step.SEAL), ("2026", Step.DESTROY_KEY)]
    clock.moment += FLAGGED - timedelta(seconds=1)
    assert await waves.advance() == []

    async with database.reading() as tx:
        [stratum] = await tx.strata.of_wave(wave_id)
    assert Watched.from_json(stratum.body).flags
    clock.moment += timedelta(seconds=1)
    assert await waves.advance() == [("2026", Step.RELEASE)]


# ── Waves of an earlier version ──────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def before_the_ledger(db: Database) -> AsyncIterator[Tx]:
    """As the migration leaves a wave that was opened before there was a ledger."""
    async with db.transaction() as tx:
        driver: Any = tx._connection
        for table in ("ledger", "wave_terms"):
            if driver.dialect.name == "sqlite":
                triggers = driver.driver.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
                ).fetchall()
                for name, _ in triggers:
                    driver.driver.execute(f"DROP TRIGGER {name}")
                driver.driver.execute(f"DELETE FROM {table}")
                for _, sql in triggers:
                    driver.driver.execute(sql)
            else:
                await driver.driver.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
                await driver.driver.execute(f"DELETE FROM {table}".encode())
                await driver.driver.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())
        yield tx


async def test_a_wave_opened_by_an_earlier_version_is_entered_late_and_goes_its_way(
    waves: Waves, database: Database, vault: Vault, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    async with before_the_ledger(database):
        pass
    later = Waves(database, vault, clock)

    assert await later.advance() == []
    async with database.reading() as tx:
        assert await tx.wave_terms.of(wave_id) is not None
    clock.moment = SEALABLE
    await later.advance()

    kinds = [entry.record.kind for entry in await told(database, vault)]
    assert kinds[:3] == ["wave_opened", "sealed", "key_destroyed"]
    assert await state_of(database) is State.RELEASED
    assert "wave.adopted" in capsys.readouterr().out


async def test_a_wave_sealed_by_an_earlier_version_stays_outside_and_is_released(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await closed(waves, clock)
    await waves.seal("2026")
    async with before_the_ledger(database) as tx:
        driver: Any = tx._connection
        if driver.dialect.name == "sqlite":
            driver.driver.execute("DELETE FROM wave_seals")
        else:
            await driver.driver.execute(b"DELETE FROM wave_seals")
    later = Waves(database, vault, clock)

    assert await later.advance() == [("2026", Step.DESTROY_KEY), ("2026", Step.RELEASE)]

    assert await told(database, vault) == []
    assert len(await later.results(wave="2026")) == 2


# ── One wave's trouble ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_wave_in_trouble_keeps_no_other_from_moving(
    waves: Waves, database: Database, vault: Vault, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    troubled = await waves.open(plan("hong"))
    fine = await waves.open(plan("lanh"))
    await fill(database, vault, fine)
    async with database.transaction() as tx:
        await tx.sessions.save(b"\xff" * 16, troubled, b"damaged" * 10)
    clock.moment = SEALABLE

    await waves.advance()
    await waves.advance()

    assert await state_of(database, "hong") is State.CLOSED
    assert await state_of(database, "lanh") is State.RELEASED
    said = [line for line in capsys.readouterr().out.splitlines() if "wave.held_up" in line]
    assert len(said) == 1
    assert "hong" in said[0]
    assert "Unreadable" in said[0]


async def test_a_key_that_does_not_go_is_not_called_destroyed(
    waves: Waves,
    database: Database,
    vault: Vault,
    keys: FileKeys,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await fill(database, vault, await waves.open(plan()))
    clock.moment = SEALABLE
    with monkeypatch.context() as patched:
        # A disk that says it has deleted what it has not.
        patched.setattr(keys, "destroy", lambda name: None)
        await waves.advance()

    async with database.reading() as tx:
        wave = await tx.waves.by_slug("2026")
    assert wave is not None
    assert (wave.state, wave.key_destroyed_at) == ("sealed", None)
    assert "KeyStillThere" in capsys.readouterr().out
    assert not any(entry.record.kind == "key_destroyed" for entry in await told(database, vault))

    await waves.advance()
    assert await state_of(database) is State.RELEASED


async def test_a_receipt_says_included_and_nothing_else(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    receipt = await answer(database, vault, await waves.open(plan()), "a", {"chung": "5"})
    assert not await waves.is_included(receipt)

    clock.moment = SEALABLE
    await waves.advance()

    assert await waves.is_included(receipt)
    assert not await waves.is_included("0000-0000-0000-0000")


# ── Memory ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_five_times_the_sessions_need_no_more_memory(
    waves: Waves, database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, few in (("PAGE", 50), ("SLOTS_IN_A_BUCKET", 2), ("LOOKED_THROUGH", 100)):
        monkeypatch.setattr(sealing, name, few)
    crowds = (("it", 200), ("nhieu", 1000))
    for slug, people in crowds:
        await crowd(database, vault, await waves.open(plan(slug)), people)
    clock.moment = SEALABLE
    peaks = []
    for slug, people in crowds:
        await waves.close(slug)
        tracemalloc.start()
        sealed = await waves.seal(slug)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sealed is not None
        assert sealed.ballots == people

    assert peaks[1] < 1.3 * peaks[0] + 200_000


async def crowd(db: Database, vault: Vault, wave_id: int, people: int) -> None:
    answers = (("chung", "5"), ("gop_y", "góp ý"))
    async with db.transaction() as tx:
        for number in range(people):
            receipt = new_receipt(secrets.token_bytes(10))
            session = Session(wave_id, LONG_DUC, Stream.INVITED, "vi", receipt, seed="1", answers=answers)
            nullifier = vault.nullifier(wave_id, f"p{number}".encode())
            await tx.sessions.save(nullifier, wave_id, vault.seal_body(wave_id, nullifier, session.to_json()))
