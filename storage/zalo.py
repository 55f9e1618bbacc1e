"""Connected Official Accounts. It keeps tokens as ciphertext and knows neither Zalo nor what they open."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from storage import rows
from storage.catalogue import CATALOGUE, Markers
from storage.statements import Connection, Prepared, upsert

__all__ = ["ZaloAccounts"]

_accounts = rows.table(rows.ZaloAccount).c


class ZaloAccounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self) -> list[rows.ZaloAccount]:
        """By id."""
        return rows.all_of(rows.ZaloAccount, await self._connection.fetch(ACCOUNTS))

    async def get(self, id: str) -> rows.ZaloAccount | None:
        return rows.first_of(rows.ZaloAccount, await self._connection.fetch(ACCOUNT, id=id))

    async def save(self, account: rows.ZaloAccount) -> None:
        """A new one, or one that was connected again: nothing is left of what there was before, and a renewal of the pair
        before, should one be under way, finds another generation and writes nothing."""
        known = await self.get(account.id)
        generation = account.generation if known is None else max(account.generation, known.generation + 1)
        await self._connection.run(SAVE, **{**account.model_dump(), "generation": generation})
        await self._belongs_anew()

    async def lease(self, id: str, generation: int, now: datetime, until: datetime) -> bool:
        """Whether it is ours to renew this very pair: nobody else is at it, and no renewal ended unclear."""
        return bool(
            await self._connection.run(LEASE, wanted=id, known=generation, now=now, lease_until=until)
        )

    async def journal(self, id: str, generation: int, answer: bytes) -> bool:
        """Keeps an answer that nobody has read yet. Whether the pair is still the one it is about."""
        return bool(await self._connection.run(JOURNAL, wanted=id, known=generation, journal=answer))

    async def renew(self, id: str, generation: int, pair: bytes) -> bool:
        """The next pair; lease and journal are done with. Whether this call wrote it."""
        return bool(
            await self._connection.run(RENEW, wanted=id, known=generation, pair=pair, next=generation + 1)
        )

    async def release(self, id: str, generation: int) -> None:
        """Nothing was renewed, and that is certain."""
        await self._connection.run(RELEASE, wanted=id, known=generation)

    async def doubt(self, id: str, generation: int) -> None:
        """What came was no answer: the journal is emptied and the lease left to run out, so that the next one asks first."""
        await self._connection.run(DOUBT, wanted=id, known=generation)

    async def stop(self, id: str, generation: int, trouble: str) -> None:
        """Nothing can be sent until a person connects the account again."""
        await self._connection.run(STOP, wanted=id, known=generation, trouble=trouble)

    async def pin(self, id: str, address: str) -> None:
        await self._connection.run(PIN, wanted=id, address=address)

    async def introduce(self, id: str, name: str, kind: int) -> None:
        """What Zalo calls it, and its type. Its tokens are let be."""
        await self._connection.run(INTRODUCE, wanted=id, called=name, type=kind)
        await self._belongs_anew()

    async def forget(self, id: str) -> bool:
        """With its tokens. Whether it was there."""
        forgotten = await self._connection.run(FORGET, wanted=id)
        await self._belongs_anew()
        return bool(forgotten)

    async def _belongs_anew(self) -> None:
        """Where an account serves is kept in memory beside the waves: every process reads it again."""
        await Markers(self._connection).bump(CATALOGUE)


def _this_pair(**values: Any) -> Any:
    return (
        update(rows.ZaloAccount)
        .where(_accounts.id == bindparam("wanted"), _accounts.generation == bindparam("known"))
        .values(**values)
    )


ACCOUNTS = Prepared(select(rows.table(rows.ZaloAccount)).order_by(_accounts.id))
ACCOUNT = Prepared(select(rows.table(rows.ZaloAccount)).where(_accounts.id == bindparam("id")))
SAVE = upsert(rows.table(rows.ZaloAccount), "id")
LEASE = Prepared(
    _this_pair(lease_until=bindparam("lease_until", type_=_accounts.lease_until.type)).where(
        or_(
            _accounts.lease_until.is_(None),
            _accounts.lease_until < bindparam("now", type_=_accounts.lease_until.type),
        ),
        _accounts.journal.is_(None),
        _accounts.trouble.is_(None),
    )
)
JOURNAL = Prepared(_this_pair(journal=bindparam("journal")))
RENEW = Prepared(
    _this_pair(
        pair=bindparam("pair"), generation=bindparam("next"), journal=None, lease_until=None, trouble=None
    )
)
RELEASE = Prepared(_this_pair(lease_until=None, journal=None))
DOUBT = Prepared(_this_pair(journal=None))
STOP = Prepared(_this_pair(trouble=bindparam("trouble"), lease_until=None, journal=None))
PIN = Prepared(
    update(rows.ZaloAccount)
    .where(_accounts.id == bindparam("wanted"))
    .values(address=bindparam("address", type_=_accounts.address.type))
)
FORGET = Prepared(delete(rows.ZaloAccount).where(_accounts.id == bindparam("wanted")))
INTRODUCE = Prepared(
    update(rows.ZaloAccount)
    .where(_accounts.id == bindparam("wanted"))
    .values(name=bindparam("called"), kind=bindparam("type"))
)
