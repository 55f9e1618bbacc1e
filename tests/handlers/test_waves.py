"""The life of a wave, on both databases, with crashes at every point."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from handlers.units import load_seed
from handlers.waves import NoSuchWave, Plan, Unreadable, Waves
from storage.database import Database
from storage.transaction import Tx
from storage.vault import KeyGone, Vault
from surveys.assessment import Verdict
from surveys.ballots import commitment, new_receipt, read_answers
from surveys.disclosure import TooSmall
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.form import Role
from surveys.forms.session import Session
from surveys.releases import ReleasedWard
from surveys.results import Proportion
from surveys.waves import GRACE, LAST_ONES, Audience, State, Step, TooEarly
from tests.conftest import Clock

OPENS = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
CLOSES = datetime(2026, 12, 10, 17, 0, tzinfo=UTC)
FORM = library.load("hang_nam_nguoi_dan")
FIRST = next(question.name for question in FORM.questions if question.role is Role.SATISFACTION)
SEALABLE = CLOSES + GRACE + LAST_ONES
LONG_DUC, HOA_THUAN = "29263", "29398"


def plan(slug: str = "2026", **changes: Any) -> Plan:
    return Plan(
        **{
            "slug": slug,
            "form": FORM,
            "title": "Đợt 2026",
            "audience": Audience.RESIDENTS,
            "opens_at": OPENS,
            "closes_at": CLOSES,
            "units": {LONG_DUC: 1904, HOA_THUAN: None},
            "threshold": "0.9",
            **changes,
        }
    )


@pytest.fixture
async def waves(database: Database, vault: Vault, clock: Clock) -> Waves:
    await load_seed(database)
    return Waves(database, vault, clock)


async def answer(
    db: Database,
    vault: Vault,
    wave_id: int,
    person: str,
    answers: dict[str, str | None],
    *,
    unit: str = LONG_DUC,
    stream: Stream = Stream.INVITED,
) -> str:
    """One person's session as the conversation would leave it. The receipt."""
    receipt = new_receipt(secrets.token_bytes(10))
    session = Session(wave_id, unit, stream, "vi", receipt, seed="1", answers=tuple(answers.items()))
    nullifier = vault.nullifier(wave_id, person.encode())
    async with db.transaction() as tx:
        await tx.sessions.save(nullifier, wave_id, vault.seal_body(wave_id, nullifier, session.to_json()))
    return receipt


async def fill(db: Database, vault: Vault, wave_id: int) -> list[str]:
    """40 of 60 satisfied in Long Đức, seven people in Hòa Thuận, one who said nothing, twenty through a poster. The receipts."""
    receipts = []
    for number in range(60):
        answers = {
            "chung": "5" if number < 25 else "4" if number < 40 else "2",
            "gop_y": f"góp ý {number}" if number < 12 else None,
        }
        receipts.append(await answer(db, vault, wave_id, f"a{number}", answers))
    for number in range(7):
        receipts.append(await answer(db, vault, wave_id, f"b{number}", {"chung": "1"}, unit=HOA_THUAN))
    for number in range(20):
        receipts.append(await answer(db, vault, wave_id, f"c{number}", {"chung": "1"}, stream=Stream.OPEN))
    await answer(db, vault, wave_id, "silent", {"chung": None})
    return receipts


async def state_of(db: Database, slug: str = "2026") -> State:
    async with db.reading() as tx:
        wave = await tx.waves.by_slug(slug)
    assert wave is not None
    return State(wave.state)


# ── The way of a wave ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_wave_goes_its_way_and_the_ward_sees_the_result(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    receipts = await fill(database, vault, wave_id)

    clock.moment = CLOSES
    assert await waves.close("2026")
    clock.moment = SEALABLE
    sealed = await waves.seal("2026")
    assert await waves.destroy_key("2026")
    assert await waves.release("2026")

    assert sealed is not None
    assert (sealed.ballots, sealed.comments, sealed.blank) == (87, 12, 1)
    long_duc, hoa_thuan = sorted(await waves.results(), key=lambda ward: ward.unit)
    assert long_duc.index.figure == Proportion(40, 60)
    assert [conclusion.verdict for conclusion in long_duc.conclusions] == [Verdict.MET, Verdict.NOT_MET]
    assert long_duc.open_questions[-1].n == 20
    assert long_duc.comments == 12
    assert long_duc.wave.released_at == clock.moment
    assert hoa_thuan.index.figure is None
    assert hoa_thuan.conclusions[0].verdict is Verdict.TOO_FEW
    assert len(receipts) == 87


