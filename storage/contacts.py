"""Whom we may write to, and what we could not handle. Never touched in the unit of work that takes an answer:
on PostgreSQL, even the numbers of neighbouring transactions would tell who answered what."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import bindparam, delete, or_, select

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert

__all__ = ["Contacts", "HeardHours", "LinkRows", "Quarantine"]

_contacts = rows.table(rows.Contact).c
_heard = rows.table(rows.HeardAt).c
_links = rows.table(rows.Link).c


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


class HeardHours:
    """When those who agreed to notices last wrote, to the hour. Written in bulk, never beside an answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def at(self, fingerprint: bytes) -> datetime | None:
        found = await self._connection.fetch(HEARD_AT, fingerprint=fingerprint)
        return found[0][0] if found else None

    async def save_many(self, hours: Iterable[rows.HeardAt]) -> None:
        await self._connection.run_many(SAVE_HEARD, (each.model_dump() for each in hours))

    async def delete(self, fingerprint: bytes) -> None:
        await self._connection.run(DELETE_HEARD, fingerprint=fingerprint)


class LinkRows:
    """Which address stands for which. Written in bulk, never beside an answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, fingerprint: bytes) -> tuple[bytes, bytes] | None:
        """The first address's fingerprint and the address, encrypted."""
        found = await self._connection.fetch(LINK, fingerprint=fingerprint)
        return (found[0][0], found[0][1]) if found else None

    async def standing_for(self, first: bytes) -> list[bytes]:
        """Fingerprints of the addresses that stand for this one."""
        return [found[0] for found in await self._connection.fetch(STANDING_FOR, first=first)]

    async def save(self, link: rows.Link) -> None:
        await self._connection.run(SAVE_LINK, **link.model_dump())

    async def delete(self, fingerprint: bytes) -> None:
        """It stands for nobody any more."""
        await self._connection.run(DELETE_LINK, fingerprint=fingerprint)

    async def forget(self, fingerprint: bytes) -> None:
        """Whatever it stands for, and whatever stands for it."""
        await self._connection.run(FORGET_LINKS, fingerprint=fingerprint)


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
HEARD_AT = Prepared(select(_heard.at).where(_heard.fingerprint == bindparam("fingerprint")))
SAVE_HEARD = upsert(rows.table(rows.HeardAt), "fingerprint")
DELETE_HEARD = Prepared(delete(rows.HeardAt).where(_heard.fingerprint == bindparam("fingerprint")))
LINK = Prepared(select(_links.first, _links.address).where(_links.fingerprint == bindparam("fingerprint")))
STANDING_FOR = Prepared(select(_links.fingerprint).where(_links.first == bindparam("first")))
SAVE_LINK = upsert(rows.table(rows.Link), "fingerprint")
DELETE_LINK = Prepared(delete(rows.Link).where(_links.fingerprint == bindparam("fingerprint")))
FORGET_LINKS = Prepared(
    delete(rows.Link).where(
        or_(_links.fingerprint == bindparam("fingerprint"), _links.first == bindparam("fingerprint"))
    )
)
ADD_QUARANTINED = insert(rows.table(rows.Quarantined))
PURGE_QUARANTINE = Prepared(
    delete(rows.Quarantined).where(rows.table(rows.Quarantined).c.on_date < bindparam("before"))
)
