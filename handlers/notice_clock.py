"""What happens to notices by itself: what is due leaves, what is finished says so, what has run out is over. Any number of processes may
do it at once, and again: the database lets one of them win."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from handlers.notice_checks import Checks, Moved, Refused, wards_of
from handlers.notice_keeping import kept, moved_on, sent_back
from storage.database import Database
from storage.transaction import Tx
from surveys.delivery import REPEATS, Audience, Campaign, CampaignState, is_awake
from surveys.notices import Deed, Notice, State, possible
from surveys.windows import Purpose

__all__ = ["KIND", "RECALLS", "NoticeClock"]

KIND = "notice"
"""Of the campaigns whose words a notice is; their subject is its id."""
RECALLS = "notice.recall"
"""Of those that take one back."""
SOME = 50  # notices looked at in one step; the next one comes within a minute

Move = Callable[[Tx, Notice, datetime], Awaitable[None]]


class NoticeClock:
    def __init__(self, db: Database, now: Callable[[], datetime], checks: Checks) -> None:
        self._db = db
        self._now = now
        self._checks = checks

    async def step(self) -> None:
        now = self._now()
        async with self._db.reading() as tx:
            expired = await tx.notices.expired(now, SOME)
            due = await tx.notices.due(now, SOME)
            sending = await tx.notices.in_state(State.SENDING)
        for ids, move in ((expired, self._expire), (due, self._begin), (sending, self._finish)):
            for id in ids:
                await self._moved(id, move, now)

    async def _moved(self, id: str, move: Move, now: datetime) -> None:
        """Each in a transaction of its own: what is wrong with one holds up no other."""
        try:
            async with self._db.transaction() as tx:
                notice = await tx.notices.get(id)
                if notice is not None:
                    await move(tx, notice, now)
        except Moved:
            return  # another process was quicker, or somebody pressed a button: the next step sees what is left to do

    async def _begin(self, tx: Tx, notice: Notice, now: datetime) -> None:
        if Deed.BEGIN not in possible(notice.state) or notice.due_at is None or notice.due_at > now:
            return
        if not notice.overrides and not is_awake(now):
            return
        if now - notice.due_at > self._checks.policies.late:
            # The house was down. Old news is worse than none.
            await kept(tx, None, notice, sent_back(notice), "notice.miss", now)
            return
        await tx.notices.alone_in(notice.unit)
        try:
            # A survey may have opened since it was approved, and others may have left on this day.
            await self._checks.raise_influence(tx, notice, now)
            await self._checks.raise_cap(tx, notice, begins=True)
        except Refused as trouble:
            await kept(tx, None, notice, sent_back(notice), "notice.hold", now, str(trouble))
            return
        campaign = await tx.outbox.create(await self._campaign(tx, notice, now))
        begun = replace(moved_on(notice, Deed.BEGIN), begun_at=now, campaign=campaign)
        await kept(tx, None, notice, begun, "notice.begin", now)

    async def _campaign(self, tx: Tx, notice: Notice, now: datetime) -> Campaign:
        return Campaign(
            kind=KIND,
            subject=notice.id,
            purpose=Purpose.NOTICE,
            audience=Audience(
                units=wards_of(notice, await self._checks.known(tx)),
                languages=notice.audience.languages,
                topics=tuple(topic.value for topic in notice.draft.topics),
            ),
            not_before=now,
            over=notice.over,
            expires_at=notice.expires_at,
            is_urgent=notice.overrides,
            # Urgent ones go again once where nobody knows whether they came, visibly marked; others never.
            repeats=REPEATS if notice.overrides else 0,
        )

    async def _finish(self, tx: Tx, notice: Notice, now: datetime) -> None:
        if notice.state is not State.SENDING or notice.campaign is None:
            return
        standing = await tx.outbox.get(notice.campaign)
        was_stopped = standing.state is CampaignState.STOPPED
        if was_stopped or (standing.state is CampaignState.DONE and standing.why):
            # Not by somebody at the notice, or it would not be sending any more: somebody has stopped it in the outbox.
            stopped = moved_on(notice, Deed.STOP)
            await kept(tx, None, notice, stopped, "notice.stop", now, standing.why)
        elif standing.state is CampaignState.DONE:
            await kept(tx, None, notice, moved_on(notice, Deed.FINISH), "notice.finish", now)

    async def _expire(self, tx: Tx, notice: Notice, now: datetime) -> None:
        if notice.is_past(now) and Deed.EXPIRE in possible(notice.state):
            await kept(tx, None, notice, moved_on(notice, Deed.EXPIRE), "notice.expire", now)
