"""A wave as it would be published, and which of its cells are exposed, to the public or to the initiated. It knows when a range is too
narrow, not how one is worked out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from surveys.attacker.exposed import Exposure
from surveys.attacker.facts import Block
from surveys.attacker.knowledge import Knowledge
from surveys.attacker.programme import HAIR
from surveys.attacker.ranges import Range, ranges
from surveys.attacker.truth import Truth
from surveys.forms.form import Form
from surveys.releases import Released, ReleasedProvince, ReleasedWard
from surveys.releasing import Findings
from surveys.results import Tally

__all__ = ["Case", "exposures", "exposures_in"]


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
    public: list[Block] = []
    initiated: list[Block] = []
    levels = set()
    for case in cases:
        wards = [line for line in case.released if isinstance(line, ReleasedWard)]
        provinces = [line for line in case.released if isinstance(line, ReleasedProvince)]
        if not wards:
            continue
        levels.add(wards[0].wave.k)
        truth = Truth(case.tally, case.findings)
        public += Knowledge(case.form, wards, provinces, truth, is_initiated=False).blocks()
        initiated += Knowledge(case.form, wards, provinces, truth, is_initiated=True).blocks()
    if not levels:
        return ()
    [k] = levels
    seen = ranges(public)
    found = [each for each in seen if _is_exposed_to_the_public(each, k)]
    exact = {each.cell.name for each in seen if each.is_exact}
    found += [
        each
        for each in ranges(initiated)
        if each.cell.name not in exact and each.width + 1 < min(k, each.own + 1) - HAIR
    ]
    return tuple(dict.fromkeys(each.exposure for each in found))


def _is_exposed_to_the_public(found: Range, k: int) -> bool:
    if found.is_exact:
        return found.high < k - HAIR
    return found.width < min(k, found.own) - HAIR
