"""What a report is made from, and what it is: headings, sentences and tables. Values; nothing here decides or draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from surveys import disclosure
from surveys.assessment import Verdict
from surveys.releases import ReleasedWard
from surveys.scorecard.card import Scorecard
from surveys.scorecard.criteria import CriteriaSet
from surveys.scorecard.dossiers import Totals
from surveys.scorecard.roadmap import Roadmap, Step

Cell = str | int | Verdict
"""A text, a count, or a conclusion. What is suppressed is the same text as what is empty."""


# ── What goes in ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What only the office knows. Whatever is empty stays a dotted blank, to be written in by hand."""

    superior: str = ""
    """Cơ quan chủ quản."""
    office: str = ""
    number: str = ""
    symbol: str = ""
    """What follows “BC-”."""
    place: str = ""
    signed_on: date | None = None
    signer_title: str = ""
    signer: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """Where the ledger stood: enough to find out later whether it was rewritten."""

    name: str
    size: int
    root: str
    """Hexadecimal."""
    fingerprint: str
    """Of the key that signs it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A roadmap held against what is scored."""

    roadmap: Roadmap
    criteria: str
    """The set that was scored by, as people call it."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a report is made from."""

    criteria: CriteriaSet
    year: int
    names: Mapping[str, str]
    """Unit → name."""
    cards: Mapping[str, Scorecard]
    """Unit → its card of that year."""
    released: Sequence[ReleasedWard] = ()
    """What was released of that year."""
    dossiers: Mapping[str, Totals] = field(default_factory=dict)
    frozen: Mapping[str, str] = field(default_factory=dict)
    """Unit → digest of the frozen card that is reported."""
    appeals: Mapping[str, int] = field(default_factory=dict)
    """Unit → how many appeals against that card wait for a decision."""
    roadmaps: tuple[Compared, ...] = ()
    ledger: LedgerMark | None = None
    k: int = disclosure.DEFAULT_K


# ── What comes out ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    width: int
    """In letters, roughly."""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    key: str
    title: str
    sheet: str
    """Its name in a workbook."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    fixed: int = 1
    """How many columns stay in sight, and are repeated where a table is too wide for a page."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with sentences and tables under it."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class WardPart:
    unit: str
    name: str
    part: Part


@dataclass(frozen=True, slots=True)
class Head:
    """The frame of an official paper."""

    superior: str
    office: str
    number: str
    country: str
    motto: str
    place_and_day: str
    title: str
    subject: str
    recipients_title: str
    recipients: tuple[str, ...]
    signer_title: str
    signer: str


@dataclass(frozen=True, slots=True)
class Deadline:
    last_day: date
    days: int
    """Days left; 0 on the last one, negative when it has passed."""
    lines: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        return self.days < 0


@dataclass(frozen=True, slots=True)
class Report:
    year: int
    criteria: str
    """The set's id."""
    written_at: datetime
    head: Head
    deadline: Deadline
    results: Part
    roadmap: Part
    waves: Part
    method: Part
    matrix: Part
    wards_title: str
    wards: tuple[WardPart, ...]
    digest: str = ""
    """Over everything above and below."""

    @property
    def main(self) -> tuple[Part, ...]:
        """What stands before the signature."""
        return self.results, self.roadmap, self.waves, self.method
