"""How a question, a list of questions and a farewell are put into words and offers. It decides nothing, and never repeats a choice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import count

from surveys import evenings, screening, texts
from surveys.doors import Doors
from surveys.forms import questions
from surveys.forms.form import Choice, Form, Kind, Question, Role
from surveys.forms.session import Held, Menu, Session
from surveys.forms.walk import Walk
from surveys.screening import Trace
from surveys.taps import Message, Offer

__all__ = ["Occasion", "View", "act_for", "menu_of"]

NEVER_ASKED = frozenset({Kind.NOTE, Kind.CALCULATE, Kind.HIDDEN})
MOST_STEPS = 11  # a range with more steps than 0 … 10 is typed, not tapped
LABEL_IN_LIST = 90  # UTF-16 units of a question in the list for review
LISTED = 12  # questions a page of that list
LABEL_OF_BUTTON = 60  # UTF-16 units; a phone shows no more on one line

# Where any number may be the answer, buttons get numbers nobody answers with, as paper forms code what is missing.
AWAY_FROM_ANSWERS = {"skip": 999, "back": 998, "keep": 997, "more": 996}
NUMBERS_ARE_ANSWERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.RANGE, Kind.TIME, Kind.DATE})
NAMED = {
    Trace.PHONE: "screening.phone",
    Trace.IDENTITY: "screening.identity",
    Trace.PLATE: "screening.plate",
    Trace.EMAIL: "screening.email",
    Trace.NUMBER: "screening.number",
    Trace.NAME: "screening.name",
}
TYPING_HINTS = {
    Kind.INTEGER: "hint.number",
    Kind.DECIMAL: "hint.number",
    Kind.DATE: "hint.date",
    Kind.TIME: "hint.time",
    Kind.GEOPOINT: "hint.place",
    Kind.IMAGE: "hint.picture",
    Kind.SELECT_MULTIPLE: "hint.several",
    Kind.RANK: "hint.rank",
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a conversation about a form must know of the world around it."""

    now: datetime
    """Local time, aware."""
    closes_on: date
    """The last day of the wave."""
    withdrawal_until: date
    """The last day on which answers can be taken back."""
    checkable_after: date
    """The day after which a receipt can be checked."""
    doors: Doors
    languages: tuple[str, ...] = texts.LANGUAGES
    evening: datetime | None = None
    """When this person can be asked again who says “later”; None where they cannot be."""
    unfinished: tuple[int, str] | None = None
    """Another wave in which they stopped on the way, and its title."""
    joins: str = ""
    """The topic they can be asked to join now, to be invited to such surveys: once, and only who has not."""


def act_for(wave: int, act: str) -> str:
    """An act of a session, made out to its wave."""
    return f"s.{wave}.{act}"


def menu_of(offers: Sequence[Offer]) -> Menu:
    """What a session remembers of offers it makes: number → act, without the wave."""
    return tuple(
        (place if offer.number is None else offer.number, offer.act.split(".", 2)[2])
        for place, offer in enumerate(offers, start=1)
    )


