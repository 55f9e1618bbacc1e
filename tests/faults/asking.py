"""Eight processes that write for one account, and so share its tokens.

`python -m tests.faults.asking URL KEYS OAUTH OPENAPI APP SECRET ACCOUNT` forks them with everything imported and reads lines `MOMENT
OLD`: at that moment all of them ask at once for a token that works, as senders do, or for another than the old one where one is named,
as they do once Zalo has refused it. Each prints what it was given.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_tokens import Tokens
from bot.logs import configure
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault

__all__ = ["NONE", "WORKERS"]

WORKERS = 8
NONE = "-"


async def sooner(seconds: float) -> None:
    await asyncio.sleep(seconds / 100)


async def ask(arguments: list[str], lines: int) -> None:
    url, keys, oauth, openapi, app, secret, account = arguments
    moment = 0.0
    database = await Database.open(url)
    async with ZaloClient(app, secret, hosts=Hosts(oauth, openapi)) as client:
        tokens = Tokens(
            account,
            database,
            Vault(FileKeys(Path(keys))),
            client.renew,
            client.works,
            lambda: datetime.fromtimestamp(moment, UTC),
            pause=sooner,
        )
        with os.fdopen(lines) as reading:
            while line := await asyncio.to_thread(reading.readline):
                written, old = line.split()
                moment = float(written)
                token = await (tokens.access() if old == NONE else tokens.renewed_after(old))
                os.write(1, f"{token}\n".encode())
    await database.close()


def main(arguments: list[str]) -> None:
    configure("error", "text")
    children: list[tuple[int, int]] = []
    for _ in range(WORKERS):
        lines, there = os.pipe()
        child = os.fork()
        if child == 0:
            for each in (there, *(pipe for _, pipe in children)):
                os.close(each)
            asyncio.run(ask(arguments, lines))
            os._exit(0)
        os.close(lines)
        children.append((child, there))
    for line in sys.stdin:
        for _, pipe in children:
            os.write(pipe, line.encode())
    for child, pipe in children:
        os.close(pipe)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
