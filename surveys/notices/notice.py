"""A notice: what a ward tells residents, to whom, and who did what to it. Values only; what may be done to it is in `states`, what is
wrong with it in `problems`, how it reads in `telling`. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from surveys.canonical import canonical, digest, moment_text, read_moment
from surveys.notices.states import LEFT, State
from surveys.notices.text import EMPTY, Text
from surveys.persons import is_same_person
from surveys.rights import Actor

__all__ = ["EVERY_TOPIC", "Audience", "Category", "Draft", "Hand", "Notice", "Push", "Topic", "topic_of"]

TWO = 2  # persons; what overrides the night and the caps is never one's alone


class Category(StrEnum):
    """What a notice is about."""

    SCAM = "scam"
    TRAFFIC = "traffic"
    PROCEDURE = "procedure"
    FIRE = "fire"
    OTHER = "other"


class Push(StrEnum):
    """What may be sent to residents unasked beside notices, and is agreed to by itself."""

    SURVEYS = "surveys"
    """Invitations to surveys, their reminders, and what came of them."""
    BUSINESSES = "businesses"
    """The same of the survey of offices and businesses, for whoever answers for one. Nobody else is asked it."""


Topic = Category | Push
"""What residents subscribe to. A notice is only ever about a category."""

EVERY_TOPIC: tuple[Topic, ...] = (*Category, *Push)
"""In an order that only grows at its end: a choice travels in buttons as a number, a bit a topic."""


def topic_of(word: str) -> Topic:
    """The topic as it is stored. Raises ValueError for a word that is none."""
    return Push(word) if word in set(Push) else Category(word)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who shall get it: subscribers of these topics in these units, who read one of these languages."""

    units: tuple[str, ...] = ()
    """Codes. A province stands for all its wards. Never empty when it is submitted."""
    areas: tuple[str, ...] = ()
    """Parts of a ward (khóm, ấp). No source we have lists any, so nothing can be chosen here yet."""
    languages: tuple[str, ...] = ()
    """Empty: every language."""
    topics: tuple[Category, ...] = ()
    """Empty: the notice's own category."""

    def plain(self) -> Any:
        return {
            "units": list(self.units),
            "areas": list(self.areas),
            "languages": list(self.languages),
            "topics": [topic.value for topic in self.topics],
        }

    @classmethod
    def read(cls, plain: Any) -> Self:
        return cls(
            tuple(plain["units"]),
            tuple(plain["areas"]),
            tuple(plain["languages"]),
            tuple(Category(topic) for topic in plain["topics"]),
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer fills in."""

    category: Category = Category.OTHER
    texts: Mapping[str, Text] = field(default_factory=dict)
    """Language → text. Vietnamese is always among them; who reads another language gets it where it is not."""
    audience: Audience = Audience()
    image: str | None = None
    """The digest of a picture that was taken in."""
    is_urgent: bool = False
    send_at: datetime | None = None
    """None: as soon as it is approved."""
    over: timedelta = timedelta(0)
    """Spread evenly over so long."""
    expires_at: datetime | None = None
    template: str | None = None
    """The id of the template it was filled in from."""

    def in_language(self, language: str) -> Text:
        """Its text in this language, in Vietnamese where there is none."""
        return self.texts.get(language) or self.texts.get("vi") or EMPTY

    @property
    def topics(self) -> tuple[Category, ...]:
        return self.audience.topics or (self.category,)

    @property
    def words(self) -> str:
        """A digest of everything residents will read: what was checked is still what is sent while it stays the same."""
        texts = {language: text.plain() for language, text in self.texts.items()}
        return digest("notice", {"texts": texts, "image": self.image, "category": self.category})

    def plain(self) -> Any:
        return {
            "category": self.category.value,
            "texts": {language: text.plain() for language, text in self.texts.items()},
            "audience": self.audience.plain(),
            "image": self.image,
            "is_urgent": self.is_urgent,
            "send_at": _moment(self.send_at),
            "over": int(self.over.total_seconds()),
            "expires_at": _moment(self.expires_at),
            "template": self.template,
        }

    @classmethod
    def read(cls, plain: Any) -> Self:
        return cls(
            category=Category(plain["category"]),
            texts={language: Text.read(text) for language, text in plain["texts"].items()},
            audience=Audience.read(plain["audience"]),
            image=plain["image"],
            is_urgent=plain["is_urgent"],
            send_at=_read_moment(plain["send_at"]),
            over=timedelta(seconds=plain["over"]),
            expires_at=_read_moment(plain["expires_at"]),
            template=plain["template"],
        )


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who did something to a notice: who, at which post, when, and why."""

    person: str
    name: str
    post: str
    title: str
    at: datetime
    reason: str = ""

    @classmethod
    def of(cls, actor: Actor, at: datetime, reason: str = "") -> Self:
        return cls(actor.person, actor.name, actor.post, actor.title, at, reason)

    def is_of(self, person: str, name: str) -> bool:
        """The same person, by their account; or, as a second net, by how their name is spelt."""
        return self.person == person or is_same_person(self.name, name)

    def plain(self) -> Any:
        return [self.person, self.name, self.post, self.title, moment_text(self.at), self.reason]

    @classmethod
    def read(cls, plain: Any) -> Self:
        person, name, post, title, at, reason = plain
        return cls(person, name, post, title, read_moment(at), reason)


@dataclass(frozen=True, slots=True)
class Notice:
    """A draft with its life so far."""

    id: str
    code: str
    unit: str
    """Whose notice it is: the code of a ward, or of a province."""
    draft: Draft
    state: State
    version: int
    """One more with every change: whoever acts on an older one is told so."""
    writers: tuple[Hand, ...]
    """Everybody whose words are in it. None of them may approve it."""
    submitted: Hand | None = None
    approved: Hand | None = None
    rejected: Hand | None = None
    cleared: Hand | None = None
    """The supervisor who let its words pass while a survey is running."""
    cleared_words: str = ""
    """Which words that were (`Draft.words`)."""
    urged: tuple[Hand, ...] = ()
    ended: Hand | None = None
    """Who cancelled, stopped or recalled it, and why."""
    is_self_approved: bool = False
    """In an emergency, by the duty post that wrote it. Shown wherever the notice is."""
    due_at: datetime | None = None
    """When it may leave: the time that was set, moved out of the night."""
    begun_at: datetime | None = None
    recalled_at: datetime | None = None
    campaign: int | None = None
    """Its deliveries, in the outbox."""
    seen: int = 0
    """How many pressed “Đã xem”."""

    # ── What it says of itself ────────────────────────────────────────────────────────────────────────────────

    @property
    def category(self) -> Category:
        return self.draft.category

    @property
    def texts(self) -> Mapping[str, Text]:
        return self.draft.texts

    @property
    def audience(self) -> Audience:
        return self.draft.audience

    @property
    def image(self) -> str | None:
        return self.draft.image

    @property
    def is_urgent(self) -> bool:
        return self.draft.is_urgent

    @property
    def send_at(self) -> datetime | None:
        return self.draft.send_at

    @property
    def over(self) -> timedelta:
        return self.draft.over

    @property
    def expires_at(self) -> datetime | None:
        return self.draft.expires_at

    @property
    def written_by(self) -> Hand:
        """Whose words the present ones are, as they stand."""
        return self.writers[-1]

    @property
    def approved_by(self) -> Hand | None:
        return self.approved

    @property
    def has_left(self) -> bool:
        """Somebody may have it. Of anything else residents are told nothing."""
        return self.begun_at is not None

    @property
    def overrides(self) -> bool:
        """It may go out by night and beyond the caps: two persons have said so, of a notice that is marked urgent."""
        return self.is_urgent and len(self.urged) >= TWO

    @property
    def is_cleared(self) -> bool:
        return self.cleared is not None and self.cleared_words == self.draft.words

    def was_written_by(self, person: str, name: str) -> bool:
        return any(hand.is_of(person, name) for hand in self.writers)

    def is_past(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_news(self, now: datetime) -> bool:
        """Whether it is among what waits for whoever comes and asks."""
        return self.state in LEFT - {State.STOPPED, State.RECALLED} and not self.is_past(now)

    # ── As it is kept ─────────────────────────────────────────────────────────────────────────────────────────

    def body(self) -> str:
        """Everything but what has a column of its own."""
        return canonical(
            {
                "draft": self.draft.plain(),
                "writers": [hand.plain() for hand in self.writers],
                "submitted": _hand(self.submitted),
                "approved": _hand(self.approved),
                "rejected": _hand(self.rejected),
                "cleared": _hand(self.cleared),
                "cleared_words": self.cleared_words,
                "urged": [hand.plain() for hand in self.urged],
                "ended": _hand(self.ended),
            }
        )

    def with_body(self, body: str) -> Self:
        read = json.loads(body)
        return replace(
            self,
            draft=Draft.read(read["draft"]),
            writers=tuple(Hand.read(each) for each in read["writers"]),
            submitted=_read_hand(read["submitted"]),
            approved=_read_hand(read["approved"]),
            rejected=_read_hand(read["rejected"]),
            cleared=_read_hand(read["cleared"]),
            cleared_words=read["cleared_words"],
            urged=tuple(Hand.read(each) for each in read["urged"]),
            ended=_read_hand(read["ended"]),
        )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else read_moment(text)


def _hand(hand: Hand | None) -> Any:
    return None if hand is None else hand.plain()


def _read_hand(plain: Any) -> Hand | None:
    return None if plain is None else Hand.read(plain)
