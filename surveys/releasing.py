"""From a tally to what is published of it: fixed tables, suppressed, each figure with its n, and the verdicts that follow.
Pure and repeatable: the same tally gives the same release, to the byte.

The tables: ward × question; for the question the index is read from, how people came (streams, modes) or the figure with and
without what two persons took out or a detector flagged; service × province, in forms that ask what one came for. There the
services stand in the province's line *instead of* the wards': a ward's services beside the province's would be two margins of
one table, and one could be subtracted from the other.

Ratings by templates of Zalo, in waves of visits, are tables of their own beside these: nothing else is made of them, so the rest
of a release is the same bytes with and without them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from surveys import beside
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
from surveys.beside import SCALE_TREE, headline
from surveys.disclosure import NOTHING, Node, Shown, Table, chain, only_split, plain_total, suppress
from surveys.forms.form import Form, Kind, Question, Words
from surveys.records import Exclusion
from surveys.releases import (
    Detail,
    Flagged,
    LeftOut,
    Line,
    QuestionTable,
    Released,
    ReleasedProvince,
    ReleasedWard,
    ReleasedWave,
    Terms,
)
from surveys.results import (
    ALL_OPEN,
    ALL_SCORED,
    LOWEST_TWO,
    NO_OPINION,
    RATED,
    SATISFIED,
    SCALE,
    TOP,
    Proportion,
    Stratum,
    Tally,
    counted_questions,
    is_scale,
)
from surveys.statistics import Plan, reliability

__all__ = ["FORMULAS", "RATINGS_SINCE", "SCALE_TREE", "Findings", "codes", "release", "tally_for"]

FORMULAS = (
    3  # moves when the same ballots would give another release; a wave keeps the one it was opened with
)
RATINGS_SINCE = 3
"""From this version on, a wave of visits takes ratings by templates of Zalo."""

OTHER = "other"  # the choice that `or_other` adds to a question
CHOSEN, NOT_CHOSEN = HALVES = ("chosen", "not")
VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Findings:
    """What happened to a wave between its opening and its release: all of it stands in the ledger or on the release itself."""

    exclusions: Sequence[Exclusion] = ()
    """The ledger's, of this wave."""
    flags: Mapping[str, Sequence[Flagged]] = field(default_factory=dict)
    """Unit → what the detectors flagged there. Sealing saw it; nobody can work it out again."""
    issued: Mapping[str, int] = field(default_factory=dict)
    """Unit → one-time tokens issued, from the ledger: in a wave of visits these are the persons invited."""
    invited: Mapping[str, int] = field(default_factory=dict)
    """Unit → persons a wave was taken to, from the ledger, where nobody had counted them before it opened."""


def tally_for(form: Form, plans: Iterable[Plan] = ()) -> Tally:
    """An empty tally that counts what a release of this form needs."""
    return Tally(form, beside.pairs(form, plans))


def codes(form: Form, terms: Terms) -> tuple[str, ...]:
    """The units a release has a line for, in order: the wards, and the provinces where services are compared."""
    return tuple(sorted([*terms.units, *(terms.provinces if beside.service(form) else ())]))


def release(
    form: Form,
    tally: Tally,
    comments: Mapping[str, int],
    terms: Terms,
    criteria: CriteriaSet,
    *,
    plans: Sequence[Plan] = (),
    findings: Findings | None = None,
    detail: Detail = Detail.ALL,
    formulas: int = FORMULAS,
) -> dict[str, Released]:
    """Code → what may be shown of it, for each of `codes`. A pure function: whoever has the ballots, the documents and the
    ledger gets the same bytes from `to_json`.

    `tally`: of *every* ballot, made by `tally_for(form, plans)`; what `findings` take out is left out here. `detail`: as the
    release itself says. `formulas`: by which version the wave was opened. Raises TooSmall for a k below the floor.
    """
    return _Releasing(
        form, tally, comments, terms, criteria, tuple(plans), findings or Findings(), detail, formulas
    ).released()


