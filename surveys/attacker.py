"""The attacker whom every release must withstand: all that was ever published of a wave, and linear programming.

**What they know.** Every number, bound, total, stream, mode, figure with and without, and service of the release; how many could
answer at the most; which questions lead to which; that nobody counts less than nought. Twice: as the *public*, and as the
*initiated* who also knows our rules: that a row without a size has fewer than k, and for each group that was not split which
of its sides is the small one (we grant them the true side, which is more than they can know).

**What is a cell.** What a fixed table shows or hides: ward × question × answer or side of the scale; the size of a row; for the
question of the index also stream × side, mode × side, what is left out or flagged × side; province × service × side. Two
questions crossed within a ward are no cell: no table crosses them, and k hides who said which.

**When a cell is exposed.** For each cell the least and the most are sought that everything known allows: the attacker's problem
of M. Fischetti & J. J. Salazar-González, Management Science 47 (2001) 1008–1027, with k as its *sliding protection level*. A
cell is exposed when
  – it can be told exactly and is below k; or
  – it cannot be told exactly, and its range is narrower than k (for the initiated: has fewer than k whole numbers, for they
    know 0 … k − 1 of every small one) *and* narrower than what sizes and the published “≥ 90 %” leave it by themselves. That
    bound is meant to be known of a small unanimous group; nothing else may narrow it.
Ranges are of real numbers; whole ones can lie no wider than their hull, and these tables (nested groups, margins) have whole
corners but for rounding of bounds, which is done before.

**Why one wave is enough.** Each wave has ballots of its own; no person or answer is carried from one to another, so no equation
joins them. Within a wave questions are apart but for what leads to what, and wards but for totals that hold a hidden ward:
each such block is solved by itself. Units that became one another are never in one wave (`surveys.merged`).

A weighted share is not among the equations: it is rounded, and appears only where each count behind it could be shown.

scipy is imported where it is used, because that takes seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveys import beside
from surveys.entry import Stream
from surveys.forms.form import Form, Kind, Question
from surveys.forms.session import Mode
from surveys.releases import Line, Part, QuestionTable, Released, ReleasedProvince, ReleasedWard
from surveys.releasing import Findings
from surveys.results import (
    ALL_OPEN,
    ALL_SCORED,
    LOWEST_TWO,
    RATED,
    SATISFIED,
    SCALE,
    Counts,
    Tally,
    counted_questions,
    is_scale,
)

__all__ = ["Case", "Exposed", "Exposure", "exposures", "exposures_in"]

UNSATISFIED = ("3", *LOWEST_TWO)
CHOSEN, NOT_CHOSEN = "chosen", "not"
SERVICES, STREAMS, MODES, BESIDE = "services", "streams", "modes", "beside"
OPEN, RATINGS = "open:", "ratings:"
APART = {OPEN: ALL_OPEN, RATINGS: RATED}
"""Tables that stand beside the score and have no ballot in common with it."""
HAIR = 1e-6  # what the solver may be off

SIZE = ("n",)

Variable = tuple[str, ...]
Sum = Mapping[Variable, float]


@dataclass(frozen=True, slots=True)
class Exposure:
    """A hidden count that what is published would give away."""

    unit: str
    question: str
    answers: tuple[str, ...]
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.unit} × {self.question} × {'+'.join(self.answers)}: {self.low} to {self.high}"


class Exposed(ValueError):
    """A release would tell of a count what must stay hidden. Nothing was published."""

    def __init__(self, wave: str, found: Sequence[Exposure]) -> None:
        named = "; ".join(str(each) for each in found[:3])
        super().__init__(f"{wave} would expose {named}{' …' if len(found) > 3 else ''}")
        self.wave = wave
        self.found = tuple(found)


@dataclass(frozen=True, slots=True)
class Case:
    """A wave as it would be published, every line of it, and what it was made from.

    The tally only says which side of a group is the small one and how large the rows are that are hidden: what the
    initiated may guess.
    """

    released: Sequence[Released]
    form: Form
    tally: Tally
    findings: Findings = field(default_factory=Findings)


def exposures(
    released: Iterable[Released], form: Form, tally: Tally, findings: Findings | None = None
) -> tuple[Exposure, ...]:
    """Every cell of a wave that is exposed."""
    return exposures_in([Case(tuple(released), form, tally, findings or Findings())])


def exposures_in(cases: Iterable[Case]) -> tuple[Exposure, ...]:
    """The same of several waves at once, which is quicker; their units have different codes and one k."""
    public: list[_Block] = []
    initiated: list[_Block] = []
    levels = set()
    for case in cases:
        wards = [line for line in case.released if isinstance(line, ReleasedWard)]
        provinces = [line for line in case.released if isinstance(line, ReleasedProvince)]
        if not wards:
            continue
        levels.add(wards[0].wave.k)
        truth = _Truth(case.form, case.tally, case.findings)
        public += _Knowledge(case.form, wards, provinces, truth, is_initiated=False).blocks()
        initiated += _Knowledge(case.form, wards, provinces, truth, is_initiated=True).blocks()
    if not levels:
        return ()
    [k] = levels
    ranges = _ranges(public)
    found = [each for each in ranges if _is_exposed_to_the_public(each, k)]
    exact = {each.cell.name for each in ranges if each.is_exact}
    found += [
        each
        for each in _ranges(initiated)
        if each.cell.name not in exact and each.width + 1 < min(k, each.own + 1) - HAIR
    ]
    return tuple(dict.fromkeys(each.exposure for each in found))


# ── What is known ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Fact:
    """A sum of counts lies between two numbers."""

    sum: Sum
    low: float
    high: float
    is_own: bool = False
    """A size, or what is said of the row itself: what a cell's range is measured against."""


