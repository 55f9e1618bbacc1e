"""Whether a form's questions fit together: references lead somewhere, nothing goes in a circle, roles are what they say."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from surveys.forms.faults import Fault
from surveys.forms.form import Form, Kind, Question, Role
from surveys.forms.xpath import REFERENCE, Expression

__all__ = ["faults_of", "leans_on"]

QUESTIONS = 300
CHOICES = 90  # Telegram takes 100 buttons, and a few are ours
LABEL = 1_500  # characters: Zalo takes 2,000, choices included
CHOICE_LABEL = 120
CHAIN = 40  # questions in a row that depend on one another: what can be worked out without a deep stack
SCALE = frozenset("12345")
SELECTS = frozenset({Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK})


def faults_of(form: Form) -> list[Fault]:
    """What is wrong between the questions; each may be right by itself."""
    faults = [fault for question in form.questions for fault in _of_question(form, question)]
    faults += _of_names(form)
    faults += _of_roles(form)
    if not faults:
        leaning = _leaning(form)
        faults = [*_circles(form, leaning)] or [*_chains(form, leaning)]
    return faults


def leans_on(question: Question) -> Iterator[tuple[str, Expression]]:
    """The expressions that decide whether a question is asked and what its value is, with the columns they stand in."""
    for column in ("relevant", "calculation", "choice_filter", "default", "seed"):
        expression = getattr(question, column)
        if isinstance(expression, Expression):
            yield column, expression


def _of_names(form: Form) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for question in form.questions:
        if question.name in seen:
            first = seen[question.name]
            yield Fault("survey", question.row, "name", f"“{question.name}” stands in row {first} already")
        seen.setdefault(question.name, question.row)
    asked = sum(question.is_asked for question in form.questions)
    if not asked:
        yield Fault("survey", None, None, "the form asks nothing")
    if asked > QUESTIONS:
        yield Fault("survey", None, None, f"the form asks {asked} questions; {QUESTIONS} is the limit")


def _of_question(form: Form, question: Question) -> Iterator[Fault]:
    yield from _references(form, question)
    if question.is_asked:
        yield from _wording(form, question)
    if len(question.choices) > CHOICES:
        reason = f"{len(question.choices)} choices; a chat can offer {CHOICES}"
        yield Fault("survey", question.row, "type", reason)
    if question.span is not None:
        yield from _span(question, question.span)


def _references(form: Form, question: Question) -> Iterator[Fault]:
    expressions = dict(leans_on(question))
    for column in ("constraint", "required"):
        expression = getattr(question, column)
        if isinstance(expression, Expression):
            expressions[column] = expression
    for column, expression in expressions.items():
        for name in sorted(expression.names - form.by_name.keys()):
            yield Fault("survey", question.row, column, f"there is no question “{name}”")
        if "jr:choice-name" in expression.functions and not any(
            form.by_name[name].kind in SELECTS for name in expression.names & form.by_name.keys()
        ):
            yield Fault("survey", question.row, column, "jr:choice-name() needs a question with choices")
    for column in ("label", "hint", "constraint_message", "required_message"):
        for language, text in getattr(question, column).items():
            for name in sorted(set(REFERENCE.findall(text)) - form.by_name.keys()):
                yield Fault(
                    "survey", question.row, f"{column} ({language})", f"there is no question “{name}”"
                )


def _wording(form: Form, question: Question) -> Iterator[Fault]:
    if not question.label.get(form.language):
        yield Fault("survey", question.row, "label", f"is missing in “{form.language}”, the form's language")
    for language, text in question.label.items():
        if len(text) > LABEL:
            reason = f"{len(text):,} characters; one message holds {LABEL:,}"
            yield Fault("survey", question.row, f"label ({language})", reason)
    for choice in question.choices:
        for language, text in choice.label.items():
            if len(text) > CHOICE_LABEL:
                reason = f"the choice “{choice.name}” has {len(text)} characters in “{language}”; a button {CHOICE_LABEL}"
                yield Fault("survey", question.row, "type", reason)


def _span(question: Question, span: tuple[str, str, str]) -> Iterator[Fault]:
    try:
        start, end, step = (Decimal(part) for part in span)
        is_sound = start.is_finite() and end.is_finite() and 0 < abs(step) <= abs(end - start)
    except InvalidOperation:
        is_sound = False
    if not is_sound:
        yield Fault(
            "survey", question.row, "parameters", f"start, end and step ({', '.join(span)}) make no range"
        )


def _of_roles(form: Form) -> Iterator[Fault]:
    overall = [question for question in form.questions if question.role is Role.OVERALL]
    for question in overall[1:]:
        reason = f"the index is read from one question, and row {overall[0].row} has the role already"
        yield Fault("survey", question.row, "bind::ln:role", reason)
    for question in form.questions:
        if question.role in (Role.OVERALL, Role.SATISFACTION) and not _is_scale(question):
            reason = "needs a select_one whose choices are named 5, 4, 3, 2, 1 (and 0 for Không ý kiến)"
            yield Fault("survey", question.row, "bind::ln:role", f"{question.role} {reason}")
        if question.role is Role.COMMENT and question.kind is not Kind.TEXT:
            yield Fault("survey", question.row, "bind::ln:role", "a comment is a text")
        if question.role in (Role.TIMELINESS, Role.SERVICE, Role.POSTED, Role.CONDUCT) and (
            question.kind not in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE)
        ):
            yield Fault(
                "survey", question.row, "bind::ln:role", f"{question.role} needs a question with choices"
            )


def _is_scale(question: Question) -> bool:
    names = {choice.name for choice in question.choices}
    return question.kind is Kind.SELECT_ONE and names - {"0"} == SCALE


def _leaning(form: Form) -> dict[str, set[str]]:
    """Each question's name → those of the questions it leans on."""
    return {
        question.name: {name for _, expression in leans_on(question) for name in expression.names}
        for question in form.questions
    }


def _circles(form: Form, leaning: dict[str, set[str]]) -> Iterator[Fault]:
    """A question that decides about itself, through others or not: no engine can say what its value is."""
    settled: set[str] = set()
    for question in form.questions:
        circle = _circle(question.name, leaning, settled)
        if circle:
            yield Fault("survey", question.row, None, f"decides about itself: {' → '.join(circle)}")
            settled.update(circle)


def _circle(start: str, leaning: dict[str, set[str]], settled: set[str]) -> list[str]:
    """The first circle met from `start`, as the names along it; empty if there is none. A loop of its own, not of the
    call stack: a chain of 300 questions is deeper than Python likes."""
    path: list[str] = []
    pending: list[tuple[str, bool]] = [(start, False)]
    while pending:
        name, is_done = pending.pop()
        if is_done:
            settled.add(path.pop())
        elif name in path:
            return [*path[path.index(name) :], name]
        elif name not in settled:
            path.append(name)
            pending.append((name, True))
            pending.extend((other, False) for other in sorted(leaning[name]))
    return []


def _chains(form: Form, leaning: dict[str, set[str]]) -> Iterator[Fault]:
    """Questions that lean on one another in too long a row; there are no circles any more."""
    lengths: dict[str, int] = {}
    for _ in range(CHAIN + 1):
        lengths = {
            name: 1 + max((lengths.get(other, 0) for other in others), default=0)
            for name, others in leaning.items()
        }
    for question in form.questions:
        if lengths[question.name] > CHAIN:
            reason = f"leans on a row of more than {CHAIN} questions, each of which depends on the next"
            yield Fault("survey", question.row, None, reason)
            return
