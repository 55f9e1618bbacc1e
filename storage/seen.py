"""Who has pressed “Đã xem” since it was last written down. It knows no page, and no answer.

A row of its own for every press, in a transaction of its own, would stand beside the transaction of whatever that person did a moment
before or after, and the numbers of transactions would tell who answered. So presses wait in memory, and are written in bulk, in random
order. What a crash loses is a press, never a notice."""

import secrets

from storage.database import Database
from storage.transaction import Tx

__all__ = ["SeenNotices"]

SOME = 500  # presses written at a time


class SeenNotices:
    """Each process keeps its own."""

    def __init__(self) -> None:
        self._waiting: set[tuple[str, bytes]] = set()

    def saw(self, code: str, fingerprint: bytes) -> None:
        """Somebody pressed the button under the notice of that code."""
        self._waiting.add((code, fingerprint))

    async def flush(self, db: Database) -> int:
        """Writes down what waits, of notices that have left and people who are contacts. A press proves that a message came, of which
        nobody knew that. Returns how many presses were new. Raises Unavailable; then everything still waits here."""
        waiting = list(self._waiting)
        secrets.SystemRandom().shuffle(waiting)
        fresh = 0
        for start in range(0, len(waiting), SOME):
            some = waiting[start : start + SOME]
            async with db.transaction() as tx:
                fresh += await _written(tx, some)
            self._waiting.difference_update(some)
        return fresh


async def _written(tx: Tx, presses: list[tuple[str, bytes]]) -> int:
    ids: dict[str, tuple[str, int] | None] = {}
    seen: list[tuple[str, bytes]] = []
    arrived: list[tuple[int, str]] = []
    for code, fingerprint in presses:
        if code not in ids:
            notice = await tx.notices.by_code(code)
            is_out = notice is not None and notice.campaign is not None
            ids[code] = (notice.id, notice.campaign or 0) if notice is not None and is_out else None
        known = ids[code]
        contact = await tx.contacts.by_fingerprint(fingerprint)
        if known is not None and contact is not None:
            seen.append((known[0], fingerprint))
            arrived.append((known[1], contact.id))
    await tx.outbox.arrived(arrived)
    return sum((await tx.sightings.add_many(seen)).values())
