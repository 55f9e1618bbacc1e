"""A notice's code, to be read out on the telephone and typed by whoever was sent a copy: “Q7-204”. Pure."""

import re

__all__ = ["LETTERS", "new_code", "read_code"]

LETTERS = "ACDEGHKMQRTUVXY"
"""None that looks like a number or another letter (I, L, O, S, Z, B), or sounds like one read out in Vietnamese (B and P, M and N)."""
FIRST_DIGITS = "23456789"  # 0 and 1 look like letters where a letter has just been
SHORTEST, LONGEST = 3, 5  # digits behind the hyphen: 120,000 codes, then ten times as many
CODE = re.compile(rf"([{LETTERS}][{FIRST_DIGITS}])[-–. ]?([0-9]{{{SHORTEST},{LONGEST}}})")
TYPED_FOR = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_code(random: int, *, digits: int = SHORTEST) -> str:
    """From a random number of at least 64 bits. Whether the code is free only the database can say; where it is not, another one
    is tried, and with more digits when that goes on."""
    digits = min(max(digits, SHORTEST), LONGEST)
    rest, letter = divmod(random, len(LETTERS))
    rest, first = divmod(rest, len(FIRST_DIGITS))
    return f"{LETTERS[letter]}{FIRST_DIGITS[first]}-{rest % 10**digits:0{digits}d}"


def read_code(text: str) -> str | None:
    """The code as `new_code` writes it, however it was typed; None when it is none."""
    typed = "".join(text.upper().strip(" .").split())
    # No code has these letters: where somebody typed one, they saw a number.
    found = CODE.fullmatch(typed[:1] + typed[1:].translate(TYPED_FOR))
    return f"{found[1]}-{found[2]}" if found else None
