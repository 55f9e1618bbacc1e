"""A process that renews an account's token and kills itself with SIGKILL at one boundary of it, again and again.

`python -m tests.faults.renewing URL KEYS OAUTH OPENAPI APP SECRET ACCOUNT` reads lines `BOUNDARY MOMENT`, forks a child for each that
starts with everything imported, says `pid N` when the child is at work and `ended` when it is gone. At boundary 0 nobody dies by
their own hand: the parent kills them while Zalo is being asked.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_tokens import Tokens
from bot.logs import configure
from storage.database import Database
from storage.keys import FileKeys
from storage.transaction import Tx
from storage.vault import Vault
from tests.faults.steps import Fate

__all__ = ["BOUNDARIES"]

BOUNDARIES = 12
"""Three at each unit of work (lease, journal, pair), two around the question, and one on each side of all."""


class DoomedDatabase:
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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


async def renew(arguments: list[str], boundary: int, moment: float) -> None:
    url, keys, oauth, openapi, app, secret, account = arguments
    fate = Fate(boundary)
    database = await Database.open(url)
    async with ZaloClient(app, secret, hosts=Hosts(oauth, openapi)) as client:

        async def ask(refresh: str) -> bytes:
            fate.point()
            answer = await client.renew(refresh)
            fate.point()
            return answer

        tokens = Tokens(
            account,
            DoomedDatabase(database, fate),  # type: ignore[arg-type]
            Vault(FileKeys(Path(keys))),
            ask,
            client.works,
            lambda: datetime.fromtimestamp(moment, UTC),
        )
        await tokens.access()
        fate.point()
    await database.close()


def main(arguments: list[str]) -> None:
    configure("error", "text")
    for line in sys.stdin:
        boundary, moment = line.split()
        child = os.fork()
        if child == 0:
            asyncio.run(renew(arguments, int(boundary), float(moment)))
            os._exit(0)
        print(f"pid {child}", flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if died else f"ended {status}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
