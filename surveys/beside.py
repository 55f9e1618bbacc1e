"""What stands beside a ward's figures: how people came, who pressed the buttons, what was left out or flagged, what services they
came for, how it would be if groups had answered as they live there. Pure; `surveys.disclosure` says what may be seen of it.

A ward has one breakdown at most from which another could be subtracted: where something is flagged or left out, the figure with
and without it takes the place of streams and modes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from surveys.assessment import words_of
from surveys.disclosure import Node, Shown, beside, breakdown
from surveys.entry import Stream
from surveys.forms.form import Form, Kind, Question, Role
from surveys.forms.session import Mode
from surveys.forms.walk import Walk
from surveys.records import Exclusion
from surveys.releases import Flagged, Line, Part, WeightedLine
from surveys.results import (
    ALL_SCORED,
    ANONYMOUS,
    LOWEST_TWO,
    SATISFIED,
    SCALE,
    SCORED,
    TOP,
    Counts,
    Proportion,
    Stratum,
    Tally,
    counted_questions,
    is_scale,
)
from surveys.statistics import CannotWeight, Plan, weigh

__all__ = [
    "SCALE_TREE",
    "WITH_LEFT_OUT",
    "gates",
    "headline",
    "kept",
    "leading",
    "modes",
    "pairs",
    "service",
    "services",
    "streams",
    "visible_flags",
    "weighted",
    "with_and_without",
]

SCALE_TREE = Node(
    SCALE,
    Node(SATISFIED, Node(TOP), Node(("4",))),
    Node(("3", *LOWEST_TWO), Node(("3",)), Node(LOWEST_TWO, Node(("2",)), Node(("1",)))),
)
SOME_DAY = date(2000, 1, 1)  # what depends on the day depends on no answer
WITH_LEFT_OUT, WITHOUT_FLAGGED = "with_excluded", "without_flagged"
TENTH_OF_A_PER_CENT, HUNDREDTH = Decimal("0.001"), Decimal("0.01")


# ── What a form's questions are to one another ───────────────────────────────────────────────────────────────────


def headline(form: Form) -> Question | None:
    """The question the index is read from: the overall one, else the first on the scale, else the first counted."""
    questions = [
        question for question in counted_questions(form) if question.kind is not Kind.SELECT_MULTIPLE
    ]
    for fits in (lambda q: q.role is Role.OVERALL, is_scale, lambda q: True):
        for question in questions:
            if fits(question):
                return question
    return None


def gates(form: Form) -> Mapping[str, tuple[frozenset[str], ...]]:
    """Question → the sets of its choices that lead to another counted question, each once.

    So many answered that one; at least so many chose one of these.
    """
    found: dict[str, dict[frozenset[str], None]] = {}
    counted = {question.name: question for question in counted_questions(form)}
    for question in counted.values():
        for name in sorted((question.relevant.names if question.relevant else frozenset()) & counted.keys()):
            found.setdefault(name, {})[leading(form, name, question)] = None
    return {name: tuple(sets) for name, sets in found.items()}


def leading(form: Form, name: str, question: Question) -> frozenset[str]:
    """The choices of the one question by which the other is asked."""
    return frozenset(
        choice.name
        for choice in form.question(name).choices
        if Walk(form, {name: choice.name}, seed="", today=SOME_DAY).is_visible(question)
    )


def service(form: Form) -> Question | None:
    """The question by whose choices satisfaction is compared over a province: what one person came for."""
    asked, index = [each for each in form.questions if each.role is Role.SERVICE], headline(form)
    if len(asked) != 1 or index is None or not is_scale(index):
        return None
    [question] = asked
    if question.kind is not Kind.SELECT_ONE or question.name in gates(form):
        return None
    return question


def pairs(form: Form, plans: Iterable[Plan] = ()) -> tuple[tuple[str, str], ...]:
    """The questions that are counted together with the one the index is read from."""
    index = headline(form)
    if index is None or not is_scale(index):
        return ()
    asked = [by.name] if (by := service(form)) else []
    named = {plan.question for plan in plans} & form.by_name.keys()
    return tuple((name, index.name) for name in dict.fromkeys([*asked, *sorted(named)]))


# ── What is counted ──────────────────────────────────────────────────────────────────────────────────────────────


def kept(unit: str, strata: Iterable[Stratum], exclusions: Iterable[Exclusion]) -> tuple[Stratum, ...]:
    """Those of the strata that nobody took out."""
    exclusions = tuple(exclusions)
    return tuple(stratum for stratum in strata if not any(each.covers(unit, *stratum) for each in exclusions))


def visible_flags(unit: str, tally: Tally, flags: Iterable[Flagged], k: int) -> tuple[Flagged, ...]:
    """A flag on a handful of ballots would tell that they are there."""
    return tuple(
        sorted(
            (
                flag
                for flag in flags
                if flag.flags and tally.number(unit, [(Stream(flag.stream), Mode(flag.mode))]) >= k
            ),
            key=lambda flag: (flag.stream, flag.mode),
        )
    )


# ── Breakdowns of a ward ─────────────────────────────────────────────────────────────────────────────────────────


def streams(unit: str, tally: Tally, name: str, row: Shown, k: int) -> tuple[Part, ...]:
    counts = {stream.value: tally.counts(unit, (stream,), name).of for stream in SCORED}
    return _parts(counts, _labels(SCORED), breakdown(counts, row, SCALE_TREE, k, [*counts]))


def modes(unit: str, tally: Tally, name: str, row: Shown, k: int) -> tuple[Part, ...]:
    counts = {
        mode.value: tally.of(unit, [(stream, mode) for stream in SCORED], name).of for mode in ANONYMOUS
    }
    return _parts(counts, _labels(ANONYMOUS), breakdown(counts, row, SCALE_TREE, k, [*counts]))


def with_and_without(
    unit: str,
    tally: Tally,
    name: str,
    row: Shown,
    k: int,
    *,
    exclusions: Sequence[Exclusion],
    flags: Sequence[Flagged],
) -> Part | None:
    """The other figure: with what was left out; else without what is flagged; None where there is neither."""
    within = kept(unit, ALL_SCORED, exclusions)
    if len(within) < len(ALL_SCORED):
        kind, apart = WITH_LEFT_OUT, [stratum for stratum in ALL_SCORED if stratum not in within]
    elif flags:
        flagged = {(Stream(flag.stream), Mode(flag.mode)) for flag in flags}
        kind, apart = WITHOUT_FLAGGED, [stratum for stratum in ALL_SCORED if stratum in flagged]
        within = tuple(stratum for stratum in ALL_SCORED if stratum not in flagged)
    else:
        return None
    counts = tally.of(unit, within, name).of, tally.of(unit, apart, name).of
    return _part(kind, words_of("part")[kind], beside(*counts, row, SCALE_TREE, k))


def _labels(names: Iterable[str]) -> dict[str, Mapping[str, str]]:
    return {str(name): words_of("part")[str(name)] for name in names if str(name) != Stream.OPEN}


def _parts(
    names: Iterable[str], labels: Mapping[str, Mapping[str, str]], shown: Mapping[str, Shown]
) -> tuple[Part, ...]:
    return tuple(_part(name, labels[name], shown[name]) for name in names)


def _part(name: str, label: Mapping[str, str], shown: Shown) -> Part:
    n, satisfied = shown.of(SCALE), shown.of(SATISFIED)
    figure = None if n is None or satisfied is None else Proportion(satisfied, n)
    return Part(name, dict(label), n, Line("index", dict(words_of("figure")["index"]), figure))


# ── Over a province, and by weight ───────────────────────────────────────────────────────────────────────────────


def services(
    tally: Tally,
    question: Question,
    index: Question,
    strata: Mapping[str, Sequence[Stratum]],
    total: Shown,
    labels: Mapping[str, Mapping[str, str]],
    k: int,
) -> tuple[Part, ...]:
    """`strata`: the wards that the total is over → what counts there."""
    together: Counter[tuple[str, str]] = Counter()
    for unit, counted in strata.items():
        together.update(tally.together(unit, counted, (question.name, index.name)))
    counts: dict[str, dict[str, int]] = {name: {} for name in labels}
    silent: dict[str, int] = {}
    for (name, step), times in together.items():
        into = counts.get(name, silent)
        into[step] = into.get(step, 0) + times
    sizes = {name: Counts(each).sum(SCALE) for name, each in counts.items()}
    names = list(labels)
    order = sorted(names, key=lambda name: (-sizes[name], names.index(name)))
    # Whoever did not say comes last: a remainder, and no line of the table.
    shown = breakdown({**counts, "": silent}, total, SCALE_TREE, k, [*order, ""])
    return _parts(names, labels, shown)


def weighted(
    unit: str, tally: Tally, index: str, row: Shown, plans: Iterable[Plan], k: int
) -> WeightedLine | None:
    """The weighted index, where each of its groups could be shown by itself: at least k on either side. Share, effective number
    and design effect together often allow one set of counts only, so whoever did not say their group is what the row leaves."""
    plan = next((plan for plan in plans if plan.unit == unit), None)
    if plan is None or row.of(SATISFIED) is None or plan.question not in tally.form.by_name:
        return None
    together = tally.together(unit, ALL_SCORED, (plan.question, index))
    steps = {stratum.name: {step: together[stratum.name, step] for step in SCALE} for stratum in plan.strata}
    answers: dict[str | None, tuple[int, int]] = {
        name: (Counts(each).sum(SATISFIED), Counts(each).sum(SCALE)) for name, each in steps.items()
    }
    try:
        weights = weigh(plan, {str(name): n for name, (_, n) in answers.items()})
        found = weights.estimate(answers)
    except CannotWeight:
        return None
    groups = [
        (sum(answers[name][0] for name in cell.strata), sum(answers[name][1] for name in cell.strata))
        for cell in weights.cells
    ]
    whole = row.of(SATISFIED) or 0, row.of(SCALE) or 0
    silent = whole[0] - sum(satisfied for satisfied, _ in groups), whole[1] - sum(n for _, n in groups)
    if silent[1]:
        groups.append(silent)
    if any(min(satisfied, n - satisfied) < k for satisfied, n in groups):
        return None
    return WeightedLine(
        _rounded(found.share, TENTH_OF_A_PER_CENT),
        int(found.effective),
        _rounded(found.design_effect, HUNDREDTH),
        plan.source,
    )


def _rounded(number: Fraction, to: Decimal) -> Decimal:
    steps = round(number / Fraction(to))
    return steps * to
