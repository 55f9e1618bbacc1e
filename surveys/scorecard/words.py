"""What officers read about criteria and scorecards, in Vietnamese, in one place: `data/words.toml`. It knows no rule."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["DATA", "say", "words_of"]

DATA = Path(__file__).with_name("data")


def say(section: str, key: str, **parts: object) -> str:
    """Raises KeyError for a text that is not there, or one that lacks a part."""
    return words_of(section)[key].format(**parts)


@cache
def words_of(section: str) -> Mapping[str, str]:
    """Raises KeyError."""
    words: Mapping[str, Mapping[str, str]] = tomllib.loads((DATA / "words.toml").read_text(encoding="utf-8"))
    return words[section]
