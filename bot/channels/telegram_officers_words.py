"""What the officers' bot says, in Vietnamese, in one place: `telegram_officers.toml`. It knows no rule."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["COMMANDS", "commands_of", "say", "words"]

WORDS = Path(__file__).with_name("telegram_officers.toml")


def say(key: str, **parts: object) -> str:
    """By `section.key`. Raises KeyError for a text that is not there, or one that lacks a part."""
    section, _, name = key.partition(".")
    text = words()[section][name]
    return text.format(**parts) if parts else text


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {
        section: {name: text.strip("\n") for name, text in texts.items()} for section, texts in found.items()
    }


COMMANDS = (
    *("thongbao", "bannhap", "choduyet", "danhsach"),
    *("lich", "datlich", "ketqua", "bangdiem", "desk", "toi", "huy", "thoat", "trogiup"),
)
"""In the order they stand in the menu; what each is for is in the section `command`."""


def commands_of(allowed: Mapping[str, bool]) -> list[tuple[str, str]]:
    """Those a post has a use for."""
    return [(name, say(f"command.{name}")) for name in COMMANDS if allowed.get(name, True)]
