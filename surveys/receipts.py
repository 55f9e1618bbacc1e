"""Receipts (mã biên nhận): how one is made from randomness, shown, and read from what a person typed. Pure."""

__all__ = ["BYTES", "made_from", "read"]

BYTES = 10
"""80 bits: nobody guesses one, and no two are alike."""
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O, U: crockford.com/base32.html
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "–": None, ".": None})
LETTERS = 16


def made_from(randomness: bytes) -> str:
    """`K7QF-3M2X-9TWA-5H8C` of ten random bytes."""
    number = int.from_bytes(randomness[:BYTES], "big")
    letters = "".join(CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(letters[place : place + 4] for place in range(0, LETTERS, 4))


def read(text: str) -> str | None:
    """The receipt as we write it, however it was typed; None when it is none."""
    letters = text.upper().translate(MISREAD)
    if len(letters) != LETTERS or any(letter not in CROCKFORD for letter in letters):
        return None
    return "-".join(letters[place : place + 4] for place in range(0, LETTERS, 4))
