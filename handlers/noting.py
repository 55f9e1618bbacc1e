"""Writes down who did what: one row of the audit trail in the transaction of the deed, so that neither is there without the other.
And reads it again. It knows no deed's meaning; who may read what is asked of `surveys.rights`."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from handlers.units import Places
from storage.database import Database
from storage.transaction import Tx
from surveys.audited import AuditRow, following, follows, on_one_line
from surveys.rights import PROVINCIAL, Action, Actor, Role, require

__all__ = ["NEWEST", "AuditTrail", "Verified", "at_the_machine", "note"]

NEWEST = 1 << 62
"""Before which number a page begins that shows the newest rows."""
WALK_AGAIN = 600.0  # seconds
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


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found."""

    rows: int
    head: str
    """The digest of the last row: whoever keeps it finds out later that rows were cut off."""
    broken: int | None
    """The number of the first row that does not follow; None when all do."""


class AuditTrail:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._places = Places()
        self._walked: tuple[float, AuditRow | None] | None = None

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
        """The whole chain, walked now."""
        return await self._walk(None)

    async def verified_lately(self) -> Verified:
        """For a page: the whole chain was walked at most ten minutes ago, and what was added since is walked now."""
        begun, last = self._walked or (0.0, None)
        if self._walked is None or time.monotonic() - begun > WALK_AGAIN:
            begun, last = time.monotonic(), None
        return await self._walk(last, begun)

    async def _walk(self, last: AuditRow | None, begun: float | None = None) -> Verified:
        begun = time.monotonic() if begun is None else begun
        async with self._db.reading() as tx:
            async for row in tx.audit.each(last.number if last else 0):
                if not follows(row, last):
                    self._walked = None
                    return Verified(row.number - 1, last.digest if last else "", row.number)
                last = row
        self._walked = begun, last
        return Verified(last.number if last else 0, last.digest if last else "", None)
