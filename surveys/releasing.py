"""From a tally to what is published of it: fixed tables, suppressed, each figure with its n, and the verdicts that follow.
Pure and repeatable: the same tally gives the same release, to the byte."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from surveys.assessment import (
    Conclusion,
    CriteriaSet,
    Evidence,
    Seen,
    against_threshold,
    read_threshold,
    survey_held,
    words_of,
)
from surveys.disclosure import Node, Shown, Table, chain, suppress
from surveys.entry import Stream
from surveys.forms.form import Form, Kind, Question, Role, Words
from surveys.releases import Line, QuestionTable, ReleasedWard, ReleasedWave, Terms
from surveys.results import (
    LOWEST_TWO,
    NO_OPINION,
    SATISFIED,
    SCALE,
    SCORED,
    TOP,
    Proportion,
    Tally,
    counted_questions,
    grade,
    is_scale,
)

__all__ = ["SCALE_TREE", "release"]

SCALE_TREE = Node(
    SCALE,
    Node(SATISFIED, Node(TOP), Node(("4",))),
    Node(("3", *LOWEST_TWO), Node(("3",)), Node(LOWEST_TWO, Node(("2",)), Node(("1",)))),
)
OTHER = "other"  # the choice that `or_other` adds to a question
CHOSEN, NOT_CHOSEN = HALVES = ("chosen", "not")


def release(
    form: Form, tally: Tally, comments: Mapping[str, int], terms: Terms, criteria: CriteriaSet
) -> dict[str, ReleasedWard]:
    """Unit → what may be shown of it. The same tally gives the same release. Raises TooSmall for a k below the floor."""
    scored = _tables(form, tally, SCORED, terms)
    opened = _tables(form, tally, (Stream.OPEN,), terms)
    headline = _headline(form)
    threshold = read_threshold(terms.threshold)
    total, covers = _total(form, tally, headline, terms)
    wave = ReleasedWave(
        terms.slug,
        terms.title,
        terms.audience,
        terms.k,
        threshold,
        f"{form.id} {form.version}",
        total,
        covers,
    )
    released = {}
    for unit, (name, invited) in terms.units.items():
        main = next((table for table in scored[unit] if headline and table.name == headline.name), None)
        index = (main and main.index) or _empty("index")
        n = main.n if main else None
        heard = comments.get(unit, 0)
        released[unit] = ReleasedWard(
            wave=wave,
            unit=unit,
            unit_name=name,
            invited=invited,
            answered=n,
            grade=None if n is None else grade(n),
            index=index,
            top=_top(main),
            lowest_two=(main and main.lowest_two) or _empty("lowest_two"),
            questions=scored[unit],
            open_questions=opened[unit],
            conclusions=_conclusions(form, index, n, terms, threshold, criteria),
            comments=heard if heard >= terms.k else None,
        )
    return released


def _headline(form: Form) -> Question | None:
    """The question the index is read from: the overall one, else the first on the scale, else the first counted."""
    questions = [
        question for question in counted_questions(form) if question.kind is not Kind.SELECT_MULTIPLE
    ]
    for fits in (lambda q: q.role is Role.OVERALL, is_scale, lambda q: True):
        for question in questions:
            if fits(question):
                return question
    return None


def _conclusions(
    form: Form, index: Line, n: int | None, terms: Terms, threshold: Decimal | None, criteria: CriteriaSet
) -> tuple[Conclusion, ...]:
    """The verdicts this wave can give: the yearly survey was held; satisfaction against the threshold."""
    fed = {item for question in form.questions for item in (question.feeds or "").split()}
    held = [
        survey_held(item, n, terms.minimum)
        for item in criteria.items
        if item.evidence is Evidence.SURVEY_HELD and item.id in fed
    ]
    if not any(is_scale(question) for question in counted_questions(form)):
        return tuple(held)
    return (*held, against_threshold(_seen(index, n), threshold))


def _seen(index: Line, n: int | None) -> Seen | None:
    """What everybody may know of the index."""
    if index.figure is not None:
        return Seen.exactly(index.figure)
    if index.bound is None or n is None:
        return None
    fewest, most = index.bound.limits(n)
    return Seen(Proportion(fewest, n), Proportion(most, n))


def _total(form: Form, tally: Tally, headline: Question | None, terms: Terms) -> tuple[Line, tuple[str, ...]]:
    if headline is None or not is_scale(headline):
        return _empty("index"), ()
    table = suppress(_rows(tally, SCORED, headline, terms), SCALE_TREE, terms.k)
    return _line("index", words_of("figure")["index"], table.total, SATISFIED, SCALE), table.covers


def _tables(
    form: Form, tally: Tally, streams: Iterable[Stream], terms: Terms
) -> dict[str, tuple[QuestionTable, ...]]:
    streams = tuple(streams)
    tables: dict[str, list[QuestionTable]] = {unit: [] for unit in terms.units}
    for question in counted_questions(form):
        rows = _rows(tally, streams, question, terms)
        if is_scale(question):
            made = _scale_tables(question, suppress(rows, SCALE_TREE, terms.k))
        elif question.kind is Kind.SELECT_MULTIPLE:
            made = _multiple_tables(question, rows, terms.k)
        else:
            made = _single_tables(question, suppress(rows, chain(_by_size(question, rows)), terms.k))
        for unit, table in made.items():
            tables[unit].append(table)
    return {unit: tuple(made) for unit, made in tables.items()}


def _rows(
    tally: Tally, streams: Iterable[Stream], question: Question, terms: Terms
) -> dict[str, Mapping[str, int]]:
    streams = tuple(streams)
    return {unit: tally.counts(unit, streams, question.name).of for unit in terms.units}


def _by_size(question: Question, rows: Mapping[str, Mapping[str, int]]) -> Sequence[str]:
    """The answers, the most frequent first: so most of them can be told apart before the rest is one group."""
    names = list(_choices(question))
    return sorted(
        names, key=lambda name: (-sum(row.get(name, 0) for row in rows.values()), names.index(name))
    )


def _choices(question: Question) -> dict[str, Words]:
    """What may be chosen, “Không ý kiến” apart."""
    choices = {choice.name: choice.label for choice in question.choices if choice.name != NO_OPINION}
    if question.or_other:
        choices.setdefault(OTHER, words_of("figure")[OTHER])
    return choices


def _scale_tables(question: Question, table: Table) -> dict[str, QuestionTable]:
    labels = {**{step: {"vi": step} for step in SCALE}, **_choices(question)}
    return {
        unit: _question(
            question,
            row.of(SCALE),
            index=_line("index", words_of("figure")["index"], row, SATISFIED, SCALE),
            lowest_two=_line("lowest_two", words_of("figure")["lowest_two"], row, LOWEST_TWO, SCALE),
            answers=tuple(_line(step, labels[step], row, (step,), SCALE) for step in SCALE),
        )
        for unit, row in table.rows.items()
    }


def _single_tables(question: Question, table: Table) -> dict[str, QuestionTable]:
    choices = _choices(question)
    names = tuple(choices)
    return {
        unit: _question(
            question,
            row.of(names),
            answers=tuple(_line(name, label, row, (name,), names) for name, label in choices.items()),
        )
        for unit, row in table.rows.items()
    }


def _multiple_tables(
    question: Question, rows: Mapping[str, Mapping[str, int]], k: int
) -> dict[str, QuestionTable]:
    """Each choice is a table of its own: who chose it, and who answered without choosing it."""
    lines: dict[str, list[Line]] = {unit: [] for unit in rows}
    n: dict[str, int | None] = dict.fromkeys(rows)
    for name, label in _choices(question).items():
        split = {
            unit: {CHOSEN: row.get(name, 0), NOT_CHOSEN: row.get("", 0) - row.get(name, 0)}
            for unit, row in rows.items()
        }
        for unit, row in suppress(split, chain(HALVES), k).rows.items():
            lines[unit].append(_line(name, label, row, (CHOSEN,), HALVES))
            n[unit] = row.of(HALVES)
    return {unit: _question(question, n[unit], answers=tuple(lines[unit])) for unit in rows}


def _question(
    question: Question,
    n: int | None,
    *,
    answers: tuple[Line, ...],
    index: Line | None = None,
    lowest_two: Line | None = None,
) -> QuestionTable:
    return QuestionTable(
        question.name,
        dict(question.label),
        question.role.value if question.role else None,
        question.feeds,
        n,
        index,
        lowest_two,
        answers,
    )


def _line(name: str, label: Words, row: Shown, group: tuple[str, ...], among: tuple[str, ...]) -> Line:
    count, n = row.of(group), row.of(among)
    if count is not None and n is not None:
        return Line(name, dict(label), Proportion(count, n))
    return Line(name, dict(label), bound=row.bound if row.bound_of == group else None)


def _top(table: QuestionTable | None) -> Line:
    found = next((line for line in table.answers if (line.name,) == TOP), None) if table else None
    empty = _empty("top")
    return Line("top", empty.label, found.figure, found.bound) if found else empty


def _empty(name: str) -> Line:
    return Line(name, dict(words_of("figure")[name]))
