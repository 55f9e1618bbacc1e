"""One-time tokens for visits: how one looks in a link, and what is said when it cannot count. Pure; it knows no batch and no store.

A token is 128 bits. In a link it is `t` and 26 letters of base32 (RFC 4648, small), short enough for every platform. What rests
of it is its SHA-256. The tokens of a batch follow from the batch's name and a key, so that a case system which lost our answer
gets the same ones again instead of a second batch.
"""

import hmac
from base64 import b32decode, b32encode
from binascii import Error
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256

__all__ = ["LARGEST_BATCH", "LIFE", "Trouble", "derive", "hash_of", "payload", "read"]

LIFE = timedelta(days=14)
LARGEST_BATCH = 5_000  # a month of a busy ward; a PDF of it is 417 pages
TOKEN_BYTES = 16
CHARACTERS = 26  # 128 bits in base32, without the padding
MARK = "t"
USE = b"langnghe.token\0"


class Trouble(StrEnum):
    """Why a token or a counter's code does not count; the key of what is said about it."""

    UNKNOWN = "token.unknown"
    EXPIRED = "token.expired"
    SPENT = "token.spent"
    LATE = "counter.late"


def derive(key: bytes, batch: str, number: int) -> bytes:
    """The token of that number in that batch; nobody without the key can make it."""
    return hmac.digest(key, USE + f"{batch}/{number}".encode(), "sha256")[:TOKEN_BYTES]


def payload(token: bytes) -> str:
    """As a link carries it."""
    return MARK + b32encode(token).decode().rstrip("=").lower()


def read(text: str) -> bytes | None:
    """The token in a link's payload, small or capital; None when it is none."""
    body = text.strip()[1:].upper()
    if text.strip()[:1].lower() != MARK or len(body) != CHARACTERS:
        return None
    try:
        token = b32decode(body + "=" * (-len(body) % 8))
    except (Error, ValueError):
        return None
    # Two letters could stand for the same bits at the end: only one spelling is a token.
    return token if payload(token)[1:].upper() == body else None


def hash_of(token: bytes) -> bytes:
    return sha256(token).digest()
