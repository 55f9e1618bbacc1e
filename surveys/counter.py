"""The code on a counter's tablet: bound to the counter and to half a minute, and read without asking anybody. Pure.

Whoever scans it a few minutes later is still welcome – people read slowly – but a photograph sent to friends is soon worth
nothing. A second secret address, which the office opens on the tablet, shows the code of the moment; it is made here too.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

__all__ = ["SLOT", "Code", "Counter", "door", "mint", "read", "slot_of", "unit_named"]

SLOT = timedelta(seconds=30)
ACCEPTED_FOR = timedelta(minutes=10)  # after its half-minute is over
AHEAD = 1  # slots; two clocks of one office differ by seconds
MARK = "c"
MAC_BYTES = 9
MAC_CHARACTERS = 12
CODE_USE = b"langnghe.counter"
DOOR_USE = b"langnghe.tablet"
BODY = re.compile(r"c([0-9A-Za-z]{1,12})_([1-9][0-9]?)_([0-9a-z]{1,9})")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of one unit; they are numbered from 1 to 99."""

    unit: str
    number: int


@dataclass(frozen=True, slots=True)
class Code:
    """A code that is ours."""

    counter: Counter
    is_in_time: bool


def slot_of(now: datetime) -> int:
    return int(now.timestamp() // SLOT.total_seconds())


def mint(counter: Counter, now: datetime, key: bytes) -> str:
    """What the tablet shows at that moment: 64 characters at most. Raises ValueError for a counter no link can carry."""
    body = f"{MARK}{counter.unit}_{counter.number}_{_in_base_36(slot_of(now))}"
    if not BODY.fullmatch(body):
        raise ValueError(
            f"No link can carry counter {counter.number} of {counter.unit!r}; they go from 1 to 99."
        )
    return body + _mac(body, key, CODE_USE)


def read(payload: str, now: datetime, key: bytes) -> Code | None:
    """None when it is no code of ours."""
    body, mac = payload[:-MAC_CHARACTERS], payload[-MAC_CHARACTERS:]
    found = BODY.fullmatch(body)
    if found is None or not payload.isascii() or not hmac.compare_digest(_mac(body, key, CODE_USE), mac):
        return None
    slot = int(found[3], 36)
    ends = datetime.fromtimestamp((slot + 1) * SLOT.total_seconds(), UTC)
    is_in_time = slot <= slot_of(now) + AHEAD and now < ends + ACCEPTED_FOR
    return Code(Counter(found[1], int(found[2])), is_in_time)


def unit_named(payload: str) -> str | None:
    """The unit that a code names, ours or not: where somebody meant to go."""
    found = BODY.fullmatch(payload[:-MAC_CHARACTERS])
    return found[1] if found else None


def door(counter: Counter, key: bytes) -> str:
    """What must stand behind the tablet's address: nobody who has seen a code can guess it."""
    return _mac(f"{counter.unit}/{counter.number}", key, DOOR_USE)


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"


def _mac(body: str, key: bytes, use: bytes) -> str:
    made = blake2b(body.encode(), key=key, digest_size=MAC_BYTES, person=use)
    return urlsafe_b64encode(made.digest()).decode()
