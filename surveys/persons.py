"""Two persons, or one who spells their name another way. Pure.

What needs two persons must not be done by one who leaves out the marks, sets a second space, or lets the keyboard put letters
together differently. Names that look alike are taken for one name: two colleagues whom only a mark tells apart add their rank."""

import re
from unicodedata import category, normalize

from anyascii import anyascii

from surveys.emergency import unmarked

__all__ = ["is_same_person"]


def is_same_person(one: str, other: str) -> bool:
    """Nobody (a name without a letter) is never another person."""
    one, other = _spelt(one), _spelt(other)
    return not one or not other or one == other


def _spelt(name: str) -> str:
    """The letters and numbers alone, small and without marks. What cannot be seen (zero-width spaces and the like) is no letter."""
    visible = "".join(letter for letter in normalize("NFKC", name) if category(letter) != "Cf")
    return "".join(re.findall(r"[a-z0-9]+", anyascii(unmarked(visible)).lower()))
