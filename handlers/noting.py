"""Writes down who did what: one row of the audit trail in the transaction of the deed, so that neither is there without the other.
And reads it again. It knows no deed's meaning; who may read what is asked of `surveys.rights`."""

from collections.abc import AsyncIterator
from datetime import datetime

from handlers.units import Places
from storage.database import Database
from storage.transaction import Tx
from surveys.audited import AuditRow, following, follows, on_one_line
from surveys.rights import PROVINCIAL, Action, Actor, Role, require

__all__ = ["NEWEST", "AuditTrail", "Verified", "at_the_machine", "note"]

NEWEST = 1 << 62
"""Before which number a page begins that shows the newest rows."""
COMMAND_LINE = "command line"
LONGEST_NAME = 120


async def note(
    tx: Tx,
    actor: Actor | None,
    action: str,
    object: str,
    *,
    unit: str | None,
    reason: str = "",
    at: datetime,
) -> None:
    """Call it last in the deed's transaction: from here to its end nobody else writes into the trail.

    `object` names its kind: `notice:Q7-204`, `post:29242-chief`. `unit`: where it happened; None for what concerns the whole
    installation. `actor` None: the system by itself."""
    place = await tx.units.get(unit) if unit is not None else None
    await tx.audit.writing()
    row = following(
        await tx.audit.last(),
        actor,
        str(action),
        object,
        unit=unit,
        province=(place.province or place.code) if place else None,
        reason=reason,
        at=at,
    )
    await tx.audit.add(row)


def at_the_machine(by: str) -> Actor:
    """Whoever types a command: named as they name themselves, at no post, and never signed in anywhere."""
    return Actor("", on_one_line(by)[:LONGEST_NAME] or COMMAND_LINE, "", Role.OPERATOR, "", COMMAND_LINE)


class Verified:
    """What a walk along the whole chain found."""

    def __init__(self, rows: int, head: str, broken: int | None) -> None:
        self.rows = rows
        self.head = head
        """The digest of the last row: whoever keeps it finds out later that rows were cut off."""
        self.broken = broken
        """The number of the first row that does not follow; None when all do."""


class AuditTrail:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._places = Places()

    async def of(self, object: str, some: int = 200) -> list[AuditRow]:
        """What was done to one thing, the latest first. For whoever may see the thing itself: ask that before."""
        async with self._db.reading() as tx:
            return await tx.audit.page(NEWEST, some, object=object)

    async def page(
        self, actor: Actor, *, before: int = NEWEST, some: int = 50, unit: str | None = None, object: str = ""
    ) -> list[AuditRow]:
        """As far as the actor may read: of one unit, or everything within their reach. Raises NotAllowed."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            require(actor, Action.AUDIT_READ, [unit or actor.unit], known)
            is_whole = actor.role in PROVINCIAL and unit is None
            return await tx.audit.page(
                before,
                some,
                unit=None if is_whole else (unit or actor.unit),
                province=actor.unit if is_whole else None,
                object=object or None,
            )

    async def everything(self) -> AsyncIterator[AuditRow]:
        """For the operator at the machine."""
        async with self._db.reading() as tx:
            async for row in tx.audit.each():
                yield row

    async def verify(self) -> int | None:
        """The number of the first row that does not follow from those before; None when all do."""
        return (await self.verified()).broken

    async def verified(self) -> Verified:
        last: AuditRow | None = None
        count = 0
        async for row in self.everything():
            if not follows(row, last):
                return Verified(count, last.digest if last else "", row.number)
            last, count = row, count + 1
        return Verified(count, last.digest if last else "", None)
