from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.vault import Vault
from tests.conftest import Clock
from tests.journeys.town import Resident, Town, a_town


@pytest.fixture
async def town(sqlite_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        yield town


@pytest.fixture
def resident(town: Town) -> Resident:
    return Resident(town)
