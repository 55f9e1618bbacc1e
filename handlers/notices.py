"""What officers do with notices, and what the clock does: one deed, one transaction, one row in the audit trail. It knows no bot and no
page, sends nothing itself, and lets nobody approve their own words.

Every deed names the version it was looked at in. Of two people at the same moment the database lets one win; the other is told that it
has moved."""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.notice_checks import (
    Checks,
    Moved,
    NoSuchNotice,
    Refused,
    has,
    is_for,
    refused,
    sentence,
    wards_of,
)
from handlers.noting import note
from storage.database import Database
from storage.transaction import Tx
from surveys import texts
from surveys.conversation import Entity, Style
from surveys.delivery import FINAL, Campaign, CampaignState, DeliveryState, next_awake
from surveys.delivery import Audience as Recipients
from surveys.notices import (
    Deed,
    Draft,
    Finding,
    Hand,
    Notice,
    NotNow,
    Occasion,
    Policies,
    Problem,
    State,
    Telling,
    Trouble,
    after,
    new_code,
    possible,
    read_code,
    told,
)
from surveys.notices.text import cleaned
from surveys.notices.words import STATES
from surveys.rights import PROVINCIAL, Action, Actor, require
from surveys.units import Gazetteer
from surveys.windows import Purpose

__all__ = [
    "KIND",
    "RECALLS",
    "Moved",
    "NoSuchNotice",
    "Notices",
    "Progress",
    "Refused",
    "sentence",
]

KIND = "notice"
"""Of the campaigns whose words a notice is."""
RECALLS = "notice.recall"
"""Of those that take one back."""
SOME = 50  # notices the clock looks at in one step
TRIES = 12  # codes tried before the database is asked to wait for luck
CODE_BITS = 64


Also = Callable[[Tx, Notice], Awaitable[None]]
"""What else must hold or happen, in the transaction of a deed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a notice has got."""

    counts: dict[DeliveryState, int]
    total: int
    seen: int
    rate: float
    """Outcomes a second since it began; 0.0 before the first."""
    done_at: datetime | None
    """At this rate; None where nobody can say."""

    @property
    def done(self) -> int:
        return sum(number for state, number in self.counts.items() if state in FINAL)

    @property
    def share(self) -> float:
        """Of recipients who have an outcome; 1.0 where there is nobody."""
        return self.done / self.total if self.total else 1.0


