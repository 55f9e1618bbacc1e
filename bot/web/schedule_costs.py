"""`/desk/schedules/…/cost`: before a wave is taken to its people, how many of them Zalo lets be written to for nothing, for money, or not at all;
what those outside the window get and cost; and that somebody agrees to it by name. It draws and takes one form; what may be agreed to is
decided in `handlers.inviting_costs`."""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.web.desk_door import Endpoint, Guarded
from bot.web.guard import TooLarge, form_of
from bot.web.pages import Pages
from bot.web.schedules import PLACE, drawn
from handlers.inviting_costs import InvitingCosts, NotAgreed
from handlers.next_waves import NextWaves
from handlers.planning import NoSuchSchedule, Planning, Seen
from surveys.outside import Quote
from surveys.outside_words import agreement_words, outlook_words
from surveys.rights import Action, Actor

__all__ = ["ScheduleCosts"]

LARGEST_FORM = 1024
LONGEST_NUMBER = 9  # digits


class ScheduleCosts:
    def __init__(
        self,
        planning: Planning,
        costs: InvitingCosts,
        next_waves: NextWaves,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
    ) -> None:
        self._planning = planning
        self._costs = costs
        self._next_waves = next_waves
        self._pages = pages
        self.routes = (
            Route(f"{PLACE}/{{id}}/cost", guarded(Action.SCHEDULE_SEE, self.cost)),
            Route(f"{PLACE}/{{id}}/agree", guarded(Action.SCHEDULE_WRITE, self.agree), methods=["POST"]),
        )

    async def cost(self, request: Request, actor: Actor) -> Response:
        seen = await self._schedule(request, actor)
        return await self._page(actor, seen, is_done=request.query_params.get("done") == "agree")

    async def agree(self, request: Request, actor: Actor) -> Response:
        seen = await self._schedule(request, actor)
        if not seen.may_write:
            raise HTTPException(403)
        try:
            form = await form_of(request, LARGEST_FORM)
        except TooLarge:
            raise HTTPException(413) from None
        count, _, price = form.get("agreed", "").partition("x")
        waves = {wave.slug for wave in await self._next_waves.of(seen.planned)}
        if not waves or not count:
            return await self._page(actor, seen, problem="schedules.nothing_agreed", status=422)
        slug = form.get("wave", "")
        if slug not in waves:
            # What they read was of another wave: one that opened meanwhile, or one of a schedule somebody has changed.
            return await self._page(actor, seen, problem="schedules.another_wave", status=422)
        try:
            await self._costs.agree(actor, slug, Quote(_number(count), _number(price)))
        except NotAgreed:
            return await self._page(actor, seen, problem="schedules.not_agreed", status=422)
        return RedirectResponse(f"{request.url.path.removesuffix('agree')}cost?done=agree", 303)

    async def _schedule(self, request: Request, actor: Actor) -> Seen:
        try:
            return await self._planning.get(actor, request.path_params["id"])
        except NoSuchSchedule:
            raise HTTPException(404) from None

    async def _page(
        self, actor: Actor, seen: Seen, *, is_done: bool = False, problem: str = "", status: int = 200
    ) -> Response:
        waves = await self._next_waves.of(seen.planned)
        return drawn(
            self._pages,
            "schedule_cost.html",
            actor,
            status,
            seen=seen,
            waves=[
                (wave, await self._costs.reckon(wave.units, wave.asked), await self._costs.agreed(wave.slug))
                for wave in waves
            ],
            is_done=is_done,
            problem=problem,
            outlook_words=outlook_words,
            agreement_words=agreement_words,
        )


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= LONGEST_NUMBER else 0
