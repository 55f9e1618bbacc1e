"""`/desk/results`: what has been released, for whoever serves: their own ward first and as a drawing, then the whole province side by
side. Only what everybody may read at `/results`; nothing here is newer or finer."""

from collections.abc import Awaitable, Callable, Iterable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.board import Board, boards, histories, latest
from bot.web.desk_door import Door
from bot.web.pages import Pages
from surveys.releases import ReleasedProvince, ReleasedWard
from surveys.rights import PROVINCIAL, Action, Actor

__all__ = ["DeskResults"]

ROOM = "notices"


class DeskResults:
    def __init__(
        self,
        results: Callable[[], Awaitable[Iterable[ReleasedWard]]],
        provinces: Callable[[], Awaitable[Iterable[ReleasedProvince]]],
        pages: Pages,
        door: Door,
    ) -> None:
        self._results = results
        self._provinces = provinces
        self._pages = pages
        self.routes = (Route("/desk/results", door.guarded(Action.RESULTS_READ, self.results)),)

    async def results(self, request: Request, actor: Actor) -> Response:
        found = boards(await self._results(), await self._provinces())
        own = () if actor.role in PROVINCIAL else _of(found, actor.unit)
        page = self._pages.for_desk(
            "desk_results.html",
            actor,
            ROOM,
            past=histories([board.ward(actor.unit) for board in own]),
            is_provincial=actor.role in PROVINCIAL,
            boards=latest(found),
        )
        return HTMLResponse(page)


def _of(found: Iterable[Board], unit: str) -> tuple[Board, ...]:
    """The waves in which something of this ward is released."""
    return tuple(board for board in found if any(ward.unit == unit for ward in board.wards))
