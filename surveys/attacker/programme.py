"""Facts as a linear programme, and its solver. It knows sums, and not what they are sums of.

scipy is imported where it is used, because that takes seconds."""

from collections.abc import Sequence
from typing import Any

from surveys.attacker.facts import Block, Fact, Sum

__all__ = ["HAIR", "Programme"]

HAIR = 1e-6  # what the solver may be off


class Programme:
    """Some facts as a linear programme, to be asked again and again."""

    def __init__(self, blocks: Sequence[Block], *, own: bool) -> None:
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

    def _written_down(self, facts: Sequence[Fact]) -> Any:
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
