"""What we say, as Zalo's Official Accounts take it: plain text, up to five buttons, files by a token. Pure.

The choices always stand numbered in the text as well: buttons may be refused, hidden on a computer, or scrolled away."""

from dataclasses import dataclass
from typing import Any

from bot.channels.contract import Limits, numbers, parts
from bot.channels.zalo_events import TAP
from surveys.conversation import Option, Say

__all__ = ["LIMITS", "Body", "Part", "body", "of", "without_buttons"]

Body = dict[str, Any]

TEXT = 1900  # UTF-16 units; Zalo names 2,000 and does not say of what
TITLE = 100
MOST_BUTTONS = 5
LIMITS = Limits(text=TEXT, buttons=True, edits=False, files=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One request's worth of a message."""

    text: str | None = None
    options: tuple[Option, ...] = ()
    file: tuple[str, bytes] | None = None


def of(say: Say) -> tuple[Part, ...]:
    """A message in the requests it takes: long texts in pieces, the buttons under the last, a file by itself."""
    text = _with_choices(say)
    pieces = parts(text, TEXT)
    made = [Part(piece) for piece in pieces[:-1]]
    if pieces:
        made.append(Part(pieces[-1], say.options[:MOST_BUTTONS]))
    if say.file is not None:
        made.append(Part(file=say.file))
    return tuple(made)


def _with_choices(say: Say) -> str:
    lines = [
        f"{number}. {option.label}" for number, option in zip(numbers(say.options), say.options, strict=True)
    ]
    return "\n".join((say.text, *lines)) if say.text else "\n".join(lines)


def body(part: Part, person: str, *, has_buttons: bool, token: str | None = None) -> Body:
    """`token`: under which a file was uploaded."""
    message: Body = {}
    if part.text is not None:
        message["text"] = part.text
    if part.options and has_buttons:
        message["attachment"] = {"type": "template", "payload": {"buttons": _buttons(part.options)}}
    if token is not None:
        message["attachment"] = {"type": "file", "payload": {"token": token}}
    return {"recipient": {"user_id": person}, "message": message}


def _buttons(options: tuple[Option, ...]) -> list[Body]:
    return [
        {
            "title": _cut(f"{number}. {option.label}"),
            "type": "oa.query.hide",
            "payload": f"{TAP}{option.token}",
        }
        for number, option in zip(numbers(options), options, strict=True)
    ]


def _cut(title: str) -> str:
    return title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"


def without_buttons(part: Part) -> Part:
    return Part(part.text, (), part.file)
