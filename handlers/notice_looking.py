"""Notices as an officer may look at them: which there are, what keeps one from going on, how it will read, whom it would reach, how far it
has got. It changes none: of a trial it notes in the trail who had it. One out of reach is as if it were not there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from handlers.notice_checks import Checks, NoSuchNotice, has, wards_of
from handlers.notice_clock import KIND
from handlers.notice_keeping import object_of
from handlers.notice_progress import Progress, progress_of
from handlers.noting import note
from handlers.outside import outlook
from storage.database import Database
from storage.notices import Listener
from storage.transaction import Tx
from surveys import texts
from surveys.conversation import Entity, Style
from surveys.delivery import CAP, Audience
from surveys.notices import (
    Draft,
    Finding,
    Hand,
    Notice,
    Policies,
    Problem,
    Reckoning,
    State,
    Subscriber,
    Telling,
    read_code,
    reckoned,
    told,
)
from surveys.outside import Outlook, Way
from surveys.rights import PROVINCIAL, Action, Actor, require

__all__ = ["Looking"]

OPEN_CODE = "??-???"
TRIAL = "[Gửi thử – chưa phải thông báo]\n"


class Looking:
    def __init__(
        self,
        db: Database,
        now: Callable[[], datetime],
        policies: Policies | None = None,
        leaving: Callable[[], frozenset[bytes]] = frozenset,
    ) -> None:
        """`leaving`: who said stop since the contacts were last written."""
        self._db = db
        self._now = now
        self._leaving = leaving
        self._checks = Checks(policies or Policies())

    @property
    def policies(self) -> Policies:
        return self._checks.policies

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
            return await progress_of(tx, notice, self._now(), self.policies.zalo_price)

    async def outlook(self, actor: Actor, notice: Notice) -> Outlook | None:
        """What those outside Zalo's window would cost, for whoever is about to approve it; None where nothing can be bought anyway."""
        if self.policies.outside.way is not Way.TEMPLATE or notice.state is not State.SUBMITTED:
            return None
        return (await self.reckon(actor, notice.id)).outlook

    async def reckon(self, actor: Actor, id: str) -> Reckoning:
        """How many it would reach now, and why it would not reach the others."""
        now = self._now()
        async with self._db.reading() as tx:
            notice = await self._seen(tx, actor, id)
            known = await self._checks.known(tx)
            wards, topics = wards_of(notice, known), [topic.value for topic in notice.draft.topics]
            since = now - CAP.within
            found = [Listener(*row) async for row in tx.subscriptions.listeners(wards, topics, since)]
        gone = self._leaving()
        reckoning = reckoned(
            (
                Subscriber(
                    each.account,
                    each.language,
                    each.last,
                    each.wants > 0,
                    each.fingerprint in gone,
                    each.recent,
                )
                for each in found
            ),
            now,
            languages=notice.audience.languages,
            contact_cap=None if notice.overrides else CAP.most,
            price=self.policies.zalo_price,
        )
        audience = Audience(wards, notice.audience.languages, tuple(topics))
        async with self._db.reading() as tx:
            terms, outside = self.policies.outside, reckoning.outside
            found_out = await outlook(tx, terms, KIND, audience, outside, known, now)
        return reckoning.with_outlook(found_out)

    async def _seen(self, tx: Tx, actor: Actor, id: str) -> Notice:
        """A notice the actor may look at: one out of reach is as if it were not there."""
        code = read_code(id)
        notice = await (tx.notices.get(id) if code is None else tx.notices.by_code(code))
        known = await self._checks.known(tx)
        if notice is None or not has(actor, Action.NOTICE_SEE, notice.unit, known):
            raise NoSuchNotice
        return notice


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
