"""What is written to somebody who agreed to be asked: an invitation is the privacy lines and the first question, so that one tap is already
an answer. Pure: it knows neither who is written to nor whether they have answered.

Its choices are acts of their own, `v.<wave>.<unit>.<act of the question>`: what would be an answer, if there were a session. Whoever taps
one begins it and answers in the same step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from surveys import texts
from surveys.doors import Doors
from surveys.entry import Stream
from surveys.forms import questions, turns
from surveys.forms.form import Kind, Question
from surveys.forms.prompts import AWAY_FROM_ANSWERS, NUMBERS_ARE_ANSWERS, Occasion, View
from surveys.forms.session import Session
from surveys.reminding import MOST
from surveys.running import Running, local
from surveys.taps import Message, Offer, by_number
from surveys.units import Unit

__all__ = [
    "BEGIN",
    "CONTINUE",
    "LATER",
    "QUIET",
    "TYPED",
    "Tapped",
    "act_typed",
    "half_done",
    "invitation",
    "read",
]

BEGIN = "begin"
"""To the first question, without an answer to it."""
CONTINUE = "continue"
LATER = "later"
"""Once more, this evening."""
TYPED = "typed"
"""What they wrote is the answer, as it stands."""
QUIET = "quiet"
"""No word about this wave any more."""
ANSWERS = ("answer", "pick")
SEVERAL = frozenset({Kind.SELECT_MULTIPLE, Kind.RANK})
NOWHERE = ""  # where it does not matter which ward is asked about
LONGEST_TYPED = 60  # characters; what is longer is no choice of a list


@dataclass(frozen=True, slots=True)
class Tapped:
    """What was tapped under an invitation."""

    wave: int
    unit: str
    act: str
    """Of a session in that wave, or one of those above."""


def read(act: str) -> Tapped | None:
    """The tap behind an act; None for one that is none of an invitation's."""
    match act.split(".", 3):
        case ["v", wave, unit, rest] if wave.isdigit() and rest:
            return Tapped(int(wave), unit, rest)
    return None


def invitation(
    language: str,
    running: Running,
    unit: Unit,
    *,
    is_again: bool = False,
    reminder: int = 0,
    with_numbers: bool = True,
) -> Message:
    """The first question of a wave, as it comes to somebody unasked. `is_again`: the same may have come before. `reminder`: which one it is,
    0 for none. Without numbers it asks nothing yet: its reader is at a question of another survey, and what they type answers that one."""
    first = [
        *_before(language, is_again=is_again, reminder=reminder),
        *_promise(language, running, unit),
        "",
    ]
    quiet = "button.remind_no_more" if reminder else "button.decline"
    if not with_numbers:
        text = "\n".join([*first, texts.say(language, "invite.after_this")])
        begin = _offer(language, "button.answer", running.id, unit.code, BEGIN)
        return Message(texts.clipped(text), (begin, *_otherwise(language, running.id, unit.code, quiet)))
    view = _view(language, running, unit.code)
    *notes, question = turns.begin(running.form, view.session, view.occasion).say
    offers = _choices(view, question, quiet)
    closing = "invite.consent" if _is_answer(offers[0]) else "invite.consent_first"
    lines = [*first, *(note.text for note in notes), question.text]
    return Message(_fitting(lines, texts.say(language, closing)), offers)


def half_done(language: str, running: Running, unit: Unit, *, reminder: int = 0) -> Message:
    """To somebody who began and stopped on the way: where they stopped is not said, a chat has many readers."""
    lines = [
        *_before(language, is_again=False, reminder=reminder),
        texts.say(
            language, "invite.half_done", title=running.title, closes=texts.day(language, running.closes_on)
        ),
    ]
    go_on = _offer(language, "button.resume", running.id, unit.code, CONTINUE)
    offers = (go_on, *_otherwise(language, running.id, unit.code, "button.remind_no_more"))
    return Message(texts.clipped("\n".join(lines)), offers)


