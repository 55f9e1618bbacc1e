"""What the yearly report says, in Vietnamese, in one place: `texts/report.toml`. It knows no figure."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

__all__ = ["say"]


def say(section: str, key: str, **parts: object) -> str:
    """Raises KeyError for a text that is not there, or one that lacks a part."""
    text = _words()[section][key]
    return text.format(**parts) if parts else text


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    file = resources.files("surveys.texts") / "report.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