class _Releasing:
    """One wave."""

    def __init__(
        self,
        form: Form,
        tally: Tally,
        comments: Mapping[str, int],
        terms: Terms,
        criteria: CriteriaSet,
        plans: Sequence[Plan],
        findings: Findings,
        detail: Detail,
        formulas: int,
    ) -> None:
        self.form, self.tally, self.comments, self.terms, self.criteria = (
            form,
            tally,
            comments,
            terms,
            criteria,
        )
        self.plans, self.findings, self.detail = plans, findings, detail
        self.headline = headline(form)
        self.gates = beside.gates(form)
        self.threshold = read_threshold(terms.threshold)
        self.invited = {unit: self._invited(unit) for unit in terms.units}
        self.scored = {unit: beside.kept(unit, ALL_SCORED, self._exclusions(unit)) for unit in terms.units}
        self.open = {unit: beside.kept(unit, ALL_OPEN, self._exclusions(unit)) for unit in terms.units}
        self.rated = {unit: beside.kept(unit, RATED, self._exclusions(unit)) for unit in terms.units}
        self.takes_ratings = formulas >= RATINGS_SINCE and terms.audience == VISITS

    def released(self) -> dict[str, Released]:
        scored, opened = self._tables(self.scored), self._tables(self.open)
        by_service = beside.service(self.form) if self.terms.provinces else None
        if by_service is not None:
            scored = {
                unit: tuple(table for table in tables if table.name != by_service.name)
                for unit, tables in scored.items()
            }
        totals = self._totals()
        wave = self._wave(totals)
        rated = self._tables(self.rated) if self.takes_ratings else {}
        made: dict[str, Released] = {
            unit: replace(self._ward(wave, unit, scored[unit], opened[unit]), ratings=rated.get(unit))
            for unit in self.terms.units
        }
        if by_service is not None:
            for code in self.terms.provinces:
                made[code] = self._province(wave, code, by_service, totals[code])
        return made

    # ── A ward ────────────────────────────────────────────────────────────────────────────────────────────────

    def _ward(
        self,
        wave: ReleasedWave,
        unit: str,
        questions: tuple[QuestionTable, ...],
        open_questions: tuple[QuestionTable, ...],
    ) -> ReleasedWard:
        name, _ = self.terms.units[unit]
        invited, heard = self.invited[unit], self.comments.get(unit, 0)
        main = next(
            (table for table in questions if self.headline and table.name == self.headline.name), None
        )
        index = (main and main.index) or _empty("index")
        n = main.n if main else None
        ward = ReleasedWard(
            wave=wave,
            unit=unit,
            unit_name=name,
            invited=invited,
            answered=n,
            grade=None if n is None else reliability(n, _response(n, invited)).grade,
            index=index,
            top=_top(main),
            lowest_two=(main and main.lowest_two) or _empty("lowest_two"),
            questions=questions,
            open_questions=open_questions,
            conclusions=_conclusions(self.form, index, n, self.terms, self.threshold, self.criteria),
            # One person may write several: of a ward that is hidden, many comments would say how few are not.
            comments=heard if heard >= self.terms.k and n is not None else None,
            left_out=tuple(LeftOut(each.stream, each.mode, each.reason) for each in self._exclusions(unit)),
        )
        return self._with_what_stands_beside(ward)

    def _with_what_stands_beside(self, ward: ReleasedWard) -> ReleasedWard:
        index, unit, k = self.headline, ward.unit, self.terms.k
        if index is None or not is_scale(index):
            return ward
        row = self._index_rows[unit]
        flags = beside.visible_flags(unit, self.tally, self.findings.flags.get(unit, ()), k)
        flags = flags if ward.answered is not None else ()
        if self.detail is not Detail.ALL:
            return replace(ward, flags=flags)
        exclusions = self._exclusions(unit)
        other = beside.with_and_without(
            unit, self.tally, index.name, row, k, exclusions=exclusions, flags=flags
        )
        apart = NOTHING if other else row
        return replace(
            ward,
            flags=flags,
            beside=other,
            streams=beside.streams(unit, self.tally, index.name, apart, k),
            modes=beside.modes(unit, self.tally, index.name, apart, k),
            weighted=beside.weighted(unit, self.tally, index.name, apart, self.plans, k),
        )

    @cached_property
    def _index_rows(self) -> Mapping[str, Shown]:
        assert self.headline is not None, "somebody asked for the rows of the index"
        return self._table(self.headline, self.scored).rows

    def _exclusions(self, unit: str) -> tuple[Exclusion, ...]:
        return tuple(each for each in self.findings.exclusions if each.unit == unit)

    def _invited(self, unit: str) -> int | None:
        _, invited = self.terms.units[unit]
        if invited is not None:
            return invited
        known = self.findings.issued if self.terms.audience == VISITS else self.findings.invited
        return known.get(unit)

    # ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────

    def _tables(self, strata: Mapping[str, Sequence[Stratum]]) -> dict[str, tuple[QuestionTable, ...]]:
        tables: dict[str, list[QuestionTable]] = {unit: [] for unit in self.terms.units}
        for question in counted_questions(self.form):
            if is_scale(question):
                made = _scale_tables(question, self._table(question, strata).rows)
            elif question.kind is Kind.SELECT_MULTIPLE:
                made = self._multiple_tables(question, self._rows(question, strata))
            else:
                made = _single_tables(question, self._single_rows(question, strata))
            for unit, table in made.items():
                tables[unit].append(table)
        return {unit: tuple(made) for unit, made in tables.items()}

    def _rows(
        self, question: Question, strata: Mapping[str, Sequence[Stratum]]
    ) -> dict[str, Mapping[str, int]]:
        return {unit: self.tally.of(unit, strata[unit], question.name).of for unit in self.terms.units}

    def _table(self, question: Question, strata: Mapping[str, Sequence[Stratum]]) -> Table:
        """Of a question on the scale."""
        table = suppress(self._rows(question, strata), SCALE_TREE, self.terms.k)
        if question.name in self.gates:
            return Table(only_split(table, SCALE_TREE), NOTHING, ())
        return table

    def _single_rows(
        self, question: Question, strata: Mapping[str, Sequence[Stratum]]
    ) -> Mapping[str, Shown]:
        rows = self._rows(question, strata)
        order = _by_size(question, rows)
        leading = [led & set(order) for led in self.gates.get(question.name, ())]
        if not leading:
            return suppress(rows, chain(order), self.terms.k).rows
        # What leads to other questions is the first thing to be told apart; where it cannot be, nothing is said.
        shown = suppress(rows, _gate_tree(order, leading[0]), self.terms.k).rows
        return {
            unit: row if all(row.of(sorted(led)) is not None for led in leading) else NOTHING
            for unit, row in shown.items()
        }

    def _multiple_tables(
        self, question: Question, rows: Mapping[str, Mapping[str, int]]
    ) -> dict[str, QuestionTable]:
        """Each choice is a table of its own: who chose it, and who answered without choosing it."""
        lines: dict[str, list[Line]] = {unit: [] for unit in rows}
        n: dict[str, int | None] = dict.fromkeys(rows)
        leading = frozenset[str]().union(*self.gates.get(question.name, ()))
        hidden: set[str] = set()
        for name, label in _choices(question).items():
            split = {
                unit: {CHOSEN: row.get(name, 0), NOT_CHOSEN: row.get("", 0) - row.get(name, 0)}
                for unit, row in rows.items()
            }
            for unit, row in suppress(split, chain(HALVES), self.terms.k).rows.items():
                lines[unit].append(_line(name, label, row, (CHOSEN,), HALVES))
                n[unit] = row.of(HALVES)
                if name in leading and row.of((CHOSEN,)) is None:
                    hidden.add(unit)
        for unit in hidden:
            lines[unit] = [Line(line.name, line.label) for line in lines[unit]]
            n[unit] = None
        return {unit: _question(question, n[unit], answers=tuple(lines[unit])) for unit in rows}

    # ── Totals ────────────────────────────────────────────────────────────────────────────────────────────────

    def _totals(self) -> dict[str, Table]:
        """Province → the table of its wards, with their total. All wards are one province where the terms know none."""
        index, provinces = self.headline, self.terms.provinces or {"": ("", tuple(self.terms.units))}
        if index is None or not is_scale(index) or index.name in self.gates:
            return {code: Table({}, NOTHING, ()) for code in provinces}
        rows = self._rows(index, self.scored)
        limits = {unit: most for unit, most in self.invited.items() if most is not None}
        tables = {
            code: suppress({unit: rows[unit] for unit in wards}, SCALE_TREE, self.terms.k, limits)
            for code, (_, wards) in provinces.items()
        }
        if self.detail is Detail.ROWS:
            return {code: plain_total(table, SCALE_TREE) for code, table in tables.items()}
        return tables

    def _wave(self, totals: Mapping[str, Table]) -> ReleasedWave:
        whole = _together(list(totals.values()))
        return ReleasedWave(
            self.terms.slug,
            self.terms.title,
            self.terms.audience,
            self.terms.k,
            self.threshold,
            f"{self.form.id} {self.form.version}",
            _line("index", words_of("figure")["index"], whole.total, SATISFIED, SCALE),
            whole.covers,
            detail=self.detail,
        )

    def _province(self, wave: ReleasedWave, code: str, by: Question, table: Table) -> ReleasedProvince:
        name, wards = self.terms.provinces[code]
        index = self.headline
        assert index is not None, "a form that compares services has what to compare them by"
        strata = {unit: self.scored[unit] for unit in table.covers}
        total = table.total if self.detail is Detail.ALL else NOTHING
        return ReleasedProvince(
            wave=wave,
            unit=code,
            unit_name=name,
            wards=len(wards),
            covers=table.covers,
            n=table.total.of(SCALE),
            index=_line("index", words_of("figure")["index"], table.total, SATISFIED, SCALE),
            services=beside.services(self.tally, by, index, strata, total, _choices(by), self.terms.k),
            question=dict(by.label),
        )


