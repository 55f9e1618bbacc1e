"""Eight processes share one Zalo account: at each expiry one of them renews its tokens, once, and all go on with the same."""

import asyncio
import sys
from pathlib import Path

import pytest

from storage.database import Database
from storage.vault import Vault
from tests.contracts.conftest import connect, hosts
from tests.faults.asking import NONE, WORKERS
from tests.patience import PATIENCE
from tests.zalo_server.server import ZaloServer

A_LIFE = 25 * 3600.0  # seconds of an access token, and nothing left of it


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("expiries", [6, pytest.param(1000, marks=pytest.mark.long)])
async def test_one_of_eight_processes_renews_at_each_expiry(
    database_url: str, database: Database, vault: Vault, tmp_path: Path, expiries: int
) -> None:
    """Every third time it is Zalo that says the token is old."""
    async with ZaloServer() as zalo:
        await connect(zalo, zalo.oa, database, vault)
        where = hosts(zalo)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.faults.asking", database_url, str(tmp_path / "keys"), where.oauth, where.openapi),
            *(zalo.app.id, zalo.app.secret, zalo.oa.id),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(1, expiries + 1):
            old = NONE if number % 3 else zalo.oauth.pairs[-1].access
            zalo.time.pass_by(A_LIFE if number % 3 else 120)
            process.stdin.write(f"{zalo.time()} {old}\n".encode())
            async with asyncio.timeout(PATIENCE):
                given = {(await process.stdout.readline()).decode().strip() for _ in range(WORKERS)}

            assert given == {zalo.oauth.pairs[-1].access}, number
            assert zalo.oauth.refreshed == number
            del zalo.oauth.pairs[:-1]
            zalo.made.clear()
        process.stdin.close()
        assert await process.wait() == 0

    assert zalo.oauth.refused == 0
    assert zalo.violations == []
