"""What a person may tap, and the tokens that carry it there and back. It knows no platform and no store.

An act is a short ASCII phrase such as `s.12.answer.3.4`. Its token is the act and a MAC over the act and the person: a
token works for the one it was made for, for ever, and for nobody else."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["LONGEST_ACT", "LONGEST_TOKEN", "Message", "Offer", "by_number", "mint", "read"]

LONGEST_TOKEN = 64  # bytes; what Telegram takes as callback data, the shortest of all platforms
MAC_BYTES = 9  # one guess in 2**72; nine bytes are twelve characters without padding
MAC_CHARACTERS = 12
LONGEST_ACT = LONGEST_TOKEN - MAC_CHARACTERS
USE = b"langnghe.tap"


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice before it is made out to a person."""

    label: str
    act: str
    number: int | None = None
    """The number to type for it, when it is not its place in the list."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message before its offers are made out to a person."""

    text: str
    offers: tuple[Offer, ...] = ()
    file: tuple[str, bytes] | None = None


def mint(act: str, key: bytes, person: bytes) -> str:
    """The token of this act for this person, ≤ 64 ASCII characters. Raises ValueError for an act that does not fit."""
    if not (0 < len(act) <= LONGEST_ACT and act.isascii() and act.isprintable() and " " not in act):
        raise ValueError(f"not an act of at most {LONGEST_ACT} plain characters: {act!r}")
    return _mac(act.encode(), key, person) + act


def read(token: str, key: bytes, person: bytes) -> str | None:
    """The act behind a token, or None when it was not made by us for this person."""
    if not MAC_CHARACTERS < len(token) <= LONGEST_TOKEN or not token.isascii():
        return None
    act = token[MAC_CHARACTERS:]
    if not hmac.compare_digest(_mac(act.encode(), key, person), token[:MAC_CHARACTERS]):
        return None
    return act


def by_number(offers: Iterable[Offer], number: int) -> Offer | None:
    """The offer that typing this number chooses."""
    for place, offer in enumerate(offers, start=1):
        if number == (place if offer.number is None else offer.number):
            return offer
    return None


def _mac(act: bytes, key: bytes, person: bytes) -> str:
    # An act holds no NUL, so the two parts cannot be cut elsewhere.
    made = _keyed(key).copy()
    made.update(act + b"\0" + person)
    return urlsafe_b64encode(made.digest()).decode()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key, digest_size=MAC_BYTES, person=USE)
