"""What an Official Account may send to people who have not written for long: an article to all who follow it, or a paid template to
one person. It knows no survey and no delivery; nothing paid is sent before its cost was shown and somebody agreed to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channels.contract import Misconfigured, Outcome, Sent, Unknown
from bot.channels.zalo_client import Access, Renew, ZaloClient

__all__ = ["Order", "Outside", "Quote", "Target", "quote"]

BROADCAST = "/v2.0/oa/message"
TEMPLATE = "/v3.0/oa/message/template"
CHECK_ARTICLE = "/v2.0/article/verify"


@dataclass(frozen=True, slots=True)
class Quote:
    """What so many templates will cost: shown before anything is sent."""

    count: int
    price: int
    """Of one, in đồng."""

    @property
    def total(self) -> int:
        return self.count * self.price

    def agreed(self, by: str) -> "Order":
        """Somebody has seen the total and wants it. Raises ValueError for nobody."""
        if not by.strip():
            raise ValueError("somebody must agree to the cost, by name")
        return Order(self, by)


class Order:
    """So many templates may be sent, and not one more. Not shared between processes: whoever sends keeps the count of what was
    sent on disk, and orders what is left."""

    def __init__(self, quote: Quote, by: str) -> None:
        self.quote = quote
        self.by = by
        self.left = quote.count


def quote(count: int, price: int | None) -> Quote | None:
    """None while nobody has set the price: what cannot be shown cannot be agreed to."""
    return None if price is None else Quote(count, price)


@dataclass(frozen=True, slots=True)
class Target:
    """To whom among the followers an article goes, as Zalo cuts them: never finer than a city. Empty: to all. Values are comma-joined
    numbers of Zalo's; sources disagree on their names, so they are settings of whoever asks."""

    ages: str = ""
    gender: str = ""
    cities: str = ""
    locations: str = ""
    platform: str = ""

    def body(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


EVERYBODY = Target()


class Outside:
    """One account, beyond its windows."""

    def __init__(
        self, client: ZaloClient, access: Access, renew: Renew, *, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._access = access
        self._renew = renew
        self._now = now

    async def article(self, token: str) -> str | Outcome:
        """The id of an article that was created and is processed meanwhile; RetryAfter while it is not."""
        answer = await self._client.post(CHECK_ARTICLE, {"token": token}, self._access, self._renew)
        id = str((answer.data or {}).get("id", ""))
        if answer.error == 0 and answer.trouble is None and id:
            return id
        outcome = answer.outcome(self._now())
        return Unknown("the article has no id") if isinstance(outcome, Sent) else outcome

    async def broadcast(self, article: str, target: Target = EVERYBODY) -> Outcome:
        """An article to everybody who follows the account. Between six in the morning and ten in the evening only: else RetryAfter. A lost answer
        stays unknown: asked again, everybody would get it twice."""
        element = {"media_type": "article", "attachment_id": article}
        payload = {"template_type": "media", "elements": [element]}
        body = {
            "recipient": {"target": target.body()},
            "message": {"attachment": {"type": "template", "payload": payload}},
        }
        return (await self._client.post(BROADCAST, body, self._access, self._renew)).outcome(self._now())

    async def template(self, order: Order, person: str, template: str, fields: Mapping[str, str]) -> Outcome:
        """An approved text to one person, for money. What certainly was not sent is not taken off the order; what may have been, is."""
        if order.left <= 0:
            return Misconfigured("everything that was agreed to is sent: more needs another quote")
        body = {"user_id": person, "template_id": template, "template_data": dict(fields)}
        answer = await self._client.post(TEMPLATE, body, self._access, self._renew)
        outcome = answer.outcome(self._now())
        if isinstance(outcome, Sent | Unknown):
            order.left -= 1
        return outcome
