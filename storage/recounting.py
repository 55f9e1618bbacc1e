"""Counts again what is counted as it goes, and names what does not agree. It mends nothing: a count that is wrong has a reason."""

from sqlalchemy import and_, bindparam, func, literal, or_, select

from storage import outbox_rows, rows
from storage.statements import Connection, Prepared

__all__ = ["Recounting"]


class Recounting:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def miscounted(self, some: int = 20) -> list[int]:
        """Campaigns whose numbers by account and state are not those of their rows, by id."""
        return [int(id) for (id,) in await self._connection.fetch(MISCOUNTED, some=some)]


_rows = rows.table(outbox_rows.Delivery).c
_kept = rows.table(outbox_rows.DeliveryCount).c
_counted = (
    select(_rows.campaign, _rows.account, _rows.state, func.count().label("number"))
    .group_by(_rows.campaign, _rows.account, _rows.state)
    .subquery("counted")
)
_same = and_(
    _counted.c.campaign == _kept.campaign,
    _counted.c.account == _kept.account,
    _counted.c.state == _kept.state,
)
_unkept = (
    select(_counted.c.campaign)
    .select_from(_counted.outerjoin(rows.table(outbox_rows.DeliveryCount), _same))
    .where(or_(_kept.number.is_(None), _kept.number != _counted.c.number))
)
_uncounted = (
    select(_kept.campaign)
    .select_from(rows.table(outbox_rows.DeliveryCount).outerjoin(_counted, _same))
    .where(_kept.number != literal(0), _counted.c.number.is_(None))
)
_all = _unkept.union(_uncounted).subquery("miscounted")
MISCOUNTED = Prepared(select(_all.c.campaign).order_by(_all.c.campaign).limit(bindparam("some")))
