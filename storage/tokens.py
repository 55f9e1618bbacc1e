"""Tokens, who may issue them, and which are spent. A token's row is written once and never touched again: that it was used is a
mark that only the wave's key can compute."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert

__all__ = ["Counters", "Found", "Issuers", "Tokens"]

_tokens = rows.table(rows.Token).c
_batches = rows.table(rows.TokenBatch).c
_issuers = rows.table(rows.Issuer).c
_spent = rows.table(rows.Spent).c
_counters = rows.table(rows.Counter).c


@dataclass(frozen=True, slots=True)
class Found:
    """A token that was issued: where it counts, and until when."""

    wave_id: int
    unit: str
    expires_at: datetime


class Tokens:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, batch: rows.TokenBatch, hashes: Iterable[bytes]) -> None:
        """Raises the driver's IntegrityError when there is a batch of that id."""
        await self._connection.run(ADD_BATCH, **batch.model_dump())
        # In the order of their hashes, which tells nothing of the order of the sheets.
        await self._connection.run_many(
            ADD_TOKEN, ({"hash": each, "batch": batch.id} for each in sorted(hashes))
        )

    async def batch(self, id: str) -> rows.TokenBatch | None:
        return rows.first_of(rows.TokenBatch, await self._connection.fetch(BATCH, id=id))

    async def find(self, hash: bytes) -> Found | None:
        found = await self._connection.fetch(FIND_TOKEN, hash=hash)
        return Found(*found[0]) if found else None

    async def is_spent(self, mark: bytes) -> bool:
        return bool(await self._connection.fetch(SPENT, mark=mark))

    async def spend(self, mark: bytes, wave_id: int) -> bool:
        """Whether this call spent it: of two at the same moment one does."""
        return bool(await self._connection.run(SPEND, mark=mark, wave_id=wave_id))

    async def issued(self, wave_id: int) -> dict[str, int]:
        """How many tokens of a wave each unit was given."""
        found = await self._connection.fetch(ISSUED, wave_id=wave_id)
        return {str(unit): int(number) for unit, number in found}

    async def not_entered(self, wave_id: int) -> dict[str, int]:
        """How many tokens each unit was given of which the ledger does not speak yet."""
        found = await self._connection.fetch(NOT_ENTERED, wave_id=wave_id)
        return {str(unit): int(number) for unit, number in found}

    async def enter(self, wave_id: int, unit: str, at: datetime) -> None:
        await self._connection.run(ENTER, wave=wave_id, of=unit, at=at)


class Issuers:
    """Case systems and offices that may issue tokens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, issuer: rows.Issuer) -> None:
        """Raises the driver's IntegrityError when there is one of that name."""
        await self._connection.run(ADD_ISSUER, **issuer.model_dump())

    async def by_key(self, key_hash: bytes) -> rows.Issuer | None:
        return rows.first_of(rows.Issuer, await self._connection.fetch(ISSUER_BY_KEY, key_hash=key_hash))

    async def by_name(self, name: str) -> rows.Issuer | None:
        return rows.first_of(rows.Issuer, await self._connection.fetch(ISSUER_BY_NAME, name=name))

    async def all(self) -> list[rows.Issuer]:
        return rows.all_of(rows.Issuer, await self._connection.fetch(ISSUERS))

    async def revoke(self, name: str, at: datetime) -> bool:
        """Whether this call revoked it."""
        return bool(await self._connection.run(REVOKE_ISSUER, named=name, at=at))


class Counters:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, counter: rows.Counter) -> None:
        await self._connection.run(SAVE_COUNTER, **counter.model_dump())

    async def hours_a_week(self) -> dict[str, int]:
        """Of all counters of a unit together."""
        return {str(unit): int(hours) for unit, hours in await self._connection.fetch(COUNTER_HOURS)}


ADD_BATCH = insert(rows.table(rows.TokenBatch))
ADD_TOKEN = insert(rows.table(rows.Token))
BATCH = Prepared(select(rows.table(rows.TokenBatch)).where(_batches.id == bindparam("id")))
FIND_TOKEN = Prepared(
    select(_batches.wave_id, _batches.unit, _batches.expires_at)
    .join(rows.table(rows.Token), _tokens.batch == _batches.id)
    .where(_tokens.hash == bindparam("hash"))
)
SPENT = Prepared(select(_spent.wave_id).where(_spent.mark == bindparam("mark")))
SPEND = upsert(rows.table(rows.Spent), "mark", keeping=("wave_id",))
ISSUED = Prepared(
    select(_batches.unit, func.sum(_batches.size))
    .where(_batches.wave_id == bindparam("wave_id"))
    .group_by(_batches.unit)
)
NOT_ENTERED = Prepared(
    select(_batches.unit, func.sum(_batches.size))
    .where(_batches.wave_id == bindparam("wave_id"), _batches.entered_at.is_(None))
    .group_by(_batches.unit)
    .order_by(_batches.unit)
)
ENTER = Prepared(
    update(rows.TokenBatch)
    .where(
        _batches.wave_id == bindparam("wave"), _batches.unit == bindparam("of"), _batches.entered_at.is_(None)
    )
    .values(entered_at=bindparam("at", type_=_batches.entered_at.type))
)
ADD_ISSUER = insert(rows.table(rows.Issuer))
ISSUER_BY_KEY = Prepared(select(rows.table(rows.Issuer)).where(_issuers.key_hash == bindparam("key_hash")))
ISSUER_BY_NAME = Prepared(select(rows.table(rows.Issuer)).where(_issuers.name == bindparam("name")))
ISSUERS = Prepared(select(rows.table(rows.Issuer)).order_by(_issuers.name))
REVOKE_ISSUER = Prepared(
    update(rows.Issuer)
    .where(_issuers.name == bindparam("named"), _issuers.revoked_at.is_(None))
    .values(revoked_at=bindparam("at", type_=_issuers.revoked_at.type))
)
SAVE_COUNTER = upsert(rows.table(rows.Counter), "unit", "number")
COUNTER_HOURS = Prepared(select(_counters.unit, func.sum(_counters.hours_a_week)).group_by(_counters.unit))
