"""`/desk/notices`: what a unit has written, is writing and has sent; and one notice, with everything that is known of it and everything
that can be done to it now. It draws and takes taps; whether something may be done `handlers.notices` decides."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Door
from bot.web.desk_holding import holding, is_a_part, pairs_of
from bot.web.guard import TooLarge
from bot.web.notice_views import (
    KINDS,
    OPEN_STATES,
    OUTCOMES,
    Phone,
    has_right,
    is_watched,
    marked_findings,
    offered,
    phone,
    pieces,
    slices,
)
from bot.web.notice_writing import ROOM, NoticeWriting, Places, notice_of
from bot.web.pages import Pages
from bot.web.words import LANGUAGES
from handlers.notice_files import NoticePictures
from handlers.notice_progress import Progress
from handlers.notices import Moved, Notices, Refused, sentence
from handlers.noting import AuditTrail
from surveys.audited import AuditRow
from surveys.notices import Category, Deed, Notice, Problem, State, Telling, Trouble, Unwritable, reckoned
from surveys.notices.influence import Finding
from surveys.notices.words import CATEGORIES, CHANNELS, SELF_APPROVED, STATES, WHY_NOT
from surveys.notices.words import KINDS as WHY_FOUND
from surveys.outside import Quote
from surveys.outside_words import agreement_words, article_words, outlook_words
from surveys.rights import PROVINCIAL, Action, Actor
from surveys.texts import DEFAULT

__all__ = ["DEEDS", "NoticePages", "TryOut"]

LARGEST_FORM = 8 << 10
A_PAGE = 40  # notices of a list
HISTORY = 200  # rows; a notice that was changed more often shows its latest

TryOut = Callable[[Actor, Telling], Awaitable[bool]]
"""Sends somebody a trial at their own account of the officers' bot. False: they have none, or it did not arrive."""

