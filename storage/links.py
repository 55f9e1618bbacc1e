"""Addresses that one person has said are both theirs: the code by which they say it, and what follows from it for every message.

A link names people, so it is never written beside an answer: codes and new links rest beside the keys, encrypted, one file each,
and links go to the database in bulk, in random order, within the hour. They hold from the moment they were made all the same:
whoever looks, looks at the waiting ones first. Where nobody on an account ever made a link, looking costs one `stat`."""

import asyncio
import json
import os
import secrets
import time
from datetime import datetime, timedelta
from pathlib import Path

from storage import rows
from storage.database import Database
from storage.transaction import Tx
from storage.vault import KeyGone, Tampered, Vault
from surveys.conversation import Address
from surveys.links import new_code

__all__ = ["LIVES", "Links"]

LIVES = timedelta(minutes=10)
MOST_HOPS = 4  # a stands for b, b for c: made by one who linked first this, then that
NEW = ".new"
LEFTOVER = 3600.0  # seconds


class Links:
    """Any number of processes may share the directory."""

    def __init__(self, directory: Path, vault: Vault) -> None:
        self._vault = vault
        self._codes, self._waiting, self._accounts = (
            directory / name for name in ("codes", "waiting", "accounts")
        )
        for each in (self._codes, self._waiting, self._accounts):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._names: dict[str, str] = {}

    # ── For every message ─────────────────────────────────────────────────────────────────────────────────────

    async def first(self, tx: Tx, address: Address) -> Address:
        """The address this one stands for: itself, mostly. It writes nothing and locks nothing."""
        for _ in range(MOST_HOPS):
            # Microseconds, where a thread would cost a hundred.
            if not os.path.exists(self._name(address.account)):  # noqa: ASYNC240
                return address
            fingerprint = self._vault.fingerprint(address)
            found = self._waits(fingerprint)
            if found is NOT_WAITING:
                found = await self._rests(tx, fingerprint)
            if not isinstance(found, Address):
                return address
            address = found
        return address

    async def others(self, tx: Tx, first: Address) -> frozenset[bytes]:
        """Fingerprints of the addresses that stand for this one: all that is known of them. It writes nothing."""
        if not os.path.exists(self._name(first.account)):  # noqa: ASYNC240
            return frozenset()
        told = {fingerprint: told for fingerprint, (_, told) in (await asyncio.to_thread(self._read)).items()}
        written = await tx.links.standing_for(self._vault.fingerprint(first))
        wanted = [first.account, first.id]
        waiting = (fingerprint for fingerprint, said in told.items() if said == wanted)
        return frozenset({*waiting, *(each for each in written if each not in told)})

    def _name(self, account: str) -> str:
        """Where it stands that somebody on this account has a link."""
        if account not in self._names:
            self._names[account] = str(self._accounts / account.encode().hex())
        return self._names[account]

    def _waits(self, fingerprint: bytes) -> Address | object | None:
        """None: taken back, and not yet so in the database."""
        try:
            sealed = (self._waiting / fingerprint.hex()).read_bytes()
        except FileNotFoundError:
            return NOT_WAITING
        return self._opened(fingerprint, sealed)

    def _opened(self, fingerprint: bytes, sealed: bytes) -> Address | None:
        told = self._told(fingerprint, sealed)
        return Address(*told) if told else None

    def _told(self, fingerprint: bytes, sealed: bytes) -> list[str] | None:
        """Account and id; nothing in it where they parted; None where all that is about this address must go."""
        told: list[str] | None = json.loads(self._vault.open_arrival(fingerprint, sealed))
        return told

    async def _rests(self, tx: Tx, fingerprint: bytes) -> Address | None:
        found = await tx.links.of(fingerprint)
        if found is None:
            return None
        try:
            return self._vault.open_address(*found)
        except (Tampered, KeyGone):
            return None  # a person must always be able to go on

    # ── The code ──────────────────────────────────────────────────────────────────────────────────────────────

    async def offer(self, address: Address, now: datetime) -> str:
        """A code to be typed at the other address: once, within ten minutes."""
        code = new_code(secrets.token_bytes(8))
        told = json.dumps([address.account, address.id, (now + LIVES).timestamp()]).encode()
        name = self._vault.code_name(code)
        await asyncio.to_thread(_write, self._codes / name.hex(), self._vault.seal_arrival(name, told))
        return code

    async def redeem(self, code: str, now: datetime) -> Address | None:
        """The address that made this code, to whoever is the first to type it in time."""
        name = self._vault.code_name(code)
        return await asyncio.to_thread(self._redeem, name, now)

    def _redeem(self, name: bytes, now: datetime) -> Address | None:
        path = self._codes / name.hex()
        taken = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.rename(taken)  # only one can
        except FileNotFoundError:
            return None
        try:
            account, id, until = json.loads(self._vault.open_arrival(name, taken.read_bytes()))
        finally:
            taken.unlink(missing_ok=True)
        return Address(account, id) if now.timestamp() < until else None

    # ── Linking, and taking it back ───────────────────────────────────────────────────────────────────────────

    async def join(self, second: Address, first: Address) -> None:
        """From now on the second address stands for the first. On disk when this returns."""
        await asyncio.to_thread(self._keep, second, [first.account, first.id])

    async def part(self, address: Address) -> None:
        """It stands for nobody any more. On disk when this returns."""
        await asyncio.to_thread(self._keep, address, [])

    async def forget(self, address: Address) -> None:
        """It stands for nobody any more, and within the hour nobody stands for it. On disk when this returns."""
        if await asyncio.to_thread(os.path.exists, self._name(address.account)):
            await asyncio.to_thread(self._keep, address, None)

    def _keep(self, address: Address, told: list[str] | None) -> None:
        fingerprint = self._vault.fingerprint(address)
        for account in {address.account, told[0] if told else address.account}:
            Path(self._name(account)).touch(mode=0o600)
        sealed = self._vault.seal_arrival(fingerprint, json.dumps(told).encode())
        _write(self._waiting / fingerprint.hex(), sealed)

    async def flush(self, db: Database, now: datetime) -> int:
        """Writes what waits to the database, all at once, and forgets codes that nobody used. Returns how many links that were.
        Raises Unavailable; then everything still waits."""
        await asyncio.to_thread(self._sweep, now)
        waiting = await asyncio.to_thread(self._read)
        if not waiting:
            return 0
        people = list(waiting.items())
        secrets.SystemRandom().shuffle(people)
        async with db.transaction() as tx:
            for fingerprint, (_, told) in people:
                if told is None:
                    await tx.links.forget(fingerprint)
                elif not told:
                    await tx.links.delete(fingerprint)
            for fingerprint, (_, told) in people:
                if told:
                    first = Address(*told)
                    towards, sealed = self._vault.fingerprint(first), self._vault.seal_address(first)
                    await tx.links.save(rows.Link(fingerprint=fingerprint, first=towards, address=sealed))
        await asyncio.to_thread(self._forget, waiting)
        return len(waiting)

    def _read(self) -> dict[bytes, tuple[bytes, list[str] | None]]:
        found = {}
        for path in self._waiting.iterdir():
            if not path.name.startswith("."):
                fingerprint, sealed = bytes.fromhex(path.name), path.read_bytes()
                found[fingerprint] = (sealed, self._told(fingerprint, sealed))
        return found

    def _forget(self, written: dict[bytes, tuple[bytes, list[str] | None]]) -> None:
        for fingerprint, (sealed, _) in written.items():
            path = self._waiting / fingerprint.hex()
            # What was said since then waits for the next time.
            if path.read_bytes() == sealed:
                path.unlink()

    def _sweep(self, now: datetime) -> None:
        for path in self._codes.iterdir():
            name = path.name
            try:
                if name.startswith("."):  # what a crash left
                    if time.time() - path.stat().st_mtime > LEFTOVER:
                        path.unlink()
                    continue
                *_, until = json.loads(self._vault.open_arrival(bytes.fromhex(name), path.read_bytes()))
                if now.timestamp() >= until:
                    path.unlink()
            except (FileNotFoundError, Tampered):
                continue


NOT_WAITING = object()


def _write(path: Path, sealed: bytes) -> None:
    draft = path.with_name(f".{secrets.token_hex(8)}{NEW}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(file, "wb") as stream:
            stream.write(sealed)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
