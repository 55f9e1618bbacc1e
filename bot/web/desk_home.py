"""`/desk`: what waits for whoever sits down, and the way to it. It counts nothing that nobody has to do anything about. It knows no
rights of its own: what somebody may not see, no use case hands out."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.desk_door import HOME, Door
from bot.web.notice_views import has_right, offered, slices
from bot.web.pages import Pages
from handlers.notices import Notices
from handlers.planning import Planning
from storage.schedule_rows import ClockHold
from surveys.notices import Deed, Notice, State
from surveys.notices.words import CATEGORIES, STATES
from surveys.rights import Action, Actor
from surveys.schedules import told_due

__all__ = ["DeskHome", "Errand"]

ROOM = "notices"
MOST = 6  # of one kind; the rest stands in the list
Unread = Callable[[Actor], Awaitable[int]]
"""How many comments nobody has read yet, within an actor's reach."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Notices that wait for this actor to do one thing."""

    key: str
    """Of the text that names it."""
    notices: tuple[Notice, ...]

    @property
    def shown(self) -> tuple[Notice, ...]:
        return self.notices[:MOST]


class DeskHome:
    def __init__(
        self,
        notices: Notices,
        pages: Pages,
        door: Door,
        now: Callable[[], datetime],
        *,
        naming: Callable[[], Awaitable[object]],
        unread: Unread | None = None,
        planning: Planning | None = None,
    ) -> None:
        self._notices = notices
        self._pages = pages
        self._now = now
        self._naming = naming
        self._unread = unread
        self._planning = planning
        self.routes = (Route(HOME, door.guarded(None, self.home)),)

    async def home(self, request: Request, actor: Actor) -> Response:
        sees = has_right(actor, Action.NOTICE_SEE)
        errands = await self._errands(actor) if sees else ()
        sending = await self._notices.of(actor, State.SENDING) if sees else []
        coming = await self._notices.of(actor, State.SCHEDULED) if sees else []
        progress = {each.code: await self._notices.progress(actor, each.code) for each in sending[:MOST]}
        reads = has_right(actor, Action.COMMENTS_READ) and self._unread is not None
        page = self._pages.for_desk(
            "desk_home.html",
            actor,
            ROOM,
            "schedules",
            errands=errands,
            sending=sending[:MOST],
            coming=coming[:MOST],
            progress=progress,
            slices={code: slices(each) for code, each in progress.items()},
            unread=await self._unread(actor) if reads and self._unread else 0,
            missed=await self._planning.missed(actor) if self._planning else (),
            holds=await self._holds(actor),
            may_release=has_right(actor, Action.SCHEDULE_RELEASE),
            told_due=told_due,
            sees_notices=sees,
            may_write=has_right(actor, Action.NOTICE_WRITE),
            unit_names=await self._naming(),
            categories=CATEGORIES,
            states=STATES,
            at=self._now(),
        )
        return HTMLResponse(page)

    async def _holds(self, actor: Actor) -> list[ClockHold]:
        """For whoever may let things go on."""
        if self._planning is None or not has_right(actor, Action.SCHEDULE_RELEASE):
            return []
        return await self._planning.holds(actor)

    async def _errands(self, actor: Actor) -> tuple[Errand, ...]:
        """By how long somebody else waits for it, not by how new it is."""
        waiting = [
            *await self._notices.of(actor, State.SUBMITTED),
            *await self._notices.of(actor, State.APPROVED),
            *await self._notices.of(actor, State.SCHEDULED),
        ]
        to_clear: list[Notice] = []
        if has_right(actor, Action.NOTICE_CLEAR):
            to_clear = [each for each in waiting if await self._notices.findings(actor, each.code)]
        to_approve = [each for each in waiting if Deed.APPROVE in offered(actor, each)]
        # On the page of what one may approve as well, both stand side by side.
        to_urge = [each for each in waiting if Deed.URGE in offered(actor, each) and each not in to_approve]
        mine = [
            each
            for state in (State.REJECTED, State.DRAFT)
            for each in await self._notices.of(actor, state)
            if each.unit == actor.unit and has_right(actor, Action.NOTICE_WRITE)
        ]
        found = (
            Errand("notices.home_urge", tuple(to_urge)),
            Errand("notices.home_approve", _first_come(to_approve)),
            Errand("notices.home_clear", tuple(to_clear)),
            Errand("notices.home_rejected", tuple(each for each in mine if each.state is State.REJECTED)),
            Errand("notices.home_drafts", tuple(each for each in mine if each.state is State.DRAFT)),
        )
        return tuple(each for each in found if each.notices)


def _first_come(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple(
        sorted(
            notices,
            key=lambda each: (
                not each.is_urgent,
                each.submitted.at if each.submitted else each.written_by.at,
            ),
        )
    )
