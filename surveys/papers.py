"""A whole form answered at once, as it comes from a sheet of paper: what each answer is, and what is wrong with it. Pure.

The same form, the same relevance and the same rules as in a conversation: an answer to a question that does not arise is as if it
had not been given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from surveys import screening, texts
from surveys.forms import questions
from surveys.forms.form import Choice, Form, Kind, Question
from surveys.forms.walk import Walk

__all__ = ["ASKED_ON_PAPER", "Judged", "judged"]

ASKED_ON_PAPER = frozenset(set(Kind) - {Kind.NOTE, Kind.CALCULATE, Kind.HIDDEN, Kind.IMAGE})
"""A picture is not typed in."""


@dataclass(frozen=True, slots=True)
class Judged:
    answers: Mapping[str, str | None]
    """What was asked: its lexical value, None where the paper says nothing."""
    faults: Mapping[str, str]
    """Question → what is wrong, in the clerk's language."""


def judged(
    form: Form,
    written: Mapping[str, Sequence[str]],
    whole: frozenset[str],
    *,
    seed: str,
    now: datetime,
    language: str = texts.DEFAULT,
) -> Judged:
    """`written`: question → what stands on the paper, several where several may be chosen. `whole`: questions whose text goes to
    the province with the traces that were found in it. `now`: local time."""
    answers: dict[str, str | None] = {}
    faults: dict[str, str] = {}
    for question in form.questions:
        walk = Walk(form, answers, seed=seed, today=now.date(), now=now)
        if not walk.is_visible(question):
            continue
        if question.kind not in ASKED_ON_PAPER:
            answers[question.name] = None if question.kind is Kind.IMAGE else ""
            continue
        marks = [each for each in written.get(question.name, ()) if each.strip()]
        try:
            value = _value(question, walk.choices(question), marks, language, now)
        except questions.Unreadable as problem:
            faults[question.name] = texts.say(language, problem.key, **problem.params)
            continue
        refusal = walk.refusal(question, value, language)
        if refusal is None and value and question.name not in whole and _gives_away(question, value):
            refusal = texts.say(language, "paper.traces")
        if refusal is not None:
            faults[question.name] = refusal
        answers[question.name] = value
    return Judged(answers, faults)


def _value(
    question: Question, choices: Sequence[Choice], marks: Sequence[str], language: str, now: datetime
) -> str | None:
    """Raises Unreadable."""
    if not marks:
        return None
    offered = [choice.name for choice in choices]
    match question.kind:
        case Kind.SELECT_ONE if len(marks) == 1 and marks[0] in offered:
            return marks[0]
        case Kind.SELECT_MULTIPLE if set(marks) <= set(offered):
            if "0" in marks and len(set(marks)) > 1:
                zero = choices[offered.index("0")]
                raise questions.Unreadable("answer.zero_stands_alone", label=zero.label.get(language, "0"))
            return " ".join(name for name in offered if name in marks)
        case Kind.SELECT_ONE if len(marks) > 1:
            raise questions.Unreadable("answer.one_choice_only")
        case Kind.ACKNOWLEDGE:
            return "OK"
    return questions.read(question, choices, " ".join(marks), language, today=now.date())


def _gives_away(question: Question, value: str) -> bool:
    return question.kind is Kind.TEXT and bool(screening.findings(value))