@dataclass(frozen=True, slots=True)
class _Cell:
    unit: str
    question: str
    answers: tuple[str, ...]
    sum: Sum

    @property
    def name(self) -> tuple[str, str, tuple[str, ...]]:
        return self.unit, self.question, self.answers


@dataclass
class _Block:
    facts: list[_Fact] = field(default_factory=list)
    cells: list[_Cell] = field(default_factory=list)
    joins: "list[_Block]" = field(default_factory=list)
    """The wards that a total holds together; its own facts are what the total says."""

    @property
    def signature(self) -> frozenset[tuple[frozenset[Variable], float, float, bool]]:
        """Two wards with the same one look the same in every total."""
        return frozenset(
            (frozenset(name[1:] for name in fact.sum), fact.low, fact.high, fact.is_own)
            for fact in self.facts
        )


class _Truth:
    """How the ballots really are: what is granted to the initiated."""

    def __init__(self, form: Form, tally: Tally, findings: Findings) -> None:
        self._tally = tally
        self._findings = findings
        self._form = form

    def row(self, unit: str, key: str, strata: Iterable[tuple[Stream, Mode]] | None = None) -> Counts:
        name, every = key, ALL_SCORED
        for prefix, apart in APART.items():
            if key.startswith(prefix):
                name, every = key.removeprefix(prefix), apart
        counted = beside.kept(unit, every, self._findings.exclusions)
        wanted = counted if strata is None else [each for each in strata if each in counted]
        return self._tally.of(unit, wanted, name)


