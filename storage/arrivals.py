"""Who agreed to notices, or took it back, since the contacts were last written: encrypted, beside the keys, not in the database.

A contact written in the same breath as an answer would tell who answered: on PostgreSQL even the transaction's number
would. So consent waits here, one file a person, and goes to the contacts in bulk, in random order, within the hour.
"""

import asyncio
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from storage import rows
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.windows import hour

__all__ = ["Arrival", "Arrivals"]

TAKEN = ".taken"
SOME = 500  # hours written at a time: answers do not wait for more


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a person agreed to."""

    address: Address
    unit: str | None
    language: str
    purposes: tuple[str, ...]
    consented_on: date
    consent_text: str
    """The very words they agreed to."""


class Arrivals:
    """Any number of processes may share the directory. What a person said last is what counts."""

    def __init__(self, directory: Path, vault: Vault) -> None:
        self._directory = directory
        self._vault = vault
        self._heard: dict[bytes, datetime] = {}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def add(self, arrival: Arrival) -> None:
        """On disk when this returns."""
        entry: dict[str, object] = {
            "unit": arrival.unit,
            "language": arrival.language,
            "purposes": arrival.purposes,
            "consented_on": arrival.consented_on.isoformat(),
            "consent_text": arrival.consent_text,
        }
        await asyncio.to_thread(self._write, arrival.address, entry)

    async def leave(self, address: Address) -> None:
        """The person wants no notices any more. On disk when this returns."""
        await asyncio.to_thread(self._write, address, None)

    def heard(self, fingerprint: bytes, now: datetime) -> None:
        """Somebody wrote. The hour is kept in memory until it is written in bulk, and only of those who agreed to notices; what a
        crash loses makes a window look narrower than it is, never wider."""
        self._heard[fingerprint] = hour(now)

    async def flush(self, db: Database) -> int:
        """Writes what waits here to the contacts, all at once, and forgets it. Returns how many people that were:
        none where another process is at it.

        Raises Unavailable; then everything still waits here.
        """
        with self._alone() as is_alone:
            flushed = await self._flush(db) if is_alone else 0
        # Each process heard others: nobody else can write its hours.
        await self._flush_hours(db)
        return flushed

    async def _flush_hours(self, db: Database) -> None:
        hours = list(self._heard.items())
        secrets.SystemRandom().shuffle(hours)
        for start in range(0, len(hours), SOME):
            some = hours[start : start + SOME]
            async with db.reading() as tx:
                enrolled = [each for each in some if await tx.contacts.by_fingerprint(each[0]) is not None]
            if enrolled:
                async with db.transaction() as tx:
                    await tx.heard.save_many(rows.HeardAt(fingerprint=who, at=at) for who, at in enrolled)
            for who, at in some:
                if self._heard.get(who) == at:
                    del self._heard[who]

    async def _flush(self, db: Database) -> int:
        taken = await asyncio.to_thread(self._take)
        if not taken:
            return 0
        people = list(taken.items())
        secrets.SystemRandom().shuffle(people)
        async with db.transaction() as tx:
            units = {unit.code for unit in await tx.units.all()}
            for fingerprint, contact in people:
                if contact is None:
                    await tx.contacts.delete(fingerprint)
                    await tx.heard.delete(fingerprint)
                elif contact.unit not in units:
                    contact.unit = None
            await tx.contacts.upsert_many(contact for _, contact in people if contact is not None)
        await asyncio.to_thread(self._forget, list(taken))
        return len(taken)

    def _write(self, address: Address, entry: dict[str, object] | None) -> None:
        fingerprint = self._vault.fingerprint(address)
        plaintext = json.dumps([address.account, address.id, entry]).encode()
        draft = self._directory / f".{secrets.token_hex(8)}.new"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(file, "wb") as stream:
                stream.write(self._vault.seal_arrival(fingerprint, plaintext))
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._directory / fingerprint.hex())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._sync()

    def _take(self) -> dict[bytes, rows.Contact | None]:
        """Fingerprint → what to write; None: to delete. What a crash left taken comes first, so that newer words win."""
        leftovers = sorted(self._directory.glob(f"*{TAKEN}"))
        people = {bytes.fromhex(path.stem): self._read(path) for path in leftovers}
        for path in self._directory.iterdir():
            if path.name.startswith(".") or path.suffix:
                continue
            # Moved aside first: what the person says from now on is a new file, and survives the forgetting.
            people[bytes.fromhex(path.name)] = self._read(path.rename(path.with_suffix(TAKEN)))
        return people

    def _read(self, path: Path) -> rows.Contact | None:
        fingerprint = bytes.fromhex(path.stem)
        account, id, entry = json.loads(self._vault.open_arrival(fingerprint, path.read_bytes()))
        if entry is None:
            return None
        return rows.Contact(
            id=secrets.token_hex(16),
            account=account,
            fingerprint=fingerprint,
            address=self._vault.seal_address(Address(account, id)),
            unit=entry["unit"],
            language=entry["language"],
            purposes=json.dumps(entry["purposes"]),
            consented_on=date.fromisoformat(entry["consented_on"]),
            consent_text=entry["consent_text"],
        )

    def _forget(self, fingerprints: list[bytes]) -> None:
        for fingerprint in fingerprints:
            (self._directory / fingerprint.hex()).with_suffix(TAKEN).unlink(missing_ok=True)
        self._sync()

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            yield _locked(directory)
        finally:
            os.close(directory)

    def _sync(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _locked(directory: int) -> bool:
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
