"""`/desk/templates`: texts with gaps that an office writes often. Filling one in makes a draft, which is then written on like any other;
writing one is for those who may. It knows requests and forms; what belongs into a gap `surveys.notices.templates` says."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Door
from bot.web.desk_holding import holding, pairs_of
from bot.web.guard import TooLarge
from bot.web.notice_forms import Filled
from bot.web.notice_views import has_right
from bot.web.notice_writing import LARGEST_FORM, ROOM
from bot.web.pages import Pages
from bot.web.words import LANGUAGES
from handlers.notice_templates import NoticeTemplates
from handlers.notices import Moved, NoSuchNotice, Notices, Refused, sentence
from surveys.notices import Category, Draft, Text, Unwritable
from surveys.notices.templates import GapKind, Template
from surveys.notices.words import CATEGORIES
from surveys.rights import Action, Actor

__all__ = ["TemplatePages"]

KEYBOARDS: Mapping[GapKind, str] = {
    GapKind.NUMBER: "decimal",
    GapKind.PHONE: "tel",
    GapKind.LINK: "url",
}
"""Which keys a telephone shows for it."""
UNWRITABLE = "Nội dung có ký tự không gửi đi được. Xin gõ lại chỗ đó."


class TemplatePages:
    def __init__(self, templates: NoticeTemplates, notices: Notices, pages: Pages, door: Door) -> None:
        self._templates = templates
        self._notices = notices
        self._pages = pages
        kept = holding(door, pages, LARGEST_FORM)

        def for_writers(endpoint: Any) -> Any:
            return kept(door.guarded(Action.NOTICE_WRITE, endpoint))

        def for_keepers(endpoint: Any) -> Any:
            return kept(door.guarded(Action.TEMPLATE_WRITE, endpoint))

        self.routes = (
            Route("/desk/templates", for_writers(self.all)),
            Route("/desk/templates/new", for_keepers(self.new), methods=["GET", "POST"]),
            Route("/desk/templates/{id}", for_writers(self.fill), methods=["GET", "POST"]),
            Route("/desk/templates/{id}/edit", for_keepers(self.edit), methods=["GET", "POST"]),
            Route("/desk/templates/{id}/remove", for_keepers(self.remove), methods=["POST"]),
        )

    async def all(self, request: Request, actor: Actor) -> Response:
        return self._page("templates.html", actor, templates=await self._templates.all(actor))

    # ── Filling in ────────────────────────────────────────────────────────────────────────────────────────────

    async def fill(self, request: Request, actor: Actor) -> Response:
        template = await self._template(request, actor)
        if request.method != "POST":
            return self._page("template_fill.html", actor, template=template, given={}, problems=())
        form = await self._form(request)
        # A gap's name is Vietnamese and may be anything: fields are counted.
        values = {gap.name: form.get(f"gap_{place}", "") for place, gap in enumerate(template.gaps)}
        try:
            notice = await self._notices.write(actor, await self._templates.fill(actor, template.id, values))
        except Refused as refused:
            problems = [str(each) for each in refused.problems]
            return self._page(
                "template_fill.html", actor, 422, template=template, given=values, problems=problems
            )
        return RedirectResponse(f"/desk/notices/{notice.code}/edit?saved=1", 303)

    # ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def new(self, request: Request, actor: Actor) -> Response:
        if request.method != "POST":
            return self._form_page(actor, None, Filled.of(Draft()), "")
        return await self._written(request, actor, None)

    async def edit(self, request: Request, actor: Actor) -> Response:
        template = await self._own(request, actor)
        if request.method != "POST":
            filled = Filled.of(Draft(template.category, template.texts))
            return self._form_page(actor, template, filled, template.name)
        return await self._written(request, actor, template)

    async def _written(self, request: Request, actor: Actor, template: Template | None) -> Response:
        form = await self._form(request)
        filled = Filled.of_form(form.items())
        name = form.get("name", "")
        read = filled.read(Draft())
        if "text" in read.faults or _is_unwritable(name):
            return self._form_page(actor, template, filled, name, [UNWRITABLE])
        category = read.draft.category if "category" not in read.faults else Category.OTHER
        texts = {language: text for language, text in read.draft.texts.items() if text.text}
        try:
            if template is None:
                await self._templates.write(actor, name, category, texts)
            else:
                version = form.get("version", "")
                version = version if version.isascii() and version.isdecimal() and len(version) < 10 else "0"
                await self._templates.change(actor, template.id, int(version), name, category, texts)
        except (Refused, Moved) as trouble:
            return self._form_page(actor, template, filled, name, sentence(trouble).splitlines())
        return RedirectResponse("/desk/templates", 303)

    async def remove(self, request: Request, actor: Actor) -> Response:
        template = await self._own(request, actor)
        await self._templates.remove(actor, template.id)
        return RedirectResponse("/desk/templates", 303)

    def _form_page(
        self,
        actor: Actor,
        template: Template | None,
        filled: Filled,
        name: str,
        problems: list[str] | None = None,
    ) -> Response:
        return self._page(
            "template_form.html",
            actor,
            422 if problems else 200,
            template=template,
            filled=filled,
            name=name,
            problems=problems or [],
            languages=LANGUAGES,
        )

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _template(self, request: Request, actor: Actor) -> Template:
        try:
            return await self._templates.get(actor, request.path_params["id"])
        except NoSuchNotice:
            raise HTTPException(404) from None

    async def _own(self, request: Request, actor: Actor) -> Template:
        try:
            return await self._templates.own(actor, request.path_params["id"])
        except NoSuchNotice:
            raise HTTPException(404) from None

    async def _form(self, request: Request) -> dict[str, str]:
        try:
            return dict(await pairs_of(request, LARGEST_FORM))
        except TooLarge:
            raise HTTPException(413) from None

    def _page(self, template: str, actor: Actor, status: int = 200, /, **values: Any) -> Response:
        page = self._pages.for_desk(
            template,
            actor,
            ROOM,
            **values,
            categories=CATEGORIES,
            keyboards=KEYBOARDS,
            kinds=tuple(GapKind),
            may_keep=has_right(actor, Action.TEMPLATE_WRITE),
        )
        return HTMLResponse(page, status)


def _is_unwritable(name: str) -> bool:
    try:
        Text.of(name)
    except Unwritable:
        return True
    return False
