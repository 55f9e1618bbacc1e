"""A notice that is written by itself: a template filled in on its day, and handed to whoever approves notices there. What leaves a ward
under its name is still somebody's decision: this sends nothing and approves nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from handlers.happenings.telling import said_once
from handlers.notice_templates import NoticeTemplates
from handlers.notices import NoSuchNotice, Notices, Refused, sentence
from handlers.occasions import NotNow, Occasion
from storage.database import Database
from storage.desk import Held
from surveys.notices import Notice, State
from surveys.persons import is_same_person
from surveys.rights import Action, Actor, NotAllowed, Reach, Role, may
from surveys.schedules.opening import filled

__all__ = ["DRAFT", "NoticeDrafted", "values_of"]

DRAFT = "schedule.draft"
ID_DIGITS = 32
BY_THE_CLOCK = "soạn theo lịch"


class NoticeDrafted:
    """Fills the `template` in with `values`, in which `{year}`, `{month}`, `{day}` are those of the day, and submits it."""

    def __init__(
        self, db: Database, notices: Notices, templates: NoticeTemplates, now: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._notices = notices
        self._templates = templates
        self._now = now

    async def __call__(self, occasion: Occasion) -> str:
        writer = await self._writer(occasion)
        try:
            draft = await self._templates.fill(
                writer, str(occasion.subject.get("template")), values_of(occasion.subject, occasion.due)
            )
            notice = await self._notices.write(writer, draft, id=_id(occasion))
            told = await self._submitted(writer, notice)
        except NoSuchNotice:
            raise NotNow("Không còn mẫu thông báo này.") from None
        except NotAllowed:
            raise NotNow("Đơn vị này không còn soạn được thông báo.") from None
        except Refused as trouble:
            raise NotNow(f"Không điền được mẫu: {sentence(trouble)}") from None
        async with self._db.transaction() as tx:
            await said_once(tx, occasion, DRAFT, told, self._now())
        return told

    async def _submitted(self, writer: Actor, notice: Notice) -> str:
        if notice.state is not State.DRAFT:
            return f"Đã soạn thông báo {notice.code} và trình duyệt."
        try:
            await self._notices.submit(writer, notice.id, notice.version)
        except Refused as trouble:
            return f"Đã soạn thông báo {notice.code}, chưa trình được: {sentence(trouble)}"
        return f"Đã soạn thông báo {notice.code} và trình duyệt."

    async def _writer(self, occasion: Occasion) -> Actor:
        """Whoever wrote the schedule, at their post there; else by their name alone. Either way they cannot approve their own words."""
        if not occasion.unit:
            raise NotNow("Lịch soạn thông báo chưa nói của đơn vị nào.")
        async with self._db.reading() as tx:
            posts = [held for held in await tx.posts.all() if _may_write(held, occasion.unit)]
        for held in posts:
            if is_same_person(held.name, occasion.owner):
                return Actor(held.person, held.name, held.post, Role(held.role), held.unit, held.title)
        return Actor("", occasion.owner, "", Role.OFFICER, occasion.unit, BY_THE_CLOCK)


def _may_write(held: Held, unit: str) -> bool:
    return held.until is None and held.unit == unit and may(Role(held.role), Action.NOTICE_WRITE, Reach.OWN)


def values_of(about: Mapping[str, Any], due: datetime) -> Mapping[str, str]:
    """What goes into the gaps on that day. Raises NotNow."""
    given = about.get("values") or {}
    try:
        return {str(name): filled(str(value), due) for name, value in dict(given).items()}
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as problem:
        raise NotNow(f"“values” chỉ dùng được {{year}}, {{month}}, {{day}}: {problem}") from problem


def _id(occasion: Occasion) -> str:
    """The same notice, however often this is begun."""
    return sha256(f"notice of {occasion.key}".encode()).hexdigest()[:ID_DIGITS]
