"""Whom we may write to, and what we could not handle. Never touched in the unit of work that takes an answer:
on PostgreSQL, even the numbers of neighbouring transactions would tell who answered what."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import bindparam, delete, select

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert

__all__ = ["Contacts", "Quarantine"]

_contacts = rows.table(rows.Contact).c


class Contacts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def upsert_many(self, contacts: Iterable[rows.Contact]) -> None:
        """By fingerprint: someone who comes again keeps their id, and gets everything else anew."""
        await self._connection.run_many(UPSERT_CONTACT, (contact.model_dump() for contact in contacts))

    async def by_fingerprint(self, fingerprint: bytes) -> rows.Contact | None:
        found = await self._connection.fetch(BY_FINGERPRINT, fingerprint=fingerprint)
        return rows.Contact(**dict(zip(_contacts.keys(), found[0], strict=True))) if found else None

    async def delete(self, fingerprint: bytes) -> None:
        await self._connection.run(DELETE_CONTACT, fingerprint=fingerprint)


class Quarantine:
    """Updates we could not handle: what broke, never what they said."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, update: rows.Quarantined) -> None:
        await self._connection.run(ADD_QUARANTINED, **update.model_dump())

    async def purge(self, before: date) -> int:
        return await self._connection.run(PURGE_QUARANTINE, before=before)


UPSERT_CONTACT = upsert(rows.table(rows.Contact), "fingerprint", keeping=("id",))
BY_FINGERPRINT = Prepared(
    select(rows.table(rows.Contact)).where(_contacts.fingerprint == bindparam("fingerprint"))
)
DELETE_CONTACT = Prepared(delete(rows.Contact).where(_contacts.fingerprint == bindparam("fingerprint")))
ADD_QUARANTINED = insert(rows.table(rows.Quarantined))
PURGE_QUARANTINE = Prepared(
    delete(rows.Quarantined).where(rows.table(rows.Quarantined).c.on_date < bindparam("before"))
)
