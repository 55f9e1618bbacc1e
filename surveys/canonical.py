"""One way to write a value down, so that the same value is the same bytes and has the same hash. It knows no meaning.

JSON as RFC 8785 has it, for the plain values used here: names in order, no spaces, whole numbers only. A share is written
as the two counts it came from or as a fraction, “2/5”; a float is refused, because its last digit depends on the machine.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import sha256

__all__ = ["canonical", "digest", "digest_of_text", "moment_text", "read_moment"]


def canonical(value: object) -> str:
    """Raises TypeError for a float and for anything that has no plain form."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(kind: str, value: object) -> str:
    """SHA-256, in hexadecimal, over a domain tag and the canonical text: two kinds of thing never share a hash."""
    return digest_of_text(kind, canonical(value))


def digest_of_text(kind: str, text: str) -> str:
    """The same, over a text that is canonical already."""
    return sha256(f"langnghe/{kind}/1\0{text}".encode()).hexdigest()


def moment_text(moment: datetime) -> str:
    """An aware moment, in UTC: `2026-11-14T09:30:00+00:00`. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone is no moment.")
    return moment.astimezone(UTC).isoformat()


def read_moment(text: str) -> datetime:
    """Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone is no moment.")
    return moment


PLAIN = frozenset({str, int, bool, type(None)})


def _plain(value: object) -> object:
    if type(value) in PLAIN:
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Decimal):
        return str(Fraction(value))
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("Names in canonical JSON are text.")
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} has no canonical form.")
