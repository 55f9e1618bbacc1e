"""How a person came to us: the payload of a deep link or QR. It knows no platform and no store.

A payload says the ward, the wave and the stream. An invitation is signed; whatever is not signed by us is the open stream.
A visit has no link that stays: it is shown by a one-time token (`surveys.tokens`) or a counter's code (`surveys.counter`)."""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

__all__ = ["LONGEST_PAYLOAD", "Entry", "Stream", "mint", "read"]

LONGEST_PAYLOAD = 64  # what Telegram takes after `?start=`, of A-Z a-z 0-9 _ -
MAC_BYTES = 9
MAC_CHARACTERS = 12
USE = b"langnghe.in"
UNIT = re.compile(r"[0-9A-Za-z]{0,12}")
SLUG = re.compile(r"[0-9A-Za-z-]{0,40}")


class Stream(StrEnum):
    """The three ways in, never mixed silently."""

    INVITED = "invited"
    """A sample, or every consenting contact of a ward: counts."""
    VISIT = "visit"
    """A one-time token or the code at the counter, after a real transaction: counts."""
    OPEN = "open"
    """A poster, or no code at all: reported apart, weight 0."""


@dataclass(frozen=True, slots=True)
class Entry:
    unit: str | None = None
    stream: Stream = Stream.OPEN
    wave: str | None = None
    """The slug of a wave."""
    token: bytes | None = None
    """The hash of the one-time token it came with, to be spent when they agree."""


LETTERS = {Stream.INVITED: "i", Stream.OPEN: "o"}
STREAMS = {letter: stream for stream, letter in LETTERS.items()}


def mint(entry: Entry, key: bytes) -> str:
    """The payload, ≤ 64 characters of A-Z a-z 0-9 _ -. Raises ValueError when unit or slug do not fit in it."""
    unit, slug = entry.unit or "", entry.wave or ""
    if entry.stream not in LETTERS:
        raise ValueError(
            "a visit is shown by a token or a counter's code; a link that stays could be sent to anybody"
        )
    if not UNIT.fullmatch(unit) or not SLUG.fullmatch(slug):
        raise ValueError(f"a unit or a slug that no link can carry: {unit!r}, {slug!r}")
    body = f"{LETTERS[entry.stream]}{unit}_{slug}"
    payload = body if entry.stream is Stream.OPEN else f"{body}{_mac(body, key)}"
    if len(payload) > LONGEST_PAYLOAD:
        raise ValueError(f"a link to {unit} in {slug} would be longer than {LONGEST_PAYLOAD} characters")
    return payload


def read(payload: str, key: bytes) -> Entry:
    """Where this payload leads. One that is not ours, or not signed as it should be, leads to the open stream."""
    if not payload or len(payload) > LONGEST_PAYLOAD or not payload.isascii():
        return Entry()
    stream = STREAMS.get(payload[0])
    if stream is Stream.INVITED:
        body, mac = payload[:-MAC_CHARACTERS], payload[-MAC_CHARACTERS:]
        if body and hmac.compare_digest(_mac(body, key), mac):
            return _parsed(body, stream)
        return _parsed(body, Stream.OPEN)
    if stream is Stream.OPEN:
        return _parsed(payload, Stream.OPEN)
    return Entry(unit=payload) if payload.isdigit() and UNIT.fullmatch(payload) else Entry()


def _parsed(body: str, stream: Stream) -> Entry:
    unit, _, slug = body[1:].partition("_")
    if not UNIT.fullmatch(unit) or not SLUG.fullmatch(slug):
        return Entry()
    return Entry(unit or None, stream, slug or None)


def _mac(body: str, key: bytes) -> str:
    made = blake2b(body.encode(), key=key, digest_size=MAC_BYTES, person=USE)
    return urlsafe_b64encode(made.digest()).decode()
