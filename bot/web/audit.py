"""`/desk/audit`: who did what, the latest first, as far as a post reaches; whether the chain holds; the same as csv."""

import csv
import io
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Endpoint, Guarded
from bot.web.pages import Pages
from handlers.noting import NEWEST, AuditTrail
from surveys.audited import AuditRow
from surveys.canonical import moment_text
from surveys.rights import PROVINCIAL, Action, Actor

__all__ = ["AuditPages", "table_of"]

A_PAGE = 50
MOST_IN_A_FILE = 20_000
COLUMNS = (
    "number",
    "at",
    "name",
    "title",
    "role",
    "action",
    "object",
    "unit",
    "reason",
    "person",
    "post",
    "province",
    "previous",
    "digest",
)


class AuditPages:
    def __init__(
        self,
        trail: AuditTrail,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
        *,
        naming: Callable[[], Awaitable[Mapping[str, str]]],
    ) -> None:
        """`naming`: every unit's name by its code."""
        self._trail = trail
        self._pages = pages
        self._naming = naming
        read = Action.AUDIT_READ
        self.routes = (
            Route("/desk/audit", guarded(read, self.page)),
            Route("/desk/audit.csv", guarded(read, self.file)),
        )

    async def page(self, request: Request, actor: Actor) -> Response:
        """`unit`, `object`: only these. `before`: older than that row."""
        unit, object, before = _asked(request)
        found = await self._trail.page(actor, before=before, some=A_PAGE + 1, unit=unit, object=object)
        rows, more = found[:A_PAGE], len(found) > A_PAGE
        query = {"unit": unit or "", "object": object}
        drawn = self._pages.for_desk(
            "audit.html",
            actor,
            "audit",
            rows=rows,
            names=await self._naming(),
            unit=unit or "",
            object=object,
            is_wide=actor.role in PROVINCIAL,
            is_first=before == NEWEST,
            older=_query({**query, "before": str(rows[-1].number)}) if more else None,
            newest=_query(query),
            verified=await self._trail.verified_lately(),
        )
        return HTMLResponse(drawn)

    async def file(self, request: Request, actor: Actor) -> Response:
        unit, object, before = _asked(request)
        rows = await self._trail.page(actor, before=before, some=MOST_IN_A_FILE, unit=unit, object=object)
        headers = {"content-disposition": 'attachment; filename="nhat-ky.csv"'}
        return Response("\ufeff" + table_of(rows), media_type="text/csv; charset=utf-8", headers=headers)


def table_of(rows: list[AuditRow]) -> str:
    """As csv. What a spreadsheet would take for a formula is kept a text."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in rows:
        values = {name: getattr(row, name) for name in COLUMNS} | {"at": moment_text(row.at)}
        table.writerow([_harmless("" if each is None else str(each)) for each in values.values()])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _asked(request: Request) -> tuple[str | None, str, int]:
    params = request.query_params
    before = params.get("before", "")
    number = int(before) if before.isascii() and before.isdecimal() and len(before) < 18 else NEWEST
    return params.get("unit", "").strip()[:20] or None, params.get("object", "").strip()[:200], number


def _query(values: Mapping[str, str]) -> str:
    return "?" + urlencode({key: value for key, value in values.items() if value})
