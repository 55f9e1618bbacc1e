"""What an Official Account may send to people who have not written for long: an article to all who follow it, or a paid template to
one person. It knows no survey and no delivery; nothing paid is sent before its cost was shown and somebody agreed to it.

An article goes out in three steps, each of which may be waited for: it is created, it is processed, it is broadcast."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channels.contract import Misconfigured, Outcome, RetryAfter, Sent, Unknown
from bot.channels.throttle import Turn
from bot.channels.zalo_client import Access, Renew, ZaloClient
from bot.channels.zalo_errors import until_morning

__all__ = ["Article", "Order", "Outside", "Quote", "Target", "quote"]

BROADCAST = "/v2.0/oa/message"
TEMPLATE = "/v3.0/oa/message/template"
WRITE_ARTICLE = "/v2.0/article/create"
CHECK_ARTICLE = "/v2.0/article/verify"
TITLE, AUTHOR, DESCRIPTION = 150, 50, 300  # characters that an article may have there (secondary)


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


@dataclass(frozen=True, slots=True)
class Article:
    """What stands on the account's page once it is created, and goes to followers once it is broadcast. Raises ValueError for what
    Zalo would refuse, and for what it might read as markup."""

    title: str
    author: str
    """Whose word it is: the office."""
    description: str
    """What is read before it is opened."""
    cover: str
    """The https address of a picture."""
    paragraphs: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, text, most in (
            ("title", self.title, TITLE),
            ("author", self.author, AUTHOR),
            ("description", self.description, DESCRIPTION),
        ):
            if not text.strip() or len(text) > most:
                raise ValueError(f"the {name} of an article has 1 to {most} characters")
        if not self.cover.startswith("https://"):
            raise ValueError("the cover of an article is a picture at an https address")
        if not self.paragraphs or not all(each.strip() for each in self.paragraphs):
            raise ValueError("an article has paragraphs, and none of them is empty")
        if any(mark in each for each in self.paragraphs for mark in "<>"):
            # Unsure: one source says that paragraphs are HTML.
            raise ValueError("the text of an article has no < and no >, which Zalo may read as markup")

    def body(self) -> dict[str, object]:
        return {
            "type": "normal",
            "title": self.title,
            "author": self.author,
            "cover": {"cover_type": "photo", "photo_url": self.cover, "status": "show"},
            "description": self.description,
            "body": [{"type": "text", "content": each} for each in self.paragraphs],
            "status": "show",  # hidden, followers might get an article that nobody can open (unsure)
            "comment": "hide",  # nobody here would read what is written under it
        }


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
