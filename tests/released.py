"""A released wave in a database, as a made-up province released it; its story stands in the ledger."""

from datetime import UTC, datetime, timedelta

from handlers.ledger import Ledger
from storage import rows
from storage.database import Database
from surveys import documents
from surveys.forms.published import form_to_json
from surveys.records import ScorecardFrozen
from tests.conftest import Clock
from tests.surveys.seal import province

__all__ = ["a_released_wave"]


async def a_released_wave(
    db: Database, ledger: Ledger, clock: Clock, *, audience: str = "residents", state: str = "released"
) -> tuple[str, ...]:
    """Its lines; those of units that nobody knows here are left out of the database."""
    box = province.ballots()
    lines = province.released(box)
    form = province.form()
    opened = datetime(2026, 10, 1, tzinfo=UTC)
    async with db.transaction() as tx:
        await tx.forms.add(
            rows.Form(id=form.id, version=form.version, digest=form.digest, body=form_to_json(form))
        )
        wave = rows.Wave(
            slug=province.SLUG, form_id=form.id, form_version=form.version, title="Năm 2026", audience=audience,
            state=state, opens_at=opened, closes_at=opened + timedelta(days=21), k=10, threshold=None,
        )  # fmt: skip
        wave_id = await tx.waves.add(wave)
        known = {unit.code for unit in await tx.units.all()}
        await tx.wave_units.add_many(
            rows.WaveUnit(wave_id=wave_id, unit=code, invited=300)
            for code in province.TERMS.units
            if code in known
        )
        if state != "released":
            return ()
        for record in province.records(box, lines):
            if not isinstance(record, ScorecardFrozen):
                await ledger.append(tx, record, clock())
        for line in lines:
            unit = documents.read(line)["unit"]
            if unit in known:
                await tx.releases.add(wave_id, unit, line, clock())
    return lines
