"""Accounts of people who serve at a ward, as fingerprints: enough to know one again, not enough to list who they are."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select

from storage import rows
from storage.catalogue import CATALOGUE, Markers
from storage.statements import Connection, Prepared, upsert

__all__ = ["OfficerAccounts"]

_accounts = rows.table(rows.OfficerAccount).c


class OfficerAccounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_many(self, accounts: Iterable[tuple[bytes, str]]) -> None:
        """Fingerprint and unit. Somebody who was moved has the new unit from now on."""
        await self._connection.run_many(
            SAVE, ({"fingerprint": fingerprint, "unit": unit} for fingerprint, unit in sorted(accounts))
        )
        await Markers(self._connection).bump(CATALOGUE)

    async def remove(self, fingerprint: bytes) -> bool:
        """Whether there was one."""
        removed = await self._connection.run(REMOVE, fingerprint=fingerprint)
        await Markers(self._connection).bump(CATALOGUE)
        return bool(removed)

    async def all(self) -> dict[bytes, str]:
        """Fingerprint → unit."""
        return {fingerprint: str(unit) for fingerprint, unit in await self._connection.fetch(ACCOUNTS)}


SAVE = upsert(rows.table(rows.OfficerAccount), "fingerprint")
REMOVE = Prepared(delete(rows.OfficerAccount).where(_accounts.fingerprint == bindparam("fingerprint")))
ACCOUNTS = Prepared(select(_accounts.fingerprint, _accounts.unit))
