"""A release as facts, in blocks that have nothing to do with one another: what the public reads in it, and what the initiated add who
know our rules. It solves nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surveys import beside
from surveys.attacker.facts import SIZE, Block, Cell, Fact, Sum, distinct, sum_of
from surveys.attacker.truth import OPEN, RATINGS, Truth
from surveys.forms.form import Form, Kind, Question
from surveys.releases import Line, Part, QuestionTable, ReleasedProvince, ReleasedWard
from surveys.results import ALL_SCORED, LOWEST_TWO, SATISFIED, SCALE, counted_questions, is_scale

__all__ = ["Knowledge"]

UNSATISFIED = ("3", *LOWEST_TWO)
CHOSEN, NOT_CHOSEN = "chosen", "not"
SERVICES, STREAMS, MODES, BESIDE = "services", "streams", "modes", "beside"


class Knowledge:
    """The release as facts, in blocks that have nothing to do with one another."""

    def __init__(
        self,
        form: Form,
        wards: Sequence[ReleasedWard],
        provinces: Sequence[ReleasedProvince],
        truth: Truth,
        *,
        is_initiated: bool,
    ) -> None:
        self._form, self._wards, self._provinces, self._truth = form, wards, provinces, truth
        self._is_initiated = is_initiated
        self._k = wards[0].wave.k
        self._headline = beside.headline(form)
        self._gates = beside.gates(form)
        sizes = [table.n or 0 for ward in wards for _, tables in _tables_of(ward) for table in tables]
        totals = [line.index.figure.denominator for line in provinces if line.index.figure]
        if wards[0].wave.total.figure:
            totals.append(wards[0].wave.total.figure.denominator)
        # More than anybody could need to explain what is published; it only keeps the ranges finite.
        self.most = 10 * self._k + 2 * max([*sizes, *totals])

    def blocks(self) -> list[Block]:
        made: dict[tuple[str, str], Block] = {}
        for ward in self._wards:
            for prefix, tables in _tables_of(ward):
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
        return [*distinct(blocks.values()), *services]

    # ── A ward's row ──────────────────────────────────────────────────────────────────────────────────────────

    def _row(
        self,
        ward: ReleasedWard,
        prefix: str,
        question: Question,
        table: QuestionTable,
        answered: Mapping[str, int | None],
    ) -> Block:
        key = prefix + question.name
        names = SCALE if is_scale(question) else tuple(line.name for line in table.answers)
        block = Block()

        def some(group: Iterable[str]) -> Sum:
            return sum_of((ward.unit, key, name) for name in group)

        if (
            table.n is None
            and ward.invited == 0
            and not prefix
            and not self._truth.row(ward.unit, key).sum(names)
        ):
            block.facts.append(Fact(some(names), 0, 0, is_own=True))
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
                    block.facts.append(Fact(some(leading), n, self.most * len(leading)))
        cells: list[tuple[str, ...]] = [(name,) for name in names]
        if is_scale(question):
            # Where nothing is said below the two sides, a step can be none or all of its side: no narrower than the side.
            is_split = table.index is not None and table.index.figure is not None
            cells = [*cells, SATISFIED, UNSATISFIED, LOWEST_TWO] if is_split else [SATISFIED, UNSATISFIED]
        block.cells += [Cell(ward.unit, key, group, some(group)) for group in cells]
        if self._is_initiated:
            self._rules(block, ward.unit, key, question, table, some)
        return block

    def _size(
        self,
        block: Block,
        ward: ReleasedWard,
        everybody: Sum,
        n: int | None,
        unit: str,
        key: str,
        prefix: str,
    ) -> None:
        if n is not None:
            block.facts.append(Fact(everybody, n, n, is_own=True))
            return
        block.cells.append(Cell(unit, key, SIZE, everybody))
        if ward.invited is not None and not prefix and "/" not in key:
            # More may come than were invited, through a counter's code: then what everybody thinks is not so.
            answered = self._truth.row(unit, key).sum(name for *_, name in everybody)
            if answered <= ward.invited:
                block.facts.append(Fact(everybody, 0, ward.invited, is_own=True))

    def _line(self, block: Block, group: Sum, line: Line, n: int | None) -> None:
        if line.figure is not None:
            block.facts.append(Fact(group, line.figure.numerator, line.figure.numerator))
        elif line.bound is not None and n is not None:
            low, high = line.bound.limits(n)
            block.facts.append(Fact(group, low, high, is_own=True))

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
    ) -> Block:
        key, unit = f"{prefix}{table.name}/{line.name}", ward.unit
        chosen, others = sum_of([(unit, key, CHOSEN)]), sum_of([(unit, key, NOT_CHOSEN)])
        block = Block()
        self._size(block, ward, {**chosen, **others}, table.n, unit, key, prefix)
        self._line(block, chosen, line, table.n)
        for led in self._gates.get(table.name, ()):
            for follower in self._followers(table.name, led):
                if led == {line.name} and (n := answered.get(follower)) is not None:
                    block.facts.append(Fact(chosen, n, self.most))
        block.cells += [
            Cell(unit, key, (name,), sum_of([(unit, key, name)])) for name in (CHOSEN, NOT_CHOSEN)
        ]
        if self._is_initiated and table.name not in self._gates:
            row = self._truth.row(unit, prefix + table.name).of
            sides = {CHOSEN: row.get(line.name, 0), NOT_CHOSEN: row.get("", 0) - row.get(line.name, 0)}
            if table.n is None:
                block.facts.append(Fact({**chosen, **others}, 0, self._k - 1, is_own=True))
            elif line.figure is None:
                self._small_side(block, {name: sum_of([(unit, key, name)]) for name in sides}, sides)
        return block

    def _small_side(self, block: Block, sums: Mapping[str, Sum], sizes: Mapping[str, int]) -> None:
        """One that is below k, since a group was not split: the initiated know that there is one."""
        small = min(sizes, key=lambda name: (sizes[name], name))
        if sizes[small] < self._k:
            block.facts.append(Fact(sums[small], 0, self._k - 1, is_own=True))

    def _rules(
        self, block: Block, unit: str, key: str, question: Question, table: QuestionTable, some: Any
    ) -> None:
        if question.name in self._gates:
            return  # its rows are hidden by another rule, which tells less
        row = self._truth.row(unit, key)
        names = SCALE if is_scale(question) else tuple(line.name for line in table.answers)
        if table.n is None:
            block.facts.append(Fact(some(names), 0, self._k - 1, is_own=True))
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

    def _beside(self, ward: ReleasedWard, block: Block) -> None:
        assert self._headline is not None, "nothing stands beside no row"
        name = self._headline.name
        for kind, parts in ((STREAMS, ward.streams), (MODES, ward.modes)):
            if any(part.n is not None for part in parts):
                self._parts(block, ward.unit, kind, parts, self._row_sides(ward.unit, name))
        if ward.beside is not None and ward.beside.n is not None:
            self._with_and_without(block, ward, ward.beside, name)

    def _row_sides(self, unit: str, name: str) -> tuple[Sum, Sum]:
        return sum_of((unit, name, step) for step in SATISFIED), sum_of(
            (unit, name, step) for step in UNSATISFIED
        )

    def _parts(
        self,
        block: Block,
        unit: str,
        kind: str,
        parts: Sequence[Part],
        row: tuple[Sum, Sum],
        rest: Sequence[str] = (),
    ) -> None:
        """Parts that make up the row, side by side. `rest`: parts that no line is about."""
        names = [*(part.name for part in parts), *rest]
        for side, whole in zip(("yes", "no"), row, strict=True):
            together = sum_of((unit, kind, part, side) for part in names)
            block.facts.append(Fact({**together, **sum_of(whole, -1.0)}, 0, 0, is_own=True))
        for part in parts:
            self._part(block, unit, kind, part)
        if self._is_initiated:
            self._rules_of_parts(block, unit, kind, parts)

    def _part(self, block: Block, unit: str, kind: str, part: Part) -> None:
        yes = sum_of([(unit, kind, part.name, "yes")])
        no = sum_of([(unit, kind, part.name, "no")])
        everybody = {**yes, **no}
        if part.n is None:
            block.cells.append(Cell(unit, kind, (part.name, "n"), everybody))
        else:
            block.facts.append(Fact(everybody, part.n, part.n, is_own=True))
        if part.index.figure is not None:
            block.facts.append(Fact(yes, part.index.figure.numerator, part.index.figure.numerator))
        block.cells.append(Cell(unit, kind, (part.name, "yes"), yes))
        block.cells.append(Cell(unit, kind, (part.name, "no"), no))

    def _rules_of_parts(self, block: Block, unit: str, kind: str, parts: Sequence[Part]) -> None:
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
                sums[name] = sum_of((unit, kind, part.name, side) for part in some for side, _ in sides)
                sizes[name] = row.sum(SCALE)
                continue
            for side, group in sides:
                sums[f"{name}/{side}"] = sum_of((unit, kind, part.name, side) for part in some)
                sizes[f"{name}/{side}"] = row.sum(group)
        self._small_side(block, sums, sizes)

    def _with_and_without(self, block: Block, ward: ReleasedWard, other: Part, name: str) -> None:
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
            apart = sum_of([(unit, BESIDE, side)])
            signed = sum_of([(unit, BESIDE, side)], sign)
            block.cells.append(Cell(unit, BESIDE, ("apart", side), apart))
            if not adds:  # what is apart is some of the row
                block.facts.append(Fact({**row, **signed}, 0, self.most * len(row), is_own=True))
                block.cells.append(Cell(unit, BESIDE, ("without", side), {**row, **signed}))
            if number is not None:
                block.facts.append(Fact({**row, **signed}, number, number))
        everybody = {
            **satisfied,
            **unsatisfied,
            **sum_of(((unit, BESIDE, side) for side in ("yes", "no")), sign),
        }
        block.facts.append(Fact(everybody, n, n, is_own=True))

    # ── Totals and services ───────────────────────────────────────────────────────────────────────────────────

    def _total(self, blocks: dict[tuple[str, str], Block]) -> None:
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
            joined = Block()
            for block in distinct(blocks[unit, name] for unit in hidden):
                joined.joins += block.joins or [block]
                joined.facts += block.facts if block.joins else []
            shown = [seen[unit] for unit in covers if unit in seen]
            for group, number in (
                (SATISFIED, line.figure.numerator - sum(figure.numerator for figure in shown)),
                (SCALE, line.figure.denominator - sum(figure.denominator for figure in shown)),
            ):
                left = sum_of((unit, name, step) for unit in hidden for step in group)
                joined.facts.append(Fact(left, number, number))
            for unit in hidden:
                blocks[unit, name] = joined

    def _services(self, province: ReleasedProvince) -> Block:
        block = Block()
        if province.index.figure is None or all(part.n is None for part in province.services):
            return block
        figure = province.index.figure
        sides = sum_of([(province.unit, "total", "yes")]), sum_of([(province.unit, "total", "no")])
        for side, number in zip(
            sides, (figure.numerator, figure.denominator - figure.numerator), strict=True
        ):
            block.facts.append(Fact(side, number, number))
        self._parts(block, province.unit, SERVICES, province.services, sides, rest=[""])
        return block


def _tables_of(ward: ReleasedWard) -> tuple[tuple[str, Sequence[QuestionTable]], ...]:
    return ("", ward.questions), (OPEN, ward.open_questions), (RATINGS, ward.ratings or ())