class View:
    """A session as its person sees it now. Made for one turn; everything is worked out when it is first asked for."""

    def __init__(self, form: Form, session: Session, occasion: Occasion) -> None:
        self.form = form
        self.session = session
        self.occasion = occasion
        self.answers = session.values
        self.walk = Walk(form, self.answers, seed=session.seed, today=occasion.now.date(), now=occasion.now)

    def say(self, key: str, **params: object) -> str:
        return texts.say(self.session.language, key, **params)

    def offer(self, key: str, act: str, typed: int | None = None, /, **params: object) -> Offer:
        return Offer(self.say(key, **params), act_for(self.session.wave, act), typed)

    # ── Where they are ────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def asked(self) -> tuple[Question, ...]:
        """The questions that apply, without the notes between them."""
        questions = self.form.questions
        if any(each.relevant is not None or each.choice_filter is not None for each in questions):
            questions = self.walk.visible
        return tuple([each for each in questions if each.kind not in NEVER_ASKED])

    @cached_property
    def current(self) -> Question | None:
        """The question that waits for an answer; None at the end. Never a note."""
        if self.session.at is not None:
            for question in self.asked:
                if question.name == self.session.at:
                    return question
        waiting = self.walk.waiting()
        if waiting is not None and waiting.kind is Kind.NOTE:
            return next((each for each in self.asked if each.name not in self.answers), None)
        return waiting

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {each.name: number for number, each in enumerate(self.asked, start=1)}

    def number(self, question: Question) -> int:
        """Its place among the questions that apply, from 1; 0 when it does not apply."""
        return self._numbers.get(question.name, 0)

    def place(self, question: Question) -> int:
        """Its place in the form, from 0, which never changes."""
        for place, each in enumerate(self.form.questions):
            if each is question or each.name == question.name:
                return place
        raise KeyError(question.name)

    def before(self, question: Question | None) -> Question | None:
        """The question before this one; the last one when None is given."""
        if question is None:
            return self.asked[-1] if self.asked else None
        place = self.number(question) - 2
        return self.asked[place] if place >= 0 else None

    # ── A question ────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, question: Question, first: str = "") -> Message:
        """The question, after a remark."""
        if self.session.held is not None:
            return self._held(first)
        language = self.session.language
        lines = [first] if first else []
        lines.append(self._position(question) + self.walk.label(question, language))
        hint = self.walk.hint(question, language) or self._usual_hint(question)
        if hint:
            lines.append(f"({hint.strip('()')})")
        return Message(texts.clipped("\n".join(lines)), (*self._answers(question), *self._controls(question)))

    def stamp(self, question: Question) -> str:
        """What its message becomes once it is answered: that it was, never how."""
        return self._position(question) + self.say("noted")

    def _position(self, question: Question) -> str:
        return f"{self.number(question)}/{len(self.asked)}  "

    def _usual_hint(self, question: Question) -> str:
        if question.kind is Kind.TEXT:
            return self.say("hint.comment") if question.role is Role.COMMENT else self.say("hint.text")
        key = TYPING_HINTS.get(question.kind)
        return self.say(key) if key else ""

    def _answers(self, question: Question) -> list[Offer]:
        place, wave = self.place(question), self.session.wave
        match question.kind:
            case Kind.SELECT_ONE:
                return self._choices(question, f"s.{wave}.answer.{place}.")
            case Kind.SELECT_MULTIPLE | Kind.RANK:
                offers = self._choices(question, f"s.{wave}.pick.{place}.")
                number = 1 + max((offer.number or 0 for offer in offers), default=0)
                return [*offers, self.offer("button.picked", f"picked.{place}", number)]
            case Kind.ACKNOWLEDGE:
                return [self.offer("button.understood", f"answer.{place}.0", 1)]
            case Kind.RANGE:
                return self._steps(question, f"s.{wave}.answer.{place}.")
        return []

    def _choices(self, question: Question, act: str) -> list[Offer]:
        language = self.session.language
        places = {choice.name: str(place) for place, choice in enumerate(question.choices)}
        choices = self.walk.choices(question)
        return [
            Offer(
                label_of(choice, language, self.form.language), act + places.get(choice.name, "other"), number
            )
            for number, choice in zip(questions.numbers(choices), choices, strict=True)
        ]

    def _steps(self, question: Question, act: str) -> list[Offer]:
        steps = range_steps(question)
        if len(steps) > MOST_STEPS:
            return []
        return [
            Offer(step, f"{act}{place}", int(step) if step.isdigit() else None)
            for place, step in enumerate(steps)
        ]

    def _controls(self, question: Question) -> list[Offer]:
        acts: list[tuple[str, str]] = []
        place = self.place(question)
        if self.session.at is not None and self.session.at in self.answers:
            acts.append(("keep", "continue"))
        if not self.walk.is_required(question):
            acts.append(("skip", f"skip.{place}"))
        if self.number(question) > 1:
            acts.append(("back", f"back.{place}"))
        acts.append(("more", "more"))
        if question.kind in NUMBERS_ARE_ANSWERS:
            return [self.offer(f"button.{name}", act, AWAY_FROM_ANSWERS[name]) for name, act in acts]
        numbers = count(1 + self._greatest_number(question))
        return [self.offer(f"button.{name}", act, next(numbers)) for name, act in acts]

    def _greatest_number(self, question: Question) -> int:
        match question.kind:
            case Kind.SELECT_ONE:
                return max(questions.numbers(self.walk.choices(question)), default=0)
            case Kind.SELECT_MULTIPLE | Kind.RANK:
                return 1 + max(questions.numbers(self.walk.choices(question)), default=0)
            case Kind.ACKNOWLEDGE:
                return 1
        return 0

    def _held(self, first: str) -> Message:
        """A text waits for a decision: what is wrong with it, and what can be done."""
        question, session = self.current, self.session
        place = self.place(question) if question else 0
        offers: tuple[Offer, ...]
        match session.held_for:
            case Held.ALARM:
                text = self.occasion.doors.emergency(session.language, session.unit)
                offers = (self.offer("button.no_emergency", "calm"),)
            case Held.DENUNCIATION:
                text = self.occasion.doors.denunciation(session.language)
                office = self.occasion.doors.province_named(session.language)
                offers = (
                    self.offer("button.to_province", f"whole.{place}", office=office),
                    self.offer("button.rewrite", f"rewrite.{place}"),
                )
            case _:
                office = self.occasion.doors.province_named(session.language)
                traces = {found.trace for found in screening.findings(session.held or "")}
                text = self.say("screening.found", traces=self._named(traces))
                is_numbers = traces.isdisjoint({Trace.EMAIL, Trace.NAME})
                offers = (
                    self.offer("button.redact" if is_numbers else "button.redact_words", f"redact.{place}"),
                    self.offer("button.rewrite", f"rewrite.{place}"),
                    self.offer("button.whole", f"whole.{place}", office=office),
                )
        return Message(f"{first}\n{text}" if first else text, offers)

    def _named(self, traces: Collection[Trace]) -> str:
        """“số điện thoại và biển số”: what was found, so that its writer knows where to look."""
        named = [self.say(key) for trace, key in NAMED.items() if trace in traces]
        if len(named) < 2:
            return "".join(named)
        return f"{', '.join(named[:-1])} {self.say('screening.and')} {named[-1]}"

    # ── Menus ─────────────────────────────────────────────────────────────────────────────────────────────────

    def position_menu(self, older: Question | None = None) -> Message:
        """Where they are, with the way on, and the way back to a question answered before."""
        current = self.current
        if current is None:
            text, on = self.say("position.end"), self.offer("button.to_end", "continue")
        else:
            number = self.number(current)
            text = self.say("position", number=number, total=len(self.asked))
            on = self.offer("button.continue", "continue", number=number)
        if older is None:
            return Message(text, (on,))
        edit = self.offer("button.edit", f"edit.{self.place(older)}", number=self.number(older))
        return Message(text, (on, edit))

    def more(self) -> Message:
        """Everything that can be done in the middle of a survey."""
        where = self.position_menu()
        return Message(
            where.text,
            (
                *where.offers,
                self.offer("button.review", "review.0"),
                self.offer("button.language", "language"),
                self.offer("button.help", "help"),
                self.offer("button.stop", "stop"),
                self.offer("button.elsewhere", "menu"),
            ),
        )

    def language_menu(self) -> Message:
        offers = [
            Offer(name, act_for(self.session.wave, f"language.{code}"))
            for code, name in texts.NAMES.items()
            if code in self.occasion.languages
        ]
        return Message(self.say("language.which"), tuple(offers))

    def stopped(self) -> Message:
        closes = texts.day(self.session.language, self.occasion.closes_on)
        return Message(
            self.say("stopped", closes=closes),
            (
                self.offer("button.resume", "continue"),
                self.offer("button.withdraw", "data"),
                self.offer("button.elsewhere", "menu"),
            ),
        )

    def postponed(self) -> Message:
        closes = texts.day(self.session.language, self.occasion.closes_on)
        text = self.say("postponed", closes=closes)
        if self.occasion.evening is None:
            return Message(text, (self.offer("button.resume", "continue"),))
        # No button: a number they type goes on meaning the question that waits, now and this evening.
        when = evenings.moment(self.session.language, self.occasion.evening)
        return Message(f"{text}\n{self.say('evening.kept', when=when)}")

    def emergency(self) -> Message:
        text = self.occasion.doors.emergency(self.session.language, self.session.unit)
        return Message(text, (self.offer("button.no_emergency", "calm"),))

    def denunciation(self) -> Message:
        return Message(self.occasion.doors.denunciation(self.session.language))

    def review(self, page: int) -> Message:
        """The questions met so far, to pick one by its number. What was answered is not shown: a chat has many readers."""
        met = [question for question in self.asked if question.name in self.answers]
        pages = max(1, -(-len(met) // LISTED))
        page = page % pages
        lines, offers = [self.say("review.pick")], []
        for question in met[page * LISTED : (page + 1) * LISTED]:
            number = self.number(question)
            label = " ".join(self.walk.label(question, self.session.language).split())
            lines.append(f"{number}. {texts.clipped(label, LABEL_IN_LIST)}")
            offers.append(
                self.offer("button.question", f"edit.{self.place(question)}", number, number=number)
            )
        after = count(len(self.asked) + 1)
        if pages > 1:
            offers.append(self.offer("button.more_questions", f"review.{page + 1}", next(after)))
        offers.append(self.offer("button.reviewed", "continue", 0))
        return Message(texts.clipped("\n".join(lines)), tuple(offers))

    def farewell(self, first: str = "") -> Message:
        """The last message: the same for everybody, whatever they answered."""
        after = texts.day(self.session.language, self.occasion.checkable_after)
        closes = texts.day(self.session.language, self.occasion.closes_on)
        lines = [first] if first else []
        lines.append(self.say("thanks", receipt=self.session.receipt, after=after, closes=closes))
        offers = [self.offer("button.review", "review.0")]
        if self.occasion.unfinished is not None:
            wave, title = self.occasion.unfinished
            go_on = self.offer("button.survey_go_on", f"lobby.survey.{wave}", title=title)
            offers.append(replace(go_on, label=texts.clipped(go_on.label, LABEL_OF_BUTTON)))
        if self.occasion.joins:
            lines.append(self.say("surveys.ask"))
            act = f"lobby.join.{self.session.unit}.{self.occasion.joins}"
            offers.append(self.offer("button.surveys", act))
        offers += [self.offer("button.notices", "notices"), self.offer("button.elsewhere", "menu")]
        return Message("\n".join(lines), tuple(offers))


def label_of(choice: Choice, language: str, otherwise: str) -> str:
    words = choice.label
    label = words.get(language) or words.get(otherwise) or next(iter(words.values()), choice.name)
    return texts.clipped(label, LABEL_OF_BUTTON)


def range_steps(question: Question) -> tuple[str, ...]:
    """The values of a range in their lexical form; () for more than a person could be shown."""
    start, end, step = (Decimal(part) for part in question.span or ("1", "10", "1"))
    if step == 0 or (end - start) / step < 0:
        step = -step
    if step == 0 or (end - start) / step >= MOST_STEPS:
        return ()
    values = [start + step * place for place in range(int((end - start) / step) + 1)]
    return tuple(_lexical(value) for value in values)


def _lexical(value: Decimal) -> str:
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
