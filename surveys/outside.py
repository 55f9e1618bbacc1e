"""What an office has decided for people to whom its Official Account may not write any more: nothing until they come, an article for all
who follow the account, or a paid template to each. What a template says of what it is about, and what it costs. Pure: no platform, no
clock, no people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from surveys import texts

__all__ = [
    "ANY",
    "AUTHOR",
    "DESCRIPTION",
    "EVERYBODY",
    "FACTS",
    "INVITE",
    "NOTICE",
    "TITLE",
    "Article",
    "ArticleState",
    "Aside",
    "Fact",
    "Order",
    "Outlook",
    "Quote",
    "Target",
    "Template",
    "Terms",
    "Way",
    "quote",
]

NOTICE, INVITE = "notice", "invite"
"""Kinds of campaigns that may go beyond the window. A reminder never: who answered is kept out of it, and a price would tell how many."""
ANY = "*"
"""The account that stands for every one that is not named."""
LONGEST = (
    100  # characters of one field; nobody could tell what Zalo takes, so it is a setting of each template
)


class Way(StrEnum):
    PULL = "pull"
    """Nothing is sent: what waits is on their menu."""
    ARTICLE = "article"
    TEMPLATE = "template"


# ── Templates ────────────────────────────────────────────────────────────────────────────────────────────────────


class Fact(StrEnum):
    """What we can put into a field of a template."""

    OFFICE = "office"
    """“Công an phường Long Đức”"""
    TITLE = "title"
    """A notice's first line, a survey's title."""
    TOPIC = "topic"
    """“Cảnh báo lừa đảo”"""
    CODE = "code"
    """A notice's: whoever types it reads all of it."""
    UNTIL = "until"
    """The last day of a survey."""


FACTS: Mapping[str, frozenset[Fact]] = {
    NOTICE: frozenset({Fact.OFFICE, Fact.TITLE, Fact.TOPIC, Fact.CODE}),
    INVITE: frozenset({Fact.OFFICE, Fact.TITLE, Fact.UNTIL}),
}
"""What there is to tell, by the kind of campaign."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text that Zalo approved, and what we put into it."""

    id: str
    fields: Mapping[str, Fact] = field(default_factory=dict)
    """The name of a field at Zalo → what goes there."""
    longest: int = LONGEST
    """Characters one field takes."""

    def filled(self, facts: Mapping[Fact, str]) -> Mapping[str, str]:
        """One line each: a field is part of somebody else's sentence."""
        return {
            name: texts.clipped(" ".join(facts[fact].split()), self.longest)
            for name, fact in self.fields.items()
        }


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


# ── Articles ─────────────────────────────────────────────────────────────────────────────────────────────────────

TITLE, AUTHOR, DESCRIPTION = 150, 50, 300  # characters that an article may have there (secondary)


class ArticleState(StrEnum):
    """How far an account's article is. What is begun and was not heard of again is unknown, and is never begun again."""

    WANTED = "wanted"
    CREATING = "creating"
    CREATED = "created"
    """It stands on the account's page; Zalo processes it."""
    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DROPPED = "dropped"
    """Its notice was taken back or ran out before it left."""


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


# ── What an office has set, and what that comes to ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Terms:
    """As the operator has set it."""

    way: Way = Way.PULL
    price: int | None = None
    """Of one template, in đồng; None while nobody has told."""
    a_day: int | None = None
    """Templates an account may send in a day; None: as many as Zalo takes."""
    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    """Account id (or `ANY`) → kind of campaign → its template."""
    cover: str = ""
    """The picture above every article."""

    def template(self, account: str, kind: str) -> Template | None:
        """Of an account as an address names it (`zalo:579…`); None where those outside its window get nothing."""
        head, _, id = account.partition(":")
        if self.way is not Way.TEMPLATE or head != "zalo":
            return None
        return (self.templates.get(id) or self.templates.get(ANY) or {}).get(kind)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of those outside the window, before anybody agrees to it."""

    way: Way
    """As it was set."""
    outside: int
    """How many people that is."""
    templates: int = 0
    """To how many of them a template could go: their account has one."""
    price: int | None = None
    left_today: int | None = None
    """What the day's quota still has for them, over all their accounts; None: nobody has set one."""
    articles: int = 0
    """On how many accounts an article goes out instead."""

    @property
    def quote(self) -> Quote | None:
        """None where nothing can be bought for anybody."""
        return quote(self.templates, self.price) if self.templates else None

    @property
    def is_unpriced(self) -> bool:
        """Templates are wanted, and nobody has said what one costs: then nobody gets any."""
        return self.way is Way.TEMPLATE and self.price is None


class Aside(StrEnum):
    """Why a delivery to somebody outside the window ended as it did."""

    TEMPLATE = "by template"
    """Of one that was sent: not as the message it would have been, so nothing of that stands in their chat."""
    ARTICLE = "an article to all who follow the account instead"
    NOT_ITS_OWN = "outside the window; this account's followers are more than this is for"
    NO_PRICE = "outside the window, and nobody has said what a template costs"
    UNAGREED = "outside the window, and nobody agreed to pay for a template"
    OTHER_PRICE = "outside the window; a template costs something else than was agreed to"
    SPENT = "outside the window, and every template agreed to is spent"
    PERHAPS = "outside the window; a template perhaps arrived, and is not bought twice"
    GIVEN_UP = "outside the window; Zalo refuses this template"