class _Knowledge:
    """The release as facts, in blocks that have nothing to do with one another."""

    def __init__(
        self,
        form: Form,
        wards: Sequence[ReleasedWard],
        provinces: Sequence[ReleasedProvince],
        truth: _Truth,
        *,
        is_initiated: bool,
    ) -> None:
        self._form, self._wards, self._provinces, self._truth = form, wards, provinces, truth
        self._is_initiated = is_initiated
        self._k = wards[0].wave.k
        self._headline = beside.headline(form)
        self._gates = beside.gates(form)
        sizes = [table.n or 0 for ward in wards for _, tables in _all_tables(ward) for table in tables]
        totals = [line.index.figure.denominator for line in provinces if line.index.figure]
        if wards[0].wave.total.figure:
            totals.append(wards[0].wave.total.figure.denominator)
        # More than anybody could need to explain what is published; it only keeps the ranges finite.
        self.most = 10 * self._k + 2 * max([*sizes, *totals])

    def blocks(self) -> list[_Block]:
        made: dict[tuple[str, str], _Block] = {}
        for ward in self._wards:
            for prefix, tables in _all_tables(ward):
                answered = {table.name: table.n for table in tables}
                for table in tables:
                    question = self._form.question(table.name)
                    if question.kind is Kind.SELECT_MULTIPLE:
                        for line in table.answers:
                            made[ward.unit, f"{prefix}{table.name}/{line.name}"] = self._multiple(
                                ward, prefix, table, line, answered
                            )
                        continue
                    made[ward.unit, prefix + table.name] = self._row(ward, prefix, question, table, answered)
        blocks = dict(made)
        if self._headline and is_scale(self._headline):
            for ward in self._wards:
                block = made.get((ward.unit, self._headline.name))
                if block is not None:
                    self._beside(ward, block)
            self._total(blocks)
        services = [self._services(province) for province in self._provinces]
        return [*_distinct(blocks.values()), *services]

    # ── A ward's row ──────────────────────────────────────────────────────────────────────────────────────────

    def _row(
        self,
        ward: ReleasedWard,
        prefix: str,
        question: Question,
        table: QuestionTable,
        answered: Mapping[str, int | None],
    ) -> _Block:
        key = prefix + question.name
        names = SCALE if is_scale(question) else tuple(line.name for line in table.answers)
        block = _Block()

        def some(group: Iterable[str]) -> Sum:
            return _of((ward.unit, key, name) for name in group)

        if (
            table.n is None
            and ward.invited == 0
            and not prefix
            and not self._truth.row(ward.unit, key).sum(names)
        ):
            block.facts.append(_Fact(some(names), 0, 0, is_own=True))
            return block  # everybody knew before that nobody answered there
        self._size(block, ward, some(names), table.n, ward.unit, key, prefix)
        groups: list[tuple[tuple[str, ...], Line]] = [((line.name,), line) for line in table.answers]
        groups += [(SATISFIED, table.index)] if table.index else []
        groups += [(LOWEST_TWO, table.lowest_two)] if table.lowest_two else []
        for group, line in groups:
            self._line(block, some(group), line, table.n)
        for led in self._gates.get(question.name, ()):
            leading = [name for name in names if name in led]
            for follower in self._followers(question.name, led):
                if leading and (n := answered.get(follower)) is not None:
                    block.facts.append(_Fact(some(leading), n, self.most * len(leading)))
        cells: list[tuple[str, ...]] = [(name,) for name in names]
        if is_scale(question):
            # Where nothing is said below the two sides, a step can be none or all of its side: no narrower than the side.
            is_split = table.index is not None and table.index.figure is not None
            cells = [*cells, SATISFIED, UNSATISFIED, LOWEST_TWO] if is_split else [SATISFIED, UNSATISFIED]
        block.cells += [_Cell(ward.unit, key, group, some(group)) for group in cells]
        if self._is_initiated:
            self._rules(block, ward.unit, key, question, table, some)
        return block

    def _size(
        self,
        block: _Block,
        ward: ReleasedWard,
        everybody: Sum,
        n: int | None,
        unit: str,
        key: str,
        prefix: str,
    ) -> None:
        if n is not None:
            block.facts.append(_Fact(everybody, n, n, is_own=True))
            return
        block.cells.append(_Cell(unit, key, SIZE, everybody))
        if ward.invited is not None and not prefix and "/" not in key:
            # More may come than were invited, through a counter's code: then what everybody thinks is not so.
            answered = self._truth.row(unit, key).sum(name for *_, name in everybody)
            if answered <= ward.invited:
                block.facts.append(_Fact(everybody, 0, ward.invited, is_own=True))

    def _line(self, block: _Block, group: Sum, line: Line, n: int | None) -> None:
        if line.figure is not None:
            block.facts.append(_Fact(group, line.figure.numerator, line.figure.numerator))
        elif line.bound is not None and n is not None:
            low, high = line.bound.limits(n)
            block.facts.append(_Fact(group, low, high, is_own=True))

    def _followers(self, name: str, led: frozenset[str]) -> list[str]:
        return [
            question.name
            for question in counted_questions(self._form)
            if question.relevant
            and name in question.relevant.names
            and beside.leading(self._form, name, question) == led
        ]

    def _multiple(
        self,
        ward: ReleasedWard,
        prefix: str,
        table: QuestionTable,
        line: Line,
        answered: Mapping[str, int | None],
    ) -> _Block:
        key, unit = f"{prefix}{table.name}/{line.name}", ward.unit
        chosen, others = _of([(unit, key, CHOSEN)]), _of([(unit, key, NOT_CHOSEN)])
        block = _Block()
        self._size(block, ward, {**chosen, **others}, table.n, unit, key, prefix)
        self._line(block, chosen, line, table.n)
        for led in self._gates.get(table.name, ()):
            for follower in self._followers(table.name, led):
                if led == {line.name} and (n := answered.get(follower)) is not None:
                    block.facts.append(_Fact(chosen, n, self.most))
        block.cells += [_Cell(unit, key, (name,), _of([(unit, key, name)])) for name in (CHOSEN, NOT_CHOSEN)]
        if self._is_initiated and table.name not in self._gates:
            row = self._truth.row(unit, prefix + table.name).of
            sides = {CHOSEN: row.get(line.name, 0), NOT_CHOSEN: row.get("", 0) - row.get(line.name, 0)}
            if table.n is None:
                block.facts.append(_Fact({**chosen, **others}, 0, self._k - 1, is_own=True))
            elif line.figure is None:
                self._small_side(block, {name: _of([(unit, key, name)]) for name in sides}, sides)
        return block

    def _small_side(self, block: _Block, sums: Mapping[str, Sum], sizes: Mapping[str, int]) -> None:
        """One that is below k, since a group was not split: the initiated know that there is one."""
        small = min(sizes, key=lambda name: (sizes[name], name))
        if sizes[small] < self._k:
            block.facts.append(_Fact(sums[small], 0, self._k - 1, is_own=True))

    def _rules(
        self, block: _Block, unit: str, key: str, question: Question, table: QuestionTable, some: Any
    ) -> None:
        if question.name in self._gates:
            return  # its rows are hidden by another rule, which tells less
        row = self._truth.row(unit, key)
        names = SCALE if is_scale(question) else tuple(line.name for line in table.answers)
        if table.n is None:
            block.facts.append(_Fact(some(names), 0, self._k - 1, is_own=True))
            return
        if not is_scale(question):
            hidden = [line.name for line in table.answers if line.figure is None]
            if hidden and len(hidden) > 1:
                small = min(hidden, key=lambda name: row.sum([name]))
                self._small_side(block, {small: some([small])}, {small: row.sum([small])})
            return
        shown = {line.name for line in table.answers if line.figure}
        splits: list[tuple[bool, tuple[str, ...], tuple[str, ...]]] = [
            (bool(table.index and table.index.figure), SATISFIED, UNSATISFIED),
        ]
        if table.index and table.index.figure:
            splits.append(("5" in shown, ("5",), ("4",)))
            splits.append(("3" in shown, ("3",), LOWEST_TWO))
            if "3" in shown:
                splits.append(("2" in shown, ("2",), ("1",)))
        for is_shown, first, second in splits:
            if not is_shown:
                self._small_side(
                    block,
                    {"first": some(first), "second": some(second)},
                    {"first": row.sum(first), "second": row.sum(second)},
                )

    # ── What stands beside it ─────────────────────────────────────────────────────────────────────────────────

    def _beside(self, ward: ReleasedWard, block: _Block) -> None:
        assert self._headline is not None, "nothing stands beside no row"
        name = self._headline.name
        for kind, parts in ((STREAMS, ward.streams), (MODES, ward.modes)):
            if any(part.n is not None for part in parts):
                self._parts(block, ward.unit, kind, parts, self._row_sides(ward.unit, name))
        if ward.beside is not None and ward.beside.n is not None:
            self._with_and_without(block, ward, ward.beside, name)

    def _row_sides(self, unit: str, name: str) -> tuple[Sum, Sum]:
        return _of((unit, name, step) for step in SATISFIED), _of((unit, name, step) for step in UNSATISFIED)

    def _parts(
        self,
        block: _Block,
        unit: str,
        kind: str,
        parts: Sequence[Part],
        row: tuple[Sum, Sum],
        rest: Sequence[str] = (),
    ) -> None:
        """Parts that make up the row, side by side. `rest`: parts that no line is about."""
        names = [*(part.name for part in parts), *rest]
        for side, whole in zip(("yes", "no"), row, strict=True):
            together = _of((unit, kind, part, side) for part in names)
            block.facts.append(_Fact({**together, **_of(whole, -1.0)}, 0, 0, is_own=True))
        for part in parts:
            self._part(block, unit, kind, part)
        if self._is_initiated:
            self._rules_of_parts(block, unit, kind, parts)

    def _part(self, block: _Block, unit: str, kind: str, part: Part) -> None:
        yes = _of([(unit, kind, part.name, "yes")])
        no = _of([(unit, kind, part.name, "no")])
        everybody = {**yes, **no}
        if part.n is None:
            block.cells.append(_Cell(unit, kind, (part.name, "n"), everybody))
        else:
            block.facts.append(_Fact(everybody, part.n, part.n, is_own=True))
        if part.index.figure is not None:
            block.facts.append(_Fact(yes, part.index.figure.numerator, part.index.figure.numerator))
        block.cells.append(_Cell(unit, kind, (part.name, "yes"), yes))
        block.cells.append(_Cell(unit, kind, (part.name, "no"), no))

    def _rules_of_parts(self, block: _Block, unit: str, kind: str, parts: Sequence[Part]) -> None:
        """Where splitting off streams or modes came to an end, one of the counts it would have shown is small."""
        assert self._headline is not None, "nothing stands beside no row"
        place = next((place for place, part in enumerate(parts) if part.index.figure is None), None)
        if kind not in (STREAMS, MODES) or place is None or place == len(parts) - 1:
            return
        sums: dict[str, Sum] = {}
        sizes: dict[str, int] = {}
        for name, some in (("first", parts[place : place + 1]), ("rest", parts[place + 1 :])):
            strata = [
                (stream, mode)
                for stream, mode in ALL_SCORED
                if (stream if kind == STREAMS else mode) in {part.name for part in some}
            ]
            row = self._truth.row(unit, self._headline.name, strata)
            sides = (("yes", SATISFIED), ("no", UNSATISFIED))
            if parts[place].n is None:  # it ended at a size
                sums[name] = _of((unit, kind, part.name, side) for part in some for side, _ in sides)
                sizes[name] = row.sum(SCALE)
                continue
            for side, group in sides:
                sums[f"{name}/{side}"] = _of((unit, kind, part.name, side) for part in some)
                sizes[f"{name}/{side}"] = row.sum(group)
        self._small_side(block, sums, sizes)

    def _with_and_without(self, block: _Block, ward: ReleasedWard, other: Part, name: str) -> None:
        unit = ward.unit
        satisfied, unsatisfied = self._row_sides(unit, name)
        adds = other.name == beside.WITH_LEFT_OUT
        sign = 1.0 if adds else -1.0
        figure, n = other.index.figure, other.n
        assert n is not None, "a figure beside has its n"
        for side, row, number in (
            ("yes", satisfied, figure.numerator if figure else None),
            ("no", unsatisfied, n - figure.numerator if figure else None),
        ):
            apart = _of([(unit, BESIDE, side)])
            signed = _of([(unit, BESIDE, side)], sign)
            block.cells.append(_Cell(unit, BESIDE, ("apart", side), apart))
            if not adds:  # what is apart is some of the row
                block.facts.append(_Fact({**row, **signed}, 0, self.most * len(row), is_own=True))
                block.cells.append(_Cell(unit, BESIDE, ("without", side), {**row, **signed}))
            if number is not None:
                block.facts.append(_Fact({**row, **signed}, number, number))
        everybody = {
            **satisfied,
            **unsatisfied,
            **_of(((unit, BESIDE, side) for side in ("yes", "no")), sign),
        }
        block.facts.append(_Fact(everybody, n, n, is_own=True))

    # ── Totals and services ───────────────────────────────────────────────────────────────────────────────────

    def _total(self, blocks: dict[tuple[str, str], _Block]) -> None:
        """A total joins those of its wards that do not show what it is the sum of. Where there is none it tells nothing new."""
        assert self._headline is not None, "totals are of the index"
        name = self._headline.name
        wave = self._wards[0].wave
        totals = [(line.index, line.covers) for line in self._provinces]
        totals.append((wave.total, wave.covers))
        seen = {ward.unit: ward.index.figure for ward in self._wards if ward.index.figure is not None}
        for line, covers in totals:
            hidden = [unit for unit in covers if unit not in seen]
            if line.figure is None or not hidden:
                continue
            joined = _Block()
            for block in _distinct(blocks[unit, name] for unit in hidden):
                joined.joins += block.joins or [block]
                joined.facts += block.facts if block.joins else []
            shown = [seen[unit] for unit in covers if unit in seen]
            for group, number in (
                (SATISFIED, line.figure.numerator - sum(figure.numerator for figure in shown)),
                (SCALE, line.figure.denominator - sum(figure.denominator for figure in shown)),
            ):
                left = _of((unit, name, step) for unit in hidden for step in group)
                joined.facts.append(_Fact(left, number, number))
            for unit in hidden:
                blocks[unit, name] = joined

    def _services(self, province: ReleasedProvince) -> _Block:
        block = _Block()
        if province.index.figure is None or all(part.n is None for part in province.services):
            return block
        figure = province.index.figure
        sides = _of([(province.unit, "total", "yes")]), _of([(province.unit, "total", "no")])
        for side, number in zip(
            sides, (figure.numerator, figure.denominator - figure.numerator), strict=True
        ):
            block.facts.append(_Fact(side, number, number))
        self._parts(block, province.unit, SERVICES, province.services, sides, rest=[""])
        return block


