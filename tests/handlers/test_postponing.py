"""A wave's key goes by itself; keeping it longer takes two persons and a published reason."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.cli import desk
from handlers.proposals import NoSuchProposal, SamePerson
from handlers.units import load_seed
from handlers.waves import NoSuchWave, Waves
from storage.database import Database
from storage.vault import Vault
from surveys.records import KeyDestructionPostponed
from surveys.waves import State, Step, TooEarly
from tests.conftest import Clock
from tests.handlers.test_sealing import told
from tests.handlers.test_waves import CLOSES, SEALABLE, fill, plan, state_of

UNTIL = date(2026, 12, 31)
AFTER = SEALABLE.replace(day=31, hour=17, minute=0)  # midnight in Trà Vinh
REASON = "Tòa án yêu cầu giữ nguyên trạng đến hết năm"


@pytest.fixture
async def waves(database: Database, vault: Vault, clock: Clock) -> Waves:
    await load_seed(database)
    return Waves(database, vault, clock)


async def kept(waves: Waves) -> None:
    id = await waves.propose_keeping_key("2026", UNTIL, REASON, by="Nguyễn Văn An")
    await waves.confirm_keeping_key(id, by="Trần Thị Bình")


async def test_sealing_does_not_wait_but_the_key_and_the_release_do(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    wave_id = await waves.open(plan())
    await fill(database, vault, wave_id)
    await kept(waves)

    clock.moment = SEALABLE
    assert await waves.advance() == [("2026", Step.CLOSE), ("2026", Step.SEAL)]
    with pytest.raises(TooEarly):
        await waves.destroy_key("2026")
    assert vault.has_wave(wave_id)
    clock.moment = AFTER - timedelta(seconds=1)
    assert await waves.advance() == []

    clock.moment = AFTER
    assert await waves.advance() == [("2026", Step.DESTROY_KEY), ("2026", Step.RELEASE)]
    assert not vault.has_wave(wave_id)


async def test_everybody_can_read_why_and_who(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    await waves.open(plan())
    await kept(waves)

    [said] = [
        entry.record
        for entry in await told(database, vault)
        if isinstance(entry.record, KeyDestructionPostponed)
    ]
    [postponement] = await waves.postponements()
    assert (said.until, said.reason, said.persons) == (
        "2026-12-31",
        REASON,
        ("Nguyễn Văn An", "Trần Thị Bình"),
    )
    assert (postponement.wave, postponement.until, postponement.reason) == ("2026", UNTIL, REASON)
    assert postponement.at == clock.moment.replace(microsecond=0)


async def test_one_person_alone_postpones_nothing(waves: Waves, database: Database, vault: Vault) -> None:
    await waves.open(plan())
    id = await waves.propose_keeping_key("2026", UNTIL, REASON, by="Nguyễn Văn An")

    with pytest.raises(SamePerson):
        await waves.confirm_keeping_key(id, by=" nguyễn văn an")
    assert await waves.postponements() == []
    await waves.confirm_keeping_key(id, by="Trần Thị Bình")
    with pytest.raises(NoSuchProposal):
        await waves.confirm_keeping_key(id, by="Lê Văn Cường")
    assert len(await waves.postponements()) == 1


async def test_the_latest_postponement_counts(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    await fill(database, vault, await waves.open(plan()))
    await kept(waves)
    id = await waves.propose_keeping_key("2026", UNTIL + timedelta(days=10), REASON, by="A")
    await waves.confirm_keeping_key(id, by="B")
    clock.moment = SEALABLE
    await waves.advance()

    clock.moment = AFTER + timedelta(days=9)
    assert await waves.advance() == []
    clock.moment += timedelta(days=1)
    assert (await waves.advance())[0] == ("2026", Step.DESTROY_KEY)


async def test_what_cannot_be_postponed_is_refused(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    await fill(database, vault, await waves.open(plan()))
    for until, reason, by in (
        (CLOSES.date() + timedelta(days=7), REASON, "A"),
        (UNTIL, " ", "A"),
        (UNTIL, REASON, ""),
    ):
        with pytest.raises(ValueError, match=r"kept until|needs a reason"):
            await waves.propose_keeping_key("2026", until, reason, by=by)
    with pytest.raises(NoSuchWave):
        await waves.propose_keeping_key("2031", UNTIL, REASON, by="A")
    id = await waves.propose_keeping_key("2026", UNTIL, REASON, by="A")
    clock.moment = SEALABLE
    await waves.advance()

    with pytest.raises(ValueError, match="is destroyed"):
        await waves.confirm_keeping_key(id, by="B")
    assert await state_of(database) is State.RELEASED


def test_an_operator_postpones_and_the_list_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'db.sqlite'}")
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    assert desk.units_import(seed_only=True) == 0
    assert desk.waves_open("2099", "tham_luot", "29263", "2099-12-10", "", "residents") == 0
    capsys.readouterr()

    assert desk.waves_keep_key("2099", "2099-12-31", REASON, "Nguyễn Văn An") == 0
    id = capsys.readouterr().out.split("confirm ")[1].split()[0]
    assert desk.waves_confirm(id, "Nguyễn Văn An") == 1
    assert "another person" in capsys.readouterr().err
    assert desk.waves_confirm(id, "Trần Thị Bình") == 0
    assert desk.waves_confirm("ffffffff", "Trần Thị Bình") == 1
    assert desk.waves_keep_key("2099", "hôm nào", REASON, "Nguyễn Văn An") == 1
    capsys.readouterr()

    assert desk.waves_list() == 0
    out = capsys.readouterr().out
    assert "31/12/2099" in out
    assert REASON in out
    desk.waves_show("2099")
    assert REASON in capsys.readouterr().out