DEEDS: Mapping[Deed, Action] = {
    Deed.SUBMIT: Action.NOTICE_WRITE,
    # Whoever is declared for emergencies approves without that right, so the use case alone can say.
    Deed.APPROVE: Action.NOTICE_SEE,
    Deed.REJECT: Action.NOTICE_APPROVE,
    Deed.CLEAR: Action.NOTICE_CLEAR,
    Deed.URGE: Action.NOTICE_URGE,
    Deed.CANCEL: Action.NOTICE_WRITE,
    Deed.STOP: Action.NOTICE_STOP,
    Deed.RECALL: Action.NOTICE_RECALL,
    Deed.ARCHIVE: Action.NOTICE_WRITE,
}
"""What officers do to a notice on its page, and for whom the address is."""
DONE = frozenset({*(deed.value for deed in DEEDS), "test"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which of the notices a list shows."""

    state: State | None
    category: Category | None
    unit: str
    page: int

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "_Asked":
        state, category = query.get("state", ""), query.get("category", "")
        page = query.get("page", "")
        return cls(
            State(state) if state in set(State) else None,
            Category(category) if category in set(Category) else None,
            query.get("unit", ""),
            int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 5 else 0,
        )

    def to(self, **changes: object) -> str:
        asked = {"state": self.state, "category": self.category, "unit": self.unit, "page": 0} | changes
        given = {key: str(value) for key, value in asked.items() if value}
        return "/desk/notices" + (f"?{urlencode(given)}" if given else "")


class NoticePages:
    def __init__(
        self,
        notices: Notices,
        pictures: NoticePictures,
        trail: AuditTrail,
        pages: Pages,
        door: Door,
        places: Places,
        now: Callable[[], datetime],
        *,
        try_out: TryOut | None = None,
    ) -> None:
        """`try_out`: where there is an officers' bot."""
        self._notices = notices
        self._trail = trail
        self._pages = pages
        self._places = places
        self._now = now
        self._try_out = try_out
        kept = holding(door, pages, LARGEST_FORM)
        sees = partial(door.guarded, Action.NOTICE_SEE)
        self.routes = (
            Route("/desk/notices", sees(self.all)),
            *NoticeWriting(notices, pictures, pages, door, places, now).routes,
            Route("/desk/notices/{code}", sees(self.one)),
            Route("/desk/notices/{code}/progress", sees(self.progress)),
            Route("/desk/notices/{code}/reach", sees(self.reach)),
            Route("/desk/notices/{code}/picture.jpg", sees(self.picture)),
            Route(
                "/desk/notices/{code}/test",
                kept(door.guarded(Action.NOTICE_WRITE, self.test)),
                methods=["POST"],
            ),
            *(
                Route(
                    f"/desk/notices/{{code}}/{deed.value}",
                    kept(door.guarded(action, partial(self.done, deed))),
                    methods=["POST"],
                )
                for deed, action in DEEDS.items()
            ),
        )

    # ── All of them ───────────────────────────────────────────────────────────────────────────────────────────

    async def all(self, request: Request, actor: Actor) -> Response:
        asked = _Asked.of(request.query_params)
        every = await self._notices.of(actor)
        counts = {state: sum(each.state is state for each in every) for state in State}
        found = [
            each
            for each in every
            if (each.state is asked.state if asked.state else each.state is not State.ARCHIVED)
            and asked.category in (None, each.category)
            and asked.unit in ("", each.unit)
        ]
        if asked.state is None:
            # What somebody waits for comes first; within it, as it was changed last.
            found.sort(
                key=lambda each: (
                    OPEN_STATES.index(each.state) if each.state in OPEN_STATES else len(OPEN_STATES)
                )
            )
        first = asked.page * A_PAGE
        return self._page(
            "notices.html",
            actor,
            asked=asked,
            heaps=_heaps(found[first : first + A_PAGE], is_mixed=asked.state is None),
            total=len(found),
            is_empty=not every,
            counts=counts,
            has_more=len(found) > first + A_PAGE,
            unit_names=await self._names(every),
            is_provincial=actor.role in PROVINCIAL,
            may_write=has_right(actor, Action.NOTICE_WRITE),
        )

    # ── One of them ───────────────────────────────────────────────────────────────────────────────────────────

    async def one(self, request: Request, actor: Actor) -> Response:
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        done = request.query_params.get("done", "")
        return await self._shown(actor, notice, done=done if done in DONE else "")

    async def done(self, deed: Deed, request: Request, actor: Actor) -> Response:
        """A deed. What stands in its way is said on the page of the notice, where the reason still stands as it was typed."""
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        form = await self._form(request)
        try:
            await self._do(deed, actor, notice, form)
        except Refused as refused:
            return await self._shown(
                actor, notice, deed=deed, form=form, problems=refused.problems, status=422
            )
        except Moved as moved:
            now = await notice_of(self._notices, actor, notice.code)
            said = (Problem(Trouble.WRONG_NOW, sentence(moved)),)
            return await self._shown(actor, now, deed=deed, form=form, problems=said, status=409)
        except Unwritable:
            said = (Problem(Trouble.NO_REASON, "Lý do có ký tự không đọc được; xin gõ lại."),)
            return await self._shown(actor, notice, deed=deed, form=form, problems=said, status=422)
        return RedirectResponse(f"/desk/notices/{notice.code}?done={deed.value}", 303)

    async def _do(self, deed: Deed, actor: Actor, notice: Notice, form: Mapping[str, str]) -> None:
        code, version, reason = notice.code, _version(form), form.get("reason", "")
        match deed:
            case Deed.SUBMIT:
                await self._notices.submit(actor, code, version)
            case Deed.APPROVE:
                await self._notices.approve(actor, code, version, _agreed(form))
            case Deed.REJECT:
                await self._notices.reject(actor, code, version, reason)
            case Deed.CLEAR:
                # The words that were looked at, not those that stand there by now.
                await self._notices.clear(actor, code, reason, version)
            case Deed.URGE:
                await self._notices.urge(actor, code, version)
            case Deed.CANCEL:
                await self._notices.cancel(actor, code, reason)
            case Deed.STOP:
                await self._notices.stop(actor, code, reason)
            case Deed.RECALL:
                await self._notices.recall(actor, code, reason)
            case Deed.ARCHIVE:
                await self._notices.archive(actor, code)

    async def test(self, request: Request, actor: Actor) -> Response:
        """To the officer's own account, where the officers' bot knows one."""
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        form = await self._form(request)
        language = form.get("language", "")
        language = language if language in notice.texts else DEFAULT
        is_sent = False
        if self._try_out is not None:
            telling = await self._notices.test_to_self(actor, notice.code, "telegram", language)
            is_sent = await self._try_out(actor, telling)
        if not is_sent:
            said = (Problem(Trouble.WRONG_NOW, NO_BOT),)
            return await self._shown(actor, notice, problems=said, status=422)
        return RedirectResponse(f"/desk/notices/{notice.code}?done=test", 303)

    async def _shown(
        self,
        actor: Actor,
        notice: Notice,
        *,
        done: str = "",
        deed: Deed | None = None,
        form: Mapping[str, str] | None = None,
        problems: tuple[Problem, ...] = (),
        status: int = 200,
    ) -> Response:
        """`deed`, `form`: what was tried and what was typed for it."""
        known = await self._places()
        findings = await self._notices.findings(actor, notice.code) if _is_undecided(notice) else ()
        return self._page(
            "notice.html",
            actor,
            status,
            **await self._state(actor, notice, findings),
            unit_names=await self._names([notice]),
            audience=[
                known.unit(code).name for code in notice.audience.units if code in _codes(known, notice)
            ],
            phones=await self._phones(actor, notice),
            found_words={
                language: marked_findings(text.text, [each for each in findings if each.language == language])
                for language, text in notice.texts.items()
                if any(each.language == language for each in findings)
            },
            history=[_told(row) for row in await self._trail.of(f"notice:{notice.code}", HISTORY)],
            done=done,
            tried=deed,
            typed=form or {},
            problems=problems,
            has_bot=self._try_out is not None,
        )

    async def _phones(self, actor: Actor, notice: Notice) -> dict[str, list[Phone]]:
        """Language → the notice as it stands on every kind of telephone."""
        policies = self._notices.policies
        return {
            language: [
                phone(kind, await self._notices.preview(actor, notice.code, kind, language), policies)
                for kind in KINDS
            ]
            for language, text in notice.texts.items()
            if text.text
        }

    async def _state(self, actor: Actor, notice: Notice, findings: tuple[Finding, ...]) -> dict[str, Any]:
        """What changes on the page of a notice while one looks at it."""
        progress = await self._notices.progress(actor, notice.code)
        deeds = offered(actor, notice, has_findings=bool(findings))
        return {
            "notice": notice,
            "findings": findings,
            "deeds": deeds,
            "outlook": await self._notices.outlook(actor, notice) if Deed.APPROVE in deeds else None,
            "is_own": notice.was_written_by(actor.person, actor.name),
            "progress": progress,
            "slices": slices(progress),
            "outcomes": [
                (state, colour, progress.counts[state])
                for state, colour in OUTCOMES
                if progress.counts.get(state)
            ],
            "is_watched": is_watched(notice, self._now()),
            "percent": _percent(progress),
        }

    async def progress(self, request: Request, actor: Actor) -> Response:
        """The part of the page that changes by itself. `was`: the state the page was drawn in; when it is another one by now, what
        can be done comes along."""
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        findings = await self._notices.findings(actor, notice.code) if _is_undecided(notice) else ()
        return self._page(
            "_notice_progress_part.html",
            actor,
            **await self._state(actor, notice, findings),
            has_moved=request.query_params.get("was", "") != notice.state.value,
            tried=None,
            typed={},
            problems=(),
            has_bot=self._try_out is not None,
        )

    async def reach(self, request: Request, actor: Actor) -> Response:
        """How many it would reach now, and why not the others."""
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        to_nobody = not notice.audience.units
        reckoning = reckoned((), self._now()) if to_nobody else await self._notices.reckon(actor, notice.code)
        template = "_notice_reach.html" if is_a_part(request) else "notice_reach.html"
        return self._page(template, actor, notice=notice, reckoning=reckoning)

    async def picture(self, request: Request, actor: Actor) -> Response:
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        content = await self._notices.picture(actor, notice.image) if notice.image else None
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="image/jpeg")

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _names(self, notices: list[Notice]) -> Mapping[str, str]:
        known = await self._places()
        return {each.unit: known.unit(each.unit).name for each in notices}

    async def _form(self, request: Request) -> dict[str, str]:
        try:
            return dict(await pairs_of(request, LARGEST_FORM))
        except TooLarge:
            raise HTTPException(413) from None

    def _page(self, template: str, actor: Actor, status: int = 200, **values: Any) -> Response:
        page = self._pages.for_desk(
            template,
            actor,
            ROOM,
            **values,
            states=STATES,
            categories=CATEGORIES,
            channels=CHANNELS,
            why_not=WHY_NOT,
            why_found=WHY_FOUND,
            self_approved=SELF_APPROVED,
            languages=LANGUAGES,
            Deed=Deed,
            State=State,
            policies=self._notices.policies,
            at=self._now(),
            pieces=pieces,
            outlook_words=outlook_words,
            agreement_words=agreement_words,
            article_words=article_words,
        )
        return HTMLResponse(page, status)


NO_BOT = "Chưa gửi thử được: ông/bà chưa nối tài khoản với bot cán bộ. Xin xem trước ở dưới, đúng như người dân sẽ thấy."


@dataclass(frozen=True, slots=True)
class Told:
    """A row of a notice's history."""

    action: str
    who: str
    title: str
    at: datetime
    reason: str


def _told(row: AuditRow) -> Told:
    return Told(row.action.partition(".")[2], row.name, row.title, row.at, row.reason)


def _heaps(found: list[Notice], *, is_mixed: bool) -> list[tuple[State | None, list[Notice]]]:
    """Under headings, where several states stand one after the other; what is over stands under one."""
    if not is_mixed:
        return [(None, found)] if found else []
    return [
        (state, list(heap))
        for state, heap in groupby(found, key=lambda each: each.state if each.state in OPEN_STATES else None)
    ]


def _is_undecided(notice: Notice) -> bool:
    return notice.state in OPEN_STATES and not notice.has_left


def _codes(known: Any, notice: Notice) -> frozenset[str]:
    """Those of its units that there are."""
    found = set()
    for code in notice.audience.units:
        try:
            found.add(known.unit(code).code)
        except KeyError:
            continue
    return frozenset(found)


def _percent(progress: Progress) -> int:
    """Rounded down: 100 is said when it is done."""
    return int(100 * progress.share)


def _version(form: Mapping[str, str]) -> int:
    return _number(form.get("version", ""))


def _agreed(form: Mapping[str, str]) -> Quote | None:
    """“241x120”, as it was shown; None where nobody ticked it."""
    shown = form.get("agreed", "")
    if not shown:
        return None
    count, _, price = shown.partition("x")
    return Quote(_number(count), _number(price))


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
