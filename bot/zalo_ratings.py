"""Ratings by templates of Zalo in the running house: events as they come, the results every hour, both into the waves of visits.
It knows which templates an office has set up, and of nobody who rated."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING

import structlog

from bot.channels.zalo_ratings import Results
from handlers.ratings import Ratings
from surveys.ratings import TOO_OLD, Rating, Refused, Template

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["ZaloRatings"]

log = structlog.get_logger(__name__)

REMEMBERED = 20_000  # refused ratings: each is counted once, however often the results bring it


class ZaloRatings:
    """For all accounts of an installation."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._ratings = Ratings(house.db, house.vault, house.now)
        self._templates: Mapping[str, Mapping[str, Template]] = house.settings.zalo_ratings
        self._refused: Counter[Refused] = Counter()
        self._counted: OrderedDict[bytes, None] = OrderedDict()
        self._key = token_bytes(16)
        self._unread: dict[str, str] = {}

    def are_set_up(self, account: str) -> bool:
        return bool(self._templates.get(account))

    @property
    def told(self) -> Mapping[str, object]:
        """For `/healthz`: what was refused and why, which results could not be read. How many were taken it does not say: while a
        wave is open nobody counts."""
        return {
            "refused": {reason.value: number for reason, number in sorted(self._refused.items())},
            "unread": dict(self._unread),
        }

    async def happened(self, account: str, rating: Rating) -> None:
        """An event, which does not name its template: of an account with one template it is that one's; of one with several it
        waits for the results, which do. Raises Unavailable."""
        templates = tuple(self._templates.get(account, {}).values())
        if not templates:
            self._refuse(rating, Refused.TEMPLATE)
        if len(templates) == 1:
            await self._take(templates[0], rating)

    async def read(self, account: str, results: Results) -> None:
        """Everything that was submitted since a week ago, of every template that counts. Raises Unavailable."""
        now = self._house.now()
        for id, template in self._templates.get(account, {}).items():
            if template.unit is None:
                continue
            found = await results.of(id, now - TOO_OLD, now)
            if not isinstance(found, tuple):
                self._unread[id] = repr(found)
                log.warning("zalo.ratings_unread", template=id, outcome=repr(found))
                continue
            self._unread.pop(id, None)
            for rating in found:
                await self._take(template, rating)

    async def _take(self, template: Template, rating: Rating) -> None:
        if (refused := await self._ratings.take(template, rating)) is not None:
            self._refuse(rating, refused)

    def _refuse(self, rating: Rating, reason: Refused) -> None:
        # Not the message's id: by that Zalo and the office know who rated.
        mark = blake2b(rating.message.encode(), key=self._key, digest_size=8).digest()
        if mark in self._counted:
            return
        self._counted[mark] = None
        while len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)
        if not self._refused[reason]:
            log.warning("zalo.rating_refused", reason=reason.value, do="See docs/zalo.md, section 8.")
        self._refused[reason] += 1
