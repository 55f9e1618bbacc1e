"""What a ledger may say of a wave, and in which order. It knows no chain, no signature and no moment.

A record says what was fixed before anybody answered, what was sealed, and what was done since: digests and counts, never an
answer and never a resident. Digests are SHA-256 in hex.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar

from surveys.entry import Stream
from surveys.forms.session import Mode

__all__ = [
    "Exclusion",
    "KeyDestroyed",
    "KeyDestructionPostponed",
    "PersonsInvited",
    "Record",
    "ReleasePublished",
    "ScorecardFrozen",
    "Sealed",
    "Stories",
    "TokensIssued",
    "Unfit",
    "WaveOpened",
    "Withdrawals",
    "of_wave",
    "read_record",
]

Text = Annotated[str, "one to a thousand characters"]
Digest = Annotated[str, "SHA-256 in hex"]
Count = Annotated[int, "not below zero"]
Persons = Annotated[tuple[str, ...], "the two who decided, by the names they are published under"]

Waves = Annotated[tuple[str, ...], "slugs, in order"]

LONGEST_TEXT = 1000
HEX = re.compile(r"[0-9a-f]{64}")


class Unfit(ValueError):
    """A record cannot be so, or cannot come here."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= LONGEST_TEXT


def _are_two_persons(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and all(_is_text(name) for name in value)
        and len({name.strip().casefold() for name in value}) == 2 == len(value)
    )


def _are_waves(value: Any) -> bool:
    if not isinstance(value, tuple) or not all(_is_text(slug) for slug in value):
        return False
    return value == tuple(sorted(set(value)))


FITS: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    Text: (_is_text, "some words"),
    Digest: (lambda value: isinstance(value, str) and HEX.fullmatch(value) is not None, "a digest in hex"),
    Count: (lambda value: type(value) is int and value >= 0, "a count"),
    Persons: (_are_two_persons, "two different persons"),
    Waves: (_are_waves, "waves in order"),
    Stream: (lambda value: value in list(Stream), "a stream"),
    Mode | None: (lambda value: value is None or value in list(Mode), "a mode or nothing"),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. Raises Unfit."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        for each in fields(self):
            fits, wanted = FITS[each.type]
            if not fits(getattr(self, each.name)):
                raise Unfit(f"“{each.name}” of {self.kind} must be {wanted}.")

    def body(self) -> dict[str, Any]:
        """As JSON holds it."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


@dataclass(frozen=True, slots=True)
class WaveOpened(Record):
    """Fixed before the first answer: what is asked, on which terms, and how it will be counted."""

    kind: ClassVar[str] = "wave_opened"

    wave: Text
    form: Digest
    terms: Digest
    weights: Digest
    formulas: Digest
    seed: Text
    """What the sample is drawn with; `none` where nobody was drawn."""


@dataclass(frozen=True, slots=True)
class TokensIssued(Record):
    """One-time tokens for visits, a batch for one unit."""

    kind: ClassVar[str] = "tokens_issued"

    wave: Text
    unit: Text
    count: Count


@dataclass(frozen=True, slots=True)
class PersonsInvited(Record):
    """To how many of one unit the wave was taken, once they were all written down: what its response rate is of."""

    kind: ClassVar[str] = "persons_invited"

    wave: Text
    unit: Text
    count: Count


@dataclass(frozen=True, slots=True)
class Withdrawals(Record):
    """How many took their answers back before sealing: so many leaves are blank."""

    kind: ClassVar[str] = "withdrawals"

    wave: Text
    count: Count


@dataclass(frozen=True, slots=True)
class Sealed(Record):
    """The ballot box is shut: the root over all leaves, blank ones among them, and what they answered to.

    Not how many leaves: everybody reads this, and what is left of their number when the shown wards are subtracted would be the
    size of a hidden one. The root binds the number all the same: two boxes of different sizes have no root in common.
    """

    kind: ClassVar[str] = "sealed"

    wave: Text
    root: Digest
    receipts: Digest
    """Of the receipts of the ballots in it, sorted, one a line: apart from ballots, so that *included* never says *how*."""
    form: Digest
    terms: Digest
    weights: Digest
    criteria: Digest
    formulas: Digest


@dataclass(frozen=True, slots=True)
class Exclusion(Record):
    """Ballots of one stratum that are not counted. They stay in the tree."""

    kind: ClassVar[str] = "exclusion"

    wave: Text
    unit: Text
    stream: Stream
    mode: Mode | None
    """None: whoever pressed the buttons; not what came by a rating template of Zalo, which stands apart."""
    count: Count
    """Of ballots that it takes out."""
    reason: Text
    persons: Persons

    def covers(self, unit: str, stream: str, mode: str) -> bool:
        is_meant = mode != Mode.ZBS if self.mode is None else self.mode == mode
        return is_meant and (self.unit, self.stream) == (unit, stream)


@dataclass(frozen=True, slots=True)
class KeyDestroyed(Record):
    """Nobody can tell any more whose ballot any ballot is."""

    kind: ClassVar[str] = "key_destroyed"

    wave: Text


@dataclass(frozen=True, slots=True)
class KeyDestructionPostponed(Record):
    kind: ClassVar[str] = "key_destruction_postponed"

    wave: Text
    until: Text
    """A date."""
    reason: Text
    persons: Persons


@dataclass(frozen=True, slots=True)
class ReleasePublished(Record):
    """What wards may see is out, once and for all."""

    kind: ClassVar[str] = "release_published"

    wave: Text
    release: Digest


@dataclass(frozen=True, slots=True)
class ScorecardFrozen(Record):
    """A unit's scorecard of a year, as it was signed. A later one replaces it; none is taken back."""

    kind: ClassVar[str] = "scorecard_frozen"

    unit: Text
    year: Count
    scorecard: Digest
    criteria: Digest
    waves: Waves
    """Whose releases it rests on."""