def _all_tables(ward: ReleasedWard) -> tuple[tuple[str, Sequence[QuestionTable]], ...]:
    return ("", ward.questions), (OPEN, ward.open_questions), (RATINGS, ward.ratings or ())


def _of(names: Iterable[Variable], times: float = 1.0) -> dict[Variable, float]:
    return dict.fromkeys(names, times)


def _distinct(blocks: Iterable[_Block]) -> list[_Block]:
    return list({id(block): block for block in blocks}.values())


# ── What follows from it ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Range:
    cell: _Cell
    low: float
    high: float
    own: float
    """How wide it would be by sizes and bounds alone."""

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def is_exact(self) -> bool:
        return self.width < HAIR

    @property
    def exposure(self) -> Exposure:
        cell = self.cell
        return Exposure(cell.unit, cell.question, cell.answers, round(self.low), round(self.high))


def _is_exposed_to_the_public(found: _Range, k: int) -> bool:
    if found.is_exact:
        return found.high < k - HAIR
    return found.width < min(k, found.own) - HAIR


def _ranges(blocks: Sequence[_Block]) -> list[_Range]:
    found: list[_Range] = []
    apart: list[_Block] = []
    for block in blocks:
        if block.joins:
            ranges, wards = _in_a_total(block)
            found += ranges
            apart += wards
        else:
            apart.append(block)
    # Those with as many cells go together, so that few of the many are asked again and again beside them.
    alike: dict[int, list[_Block]] = {}
    for block in apart:
        if block.cells:
            alike.setdefault(len(block.cells), []).append(block)
    for each in alike.values():
        found += _together(each)
    return found