def _together(tables: Sequence[Table]) -> Table:
    """Over several provinces: a plain sum of what each shows."""
    if len(tables) == 1:
        return tables[0]
    shown = [table for table in tables if table.total.of(SATISFIED) is not None]
    groups: list[tuple[str, ...]] = [SCALE, SATISFIED] if shown else []
    counts = {group: sum(table.total.of(group) or 0 for table in shown) for group in groups}
    return Table({}, Shown(counts), tuple(unit for table in shown for unit in table.covers))


def _gate_tree(order: Sequence[str], leading: frozenset[str]) -> Node:
    first = [name for name in order if name in leading]
    rest = [name for name in order if name not in leading]
    if not first or not rest:
        return chain(order)
    return Node((*first, *rest), chain(first), chain(rest))


def _response(n: int, invited: int | None) -> Proportion | None:
    return Proportion(n, invited) if invited and n <= invited else None


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


def _scale_tables(question: Question, rows: Mapping[str, Shown]) -> dict[str, QuestionTable]:
    labels = {**{step: {"vi": step} for step in SCALE}, **_choices(question)}
    return {
        unit: _question(
            question,
            row.of(SCALE),
            index=_line("index", words_of("figure")["index"], row, SATISFIED, SCALE),
            lowest_two=_line("lowest_two", words_of("figure")["lowest_two"], row, LOWEST_TWO, SCALE),
            answers=tuple(_line(step, labels[step], row, (step,), SCALE) for step in SCALE),
        )
        for unit, row in rows.items()
    }


def _single_tables(question: Question, rows: Mapping[str, Shown]) -> dict[str, QuestionTable]:
    choices = _choices(question)
    names = tuple(choices)
    return {
        unit: _question(
            question,
            row.of(names),
            answers=tuple(_line(name, label, row, (name,), names) for name, label in choices.items()),
        )
        for unit, row in rows.items()
    }


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
