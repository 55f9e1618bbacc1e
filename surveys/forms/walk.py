"""A form seen through the answers so far: what is asked, what is waiting, what it says. Pure, and made anew each turn.

Everything is worked out when it is first asked for and then kept, so a form without expressions costs next to nothing.
An answer to a question that is not relevant (any more) is as if it had not been given; it comes back when the question
does.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from random import Random

from surveys.forms.form import Choice, Form, Kind, Question, Words
from surveys.forms.lexical import Value, as_text, as_truth
from surveys.forms.xpath import REFERENCE, Context, Expression

__all__ = ["Walk"]

CHOSEN = frozenset({Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK})
LAST_PLACES = frozenset(
    {"0", "other"}
)  # “Không ý kiến” and “Khác” stay last however the choices are shuffled


class Walk:
    """A form and one person's answers to it. `answers` maps a question's name to its lexical value, or None when it was
    skipped; a question without an entry has not been answered. `seed` decides shuffles and `random()`."""

    __slots__ = ("_answers", "_choices", "_fresh", "_now", "_relevance", "_seed", "_today", "_values", "form")

    def __init__(
        self,
        form: Form,
        answers: Mapping[str, str | None],
        *,
        seed: str,
        today: date,
        now: datetime | None = None,
    ) -> None:
        self.form = form
        self._answers = answers
        self._seed = seed
        self._today = today
        self._now = now
        self._relevance: dict[str, bool] = {}
        self._choices: dict[str, tuple[Choice, ...]] = {}
        self._values: dict[str, str | None] = {}

    # ── the way ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def visible(self) -> tuple[Question, ...]:
        """The questions a person sees, in the form's order, notes included."""
        return tuple(question for question in self.form.questions if self.is_visible(question))

    def waiting(self) -> Question | None:
        """The first visible question without an answer; None at the end."""
        answers = self._answers
        for question in self.form.questions:
            if question.name in answers and (question.choice_filter is None or self._stands(question)):
                continue
            if self.is_visible(question):
                return question
        return None

    def values(self) -> dict[str, str]:
        """What this walk amounts to: relevant answers, calculations and hidden values, without those that are empty.
        A default of a question that is asked counts for nothing until the person has sent it."""
        values = {}
        for question in self.form.questions:
            if question.kind is not Kind.NOTE and (value := self._value(question.name)):
                values[question.name] = value
        return values

    def is_visible(self, question: Question) -> bool:
        """Whether a person is asked this question, with the answers so far."""
        if not question.is_asked or (question.relevant is not None and not self._is_relevant(question)):
            return False
        # Nothing to choose from is nothing to ask.
        return question.choice_filter is None or bool(self.choices(question))

    def _is_relevant(self, question: Question) -> bool:
        if question.relevant is None:
            return True
        known = self._relevance.get(question.name)
        if known is None:
            known = self._relevance[question.name] = as_truth(
                question.relevant.evaluate(self._context(question))
            )
        return known

    def _stands(self, question: Question) -> bool:
        """Whether the answer still is one of the choices, now that others may have changed what is offered."""
        answer = self._answers.get(question.name)
        if not answer or question.kind not in CHOSEN:
            return True
        offered = {choice.name for choice in self.choices(question)}
        return offered.issuperset(answer.split())

    # ── one question ─────────────────────────────────────────────────────────────────────────────────────────────────

    def choices(self, question: Question) -> tuple[Choice, ...]:
        """The choices offered, in the order they are shown: filtered, and shuffled if the form wants it."""
        if question.choice_filter is None and not question.randomize:
            return question.choices
        known = self._choices.get(question.name)
        if known is None:
            known = self._choices[question.name] = self._shuffled(question, self._filtered(question))
        return known

    def _filtered(self, question: Question) -> list[Choice]:
        if question.choice_filter is None:
            return list(question.choices)
        context = self._context(question)
        offered = []
        for choice in question.choices:
            context.columns = {
                **choice.columns,
                "name": choice.name,
                "label": _word(choice.label, context.language),
            }
            if as_truth(question.choice_filter.evaluate(context)):
                offered.append(choice)
        return offered

    def _shuffled(self, question: Question, choices: list[Choice]) -> tuple[Choice, ...]:
        if not question.randomize:
            return tuple(choices)
        seed = self._seed
        if isinstance(question.seed, Expression):
            seed = as_text(question.seed.evaluate(self._context(question)))
        elif question.seed is not None:
            seed = question.seed
        shuffled = [choice for choice in choices if choice.name not in LAST_PLACES]
        Random(f"{seed}/{question.name}").shuffle(shuffled)
        return (*shuffled, *(choice for choice in choices if choice.name in LAST_PLACES))

    def label(self, question: Question, language: str) -> str:
        """The question in the person's language (or the form's own), with earlier answers piped in."""
        return self._piped(_word(question.label, language, self.form.language), language)

    def hint(self, question: Question, language: str) -> str:
        return self._piped(_word(question.hint, language, self.form.language), language)

    def is_required(self, question: Question) -> bool:
        if isinstance(question.required, Expression):
            return as_truth(question.required.evaluate(self._context(question)))
        return question.required

    def default(self, question: Question) -> str | None:
        """What the form suggests as an answer; it is one only when the person sends it."""
        if not isinstance(question.default, Expression):
            return question.default
        return _stored(question.default.evaluate(self._context(question))) or None

    def refusal(self, question: Question, value: str | None, language: str) -> str | None:
        """Why this value (None: skipped) may not be the answer, in the person's language; None if it may."""
        if value is None or value == "":
            if question.kind is Kind.NOTE or not self.is_required(question):
                return None
            return self._message(question.required_message, language, "answer.required")
        if question.constraint is None:
            return None
        context = self._context(question, language)
        context.current = value
        if as_truth(question.constraint.evaluate(context)):
            return None
        return self._message(question.constraint_message, language, "answer.not_allowed")

    def _message(self, words: Words, language: str, key: str) -> str:
        if message := _word(words, language, self.form.language):
            return self._piped(message, language)
        from surveys import texts

        return texts.say(language, key)

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, name: str) -> str | None:
        """What `values()` has of one question, worked out alone; '' or None where it has nothing."""
        return self._value(name)

    def _value(self, name: str) -> str | None:
        """A question's value as expressions see it: '' while unanswered, None while it is not relevant."""
        if name not in self._values:
            # While a value is being worked out it is empty: a form whose values go in a circle is refused when it is
            # read, and one that comes by another way must not hang.
            self._values[name] = ""
            self._values[name] = (
                self._worked_out(self.form.by_name[name]) if name in self.form.by_name else ""
            )
        return self._values[name]

    def _worked_out(self, question: Question) -> str | None:
        if not self._is_relevant(question):
            return None
        if question.is_asked:
            answer = self._answers.get(question.name) or ""
            return answer if question.choice_filter is None or self._stands(question) else ""
        if question.calculation is None:
            return self.default(question) or ""
        return _stored(question.calculation.evaluate(self._context(question)))

    def _context(self, question: Question, language: str | None = None) -> Context:
        in_use = language or self.form.language
        return Context(
            value=self._value,
            choice_label=lambda name, choice: self._choice_label(name, choice, in_use),
            today=self._today,
            now=self._now or datetime.combine(self._today, time()),
            seed=f"{self._seed}/{question.name}",
            language=in_use,
            current=self._answers.get(question.name) or "",
        )

    def _choice_label(self, name: str, choice: str, language: str) -> str:
        question = self.form.by_name.get(name)
        for each in question.choices if question else ():
            if each.name == choice:
                return _word(each.label, language, self.form.language) or each.name
        return ""

    def _piped(self, text: str, language: str) -> str:
        if "${" not in text:
            return text
        return REFERENCE.sub(lambda found: self._spoken(found[1], language), text)

    def _spoken(self, name: str, language: str) -> str:
        """A value as it is read out: the choices' labels, the day before the month."""
        question, value = self.form.by_name.get(name), self._value(name)
        if question is None or not value:
            return ""
        if question.kind in CHOSEN:
            return ", ".join(self._choice_label(name, choice, language) or choice for choice in value.split())
        if question.kind is Kind.DATE:
            return "/".join(reversed(value.split("-")))
        if question.kind is Kind.TIME:
            return value[:5]
        if question.calculation is not None and question.calculation.functions & {
            "jr:choice-name",
            "format-date",
        }:
            return _stored(question.calculation.evaluate(self._context(question, language)))
        return value


def _stored(value: Value) -> str:
    """The lexical form of a result; a number that is none (NaN) is no value."""
    text = as_text(value)
    return "" if text == "NaN" else text


def _word(words: Words, *languages: str) -> str:
    for language in languages:
        if language in words:
            return words[language]
    return next(iter(words.values()), "") if words else ""
