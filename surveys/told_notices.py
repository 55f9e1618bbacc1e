"""Notices as whoever comes and asks for them reads them: the newest in a list, one of them whole. Pure: it knows neither how a notice is
made nor to whom one was sent, and nobody learns who read which."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from surveys import texts

__all__ = ["MOST", "ToldNotice", "label", "newest", "whole"]

MOST = 5  # what an Official Account draws as buttons


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """One that may be read now, in the reader's language or the office's."""

    code: str
    """Short, of A-Z a-z 0-9 and -: it travels on a button."""
    title: str
    text: str
    place: str
    """Whose it is, as inside a sentence: “phường Long Đức”."""
    since: date


def newest(notices: Iterable[ToldNotice]) -> tuple[ToldNotice, ...]:
    return tuple(sorted(notices, key=lambda each: (each.since, each.code), reverse=True)[:MOST])


def label(language: str, notice: ToldNotice) -> str:
    """In the list: the day first, for it tells whether one has read it already."""
    return f"{texts.day(language, notice.since)} · {notice.title}"


def whole(language: str, notice: ToldNotice) -> str:
    head = f"{notice.title}\n{notice.place} · {texts.day(language, notice.since)} · {notice.code}"
    return texts.clipped(f"{head}\n\n{notice.text}\n\n{texts.say(language, 'pull.more_news')}")