KINDS: Mapping[str, type[Record]] = {
    record.kind: record
    for record in (
        WaveOpened,
        TokensIssued,
        PersonsInvited,
        Withdrawals,
        Sealed,
        Exclusion,
        KeyDestroyed,
        KeyDestructionPostponed,
        ReleasePublished,
        ScorecardFrozen,
    )
}


def read_record(kind: Any, body: Any) -> Record:
    """Raises Unfit."""
    record = KINDS.get(kind) if isinstance(kind, str) else None
    if record is None:
        raise Unfit("Nobody knows this kind of entry.")
    names = {each.name for each in fields(record)}
    if not isinstance(body, dict) or body.keys() != names:
        raise Unfit(f"{kind} has other fields than {', '.join(sorted(names))}.")
    return record(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    )


def of_wave(record: Record) -> str | None:
    """The slug of the wave a record is about; None when it is about none."""
    return getattr(record, "wave", None)


# ── What may follow what ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Story:
    """What the ledger has said of one wave."""

    opened: WaveOpened
    invited: set[str] = field(default_factory=set)
    withdrawn: bool = False
    sealed: Sealed | None = None
    exclusions: list[Exclusion] = field(default_factory=list)
    is_key_destroyed: bool = False
    is_released: bool = False


class Stories:
    """Every wave's story so far; a record that cannot come next is refused."""

    def __init__(self) -> None:
        self._of: dict[str, _Story] = {}

    def tell(self, record: Record) -> None:
        """Raises Unfit, in a sentence, and then has not taken it in."""
        if isinstance(record, ScorecardFrozen):
            for slug in record.waves:
                story = self._of.get(slug)
                _refuse(
                    story is None or not story.is_released, f"It rests on wave {slug}, which is not released."
                )
        wave = of_wave(record)
        if wave is None:
            return
        story = self._of.get(wave)
        if isinstance(record, WaveOpened):
            _refuse(story is not None, f"Wave {wave} was opened before.")
            self._of[wave] = _Story(record)
            return
        if story is None:
            raise Unfit(f"Wave {wave} was never opened.")
        _refuse(story.is_released, f"Wave {wave} is released: nothing may follow.")
        _continue(story, record)


def _continue(story: _Story, record: Record) -> None:
    is_sealed = story.sealed is not None
    match record:
        case TokensIssued():
            _refuse(is_sealed, "Tokens were issued for a wave that is sealed.")
        case PersonsInvited(unit=unit):
            _refuse(is_sealed, "Nobody is invited to a wave that is sealed.")
            _refuse(unit in story.invited, "The invited of this unit were counted before.")
            story.invited.add(unit)
        case Withdrawals():
            _refuse(is_sealed, "Nobody can withdraw from a wave that is sealed.")
            _refuse(story.withdrawn, "Withdrawals are counted once, at sealing.")
            story.withdrawn = True
        case Sealed():
            _refuse(is_sealed, "The wave was sealed before.")
            for name in ("form", "terms", "weights", "formulas"):
                same = getattr(record, name) == getattr(story.opened, name)
                _refuse(not same, f"The {name} at sealing are not those of the opening.")
            story.sealed = record
        case Exclusion():
            _refuse(not is_sealed, "Ballots are excluded from a wave that is not sealed.")
            overlaps = any(_overlap(record, earlier) for earlier in story.exclusions)
            _refuse(overlaps, "These ballots were excluded before.")
            story.exclusions.append(record)
        case KeyDestroyed():
            _refuse(not is_sealed, "The key is destroyed before the wave is sealed.")
            _refuse(story.is_key_destroyed, "The key was destroyed before.")
            story.is_key_destroyed = True
        case KeyDestructionPostponed():
            _refuse(story.is_key_destroyed, "The key was destroyed before: that cannot be postponed.")
        case ReleasePublished():
            _refuse(not story.is_key_destroyed, "A release is published before the key is destroyed.")
            story.is_released = True


def _overlap(one: Exclusion, other: Exclusion) -> bool:
    modes = {one.mode, other.mode}
    share_modes = len(modes) == 1 or (None in modes and Mode.ZBS not in modes)
    return share_modes and (one.unit, one.stream) == (other.unit, other.stream)


def _refuse(wrong: bool, sentence: str) -> None:
    if wrong:
        raise Unfit(sentence)