def _together(blocks: Sequence[_Block]) -> list[_Range]:
    """Blocks have nothing to do with one another, so the least of a sum over blocks is the sum of the least of each: one
    programme finds the range of one cell of every block."""
    everything, own = _System(blocks, own=False), _System(blocks, own=True)
    found = []
    for place in range(len(blocks[0].cells)):
        cells = [block.cells[place] for block in blocks]
        sums = [cell.sum for cell in cells]
        ends = [everything.ends(sums), own.ends(sums)]
        for cell, (low, high), (least, most) in zip(cells, *ends, strict=True):
            found.append(_Range(cell, low, high, most - least))
    return found


def _in_a_total(block: _Block) -> tuple[list[_Range], list[_Block]]:
    """Of the wards without a size, the ranges; the others by themselves, with all that the total says of them.

    A ward whose size is known hangs on the total by one number, how many are satisfied. What the rest of the total allows of
    that number is an interval, so the ward with that interval is the ward in the total.
    """
    everything = _System([block, *block.joins], own=False)
    found: list[_Range] = []
    apart: list[_Block] = []
    solved: dict[object, list[tuple[float, float]]] = {}
    for ward in block.joins:
        if not ward.cells:
            continue
        has_size = all(cell.answers != SIZE for cell in ward.cells)
        cells = [cell for cell in ward.cells if not has_size or cell.answers == SATISFIED]
        signature = ward.signature
        if signature not in solved:
            solved[signature] = [everything.ends([cell.sum])[0] for cell in cells]
        ends = solved[signature]
        if has_size:
            [(low, high)] = ends
            satisfied = _Fact(cells[0].sum, low - HAIR / 10, high + HAIR / 10)
            apart.append(_Block([*ward.facts, satisfied], ward.cells))
            continue
        own = _System([ward], own=True)
        for cell, (low, high) in zip(cells, ends, strict=True):
            [(least, most)] = own.ends([cell.sum])
            found.append(_Range(cell, low, high, most - least))
    return found, apart


