"""A number for each account that moves with everything about to be sent: in the database, and here beside the keys. A database that
shows a smaller one is older than what was sent from it – somebody restored a backup – and must not send that again by itself.

The database is on disk before the number here is written, so a crash or a power cut leaves this one behind, never ahead: only a
restored database can be the older of the two."""

import asyncio
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from time import monotonic

__all__ = ["Epochs"]

SYNC_EVERY = 5.0  # seconds; what a power cut takes from this file only makes it older


class Epochs:
    """One small file for each account. Any number of processes may share the directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._synced: dict[str, float] = {}

    def known(self, account: str) -> int | None:
        """None where nothing was ever sent on it from here."""
        try:
            return int(self._path(account).read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    async def begin(self, account: str) -> None:
        """Before the first one is counted: a crash between the database and the first number here leaves one that is behind, and not none
        at all, of which nobody could tell."""
        if self.known(account) is None:
            await asyncio.to_thread(_put_for_good, self._path(account), 0)

    async def write(self, account: str, epoch: int) -> None:
        """After the database has it on disk, and before anything leaves."""
        path, now = self._path(account), monotonic()
        is_due = now - self._synced.get(account, -SYNC_EVERY) >= SYNC_EVERY
        if not is_due:
            return _put(path, epoch)
        self._synced[account] = now
        return await asyncio.to_thread(_put_for_good, path, epoch)

    async def accept(self, epochs: Mapping[str, int]) -> None:
        """An operator has looked: what the database says is what holds."""
        for account, epoch in epochs.items():
            self._synced.pop(account, None)
            await self.write(account, epoch)

    def _path(self, account: str) -> Path:
        return self._directory / sha256(account.encode()).hexdigest()[:16]


def _put(path: Path, epoch: int) -> None:
    # In place and always as long: a file that is made anew each time may be found empty after a power cut.
    file = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(file, _digits(epoch), 0)
    finally:
        os.close(file)


def _put_for_good(path: Path, epoch: int) -> None:
    if not path.exists():
        draft = path.with_suffix(f".{token_hex(8)}")  # nobody else's: two may begin at once
        draft.write_bytes(_digits(epoch))
        draft.replace(path)
    _put(path, epoch)
    for each in (path, path.parent):
        file = os.open(each, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _digits(epoch: int) -> bytes:
    return f"{epoch:020}".encode("ascii")
