"""The code by which a person says that two addresses are theirs: made on the one, typed on the other. Pure."""

import re

__all__ = ["new_code", "read_code"]

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is easily taken for another
LENGTH = 8
HEAD = "lk"
CODE = re.compile(rf"{HEAD}[ -]?([{LETTERS}]{{4}})[ -]?([{LETTERS}]{{4}})")


def new_code(random: bytes) -> str:
    """From eight random bytes: “LK-K7QM-3XWD”, forty bits nobody can guess in ten minutes."""
    letters = "".join(LETTERS[byte % len(LETTERS)] for byte in random[:LENGTH])
    return f"{HEAD}-{letters[:4]}-{letters[4:]}".upper()


def read_code(text: str) -> str | None:
    """The code as `new_code` writes it, however it was typed; None when it is none."""
    found = CODE.fullmatch(" ".join(text.lower().strip(" .").split()))
    return f"{HEAD}-{found[1]}-{found[2]}".upper() if found else None
