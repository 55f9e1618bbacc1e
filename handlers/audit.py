"""What auditors and witnesses are handed: the ledger with its signed head, and the package a released wave is checked from.

A package is read from one picture of the database, a ballot at a time, and written as it is read: nothing rests in between.
It hands out; whether everything follows is for `surveys.verify`, which needs none of this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from handlers.ledger import Ledger
from handlers.published import id_of
from storage import rows
from storage.database import Database
from storage.scorecards import Scorecards
from storage.transaction import Tx
from surveys.ledger import Entry, read_entry
from surveys.package import Contents, Writing, Written, release_lines
from surveys.records import ScorecardFrozen, Sealed, of_wave
from surveys.scorecard.deeds import CardFrozen
from surveys.signatures import PublicKey
from surveys.waves import State

__all__ = ["Audit", "NoPackage", "Packaged", "Told"]

TOLD_EVERY = 10_000  # ballots

Progress = Callable[[int, int], None]
"""Places written, and how many there are."""


class NoPackage(Exception):
    """There is no package of this wave; the message says why, and what can be done."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """What a package was made of."""

    places: int
    ballots: int
    units: int
    scorecards: int
    entries: int


@dataclass(frozen=True, slots=True)
class Told:
    """The ledger for whoever reads it, with the names of what it speaks of."""

    key: PublicKey
    lines: tuple[str, ...]
    entries: tuple[Entry, ...]
    head: str
    """Signed, over all of it."""
    waves: Mapping[str, str]
    """Slug → title."""
    units: Mapping[str, str]
    """Code → name."""


class Audit:
    """One for each process."""

    def __init__(self, db: Database, ledger: Ledger) -> None:
        self._db = db
        self._ledger = ledger
        self._lines: tuple[str, ...] = ()
        self._told: Told | None = None
        self._head: tuple[tuple[str, ...], str] | None = None

    @property
    def key(self) -> PublicKey:
        """The key to publish."""
        return self._ledger.key

    async def lines(self) -> tuple[str, ...]:
        """The whole ledger, a line an entry. Only what is new since the last time is read."""
        known = self._lines
        async with self._db.reading() as tx:
            following = await tx.ledger.after(max(0, len(known) - 1))
            if following[:1] != list(known[-1:]) and known:
                # Another ledger than we knew: a database was put back.
                known, following = (), await tx.ledger.after(0)
        new = following[min(1, len(known)) :]
        if new or not known:
            self._lines = (*known, *new)
        return self._lines

    async def head(self) -> str:
        """The signed head over all there is, for a witness to keep."""
        return self.head_over(await self.lines())

    def head_over(self, lines: tuple[str, ...]) -> str:
        if self._head is None or self._head[0] is not lines:
            self._head = lines, self._ledger.head(lines)
        return self._head[1]

    async def told(self) -> Told:
        """Made once for as long as nothing is added."""
        lines = await self.lines()
        if self._told is not None and self._told.lines is lines:
            return self._told
        entries = tuple(map(read_entry, lines))
        codes = {code for entry in entries if (code := getattr(entry.record, "unit", None))}
        async with self._db.reading() as tx:
            waves = {wave.slug: wave.title for wave in await tx.waves.all()}
            units = {code: unit.name for code in sorted(codes) if (unit := await tx.units.get(code))}
        spoken_of = {slug for entry in entries if (slug := of_wave(entry.record))}
        titles = {slug: waves[slug] for slug in spoken_of & waves.keys()}
        self._told = Told(self.key, lines, entries, self.head_over(lines), titles, units)
        return self._told

    async def package(self, slug: str, file: Written, progress: Progress | None = None) -> Packaged:
        """Writes the wave's package. Raises NoPackage before anything was written, and ValueError when what the database holds
        is not what was sealed: then half a file was written, which nobody takes for a package."""
        async with self._db.reading() as tx:
            wave = await _released(tx, slug)
            lines = await tx.ledger.after(0)
            entries = [read_entry(line) for line in lines]
            _refuse_unsealed(entries, slug)
            seal = await tx.wave_seals.of(id_of(wave))
            assert seal is not None, "the ledger says that it was sealed"
            places = seal.places
            contents = await self._contents(tx, wave, lines, entries)
            ballots = 0
            with Writing(file, places) as being:
                async for ballot in tx.ballots.of_wave(id_of(wave)):
                    being.ballot(ballot)
                    ballots += 1
                    if progress is not None and ballots % TOLD_EVERY == 0:
                        progress(ballot.position + 1, places)
                async for receipt in tx.receipts.of_wave(id_of(wave)):
                    being.receipt(receipt)
                being.finish(contents)
        if progress is not None:
            progress(places, places)
        return Packaged(places, ballots, len(contents.release), len(contents.scorecards), len(lines))

    async def _contents(
        self, tx: Tx, wave: rows.Wave, lines: Sequence[str], entries: Sequence[Entry]
    ) -> Contents:
        fixed = await tx.wave_terms.of(id_of(wave))
        if fixed is None:
            raise NoPackage(
                f"{wave.slug} was opened before there was a ledger: nothing was fixed to check it by."
            )
        form = await tx.forms.get(wave.form_id, wave.form_version)
        assert form is not None, "a wave's form is held by a foreign key"
        released = {each.unit: each.body for each in await tx.releases.of_wave(id_of(wave))}
        frozen = [
            entry.record
            for entry in entries
            if isinstance(entry.record, ScorecardFrozen) and wave.slug in entry.record.waves
        ]
        return Contents(
            wave=wave.slug,
            key=self.key,
            ledger=lines,
            head=self._ledger.head(lines),
            form=form.body,
            terms=await tx.documents.get(fixed.terms),
            weights=await tx.documents.get(fixed.weights),
            formulas=await tx.documents.get(fixed.formulas),
            criteria=await tx.documents.get(fixed.criteria),
            release=release_lines(released),
            scorecards=[await _card(tx.scorecards, record) for record in frozen],
            sets=[await _set(tx.scorecards, digest) for digest in sorted({each.criteria for each in frozen})],
        )


async def _released(tx: Tx, slug: str) -> rows.Wave:
    wave = await tx.waves.by_slug(slug)
    if wave is None:
        raise NoPackage(f"There is no wave {slug}. See: langnghe waves list")
    if wave.state != State.RELEASED:
        raise NoPackage(
            f"{slug} is {wave.state}. A package is made once the wave is released: until then there is no figure to check."
        )
    return wave


def _refuse_unsealed(entries: Sequence[Entry], slug: str) -> None:
    if any(isinstance(entry.record, Sealed) and entry.record.wave == slug for entry in entries):
        return
    raise NoPackage(
        f"The ledger does not say how {slug} was sealed: it was sealed before there was a ledger, and cannot be checked."
    )


async def _card(scorecards: Scorecards, record: ScorecardFrozen) -> str:
    deed = await scorecards.card(record.scorecard)
    if not isinstance(deed, CardFrozen):
        raise NoPackage(
            f"The scorecard of {record.unit} for {record.year}, which the ledger names, is not on record."
        )
    return deed.frozen.body


async def _set(scorecards: Scorecards, digest: str) -> str:
    line = await scorecards.set_line(digest)
    if line is None:
        raise NoPackage(f"The criteria set {digest}, by which a scorecard was frozen, is not on record.")
    return line
