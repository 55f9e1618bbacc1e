"""A release that would expose somebody is refused: nothing is written, the wave stays sealed, and the log names the cell."""

from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from handlers.audit import Audit
from handlers.ledger import Ledger
from handlers.units import load_seed
from handlers.waves import Exposed, Waves
from storage.database import Database
from storage.vault import Vault
from surveys import attacker
from surveys.attacker import Exposure
from surveys.entry import Stream
from surveys.forms import library
from surveys.results import Proportion
from surveys.verify import verify
from surveys.waves import GRACE, Audience, State
from tests.conftest import Clock
from tests.handlers.test_exclusions import sealed
from tests.handlers.test_waves import CLOSES, HOA_THUAN, LONG_DUC, answer, plan, state_of


async def test_a_release_that_would_expose_a_cell_is_refused_and_mended_later(
    sqlite_database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load_seed(sqlite_database)
    waves = Waves(sqlite_database, vault, clock, ledger=Ledger(vault.ledger_signer("langnghe")))
    wave = await sealed(waves, sqlite_database, vault, clock)

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as logs:
        patched.setattr(attacker, "exposures", lambda *_: (Exposure("29263", "chung", ("5", "4"), 2, 4),))
        with pytest.raises(Exposed, match=r"2026 would expose 29263 × chung × 5\+4: 2 to 4"):
            await waves.release("2026")
        await waves.advance()

    assert await state_of(sqlite_database) is State.SEALED
    async with sqlite_database.reading() as tx:
        assert await tx.releases.of_wave(wave) == []
    assert {log["event"] for log in logs} >= {"release.exposes", "wave.held_up"}
    assert await waves.release("2026")


async def test_a_release_covers_the_province_where_services_are_compared(
    sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    await load_seed(sqlite_database)
    waves = Waves(sqlite_database, vault, clock, ledger=Ledger(vault.ledger_signer("langnghe")))
    await visits_are_released(waves, sqlite_database, vault, clock)

    [province] = await waves.provinces(wave="tham-luot")

    figures = {part.name: part.index.figure for part in province.services}
    assert province.wards == 2
    assert figures["cu_tru"] == Proportion(60, 80)
    # Nobody came for anything else; were identity cards shown by themselves, that could be told.
    assert (figures["can_cuoc"], figures["vneid"]) == (None, None)
    assert all("thu_tuc" not in {table.name for table in ward.questions} for ward in await waves.results())


async def visits_are_released(waves: Waves, db: Database, vault: Vault, clock: Clock) -> None:
    """Two wards, each with forty for residence and twenty for identity cards."""
    wave = await waves.open(plan("tham-luot", form=library.load("tham_luot"), audience=Audience.VISITS))
    for unit in (LONG_DUC, HOA_THUAN):
        for number in range(60):
            service, happy = ("cu_tru", number < 30) if number < 40 else ("can_cuoc", number < 50)
            given: dict[str, str | None] = {"thu_tuc": service, "chung": "5" if happy else "2"}
            await answer(db, vault, wave, f"{unit}-{number}", given, unit=unit, stream=Stream.VISIT)
    clock.moment = CLOSES
    await waves.close("tham-luot")
    clock.moment = CLOSES + GRACE + timedelta(days=4)
    await waves.seal("tham-luot")
    await waves.destroy_key("tham-luot")
    clock.advance(days=4)
    await waves.release("tham-luot")


async def test_and_an_auditor_works_it_out_again(
    sqlite_database: Database, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    await load_seed(sqlite_database)
    ledger = Ledger(vault.ledger_signer("langnghe"))
    waves = Waves(sqlite_database, vault, clock, ledger=ledger)
    await visits_are_released(waves, sqlite_database, vault, clock)
    path = tmp_path / "goi.zip"

    with path.open("wb") as file:
        await Audit(sqlite_database, ledger).package("tham-luot", file)

    with path.open("rb") as file:
        found = verify(file, ledger.key)
    assert found.units >= 2
    assert not found.is_worded_otherwise