class _System:
    """Some facts as a linear programme, to be asked again and again."""

    def __init__(self, blocks: Sequence[_Block], *, own: bool) -> None:
        from scipy.optimize import Bounds

        facts = [fact for block in blocks for fact in block.facts if fact.is_own or not own]
        sums = [each.sum for block in blocks for each in block.facts]
        sums += [each.sum for block in blocks for each in block.cells]
        self._places = {
            name: place for place, name in enumerate(dict.fromkeys(name for each in sums for name in each))
        }
        most = 1.0 + max([0.0, *(fact.high for block in blocks for fact in block.facts)])
        self._bounds = Bounds(0, most)
        self._constraints = self._written_down(facts)

    def _written_down(self, facts: Sequence[_Fact]) -> Any:
        """A row a fact, between its two numbers; column by column, as the solver takes them."""
        from scipy.optimize import LinearConstraint
        from scipy.sparse import csc_array

        if not facts:
            return ()
        entries = [
            (place, self._places[name], times)
            for place, fact in enumerate(facts)
            for name, times in fact.sum.items()
        ]
        rows, columns, values = zip(*entries, strict=True)
        matrix = csc_array((values, (rows, columns)), shape=(len(facts), len(self._places)))
        return LinearConstraint(matrix, [fact.low for fact in facts], [fact.high for fact in facts])

    def ends(self, sums: Sequence[Sum]) -> list[tuple[float, float]]:
        """The least and the most of each; the sums share no variable."""
        import numpy
        from scipy.optimize import milp

        weights = numpy.zeros(len(self._places))
        for each in sums:
            for name, times in each.items():
                weights[self._places[name]] = times
        # Nothing here has to be whole, so this is the linear programme that `linprog` would hand to the same solver, in half the
        # time: the programmes are small and many, and looking them over first costs more than solving them.
        solved = [
            milp(sign * weights, constraints=self._constraints, bounds=self._bounds) for sign in (1, -1)
        ]
        if any(each.status != 0 for each in solved):
            raise AssertionError(f"The release contradicts itself: {[each.message for each in solved]}")
        least, most = (each.x for each in solved)
        return [(self._value(cell, least), self._value(cell, most)) for cell in sums]

    def _value(self, cell: Sum, found: Any) -> float:
        return float(sum(times * found[self._places[name]] for name, times in cell.items()))
