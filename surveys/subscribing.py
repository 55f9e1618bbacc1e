"""Which topics of which wards somebody wants: the pages on which they choose, and what they agree to in its own words. Pure.

A choice that is not agreed to yet travels in the buttons, as a number: nothing is kept of it."""

from collections.abc import Iterable, Mapping

from surveys import texts
from surveys.lobby_pages import LABEL, Pages
from surveys.notices import EVERY_TOPIC, Category, Push, Topic, topic
from surveys.taps import Message, Offer
from surveys.units import Gazetteer, Unit

__all__ = [
    "EVERY",
    "MOST_WARDS",
    "USUAL",
    "Wants",
    "consent",
    "mine",
    "noted",
    "number_of",
    "topics_of",
    "topics_page",
]

Wants = Mapping[str, frozenset[Topic]]
"""Unit → topics."""

EVERY = 2 ** len(EVERY_TOPIC) - 1
"""Every choice there is."""
MOST_WARDS = (
    10  # home, parents, shop, and room to spare; a list of everybody's wards would tell who somebody is
)


def number_of(topics: Iterable[Topic]) -> int:
    """A choice of topics as it stands in a button."""
    chosen = frozenset(topics)
    return sum(1 << place for place, each in enumerate(EVERY_TOPIC) if each in chosen)


def topics_of(number: int) -> tuple[Topic, ...]:
    return tuple(each for place, each in enumerate(EVERY_TOPIC) if number >> place & 1)


USUAL = number_of(Category)
"""What is proposed to whoever asks for a ward's notices. Never a survey: that is another purpose, and asked for by itself."""


def noted(topics: Iterable[Topic]) -> str:
    """The key of what is said once they have agreed."""
    chosen = frozenset(topics)
    if chosen.isdisjoint(Push):
        return "notices.enrolled"
    return "surveys.enrolled" if chosen.isdisjoint(Category) else "notices.enrolled_in_both"


def consent(language: str, gazetteer: Gazetteer, wants: Wants) -> str:
    """What somebody has agreed to, all of it, in the words they were shown: kept as its evidence."""
    lines = [
        line
        for unit, topics in sorted(wants.items())
        for line in _about(language, gazetteer.unit(unit).name_within, topics)
    ]
    return "\n".join([*lines, texts.say(language, "notices.keeping")])


def mine(pages: Pages, wants: Wants) -> Message:
    """What they get now, and what can be changed about it."""
    units = [pages.world.gazetteer.unit(code) for code in sorted(wants) if pages.is_unit(code)]
    lines = [pages.say("notices.mine")]
    for unit in units:
        listed = _listed(pages.lobby.language, wants[unit.code])
        lines.append(pages.say("notices.line", ward=unit.name_within, topics=listed))
    offers = [
        pages.offer("button.topics", f"topics.{unit.code}.{number_of(wants[unit.code])}", ward=unit.name)
        for unit in units
    ]
    here = pages.unit()
    if here is not None and here.code not in wants:
        offers.append(pages.offer("button.enrol_in", f"topics.{here.code}.{USUAL}", ward=here.name))
    offers += [
        pages.offer("button.follow", "follow"),
        pages.offer("button.unsubscribe", "unsubscribe"),
        pages.offer("button.menu", "menu"),
    ]
    return _message("\n".join(lines), offers)


def topics_page(pages: Pages, unit: Unit, number: int) -> Message:
    """One ward's topics: tapped to choose, and agreed to as a whole. Consent is for what stands there, and asked for by itself."""
    language, chosen = pages.lobby.language, topics_of(number)
    toggles = [_toggle(pages, unit, number, each) for each in EVERY_TOPIC]
    unfollow = pages.offer("button.unfollow", f"unfollow.{unit.code}", ward=unit.name)
    if not chosen:
        text = "\n".join(
            [pages.say("notices.none_chosen", ward=unit.name_within), pages.say("notices.choose")]
        )
        return _message(text, [*toggles, unfollow, pages.offer("button.menu", "menu")])
    text = "\n".join(
        [
            *_about(language, unit.name_within, chosen),
            pages.say("notices.keeping"),
            pages.say("notices.choose"),
            pages.say("notices.agree"),
        ]
    )
    key = "button.enrol" if set(Push).isdisjoint(chosen) else "button.enrol_chosen"
    agree = pages.offer(key, f"enrol.{unit.code}.{number}")
    return _message(text, [agree, pages.offer("button.no_thanks", "menu"), *toggles, unfollow])


def _about(language: str, ward: str, topics: Iterable[Topic]) -> list[str]:
    """What would be sent, a sentence for each purpose there is a topic of."""
    chosen = frozenset(topics)
    lines = []
    if not chosen.isdisjoint(Category):
        listed = _listed(language, chosen.difference(Push))
        lines.append(texts.say(language, "notices.about", ward=ward, topics=listed))
    if Push.SURVEYS in chosen:
        lines.append(texts.say(language, "surveys.about", ward=ward))
    if Push.BUSINESSES in chosen:
        lines.append(texts.say(language, "businesses.about", ward=ward))
    return lines


def _toggle(pages: Pages, unit: Unit, number: int, each: Topic) -> Offer:
    is_chosen = each in topics_of(number)
    key = "button.chosen" if is_chosen else "button.not_chosen"
    label = pages.say(key, topic=topic(pages.lobby.language, each))
    return Offer(label, f"l.topics.{unit.code}.{number ^ number_of((each,))}")


def _listed(language: str, topics: Iterable[Topic]) -> str:
    chosen = frozenset(topics)
    names = (topic(language, each) for each in EVERY_TOPIC if each in chosen)
    return ", ".join(name[:1].lower() + name[1:] for name in names)


def _message(text: str, offers: list[Offer]) -> Message:
    clipped = (Offer(texts.clipped(each.label, LABEL), each.act) for each in offers)
    return Message(texts.clipped(text), tuple(clipped))
