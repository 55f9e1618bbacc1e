"""`langnghe ledger …`: the key to publish, heads for witnesses, what the ledger says, and packages for auditors."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bot.cli.desk import Refused, _in_house, _print
from bot.cli.verify import report

if TYPE_CHECKING:
    from bot.app import House
    from handlers.audit import Audit
    from surveys.records import Record

__all__ = ["export", "key", "package", "show"]

SHOWN = 16  # hex digits of a digest: enough to compare by eye, and the whole stands in the ledger


def key() -> int:
    async def work(house: "House") -> None:
        published = house.ledger.key
        _print(published.text)
        _print(f"fingerprint {published.fingerprint}")

    return _in_house(work)


def export(directory: Path | None) -> int:
    async def work(house: "House") -> None:
        from handlers.witnessing import LEDGER, NotWritten, Rewritten, written_down

        audit = _audit(house)
        lines = await audit.lines()
        head = audit.head_over(lines)
        if directory is None:
            sys.stdout.write(head)
            return
        try:
            kept = written_down(directory, lines, head, audit.key.text)
        except (NotWritten, Rewritten) as problem:
            raise Refused(str(problem)) from None
        _print(f"{len(lines)} entries in {directory / LEDGER}; their signed head is {kept}.")
        _print(f"The key's fingerprint is {audit.key.fingerprint}.")
        _print(
            "Hand the head to somebody outside, who keeps it: docs/operating.md says what a witness does with it."
        )

    return _in_house(work)


def show(slug: str | None) -> int:
    async def work(house: "House") -> None:
        from surveys.ledger import read_entry
        from surveys.waves import LOCAL

        entries = [read_entry(line) for line in await _audit(house).lines()]
        chosen = [entry for entry in entries if slug is None or _is_about(entry.record, slug)]
        if not chosen:
            raise Refused(
                f"The ledger says nothing of {slug}. See: langnghe waves list"
                if slug
                else "The ledger is empty: no wave was opened yet."
            )
        for entry in chosen:
            moment = entry.at.astimezone(LOCAL)
            _print(f"{entry.number:6}  {moment:%d/%m/%Y %H:%M}  {told(entry.record)}")

    return _in_house(work)


def package(slug: str, path: Path) -> int:
    async def work(house: "House") -> None:
        from handlers.audit import NoPackage
        from surveys.package import DoesNotFollow
        from surveys.verify import verify

        audit = _audit(house)
        try:
            with _new_file(path) as file:
                made = await audit.package(slug, file, _progress())
                # Whoever hands it out should be the first to know when something in it does not follow.
                found = verify(file, audit.key)
        except NoPackage as problem:
            raise Refused(str(problem)) from None
        except DoesNotFollow as problem:
            raise Refused(
                f"No package was written: what the database holds does not follow. {problem}"
            ) from None
        except OSError as trouble:
            raise Refused(f"{path} cannot be written: {trouble.strerror or trouble}.") from None
        for line in report(found, audit.key):
            _print(line)
        _print("")
        _print(f"{path} has {made.ballots} single ballots in it. Who may get it stands in docs/privacy.md.")

    return _in_house(work)


def told(record: "Record") -> str:
    """An entry as an operator reads it."""
    from surveys import records as told_of

    match record:
        case told_of.WaveOpened():
            return f"{record.wave}  opened; form {_short(record.form)}, terms {_short(record.terms)}, seed {record.seed}"
        case told_of.TokensIssued():
            return f"{record.wave}  {record.count} tokens issued for {record.unit}"
        case told_of.PersonsInvited():
            return f"{record.wave}  {record.count} persons invited in {record.unit}"
        case told_of.Withdrawals():
            return f"{record.wave}  {record.count} withdrew before sealing"
        case told_of.Sealed():
            return f"{record.wave}  sealed: root {_short(record.root)}"
        case told_of.Exclusion():
            mode = f", {record.mode}" if record.mode else ""
            return f"{record.wave}  {record.count} ballots of {record.unit} ({record.stream}{mode}) left out by {_both(record.persons)}: {record.reason}"
        case told_of.KeyDestroyed():
            return f"{record.wave}  key destroyed"
        case told_of.KeyDestructionPostponed():
            return f"{record.wave}  key kept until {record.until} by {_both(record.persons)}: {record.reason}"
        case told_of.ReleasePublished():
            return f"{record.wave}  released; {_short(record.release)}"
        case told_of.ScorecardFrozen():
            waves = ", ".join(record.waves) or "no wave"
            return f"{record.unit}  scorecard of {record.year} frozen, on {waves}; {_short(record.scorecard)}"
    return record.kind


def _is_about(record: "Record", slug: str) -> bool:
    from surveys.records import ScorecardFrozen, of_wave

    return of_wave(record) == slug or (isinstance(record, ScorecardFrozen) and slug in record.waves)


def _both(persons: Sequence[str]) -> str:
    return " and ".join(persons)


def _short(digest: str) -> str:
    return f"{digest[:SHOWN]}…"


def _audit(house: "House") -> "Audit":
    from handlers.audit import Audit

    return Audit(house.db, house.ledger)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that nobody else on this machine may read, and that has its name only once it is whole."""
    if path.exists():
        raise Refused(f"{path} is there already. Choose another name, or remove it first.")
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _progress() -> Callable[[int, int], None] | None:
    """Where a person looks on, how far it is."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, of: int) -> None:
        sys.stderr.write(f"\r{done:,} of {of:,} places written" + ("\n" if done == of else ""))

    return tell
