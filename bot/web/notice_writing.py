"""`/desk/notices/new` and `…/edit`: where a notice is written. While somebody types, htmx sends the form after every pause: a draft is
kept under its version, and back come what is wrong with it and how every channel will show it. Without a script the same is had by
buttons. Bad input loses nothing. It knows requests and forms; what a notice is, is `surveys.notices`'."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Door
from bot.web.desk_holding import holding, pairs_of
from bot.web.guard import TooLarge
from bot.web.notice_forms import OVER, Filled, Read, field_of
from bot.web.notice_views import KINDS, Phone, phone
from bot.web.pages import Pages
from bot.web.uploads import Unreadable, upload_of
from bot.web.words import LANGUAGES
from handlers.notice_files import MOST_BYTES, NoticePictures
from handlers.notices import Moved, NoSuchNotice, Notices, Refused, sentence
from surveys.notices import (
    Audience,
    Category,
    Deed,
    Draft,
    Notice,
    Problem,
    State,
    possible,
    problems,
    read_code,
    told,
)
from surveys.notices.words import CATEGORIES, CHANNELS, STATES
from surveys.rights import PROVINCIAL, Action, Actor
from surveys.units import Gazetteer, Unit

__all__ = ["LARGEST_FORM", "ROOM", "NoticeWriting", "Places", "notice_of"]

ROOM = "notices"
LARGEST_FORM = 128 << 10  # three languages of the longest text there is, percent-encoded
LARGEST_UPLOAD = MOST_BYTES + (64 << 10)
PAGE_BYTES = 12
MOST_PAGES = 500  # open in browsers, of whom we remember what they wrote last

Places = Callable[[], Awaitable[Gazetteer]]
"""Where every unit lies, as it is known now."""


async def notice_of(notices: Notices, actor: Actor, code: str) -> Notice:
    """Raises HTTPException: one that is none of theirs is as if it were not there."""
    readable = read_code(code)
    if readable is None:
        raise HTTPException(404)
    try:
        return await notices.get(actor, readable)
    except NoSuchNotice:
        raise HTTPException(404) from None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of a form that was sent."""

    notice: Notice | None
    read: Read
    is_saved: bool
    moved: Notice | None = None
    """As somebody else has changed it meanwhile."""


