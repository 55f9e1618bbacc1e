"""How a notice reads: what a resident sees on each kind of channel, and what an officer sees as its preview – the same function, so the
same words. Also what is told when it is taken back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from surveys import texts
from surveys.conversation import Entity, Style
from surveys.notices.notice import Category, Notice, Push, Topic
from surveys.notices.text import Text
from surveys.taps import Offer
from surveys.told_notices import ToldNotice
from surveys.waves import LOCAL

__all__ = ["BUTTONED", "Occasion", "Telling", "corrected", "listed", "office", "told", "topic", "when"]

BUTTONED = frozenset({"telegram", "zalo"})
"""Kinds of channels that bring notices and have buttons. On the others what can be done is typed."""


PICTURED = frozenset({"telegram", "zalo", "web"})
"""Kinds of channels that can show a picture of ours."""


class Occasion(StrEnum):
    """Why somebody reads it now."""

    FIRST = "first"
    AGAIN = "again"
    """An urgent one is repeated once, and says so."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One message, before it is made out to a person."""

    text: str
    entities: tuple[Entity, ...] = ()
    image: str | None = None
    """The digest of the picture above it."""
    offers: tuple[Offer, ...] = ()


def told(
    notice: Notice, language: str, kind: str, *, office: str, occasion: Occasion = Occasion.FIRST
) -> Telling:
    """`kind`: the head of `Address.account` (`telegram`, `zalo` …). `office`: the unit's name within a sentence (“phường Long Đức”)."""
    offers = _offers(notice, language, kind)
    head = _head(notice, language, office, occasion)
    body, entities = _shown(notice.draft.in_language(language))
    moved = len(head) + len(GAP)
    return Telling(
        head + GAP + body + GAP + _foot(notice, language, has_buttons=kind == "telegram"),
        (
            Entity(Style.BOLD, 0, len(head)),
            *(Entity(each.style, each.offset + moved, each.length) for each in entities),
        ),
        notice.image if kind in PICTURED else None,
        offers,
    )


def corrected(notice: Notice, language: str, *, office: str) -> Telling:
    """What those read who have it and from whom it cannot be taken away: that it does not hold any more, and why."""
    reason = notice.ended.reason if notice.ended is not None else ""
    key = "notice.recalled" if reason else "notice.recalled_without_reason"
    text = texts.say(language, key, office=office, code=notice.code, reason=reason)
    return Telling(texts.clipped(text))


def listed(notice: Notice, language: str, *, office: str) -> ToldNotice:
    """As it stands among what is new, for whoever comes and asks."""
    text = notice.draft.in_language(language)
    about = topic(language, notice.category)
    if notice.is_urgent:
        about = f"{texts.say(language, 'notice.urgent')} · {about}"
    since = notice.begun_at or notice.writers[0].at
    return ToldNotice(
        code=notice.code,
        title=texts.clipped(f"{about}: {text.first_line}", LONGEST_TITLE),
        text=_shown(text)[0] + GAP + _foot(notice, language, has_buttons=True),
        place=office,
        since=since.astimezone(LOCAL).date(),
    )


TOPICS: Mapping[Topic, str] = {
    Category.SCAM: "topic.scam",
    Category.TRAFFIC: "topic.traffic",
    Category.PROCEDURE: "topic.procedure",
    Category.FIRE: "topic.fire",
    Category.OTHER: "topic.other",
    Push.SURVEYS: "topic.surveys",
    Push.BUSINESSES: "topic.businesses",
}


def topic(language: str, topic: Topic) -> str:
    return texts.say(language, TOPICS[topic])


def office(language: str, name: str) -> str:
    """“Công an phường Long Đức”."""
    return texts.say(language, "notice.office", office=name)


def when(language: str, at: datetime) -> str:
    """“20:00 ngày 30/11/2026”, as the clock on the wall shows it."""
    local = at.astimezone(LOCAL)
    return texts.say(language, "moment", time=f"{local:%H:%M}", day=texts.day(language, local.date()))


GAP = "\n\n"
LONGEST_TITLE = 60  # UTF-16 units: it stands on a button


def _head(notice: Notice, language: str, office: str, occasion: Occasion) -> str:
    head = texts.say(
        language,
        "notice.head",
        office=office,
        topic=topic(language, notice.category),
        code=notice.code,
    )
    if notice.is_urgent:
        head = f"{texts.say(language, 'notice.urgent')} · {head}"
    if occasion is Occasion.AGAIN:
        head = f"{texts.say(language, 'notice.again')} · {head}"
    return head


def _foot(notice: Notice, language: str, *, has_buttons: bool) -> str:
    lines = []
    if notice.expires_at is not None:
        lines.append(texts.say(language, "notice.until", until=when(language, notice.expires_at)))
    lines.append(texts.say(language, "notice.check", code=notice.code))
    if not has_buttons:
        lines.append(texts.say(language, "notice.typed", code=notice.code))
    return "\n".join(lines)


def _offers(notice: Notice, language: str, kind: str) -> tuple[Offer, ...]:
    # Zalo's picture takes the place of its buttons.
    if kind not in BUTTONED or (kind == "zalo" and notice.image):
        return ()
    return (
        Offer(texts.say(language, "button.seen"), f"l.seen.{notice.code}"),
        Offer(texts.say(language, "button.fewer"), "l.notices"),
    )


def _shown(text: Text) -> tuple[str, tuple[Entity, ...]]:
    """The text with every link in full, and what stands out in it. Words that hide an address have it behind them in brackets."""
    pieces: list[str] = []
    inserted: list[tuple[int, int]] = []
    at = 0
    for link in text.entities:
        if link.style is not Style.LINK or text.text[link.offset : link.end] == link.url:
            continue
        full = f" ({link.url})"
        pieces.append(text.text[at : link.end] + full)
        inserted.append((link.end, len(full)))
        at = link.end
    pieces.append(text.text[at:])
    entities = tuple(_stretched(each, inserted) for each in text.entities if each.style is not Style.LINK)
    return "".join(pieces), entities


def _stretched(entity: Entity, inserted: list[tuple[int, int]]) -> Entity:
    """The same words, where they stand once addresses have been written among them."""
    start = entity.offset + sum(length for place, length in inserted if place <= entity.offset)
    end = entity.end + sum(length for place, length in inserted if place < entity.end)
    return Entity(entity.style, start, end - start)
