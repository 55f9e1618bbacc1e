"""Which topics of which wards somebody wants: the pages on which they choose, and what they agree to in its own words. Pure.

A choice that is not agreed to yet travels in the buttons, as a number: nothing is kept of it."""

from collections.abc import Iterable, Mapping

from surveys import texts
from surveys.lobby_pages import LABEL, Pages
from surveys.notices import EVERY_TOPIC, Category, topic
from surveys.taps import Message, Offer
from surveys.units import Gazetteer, Unit

__all__ = ["EVERY", "MOST_WARDS", "Wants", "consent", "mine", "number_of", "topics_of", "topics_page"]

Wants = Mapping[str, frozenset[Category]]
"""Unit → topics."""

EVERY = 2 ** len(EVERY_TOPIC) - 1
MOST_WARDS = (
    10  # home, parents, shop, and room to spare; a list of everybody's wards would tell who somebody is
)


def number_of(topics: Iterable[Category]) -> int:
    """A choice of topics as it stands in a button."""
    chosen = frozenset(topics)
    return sum(1 << place for place, each in enumerate(EVERY_TOPIC) if each in chosen)


def topics_of(number: int) -> tuple[Category, ...]:
    return tuple(each for place, each in enumerate(EVERY_TOPIC) if number >> place & 1)


def consent(language: str, gazetteer: Gazetteer, wants: Wants) -> str:
    """What somebody has agreed to, all of it, in the words they were shown: kept as its evidence."""
    lines = [
        texts.say(
            language, "notices.about", ward=gazetteer.unit(unit).name_within, topics=_listed(language, topics)
        )
        for unit, topics in sorted(wants.items())
        if topics
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
        offers.append(pages.offer("button.enrol_in", f"topics.{here.code}.{EVERY}", ward=here.name))
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
            pages.say("notices.about", ward=unit.name_within, topics=_listed(language, chosen)),
            pages.say("notices.keeping"),
            pages.say("notices.choose"),
            pages.say("notices.agree"),
        ]
    )
    agree = pages.offer("button.enrol", f"enrol.{unit.code}.{number}")
    return _message(text, [agree, pages.offer("button.no_thanks", "menu"), *toggles, unfollow])


def _toggle(pages: Pages, unit: Unit, number: int, each: Category) -> Offer:
    is_chosen = each in topics_of(number)
    key = "button.chosen" if is_chosen else "button.not_chosen"
    label = pages.say(key, topic=topic(pages.lobby.language, each))
    return Offer(label, f"l.topics.{unit.code}.{number ^ number_of((each,))}")


def _listed(language: str, topics: Iterable[Category]) -> str:
    chosen = frozenset(topics)
    names = (topic(language, each) for each in EVERY_TOPIC if each in chosen)
    return ", ".join(name[:1].lower() + name[1:] for name in names)


def _message(text: str, offers: list[Offer]) -> Message:
    clipped = (Offer(texts.clipped(each.label, LABEL), each.act) for each in offers)
    return Message(texts.clipped(text), tuple(clipped))
