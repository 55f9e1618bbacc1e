"""Who asked to be asked again this evening, and who wants to hear no more of a wave: encrypted, beside the keys, never in the database.

A row that says “not now” would say of its owner that they had not answered by then, in every backup. So a wish is a small file of its
own: waiting under the moment it is for, then kept as the moment it was fulfilled, and gone with its wave. It is taken from those that wait
before anything leaves: a crash loses a reminder, and never sends two."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.vault import Tampered, Vault
from surveys.conversation import Address
from surveys.delivery import REST

__all__ = ["Snoozed", "Snoozes", "Wish"]

LEFTOVER = 3600.0  # seconds; what somebody has in hand they have for a moment


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody's, that is due."""

    address: Address
    wave: int
    at: datetime
    """The moment it was for."""


@dataclass(frozen=True, slots=True)
class Snoozed:
    """What somebody wished of one wave."""

    waits_until: datetime | None = None
    told_at: datetime | None = None
    """When they were last asked again, because they had wished it."""
    is_quiet: bool = False
    """They want to hear of it no more."""

    def may_have_spared(self, reminded: datetime) -> bool:
        """Whether whoever reminds at that moment may have found a wish to keep, and sent nothing."""
        if self.is_quiet or self.waits_until is not None or self.told_at is None:
            return True
        return reminded < self.told_at + REST