class Notices:
    def __init__(self, db: Database, now: Callable[[], datetime], policies: Policies | None = None) -> None:
        self._db = db
        self._now = now
        self._checks = Checks(policies or Policies())

    @property
    def policies(self) -> Policies:
        return self._checks.policies

    # ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, actor: Actor, draft: Draft) -> Notice:
        """A draft of the actor's own unit. It may lack anything yet; see `problems`."""
        now = self._now()
        async with self._db.transaction() as tx:
            require(actor, Action.NOTICE_WRITE, [actor.unit], await self._checks.known(tx))
            notice = Notice(
                id=secrets.token_hex(16),
                code=await self._new_code(tx),
                unit=actor.unit,
                draft=draft,
                state=State.DRAFT,
                version=1,
                writers=(Hand.of(actor, now),),
            )
            await tx.notices.add(notice, now)
            await note(tx, actor, Action.NOTICE_WRITE, object_of(notice), unit=notice.unit, at=now)
        return notice

    async def change(self, actor: Actor, id: str, version: int, draft: Draft) -> Notice:
        """Other words, another audience: what was submitted or handed back becomes a draft again. Whoever changes it is one of its
        writers from now on."""
        now = self._now()

        def changed(notice: Notice) -> Notice:
            others = tuple(hand for hand in notice.writers if hand.person != actor.person)
            return replace(
                notice, draft=draft, writers=(*others, Hand.of(actor, now)), submitted=None, rejected=None
            )

        return await self._do(actor, id, version, Deed.CHANGE, Action.NOTICE_WRITE, changed)

    async def submit(self, actor: Actor, id: str, version: int) -> Notice:
        """Raises Refused with everything that is wrong with it."""
        now = self._now()

        async def check(tx: Tx, notice: Notice) -> None:
            await self._checks.raise_problems(tx, notice, now)

        return await self._do(
            actor,
            id,
            version,
            Deed.SUBMIT,
            Action.NOTICE_WRITE,
            lambda notice: replace(notice, submitted=Hand.of(actor, now), rejected=None),
            check,
        )

    # ── Deciding ──────────────────────────────────────────────────────────────────────────────────────────────

    async def approve(self, actor: Actor, id: str, version: int) -> Notice:
        """By somebody who wrote none of it – or, of an urgent one, by the duty post that wrote it, which shows wherever it is shown."""
        now = self._now()
        async with self._db.transaction() as tx:
            notice = await self._of_version(tx, actor, id, version)
            is_own = await self._may_approve(tx, actor, notice)
            await tx.notices.alone_in(notice.unit)
            await self._checks.raise_problems(tx, notice, now)
            await self._checks.raise_influence(tx, notice, now)
            approved = _after(notice, Deed.APPROVE)
            approved = replace(approved, approved=Hand.of(actor, now), is_self_approved=is_own)
            approved = self._timed(approved, now)
            await self._checks.raise_cap(tx, approved)
            action = Action.NOTICE_APPROVE_OWN if is_own else Action.NOTICE_APPROVE
            return await self._kept(tx, actor, notice, approved, action)

    async def _may_approve(self, tx: Tx, actor: Actor, notice: Notice) -> bool:
        """Whether these are the actor's own words. Raises NotAllowed or Refused."""
        known = await self._checks.known(tx)
        is_own = notice.was_written_by(actor.person, actor.name)
        if is_own and has(actor, Action.NOTICE_APPROVE_OWN, notice.unit, known):
            if not notice.is_urgent:
                raise refused(Trouble.NOT_URGENT, "Trực ban chỉ tự duyệt được thông báo khẩn do mình soạn.")
            return True
        require(actor, Action.NOTICE_APPROVE, [notice.unit], known)
        if is_own:
            raise refused(Trouble.OWN_WORDS, "Người soạn không tự duyệt được thông báo của mình.")
        return False

    async def reject(self, actor: Actor, id: str, version: int, reason: str) -> Notice:
        """Handed back, with what to mend."""
        now = self._now()
        reason = _a_reason(reason)
        return await self._do(
            actor,
            id,
            version,
            Deed.REJECT,
            Action.NOTICE_APPROVE,
            lambda notice: replace(notice, rejected=Hand.of(actor, now, reason), submitted=None),
            reason=reason,
        )

    async def clear(self, actor: Actor, id: str, reason: str) -> Notice:
        """A supervisor has read what `findings` found, and lets these very words pass. Others would have to be read again."""
        now = self._now()
        reason = _a_reason(reason)

        async def check(tx: Tx, notice: Notice) -> None:
            if notice.was_written_by(actor.person, actor.name):
                raise refused(Trouble.OWN_WORDS, "Người soạn không tự cho qua được nội dung của mình.")

        return await self._do(
            actor,
            id,
            None,
            Deed.CLEAR,
            Action.NOTICE_CLEAR,
            lambda notice: replace(
                notice, cleared=Hand.of(actor, now, reason), cleared_words=notice.draft.words
            ),
            check,
            reason=reason,
        )

    async def urge(self, actor: Actor, id: str) -> Notice:
        """One of the two who let an urgent notice leave by night and beyond the caps."""
        now = self._now()

        async def check(tx: Tx, notice: Notice) -> None:
            if not notice.is_urgent:
                raise refused(Trouble.NOT_URGENT, "Thông báo này không đánh dấu là khẩn.")
            if any(hand.is_of(actor.person, actor.name) for hand in notice.urged):
                raise refused(Trouble.URGED_ALREADY, "Đồng chí đã xác nhận khẩn rồi; cần một người thứ hai.")

        def urged(notice: Notice) -> Notice:
            notice = replace(notice, urged=(*notice.urged, Hand.of(actor, now)))
            return self._timed(notice, now) if notice.due_at is not None else notice

        return await self._do(actor, id, None, Deed.URGE, Action.NOTICE_URGE, urged, check)

    # ── Ending ────────────────────────────────────────────────────────────────────────────────────────────────

    async def cancel(self, actor: Actor, id: str, reason: str = "") -> Notice:
        """Before anybody has it."""
        return await self._end(actor, id, Deed.CANCEL, Action.NOTICE_WRITE, reason)

    async def stop(self, actor: Actor, id: str, reason: str = "") -> Notice:
        """Nobody else gets it; who has it, has it."""

        async def stopped(tx: Tx, notice: Notice) -> None:
            if notice.campaign is not None:
                await tx.outbox.stop(notice.campaign)

        return await self._end(actor, id, Deed.STOP, Action.NOTICE_STOP, reason, stopped)

    async def recall(self, actor: Actor, id: str, reason: str) -> Notice:
        """It was wrong: whoever got it, or perhaps did, has it taken back or is told so. The reason is read by residents."""
        now = self._now()
        reason = _a_reason(reason)

        async def recalled(tx: Tx, notice: Notice) -> None:
            if notice.campaign is None:
                return
            await tx.outbox.stop(notice.campaign)
            await tx.outbox.create(
                Campaign(
                    RECALLS,
                    notice.id,
                    Purpose.NOTICE,
                    Recipients(of=notice.campaign),
                    not_before=now,
                    # What is wrong is wrong by night as well; a correction disturbs only those who were disturbed before.
                    is_urgent=notice.overrides,
                )
            )

        return await self._end(actor, id, Deed.RECALL, Action.NOTICE_RECALL, reason, recalled)

    async def archive(self, actor: Actor, id: str) -> Notice:
        """Out of the way. Who has seen it is forgotten; how many stays."""

        async def forgotten(tx: Tx, notice: Notice) -> None:
            await tx.sightings.forget(notice.id)

        return await self._do(
            actor, id, None, Deed.ARCHIVE, Action.NOTICE_WRITE, lambda notice: notice, forgotten
        )

    async def _end(
        self,
        actor: Actor,
        id: str,
        deed: Deed,
        action: Action,
        reason: str,
        carry_out: Also | None = None,
    ) -> Notice:
        now = self._now()
        reason = texts.clipped(cleaned(reason), LONGEST_REASON)

        def ended(notice: Notice) -> Notice:
            recalled_at = now if deed is Deed.RECALL else notice.recalled_at
            return replace(notice, ended=Hand.of(actor, now, reason), recalled_at=recalled_at)

        return await self._do(actor, id, None, deed, action, ended, carry_out, reason=reason)

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, actor: Actor, id: str) -> Notice:
        """By id or by code. Raises NoSuchNotice, for one out of reach as well."""
        async with self._db.reading() as tx:
            return await self._seen(tx, actor, id)

    async def of(self, actor: Actor, state: State | None = None) -> list[Notice]:
        """Those of the actor's unit, of a province's wards too; changed last first."""
        async with self._db.reading() as tx:
            require(actor, Action.NOTICE_SEE, [actor.unit], await self._checks.known(tx))
            if actor.role in PROVINCIAL:
                return await tx.notices.of_province(actor.unit, state)
            return await tx.notices.of_units([actor.unit], state)

    async def problems(self, actor: Actor, id: str) -> tuple[Problem, ...]:
        """What keeps it from being submitted."""
        async with self._db.reading() as tx:
            notice = await self._seen(tx, actor, id)
            return await self._checks.problems(tx, notice, self._now())

    async def findings(self, actor: Actor, id: str) -> tuple[Finding, ...]:
        """What in its words might sway a survey that is running where it goes; nothing where none is, or where they were cleared."""
        async with self._db.reading() as tx:
            notice = await self._seen(tx, actor, id)
            return await self._checks.findings(tx, notice, self._now())

    async def preview(self, actor: Actor, id: str, kind: str, language: str = texts.DEFAULT) -> Telling:
        """As a resident reads it on this kind of channel (`telegram`, `zalo` …)."""
        async with self._db.reading() as tx:
            notice = await self._seen(tx, actor, id)
            return told(notice, language, kind, office=await self._checks.office(tx, notice.unit))

    async def preview_of(
        self, actor: Actor, draft: Draft, kind: str, language: str = texts.DEFAULT
    ) -> Telling:
        """The same of a draft that is not written down yet: its code is still open."""
        async with self._db.reading() as tx:
            require(actor, Action.NOTICE_WRITE, [actor.unit], await self._checks.known(tx))
            notice = _unwritten(actor, draft, self._now())
            return told(notice, language, kind, office=await self._checks.office(tx, notice.unit))

    async def test_to_self(self, actor: Actor, id: str, kind: str, language: str = texts.DEFAULT) -> Telling:
        """What the caller may send to the actor's own address and to nobody else: marked as a trial, with nothing to tap."""
        now = self._now()
        async with self._db.transaction() as tx:
            notice = await self._seen(tx, actor, id)
            require(actor, Action.NOTICE_WRITE, [notice.unit], await self._checks.known(tx))
            telling = told(notice, language, kind, office=await self._checks.office(tx, notice.unit))
            await note(tx, actor, "notice.test", object_of(notice), unit=notice.unit, at=now)
        moved = len(TRIAL)
        entities = tuple(replace(each, offset=each.offset + moved) for each in telling.entities)
        return replace(
            telling,
            text=TRIAL + telling.text,
            entities=(Entity(Style.ITALIC, 0, len(TRIAL.strip())), *entities),
            offers=(),
        )

    async def picture(self, actor: Actor, digest: str) -> bytes | None:
        """A picture of a notice, for whoever may write some."""
        async with self._db.reading() as tx:
            require(actor, Action.NOTICE_SEE, [actor.unit], await self._checks.known(tx))
            return await tx.pictures.content(digest)

    async def progress(self, actor: Actor, id: str) -> Progress:
        async with self._db.reading() as tx:
            notice = await self._seen(tx, actor, id)
            counts = await tx.outbox.counts(notice.campaign) if notice.campaign is not None else {}
        return _progress(notice, {state: number for state, number in counts.items() if number}, self._now())

    # ── For residents ─────────────────────────────────────────────────────────────────────────────────────────

    async def by_code(self, code: str) -> tuple[Notice, str] | None:
        """A notice that has left, and the name of its unit within a sentence; None for anything else. It writes nothing."""
        readable = read_code(code)
        if readable is None:
            return None
        async with self._db.reading() as tx:
            notice = await tx.notices.by_code(readable)
            if notice is None or not notice.has_left:
                return None
            return notice, await self._checks.office(tx, notice.unit)

    async def told(
        self, units: Iterable[str], language: str, now: datetime, kind: str = "web", some: int = 5
    ) -> tuple[Telling, ...]:
        """What is new in these wards, the latest first, for whoever comes and asks. It writes nothing."""
        units = tuple(units)
        async with self._db.reading() as tx:
            known = await self._checks.known(tx)
            issuers = {*units, *(_province(known, unit) for unit in units)}
            found = await tx.notices.news(sorted(issuers), now - self.policies.news, now, 4 * some)
            meant = [notice for notice in found if is_for(notice, units, known)][:some]
            offices = {each.unit: await self._checks.office(tx, each.unit) for each in meant}
        return tuple(
            told(notice, language, kind, office=offices[notice.unit], occasion=Occasion.ASKED)
            for notice in meant
        )

    # ── The clock ─────────────────────────────────────────────────────────────────────────────────────────────

    async def step(self) -> None:
        """What is due leaves, what is finished says so, what has run out is over. It must be harmless to do twice."""
        now = self._now()
        async with self._db.reading() as tx:
            expired = await tx.notices.expired(now, SOME)
            due = await tx.notices.due(now, SOME)
            sending = await tx.notices.in_state(State.SENDING)
        for id in expired:
            await self._expire(id, now)
        for id in due:
            await self._begin(id, now)
        for id in sending:
            await self._finish(id, now)

    async def _begin(self, id: str, now: datetime) -> None:
        async with self._db.transaction() as tx:
            notice = await tx.notices.get(id)
            if notice is None or Deed.BEGIN not in possible(notice.state) or not _is_due(notice, now):
                return
            if notice.due_at is not None and now - notice.due_at > self.policies.late:
                # Old news at an odd hour is worse than none.
                await self._kept(tx, None, notice, _missed(notice), "notice.miss")
                return
            await tx.notices.alone_in(notice.unit)
            try:
                await self._checks.raise_influence(tx, notice, now)
                await self._checks.raise_cap(tx, notice, begins=True)
            except Refused as trouble:
                await self._kept(tx, None, notice, _missed(notice), "notice.hold", str(trouble))
                return
            campaign = await tx.outbox.create(await self._campaign(tx, notice, now))
            begun = replace(_after(notice, Deed.BEGIN), begun_at=now, campaign=campaign)
            await self._kept(tx, None, notice, begun, "notice.begin")

    async def _campaign(self, tx: Tx, notice: Notice, now: datetime) -> Campaign:
        known = await self._checks.known(tx)
        return Campaign(
            kind=KIND,
            subject=notice.id,
            purpose=Purpose.NOTICE,
            audience=Recipients(
                units=wards_of(notice, known),
                languages=notice.audience.languages,
                topics=tuple(topic.value for topic in notice.draft.topics),
            ),
            not_before=now,
            over=notice.over,
            expires_at=notice.expires_at,
            is_urgent=notice.overrides,
            # Urgent notices are repeated once where nobody knows, visibly marked; others never.
            repeats=1 if notice.overrides else 0,
        )

    async def _finish(self, id: str, now: datetime) -> None:
        async with self._db.transaction() as tx:
            notice = await tx.notices.get(id)
            if notice is None or notice.state is not State.SENDING or notice.campaign is None:
                return
            standing = await tx.outbox.get(notice.campaign)
            if standing.state is CampaignState.STOPPED or (
                standing.state is CampaignState.DONE and standing.why
            ):
                # Not by somebody at the notice, or it would not be sending any more: an operator has stopped it in the outbox.
                stopped = _after(notice, Deed.STOP)
                await self._kept(tx, None, notice, stopped, "notice.stop", standing.why)
            elif standing.state is CampaignState.DONE:
                await self._kept(tx, None, notice, _after(notice, Deed.FINISH), "notice.finish")

    async def _expire(self, id: str, now: datetime) -> None:
        async with self._db.transaction() as tx:
            notice = await tx.notices.get(id)
            if notice is None or not notice.is_past(now) or Deed.EXPIRE not in possible(notice.state):
                return
            await self._kept(tx, None, notice, _after(notice, Deed.EXPIRE), "notice.expire")

    # ── One deed ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _do(
        self,
        actor: Actor,
        id: str,
        version: int | None,
        deed: Deed,
        action: Action,
        change: Callable[[Notice], Notice],
        also: Also | None = None,
        *,
        reason: str = "",
    ) -> Notice:
        """Asks for the right, then for the state, then does it. `also`: what else must hold or happen, in the same transaction."""
        async with self._db.transaction() as tx:
            notice = await self._of_version(tx, actor, id, version)
            require(actor, action, [notice.unit], await self._checks.known(tx))
            changed = change(_after(notice, deed))
            if also is not None:
                await also(tx, notice)
            return await self._kept(tx, actor, notice, changed, f"notice.{deed.value}", reason)

    async def _of_version(self, tx: Tx, actor: Actor, id: str, version: int | None) -> Notice:
        notice = await self._seen(tx, actor, id)
        if version is not None and notice.version != version:
            raise Moved
        return notice

    async def _seen(self, tx: Tx, actor: Actor, id: str) -> Notice:
        """A notice the actor may look at: one out of reach is as if it were not there."""
        code = read_code(id)
        notice = await (tx.notices.get(id) if code is None else tx.notices.by_code(code))
        known = await self._checks.known(tx)
        if notice is None or not has(actor, Action.NOTICE_SEE, notice.unit, known):
            raise NoSuchNotice
        return notice

    async def _kept(
        self, tx: Tx, actor: Actor | None, was: Notice, notice: Notice, action: str, reason: str = ""
    ) -> Notice:
        """Raises Moved when somebody else was quicker."""
        now = self._now()
        notice = replace(notice, version=was.version + 1)
        if not await tx.notices.save(notice, now):
            raise Moved
        # Last: from here on nobody else writes into the trail.
        await note(tx, actor, action, object_of(notice), unit=notice.unit, reason=reason, at=now)
        return notice

    async def _new_code(self, tx: Tx) -> str:
        for attempt in range(TRIES):
            code = new_code(secrets.randbits(CODE_BITS), digits=3 + attempt // 4)
            if not await tx.notices.is_taken(code):
                return code
        raise RuntimeError("no notice code is free")

    def _timed(self, notice: Notice, now: datetime) -> Notice:
        """When it may leave: at its hour, in the morning where that lies in the night, at once where two persons say so."""
        wanted = max(notice.send_at or now, now)
        due = wanted if notice.overrides else next_awake(wanted)
        if due > now and Deed.SCHEDULE in possible(notice.state):
            notice = _after(notice, Deed.SCHEDULE)
        return replace(notice, due_at=due)


LONGEST_REASON = 300  # UTF-16 units; residents read the one of a recall
OPEN_CODE = "??-???"
TRIAL = "[Gửi thử – chưa phải thông báo]\n"


def _a_reason(reason: str) -> str:
    """Raises Refused for none."""
    reason = texts.clipped(cleaned(reason), LONGEST_REASON)
    if not reason:
        raise refused(Trouble.NO_REASON, "Xin ghi lý do.")
    return reason


def _province(known: Gazetteer, unit: str) -> str:
    try:
        return known.unit(unit).province or unit
    except KeyError:
        return unit


def _unwritten(actor: Actor, draft: Draft, now: datetime) -> Notice:
    return Notice(
        id="",
        code=OPEN_CODE,
        unit=actor.unit,
        draft=draft,
        state=State.DRAFT,
        version=1,
        writers=(Hand.of(actor, now),),
    )


def _is_due(notice: Notice, now: datetime) -> bool:
    return notice.due_at is not None and notice.due_at <= now


def _progress(notice: Notice, counts: dict[DeliveryState, int], now: datetime) -> Progress:
    total = sum(counts.values())
    done = sum(number for state, number in counts.items() if state in FINAL)
    since = (now - notice.begun_at).total_seconds() if notice.begun_at is not None else 0.0
    rate = done / since if since > 0 else 0.0
    done_at = now + timedelta(seconds=(total - done) / rate) if rate > 0 and total > done else None
    return Progress(counts, total, notice.seen, rate, done_at)


def object_of(notice: Notice) -> str:
    """As it stands in the audit trail."""
    return f"notice:{notice.code}"


def _after(notice: Notice, deed: Deed) -> Notice:
    """Raises Refused where the state does not let it."""
    try:
        return replace(notice, state=after(notice.state, deed))
    except NotNow:
        words = f"Thông báo đang ở trạng thái “{STATES[notice.state]}”, nên không làm được việc này."
        raise refused(Trouble.WRONG_NOW, words) from None


def _missed(notice: Notice) -> Notice:
    """It waits for somebody to look again: approved by nobody, due at no time."""
    return replace(_after(notice, Deed.MISS), approved=None, is_self_approved=False, due_at=None, urged=())
