"""Writes the ledger down beside its signed head, in a directory that witnesses can reach: on a share, on a disk that is carried away. What
stood there before stays the beginning of it, or nothing is written. It knows no database."""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["KEY", "LEDGER", "NotWritten", "Rewritten", "written_down"]

LEDGER, KEY = "ledger.jsonl", "key.txt"


class Rewritten(Exception):
    """What was written there before is not what the ledger says now; the message names the line and what to do."""


class NotWritten(Exception):
    """The directory cannot be written to; the message says why."""


def written_down(directory: Path, lines: Sequence[str], head: str, key: str) -> Path:
    """The file of the head, which names how many entries it is over: an older one stays beside it. Raises Rewritten and NotWritten."""
    _continues(directory / LEDGER, lines)
    kept = directory / f"head-{len(lines)}.txt"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise NotWritten(f"{directory} cannot be made: {trouble.strerror or trouble}.") from None
    _replace(directory / LEDGER, "".join(f"{line}\n" for line in lines))
    _replace(directory / KEY, f"{key}\n")
    _replace(kept, head)
    return kept


def _continues(path: Path, lines: Sequence[str]) -> None:
    try:
        before = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as trouble:
        raise NotWritten(f"{path} cannot be read: {trouble}") from None
    for number, line in enumerate(before, start=1):
        if number > len(lines) or lines[number - 1] != line:
            raise Rewritten(
                f"{path}, line {number}: what was exported here before is not what the ledger says now. Either the file is of "
                "another ledger, or history was rewritten: keep the file, compare the heads your witnesses kept, export elsewhere."
            )


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(text, "utf-8", newline="")
        draft.replace(path)
    except OSError as trouble:
        raise NotWritten(f"{path} cannot be written: {trouble.strerror or trouble}.") from None
