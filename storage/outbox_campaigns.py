"""Campaigns in the outbox: made, stopped, finished; their audience fixed and written down. It knows no sender."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from storage import outbox_campaign_statements as sql
from storage import outbox_rows, rows
from storage.audiences import FIXED, Cell, as_json, cells_of, from_json
from storage.catalogue import Markers
from storage.outbox_values import Standing
from storage.statements import Connection
from surveys.delivery import POISON, Campaign, CampaignState, DeliveryState, Why
from surveys.windows import Purpose

__all__ = ["Campaigns"]


class Campaigns:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, campaign: Campaign) -> int:
        """Its id: a new one, or that of the campaign there is of this kind and subject. Nobody is written down yet."""
        if (standing := await self.by_subject(campaign.kind, campaign.subject)) is not None:
            return standing.id
        row = outbox_rows.CampaignRow(
            kind=campaign.kind,
            subject=campaign.subject,
            purpose=campaign.purpose.value,
            audience=as_json(campaign.audience),
            not_before=campaign.not_before,
            over_seconds=round(campaign.over.total_seconds()),
            expires_at=campaign.expires_at,
            is_urgent=int(campaign.is_urgent),
            repeats=campaign.repeats,
            state=CampaignState.OPEN.value,
            why="",
            poison_at=POISON,
            fixed_at=None,
            cell=None,
            after=b"",
            walked_at=None,
        )
        await self._connection.run(sql.ADD_CAMPAIGN, **row.model_dump(exclude={"id"}))
        made = await self.by_subject(campaign.kind, campaign.subject)
        assert made is not None
        return made.id

    async def get(self, id: int) -> Standing:
        """Raises LookupError."""
        found = await self._connection.fetch(sql.CAMPAIGN, id=id)
        if not found:
            raise LookupError(f"There is no campaign {id}.")
        return _standing(found[0])

    async def by_subject(self, kind: str, subject: str) -> Standing | None:
        found = await self._connection.fetch(sql.CAMPAIGN_BY_SUBJECT, kind=kind, subject=subject)
        return _standing(found[0]) if found else None

    async def unfinished(self) -> list[Standing]:
        """Open, paused and stopped ones that still have somebody without an outcome; the urgent first, then the earliest."""
        return [_standing(row) for row in await self._connection.fetch(sql.UNFINISHED)]

    async def latest(self, some: int = 50) -> list[Standing]:
        return [_standing(row) for row in await self._connection.fetch(sql.LATEST, some=some)]

    async def stop(self, id: int, why: str = Why.STOPPED) -> bool:
        """Nothing more of it leaves: what is in a sender's hand is not let through either. Whether this call stopped it; one that was
        done already is closed, and its dead letters stay where they are."""
        if await self._connection.run(sql.STOP, of=id, because=why):
            return True
        await self._connection.run(sql.CLOSE, of=id, because=why)
        return False

    async def pause(self, id: int, why: str) -> bool:
        return bool(await self._connection.run(sql.PAUSE, of=id, because=why))

    async def resume(self, id: int) -> bool:
        """It goes on. Whoever failed so far is forgiven: three more must fail alike to stop it again."""
        counts = await self.counts(id)
        limit = counts.get(DeliveryState.FAILED, 0) + POISON
        return bool(await self._connection.run(sql.RESUME, of=id, limit=limit))

    async def finish(self, id: int) -> bool:
        """Done, if everybody is written down and has an outcome."""
        return await self.is_over(await self.get(id)) and bool(await self._connection.run(sql.FINISH, of=id))

    async def is_over(self, standing: Standing) -> bool:
        """Whether everybody is written down – or nobody is to be any more – and has an outcome."""
        counts = await self.counts(standing.id)
        waiting = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING)
        if standing.state is CampaignState.PAUSED or any(counts.get(state) for state in waiting):
            return False
        return standing.is_written_down or standing.state is CampaignState.STOPPED

    # ── Recipients ────────────────────────────────────────────────────────────────────────────────────────────

    async def fix(self, id: int) -> None:
        """From here on its audience is fixed: whoever comes later is a newcomer. Once."""
        await Markers(self._connection).bump(FIXED)
        number = await Markers(self._connection).value(FIXED)
        await self._connection.run(sql.FIX, of=id, number=number)

    async def add(self, id: int, recipients: Iterable[tuple[str, str]]) -> None:
        """Names recipients one by one – contact and account – where the audience was chosen elsewhere: a drawn sample."""
        before = await self._written(id)
        await self._connection.run_many(
            sql.ADD_RECIPIENT,
            ({"campaign": id, "contact": contact, "account": account} for contact, account in recipients),
        )
        after = await self._written(id)
        await self._move({(id, account, DeliveryState.PENDING): n for account, n in (after - before).items()})

    async def _written(self, id: int) -> Counter[str]:
        found = await self._connection.fetch(sql.WRITTEN, of=id)
        return Counter({str(account): int(number) for account, number in found})

    async def expand(self, standing: Standing, some: int) -> Standing:
        """Writes down the next page of its audience and moves its cursor, both or neither. Where it stands now; unchanged when another
        process was quicker."""
        cells = cells_of(standing.campaign.audience)
        assert standing.fixed_at is not None
        if standing.cell is None:
            return standing
        assert standing.campaign.audience.sample is None, "a sample is drawn and then written down at once"
        if standing.cell >= len(cells):
            await self._moves_on(standing, None, b"")
            return await self.get(standing.id)
        cell = cells[standing.cell]
        last = await self.page_end(standing, cell, standing.after, some)
        if last is None:
            await self._moves_on(standing, standing.cell + 1, b"")
        elif await self._moves_on(standing, standing.cell, cell.kept(last)):
            await self.write(standing, cell, standing.after, last)
        return await self.get(standing.id)

    async def people(
        self, standing: Standing, cell: Cell, after: bytes, some: int
    ) -> Sequence[tuple[Any, ...]]:
        """A page of those who stand in a part of its audience: key, contact, account."""
        values = {**cell.values, "fixed": standing.fixed_at, "after": cell.key(after), "some": some}
        return await self._connection.fetch(cell.everybody, **values)

    async def draw(self, standing: Standing, drawn: Iterable[tuple[str, str]]) -> Standing:
        """Writes down whom the lot has chosen in the part of its audience where it stands, and goes on to the next: both or neither, so
        that nobody is ever drawn twice. Where it stands now; unchanged when another process was quicker."""
        assert standing.cell is not None
        following = standing.cell + 1
        is_last = following >= len(cells_of(standing.campaign.audience))
        if await self._moves_on(standing, None if is_last else following, b""):
            await self.add(standing.id, drawn)
        return await self.get(standing.id)

    async def page_end(self, standing: Standing, cell: Cell, after: bytes, some: int) -> bytes | int | None:
        values = {**cell.values, "fixed": standing.fixed_at, "after": cell.key(after), "some": some}
        found = await self._connection.fetch(cell.last_of_page, **values)
        return found[0][0] if found else None

    async def missing(self, standing: Standing, cell: Cell, after: bytes, last: bytes | int) -> int:
        """How many between the two should have a row and have none."""
        [(number,)] = await self._connection.fetch(cell.missing, **self._between(standing, cell, after, last))
        return int(number)

    async def write(self, standing: Standing, cell: Cell, after: bytes, last: bytes | int) -> int:
        """Writes down who is not. How many that were."""
        found = await self._connection.fetch(cell.write, **self._between(standing, cell, after, last))
        new = Counter(str(account) for (account,) in found)
        await self._move({(standing.id, account, DeliveryState.PENDING): n for account, n in new.items()})
        return len(found)

    def _between(self, standing: Standing, cell: Cell, after: bytes, last: bytes | int) -> Mapping[str, Any]:
        return {
            **cell.values,
            "of": standing.id,
            "fixed": standing.fixed_at,
            "after": cell.key(after),
            "last": last,
        }

    async def _moves_on(self, standing: Standing, cell: int | None, after: bytes) -> bool:
        """Whether it was still where we thought: of two at the same moment, one moves it."""
        return bool(
            await self._connection.run(
                sql.MOVE_CURSOR,
                of=standing.id,
                was=standing.cell,
                was_after=standing.after,
                to=cell,
                to_after=after,
            )
        )

    async def walked(self, id: int, at: datetime) -> None:
        """Everybody was looked for again, and whoever was missing is written down."""
        await self._connection.run(sql.WALKED, of=id, at=at)

    async def by_unit(self, id: int) -> dict[str, int]:
        """How many of those who are written down live in which unit."""
        found = await self._connection.fetch(sql.BY_UNIT, of=id)
        return {str(unit): int(number) for unit, number in found}

    # ── Counting ──────────────────────────────────────────────────────────────────────────────────────────────

    async def counts(self, campaign: int) -> dict[DeliveryState, int]:
        """Exact, and as cheap for a million as for ten."""
        found: Counter[DeliveryState] = Counter()
        for (_, state), number in (await self.counts_by_account(campaign)).items():
            found[state] += number
        return dict(found)

    async def counts_by_account(self, campaign: int) -> dict[tuple[str, DeliveryState], int]:
        found = await self._connection.fetch(sql.COUNTS, of=campaign)
        return {(str(account), DeliveryState(state)): int(number) for account, state, number in found}

    async def _move(self, changes: Mapping[tuple[int, str, DeliveryState], int]) -> None:
        """In one order for everybody, so that two transactions never wait for each other's counts."""
        for (campaign, account, state), change in sorted(changes.items()):
            if change > 0:
                await self._connection.run(
                    sql.ADD_COUNT, campaign=campaign, account=account, state=state.value, number=change
                )
            elif change < 0:
                await self._connection.run(sql.LESS, of=campaign, on=account, was=state.value, less=-change)


def _standing(row: Sequence[Any]) -> Standing:
    [found] = rows.all_of(outbox_rows.CampaignRow, [tuple(row)])
    campaign = Campaign(
        kind=found.kind,
        subject=found.subject,
        purpose=Purpose(found.purpose),
        audience=from_json(found.audience),
        not_before=found.not_before,
        over=timedelta(seconds=found.over_seconds),
        expires_at=found.expires_at,
        is_urgent=bool(found.is_urgent),
        repeats=found.repeats,
        id=found.id or 0,
    )
    return Standing(
        campaign,
        CampaignState(found.state),
        found.why,
        found.poison_at,
        found.fixed_at,
        found.cell,
        found.after,
        found.walked_at,
    )