async def test_advancing_takes_every_step_that_is_due(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    await fill(database, vault, await waves.open(plan()))

    clock.moment = CLOSES - timedelta(seconds=1)
    assert await waves.advance() == []
    clock.moment = CLOSES
    assert await waves.advance() == [("2026", Step.CLOSE)]
    clock.moment = SEALABLE
    assert await waves.advance() == [("2026", Step.SEAL), ("2026", Step.DESTROY_KEY), ("2026", Step.RELEASE)]
    assert await waves.advance() == []


async def test_results_can_be_asked_for_by_wave_and_by_ward(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    await fill(database, vault, await waves.open(plan()))
    await waves.open(plan("khac", opens_at=OPENS + timedelta(days=1)))
    clock.moment = SEALABLE
    await waves.advance()

    assert len(await waves.results()) == 4
    assert len(await waves.results(wave="2026")) == 2
    assert [ward.unit for ward in await waves.results(wave="2026", unit=LONG_DUC)] == [LONG_DUC]


async def test_no_step_comes_too_early(waves: Waves, database: Database, clock: Clock) -> None:
    await waves.open(plan())

    with pytest.raises(TooEarly):
        await waves.close("2026")
    with pytest.raises(TooEarly):
        await waves.seal("2026")
    clock.moment = CLOSES
    await waves.close("2026")
    clock.moment = SEALABLE - timedelta(seconds=1)
    for step in (waves.seal, waves.destroy_key, waves.release):
        with pytest.raises(TooEarly):
            await step("2026")
    assert await state_of(database) is State.CLOSED


async def test_nothing_is_released_while_the_key_exists(waves: Waves, clock: Clock) -> None:
    await waves.open(plan())
    clock.moment = SEALABLE
    await waves.close("2026")
    await waves.seal("2026")

    with pytest.raises(TooEarly):
        await waves.release("2026")


async def test_each_step_may_be_repeated_and_does_nothing_then(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    assert await waves.open(plan()) == wave_id
    await fill(database, vault, wave_id)
    clock.moment = SEALABLE
    await waves.advance()
    before = await waves.results()
    clock.advance(days=30)

    assert not await waves.close("2026")
    assert await waves.seal("2026") is None
    assert not await waves.destroy_key("2026")
    assert not await waves.release("2026")
    assert await waves.results() == before


async def test_a_wave_that_is_not_there_is_named(waves: Waves) -> None:
    with pytest.raises(NoSuchWave, match="2031"):
        await waves.close("2031")


async def test_a_wave_of_too_small_groups_is_not_opened(waves: Waves) -> None:
    with pytest.raises(TooSmall):
        await waves.open(plan(k=4))


async def test_a_slug_is_not_used_for_another_form(waves: Waves) -> None:
    await waves.open(plan())

    with pytest.raises(ValueError, match="another wave 2026"):
        await waves.open(plan(form=library.load("tham_luot")))


# ── What sealing leaves, and what it does not ────────────────────────────────────────────────────────────────────


async def sealed_wave(waves: Waves, db: Database, vault: Vault, clock: Clock) -> tuple[int, list[str]]:
    wave_id = await waves.open(plan())
    receipts = await fill(db, vault, wave_id)
    clock.moment = SEALABLE
    await waves.close("2026")
    await waves.seal("2026")
    return wave_id, receipts


async def test_every_answer_counts_exactly_once(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id, receipts = await sealed_wave(waves, database, vault, clock)

    async with database.reading() as tx:
        ballots = [ballot async for ballot in tx.ballots.of_wave(wave_id)]
        kept = [receipt async for receipt in tx.receipts.of_wave(wave_id)]
        assert await tx.sessions.count(wave_id) == 0

    assert kept == sorted(receipts)
    assert [ballot.position for ballot in ballots] == list(range(87))


async def test_ballots_lie_in_an_order_that_only_the_waves_key_could_compute(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    people = [(f"p{number}", str(number % 6), str(number // 6)) for number in range(36)]
    nullifiers = {person: vault.nullifier(wave_id, person.encode()) for person, _, _ in people}
    for person, overall, first in people:
        await answer(database, vault, wave_id, person, {"chung": overall, FIRST: first})
    by_place = sorted(people, key=lambda each: vault.place(wave_id, "ballot", nullifiers[each[0]]))
    by_nullifier = sorted(people, key=lambda each: nullifiers[each[0]])
    clock.moment = SEALABLE
    await waves.close("2026")
    await waves.seal("2026")

    async with database.reading() as tx:
        lie = [read_answers(ballot.answers) async for ballot in tx.ballots.of_wave(wave_id)]
    assert lie == [{"chung": overall, FIRST: first} for _, overall, first in by_place]
    assert by_place != by_nullifier != people


async def test_a_ballot_carries_choices_and_a_commitment_and_no_word(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id, _ = await sealed_wave(waves, database, vault, clock)

    async with database.reading() as tx:
        ballots = [ballot async for ballot in tx.ballots.of_wave(wave_id)]
    for ballot in ballots:
        assert read_answers(ballot.answers).keys() <= {"chung"}
        bound = {name: getattr(ballot, name) for name in ("unit", "stream", "mode", "answers", "salt")}
        assert commitment(wave="2026", **bound) == ballot.commitment
    assert len({ballot.salt for ballot in ballots}) == len(ballots)


async def test_comments_lie_apart_shuffled_and_unreadable_without_the_content_key(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id, _ = await sealed_wave(waves, database, vault, clock)

    async with database.reading() as tx:
        comments = await tx.comments.of_wave(wave_id)
    texts = {json.loads(vault.open_comment(each.id, each.body))["text"] for each in comments}
    assert texts == {f"góp ý {number}" for number in range(12)}
    assert {each.week for each in comments} == {"2026-W50"}
    assert all("góp ý".encode() not in each.body for each in comments)


async def test_after_the_key_is_destroyed_nobody_finds_anybody(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id, _ = await sealed_wave(waves, database, vault, clock)
    await waves.destroy_key("2026")

    with pytest.raises(KeyGone):
        vault.nullifier(wave_id, b"a1")


async def test_a_session_that_cannot_be_opened_stops_sealing_and_nothing_is_lost(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await answer(database, vault, wave_id, "a", {"chung": "5"})
    async with database.transaction() as tx:
        await tx.sessions.save(b"\xff" * 16, wave_id, b"damaged" * 10)
    clock.moment = SEALABLE
    await waves.close("2026")

    with pytest.raises(Unreadable):
        await waves.seal("2026")

    async with database.reading() as tx:
        assert await tx.sessions.count(wave_id) == 2
        assert await tx.ballots.count(wave_id) == 0
    assert await state_of(database) is State.CLOSED


async def test_an_empty_wave_is_sealed_and_released_too(waves: Waves, clock: Clock) -> None:
    await waves.open(plan())
    clock.moment = SEALABLE
    await waves.advance()

    assert [ward.answered for ward in await waves.results()] == [None, None]


# ── Crashes ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Crash(BaseException):
    """The process is gone."""


class Fate:
    """Lets the process die at one of the points it passes."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Crash


class DoomedDatabase:
    """A database on which the process may die before a unit of work, within it, or just after its commit."""

    def __init__(self, db: Database, fate: Fate) -> None:
        self._db = db
        self._fate = fate

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        self._fate.point()
        async with self._db.transaction() as tx:
            yield tx
            self._fate.point()
        self._fate.point()

    def reading(self) -> Any:
        return self._db.reading()


class DoomedVault:
    """A vault around whose keys the process may die."""

    def __init__(self, vault: Vault, fate: Fate) -> None:
        self._vault = vault
        self._fate = fate

    def create_wave(self, wave_id: int) -> None:
        self._fate.point()
        self._vault.create_wave(wave_id)
        self._fate.point()

    def destroy_wave(self, wave_id: int) -> None:
        self._fate.point()
        self._vault.destroy_wave(wave_id)
        self._fate.point()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)


async def life(waves: Waves, db: Database, vault: Vault, clock: Clock, slug: str) -> None:
    """From opening to release, begun again from wherever it was."""
    clock.moment = OPENS
    wave_id = await waves.open(plan(slug))
    if await state_of(db, slug) is State.OPEN:
        await everybody(db, vault, wave_id)
    clock.moment = SEALABLE
    await waves.advance()


async def everybody(db: Database, vault: Vault, wave_id: int) -> None:
    """Thirty people's answers, the same each time, in one unit of work."""
    people = Random(7)
    async with db.transaction() as tx:
        for number in range(30):
            answers = (("chung", people.choice("54321")), ("gop_y", "x"))
            receipt = new_receipt(secrets.token_bytes(10))
            session = Session(wave_id, LONG_DUC, Stream.INVITED, "vi", receipt, seed="1", answers=answers)
            nullifier = vault.nullifier(wave_id, f"p{number}".encode())
            await tx.sessions.save(nullifier, wave_id, vault.seal_body(wave_id, nullifier, session.to_json()))


@pytest.mark.timeout(900)
async def test_a_crash_at_any_point_loses_nothing_and_counts_nothing_twice(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    await life(waves, database, vault, clock, "untouched")
    [expected] = [body(ward, "untouched") for ward in await waves.results(wave="untouched", unit=LONG_DUC)]

    at, has_crashed = 0, True
    while has_crashed:
        at += 1
        slug, fate = f"crash-{at}", Fate(at)
        doomed = Waves(DoomedDatabase(database, fate), DoomedVault(vault, fate), clock)  # type: ignore[arg-type]
        try:
            await life(doomed, database, vault, clock, slug)
            has_crashed = False
        except Crash:
            await life(Waves(database, vault, clock), database, vault, clock, slug)

        [ward] = await Waves(database, vault, clock).results(wave=slug, unit=LONG_DUC)
        assert body(ward, slug) == expected
        assert await state_of(database, slug) is State.RELEASED
        async with database.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            assert wave is not None
            assert wave.id is not None
            assert await tx.sessions.count(wave.id) == 0
            assert await tx.ballots.count(wave.id) == 30
            assert len(await tx.comments.of_wave(wave.id)) == 30
        assert wave.key_destroyed_at is not None
        assert not vault.has_wave(wave.id)
    assert (
        at > 15
    )  # before, within and after each of the five units of work, and around the key's making and end


def body(ward: ReleasedWard, slug: str) -> str:
    return ward.to_json().replace(slug, "…")
