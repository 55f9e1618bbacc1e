"""What people answered to rating templates, as Zalo's results list it: page after page, for one template. It knows no survey and
stores nothing. The same ratings come as events too (`zalo_events.Rated`), each perhaps several times."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from bot.channels.contract import Outcome, Sent, Unknown
from bot.channels.throttle import Turn
from bot.channels.zalo_client import Access, Renew, ZaloClient
from bot.channels.zalo_events import rating_of
from surveys.ratings import Rating

__all__ = ["PAGE", "Results", "Verb"]

RESULTS = "/rating/get"
PAGE = 100  # one source says that ten thousand may be asked for; a shorter page is no end, only an empty one or the total is
MOST_PAGES = 200  # 20,000 ratings of one template in a week: more than that is a fault of somebody's

Verb = Literal["GET", "POST"]


class Results:
    """One account's. Each answer is whole or not at all: half of the pages would look like all of them."""

    def __init__(
        self,
        client: ZaloClient,
        access: Access,
        renew: Renew,
        *,
        now: Callable[[], datetime],
        verb: Verb = "POST",
        turn: Turn | None = None,
    ) -> None:
        """`verb`: sources disagree, so it is a setting. `turn`: this account's minute, behind everybody who waits."""
        self._client = client
        self._access = access
        self._renew = renew
        self._now = now
        self._verb: Verb = verb
        self._turn = turn

    async def of(self, template: str, since: datetime, until: datetime) -> tuple[Rating, ...] | Outcome:
        """What was submitted between the two, each once, in no order; else what Zalo said. New ones may come while pages are
        turned, and shift the others: then one is missed, and is there at the next reading."""
        found: dict[Rating, None] = {}
        seen = 0
        for _ in range(MOST_PAGES):
            page = await self._page(template, since, until, seen)
            if not isinstance(page, tuple):
                return page
            rows, total = page
            found.update((rating, None) for row in rows if (rating := _rating(row)) is not None)
            seen += len(rows)
            if not rows or seen >= total:
                return tuple(found)
        return Unknown("the results of a template have no end")

    async def _page(
        self, template: str, since: datetime, until: datetime, offset: int
    ) -> tuple[list[Any], int] | Outcome:
        query = {
            "template_id": template,
            "from_time": str(_milliseconds(since)),
            "to_time": str(_milliseconds(until)),
            "offset": str(offset),
            "limit": str(PAGE),
        }
        answer = await self._client.query(
            self._verb, RESULTS, query, self._access, self._renew, turn=self._turn
        )
        outcome = answer.outcome(self._now())
        if not isinstance(outcome, Sent):
            return outcome
        data = answer.data or {}
        rows, total = data.get("data", []), str(data.get("total", ""))
        if not isinstance(rows, list) or not total.isdecimal():
            return Unknown("results that are none")
        return rows, int(total)


def _rating(row: Any) -> Rating | None:
    return rating_of(row.get("msgId"), row, row.get("submitDate")) if isinstance(row, dict) else None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
