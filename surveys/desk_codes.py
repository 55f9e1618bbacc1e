"""The codes by which officers are let in: how they are spelt, and how what somebody typed is read. Pure.

Crockford's letters in groups, as receipts have them: read over a telephone, typed on a small one, case and dashes do not matter."""

from dataclasses import dataclass

from surveys.ballots import ALPHABET

__all__ = ["CODE_BYTES", "PERSONAL_BYTES", "Code", "code_from", "personal_from", "read_code", "read_personal"]

HANDLE = 4  # letters by which a code is found; they are no secret
SECRET = 26  # letters, five bits each: 130 bits that nobody guesses
PERSONAL = 16  # letters: 80 bits, of use only together with a time code
CODE_BYTES = 19  # of randomness, for 30 letters
PERSONAL_BYTES = 10
MISREAD = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code: what it is found by, and what only its owner knows."""

    handle: str
    secret: str

    @property
    def text(self) -> str:
        """As it is printed: groups of five."""
        return _grouped(self.plain, 5)

    @property
    def plain(self) -> str:
        """As it stands in a link."""
        return self.handle + self.secret


def code_from(random: bytes) -> Code:
    letters = _letters(random, HANDLE + SECRET)
    return Code(letters[:HANDLE], letters[HANDLE:])


def read_code(text: str) -> Code | None:
    """None for anything that cannot be one."""
    letters = _read(text)
    if letters is None or len(letters) != HANDLE + SECRET:
        return None
    return Code(letters[:HANDLE], letters[HANDLE:])


def personal_from(random: bytes) -> str:
    return _grouped(_letters(random, PERSONAL), 4)


def read_personal(text: str) -> str | None:
    """The code's letters alone; None for anything that cannot be one."""
    letters = _read(text)
    return letters if letters is not None and len(letters) == PERSONAL else None


def _letters(random: bytes, count: int) -> str:
    number = int.from_bytes(random, "big")
    if len(random) * 8 < count * 5:
        raise ValueError("Too little randomness for so many letters.")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (count - 1), -1, -5))


def _grouped(letters: str, size: int) -> str:
    return "-".join(letters[start : start + size] for start in range(0, len(letters), size))


def _read(text: str) -> str | None:
    if len(text) > 100:
        return None
    letters = "".join(each for each in text.upper().translate(MISREAD) if each not in "-–— \t\r\n\u00a0")
    return letters if all(each in ALPHABET for each in letters) else None
