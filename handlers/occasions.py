"""What is handed to a deed, and what it gives back. It knows no deed."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

__all__ = ["Deed", "Found", "NotNow", "Occasion", "each_of"]


class NotNow(Exception):
    """The deed cannot be done on this occasion and never will be; the message says why, for people to read."""


class Found(Exception):
    """The deed was done, and found something at which a person must look; the message says what. Trying again would find it again."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that something is due."""

    schedule: str
    due: datetime
    purpose: str
    title: str
    unit: str
    """Empty for what concerns the whole installation."""
    subject: Mapping[str, Any]
    over: timedelta
    """What it sends is spread over so long."""
    owner: str = ""
    """Who wrote the schedule, as their colleagues know them."""
    waves: tuple[str, ...] = ()
    """The waves by whose day it is due, by name; none where it follows no wave."""

    @property
    def key(self) -> str:
        """The same each time this very occasion is begun, and never another's."""
        return f"{self.schedule}-{self.due:%Y%m%dT%H%M}"


class Deed(Protocol):
    """What a purpose does. To be repeated without harm. Returns, in a line for people, what came of it. Raises NotNow
    and Found."""

    async def __call__(self, occasion: Occasion, /) -> str: ...


async def each_of(waves: Iterable[str], deed: Callable[[str], Awaitable[str]]) -> str:
    """Of several waves that are due on one occasion, what came of every one: that one of them cannot be served is no reason to leave the
    others. Raises NotNow where none could."""
    done: list[str] = []
    left: list[str] = []
    for wave in waves:
        try:
            done.append(await deed(wave))
        except NotNow as why:
            left.append(str(why))
    if not done:
        raise NotNow(" ".join(left))
    return " ".join(done + left)
