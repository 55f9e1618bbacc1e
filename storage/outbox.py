"""The outbox: campaigns, a row for every recipient, and who sends on which account. Every query about them, and no rule but those the
database itself must keep: what is claimed once is claimed once, what is on its way is on disk before it leaves, and a count moves in
the transaction that moves the row.

Who builds on this: `create` a campaign in the transaction of the deed that begins it; the sender (`bot.sender`) fixes its audience,
writes down its recipients and sends. `counts` is cheap at any size. What a delivery says is nowhere here: a composer is asked, by the
campaign's kind and subject.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage import outbox_rows, rows
from storage import outbox_statements as sql
from storage.audiences import FIXED, Cell, as_json, cells_of, from_json
from storage.catalogue import Markers
from storage.statements import Connection
from surveys.delivery import (
    POISON,
    Campaign,
    CampaignState,
    Cap,
    DeliveryState,
    Why,
)
from surveys.windows import Purpose

__all__ = [
    "ALL",
    "Claimed",
    "DeadLetter",
    "LeaseLost",
    "Leaving",
    "Outbox",
    "Outcome",
    "Sender",
    "Standing",
]

ALL = "*"
"""The account that stands for all of them, where everything is paused."""


class LeaseLost(Exception):
    """Another process sends on this account now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign and where it stands."""

    campaign: Campaign
    state: CampaignState
    why: str
    poison_at: int
    fixed_at: int | None
    cell: int | None
    after: bytes
    walked_at: datetime | None

    @property
    def id(self) -> int:
        return self.campaign.id

    @property
    def is_written_down(self) -> bool:
        """Whether everybody in its audience has a row."""
        return self.fixed_at is not None and self.cell is None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in one sender's hand, and what must be known to send it. Personal data: it lives as long as the attempt."""

    id: int
    campaign: int
    contact: str
    repeated: int
    """How often it was repeated: more than 0 must show."""
    fingerprint: bytes | None
    """None where the contact is gone."""
    address: bytes | None
    language: str | None
    heard_at: datetime | None
    recent: int
    """How many notices they had in the days of the cap, beside this one."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What may leave now, and the account's epoch with which it does."""

    ids: frozenset[int]
    epoch: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery that was in hand."""

    id: int
    was: DeliveryState
    state: DeliveryState
    reason: str = ""
    attempts: int = 0
    """How many more that makes."""
    repeated: int = 0
    until: datetime | None = None
    """Of one that waits again: before when it does not go."""
    message: bytes | None = None
    """The platform's id, encrypted, where it can be taken back."""
    purge_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One delivery that did not get through, as an operator may see it: no address, no name."""

    id: int
    campaign: int
    account: str
    state: DeliveryState
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends on an account, and whether anybody does."""

    account: str
    owner: str
    until: datetime | None
    paused_until: datetime | None
    why: str
    epoch: int


class Outbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ── Campaigns ─────────────────────────────────────────────────────────────────────────────────────────────

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
        """Nothing more of it leaves: what is in a sender's hand is not let through either. Whether this call stopped it."""
        return bool(await self._connection.run(sql.STOP, of=id, because=why))

    async def pause(self, id: int, why: str) -> bool:
        return bool(await self._connection.run(sql.PAUSE, of=id, because=why))

    async def resume(self, id: int) -> bool:
        """It goes on. Whoever failed so far is forgiven: three more must fail alike to stop it again."""
        counts = await self.counts(id)
        limit = counts.get(DeliveryState.FAILED, 0) + POISON
        return bool(await self._connection.run(sql.RESUME, of=id, limit=limit))

    async def finish(self, id: int) -> bool:
        """Done, if everybody is written down and has an outcome."""
        standing = await self.get(id)
        counts = await self.counts(id)
        waiting = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING)
        if standing.state is CampaignState.PAUSED or any(counts.get(state) for state in waiting):
            return False
        if not standing.is_written_down and standing.state is not CampaignState.STOPPED:
            return False
        return bool(await self._connection.run(sql.FINISH, of=id))

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

    # ── Claiming and sending ──────────────────────────────────────────────────────────────────────────────────

    async def claim(
        self,
        campaign: int,
        account: str,
        owner: str,
        *,
        now: datetime,
        until: datetime,
        some: int,
        cap: Cap | None = None,
    ) -> list[Claimed]:
        """Takes so many of those that wait into one hand, until the lease ends. No two hands get the same one."""
        found = await self._connection.fetch(
            sql.CLAIM, of=campaign, on=account, by=owner, now=now, lease=until, some=some
        )
        ids = sorted(int(id) for (id,) in found)
        if not ids:
            return []
        await self._move(_moves(campaign, account, DeliveryState.PENDING, DeliveryState.CLAIMED, len(ids)))
        since = now - (cap.within if cap is not None else timedelta(0))
        details = await self._connection.fetch(
            sql.CLAIMED, ids=json.dumps(ids), besides=campaign, since=since, counted=int(cap is not None)
        )
        return [Claimed(*row) for row in details]

    async def sending(self, account: str, owner: str, ids: Sequence[int], *, now: datetime) -> Leaving:
        """Those of them that may leave as soon as this is on disk: still in this hand, the contact still there, the campaign still open.
        Raises LeaseLost when the account is in other hands: then none may."""
        epochs = await self._connection.fetch(sql.NEXT_EPOCH, on=account, by=owner, now=now)
        if not epochs:
            raise LeaseLost(account)
        found = await self._connection.fetch(sql.SENDING, ids=json.dumps(list(ids)), by=owner, now=now)
        moved = Counter(int(campaign) for _, campaign in found)
        changes: Counter[tuple[int, str, DeliveryState]] = Counter()
        for campaign, number in moved.items():
            changes.update(_moves(campaign, account, DeliveryState.CLAIMED, DeliveryState.SENDING, number))
        await self._move(changes)
        return Leaving(frozenset(int(id) for id, _ in found), int(epochs[0][0]))

    async def settle(self, owner: str, outcomes: Iterable[Outcome]) -> set[int]:
        """Writes down what became of them, many at once. Those it was written of: the lease of the others had ended; of these, what
        turns out to have been sent after all is still believed."""
        settled: set[int] = set()
        changes: Counter[tuple[int, str, DeliveryState]] = Counter()
        alike: dict[tuple[Any, ...], list[Outcome]] = {}
        for each in outcomes:
            key = (each.was, each.state, each.reason, each.attempts, each.repeated, each.until)
            alike.setdefault(key, []).append(each)
        for group in alike.values():
            for was, found in await self._settled(owner, group):
                for id, campaign, account in found:
                    settled.add(int(id))
                    changes.update(_moves(int(campaign), str(account), was, group[0].state, 1))
            kept = [each for each in group if each.id in settled and each.message is not None]
            await self._connection.run_many(
                sql.KEEP_MESSAGE,
                ({"delivery": each.id, "message": each.message, "purge_at": each.purge_at} for each in kept),
            )
        await self._move(changes)
        return settled

    async def _settled(
        self, owner: str, group: list[Outcome]
    ) -> list[tuple[DeliveryState, Sequence[tuple[Any, ...]]]]:
        first, ids = group[0], json.dumps([each.id for each in group])
        values = {
            "ids": ids,
            "to": first.state.value,
            "because": first.reason,
            "more": first.attempts,
            "again": first.repeated,
            "wait": first.until,
        }
        found = await self._connection.fetch(sql.SETTLE, by=owner, was=first.was.value, **values)
        result = [(first.was, found)]
        if first.state is DeliveryState.SENT and len(found) < len(group):
            late = await self._connection.fetch(sql.SETTLE_LATE, **values)
            result.append((DeliveryState.UNKNOWN, late))
        return result

    async def arrived(self, recipients: Iterable[tuple[int, str]]) -> int:
        """Campaign and contact of messages somebody has shown to have seen: of these, what was unknown is known now. How many that
        were."""
        changes: Counter[tuple[int, str, DeliveryState]] = Counter()
        number = 0
        for campaign, contact in recipients:
            for (account,) in await self._connection.fetch(sql.ARRIVED, of=campaign, whom=contact):
                number += 1
                changes.update(_moves(campaign, str(account), DeliveryState.UNKNOWN, DeliveryState.SENT, 1))
        await self._move(changes)
        return number

    async def held(self, owner: str, ids: Sequence[int]) -> list[tuple[int, bool, CampaignState]]:
        """Of those still in this hand and not on their way: whether the contact is still there, and the campaign's state."""
        found = await self._connection.fetch(sql.HELD, ids=json.dumps(list(ids)), by=owner)
        return [(int(id), contact is not None, CampaignState(state)) for id, contact, state in found]

    async def message_of(self, campaign: int, contact: str) -> tuple[int, bytes] | None:
        """The delivery and the sealed id of what a campaign sent to a contact, while it is kept."""
        found = await self._connection.fetch(sql.MESSAGE, of=campaign, to=contact)
        return (int(found[0][0]), bytes(found[0][1])) if found else None

    # ── What nobody holds any more ────────────────────────────────────────────────────────────────────────────

    async def end_leases(self, now: datetime, again_at: datetime, some: int) -> int:
        """Rows whose hand was not heard of again: what was claimed waits again; what was on its way is unknown, or goes once more where
        its campaign may be repeated. How many."""
        changes: Counter[tuple[int, str, DeliveryState]] = Counter()
        number = 0
        for statement, was, to in sql.LEASES:
            found = await self._connection.fetch(
                statement, now=now, again=again_at, some=some, because=Why.LEASE.value
            )
            number += len(found)
            for campaign, account in found:
                changes.update(_moves(int(campaign), str(account), was, to, 1))
        await self._move(changes)
        return number

    async def drop_waiting(self, campaign: int, to: DeliveryState, why: str, some: int) -> int:
        """So many of those that wait get this outcome instead. How many that were."""
        found = await self._connection.fetch(
            sql.DROP_WAITING, of=campaign, to=to.value, because=why, some=some
        )
        changes: Counter[tuple[int, str, DeliveryState]] = Counter()
        for (account,) in found:
            changes.update(_moves(campaign, str(account), DeliveryState.PENDING, to, 1))
        await self._move(changes)
        return len(found)

    async def retry(self, campaign: int, some: int, reason: str | None = None) -> int:
        """Dead letters wait again – those that failed, never one that may have arrived. How many that were."""
        await self._connection.run(sql.REOPEN, of=campaign)
        statement = sql.RETRY if reason is None else sql.RETRY_REASON
        values = {} if reason is None else {"reason": reason}
        found = await self._connection.fetch(statement, of=campaign, some=some, **values)
        changes: Counter[tuple[int, str, DeliveryState]] = Counter()
        for (account,) in found:
            changes.update(_moves(campaign, str(account), DeliveryState.FAILED, DeliveryState.PENDING, 1))
        await self._move(changes)
        return len(found)

    async def purge_messages(self, now: datetime) -> int:
        return await self._connection.run(sql.PURGE_MESSAGES, now=now)

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────

    async def counts(self, campaign: int) -> dict[DeliveryState, int]:
        """Exact, and as cheap for a million as for ten."""
        found: Counter[DeliveryState] = Counter()
        for (_, state), number in (await self.counts_by_account(campaign)).items():
            found[state] += number
        return dict(found)

    async def counts_by_account(self, campaign: int) -> dict[tuple[str, DeliveryState], int]:
        found = await self._connection.fetch(sql.COUNTS, of=campaign)
        return {(str(account), DeliveryState(state)): int(number) for account, state, number in found}

    async def reasons(self, campaign: int) -> dict[tuple[DeliveryState, str], int]:
        """Why, of those that were neither sent nor still wait."""
        found = await self._connection.fetch(sql.REASONS, of=campaign)
        return {(DeliveryState(state), str(reason)): int(number) for state, reason, number in found}

    async def alike(self, campaign: int) -> tuple[str, int]:
        """The commonest reason of those that failed, and how many people it was."""
        found = await self._connection.fetch(sql.ALIKE, of=campaign)
        return (str(found[0][0]), int(found[0][1])) if found else ("", 0)

    async def dead(self, campaign: int, after: int, some: int) -> list[DeadLetter]:
        """Failed, blocked and unknown ones, by id."""
        found = await self._connection.fetch(sql.DEAD, of=campaign, after=after, some=some)
        return [
            DeadLetter(int(id), campaign, str(account), DeliveryState(state), str(reason), int(attempts))
            for id, account, state, reason, attempts in found
        ]

    # ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────────

    async def lease(self, account: str, owner: str, *, now: datetime, until: datetime) -> bool:
        """Takes an account that nobody holds, or holds it for longer. Whether it is in this hand now."""
        await self._connection.run(sql.ADD_SENDER, account=account)
        return bool(await self._connection.run(sql.LEASE, on=account, by=owner, now=now, lease=until))

    async def let_go(self, account: str, owner: str) -> None:
        await self._connection.run(sql.LET_GO, on=account, by=owner)

    async def pause_account(self, account: str, until: datetime, why: str) -> None:
        """Nothing is sent on it before then; a restart does not forget that."""
        await self._connection.run(sql.ADD_SENDER, account=account)
        await self._connection.run(sql.PAUSE_SENDER, on=account, rest=until, because=why)

    async def resume_account(self, account: str) -> None:
        await self._connection.run(sql.RESUME_SENDER, on=account)

    async def senders(self) -> dict[str, Sender]:
        found = rows.all_of(outbox_rows.SenderRow, await self._connection.fetch(sql.SENDERS))
        return {row.account: Sender(**row.model_dump()) for row in found}

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _move(self, changes: Mapping[tuple[int, str, DeliveryState], int]) -> None:
        """In one order for everybody, so that two transactions never wait for each other's counts."""
        for (campaign, account, state), change in sorted(changes.items()):
            if change > 0:
                await self._connection.run(
                    sql.ADD_COUNT, campaign=campaign, account=account, state=state.value, number=change
                )
            elif change < 0:
                await self._connection.run(sql.LESS, of=campaign, on=account, was=state.value, less=-change)


def _moves(
    campaign: int, account: str, was: DeliveryState, to: DeliveryState, number: int
) -> Counter[tuple[int, str, DeliveryState]]:
    moved: Counter[tuple[int, str, DeliveryState]] = Counter()
    moved[campaign, account, was] -= number
    moved[campaign, account, to] += number
    return moved


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
