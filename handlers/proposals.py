"""Two persons: what one asks for happens when another confirms it. Who they are is for whoever calls to know."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from handlers import noting
from storage import rows
from storage.database import Database
from storage.transaction import Tx
from surveys.persons import is_same_person

__all__ = ["NoSuchProposal", "Proposals", "SamePerson"]

ID_BYTES = 4  # read over the telephone; it opens nothing by itself


class NoSuchProposal(LookupError):
    """There is no such proposal, or it was confirmed before."""


class SamePerson(ValueError):
    """Whoever asked for it cannot confirm it."""


class Proposals:
    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now

    async def propose(self, kind: str, subject: str, body: Mapping[str, object], *, by: str) -> str:
        """Its id, by which another person confirms it."""
        id = secrets.token_hex(ID_BYTES)
        written = json.dumps(dict(body), ensure_ascii=False, sort_keys=True)
        async with self._db.transaction() as tx:
            await tx.proposals.add(
                rows.Proposal(
                    id=id,
                    kind=kind,
                    subject=subject,
                    body=written,
                    proposed_by=by.strip(),
                    proposed_at=self._now(),
                )
            )
            await self.note(tx, "wave.propose", subject, f"{kind} ({id})", by=by)
        return id

    async def note(
        self, tx: Tx, action: str, subject: str, reason: str, *, unit: str | None = None, by: str
    ) -> None:
        """One row of the trail about a wave: last in the deed's transaction."""
        who = noting.at_the_machine(by)
        await noting.note(tx, who, action, f"wave:{subject}", unit=unit, reason=reason, at=self._now())

    async def waiting(self) -> list[rows.Proposal]:
        async with self._db.reading() as tx:
            return await tx.proposals.waiting()

    async def confirmed(self, tx: Tx, id: str, kind: str, *, by: str) -> rows.Proposal:
        """The proposal, confirmed in the transaction of the deed. Raises NoSuchProposal and SamePerson."""
        proposal = await tx.proposals.get(id)
        if proposal is None or proposal.kind != kind or proposal.confirmed_by is not None:
            raise NoSuchProposal(id)
        if is_same_person(proposal.proposed_by, by):
            raise SamePerson(by)
        if not await tx.proposals.confirm(id, by.strip(), self._now()):
            raise NoSuchProposal(id)
        return proposal
