"""`langnghe verify`: whether a package follows, and from what. Auditors run it on a machine of their own: it reads no settings,
opens no database and asks nobody on the network."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from surveys.signatures import PublicKey
    from surveys.verify import Verified

__all__ = ["verify"]

LARGEST_HEAD = 100_000  # bytes; a head has some hundred, and each witness that signs it adds as many
LARGEST_KEY = 10_000  # bytes


class Unusable(Exception):
    """What was handed in cannot be checked with; the message says what to hand in instead."""


def verify(package: Path, key: str, witnesses: Sequence[str]) -> int:
    """The exit code: 0 when everything follows."""
    from surveys.package import DoesNotFollow
    from surveys.verify import verify as checked

    try:
        published = _key(key)
        heads = _heads(witnesses)
        with package.open("rb") as file:
            found = checked(file, published, heads)
    except DoesNotFollow as problem:
        _say(sys.stderr, f"It does not follow. {problem}")
        return 1
    except Unusable as trouble:
        _say(sys.stderr, str(trouble))
        return 1
    except OSError as trouble:
        _say(sys.stderr, f"{package} cannot be read: {trouble.strerror or trouble}.")
        return 1
    for line in report(found, published):
        _say(sys.stdout, line)
    return 0


def report(found: "Verified", key: "PublicKey") -> list[str]:
    """What follows from what, for a person."""
    ballots = found.leaves - found.withdrawn
    lines = [
        f"Everything follows: wave {found.wave}.",
        "",
        f"  key         {key.name}, fingerprint {found.fingerprint}",
        "              Compare it with the one that was published: a package cannot vouch for its own key.",
        f"  ledger      {_many(found.entries, 'entry', 'entries')}, each signed by that key and chained to the one before, up to its head",
        f"  witnesses   {_witnesses(found.witnesses)}",
        "  fixed       form, terms, weights and formulas are those the ledger named when the wave opened; the criteria, when it was sealed",
        f"  ballots     {_many(ballots, 'ballot')} and {found.withdrawn} withdrawn, in {_many(found.leaves, 'place')}: each is what its commitment says, and all come to the sealed root",
        f"              {found.root}",
        f"  receipts    {found.receipts}, one for each ballot, and the list is the sealed one",
        f"  left out    {_many(found.excluded, 'ballot')} that two persons excluded, with the reason they published",
        f"  release     {_many(found.units, 'unit')}: every figure, what is withheld, and every verdict worked out again from the ballots",
        f"  scorecards  {found.scorecards} that rest on this wave, concluded again from their evidence",
        "",
        "Taken at its word, because no ballot shows it: how many comments there were, what the detectors flagged, in how much detail",
        "the release was made, and what officers entered as evidence.",
    ]
    if found.is_worded_otherwise:
        lines.append(
            "This program words some of it differently than the one that published it; figures and verdicts are the same."
        )
    return lines


def _witnesses(names: Sequence[str]) -> str:
    if names:
        return f"{', '.join(names)}: the ledger continues the head each has kept, so nothing up to there was rewritten"
    return "none asked. Whoever owns the key could have rewritten all of it: hand in a head that somebody kept (--witness NAME=FILE)"


def _many(number: int, one: str, more: str | None = None) -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


# ── What people hand in ──────────────────────────────────────────────────────────────────────────────────────────


def _key(text: str) -> "PublicKey":
    from surveys.signatures import BadKey, PublicKey

    line = text if "+" in text and not Path(text).is_file() else _only_line(Path(text))
    try:
        return PublicKey.read(line)
    except BadKey as problem:
        raise Unusable(
            f"--key is no key as it is published ({problem}) It is one line, such as vinhlong.langnghe+5ad1…+AW…; see the page /ledger."
        ) from None


def _only_line(path: Path) -> str:
    lines = _text(path, LARGEST_KEY, "--key").split("\n")
    written = [line.strip() for line in lines if line.strip()]
    if len(written) != 1:
        raise Unusable(f"--key {path} must hold one line, the key; it has {len(written)}.")
    return written[0]


def _heads(witnesses: Sequence[str]) -> dict[str, str]:
    heads: dict[str, str] = {}
    for each in witnesses:
        name, is_there, path = each.partition("=")
        if not is_there or not name or not path:
            raise Unusable(f"--witness wants NAME=FILE, such as mttq=head-13.txt, not {each}.")
        if name in heads:
            raise Unusable(f"--witness names {name} twice; give each head a name of its own.")
        heads[name] = _text(Path(path), LARGEST_HEAD, "--witness")
    return heads


def _text(path: Path, largest: int, option: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as trouble:
        raise Unusable(f"{option} {path} cannot be read: {trouble.strerror or trouble}.") from None
    if len(content) > largest:
        raise Unusable(f"{option} {path} is far too long: is it another file?")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Unusable(f"{option} {path} is no text: is it another file?") from None


def _say(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
