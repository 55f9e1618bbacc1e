"""The key store: secrets in files of their own, outside the database and its backups. It knows names and bytes, not what they open.

A key is created once, read often, and destroyed for good: overwritten, unlinked, and the directory synced, so that
not even a crash brings it back. (A journalling or copy-on-write disk may keep old blocks: put the directory on
a disk that is encrypted, and leave it out of every backup.)
"""

import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["KEY_SIZE", "FileKeys", "KeyGone"]

KEY_SIZE = 32  # bytes: AES-256 and HMAC-SHA-256
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")
SUFFIX = ".key"
LOOK_AGAIN = 1.0  # seconds; asking the file system at every use would cost more than the encryption


class KeyGone(LookupError):
    """There is no such key: it was destroyed, or never made."""


class FileKeys:
    """Keys as files of one directory: 0700 the directory, 0600 each key."""

    def __init__(self, directory: Path) -> None:
        """Raises PermissionError when others may read the directory."""
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o077:
            raise PermissionError(f"Others may read the keys in {directory}: chmod 700 it.")
        self._known: dict[str, tuple[bytes, float]] = {}
        for leftover in directory.glob(".*.new"):
            _erase(leftover)

    @property
    def directory(self) -> Path:
        return self._directory

    def get(self, name: str) -> bytes:
        """Raises KeyGone. A key that another process destroyed is forgotten here within a second."""
        known = self._known.get(name)
        now = time.monotonic()
        if known is not None and now - known[1] < LOOK_AGAIN:
            return known[0]
        path = self._path(name)
        try:
            if known is not None:
                os.stat(path)
                self._known[name] = (known[0], now)
                return known[0]
            key = Path(path).read_bytes()
        except FileNotFoundError:
            self._known.pop(name, None)
            raise KeyGone(f"The key {name} is gone.") from None
        if len(key) != KEY_SIZE:
            raise ValueError(f"The key {name} is damaged: {len(key)} bytes instead of {KEY_SIZE}.")
        self._known[name] = (key, now)
        return key

    def create(self, name: str) -> bytes:
        """A new random key, on disk before this returns. Raises FileExistsError when there is one of that name."""
        path = self._path(name)
        key = secrets.token_bytes(KEY_SIZE)
        draft = self._directory / f".{name}.{secrets.token_hex(4)}.new"
        _write(draft, key)
        try:
            # A link fails where the name is taken; a rename would silently replace a key that is in use.
            os.link(draft, path)
        finally:
            draft.unlink()
        self._sync()
        return self.get(name)

    def get_or_create(self, name: str) -> bytes:
        try:
            return self.get(name)
        except KeyGone:
            pass
        try:
            return self.create(name)
        except FileExistsError:  # another process was quicker
            return self.get(name)

    def destroy(self, name: str) -> None:
        """Nothing that was sealed with it can be opened again. A key that is gone already stays gone."""
        path = Path(self._path(name))
        self._known.pop(name, None)
        if not path.exists():
            return
        _erase(path)
        self._sync()

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether nobody else on this machine does what that name stands for, until the block is left or the process dies."""
        lock = os.open(self._directory / f".{name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(lock)

    def exists(self, name: str) -> bool:
        return os.path.exists(self._path(name))

    def names(self, prefix: str = "") -> list[str]:
        """The names of the keys there are, sorted."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self._directory.glob(f"{prefix}*{SUFFIX}"))

    def _path(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a key.")
        return f"{self._directory}{os.sep}{name}{SUFFIX}"

    def _sync(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _write(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def _erase(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
