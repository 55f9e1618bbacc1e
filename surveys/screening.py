"""Personal numbers in what people write: phones, identity numbers, plates, e-mail addresses. Pure text in, text out.

It finds what a machine can find for certain. Names it cannot, which is why a person at the province reads first."""

import re
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import digit

__all__ = ["Finding", "Trace", "findings", "redacted"]


class Trace(StrEnum):
    """What gives a person away."""

    EMAIL = "email"
    IDENTITY = "identity"
    """CCCD (12 digits) or CMND (9 digits)."""
    PHONE = "phone"
    PLATE = "plate"
    NUMBER = "number"
    """A long number that is none of these: a bank account, a file number."""


@dataclass(frozen=True, slots=True)
class Finding:
    trace: Trace
    start: int
    end: int


FEWEST_DIGITS = 4  # of a plate
AT = re.compile(r"(?:@|a còng|\bacong\b|\[at\]|\(at\))", re.IGNORECASE)
BETWEEN = r"[ .\-–_/()\u00a0\u200b]{0,2}"
"""What people put between the digits of one number."""

UNITS_OF_MEASURE = r"(?:k|km|kg|g|h|ha|m|cm|mm|d|đ|th|tr|ng|tk|s|p)(?![A-Za-zĐđ])"
PLATE_NUMBER = r"(?:\d{3}[ .]?\d{2}|\d{4})(?![\w%]|[.,]\d)"

# The order decides which name an overlap gets.
PATTERNS = (
    (
        Trace.EMAIL,
        re.compile(rf"[\w.+-]+ ?{AT.pattern} ?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE),
    ),
    # CCCD: the first three digits are a province from 001 to 096, the fourth tells sex and century (NĐ 137/2015).
    (Trace.IDENTITY, re.compile(rf"(?<!\d)0{BETWEEN}[0-9]{BETWEEN}[0-9](?:{BETWEEN}\d){{9}}(?!\d)")),
    # Mobile and landline numbers: 0 or +84, then nine digits (ten for old landlines).
    (Trace.PHONE, re.compile(rf"(?<![\w])(?:\+?84|[0oO])(?:{BETWEEN}\d){{9,10}}(?!\d)")),
    (Trace.PHONE, re.compile(rf"(?<![\w])\+\d(?:{BETWEEN}\d){{8,13}}(?!\d)")),
    # Plates: province 11–99, series of one or two letters and perhaps a digit, then four or five digits (TT 79/2024).
    # Small letters that are units (“20km 2025”) are no series; with spaces inside, only capitals are.
    (
        Trace.PLATE,
        re.compile(rf"(?<!\w)[1-9]\d-?(?!{UNITS_OF_MEASURE})(?i:[A-ZĐ]{{1,2}}\d?)[ .\-]?{PLATE_NUMBER}"),
    ),
    (Trace.PLATE, re.compile(rf"(?<!\w)[1-9]\d[ .\-]{{1,2}}[A-ZĐ]{{1,2}}\d?[ .\-]{{1,2}}{PLATE_NUMBER}")),
    (Trace.IDENTITY, re.compile(r"(?<![\d.,])\d{9}(?![\d.,]*\d)")),
    (Trace.NUMBER, re.compile(r"(?<![\d.,])\d(?:[ \-]?\d){9,18}(?![\d.,]*\d)")),
)


def findings(text: str) -> tuple[Finding, ...]:
    """What was found, in the order of the text, without overlaps. Positions are of the text as given."""
    plain = _ascii_digits(text)
    if sum(letter.isdigit() for letter in plain) < FEWEST_DIGITS and not AT.search(plain):
        return ()
    taken: list[Finding] = []
    for trace, pattern in PATTERNS:
        for match in pattern.finditer(plain):
            found = Finding(trace, match.start(), match.end())
            if not any(found.start < other.end and other.start < found.end for other in taken):
                taken.append(found)
    return tuple(sorted(taken, key=lambda found: found.start))


def redacted(text: str, instead: str) -> str:
    """The text with every finding replaced by `instead`, again until nothing is found."""
    found = findings(text)
    for each in reversed(found):
        text = text[: each.start] + instead + text[each.end :]
    return redacted(text, instead) if found and findings(text) else text


def _ascii_digits(text: str) -> str:
    """Khmer, full-width and other digits as 0–9, every character in its place."""
    if text.isascii():
        return text
    return "".join(
        str(digit(each)) if not each.isascii() and each.isdigit() and digit(each, None) is not None else each
        for each in text
    )