class Snoozes:
    """Any number of processes may share the directory. Of two who take the same wish, the file system lets one win."""

    def __init__(self, directory: Path, vault: Vault) -> None:
        self._vault = vault
        self._waiting, self._kept = directory / "waiting", directory / "kept"
        for each in (self._waiting, self._kept):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    # ── What they wish ────────────────────────────────────────────────────────────────────────────────────────

    async def later(self, address: Address, wave: int, at: datetime) -> None:
        """To be asked again at that moment. Who is waiting already goes on waiting. On disk when this returns."""
        await asyncio.to_thread(self._later, address, wave, at)

    async def quiet(self, person: Collection[bytes], wave: int) -> None:
        """To hear no more of that wave, at any of their addresses. On disk when this returns."""
        await asyncio.to_thread(self._quiet, person, wave)

    async def forget(self, person: Collection[bytes]) -> None:
        """They wish nothing any more, of any wave, at any of their addresses. On disk when this returns."""
        await asyncio.to_thread(self._forget, person)

    def of(self, fingerprint: bytes, wave: int) -> Snoozed | None:
        """None for nearly everybody. Where there is a wish it reads one small file: whoever sends asks before every message."""
        name = _name(fingerprint, wave)
        waits = next((moment for moment, path in self._moments() if (path / name).exists()), None)
        kept = self._read_kept(fingerprint, name)
        if waits is None and kept is None:
            return None
        told, is_quiet = kept or (None, False)
        return Snoozed(waits, told, is_quiet)

    def _later(self, address: Address, wave: int, at: datetime) -> None:
        fingerprint = self._vault.fingerprint(address)
        name = _name(fingerprint, wave)
        if any((path / name).exists() for _, path in self._moments()):
            return
        self._write(
            self._waiting / str(int(at.timestamp())) / name, fingerprint, [address.account, address.id, wave]
        )

    def _quiet(self, person: Collection[bytes], wave: int) -> None:
        for fingerprint in person:
            name = _name(fingerprint, wave)
            told, _ = self._read_kept(fingerprint, name) or (None, False)
            self._keep(fingerprint, name, told, is_quiet=True)
            for _, path in self._moments():
                (path / name).unlink(missing_ok=True)

    def _forget(self, person: Collection[bytes]) -> None:
        theirs = {fingerprint.hex() for fingerprint in person}
        for directory in (self._kept, *(path for _, path in self._moments())):
            for path in _there(directory):
                if path.name.partition(".")[0] in theirs:
                    path.unlink(missing_ok=True)

    # ── When it is time ───────────────────────────────────────────────────────────────────────────────────────

    async def take(self, now: datetime, some: int) -> list[Wish]:
        """At most so many whose moment has come. Nobody else gets them, and nobody gets them twice."""
        return await asyncio.to_thread(self._take, now, some)

    async def told(self, wish: Wish, at: datetime | None) -> None:
        """They are asked now; None: they were not, after all. On disk when this returns."""
        await asyncio.to_thread(self._told, wish, at)

    async def give_back(self, wish: Wish, at: datetime) -> None:
        """It certainly did not leave: it waits until that moment."""
        await self.told(wish, None)
        await self.later(wish.address, wish.wave, at)

    async def purge(self, waves: Collection[int]) -> None:
        """Forgets everything but what concerns these waves, and what a crash left in hand."""
        await asyncio.to_thread(self._purge, frozenset(waves))

    def _take(self, now: datetime, some: int) -> list[Wish]:
        taken: list[Wish] = []
        for moment, path in self._moments():
            if moment > now:
                break
            waiting = sorted(each for each in _there(path) if not each.name.startswith("."))
            for each in waiting[: some - len(taken)]:
                wish = self._taken(each, moment)
                if wish is not None:
                    taken.append(wish)
            if len(taken) >= some:
                break
        return taken

    def _taken(self, path: Path, moment: datetime) -> Wish | None:
        in_hand = path.with_name(f".{secrets.token_hex(8)}")
        try:
            os.utime(path)  # young, as whatever is in a hand is: a sweep leaves it there
            path.rename(in_hand)  # only one can
        except FileNotFoundError:
            return None
        try:
            account, id, wave = self._open(bytes.fromhex(path.name.partition(".")[0]), in_hand)
        except (FileNotFoundError, Tampered):
            return None
        finally:
            in_hand.unlink(missing_ok=True)
        return Wish(Address(account, id), int(wave), moment)

    def _told(self, wish: Wish, at: datetime | None) -> None:
        fingerprint = self._vault.fingerprint(wish.address)
        name = _name(fingerprint, wish.wave)
        _, is_quiet = self._read_kept(fingerprint, name) or (None, False)
        # Though they were not asked: that they had wished it is why they may have been spared a reminder.
        self._keep(fingerprint, name, at, is_quiet=is_quiet)

    def _purge(self, waves: frozenset[int]) -> None:
        moments = [path for _, path in self._moments()]
        for directory in (self._kept, *moments):
            for path in _there(directory):
                wave = path.name.rpartition(".")[2]
                is_wanted = wave.isdigit() and int(wave) in waves
                if _is_left_over(path) if path.name.startswith(".") else not is_wanted:
                    path.unlink(missing_ok=True)
        for moment in moments:
            try:
                moment.rmdir()
            except OSError:  # somebody waits there
                continue

    # ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _moments(self) -> Iterator[tuple[datetime, Path]]:
        """The moments that somebody waits for, the first one first: an evening each, so they are few."""
        for name in sorted((each for each in os.listdir(self._waiting) if each.isdigit()), key=int):
            yield datetime.fromtimestamp(int(name), UTC), self._waiting / name

    def _read_kept(self, fingerprint: bytes, name: str) -> tuple[datetime | None, bool] | None:
        try:
            told, is_quiet = self._open(fingerprint, self._kept / name)
        except (FileNotFoundError, Tampered):
            return None
        return None if told is None else datetime.fromtimestamp(told, UTC), bool(is_quiet)

    def _keep(self, fingerprint: bytes, name: str, told: datetime | None, *, is_quiet: bool) -> None:
        self._write(self._kept / name, fingerprint, [None if told is None else told.timestamp(), is_quiet])

    def _open(self, fingerprint: bytes, path: Path) -> Any:
        return json.loads(self._vault.open_arrival(fingerprint, path.read_bytes()))

    def _write(self, path: Path, fingerprint: bytes, told: list[object]) -> None:
        draft = self._kept / f".{secrets.token_hex(8)}"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(file, "wb") as stream:
                stream.write(self._vault.seal_arrival(fingerprint, json.dumps(told).encode()))
                stream.flush()
                os.fsync(stream.fileno())
            _put(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        try:
            directory = os.open(path.parent, os.O_RDONLY)
        except FileNotFoundError:  # taken already, and the evening swept away
            return
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _there(directory: Path) -> list[Path]:
    """What is in it; nothing, where another process has swept it away meanwhile."""
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _is_left_over(path: Path) -> bool:
    """Whether a crash left it: what is young is in somebody's hand."""
    try:
        return time.time() - path.stat().st_mtime > LEFTOVER
    except FileNotFoundError:
        return False


def _put(draft: Path, path: Path) -> None:
    while True:
        # Here, not before: an evening that nobody waits for any more is swept away.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            draft.replace(path)
            return
        except FileNotFoundError:
            if not draft.exists():
                raise
            # The evening was swept away between the two, by another process.


def _name(fingerprint: bytes, wave: int) -> str:
    return f"{fingerprint.hex()}.{wave}"
