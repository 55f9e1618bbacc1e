"""A number for each account that moves with everything about to be sent: in the database, and here beside the keys. A database that
shows a smaller one is older than what was sent from it – somebody restored a backup – and must not send that again by itself.

The database is on disk before the number here is written, so a crash or a power cut leaves this one behind, never ahead: only a
restored database can be the older of the two."""

import asyncio
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
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

    def is_restored(self, account: str, epoch: int) -> bool:
        """Whether the database, whose number that is, is older than what was sent from it – or nobody can tell."""
        known = self.known(account)
        return epoch > 0 if known is None else epoch < known

    async def write(self, account: str, epoch: int) -> None:
        """After the database has it on disk, and before anything leaves."""
        draft = self._path(account).with_suffix(f".{os.getpid()}")
        now = monotonic()
        if now - self._synced.get(account, -SYNC_EVERY) < SYNC_EVERY:
            _put(draft, self._path(account), epoch)
            return
        self._synced[account] = now
        await asyncio.to_thread(_put, draft, self._path(account), epoch, synced=True)

    async def accept(self, epochs: Mapping[str, int]) -> None:
        """An operator has looked: what the database says is what holds."""
        for account, epoch in epochs.items():
            self._synced.pop(account, None)
            await self.write(account, epoch)

    def _path(self, account: str) -> Path:
        return self._directory / sha256(account.encode()).hexdigest()[:16]


def _put(draft: Path, path: Path, epoch: int, *, synced: bool = False) -> None:
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, str(epoch).encode("ascii"))
        if synced:
            os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
