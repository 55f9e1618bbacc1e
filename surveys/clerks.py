"""A link by which somebody types in what others answered: on paper, or read out to them. Signed, and bound to one wave, one unit and
whoever types. Pure; it knows no form.

Nobody types for the unit that is rated: not the unit itself, nor what went into it, nor what became of it."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.units import Gazetteer

__all__ = ["FRONT", "ClerkLink", "Partial", "checked", "mint", "read"]

FRONT = "MTTQ"
"""Mặt trận Tổ quốc, which is nobody's unit."""
MAC_BYTES = 12
MAC_CHARACTERS = 16
LONGEST = 400
USE = b"langnghe.clerk"


class Partial(ValueError):
    """Whoever types belongs to the unit that is rated."""


@dataclass(frozen=True, slots=True)
class ClerkLink:
    id: str
    """Random: papers of two links with the same number are two papers."""
    wave: str
    unit: str
    by: str
    """The code of the clerk's own unit, or `MTTQ`."""
    mode: Mode
    until: date
    """The last day."""
    stream: Stream = Stream.INVITED


def checked(link: ClerkLink, gazetteer: Gazetteer) -> ClerkLink:
    """The link, when whoever types is somebody else. Raises Partial, and KeyError for a unit there is not."""
    gazetteer.unit(link.unit)
    if link.by == FRONT:
        return link
    gazetteer.unit(link.by)
    lineage = gazetteer.lineage
    of_the_unit = {link.unit, *(unit.code for unit in lineage.today(link.unit))}
    of_the_unit |= {unit.code for code in tuple(of_the_unit) for unit in lineage.ancestors(code)}
    if link.by in of_the_unit:
        raise Partial(
            f"{link.by} is {link.unit}, a part of it or what became of it: another unit or {FRONT} must type."
        )
    return link


def mint(link: ClerkLink, key: bytes) -> str:
    body = json.dumps(
        [link.id, link.wave, link.unit, link.by, link.mode, link.until.isoformat(), link.stream],
        separators=(",", ":"),
    )
    written = urlsafe_b64encode(body.encode()).decode().rstrip("=")
    return written + _mac(written, key)


def read(payload: str, key: bytes) -> ClerkLink | None:
    """None when we did not sign it."""
    written, mac = payload[:-MAC_CHARACTERS], payload[-MAC_CHARACTERS:]
    if not payload.isascii() or len(payload) > LONGEST or not hmac.compare_digest(_mac(written, key), mac):
        return None
    try:
        id, wave, unit, by, mode, until, stream = json.loads(
            urlsafe_b64decode(written + "=" * (-len(written) % 4))
        )
        return ClerkLink(id, wave, unit, by, Mode(mode), date.fromisoformat(until), Stream(stream))
    except (Error, ValueError, TypeError):
        return None


def _mac(written: str, key: bytes) -> str:
    made = blake2b(written.encode(), key=key, digest_size=MAC_BYTES, person=USE)
    return urlsafe_b64encode(made.digest()).decode()
