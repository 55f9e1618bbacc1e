"""What a session becomes when its wave is sealed: a ballot of choices, and comments apart from it. It knows no person.

A receipt (mã biên nhận) is 80 random bits in Crockford's Base32, `K7QF-3M2X-9TWA-5H8C`. A commitment binds a ballot to what
is published of it: SHA-256 over a domain tag, the ballot's salt and its canonical JSON (RFC 8785 for these plain values).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from surveys.forms.form import Form, Kind, Question, Role

__all__ = [
    "RECEIPT_BYTES",
    "SALT_BYTES",
    "Comment",
    "Parts",
    "commitment",
    "divide",
    "is_answer",
    "is_written",
    "may_be_written",
    "new_receipt",
    "read_answers",
    "read_receipt",
    "written_answers",
]

RECEIPT_BYTES = 10
SALT_BYTES = 16
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: without I, L, O, U
MISREAD = str.maketrans("OIL", "011")
BALLOT = b"langnghe/ballot/1\x00"

CHOSEN = frozenset({Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK, Kind.RANGE, Kind.ACKNOWLEDGE})
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
WRITTEN = frozenset({Kind.TEXT, Kind.DATE, Kind.TIME, Kind.GEOPOINT, Kind.IMAGE})
NAMING = re.compile(
    r"(?:\D*\d){8}"
)  # so many digits are a telephone or an identity card rather than a number of things


@dataclass(frozen=True, slots=True)
class Comment:
    """Something that was written rather than chosen."""

    question: str
    text: str
    is_whole: bool = False
    """Whether the writer wants the province to read it exactly so, with the traces that were found in it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session leaves behind, in two heaps that nothing joins."""

    answers: Mapping[str, str]
    comments: tuple[Comment, ...]

    @property
    def is_empty(self) -> bool:
        return not self.answers and not self.comments


def divide(form: Form, values: Mapping[str, str], whole: tuple[str, ...] = ()) -> Parts:
    """`values`: what was answered and is relevant. `whole`: questions whose text goes to the province as it was written.

    Only what was asked counts: hidden and calculated values could carry anything.
    """
    answers: dict[str, str] = {}
    comments: list[Comment] = []
    for name, value in values.items():
        question = form.question(name)
        if not value or not question.is_asked:
            continue
        if is_written(question, value):
            comments.append(Comment(question.name, value, question.name in whole))
        elif is_answer(question):
            answers[question.name] = value
    return Parts(answers, tuple(comments))


def is_answer(question: Question) -> bool:
    """Whether what is answered to it belongs on the ballot, unless it is written."""
    return question.kind in CHOSEN or question.kind in NUMBERS


def may_be_written(question: Question) -> bool:
    """Whether an answer to it can become a comment."""
    kinds = WRITTEN | NUMBERS
    return (
        question.is_asked
        and (question.role is Role.COMMENT or question.kind in kinds)
        and question.kind is not Kind.NOTE
    )


def is_written(question: Question, value: str) -> bool:
    """Whether this answer is a comment rather than a choice."""
    if question.role is Role.COMMENT or question.kind in WRITTEN:
        return True
    return question.kind in NUMBERS and NAMING.match(value) is not None


def written_answers(answers: Mapping[str, str]) -> str:
    """The answers as they rest in a ballot: canonical JSON, names in order."""
    return _canonical(dict(answers))


def read_answers(text: str) -> Mapping[str, str]:
    answers: Mapping[str, str] = json.loads(text)
    return answers


def commitment(*, wave: str, unit: str, stream: str, mode: str, answers: str, salt: bytes) -> bytes:
    """32 bytes. `wave` is the slug, `answers` what `written_answers` gave. The salt makes two equal ballots differ."""
    rest = _whose(mode, stream, unit, wave)
    # The answers are canonical already and “answers” comes first in order: this is the canonical JSON of the whole.
    ballot = f'{{"answers":{answers},{rest[1:]}'
    return sha256(BALLOT + salt + ballot.encode()).digest()


@lru_cache(10_000)  # every ballot of one unit that came one way has the same
def _whose(mode: str, stream: str, unit: str, wave: str) -> str:
    return _canonical({"mode": mode, "stream": stream, "unit": unit, "wave": wave})


CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _canonical(value: object) -> str:
    return CANONICAL.encode(value)


def new_receipt(random: bytes) -> str:
    """From ten random bytes. Raises ValueError for any other number."""
    if len(random) != RECEIPT_BYTES:
        raise ValueError(f"A receipt is made of {RECEIPT_BYTES} random bytes.")
    number = int.from_bytes(random, "big")
    letters = [ALPHABET[number >> shift & 31] for shift in range(75, -1, -5)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


def read_receipt(text: str) -> str | None:
    """The receipt somebody typed, however they spaced it and whatever they took for 0 and 1; None when it is none."""
    letters = re.sub(r"[\s\-–—_.]", "", text).upper().translate(MISREAD)
    if len(letters) != 16 or any(letter not in ALPHABET for letter in letters):
        return None
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))
