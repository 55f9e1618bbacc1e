"""Which questions nobody can ever see, where that can be proved: by trying every answer there is. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations, product
from math import prod

from surveys.forms.form import Form, Kind, Question
from surveys.forms.soundness import leans_on
from surveys.forms.walk import Walk

__all__ = ["unreachable"]

TRIES = 4_096  # sets of answers tried for one question; a proof that needs more is not attempted
ALL_TRIES = 20_000  # for one form: half a second, whatever its author thought of
ANY_DAY = date(2026, 1, 1)  # nothing that is tried looks at the clock


def unreachable(form: Form) -> tuple[Question, ...]:
    """The questions that no answers whatever make visible. A question that may be reachable is not among them: where it
    depends on a number, a text, a date or chance, nothing is proved."""
    left, proved = ALL_TRIES, []
    for question in form.questions:
        if not question.is_asked or (question.relevant is None and question.choice_filter is None):
            continue
        decisive = _decisive(form, question)
        if decisive is None:
            continue
        domains = {each.name: tuple(_answers(each)) for each in decisive}
        tries = prod(map(len, domains.values()))
        if tries > min(TRIES, left):
            continue
        left -= tries
        if not _is_ever_visible(form, question, domains):
            proved.append(question)
    return tuple(proved)


def _is_ever_visible(form: Form, question: Question, domains: Mapping[str, tuple[str, ...]]) -> bool:
    return any(
        Walk(form, dict(zip(domains, answers, strict=True)), seed="", today=ANY_DAY).is_visible(question)
        for answers in product(*domains.values())
    )


def _decisive(form: Form, question: Question) -> list[Question] | None:
    """The questions whose answers decide about this one; None when their answers cannot all be tried."""
    met: dict[str, Question] = {}
    pending = [question]
    while pending:
        each = pending.pop()
        for _, expression in leans_on(each):
            if not expression.is_steady:
                return None
            for name in expression.names:
                other = form.by_name.get(name)
                if other is not None and name not in met and name != question.name:
                    met[name] = other
                    pending.append(other)
    asked = [each for each in met.values() if each.is_asked]
    return asked if all(_is_finite(each) for each in asked) else None


def _is_finite(question: Question) -> bool:
    return question.kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.ACKNOWLEDGE, Kind.NOTE)


def _answers(question: Question) -> Iterator[str]:
    """Every value the question can have, unanswered included."""
    yield ""
    names = [choice.name for choice in question.choices]
    match question.kind:
        case Kind.SELECT_ONE:
            yield from names
        case Kind.SELECT_MULTIPLE:
            # With more than a dozen choices the number of sets is beyond trying, and `TRIES` stops it.
            for size in range(1, len(names) + 1) if len(names) <= 12 else ():
                yield from map(" ".join, combinations(names, size))
            if len(names) > 12:
                yield from map(str, range(TRIES + 1))
        case Kind.ACKNOWLEDGE:
            yield "OK"
