"""What officers do with notices, and what the clock does: one deed, one transaction, one row in the audit trail. It knows no bot and no
page, sends nothing itself, and lets nobody approve their own words. How they look at notices is in `notice_looking`.

Every deed names the version it was looked at in. Of two people at the same moment the database lets one win; the other is told that it
has moved."""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime

from handlers.notice_board import NoticeBoard
from handlers.notice_checks import Moved, NoSuchNotice, Refused, has, refused, sentence
from handlers.notice_clock import KIND, RECALLS, NoticeClock
from handlers.notice_keeping import kept, moved_on, object_of, timed
from handlers.notice_looking import Looking
from handlers.noting import note
from storage.database import Database
from storage.transaction import Tx
from surveys import texts
from surveys.delivery import Audience, Campaign
from surveys.figures import whole
from surveys.notices import Deed, Draft, Hand, Notice, Policies, State, Trouble, new_code
from surveys.notices.text import cleaned
from surveys.outside import Quote, Way
from surveys.rights import Action, Actor, require
from surveys.told_notices import ToldNotice
from surveys.windows import Purpose

__all__ = ["Moved", "NoSuchNotice", "Notices", "Refused", "sentence"]

TRIES = 12  # codes tried before the database is asked to wait for luck
CODE_BITS = 64


Also = Callable[[Tx, Notice], Awaitable[None]]
"""What else must hold or happen, in the transaction of a deed."""


