"""The trail: documents that digests stand for, what was fixed of a wave, the ledger's lines, and what waits for a second person."""

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256

from sqlalchemy import bindparam, select, update

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert

__all__ = ["Documents", "LedgerLines", "Proposals", "WaveSeals", "WaveTerms"]

WRITING = 0x6C65646765722E2E  # “ledger..”: the advisory lock of whoever appends a line

_documents = rows.table(rows.Document).c
_ledger = rows.table(rows.LedgerLine).c
_terms = rows.table(rows.WaveTerms).c
_seals = rows.table(rows.WaveSeal).c
_postponed = rows.table(rows.KeyPostponement).c
_proposals = rows.table(rows.Proposal).c


class Documents:
    """Texts by their SHA-256. One that is there already is not written again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, body: str) -> str:
        """The digest it is found by, in hex."""
        digest = sha256(body.encode()).hexdigest()
        await self._connection.run(ADD_DOCUMENT, digest=digest, body=body)
        return digest

    async def get(self, digest: str) -> str:
        """Raises LookupError."""
        found = await self._connection.fetch(DOCUMENT, digest=digest)
        if not found:
            raise LookupError(f"There is no document {digest}.")
        return str(found[0][0])


class LedgerLines:
    """The ledger as it is signed, a line an entry. The database refuses to change one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def writing(self) -> None:
        """Until this unit of work ends, nobody else appends."""
        await self._connection.lock(WRITING)

    async def add(self, number: int, line: str) -> None:
        """Raises the driver's IntegrityError when there is one of that number."""
        await self._connection.run(ADD_LINE, number=number, line=line)

    async def after(self, number: int) -> list[str]:
        """The lines that follow that number, in order; `after(0)` is all of them."""
        return [str(line) for (line,) in await self._connection.fetch(LINES_AFTER, number=number)]

    async def each(self) -> AsyncIterator[str]:
        async for (line,) in self._connection.each(LINES_AFTER, number=0):
            yield line


class WaveTerms:
    """What was fixed before a wave's first answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, terms: rows.WaveTerms) -> None:
        await self._connection.run(ADD_TERMS, **terms.model_dump())

    async def of(self, wave_id: int) -> rows.WaveTerms | None:
        """None for a wave that was opened before there was a ledger, or is a draft."""
        return rows.first_of(rows.WaveTerms, await self._connection.fetch(TERMS_OF, wave_id=wave_id))


class WaveSeals:
    """How waves were sealed, and until when their keys are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, seal: rows.WaveSeal) -> None:
        await self._connection.run(ADD_SEAL, **seal.model_dump())

    async def of(self, wave_id: int) -> rows.WaveSeal | None:
        return rows.first_of(rows.WaveSeal, await self._connection.fetch(SEAL_OF, wave_id=wave_id))

    async def all(self) -> dict[int, rows.WaveSeal]:
        """By wave id."""
        found = await self._connection.fetch(SEALS)
        return {seal.wave_id: seal for seal in rows.all_of(rows.WaveSeal, found)}

    async def set_release_due(self, wave_id: int, due: datetime) -> None:
        await self._connection.run(SET_RELEASE_DUE, wave=wave_id, due=due)

    async def postpone_key(self, wave_id: int, until: datetime) -> None:
        await self._connection.run(ADD_POSTPONEMENT, wave_id=wave_id, until=until)

    async def key_kept_until(self, wave_id: int) -> datetime | None:
        """The latest moment it was postponed to."""
        found = rows.all_of(
            rows.KeyPostponement, await self._connection.fetch(POSTPONEMENTS, wave_id=wave_id)
        )
        return max((each.until for each in found), default=None)


class Proposals:
    """What one person asks for and another confirms."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, proposal: rows.Proposal) -> None:
        await self._connection.run(ADD_PROPOSAL, **proposal.model_dump())

    async def get(self, id: str) -> rows.Proposal | None:
        return rows.first_of(rows.Proposal, await self._connection.fetch(PROPOSAL, id=id))

    async def waiting(self) -> list[rows.Proposal]:
        """Those nobody has confirmed, the oldest first."""
        return rows.all_of(rows.Proposal, await self._connection.fetch(PROPOSALS_WAITING))

    async def confirm(self, id: str, by: str, at: datetime) -> bool:
        """Whether this call confirmed it: nobody had before. The database refuses whoever proposed it."""
        return bool(await self._connection.run(CONFIRM_PROPOSAL, wanted=id, by=by, at=at))


ADD_DOCUMENT = upsert(rows.table(rows.Document), "digest", keeping=("body",))
DOCUMENT = Prepared(select(_documents.body).where(_documents.digest == bindparam("digest")))
ADD_LINE = insert(rows.table(rows.LedgerLine))
LINES_AFTER = Prepared(
    select(_ledger.line).where(_ledger.number > bindparam("number")).order_by(_ledger.number)
)
ADD_TERMS = insert(rows.table(rows.WaveTerms))
TERMS_OF = Prepared(select(rows.table(rows.WaveTerms)).where(_terms.wave_id == bindparam("wave_id")))
ADD_SEAL = insert(rows.table(rows.WaveSeal))
SEAL_OF = Prepared(select(rows.table(rows.WaveSeal)).where(_seals.wave_id == bindparam("wave_id")))
SEALS = Prepared(select(rows.table(rows.WaveSeal)))
SET_RELEASE_DUE = Prepared(
    update(rows.WaveSeal)
    .where(_seals.wave_id == bindparam("wave"))
    .values(release_due=bindparam("due", type_=_seals.release_due.type))
)
ADD_POSTPONEMENT = upsert(rows.table(rows.KeyPostponement), "wave_id", "until")
POSTPONEMENTS = Prepared(
    select(rows.table(rows.KeyPostponement)).where(_postponed.wave_id == bindparam("wave_id"))
)
ADD_PROPOSAL = insert(rows.table(rows.Proposal))
PROPOSAL = Prepared(select(rows.table(rows.Proposal)).where(_proposals.id == bindparam("id")))
PROPOSALS_WAITING = Prepared(
    select(rows.table(rows.Proposal))
    .where(_proposals.confirmed_by.is_(None))
    .order_by(_proposals.proposed_at, _proposals.id)
)
CONFIRM_PROPOSAL = Prepared(
    update(rows.Proposal)
    .where(_proposals.id == bindparam("wanted"), _proposals.confirmed_by.is_(None))
    .values(confirmed_by=bindparam("by"), confirmed_at=bindparam("at", type_=_proposals.confirmed_at.type))
)
