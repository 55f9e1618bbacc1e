"""What an Official Account may send to people who have not written for long: an article to all who follow it, or a paid template to
one person. It knows no survey and no delivery; nothing paid is sent before its cost was shown and somebody agreed to it.

An article goes out in three steps, each of which may be waited for: it is created, it is processed, it is broadcast."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.channels.contract import Misconfigured, Outcome, RetryAfter, Sent, Unknown
from bot.channels.throttle import Turn
from bot.channels.zalo_client import Access, Renew, ZaloClient
from bot.channels.zalo_errors import until_morning
from surveys.outside import EVERYBODY, Article, Order, Target

__all__ = ["Outside"]

BROADCAST = "/v2.0/oa/message"
TEMPLATE = "/v3.0/oa/message/template"
WRITE_ARTICLE = "/v2.0/article/create"
CHECK_ARTICLE = "/v2.0/article/verify"


class Outside:
    """One account, beyond its windows."""

    def __init__(
        self,
        client: ZaloClient,
        access: Access,
        renew: Renew,
        *,
        now: Callable[[], datetime],
        turn: Turn | None = None,
    ) -> None:
        """`turn`: the account's minute, behind everybody who waits for an answer."""
        self._client = client
        self._access = access
        self._renew = renew
        self._now = now
        self._turn = turn

    async def create(self, article: Article) -> str | Outcome:
        """The token by which to ask whether it is processed. It stands on the account's page from then on, and nobody is told of it.
        Unknown where no answer came: asked again, it might stand there twice."""
        answer = await self._client.post(
            WRITE_ARTICLE, article.body(), self._access, self._renew, turn=self._turn
        )
        outcome = answer.outcome(self._now())
        token = str((answer.data or {}).get("token", ""))
        if isinstance(outcome, Sent):
            return token or Unknown("an article without a token")
        return outcome

    async def article(self, token: str) -> str | Outcome:
        """The id of an article that was created and is processed meanwhile; RetryAfter while it is not."""
        answer = await self._client.post(
            CHECK_ARTICLE, {"token": token}, self._access, self._renew, turn=self._turn
        )
        id = str((answer.data or {}).get("id", ""))
        if answer.error == 0 and answer.trouble is None and id:
            return id
        outcome = answer.outcome(self._now())
        return Unknown("the article has no id") if isinstance(outcome, Sent) else outcome

    async def broadcast(self, article: str, target: Target = EVERYBODY) -> Outcome:
        """An article to everybody who follows the account. Between six in the morning and ten in the evening only: else RetryAfter,
        and Zalo is not even asked. A lost answer stays unknown: asked again, everybody would get it twice."""
        if (delay := until_morning(self._now())) is not None:
            return RetryAfter(delay)
        element = {"media_type": "article", "attachment_id": article}
        payload = {"template_type": "media", "elements": [element]}
        body = {
            "recipient": {"target": target.body()},
            "message": {"attachment": {"type": "template", "payload": payload}},
        }
        return (await self._client.post(BROADCAST, body, self._access, self._renew, turn=self._turn)).outcome(
            self._now()
        )

    async def template(self, order: Order, person: str, template: str, fields: Mapping[str, str]) -> Outcome:
        """An approved text to one person, for money. What certainly was not sent is not taken off the order; what may have been, is."""
        if order.left <= 0:
            return Misconfigured("everything that was agreed to is sent: more needs another quote")
        body = {"user_id": person, "template_id": template, "template_data": dict(fields)}
        answer = await self._client.post(TEMPLATE, body, self._access, self._renew, turn=self._turn)
        outcome = answer.outcome(self._now())
        if isinstance(outcome, Sent | Unknown):
            order.left -= 1
        return outcome
