"""What one message changes in a session: `reply`. Pure: the same session and the same words give the same turn.

What was said first decides: an emergency, then a command, then the number of a menu, then an answer."""

from dataclasses import dataclass, replace
from enum import StrEnum

from surveys import commands, emergency, screening, texts
from surveys.commands import Command, Word
from surveys.conversation import Incoming
from surveys.forms import questions
from surveys.forms.form import Form, Kind, Question
from surveys.forms.prompts import Occasion, View, menu_of, range_steps
from surveys.forms.session import Held, Session
from surveys.taps import Message, by_number

__all__ = ["Exit", "Turn", "again", "begin", "closed", "reply"]

LONGEST_COMMENT = 2000  # characters; what is longer is a petition, and has another door


class Exit(StrEnum):
    """Where a person goes who leaves the survey: into the lobby, which is not ours."""

    MENU = "menu"
    DATA = "data"
    WARD = "wards"
    NOTICES = "notices"
    NEWS = "news"
    SURVEYS = "surveys"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one reply changed: all of it."""

    session: Session
    say: tuple[Message, ...] = ()
    stamp: str | None = None
    ended: bool = False
    """The last question was answered by this turn, for the first time."""
    stops: bool = False
    """The person said stop: nothing may be sent to them unasked any more."""
    is_later: bool = False
    """They are to be asked again this evening."""
    leaves: str | None = None
    """The page of the lobby they go to: an `Exit`, or one that a button of ours named."""


def begin(form: Form, session: Session, occasion: Occasion) -> Turn:
    """The first question, right after consent."""
    return _Turns(View(form, session, occasion)).on(session)


def again(form: Form, session: Session, occasion: Occasion, first: str = "") -> Turn:
    """Where the person is, said once more. The session is as it was, except that typed numbers mean what is shown."""
    return _Turns(View(form, session, occasion)).again(first)


def closed(form: Form, session: Session, occasion: Occasion) -> Message:
    """Said when the wave has closed: nothing is lost, nothing can be changed."""
    view = View(form, session, occasion)
    given = sum(1 for question in view.asked if view.answers.get(question.name))
    closes = texts.day(session.language, occasion.closes_on)
    until = texts.day(session.language, occasion.withdrawal_until)
    return Message(view.say("closed", closes=closes, until=until, count=given, receipt=session.receipt))


def reply(
    form: Form, session: Session, incoming: Incoming, occasion: Occasion, act: str | None = None
) -> Turn:
    """One message taken. `act` is what a tap of theirs means, without its wave; None when they wrote, or tapped nothing of ours."""
    turns = _Turns(View(form, session, occasion))
    if act is not None:
        return turns.tapped(act)
    if incoming.tap is not None:
        return turns.again()
    if incoming.location is not None:
        return turns.placed(*incoming.location)
    if incoming.photo is not None:
        return turns.pictured(incoming.photo)
    return turns.told(incoming.text.strip())


class _Turns:
    """The turns one view can take."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.session = view.session

    def _with(self, session: Session) -> "_Turns":
        if session is self.session:
            return self
        return _Turns(View(self.view.form, session, self.view.occasion))

    def _menu(self, message: Message, *, stamp: str | None = None) -> Turn:
        """A menu is shown: typed numbers mean its offers until something else is."""
        return Turn(replace(self.session, menu=menu_of(message.offers)), (message,), stamp)

    # ── Where we are, and on ──────────────────────────────────────────────────────────────────────────────────

    def again(self, first: str = "") -> Turn:
        question = self.view.current
        if question is None:
            return self._menu(self.view.farewell(first))
        message = self.view.ask(question, first)
        if self.session.held is not None:
            return self._menu(message)
        return Turn(replace(self.session, menu=()) if self.session.menu else self.session, (message,))

    def on(self, session: Session, stamp: str | None = None) -> Turn:
        """To the next question that waits, past notes, or to the end."""
        said: list[Message] = []
        turns = self._with(session)
        while (waiting := turns.view.walk.waiting()) is not None and waiting.kind is Kind.NOTE:
            said.append(Message(texts.clipped(turns.view.walk.label(waiting, session.language))))
            session = session.answered(waiting.name, "")
            turns = self._with(session)
        if turns.view.current is not None:
            turn = turns.again()
            return replace(turn, say=(*said, *turn.say), stamp=stamp)
        turn = turns.again()
        ended = not session.has_ended
        return replace(
            turn,
            session=replace(turn.session, has_ended=True),
            say=(*said, *turn.say),
            stamp=stamp,
            ended=ended,
        )

    def back(self) -> Turn:
        before = self.view.before(self.view.current)
        if before is None:
            return self.again(self.view.say("back.first"))
        return self._asking(before)

    def _asking(self, question: Question) -> Turn:
        """Asks a question once more, whatever was answered to it."""
        asking = replace(self.session, at=question.name, picked=(), held=None, held_for=None, menu=())
        return self._with(asking).again()

    def skip(self) -> Turn:
        question = self.view.current
        if question is None:
            return self.again()
        if self.view.walk.is_required(question):
            return self.again(self.view.say("skip.required"))
        return self._taken(question, None)

    def go_on(self) -> Turn:
        """Back to where the survey waits, leaving a question that was only looked at."""
        return self.on(replace(self.session, at=None, picked=(), menu=()))

    def _elsewhere(self, question: Question) -> Turn:
        """A button of another question was tapped: perhaps an old one, perhaps a second quick tap."""
        if question.name in self.view.answers and self.view.number(question):
            return self._menu(self.view.position_menu(question))
        return self.again()

    # ── Taps ──────────────────────────────────────────────────────────────────────────────────────────────────

    def tapped(self, act: str) -> Turn:
        match act.split("."):
            case [
                "answer" | "pick" | "picked" | "skip" | "back" | "redact" | "rewrite" | "whole" as verb,
                place,
                *choice,
            ]:
                return self._tapped_question(verb, place, choice[0] if choice else "")
            case ["continue"]:
                return self.go_on()
            case ["edit", place]:
                return self._edited(place)
            case ["review", page] if page.isdigit():
                return self._menu(self.view.review(int(page)))
            case ["more"]:
                return self._menu(self.view.more())
            case ["language", language] if language in self.view.occasion.languages:
                return self._in(language)
            case ["calm"]:
                return self._calm()
            case [("language" | "help" | "stop") as word]:
                return self.commanded(Command(Word(word)))
            case ["later"]:
                return self._postponed()
            case [("menu" | "data" | "notices") as word]:
                return Turn(self.session, leaves=Exit(word))
            case ["lobby", *page] if page:
                return Turn(self.session, leaves=".".join(page))
        return self.again()

    def _tapped_question(self, verb: str, place: str, choice: str) -> Turn:
        question = self._question_at(place)
        current = self.view.current
        if question is None:
            return self.again()
        if current is None or question.name != current.name:
            return self._elsewhere(question)
        match verb:
            case "answer":
                value = self._choice_at(question, choice)
                return self.again() if value is None else self._taken(question, value)
            case "pick":
                return self._picked(question, choice)
            case "picked":
                return self._pick_finished(question)
            case "skip":
                return self.skip()
            case "back":
                return self.back()
        return self._decided(question, verb)

    def _question_at(self, place: str) -> Question | None:
        if not place.isdigit() or int(place) >= len(self.view.form.questions):
            return None
        question = self.view.form.questions[int(place)]
        return question if question.is_asked and question.kind is not Kind.NOTE else None

    def _choice_at(self, question: Question, choice: str) -> str | None:
        """The value a choice's place stands for, if it is offered now."""
        if question.kind is Kind.ACKNOWLEDGE:
            return "OK"
        if question.kind is Kind.RANGE:
            steps = range_steps(question)
            return steps[int(choice)] if choice.isdigit() and int(choice) < len(steps) else None
        known = {each.name for each in question.choices}
        name = None
        if choice.isdigit() and int(choice) < len(question.choices):
            name = question.choices[int(choice)].name
        for each in self.view.walk.choices(question):
            if each.name == name or (choice == "other" and each.name not in known):
                return each.name
        return None

    def _edited(self, place: str) -> Turn:
        question = self._question_at(place)
        if question is None or not self.view.number(question):
            return self.again()
        return self._asking(question)

    def _in(self, language: str) -> Turn:
        first = texts.say(language, "language.unreviewed") if language in texts.UNREVIEWED else ""
        return self._with(replace(self.session, language=language, menu=())).again(first)

    # ── Several choices ───────────────────────────────────────────────────────────────────────────────────────

    def _picked(self, question: Question, choice: str) -> Turn:
        """One more or one less. How many, never which: the list stands there for every reader of the chat."""
        value = self._choice_at(question, choice)
        if value is None:
            return self.again()
        picked = self.session.picked
        if value not in picked:
            picked = (*picked, value)
        elif question.kind is not Kind.RANK:
            picked = tuple(each for each in picked if each != value)
        turns = self._with(replace(self.session, picked=picked, menu=()))
        if question.kind is Kind.RANK and len(picked) == len(self.view.walk.choices(question)):
            return turns._pick_finished(question)
        return turns.again(turns._count_of_picked(question))

    def _pick_finished(self, question: Question) -> Turn:
        picked = self.session.picked
        if not picked:
            return self.again(self.view.say("picked.none"))
        choices = self.view.walk.choices(question)
        if question.kind is Kind.RANK:
            if len(picked) < len(choices):
                return self.again(self._count_of_picked(question))
            return self._taken(question, " ".join(picked))
        chosen = [each.name for each in choices if each.name in picked]
        if "0" in chosen and len(chosen) > 1:
            return self._with(replace(self.session, picked=())).again(self.view.say("picked.zero_alone"))
        return self._taken(question, " ".join(chosen))

    def _count_of_picked(self, question: Question) -> str:
        key = "picked.ranked" if question.kind is Kind.RANK else "picked"
        return self.view.say(key, count=len(self.session.picked))

    # ── What they wrote, sent, or shared ──────────────────────────────────────────────────────────────────────

    def told(self, text: str) -> Turn:
        question = self.view.current
        if not text:
            return self.again()
        if self._is_alarming(question, text):
            return self._alarmed(question, text)
        command = commands.read(text)
        if command is not None and not self._is_a_choice(question, text):
            return self.commanded(command)
        number = _number(text)
        if number is not None and self.session.menu:
            act = dict(self.session.menu).get(number)
            return self.tapped(act) if act else self.again(self.view.say("not_understood"))
        if number is not None and question is not None and (act := self._button(question, number)):
            return self.tapped(act)
        if question is None:
            return self.again(self.view.say("not_understood.end"))
        return self._answered(question, text)

    def _is_a_choice(self, question: Question | None, text: str) -> bool:
        """“Việc khác” may be a choice of this very question: then it is no command."""
        if question is None or question.kind is not Kind.SELECT_ONE:
            return False
        wanted = questions.fold(text)
        choices = self.view.walk.choices(question)
        return any(questions.fold(label) == wanted for each in choices for label in each.label.values())

    def commanded(self, command: Command) -> Turn:
        match command.word:
            case Word.STOP:
                return replace(self._menu(self.view.stopped()), stops=True)
            case Word.HELP:
                return self.again(self.view.say("help"))
            case Word.LANGUAGE if command.argument in self.view.occasion.languages:
                return self._in(command.argument)
            case Word.LANGUAGE:
                return self._menu(self.view.language_menu())
            case Word.BACK:
                return self.back()
            case Word.SKIP:
                return self.skip()
            case Word.LATER:
                return self._postponed()
            case Word.REVIEW:
                return self._menu(self.view.review(0))
            case Word.MENU:
                return Turn(self.session, leaves=Exit.MENU)
            case Word.DATA:
                return Turn(self.session, leaves=Exit.DATA)
            case Word.WARD:
                return Turn(self.session, leaves=Exit.WARD)
            case Word.NOTICES:
                return Turn(self.session, leaves=Exit.NOTICES)
            case Word.NEWS:
                return Turn(self.session, leaves=Exit.NEWS)
            case Word.SURVEYS:
                return Turn(self.session, leaves=Exit.SURVEYS)
        return self.go_on() if self.session.held is None else self.again()

    def _postponed(self) -> Turn:
        if self.view.current is None:
            return self.again()
        is_later = self.view.occasion.evening is not None
        return replace(self._menu(self.view.postponed()), is_later=is_later)

    def placed(self, latitude: float, longitude: float) -> Turn:
        question = self.view.current
        if question is None or question.kind is not Kind.GEOPOINT:
            return self.again(self.view.say("not_here.place"))
        try:
            return self._taken(question, questions.geopoint(latitude, longitude))
        except questions.Unreadable as problem:
            return self.again(self.view.say(problem.key, **problem.params))

    def pictured(self, photo: str) -> Turn:
        question = self.view.current
        if question is None or question.kind is not Kind.IMAGE:
            return self.again(self.view.say("not_here.picture"))
        return self._taken(question, photo)

    def _button(self, question: Question, number: int) -> str | None:
        """The act of the question's button with this number; None where the number is rather an answer."""
        if number in questions.numbers(self.view.walk.choices(question)):
            return None  # where several may be chosen, a lone number is the whole answer
        found = by_number(self.view.ask(question).offers, number)
        return found.act.split(".", 2)[2] if found else None

    def _answered(self, question: Question, text: str) -> Turn:
        language = self.session.language
        if question.kind is Kind.TEXT:
            return self._weighed(question, text, past=Held.ALARM)
        if emergency.is_denunciation(text):
            return self._told_first(self.view.denunciation())
        try:
            value = questions.read(
                question,
                self.view.walk.choices(question),
                text,
                language,
                today=self.view.occasion.now.date(),
            )
        except questions.Unreadable as problem:
            return self.again(self.view.say(problem.key, **problem.params))
        return self._taken(question, value)

    def _told_first(self, message: Message) -> Turn:
        turn = self.again()
        return replace(turn, say=(message, *turn.say))

    def _taken(self, question: Question, value: str | None) -> Turn:
        """The answer is recorded, unless the form refuses it."""
        if value is not None:
            refusal = self.view.walk.refusal(question, value, self.session.language)
            if refusal is not None:
                return self._with(replace(self.session, picked=())).again(refusal)
        stamp = self.view.stamp(question)
        return self.on(self.session.answered(question.name, value), stamp)

    # ── Texts that wait for a decision ────────────────────────────────────────────────────────────────────────

    def _is_alarming(self, question: Question | None, text: str) -> bool:
        # 113 may be an honest answer where a number is asked for.
        if question is not None and question.kind in NUMERIC and text.isdecimal():
            return False
        return emergency.alarm(text) is not None

    def _alarmed(self, question: Question | None, text: str) -> Turn:
        if question is not None and question.kind is Kind.TEXT:
            return self._hold(text, Held.ALARM)
        return self._menu(self.view.emergency())

    def _hold(self, text: str, reason: Held) -> Turn:
        return self._with(replace(self.session, held=text[:LONGEST_COMMENT], held_for=reason)).again()

    def _calm(self) -> Turn:
        """No emergency: what was held goes on its way, as if it had just been written."""
        question, text = self.view.current, self.session.held
        if text is None or question is None or self.session.held_for is not Held.ALARM:
            return self.again()
        turns = self._with(replace(self.session, held=None, held_for=None, menu=()))
        return turns._weighed(question, text, past=Held.ALARM)

    def _weighed(self, question: Question, text: str, *, past: Held) -> Turn:
        """Free text on its way into the ballot box: past the checks that come after `past`."""
        if len(text) > LONGEST_COMMENT:
            return self.again(self.view.say("answer.too_long", limit=LONGEST_COMMENT))
        if past is Held.ALARM and emergency.is_denunciation(text):
            return self._hold(text, Held.DENUNCIATION)
        if screening.findings(text):
            return self._hold(text, Held.TRACES)
        try:
            value = questions.read(question, (), text, self.session.language)
        except questions.Unreadable as problem:
            return self.again(self.view.say(problem.key, **problem.params))
        whole = tuple(name for name in self.session.whole if name != question.name)
        return self._with(replace(self.session, whole=whole))._taken(question, value)

    def _decided(self, question: Question, verb: str) -> Turn:
        """What the person wants done with the text that waits."""
        text = self.session.held
        if text is None:
            return self.again()
        freed = replace(self.session, held=None, held_for=None, menu=())
        if verb == "rewrite":
            return self._with(freed).again()
        if verb == "whole":
            whole = tuple(dict.fromkeys((*freed.whole, question.name)))
            return self._with(replace(freed, whole=whole))._taken(question, text)
        if self.session.held_for is not Held.TRACES:
            return self.again()
        redacted = screening.redacted(text, self.view.say("screening.instead"))
        return self._with(freed)._weighed(question, redacted, past=Held.DENUNCIATION)


NUMERIC = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.RANGE, Kind.TIME, Kind.DATE})
LONGEST_NUMBER = 4  # digits; no menu is longer


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None
