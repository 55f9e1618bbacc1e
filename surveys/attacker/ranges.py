"""What follows from what is known: of every cell the least and the most that everything allows, and how wide its row alone would leave it.
It knows facts, and not what they were read from."""

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.attacker.exposed import Exposure
from surveys.attacker.facts import SIZE, Block, Cell, Fact
from surveys.attacker.programme import HAIR, Programme
from surveys.results import SATISFIED

__all__ = ["Range", "ranges"]


@dataclass(frozen=True, slots=True)
class Range:
    cell: Cell
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


def ranges(blocks: Sequence[Block]) -> list[Range]:
    found: list[Range] = []
    apart: list[Block] = []
    for block in blocks:
        if block.joins:
            inside, wards = _in_a_total(block)
            found += inside
            apart += wards
        else:
            apart.append(block)
    # Those with as many cells go together, so that few of the many are asked again and again beside them.
    alike: dict[int, list[Block]] = {}
    for block in apart:
        if block.cells:
            alike.setdefault(len(block.cells), []).append(block)
    for each in alike.values():
        found += _together(each)
    return found


def _together(blocks: Sequence[Block]) -> list[Range]:
    """Blocks have nothing to do with one another, so the least of a sum over blocks is the sum of the least of each: one
    programme finds the range of one cell of every block."""
    everything, own = Programme(blocks, own=False), Programme(blocks, own=True)
    found = []
    for place in range(len(blocks[0].cells)):
        cells = [block.cells[place] for block in blocks]
        sums = [cell.sum for cell in cells]
        ends = [everything.ends(sums), own.ends(sums)]
        for cell, (low, high), (least, most) in zip(cells, *ends, strict=True):
            found.append(Range(cell, low, high, most - least))
    return found


def _in_a_total(block: Block) -> tuple[list[Range], list[Block]]:
    """Of the wards without a size, the ranges; the others by themselves, with all that the total says of them.

    A ward whose size is known hangs on the total by one number, how many are satisfied. What the rest of the total allows of
    that number is an interval, so the ward with that interval is the ward in the total.
    """
    everything = Programme([block, *block.joins], own=False)
    found: list[Range] = []
    apart: list[Block] = []
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
            satisfied = Fact(cells[0].sum, low - HAIR / 10, high + HAIR / 10)
            apart.append(Block([*ward.facts, satisfied], ward.cells))
            continue
        own = Programme([ward], own=True)
        for cell, (low, high) in zip(cells, ends, strict=True):
            [(least, most)] = own.ends([cell.sum])
            found.append(Range(cell, low, high, most - least))
    return found, apart
