"""A wave that is open, with a form and a ward: what most rows of this room refer to."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from storage import rows
from storage.database import Database


def a_form(version: str = "1", digest: str = "0" * 64) -> rows.Form:
    return rows.Form(id="tham_luot", version=version, digest=digest, body="{}")


def a_unit(code: str = "29242", name: str = "Long Đức") -> rows.Unit:
    return rows.Unit(
        code=code,
        name=name,
        kind="phường",
        province="86",
        valid_from=datetime(2025, 7, 1).date(),  # noqa: DTZ001  (a day has no zone)
        source="NQ 1687/NQ-UBTVQH15",
    )


def a_wave(now: datetime, slug: str = "2026", **other: object) -> rows.Wave:
    given: dict[str, object] = {
        "slug": slug,
        "form_id": "tham_luot",
        "form_version": "1",
        "title": "Đợt 2026",
        "audience": "residents",
        "state": "open",
        "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(days=1),
        "k": 10,
    }
    return rows.Wave(**(given | other))


@pytest.fixture
async def wave(database: Database, clock: Callable[[], datetime]) -> int:
    """Its id, on the database of the test."""
    return await prepare(database, clock())


async def prepare(database: Database, now: datetime) -> int:
    async with database.transaction() as tx:
        await tx.forms.add(a_form())
        await tx.units.upsert_many([a_unit()])
        return await tx.waves.add(a_wave(now))
