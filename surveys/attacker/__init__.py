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

exposed            what is found, and the refusal that names it
case               a wave as it would be published, and which of its cells are exposed
facts, knowledge   what is known: sums of counts between two numbers
truth              what is granted to the initiated
ranges, programme  what follows from it: the least and the most of every cell
"""

from surveys.attacker.case import Case, exposures, exposures_in
from surveys.attacker.exposed import Exposed, Exposure

__all__ = ["Case", "Exposed", "Exposure", "exposures", "exposures_in"]
