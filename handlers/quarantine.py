"""Notes that a message broke us, so that an operator sees it; neither what it said nor, for longer than this process lives, who sent it."""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime

from storage import rows
from storage.database import Database
from surveys.conversation import Address
from surveys.waves import LOCAL

__all__ = ["Quarantine"]

MARK_BYTES = 16


class Quarantine:
    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now
        # Tells one person's three bad messages from three persons' – and is forgotten with the process, because a mark
        # that can be computed again would say who was here on that day.
        self._key = secrets.token_bytes(32)

    async def add(self, sender: Address, error: str) -> None:
        """Raises Unavailable when it cannot be written down."""
        async with self._db.transaction() as tx:
            await tx.quarantine.add(
                rows.Quarantined(
                    id=secrets.token_hex(16),
                    account=sender.account,
                    fingerprint=hmac.digest(self._key, sender.person, "sha256")[:MARK_BYTES],
                    error=error,
                    on_date=self._now().astimezone(LOCAL).date(),
                )
            )
