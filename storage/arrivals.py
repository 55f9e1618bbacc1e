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
from enum import Enum
from pathlib import Path
from typing import Any

from storage import rows
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import Audience
from surveys.notices import Category
from surveys.windows import hour

__all__ = ["LEFT", "Arrival", "Arrivals", "Left"]

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
    wants: tuple[tuple[str, str], ...] = ()
    """Which topics of which units: all they want from now on, not only what they have just added."""


class Left(Enum):
    """They want nothing any more."""

    LEFT = "left"


LEFT = Left.LEFT


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
            "wants": arrival.wants,
        }
        await asyncio.to_thread(self._write, arrival.address, entry)

    async def leave(self, address: Address) -> None:
        """The person wants no notices any more. On disk when this returns."""
        await asyncio.to_thread(self._write, address, None)

    async def leave_at(self, fingerprint: bytes) -> None:
        """The same for an address of theirs of which no more than that is known here."""
        await asyncio.to_thread(self._put, fingerprint, ["", "", None])

    # ── What waits, and holds already ─────────────────────────────────────────────────────────────────────────

    def waiting(self, fingerprint: bytes) -> Arrival | Left | None:
        """What somebody said that is not among the contacts yet: it counts from the moment it was said. None where nothing waits.

        It reads one small file, where there is one: whoever sends asks before every message."""
        for name in (fingerprint.hex(), fingerprint.hex() + TAKEN):  # the newer one first
            try:
                sealed = (self._directory / name).read_bytes()
            except FileNotFoundError:
                continue
            account, id, entry = json.loads(self._vault.open_arrival(fingerprint, sealed))
            return LEFT if entry is None else _arrival(Address(account, id), entry)
        return None

    def has_left(self, fingerprint: bytes) -> bool:
        """Whether they said stop a moment ago: then nothing more goes to them, though they are still among the contacts."""
        return self.waiting(fingerprint) is LEFT

    def wants(self, fingerprint: bytes, audience: Audience) -> bool | None:
        """What somebody has said of these wards' topics since the contacts were last written; None where nothing waits."""
        waiting = self.waiting(fingerprint)
        if not isinstance(waiting, Arrival):
            return None if waiting is None else False
        if not audience.topics:
            return True
        return any(unit in audience.units and topic in audience.topics for unit, topic in waiting.wants)

    def leaving(self) -> frozenset[bytes]:
        """Everybody of whom that is so."""
        names = {path.stem for path in self._directory.iterdir() if not path.name.startswith(".")}
        people = (bytes.fromhex(name) for name in names)
        return frozenset(person for person in people if self.has_left(person))

    # ── In bulk ───────────────────────────────────────────────────────────────────────────────────────────────

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
            for fingerprint, arrival in people:
                if arrival is None:
                    await tx.contacts.delete(fingerprint)
                    await tx.heard.delete(fingerprint)
                    await tx.subscriptions.delete(fingerprint)
                    await tx.sightings.delete(fingerprint)
                else:
                    wants = ((unit, topic) for unit, topic in arrival.wants if unit in units)
                    await tx.subscriptions.replace(fingerprint, wants)
            await tx.contacts.upsert_many(
                self._contact(fingerprint, arrival, units)
                for fingerprint, arrival in people
                if arrival is not None
            )
        await asyncio.to_thread(self._forget, list(taken))
        return len(taken)

    def _write(self, address: Address, entry: dict[str, object] | None) -> None:
        self._put(self._vault.fingerprint(address), [address.account, address.id, entry])

    def _put(self, fingerprint: bytes, told: list[Any]) -> None:
        plaintext = json.dumps(told).encode()
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

    def _take(self) -> dict[bytes, Arrival | None]:
        """Fingerprint → what to write; None: to delete. What a crash left taken comes first, so that newer words win."""
        leftovers = sorted(self._directory.glob(f"*{TAKEN}"))
        people = {bytes.fromhex(path.stem): self._read(path) for path in leftovers}
        for path in self._directory.iterdir():
            if path.name.startswith(".") or path.suffix:
                continue
            # Moved aside first: what the person says from now on is a new file, and survives the forgetting.
            people[bytes.fromhex(path.name)] = self._read(path.rename(path.with_suffix(TAKEN)))
        return people

    def _read(self, path: Path) -> Arrival | None:
        fingerprint = bytes.fromhex(path.stem)
        account, id, entry = json.loads(self._vault.open_arrival(fingerprint, path.read_bytes()))
        return None if entry is None else _arrival(Address(account, id), entry)

    def _contact(self, fingerprint: bytes, arrival: Arrival, units: set[str]) -> rows.Contact:
        return rows.Contact(
            id=secrets.token_hex(16),
            account=arrival.address.account,
            fingerprint=fingerprint,
            address=self._vault.seal_address(arrival.address),
            unit=arrival.unit if arrival.unit in units else None,
            language=arrival.language,
            purposes=json.dumps(arrival.purposes),
            consented_on=arrival.consented_on,
            consent_text=arrival.consent_text,
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


def _arrival(address: Address, entry: dict[str, Any]) -> Arrival:
    wants = entry.get("wants")
    if wants is None:
        # Written by a version in which one agreed to a ward's notices as a whole, and to no survey.
        wants = [(entry["unit"], topic.value) for topic in Category if entry["unit"] is not None]
    return Arrival(
        address=address,
        unit=entry["unit"],
        language=entry["language"],
        purposes=tuple(entry["purposes"]),
        consented_on=date.fromisoformat(entry["consented_on"]),
        consent_text=entry["consent_text"],
        wants=tuple((unit, topic) for unit, topic in wants),
    )


def _locked(directory: int) -> bool:
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
