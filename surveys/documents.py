"""Documents that are signed or hashed as they stand: one value, one text, and read only if it was written so.

Canonical JSON (RFC 8785) of plain values: names in order, no spaces, no escapes that are not needed, whole numbers only. A reader
that took any JSON would let a signed text say two things, such as one name twice. It knows nothing of what the values mean.
"""

import json
from hashlib import sha256
from typing import Any, NoReturn

__all__ = ["NotCanonical", "fingerprint", "read", "written"]


class NotCanonical(ValueError):
    """This is not canonical JSON."""


def _refused(number: str) -> NoReturn:
    raise NotCanonical(f"{number} is no whole number.")


# Made once: making them anew for each of a million ballots takes longer than reading one.
DECODER = json.JSONDecoder(parse_float=_refused, parse_constant=_refused)
ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def written(value: object) -> str:
    """Of plain values only: text, whole numbers, true, false, null, lists, mappings of text. Raises TypeError, ValueError."""
    return ENCODER.encode(value)


def read(text: str) -> Any:
    """Raises NotCanonical."""
    try:
        value = DECODER.decode(text)
        if written(value) == text:
            return value
    except (ValueError, RecursionError):
        raise NotCanonical("This is not JSON of plain values.") from None
    raise NotCanonical("This is JSON, but not written as we write it.")


def fingerprint(content: str | bytes) -> str:
    """SHA-256 of a text in UTF-8, or of bytes: 64 hex digits, what `sha256sum` says of the file."""
    return sha256(content.encode() if isinstance(content, str) else content).hexdigest()
