"""Divides a million sessions of one wave as `divide` over a `Walk` does, but works out once what many have in common.

Whether a question counts follows from the answers it leans on: from its relevance, from the filter of its choices, and from
what those refer to. People who gave the same of these are asked for once. It knows no session, no clock and no database; a walk
stays the only place that knows what a form means.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from surveys.ballots import Comment, Parts, is_answer, is_written, may_be_written
from surveys.forms.form import Form, Question
from surveys.forms.walk import Walk
from surveys.forms.xpath import Expression

__all__ = ["Divider"]

MOST_REMEMBERED = (
    4096  # answers of one question's roots; a text among them would be remembered for every person
)
OWN_ANSWER = re.compile(r"\.|\(\s*\)|\bonce\b")
"""What may speak of the question's own answer: a dot, a call without arguments, once()."""

Answers = Mapping[str, str | None]
Known = dict[tuple[str, ...], bool]
Asked = tuple[str, tuple[str, ...] | None, Known, Question | None]
"""A question's name, the names its counting leans on, what is known of those who gave the same there, and the question itself
where the answer decides whether it is a comment; None where it is a choice whatever it says."""


class Divider:
    """For one form and one day; `parts` may be called for any number of people."""

    def __init__(self, form: Form, today: date) -> None:
        self._form = form
        self._today = today
        self._asked: tuple[Asked, ...] = tuple(
            (question.name, _roots(form, question), {}, question if may_be_written(question) else None)
            for question in form.questions
            if may_be_written(question) or (question.is_asked and is_answer(question))
        )

    def parts(self, answers: Answers, seed: str, whole: tuple[str, ...] = ()) -> Parts:
        """What `divide(form, Walk(form, answers, seed=seed, today=today).values(), whole)` gives."""
        chosen: dict[str, str] = {}
        comments: list[Comment] = []
        plain: Mapping[str, str] | None = None
        for name, roots, known, question in self._asked:
            value = answers.get(name)
            if not value:
                continue
            if roots is None:
                if plain is None:
                    plain = Walk(self._form, answers, seed=seed, today=self._today).values()
                value = plain.get(name)
                if not value:
                    continue
            elif roots and not self._counts(name, roots, known, answers, seed):
                continue
            if question is None:
                chosen[name] = value
            elif is_written(question, value):
                comments.append(Comment(name, value, name in whole))
            elif is_answer(question):
                chosen[name] = value
        return Parts(chosen, tuple(comments))

    def is_empty(self, answers: Answers, seed: str) -> bool:
        """What `parts(answers, seed).is_empty` says, from the first answer that surely counts."""
        for name, roots, _, _ in self._asked:
            if roots == () and answers.get(name):
                return False
        return self.parts(answers, seed).is_empty

    def _counts(self, name: str, roots: tuple[str, ...], known: Known, answers: Answers, seed: str) -> bool:
        given = tuple([answers.get(name) or "" for name in roots])
        found = known.get(given)
        if found is None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            walk = Walk(self._form, answers, seed=seed, today=self._today)
            found = known[given] = bool(walk.value(name))
        return found


def _roots(form: Form, question: Question) -> tuple[str, ...] | None:
    """The questions whose answers decide whether this one counts; none where it always does, None where chance or the order of
    working out has a say, so that only a whole walk can tell."""
    reached = _reached(form, question.name)
    everything = [form.by_name[name] for name in {question.name, *reached} if name in form.by_name]
    by_chance = any("random" in each.functions for one in everything for each in _expressions(one))
    # In a circle, a value depends on where one begins.
    if by_chance or any(one.name in _reached(form, one.name) for one in everything):
        return None
    own = question.choice_filter is not None or any(
        OWN_ANSWER.search(each.text) for each in _expressions(question)
    )
    return tuple(sorted(reached | ({question.name} if own else set())))


def _reached(form: Form, name: str) -> set[str]:
    """What a question's expressions refer to, and theirs in turn."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        question = form.by_name.get(waiting.pop())
        for expression in _expressions(question) if question is not None else ():
            waiting.extend(expression.names - reached)
            reached |= expression.names
    return reached


def _expressions(question: Question) -> Iterator[Expression]:
    for each in (question.relevant, question.choice_filter):
        if each is not None:
            yield each
    if not question.is_asked:
        if question.calculation is not None:
            yield question.calculation
        if isinstance(question.default, Expression):
            yield question.default