def act_typed(language: str, running: Running, text: str) -> str | None:
    """What somebody means who types this under an invitation, as the act of its choice: its number, or its very words. `TYPED` where
    several may be chosen, and what they typed is the answer; None where it is none."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST_TYPED:
        return None
    view = _view(language, running, NOWHERE)
    if view.current is not None and view.current.kind in SEVERAL and _is_readable(view, view.current, text):
        # In an order of chance, its numbers would mean others in a session than they did here.
        return BEGIN if view.current.randomize else TYPED
    *_, question = turns.begin(running.form, view.session, view.occasion).say
    offers = _choices(view, question, "button.decline")
    if text.isdecimal():
        found = by_number(offers, int(text))
    else:
        wanted = questions.fold(text)
        found = next((each for each in offers if questions.fold(each.label) == wanted), None)
    tapped = read(found.act) if found is not None else None
    return tapped.act if tapped is not None else None


def _is_readable(view: View, question: Question, text: str) -> bool:
    day = view.occasion.now.date()
    try:
        questions.read(question, view.walk.choices(question), text, view.session.language, today=day)
    except questions.Unreadable:
        return False
    return True


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _before(language: str, *, is_again: bool, reminder: int) -> Iterator[str]:
    if language in texts.UNREVIEWED:
        yield texts.say(language, "language.unreviewed")
    if reminder:
        yield texts.say(language, "invite.last_reminder" if reminder >= MOST else "invite.reminder")
    elif is_again:
        yield texts.say(language, "invite.again")


def _promise(language: str, running: Running, unit: Unit) -> Iterator[str]:
    """What is asked, for how long and until when; then what the privacy card says, in two lines."""
    yield texts.say(
        language,
        "about",
        title=running.title,
        ward=unit.name_within,
        count=running.count,
        minutes=running.minutes,
        closes=texts.day(language, running.closes_on),
    )
    until = texts.day(language, running.withdrawal_until)
    yield texts.say(language, "invite.privacy", k=running.k, until=until)


def _choices(view: View, question: Message, quiet: str) -> tuple[Offer, ...]:
    """Its answers, or the way to it where none can be tapped; then what can be done instead."""
    session = view.session
    answers = [
        replace(each, act=_act(session.wave, session.unit, each.act.split(".", 2)[2]))
        for each in question.offers
        if each.act.split(".")[2] in ANSWERS
    ]
    begin = _offer(session.language, "button.answer", session.wave, session.unit, BEGIN)
    offers = answers or [begin]
    numbers = _free_numbers(view, offers)
    others = _otherwise(session.language, session.wave, session.unit, quiet)
    return (*offers, *(replace(each, number=next(numbers)) for each in others))


def _otherwise(language: str, wave: int, unit: str, quiet: str) -> tuple[Offer, ...]:
    """What can be done instead of answering."""
    return (
        _offer(language, "button.tonight", wave, unit, LATER),
        _offer(language, quiet, wave, unit, QUIET),
    )


def _view(language: str, running: Running, unit: str) -> View:
    """The wave as somebody sees it who has not begun. What the first question looks like does not depend on who will answer it."""
    nobody = Session(running.id, unit, Stream.INVITED, language, receipt="", seed=running.slug)
    occasion = Occasion(
        now=local(running.opens_at),
        closes_on=running.closes_on,
        withdrawal_until=running.withdrawal_until,
        checkable_after=running.sealed_on,
        doors=Doors(),
    )
    return View(running.form, nobody, occasion)


def _is_answer(offer: Offer) -> bool:
    tapped = read(offer.act)
    return tapped is not None and tapped.act.split(".")[0] in ANSWERS


def _offer(language: str, key: str, wave: int, unit: str, act: str) -> Offer:
    return Offer(texts.say(language, key), _act(wave, unit, act))


def _act(wave: int, unit: str, act: str) -> str:
    return f"v.{wave}.{unit}.{act}"


def _free_numbers(view: View, offers: Sequence[Offer]) -> Iterator[int]:
    """Numbers that no answer has, and where any number may be an answer, that nobody answers with."""
    if view.current is not None and view.current.kind in NUMBERS_ARE_ANSWERS:
        return iter(AWAY_FROM_ANSWERS.values())
    places = (place if each.number is None else each.number for place, each in enumerate(offers, start=1))
    return count(1 + max(places))


def _fitting(lines: Sequence[str], closing: str) -> str:
    """The closing line says what a tap means: whatever is cut, it is not that."""
    room = texts.LONGEST - texts.length(closing) - 1
    return f"{texts.clipped(chr(10).join(lines), room)}\n{closing}"
