"""What the clock says to officers: one row of the audit trail, from which `handlers.tidings` tells them. Written once for each occasion, however
often the deed is begun."""

from collections.abc import Callable
from datetime import datetime

from handlers.noting import NEWEST, note
from handlers.occasions import NotNow, Occasion
from storage.database import Database
from storage.transaction import Tx

__all__ = ["REMIND", "OfficersReminded", "said_once"]

REMIND = "officers.remind"


async def said_once(tx: Tx, occasion: Occasion, action: str, words: str, at: datetime) -> bool:
    """Whether this call said it. Call it last in the transaction."""
    object = f"occasion:{occasion.key}"
    # From here on nobody else writes into the trail: of two who look, one sees what the other wrote.
    await tx.audit.writing()
    if await tx.audit.page(NEWEST, 1, object=object):
        return False
    await note(tx, None, action, object, unit=occasion.unit or None, reason=words, at=at)
    return True


class OfficersReminded:
    """Officers of a unit, and of what lies beneath it, are told what it is `about`."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now

    async def __call__(self, occasion: Occasion) -> str:
        if not occasion.unit:
            raise NotNow("Lịch nhắc cán bộ chưa nói nhắc đơn vị nào.")
        about = str(occasion.subject.get("about") or occasion.title).strip()
        async with self._db.transaction() as tx:
            await said_once(tx, occasion, REMIND, about, self._now())
        return f"Đã nhắc: {about}"