class NoticeWriting:
    def __init__(
        self,
        notices: Notices,
        pictures: NoticePictures,
        pages: Pages,
        door: Door,
        places: Places,
        now: Callable[[], datetime],
    ) -> None:
        self._notices = notices
        self._pictures = pictures
        self._pages = pages
        self._places = places
        self._now = now
        self._open: OrderedDict[str, tuple[str, int]] = OrderedDict()
        """Page in a browser → the notice written there, and the version it was kept as. So a form that overtakes its own autosave
        is not told that somebody else was there."""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

        def writes(endpoint: Any) -> Any:
            return holding(door, pages, LARGEST_FORM)(door.guarded(Action.NOTICE_WRITE, endpoint))

        self.routes = (
            Route("/desk/notices/new", writes(self.new), methods=["GET", "POST"]),
            Route("/desk/notices/look", writes(self.look), methods=["POST"]),
            Route("/desk/notices/{code}/edit", writes(self.edit), methods=["GET", "POST"]),
            Route("/desk/notices/{code}/picture", writes(self.picture), methods=["GET", "POST"]),
        )

    # ── The form ──────────────────────────────────────────────────────────────────────────────────────────────

    async def new(self, request: Request, actor: Actor) -> Response:
        if request.method != "POST":
            units = () if actor.role in PROVINCIAL else (actor.unit,)
            wanted = request.query_params.get("category", "")
            blank = Draft(
                category=Category(wanted) if wanted in set(Category) else Category.SCAM,
                audience=Audience(units),
            )
            return await self._drawn(actor, Filled.of(blank), None)
        return await self._sent(request, actor, None)

    async def edit(self, request: Request, actor: Actor) -> Response:
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        if request.method == "POST":
            return await self._sent(request, actor, notice)
        if notice.unit != actor.unit or Deed.CHANGE not in possible(notice.state):
            return RedirectResponse(_place(notice), 303)
        is_saved = request.query_params.get("saved") == "1"
        return await self._drawn(actor, Filled.of(notice.draft), notice, is_saved=is_saved)

    async def look(self, request: Request, actor: Actor) -> Response:
        """For htmx, while somebody types: kept, and looked at."""
        filled = await self._filled(request)
        notice = await self._named(actor, filled)
        kept = await self._keep(actor, filled, notice, by_itself=True)
        values = await self._looked(actor, filled, kept)
        response = self._page("_notice_look.html", actor, **values)
        if kept.notice is not None and notice is None:
            response.headers["hx-replace-url"] = f"{_place(kept.notice)}/edit"
        return response

    async def _sent(self, request: Request, actor: Actor, notice: Notice | None) -> Response:
        filled = await self._filled(request)
        notice = notice or await self._named(actor, filled)
        kept = await self._keep(actor, filled, notice, by_itself=False)
        wanted = filled["do"]
        if kept.notice is None or kept.moved is not None or not kept.is_saved:
            return await self._drawn(actor, filled, notice, kept=kept, status=409 if kept.moved else 422)
        if wanted == "picture":
            return RedirectResponse(f"{_place(kept.notice)}/picture", 303)
        if wanted == "submit" and kept.read.is_whole:
            return await self._submitted(actor, filled, kept)
        if wanted == "save" and kept.read.is_whole:
            return RedirectResponse(f"{_place(kept.notice)}/edit?saved=1", 303)
        status = 200 if kept.read.is_whole else 422
        return await self._drawn(actor, filled, kept.notice, kept=kept, status=status)

    async def _submitted(self, actor: Actor, filled: Filled, kept: _Kept) -> Response:
        assert kept.notice is not None
        try:
            notice = await self._notices.submit(actor, kept.notice.code, kept.notice.version)
        except Refused as refused:
            return await self._drawn(
                actor, filled, kept.notice, kept=kept, refused=refused.problems, status=422
            )
        except Moved:
            moved = await self._notices.get(actor, kept.notice.code)
            return await self._drawn(actor, filled, moved, kept=replace(kept, moved=moved), status=409)
        return RedirectResponse(f"{_place(notice)}?done=submit", 303)

    # ── Keeping ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _named(self, actor: Actor, filled: Filled) -> Notice | None:
        """The notice a form is about: by its code, or by the page on which it was begun."""
        code = filled["code"] or self._open.get(filled["page"], ("", 0))[0]
        return await notice_of(self._notices, actor, code) if code else None

    async def _keep(self, actor: Actor, filled: Filled, notice: Notice | None, *, by_itself: bool) -> _Kept:
        """Writes it down under its version. `by_itself`: nobody pressed a button; then only a draft is written, and nothing begun
        without a word in it."""
        page = filled["page"][:64]
        async with self._turns.setdefault(page, asyncio.Lock()):
            if notice is None and page in self._open:
                notice = await self._named(actor, filled)
            read = filled.read(notice.draft if notice else Draft())
            if "text" in read.faults:
                return _Kept(notice, read, is_saved=False)
            if notice is None:
                if by_itself and filled.is_blank:
                    return _Kept(None, read, is_saved=False)
                notice = await self._notices.write(actor, read.draft)
            elif by_itself and notice.state is not State.DRAFT:
                return _Kept(notice, read, is_saved=False)
            else:
                version = self._version(filled, notice, page)
                if version == notice.version and notice.draft == read.draft:
                    return _Kept(notice, read, is_saved=True)
                try:
                    notice = await self._notices.keep(actor, notice.code, version, read.draft)
                except Moved:
                    now = await self._notices.get(actor, notice.code)
                    return _Kept(notice, read, is_saved=False, moved=now)
            self._remember(page, notice)
            return _Kept(notice, read, is_saved=True)

    def _version(self, filled: Filled, notice: Notice, page: str) -> int:
        """The version this form was filled in upon, its own autosaves included."""
        if page and self._open.get(page) == (notice.code, notice.version):
            return notice.version
        typed = filled["version"]
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0

    def _remember(self, page: str, notice: Notice) -> None:
        if not page:
            return
        self._open[page] = notice.code, notice.version
        self._open.move_to_end(page)
        while len(self._open) > MOST_PAGES:
            self._open.popitem(last=False)

    # ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _looked(
        self, actor: Actor, filled: Filled, kept: _Kept, refused: Iterable[Problem] = ()
    ) -> dict[str, Any]:
        """What is said of a form besides what stands in it."""
        known = await self._places()
        notice = kept.notice
        found = tuple(refused) or await self._problems(actor, kept, known)
        beside: dict[str, list[str]] = {}
        for problem in found:
            beside.setdefault(field_of(problem), []).append(str(problem))
        is_saved = kept.is_saved and notice is not None
        return {
            "beside_problems": beside,
            "faults": kept.read.faults,
            "lost": kept.read.lost,
            "kept": notice if is_saved else None,
            "notice": notice,
            "moved": kept.moved,
            "at": self._now(),
            "page": filled["page"],
            "phones": await self._phones(actor, kept, known),
            "languages": LANGUAGES,
            "channels": CHANNELS,
            "states": STATES,
        }

    async def _problems(self, actor: Actor, kept: _Kept, known: Gazetteer) -> tuple[Problem, ...]:
        if kept.notice is None:
            return ()
        if kept.is_saved:
            return await self._notices.problems(actor, kept.notice.code)
        drafted = replace(kept.notice, draft=kept.read.draft)
        return problems(drafted, self._notices.policies, self._now(), _office(known, drafted.unit))

    async def _phones(self, actor: Actor, kept: _Kept, known: Gazetteer) -> Mapping[str, tuple[Phone, ...]]:
        """Language → the notice as it stands on every kind of telephone."""
        draft, policies = kept.read.draft, self._notices.policies
        drafted = replace(kept.notice, draft=draft) if kept.notice else None
        found: dict[str, tuple[Phone, ...]] = {}
        for language, text in draft.texts.items():
            if not text.text:
                continue
            tellings = [
                told(drafted, language, kind, office=_office(known, drafted.unit))
                if drafted
                else await self._notices.preview_of(actor, draft, kind, language)
                for kind in KINDS
            ]
            found[language] = tuple(
                phone(kind, telling, policies) for kind, telling in zip(KINDS, tellings, strict=True)
            )
        return found

    async def _drawn(
        self,
        actor: Actor,
        filled: Filled,
        notice: Notice | None,
        *,
        kept: _Kept | None = None,
        refused: Iterable[Problem] = (),
        is_saved: bool = False,
        status: int = 200,
    ) -> Response:
        is_first = kept is None
        if kept is None:
            kept = _Kept(notice, filled.read(notice.draft if notice else Draft()), is_saved=is_saved)
        page = filled["page"] or secrets.token_urlsafe(PAGE_BYTES)
        filled = replace(filled, values={**filled.values, "page": page})
        values = await self._looked(actor, filled, kept, refused)
        if is_first and notice is None:
            values |= {"faults": {}, "lost": {}, "beside_problems": {}}
        return self._page(
            "notice_form.html",
            actor,
            status,
            filled=filled,
            units=await self._units(actor),
            categories=CATEGORIES,
            over=OVER,
            policies=self._notices.policies,
            **values,
        )

    async def _units(self, actor: Actor) -> tuple[Unit, ...]:
        """Where the actor may send to: a ward to its own, a province to all of it or to some of its wards."""
        known = await self._places()
        own = known.unit(actor.unit)
        return (own, *known.wards(own.code)) if own.kind.is_province else (own,)

    # ── Its picture ───────────────────────────────────────────────────────────────────────────────────────────

    async def picture(self, request: Request, actor: Actor) -> Response:
        """A page of its own: a file cannot be sent along with what is typed without a script."""
        notice = await notice_of(self._notices, actor, request.path_params["code"])
        if notice.unit != actor.unit or Deed.CHANGE not in possible(notice.state):
            return RedirectResponse(_place(notice), 303)
        if request.method != "POST":
            return self._page("notice_picture.html", actor, notice=notice, problem=None)
        try:
            upload = await upload_of(request, LARGEST_UPLOAD)
            digest = None
            if upload.fields.get("do") != "remove":
                if not upload.file:
                    return self._no_picture(actor, notice, "notices.no_file")
                digest = await self._pictures.take(actor, upload.file)
            version = upload.fields.get("version", "")
            version = version if version.isascii() and version.isdecimal() and len(version) < 10 else "0"
            await self._notices.keep(actor, notice.code, int(version), replace(notice.draft, image=digest))
        except TooLarge:
            return self._no_picture(actor, notice, "notices.file_too_large", 413)
        except Unreadable:
            raise HTTPException(400) from None
        except (Refused, Moved) as trouble:
            return self._page("notice_picture.html", actor, 422, notice=notice, problem=sentence(trouble))
        return RedirectResponse(f"{_place(notice)}/edit?saved=1", 303)

    def _no_picture(self, actor: Actor, notice: Notice, key: str, status: int = 422) -> Response:
        return self._page("notice_picture.html", actor, status, notice=notice, problem_key=key, problem=None)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _filled(self, request: Request) -> Filled:
        try:
            return Filled.of_form(await pairs_of(request, LARGEST_FORM))
        except TooLarge:
            raise HTTPException(413) from None

    def _page(self, template: str, actor: Actor, status: int = 200, **values: Any) -> Response:
        page = self._pages.for_desk(template, actor, ROOM, **({"problem_key": None} | values))
        return HTMLResponse(page, status)


def _place(notice: Notice) -> str:
    return f"/desk/notices/{notice.code}"


def _office(known: Gazetteer, unit: str) -> str:
    return known.unit(unit).name_within
