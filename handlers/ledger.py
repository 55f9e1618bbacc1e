"""Appends to the ledger, in the transaction of the deed it tells of: neither is ever without the other."""

from collections.abc import Iterable
from datetime import datetime

from storage.transaction import Tx
from surveys.heads import Head
from surveys.ledger import Entry, appended, read_entry
from surveys.records import Record, Stories
from surveys.signatures import PublicKey, Signer

__all__ = ["Ledger"]


class Ledger:
    """One for each process, over the key that signs."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._stories = Stories()
        self._lines: list[str] = []
        """What the stories have heard. A line whose transaction was rolled back is found out at the next append."""

    @property
    def key(self) -> PublicKey:
        """The key to publish: whoever checks a package takes it from there."""
        return self._signer.key

    def head(self, lines: Iterable[str]) -> str:
        """The signed head of a ledger of these lines: the file to hand out."""
        return Head.over(lines, self.key).signed(self._signer)

    async def append(self, tx: Tx, record: Record, now: datetime) -> Entry:
        """Raises Unfit when the record cannot come next; then nothing was written."""
        await tx.ledger.writing()
        last = await self._hear(tx)
        self._stories.tell(record)
        entry = appended(last, record, now, self._signer)
        self._lines.append(entry.line)
        await tx.ledger.add(entry.number, entry.line)
        return entry

    async def _hear(self, tx: Tx) -> Entry | None:
        """Every line there is, and the last one; only what is new since the last time is read."""
        known = max(0, len(self._lines) - 1)
        following = await tx.ledger.after(known)
        if following[:1] != self._lines[known:]:
            self._stories, self._lines = Stories(), []
            following = await tx.ledger.after(0)
            known = 0
        for line in following[len(self._lines) - known :]:
            self._stories.tell(read_entry(line).record)
            self._lines.append(line)
        return read_entry(self._lines[-1]) if self._lines else None
