"""How the ballots really are: what is granted to the initiated, and to nobody else. It knows no release."""

from collections.abc import Iterable

from surveys import beside
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.releasing import Findings
from surveys.results import ALL_OPEN, ALL_SCORED, RATED, Counts, Tally

__all__ = ["OPEN", "RATINGS", "Truth"]

OPEN, RATINGS = "open:", "ratings:"
APART = {OPEN: ALL_OPEN, RATINGS: RATED}
"""Tables that stand beside the score and have no ballot in common with it."""


class Truth:
    def __init__(self, tally: Tally, findings: Findings) -> None:
        self._tally = tally
        self._findings = findings

    def row(self, unit: str, key: str, strata: Iterable[tuple[Stream, Mode]] | None = None) -> Counts:
        name, every = key, ALL_SCORED
        for prefix, apart in APART.items():
            if key.startswith(prefix):
                name, every = key.removeprefix(prefix), apart
        counted = beside.kept(unit, every, self._findings.exclusions)
        wanted = counted if strata is None else [each for each in strata if each in counted]
        return self._tally.of(unit, wanted, name)