class Notices(Looking):
    def __init__(
        self,
        db: Database,
        now: Callable[[], datetime],
        policies: Policies | None = None,
        leaving: Callable[[], frozenset[bytes]] = frozenset,
    ) -> None:
        """`leaving`: who said stop since the contacts were last written."""
        super().__init__(db, now, policies, leaving)
        self._clock = NoticeClock(db, now, self._checks)
        self.board = NoticeBoard(now, self._checks)

    # ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, actor: Actor, draft: Draft, *, id: str | None = None) -> Notice:
        """A draft of the actor's own unit. It may lack anything yet; see `problems`. With an `id` that is taken, what there is stays as it
        is."""
        now = self._now()
        async with self._db.transaction() as tx:
            require(actor, Action.NOTICE_WRITE, [actor.unit], await self._checks.known(tx))
            if id is not None and (known := await tx.notices.get(id)) is not None:
                return known
            notice = Notice(
                id=id or secrets.token_hex(16),
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
        hand = Hand.of(actor, self._now())
        return await self._do(
            actor,
            id,
            version,
            Deed.CHANGE,
            Action.NOTICE_WRITE,
            lambda notice: _rewritten(notice, draft, hand),
        )

    async def keep(self, actor: Actor, id: str, version: int, draft: Draft) -> Notice:
        """`change`, of a draft, while its writer is still typing: the trail has no row for every pause they make, only for the first
        words of each writer, and for what becomes a draft again by it."""
        hand = Hand.of(actor, self._now())
        async with self._db.transaction() as tx:
            notice = await self._of_version(tx, actor, id, version)
            require(actor, Action.NOTICE_WRITE, [notice.unit], await self._checks.known(tx))
            if notice.state is not State.DRAFT or notice.written_by.person != actor.person:
                changed = _rewritten(moved_on(notice, Deed.CHANGE), draft, hand)
                return await kept(tx, actor, notice, changed, f"notice.{Deed.CHANGE.value}", hand.at)
            changed = replace(_rewritten(notice, draft, hand), version=notice.version + 1)
            if not await tx.notices.save(changed, hand.at):
                raise Moved
            return changed

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

    async def approve(self, actor: Actor, id: str, version: int, quote: Quote | None = None) -> Notice:
        """By somebody who wrote none of it – or, of an urgent one, by the duty post that wrote it, which shows wherever it is shown.
        `quote`: what they were shown that people outside Zalo's window would cost, and agree to pay; without it nothing is bought."""
        now = self._now()
        async with self._db.transaction() as tx:
            notice = await self._of_version(tx, actor, id, version)
            is_own = await self._may_approve(tx, actor, notice)
            await tx.notices.alone_in(notice.unit)
            await self._checks.raise_problems(tx, notice, now)
            await self._checks.raise_influence(tx, notice, now)
            approved = moved_on(notice, Deed.APPROVE)
            approved = replace(approved, approved=Hand.of(actor, now), is_self_approved=is_own)
            approved = timed(approved, now)
            await self._checks.raise_cap(tx, approved)
            action = Action.NOTICE_APPROVE_OWN if is_own else Action.NOTICE_APPROVE
            reason = await self._agreed(tx, actor, notice, quote, now)
            return await kept(tx, actor, notice, approved, action, now, reason)

    async def _agreed(self, tx: Tx, actor: Actor, notice: Notice, quote: Quote | None, now: datetime) -> str:
        """Writes down what may be spent on it, in place of what an earlier approval said. In words, for the trail."""
        await tx.outside.withdraw(KIND, notice.id)
        if quote is None:
            return ""
        terms = self.policies.outside
        if terms.way is not Way.TEMPLATE or terms.price is None:
            raise refused(
                Trouble.COST,
                "Chưa gửi được tin mẫu có phí: hệ thống chưa đặt giá hoặc chưa bật. Duyệt không kèm tin mẫu.",
            )
        if quote.price != terms.price or not 0 < quote.count <= MOST_TEMPLATES:
            raise refused(Trouble.COST, "Giá tin mẫu vừa thay đổi. Xem lại số tiền rồi duyệt lại.")
        by = f"{actor.name}, {actor.title}"
        await tx.outside.agree(KIND, notice.id, quote, by, now)
        return f"Đồng ý chi nhiều nhất {whole(quote.count)} tin mẫu × {whole(quote.price)} đ = {whole(quote.total)} đ."

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

    async def clear(self, actor: Actor, id: str, reason: str, version: int | None = None) -> Notice:
        """A supervisor has read what `findings` found, and lets these very words pass. Others would have to be read again.
        `version`: the one that was read; whoever shows a notice names it, for words may be others by the time a reason is typed."""
        now = self._now()
        reason = _a_reason(reason)

        async def check(tx: Tx, notice: Notice) -> None:
            if notice.was_written_by(actor.person, actor.name):
                raise refused(Trouble.OWN_WORDS, "Người soạn không tự cho qua được nội dung của mình.")

        return await self._do(
            actor,
            id,
            version,
            Deed.CLEAR,
            Action.NOTICE_CLEAR,
            lambda notice: replace(
                notice, cleared=Hand.of(actor, now, reason), cleared_words=notice.draft.words
            ),
            check,
            reason=reason,
        )

    async def urge(self, actor: Actor, id: str, version: int | None = None) -> Notice:
        """One of the two who let an urgent notice leave by night and beyond the caps. `version`: the one they looked at."""
        now = self._now()

        async def check(tx: Tx, notice: Notice) -> None:
            if not notice.is_urgent:
                raise refused(Trouble.NOT_URGENT, "Thông báo này không đánh dấu là khẩn.")
            if any(hand.is_of(actor.person, actor.name) for hand in notice.urged):
                raise refused(Trouble.URGED_ALREADY, "Đồng chí đã xác nhận khẩn rồi; cần một người thứ hai.")

        def urged(notice: Notice) -> Notice:
            notice = replace(notice, urged=(*notice.urged, Hand.of(actor, now)))
            return timed(notice, now) if notice.due_at is not None else notice

        return await self._do(actor, id, version, Deed.URGE, Action.NOTICE_URGE, urged, check)

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
        """It was wrong: whoever got it, or perhaps did, has it taken back or is told so. The reason is read by residents, and one person
        alone has written it: it is one line, leads nowhere and sways nobody."""
        now = self._now()
        reason = " ".join(_a_reason(reason).split())

        async def recalled(tx: Tx, notice: Notice) -> None:
            await self._checks.raise_said_alone(tx, notice, reason, now)
            if notice.campaign is None:
                return
            await tx.outbox.stop(notice.campaign)
            await tx.outbox.create(
                Campaign(
                    RECALLS,
                    notice.id,
                    Purpose.NOTICE,
                    Audience(of=notice.campaign),
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

    # ── For residents, and for the clock ──────────────────────────────────────────────────────────────────────

    async def by_code(self, code: str) -> tuple[Notice, str] | None:
        """For residents: a notice that has left, and its unit's name within a sentence."""
        async with self._db.reading() as tx:
            return await self.board.by_code(tx, code)

    async def told(self, units: Iterable[str], language: str, now: datetime) -> tuple[ToldNotice, ...]:
        """For residents: what is new in these wards, the latest first."""
        async with self._db.reading() as tx:
            return await self.board.told(tx, units, language, now)

    async def verified(self, code: str, language: str) -> str:
        """For residents: whether the notice of this code is real, and what to do if it is not."""
        async with self._db.reading() as tx:
            return await self.board.verified(tx, code, language)

    async def step(self) -> None:
        """What is due leaves, what is finished says so, what has run out is over. Harmless to do twice, and anywhere at once."""
        await self._clock.step()

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
            changed = change(moved_on(notice, deed))
            if also is not None:
                await also(tx, notice)
            return await kept(tx, actor, notice, changed, f"notice.{deed.value}", self._now(), reason)

    async def _of_version(self, tx: Tx, actor: Actor, id: str, version: int | None) -> Notice:
        notice = await self._seen(tx, actor, id)
        if version is not None and notice.version != version:
            raise Moved
        return notice

    async def _new_code(self, tx: Tx) -> str:
        for attempt in range(TRIES):
            code = new_code(secrets.randbits(CODE_BITS), digits=3 + attempt // 4)
            if not await tx.notices.is_taken(code):
                return code
        raise RuntimeError("no notice code is free")


MOST_TEMPLATES = 10_000_000  # nobody was shown more
LONGEST_REASON = 300  # UTF-16 units; residents read the one of a recall


def _a_reason(reason: str) -> str:
    """Raises Refused for none."""
    reason = texts.clipped(cleaned(reason), LONGEST_REASON)
    if not reason:
        raise refused(Trouble.NO_REASON, "Xin ghi lý do.")
    return reason


def _rewritten(notice: Notice, draft: Draft, hand: Hand) -> Notice:
    """In other words, by this hand last. Who urged other words has urged nothing."""
    others = tuple(each for each in notice.writers if each.person != hand.person)
    urged = notice.urged if draft == notice.draft else ()
    return replace(notice, draft=draft, writers=(*others, hand), submitted=None, rejected=None, urged=urged)
