"""The outbox: campaigns, a row for every recipient, and who sends on which account. Every query about them, and no rule but those the
database itself must keep: what is claimed once is claimed once, what is on its way is on disk before it leaves, and a count moves in
the transaction that moves the row.

Who builds on this: `create` a campaign in the transaction of the deed that begins it; the sender (`bot.sender`) fixes its audience,
writes down its recipients and sends. `counts` is cheap at any size. What a delivery says is nowhere here: a composer is asked, by the
campaign's kind and subject.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from storage import outbox_rows, rows
from storage import outbox_statements as sql
from storage.audiences import as_json
from storage.outbox_campaigns import Campaigns
from storage.outbox_values import (
    ALL,
    Beside,
    Changes,
    Claimed,
    DeadLetter,
    LeaseLost,
    Leaving,
    Outcome,
    Sender,
    Standing,
    moves,
)
from surveys.delivery import Campaign, CampaignState, Cap, DeliveryState, Why, rests_until
from surveys.windows import Purpose

__all__ = [
    "ALL",
    "Beside",
    "Claimed",
    "DeadLetter",
    "LeaseLost",
    "Leaving",
    "Outbox",
    "Outcome",
    "Sender",
    "Standing",
]


class Outbox(Campaigns):
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
        by_topic: bool = False,
        about: Campaign | None = None,
    ) -> list[Claimed]:
        """Takes so many of those that wait into one hand, until the lease ends. No two hands get the same one. `by_topic`: looks whether
        they still want one of its topics. `about`: the campaign itself, where it is not a notice: `cap` counts others of its kind, and of a
        reminder it is looked for when they were last spoken to of that survey."""
        if some <= 0:
            return []
        found = await self._connection.fetch(
            sql.CLAIM, of=campaign, on=account, by=owner, now=now, lease=until, some=some
        )
        ids = sorted(int(id) for (id,) in found)
        if not ids:
            return []
        await self._move(moves(campaign, account, DeliveryState.PENDING, DeliveryState.CLAIMED, len(ids)))
        since = now - (cap.within if cap is not None else timedelta(0))
        details = await self._connection.fetch(
            sql.CLAIMED,
            ids=json.dumps(ids),
            besides=campaign,
            since=since,
            counted=int(cap is not None),
            asked=int(by_topic),
            **_alike(about),
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
        changes: Changes = Counter()
        for campaign, number in moved.items():
            changes.update(moves(campaign, account, DeliveryState.CLAIMED, DeliveryState.SENDING, number))
        await self._move(changes)
        return Leaving(frozenset(int(id) for id, _ in found), int(epochs[0][0]))

    async def settle(self, owner: str, outcomes: Iterable[Outcome]) -> set[int]:
        """Writes down what became of them, many at once. Those it was written of: the lease of the others had ended; of these, what
        turns out to have been sent after all is still believed."""
        settled: set[int] = set()
        changes: Changes = Counter()
        alike: dict[tuple[Any, ...], list[Outcome]] = {}
        for each in outcomes:
            if each.moves is not None:
                settled |= await self._moved_on(owner, each.id, *each.moves, changes)
                continue
            key = (each.was, each.state, each.reason, each.attempts, each.repeated, each.until)
            alike.setdefault(key, []).append(each)
        for group in alike.values():
            for was, found in await self._settled(owner, group):
                for id, campaign, account in found:
                    settled.add(int(id))
                    changes.update(moves(int(campaign), str(account), was, group[0].state, 1))
            kept = [each for each in group if each.id in settled and each.message is not None]
            await self._connection.run_many(
                sql.KEEP_MESSAGE,
                ({"delivery": each.id, "message": each.message, "purge_at": each.purge_at} for each in kept),
            )
        await self._move(changes)
        return settled

    async def _moved_on(self, owner: str, id: int, here: str, there: str, changes: Changes) -> set[int]:
        """One that waits again, on another account."""
        found = await self._connection.fetch(sql.MOVE_ON, ids=json.dumps([id]), by=owner, to=there)
        for _, campaign in found:
            changes[int(campaign), here, DeliveryState.CLAIMED] -= 1
            changes[int(campaign), there, DeliveryState.PENDING] += 1
        return {int(id) for id, _ in found}

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
        changes: Changes = Counter()
        number = 0
        for campaign, contact in recipients:
            for (account,) in await self._connection.fetch(sql.ARRIVED, of=campaign, whom=contact):
                number += 1
                changes.update(moves(campaign, str(account), DeliveryState.UNKNOWN, DeliveryState.SENT, 1))
        await self._move(changes)
        return number

    async def held(self, owner: str, ids: Sequence[int]) -> list[tuple[int, bool, CampaignState]]:
        """Of those still in this hand and not on their way: whether the contact is still there, and the campaign's state."""
        found = await self._connection.fetch(sql.HELD, ids=json.dumps(list(ids)), by=owner)
        return [(int(id), contact is not None, CampaignState(state)) for id, contact, state in found]

    async def beside(self, campaign: int, fingerprints: Iterable[bytes]) -> list[Beside]:
        """What a campaign has for the contacts at these addresses."""
        found: list[Beside] = []
        for each in fingerprints:
            rows_of = await self._connection.fetch(sql.BESIDE, of=campaign, whose=each)
            found += [
                Beside(bytes(who), str(account), DeliveryState(state), heard)
                for who, account, state, heard in rows_of
            ]
        return found

    async def message_of(self, campaign: int, contact: str) -> tuple[int, bytes] | None:
        """The delivery and the sealed id of what a campaign sent to a contact, while it is kept."""
        found = await self._connection.fetch(sql.MESSAGE, of=campaign, to=contact)
        return (int(found[0][0]), bytes(found[0][1])) if found else None

    # ── What nobody holds any more ────────────────────────────────────────────────────────────────────────────

    async def end_leases(self, now: datetime, again_at: datetime, some: int) -> int:
        """Rows whose hand was not heard of again: what was claimed waits again; what was on its way is unknown, or goes once more where
        its campaign may be repeated. How many."""
        changes: Changes = Counter()
        number = 0
        for statement, was, to in sql.LEASES:
            found = await self._connection.fetch(
                statement,
                now=now,
                again=again_at,
                rest=rests_until(now),
                some=some,
                because=Why.LEASE.value,
            )
            number += len(found)
            for campaign, account in found:
                changes.update(moves(int(campaign), str(account), was, to, 1))
        await self._move(changes)
        return number

    async def drop_waiting(self, campaign: int, to: DeliveryState, why: str, some: int) -> int:
        """So many of those that wait get this outcome instead. How many that were."""
        found = await self._connection.fetch(
            sql.DROP_WAITING, of=campaign, to=to.value, because=why, some=some
        )
        changes: Changes = Counter()
        for (account,) in found:
            changes.update(moves(campaign, str(account), DeliveryState.PENDING, to, 1))
        await self._move(changes)
        return len(found)

    async def retry(self, campaign: int, some: int, reason: str | None = None) -> int:
        """Dead letters wait again – those that failed, never one that may have arrived, and none of a campaign that was stopped. How many
        that were."""
        if (await self.get(campaign)).was_stopped:
            return 0
        await self._connection.run(sql.REOPEN, of=campaign)
        statement = sql.RETRY if reason is None else sql.RETRY_REASON
        values = {} if reason is None else {"reason": reason}
        found = await self._connection.fetch(statement, of=campaign, some=some, **values)
        changes: Changes = Counter()
        for (account,) in found:
            changes.update(moves(campaign, str(account), DeliveryState.FAILED, DeliveryState.PENDING, 1))
        await self._move(changes)
        return len(found)

    async def purge_messages(self, now: datetime) -> int:
        return await self._connection.run(sql.PURGE_MESSAGES, now=now)

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────

    async def reasons(self, campaign: int) -> dict[tuple[DeliveryState, str], int]:
        """Why, of those that were neither sent nor still wait."""
        found = await self._connection.fetch(sql.REASONS, of=campaign)
        return {(DeliveryState(state), str(reason)): int(number) for state, reason, number in found}

    async def alike(self, campaign: int) -> tuple[str, int]:
        """The commonest reason for which a platform refused it, and how many people that was. An address that cannot be
        opened says nothing of the message."""
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


def _alike(about: Campaign | None) -> dict[str, Any]:
    """What another campaign must be like to count beside this one; of a notice, or where nobody says, any notice."""
    if about is None:
        return {"purpose": Purpose.NOTICE.value, "kind": "", "alike": "", "original": 0}
    is_discreet = about.is_discreet
    return {
        "purpose": about.purpose.value,
        "kind": about.kind,
        "alike": as_json(about.audience) if is_discreet else "",
        "original": about.audience.of or 0 if is_discreet else 0,
    }
